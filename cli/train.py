"""``reverie train``: learn from tasks, in wakes and sleeps."""

from __future__ import annotations

import functools
from typing import Annotated

import typer

from cli.campaigns import run_campaign
from cli.options import Column, DomainOption, with_settings
from cli.render import Format, FormatOption
from store.repository import Store
from workbench.campaign import Campaign
from workbench.settings import DEFAULT_STORE, Settings, artifacts_of
from workbench.training import DEFAULT_PLACES, order_of


@functools.partial(with_settings, training=True)
def train(
    settings: Settings,
    places: Annotated[
        list[str] | None,
        typer.Argument(metavar="[DOMAIN|DIR|SPEC]...", help="Domains, folders or files; else lists and strings."),
    ] = None,
    test: Annotated[
        list[str] | None, typer.Option("--test", metavar="SPECS", help="Folder or file to test on after each cycle.")
    ] = None,
    how: FormatOption = Format.TABLE,
    column: Column = None,
    domain: DomainOption = None,
) -> None:
    """Learn from tasks, in wakes and sleeps.

    A wake solves tasks; a sleep makes a library, dreams and costs of what was solved. Everything is kept
    in the --store as soon as it is there; what was interrupted or killed goes on with `reverie resume`.
    With budgets in candidates and dreams instead of seconds, equal seeds give equal runs.
    """
    location = settings["store"] or DEFAULT_STORE
    order = order_of(settings, places or DEFAULT_PLACES, test or (), column=column, domain=domain)
    with Store.open(location, artifacts=artifacts_of(settings)) as store:
        run_campaign(Campaign.begin(store, order), how, location)
