"""Learned hazards: a curriculum of destruction.

Which productions should be hidden first, that is, filled in last? Those that are easy to guess once the others are
there. The hazards λ of `wake_sleep.model.diffusion` are fitted to make the bound small: the order of a program is drawn
by them, and its gradient is estimated by the likelihood-ratio method (Williams 1992) with the mean as baseline. The
reverse process draws holes by the hazards that it expects, r(h | z) ∝ Σ_a p_θ(a | h, z) λ(a), which costs nothing
where the nonterminal of a hole gives its hazard away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dsl.grammar import Derivation, Grammar
from wake_sleep.model.diffusion import Hazards, Pick, Predict, ShownTree, fill_costs
from wake_sleep.model.partial import PartialDerivation

if TYPE_CHECKING:
    import random

_WIDEST = 3.0


def expected_pick(predict: Predict, hazards: Hazards) -> Pick:
    """The reverse process that draws holes by the hazards that a model expects in them."""

    def pick(state: PartialDerivation) -> Sequence[float]:
        rates = [sum(shares.values()) for shares in _expected(state, predict(state), hazards)]
        return [rate / sum(rates) for rate in rates]

    return pick


def learn_hazards(
    grammar: Grammar,
    derivations: Sequence[Derivation],
    predict: Predict,
    random: random.Random,
    *,
    steps: int = 400,
    rate: float = 0.1,
) -> Hazards:
    """Hazards that make the bound of programs small under a model.

    Args:
        grammar: of the programs.
        derivations: of the programs; one is drawn in each step.
        predict: the model.
        random: draws programs and orders.
        steps: of stochastic gradient descent on log λ.
        rate: its first learning rate, which falls to 0.
    """
    logs: dict[str, float] = {}
    baseline: dict[int, float] = {}
    for step in range(steps):
        hazards = {key: math.exp(value) for key, value in logs.items()}
        gradient = _gradient(grammar, random.choice(derivations), predict, random, hazards, baseline)
        speed = rate * (1 - step / steps)
        for key, slope in gradient.items():
            logs[key] = min(_WIDEST, max(-_WIDEST, logs.get(key, 0.0) - speed * slope))
    return {key: math.exp(value) for key, value in logs.items()}


def _gradient(
    grammar: Grammar,
    derivation: Derivation,
    predict: Predict,
    random: random.Random,
    hazards: Hazards,
    baseline: dict[int, float],
) -> dict[str, float]:
    """One draw of the gradient of the bound by log λ; `baseline` has mean costs by the number of nodes left."""
    tree = ShownTree.of(grammar, derivation)
    costs: list[float] = []
    scores: list[dict[str, float]] = []
    found: dict[str, float] = {}
    while tree.state.holes:
        predictions = predict(tree.state)
        expected = _expected(tree.state, predictions, hazards)
        keys = [tree.hidden(hole).production.key for hole in tree.state.holes]
        posterior, total = tree.posterior(hazards), sum(sum(shares.values()) for shares in expected)
        chosen = random.choices(range(len(keys)), posterior)[0]
        own = sum(expected[chosen].values())
        filled = fill_costs(tree, predictions)[chosen]
        costs.append(filled + math.log(posterior[chosen]) - math.log(own / total))
        score = {keys[chosen]: 1.0}
        for key, share in zip(keys, posterior, strict=True):
            score[key] = score.get(key, 0.0) - share
        scores.append(score)
        for number, shares in enumerate(expected):
            for key, share in shares.items():
                slope = share / total - (share / own if number == chosen else 0.0)
                found[key] = found.get(key, 0.0) + slope
        tree.show(tree.state.holes[chosen])
    to_go = 0.0
    for left, (cost, score) in enumerate(zip(reversed(costs), reversed(scores), strict=True)):
        to_go += cost
        mean = baseline.get(left, to_go)
        baseline[left] = 0.95 * mean + 0.05 * to_go
        for key, direction in score.items():
            found[key] = found.get(key, 0.0) + direction * (to_go - mean)
    return found


def _expected(
    state: PartialDerivation, predictions: Sequence[Sequence[float]], hazards: Hazards
) -> list[Mapping[str, float]]:
    """For each hole and production key p_θ(a | h, z) λ(a)."""
    found: list[Mapping[str, float]] = []
    for hole, logs in zip(state.holes, predictions, strict=True):
        shares: dict[str, float] = {}
        for production, log in zip(state.grammar.productions(state.nonterminals[hole]), logs, strict=True):
            key = production.key
            shares[key] = shares.get(key, 0.0) + math.exp(log) * hazards.get(key, 1.0)
        found.append(shares)
    return found
