"""Choosing a library by the joint score: greedily forward, then backward until no removal helps."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Final

from dsl.terms import Operator, operators
from wake_sleep.sleep.abstraction.joint import JointScore, Scored

LEAST_GAIN: Final = 1e-6
"""A change must raise the score by more than this, in nats."""


def choose(
    scorer: JointScore,
    candidates: Sequence[Operator],
    start: Sequence[Operator] = (),
    *,
    at_most: int,
    is_time_up: Callable[[], bool] = lambda: False,
) -> Scored:
    """A library that no single addition tried and no removal betters.

    Gains are computed lazily (Minoux 1978): a candidate is scored again only when its last gain is the largest. What
    was added may make another candidate better than its last gain says; it is found when candidates are mined anew.

    Args:
        scorer: the score.
        candidates: abstractions to choose from; those that fit in one task only are left out.
        start: where to begin.
        at_most: largest number of abstractions.
        is_time_up: asked between trials; then the best library so far is returned.
    """
    offered = list({a.key: a for a in (*start, *sorted(candidates, key=lambda a: a.key))}.values())
    occurrences = scorer.occurrences(offered)
    useful = [a for a in offered if scorer.task_count(occurrences[a]) > 1]
    best = _settled(scorer, scorer.score([a for a in start if occurrences[a]]))
    while True:
        grown = _forward(scorer, best, useful, occurrences, at_most, is_time_up)
        pruned = _backward(scorer, grown, is_time_up)
        improved = pruned.score > best.score + LEAST_GAIN
        best = max(best, pruned, key=lambda scored: scored.score)
        if not improved or pruned is grown or is_time_up():
            return best


def _settled(scorer: JointScore, scored: Scored) -> Scored:
    """The library with all programs rewritten by the costs of its own forms, if that is better."""
    again = scorer.score(scored.library, scorer.costs(scored))
    return max(scored, again, key=lambda s: s.score)


def _forward(
    scorer: JointScore,
    best: Scored,
    candidates: Sequence[Operator],
    occurrences: dict[Operator, list[int]],
    at_most: int,
    is_time_up: Callable[[], bool],
) -> Scored:
    present = set(best.library)
    # The number of the round in which a gain was computed; in a new round all gains are stale.
    round_ = 0
    queue = [(float("-inf"), a.key, -1, a) for a in candidates if a not in present]
    heapq.heapify(queue)
    tried: dict[Operator, Scored] = {}
    costs = scorer.costs(best)
    while queue and len(best.library) < at_most and not is_time_up():
        negative_gain, key, computed, abstraction = heapq.heappop(queue)
        if computed < round_:
            expected = costs.expecting(abstraction, scorer.task_weight(occurrences[abstraction]))
            trial = scorer.score((*best.library, abstraction), expected, best, occurrences[abstraction])
            tried[abstraction] = trial
            heapq.heappush(queue, (best.score - trial.score, key, round_, abstraction))
        elif -negative_gain <= LEAST_GAIN:
            break
        else:
            best = _settled(scorer, tried[abstraction])
            tried.clear()
            costs = scorer.costs(best)
            round_ += 1
    return best


def _backward(scorer: JointScore, best: Scored, is_time_up: Callable[[], bool]) -> Scored:
    while best.library and not is_time_up():
        costs = scorer.costs(best)
        using: dict[Operator, list[int]] = {a: [] for a in best.library}
        for number, form in enumerate(best.forms):
            for head in operators(form):
                if head in using:
                    using[head].append(number)
        trials = [
            scorer.score([a for a in best.library if a is not dropped], costs, best, using[dropped])
            for dropped in best.library
        ]
        smaller = max(trials, key=lambda scored: scored.score)
        if smaller.score <= best.score + LEAST_GAIN:
            break
        best = _settled(scorer, smaller)
    return best
