"""Which tasks a wake takes up, and in which order: easy and nearly solved ones first, and every one in its turn."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Experience:
    """What former wakes came to on one task.

    Attributes:
        visits: wakes that took it up.
        candidates: candidates of the cheapest one that solved it, or None if none did.
        share: greatest share of its examples that a program met, between 0 and 1.
    """

    visits: int = 0
    candidates: int | None = None
    share: float = 0.0

    @property
    def difficulty(self) -> tuple[int, float, int]:
        """Sorts the easy before the hard: solved ones by their candidates, then the others by what they lack."""
        if self.candidates is not None:
            return (0, 0.0, self.candidates)
        return (1, 1.0 - self.share, 0)


UNSEEN = Experience()


def next_batch(
    names: Sequence[str], experience: Mapping[str, Experience], size: int | None, seed: int, cycle: int
) -> list[str]:
    """The tasks of a wake, in the order in which they are taken up.

    Tasks that were visited least are chosen first, so that all are visited equally often; among these, nearly solved
    ones before those of which nothing is known. Within the batch the easy come first, since what they leave of a time
    limit goes to the hard.

    Args:
        names: all tasks; the order matters only to what is drawn.
        experience: what is known of tasks; others were never visited.
        size: tasks to choose, or None for all.
        seed: of the order of tasks that are alike.
        cycle: number of the cycle; tasks that are alike come in another order in each.
    """
    shuffled = list(names)
    random.Random(f"{seed}:{cycle}").shuffle(shuffled)
    known = {name: experience.get(name, UNSEEN) for name in shuffled}
    if size is not None:
        # Of equally visited tasks, those that may be solved next before those that are solved anyway.
        shuffled.sort(key=lambda name: (known[name].visits, known[name].candidates is not None, -known[name].share))
        shuffled = shuffled[:size]
    return sorted(shuffled, key=lambda name: known[name].difficulty)
