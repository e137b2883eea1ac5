"""The one exception tree of Reverie.

Everything that a person can cause is a :class:`ReverieError`; the command line turns it into a message
and exit code 2. Anything else that is raised is a defect of Reverie itself.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from pathlib import Path


class ReverieError(Exception):
    """An error that the user can mend; its text says what is wrong, where, and what would be right."""


class SpecError(ReverieError):
    """A specification that cannot be read.

    Attributes:
        message: what is wrong, in one sentence.
        path: the file, or None for text that came from no file.
        line: 1-based line, or None if the whole file is meant.
        column: 1-based column, or None.
        source_line: the text of that line, or None.
        suggestion: the nearest known name or the form that would be right, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        source_line: str | None = None,
        suggestion: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.source_line = source_line
        self.suggestion = suggestion

    def __str__(self) -> str:
        """Render as ``file:line:column: message``, the line, a caret and the suggestion."""
        where = [str(self.path)] if self.path is not None else ["<text>"]
        where += [str(number) for number in (self.line, self.column) if number is not None]
        text = f"{':'.join(where)}: {self.message}"
        if self.source_line is not None and self.column is not None:
            text += "\n" + _excerpt(self.source_line, self.column)
        if self.suggestion is not None:
            text += f"\n  {self.suggestion}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the attributes when the error crosses a process boundary."""
        return (_rebuild_spec_error, (self.message, self.__dict__))


def _rebuild_spec_error(message: str, attributes: dict[str, object]) -> SpecError:
    error = SpecError(message)
    error.__dict__.update(attributes)
    return error


def _excerpt(line: str, column: int, width: int = 100) -> str:
    """The part of `line` around `column` (1-based) with a caret under it; tabs and controls become blanks."""
    start = max(0, column - 1 - width // 2)
    shown = "".join(c if c.isprintable() else " " for c in line[start : start + width])
    left = "…" if start > 0 else ""
    right = "…" if start + width < len(line) else ""
    before = column - 1 - start
    indent = len(left) + sum(map(_terminal_columns, shown[:before])) + max(0, before - len(shown))
    return f"  {left}{shown}{right}\n  {' ' * indent}^"


def _terminal_columns(character: str) -> int:
    """Columns that a printable character takes: East Asian wide ones take two, combining ones none."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


class TypeMismatch(ReverieError):
    """A term, value or primitive does not have the type that its place asks for."""


class DomainError(ReverieError):
    """A domain is defined wrongly or is not known."""


class TermSyntaxError(ReverieError):
    """A text is not the s-expression of a term."""


class GrammarError(ReverieError):
    """A grammar is malformed, or no program fits the request (an empty nonterminal, a budget too small)."""


class LimitExceeded(ReverieError):
    """An evaluation ran out of steps, value size or recursion depth.

    This is never ⊥: it says that the meaning was not computed, not that there is none.
    """


LONGEST_NAME = 100
"""Longest name that others are compared with: the time that takes is quadratic in its length."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """``did you mean `x`?`` for the known name closest to `name`, or None if nothing is close."""
    if len(name) > LONGEST_NAME:
        return None
    candidates = sorted({other for other in known if len(other) <= LONGEST_NAME})
    matches = difflib.get_close_matches(name, candidates, n=1, cutoff=0.6)
    return f"did you mean `{matches[0]}`?" if matches else None
