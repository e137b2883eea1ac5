"""Verifiers: many checks of candidates against conditions, by this process or by Ray actors, behind one interface.

Checks are given out in calls. A call carries a batch of small checks of one condition, since a round trip to an actor
costs more than such a check; what does not settle within `SMALL_SECONDS` in a batch goes out again, alone, with all of
its allowance. If only steps count, the batches are the same whatever the number of workers.
"""

from __future__ import annotations

import hashlib
import pickle
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self

from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.errors import PoolError, QueueFull
from wake_sleep.wake.pool.verifier import KEPT_CONDITIONS, Programs, Verifier
from wake_sleep.wake.verify.condition import Condition
from wake_sleep.wake.verify.solver import Allowance

BATCH: Final = 100
"""Small checks in one call."""
SMALL_SECONDS: Final = 0.02
"""What a check may take in a batch before it is taken to be hard, if time is bounded."""
MEMORY: Final = 2 << 30
"""Bytes that a worker may use for its checks."""
WALL_SECONDS: Final = 120.0
"""Seconds after which a check whose allowance names no time is taken to hang."""


@dataclass(frozen=True, eq=False)
class Check:
    """Candidates for the functions of a condition, to be checked.

    Attributes:
        number: what the verdict is known by; no other open check has it.
        condition: what must hold.
        programs: a closed program for every function.
        allowance: what the check may take.
        is_hard: whether it is given out alone, as one that an incremental solver was asked about in vain.
    """

    number: int
    condition: Condition
    programs: Programs
    allowance: Allowance
    is_hard: bool = False


@dataclass(frozen=True)
class Parcel:
    """A condition as it travels.

    Attributes:
        key: tells conditions apart.
        condition: the condition itself.
        content: pickled.
    """

    key: str
    condition: Condition
    content: bytes


@dataclass(frozen=True, eq=False)
class Call:
    """Checks that are given out together; all are of one condition.

    Attributes:
        parcel: their condition.
        checks: in the order of their submission.
        allowance: what each may take in this call.
        is_last: whether the loss of its worker, or a limit, is the end of its checks: they are not given out again.
    """

    parcel: Parcel
    checks: tuple[Check, ...]
    allowance: Allowance
    is_last: bool = False


@dataclass
class _Forming:
    """Small checks of one condition and allowance that wait for others to go with."""

    parcel: Parcel
    allowance: Allowance
    checks: list[Check] = field(default_factory=list)


