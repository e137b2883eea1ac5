"""Lower bounds on what it costs to write the rest of a wanted string, for the search of concatenations.

Each case is looked at by itself: the cheapest way to write its text from each position on with parts that need not fit
the other cases. What all cases have to write costs at least as much as the costliest of them, and where one cannot
be continued, none can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wake_sleep.wake.costs import UNREACHABLE


@dataclass(frozen=True)
class Jump:
    """What a slice of a base can write at best.

    Attributes:
        reach: for each position of the text, how many characters it can write there.
        cost: the least that it costs, whatever its length.
    """

    reach: Sequence[int]
    cost: int


def remainders(text: str, parts: Iterable[tuple[str, int]], jumps: Sequence[Jump], joining: int) -> list[int]:
    """The least cost of writing a text from each position on.

    Args:
        text: what is to be written.
        parts: texts that can be written, with what they cost.
        jumps: what slices can write.
        joining: cost of one concatenation.

    Returns:
        for each position up to the end; `UNREACHABLE` where nothing fits.
    """
    cheapest: dict[str, int] = {}
    for part, cost in parts:
        if part and cost < cheapest.get(part, UNREACHABLE):
            cheapest[part] = cost
    starting: dict[str, list[tuple[str, int]]] = {}
    for part, cost in cheapest.items():
        starting.setdefault(part[0], []).append((part, cost))
    end = len(text)
    # Joined: what the rest costs if something has been written before it on the same level.
    joined = [UNREACHABLE] * end + [0]
    least = [UNREACHABLE] * end + [0]
    for position in range(end - 1, -1, -1):
        best = UNREACHABLE
        for part, cost in starting.get(text[position], ()):
            if text.startswith(part, position):
                best = min(best, cost + joined[position + len(part)])
        for jump in jumps:
            reach = jump.reach[position]
            if reach:
                best = min(best, jump.cost + min(joined[position + 1 : position + reach + 1]))
        least[position] = min(best, UNREACHABLE)
        joined[position] = min(best + joining, UNREACHABLE)
    return least
