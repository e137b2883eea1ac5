"""A backstop for budgets: timers of the operating system that end a search which does not end itself.

Engines meter themselves every few milliseconds. One that does not, since a single evaluation runs away, is ended by a
signal, slightly beyond the budget: `OutOfBudget` is raised in whatever Python code it runs. With a budget in
candidates alone there is no timer, so that nothing depends on a clock.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

from wake_sleep.wake.meter import Meter, OutOfBudget

ALLOWANCE: Final = 1.04
"""How far beyond a budget the timer is set; an engine that meters itself has ended by then."""
AGAIN: Final = 0.1
"""Seconds after which the timer fires again, in case the first exception was lost in code that cannot raise."""
LONGEST: Final = 1e8
"""Seconds, some three years, that a timer is set to at most; the operating system takes no number at will."""


@contextlib.contextmanager
def backstop(meter: Meter) -> Iterator[None]:
    """Raise `OutOfBudget` in the body once the time of a budget is spent; only the main thread can have this.

    Within another backstop of the same meter there is no second one.

    Args:
        meter: what may be spent, and what is spent already.
    """
    if threading.current_thread() is not threading.main_thread() or meter.has_backstop:
        yield
        return
    budget = meter.budget
    meter.has_backstop = True
    with contextlib.ExitStack() as timers:
        timers.callback(setattr, meter, "has_backstop", False)
        if budget.cpu_seconds is not None:
            reason = f"cpu: the budget of {budget.cpu_seconds:g} CPU-seconds is spent"
            left = budget.cpu_seconds * ALLOWANCE - meter.cpu_seconds
            timers.enter_context(_timer(signal.SIGPROF, signal.ITIMER_PROF, left, reason))
        if budget.wall_seconds is not None:
            reason = f"wall: the budget of {budget.wall_seconds:g} seconds is spent"
            left = budget.wall_seconds * ALLOWANCE - meter.wall_seconds
            timers.enter_context(_timer(signal.SIGALRM, signal.ITIMER_REAL, left, reason))
        yield


@contextlib.contextmanager
def _timer(number: signal.Signals, clock: int, seconds: float, reason: str) -> Iterator[None]:
    is_set = True

    def end(_: int, frame: FrameType | None) -> None:
        if is_set:
            raise OutOfBudget(reason)

    def report(lost: sys.UnraisableHookArgs) -> None:
        # An exception raised in a finalizer is lost, and the timer fires again.
        if not isinstance(lost.exc_value, OutOfBudget):
            former_report(lost)

    former, former_report = signal.signal(number, end), sys.unraisablehook
    sys.unraisablehook = report
    try:
        signal.setitimer(clock, min(max(seconds, 0.001), LONGEST), AGAIN)
        yield
    finally:
        is_set = False
        signal.setitimer(clock, 0)
        signal.signal(number, former)
        sys.unraisablehook = former_report
