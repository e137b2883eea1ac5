"""What was done: runs, who works on them, and what came of each of their tasks."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from store.codec import to_json
from store.database import Database, result_count
from store.errors import StoreError
from store.models import (
    ResultRow,
    ResultSolutionRow,
    RunRow,
    SolutionProgramRow,
    SolutionRow,
    SpecRow,
)
from store.records import NewResult, NewRun, ResultPair, ResultRecord, RunRecord, RunStatus, TrainingSolution
from store.rows import WrittenResult, add_result, result_record, run_record, solution_record
from store.workers import is_alive, this_worker


class Runs(Database):
    """Runs and their results; a part of `Store`."""

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
            return run_record(row, result_count(session, row.id))

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
            if not _why_not_continued(row, new.kind, now):
                return row
        return None

    def continue_run(self, kind: str, run: int | None = None) -> RunRecord:
        """Take over a run that was interrupted or whose process died; its settings say what is to be done.

        Args:
            kind: of what kind it is.
            run: its number; by default the latest that may be continued.

        Raises:
            StoreError: if there is none, or if the one with this number has come to its end, is of another kind, or
                a living process works on it.
        """
        with self._writing() as session:
            now = self._clock()
            row = self._latest_abandoned(session, kind, now) if run is None else self._run_row(session, run)
            reason = _why_not_continued(row, kind, now)
            if reason:
                raise StoreError(f"run {row.id} of the store {self.name} cannot be continued: {reason}")
            row.status, row.worker, row.heartbeat = RunStatus.RUNNING, this_worker(), now
            session.flush()
            return run_record(row, result_count(session, row.id))

    def _latest_abandoned(self, session: Session, kind: str, now: datetime) -> RunRow:
        wanted = select(RunRow).where(RunRow.kind == kind, RunRow.status != RunStatus.FINISHED)
        for row in session.scalars(wanted.order_by(RunRow.id.desc())):
            if not _why_not_continued(row, kind, now):
                return row
        raise StoreError(f"the store {self.name} has no run of kind {kind} that was interrupted")

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
            return run_record(row, result_count(session, run))

    def run(self, run: int) -> RunRecord:
        """A run by its number.

        Raises:
            StoreError: if there is none.
        """
        with self._reading() as session:
            return run_record(self._run_row(session, run), result_count(session, run))

    def runs(self, kind: str | None = None) -> tuple[RunRecord, ...]:
        """All runs, or those of one kind, the oldest first."""
        counts = select(ResultRow.run_id, func.count().label("results")).group_by(ResultRow.run_id).subquery()
        wanted = select(RunRow, counts.c.results).outerjoin(counts, counts.c.run_id == RunRow.id).order_by(RunRow.id)
        if kind is not None:
            wanted = wanted.where(RunRow.kind == kind)
        with self._reading() as session:
            return tuple(run_record(row, results or 0) for row, results in session.execute(wanted))

    # Results.

    def save_result(self, run: int, new: NewResult) -> ResultRecord:
        """Remember what came of one task of a run, with its specification, solutions and programs.

        A result of the same name and specification that the cycle of the run already has stays; one of another
        specification, as when the file was edited since, is replaced. The heartbeat of the run is renewed.
        """
        written = WrittenResult.of(new)
        known = select(ResultRow).where(
            ResultRow.run_id == run, ResultRow.cycle == new.cycle, ResultRow.name == new.name
        )
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            row = session.scalar(known)
            if row is not None and (row.spec is None or row.spec.identity != written.identity):
                session.delete(row)
                session.flush()
                row = None
            return result_record(row or add_result(session, run, written, now))

    def results(self, run: int, cycle: int | None = None) -> tuple[ResultRecord, ...]:
        """The results of a run, or of one of its cycles, by cycle and in the order of its tasks.

        Raises:
            StoreError: if there is no such run.
        """
        wanted = (
            select(ResultRow)
            .where(ResultRow.run_id == run)
            .order_by(ResultRow.cycle, ResultRow.position, ResultRow.id)
            .options(joinedload(ResultRow.spec))
        )
        if cycle is not None:
            wanted = wanted.where(ResultRow.cycle == cycle)
        with self._reading() as session:
            self._run_row(session, run)
            return tuple(map(result_record, session.scalars(wanted)))

    def training_solutions(self, run: int, up_to_cycle: int | None = None) -> tuple[TrainingSolution, ...]:
        """All programs from which a run may learn: what its results found that do not measure.

        Each solution is there once, under the first task that found it. The order is that of the tasks, then of
        costs, sizes and contents, so it is the same however often the run was interrupted.

        Args:
            run: number of the run.
            up_to_cycle: only what was found in cycles up to this one; by default in all.

        Raises:
            StoreError: if there is no such run.
        """
        wanted = (
            select(ResultRow.cycle, ResultRow.position, ResultRow.name, ResultSolutionRow.cost, SolutionRow, SpecRow)
            .join(ResultSolutionRow, ResultSolutionRow.result_id == ResultRow.id)
            .join(SolutionRow, SolutionRow.id == ResultSolutionRow.solution_id)
            .join(SpecRow, SpecRow.id == SolutionRow.spec_id)
            .where(ResultRow.run_id == run, ResultRow.evaluation.is_(False))
            .order_by(ResultRow.cycle, ResultRow.position, ResultRow.id, ResultSolutionRow.position)
            .options(selectinload(SolutionRow.programs).joinedload(SolutionProgramRow.program))
        )
        if up_to_cycle is not None:
            wanted = wanted.where(ResultRow.cycle <= up_to_cycle)
        found: dict[tuple[str, str], TrainingSolution] = {}
        with self._reading() as session:
            self._run_row(session, run)
            for cycle, position, name, cost, row, spec in session.execute(wanted):
                key = (spec.identity, row.digest)
                if key not in found:
                    found[key] = TrainingSolution(name, position, cycle, solution_record(row, spec.identity))
                solution = dataclasses.replace(found[key].solution, cost=cost)
                found[key] = dataclasses.replace(found[key], solution=solution)
        return tuple(one for _, one in sorted(found.items(), key=_learning_order))

    def compare(self, before: int, after: int) -> tuple[ResultPair, ...]:
        """The results of two runs side by side by name, in the order of the later one.

        Args:
            before: number of the run that is compared with.
            after: number of the run that is looked at.

        Raises:
            StoreError: if there is no such run.
        """
        # Of a task with results in several cycles the last one counts.
        former = {result.name: result for result in self.results(before)}
        latter = {result.name: result for result in self.results(after)}
        return tuple(ResultPair(name, former.get(name), latter.get(name)) for name in {**latter, **former})


def _why_not_continued(row: RunRow, kind: str, now: datetime) -> str:
    """The reason why a run may not be continued, or nothing."""
    if row.kind != kind:
        return f"it is of kind {row.kind}, not {kind}"
    if row.status == RunStatus.FINISHED:
        return "it has come to its end"
    if row.status == RunStatus.RUNNING and is_alive(row.worker, row.heartbeat, now):
        return f"process {row.worker.rsplit(':', 2)[1]} on {row.worker.rsplit(':', 2)[0]} works on it"
    return ""


def _learning_order(found: tuple[tuple[str, str], TrainingSolution]) -> tuple[object, ...]:
    (_, digest), one = found
    cost = one.solution.cost
    return (one.position, one.task, cost is None, 0.0 if cost is None else cost, one.solution.size, digest)
