"""Solving many specifications: finding them, giving them to the solvers, and their results in their own order.

A file that cannot be read is a result like any other. Results come in the order of the specifications, whatever the
order in which solvers finish, so that a run with several solvers writes what a run with one does.
"""

from __future__ import annotations

import dataclasses
import glob
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.errors import DomainError, ReverieError, SpecError
from dsl.spec import Task
from dsl.specfile import FORMATS, read_tasks
from wake_sleep.generation import Generation
from wake_sleep.scoring import right_on_held_out
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool
from wake_sleep.wake.pool.solver import INTERNAL_ERROR
from wake_sleep.wake.solve import SolveSettings
from workbench.interrupts import Interruption
from workbench.settings import SETTINGS_FILES
from workbench.solving import Row, row

if TYPE_CHECKING:
    from workbench.recording import Recorder

WINDOW: Final = 1_000
"""Results that may wait for one before them; then no further problem is begun."""


@dataclass(frozen=True)
class Problem:
    """One thing to solve, or a file that cannot be read.

    Attributes:
        name: the file; followed by ``#`` and the name of the task if the file holds several.
        task: what is asked, or None.
        error: why the file cannot be read, or None.
    """

    name: str
    task: Task | None = None
    error: SpecError | None = None


@dataclass(frozen=True)
class Result:
    """What came of one problem.

    Attributes:
        row: the result, with the keys `workbench.solving.COLUMNS`.
        diagnostic: what a person should be told besides, such as the place of a mistake in the file.
        held_out_right: whether the answer is right on the held-out examples, or None if there are none.
    """

    row: Row
    diagnostic: str = ""
    held_out_right: bool | None = None

    @property
    def status(self) -> Status:
        """How the work ended."""
        return Status(str(self.row["status"]))

    @property
    def is_internal_error(self) -> bool:
        """Whether a defect of Reverie ended the work."""
        return self.status is Status.ERROR and str(self.row["reason"]).startswith(INTERNAL_ERROR)


def collect_files(place: str) -> list[Path]:
    """The specification files that a place stands for, in a fixed order.

    Args:
        place: a folder, which is searched with all folders in it, but for hidden ones and for settings; a pattern with
            ``*``, ``?`` or ``[``; a specification file; or a text file that names one file a line, as seen from the
            folder that it lies in.

    Raises:
        ReverieError: if there is no such place, or no specification in it.
    """
    if not place:
        raise ReverieError("an empty text names no folder or file; `.` is the working directory")
    try:
        found = _files_of(place)
    except OSError as error:
        raise ReverieError(f"{place}: this cannot be read: {error.strerror}") from None
    if not found:
        raise ReverieError(f"{place}: there is no specification here; known are files in {', '.join(FORMATS)}")
    return found


def _files_of(place: str) -> list[Path]:
    path = Path(place)
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if _is_specification(p, path))
    if path.exists():
        return [path] if path.suffix.lower() in FORMATS else _listed(path)
    if any(character in place for character in "*?["):
        return sorted(Path(p) for p in glob.glob(place, recursive=True) if Path(p).is_file())  # noqa: PTH207
    raise ReverieError(f"{place}: no such folder or file")


def _is_specification(path: Path, folder: Path) -> bool:
    """Whether a file in a folder is taken for a specification by its name."""
    is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return path.suffix.lower() in FORMATS and path.name not in SETTINGS_FILES and not is_hidden and path.is_file()


