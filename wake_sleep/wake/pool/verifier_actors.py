"""Verifiers that are Ray actors: each makes one call at a time, in a process of its own with bounded memory."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any, Final

from wake_sleep.wake.pool import WALL_GRACE
from wake_sleep.wake.pool.cluster import Cluster
from wake_sleep.wake.pool.crew import Crew
from wake_sleep.wake.pool.verifier import KEPT_CONDITIONS
from wake_sleep.wake.pool.verifiers import MEMORY, WALL_SECONDS, Call, Check, Parcel, Verifiers
from wake_sleep.wake.verify.unknown import unknown

WORKER_DIED: Final = "worker died"
"""The reason of a check whose workers died or hung."""
PATIENCE: Final = 2.0
"""Seconds that a worker is left with a call that nobody waits for; longer than that, another one starts as fast."""


class ActorVerifiers(Verifiers):
    """Checks in Ray actors."""

    def __init__(
        self, workers: int, address: str | None = None, *, memory: int = MEMORY, wall_seconds: float = WALL_SECONDS
    ) -> None:
        """Start Ray, connect to a cluster, or use what this process is connected to; start the actors.

        Args:
            workers: how many actors.
            address: the Ray cluster to use, or None for this machine.
            memory: bytes that each may use for its checks.
            wall_seconds: after which a check hangs whose allowance names no time.

        Raises:
            PoolError: if Ray is not installed, does not start or is not at the address.
        """
        super().__init__(workers)
        self._wall_seconds = wall_seconds
        self._calls: dict[Call, None] = {}
        self._references: OrderedDict[str, Any] = OrderedDict()
        self._cluster = Cluster(workers, address)
        # Where others have the cores of a Ray that is running already, checks are done beside their work.
        cores = 1 if self._cluster.is_ours else 0
        actor_class = _actor_class(self._cluster.ray, cores, memory)
        self._crew: Crew[Call] = Crew(self._cluster, workers, actor_class, ask=self._ask, wall_limit=self._wall_limit)

    @property
    def processes(self) -> list[int]:
        """The processes of the workers that are ready."""
        return self._crew.processes

    def close(self) -> None:
        """See `Verifiers.close`."""
        self._crew.close()
        self._cluster.close()

    def _begin(self, call: Call) -> None:
        self._calls[call] = None
        self._crew.give(call)

    def _work(self) -> None:
        ended = self._crew.wait()
        if ended is None:
            return
        call = ended.job
        del self._calls[call]
        if ended.answer is None:
            self._repeat(call)
            return
        verdicts, spent = pickle.loads(ended.answer)
        if spent is not None:
            self._crew.renew(spent)
        for check, verdict in zip(call.checks, verdicts, strict=True):
            self._settle(call, check, verdict)

    def _repeat(self, call: Call) -> None:
        """Give the checks of a lost call out again, each alone, so that one of them cannot harm the others."""
        for check in filter(self._is_open, call.checks):
            if call.is_last:
                self._ready.append((check, unknown(WORKER_DIED)))
            else:
                self._begin(Call(call.parcel, (check,), check.allowance, is_last=True))

    def _drop(self, check: Check) -> None:
        for call in list(self._calls):
            is_needed = any(map(self._is_open, call.checks))
            if not is_needed and check in call.checks and self._crew.drop(call, PATIENCE):
                del self._calls[call]

    @property
    def _has_room(self) -> bool:
        return self._crew.has_room

    @property
    def _is_idle(self) -> bool:
        return self._crew.is_idle

    def _ask(self, actor: Any, call: Call) -> Any:
        candidates = [check.programs for check in call.checks]
        parcel = call.parcel
        return actor.check.remote(parcel.key, self._stored(parcel), pickle.dumps((candidates, call.allowance)))

    def _stored(self, parcel: Parcel) -> Any:
        """Ray's reference of a condition, which is sent to a machine once."""
        if parcel.key not in self._references:
            self._references[parcel.key] = self._cluster.ray.put(parcel.content)
            if len(self._references) > KEPT_CONDITIONS:
                self._references.popitem(last=False)
        return self._references[parcel.key]

    def _wall_limit(self, call: Call) -> float:
        """Seconds after which the worker of a call is taken to hang."""
        seconds = call.allowance.seconds
        # The incremental solver and then a fresh one may take as long as is allowed, each.
        each = self._wall_seconds if seconds is None else 2.2 * seconds
        return each * len(call.checks) + WALL_GRACE


def _actor_class(ray: Any, cores: int, memory: int) -> Any:
    """The class of the actors, which travels by value as that of the solvers does."""

    class VerifierActor:
        """A process that checks candidates, one call at a time."""

        def __init__(self, path: list[str] | None) -> None:
            import sys

            if path is not None:
                sys.path[:] = path
            from wake_sleep.wake.pool.verifier import MemoryBound, Verifier

            self.verifier = Verifier()
            self.bound = MemoryBound(memory)

        def start(self) -> int:
            """The number of this process, once it is ready."""
            import os

            return os.getpid()

        def check(self, key: str, condition: bytes, candidates: bytes) -> bytes:
            """Check pickled programs against a pickled condition.

            Returns:
                pickled, the verdicts, and the number of this process if it is to be replaced, else None.
            """
            import os
            import pickle

            programs, allowance = pickle.loads(candidates)

            def load() -> Any:
                return self.bound.beside(lambda: pickle.loads(condition))

            verdicts = list(self.verifier.check(key, load, programs, allowance))
            return pickle.dumps((verdicts, os.getpid() if self.bound.is_nearly_reached else None))

    return ray.remote(num_cpus=cores, max_restarts=0, max_task_retries=0)(VerifierActor)
