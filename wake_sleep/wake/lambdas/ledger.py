"""What all enumerations of one search count together."""

from __future__ import annotations

from typing import Final

from wake_sleep.wake.meter import Meter

BATCH: Final = 2_000
FULL: Final = 0.9
"""Share of the memory from which on no further terms are kept: the level is finished without them."""


class Ledger:
    """Counts candidates in bulk, and the memory that is kept.

    Attributes:
        pending: candidates that the meter was not told of yet.
        kept_bytes: estimate of what all banks keep in memory.
        work: evaluations of higher-order applications since the meter was told, in rows.
        is_complete: whether nothing was left out so far.
    """

    __slots__ = ("_batch", "_settled", "is_complete", "kept_bytes", "meter", "pending", "work")

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        allowed = meter.budget.candidates
        self._batch = BATCH if allowed is None else min(BATCH, allowed // 20)
        self.pending = self.kept_bytes = self.work = self._settled = 0
        self.is_complete = True

    @property
    def is_due(self) -> bool:
        """Whether a few milliseconds of work were done since the meter was told."""
        return self.pending + self.work > self._batch

    @property
    def effort(self) -> int:
        """All that was done so far, in first-order candidates."""
        return self._settled + self.pending + self.work

    @property
    def is_full(self) -> bool:
        """Whether there is no memory left for further terms."""
        memory = self.meter.budget.memory
        return memory is not None and self.kept_bytes > FULL * memory

    def close(self) -> None:
        """End the search if there is no memory left.

        Raises:
            OutOfBudget: with memory as the reason.
        """
        if self.is_full:
            self.meter.spend(0, (self.meter.budget.memory or 0) + 1)

    def settle(self) -> None:
        """Tell the meter.

        Raises:
            OutOfBudget: if the budget is spent.
        """
        self._settled = self.effort
        pending, work = self.pending, self.work
        self.pending = self.work = 0
        self.meter.spend(pending, self.kept_bytes, work)
