"""What results come to, and how they are shown."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from cli.answers import Tally, _useful_jobs
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.solver import INTERNAL_ERROR
from workbench.batch import Result
from workbench.solving import row


def tallied(outcomes: Iterable[Outcome]) -> Tally:
    tally = Tally(0)
    list(tally.counted(iter([Result(row("x", None, outcome)) for outcome in outcomes])))
    return tally


DEFECT = Outcome(Status.ERROR, reason=f"{INTERNAL_ERROR}: KeyError: 1")


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([Outcome(Status.SOLVED)], 0),
        ([Outcome(Status.SOLVED), Outcome(Status.UNKNOWN)], 1),
        ([Outcome(Status.INFEASIBLE)], 1),
        ([Outcome(Status.EXHAUSTED)], 1),
        ([Outcome(Status.UNKNOWN), Outcome(Status.ERROR)], 2),
        ([Outcome(Status.ERROR), DEFECT], 3),
        ([Outcome(Status.INTERRUPTED)], 130),
    ],
)
def test_the_worst_result_decides_on_the_exit_code(outcomes: list[Outcome], code: int) -> None:
    assert tallied(outcomes).exit_code(exit_zero=False) == code
    assert tallied(outcomes).exit_code(exit_zero=True) == (0 if code == 1 else code)


def test_the_summary_counts_what_there_is() -> None:
    tally = tallied([Outcome(Status.SOLVED, cpu_seconds=1.26), Outcome(Status.UNKNOWN), Outcome(Status.SOLVED)])
    assert tally.summary == "2 solved, 1 unknown in 1.3 CPU-seconds"
    assert tallied([]).summary == "nothing done in 0.0 CPU-seconds"


@pytest.mark.parametrize(
    ("jobs", "backend", "names", "useful"),
    [
        (8, Backend.AUTO, ["a.sl"], 1),
        (8, Backend.RAY, ["a.sl", "b.CSV"], 2),
        (2, Backend.AUTO, ["a.sl", "b.sl", "c.sl"], 2),
        # A JSON or TOML file may hold many tasks.
        (8, Backend.AUTO, ["a.json"], 8),
        # That is refused, however many files there are.
        (8, Backend.IN_PROCESS, ["a.sl"], 8),
    ],
)
def test_no_worker_is_started_that_would_have_nothing_to_do(
    jobs: int, backend: Backend, names: list[str], useful: int
) -> None:
    assert _useful_jobs(jobs, backend, list(map(Path, names))) == useful
