"""``reverie runs``: what was run, and two runs side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.main import HELP_OPTIONS, PLAIN
from cli.options import StoreOption, reading_store
from cli.render import Format, FormatOption, complain, write_rows
from workbench.runs import COMPARED, RUN_COLUMNS, TASK_COLUMNS, compared_cycles, compared_tasks, run_rows

runs = typer.Typer(**PLAIN, add_completion=False, context_settings=HELP_OPTIONS, invoke_without_command=True)


@runs.callback()
def list_runs(context: typer.Context, how: FormatOption = Format.TABLE, store: StoreOption = None) -> None:
    """List what was run, and put runs side by side."""
    if context.invoked_subcommand is None:
        with reading_store(store) as opened:
            write_rows(run_rows(opened), RUN_COLUMNS, how)


@runs.command()
def compare(
    before: Annotated[int, typer.Argument(metavar="RUN", help="The run that is compared with.")],
    after: Annotated[int, typer.Argument(metavar="RUN", help="The run that is looked at.")],
    how: FormatOption = Format.TABLE,
    store: StoreOption = None,
) -> None:
    """Put two runs side by side: cycle by cycle if they learned, and the tasks of which they differ."""
    with reading_store(store) as opened:
        cycles = compared_cycles(opened, before, after)
        tasks = compared_tasks(opened, before, after)
    if cycles and how is Format.TABLE:
        columns = [f"{name} of {run}" for name in COMPARED for run in dict.fromkeys((before, after))]
        write_rows(cycles, ("cycle", *columns), how)
    if tasks or how is not Format.TABLE:
        write_rows(tasks, TASK_COLUMNS, how)
    else:
        complain(f"runs {before} and {after} agree on every task")
