"""Source texts and positions in them: where a part of a specification came from."""

from __future__ import annotations

import bisect
import functools
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import SpecError

LARGEST_FILE = 64 * 1024 * 1024
"""Largest file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Location:
    """A position in a file; line and column count from 1."""

    path: Path | None
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path or '<text>'}:{self.line}:{self.column}"


class Source:
    """A text with the file it came from; turns offsets into locations and errors."""

    def __init__(self, text: str, path: Path | None = None) -> None:
        self.text = text
        self.path = path

    @functools.cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        while (at := find("\n", starts[-1])) >= 0:
            starts.append(at + 1)
        return starts

    def locate(self, offset: int) -> Location:
        """The location of the character at `offset`."""
        line = bisect.bisect_right(self._line_starts, offset)
        return Location(self.path, line, offset - self._line_starts[line - 1] + 1)

    def error(self, message: str, offset: int, suggestion: str | None = None) -> SpecError:
        """A `SpecError` that points at `offset`."""
        at = self.locate(offset)
        start = self._line_starts[at.line - 1]
        end = self.text.find("\n", start)
        return SpecError(
            message,
            path=self.path,
            line=at.line,
            column=at.column,
            source_line=self.text[start : end if end >= 0 else len(self.text)],
            suggestion=suggestion,
        )


def read_source(path: Path) -> Source:
    """Read a file as UTF-8 text.

    Raises:
        SpecError: if it is missing, no regular file, unreadable, too large, or not text.
    """
    try:
        if path.exists() and not path.is_file():
            kind = "folder" if path.is_dir() else "special file"
            raise SpecError(f"this is a {kind}, not a specification file", path=path)
        if path.stat().st_size > LARGEST_FILE:
            raise SpecError(f"the file is larger than {LARGEST_FILE // 1024 // 1024} MiB", path=path)
        data = path.read_bytes()
    except FileNotFoundError:
        raise SpecError("no such file", path=path) from None
    except OSError as error:
        raise SpecError(f"the file cannot be read: {error.strerror}", path=path) from None
    except ValueError as error:
        raise SpecError(f"this is no path of a file: {error}", path=path) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder's own bytes: a byte order mark is no part of them.
        *lines, last = error.object[: error.start].decode("utf-8").split("\n")
        raise SpecError(
            f"byte {error.object[error.start]:#04x} is not UTF-8 text",
            path=path,
            line=len(lines) + 1,
            column=len(last) + 1,
        ) from None
    if "\0" in text:
        source = Source(text, path)
        raise source.error("a NUL character: this is a binary file, not a specification", text.index("\0"))
    return Source(text, path)
