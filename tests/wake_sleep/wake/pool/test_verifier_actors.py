"""Verifiers in real Ray actors: real processes, real signals."""

import os
import select
import signal
from collections.abc import Callable, Iterator

import pytest

from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.pool import crew, verifier_actors
from wake_sleep.wake.pool.cluster import Cluster
from wake_sleep.wake.pool.errors import QueueFull
from wake_sleep.wake.pool.verifier_actors import WORKER_DIED, ActorVerifiers
from wake_sleep.wake.pool.verifiers import Check, LocalVerifiers, Verifiers
from wake_sleep.wake.verify.unknown import OUT_OF_MEMORY, unknown

MakeCheck = Callable[..., Check]

RIGHT, WRONG = "(bvsub x (bvneg y))", "(bvor x y)"
PROVED = Verdict(Judgement.PROVED)

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the end of a process cannot be waited for here")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[Cluster]:
    """One Ray for all tests here: its start takes most of their time."""
    cluster = Cluster(2)
    yield cluster
    cluster.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that do not answer are taken to hang soon."""
    monkeypatch.setattr(verifier_actors, "WALL_GRACE", 0.2)
    monkeypatch.setattr(verifier_actors, "PATIENCE", 0.1)
    monkeypatch.setattr(crew, "POLL_SECONDS", 0.05)


def verdicts_of(verifiers: Verifiers, *checks: Check) -> list[Verdict]:
    for check in checks:
        verifiers.submit(check)
    collected = dict(filter(None, [verifiers.collect() for _ in checks]))
    return [collected[check.number] for check in checks]


def idle_workers(verifiers: ActorVerifiers, make_check: MakeCheck, count: int = 1) -> list[int]:
    """The processes of so many verifiers, once all are ready and have nothing to do."""
    while len(verifiers.processes) < count:
        verdicts_of(verifiers, make_check(RIGHT, is_hard=True))
    return verifiers.processes


def ends(process: int) -> bool:
    """Wait for the end of a process that was killed."""
    try:
        handle = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    return bool(ended)


def test_verdicts_are_those_of_one_process(make_check: MakeCheck) -> None:
    candidates = (RIGHT, WRONG, "(bvxor x y)", "(bvadd y x)")
    checks = [make_check(candidates[i % 4], is_hard=i % 50 == 0) for i in range(150)]
    with LocalVerifiers() as local, ActorVerifiers(1) as one, ActorVerifiers(2) as two:
        expected, *others = (verdicts_of(verifiers, *checks) for verifiers in (local, one, two))
    assert {verdict.judgement for verdict in expected} == {Judgement.PROVED, Judgement.REFUTED}
    assert others == [expected, expected]


def test_a_full_queue_takes_no_more(make_check: MakeCheck) -> None:
    check = make_check(RIGHT)
    with ActorVerifiers(1) as verifiers:
        for number in range(verifiers.capacity):
            verifiers.submit(Check(number, check.condition, check.programs, check.allowance))
        with pytest.raises(QueueFull):
            verifiers.submit(Check(-1, check.condition, check.programs, check.allowance))
        assert verifiers.collect() is not None
        verifiers.submit(Check(-1, check.condition, check.programs, check.allowance))
        collected = [verifiers.collect() for _ in range(verifiers.capacity)]
        assert {verdict for _, verdict in filter(None, collected)} == {PROVED}
        assert verifiers.collect() is None


def test_the_check_of_a_worker_that_is_killed_is_done_by_another(make_check: MakeCheck) -> None:
    with ActorVerifiers(1) as verifiers:
        (worker,) = idle_workers(verifiers, make_check)
        # A worker that was stopped before it got the check has not done it when it dies.
        os.kill(worker, signal.SIGSTOP)
        verifiers.submit(check := make_check(RIGHT, is_hard=True))
        os.kill(worker, signal.SIGKILL)
        assert verifiers.collect() == (check.number, PROVED)
        assert worker not in verifiers.processes


@pytest.mark.usefixtures("impatient")
def test_the_checks_of_a_worker_that_hangs_are_done_by_another(make_check: MakeCheck) -> None:
    with ActorVerifiers(1) as verifiers:
        (worker,) = idle_workers(verifiers, make_check)
        os.kill(worker, signal.SIGSTOP)
        assert verdicts_of(verifiers, *(make_check(RIGHT, seconds=1.0) for _ in range(3))) == [PROVED] * 3
        assert ends(worker)


@pytest.mark.usefixtures("impatient")
def test_a_check_that_runs_away_harms_no_other_of_its_batch(make_check: MakeCheck, endless: MakeCheck) -> None:
    with ActorVerifiers(1, wall_seconds=2.0) as verifiers:
        idle_workers(verifiers, make_check)
        wanted = "(bvmul x y)"
        before, after = (make_check("(bvmul y x)", wanted, width=64) for _ in range(2))
        assert verdicts_of(verifiers, before, endless(), after) == [PROVED, unknown(WORKER_DIED), PROVED]


def test_a_check_that_needs_too_much_memory_is_unknown_and_the_next_is_done(make_check: MakeCheck) -> None:
    long_division = "(bvudiv (bvmul x (bvmul y (bvurem x (bvadd y y)))) (bvurem (bvmul x x) (bvudiv y (bvadd x y))))"
    check = make_check(long_division, "(bvurem (bvudiv (bvmul x x) y) (bvmul y x))", width=128, is_hard=True)
    with ActorVerifiers(1, memory=32 << 20) as verifiers:
        assert verdicts_of(verifiers, check, make_check(RIGHT)) == [unknown(OUT_OF_MEMORY), PROVED]


@pytest.mark.usefixtures("impatient")
def test_a_worker_is_not_left_with_a_check_that_was_cancelled(make_check: MakeCheck, endless: MakeCheck) -> None:
    with ActorVerifiers(1) as verifiers:
        (worker,) = idle_workers(verifiers, make_check)
        under_way, waiting = (endless(600.0, is_hard=True) for _ in range(2))
        verifiers.submit(under_way)
        verifiers.submit(waiting)
        verifiers.cancel(waiting.number)
        verifiers.cancel(under_way.number)
        assert verifiers.collect() is None
        assert verdicts_of(verifiers, make_check(RIGHT)) == [PROVED]
        assert ends(worker)


def test_nothing_is_collected_and_nothing_runs_after_the_end(make_check: MakeCheck, endless: MakeCheck) -> None:
    with ActorVerifiers(2) as verifiers:
        workers = idle_workers(verifiers, make_check, 2)
        verifiers.submit(endless(600.0, is_hard=True))
        verifiers.stop()
        assert verifiers.collect() is None
    assert all(map(ends, workers))
