"""The programs that a logic allows where a file states no grammar."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.checker.first_order import operator_of
from tests.checker.syntax import INT, REAL, STRING, Malformed, SExpr, literal, width_of

_CORE = frozenset(("ite", "and", "or", "not", "xor", "=>", "=", "distinct"))
_LINEAR = frozenset(("+", "-", "*", "<", "<=", ">", ">="))
_NONLINEAR = frozenset(("div", "mod", "abs"))
_REAL = frozenset(("/", "to_real", "to_int", "is_int"))
_BIT_VECTORS = frozenset(("concat", "extract", "repeat", "zero_extend", "sign_extend", "rotate_left", "rotate_right"))
_PARTS = re.compile(
    r"(?P<all>ALL)|(?:AX?)?(?:UF)?C?(?P<bits>BV)?(?:FP)?(?:DT)?(?P<strings>S)?"
    r"(?P<numbers>(?P<linear>L|N)(?P<sorts>IR|I|R)A|IDL|RDL)?"
)


class OutsideGrammar(Malformed):
    """An answer that is not among the programs that a file allows."""


@dataclass(frozen=True)
class Logic:
    """Which operators there are.

    Attributes:
        name: the name in the file.
        numbers: whether there are numbers.
        reals: whether there are real numbers.
        linear: whether products have a constant factor, and whether there is no division.
        bits: whether there are bit-vectors.
        strings: whether there are strings.
    """

    name: str
    numbers: bool
    reals: bool
    linear: bool
    bits: bool
    strings: bool

    def has(self, operator: str) -> bool:
        """Whether there is an operator of that name."""
        if operator.startswith("bv") or operator in _BIT_VECTORS:
            return self.bits
        if operator.startswith("str."):
            return self.strings
        if operator in _REAL:
            return self.reals
        if operator in _NONLINEAR:
            return self.numbers and not self.linear
        return operator in _CORE or (operator in _LINEAR and self.numbers)


def logic_of(name: str, sorts: Iterable[str]) -> Logic:
    """The logic of a name, with what there is of the sorts that a function has; no name is ``ALL``."""
    given = set(sorts)
    parts = [found for part in (name or "ALL").split("_") if (found := _PARTS.fullmatch(part))]
    named = {key for found in parts for key, value in found.groupdict().items() if value}
    everything = "all" in named
    is_linear = not everything and not any(found["linear"] == "N" for found in parts)
    strings = everything or "strings" in named or STRING in given
    return Logic(
        name,
        numbers=everything or strings or "numbers" in named or bool({INT, REAL} & given),
        reals=everything or REAL in given or any("R" in (found["numbers"] or "") for found in parts),
        linear=is_linear,
        bits=everything or "bits" in named or any(width_of(sort) is not None for sort in given),
        strings=strings,
    )


def check_operators(term: SExpr, logic: Logic, macros: Mapping[str, SExpr]) -> None:
    """Check that a term without ``let`` has operators of a logic only, and is linear if the logic is.

    Args:
        term: the term.
        logic: what is allowed.
        macros: the bodies of functions of the file that may be called, without ``let``.

    Raises:
        OutsideGrammar: if it is not.
    """
    seen: set[int] = set()
    waiting = [term]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str) or literal(node) is not None or id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node[1:]
        if isinstance(node[0], str) and node[0] in macros:
            waiting.append(macros[node[0]])
        else:
            _check_operator(operator_of(node[0])[0], node[1:], logic)


def _check_operator(name: str, arguments: list[SExpr], logic: Logic) -> None:
    if not logic.has(name):
        if name in _NONLINEAR and logic.numbers:
            raise OutsideGrammar(f"{name} is not linear, and {logic.name} is")
        raise OutsideGrammar(f"the logic {logic.name} has no operator {name}")
    constants = [literal(argument) is not None for argument in arguments]
    if logic.linear and name == "*" and constants.count(False) > 1:
        raise OutsideGrammar("a product without a constant factor is not linear")
    if logic.linear and name == "/" and False in constants[1:]:
        raise OutsideGrammar("a division by what is no constant is not linear")
