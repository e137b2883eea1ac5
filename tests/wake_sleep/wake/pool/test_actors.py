"""What the pool does with workers that die, hang or do not start; Ray itself is played here.

The real thing, with real processes and signals, is in tests/end_to_end/test_batch.py.
"""

import atexit
import functools
import importlib
import os
import pickle
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dsl.spec import Budget, Spec, task_from_examples
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, cluster, crew
from wake_sleep.wake.pool.actors import ActorPool
from wake_sleep.wake.pool.errors import PoolError
from wake_sleep.wake.solve import SolveSettings

SOLVED = pickle.dumps(Outcome(Status.SOLVED))


class RayError(Exception):
    """What Ray raises for a worker that has died."""


class PlayedRay:
    """As much of Ray as the pool uses.

    Attributes:
        answers: what the next calls of `perform` come to: an outcome, an error, or None for no answer at all.
        killed: how many actors were ended.
        started: how many actors were begun.
    """

    def __init__(self) -> None:
        self.answers: list[bytes | RayError | None] = []
        self.killed = self.started = 0
        self.start_answer: int | RayError = 0
        self.exceptions = SimpleNamespace(RayError=RayError)
        self._private = SimpleNamespace(worker=SimpleNamespace())
        self._pending: dict[object, Any] = {}

    def is_initialized(self) -> bool:
        return True

    def remote(self, **_: Any) -> Callable[[Any], Any]:
        return lambda _: SimpleNamespace(remote=self._actor)

    def _actor(self, _: Any) -> SimpleNamespace:
        self.started += 1
        return SimpleNamespace(
            start=SimpleNamespace(remote=lambda: self._call(self.start_answer)),
            perform=SimpleNamespace(remote=lambda _: self._call(self.answers.pop(0))),
        )

    def _call(self, answer: Any) -> object:
        reference = object()
        self._pending[reference] = answer
        return reference

    def wait(self, references: list[object], **_: Any) -> tuple[list[object], list[object]]:
        ready = [reference for reference in references if self._pending[reference] is not None][:1]
        return ready, [reference for reference in references if reference not in ready]

    def get(self, reference: object) -> Any:
        answer = self._pending.pop(reference)
        if isinstance(answer, RayError):
            raise answer
        return answer

    def kill(self, _: object, **__: Any) -> None:
        self.killed += 1


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> PlayedRay:
    played = PlayedRay()
    monkeypatch.setattr(cluster, "_import_ray", lambda: played)
    monkeypatch.setattr(os, "kill", lambda *_: None)
    return played


@pytest.fixture
def spec() -> Spec:
    return task_from_examples("upper", [(("ab",), "AB")], domain="strings").spec


def assignment(spec: Spec, number: int = 0, **budget: Any) -> Assignment:
    return Assignment(number, spec, SolveSettings(Budget(**budget)))


def test_a_problem_whose_worker_dies_is_given_out_once_more(ray: PlayedRay, spec: Spec) -> None:
    ray.answers = [RayError(), SOLVED]
    with ActorPool(1) as pool:
        pool.submit(assignment(spec, 5))
        collected = pool.collect()
    assert collected is not None
    assert (collected[0], collected[1].status) == (5, Status.SOLVED)
    assert ray.started == 2


def test_a_problem_whose_worker_dies_twice_is_unknown(ray: PlayedRay, spec: Spec) -> None:
    ray.answers = [RayError(), RayError(), SOLVED]
    with ActorPool(1) as pool:
        pool.submit(assignment(spec, 0))
        pool.submit(assignment(spec, 1))
        first, second = pool.collect(), pool.collect()
    assert first is not None
    assert second is not None
    assert (first[0], first[1].status, first[1].reason) == (0, Status.UNKNOWN, "worker died")
    assert first[1].domain == "strings"
    assert (second[0], second[1].status) == (1, Status.SOLVED)


