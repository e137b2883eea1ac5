"""``reverie domains``: which languages are there, and what is in them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.main import EXIT_USAGE
from cli.render import Format, FormatOption, Row, complain, write_card, write_rows
from dsl.errors import ReverieError

if TYPE_CHECKING:
    from dsl.domain import Domain

DOMAIN_COLUMNS = ("name", "primitives", "constants", "tasks", "sets", "description")
PRIMITIVE_COLUMNS = ("name", "type", "meanings", "searchable", "description")


def domains(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="The domain, or domain/set.")] = None,
    how: FormatOption = Format.TABLE,
) -> None:
    """List the domains, or describe one.

    With a NAME, its primitives are listed, each with its type and the meanings that it has.
    """
    from dsl.domain import load_domain

    if name is None:
        _list_domains(how)
    else:
        _describe(load_domain(name), how)


def _list_domains(how: Format) -> None:
    """List every domain that can be loaded; complain of the others and exit with 2."""
    broken: list[str] = []
    write_rows(_domain_rows(how, broken), DOMAIN_COLUMNS, how)
    if broken:
        raise typer.Exit(EXIT_USAGE)


def _domain_rows(how: Format, broken: list[str]) -> Iterator[Row]:
    from dsl.domain import domain_names, load_domain
    from workbench.catalogue import summarise

    for name in domain_names():
        try:
            row = asdict(summarise(load_domain(name)))
        except ReverieError as error:
            complain(str(error))
            broken.append(name)
        else:
            yield row if how is not Format.TABLE else {**row, "sets": ", ".join(row["sets"])}


def _describe(domain: Domain, how: Format) -> None:
    from workbench.catalogue import constants_of, primitives_of, summarise

    rows = [asdict(summary) for summary in primitives_of(domain)]
    if how is not Format.TABLE:
        write_rows(rows, PRIMITIVE_COLUMNS, how)
        return
    summary = summarise(domain)
    card = [("about", summary.description), ("tasks", str(summary.tasks))]
    card += [("constants", ", ".join(constants_of(domain)) or "none")]
    if domain.families:
        card += [("families", ", ".join(domain.families))]
    card += [("set", name) for name in summary.sets]
    write_card(domain.name, card)
    write_rows(
        [
            {**row, "meanings": ", ".join(row["meanings"]), "searchable": "yes" if row["searchable"] else ""}
            for row in rows
        ],
        PRIMITIVE_COLUMNS,
        how,
    )
