"""Values that programs compute, and ⊥.

| type       | Python value                                             |
|------------|----------------------------------------------------------|
| ``int``    | int, unbounded                                           |
| ``bool``   | bool                                                     |
| ``str``    | str of code points up to U+2FFFF (the range of SMT-LIB)  |
| ``char``   | str of length 1                                          |
| ``real``   | float, finite                                            |
| ``bvN``    | int in 0 … 2^N − 1                                       |
| ``list(t)``| tuple of values of t                                     |
"""

from __future__ import annotations

import math
import re
import reprlib
from collections.abc import Iterable
from typing import ClassVar, Final, TypeAlias

from dsl.errors import TypeMismatch
from dsl.types import BOOL, CHAR, INT, MAXIMUM_NESTING, REAL, STRING, Substitution, Type, list_of

Value: TypeAlias = int | bool | str | float | tuple["Value", ...]
LARGEST_CODE_POINT = 0x2FFFF
LITERAL_BITS = 14_000
"""Longest integer literal, in bits (about 4 200 decimal digits)."""


class Bottom:
    """The type of ⊥, the result of a primitive that is not defined on its arguments."""

    __slots__ = ()
    _instance: ClassVar[Bottom | None] = None

    def __new__(cls) -> Bottom:
        """Return the one ⊥."""
        if cls._instance is None:
            cls._instance = object.__new__(cls)
        return cls._instance

    def __reduce__(self) -> tuple[object, ...]:
        """Stay a singleton on unpickling."""
        return (Bottom, ())

    def __repr__(self) -> str:
        return "⊥"

    def __bool__(self) -> bool:
        """Refuse: ⊥ is neither true nor false; compare with ``is BOTTOM``."""
        raise TypeError("⊥ has no truth value; compare with `is BOTTOM`")


BOTTOM: Final = Bottom()


def has_type(value: object, type_: Type) -> bool:
    """Whether `value` is a value of the monomorphic, first-order `type_`; True is no int, 1 is no bool."""
    if type_.name == "list":
        return isinstance(value, tuple) and all(has_type(v, type_.arguments[0]) for v in value)
    if type_ is BOOL:
        return isinstance(value, bool)
    if type_ is INT:
        return isinstance(value, int) and not isinstance(value, bool)
    if type_ is STRING:
        return isinstance(value, str) and all(ord(c) <= LARGEST_CODE_POINT for c in value)
    if type_ is CHAR:
        return isinstance(value, str) and len(value) == 1 and ord(value) <= LARGEST_CODE_POINT
    if type_ is REAL:
        return isinstance(value, float) and math.isfinite(value)
    if type_.name == "bv":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << type_.width
    return False


def from_data(data: object, type_: Type) -> Value:
    """Turn what JSON, TOML or CSV give into a value of `type_`.

    Lists become tuples, a text becomes a list of characters where ``list(char)`` is asked for, and an integer
    becomes a real where ``real`` is asked for.

    Raises:
        TypeMismatch: if `data` is not of that type; the message shows the offending part.
    """
    if type_.name == "list":
        if isinstance(data, str) and type_.arguments[0] is CHAR:
            return tuple(data)
        if isinstance(data, list | tuple):
            return tuple(from_data(item, type_.arguments[0]) for item in data)
    elif type_ is REAL and isinstance(data, int | float) and not isinstance(data, bool):
        try:
            data = float(data)
        except OverflowError:
            raise TypeMismatch("an integer this large is not a real number of double precision") from None
    if has_type(data, type_):
        return data  # type: ignore[return-value]
    raise TypeMismatch(f"{shown(data)} is not of type {type_}")


