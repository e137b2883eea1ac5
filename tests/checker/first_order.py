"""What first-order terms mean: strings, numbers, truth values and bit-vectors by SMT-LIB 2.6 and 2.7.

Written from the definitions of the theories. An operator without a value (division of a number by 0) raises
`NoValue`, which counts only if the value is needed: in the branch of an ``ite`` that is not taken it does not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from tests.checker.syntax import (
    BOOL,
    INT,
    REAL,
    STRING,
    Malformed,
    SExpr,
    Value,
    bindings_of,
    bit_vector,
    literal,
    shadowing,
    show,
    width_of,
)
from tests.checker.text_editing import TEXT_EDITING

Environment: TypeAlias = tuple[Any, ...]
Code: TypeAlias = Callable[[Environment], Any]
Resolved: TypeAlias = tuple[str, Callable[..., Any]]
"""The sort of the result, and the function of the values."""


class NoValue(Exception):
    """The term has no value at this point."""


class Absent:
    """Stands in an environment for an argument without a value."""


ABSENT = Absent()

ALIASES = {
    "int.to.str": "str.from_int",
    "str.from-int": "str.from_int",
    "str.to.int": "str.to_int",
    "str.to-int": "str.to_int",
    "str.replaceall": "str.replace_all",
    "implies": "=>",
    "iff": "=",
    "str.rev": "strings.reverse",
}
"""Names of version 1 of SyGuS, and of solvers, for operators of SMT-LIB."""


@dataclass(frozen=True)
class Definition:
    """A named function: of the file, or of the answer.

    Attributes:
        sorts: sorts of the parameters.
        result: sort of the result.
        code: the value of the body in an environment of the arguments.
    """

    sorts: tuple[str, ...]
    result: str
    code: Code


def canonical(name: str) -> str:
    """The name in SMT-LIB, without the width that s-expressions of Reverie put behind an ``@``."""
    name = name.partition("@")[0] if "@" in name[1:] else name
    return ALIASES.get(name, name)


def operator_of(head: SExpr) -> tuple[str, tuple[int, ...]]:
    """Name and numerals of the operator of a theory.

    Raises:
        Malformed: if it is written like none.
    """
    if isinstance(head, str):
        return canonical(head), ()
    if len(head) < 3 or head[0] != "_" or not all(isinstance(part, str) for part in head):
        raise Malformed(f"{show(head)[:60]} is no operator")
    numerals = [str(part) for part in head[2:] if not str(part).startswith("@")]
    if not all(numeral.isdecimal() for numeral in numerals):
        raise Malformed(f"{show(head)[:60]} is no operator")
    return str(head[1]), tuple(map(int, numerals))


def fits(found: str, wanted: str) -> bool:
    """Whether a term of a sort may stand where one is wanted: integers are real numbers."""
    return found == wanted or (found, wanted) == (INT, REAL)


def compile_term(
    node: SExpr, variables: Mapping[str, tuple[str, int]], definitions: Mapping[str, Definition]
) -> tuple[str, Code]:
    """Sort and code of a term.

    Args:
        node: the term.
        variables: sort and place in the environment of every variable.
        definitions: functions that may be called.

    Raises:
        Malformed: if it is no term, or not well-sorted.
    """
    return _Compiler(definitions).term(node, dict(variables), len(variables))


class _Compiler:
    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self.definitions = definitions

    def term(self, node: SExpr, variables: dict[str, tuple[str, int]], depth: int) -> tuple[str, Code]:
        if isinstance(node, str) and node in variables:
            sort, place = variables[node]
            return sort, _fetch(place)
        constant = literal(node)
        if constant is not None:
            return constant[0], _constant(constant[1])
        if isinstance(node, str):
            return self.call(node, [], [], node)
        if not node:
            raise Malformed("() is no term")
        if node[0] == "let":
            return self.let(node, variables, depth)
        parts = [self.term(child, variables, depth) for child in node[1:]]
        sorts, codes = [sort for sort, _ in parts], [code for _, code in parts]
        return self.call(node[0], sorts, codes, node)

    def let(self, node: list[SExpr], variables: dict[str, tuple[str, int]], depth: int) -> tuple[str, Code]:
        inner: dict[str, tuple[str, int]] = {}
        values = []
        for place, (name, term) in enumerate(bindings_of(node), start=depth):
            sort, code = self.term(term, variables, depth)
            inner[name] = sort, place
            values.append(code)
        with shadowing(variables, inner):
            sort, body = self.term(node[2], variables, depth + len(values))
        return sort, lambda environment: body(environment + tuple([_value_or_absent(v, environment) for v in values]))

    def call(self, head: SExpr, sorts: list[str], codes: list[Code], node: SExpr) -> tuple[str, Code]:
        if isinstance(head, str) and head in self.definitions:
            return self.defined(self.definitions[head], sorts, codes, node)
        name, indices = operator_of(head)
        lazy = _lazy(name, sorts, codes)
        if lazy is not None:
            return lazy
        resolved = resolve(name, indices, tuple(sorts))
        if resolved is None:
            raise Malformed(f"{show(head)[:60]} is no operator of {', '.join(sorts) or 'no arguments'}")
        result, function = resolved
        match codes:
            case [one]:
                return result, lambda environment: function(one(environment))
            case [one, two]:
                return result, lambda environment: function(one(environment), two(environment))
        return result, lambda environment: function(*[code(environment) for code in codes])

    def defined(self, definition: Definition, sorts: list[str], codes: list[Code], node: SExpr) -> tuple[str, Code]:
        if len(sorts) != len(definition.sorts) or not all(map(fits, sorts, definition.sorts)):
            raise Malformed(f"wrong arguments in {show(node)[:60]}")
        body = definition.code
        return definition.result, lambda environment: body(tuple([_value_or_absent(c, environment) for c in codes]))


def _fetch(place: int) -> Code:
    def fetch(environment: Environment) -> Any:
        found = environment[place]
        if found is ABSENT:
            raise NoValue
        return found

    return fetch


def _constant(value: Value) -> Code:
    return lambda _: value


def _value_or_absent(code: Code, environment: Environment) -> Any:
    try:
        return code(environment)
    except NoValue:
        return ABSENT


def _lazy(name: str, sorts: list[str], codes: list[Code]) -> tuple[str, Code] | None:
    """Conditionals and connectives, which do not evaluate what they do not need."""
    if name in ("ite", "if") and len(sorts) == 3 and sorts[0] == BOOL:
        test, then, other = codes
        result = _joined(sorts[1:])[0]
        if fits(sorts[1], result) and fits(sorts[2], result):
            return result, lambda environment: then(environment) if test(environment) else other(environment)
    if not sorts or set(sorts) != {BOOL}:
        return None
    if name == "and":
        return BOOL, _first_decides(codes, decided=False)
    if name == "or":
        return BOOL, _first_decides(codes, decided=True)
    if name == "=>" and len(codes) > 1:
        *premises, conclusion = codes
        premise = _first_decides(premises, decided=False)
        return BOOL, lambda environment: not premise(environment) or conclusion(environment)
    return None


def _first_decides(codes: Sequence[Code], *, decided: bool) -> Code:
    """Conjunction and disjunction: the first operand with the deciding value is the result."""

    def connective(environment: Environment) -> bool:
        # In a loop, since a generator inside of all() takes space on the stack of C.
        for code in codes:
            if bool(code(environment)) is decided:
                return decided
        return not decided

    return connective


def _joined(sorts: Sequence[str]) -> Sequence[str]:
    """The sorts as which terms of these sorts are read together: integers beside real numbers are such, too."""
    return (REAL,) * len(sorts) if set(sorts) == {INT, REAL} else sorts


def sort_of_call(name: str, indices: tuple[int, ...], sorts: Sequence[str]) -> str | None:
    """The sort that an operator gives for arguments of these sorts; None if there is no such operator."""
    lazy = _lazy(name, list(sorts), [_constant(0)] * len(sorts))
    if lazy is not None:
        return lazy[0]
    resolved = resolve(name, indices, tuple(sorts))
    return None if resolved is None else resolved[0]


# Numbers


def _quotient(a: int, b: int) -> int:
    """Of SMT-LIB: the remainder is never negative."""
    if b == 0:
        raise NoValue
    return a // b if b > 0 else -(a // -b)


def _remainder(a: int, b: int) -> int:
    return a - b * _quotient(a, b)


def _divide(a: Fraction | int, b: Fraction | int) -> Fraction:
    if b == 0:
        raise NoValue
    return Fraction(a) / b


# Strings


def _at(s: str, i: int) -> str:
    return s[i] if 0 <= i < len(s) else ""


def _substring(s: str, start: int, count: int) -> str:
    if start < 0 or start >= len(s) or count <= 0:
        return ""
    return s[start : min(start + count, len(s))]


def _replace(s: str, old: str, new: str) -> str:
    if old == "":
        return new + s
    at = s.find(old)
    return s if at < 0 else s[:at] + new + s[at + len(old) :]


def _replace_all(s: str, old: str, new: str) -> str:
    return new.join(s.split(old)) if old else s


def _index_of(s: str, part: str, start: int) -> int:
    return s.find(part, start) if 0 <= start <= len(s) else -1


_DIGITS = frozenset("0123456789")


def _to_integer(s: str) -> int:
    return int(s) if s and _DIGITS.issuperset(s) else -1


# Bit-vectors


def _signed(a: int, n: int) -> int:
    return a - (1 << n) if a >> (n - 1) else a


def _shift_right_arithmetic(a: int, b: int, n: int) -> int:
    return (_signed(a, n) >> min(b, n)) & ((1 << n) - 1)


def _signed_division(a: int, b: int, n: int) -> tuple[int, int]:
    """Quotient rounded towards 0, and remainder, both as signed integers."""
    x, y = _signed(a, n), _signed(b, n)
    if y == 0:
        return (-1 if x >= 0 else 1), x
    quotient = abs(x) // abs(y)
    quotient = quotient if (x < 0) == (y < 0) else -quotient
    return quotient, x - y * quotient


def _signed_modulus(a: int, b: int, n: int) -> int:
    x, y = _signed(a, n), _signed(b, n)
    return x % y if y else x


def _in_range(value: int, n: int) -> bool:
    return -(1 << (n - 1)) <= value < 1 << (n - 1)


def _bit_vector_operators(n: int) -> dict[str, tuple[str, Callable[..., Any]]]:
    """Binary operators on bit-vectors of a width."""
    mask, same = (1 << n) - 1, bit_vector(n)
    return {
        "bvand": (same, lambda a, b: a & b),
        "bvor": (same, lambda a, b: a | b),
        "bvxor": (same, lambda a, b: a ^ b),
        "bvnand": (same, lambda a, b: ~(a & b) & mask),
        "bvnor": (same, lambda a, b: ~(a | b) & mask),
        "bvxnor": (same, lambda a, b: ~(a ^ b) & mask),
        "bvadd": (same, lambda a, b: (a + b) & mask),
        "bvsub": (same, lambda a, b: (a - b) & mask),
        "bvmul": (same, lambda a, b: (a * b) & mask),
        "bvudiv": (same, lambda a, b: a // b if b else mask),
        "bvurem": (same, lambda a, b: a % b if b else a),
        "bvsdiv": (same, lambda a, b: _signed_division(a, b, n)[0] & mask),
        "bvsrem": (same, lambda a, b: _signed_division(a, b, n)[1] & mask),
        "bvsmod": (same, lambda a, b: _signed_modulus(a, b, n) & mask),
        "bvshl": (same, lambda a, b: (a << b) & mask if b < n else 0),
        "bvlshr": (same, lambda a, b: a >> b if b < n else 0),
        "bvashr": (same, lambda a, b: _shift_right_arithmetic(a, b, n)),
        "bvult": (BOOL, lambda a, b: a < b),
        "bvule": (BOOL, lambda a, b: a <= b),
        "bvugt": (BOOL, lambda a, b: a > b),
        "bvuge": (BOOL, lambda a, b: a >= b),
        "bvslt": (BOOL, lambda a, b: _signed(a, n) < _signed(b, n)),
        "bvsle": (BOOL, lambda a, b: _signed(a, n) <= _signed(b, n)),
        "bvsgt": (BOOL, lambda a, b: _signed(a, n) > _signed(b, n)),
        "bvsge": (BOOL, lambda a, b: _signed(a, n) >= _signed(b, n)),
        "bvcomp": (bit_vector(1), lambda a, b: int(a == b)),
        "bvuaddo": (BOOL, lambda a, b: a + b > mask),
        "bvusubo": (BOOL, lambda a, b: a < b),
        "bvumulo": (BOOL, lambda a, b: a * b > mask),
        "bvsaddo": (BOOL, lambda a, b: not _in_range(_signed(a, n) + _signed(b, n), n)),
        "bvssubo": (BOOL, lambda a, b: not _in_range(_signed(a, n) - _signed(b, n), n)),
        "bvsmulo": (BOOL, lambda a, b: not _in_range(_signed(a, n) * _signed(b, n), n)),
        "bvsdivo": (BOOL, lambda a, b: _signed(a, n) == -(1 << (n - 1)) and _signed(b, n) == -1),
    }


_LEFT_ASSOCIATIVE = frozenset(("bvand", "bvor", "bvxor", "bvadd", "bvmul"))


def _unary_bit_vector(name: str, n: int) -> Resolved | None:
    mask = (1 << n) - 1
    match name:
        case "bvnot":
            return bit_vector(n), lambda a: a ^ mask
        case "bvneg":
            return bit_vector(n), lambda a: -a & mask
        case "bvnego":
            return BOOL, lambda a: a == 1 << (n - 1)
    return None


def _indexed(name: str, indices: tuple[int, ...], n: int) -> Resolved | None:
    """Operators with numerals, of one bit-vector."""
    mask = (1 << n) - 1
    match name, indices:
        case "extract", (high, low) if n > high >= low >= 0:
            return bit_vector(high - low + 1), lambda a: (a >> low) & ((1 << (high - low + 1)) - 1)
        case "zero_extend", (k,):
            return bit_vector(n + k), lambda a: a
        case "sign_extend", (k,):
            return bit_vector(n + k), lambda a: _signed(a, n) & ((1 << (n + k)) - 1)
        case "rotate_left", (k,):
            return bit_vector(n), lambda a: ((a << k % n) | (a >> (n - k % n))) & mask
        case "rotate_right", (k,):
            return bit_vector(n), lambda a: ((a >> k % n) | (a << (n - k % n))) & mask
        case "repeat", (k,) if k >= 1:
            return bit_vector(n * k), lambda a: sum(a << (n * i) for i in range(k))
    return None


def _fold(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """An operator of two or more arguments that associates to the left."""

    def folded(*values: Any) -> Any:
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    return folded


def _chain(function: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    """A relation that holds between all neighbours."""
    return lambda *values: all(function(a, b) for a, b in itertools.pairwise(values))


_FIXED: dict[str, tuple[tuple[str, ...], str, Callable[..., Any]]] = {
    "not": ((BOOL,), BOOL, lambda a: not a),
    "abs": ((INT,), INT, abs),
    "mod": ((INT, INT), INT, _remainder),
    "to_real": ((INT,), REAL, Fraction),
    "to_int": ((REAL,), INT, math.floor),
    "is_int": ((REAL,), BOOL, lambda a: a == math.floor(a)),
    "str.len": ((STRING,), INT, len),
    "str.at": ((STRING, INT), STRING, _at),
    "str.substr": ((STRING, INT, INT), STRING, _substring),
    "str.replace": ((STRING, STRING, STRING), STRING, _replace),
    "str.replace_all": ((STRING, STRING, STRING), STRING, _replace_all),
    "str.indexof": ((STRING, STRING, INT), INT, _index_of),
    "str.contains": ((STRING, STRING), BOOL, lambda s, t: t in s),
    "str.prefixof": ((STRING, STRING), BOOL, lambda t, s: s[: len(t)] == t),
    "str.suffixof": ((STRING, STRING), BOOL, lambda t, s: len(t) <= len(s) and s[len(s) - len(t) :] == t),
    "str.from_int": ((INT,), STRING, lambda n: str(n) if n >= 0 else ""),
    "str.to_int": ((STRING,), INT, _to_integer),
    "str.is_digit": ((STRING,), BOOL, lambda s: s in _DIGITS),
    "str.to_code": ((STRING,), INT, lambda s: ord(s) if len(s) == 1 else -1),
    "str.from_code": ((INT,), STRING, lambda n: chr(n) if 0 <= n <= 0x2FFFF else ""),
}
_VARIADIC: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "+": (INT, INT, _fold(lambda a, b: a + b)),
    "*": (INT, INT, _fold(lambda a, b: a * b)),
    "-": (INT, INT, _fold(lambda a, b: a - b)),
    "div": (INT, INT, _fold(_quotient)),
    "<": (INT, BOOL, _chain(lambda a, b: a < b)),
    "<=": (INT, BOOL, _chain(lambda a, b: a <= b)),
    ">": (INT, BOOL, _chain(lambda a, b: a > b)),
    ">=": (INT, BOOL, _chain(lambda a, b: a >= b)),
    "xor": (BOOL, BOOL, _fold(lambda a, b: a != b)),
    "str.++": (STRING, STRING, _fold(lambda a, b: a + b)),
    "str.<": (STRING, BOOL, _chain(lambda a, b: a < b)),
    "str.<=": (STRING, BOOL, _chain(lambda a, b: a <= b)),
}
_OF_REAL_NUMBERS = frozenset(("+", "*", "-", "<", "<=", ">", ">="))
_RESOLVED: dict[tuple[str, tuple[int, ...], tuple[str, ...]], Resolved | None] = {}


def resolve(name: str, indices: tuple[int, ...], sorts: tuple[str, ...]) -> Resolved | None:
    """The operator with a name, numerals and sorts of arguments; None if there is none."""
    key = name, indices, sorts
    if key not in _RESOLVED:
        _RESOLVED[key] = _resolve(name, indices, sorts)
    return _RESOLVED[key]


def _resolve(name: str, indices: tuple[int, ...], sorts: tuple[str, ...]) -> Resolved | None:
    if not sorts:
        return None
    width = width_of(sorts[0])
    if indices:
        return _indexed(name, indices, width) if width is not None and len(sorts) == 1 else None
    sorts = tuple(_joined(sorts))
    alike = len(set(sorts)) == 1
    if name == "=" and alike and len(sorts) > 1:
        return BOOL, _chain(lambda a, b: a == b)
    if name == "distinct" and alike and len(sorts) > 1:
        return BOOL, lambda *values: len(set(values)) == len(values)
    for table in (_FIXED, TEXT_EDITING):
        if name in table and table[name][0] == sorts:
            return table[name][1:]
    if name == "-" and sorts in ((INT,), (REAL,)):
        return sorts[0], lambda a: -a
    if name == "/" and len(sorts) > 1 and {INT, REAL}.issuperset(sorts):
        return REAL, _fold(_divide)
    if name in _OF_REAL_NUMBERS and alike and len(sorts) > 1 and sorts[0] == REAL:
        _, result, function = _VARIADIC[name]
        return (REAL if result == INT else BOOL), function
    if name in _VARIADIC and alike and len(sorts) > 1 and sorts[0] == _VARIADIC[name][0]:
        return _VARIADIC[name][1:]
    if width is None:
        return None
    return _resolve_bit_vector(name, sorts, width, alike=alike)


def _resolve_bit_vector(name: str, sorts: Sequence[str], width: int, *, alike: bool) -> Resolved | None:
    if len(sorts) == 1:
        return _unary_bit_vector(name, width)
    if name == "concat":
        return _concatenation([width_of(sort) for sort in sorts])
    operators = _bit_vector_operators(width)
    if not alike or name not in operators or (len(sorts) > 2 and name not in _LEFT_ASSOCIATIVE):
        return None
    result, function = operators[name]
    return result, function if len(sorts) == 2 else _fold(function)


def _concatenation(widths: Sequence[int | None]) -> Resolved | None:
    known = [width for width in widths if width is not None]
    if len(known) < len(widths):
        return None

    def concatenate(*values: int) -> int:
        result = 0
        for value, width in zip(values, known, strict=True):
            result = result << width | value
        return result

    return bit_vector(sum(known)), concatenate
