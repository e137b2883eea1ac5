"""Several searches for one function in turns, so that all together are never much slower than the luckiest of them.

The guided search is far faster where what was learned fits, and lost where it does not; which is the case nobody knows
beforehand. It gets the first `HEAD_START` candidates alone, since what it finds at once is worth no second opinion.
Then the search that has made less effort is the next (see `Meter.effort`: applying a function to a list is more work
than an addition): until either has found something, both together take at most twice what either alone would.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Final

from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case, Found, Goal, Search

HEAD_START: Final = 2_000
"""Candidates of the first search before the second begins."""


class PartMeter(Meter):
    """The meter of one of several searches that spend one budget together.

    Candidates and time are counted by the whole; memory is shared out, since the searches keep theirs side by side.

    Attributes:
        is_full: whether the search was ended because its part of the memory is used up.
    """

    def __init__(self, whole: Meter) -> None:
        """Count as a part of `whole`."""
        super().__init__(whole.budget)
        self._cpu_start, self._wall_start = whole._cpu_start, whole._wall_start
        self._whole = whole
        self.is_full = False

    def share_out(self, parts: int) -> None:
        """Take up what is left of the budget of the whole, and one of so many equal parts of its memory."""
        budget = self._whole.budget
        if budget.memory is not None:
            budget = dataclasses.replace(budget, memory=budget.memory // parts)
        if budget.candidates is not None:
            others = self._whole.candidates - self.candidates
            budget = dataclasses.replace(budget, candidates=budget.candidates - others)
        self.budget = budget

    def spend(self, candidates: int, kept_bytes: int = 0, work: int = 0) -> None:
        """See `Meter.spend`."""
        self.candidates += candidates
        self.effort += candidates + work
        self._whole.spend(candidates, work=work)
        if self.budget.memory is not None and kept_bytes > self.budget.memory:
            self.is_full = True
            raise OutOfBudget(f"memory: the search keeps more than {self.budget.memory >> 20} MiB")


class Lane:
    """One of several searches for the same function.

    Attributes:
        search: the search.
        meter: what counts its candidates.
    """

    def __init__(self, engine: type[Search], goal: Goal, costs: Costs, meter: Meter) -> None:
        """Prepare a search."""
        self.meter = meter
        self.search = engine(goal, costs, meter)
        self.steps = self.search.run()


class Dovetail:
    """Runs searches in turns.

    Attributes:
        is_complete: after `run` has ended, whether one of the searches left nothing out.
    """

    def __init__(self, lanes: Sequence[Lane]) -> None:
        """Prepare to run searches; the first gets a head start.

        Args:
            lanes: several with a `PartMeter` each, or a single one with any meter.
        """
        self._lanes = list(lanes)
        self.is_complete = False

    def run(self) -> Iterator[tuple[Lane, Found | None]]:
        """What the searches yield, in turns (see `Search.run`), until one of them is complete or all have ended.

        Raises:
            OutOfBudget: when the budget is spent, after all searches have yielded what they held back; or when the
                last of the searches has used up its memory.
        """
        while self._lanes:
            lane = self._next()
            try:
                found = next(lane.steps)
            except StopIteration:
                if lane.search.is_complete:
                    self.is_complete = True
                    return
                self._end(lane)
                continue
            except OutOfBudget:
                self._end(lane)
                if self._lanes and isinstance(lane.meter, PartMeter) and lane.meter.is_full:
                    continue
                yield from self._last_words()
                raise
            yield lane, found

    def add_cases(self, cases: Sequence[Case]) -> None:
        """Make further cases active in all searches, to be called at a yield of `run`."""
        for lane in self._lanes:
            lane.search.add_cases(cases)

    def _next(self) -> Lane:
        """The search whose turn it is."""
        first = self._lanes[0]
        lane = first
        if first.meter.candidates >= HEAD_START:
            lane = min(self._lanes, key=lambda lane: lane.meter.effort)
        if isinstance(lane.meter, PartMeter):
            lane.meter.share_out(len(self._lanes))
        return lane

    def _end(self, lane: Lane) -> None:
        """Forget a search, and with it all that it keeps in memory."""
        self._lanes.remove(lane)

    def _last_words(self) -> Iterator[tuple[Lane, Found | None]]:
        """What the other searches held back; the first thing that each spends tells it that the budget is spent."""
        for lane in list(self._lanes):
            try:
                for found in lane.steps:
                    yield lane, found
            except OutOfBudget:
                self._end(lane)
