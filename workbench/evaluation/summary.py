"""What a benchmark run comes to: how much is solved and right, how large the answers are, and what they cost."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wake_sleep.wake.outcome import Status

PERCENTS: Final = (10, 50, 90, 99)
"""The quantiles that are reported, in per cent."""


@dataclass(frozen=True)
class Score:
    """What one problem came to.

    Attributes:
        name: what the problem is called.
        status: how the work ended.
        size: AST nodes of the answer, or None.
        candidates: production applications whose values were computed; 0 for a peer, which does not tell.
        cpu_seconds: process time, start-up not included; of a peer, that of its process as a whole.
        startup_seconds: CPU time of starting up.
        held_out_right: whether the answer is right on the held-out examples, or None if there are none.
    """

    name: str
    status: Status
    size: int | None
    candidates: int
    cpu_seconds: float
    startup_seconds: float = 0.0
    held_out_right: bool | None = None

    @property
    def is_solved(self) -> bool:
        """Whether programs were found."""
        return self.status is Status.SOLVED


def read_score(row: Mapping[str, Any]) -> Score:
    """The score of a row with the keys `workbench.solving.COLUMNS`, and perhaps ``held_out``."""
    return Score(
        name=str(row["spec"]),
        status=Status(row["status"]),
        size=row["size"],
        candidates=int(row["candidates"] or 0),
        cpu_seconds=float(row["cpu_seconds"]),
        startup_seconds=float(row["startup_seconds"]),
        held_out_right=row.get("held_out"),
    )


@dataclass(frozen=True)
class Distribution:
    """The values of one quantity over some problems.

    Attributes:
        total: their sum.
        quantiles: for each of `PERCENTS`, the least value that so many per cent do not exceed; empty if there are none.
    """

    total: float
    quantiles: Mapping[int, float]


def distribution(values: Iterable[float]) -> Distribution:
    """The distribution of some values; quantiles are values that occur (nearest rank)."""
    ordered = sorted(values)
    ranks = {percent: math.ceil(percent * len(ordered) / 100) for percent in PERCENTS if ordered}
    return Distribution(sum(ordered), {percent: ordered[rank - 1] for percent, rank in ranks.items()})


@dataclass(frozen=True)
class Summary:
    """What a run comes to.

    Attributes:
        tasks: number of problems that the run has a result of.
        statuses: how many ended in each way; only ways that occur.
        held_out: how many problems have held-out examples.
        held_out_right: how many of these are answered rightly.
        sizes: of the answers.
        candidates: of all problems, and of the solved ones.
        cpu_seconds: of all problems, and of the solved ones.
        startup_seconds: CPU time of starting up, all together.
    """

    tasks: int
    statuses: Mapping[str, int]
    held_out: int
    held_out_right: int
    sizes: Distribution
    candidates: tuple[Distribution, Distribution]
    cpu_seconds: tuple[Distribution, Distribution]
    startup_seconds: float

    @property
    def solved(self) -> int:
        """How many problems are solved."""
        return self.statuses.get(Status.SOLVED.value, 0)

    @property
    def rate(self) -> float:
        """Candidates for each CPU-second, of all problems; 0 if no time was spent."""
        seconds = self.cpu_seconds[0].total
        return self.candidates[0].total / seconds if seconds else 0.0

    def data(self) -> dict[str, object]:
        """The same as data that JSON can say."""
        return {
            "tasks": self.tasks,
            "solved": self.solved,
            "statuses": dict(self.statuses),
            "held_out": self.held_out,
            "held_out_right": self.held_out_right,
            "size": _data(self.sizes),
            "candidates": _data(self.candidates[0]),
            "candidates_of_solved": _data(self.candidates[1]),
            "cpu_seconds": _data(self.cpu_seconds[0]),
            "cpu_seconds_of_solved": _data(self.cpu_seconds[1]),
            "candidates_per_cpu_second": round(self.rate),
            "startup_seconds": round(self.startup_seconds, 6),
        }


def _data(found: Distribution) -> dict[str, float]:
    quantiles = {f"p{percent}": value for percent, value in found.quantiles.items()}
    return {**quantiles, "total": round(found.total, 6)}


def summarise(scores: Sequence[Score]) -> Summary:
    """What some scores come to."""
    solved = [score for score in scores if score.is_solved]
    statuses = {s.value: sum(score.status is s for score in scores) for s in Status}
    return Summary(
        tasks=len(scores),
        statuses={name: count for name, count in statuses.items() if count},
        held_out=sum(score.held_out_right is not None for score in scores),
        held_out_right=sum(score.held_out_right is True for score in scores),
        sizes=distribution(score.size for score in solved if score.size is not None),
        candidates=(_of(scores, "candidates"), _of(solved, "candidates")),
        cpu_seconds=(_of(scores, "cpu_seconds"), _of(solved, "cpu_seconds")),
        startup_seconds=math.fsum(score.startup_seconds for score in scores),
    )


def _of(scores: Sequence[Score], quantity: str) -> Distribution:
    return distribution(getattr(score, quantity) for score in scores)
