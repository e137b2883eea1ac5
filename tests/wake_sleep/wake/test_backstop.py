"""Budgets end a search that does not end itself."""

import signal
import threading
from collections.abc import Callable

import pytest

from dsl.spec import Budget
from wake_sleep.wake.backstop import backstop
from wake_sleep.wake.meter import Meter, OutOfBudget


def spin() -> None:
    while True:
        pass


def spin_and_catch() -> None:
    while True:
        try:
            spin()
        except Exception:  # noqa: BLE001 - what the primitives of a user may do
            continue


@pytest.mark.parametrize("work", [spin, spin_and_catch])
def test_a_loop_that_never_meters_itself_ends_with_its_cpu_budget(work: Callable[[], None]) -> None:
    reason = r"^cpu: the budget of 0.05 CPU-seconds is spent$"
    with pytest.raises(OutOfBudget, match=reason), backstop(Meter(Budget(cpu_seconds=0.05))):
        work()


def test_a_budget_may_be_longer_than_the_longest_timer() -> None:
    with backstop(Meter(Budget(cpu_seconds=1e300, wall_seconds=1e300))):
        pass


def test_a_wait_that_takes_no_cpu_time_ends_with_its_wall_budget() -> None:
    with (
        pytest.raises(OutOfBudget, match=r"^wall: the budget of 0.05 seconds is spent$"),
        backstop(Meter(Budget(wall_seconds=0.05))),
    ):
        threading.Event().wait()


def test_a_budget_in_candidates_sets_no_timer() -> None:
    with backstop(Meter(Budget(candidates=10))):
        assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_timers_and_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)]
    with backstop(Meter(Budget(cpu_seconds=100.0, wall_seconds=100.0))):
        assert signal.getitimer(signal.ITIMER_PROF)[0] > 100
    assert [signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)] == before
    assert signal.getitimer(signal.ITIMER_PROF)[0] == signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_another_thread_than_the_main_one_has_no_backstop() -> None:
    seen: list[float] = []

    def work() -> None:
        with backstop(Meter(Budget(cpu_seconds=100.0))):
            seen.append(signal.getitimer(signal.ITIMER_PROF)[0])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [0.0]