def test_a_worker_that_does_not_answer_within_its_wall_limit_is_replaced(
    ray: PlayedRay, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(float(100 * i) for i in range(1_000))
    monkeypatch.setattr(crew, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    ray.answers = [None, None]
    with ActorPool(1) as pool:
        pool.submit(assignment(spec, wall_seconds=1.0))
        collected = pool.collect()
    assert collected is not None
    assert collected[1].reason == "worker died"
    assert ray.started == 3


def test_the_wall_limit_follows_from_the_budget(spec: Spec) -> None:
    assert assignment(spec, wall_seconds=10.0).wall_limit == pytest.approx(16.0)
    assert assignment(spec, cpu_seconds=10.0).wall_limit == pytest.approx(110.0)
    assert assignment(spec, candidates=10).wall_limit == float("inf")


def test_no_worker_has_more_than_one_problem(ray: PlayedRay, spec: Spec) -> None:
    ray.answers = [SOLVED, SOLVED, SOLVED]
    with ActorPool(2) as pool:
        assert pool.capacity == 4
        for number in range(3):
            pool.submit(assignment(spec, number))
        # Nothing was given out before a worker said that it is ready.
        assert len(ray.answers) == 3
        numbers = {collected[0] for _ in range(3) if (collected := pool.collect()) is not None}
        assert numbers == {0, 1, 2}
        assert pool.collect() is None


def test_a_worker_that_does_not_start_is_an_error(ray: PlayedRay, spec: Spec) -> None:
    ray.start_answer = RayError("no room")
    pool = ActorPool(1)
    pool.submit(assignment(spec))
    with pytest.raises(PoolError, match="a worker does not start: no room"):
        pool.collect()
    assert ray.started == crew.STARTS


def test_a_worker_that_is_killed_before_it_is_ready_is_replaced(ray: PlayedRay, spec: Spec) -> None:
    ray.answers, ray.start_answer = [SOLVED], RayError("killed")
    with ActorPool(1) as pool:
        pool.submit(assignment(spec, 7))
        ray.start_answer = 0
        collected = pool.collect()
        assert collected is not None
        assert collected[0] == 7
    assert (ray.started, ray.killed) == (2, 2)


def test_a_pool_that_is_stopped_gives_nothing_more(ray: PlayedRay, spec: Spec) -> None:
    ray.answers = [SOLVED]
    with ActorPool(1) as pool:
        pool.submit(assignment(spec))
        pool.stop()
        assert pool.collect() is None
    assert ray.killed == 1


def test_the_first_outcome_tells_the_start_up_of_this_process(ray: PlayedRay, spec: Spec) -> None:
    ray.answers = [SOLVED, SOLVED]
    with ActorPool(1, startup_seconds=2.0) as pool:
        for number in range(2):
            pool.submit(assignment(spec, number))
        first, second = pool.collect(), pool.collect()
    assert first is not None
    assert second is not None
    assert first[1].startup_seconds >= 2.0
    assert second[1].startup_seconds == 0.0


def test_an_environment_without_ray_says_what_does_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(PoolError, match="`--backend in-process` does without it"):
        ActorPool(2)


def test_a_cluster_that_is_not_there_is_told_at_once(ray: PlayedRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(PoolError, match=f"there is no Ray cluster at {address}"):
            ActorPool(1, address)


def test_an_interrupt_while_ray_starts_leaves_no_folder(ray: PlayedRay, monkeypatch: pytest.MonkeyPatch) -> None:
    at_exit: list[Callable[[], None]] = []
    folders: list[Path] = []

    def interrupted(*, _temp_dir: str, **_: Any) -> None:
        folders.append(Path(_temp_dir))
        raise KeyboardInterrupt

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", interrupted, raising=False)
    monkeypatch.setattr(atexit, "register", lambda f, *a, **k: at_exit.append(functools.partial(f, *a, **k)))
    with pytest.raises(KeyboardInterrupt):
        ActorPool(1)
    for function in at_exit:
        function()
    assert [folder.exists() for folder in folders] == [False]
