"""Integer costs: levels, classes and shifts."""

import math

import pytest

from dsl.domain import load_domain
from dsl.grammar import Grammar
from dsl.probability import ROOT, Weights
from dsl.terms import Literal
from dsl.types import INT
from wake_sleep.wake.costs import Costs


@pytest.fixture
def grammar() -> Grammar:
    return load_domain("integers").grammar("int -> int -> int")


def key_of(grammar: Grammar, name: str) -> str:
    return next(p.key for p in grammar.productions(grammar.start) if p.key.startswith(name))


def learned(grammar: Grammar) -> Weights:
    """Weights under which a difference is likely at the root and unlikely below a sum."""
    plus, minus = key_of(grammar, "+:"), key_of(grammar, "-:")
    return Weights({ROOT: {plus: 1.0, minus: 20.0}, (plus, 0): {plus: 1.0, minus: 0.001}}, {plus: 1.0, minus: 1.0})


def test_without_weights_there_is_one_class_without_shifts(grammar: Grammar) -> None:
    costs = Costs(grammar)
    classes = costs.classes(grammar.start)
    assert set(classes) == {0}
    assert costs.shift(0, ROOT) == 0
    assert costs.of(grammar.start, ROOT) == costs.least(grammar.start) == costs.of(grammar.start, ("f:int", 1))


def test_a_cost_in_a_context_is_the_least_cost_plus_the_shift_of_the_class(grammar: Grammar) -> None:
    costs = Costs(grammar, learned(grammar), resolution=3.0)
    plus = key_of(grammar, "+:")
    for context in (ROOT, (plus, 0), (plus, 1), ("never seen", 0)):
        found = costs.of(grammar.start, context)
        shifts = [costs.shift(class_, context) for class_ in costs.classes(grammar.start)]
        assert list(found) == [a + b for a, b in zip(costs.least(grammar.start), shifts, strict=True)]
    assert min(costs.least(grammar.start)) >= 1
    assert len(set(costs.classes(grammar.start))) > 1


def test_contexts_decide_what_is_cheap(grammar: Grammar) -> None:
    costs = Costs(grammar, learned(grammar), resolution=3.0)
    productions = grammar.productions(grammar.start)
    minus = next(i for i, p in enumerate(productions) if p.key == key_of(grammar, "-:"))
    assert costs.of(grammar.start, ROOT)[minus] < costs.of(grammar.start, (key_of(grammar, "+:"), 0))[minus]


def test_a_finer_resolution_tells_more_costs_apart(grammar: Grammar) -> None:
    weights = Weights(unigram={p.key: 1.0 + i for i, p in enumerate(grammar.productions(grammar.start))})
    coarse, fine = (set(Costs(grammar, weights, resolution).least(grammar.start)) for resolution in (1.0, 10.0))
    assert len(coarse) < len(fine)


def test_the_description_length_is_that_of_the_probabilistic_grammar(grammar: Grammar) -> None:
    domain = load_domain("integers")
    program = domain.parse("(lambda (lambda (+ $1 $0)))")
    count = len(grammar.productions(grammar.start))
    assert Costs(grammar).nats(program) == pytest.approx(3 * math.log(count), rel=0.2)
    assert math.isinf(Costs(grammar).nats(domain.parse("(lambda (lambda (lambda $0)))")))


def test_literals_of_constant_slots_cost_by_their_length(grammar: Grammar) -> None:
    costs = Costs(grammar)
    assert costs.literal(Literal(3, INT)) < costs.literal(Literal(3_000_000, INT))
