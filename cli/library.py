"""``reverie library``: what was learned, as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.main import HELP_OPTIONS, PLAIN
from cli.options import StoreOption, reading_store
from cli.render import Format, FormatOption, OutputError, complain, write, write_card, write_rows
from workbench.compression_names import MetricName, Objective

if TYPE_CHECKING:
    from workbench.library import AbstractionView

library = typer.Typer(
    **PLAIN,
    add_completion=False,
    context_settings=HELP_OPTIONS,
    no_args_is_help=True,
    help="Show, draw, compare and make libraries.",
)

GenerationArgument = Annotated[
    str | None,
    typer.Argument(metavar="GENERATION", help="A generation, or a domain for its latest one; by default the latest."),
]


@library.command()
def show(
    generation: GenerationArgument = None,
    location: StoreOption = None,
    retired: Annotated[
        bool, typer.Option("--retired", help="Also functions that are not, or no longer, in it.")
    ] = False,
    how: FormatOption = Format.TABLE,
) -> None:
    """Show the functions of a library.

    Each with its type, its body, how often it is used, where it came from, and what it gives for some
    arguments.
    """
    from workbench.library import LIBRARY_COLUMNS, describe_library, find_generation

    with reading_store(location) as store:
        found = find_generation(store, generation)
        views = describe_library(store, found, with_retired=retired)
    if how is not Format.TABLE:
        write_rows((asdict(view) for view in views), LIBRARY_COLUMNS, how)
        return
    if not views:
        complain(f"the library of generation {found.name} is empty")
    for number, view in enumerate(views):
        if number:
            write("\n")
        write_card(f"{view.name} : {view.type}", _fields(view))


def _fields(view: AbstractionView) -> Iterator[tuple[str, str]]:
    yield "is", f"{view.name}({', '.join(view.parameters)}) = {view.body}"
    yield "written", view.expression
    if view.uses is not None:
        on_tests = "" if view.test_uses is None else f", {view.test_uses} on tests"
        yield "uses", f"{view.uses} on training tasks{on_tests}"
    yield "since", view.born + ("" if view.retired is None else f", dropped by {view.retired}")
    if view.parents:
        yield "built on", ", ".join(view.parents)
    for example in view.examples:
        yield "example", example


@library.command()
def graph(
    generation: GenerationArgument = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; by default stdout.")] = None,
    location: StoreOption = None,
) -> None:
    """Draw which function of a library is built on which other ones, as SVG."""
    from workbench.library import describe_library, find_generation
    from workbench.library_graph import library_svg

    with reading_store(location) as store:
        found = find_generation(store, generation)
        views = describe_library(store, found)
    picture = library_svg(f"Library of generation {found.name}", views)
    if out is None:
        write(picture)
        return
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from error
    complain(f"{len(views)} functions drawn in {out}")


@library.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="The generation that is compared with.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The generation that is looked at.")],
    location: StoreOption = None,
    how: FormatOption = Format.TABLE,
) -> None:
    """Put the libraries of two generations side by side: what was added, removed and kept."""
    from workbench.library import DIFFERENCE_COLUMNS, difference, find_generation

    with reading_store(location) as store:
        rows = difference(store, find_generation(store, before), find_generation(store, after))
    write_rows(rows, DIFFERENCE_COLUMNS, how)


@library.command()
def compress(
    corpus: Annotated[
        Path,
        typer.Argument(
            metavar="CORPUS",
            help="JSON list of programs, DreamCoder's JSON, or JSON lines of these; may be compressed by gzip.",
        ),
    ],
    objective: Annotated[Objective, typer.Option("--objective", help="What is minimised.")] = Objective.SIZE,
    metric: Annotated[MetricName, typer.Option("--metric", help="How size is counted.")] = MetricName.STITCH,
    thorough: Annotated[bool, typer.Option("--thorough", help="Take several times as long to find more.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write everything there as JSON, rewritten programs too.")
    ] = None,
    how: FormatOption = Format.TABLE,
) -> None:
    """Find a library for other people's programs, and rewrite them with it.

    The ratio is the size of the programs over that of rewritten programs and library together; of several
    programs of one task the smallest counts.
    """
    from workbench.compression import CORPUS_COLUMNS, FUNCTION_COLUMNS, compress_file, geometric_mean

    rows = []
    for row in compress_file(corpus, objective, metric, is_thorough=thorough):
        for event in row.events:
            complain(f"{row.corpus}: {event}")
        rows.append(row)
    if out is not None:
        try:
            out.write_text(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=1) + "\n", "utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {out}: {error.strerror}") from error
    if how is Format.JSON:
        hidden = ("rewritten_programs",)
        write_rows(({k: v for k, v in asdict(row).items() if k not in hidden} for row in rows), (), how)
        return
    write_rows((asdict(row) for row in rows), CORPUS_COLUMNS, how)
    if how is Format.TABLE and len(rows) == 1:
        write("\n")
        write_rows((asdict(function) for function in rows[0].functions), FUNCTION_COLUMNS, how)
    elif how is Format.TABLE:
        complain(f"{len(rows)} corpora, geometric mean of the ratios {geometric_mean(rows):.4f}")
