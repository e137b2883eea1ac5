"""Evaluation over columns says what evaluation input by input says."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from dsl.batched import LARGEST_INTEGER, BatchedEvaluation, Status, column_of, is_batched, supports
from dsl.domain import Domain, load_domain
from dsl.domains.core import core
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.evaluate import Evaluation
from dsl.limits import EXHAUSTED
from dsl.printing import parse_term
from dsl.terms import ABSTRACTION, MACRO, Application, Lambda, Operator, Term, Variable, abstract
from dsl.types import BOOL, INT, STRING, Type, arrow, bit_vector, list_of
from dsl.values import BOTTOM, Bottom, Value

BV8, BV64 = bit_vector(8), bit_vector(64)

truth = Domain("truth", "Booleans that may be missing, for these tests", include=[core])

Truths = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


def _truth_columns(code: Numbers) -> tuple[Truths, npt.NDArray[np.uint8]]:
    return code == 1, np.where(code < 2, 0, code - 1).astype(np.uint8)


@truth.primitive("int -> bool", name="truth", batched=_truth_columns)
def truth_of(code: int) -> bool | Bottom:
    """False, true, ⊥ and out of steps for 0, 1, 2 and 3."""
    if code == 3:
        raise LimitExceeded("by request")
    return BOTTOM if code == 2 else code == 1


@truth.primitive(name="yes", batched=lambda: np.True_)
def yes() -> bool:
    """True."""
    return True


@truth.primitive(name="plain")
def plain(a: bool) -> bool:
    """A primitive without a batched meaning."""
    return a


def term(text: str, domain: Domain) -> Term:
    return parse_term(text, domain.operator)


def cells(text: str, domain: Domain, inputs: list[tuple[Value, ...]], *types: Type) -> list[object]:
    return list(BatchedEvaluation(domain, inputs, types).column(term(text, domain)).cells())


@pytest.mark.parametrize("type_", [BOOL, INT, bit_vector(1), BV64], ids=str)
def test_small_scalar_types_are_batched(type_: Type) -> None:
    assert is_batched(type_)


@pytest.mark.parametrize("type_", [STRING, list_of(INT), bit_vector(65), arrow(INT, INT)], ids=str)
def test_other_types_are_not_batched(type_: Type) -> None:
    assert not is_batched(type_)
    with pytest.raises(TypeMismatch, match="not batched"):
        column_of([], type_)


CONNECTIVES = [
    "(and {1} {0})",
    "(or {1} {0})",
    "(=> {1} {0})",
    "(xor {1} {0})",
    "(= {1} {0})",
    "(not {0})",
    "(and {2} {1} {0})",
    "(or {2} {1} {0})",
    "(=> {2} {1} {0})",
    "(xor {2} {1} {0})",
    "(= {2} {1} {0})",
    "(distinct {2} {1} {0})",
    "(ite {2} {1} {0})",
]


@pytest.mark.parametrize("pattern", CONNECTIVES)
def test_missing_truths_count_as_in_evaluation_input_by_input(pattern: str) -> None:
    text = pattern.format(*(f"(truth ${i})" for i in range(3)))
    inputs: list[tuple[Value, ...]] = list(itertools.product(range(4), repeat=3))
    assert cells(text, truth, inputs, INT, INT, INT) == Evaluation(truth, inputs).column(term(text, truth))


def test_bottom_of_a_branch_not_taken_does_not_count() -> None:
    domain = load_domain("integers")
    text = "(ite (= $0 0) 7 (div $1 $0))"
    assert cells(text, domain, [(10, 0), (10, 5), (9, -2)], INT, INT) == [7, 2, -4]


def test_bottom_is_strict() -> None:
    assert cells("(+ 1 (div $1 $0))", load_domain("integers"), [(10, 0), (10, 5)], INT, INT) == [BOTTOM, 3]


def test_an_exhausted_argument_outweighs_bottom() -> None:
    domain = load_domain("integers")
    text = "(+ (* $1 $1) (div $1 $0))"
    assert cells(text, domain, [(2**40, 0), (4, 0), (2**40, 1)], INT, INT) == [EXHAUSTED, BOTTOM, EXHAUSTED]


@pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1, 10**30])
def test_an_integer_beyond_the_range_is_exhausted(value: int) -> None:
    domain = load_domain("integers")
    assert cells("$0", domain, [(value,)], INT) == [EXHAUSTED]
    assert cells(f"(ite (< $0 0) {value} 5)", domain, [(-1,), (1,)], INT) == [EXHAUSTED, 5]


@pytest.mark.parametrize("text", ["(+ $1 $0)", "(- $1 $0)", "(* $1 $0)", "(- $0)", "(abs $1)"])
def test_integers_are_exact_or_exhausted(text: str) -> None:
    domain = load_domain("integers")
    extremes = (0, 1, -1, 2**31, -(2**32), 2**61 + 1, LARGEST_INTEGER, -LARGEST_INTEGER)
    inputs: list[tuple[Value, ...]] = list(itertools.product(extremes, repeat=2))
    expected = Evaluation(domain, inputs).column(term(text, domain))
    for computed, exact in zip(cells(text, domain, inputs, INT, INT), expected, strict=True):
        assert isinstance(exact, int)
        assert computed == (exact if abs(exact) <= LARGEST_INTEGER else EXHAUSTED)


@pytest.mark.parametrize(
    "text", ["(- $2 $1 $0)", "(< $2 $1 $0)", "(div $2 $1 $0)", "(+ $2 $1 $0 1)", "(distinct $2 $1 $0 4)"]
)
def test_operators_of_many_arguments_are_folded(text: str) -> None:
    domain = load_domain("integers")
    inputs: list[tuple[Value, ...]] = list(itertools.product((-3, 0, 1, 4), repeat=3))
    assert cells(text, domain, inputs, INT, INT, INT) == Evaluation(domain, inputs).column(term(text, domain))


def test_cells_are_values_of_python() -> None:
    domain = load_domain("bitvectors")
    inputs: list[tuple[Value, ...]] = [(2**64 - 1, 1), (5, 5)]
    columns = BatchedEvaluation(domain, inputs, [BV64, BV64])
    total = columns.column(term("(bvadd@64 $1 $0)", domain))
    assert [(type(c), c) for c in total.cells()] == [(int, 0), (int, 10)]
    assert total.values.dtype == np.uint64
    assert [type(c) for c in columns.column(term("(= $1 $0)", domain)).cells()] == [bool, bool]


def test_a_literal_and_a_nullary_primitive_fill_a_column() -> None:
    assert cells("#xff", load_domain("bitvectors"), [(1,), (2,)], BV8) == [255, 255]
    assert cells("(or (truth $0) yes)", truth, [(0,), (1,), (2,)], INT) == [True, True, BOTTOM]


def test_there_may_be_no_inputs() -> None:
    assert cells("(+ $0 1)", load_domain("integers"), [], INT) == []


def test_columns_cannot_be_changed() -> None:
    column = BatchedEvaluation(truth, [(1,)], [INT]).column(term("(truth $0)", truth))
    with pytest.raises(ValueError, match="read-only"):
        column.values[0] = False
    with pytest.raises(ValueError, match="read-only"):
        column.status[0] = Status.BOTTOM


def test_cells_without_a_value_hold_zero_for_the_next_primitive() -> None:
    column = BatchedEvaluation(load_domain("integers"), [(6, 0), (6, 3)], [INT, INT]).column(
        term("(div $1 $0)", load_domain("integers"))
    )
    assert column.values.tolist() == [0, 2]
    assert column.status.tolist() == [Status.BOTTOM, Status.OK]


# Macros and abstractions.


def definition(kind: str, text: str, parameters: int) -> Operator:
    domain = load_domain("integers")
    return Operator("f", arrow(*[INT] * parameters, INT), kind, abstract(term(text, domain), parameters))


@pytest.mark.parametrize("kind", [MACRO, ABSTRACTION])
def test_a_definition_is_computed_on_columns(kind: str) -> None:
    domain = load_domain("integers")
    twice = Application(definition(kind, "(+ $0 $0)", 1), (Variable(0),))
    nested = Application(definition(kind, "(+ $0 $0)", 1), (twice,))
    assert supports(nested, domain)
    assert BatchedEvaluation(domain, [(3,), (-1,)], [INT]).column(nested).cells() == [12, -4]


def test_an_argument_that_a_definition_does_not_use_does_not_count() -> None:
    domain = load_domain("integers")
    second = Application(definition(MACRO, "$0", 2), (term("(div 1 $0)", domain), Variable(0)))
    inputs: list[tuple[Value, ...]] = [(0,), (2,)]
    assert BatchedEvaluation(domain, inputs, [INT]).column(second).cells() == [0, 2]
    assert Evaluation(domain, inputs).column(second) == [0, 2]


def test_macros_that_call_each_other_twice_do_not_take_forever() -> None:
    domain = load_domain("integers")
    last = definition(MACRO, "$0", 1)
    for _ in range(60):
        body = Application(last, (Application(last, (term("(+ $0 1)", domain),)),))
        last = Operator("f", last.type, MACRO, Lambda(body))
    column = BatchedEvaluation(domain, [(1,)], [INT]).column(Application(last, (Variable(0),)))
    assert column.cells() == [EXHAUSTED]


def test_a_definition_of_a_name_without_columns_is_not_supported() -> None:
    hidden = Operator("g", arrow(BOOL, BOOL), MACRO, Lambda(term("(plain $0)", truth)))
    assert not supports(Application(hidden, (term("yes", truth),)), truth)


# Terms that are large or have no columns.


def test_a_term_ten_thousand_levels_deep_is_evaluated() -> None:
    domain = load_domain("bitvectors")
    plus = domain.operator("bvadd@8", 2)
    assert plus is not None
    deep: Term = Variable(0)
    for _ in range(10_000):
        deep = Application(plus, (deep, Variable(0)))
    assert BatchedEvaluation(domain, [(1,), (2,)], [BV8]).column(deep).cells() == [10_001 % 256, 20_002 % 256]


def test_a_shared_sub_term_is_computed_once() -> None:
    domain = load_domain("bitvectors")
    plus = domain.operator("bvadd@64", 2)
    assert plus is not None
    doubled: Term = Variable(0)
    for _ in range(60):
        doubled = Application(plus, (doubled, doubled))
    assert BatchedEvaluation(domain, [(3,)], [BV64]).column(doubled).cells() == [3 << 60]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("strings", '(str.len "a")'),
        ("strings", '(= $0 "a")'),
        ("strings", "(str.++ $0 $0)"),
        ("lists", "(map (lambda (+ $0 1)) $0)"),
        ("bitvectors", "(bvadd@65 $0 $0)"),
        ("bitvectors", "((_ zero_extend 1 @64) $0)"),
        ("bitvectors", "(concat@32.33 $1 $0)"),
    ],
)
def test_a_term_without_columns_is_not_supported(name: str, text: str) -> None:
    domain = load_domain(name)
    assert not supports(term(text, domain), domain)


def test_a_primitive_without_batched_meaning_is_refused_by_name() -> None:
    with pytest.raises(DomainError, match="primitive plain of domain truth has no batched meaning"):
        cells("(plain (truth $0))", truth, [(1,)], INT)


def test_a_function_is_refused() -> None:
    with pytest.raises(TypeMismatch, match="no first-order term"):
        cells("(lambda $0)", truth, [(1,)], INT)


def test_a_variable_without_column_is_refused() -> None:
    with pytest.raises(TypeMismatch, match=r"variable \$1 has no value"):
        cells("$1", truth, [(1,)], INT)


def test_inputs_of_a_type_without_columns_are_refused() -> None:
    with pytest.raises(TypeMismatch, match="values of type str are not batched"):
        BatchedEvaluation(load_domain("strings"), [("a",)], [STRING])
