"""``reverie resume``: go on with a run that was interrupted or killed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.campaigns import run_campaign
from cli.options import ArtifactsOption, StoreOption
from cli.render import Format, FormatOption
from store.repository import Store
from workbench.campaign import Campaign
from workbench.settings import DEFAULT_STORE, artifacts_of, resolve


def resume(
    run: Annotated[int | None, typer.Argument(metavar="[RUN]", help="Its number; else the latest there is.")] = None,
    how: FormatOption = Format.TABLE,
    store: StoreOption = None,
    artifacts: ArtifactsOption = None,
) -> None:
    """Go on with a run that was interrupted or killed.

    A run of `reverie train` goes on with the settings with which it began, and comes to what it would have come to.
    """
    settings = resolve({"store": store, "artifacts": artifacts}, os.environ, Path.cwd())
    location = settings["store"] or DEFAULT_STORE
    with Store.open(location, artifacts=artifacts_of(settings)) as opened:
        run_campaign(Campaign.resume(opened, run), how, location)
