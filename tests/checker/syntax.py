"""S-expressions, sorts and literals as the checker reads them, by the standards and by nothing of Reverie.

An atom is its text (string literals keep their quotes), a list is a Python list. Nothing here knows what a term means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import TypeAlias, TypeVar

from tests.checker.deep import Steps, run

SExpr: TypeAlias = "str | list[SExpr]"
Value: TypeAlias = "int | str | bool | Fraction | tuple[Value, ...]"

V = TypeVar("V")

INT, BOOL, STRING, REAL = "Int", "Bool", "String", "Real"

_TOKEN = re.compile(r';[^\n]*|"(?:[^"]|"")*"|\|[^|]*\||[()]|[^\s()";|]+')
_HEXADECIMAL = re.compile(r"#x[0-9a-fA-F]+")
_BINARY = re.compile(r"#b[01]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?[0-9]+\.[0-9]+")
_RESERVED = ("_", "!", "as", "let", "exists", "forall", "match", "par")
_ESCAPE = re.compile(r"\\u\{([0-9a-fA-F]{1,5})\}|\\u([0-9a-fA-F]{4})")


class Malformed(Exception):
    """A text that is no term, answer or problem."""


class Unsupported(Exception):
    """A problem of a kind that the checker does not know: nothing can be said of its answer."""


def read(text: str) -> list[SExpr]:
    """All s-expressions of a text.

    Raises:
        Malformed: if parentheses do not match.
    """
    current: list[SExpr] = []
    stack: list[list[SExpr]] = []
    for token in _TOKEN.findall(text):
        if token == "(":
            inner: list[SExpr] = []
            current.append(inner)
            stack.append(current)
            current = inner
        elif token == ")":
            if not stack:
                raise Malformed("a parenthesis closes nothing")
            current = stack.pop()
        elif token[0] != ";":
            current.append(_name(token[1:-1]) if token[0] == "|" else token)
    if stack:
        raise Malformed("a parenthesis is never closed")
    return current


def _name(between_bars: str) -> str:
    """A symbol without its bars, unless it would then be read as something else."""
    if not between_bars or between_bars in _RESERVED or _atom(between_bars) is not None:
        return f"|{between_bars}|"
    return between_bars


def show(node: SExpr) -> str:
    """The text of an s-expression."""
    pieces: list[str] = []
    waiting: list[SExpr] = [node]
    while waiting:
        item = waiting.pop()
        if pieces and item != ")" and pieces[-1] != "(":
            pieces.append(" ")
        if isinstance(item, str):
            pieces.append(item)
        else:
            pieces.append("(")
            waiting += [")", *reversed(item)]
    return "".join(pieces)


def bit_vector(width: int) -> str:
    """The sort of bit-vectors of a width."""
    return f"(_ BitVec {width})"


def width_of(sort: str) -> int | None:
    """The width of a sort of bit-vectors; None for other sorts."""
    return int(sort[10:-1]) if sort.startswith("(_ BitVec ") else None


def read_sort(node: SExpr) -> str:
    """The sort that an s-expression names; version 1 writes ``(BitVec 64)``.

    Raises:
        Malformed: if there is no such sort.
    """
    match node:
        case "Int" | "Bool" | "String" | "Real":
            return node
        case ["BitVec", str(width)] | ["_", "BitVec", str(width)] if width.isdigit():
            return bit_vector(int(width))
    raise Malformed(f"{show(node)} is no sort")


def text_of(literal: str) -> str:
    """The string that a literal of SMT-LIB 2.6 denotes."""

    def character(found: re.Match[str]) -> str:
        return chr(int(found.group(1) or found.group(2), 16))

    return _ESCAPE.sub(character, literal[1:-1].replace('""', '"'))


def literal(node: SExpr) -> tuple[str, Value] | None:
    """Sort and value of a literal, ``(- 7)`` included; None for anything else."""
    match node:
        case str():
            return _atom(node)
        case ["-", str(digits)] if digits.isascii() and digits.isdigit():
            return INT, -int(digits)
        case ["-", str(decimal)] if decimal[0].isdigit() and _DECIMAL.fullmatch(decimal):
            return REAL, -Fraction(decimal)
        case ["_", str(name), str(width)] if re.fullmatch("bv[0-9]+", name) and width.isdigit():
            return bit_vector(int(width)), int(name[2:])
        case ["_", "char", str(code)] if _HEXADECIMAL.fullmatch(code):
            return STRING, chr(int(code[2:], 16))
    return None


def _atom(text: str) -> tuple[str, Value] | None:
    if text[0] == '"':
        return STRING, text_of(text)
    if text in ("true", "false"):
        return BOOL, text == "true"
    if _HEXADECIMAL.fullmatch(text):
        return bit_vector(4 * (len(text) - 2)), int(text[2:], 16)
    if _BINARY.fullmatch(text):
        return bit_vector(len(text) - 2), int(text[2:], 2)
    if _DECIMAL.fullmatch(text):
        return REAL, Fraction(text)
    return (INT, int(text)) if _INTEGER.fullmatch(text) else None


def bindings_of(let: list[SExpr]) -> list[tuple[str, SExpr]]:
    """The names that a ``let`` binds and what it binds to them; version 1 states the sort between the two.

    Raises:
        Malformed: if it is none.
    """
    if len(let) != 3 or not isinstance(let[1], list):
        raise Malformed(f"{show(let)[:60]} is no let")
    found: list[tuple[str, SExpr]] = []
    for binding in let[1]:
        if not isinstance(binding, list) or len(binding) not in (2, 3) or not isinstance(binding[0], str):
            raise Malformed(f"{show(binding)[:60]} binds nothing")
        found.append((binding[0], binding[-1]))
    return found


@contextmanager
def shadowing(names: dict[str, V], inner: Mapping[str, V]) -> Iterator[None]:
    """Let names denote something else for a while."""
    hidden = {name: names[name] for name in inner if name in names}
    names.update(inner)
    try:
        yield
    finally:
        for name in inner:
            del names[name]
        names.update(hidden)


def expand_lets(node: SExpr) -> SExpr:
    """The term without ``let``: what was bound stands, as one object, wherever it was named."""
    return run(_expand(node, {}))


def _expand(node: SExpr, bound: dict[str, SExpr]) -> Steps[SExpr]:
    if isinstance(node, str):
        return bound.get(node, node)
    if not node or node[0] != "let":
        children = node[:1]
        for child in node[1:]:
            children.append((yield _expand(child, bound)))
        return children
    inner: dict[str, SExpr] = {}
    for name, term in bindings_of(node):
        inner[name] = yield _expand(term, bound)
    with shadowing(bound, inner):
        body = yield _expand(node[2], bound)
    return body


def size(node: SExpr) -> int:
    """AST nodes of a term without ``let``: literals, operators, macros, variables and λs count 1."""
    return run(_size(node, {}))


def _size(node: SExpr, known: dict[int, int]) -> Steps[int]:
    if isinstance(node, str) or literal(node) is not None or not node or node[0] in ("_", "char"):
        return 1
    if id(node) not in known:
        first = 0 if isinstance(node[0], list) and node[0][:1] != ["_"] else 1
        total = first
        for child in node[first:]:
            total += yield _size(child, known)
        known[id(node)] = total
    return known[id(node)]
