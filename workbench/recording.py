"""What the runs of a person leave behind: outcomes into a store, and stored solutions back.

Each result is committed on its own, so whatever ends a batch (Ctrl-C, kill −9, a full disk) leaves the results that
were there. A batch that begins again with the same settings and the same list of names continues where it was: what is
recorded of a specification that has not changed since is not done again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from dsl.errors import DomainError
from dsl.probability import Weights
from dsl.terms import Application, Operator, Term, postorder, rebuild
from store.codec import content_hash, to_json
from store.errors import StoreError
from store.records import NewResult, NewRun, ResultRecord, RunRecord, RunStatus
from store.repository import Clock, Store, utc_now
from wake_sleep.solutions import solution_of
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.replay import replay

if TYPE_CHECKING:
    from dsl.spec import Spec, Task
    from wake_sleep.wake.outcome import Outcome
    from wake_sleep.wake.solve import SolveSettings

BENCH: Final = "bench"
"""The kind of runs that measure: learning sees nothing of what they find."""
HEARTBEAT_SECONDS: Final = 30.0
"""The least time between two heartbeats that are written."""


class Recorder:
    """Records one run in a store: begin it, ask what is finished already, record results, finish it.

    Used as a context manager; left before `finish`, the run counts as interrupted and can be continued at once. A run
    whose process was killed can be continued as well, one on which a living process works never is.

    Attributes:
        store: the store.
        run: the run, once it has begun.
    """

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        """Record in a store; `Recorder.open` is the usual way."""
        self.store = store
        self.run: RunRecord | None = None
        self._clock = clock
        self._beat = clock()
        self._known: dict[str, ResultRecord] = {}
        self._position = 0

    @classmethod
    def open(cls, location: str | Path, *, clock: Clock = utc_now, artifacts: Path | None = None) -> Self:
        """Open a store to record in; a path or a URL such as ``sqlite:///reverie.db``, and its folder of large files.

        Raises:
            StoreError: if that is not possible; the message says why and what would be right.
        """
        return cls(Store.open(location, clock=clock, artifacts=artifacts), clock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What ended the run may be what keeps the store from being written: that is then the news, not this.
        with contextlib.suppress(StoreError) if error is not None else contextlib.nullcontext():
            if self.run is not None and self.run.status is RunStatus.RUNNING:
                self.run = self.store.end_run(self.run.id, RunStatus.INTERRUPTED)
        self.store.close()

    def begin(
        self,
        kind: str,
        settings: SolveSettings,
        names: Sequence[str],
        *,
        options: Mapping[str, object] | None = None,
        resume: bool = True,
    ) -> RunRecord:
        """Begin a run, or continue the latest unfinished one of the same kind, settings, options and names.

        Args:
            kind: ``solve``, ``batch`` or ``bench``.
            settings: how every specification is solved.
            names: what is to be solved: files, or tasks of a suite, in their order.
            options: what else decides on the results, such as the sample of a benchmark, as data that JSON can say.
            resume: whether an unfinished run may be continued.

        Returns:
            the run; its `results` were recorded before.
        """
        asked = {**settings_data(settings), **(options or {})}
        new = NewRun(
            kind=kind,
            settings=asked,
            settings_hash=hash_of(asked),
            tasks_hash=content_hash(*names),
            tasks=len(names),
            version=importlib.metadata.version("reverie"),
        )
        self.run = self.store.begin_run(new, resume=resume)
        self._known = {result.name: result for result in self.store.results(self.run.id)}
        self._position = 1 + max((result.position for result in self._known.values()), default=-1)
        return self.run

    def finished(self, name: str, spec: Spec | None) -> ResultRecord | None:
        """The result that the run has of a name already, if it is of the same specification; else None."""
        known = self._known.get(name)
        if known is None or spec is None or known.spec != spec.identity:
            return None
        return known

    def record(
        self,
        name: str,
        task: Task | None,
        outcome: Outcome,
        row: Mapping[str, object],
        *,
        position: int | None = None,
        held_out_right: bool | None = None,
    ) -> ResultRecord | None:
        """Commit what came of one task; a solution is remembered with it.

        Args:
            name: what the task is called, once in a run.
            task: what was asked, or None if it could not be read.
            outcome: what came of it. One that was interrupted is not recorded: its task is still to be done.
            row: the report of it, as data that JSON can say; ``answer`` is the text of its programs.
            position: place of the task in the list; by default behind all that were recorded.
            held_out_right: whether the programs are right on the held-out examples, if there are any.

        Returns:
            the result, or None if the outcome was interrupted.
        """
        assert self.run is not None, "record comes after begin"
        if outcome.status is Status.INTERRUPTED:
            return None
        split = None if task is None else task.split
        answer = row.get("answer")
        new = NewResult(
            name=name,
            spec=None if task is None else task.spec,
            status=outcome.status.value,
            row=row,
            position=self._position if position is None else position,
            solution=solution_of(outcome),
            split=split,
            evaluation=self.run.kind == BENCH or split == "test",
            reason=outcome.reason,
            answer=answer if isinstance(answer, str) else "",
            candidates=outcome.candidates,
            cpu_seconds=outcome.cpu_seconds,
            wall_seconds=outcome.wall_seconds,
            startup_seconds=outcome.startup_seconds,
            held_out_right=held_out_right,
        )
        saved = self.store.save_result(self.run.id, new)
        self._known[name] = saved
        self._position = max(self._position, new.position + 1)
        self._beat = self._clock()
        return saved

    def heartbeat(self) -> None:
        """Say that this process lives; to be called now and then while one task takes long."""
        assert self.run is not None, "a heartbeat comes after begin"
        now: datetime = self._clock()
        if now - self._beat >= timedelta(seconds=HEARTBEAT_SECONDS):
            self.store.heartbeat(self.run.id)
            self._beat = now

    def finish(self) -> RunRecord:
        """Say that all tasks are done."""
        assert self.run is not None, "finish comes after begin"
        self.run = self.store.end_run(self.run.id)
        return self.run

    def recalled(self, spec: Spec, settings: SolveSettings) -> Outcome | None:
        """What a stored solution comes to, verified anew; None if there is none, or it is not right.

        Args:
            spec: what is asked.
            settings: how it would be solved.
        """
        programs = self.replay(spec)
        return None if programs is None else replay(spec, programs, settings)

    def replay(self, spec: Spec) -> dict[str, Term] | None:
        """The programs of the cheapest stored solution of a specification, or None; they are to be verified anew.

        Solutions that were found while measuring, and those that can no longer be read, are passed over; so are those
        that this very run found, so that a specification that occurs twice in it is solved twice, in whatever order
        its solvers finish and wherever it was interrupted.
        """
        for solution in self.store.solutions(spec.identity):
            if self.run is not None and solution.run == self.run.id:
                continue
            try:
                programs = {program.function: program.term() for program in solution.programs}
            except (StoreError, DomainError):
                continue
            if programs.keys() == {function.name for function in spec.functions}:
                return {function.name: _with_macros_of(spec, programs[function.name]) for function in spec.functions}
        return None


def _with_macros_of(spec: Spec, program: Term) -> Term:
    """A program with the macros of `spec` in the place of those with the same meaning that another file calls so."""
    own = {(macro.operator.key, macro.operator.type): macro.operator for macro in reversed(spec.macros)}
    made: dict[Term, Term] = {}
    for node in postorder([program]):
        children = tuple(made[child] for child in node.children)
        head = node.head if isinstance(node, Application) else None
        if isinstance(head, Operator) and head.definition is not None:
            made[node] = Application(own.get((head.key, head.type), head), children)
        else:
            made[node] = rebuild(node, children)
    return made[program]


# Settings.


def settings_data(settings: SolveSettings) -> dict[str, Any]:
    """Settings as plain data; learned weights and abstractions by their identity."""
    return {field.name: _plain(getattr(settings, field.name)) for field in dataclasses.fields(settings)}


def settings_hash(settings: SolveSettings) -> str:
    """Content hash of settings (128 bits, hexadecimal): equal for equal settings in every process."""
    return hash_of(settings_data(settings))


def _plain(value: object) -> object:
    if isinstance(value, Weights):
        return weights_identity(value)
    if isinstance(value, tuple):
        return sorted(abstraction.key for abstraction in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return value


def weights_identity(weights: Weights) -> str:
    """Content hash of learned weights, or ``uniform`` if there are none."""
    if not weights.contextual and not weights.unigram:
        return "uniform"
    contextual = sorted((*context, sorted(known.items())) for context, known in weights.contextual.items())
    return content_hash(repr(contextual), repr(sorted(weights.unigram.items())))


def hash_of(data: Mapping[str, Any]) -> str:
    """Content hash of data that JSON can say, whatever the order of its keys."""
    # Through JSON, so that what is read back from the store has the same hash.
    return content_hash(json.dumps(json.loads(to_json(data)), sort_keys=True))
