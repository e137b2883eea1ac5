"""``reverie batch``: solve many specification files."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.answers import Style, run_problems
from cli.options import Column, DomainOption, ExitZero, with_settings
from cli.render import Format, FormatOption
from workbench.batch import collect_files
from workbench.settings import Settings


@with_settings
def batch(
    place: Annotated[
        str, typer.Argument(metavar="DIR|GLOB|LIST", help="A folder, a pattern, or a text with a file a line.")
    ],
    settings: Settings,
    how: FormatOption = Format.TABLE,
    column: Column = None,
    domain: DomainOption = None,
    exit_zero: ExitZero = False,
) -> None:
    """Solve many specification files.

    A file that cannot be read is a result with the status error, and the others are solved. With
    --store, a batch that was interrupted goes on where it was when it is started again.
    """
    paths = collect_files(place)
    run_problems("batch", paths, settings, how, Style.LISTING, column=column, domain=domain, exit_zero=exit_zero)
