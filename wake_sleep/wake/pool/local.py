"""The pool that is this process: one problem after the other."""

from __future__ import annotations

from collections import deque

from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool
from wake_sleep.wake.pool.solver import Solver, quieten_collector


class LocalPool(Pool):
    """Solves in this process."""

    def __init__(self, startup_seconds: float = 0.0) -> None:
        """Prepare this process; its start-up so far is told in the first outcome."""
        quieten_collector()
        self._solver = Solver(startup_seconds)
        self._waiting: deque[Assignment] = deque()
        self._is_solving = self._is_stopped = False

    def submit(self, assignment: Assignment) -> None:
        """See `Pool.submit`."""
        self._waiting.append(assignment)

    def collect(self) -> tuple[int, Outcome] | None:
        """See `Pool.collect`; a problem that is interrupted has an outcome, too."""
        if self._is_stopped or not self._waiting:
            return None
        assignment = self._waiting.popleft()
        try:
            self._is_solving = True
            return assignment.number, self._solver.solve(assignment.spec, assignment.settings)
        except KeyboardInterrupt:
            return assignment.number, Outcome(Status.INTERRUPTED, reason="interrupted")
        finally:
            self._is_solving = False

    def stop(self) -> None:
        """See `Pool.stop`.

        Raises:
            KeyboardInterrupt: while a problem is being solved, which ends it.
        """
        self._is_stopped = True
        if self._is_solving:
            raise KeyboardInterrupt

    def close(self) -> None:
        """See `Pool.close`; there is none."""
