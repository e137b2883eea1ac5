"""The schedule: each application is drawn at one level, under any contextual weights."""

import itertools
import random

import pytest

from dsl.domain import load_domain
from dsl.grammar import Grammar, Nonterminal
from dsl.probability import ROOT, Context, Weights
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.schedule import Schedule


def random_weights(grammar: Grammar, seed: int) -> Weights:
    draw = random.Random(seed)
    keys = [p.key for n in grammar.reachable() for p in grammar.productions(n)]
    contexts: list[Context] = [(key, i) for key in keys for i in range(2)]
    rows = {c: {key: draw.uniform(0.01, 1.0) for key in keys} for c in (ROOT, *contexts)}
    return Weights(rows, dict.fromkeys(keys, 1.0))


@pytest.fixture
def grammar() -> Grammar:
    return load_domain("integers").grammar("int -> int")


@pytest.mark.parametrize("seed", range(5))
def test_the_arguments_drawn_cost_exactly_what_was_asked_and_none_is_missed(grammar: Grammar, seed: int) -> None:
    costs = Costs(grammar, random_weights(grammar, seed), resolution=2.0)
    schedule: Schedule[tuple[int, int]] = Schedule(costs)
    put: dict[Nonterminal, list[tuple[int, int]]] = {}
    for nonterminal in grammar.reachable():
        for class_, level in sorted(set(zip(costs.classes(nonterminal), costs.least(nonterminal), strict=True))):
            schedule.put(nonterminal, class_, level, (class_, level))
            put.setdefault(nonterminal, []).append((class_, level))
    for production in grammar.productions(grammar.start):
        if len(production.children) != 2:
            continue
        first, second = production.children
        for inner in range(1, 25):
            expected = sorted(
                (a, b)
                for a in put[first]
                for b in put[second]
                if a[1] + costs.shift(a[0], (production.key, 0)) + b[1] + costs.shift(b[0], (production.key, 1))
                == inner
            )
            assert sorted(schedule.arguments(production, inner, ROOT)) == expected


def test_nothing_is_drawn_while_an_argument_has_no_group(grammar: Grammar) -> None:
    schedule: Schedule[int] = Schedule(Costs(grammar))
    production = next(p for p in grammar.productions(grammar.start) if len(p.children) == 2)
    assert list(schedule.arguments(production, 10, ROOT)) == []


def test_a_group_is_found_where_it_was_put(grammar: Grammar) -> None:
    costs = Costs(grammar)
    schedule: Schedule[str] = Schedule(costs)
    schedule.put(grammar.start, costs.classes(grammar.start)[0], 7, "seven")
    assert schedule.get(grammar.start, 0, 7) == "seven"
    assert schedule.get(grammar.start, 0, 8) is None
    assert schedule.view(grammar.start, ROOT) == {7: ["seven"]}


def test_a_view_grows_with_the_groups(grammar: Grammar) -> None:
    costs = Costs(grammar, random_weights(grammar, 0), resolution=2.0)
    schedule: Schedule[int] = Schedule(costs)
    context = next((p.key, 0) for p in grammar.productions(grammar.start) if p.key.startswith("+:"))
    classes = sorted(set(costs.classes(grammar.start)))
    for number, class_ in enumerate(classes):
        schedule.put(grammar.start, class_, 5, number)
        view = schedule.view(grammar.start, context)
        assert sorted(group for groups in view.values() for group in groups) == list(range(number + 1))
        assert number in view[5 + costs.shift(class_, context)]


@pytest.mark.parametrize("seed", range(3))
def test_splits_are_the_arguments_of_one_cost_each_taken_together(grammar: Grammar, seed: int) -> None:
    costs = Costs(grammar, random_weights(grammar, seed), resolution=2.0)
    schedule: Schedule[tuple[int, int]] = Schedule(costs)
    for class_, level in sorted(set(zip(costs.classes(grammar.start), costs.least(grammar.start), strict=True))):
        schedule.put(grammar.start, class_, level, (class_, level))
    plus = next(p for p in grammar.productions(grammar.start) if p.key.startswith("+:"))
    found = list(schedule.splits(plus, 14, ROOT))
    assert [pair for split in found for pair in itertools.product(*split)] == list(schedule.arguments(plus, 14, ROOT))
    for first, second in found:
        assert len({level + costs.shift(class_, (plus.key, 0)) for class_, level in first}) == 1
        assert len({level + costs.shift(class_, (plus.key, 1)) for class_, level in second}) == 1
