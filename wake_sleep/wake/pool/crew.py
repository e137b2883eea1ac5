"""A crew of Ray actors, each of which does one job at a time in a process of its own.

A worker that dies, or does not answer by the deadline of its job, is killed and replaced; its job is then told to be
lost, and whoever gave it decides whether to give it again.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from wake_sleep.wake.pool.cluster import Cluster
from wake_sleep.wake.pool.errors import PoolError

START_LIMIT: Final = 180.0
"""Seconds within which a worker must be there."""
STARTS: Final = 3
"""How many workers in turn may die before they are ready; one that was killed from outside is no reason to give up."""
POLL_SECONDS: Final = 0.25
"""How often it is looked whether the user wants the work to end, or a worker hangs."""

Job = TypeVar("Job")


@dataclass(frozen=True)
class Ended(Generic[Job]):
    """A job that is no longer under way.

    Attributes:
        job: what was given.
        answer: what the worker returned, or None if the job was lost with it.
    """

    job: Job
    answer: Any


@dataclass
class _Worker(Generic[Job]):
    """An actor and what it does."""

    actor: Any
    reference: Any
    """Of the call that is under way, the first of which says that the actor is ready; None if it is idle."""
    deadline: float
    process: int | None = None
    """Its process, once it is ready."""
    job: Job | None = None


class Crew(Generic[Job]):
    """Actors that jobs are given to, in the order in which they come.

    An actor's class has a method ``start`` that returns the number of its process once it is ready, and is made with
    the module search path of this process, or with None on a cluster, which has its own.
    """

    def __init__(
        self,
        cluster: Cluster,
        size: int,
        actor_class: Any,
        *,
        ask: Callable[[Any, Job], Any],
        wall_limit: Callable[[Job], float],
    ) -> None:
        """Start the actors.

        Args:
            cluster: where they run.
            size: how many there are.
            actor_class: a Ray actor class.
            ask: calls an actor with a job; returns Ray's reference of the answer.
            wall_limit: seconds after which a worker that has not answered is taken to hang.
        """
        self._ray, self._is_local = cluster.ray, cluster.is_local
        self._actor_class, self._ask, self._wall_limit = actor_class, ask, wall_limit
        self._waiting: deque[Job] = deque()
        self._died_early = 0
        self._workers = [self._new_worker() for _ in range(size)]

    @property
    def is_idle(self) -> bool:
        """Whether no job is waiting or under way."""
        return not self._waiting and all(worker.job is None for worker in self._workers)

    @property
    def has_room(self) -> bool:
        """Whether a worker has nothing to do; one that is still starting counts."""
        return len(self._waiting) < sum(worker.job is None for worker in self._workers)

    @property
    def processes(self) -> list[int]:
        """The processes of the workers that are ready."""
        return [worker.process for worker in self._workers if worker.process is not None]

    def give(self, job: Job, *, first: bool = False) -> None:
        """Give a job, after or before those that wait."""
        if first:
            self._waiting.appendleft(job)
        else:
            self._waiting.append(job)
        self._give_out()

    def drop(self, job: Job, patience: float) -> bool:
        """Forget a job that waits; one that is under way is lost if its worker has not answered in so many seconds.

        Returns:
            whether the job was waiting, so that nothing comes of it any more.
        """
        if job in self._waiting:
            self._waiting.remove(job)
            return True
        for worker in self._workers:
            if worker.job is job:
                worker.deadline = min(worker.deadline, time.monotonic() + patience)
        return False

    def wait(self) -> Ended[Job] | None:
        """Wait a moment for a job to end.

        Returns:
            None if none has.

        Raises:
            PoolError: if a worker cannot be started.
        """
        busy = {worker.reference: worker for worker in self._workers if worker.reference is not None}
        ready, _ = self._ray.wait(list(busy), num_returns=1, timeout=POLL_SECONDS)
        done = [busy[reference] for reference in ready]
        late = [w for w in busy.values() if w not in done and time.monotonic() > w.deadline]
        for worker in (*done, *late):
            ended = self._finish(worker, is_late=worker in late)
            self._give_out()
            if ended is not None:
                return ended
        return None

    def close(self) -> None:
        """End all workers at once."""
        for worker in self._workers:
            self._kill(worker)
        self._workers = []

    def renew(self, process: int) -> None:
        """Replace the idle worker that is this process."""
        for worker in self._workers:
            if worker.process == process and worker.job is None:
                self._kill(worker)
                self._workers[self._workers.index(worker)] = self._new_worker()

    def _new_worker(self) -> _Worker[Job]:
        actor = self._actor_class.remote(sys.path if self._is_local else None)
        return _Worker(actor, actor.start.remote(), time.monotonic() + START_LIMIT)

    def _give_out(self) -> None:
        """Give waiting jobs to idle workers."""
        for worker in self._workers:
            if worker.reference is None and self._waiting:
                worker.job = job = self._waiting.popleft()
                worker.deadline = time.monotonic() + self._wall_limit(job)
                worker.reference = self._ask(worker.actor, job)

    def _finish(self, worker: _Worker[Job], *, is_late: bool) -> Ended[Job] | None:
        """Take what a worker has done; returns None if it is ready now."""
        try:
            if is_late:
                raise TimeoutError("it did not answer in time")
            answer = self._ray.get(worker.reference)
        except (self._ray.exceptions.RayError, TimeoutError) as error:
            return self._replace(worker, error)
        job, worker.job, worker.reference = worker.job, None, None
        if job is None:
            worker.process, self._died_early = answer, 0
            return None
        return Ended(job, answer)

    def _replace(self, worker: _Worker[Job], error: Exception) -> Ended[Job] | None:
        """Start another worker in the place of a dead one; returns None if that one had no job yet."""
        self._kill(worker)
        if worker.process is None:
            self._died_early += 1
            if self._died_early == STARTS or isinstance(error, TimeoutError):
                raise PoolError(f"a worker does not start: {error}")
        self._workers[self._workers.index(worker)] = self._new_worker()
        return None if worker.job is None else Ended(worker.job, None)

    def _kill(self, worker: _Worker[Job]) -> None:
        """End a worker at once, also one that does not listen."""
        if self._is_local and worker.process is not None:
            with suppress(ProcessLookupError):
                os.kill(worker.process, signal.SIGKILL)
        self._ray.kill(worker.actor, no_restart=True)
