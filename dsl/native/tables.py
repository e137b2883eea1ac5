"""CSV tables: one column is to be computed from the others.

The first row names the columns. A cell is an integer or a truth value if every cell of its column is one, else a
text: ``007`` and ``+3`` are texts. A row whose wanted cell is empty is a question, not an example.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dsl.errors import SpecError, nearest
from dsl.native.positions import MAXIMUM_DIGITS, MAXIMUM_VALUES, Node
from dsl.source import Source, read_source
from dsl.types import BOOL, INT, STRING, Type

MAXIMUM_COLUMNS: Final = 200
"""Largest number of columns of a table."""

_CELL = re.compile(r'"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"|(?P<bare>[^",\r\n]*)')
_END = re.compile(r",|\r?\n|\r|\Z")
_INTEGER = re.compile(r" *(?:0|-?[1-9][0-9]*) *")
_TRUTH: Final = {"true": True, "false": False}


class Cell(Node):
    """A cell of a table: a text, until it is known of which type its column is."""

    def typed(self, type_: Type) -> Node:
        """The cell as a value of a type, or as the text that it is if it cannot be one."""
        value = self.value
        if type_ is BOOL:
            value = _TRUTH.get(value.strip(), value)
        elif (type_ is INT or type_.name == "bv") and _is_integer(value):
            value = int(value)
        return Node(self.source, self.offset, value)


@dataclass(frozen=True)
class Table:
    """A table as it is written.

    Attributes:
        source: its text.
        columns: one cell for each column, with its name.
        rows: for each row below the header as many cells as there are columns.
    """

    source: Source
    columns: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the columns as they are written."""
        return tuple(column.value for column in self.columns)

    @functools.cached_property
    def symbols(self) -> tuple[str, ...]:
        """The names of the columns as names of variables: ``Order date`` becomes ``Order_date``."""
        found: dict[str, None] = {}
        for index, name in enumerate(self.names):
            plain = re.sub(r"\W+", "_", name).strip("_")
            symbol = plain if plain.isidentifier() else f"x_{plain or index}"
            while symbol in found:
                symbol += "_"
            found[symbol] = None
        return tuple(found)

    def index(self, name: str) -> int:
        """The number of the column called `name`.

        Raises:
            SpecError: if there is none; it points at the header and lists the columns.
        """
        if name in self.names:
            return self.names.index(name)
        raise self.header_error(f"there is no column {name!r}", nearest(name, self.names))

    def header_error(self, message: str, suggestion: str | None = None) -> SpecError:
        """An error that points at the header and lists the columns."""
        return self.columns[0].error(f"{message}; the columns are {', '.join(self.names)}", suggestion)

    def column_type(self, index: int) -> Type:
        """The type that all cells of a column have; an empty cell is a text."""
        cells = [row[index].value for row in self.rows]
        if all(map(_is_integer, cells)):
            return INT
        return BOOL if all(cell.strip() in _TRUTH for cell in cells) else STRING

    def answered(self, index: int) -> Table:
        """The table with only the rows that have a value in this column."""
        return Table(self.source, self.columns, tuple(row for row in self.rows if self.is_answered(row, index)))

    @staticmethod
    def is_answered(row: tuple[Cell, ...], index: int) -> bool:
        """Whether a row has a value in this column."""
        return bool(row[index].value.strip())


def _is_integer(cell: str) -> bool:
    return _INTEGER.fullmatch(cell) is not None and len(cell) <= MAXIMUM_DIGITS


def open_table(path: Path) -> Table:
    """Read the table in a file.

    Raises:
        SpecError: if the file cannot be read, or holds no table.
    """
    return read_table(read_source(path))


def read_table(source: Source) -> Table:
    """Read a comma-separated table (RFC 4180); empty lines are skipped.

    Raises:
        SpecError: for a missing header, columns without a name or with the same name, rows of another length
            than the header, and quotes that are out of place.
    """
    first, *rows = _read_rows(source) or [()]
    if not first:
        raise source.error("the table has no header; its first row names the columns", 0)
    header = tuple(Cell(source, cell.offset, cell.value.strip()) for cell in first)
    _check_header(header)
    for row in rows:
        if len(row) != len(header):
            raise row[0].error(_ragged(len(row), header), _separator_hint(source))
    return Table(source, header, tuple(rows))


def _check_header(header: tuple[Cell, ...]) -> None:
    if len(header) > MAXIMUM_COLUMNS:
        raise header[0].error(f"more than {MAXIMUM_COLUMNS} columns")
    names: set[str] = set()
    for index, column in enumerate(header):
        if not column.value:
            raise column.error(f"column {index + 1} has no name")
        if column.value in names:
            raise column.error(f"two columns are called {column.value!r}")
        names.add(column.value)


def _ragged(count: int, header: tuple[Cell, ...]) -> str:
    cells = "cell" if count == 1 else "cells"
    return f"this row has {count} {cells}, but the header names {len(header)} columns"


def _separator_hint(source: Source) -> str | None:
    first = source.text.split("\n", 1)[0]
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if separator in first and "," not in first:
            return f"cells are separated by commas, not by {name}"
    return None


def _read_rows(source: Source) -> list[tuple[Cell, ...]]:
    text, position, count = source.text, 0, 0
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] = []
    while position < len(text) or row:
        cell = _CELL.match(text, position)
        assert cell is not None
        end = _END.match(text, cell.end())
        if end is None:
            raise _misplaced_quote(source, cell)
        row.append(Cell(source, position, _content(cell)))
        count += 1
        if count > MAXIMUM_VALUES:
            raise source.error(f"more than {MAXIMUM_VALUES} cells", position)
        position = end.end()
        if end[0] != ",":
            if len(row) > 1 or cell[0]:
                rows.append(tuple(row))
            row = []
    return rows


def _misplaced_quote(source: Source, cell: re.Match[str]) -> SpecError:
    if cell["quoted"] is not None:
        return source.error("text behind the closing quote of a cell", cell.end(), "quote the whole cell")
    if not cell["bare"]:
        return source.error("this quote is never closed", cell.end(), 'a quote inside a quoted cell is written `""`')
    hint = 'quote the whole cell, from comma to comma, and write its quotes as `""`'
    return source.error("a quote inside a cell that is not quoted", cell.end(), hint)


def _content(cell: re.Match[str]) -> str:
    quoted = cell["quoted"]
    return cell["bare"] if quoted is None else quoted.replace('""', '"')
