"""``reverie solve``: find programs for specifications."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.answers import Style, run_problems
from cli.options import Column, DomainOption, ExitZero, with_settings
from cli.render import Format, FormatOption
from workbench.settings import Settings


@with_settings
def solve(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC", help="Files: .sl, .toml, .json or .csv.")],
    settings: Settings,
    how: FormatOption = Format.TABLE,
    column: Column = None,
    domain: DomainOption = None,
    exit_zero: ExitZero = False,
) -> None:
    """Find programs for specifications.

    A SyGuS file is answered as a SyGuS solver answers, another one with a card. The exit code is 0 if
    all are solved, 1 if one is not, 2 if one cannot be read.
    """
    run_problems("solve", specs, settings, how, Style.ANSWERS, column=column, domain=domain, exit_zero=exit_zero)
