"""Trying many tasks within a time limit: each gets a fair share of what is left, whatever the number of workers.

A task that is not solved still teaches something: how near it was, and what its search has computed on its inputs.
"""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.spec import Budget, Task
from dsl.terms import Literal
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.hindsight import harvest
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool, Work
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.search import Search
from wake_sleep.wake.solve import SolveSettings

if TYPE_CHECKING:
    from wake_sleep.wake.pool.solver import Solver

LEAST_SECONDS: Final = 0.2
"""CPU-seconds that a task gets at least, if it gets any."""
MOST_LOOKED_AT: Final = 50_000
"""Terms of a bank that are compared with what was wanted."""


@dataclass(frozen=True)
class Attempted:
    """What came of a task.

    Attributes:
        outcome: of the search.
        met: the greatest share of its examples that a program met, or None if it is not known.
        dreams: what its search has computed in vain, as tasks that it solves.
    """

    outcome: Outcome
    met: float | None = None
    dreams: tuple[Dream, ...] = ()


@dataclass(frozen=True)
class TrainingAttempt(Work):
    """A task to solve and, if that fails, to learn from; its result is `Attempted`.

    Attributes:
        assignment: the task, and how it is solved.
        harvested: dreams that a search in vain may leave.
    """

    assignment: Assignment
    harvested: int

    @property
    def number(self) -> int:  # type: ignore[override]
        """What its result is known by."""
        return self.assignment.number

    def perform(self, solver: Solver) -> Attempted:
        """See `Work.perform`."""
        met, dreams = 0.0, list[Dream]()
        spec = self.assignment.spec
        constants = tuple(constant for constant in spec.constants if isinstance(constant, Literal))

        def look(search: Search) -> None:
            nonlocal met
            met = max(met, share_met(search))
            if self.harvested and spec.dialect == "native":
                dreams.extend(harvest(search, self.harvested, constants=constants, seed=self.assignment.settings.seed))

        outcome = solver.solve(spec, self.assignment.settings, look)
        return Attempted(outcome, 1.0 if outcome.status is Status.SOLVED else met, tuple(dreams))

    def lost(self) -> Attempted:
        """See `Work.lost`."""
        return Attempted(self.assignment.lost())

    def interrupted(self) -> Attempted:
        """See `Work.interrupted`."""
        return Attempted(self.assignment.interrupted())

    @property
    def wall_limit(self) -> float:
        """See `Work.wall_limit`."""
        return self.assignment.wall_limit


def share_met(search: Search) -> float:
    """The greatest share of the cases of a search that a term of its bank meets."""
    wanted = [output for _, output in search.goal.cases]
    best = 0
    for known in itertools.islice(search.known(), MOST_LOOKED_AT):
        met = sum(
            type(cell) is type(output) and cell == output for cell, output in zip(known.column, wanted, strict=False)
        )
        best = max(best, met)
    return best / len(wanted) if wanted else 0.0


def attempt(
    pool: Pool,
    tasks: Sequence[tuple[str, Task]],
    settings_of: Callable[[Task], SolveSettings],
    *,
    seconds: float | None = None,
    jobs: int = 1,
    harvested: int = 0,
) -> Iterator[tuple[str, Attempted]]:
    """Try tasks, yielding the name of each and what came of it as soon as it is there.

    What a task leaves of its share goes to those after it. When the time is over, what has not begun is not tried.

    Args:
        pool: who solves; nothing is submitted to it.
        tasks: names and tasks, in the order in which they are taken up.
        settings_of: how a task is solved; the budget is the most that it gets.
        seconds: on the clock, for all tasks together, or None if only their own budgets bound them.
        jobs: how many workers the pool has.
        harvested: dreams that the search of a task may leave if it fails.

    Raises:
        Interrupted: if the pool was stopped; what was yielded is all that is done.
    """
    start = time.monotonic()
    submitted: dict[int, str] = {}
    position = 0
    while True:
        while position < len(tasks) and len(submitted) < pool.capacity:
            left = None if seconds is None else seconds - (time.monotonic() - start)
            if left is not None and left <= 0:
                position = len(tasks)
                break
            name, task = tasks[position]
            settings = settings_of(task)
            if left is not None:
                share = jobs * left / (len(tasks) - position + len(submitted))
                settings = dataclasses.replace(settings, budget=_bounded(settings.budget, share))
            submitted[position] = name
            pool.submit(TrainingAttempt(Assignment(position, task.spec, settings), harvested))
            position += 1
        if not submitted:
            return
        collected = pool.collect()
        if collected is None or collected[1].outcome.status is Status.INTERRUPTED:
            raise Interrupted
        number, attempted = collected
        yield submitted.pop(number), attempted


def _bounded(budget: Budget, share: float) -> Budget:
    """A budget with so many CPU-seconds at most."""
    own = budget.cpu_seconds
    seconds = max(LEAST_SECONDS, share if own is None else min(own, share))
    return dataclasses.replace(budget, cpu_seconds=seconds)
