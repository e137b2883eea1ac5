"""The worker pool: many problems, each owned as a whole by one solver.

There are two backends of one interface: solving in this process, and Ray actors, which take one problem at a time.
Outcomes come in the order in which they are ready, each with the number of its assignment; who needs them in the order
of the assignments sorts them. A budget is a hard stop at 1.1×, whatever an engine does: see
`wake_sleep.wake.backstop`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from dsl.spec import Spec
from wake_sleep.wake.outcome import Outcome
from wake_sleep.wake.pool.errors import PoolError
from wake_sleep.wake.solve import SolveSettings


class Backend(StrEnum):
    """Where problems are solved."""

    AUTO = "auto"
    """In this process for one job, by Ray for more."""
    IN_PROCESS = "in-process"
    RAY = "ray"


@dataclass(frozen=True)
class Assignment:
    """One problem to solve.

    Attributes:
        number: what its outcome is known by; unique within a run.
        spec: what is asked.
        settings: how to go about it.
    """

    number: int
    spec: Spec
    settings: SolveSettings


class Pool(ABC):
    """Solvers that problems are given to.

    Attributes:
        capacity: how many problems may be submitted and not yet collected; what waits beyond the solvers keeps these
            busy while the next problem is read.
    """

    capacity: int = 1

    @abstractmethod
    def submit(self, assignment: Assignment) -> None:
        """Give out a problem; at most `capacity` may be uncollected."""

    @abstractmethod
    def collect(self) -> tuple[int, Outcome] | None:
        """Wait for the next outcome, and return it with the number of its assignment.

        A solver that dies or hangs is replaced and its problem given out once more; if that fails too, the outcome is
        ``unknown`` with the reason ``worker died``.

        Returns:
            None if nothing is submitted, or if the pool was stopped.
        """

    @abstractmethod
    def stop(self) -> None:
        """Break off what is under way; nothing is collected any more. May be called by a signal handler."""

    @abstractmethod
    def close(self) -> None:
        """End every process of the pool."""

    def __enter__(self) -> Self:
        """The pool itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_pool(
    jobs: int = 1, backend: Backend = Backend.AUTO, address: str | None = None, startup_seconds: float = 0.0
) -> Pool:
    """A pool of solvers.

    Args:
        jobs: how many problems are to be solved at a time.
        backend: where they are solved.
        address: the Ray cluster to use, or None for one on this machine that ends with the pool.
        startup_seconds: CPU time that the start of this process took; the first outcome tells it.

    Raises:
        PoolError: if Ray is wanted and cannot be started or reached, or is needed and not wanted.
    """
    if backend is Backend.IN_PROCESS and (jobs > 1 or address is not None):
        raise PoolError(
            f"the backend in-process solves one problem at a time, not {jobs}; take the backend ray or auto"
            if jobs > 1
            else "the backend in-process has no use for the address of a Ray cluster; take the backend ray or auto"
        )
    if backend is Backend.RAY or (backend is Backend.AUTO and (jobs > 1 or address is not None)):
        from wake_sleep.wake.pool.actors import ActorPool

        return ActorPool(jobs, address, startup_seconds)
    from wake_sleep.wake.pool.local import LocalPool

    return LocalPool(startup_seconds)
