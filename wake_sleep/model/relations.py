"""Relations between a computed value and the value wanted: yes-or-no questions, once per pair of types.

A relation is a bit. Those of one pair of types are asked together, by one function that returns an integer with a bit
for each, since a task asks thousands of them. `outline` asks what a value is like by itself.
"""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from dsl.types import BOOL, INT, Type

Compare = Callable[[Any, Any], int]
"""A value of one type and the one wanted to the bits of their relations."""
_LARGEST: Final = 1 << 64
_LONGEST: Final = 64
"""Elements up to which sequences are searched for one another."""


@dataclass(frozen=True)
class Relations:
    """The relations of a pair of types.

    Attributes:
        names: of the bits, the lowest first; all questions are also answered by no where there is no value.
        compare: the bits for a value and the one wanted.
    """

    names: tuple[str, ...]
    compare: Compare


@dataclass(frozen=True)
class Outline:
    """What is asked of values of one type by themselves.

    Attributes:
        names: of the bits, the lowest first.
        describe: the bits for a value.
    """

    names: tuple[str, ...]
    describe: Callable[[Any], int]


@functools.lru_cache(maxsize=4096)
def relations(found: Type, wanted: Type) -> Relations | None:
    """What is asked of values of type `found` where values of type `wanted` are wanted; None if nothing is.

    Both types are monomorphic and first-order.
    """
    kinds = (_kind(found), _kind(wanted))
    if found is wanted:
        return _SAME.get(kinds[0], _EQUALITY)
    if found is BOOL:
        return _INDICATOR
    if wanted is BOOL:
        return _INDICATED
    if wanted.name == "list" and wanted.arguments[0] is found:
        return _INTEGER_IN_LIST if found is INT else _PART_OF_LIST
    if found.name == "list" and found.arguments[0] is wanted:
        return _LIST_OF_INTEGER if wanted is INT else _LIST_OF_PART
    if found is INT and kinds[1] == "sequence":
        return _TEXT_LENGTH if wanted.name == "str" else _LENGTH
    if wanted is INT and kinds[0] == "sequence":
        return _LENGTH_OF_TEXT if found.name == "str" else _LENGTH_OF
    if kinds == ("word", "word") or (kinds[0] in _NUMBERS and kinds[1] in _NUMBERS):
        return _NUMERIC
    return None


@functools.lru_cache(maxsize=4096)
def outline(type_: Type) -> Outline:
    """What is asked of values of the monomorphic first-order type `type_` by themselves."""
    if type_.name == "list" and type_.arguments[0] is INT:
        return _INTEGERS
    if type_.name == "bv":
        return _word_outline(type_.width)
    return _OUTLINES[_kind(type_)]


def _kind(type_: Type) -> str:
    if type_.name in ("list", "str", "char"):
        return "sequence"
    return {"bv": "word", "int": "integer", "bool": "truth"}.get(type_.name, "number")


_NUMBERS: Final = ("integer", "word", "number")


def _bits(*answers: object) -> int:
    found = 0
    for place, answer in enumerate(answers):
        if answer:
            found |= 1 << place
    return found


# Values of one type.


def _same_sequence(value: Any, wanted: Any) -> int:
    n, m = len(value), len(wanted)
    if value == wanted:
        return _SEQUENCE_EQUAL | ((n > 0) << 13)
    bits: int = (n == m) << 5 | (n > 0) << 13
    if not n or not m:
        return bits | (not m) << 7 | (not n) << 8 | (not m) << 11 | (not n) << 12
    bits |= (value[0] == wanted[0]) << 9 | (value[-1] == wanted[-1]) << 10
    if n < m:
        bits |= (wanted[:n] == value) << 1 | (wanted[m - n :] == value) << 2
    elif m < n:
        bits |= (value[:m] == wanted) << 3 | (value[n - m :] == wanted) << 4
    elements, others = _elements(value), _elements(wanted)
    if others <= elements:
        bits |= 1 << 7 | _is_within(wanted, value) << 11
    if elements <= others:
        bits |= 1 << 8 | _is_within(value, wanted) << 12
        if n == m and elements == others and Counter(value) == Counter(wanted):
            bits |= 1 << 6
    return bits


@functools.lru_cache(maxsize=1 << 12)
def _elements(value: Any) -> frozenset[Any]:
    return frozenset(value)


_SEQUENCE_NAMES: Final = (
    *("equal", "begins it", "ends it", "begins with it", "ends with it", "same length", "same elements"),
    *("has all of it", "all in it", "same first", "same last", "contains it", "is contained", "not empty"),
)
_SEQUENCE_EQUAL: Final = 0b01_1111_1110_0001


