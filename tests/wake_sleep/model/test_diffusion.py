"""The diffusion: the order of holes, the bound against enumeration, and what hazards change."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from dsl.grammar import Derivation, Grammar
from dsl.probability import literal_log_probability
from dsl.terms import Literal
from dsl.types import INT
from tests.wake_sleep.model.examples import conditional, with_constants
from wake_sleep.model.diffusion import (
    Hazards,
    Pick,
    Predict,
    ShownTree,
    exact_bound,
    exact_log_likelihood,
    sampled_bound,
    shown_after,
    times,
)
from wake_sleep.model.masks import Mask
from wake_sleep.model.partial import PartialDerivation, preorder_children

BUDGET = 6


def derivations(grammar: Grammar, budget: int) -> Iterator[Derivation]:
    """All derivations of programs within the budget, by expanding the first hole of every state."""
    waiting = [PartialDerivation(grammar)]
    mask = Mask(grammar)
    while waiting:
        state = waiting.pop()
        program = state.program()
        if program is not None:
            derivation = grammar.derive(program)
            assert derivation is not None
            yield derivation
            continue
        hole = state.holes[0]
        productions = grammar.productions(state.nonterminals[hole])
        for production in itertools.compress(productions, mask.legal(state, hole, budget)):
            further = state.copy()
            further.expand(hole, production)
            waiting.append(further)


def model(grammar: Grammar, budget: float) -> Predict:
    """A model that looks at the whole state: its preferences depend on how many nodes of each kind are shown."""
    mask = Mask(grammar)

    def predict(state: PartialDerivation) -> Sequence[Sequence[float]]:
        shown = Counter(p.key for p in state.productions if p is not None)
        found = []
        for hole in state.holes:
            productions = grammar.productions(state.nonterminals[hole])
            logits = np.array([math.sin(3.0 * i + hole + 2 * shown[p.key]) for i, p in enumerate(productions)])
            logits[~mask.legal(state, hole, budget)] = -np.inf
            found.append((logits - np.log(np.exp(logits).sum())).tolist())
        return found

    return predict


def one(grammar: Grammar, size: int) -> Derivation:
    return next(d for d in derivations(grammar, BUDGET) if d.term.size == size)


def test_the_reverse_process_is_a_distribution_over_the_programs_within_the_budget() -> None:
    grammar = conditional()
    predict = model(grammar, BUDGET)
    found = list(derivations(grammar, BUDGET))
    assert len(found) == 38
    total = sum(math.exp(exact_log_likelihood(grammar, d, predict)) for d in found)
    assert total == pytest.approx(1, abs=1e-9)


def test_the_bound_is_never_below_the_exact_description_length() -> None:
    grammar = conditional()
    predict = model(grammar, BUDGET)
    gaps = []
    for derivation in derivations(grammar, BUDGET):
        exact = -exact_log_likelihood(grammar, derivation, predict)
        bound = exact_bound(grammar, derivation, predict)
        gaps.append(bound - exact)
    assert min(gaps) >= -1e-9
    assert max(gaps) > 0.05


def test_the_bound_is_exact_for_a_model_that_looks_at_the_nonterminal_only() -> None:
    grammar = conditional()

    def predict(state: PartialDerivation) -> Sequence[Sequence[float]]:
        counts = [len(grammar.productions(state.nonterminals[hole])) for hole in state.holes]
        return [[-math.log(count)] * count for count in counts]

    for derivation in derivations(grammar, BUDGET):
        wanted = sum(math.log(len(grammar.productions(n.nonterminal))) for n in derivation.preorder())
        assert exact_bound(grammar, derivation, predict) == pytest.approx(wanted)
        assert -exact_log_likelihood(grammar, derivation, predict) == pytest.approx(wanted)


@pytest.mark.parametrize("hazards", [{}, {"<:int -> int -> bool": 4.0, "variable 0:int": 0.25}])
def test_the_training_estimator_has_the_bound_as_its_mean(hazards: Hazards) -> None:
    grammar = conditional()
    predict = model(grammar, BUDGET)
    derivation, chance = one(grammar, 6), random.Random(0)
    draws = [sampled_bound(grammar, derivation, predict, chance, hazards=hazards) for _ in range(3000)]
    bound = exact_bound(grammar, derivation, predict, hazards=hazards)
    error = statistics.stdev(draws) / math.sqrt(len(draws))
    assert abs(statistics.mean(draws) - bound) < 4 * error


def test_literals_of_constant_slots_are_part_of_the_bound() -> None:
    grammar = with_constants()
    derivation = grammar.derive_at(grammar.start, Literal(5, INT))
    assert derivation is not None

    def predict(state: PartialDerivation) -> Sequence[Sequence[float]]:
        return [[0.0] * len(grammar.productions(state.nonterminals[hole])) for hole in state.holes]

    assert exact_bound(grammar, derivation, predict) == pytest.approx(-literal_log_probability(Literal(5, INT)))


def order_by_times(derivation: Derivation, chance: random.Random) -> tuple[int, ...]:
    drawn = times(derivation, chance)
    return tuple(sorted(range(len(drawn)), key=lambda place: -drawn[place]))


def order_by_holes(grammar: Grammar, derivation: Derivation, chance: random.Random) -> tuple[int, ...]:
    count = sum(1 for _ in derivation.preorder())
    return tuple(shown_after(grammar, derivation, count, chance).shown)


def probability(derivation: Derivation, order: Sequence[int]) -> float:
    """That of an order in which every step takes one of the holes with equal probability."""
    below = preorder_children(derivation)
    holes, found = {0}, 1.0
    for place in order:
        found /= len(holes)
        holes = (holes - {place}) | set(below[place])
    return found


def chi_square(counts: Counter[tuple[int, ...]], derivation: Derivation, draws: int) -> tuple[float, int]:
    wanted = {order: probability(derivation, order) * draws for order in counts}
    statistic = sum((counts[order] - expected) ** 2 / expected for order, expected in wanted.items())
    return statistic, len(counts) - 1


@pytest.mark.parametrize("by", ["times", "holes"])
def test_the_next_node_shown_is_a_uniformly_drawn_hole(by: str) -> None:
    grammar, chance, draws = conditional(), random.Random(5), 20_000
    derivation = one(grammar, 6)
    draw = order_by_times if by == "times" else lambda d, c: order_by_holes(grammar, d, c)
    counts = Counter(draw(derivation, chance) for _ in range(draws))
    assert sum(probability(derivation, order) for order in counts) == pytest.approx(1)
    statistic, freedom = chi_square(counts, derivation, draws)
    # Five standard deviations of χ² above its mean.
    assert statistic < freedom + 5 * math.sqrt(2 * freedom)


def test_hazards_show_slow_productions_late() -> None:
    grammar, chance = conditional(), random.Random(6)
    derivation = one(grammar, 6)
    hazards = {"<:int -> int -> bool": 0.01}
    place = next(i for i, n in enumerate(derivation.preorder()) if repr(n.production.head) == "<")
    shown = [shown_after(grammar, derivation, 2, chance, hazards).shown for _ in range(300)]
    assert sum(place in places for places in shown) < 15


def test_unequal_hazards_cost_a_divergence_unless_the_reverse_process_draws_holes_as_they_do() -> None:
    grammar = conditional()
    predict = model(grammar, BUDGET)
    derivation, hazards = one(grammar, 6), {"<:int -> int -> bool": 5.0}

    def informed(state: PartialDerivation) -> Sequence[float]:
        # In this grammar the type of a hole gives its production's hazard away.
        rates = [5.0 if state.nonterminals[hole].name == "Test" else 1.0 for hole in state.holes]
        return [rate / sum(rates) for rate in rates]

    def cost(pick: Pick) -> float:
        return exact_bound(grammar, derivation, predict, hazards=hazards, pick=pick)

    def blind(state: PartialDerivation) -> Sequence[float]:
        return [1 / len(state.holes)] * len(state.holes)

    exact = -exact_log_likelihood(grammar, derivation, predict, pick=informed)
    assert cost(blind) > cost(informed) >= exact
    assert cost(blind) >= -exact_log_likelihood(grammar, derivation, predict, pick=blind)


def test_what_stands_at_a_hole_is_the_target() -> None:
    grammar, chance = conditional(), random.Random(7)
    derivation = one(grammar, 6)
    tree = ShownTree.of(grammar, derivation)
    while tree.state.holes:
        productions = [
            grammar.productions(tree.state.nonterminals[hole])[target]
            for hole, target in zip(tree.state.holes, tree.targets(), strict=True)
        ]
        assert productions == [tree.hidden(hole).production for hole in tree.state.holes]
        tree.show(chance.choice(tree.state.holes))
    assert tree.state.program() is grammar.program(derivation.term)
