"""Several searches for one function in turns, so that all together are never much slower than the luckiest of them.

The guided search is far faster where what was learned fits, and lost where it does not; which is the case nobody
knows beforehand. The plain one gets a head start, `HEAD_START` candidates as a rule: what it finds in so few needs
nothing that was learned. Then the search that has made less effort is the next (see `Meter.effort`: applying a
function to a list is more work than an addition). So all together never take more than twice what the plain search
alone would, and little more than twice what the guided one would.

A search may have a *helper*, such as one that proposes what it could start from. What the helper spends counts as spent
by the search that it helps, so that the others get no less than they would without it. It comes late, since what it
needs takes seconds to load (`HELPER_AFTER`), and is worth a part of the effort only (`HELPER_SHARE`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case, Found, Search

HEAD_START: Final = 200
"""Candidates of the first search before the second begins, if nothing else is said."""
HELPER_AFTER: Final = 200_000
"""Effort of each of the other searches before a helper begins: about a second."""
HELPER_SHARE: Final = 3
"""How many times as much effort the other searches make as a helper does, from then on."""


class PartMeter(Meter):
    """The meter of one of several searches that spend one budget together.

    Candidates and time are counted by the whole; memory is shared out, since the searches keep theirs side by side.

    Attributes:
        is_full: whether the search was ended because its part of the memory is used up.
    """

    def __init__(self, whole: Meter) -> None:
        """Count as a part of `whole`, which may be a part itself."""
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
        helped: the lane whose search it helps, or None if it searches for itself.
    """

    def __init__(self, search: Search, helped: Lane | None = None) -> None:
        """Prepare to run a search.

        Args:
            search: the search.
            helped: the lane whose search it helps; its meter must be a part of that lane's.
        """
        self.search, self.helped = search, helped
        self.steps = search.run()

    @property
    def meter(self) -> Meter:
        """What counts the candidates of the search."""
        return self.search.meter

    @property
    def due(self) -> int:
        """The lane for which this is least is the next."""
        effort = self.meter.effort
        return effort if self.helped is None else HELPER_AFTER + HELPER_SHARE * effort


class Dovetail:
    """Runs searches in turns.

    Attributes:
        is_complete: after `run` has ended, whether one of the searches left nothing out.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        head_start: int = HEAD_START,
        later: Callable[[], Sequence[Lane]] | None = None,
    ) -> None:
        """Prepare to run searches; the first gets a head start.

        Args:
            lanes: several with a `PartMeter` each, or a single one with any meter; the first is no helper.
            head_start: candidates of the first before another one begins.
            later: makes further lanes when the head start is over, so that what is solved before never pays for them.
        """
        self._lanes, self._head_start, self._later = list(lanes), head_start, later
        self.is_complete = False

    def run(self) -> Iterator[tuple[Lane, Found | None]]:
        """What the searches yield, in turns (see `Search.run`), until one of them is complete or only helpers are left.

        Raises:
            OutOfBudget: when the budget is spent, after all searches have yielded what they held back; or when the
                last of the searches has used up its memory.
        """
        while self._searches:
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
                self._begin_others()
                if self._searches and isinstance(lane.meter, PartMeter) and lane.meter.is_full:
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
        lane = self._lanes[0]
        if lane.meter.candidates >= self._head_start:
            self._begin_others()
            lane = min(self._lanes, key=lambda lane: lane.due)
        if isinstance(lane.meter, PartMeter) and lane.helped is None:
            lane.meter.share_out(len(self._searches))
        return lane

    def _begin_others(self) -> None:
        """Make the lanes that had to wait for the end of the head start."""
        if self._later is not None:
            later, self._later = self._later, None
            self._lanes += later()

    @property
    def _searches(self) -> list[Lane]:
        """The lanes that are no helpers."""
        return [lane for lane in self._lanes if lane.helped is None]

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
