"""Bit-vectors of any width: the operators of SMT-LIB's theory FixedSizeBitVectors and logic QF_BV.

A value of type ``bvN`` is a Python int in 0 … 2^N − 1, or, where N ≤ 64, an element of a column of dtype
uint64. Python's integers and numpy's wrapping words agree modulo 2^N, so most meanings are one text that
serves both; where Python needs a branch, a batched meaning stands beside it. All operators are total, as
SMT-LIB fixes them: ``(bvudiv x 0)`` is all ones, ``(bvurem x 0)`` is x, and a shift by the width or more
leaves only the fill bit.

Operators whose result type is computed from numerals or from several widths (``concat``, ``(_ extract i j)``
and the like) are families.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain, Primitive
from dsl.domains.core import core
from dsl.errors import TypeMismatch
from dsl.types import Type, arrow, bit_vector

MAXIMUM_WIDTH = 1 << 16
"""Largest width of the result of a type-computing operator."""

Column: TypeAlias = npt.NDArray[np.uint64]
Function = TypeVar("Function", bound=Callable[..., Any])
Widths: TypeAlias = tuple[int, ...]

bitvectors = Domain(
    "bitvectors",
    "bit-vectors of fixed width: bitwise logic, modular arithmetic, shifts and comparisons (SMT-LIB BV)",
    include=[core],
    task_file=("dsl.domains", "bitvectors.json"),
)

_UNARY = "bv(t0) -> bv(t0)"
_BINARY = "bv(t0) -> bv(t0) -> bv(t0)"
_PREDICATE = "bv(t0) -> bv(t0) -> bool"


def _operator(
    scheme: str, *, batched: Callable[..., Any] | None = None, variadic: bool = False, searchable: bool = True
) -> Callable[[Function], Function]:
    """Define the SMT-LIB operator named as the function, which serves columns too unless `batched` does."""

    def decorate(function: Function) -> Function:
        places = " ".join(f"{{{i}}}" for i in range(scheme.count("->")))
        return bitvectors.primitive(
            scheme,
            smt=f"({function.__name__} {places})",
            batched=batched or function,
            variadic="left" if variadic else None,
            searchable=searchable,
        )(function)

    return decorate


def _mask(width: int) -> int:
    """All ones."""
    return (1 << width) - 1


def _sign_bit(width: int) -> int:
    return 1 << (width - 1)


def _signed(a: int, width: int) -> int:
    """The two's-complement integer that `a` is; for a column, its 64-bit pattern."""
    return (a ^ _sign_bit(width)) - _sign_bit(width)


def _wrapped(a: Column, width: int) -> Column:
    """The lowest `width` bits of 64-bit words."""
    return a & np.uint64(_mask(width))


# --- bitwise logic ------------------------------------------------------------------------------------------


@_operator(_UNARY)
def bvnot(a: int, *, widths: Widths) -> int:
    """Every bit inverted."""
    return a ^ _mask(widths[0])


@_operator(_BINARY, variadic=True)
def bvand(a: int, b: int) -> int:
    """Bitwise and."""
    return a & b


@_operator(_BINARY, variadic=True)
def bvor(a: int, b: int) -> int:
    """Bitwise inclusive or."""
    return a | b


@_operator(_BINARY, variadic=True)
def bvxor(a: int, b: int) -> int:
    """Bitwise exclusive or."""
    return a ^ b


@_operator(_BINARY, searchable=False)
def bvnand(a: int, b: int, *, widths: Widths) -> int:
    """Bitwise and, inverted."""
    return (a & b) ^ _mask(widths[0])


@_operator(_BINARY, searchable=False)
def bvnor(a: int, b: int, *, widths: Widths) -> int:
    """Bitwise inclusive or, inverted."""
    return (a | b) ^ _mask(widths[0])


@_operator(_BINARY, searchable=False)
def bvxnor(a: int, b: int, *, widths: Widths) -> int:
    """Bitwise equality: exclusive or, inverted."""
    return (a ^ b) ^ _mask(widths[0])


# --- arithmetic modulo 2^N ----------------------------------------------------------------------------------


@_operator(_UNARY)
def bvneg(a: int, *, widths: Widths) -> int:
    """Two's complement."""
    return -a & _mask(widths[0])


@_operator(_BINARY, variadic=True)
def bvadd(a: int, b: int, *, widths: Widths) -> int:
    """Sum modulo 2^N."""
    return (a + b) & _mask(widths[0])


@_operator(_BINARY)
def bvsub(a: int, b: int, *, widths: Widths) -> int:
    """Difference modulo 2^N."""
    return (a - b) & _mask(widths[0])


