"""Linear formulas mean what the terms they were read from mean."""

from __future__ import annotations

import itertools
import random

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.terms import Variable
from wake_sleep.wake.linear.formula import (
    FALSE,
    TRUE,
    Affine,
    NotLinear,
    Reader,
    atom,
    conjoined,
    disjoined,
    holds,
    negated,
    put,
)

INTEGERS = load_domain("integers")
POINTS = list(itertools.product(range(-3, 4), repeat=2))


def read(text: str):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """The formula of a term over two integers, the last of which is $0."""
    return Reader(lambda variable: 1 - variable.index, [False, False]).formula(INTEGERS.parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "(< $0 $1)",
        "(<= (+ $0 (* 2 $1)) 3)",
        "(= (- $0 $1) (- 2))",
        "(distinct $0 (ite (< $1 0) 1 $1))",
        "(and (> $0 1) (or (not (= $1 2)) (=> (< $0 $1) (>= $0 0))))",
        "(xor (< $0 1) (< $1 1))",
        "(= (< $0 1) (not (< $1 1)))",
        "(ite (= $0 $1) (< $0 2) (> $1 0))",
        "(< (abs $0) (+ 1 (abs (- $1 1))))",
    ],
)
def test_a_formula_holds_where_its_term_is_true(text: str) -> None:
    formula = read(text)
    cells = Evaluation(INTEGERS, POINTS).column(INTEGERS.parse(text))
    assert [holds(formula, point) for point in POINTS] == cells
    assert [holds(negated(formula), point) for point in POINTS] == [not cell for cell in cells]


@pytest.mark.parametrize("text", ["(= (* $0 $1) 1)", "(= (div $0 2) 1)", "(< (mod $0 $1) 1)"])
def test_what_is_not_linear_is_refused(text: str) -> None:
    with pytest.raises(NotLinear):
        read(text)


def test_a_form_in_the_place_of_a_variable_is_its_value_there() -> None:
    formula = read("(and (< $0 $1) (= (+ $0 $1) 3))")
    form = Affine((2, 0), 1)
    for x, y in POINTS:
        assert holds(put(formula, 1, form), (x, y)) == holds(formula, (x, form.at((x, y))))


def test_atoms_are_in_lowest_terms() -> None:
    assert atom(Affine((2, 4), 3), ">=") == atom(Affine((1, 2), 1), ">=")
    assert atom(Affine((2, 4), 3), "=") == FALSE
    assert atom(Affine((0, 0), -1), "!=") == TRUE
    assert atom(Affine((-1, 0), 2), "=") == atom(Affine((1, 0), -2), "=")


def test_of_parallel_inequalities_the_one_that_matters_is_kept() -> None:
    weak, strong = atom(Affine((1, 0), 5), ">="), atom(Affine((1, 0), 2), ">=")
    assert conjoined([weak, strong]) == strong
    assert disjoined([weak, strong]) == weak
    assert conjoined([weak, negated(weak)]) == FALSE


def test_random_formulas_keep_their_meaning() -> None:
    draw = random.Random(5)

    def term(depth: int) -> str:
        if depth == 0 or draw.random() < 0.2:
            one, two = (f"(+ {draw.choice(['$0', '$1', '1'])} (* {draw.randint(-2, 2)} $0))" for _ in range(2))
            return f"({draw.choice(['<', '<=', '=', 'distinct'])} {one} {two})"
        name = draw.choice(["and", "or", "=>", "xor"])
        return f"({name} {term(depth - 1)} {term(depth - 1)})"

    for _ in range(60):
        text = term(3)
        cells = Evaluation(INTEGERS, POINTS).column(INTEGERS.parse(text))
        formula = read(text)
        assert [holds(formula, point) for point in POINTS] == cells, text


def test_variables_stand_where_they_are_put() -> None:
    assert Reader(lambda variable: variable.index, [False]).formula(INTEGERS.parse("(< $0 1)")) == atom(
        Affine((-1,), 0), ">="
    )
    assert isinstance(INTEGERS.parse("$0"), Variable)
