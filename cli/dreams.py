"""``reverie dreams``: what does a domain dream of, and what do the dreams of a run look like?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.render import Format, FormatOption, Row, complain, write_rows

if TYPE_CHECKING:
    from workbench.dreams import DreamRow

DREAM_COLUMNS = ("program", "type", "size", "nats", "examples")
COUNT_COLUMNS = ("type", "size", "dreams")


def dreams(
    place: Annotated[str, typer.Argument(metavar="DOMAIN|SHARD", help="A domain, or a file of dreams of a run.")],
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="Dreams to make of a domain.")] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Of what is drawn at random.")] = 0,
    show: Annotated[int, typer.Option("--show", min=0, help="Dreams to show, drawn from all.")] = 20,
    counts: Annotated[bool, typer.Option("--counts", help="Count them by type and size instead.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write all of them as a shard.")] = None,
    how: FormatOption = Format.TABLE,
) -> None:
    """Make dreams of a domain, or look into those of a run.

    A dream is a short program for a behaviour that nobody asked for, on inputs as the training tasks of the
    domain have them. Dreams teach the next search what programs are like.
    """
    from workbench.dreams import count_rows, dream_of, dream_rows, shard_of, write_shard_to

    path = Path(place)
    shard = shard_of(path) if path.is_file() else dream_of(place, count, seed)
    if out is not None:
        write_shard_to(out, shard)
    if counts:
        write_rows(count_rows(shard), COUNT_COLUMNS, how)
    else:
        write_rows(_rows(dream_rows(shard, show, seed), how), DREAM_COLUMNS, how)
    types = len({type_ for type_, _ in shard.counts()})
    complain(f"{len(shard)} dreams of {shard.domain}, of {types} types, by generation {shard.generation}")


def _rows(dreams: Iterable[DreamRow], how: Format) -> Iterator[Row]:
    for dream in dreams:
        row = asdict(dream)
        yield {**row, "examples": "\n".join(dream.examples)} if how is Format.TABLE else row
