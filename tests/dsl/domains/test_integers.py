"""The domain of integers: meanings in Python and over columns."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.batched import LARGEST_INTEGER, Status
from dsl.domain import Primitive, load_domain
from dsl.domains.core import core
from dsl.domains.integers import integers
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.limits import LARGEST_SIZE
from dsl.printing import parse_term
from dsl.types import BOOL, INT, Type
from dsl.values import BOTTOM, Value

CORNERS: list[Value] = [0, 1, -1, 2, -3, 7, 2**31, 3 * 10**9, -(2**61), 2**62 - 1, 2**62, -(2**62)]


def value(text: str, *arguments: Value) -> object:
    return evaluate(parse_term(text, integers.operator), arguments, integers)


def named(name: str, arity: int) -> Primitive:
    found = integers.find(name, arity)
    assert found is not None
    return found


def test_the_domain_is_installed() -> None:
    assert load_domain("integers") is integers


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient", "remainder"),
    [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -3, 1), (-7, -2, 4, 1), (6, -3, -2, 0), (-1, 10**30, -1, 10**30 - 1)],
)
def test_division_leaves_a_remainder_that_is_not_negative(
    dividend: int, divisor: int, quotient: int, remainder: int
) -> None:
    program = "(lambda (lambda ({} $1 $0)))"
    assert value(program.format("div"), dividend, divisor) == quotient
    assert value(program.format("mod"), dividend, divisor) == remainder
    assert divisor * quotient + remainder == dividend


@pytest.mark.parametrize("text", ["(div 1 0)", "(mod 1 0)", "(div 1 0 2)", "(+ 1 (mod 0 0))"])
def test_division_by_zero_has_no_value(text: str) -> None:
    assert value(text) is BOTTOM


@pytest.mark.parametrize("text", ["(ite true 1 (div 1 0))", "(ite false (mod 1 0) 1)"])
def test_a_branch_that_is_not_taken_may_have_no_value(text: str) -> None:
    assert value(text) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(- 10 1 2)", 7),
        ("(- 10)", -10),
        ("(+ 1 2 3 4)", 10),
        ("(* 2 3 4)", 24),
        ("(< 1 2 3)", True),
        ("(< 1 3 3)", False),
        ("(>= 3 3 1)", True),
        ("(= 1 1 2)", False),
        ("(distinct 1 2 1)", False),
        ("(=> true false true)", True),
        ("(=> true true false)", False),
        ("(xor true true true)", True),
        ("(and true true false)", False),
        ("(or false false true)", True),
        ("(implies true false)", False),
        ("(iff false false)", True),
        ("(abs -5)", 5),
    ],
)
def test_more_arguments_are_read_as_smt_lib_reads_them(text: str, expected: Value) -> None:
    assert value(text) == expected


def test_a_product_is_refused_before_it_is_built() -> None:
    huge = 1 << (LARGEST_SIZE * 8)
    with pytest.raises(LimitExceeded):
        named("*", 2).function(huge, huge)


def test_search_is_offered_linear_arithmetic_with_conditionals() -> None:
    searchable = {p.name for p in integers.primitives if p.searchable}
    assert searchable == {"ite", "and", "or", "not", "=", "+", "-", "<", "<="}


BATCHED = [p for p in integers.primitives if p.batched is not None and p.type.parameters]
COLUMNS: dict[Type, list[Value]] = {INT: CORNERS, BOOL: [False, True]}


def expected_cell(function: Callable[..., Any], case: tuple[Value, ...]) -> tuple[Value, int]:
    result = function(*case)
    if result is BOTTOM:
        return 0, Status.BOTTOM
    too_large = not isinstance(result, bool) and abs(result) > LARGEST_INTEGER
    return (0, Status.EXHAUSTED) if too_large else (result, Status.OK)


def assert_batched_agrees(primitive: Primitive, cases: list[tuple[Value, ...]], types: list[Type]) -> None:
    assert primitive.batched is not None
    dtypes = [np.bool_ if t is BOOL else np.int64 for t in types]
    columns: list[npt.NDArray[Any]] = [
        np.array(column, d) for column, d in zip(zip(*cases, strict=True), dtypes, strict=True)
    ]
    result = primitive.batched(*columns)
    values, status = result if isinstance(result, tuple) else (result, np.zeros(len(cases), np.uint8))
    found = [(v if s == Status.OK else 0, s) for v, s in zip(values.tolist(), status.tolist(), strict=True)]
    assert found == [expected_cell(primitive.function, case) for case in cases]


@pytest.mark.parametrize("primitive", BATCHED, ids=lambda p: f"{p.name}/{p.arity}")
@pytest.mark.parametrize("free", [INT, BOOL], ids=str)
def test_columns_hold_what_python_computes(primitive: Primitive, free: Type) -> None:
    types = [free if t.is_polymorphic else t for t in primitive.type.parameters]
    cases = list(itertools.product(*(COLUMNS[t] for t in types)))
    assert_batched_agrees(primitive, cases, types)


@given(st.lists(st.tuples(*[st.integers(-LARGEST_INTEGER, LARGEST_INTEGER)] * 2), min_size=1, max_size=40))
def test_columns_never_hold_a_wrong_number(pairs: list[tuple[Value, ...]]) -> None:
    for name in ("+", "-", "*", "div", "mod"):
        assert_batched_agrees(named(name, 2), pairs, [INT, INT])


def test_every_primitive_of_the_core_has_all_three_meanings() -> None:
    assert all(p.smt is not None and p.batched is not None for p in (*core.primitives, *integers.primitives))