@_operator(_BINARY, variadic=True)
def bvmul(a: int, b: int, *, widths: Widths) -> int:
    """Product modulo 2^N."""
    return (a * b) & _mask(widths[0])


def _bvudiv_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    zero = b == 0
    return np.where(zero, np.uint64(_mask(widths[0])), a // np.where(zero, np.uint64(1), b))


@_operator(_BINARY, batched=_bvudiv_columns)
def bvudiv(a: int, b: int, *, widths: Widths) -> int:
    """Unsigned quotient; all ones if the divisor is 0."""
    return a // b if b else _mask(widths[0])


def _bvurem_columns(a: Column, b: Column) -> Column:
    zero = b == 0
    return np.where(zero, a, a % np.where(zero, np.uint64(1), b))


@_operator(_BINARY, batched=_bvurem_columns)
def bvurem(a: int, b: int) -> int:
    """Unsigned remainder; the dividend if the divisor is 0."""
    return a % b if b else a


def _negated_where(condition: npt.NDArray[np.bool_], a: Column, width: int) -> Column:
    return np.where(condition, _wrapped(np.negative(a), width), a)


def _bvsdiv_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    width = widths[0]
    below_a, below_b = a >= _sign_bit(width), b >= _sign_bit(width)
    magnitudes = _negated_where(below_a, a, width), _negated_where(below_b, b, width)
    return _negated_where(below_a ^ below_b, _bvudiv_columns(*magnitudes, widths=widths), width)


@_operator(_BINARY, batched=_bvsdiv_columns)
def bvsdiv(a: int, b: int, *, widths: Widths) -> int:
    """Signed quotient rounded towards 0; by 0 it is 1 for a negative dividend and −1 for others."""
    dividend, divisor = _signed(a, widths[0]), _signed(b, widths[0])
    magnitude = bvudiv(abs(dividend), abs(divisor), widths=widths)
    return (magnitude if (dividend < 0) == (divisor < 0) else -magnitude) & _mask(widths[0])


def _bvsrem_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    width = widths[0]
    below_a, below_b = a >= _sign_bit(width), b >= _sign_bit(width)
    magnitudes = _negated_where(below_a, a, width), _negated_where(below_b, b, width)
    return _negated_where(below_a, _bvurem_columns(*magnitudes), width)


@_operator(_BINARY, batched=_bvsrem_columns)
def bvsrem(a: int, b: int, *, widths: Widths) -> int:
    """Signed remainder with the sign of the dividend; the dividend if the divisor is 0."""
    dividend, divisor = _signed(a, widths[0]), _signed(b, widths[0])
    magnitude = bvurem(abs(dividend), abs(divisor))
    return (magnitude if dividend >= 0 else -magnitude) & _mask(widths[0])


def _bvsmod_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    remainder = _bvsrem_columns(a, b, widths=widths)
    crosses = (remainder != 0) & ((a ^ b) >= _sign_bit(widths[0]))
    return np.where(crosses, _wrapped(remainder + b, widths[0]), remainder)


@_operator(_BINARY, batched=_bvsmod_columns, searchable=False)
def bvsmod(a: int, b: int, *, widths: Widths) -> int:
    """Signed remainder with the sign of the divisor; the dividend if the divisor is 0."""
    dividend, divisor = _signed(a, widths[0]), _signed(b, widths[0])
    return (dividend % divisor if divisor else dividend) & _mask(widths[0])


# --- shifts -------------------------------------------------------------------------------------------------


def _bvshl_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    return _wrapped(a << b, widths[0])


@_operator(_BINARY, batched=_bvshl_columns)
def bvshl(a: int, b: int, *, widths: Widths) -> int:
    """Shift towards the high bits, filling with 0."""
    return (a << b) & _mask(widths[0]) if b < widths[0] else 0


@_operator(_BINARY)
def bvlshr(a: int, b: int) -> int:
    """Shift towards the low bits, filling with 0."""
    return a >> b


def _bvashr_columns(a: Column, b: Column, *, widths: Widths) -> Column:
    sign = np.uint64(_sign_bit(widths[0]))
    words = ((a ^ sign) - sign).view(np.int64) >> np.minimum(b, np.uint64(63)).view(np.int64)
    return _wrapped(words.view(np.uint64), widths[0])


@_operator(_BINARY, batched=_bvashr_columns)
def bvashr(a: int, b: int, *, widths: Widths) -> int:
    """Shift towards the low bits, filling with the highest bit."""
    return (_signed(a, widths[0]) >> b) & _mask(widths[0])


# --- comparisons --------------------------------------------------------------------------------------------


@_operator(_PREDICATE)
def bvult(a: int, b: int) -> bool:
    """Unsigned less."""
    return a < b


@_operator(_PREDICATE)
def bvule(a: int, b: int) -> bool:
    """Unsigned less or equal."""
    return a <= b


@_operator(_PREDICATE, searchable=False)
def bvugt(a: int, b: int) -> bool:
    """Unsigned greater."""
    return a > b


@_operator(_PREDICATE, searchable=False)
def bvuge(a: int, b: int) -> bool:
    """Unsigned greater or equal."""
    return a >= b


@_operator(_PREDICATE)
def bvslt(a: int, b: int, *, widths: Widths) -> bool:
    """Signed less."""
    return (a ^ _sign_bit(widths[0])) < (b ^ _sign_bit(widths[0]))


@_operator(_PREDICATE)
def bvsle(a: int, b: int, *, widths: Widths) -> bool:
    """Signed less or equal."""
    return (a ^ _sign_bit(widths[0])) <= (b ^ _sign_bit(widths[0]))


@_operator(_PREDICATE, searchable=False)
def bvsgt(a: int, b: int, *, widths: Widths) -> bool:
    """Signed greater."""
    return (a ^ _sign_bit(widths[0])) > (b ^ _sign_bit(widths[0]))


@_operator(_PREDICATE, searchable=False)
def bvsge(a: int, b: int, *, widths: Widths) -> bool:
    """Signed greater or equal."""
    return (a ^ _sign_bit(widths[0])) >= (b ^ _sign_bit(widths[0]))


def _bvcomp_columns(a: Column, b: Column) -> Column:
    return np.equal(a, b).astype(np.uint64)


@_operator("bv(t0) -> bv(t0) -> bv1", batched=_bvcomp_columns, searchable=False)
def bvcomp(a: int, b: int) -> int:
    """One bit: 1 if the arguments are equal."""
    return int(a == b)


# --- overflow (since SMT-LIB 2.7) ---------------------------------------------------------------------------


@_operator("bv(t0) -> bool", searchable=False)
def bvnego(a: int, *, widths: Widths) -> bool:
    """Whether the negation leaves the signed range."""
    return a == _sign_bit(widths[0])


@_operator(_PREDICATE, searchable=False)
def bvuaddo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the unsigned sum wraps around."""
    return ((a + b) & _mask(widths[0])) < a


@_operator(_PREDICATE, searchable=False)
def bvsaddo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the sum leaves the signed range."""
    total = (a + b) & _mask(widths[0])
    return ((a ^ total) & (b ^ total)) >= _sign_bit(widths[0])


@_operator(_PREDICATE, searchable=False)
def bvusubo(a: int, b: int) -> bool:
    """Whether the unsigned difference wraps around."""
    return a < b


@_operator(_PREDICATE, searchable=False)
def bvssubo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the difference leaves the signed range."""
    difference = (a - b) & _mask(widths[0])
    return ((a ^ b) & (a ^ difference)) >= _sign_bit(widths[0])


def _bvumulo_columns(a: Column, b: Column, *, widths: Widths) -> npt.NDArray[np.bool_]:
    return b > _bvudiv_columns(np.full_like(a, _mask(widths[0])), a, widths=widths)


@_operator(_PREDICATE, batched=_bvumulo_columns, searchable=False)
def bvumulo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the unsigned product wraps around."""
    return a * b > _mask(widths[0])


def _bvsmulo_columns(a: Column, b: Column, *, widths: Widths) -> npt.NDArray[np.bool_]:
    sign = np.uint64(_sign_bit(widths[0]))
    magnitude_a, magnitude_b = (_negated_where(x >= sign, x, widths[0]) for x in (a, b))
    largest = np.where((a ^ b) >= sign, sign, sign - np.uint64(1))
    return magnitude_b > _bvudiv_columns(largest, magnitude_a, widths=widths)


@_operator(_PREDICATE, batched=_bvsmulo_columns, searchable=False)
def bvsmulo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the product leaves the signed range."""
    product = _signed(a, widths[0]) * _signed(b, widths[0])
    return not -_sign_bit(widths[0]) <= product < _sign_bit(widths[0])


@_operator(_PREDICATE, searchable=False)
def bvsdivo(a: int, b: int, *, widths: Widths) -> bool:
    """Whether the signed quotient leaves the signed range."""
    return (a == _sign_bit(widths[0])) & (b == _mask(widths[0]))


# --- operators with a computed type -------------------------------------------------------------------------


def _argument_width(name: str, indices: tuple[int, ...], types: tuple[Type, ...], numerals: int = 1) -> int:
    """The width of the only argument of an indexed operator, after checking the form of the application."""
    if len(indices) != numerals:
        form = " ".join([name, *(("i", "j")[:numerals])])
        raise TypeMismatch(f"{name} has {len(indices)} numerals; right is ((_ {form}) x)")
    if len(types) != 1 or types[0].name != "bv":
        shown = ", ".join(map(str, types)) or "nothing"
        raise TypeMismatch(f"{_indexed(name, indices)} is applied to {shown}; it takes one bit-vector")
    return types[0].width


def _indexed(name: str, indices: tuple[int, ...]) -> str:
    return f"(_ {name} {' '.join(map(str, indices))})"


def _member(
    name: str, types: tuple[Type, ...], width: int, function: Callable[..., Any], description: str
) -> Primitive:
    """The primitive of a family with a result of `width` bits; its meaning serves columns too."""
    if width > MAXIMUM_WIDTH:
        raise TypeMismatch(f"{name} would make a bit-vector of {width} bits; the widest is {MAXIMUM_WIDTH}")
    places = " ".join(f"{{{i}}}" for i in range(len(types)))
    return Primitive(
        name,
        arrow(*types, bit_vector(width)),
        function,
        smt=f"({name} {places})",
        batched=function,
        description=description,
    )


@functools.cache
def _concat(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    if indices or len(types) < 2 or any(t.name != "bv" for t in types):
        shown = ", ".join(map(str, types)) or "nothing"
        raise TypeMismatch(f"concat is applied to {shown}; it takes two or more bit-vectors and no numerals")
    widths = [t.width for t in types]

    def concat(*parts: Any) -> Any:
        joined = parts[0]
        for part, width in zip(parts[1:], widths[1:], strict=True):
            joined = joined << width | part
        return joined

    return _member("concat", types, sum(widths), concat, "The bits of the first, then those of the next.")


@functools.cache
def _extract(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("extract", indices, types, 2)
    high, low = indices
    if not width > high >= low >= 0:
        raise TypeMismatch(
            f"(_ extract {high} {low}) of a bit-vector of {width} bits; right is {width - 1} ≥ i ≥ j ≥ 0"
        )
    mask = _mask(high - low + 1)

    def extract(a: int) -> int:
        return (a >> low) & mask

    return _member(_indexed("extract", indices), types, high - low + 1, extract, f"int {high} down to {low}.")


@functools.cache
def _zero_extend(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("zero_extend", indices, types)

    def zero_extend(a: int) -> int:
        return a

    result = width + indices[0]
    return _member(_indexed("zero_extend", indices), types, result, zero_extend, f"{indices[0]} zeros in front.")


@functools.cache
def _sign_extend(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("sign_extend", indices, types)
    result = width + indices[0]

    def sign_extend(a: int) -> int:
        return _signed(a, width) & _mask(result)

    description = f"{indices[0]} copies of the highest bit in front."
    return _member(_indexed("sign_extend", indices), types, result, sign_extend, description)


def _rotation(name: str, indices: tuple[int, ...], types: tuple[Type, ...], left: int, width: int) -> Primitive:
    def rotate(a: int) -> int:
        return ((a << left) | (a >> (width - left))) & _mask(width)

    description = f"Rotated by {indices[0]} bits to the {name.removeprefix('rotate_')}."
    return _member(_indexed(name, indices), types, width, rotate, description)


@functools.cache
def _rotate_left(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("rotate_left", indices, types)
    return _rotation("rotate_left", indices, types, indices[0] % width, width)


@functools.cache
def _rotate_right(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("rotate_right", indices, types)
    return _rotation("rotate_right", indices, types, -indices[0] % width, width)


@functools.cache
def _repeat(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
    width = _argument_width("repeat", indices, types)
    count = indices[0]
    if count < 1:
        raise TypeMismatch(f"(_ repeat {count}) would have no bits; the numeral is at least 1")
    if width * count > MAXIMUM_WIDTH:
        raise TypeMismatch(
            f"(_ repeat {count}) would make {width * count} bits; the widest bit-vector has {MAXIMUM_WIDTH}"
        )
    ones = sum(1 << (i * width) for i in range(count))

    def repeat(a: int) -> int:
        return a * ones

    return _member(_indexed("repeat", indices), types, width * count, repeat, f"{count} copies side by side.")


bitvectors.family("concat", _concat)
bitvectors.family("extract", _extract)
bitvectors.family("zero_extend", _zero_extend)
bitvectors.family("sign_extend", _sign_extend)
bitvectors.family("rotate_left", _rotate_left)
bitvectors.family("rotate_right", _rotate_right)
bitvectors.family("repeat", _repeat)

bitvectors.width_constant(lambda width: 0)
bitvectors.width_constant(lambda width: 1)