class _Shown(reprlib.Repr):
    """Data in an error message: also what is too deep, too long or too large to be written out."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxdict = 20
        self.maxstring = self.maxother = 1_000

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if x.bit_length() <= 200 else f"an integer of {x.bit_length()} bits"


def shown(data: object, length: int = 60) -> str:
    """What to write of `data` in an error message, in at most `length` characters."""
    text = _Shown().repr(data)
    return text if len(text) <= length else text[: length - 3] + "..."


def infer_type(values: Iterable[object]) -> Type:
    """The least type that all `values` (as JSON or TOML give them) have.

    Lists unify element-wise, an empty list fits any list type (``list(int)`` if nothing else decides), and
    integers beside floats are reals.

    Raises:
        TypeMismatch: if the values have no common type.
    """
    substitution = Substitution()
    found: Type = substitution.fresh()
    for value in values:
        seen, before = _type_of(value, substitution, 0), substitution.apply(found)
        joined = _join(before, seen, substitution)
        if joined is None:
            raise TypeMismatch(f"{shown(value)} is a {seen}, but earlier values are {before}")
        found = joined
    resolved = substitution.apply(found)
    for variable in resolved.variables():
        substitution.unify(variable, INT)
    return substitution.apply(resolved)


def _join(left: Type, right: Type, substitution: Substitution) -> Type | None:
    """The least type that has the values of both, or None."""
    left, right = substitution.apply(left), substitution.apply(right)
    if {left, right} == {INT, REAL}:
        return REAL
    if left.name == right.name == "list":
        element = _join(left.arguments[0], right.arguments[0], substitution)
        return None if element is None else list_of(element)
    return substitution.apply(left) if substitution.unify(left, right) else None


def _type_of(value: object, substitution: Substitution, nesting: int) -> Type:
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return INT
    if isinstance(value, float):
        return REAL
    if isinstance(value, str):
        return STRING
    if isinstance(value, list | tuple):
        if nesting == MAXIMUM_NESTING:
            raise TypeMismatch(f"lists are nested deeper than {MAXIMUM_NESTING} levels")
        element: Type = substitution.fresh()
        for item in value:
            seen, before = _type_of(item, substitution, nesting + 1), substitution.apply(element)
            joined = _join(before, seen, substitution)
            if joined is None:
                raise TypeMismatch(f"list {shown(value)} mixes {before} and {seen}")
            element = joined
        return list_of(substitution.apply(element))
    raise TypeMismatch(f"{shown(value)} is no value; int, bool, str, float and lists of these are")


def typed_key(value: Value | Bottom) -> object:
    """A dictionary key equal for equal values of one type only (in Python ``True == 1 == 1.0``)."""
    if isinstance(value, tuple):
        return (tuple, *map(typed_key, value))
    return (type(value), value)


_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})")
_UNPRINTABLE = re.compile(r'[^\x20-\x7e]|"|\\(?=u)')


def string_literal(value: str) -> str:
    r"""The SMT-LIB 2.6 literal of a string: ``"`` doubled, everything beyond printable ASCII as ``\u{…}``."""

    def escape(found: re.Match[str]) -> str:
        return '""' if found.group() == '"' else f"\\u{{{ord(found.group()):x}}}"

    return f'"{_UNPRINTABLE.sub(escape, value)}"'


def read_string_literal(text: str) -> str:
    r"""The string of an SMT-LIB literal given with its quotes; ``""`` and ``\u`` escapes are resolved.

    Raises:
        TypeMismatch: if an escape is beyond U+2FFFF.
    """

    def replace(found: re.Match[str]) -> str:
        code = int(found.group(1) or found.group(2), 16)
        if code > LARGEST_CODE_POINT:
            raise TypeMismatch(f"{found.group()} is beyond the last character of SMT-LIB, \\u{{2ffff}}")
        return chr(code)

    return _ESCAPE.sub(replace, text[1:-1].replace('""', '"'))


def literal_text(value: Value, type_: Type) -> str:
    """How a literal of a base type is written: SMT-LIB's form, except that negative integers are ``-1``."""
    if type_ is BOOL:
        return "true" if value else "false"
    if type_ is INT:
        return str(value)
    if type_ is STRING:
        return string_literal(str(value))
    if type_ is CHAR:
        return f"(char {string_literal(str(value))})"
    if type_ is REAL:
        return repr(float(value))  # type: ignore[arg-type]
    if type_.name == "bv":
        width = type_.width
        return f"#x{value:0{width // 4}x}" if width % 4 == 0 else f"#b{value:0{width}b}"
    raise TypeMismatch(f"type {type_} has no literals")


def value_text(value: Value | Bottom, type_: Type | None = None) -> str:
    """A value as people write it: ``true``, ``"abc"``, ``[1, 2]``, a bit-vector of known type ``#x0f``; for display."""
    if isinstance(value, tuple):
        element = type_.arguments[0] if type_ is not None and type_.arguments else None
        return f"[{', '.join(value_text(item, element) for item in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if type_ is not None and type_.name == "bv" and not isinstance(value, Bottom):
        return literal_text(value, type_)
    return string_literal(value) if isinstance(value, str) else str(value)
