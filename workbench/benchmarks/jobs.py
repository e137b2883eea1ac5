"""How much faster several solvers are than one, with equal results.

A batch of problems that no program solves, each ended by its budget in candidates, is run by ``reverie batch`` with one
job and with several; the start and the end of Ray are in the time. Run it as ``python -m workbench.benchmarks.jobs``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.solving import TIMES

UNSOLVABLE = """\
(set-logic SLIA)
(synth-fun f ((s String)) String
  ((S String) (I Int))
  ((S String (s " " "a" (str.++ S S) (str.substr S I I) (str.replace S S S) (str.at S I)))
   (I Int (0 1 2 (+ I I) (- I I) (str.len S) (str.indexof S S I)))))
(constraint (= (f "abc") "zzq{number}"))
(constraint (= (f "hello world") "qqqqx"))
(constraint (= (f "foo bar") "1"))
(check-synth)
"""
"""Its outputs hold letters that no program of its grammar can make."""


@dataclass(frozen=True)
class BatchRun:
    """One run of a batch.

    Attributes:
        jobs: number of solvers.
        wall_seconds: time from start to end of the command.
        cpu_seconds: what the problems took, by their rows.
        rows: the rows without their times, as text.
    """

    jobs: int
    wall_seconds: float
    cpu_seconds: float
    rows: tuple[str, ...]


def run_batch(folder: Path, jobs: int, candidates: int) -> BatchRun:
    """Run ``reverie batch`` on a folder.

    Raises:
        subprocess.CalledProcessError: if it ends with an error.
    """
    reverie = Path(sysconfig.get_path("scripts"), "reverie")
    command = [
        str(reverie),
        "batch",
        str(folder),
        "--jobs",
        str(jobs),
        "--max-candidates",
        str(candidates),
        "--exit-zero",
    ]
    start = time.perf_counter()
    done = subprocess.run([*command, "--format", "json"], check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    timeless = tuple(json.dumps({key: row[key] for key in row if key not in TIMES}) for row in rows)
    return BatchRun(jobs, wall, sum(row["cpu_seconds"] for row in rows), timeless)


def compare(jobs: int, problems: int, candidates: int) -> tuple[BatchRun, BatchRun]:
    """The same batch with one solver and with several."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(problems):
            Path(folder, f"{number:04}.sl").write_text(UNSOLVABLE.format(number=number), encoding="utf-8")
        return run_batch(Path(folder), 1, candidates), run_batch(Path(folder), jobs, candidates)


def report(one: BatchRun, several: BatchRun) -> str:
    """The comparison as a small table."""
    lines = [f"{len(one.rows)} problems; results {'equal' if one.rows == several.rows else 'DIFFERENT'}"]
    lines += [f"{'jobs':>4}{'wall s':>9}{'CPU s':>9}"]
    lines += [f"{run.jobs:4}{run.wall_seconds:9.1f}{run.cpu_seconds:9.1f}" for run in (one, several)]
    lines += [f"throughput × {one.wall_seconds / several.wall_seconds:.2f}"]
    return "".join(f"{line}\n" for line in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time `reverie batch` with one job and with several.")
    parser.add_argument("--jobs", type=int, default=2, help="solvers at the same time (default 2)")
    parser.add_argument("--problems", type=int, default=40, help="problems to solve (default 40)")
    parser.add_argument("--candidates", type=int, default=5_000_000, help="budget of each (default 5 000 000)")
    chosen = parser.parse_args(arguments)
    sys.stdout.write(report(*compare(chosen.jobs, chosen.problems, chosen.candidates)))


if __name__ == "__main__":
    main()
