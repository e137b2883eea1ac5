"""``reverie store``: what is in a store, upgrade it, and export all of it."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.main import HELP_OPTIONS, PLAIN
from cli.options import ArtifactsOption, StoreOption, reading_store
from cli.render import Format, FormatOption, complain, write, write_rows
from workbench.settings import DEFAULT_STORE, Settings, resolve
from workbench.storing import INFO_COLUMNS, describe, export_to, line_text
from workbench.storing import upgrade as upgrade_store

store = typer.Typer(
    **PLAIN,
    add_completion=False,
    context_settings=HELP_OPTIONS,
    no_args_is_help=True,
    help="Look into a store, upgrade it, or export all of it.",
)


class ExportFormat(StrEnum):
    """How an export is written."""

    JSON = "json"


@store.command()
def info(location: StoreOption = None, artifacts: ArtifactsOption = None, how: FormatOption = Format.TABLE) -> None:
    """Say what a store is and how much it holds."""
    with reading_store(location, artifacts) as opened:
        write_rows(describe(opened), INFO_COLUMNS, how)


@store.command()
def upgrade(location: StoreOption = None, how: FormatOption = Format.TABLE) -> None:
    """Bring a store to the newest schema version.

    One that has it stays as it is. Every command that writes to a store does the same first.
    """
    write_rows(upgrade_store(_place(_settings(location))), INFO_COLUMNS, how)


@store.command()
def export(
    location: StoreOption = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; by default stdout.")] = None,
    how: Annotated[
        ExportFormat, typer.Option("--format", "-f", help="JSON Lines: one thing a line.")
    ] = ExportFormat.JSON,
) -> None:
    """Write everything that a store holds, one thing a line.

    Specifications with their examples, tasks, solutions with their programs, runs, results, cycles,
    metrics, events, abstractions, generations with their weights, and rewritten programs. Each line
    is a JSON object whose `record` says what it is.
    """
    with reading_store(location) as opened:
        if out is None:
            for line in opened.export():
                write(line_text(line))
        else:
            complain(f"{export_to(opened, out)} lines written to {out}")


def _settings(location: str | None, artifacts: str | None = None) -> Settings:
    return resolve({"store": location, "artifacts": artifacts}, os.environ, Path.cwd())


def _place(settings: Settings) -> str:
    return str(settings["store"] or DEFAULT_STORE)
