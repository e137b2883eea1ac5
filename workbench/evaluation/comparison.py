"""Two runs side by side: what is solved now and was not, and what the same problems cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from workbench.evaluation.summary import Score

LEAST_CPU_SECONDS: Final = 0.001
"""Times below this are counted as this: what is less is the resolution of clocks."""


@dataclass(frozen=True)
class Ratio:
    """How a quantity of a run compares with that of an earlier one, over the problems that both solved.

    Attributes:
        total: sum now over sum before.
        mean: geometric mean of the ratios of each problem.
        median: median of these ratios.
    """

    total: float
    mean: float
    median: float

    def data(self) -> dict[str, float]:
        """The same as data that JSON can say."""
        return {"total": round(self.total, 4), "mean": round(self.mean, 4), "median": round(self.median, 4)}


@dataclass(frozen=True)
class Comparison:
    """What changed from an earlier run to a later one, over the problems that both have.

    Attributes:
        common: how many problems both have.
        both: how many both solved.
        gained: names of those that only the later one solved.
        lost: names of those that only the earlier one solved.
        right: names of those that only the later one answered rightly on the held-out examples.
        wrong: names of those that only the earlier one answered rightly on the held-out examples.
        cpu_seconds: how the time compares, or None if nothing was solved by both.
        candidates: how the candidates compare, or None if nothing was solved by both.
        sizes: how the sizes of answers compare, or None if nothing was solved by both.
    """

    common: int
    both: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    cpu_seconds: Ratio | None
    candidates: Ratio | None
    sizes: Ratio | None

    def data(self) -> dict[str, object]:
        """The same as data that JSON can say."""
        ratios = {"cpu_seconds": self.cpu_seconds, "candidates": self.candidates, "size": self.sizes}
        return {
            "common": self.common,
            "both_solved": self.both,
            "gained": list(self.gained),
            "lost": list(self.lost),
            "right_gained": list(self.right),
            "right_lost": list(self.wrong),
            **{name: None if ratio is None else ratio.data() for name, ratio in ratios.items()},
        }


def compare(before: Sequence[Score], after: Sequence[Score]) -> Comparison:
    """Compare the scores of a run with those of an earlier one, problem by problem, by name."""
    former = {score.name: score for score in before}
    pairs = [(former[score.name], score) for score in after if score.name in former]
    scored = [(old, new) for old, new in pairs if None not in (old.held_out_right, new.held_out_right)]
    both = [(old, new) for old, new in pairs if old.is_solved and new.is_solved]
    return Comparison(
        common=len(pairs),
        both=len(both),
        gained=tuple(new.name for old, new in pairs if new.is_solved and not old.is_solved),
        lost=tuple(new.name for old, new in pairs if old.is_solved and not new.is_solved),
        right=tuple(new.name for old, new in scored if new.held_out_right and not old.held_out_right),
        wrong=tuple(new.name for old, new in scored if old.held_out_right and not new.held_out_right),
        cpu_seconds=_ratio(both, lambda score: max(score.cpu_seconds, LEAST_CPU_SECONDS)),
        candidates=_ratio(both, lambda score: max(score.candidates, 1)),
        sizes=_ratio(both, lambda score: max(score.size or 0, 1)),
    )


def _ratio(pairs: Sequence[tuple[Score, Score]], quantity: Callable[[Score], float]) -> Ratio | None:
    if not pairs:
        return None
    old = [quantity(score) for score, _ in pairs]
    new = [quantity(score) for _, score in pairs]
    logarithms = sorted(math.log(b / a) for a, b in zip(old, new, strict=True))
    middle = (logarithms[(len(logarithms) - 1) // 2] + logarithms[len(logarithms) // 2]) / 2
    return Ratio(math.fsum(new) / math.fsum(old), math.exp(math.fsum(logarithms) / len(logarithms)), math.exp(middle))
