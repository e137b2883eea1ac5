"""How long ``reverie --help`` takes beside a bare Typer app with two commands.

All run as whole processes of the same interpreter, in turn, so that a busy machine slows all of them. The bare app
is measured as Typer makes it by default, with help laid out by Rich, and with plain help as Reverie's is.
Run it as ``python -m workbench.benchmarks.startup``.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BARE_APP = '''\
import typer

app = typer.Typer({settings})


@app.command()
def hello(name: str = "you") -> None:
    """Say hello."""


@app.command()
def goodbye(name: str = "you") -> None:
    """Say goodbye."""


app()
'''

LEAST_ROUNDS = 15


@dataclass(frozen=True)
class Cost:
    """What one process took, in seconds."""

    cpu: float
    wall: float

    def over(self, other: Cost) -> Cost:
        """This cost in units of another."""
        return Cost(self.cpu / other.cpu, self.wall / other.wall)


@dataclass(frozen=True)
class Comparison:
    """Median costs of showing the help, over processes run in turn.

    Attributes:
        bare: the bare app.
        plain: the bare app without Rich.
        reverie: the installed command.
        rounds: number of processes of each.
    """

    bare: Cost
    plain: Cost
    reverie: Cost
    rounds: int


def measure(command: Sequence[str]) -> Cost:
    """Run a command to its end, its output thrown away.

    Raises:
        subprocess.CalledProcessError: if the command fails.
    """
    cpu, wall = _cpu_of_children(), time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return Cost(cpu=_cpu_of_children() - cpu, wall=time.perf_counter() - wall)


def compare(rounds: int) -> Comparison:
    """Run each app `rounds` times in turn, after one run of each that warms the disk cache.

    Raises:
        ValueError: if `rounds` is less than 15, which is too few for a median on a busy machine.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds={rounds} must be at least {LEAST_ROUNDS}")
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            _write_app(Path(folder, "bare.py"), ""),
            _write_app(Path(folder, "plain.py"), "rich_markup_mode=None"),
            [str(Path(sysconfig.get_path("scripts"), "reverie")), "--help"],
        ]
        runs = [[measure(command) for command in commands] for _ in range(rounds + 1)]
    bare, plain, reverie = map(_median, zip(*runs[1:], strict=True))
    return Comparison(bare, plain, reverie, rounds)


def report(comparison: Comparison) -> str:
    """The comparison as a small table, in milliseconds."""
    costs = {
        "bare Typer app": comparison.bare,
        "bare Typer app, plain": comparison.plain,
        "reverie": comparison.reverie,
    }
    ratios = {
        "reverie / bare": comparison.reverie.over(comparison.bare),
        "reverie / plain": comparison.reverie.over(comparison.plain),
    }
    lines = [f"--help, median of {comparison.rounds} processes each, in turn"]
    lines += [f"{'':24}{'CPU ms':>8}{'wall ms':>9}"]
    lines += [f"{name:24}{cost.cpu * 1e3:8.1f}{cost.wall * 1e3:9.1f}" for name, cost in costs.items()]
    lines += [f"{name:24}{ratio.cpu:8.2f}{ratio.wall:9.2f}" for name, ratio in ratios.items()]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time `reverie --help` beside a bare Typer app.")
    parser.add_argument("--rounds", type=int, default=21, help="processes of each app (default 21)")
    rounds: int = parser.parse_args(arguments).rounds
    if rounds < LEAST_ROUNDS:
        parser.error(f"--rounds must be at least {LEAST_ROUNDS}")
    sys.stdout.write(report(compare(rounds)))


def _write_app(script: Path, settings: str) -> list[str]:
    """Write a bare app, and return the command that shows its help."""
    script.write_text(BARE_APP.format(settings=settings), encoding="utf-8")
    return [sys.executable, str(script), "--help"]


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(cpu=statistics.median(cost.cpu for cost in costs), wall=statistics.median(cost.wall for cost in costs))


if __name__ == "__main__":
    main()
