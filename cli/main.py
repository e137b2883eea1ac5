"""The command ``reverie``: which commands there are, and what each way of ending means.

Nothing but Typer is imported here, so that ``--help`` and shell completion stay instant;
a command's module is imported when the command is run.
"""

import importlib
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "solve": "Find programs for specifications.",
    "session": "Find a program from examples given one after the other.",
    "batch": "Solve many specification files.",
    "bench": "Measure what is solved of a suite, and at what cost.",
    "verify": "Check answers again.",
    "train": "Learn from tasks, in wakes and sleeps.",
    "resume": "Go on with a run that was interrupted or killed.",
    "runs": "List what was run, and put runs side by side.",
    "report": "Show what the cycles of a run came to, and make a page of it.",
    "library": "Show, draw, compare and make libraries.",
    "store": "Look into a store, upgrade it, or export all of it.",
    "dreams": "Make dreams of a domain, or look into those of a run.",
    "check": "Read specifications and say what each one asks.",
    "domains": "List the domains, or describe one.",
    "config": "Show every setting, its value and where it came from.",
    "doctor": "Check that this installation is whole.",
}
"""Every command with its one-line help; the function or group ``cli.NAME.NAME`` is the command ``NAME``."""

PLAIN: dict[str, Any] = {"rich_markup_mode": None, "pretty_exceptions_enable": False}
"""Help and errors as plain text: at once, and the same in a pipe as on a terminal."""

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}

OPTIONAL_VALUES = {"--store": "sqlite:///reverie.db"}
"""Options that may stand alone, and the value that they then have; what follows is theirs only if it is a URL."""

DEFECT_ADVICE = """\
This is a defect of Reverie, not of your input. Please report it with the output of
`reverie doctor` and of the same command after `reverie --debug`."""
"""What is said behind every internal error."""

EXIT_NOT_SOLVED = 1
EXIT_USAGE = 2
EXIT_INTERNAL = 3
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def load_command(name: str) -> TyperCommand | TyperGroup:
    """Import a command: a function, from whose signature its arguments and options are read, or a group of commands."""
    found = getattr(importlib.import_module(f"cli.{name}"), name)
    app = found
    if not isinstance(found, typer.Typer):
        app = typer.Typer(**PLAIN, add_completion=False, context_settings=HELP_OPTIONS)
        app.command(name)(found)
    command = typer.main.get_command(app)
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


class LazyCommand(TyperCommand):
    """A command that is known by name and help, and imported when it is called or completed."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:
        """Hand over to the command itself, which parses its arguments and runs."""
        return load_command(str(self.name)).make_context(info_name, _with_values(args), *rest, **extra)


def _with_values(arguments: list[str]) -> list[str]:
    """Arguments with a value for each option of `OPTIONAL_VALUES` that stands without one."""
    found: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return found + arguments[position:]
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        bare = argument in OPTIONAL_VALUES and "://" not in following
        found.append(f"{argument}={OPTIONAL_VALUES[argument]}" if bare else argument)
    return found


class LazyGroup(TyperGroup):
    """The group of all commands, none of them loaded."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, summary in COMMANDS.items():
            self.add_command(LazyCommand(name, help=summary))

    def invoke(self, ctx: Any) -> Any:
        """Run a command; end quietly when the reader of its output has gone, as in ``reverie … | head``."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            from cli.render import discard_output

            discard_output()
            raise typer.Exit(EXIT_BROKEN_PIPE) from None


app = typer.Typer(
    cls=LazyGroup,
    **PLAIN,
    no_args_is_help=True,
    context_settings=HELP_OPTIONS,
)
"""The whole command line."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"reverie {version('reverie')}")
        raise typer.Exit


def _set_debug(wanted: bool) -> None:
    if wanted:
        os.environ["REVERIE_DEBUG"] = "1"


@app.callback()
def reverie(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", callback=_set_debug, help="Show the traceback of an internal error.")
    ] = False,
) -> None:
    """A program-synthesis workbench that learns its own library."""


def _prepare_output() -> None:
    """Make stdout and stderr take any text: a closed one drops it, a narrow encoding escapes what it lacks."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open to the end
        getattr(sys, name).reconfigure(errors="backslashreplace")


def _report_internal_error(error: Exception) -> None:
    from cli.render import complain

    if os.environ.get("REVERIE_DEBUG", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    complain(f"reverie: internal error: {type(error).__name__}: {error}\n{DEFECT_ADVICE}")


def _exit_code_of(error: Exception) -> int:
    """Report an error that ended a command, and return the exit code for it."""
    from cli.render import complain
    from dsl.errors import ReverieError

    if isinstance(error, ReverieError):
        complain(str(error))
        return EXIT_USAGE
    _report_internal_error(error)
    return EXIT_INTERNAL


def main() -> NoReturn:
    """Run the command line and exit.

    Exit codes: 0 all well, 1 something not solved or not whole, 2 bad usage, specification or
    configuration, 3 internal error, 130 interrupted, 141 the reader of the output went away.
    """
    _prepare_output()
    try:
        app(prog_name="reverie")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last handler: what is not foreseen is a defect
        sys.exit(_exit_code_of(error))
    sys.exit(0)
