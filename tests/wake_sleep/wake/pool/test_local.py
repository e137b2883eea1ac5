"""The pool that is this process."""

import gc
import itertools
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from dsl.errors import DomainError
from dsl.spec import Budget, Spec, task_from_examples
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Backend, open_pool, solver
from wake_sleep.wake.pool.errors import PoolError
from wake_sleep.wake.pool.local import LocalPool
from wake_sleep.wake.solve import SolveSettings
from wake_sleep.wake.values.search import ValueSearch

SETTINGS = SolveSettings(Budget(candidates=5_000))


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """The garbage collector as it was, whatever a pool sets."""
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.fixture
def spec() -> Spec:
    return task_from_examples("upper", [(("ab",), "AB"), (("c",), "C")], domain="strings").spec


def test_outcomes_come_with_the_numbers_of_their_assignments(spec: Spec) -> None:
    with open_pool() as pool:
        for number in (7, 3):
            pool.submit(Assignment(number, spec, SETTINGS))
            collected = pool.collect()
            assert collected is not None
            assert collected[0] == number
            assert collected[1].status is Status.SOLVED
        assert pool.collect() is None


def test_the_first_outcome_tells_the_start_up(spec: Spec) -> None:
    with open_pool(startup_seconds=3.0) as pool:
        pool.submit(Assignment(0, spec, SETTINGS))
        pool.submit(Assignment(1, spec, SETTINGS))
        first, second = pool.collect(), pool.collect()
    assert first is not None
    assert second is not None
    assert first[1].startup_seconds >= 3.0
    assert second[1].startup_seconds == 0.0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (DomainError("a primitive is broken"), r"^a primitive is broken$"),
        (KeyError("lost"), r"^internal error: KeyError: 'lost' \(fail in test_local.py:\d+\)$"),
    ],
)
def test_what_goes_wrong_with_one_problem_is_its_outcome(
    spec: Spec, error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> Outcome:
        raise error

    monkeypatch.setattr(solver, "solve_spec", fail)
    with open_pool() as pool:
        pool.submit(Assignment(0, spec, SETTINGS))
        collected = pool.collect()
    assert collected is not None
    outcome = collected[1]
    assert outcome.status is Status.ERROR
    assert re.search(reason, outcome.reason)


def test_a_search_that_does_not_meter_itself_is_unknown_for_its_budget(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ValueSearch, "run", lambda _: itertools.repeat(None))
    with open_pool() as pool:
        pool.submit(Assignment(0, spec, SolveSettings(Budget(cpu_seconds=0.05))))
        collected = pool.collect()
    assert collected is not None
    outcome = collected[1]
    assert (outcome.status, outcome.reason) == (Status.UNKNOWN, "cpu: the budget of 0.05 CPU-seconds is spent")
    assert outcome.cpu_seconds >= 0.05


def test_stopping_breaks_off_what_is_under_way(spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = LocalPool()
    former = signal.signal(signal.SIGUSR1, lambda *_: pool.stop())

    def interrupted(*_: Any) -> Outcome:
        signal.raise_signal(signal.SIGUSR1)
        raise AssertionError("the signal was lost")

    monkeypatch.setattr(solver, "solve_spec", interrupted)
    try:
        pool.submit(Assignment(0, spec, SETTINGS))
        pool.submit(Assignment(1, spec, SETTINGS))
        collected = pool.collect()
    finally:
        signal.signal(signal.SIGUSR1, former)
    assert collected is not None
    assert collected[1].status is Status.INTERRUPTED
    assert pool.collect() is None


def test_stopping_between_problems_raises_nothing(spec: Spec) -> None:
    pool = LocalPool()
    pool.submit(Assignment(0, spec, SETTINGS))
    pool.stop()
    assert pool.collect() is None


def test_several_jobs_in_one_process_are_refused() -> None:
    with pytest.raises(PoolError, match="solves one problem at a time, not 3"):
        open_pool(3, Backend.IN_PROCESS)
    with pytest.raises(PoolError, match="no use for the address"):
        open_pool(1, Backend.IN_PROCESS, "127.0.0.1:6379")


def test_a_solver_makes_the_garbage_collector_rare() -> None:
    LocalPool()
    assert gc.get_threshold() == solver.COLLECTION_THRESHOLDS
    assert gc.get_freeze_count() > 0
