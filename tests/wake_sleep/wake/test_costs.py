"""Integer costs: levels, classes and shifts."""

import math
import random

import pytest

from dsl.domain import load_domain
from dsl.grammar import Derivation, Grammar, Nonterminal
from dsl.probability import ROOT, Context, Weights, child_holes
from dsl.terms import Literal
from dsl.types import BOOL, INT
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


def drawn_weights(derivations: list[Derivation], seed: int) -> Weights:
    """Weights of the productions of some derivations at random, in half of the contexts there."""
    draw = random.Random(seed)
    keys = dict.fromkeys(here.production.key for derivation in derivations for here in derivation.preorder())
    contexts = dict.fromkeys(
        context for d in derivations for here in d.preorder() for _, context in child_holes(here.production, ROOT)
    )
    chosen = [context for context in contexts if draw.random() < 0.5]
    rows = {c: {key: draw.uniform(0.01, 1.0) for key in keys} for c in chosen}
    return Weights(rows, {key: draw.uniform(0.01, 1.0) for key in keys})


def total_cost(costs: Costs, derivation: Derivation, context: Context) -> int:
    """The sum of κ over the productions of a derivation."""
    place = costs.grammar.productions(derivation.nonterminal).index(derivation.production)
    below = zip(derivation.children, child_holes(derivation.production, context), strict=True)
    return costs.of(derivation.nonterminal, context)[place] + sum(total_cost(costs, d, c) for d, (_, c) in below)


def level(costs: Costs, derivation: Derivation, context: Context) -> tuple[int, int]:
    """The level of a term and the class of its root; a λ costs what its context says."""
    nonterminal, production = derivation.nonterminal, derivation.production
    place = costs.grammar.productions(nonterminal).index(production)
    total = costs.least(nonterminal)[place]
    for child, (_, c) in zip(derivation.children, child_holes(production, context), strict=True):
        below, class_ = level(costs, child, c)
        total += below + costs.shift(class_, c)
    return total, costs.classes(nonterminal)[place]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("name", "request_"),
    [("integers", "int -> int -> int"), ("strings", "str -> str"), ("lists", "list(int) -> int -> list(int)")],
)
def test_the_level_of_a_program_and_the_shift_of_its_root_are_what_its_productions_cost(
    name: str, request_: str, seed: int
) -> None:
    grammar = load_domain(name).grammar(request_)
    draw = random.Random(seed)
    derivations = [d for _ in range(25) if (d := grammar.derive(grammar.sample(draw, 14))) is not None]
    costs = Costs(grammar, drawn_weights(derivations, seed), resolution=2.0, uniform_share=0.1)
    for derivation in derivations:
        own, class_ = level(costs, derivation, ROOT)
        assert own + costs.shift(class_, ROOT) == total_cost(costs, derivation, ROOT)


def test_contexts_that_want_other_types_do_not_count() -> None:
    grammar = load_domain("strings").grammar("str -> str")
    number, condition = (Nonterminal(type_, grammar.start.environment) for type_ in (INT, BOOL))
    contains = next(p.key for p in grammar.productions(condition) if p.key.startswith("str.contains:"))
    keys = [p.key for p in grammar.productions(number)]
    weights = Weights({(contains, 0): {keys[0]: 1e6}}, dict.fromkeys(keys, 1.0))
    costs, plain = Costs(grammar, weights), Costs(grammar, Weights(unigram=weights.unigram))
    assert costs.least(number) == plain.least(number)
    assert len(set(costs.classes(number))) == 1
    with pytest.raises(ValueError, match="has no productions of class"):
        costs.shift(costs.classes(number)[0], (contains, 0))


def test_a_level_of_its_own_is_never_shifted(grammar: Grammar) -> None:
    costs = Costs(grammar, learned(grammar), resolution=3.0)
    assert [costs.shift(costs.unshifted, c) for c in (ROOT, (key_of(grammar, "+:"), 0), ("f:int", 0))] == [0, 0, 0]
    assert Costs(grammar).unshifted == Costs(grammar).classes(grammar.start)[0]
