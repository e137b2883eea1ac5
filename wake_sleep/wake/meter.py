"""Metering what a search spends, and ending it when its budget is spent."""

from __future__ import annotations

import resource
import time

from dsl.spec import Budget


class OutOfBudget(BaseException):
    """A budget is spent: the search ends here, with what it has.

    No `Exception`, since a timer may raise it while a primitive runs, whose errors are taken for defects of its domain.
    """


class Meter:
    """Counts candidates, time and memory against a budget.

    A search calls `spend` after every few milliseconds of work. With a budget in candidates alone nothing depends on
    a clock, so that equal searches end at the same candidate.

    Attributes:
        budget: what may be spent.
        candidates: candidates so far.
        effort: the same, but what takes longer than a candidate as a rule counts for several; no clock decides on it.
        has_backstop: whether timers end the search should it not end itself; see `wake_sleep.wake.backstop`.
    """

    def __init__(self, budget: Budget) -> None:
        """Start the clocks."""
        self.budget = budget
        self.candidates = self.effort = 0
        self.has_backstop = False
        self._cpu_start, self._wall_start = cpu_clock(), time.monotonic()

    @property
    def cpu_seconds(self) -> float:
        """CPU time since the start, that of reaped children included."""
        return cpu_clock() - self._cpu_start

    @property
    def wall_seconds(self) -> float:
        """Time on the clock since the start."""
        return time.monotonic() - self._wall_start

    @property
    def share(self) -> float:
        """The part of the budget that is spent, of whatever it bounds that is nearest to its end."""
        budget = self.budget
        shares = [self.candidates / budget.candidates] if budget.candidates else []
        shares += [self.cpu_seconds / budget.cpu_seconds] if budget.cpu_seconds else []
        shares += [self.wall_seconds / budget.wall_seconds] if budget.wall_seconds else []
        return max(shares, default=0.0)

    @property
    def seconds_left(self) -> float | None:
        """How long, on the clock, one step may take; None if no time is bounded."""
        budget = self.budget
        left = [] if budget.cpu_seconds is None else [budget.cpu_seconds - self.cpu_seconds]
        left += [] if budget.wall_seconds is None else [budget.wall_seconds - self.wall_seconds]
        return max(0.0, min(left)) if left else None

    def spend(self, candidates: int, kept_bytes: int = 0, work: int = 0) -> None:
        """Count candidates, and end the search if that or anything else is more than the budget allows.

        Args:
            candidates: candidates since the last call; may be 0.
            kept_bytes: what the search keeps in memory by its own count, in all.
            work: what else was done since the last call that takes as long as so many cheap candidates.

        Raises:
            OutOfBudget: with the reason, if a limit is reached.
        """
        self.candidates += candidates
        self.effort += candidates + work
        budget = self.budget
        if budget.candidates is not None and self.candidates >= budget.candidates:
            raise OutOfBudget(f"candidates: the budget of {budget.candidates} is spent")
        if budget.memory is not None and kept_bytes > budget.memory:
            raise OutOfBudget(f"memory: the search keeps more than {budget.memory >> 20} MiB")
        if budget.cpu_seconds is not None and self.cpu_seconds >= budget.cpu_seconds:
            raise OutOfBudget(f"cpu: the budget of {budget.cpu_seconds:g} CPU-seconds is spent")
        if budget.wall_seconds is not None and self.wall_seconds >= budget.wall_seconds:
            raise OutOfBudget(f"wall: the budget of {budget.wall_seconds:g} seconds is spent")


def cpu_clock() -> float:
    """CPU seconds of this process and of its reaped children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
