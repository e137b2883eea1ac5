"""A long run of the fuzzers of the readers, with a bound on memory.

``python tests/properties/fuzz_readers.py --reader sygus --cases 100000 --seed 0``; the readers are those that have
a ``test_READER_fuzz.py`` beside this file, which makes the cases and checks them.
"""

import argparse
import importlib
import random
import resource
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

READERS = ("sygus", "native")
LARGEST_MEMORY = 2 * 1024**3
"""Address space of the process, in bytes; a case that needs more fails."""


@dataclass
class Report:
    """What a run found.

    Attributes:
        cases: cases tried.
        read: cases that could be read; the others were refused with an error for people.
        failures: what went wrong otherwise, with the case.
        slowest: CPU-seconds of the slowest case.
        slowest_case: that case.
    """

    cases: int = 0
    read: int = 0
    failures: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: tuple[Any, ...] = ()


def run(make: Callable[[random.Random], tuple[Any, ...]], check: Callable[..., bool], cases: int, seed: int) -> Report:
    """Try `cases` cases; each is made from a random generator of its own, so that it can be made again."""
    report = Report()
    for number in range(cases):
        case = make(random.Random(f"{seed}/{number}"))
        started = time.process_time()
        try:
            report.read += check(*case)
        except Exception:  # noqa: BLE001 - whatever a reader raises here is a finding
            report.failures.append((traceback.format_exc(limit=-3), case))
        took = time.process_time() - started
        if took > report.slowest:
            report.slowest, report.slowest_case = took, case
        report.cases += 1
    return report


def describe(report: Report) -> str:
    """The report for people."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    lines = [
        f"{report.cases} cases: {report.read} read, {report.cases - report.read - len(report.failures)} refused, "
        f"{len(report.failures)} failed; slowest {report.slowest:.2f} CPU-s, peak memory {peak:.0f} MiB"
    ]
    for reason, case in report.failures[:10]:
        lines += [reason, repr(case)[:2000]]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print; 1 if something failed."""
    parser = argparse.ArgumentParser(description="Fuzz a reader of specifications for long.")
    parser.add_argument("--reader", choices=READERS, default="sygus")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    stated = parser.parse_args(arguments)
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY, LARGEST_MEMORY))
    sys.path.insert(0, str(Path(__file__).parent))
    fuzzer = importlib.import_module(f"test_{stated.reader}_fuzz")
    report = run(fuzzer.cases, fuzzer.check, stated.cases, stated.seed)
    sys.stdout.write(describe(report))
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
