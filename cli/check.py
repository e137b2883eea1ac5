"""``reverie check``: what does a specification ask, and is it well-formed?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.main import EXIT_USAGE
from cli.render import Format, FormatOption, Row, complain, write_card, write_rows

if TYPE_CHECKING:
    from dsl.spec import Problem
    from workbench.checking import CheckReport

CLASSES = {
    "examples": "wanted outputs, and nothing else",
    "single-invocation": "conditions for all inputs, on one call of each function",
    "multi-invocation": "conditions for all inputs, relating several calls",
    "invariant": "an inductive invariant of a loop",
    "corpus": "programs to learn from; nothing is asked",
}
"""What each class of specification asks, for people."""

COLUMNS = ("spec", "dialect", "logic", "class", "functions", "domain", "counts", "problems")


def check(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC", help="Files: .sl, .toml, .json or .csv.")],
    how: FormatOption = Format.TABLE,
    column: Annotated[
        str | None, typer.Option("--column", help="The column of a CSV table that is to be computed.")
    ] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="The domain of a file that names none.")] = None,
) -> None:
    """Read specifications and say what each one asks.

    Contradictory examples are listed as a problem of a specification that can be read. Every file is
    read, whatever the others hold; the exit code is 2 if one could not be read, else 0.
    """
    unreadable: list[CheckReport] = []
    reports = _reports(specs, column, domain, unreadable)
    if how is Format.TABLE:
        for report in reports:
            if report.error is None:
                write_card(report.spec, _fields(report))
    else:
        write_rows(map(_row, reports), COLUMNS, how, json_lines=True)
    if unreadable:
        raise typer.Exit(EXIT_USAGE)


def _reports(
    specs: Sequence[Path], column: str | None, domain: str | None, unreadable: list[CheckReport]
) -> Iterator[CheckReport]:
    """Read file by file; complain of those that cannot be read, and collect them in `unreadable`."""
    from workbench.checking import check_file

    for path in specs:
        for report in check_file(path, column=column, domain=domain):
            if report.error is not None:
                complain(report.error.text)
                unreadable.append(report)
            yield report


def _fields(report: CheckReport) -> Iterator[tuple[str, str]]:
    """What a person wants to know of a specification, line by line."""
    logic = f", logic {report.logic}" if report.logic else ""
    yield "written in", f"{report.dialect}{logic}"
    if report.classification is not None:
        yield "class", f"{report.classification}: {CLASSES[report.classification]}"
    for function in report.functions:
        yield "find", function.signature
    for asked in report.asks:
        yield "wanted", asked
    yield "given", _enumerate_counts(report.counts)
    if report.functions:
        yield "domain", report.domain or "none of the installed ones"
    for problem in report.problems:
        yield "problem", problem.message


def _enumerate_counts(counts: Mapping[str, int]) -> str:
    """``3 examples, 1 variable``: what there is, and nothing of what there is not."""
    present = [_count(what, number) for what, number in counts.items() if number]
    return ", ".join(present) or "nothing"


def _count(what: str, number: int) -> str:
    if what == "held_out":
        return f"{number} held out"
    return f"{number} {what.removesuffix('s') if number == 1 else what}"


def _row(report: CheckReport) -> Row:
    row: dict[str, object] = {
        "spec": report.spec,
        "dialect": report.dialect,
        "logic": report.logic,
        "class": report.classification,
        "functions": [{"name": f.name, "signature": f.signature} for f in report.functions],
        "domain": report.domain,
        "counts": dict(report.counts),
        "problems": list(map(_problem, report.problems)),
    }
    if report.error is not None:
        error = report.error
        row["error"] = {"line": error.line, "column": error.column, "message": error.message}
    return row


def _problem(problem: Problem) -> Row:
    places = [{"line": location.line, "column": location.column} for location in problem.locations]
    return {"kind": problem.kind, "message": problem.message, "locations": places}
