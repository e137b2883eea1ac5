"""``reverie verify``: check answers again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from cli.main import EXIT_NOT_SOLVED, EXIT_USAGE
from cli.options import Column, DomainOption
from cli.render import Format, FormatOption, Row, complain, write_rows
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.verifiers import open_verifiers
from workbench.interrupts import Interruption
from workbench.verification import COLUMNS, CONFIRMED, Finding, Recheck, read_claims


def verify(
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="JSON Lines with the keys spec and answer.")],
    how: FormatOption = Format.TABLE,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Answers checked at a time.")] = 1,
    backend: Annotated[
        Backend, typer.Option("--backend", help="Where they are checked; auto takes Ray for several jobs.")
    ] = Backend.AUTO,
    ray_address: Annotated[str | None, typer.Option("--ray-address", help="The Ray cluster to use.")] = None,
    wall_seconds: Annotated[
        float, typer.Option("--wall-seconds", min=0.001, help="Time on the clock for each proof.")
    ] = 10.0,
    column: Column = None,
    domain: DomainOption = None,
) -> None:
    """Check answers again.

    Each is read, found in the language of its specification, run on the examples, and proved. RESULTS is
    what `reverie batch --format json` writes, or what another solver answered in the same form. Nothing
    is searched for. The exit code is 0 if every answer is confirmed, else 1; 2 if a specification or an
    answer cannot be read.
    """
    claims = read_claims(results)
    found: Counter[str] = Counter()
    with open_verifiers(jobs, backend, ray_address) as verifiers, Interruption(verifiers.stop):
        recheck = Recheck(verifiers, wall_seconds, column=column, domain=domain)
        write_rows(_counted(recheck.run(claims), found), COLUMNS, how, json_lines=True)
    complain(", ".join(f"{found[f]} {f}" for f in Finding if f in found) or "there is no answer to check")
    if Finding.UNREADABLE in found:
        raise typer.Exit(EXIT_USAGE)
    if not set(found) <= set(CONFIRMED):
        raise typer.Exit(EXIT_NOT_SOLVED)


def _counted(rows: Iterator[Row], found: Counter[str]) -> Iterator[Row]:
    """The same rows, counted by what was found as they pass."""
    for row in rows:
        found[str(row["found"])] += 1
        yield row
