"""How results are shown: rows as a table, JSON, CSV or bare values, and cards for a person.

Results go to stdout and nothing else does; whatever is said *about* them goes to stderr. A row is
a mapping from column names to plain values (text, numbers, lists and mappings of them).
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dsl.errors import ReverieError

if TYPE_CHECKING:
    from rich.console import RenderableType

Row = Mapping[str, object]
"""One result: its columns in the order in which they are shown."""

PIPE_WIDTH = 10_000
"""Columns of a table that goes to no terminal: wide enough that nothing is ever cut or wrapped."""


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    VALUE = "value"


FormatOption = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="Table for people, JSON or CSV for programs, values between tabs for a shell.",
    ),
]
"""The option ``--format`` of every listing."""


class OutputError(ReverieError):
    """The results cannot be written: the disk is full, or the output is closed."""


def discard_output() -> None:
    """Send what is still to be written to stdout nowhere, so that closing it cannot fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write(text: str) -> None:
    """Write a part of the result to stdout, at once.

    Raises:
        OutputError: if stdout takes no more, for another reason than a reader that went away.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard_output()
        raise OutputError(f"cannot write the result: {error.strerror}") from error


def complain(text: str) -> None:
    """Write a diagnostic to stderr; one that takes no more costs no result, and changes no exit code."""
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)


def write_rows(rows: Iterable[Row], columns: Sequence[str], how: Format, *, json_lines: bool = False) -> None:
    """Write rows in the wanted form; each as it comes, where the form allows it.

    Args:
        rows: the results.
        columns: the columns to show, in order; rows may leave some out. JSON shows what a row has.
        how: the form.
        json_lines: write JSON as one object per line instead of one array.
    """
    if how is Format.TABLE:
        _write_table(list(rows), columns)
    elif how is Format.CSV:
        _write_csv(rows, columns)
    elif how is Format.VALUE:
        for row in rows:
            write("\t".join(_one_line(_as_text(row.get(column))) for column in columns) + "\n")
    elif json_lines:
        for row in rows:
            write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        write(json.dumps(list(rows), ensure_ascii=False, indent=2) + "\n")


def write_card(title: str, fields: Iterable[tuple[str, str]]) -> None:
    """Write one result for a person: its title, then one line for each named field.

    A field whose name equals that of the field before it is shown without the name.
    """
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    previous = None
    for name, value in fields:
        grid.add_row(Text(f"  {name}" if name != previous else ""), Text(value))
        previous = name
    _write_rich(Text(title, style="bold"), grid)


def _write_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        numeric = all(isinstance(row.get(column), int | float) for row in rows)
        table.add_column(column, justify="right" if numeric and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_as_text(row.get(column))) for column in columns))
    _write_rich(table)


def _write_rich(*parts: RenderableType) -> None:
    """Lay out with Rich, in colour on a terminal that wants it, and write through :func:`write`."""
    from rich.console import Console

    terminal = sys.stdout.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR"))
    console = Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=None if terminal else PIPE_WIDTH,
        color_system=None if plain else "auto",
        highlight=False,
    )
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _write_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    line = io.StringIO(newline="")
    writer = csv.writer(line, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_as_text(row.get(column)) for column in columns])
        write(line.getvalue())
        line.seek(0)
        line.truncate()
    write(line.getvalue())


def _as_text(value: object) -> str:
    """A value in one cell: text as it is, nothing as nothing, and everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Text without the line ends and tabs that would break a line of values apart."""
    return " ".join(text.split()) if any(c in text for c in "\t\r\n") else text
