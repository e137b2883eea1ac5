"""S-expressions with positions: the lexis shared by SyGuS files and printed terms.

An atom is its text, a `str` (string literals keep their quotes, quoted symbols their bars); a list is an `SList`
that knows where it starts. The position of an atom is found, when an error needs it, by scanning its list again:
reading costs nothing for positions that nobody asks for.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from dsl.errors import SpecError
from dsl.source import Location, Source

_TOKEN = re.compile(r';[^\n]*|(?:"[^"]*")+|\|[^|]*\||[()]|[^\s()";|]+|["|]')


class SList(list["SExpr"]):
    """A parenthesised list and the offset of its opening parenthesis."""

    __slots__ = ("start",)
    start: int


SExpr: TypeAlias = str | SList


class Document:
    """The top-level s-expressions of a source text."""

    def __init__(self, source: Source) -> None:
        """Read all of `source`.

        Raises:
            SpecError: for unbalanced parentheses and unterminated strings or quoted symbols.
        """
        self.source = source
        self.forms = self._read()

    def _read(self) -> SList:
        top = SList()
        top.start = -1
        current, stack = top, []
        for found in _TOKEN.finditer(self.source.text):
            token = found.group()
            if token == "(":
                inner = SList()
                inner.start = found.start()
                current.append(inner)
                stack.append(current)
                current = inner
            elif token == ")":
                if not stack:
                    raise self.source.error("this parenthesis closes nothing", found.start())
                current = stack.pop()
            elif token[0] == ";":
                continue
            elif token in ('"', "|"):
                what = "string" if token == '"' else "quoted symbol"
                raise self.source.error(f"this {what} is not closed", found.start(), f"close it with {token}")
            else:
                current.append(token)
        if stack:
            raise self.source.error("this parenthesis is never closed", current.start, "add the missing `)`")
        return top

    def offset(self, parent: SList, index: int | None = None) -> int:
        """Offset of `parent` itself, or of its child number `index`."""
        if index is None:
            return max(0, parent.start)
        child = parent[index]
        if isinstance(child, SList):
            return child.start
        level, count = 0, 0
        for found in _TOKEN.finditer(self.source.text, parent.start + 1):
            token = found.group()
            if token[0] == ";":
                continue
            if token == ")":
                level -= 1
                continue
            if level == 0:
                if count == index:
                    return found.start()
                count += 1
            if token == "(":
                level += 1
        return max(0, parent.start)

    def locate(self, parent: SList, index: int | None = None) -> Location:
        """Location of `parent`, or of its child number `index`."""
        return self.source.locate(self.offset(parent, index))

    def error(self, message: str, parent: SList, index: int | None = None, suggestion: str | None = None) -> SpecError:
        """An error that points at `parent`, or at its child number `index`."""
        return self.source.error(message, self.offset(parent, index), suggestion)


def symbol_text(atom: str) -> str:
    """The name that a symbol denotes: ``|x y|`` and ``x`` lose their bars."""
    return atom[1:-1] if atom[0] == "|" else atom


_SIMPLE_SYMBOL = re.compile(r"(?!\$|[+\-]\d)[A-Za-z~!@$%^&*_+=<>.?/\-][A-Za-z0-9~!@$%^&*_+=<>.?/\-]*")
_RESERVED = ("_", "!", "as", "char", "exists", "false", "forall", "lambda", "let", "match", "par", "true")


def quoted(name: str) -> str:
    """How a name is written: as it is if that is a symbol and nothing else, else between bars."""
    return name if _SIMPLE_SYMBOL.fullmatch(name) and name not in _RESERVED else f"|{name}|"
