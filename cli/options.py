"""The options that commands which solve have in common: one for each setting."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from wake_sleep.wake.pool import Backend
from wake_sleep.wake.solve import Strategy
from workbench.settings import PRESETS, resolve

PresetOption = Annotated[
    str | None, typer.Option("--preset", metavar=f"<{'|'.join(PRESETS)}>", help="Values that go together.")
]
ExitZero = Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also if something is not solved.")]
Column = Annotated[str | None, typer.Option("--column", help="The column of a CSV table that is to be computed.")]
DomainOption = Annotated[str | None, typer.Option("--domain", help="The domain of a file that names none.")]

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
    "store": Annotated[
        str | None,
        typer.Option("--store", metavar="[URL]", help="Remember results; without URL, in sqlite:///reverie.db."),
    ],
}
"""The option of each setting, by the name of the setting."""


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the `OPTIONS` behind its own ones, which gets what they come to as the argument `settings`.

    The settings are those in force in the working directory.
    """
    own = inspect.signature(command, eval_str=True).parameters.values()
    names = {name.replace("-", "_"): name for name in OPTIONS}
    shared = [
        inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=OPTIONS[name])
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
