"""How long reading the public SyGuS tracks takes.

The files are other people's and no part of Reverie: they lie in the folder that ``--bench`` or the environment
variable ``REVERIE_BENCH`` names, or beside the checkout in ``../shared/bench``.
Run it as ``python -m workbench.benchmarks.reading``.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.domain import load_domain
from dsl.errors import SpecError
from dsl.source import read_source
from dsl.sygus.reader import read_sygus

VARIABLE = "REVERIE_BENCH"
DOMAINS = ("integers", "strings", "bitvectors")


@dataclass(frozen=True)
class Track:
    """Some folders of public files that are timed together.

    Attributes:
        name: what the track is called.
        folders: folders below ``sygus/``.
        target: most CPU-seconds that reading all of it may take, or None.
    """

    name: str
    folders: tuple[str, ...]
    target: float | None = None


TRACKS = (
    Track("strings", ("pbe_strings_2017", "pbe_slia_2019", "pbe_slia_euphony"), 1.0),
    Track("bit-vectors", ("pbe_bv_2019",), 6.0),
    Track("invariants", ("inv_2019",), 8.0),
    Track("general", ("general_2019",)),
    Track("conditional linear", ("clia_2019",)),
)


@dataclass(frozen=True)
class Reading:
    """What reading one track took.

    Attributes:
        track: the track.
        files: number of files.
        characters: length of all files together.
        cpu: CPU-seconds, best of the rounds.
        classes: how many files are of each class, most first.
        unreadable: messages for the files that were refused.
    """

    track: Track
    files: int
    characters: int
    cpu: float
    classes: tuple[tuple[str, int], ...]
    unreadable: tuple[str, ...]


def bench_folder(stated: Path | None = None) -> Path | None:
    """The folder of public benchmark data: the stated one, that of the environment, or the one beside the checkout."""
    beside = Path(__file__).parents[3] / "shared" / "bench"
    named = os.environ.get(VARIABLE)
    folder = stated or (Path(named) if named else beside)
    return folder if (folder / "sygus").is_dir() else None


def track_files(bench: Path, track: Track) -> list[Path]:
    """The files of a track that are there, sorted."""
    return [path for folder in track.folders for path in sorted((bench / "sygus" / folder).glob("*.sl"))]


def time_track(bench: Path, track: Track, rounds: int = 1) -> Reading:
    """Read every file of a track `rounds` times; imports and the loading of domains are not counted."""
    for name in DOMAINS:
        load_domain(name)
    paths = track_files(bench, track)
    best = float("inf")
    for _ in range(rounds):
        classes: Counter[str] = Counter()
        unreadable = []
        characters = 0
        started = time.process_time()
        for path in paths:
            try:
                spec = read_sygus(read_source(path))
            except SpecError as error:
                unreadable.append(str(error))
            else:
                classes[spec.classification.value] += 1
                characters += len(spec.source or "")
        best = min(best, time.process_time() - started)
    return Reading(track, len(paths), characters, best, tuple(classes.most_common()), tuple(unreadable))


def report(readings: Sequence[Reading]) -> str:
    """The readings as a table."""
    lines = [f"{'track':20}{'files':>7}{'read':>7}{'MB':>7}{'CPU s':>8}{'target':>8}  classes"]
    for reading in readings:
        target = "" if reading.track.target is None else f"{reading.track.target:g}"
        classes = ", ".join(f"{count} {name}" for name, count in reading.classes)
        lines.append(
            f"{reading.track.name:20}{reading.files:7}{reading.files - len(reading.unreadable):7}"
            f"{reading.characters / 1e6:7.2f}{reading.cpu:8.2f}{target:>8}  {classes}"
        )
        lines += [f"  {message}" for message in reading.unreadable]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time the reading of the public SyGuS tracks.")
    parser.add_argument("--bench", type=Path, help=f"folder of the public data (default ${VARIABLE})")
    parser.add_argument("--rounds", type=int, default=1, help="times that each track is read; the best counts")
    stated = parser.parse_args(arguments)
    bench = bench_folder(stated.bench)
    if stated.bench is not None and bench is None:
        parser.error(f"{stated.bench} has no folder sygus")
    if bench is None:
        sys.stderr.write(f"there are no public benchmark files here; name their folder by --bench or {VARIABLE}\n")
        return
    sys.stdout.write(report([time_track(bench, track, max(1, stated.rounds)) for track in TRACKS]))


if __name__ == "__main__":
    main()