def _is_within(part: Any, whole: Any) -> bool:
    """Whether a text is part of a text, or the elements of a list occur in another in their order."""
    if isinstance(whole, str):
        return part in whole
    if len(whole) > _LONGEST or len(part) > len(whole):
        return False
    rest = iter(whole)
    return all(element in rest for element in part)


def _same_integer(value: int, wanted: int) -> int:
    difference = value - wanted
    bits = (not difference) | (difference < 0) << 1 | (difference > 0) << 2 | (value == -wanted) << 5
    bits |= (not difference & 1) << 6 | (-1 <= difference <= 1 and difference != 0) << 7
    if value:
        bits |= (wanted % value == 0) << 3 | (wanted == value * 2) << 8
    if wanted:
        bits |= (value % wanted == 0) << 4
    return bits | ((value < 0) == (wanted < 0)) << 9


_INTEGER_NAMES: Final = (
    *("equal", "less", "greater", "divides it", "is divided", "opposite", "same parity", "beside it", "half of it"),
    "same sign",
)


def _same_word(value: int, wanted: int) -> int:
    difference = value ^ wanted
    return _bits(
        not difference,
        value & wanted == value,
        value & wanted == wanted,
        not value & wanted,
        value < wanted,
        not difference & 1,
        not difference & 0xFF,
        difference.bit_length() <= max(value.bit_length(), wanted.bit_length()) // 2,
        difference and difference & (difference - 1) == 0,
        value.bit_count() == wanted.bit_count(),
        value << 1 == wanted or wanted << 1 == value,
        abs(value - wanted) == 1,
        value and wanted & (value & -value),
    )


_WORD_NAMES: Final = (
    *("equal", "bits in it", "has its bits", "disjoint", "less", "same lowest bit", "same lowest byte"),
    *("same upper half", "one bit apart", "as many bits", "shifted by one", "beside it", "lowest bit in it"),
)


def _same_truth(value: bool, wanted: bool) -> int:
    return _bits(value is wanted, value and not wanted, wanted and not value)


_EQUALITY: Final = Relations(("equal",), lambda value, wanted: int(value == wanted))
_SAME: Final = {
    "sequence": Relations(_SEQUENCE_NAMES, _same_sequence),
    "integer": Relations(_INTEGER_NAMES, _same_integer),
    "word": Relations(_WORD_NAMES, _same_word),
    "truth": Relations(("equal", "true alone", "wanted alone"), _same_truth),
}

# An element and a list.


def _part_of_list(value: Any, wanted: Any) -> int:
    if value not in wanted:
        return 0
    first, last = bool(wanted[0] == value), bool(wanted[-1] == value)
    return 1 | first << 1 | last << 2 | (first and last and wanted.count(value) == len(wanted)) << 3


def _integer_in_list(value: int, wanted: tuple[int, ...]) -> int:
    length = len(wanted)
    if not length:
        return (value == 0) << 4
    largest, smallest = max(wanted), min(wanted)
    bits = _part_of_list(value, wanted) | (value == length) << 4 | (value == largest) << 5 | (value == smallest) << 6
    bits |= (value < smallest) << 7 | (value > largest) << 8 | (value < length) << 10 | (value == sum(wanted)) << 11
    if value and all(not item % value for item in wanted):
        bits |= 1 << 9
    return bits


_PART_NAMES: Final = ("in it", "first of it", "last of it", "all of it")
_INTEGER_IN_LIST_NAMES: Final = (
    *_PART_NAMES,
    *("its length", "its largest", "its smallest", "below it", "above it", "divides it", "shorter", "its sum"),
)


def _reversed(compare: Compare) -> Compare:
    return lambda value, wanted: compare(wanted, value)


_PART_OF_LIST: Final = Relations(_PART_NAMES, _part_of_list)
_LIST_OF_PART: Final = Relations(tuple(f"of which {name}" for name in _PART_NAMES), _reversed(_part_of_list))
_INTEGER_IN_LIST: Final = Relations(_INTEGER_IN_LIST_NAMES, _integer_in_list)
_LIST_OF_INTEGER: Final = Relations(
    tuple(f"of which {name}" for name in _INTEGER_IN_LIST_NAMES), _reversed(_integer_in_list)
)

# Numbers and sequences.


def _length(value: int, wanted: Any) -> int:
    return _bits(value == len(wanted), value < len(wanted))


def _text_length(value: int, wanted: str) -> int:
    digits = str(value) if -_LARGEST < value < _LARGEST else ""
    return _length(value, wanted) | (_bits(digits == wanted, digits and digits in wanted) << 2)


