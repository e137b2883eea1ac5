"""The pool of Ray actors: each does one piece of work at a time, in a process of its own."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from typing import Any, Final

from wake_sleep.wake.outcome import Outcome
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.cluster import Cluster
from wake_sleep.wake.pool.crew import Crew

ATTEMPTS: Final = 2
"""How often work is given out before the death of its worker decides on its result."""


class ActorPool(Pool):
    """Works in Ray actors."""

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
        self._crew: Crew[Work] = Crew(
            self._cluster, jobs, actor_class, ask=_ask, wall_limit=lambda work: work.wall_limit
        )

    def submit(self, work: Work) -> None:
        """See `Pool.submit`."""
        self._attempts[work.number] = 1
        self._crew.give(work)

    def collect(self) -> tuple[int, Any] | None:
        """See `Pool.collect`.

        Raises:
            PoolError: if a worker cannot be started.
        """
        while not self._is_stopped and self._attempts:
            ended = self._crew.wait()
            if ended is None:
                continue
            work, answer = ended.job, ended.answer
            if answer is None and self._attempts[work.number] < ATTEMPTS:
                self._attempts[work.number] += 1
                self._crew.give(work, first=True)
                continue
            del self._attempts[work.number]
            result = work.lost() if answer is None else pickle.loads(answer)
            return work.number, self._with_startup(result) if isinstance(result, Outcome) else result
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


def _ask(actor: Any, work: Work) -> Any:
    return actor.perform.remote(pickle.dumps(work))


def _actor_class(ray: Any) -> Any:
    """The class of the actors.

    A class in a function travels by value: nothing of ours is imported in the actor before its search path is set, so
    that a folder of the user's that is called as one of our packages cannot take its place.
    """

    class SolverActor:
        """A process that does one piece of work at a time."""

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

        def perform(self, work: bytes) -> bytes:
            """Do a piece of pickled work; its pickled result."""
            import pickle

            return pickle.dumps(pickle.loads(work).perform(self.solver))

    return ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(SolverActor)