class Verifiers(ABC):
    """Checks candidates; verdicts come in the order in which they are ready.

    A worker that dies or hangs is replaced and its checks are given out once more, each alone; if that fails too, the
    verdict is ``unknown`` with the reason ``worker died``.

    Attributes:
        capacity: how many checks may be submitted and not yet collected.
    """

    def __init__(self, workers: int) -> None:
        """Make room for the checks of so many workers."""
        self.capacity = 2 * BATCH * workers
        self._open: dict[int, Check] = {}
        self._forming: dict[tuple[str, Allowance], _Forming] = {}
        self._ready: deque[tuple[Check, Verdict]] = deque()
        self._parcels: OrderedDict[int, Parcel] = OrderedDict()
        self._is_stopped = False

    # What a user calls.

    def submit(self, check: Check) -> None:
        """Give out a check.

        Raises:
            QueueFull: if `capacity` checks are uncollected.
            PoolError: if an open check has its number.
        """
        if len(self._open) >= self.capacity:
            raise QueueFull(f"{self.capacity} checks are uncollected, and no more may be")
        if check.number in self._open:
            raise PoolError(f"a check with the number {check.number} is open")
        self._open[check.number] = check
        parcel = self._parcel(check.condition)
        if check.is_hard:
            self._begin(Call(parcel, (check,), check.allowance))
            return
        forming = self._forming.setdefault((parcel.key, check.allowance), _Forming(parcel, check.allowance))
        forming.checks.append(check)
        if len(forming.checks) == BATCH:
            self._give_out(forming)

    def collect(self) -> tuple[int, Verdict] | None:
        """Wait for the next verdict, and return it with the number of its check.

        Returns:
            None if nothing is submitted, or if the verifiers were stopped.
        """
        while not self._is_stopped and self._open:
            while self._ready:
                check, verdict = self._ready.popleft()
                if self._is_open(check):
                    del self._open[check.number]
                    return check.number, verdict
            self._give_out_partial()
            self._work()
        return None

    def cancel(self, number: int) -> None:
        """Take a check off the queue; nothing comes of it any more, and what works for it alone is ended."""
        check = self._open.pop(number, None)
        if check is None:
            return
        for key, forming in list(self._forming.items()):
            if check in forming.checks:
                forming.checks.remove(check)
                if not forming.checks:
                    del self._forming[key]
                return
        self._drop(check)

    def stop(self) -> None:
        """Break off what is under way; nothing is collected any more. May be called by a signal handler."""
        self._is_stopped = True

    @abstractmethod
    def close(self) -> None:
        """End every process of the verifiers."""

    def __enter__(self) -> Self:
        """The verifiers themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # What a backend does.

    @abstractmethod
    def _begin(self, call: Call) -> None:
        """Give out a call."""

    @abstractmethod
    def _work(self) -> None:
        """Do something, or wait a moment; what comes of checks is told by `_settle`."""

    @abstractmethod
    def _drop(self, check: Check) -> None:
        """End what works for a check that is no longer open, and for no other."""

    @property
    @abstractmethod
    def _has_room(self) -> bool:
        """Whether a call that is given out now would begin at once."""

    @property
    @abstractmethod
    def _is_idle(self) -> bool:
        """Whether no call is under way."""

    def _is_open(self, check: Check) -> bool:
        return self._open.get(check.number) is check

    def _settle(self, call: Call, check: Check, verdict: Verdict) -> None:
        """Keep the verdict on a check of a call, or give the check out again."""
        if not self._is_open(check):
            return
        if verdict.judgement is Judgement.UNKNOWN and call.allowance != check.allowance:
            self._begin(Call(call.parcel, (check,), check.allowance))
        else:
            self._ready.append((check, verdict))

    # Batches.

    def _give_out(self, forming: _Forming) -> None:
        checks, forming.checks = forming.checks, []
        del self._forming[forming.parcel.key, forming.allowance]
        seconds = forming.allowance.seconds
        small = Allowance(None if seconds is None else min(seconds, SMALL_SECONDS))
        self._begin(Call(forming.parcel, tuple(checks), small))

    def _give_out_partial(self) -> None:
        """Give out batches that are not full.

        That is as soon as a worker has nothing to do; if only steps count, once nothing is under way, so that what
        goes together follows from the order of submission alone.
        """
        for forming in list(self._forming.values()):
            if self._is_idle if forming.allowance.seconds is None else self._has_room:
                self._give_out(forming)

    def _parcel(self, condition: Condition) -> Parcel:
        """A condition as it travels, pickled once."""
        parcel = self._parcels.get(id(condition))
        if parcel is None:
            content = pickle.dumps(condition)
            parcel = Parcel(hashlib.sha256(content).hexdigest(), condition, content)
            self._parcels[id(condition)] = parcel
            if len(self._parcels) > KEPT_CONDITIONS:
                self._parcels.popitem(last=False)
        return parcel


class LocalVerifiers(Verifiers):
    """Checks in this process, one candidate after the other.

    Only its allowance bounds a check: this process cannot be ended for it, and its memory is not bounded.
    """

    def __init__(self) -> None:
        """Nothing is translated yet."""
        super().__init__(workers=1)
        self._verifier = Verifier()
        self._waiting: deque[Call] = deque()
        self._current: tuple[Call, Iterator[tuple[Check, Verdict]]] | None = None
        self._is_checking = False

    def stop(self) -> None:
        """See `Verifiers.stop`.

        Raises:
            KeyboardInterrupt: while a candidate is being checked, which ends it.
        """
        super().stop()
        if self._is_checking:
            raise KeyboardInterrupt

    def close(self) -> None:
        """See `Verifiers.close`; there is none."""

    def _begin(self, call: Call) -> None:
        self._waiting.append(call)

    def _work(self) -> None:
        if self._current is None:
            call = self._waiting.popleft()
            self._current = call, self._verdicts(call)
        call, verdicts = self._current
        try:
            self._is_checking = True
            found = next(verdicts, None)
        except KeyboardInterrupt:
            self._current = None
            self._begin(replace(call, checks=tuple(filter(self._is_open, call.checks))))
            if not self._is_stopped:
                raise
            return
        finally:
            self._is_checking = False
        if found is None:
            self._current = None
        else:
            self._settle(call, *found)

    def _verdicts(self, call: Call) -> Iterator[tuple[Check, Verdict]]:
        parcel, candidates = call.parcel, [check.programs for check in call.checks]
        verdicts = self._verifier.check(parcel.key, lambda: parcel.condition, candidates, call.allowance)
        yield from zip(call.checks, verdicts, strict=True)

    def _drop(self, check: Check) -> None:
        self._waiting = deque(call for call in self._waiting if any(map(self._is_open, call.checks)))
        if self._current is not None and not any(map(self._is_open, self._current[0].checks)):
            self._current = None

    @property
    def _has_room(self) -> bool:
        return self._is_idle

    @property
    def _is_idle(self) -> bool:
        return self._current is None and not self._waiting


def open_verifiers(
    workers: int = 1, backend: Backend = Backend.AUTO, address: str | None = None, memory: int = MEMORY
) -> Verifiers:
    """Verifiers.

    Args:
        workers: how many candidates are to be checked at a time.
        backend: where they are checked.
        address: the Ray cluster to use, or None for this machine.
        memory: bytes that each worker may use for its checks; this process is not bounded.

    Raises:
        PoolError: if Ray is wanted and cannot be started or reached, or is needed and not wanted.
    """
    needs_ray = workers > 1 or address is not None
    if backend is Backend.IN_PROCESS and needs_ray:
        raise PoolError(f"the backend in-process checks one candidate at a time, not by {workers} workers or a cluster")
    if backend is Backend.RAY or needs_ray:
        from wake_sleep.wake.pool.verifier_actors import ActorVerifiers

        return ActorVerifiers(workers, address, memory=memory)
    return LocalVerifiers()
