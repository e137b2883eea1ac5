"""Kernels compute what the reference interpreter computes."""

import random

import numpy as np
import pytest

from dsl.domain import Domain, load_domain
from dsl.domains.core import core
from dsl.evaluate import Evaluation
from dsl.printing import parse_term
from dsl.terms import MACRO, Application, Operator, Term, Variable, abstract
from dsl.types import BOOL, INT, STRING, Type, arrow, bit_vector
from dsl.values import Bottom, Value
from wake_sleep.wake.columns.kernels import dtype_of, is_columnar, kernel_of, term_kernel

BITVECTORS = load_domain("bitvectors")
BINARY = [
    *("bvand", "bvor", "bvxor", "bvadd", "bvsub", "bvmul", "bvudiv", "bvurem", "bvsdiv", "bvsrem"),
    *("bvshl", "bvlshr", "bvashr", "bvult", "bvule", "bvslt", "bvsle", "bvcomp", "bvnand"),
]

partial = Domain("halves", "a partial primitive, for these tests", include=[core])


def _half_columns(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return a, a.astype(np.uint8)


@partial.primitive("bool -> bool", name="half", batched=_half_columns)
def half(a: bool) -> bool | Bottom:
    """A primitive whose batched meaning can fail."""
    return a


@partial.primitive("bool -> bool", name="plain")
def plain(a: bool) -> bool:
    """A primitive without a batched meaning."""
    return a


def values_of(type_: Type, count: int) -> list[Value]:
    generator = random.Random(f"{type_}")
    if type_ is BOOL:
        return [generator.random() < 0.5 for _ in range(count)]
    width = type_.width
    special = [0, 1, (1 << width) - 1, 1 << (width - 1), width, width - 1]
    return [generator.choice(special) % (1 << width) if i % 2 else generator.getrandbits(width) for i in range(count)]


def agree(term: Term, types: list[Type], domain: Domain = BITVECTORS) -> None:
    columns = [values_of(t, 60) for t in types]
    inputs = list(zip(*columns, strict=True))
    kernel = term_kernel(term, len(types), domain)
    assert kernel is not None
    arrays = [np.array(column, dtype_of(t))[:, None] for column, t in zip(columns, types, strict=True)]
    found = np.broadcast_to(kernel(*arrays), (60, 1))[:, 0]
    assert found.tolist() == Evaluation(domain, inputs).column(term)


@pytest.mark.parametrize("width", [1, 5, 8, 32, 63, 64])
@pytest.mark.parametrize("name", BINARY)
def test_binary_operators_agree_at_every_width(name: str, width: int) -> None:
    type_ = bit_vector(width)
    agree(parse_term(f"({name}@{width} $1 $0)", BITVECTORS.operator), [type_, type_])


@pytest.mark.parametrize("width", [1, 7, 64])
@pytest.mark.parametrize("name", ["bvnot", "bvneg"])
def test_unary_operators_agree_at_every_width(name: str, width: int) -> None:
    agree(parse_term(f"({name}@{width} $0)", BITVECTORS.operator), [bit_vector(width)])


@pytest.mark.parametrize("text", ["(ite $2 $1 $0)", "(= $1 $0)", "(bvadd@8 $0 #x03)"])
def test_terms_of_several_operators_agree(text: str) -> None:
    agree(parse_term(text, BITVECTORS.operator), [BOOL, bit_vector(8), bit_vector(8)])


@pytest.mark.parametrize("text", ["(and $1 $0)", "(or $1 $0)", "(not $0)", "(xor $1 $0)", "(=> $1 $0)"])
def test_connectives_agree(text: str) -> None:
    agree(parse_term(text, BITVECTORS.operator), [BOOL, BOOL])


@pytest.mark.parametrize("name", ["(_ extract 5 2 @8)", "(_ zero_extend 8 @8)", "(_ sign_extend 8 @8)"])
def test_operators_between_widths_agree(name: str) -> None:
    agree(parse_term(f"({name} $0)", BITVECTORS.operator), [bit_vector(8)])


def test_a_macro_is_computed_by_its_body() -> None:
    word = bit_vector(64)
    body = parse_term("(ite (= $2 #x0000000000000001) $1 (bvshl@64 $0 $2))", BITVECTORS.operator)
    macro = Operator("choose", arrow(word, word, word, word), MACRO, abstract(body, 3))
    agree(Application(macro, (Variable(0), Variable(1), Variable(2))), [word] * 3)


def test_what_is_partial_or_has_no_batched_meaning_has_no_kernel() -> None:
    for name in ("half", "plain"):
        operator = partial.operator(name, 1)
        assert operator is not None
        assert kernel_of(operator, partial) is None
        assert term_kernel(Application(operator, (Variable(0),)), 1, partial) is None


@pytest.mark.parametrize(("type_", "fits"), [(BOOL, True), (bit_vector(64), True), (bit_vector(65), False)], ids=str)
def test_columns_hold_booleans_and_words(type_: Type, fits: bool) -> None:
    assert is_columnar(type_) is fits


@pytest.mark.parametrize("type_", [INT, STRING], ids=str)
def test_columns_hold_nothing_else(type_: Type) -> None:
    assert not is_columnar(type_)
