"""The pool of Ray actors: each owns one problem at a time, in a process of its own."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from typing import Any, Final

from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool
from wake_sleep.wake.pool.cluster import Cluster
from wake_sleep.wake.pool.crew import WALL_GRACE, Crew
from wake_sleep.wake.solve import effective_budget

ATTEMPTS: Final = 2
"""How often a problem is given out before its worker's death is its outcome."""
WALL_OF_CPU: Final = (5.0, 60.0)
"""A budget in CPU-seconds t makes the wall limit a·t + b seconds: other processes may have the cores."""


class ActorPool(Pool):
    """Solves in Ray actors."""

    def __init__(self, jobs: int, address: str | None = None, startup_seconds: float = 0.0) -> None:
        """Start Ray, connect to a cluster, or use what this process is connected to; start an actor for each job.

        Raises:
            PoolError: if Ray is not installed, does not start or is not at the address.
        """
        self.capacity = 2 * jobs
        self._is_stopped = False
        self._attempts: dict[int, int] = {}
        start = time.process_time()
        self._cluster = Cluster(jobs, address)
        self._startup_seconds = startup_seconds + time.process_time() - start
        actor_class = _actor_class(self._cluster.ray)
        self._crew: Crew[Assignment] = Crew(self._cluster, jobs, actor_class, ask=_ask, wall_limit=_wall_limit)

    def submit(self, assignment: Assignment) -> None:
        """See `Pool.submit`."""
        self._attempts[assignment.number] = 1
        self._crew.give(assignment)

    def collect(self) -> tuple[int, Outcome] | None:
        """See `Pool.collect`.

        Raises:
            PoolError: if a worker cannot be started.
        """
        while not self._is_stopped and self._attempts:
            ended = self._crew.wait()
            if ended is None:
                continue
            assignment, answer = ended.job, ended.answer
            if answer is None and self._attempts[assignment.number] < ATTEMPTS:
                self._attempts[assignment.number] += 1
                self._crew.give(assignment, first=True)
                continue
            del self._attempts[assignment.number]
            outcome = _lost(assignment) if answer is None else pickle.loads(answer)
            return assignment.number, self._with_startup(outcome)
        return None

    def stop(self) -> None:
        """See `Pool.stop`."""
        self._is_stopped = True

    def close(self) -> None:
        """See `Pool.close`."""
        self._crew.close()
        self._cluster.close()

    def _with_startup(self, outcome: Outcome) -> Outcome:
        startup, self._startup_seconds = self._startup_seconds, 0.0
        return replace(outcome, startup_seconds=outcome.startup_seconds + startup)


def _ask(actor: Any, assignment: Assignment) -> Any:
    return actor.solve.remote(pickle.dumps((assignment.spec, assignment.settings)))


def _lost(assignment: Assignment) -> Outcome:
    """The outcome of a problem whose workers died."""
    return Outcome(
        Status.UNKNOWN,
        reason="worker died",
        domain=assignment.spec.domain,
        generation=assignment.settings.generation,
        seed=assignment.settings.seed,
    )


def _wall_limit(assignment: Assignment) -> float:
    """Seconds after which a worker that has not answered is taken to hang."""
    budget = effective_budget(assignment.spec, assignment.settings.budget)
    if budget.wall_seconds is not None:
        return 1.1 * budget.wall_seconds + WALL_GRACE
    if budget.cpu_seconds is not None:
        factor, constant = WALL_OF_CPU
        return factor * budget.cpu_seconds + constant
    return float("inf")


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
