"""Grammars that files state survive what programs cannot choose: size, depth, another process."""

from __future__ import annotations

import pickle

from dsl.grammar import Nonterminal, nonterminal_symbol
from dsl.rules import from_rules
from dsl.terms import Application, Literal, Operator, Term, Variable, abstract
from dsl.types import INT, parse_type

PLUS = Operator("+", parse_type("int -> int -> int"))
START = Nonterminal(INT, (INT,), "S")


def nested(depth: int) -> Term:
    term: Term = nonterminal_symbol(START)
    for _ in range(depth):
        term = Application(PLUS, (term, Literal(1, INT)))
    return term


def test_a_right_hand_side_may_be_nested_deeply() -> None:
    grammar = from_rules(START, {START: [Variable(0), nested(3_000)]})
    program: Term = Variable(0)
    for _ in range(3_000):
        program = Application(PLUS, (program, Literal(1, INT)))
    assert grammar.derive(abstract(program, 1)) is not None
    assert grammar.derive(abstract(Application(PLUS, (program, Literal(1, INT))), 1)) is None


def test_a_grammar_survives_pickling() -> None:
    grammar = from_rules(START, {START: [Variable(0), nested(2)]})
    twice = Operator(
        "twice", parse_type("int -> int"), "abstraction", abstract(Application(PLUS, (Variable(0),) * 2), 1)
    )
    for original in (grammar, grammar.with_abstractions([twice])):
        copy = pickle.loads(pickle.dumps(original))
        assert copy == original
        assert copy.rules == original.rules


def test_small_nested_terms_are_named_in_full() -> None:
    assert "#(+ S 1)" in str(from_rules(START, {START: [Variable(0), nested(2)]}))
