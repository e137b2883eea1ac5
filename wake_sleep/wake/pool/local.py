"""The pool that is this process: one piece of work after the other."""

from __future__ import annotations

from collections import deque
from typing import Any

from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.solver import Solver, quieten_collector


class LocalPool(Pool):
    """Works in this process."""

    def __init__(self, startup_seconds: float = 0.0) -> None:
        """Prepare this process; its start-up so far is told in the first outcome."""
        quieten_collector()
        self._solver = Solver(startup_seconds)
        self._waiting: deque[Work] = deque()
        self._is_working = self._is_stopped = False

    def submit(self, work: Work) -> None:
        """See `Pool.submit`."""
        self._waiting.append(work)

    def collect(self) -> tuple[int, Any] | None:
        """See `Pool.collect`; work that is interrupted has a result, too."""
        if self._is_stopped or not self._waiting:
            return None
        work = self._waiting.popleft()
        try:
            self._is_working = True
            return work.number, work.perform(self._solver)
        except KeyboardInterrupt:
            return work.number, work.interrupted()
        finally:
            self._is_working = False

    def stop(self) -> None:
        """See `Pool.stop`.

        Raises:
            KeyboardInterrupt: while something is being done, which ends it.
        """
        self._is_stopped = True
        if self._is_working:
            raise KeyboardInterrupt

    def close(self) -> None:
        """See `Pool.close`; there is none."""
