"""``reverie report``: a wake–sleep run on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.campaigns import LISTED
from cli.main import EXIT_NOT_SOLVED
from cli.options import StoreOption, reading_store
from cli.render import Format, FormatOption, OutputError, complain, write_rows
from workbench.run_report import find_run, has_learned, report_data, report_html


def report(
    run: Annotated[int | None, typer.Argument(metavar="[RUN]", help="Its number; else the latest there is.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that needs nothing else.")
    ] = None,
    expect_learning: Annotated[
        bool, typer.Option("--expect-learning", help="Exit with 1 if no abstraction was learned or nothing saved.")
    ] = False,
    how: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show what the cycles of a run came to, and make a page of it.

    The run is one of `reverie train`. With --html, a static page is written: what was solved in each
    cycle, the library and its graph, every task with its program.
    """
    with reading_store(store) as opened:
        found = find_run(opened, run)
        cycles = report_data(opened, found)
        write_rows(cycles, LISTED, how)
        if html is not None:
            page = report_html(opened, found)
            try:
                html.write_text(page, encoding="utf-8")
            except OSError as error:
                raise OutputError(f"{html}: the page cannot be written: {error.strerror}") from None
            complain(f"run {found.id} of {opened.name} is shown in {html}")
    if expect_learning and not has_learned(cycles):
        complain(
            "nothing was learned: no abstraction, or no cycle took fewer candidates than the one before it learned"
        )
        raise typer.Exit(EXIT_NOT_SOLVED)
