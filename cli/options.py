"""The options that commands which solve have in common: one for each setting."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wake_sleep.wake.pool import Backend
from wake_sleep.wake.solve import Strategy
from workbench.settings import DEFAULT_STORE, PRESETS, artifacts_of, resolve

if TYPE_CHECKING:
    from store.repository import Store

PresetOption = Annotated[
    str | None, typer.Option("--preset", metavar=f"<{'|'.join(PRESETS)}>", help="Values that go together.")
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also if something is not solved.")]
Column = Annotated[str | None, typer.Option("--column", help="The column of a CSV table that is to be computed.")]
DomainOption = Annotated[str | None, typer.Option("--domain", help="The domain of a file that names none.")]

StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="[URL]", help="The database; without URL, sqlite:///reverie.db."),
]
ArtifactsOption = Annotated[
    str | None, typer.Option("--artifacts", metavar="DIR", help="Where large files are; beside the database.")
]

OPTIONS: Final[dict[str, Any]] = {
    "cpu-seconds": Annotated[
        float | None, typer.Option("--cpu-seconds", help="CPU time for each problem; 10 if nothing bounds the search.")
    ],
    "wall-seconds": Annotated[float | None, typer.Option("--wall-seconds", help="Time on the clock for each problem.")],
    "max-candidates": Annotated[
        int | None, typer.Option("--max-candidates", help="Candidate programs for each problem.")
    ],
    "max-size": Annotated[int | None, typer.Option("--max-size", help="Largest program to try, in nodes.")],
    "strategy": Annotated[Strategy | None, typer.Option("--strategy", help="Which halves of the engine search.")],
    "library": Annotated[bool | None, typer.Option("--library/--no-library", help="Use learned abstractions.")],
    "replay": Annotated[bool | None, typer.Option("--replay/--no-replay", help="Look for a stored solution first.")],
    "seed": Annotated[int | None, typer.Option("--seed", help="Of everything that is drawn at random.")],
    "preset": PresetOption,
    "jobs": Annotated[int | None, typer.Option("--jobs", "-j", help="Problems solved at a time.")],
    "backend": Annotated[
        Backend | None, typer.Option("--backend", help="Where problems are solved; auto takes Ray for several jobs.")
    ],
    "ray-address": Annotated[str | None, typer.Option("--ray-address", help="The Ray cluster to use.")],
    "store": StoreOption,
    "artifacts": ArtifactsOption,
    "generation": Annotated[
        str | None,
        typer.Option("--generation", metavar="none|shipped|latest|NAME", help="What was learned."),
    ],
}
"""The option of each setting that all these commands have, by the name of the setting."""

TRAINING_OPTIONS: Final[dict[str, Any]] = {
    "cycles": Annotated[int | None, typer.Option("--cycles", help="Wakes, each followed by a sleep.")],
    "wake-seconds": Annotated[float | None, typer.Option("--wake-seconds", help="Time on the clock of one wake.")],
    "wake-candidates": Annotated[
        int | None, typer.Option("--wake-candidates", help="Candidate programs for each task of a wake.")
    ],
    "sleep-seconds": Annotated[float | None, typer.Option("--sleep-seconds", help="Time on the clock of one sleep.")],
    "dreams": Annotated[int | None, typer.Option("--dreams", help="Dreams of one sleep, for each domain.")],
    "train-steps": Annotated[
        int | None, typer.Option("--train-steps", help="Steps of training the guide in one sleep.")
    ],
    "network-steps": Annotated[
        int | None,
        typer.Option("--network-steps", help="Steps of training the network that proposes programs in one sleep."),
    ],
    "batch": Annotated[int | None, typer.Option("--batch", help="Tasks of one wake; all if not given.")],
}
"""The further options of `reverie train`."""


def reading_store(location: str | None, artifacts: str | None = None) -> Store:
    """The store that an option or a setting names, opened for reading.

    Raises:
        StoreError: if there is none.
    """
    from store.repository import Store

    settings = resolve({"store": location, "artifacts": artifacts}, os.environ, Path.cwd())
    return Store.open(settings["store"] or DEFAULT_STORE, read_only=True, artifacts=artifacts_of(settings))


def with_settings(command: Callable[..., None], *, training: bool = False) -> Callable[..., None]:
    """A command with options behind its own ones, which gets what they come to as the argument `settings`.

    The settings are those in force in the working directory.

    Args:
        command: the function of the command.
        training: whether it has the `TRAINING_OPTIONS` beside the `OPTIONS`.
    """
    offered = OPTIONS | TRAINING_OPTIONS if training else OPTIONS
    own = inspect.signature(command, eval_str=True).parameters.values()
    names = {name.replace("-", "_"): name for name in offered}
    shared = [
        inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=offered[name])
        for argument, name in names.items()
    ]
    kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own if p.name != "settings"]

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        options = {name: arguments.pop(argument) for argument, name in names.items()}
        command(settings=resolve(options, os.environ, Path.cwd()), **arguments)

    run.__signature__ = inspect.Signature([*kept, *shared])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*kept, *shared)}
    return run
