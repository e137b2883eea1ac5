"""The pool of Ray actors: each owns one problem at a time, in a process of its own.

Ray is imported and started when a pool is made. On this machine it runs without a dashboard, without writing to the
terminal, in a folder that is removed with it, and ends with the process that started it, however that ends.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool
from wake_sleep.wake.pool.errors import PoolError
from wake_sleep.wake.solve import effective_budget

OBJECT_STORE_BYTES: Final = 80 << 20
"""Shared memory for Ray: only specifications and outcomes pass through it."""
CONNECT_SECONDS: Final = 5.0
"""How long a cluster may take to answer at all."""
START_LIMIT: Final = 180.0
"""Seconds within which a worker must be there."""
POLL_SECONDS: Final = 0.25
"""How often it is looked whether the user wants the work to end, or a worker hangs."""
ATTEMPTS: Final = 2
"""How often a problem is given out before its worker's death is its outcome."""
WALL_GRACE: Final = 5.0
"""Seconds beyond its wall limit after which a worker is taken to hang."""
WALL_OF_CPU: Final = (5.0, 60.0)
"""A budget in CPU-seconds t makes the wall limit a·t + b seconds: other processes may have the cores."""

SERVICES: Final = ("dashboard", "monitor", "log_monitor")
"""Processes of a local Ray that no solver needs."""
ENVIRONMENT: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Solvers bound their memory themselves; Ray would kill them when other programs fill the machine.
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""How Ray is to behave; variables that the user has set stay."""


@dataclass
class _Worker:
    """An actor and what it does."""

    actor: Any
    reference: Any
    """Of the call that is under way, the first of which says that the actor is ready; None if it is idle."""
    deadline: float
    process: int | None = None
    """Its process, once it is ready."""
    assignment: Assignment | None = None


class ActorPool(Pool):
    """Solves in Ray actors."""

    def __init__(self, jobs: int, address: str | None = None, startup_seconds: float = 0.0) -> None:
        """Start Ray, connect to a cluster, or use what this process is connected to; start an actor for each job.

        Raises:
            PoolError: if Ray is not installed, does not start or is not at the address.
        """
        self.capacity = 2 * jobs
        self._is_local, self._is_stopped = address is None, False
        self._waiting: deque[Assignment] = deque()
        self._attempts: dict[int, int] = {}
        start = time.process_time()
        self._ray = _import_ray()
        self._is_ours = not self._ray.is_initialized()
        self._folder = _start(self._ray, jobs, address) if self._is_ours else None
        self._startup_seconds = startup_seconds + time.process_time() - start
        self._actor_class = _actor_class(self._ray)
        self._workers = [self._new_worker() for _ in range(jobs)]

    def submit(self, assignment: Assignment) -> None:
        """See `Pool.submit`."""
        self._waiting.append(assignment)
        self._give_out()

    def collect(self) -> tuple[int, Outcome] | None:
        """See `Pool.collect`.

        Raises:
            PoolError: if a worker cannot be started.
        """
        while not self._is_stopped and (self._waiting or self._attempts):
            busy = {worker.reference: worker for worker in self._workers if worker.reference is not None}
            ready, _ = self._ray.wait(list(busy), num_returns=1, timeout=POLL_SECONDS)
            done = [busy[reference] for reference in ready]
            late = [w for w in busy.values() if w not in done and time.monotonic() > w.deadline]
            for worker in (*done, *late):
                finished = self._finish(worker, is_late=worker in late)
                self._give_out()
                if finished is not None:
                    return finished
        return None

    def stop(self) -> None:
        """See `Pool.stop`."""
        self._is_stopped = True

    def close(self) -> None:
        """See `Pool.close`."""
        for worker in self._workers:
            self._kill(worker)
        self._workers = []
        if self._folder is not None:
            _end_services(self._ray)
        if self._is_ours:
            self._ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _new_worker(self) -> _Worker:
        path = sys.path if self._is_local else None
        actor = self._actor_class.remote(path)
        return _Worker(actor, actor.start.remote(), time.monotonic() + START_LIMIT)

    def _give_out(self) -> None:
        """Give waiting problems to idle workers."""
        for worker in self._workers:
            if worker.reference is None and self._waiting:
                self._assign(worker, self._waiting.popleft())

    def _assign(self, worker: _Worker, assignment: Assignment) -> None:
        self._attempts[assignment.number] = self._attempts.get(assignment.number, 0) + 1
        worker.assignment = assignment
        worker.deadline = time.monotonic() + _wall_limit(assignment)
        worker.reference = worker.actor.solve.remote(pickle.dumps((assignment.spec, assignment.settings)))

    def _finish(self, worker: _Worker, *, is_late: bool) -> tuple[int, Outcome] | None:
        """Take what a worker has done; returns an outcome, or None if the worker is ready now or was replaced."""
        try:
            if is_late:
                raise TimeoutError("it did not answer in time")
            done = self._ray.get(worker.reference)
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            return self._replace(worker, error)
        assignment, worker.assignment, worker.reference = worker.assignment, None, None
        if assignment is None:
            worker.process = done
            return None
        del self._attempts[assignment.number]
        return assignment.number, self._with_startup(pickle.loads(done))

    def _replace(self, worker: _Worker, error: Exception) -> tuple[int, Outcome] | None:
        """Start another worker in the place of a dead one, and give its problem out again."""
        self._kill(worker)
        if worker.process is None:
            raise PoolError(f"a worker does not start: {error}")
        self._workers[self._workers.index(worker)] = self._new_worker()
        assignment = worker.assignment
        assert assignment is not None
        if self._attempts[assignment.number] < ATTEMPTS:
            self._waiting.appendleft(assignment)
            return None
        del self._attempts[assignment.number]
        outcome = Outcome(
            Status.UNKNOWN,
            reason="worker died",
            domain=assignment.spec.domain,
            generation=assignment.settings.generation,
            seed=assignment.settings.seed,
        )
        return assignment.number, self._with_startup(outcome)

    def _with_startup(self, outcome: Outcome) -> Outcome:
        startup, self._startup_seconds = self._startup_seconds, 0.0
        return replace(outcome, startup_seconds=outcome.startup_seconds + startup)

    def _kill(self, worker: _Worker) -> None:
        """End a worker at once, also one that does not listen."""
        if self._is_local and worker.process is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.process, signal.SIGKILL)
        self._ray.kill(worker.actor, no_restart=True)


def _wall_limit(assignment: Assignment) -> float:
    """Seconds after which a worker that has not answered is taken to hang."""
    budget = effective_budget(assignment.spec, assignment.settings.budget)
    if budget.wall_seconds is not None:
        return 1.1 * budget.wall_seconds + WALL_GRACE
    if budget.cpu_seconds is not None:
        factor, constant = WALL_OF_CPU
        return factor * budget.cpu_seconds + constant
    return float("inf")


def _import_ray() -> Any:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise PoolError(f"Ray cannot be imported ({error}); `--backend in-process` does without it") from None


def _silence(ray: Any) -> None:
    """Keep Ray from writing to the terminal; what it says of dead workers it would write to stdout, to the results."""
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ray._private.worker._worker_logs_enabled = False


def _start(ray: Any, jobs: int, address: str | None) -> Path | None:
    """Start or reach Ray; returns the folder of one that was started for this pool."""
    _silence(ray)
    if address is not None:
        _check_reachable(address)
    try:
        if address is not None:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
            return None
        # Ray keeps sockets there, whose names may have 107 characters.
        short = "/tmp" if Path("/tmp").is_dir() else None
        folder = Path(tempfile.mkdtemp(prefix="reverie-", dir=short))
        # For an interrupt before the pool is made; what Ray registers runs before this, and ends its processes.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        ray.init(
            address="local",
            num_cpus=jobs,
            num_gpus=0,
            include_dashboard=False,
            log_to_driver=False,
            configure_logging=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=str(folder),
        )
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise PoolError(f"Ray does not start: {error}") from None
    return folder


def _end_services(ray: Any) -> None:
    """End what helps people to watch a Ray of this machine; by itself that would take a second to end."""
    for name in SERVICES:
        for service in ray._private.worker._global_node.all_processes.get(name, ()):
            service.process.kill()


def _check_reachable(address: str) -> None:
    """Raise unless something listens at an address ``host:port``; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise PoolError(f"there is no Ray cluster at {address}: {error}") from None


def _actor_class(ray: Any) -> Any:
    """The class of the actors.

    A class in a function travels by value: nothing of ours is imported in the actor before its search path is set, so
    that a folder of the user's that is called as one of our packages cannot take its place.
    """

    class SolverActor:
        """A process that solves one problem at a time."""

        def __init__(self, path: list[str] | None) -> None:
            import sys
            import time

            if path is not None:
                sys.path[:] = path
            from wake_sleep.wake.pool.solver import Solver, quieten_collector

            quieten_collector()
            self.solver = Solver(time.process_time())

        def start(self) -> int:
            """The number of this process, once it is ready."""
            import os

            return os.getpid()

        def solve(self, problem: bytes) -> bytes:
            """Solve a pickled spec with pickled settings; a pickled outcome."""
            import pickle

            spec, settings = pickle.loads(problem)
            return pickle.dumps(self.solver.solve(spec, settings))

    return ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(SolverActor)
