"""Settings of a wake–sleep run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Final

from dsl.spec import Budget
from wake_sleep.wake.solve import DEFAULT_CPU_SECONDS, SolveSettings

DEFAULT_DREAMS: Final = 20_000
"""Dreams of a sleep that neither a number nor a time bounds."""


@dataclass(frozen=True)
class TrainSettings:
    """How a run learns.

    Budgets are in seconds on the clock or in steps. If `wake_candidates` and `dreams` are set and no seconds are,
    nothing is decided by a clock: equal seeds then give equal runs, however many workers there are and wherever a run
    was interrupted.

    Attributes:
        cycles: wakes, each followed by a sleep.
        solving: how a task is solved; its budget is the most that one task gets in a wake, and what a test task gets.
        wake_seconds: on the clock, for all tasks of one wake together, or None.
        wake_candidates: for each task of a wake, or None.
        sleep_seconds: on the clock, for one sleep, or None.
        dreams: dreams of one sleep, for each domain, or None for as many as the time allows.
        train_steps: steps of the guide's training in one sleep, or None for as many as the time allows.
        network_steps: steps of the training of the network that proposes programs, after the guide's; or None for none,
            unless the time of the sleep is long enough for it.
        batch: tasks of one wake, or None for all.
        frontier: programs of a task that library learning sees, at most.
        harvested: dreams that the search of a task may leave if it fails.
        uses_library: whether abstractions are learned.
        uses_dreams: whether dreams are dreamt.
    """

    cycles: int = 4
    solving: SolveSettings = field(default_factory=SolveSettings)
    wake_seconds: float | None = None
    wake_candidates: int | None = None
    sleep_seconds: float | None = None
    dreams: int | None = DEFAULT_DREAMS
    train_steps: int | None = None
    network_steps: int | None = None
    batch: int | None = None
    frontier: int = 5
    harvested: int = 40
    uses_library: bool = True
    uses_dreams: bool = True

    @property
    def seed(self) -> int:
        """Of everything that is drawn at random."""
        return self.solving.seed

    @property
    def task_budget(self) -> Budget:
        """The most that one task gets, in a wake or in a test."""
        budget = self.solving.budget
        if self.wake_candidates is not None:
            return dataclasses.replace(budget, candidates=self.wake_candidates)
        if budget.cpu_seconds is None and budget.candidates is None and budget.wall_seconds is None:
            return dataclasses.replace(budget, cpu_seconds=DEFAULT_CPU_SECONDS)
        return budget
