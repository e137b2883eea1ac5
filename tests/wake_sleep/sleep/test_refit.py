"""Weights fitted to programs of many grammars."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from dsl.domain import load_domain
from dsl.grammar import Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.languages import LanguageSettings
from dsl.printing import parse_term
from dsl.probability import ROOT, UNIFORM, ProbabilisticGrammar, WeightedProgram, Weights
from dsl.rules import from_rules
from dsl.terms import Application, Literal, Operator, Term, Variable, abstract
from dsl.types import INT, STRING, parse_type
from wake_sleep.sleep.refit import Observed, description_length, fit_weights, fit_weights_scaled

PLUS = Operator("+", parse_type("int -> int -> int"))
START = Nonterminal(INT, (INT,), "S")
ONE = Literal(1, INT)


def arithmetic(*constants: int) -> Grammar:
    s = nonterminal_symbol(START)
    literals = [Literal(value, INT) for value in constants or (1,)]
    return from_rules(START, {START: [Variable(0), *literals, Application(PLUS, (s, s))]})


def program(text: str) -> Term:
    return parse_term(text, lambda name, arity: PLUS if (name, arity) == ("+", 2) else None)


def observe(grammar: Grammar, *texts: str, weight: float = 1.0) -> Observed:
    return Observed(grammar, [WeightedProgram(program(text)) for text in texts], weight)


def test_without_smoothing_the_probabilities_are_relative_frequencies() -> None:
    grammar = arithmetic()
    fitted = fit_weights([observe(grammar, "(lambda (+ $0 (+ $0 1)))")], pseudo_count=0.0)
    weighted = ProbabilisticGrammar(grammar, fitted)
    assert weighted.probabilities(START, ROOT) == pytest.approx((0, 0, 1))
    assert weighted.probabilities(START, ("+:int -> int -> int", 0)) == pytest.approx((1, 0, 0))
    assert weighted.probabilities(START, ("+:int -> int -> int", 1)) == pytest.approx((0, 0.5, 0.5))


def test_a_pseudo_count_spreads_as_the_unigram_weights_say() -> None:
    grammar = arithmetic()
    observed = [observe(grammar, "(lambda (+ $0 (+ $0 1)))")] * 10
    fitted = ProbabilisticGrammar(grammar, fit_weights(observed, pseudo_count=1.0))
    unigram = fitted.probabilities(START, ("never seen", 0))
    contextual = fitted.probabilities(START, ROOT)
    assert contextual == pytest.approx([(10 * n + u) / 11 for n, u in zip((0, 0, 1), unigram, strict=True)], rel=1e-3)


def test_keys_are_shared_by_grammars_with_other_constants() -> None:
    few, many = arithmetic(1), arithmetic(1, 2, 3)
    observed = [observe(few, "(lambda (+ $0 1))")] * 50 + [observe(many, "(lambda (+ $0 3))")] * 50
    weights = fit_weights(observed, pseudo_count=0.1)
    there = ProbabilisticGrammar(many, weights).probabilities(START, ("+:int -> int -> int", 1))
    here = ProbabilisticGrammar(few, weights).probabilities(START, ("+:int -> int -> int", 1))
    # Where 3 could be chosen it always was, where it could not 1 was.
    assert there[3] > 0.9
    assert here[1] > 0.9


def test_a_weight_counts_as_so_many_repetitions() -> None:
    grammar = arithmetic()
    first, second = "(lambda (+ $0 1))", "(lambda 1)"
    repeated = fit_weights([observe(grammar, first)] * 3 + [observe(grammar, second)])
    weighted = fit_weights([observe(grammar, first, weight=3), observe(grammar, second)])
    for context, weights in repeated.contextual.items():
        assert weighted.contextual[context] == pytest.approx(weights)


def test_scaling_some_programs_is_giving_them_that_weight() -> None:
    grammar = arithmetic(0, 1)
    underivable = observe(arithmetic(7), "(lambda 7)")
    scaled = [
        observe(grammar, "(lambda (+ 0 0))"),
        Observed(grammar, underivable.frontier),
        observe(grammar, "(lambda (+ 1 0))", weight=2),
    ]
    others = [observe(grammar, "(lambda 1)"), observe(grammar, "(lambda (+ 0 (+ 1 1)))")]
    found = fit_weights_scaled(scaled, others, (1.0, 5.0))
    for factor, weights in zip((1.0, 5.0), found, strict=True):
        again = [Observed(one.grammar, one.frontier, factor * one.weight) for one in scaled]
        assert weights == fit_weights([*again, *others])
    assert found[0] != found[1]


def test_programs_of_a_frontier_share_its_weight_by_their_posterior() -> None:
    grammar = arithmetic()
    single = [observe(grammar, "(lambda (+ $0 1))")] * 20
    frontier = observe(grammar, "(lambda (+ $0 1))", "(lambda (+ 1 $0))")
    split = fit_weights([*single, frontier], rounds=20, pseudo_count=1.0)
    weighted = ProbabilisticGrammar(grammar, split)
    left = weighted.log_likelihood(program("(lambda (+ $0 1))"))
    right = weighted.log_likelihood(program("(lambda (+ 1 $0))"))
    # The corpus prefers $0 on the left, and so the frontier does.
    assert left > right + 3


def test_expectation_maximisation_climbs_on_ambiguous_grammars() -> None:
    other = Nonterminal(INT, (INT,), "Other")
    s, o = nonterminal_symbol(START), nonterminal_symbol(other)
    grammar = from_rules(
        START,
        {START: [Application(PLUS, (s, s)), Application(PLUS, (o, s)), ONE, Variable(0)], other: [ONE, Variable(0)]},
    )
    observed = [observe(grammar, "(lambda (+ 1 (+ $0 1)))"), observe(grammar, "(lambda (+ 1 1))")]
    lengths = [
        description_length(observed, fit_weights(observed, rounds=rounds, pseudo_count=0.0)) for rounds in range(1, 6)
    ]
    assert all(later <= earlier + 1e-9 for earlier, later in itertools.pairwise(lengths))
    assert lengths[0] < description_length(observed, UNIFORM)


def test_the_description_length_is_the_likelihood_of_the_grammar() -> None:
    domain = load_domain("lists")
    chance = random.Random(1)
    observed, nats = [], 0.0
    weights = Weights(unigram={"$": 1.0, "+:int -> int -> int": 3.0, "map": 2.0})
    for constants in ((), (Literal(17, INT),)):
        grammar = domain.grammar("list(int) -> list(int)", LanguageSettings(constants=constants))
        weighted = ProbabilisticGrammar(grammar, weights)
        for _ in range(20):
            sampled = grammar.sample(chance, 7)
            observed.append(Observed(grammar, [WeightedProgram(sampled)]))
            nats -= weighted.log_likelihood(sampled)
    assert description_length(observed, weights) == pytest.approx(nats / len(observed))


def test_literals_of_constant_slots_take_their_own_nats() -> None:
    start = Nonterminal(STRING, (), "S")
    grammar = from_rules(start, {start: [any_constant(STRING), Literal("a", STRING)]})
    observed = [Observed(grammar, [WeightedProgram(Literal("b", STRING))])]
    expected = -ProbabilisticGrammar(grammar).log_likelihood(Literal("b", STRING))
    assert description_length(observed, UNIFORM) == pytest.approx(expected)


def test_programs_outside_their_grammar_are_left_out() -> None:
    grammar = arithmetic()
    outside = observe(grammar, "(lambda 7)")
    inside = observe(grammar, "(lambda 1)")
    assert description_length([outside, inside], UNIFORM) == pytest.approx(math.log(3))
    assert description_length([outside], UNIFORM) == 0.0
    assert fit_weights([outside], start := Weights(unigram={"x": 2.0})) is start


def test_fitting_saves_nats_on_programs_of_other_types() -> None:
    domain = load_domain("lists")
    chance = random.Random(0)
    source = domain.grammar("list(int) -> list(int)")
    target = domain.grammar("list(int) -> int -> list(int)")
    peaked = Weights(unigram={"car:list(t0) -> t0": 5.0})
    weighted = ProbabilisticGrammar(source, peaked)
    observed = [Observed(source, [WeightedProgram(weighted.sample(chance, 8))]) for _ in range(300)]
    weights = fit_weights(observed)
    unseen = [WeightedProgram(abstract(weighted.sample(chance, 8), 0)) for _ in range(50)]
    assert description_length([Observed(source, [p]) for p in unseen], weights) < description_length(
        [Observed(source, [p]) for p in unseen], UNIFORM
    )
    assert all(p > 0 for p in ProbabilisticGrammar(target, weights).probabilities(target.start))