def _listed(path: Path) -> list[Path]:
    """The files that a list names; blank lines and those that begin with ``#`` name none."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ReverieError(f"{path}: neither a specification nor a text that names one file a line") from None
    except OSError as error:
        raise ReverieError(f"{path}: the list cannot be read: {error.strerror}") from None
    names = [line.strip() for line in lines]
    return [path.parent / name for name in names if name and not name.startswith("#")]


def read_problems(paths: Iterable[Path], *, column: str | None = None, domain: str | None = None) -> Iterator[Problem]:
    """Read files one by one, each when it is asked for; arguments as for `dsl.specfile.read_tasks`."""
    for path in paths:
        try:
            tasks = read_tasks(path, column=column, domain=domain)
        except SpecError as error:
            yield Problem(str(path), error=error)
            continue
        several = len(tasks) > 1
        for task in tasks:
            yield Problem(f"{path}#{task.name}" if several else str(path), task)


class Batch:
    """Solves problems, and gives their results in their order.

    Only this, the driver, touches the store: each result is recorded as soon as it is there.

    Attributes:
        was_interrupted: whether the user ended the work before its end.
    """

    def __init__(
        self,
        pool: Pool,
        settings: SolveSettings,
        recorder: Recorder | None = None,
        *,
        use_replay: bool = True,
        generations: Callable[[str | None], Generation] | None = None,
    ) -> None:
        """Prepare a batch.

        Args:
            pool: what solves.
            settings: how each problem is solved.
            recorder: what records the results, its run begun; what the run has already is not done again.
            use_replay: whether a stored solution of the same spec is looked for first.
            generations: what was learned of a domain, if the settings are to be completed by it.
        """
        self.pool, self.settings, self._generations = pool, settings, generations
        self.recorder, self.use_replay = recorder, use_replay
        self.was_interrupted = False
        self._submitted: dict[int, Problem] = {}
        self._interruption = Interruption(pool.stop)
        self._ready: dict[int, Result] = {}
        self._next = 0

    def run(self, problems: Iterable[Problem]) -> Iterator[Result]:
        """Solve problems, yielding the result of each as soon as those before it are there.

        The first Ctrl-C ends the work after the results that are there.
        """
        with self._interruption as interruption:
            for number, problem in enumerate(problems):
                if interruption.is_requested:
                    break
                self._begin(number, problem)
                yield from self._in_order()
                while self._is_full() and self._collect():
                    yield from self._in_order()
            while not interruption.is_requested and self._collect():
                yield from self._in_order()
            yield from self._in_order()
            self.was_interrupted = interruption.is_requested

    def _begin(self, number: int, problem: Problem) -> None:
        """Answer a problem at once if that is possible, else submit it."""
        if problem.task is None:
            assert problem.error is not None
            outcome = Outcome(Status.ERROR, reason=problem.error.message, seed=self.settings.seed)
            self._end(number, problem, outcome, str(problem.error))
            return
        spec = problem.task.spec
        finished = None if self.recorder is None else self.recorder.finished(problem.name, spec)
        if finished is not None:
            self._ready[number] = Result(json.loads(finished.row), held_out_right=finished.held_out_right)
            return
        settings = self.settings
        if self._generations is not None:
            settings = self._generations(spec.domain).applied_to(settings)
        replayed = self.recorder.recalled(spec, settings) if self.recorder is not None and self.use_replay else None
        if replayed is not None:
            self._end(number, problem, replayed)
            return
        self._submitted[number] = problem
        self.pool.submit(Assignment(number, spec, settings))

    def _end(self, number: int, problem: Problem, outcome: Outcome, diagnostic: str = "") -> None:
        """Keep, and record, what came of a problem."""
        spec = None if problem.task is None else problem.task.spec
        reported = row(problem.name, spec, outcome)
        right = None
        try:
            right = None if problem.task is None else right_on_held_out(problem.task, outcome)
        except DomainError as broken:
            right, diagnostic = False, f"{problem.name}: on the held-out examples, {broken}"
        if self.recorder is not None:
            self.recorder.record(problem.name, problem.task, outcome, reported, position=number, held_out_right=right)
        self._ready[number] = Result(reported, diagnostic, right)

    def _is_full(self) -> bool:
        """Whether results are to be waited for before a further problem is begun."""
        return len(self._submitted) >= self.pool.capacity or len(self._ready) >= WINDOW

    def _collect(self) -> bool:
        """Wait for an outcome; returns whether there was one."""
        collected = self.pool.collect()
        if collected is None:
            return False
        number, outcome = collected
        problem = self._submitted.pop(number)
        diagnostic = f"{problem.name}: {outcome.reason}" if outcome.status is Status.ERROR else ""
        if self._interruption.is_requested:
            # What was broken off is to be done again, even if it has a program: a better one may come later.
            outcome = dataclasses.replace(outcome, status=Status.INTERRUPTED, reason="interrupted")
        self._end(number, problem, outcome, diagnostic)
        return True

    def _in_order(self) -> Iterator[Result]:
        while self._next in self._ready:
            yield self._ready.pop(self._next)
            self._next += 1
