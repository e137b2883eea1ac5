"""S-expressions, sorts and literals as the checker reads them, by the standards and by nothing of Reverie.

An atom is its text (string literals keep their quotes), a list is a Python list. Nothing here knows what a term means.
"""

from __future__ import annotations

import re
from typing import TypeAlias

SExpr: TypeAlias = "str | list[SExpr]"
Value: TypeAlias = "int | str | bool | tuple[Value, ...]"

INT, BOOL, STRING = "Int", "Bool", "String"

_TOKEN = re.compile(r';[^\n]*|"(?:[^"]|"")*"|\|[^|]*\||[()]|[^\s()";|]+')
_HEXADECIMAL = re.compile(r"#x[0-9a-fA-F]+")
_BINARY = re.compile(r"#b[01]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
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
            current.append(token[1:-1] if token[0] == "|" else token)
    if stack:
        raise Malformed("a parenthesis is never closed")
    return current


def show(node: SExpr) -> str:
    """The text of an s-expression."""
    return node if isinstance(node, str) else f"({' '.join(map(show, node))})"


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
        case "Int" | "Bool" | "String":
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
    return (INT, int(text)) if _INTEGER.fullmatch(text) else None


def expand_lets(node: SExpr) -> SExpr:
    """The term without ``let``: what was bound stands, as one object, wherever it was named."""
    return _expand(node, {})


def _expand(node: SExpr, bound: dict[str, SExpr]) -> SExpr:
    if isinstance(node, str):
        return bound.get(node, node)
    if node and node[0] == "let":
        if len(node) != 3 or not isinstance(node[1], list):
            raise Malformed(f"{show(node)[:60]} is no let")
        inner = dict(bound)
        for binding in node[1]:
            if not isinstance(binding, list) or len(binding) < 2 or not isinstance(binding[0], str):
                raise Malformed(f"{show(binding)[:60]} binds nothing")
            inner[binding[0]] = _expand(binding[-1], bound)
        return _expand(node[2], inner)
    return [node[0], *(_expand(child, bound) for child in node[1:])] if node else node


def size(node: SExpr) -> int:
    """AST nodes of a term without ``let``: literals, operators, macros, variables and λs count 1."""
    return _size(node, {})


def _size(node: SExpr, known: dict[int, int]) -> int:
    if isinstance(node, str) or literal(node) is not None or not node or node[0] in ("_", "char"):
        return 1
    found = known.get(id(node))
    if found is None:
        first = 0 if isinstance(node[0], list) and node[0][:1] != ["_"] else 1
        found = known[id(node)] = first + sum(_size(child, known) for child in node[first:])
    return found
