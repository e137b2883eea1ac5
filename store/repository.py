"""The store: what can be remembered, and what can be asked of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from dsl.spec import Example, Spec
from store.codec import to_json
from store.engine import open_engine, store_errors, writer
from store.errors import StoreError
from store.models import ResultRow, RunRow, SolutionProgramRow, SolutionRow, SpecRow
from store.records import (
    NewResult,
    NewRun,
    NewSolution,
    ResultPair,
    ResultRecord,
    RunRecord,
    RunStatus,
    SolutionRecord,
    SpecRecord,
)
from store.rows import (
    WrittenSolution,
    add_result,
    examples_of,
    find_or_add_solution,
    find_or_add_spec,
    result_record,
    run_record,
    solution_record,
    spec_record,
)
from store.workers import is_alive, this_worker

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Store:
    """Everything that is remembered, in one database.

    Each method is one transaction: it is done wholly or, if the process dies or the disk is full, not at all. What is
    handed out are frozen records. All methods raise `StoreError` if the database cannot be used.
    """

    def __init__(self, engine: Engine, path: Path, clock: Clock = utc_now) -> None:
        """Use an engine that `store.engine.open_engine` opened; `Store.open` is the usual way."""
        self.path = path
        self._engine, self._clock = engine, clock

    @classmethod
    def open(cls, location: str | Path, *, read_only: bool = False, clock: Clock = utc_now) -> Self:
        """Open a store; unless it is only read, a missing file is created and an old schema upgraded.

        Args:
            location: a path, or a URL such as ``sqlite:///reverie.db``.
            read_only: never write.
            clock: what tells the time that is recorded.

        Raises:
            StoreError: if that is not possible; the message says why and what would be right.
        """
        engine, path = open_engine(location, read_only=read_only)
        return cls(engine, path, clock)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        with store_errors(self.path), Session(self._engine) as session:
            yield session

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Session]:
        with store_errors(self.path), Session(writer(self._engine)) as session, session.begin():
            yield session

    # Specifications.

    def save_spec(self, spec: Spec) -> SpecRecord:
        """Remember a specification; one with the same identity that was stored before stays."""
        identity = spec.identity
        with self._writing() as session:
            return spec_record(find_or_add_spec(session, spec, identity, self._clock()))

    def spec(self, identity: str) -> SpecRecord | None:
        """The specification with an identity, or None."""
        with self._reading() as session:
            row = _spec_row(session, identity)
            return None if row is None else spec_record(row)

    def examples(self, identity: str) -> tuple[Example, ...]:
        """The examples of a stored specification, in its order; none if it is not known."""
        with self._reading() as session:
            row = _spec_row(session, identity)
            return () if row is None else examples_of(session, row)

    # Solutions.

    def save_solution(self, spec: Spec, solution: NewSolution, *, evaluation: bool = False) -> SolutionRecord:
        """Remember programs for a specification; equal ones that were stored before stay.

        Args:
            spec: what is solved.
            solution: a program for each of its functions.
            evaluation: whether learning must not see them.
        """
        identity, written = spec.identity, WrittenSolution.of(spec, solution)
        with self._writing() as session:
            now = self._clock()
            spec_row = find_or_add_spec(session, spec, identity, now)
            row = find_or_add_solution(session, spec_row, written, evaluation=evaluation, run=None, now=now)
            return solution_record(row, identity)

    def solutions(self, identity: str, *, evaluation: bool = False) -> tuple[SolutionRecord, ...]:
        """The solutions of the specification with an identity, the cheapest first.

        Args:
            identity: identity of the specification.
            evaluation: give those that were found while measuring instead of the others.
        """
        wanted = (
            select(SolutionRow)
            .join(SpecRow, SolutionRow.spec_id == SpecRow.id)
            .where(SpecRow.identity == identity, SolutionRow.evaluation == evaluation)
            .order_by(SolutionRow.cost.is_(None), SolutionRow.cost, SolutionRow.size, SolutionRow.id)
            .options(selectinload(SolutionRow.programs).joinedload(SolutionProgramRow.program))
        )
        with self._reading() as session:
            return tuple(solution_record(row, identity) for row in session.scalars(wanted))

    # Runs.

    def begin_run(self, new: NewRun, *, resume: bool = True) -> RunRecord:
        """Begin a run, or continue the latest unfinished one of the same kind, settings and tasks.

        Args:
            new: what is to be done.
            resume: whether one may be continued. One on which a living process works never is.
        """
        with self._writing() as session:
            row = self._abandoned(session, new) if resume else None
            if row is None:
                row = RunRow(
                    kind=new.kind,
                    settings=to_json(new.settings),
                    settings_hash=new.settings_hash,
                    tasks_hash=new.tasks_hash,
                    tasks=new.tasks,
                    version=new.version,
                    started=self._clock(),
                )
                session.add(row)
            row.status, row.worker, row.heartbeat = RunStatus.RUNNING, this_worker(), self._clock()
            session.flush()
            return run_record(row, _result_count(session, row.id))

    def _abandoned(self, session: Session, new: NewRun) -> RunRow | None:
        wanted = (
            select(RunRow)
            .where(
                RunRow.kind == new.kind,
                RunRow.settings_hash == new.settings_hash,
                RunRow.tasks_hash == new.tasks_hash,
                RunRow.status != RunStatus.FINISHED,
            )
            .order_by(RunRow.id.desc())
        )
        now = self._clock()
        for row in session.scalars(wanted):
            if row.status == RunStatus.INTERRUPTED or not is_alive(row.worker, row.heartbeat, now):
                return row
        return None

    def heartbeat(self, run: int) -> None:
        """Say that the process that works on a run lives."""
        with self._writing() as session:
            self._run_row(session, run).heartbeat = self._clock()

    def end_run(self, run: int, status: RunStatus = RunStatus.FINISHED) -> RunRecord:
        """Say that a run has come to its end, or was interrupted and can be continued."""
        with self._writing() as session:
            row = self._run_row(session, run)
            now = self._clock()
            row.status, row.heartbeat = status, now
            row.finished = now if status is RunStatus.FINISHED else None
            return run_record(row, _result_count(session, run))

    def run(self, run: int) -> RunRecord:
        """A run by its number.

        Raises:
            StoreError: if there is none.
        """
        with self._reading() as session:
            return run_record(self._run_row(session, run), _result_count(session, run))

    def runs(self, kind: str | None = None) -> tuple[RunRecord, ...]:
        """All runs, or those of one kind, the oldest first."""
        counts = select(ResultRow.run_id, func.count().label("results")).group_by(ResultRow.run_id).subquery()
        wanted = select(RunRow, counts.c.results).outerjoin(counts, counts.c.run_id == RunRow.id).order_by(RunRow.id)
        if kind is not None:
            wanted = wanted.where(RunRow.kind == kind)
        with self._reading() as session:
            return tuple(run_record(row, results or 0) for row, results in session.execute(wanted))

    def _run_row(self, session: Session, run: int) -> RunRow:
        row = session.get(RunRow, run)
        if row is None:
            last = session.scalar(select(func.max(RunRow.id)))
            known = "it has none yet" if last is None else f"the last is {last}"
            raise StoreError(f"there is no run {run} in the store {self.path}; {known}")
        return row

    # Results.

    def save_result(self, run: int, new: NewResult) -> ResultRecord:
        """Remember what came of one task of a run, with its specification, solution and programs.

        A result of the same name and specification that the run already has stays; one of another specification, as
        when the file was edited since, is replaced. The heartbeat of the run is renewed.
        """
        identity = written = None
        if new.spec is not None:
            identity = new.spec.identity
            written = None if new.solution is None else WrittenSolution.of(new.spec, new.solution)
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            row = session.scalar(select(ResultRow).where(ResultRow.run_id == run, ResultRow.name == new.name))
            if row is not None and (identity is None or row.spec is None or row.spec.identity != identity):
                session.delete(row)
                session.flush()
                row = None
            return result_record(row or add_result(session, run, new, identity, written, now))

    def results(self, run: int) -> tuple[ResultRecord, ...]:
        """The results of a run, in the order of its tasks.

        Raises:
            StoreError: if there is no such run.
        """
        wanted = (
            select(ResultRow)
            .where(ResultRow.run_id == run)
            .order_by(ResultRow.position, ResultRow.id)
            .options(joinedload(ResultRow.spec))
        )
        with self._reading() as session:
            self._run_row(session, run)
            return tuple(map(result_record, session.scalars(wanted)))

    def compare(self, before: int, after: int) -> tuple[ResultPair, ...]:
        """The results of two runs side by side by name, in the order of the later one.

        Args:
            before: number of the run that is compared with.
            after: number of the run that is looked at.

        Raises:
            StoreError: if there is no such run.
        """
        former = {result.name: result for result in self.results(before)}
        latter = {result.name: result for result in self.results(after)}
        return tuple(ResultPair(name, former.get(name), latter.get(name)) for name in {**latter, **former})


def _spec_row(session: Session, identity: str) -> SpecRow | None:
    return session.scalar(select(SpecRow).where(SpecRow.identity == identity))


def _result_count(session: Session, run: int) -> int:
    return session.scalar(select(func.count()).where(ResultRow.run_id == run)) or 0
