"""Types of list programs: unification of simple types with variables."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.checker.syntax import BOOL, INT, STRING, Malformed, bit_vector

Type: TypeAlias = tuple[Any, ...]
"""``("int",)``, ``("list", t)``, ``("->", a, b)``, or a variable ``("?", number)``."""

_TOKEN = re.compile(r"->|[()]|[A-Za-z0-9_]+")


def parse_type(text: str) -> Type:
    """The type that is written ``list(t0) -> int``; names such as ``t0`` are variables.

    Raises:
        Malformed: if it is no type.
    """
    tokens = _TOKEN.findall(text)
    found = _arrow(tokens)
    if tokens:
        raise Malformed(f"{text} is no type")
    return found


def _arrow(tokens: list[str]) -> Type:
    left = _simple(tokens)
    if tokens and tokens[0] == "->":
        tokens.pop(0)
        return ("->", left, _arrow(tokens))
    return left


def _simple(tokens: list[str]) -> Type:
    head = tokens.pop(0) if tokens else ""
    if head == "(":
        inner = _arrow(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise Malformed("a parenthesis of a type is never closed")
        return inner
    if head == "list":
        return ("list", _simple(tokens))
    if re.fullmatch("t[0-9]+", head):
        return ("?", head)
    if not re.fullmatch("int|bool|str|char|real|bv[0-9]+", head):
        raise Malformed(f"{head!r} is no type")
    return (head,)


def parts(type_: Type) -> tuple[list[Type], Type]:
    """The parameters and the result of a function type."""
    parameters = []
    while type_[0] == "->":
        parameters.append(type_[1])
        type_ = type_[2]
    return parameters, type_


def sort_of(type_: Type) -> str:
    """The sort of SMT-LIB for a type.

    Raises:
        Malformed: if it has none.
    """
    name = type_[0]
    sorts = {"int": INT, "bool": BOOL, "str": STRING}
    if name in sorts:
        return sorts[name]
    if name.startswith("bv"):
        return bit_vector(int(name[2:]))
    raise Malformed(f"the type {type_} has no sort")


@dataclass
class Unifier:
    """What type variables stand for."""

    bound: dict[Any, Type] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def fresh(self) -> Type:
        """A new variable."""
        return ("?", next(self.numbers))

    def instance(self, scheme: Type) -> Type:
        """A type with new variables in the place of its own."""
        renamed: dict[Any, Type] = {}

        def rename(type_: Type) -> Type:
            if type_[0] == "?":
                return renamed.setdefault(type_[1], self.fresh())
            return (type_[0], *map(rename, type_[1:]))

        return rename(scheme)

    def resolve(self, type_: Type) -> Type:
        """The type with its variables replaced by what they stand for."""
        while type_[0] == "?" and type_[1] in self.bound:
            type_ = self.bound[type_[1]]
        return type_ if type_[0] == "?" else (type_[0], *map(self.resolve, type_[1:]))

    def unify(self, left: Type, right: Type) -> None:
        """Make two types equal.

        Raises:
            Malformed: if they cannot be.
        """
        left, right = self.resolve(left), self.resolve(right)
        if left == right:
            return
        if right[0] == "?":
            left, right = right, left
        if left[0] == "?":
            if _occurs(left, right):
                raise Malformed("a type would contain itself")
            self.bound[left[1]] = right
            return
        if left[0] != right[0] or len(left) != len(right):
            raise Malformed(f"types {left} and {right} do not fit")
        for a, b in zip(left[1:], right[1:], strict=True):
            self.unify(a, b)


def _occurs(variable: Type, type_: Type) -> bool:
    return type_ == variable or (type_[0] != "?" and any(_occurs(variable, part) for part in type_[1:]))
