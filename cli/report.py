"""``reverie report``: a wake–sleep run on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.campaigns import LISTED
from cli.options import StoreOption
from cli.render import Format, FormatOption, OutputError, complain, write_rows
from cli.runs import reading_store
from workbench.run_report import find_run, report_data, report_html


def report(
    run: Annotated[int | None, typer.Argument(metavar="[RUN]", help="Its number; else the latest there is.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page that needs nothing else.")
    ] = None,
    how: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Show what the cycles of a run of `reverie train` came to.

    With --html, a static page is written: what was solved in each cycle, the library and its graph, every task with
    its program.
    """
    with reading_store(store) as opened:
        found = find_run(opened, run)
        write_rows(report_data(opened, found), LISTED, how)
        if html is not None:
            page = report_html(opened, found)
            try:
                html.write_text(page, encoding="utf-8")
            except OSError as error:
                raise OutputError(f"{html}: the page cannot be written: {error.strerror}") from None
            complain(f"run {found.id} is shown in {html}")
