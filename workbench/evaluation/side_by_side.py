"""Reverie beside a peer on the same problems: who solved what, how large the answers are, and what they cost.

Start-up counts for both: a peer is a process for each problem, and its CPU time holds it already; ours is counted once
for the whole run and shared out among its problems.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wake_sleep.wake.outcome import Status
from workbench.evaluation.summary import Distribution, Score, Summary, distribution, summarise

OURS: Final = "reverie"
"""What Reverie is called beside a peer."""


def with_startup(scores: Sequence[Score]) -> list[Score]:
    """Our scores with an equal share of the start-up of the whole run in the CPU time of each."""
    share = math.fsum(score.startup_seconds for score in scores) / len(scores) if scores else 0.0
    return [dataclasses.replace(score, cpu_seconds=round(score.cpu_seconds + share, 6)) for score in scores]


@dataclass(frozen=True)
class Side:
    """What one solver came to.

    Attributes:
        scores: what the problems that both tried came to, start-up in their CPU time.
        sizes: of its answers to problems that both solved, if both sizes are known.
    """

    scores: tuple[Score, ...]
    sizes: Distribution

    @property
    def summary(self) -> Summary:
        """What the scores come to."""
        return summarise(self.scores)

    @property
    def infeasible(self) -> int:
        """How many problems it says to have no solution."""
        return self.summary.statuses.get(Status.INFEASIBLE.value, 0)

    def data(self) -> dict[str, object]:
        """The same as data that JSON can say."""
        summary = self.summary.data()
        kept = ("solved", "held_out", "held_out_right", "cpu_seconds", "cpu_seconds_of_solved")
        sizes = {"p50": self.sizes.quantiles.get(50), "total": self.sizes.total}
        return {**{name: summary[name] for name in kept}, "infeasible": self.infeasible, "size_where_both": sizes}


@dataclass(frozen=True)
class SideBySide:
    """Reverie and a peer, on the problems that both tried.

    Attributes:
        peer: what the peer is called.
        ours: what Reverie came to.
        theirs: what the peer came to, problem by problem in the same order.
        both: names of the problems that both solved.
        only_ours: names of the problems that only Reverie solved.
        only_theirs: names of the problems that only the peer solved.
    """

    peer: str
    ours: Side
    theirs: Side
    both: tuple[str, ...]
    only_ours: tuple[str, ...]
    only_theirs: tuple[str, ...]

    def data(self) -> dict[str, object]:
        """The same as data that JSON can say."""
        return {
            "problems": len(self.ours.scores),
            "both": len(self.both),
            f"only_{OURS}": list(self.only_ours),
            f"only_{self.peer}": list(self.only_theirs),
            OURS: self.ours.data(),
            self.peer: self.theirs.data(),
        }


def put_side_by_side(peer: str, ours: Sequence[Score], theirs: Sequence[Score]) -> SideBySide:
    """Compare by name.

    Args:
        peer: what the peer is called.
        ours: our scores, of the whole run.
        theirs: the peer's scores, of some of these problems.
    """
    known = {score.name: score for score in theirs}
    pairs = [(score, known[score.name]) for score in with_startup(ours) if score.name in known]
    both = [(a, b) for a, b in pairs if a.is_solved and b.is_solved]
    sized = [(a.size, b.size) for a, b in both if a.size is not None and b.size is not None]
    return SideBySide(
        peer,
        Side(tuple(a for a, _ in pairs), distribution(a for a, _ in sized)),
        Side(tuple(b for _, b in pairs), distribution(b for _, b in sized)),
        both=tuple(a.name for a, _ in both),
        only_ours=tuple(a.name for a, b in pairs if a.is_solved and not b.is_solved),
        only_theirs=tuple(a.name for a, b in pairs if b.is_solved and not a.is_solved),
    )
