"""Contextual probabilities, sampling, likelihood, refit."""

from __future__ import annotations

import math
import random

import pytest

from dsl.domain import load_domain
from dsl.grammar import Nonterminal, any_constant, nonterminal_symbol
from dsl.printing import parse_term
from dsl.probability import (
    ROOT,
    ProbabilisticGrammar,
    WeightedProgram,
    Weights,
    literal_log_probability,
    sample_literal,
    types_within,
)
from dsl.rules import from_rules
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable
from dsl.types import BOOL, INT, STRING, Type, bit_vector, parse_type

PLUS = Operator("+", parse_type("int -> int -> int"))
START = Nonterminal(INT, (INT,), "S")
ONE = Literal(1, INT)


def arithmetic() -> ProbabilisticGrammar:
    s = nonterminal_symbol(START)
    return ProbabilisticGrammar(from_rules(START, {START: [Variable(0), ONE, Application(PLUS, (s, s))]}))


def program(text: str) -> Term:
    return parse_term(text, lambda name, arity: PLUS if (name, arity) == ("+", 2) else None)


def test_probabilities_of_a_nonterminal_sum_to_one_in_every_context() -> None:
    grammar = arithmetic()
    learned = ProbabilisticGrammar(grammar.grammar, grammar.refit([[WeightedProgram(program("(lambda (+ $0 1))"))]]))
    for context in (ROOT, ("+:int -> int -> int", 0), ("+:int -> int -> int", 1), ("never seen", 3)):
        assert sum(learned.probabilities(START, context)) == pytest.approx(1)


def test_likelihood_is_the_product_of_the_choices() -> None:
    assert arithmetic().log_likelihood(program("(lambda (+ $0 1))")) == pytest.approx(3 * math.log(1 / 3))
    assert arithmetic().log_likelihood(program("(lambda 7)")) == -math.inf


def test_ambiguous_derivations_add_up() -> None:
    other = Nonterminal(INT, (INT,), "Other")
    s, o = nonterminal_symbol(START), nonterminal_symbol(other)
    grammar = from_rules(START, {START: [Application(PLUS, (s, s)), Application(PLUS, (o, s)), ONE], other: [ONE]})
    weighted = ProbabilisticGrammar(grammar)
    derivation = grammar.derive(program("(lambda (+ 1 1))"))
    assert derivation is not None
    one = weighted.derivation_log_likelihood(derivation)
    both = weighted.log_likelihood(program("(lambda (+ 1 1))"))
    # Both + productions share the weight of one head: ½ each beside 1 for the literal.
    assert math.exp(one) == pytest.approx(0.25 * 0.5 * 0.5)
    assert math.exp(both) == pytest.approx(0.25 * 0.5 * 0.5 + 0.25 * 1 * 0.5)


def test_a_refit_learns_which_argument_takes_what() -> None:
    grammar = arithmetic()
    frontier = [WeightedProgram(program("(lambda (+ $0 1))"))]
    learned = ProbabilisticGrammar(grammar.grammar, grammar.refit([frontier] * 20))
    left = learned.probabilities(START, ("+:int -> int -> int", 0))
    right = learned.probabilities(START, ("+:int -> int -> int", 1))
    assert left[0] > 0.8
    assert right[1] > 0.8


def test_programs_outside_the_grammar_do_not_count() -> None:
    grammar = arithmetic()
    inside, outside = WeightedProgram(program("(lambda 1)")), WeightedProgram(program("(lambda 9)"))
    assert grammar.refit([[inside]]) == grammar.refit([[inside, outside], [outside]])


def test_the_better_program_of_a_frontier_counts_more() -> None:
    grammar = arithmetic()
    frontier = [WeightedProgram(program("(lambda 1)")), WeightedProgram(program("(lambda $0)"), log_likelihood=-3.0)]
    counts = grammar.expected_counts([frontier])
    assert counts.uses[ROOT]["literal 1:int"] == pytest.approx(1 / (1 + math.exp(-3)))
    assert sum(counts.uses[ROOT].values()) == pytest.approx(1)


def test_unseen_productions_weigh_as_much_as_the_mean_of_the_seen() -> None:
    grammar = arithmetic().grammar
    weights = Weights(unigram={"variable 0:int": 3.0, "literal 1:int": 1.0})
    assert weights.of(ROOT, grammar.productions(START)) == [3.0, 1.0, 2.0]


def test_weights_carry_over_to_another_grammar_by_production_key() -> None:
    learned = arithmetic().refit([[WeightedProgram(program("(lambda (+ $0 $0))"))]] * 10)
    narrower = from_rules(START, {START: [Variable(0), ONE]})
    probabilities = ProbabilisticGrammar(narrower, learned).probabilities(START, ("+:int -> int -> int", 0))
    assert probabilities[0] > 0.7


def test_equal_seeds_give_equal_samples() -> None:
    grammar = load_domain("lists").grammar("list(int) -> int")
    assert [grammar.sample(random.Random(5), 12) for _ in range(3)] == [
        grammar.sample(random.Random(5), 12) for _ in range(3)
    ]
    again = load_domain("lists").grammar("list(int) -> int")
    assert [again.sample(random.Random(s), 12) for s in range(50)] == [
        grammar.sample(random.Random(s), 12) for s in range(50)
    ]


def test_a_large_budget_needs_no_recursion() -> None:
    s = nonterminal_symbol(START)
    grow = from_rules(START, {START: [Application(PLUS, (s, ONE)), ONE]})
    weights = Weights(unigram={"+:int -> int -> int": 10**6, "literal 1:int": 1.0})
    deep = ProbabilisticGrammar(grow, weights).sample(random.Random(0), 20_001)
    assert isinstance(deep, Lambda)
    assert deep.depth > 1000
    assert ProbabilisticGrammar(grow, weights).log_likelihood(deep) > -math.inf


@pytest.mark.parametrize("type_", [INT, BOOL, STRING, bit_vector(3)])
def test_sampled_literals_occur_as_often_as_they_should(type_: Type) -> None:
    chance = random.Random(1)
    drawn: dict[Literal, int] = {}
    for _ in range(20_000):
        literal = sample_literal(chance, type_)
        drawn[literal] = drawn.get(literal, 0) + 1
    for literal, count in sorted(drawn.items(), key=lambda item: -item[1])[:5]:
        expected = 20_000 * math.exp(literal_log_probability(literal))
        assert abs(count - expected) < 6 * math.sqrt(expected)


def test_literals_of_constant_slots_have_a_description_length() -> None:
    grammar = ProbabilisticGrammar(from_rules(START, {START: [any_constant(INT)]}))
    assert grammar.log_likelihood(program("(lambda 0)")) == pytest.approx(math.log(1 / 2))
    assert grammar.log_likelihood(program("(lambda 1000)")) < grammar.log_likelihood(program("(lambda 10)"))


def test_a_context_says_of_which_types_the_terms_below_it_are() -> None:
    key = "lists.fold:(int -> list(int) -> bool) -> list(int) -> bool"
    function = parse_type("int -> list(int) -> bool")
    assert types_within((key, 0)) == (function, parse_type("list(int) -> bool"), BOOL)
    assert types_within((key, 1)) == (parse_type("list(int)"),)
    assert types_within((key, 2)) == ()
    assert types_within(ROOT) is None
