"""Integers: linear arithmetic with conditionals, as in the SyGuS tracks LIA and CLIA.

Search combines ``+``, ``-``, ``<``, ``<=``, ``=``, ``ite``, ``and``, ``or`` and ``not``. The other operators
of SMT-LIB's theory of integers (``*``, ``div``, ``mod``, ``abs``, unary ``-``, ``>``, ``>=``) are understood
wherever a specification uses them; the last three only restate what is searched already. Division by zero is
⊥: SMT-LIB leaves it open, so that a proof holds for every reading.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.batched import LARGEST_INTEGER, Status, StatusArray
from dsl.domain import Domain
from dsl.domains.core import core
from dsl.limits import check_size
from dsl.values import BOTTOM, Bottom

Integers: TypeAlias = npt.NDArray[np.int64]

_BYTE = 8

integers = Domain(
    "integers",
    "linear integer arithmetic with conditionals (SMT-LIB LIA and NIA)",
    include=[core],
    task_file=("dsl.domains", "integers.json"),
)
for number in (-1, 0, 1, 2, 3, 10, 100):
    integers.constant(number)


def _bounded(values: Integers, wrapped: npt.NDArray[np.bool_]) -> tuple[Integers, StatusArray]:
    """A column and its status: exhausted where int64 has `wrapped` or the value is too large for a column."""
    beyond = wrapped | (values > LARGEST_INTEGER) | (values < -LARGEST_INTEGER)
    return values, beyond.astype(np.uint8) * np.uint8(Status.EXHAUSTED)


def _add_columns(a: Integers, b: Integers) -> tuple[Integers, StatusArray]:
    total = a + b
    return _bounded(total, ((a ^ total) & (b ^ total)) < 0)


def _subtract_columns(a: Integers, b: Integers) -> tuple[Integers, StatusArray]:
    difference = a - b
    return _bounded(difference, ((a ^ b) & (a ^ difference)) < 0)


def _negate_column(a: Integers) -> tuple[Integers, StatusArray]:
    return _subtract_columns(np.zeros_like(a), a)


def _multiply_columns(a: Integers, b: Integers) -> tuple[Integers, StatusArray]:
    # Doubles are exact enough to tell products beyond 1.5 · 2^62 from those that fit into int64.
    magnitude = np.abs(a.astype(np.float64) * b.astype(np.float64))
    return _bounded(a * b, magnitude > 1.5 * LARGEST_INTEGER)


def _absolute_column(a: Integers) -> tuple[Integers, StatusArray]:
    return _bounded(np.abs(a), a == np.iinfo(np.int64).min)


def _divide_columns(a: Integers, b: Integers) -> tuple[Integers, StatusArray]:
    is_zero = b == 0
    quotient = np.sign(b) * (a // np.where(is_zero, 1, np.abs(b)))
    values, status = _bounded(quotient, np.zeros_like(is_zero))
    return values, np.where(is_zero, np.uint8(Status.BOTTOM), status)


def _remainder_columns(a: Integers, b: Integers) -> tuple[Integers, StatusArray]:
    is_zero = b == 0
    return a % np.where(is_zero, 1, np.abs(b)), is_zero.astype(np.uint8) * np.uint8(Status.BOTTOM)


@integers.primitive(name="+", smt="(+ {0} {1})", batched=_add_columns, variadic="left")
def add(a: int, b: int) -> int:
    """Sum."""
    return a + b


@integers.primitive(name="-", smt="(- {0} {1})", batched=_subtract_columns, variadic="left")
def subtract(a: int, b: int) -> int:
    """Difference."""
    return a - b


@integers.primitive(name="-", smt="(- {0})", batched=_negate_column, searchable=False)
def negate(a: int) -> int:
    """The number with its sign changed."""
    return -a


@integers.primitive(name="<", smt="(< {0} {1})", batched=np.less, variadic="chain")
def less(a: int, b: int) -> bool:
    """Whether the first is less than the second."""
    return a < b


@integers.primitive(name="<=", smt="(<= {0} {1})", batched=np.less_equal, variadic="chain")
def at_most(a: int, b: int) -> bool:
    """Whether the first is at most the second."""
    return a <= b


@integers.primitive(name=">", smt="(> {0} {1})", batched=np.greater, variadic="chain", searchable=False)
def greater(a: int, b: int) -> bool:
    """Whether the first is greater than the second."""
    return a > b


@integers.primitive(name=">=", smt="(>= {0} {1})", batched=np.greater_equal, variadic="chain", searchable=False)
def at_least(a: int, b: int) -> bool:
    """Whether the first is at least the second."""
    return a >= b


@integers.primitive(name="*", smt="(* {0} {1})", batched=_multiply_columns, variadic="left", searchable=False)
def multiply(a: int, b: int) -> int:
    """Product."""
    check_size((a.bit_length() + b.bit_length()) // _BYTE)
    return a * b


@integers.primitive(
    "int -> int -> int",
    name="div",
    smt="(div {0} {1})",
    batched=_divide_columns,
    variadic="left",
    searchable=False,
)
def divide(a: int | Bottom, b: int) -> int | Bottom:
    """The quotient q with a = b·q + r and 0 ≤ r < |b|; ⊥ if b is 0."""
    # More than two arguments are folded, so that the first may be the ⊥ of an earlier division.
    if isinstance(a, Bottom) or b == 0:
        return BOTTOM
    return a // b if b > 0 else -(a // -b)


@integers.primitive("int -> int -> int", name="mod", smt="(mod {0} {1})", batched=_remainder_columns, searchable=False)
def remainder(a: int, b: int) -> int | Bottom:
    """The remainder of `div`, which is never negative; ⊥ if b is 0."""
    return a % abs(b) if b else BOTTOM


@integers.primitive(name="abs", smt="(abs {0})", batched=_absolute_column, searchable=False)
def absolute(a: int) -> int:
    """Absolute value."""
    return abs(a)