_LENGTH_NAMES: Final = ("its length", "less than its length")
_TEXT_LENGTH_NAMES: Final = (*_LENGTH_NAMES, "its digits", "digits in it")
_LENGTH: Final = Relations(_LENGTH_NAMES, _length)
_TEXT_LENGTH: Final = Relations(_TEXT_LENGTH_NAMES, _text_length)
_LENGTH_OF: Final = Relations(tuple(f"of which {name}" for name in _LENGTH_NAMES), _reversed(_length))
_LENGTH_OF_TEXT: Final = Relations(tuple(f"of which {name}" for name in _TEXT_LENGTH_NAMES), _reversed(_text_length))
_NUMERIC: Final = Relations(("equal", "less"), lambda value, wanted: _bits(value == wanted, value < wanted))

# Truth values and anything.


def _indicator(value: bool, wanted: Any) -> int:
    return _bits(value, value is bool(wanted))


def _indicated(value: Any, wanted: bool) -> int:
    holds = bool(value) if isinstance(value, str | tuple) else value > 0
    return _bits(holds is wanted, holds and not wanted, wanted and not holds)


_INDICATOR: Final = Relations(("true", "true unless it is nothing"), _indicator)
_INDICATED: Final = Relations(("something where true", "something alone", "wanted alone"), _indicated)

# What a value is like.


def _sequence_outline(value: Any) -> int:
    n = len(value)
    return _bits(not n, n == 1, n <= 3, n <= 8, n > 20, n and len(set(value)) == n, n > 1 and len(set(value)) == 1)


_SEQUENCE_OUTLINE: Final = ("empty", "single", "at most 3", "at most 8", "over 20", "distinct", "constant")


def _integers_outline(value: tuple[int, ...]) -> int:
    if not value:
        return _sequence_outline(value)
    smallest, largest = min(value), max(value)
    return _sequence_outline(value) | (
        _bits(
            all(a <= b for a, b in itertools.pairwise(value)),
            all(a >= b for a, b in itertools.pairwise(value)),
            smallest >= 0,
            largest <= 1 and smallest >= 0,
            largest <= 20 and smallest >= -20,
            largest > 1000 or smallest < -1000,
            all(item % 2 == 0 for item in value),
            all(b - a == 1 for a, b in itertools.pairwise(value)),
        )
        << len(_SEQUENCE_OUTLINE)
    )


_INTEGERS_OUTLINE: Final = (
    *_SEQUENCE_OUTLINE,
    *("ascending", "descending", "no negative", "zeros and ones", "small numbers", "large numbers", "even numbers"),
    "successors",
)


def _integer_outline(value: int) -> int:
    size = abs(value)
    return _bits(not value, value == 1, value < 0, value % 2 == 0, size <= 3, size <= 10, size <= 30, size > 1000)


_INTEGER_OUTLINE: Final = ("zero", "one", "negative", "even", "at most 3", "at most 10", "at most 30", "over 1000")


def _text_outline(value: Any) -> int:
    return _sequence_outline(value) | (
        _bits(
            value.isdigit(),
            value.isalpha(),
            value.isupper(),
            value.islower(),
            " " in value,
            value[:1].isupper(),
            any(c.isdigit() for c in value),
            any(not c.isalnum() and c != " " for c in value),
            value[-1:].isdigit(),
            value[:1].isdigit(),
        )
        << len(_SEQUENCE_OUTLINE)
    )


_TEXT_OUTLINE: Final = (
    *_SEQUENCE_OUTLINE,
    *("digits", "letters", "upper case", "lower case", "with spaces", "capital first", "with digits", "with marks"),
    *("digit last", "digit first"),
)


@functools.lru_cache(maxsize=64)
def _word_outline(width: int) -> Outline:
    full, top = (1 << width) - 1, 1 << (width - 1)

    def describe(value: int) -> int:
        ones = value.bit_count()
        return _bits(
            not value,
            value == 1,
            value == full,
            value & 1,
            value & top,
            ones == 1,
            2 * ones > width,
            value < 256,
            value.bit_length() <= width // 2,
            value & (value + 1) == 0,
            ~value & full & ((~value & full) + 1) == 0,
        )

    names = (
        *("zero", "one", "all ones", "odd", "top bit", "one bit", "mostly ones", "one byte", "lower half"),
        *("low ones", "high ones"),
    )
    return Outline(names, describe)


_INTEGERS: Final = Outline(_INTEGERS_OUTLINE, _integers_outline)
_OUTLINES: Final = {
    "sequence": Outline(
        _TEXT_OUTLINE, lambda value: _text_outline(value) if isinstance(value, str) else _sequence_outline(value)
    ),
    "integer": Outline(_INTEGER_OUTLINE, _integer_outline),
    "truth": Outline(("true",), int),
    "number": Outline(("zero", "negative"), lambda value: _bits(value == 0, value < 0)),
}
