"""Conditionals are found by what they mean, not by their names."""

import numpy as np
import pytest

from dsl.domain import load_domain
from dsl.grammar import Grammar, Nonterminal, nonterminal_symbol
from dsl.printing import parse_term
from dsl.rules import from_rules
from dsl.terms import MACRO, Application, Operator, Variable, abstract
from dsl.types import BOOL, Type, arrow, bit_vector
from wake_sleep.wake.columns.conditionals import conditionals

BITVECTORS = load_domain("bitvectors")
WORD = bit_vector(8)
START = Nonterminal(WORD, (WORD,), "Start")
TEST = Nonterminal(BOOL, (WORD,), "Test")


def macro(body: str, *parameters: Type) -> Operator:
    term = parse_term(body, BITVECTORS.operator)
    return Operator("m", arrow(*parameters, WORD), MACRO, abstract(term, len(parameters)))


def grammar_with(operator: Operator, *children: Nonterminal) -> Grammar:
    equality = parse_term("(= $0 $0)", BITVECTORS.operator)
    rule = Application(operator, tuple(map(nonterminal_symbol, children)))
    return from_rules(START, {START: [Variable(0), rule], TEST: [equality]})


def test_ite_is_a_conditional_that_tests_its_first_argument() -> None:
    operator = BITVECTORS.operator("ite", 3)
    assert operator is not None
    found = list(conditionals(grammar_with(operator, TEST, START, START), BITVECTORS))
    assert [(c.subject, c.then, c.otherwise, c.tested) for c in found] == [(0, 1, 2, TEST)]


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ("(ite (= $2 #x01) $1 $0)", (0, 1, 2)),
        ("(ite (bvult@8 $0 #x07) $2 $1)", (2, 0, 1)),
        ("(ite (not (= $1 #x00)) $0 $2)", (1, 2, 0)),
    ],
)
def test_a_macro_that_chooses_by_a_test_is_one(body: str, places: tuple[int, int, int]) -> None:
    found = list(conditionals(grammar_with(macro(body, WORD, WORD, WORD), START, START, START), BITVECTORS))
    assert [(c.subject, c.then, c.otherwise) for c in found] == [places]


def test_the_test_of_a_macro_is_computed_from_its_subject() -> None:
    operator = macro("(ite (= $2 #x01) $1 $0)", WORD, WORD, WORD)
    (found,) = conditionals(grammar_with(operator, START, START, START), BITVECTORS)
    values = np.array([[0, 1, 2]], np.uint64)
    assert found.test(values, values, values).tolist() == [[False, True, False]]


@pytest.mark.parametrize(
    "body",
    ["(bvadd@8 $2 (bvadd@8 $1 $0))", "(ite (= $2 $1) $1 $0)", "(ite (= $2 #x01) $1 $1)", "(ite (= $2 #x01) $1 #x00)"],
)
def test_other_macros_are_none(body: str) -> None:
    operator = macro(body, WORD, WORD, WORD)
    assert list(conditionals(grammar_with(operator, START, START, START), BITVECTORS)) == []
