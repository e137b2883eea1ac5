from collections import deque
from typing import Any

import pytest

from dsl.spec import Budget, Task, task_from_examples
from wake_sleep.attempts import LEAST_SECONDS, Attempted, TrainingAttempt, attempt
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool, Work
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.pool.solver import Solver
from wake_sleep.wake.solve import SolveSettings


class AnsweringPool(Pool):
    """Answers everything at once with nothing; remembers what it was asked."""

    def __init__(self, capacity: int = 2, interrupted: int | None = None) -> None:
        self.capacity, self.interrupted = capacity, interrupted
        self.asked: list[Assignment] = []
        self.waiting: deque[Assignment] = deque()

    def submit(self, work: Work) -> None:
        assert isinstance(work, TrainingAttempt)
        assert len(self.waiting) < self.capacity
        self.asked.append(work.assignment)
        self.waiting.append(work.assignment)

    def collect(self) -> tuple[int, Any] | None:
        if not self.waiting:
            return None
        number = self.waiting.popleft().number
        status = Status.INTERRUPTED if number == self.interrupted else Status.UNKNOWN
        return number, Attempted(Outcome(status, reason="not tried"))

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def task(name: str) -> Task:
    return task_from_examples(name, [((1,), 1)], domain="integers")


TASKS = [(f"task {number}", task(str(number))) for number in range(5)]


def test_every_task_is_tried_within_its_own_budget() -> None:
    pool = AnsweringPool()
    budget = Budget(candidates=7)
    found = list(attempt(pool, TASKS, lambda _: SolveSettings(budget)))
    assert [name for name, _ in found] == [name for name, _ in TASKS]
    assert [work.settings.budget for work in pool.asked] == [budget] * 5


def test_tasks_share_the_time_that_is_left() -> None:
    pool = AnsweringPool(capacity=1)
    list(attempt(pool, TASKS, lambda _: SolveSettings(Budget()), seconds=1_000.0, jobs=2))
    seconds = [work.settings.budget.cpu_seconds or 0.0 for work in pool.asked]
    # Nothing takes any time here, so what is left for each grows: 2·1000/5, 2·1000/4 …
    assert [round(s) for s in seconds] == [400, 500, 667, 1000, 2000]


def test_no_task_gets_more_than_its_own_budget_or_less_than_the_least() -> None:
    pool = AnsweringPool()
    list(attempt(pool, TASKS, lambda _: SolveSettings(Budget(cpu_seconds=3.0)), seconds=1_000.0))
    assert {work.settings.budget.cpu_seconds for work in pool.asked} == {3.0}
    pool = AnsweringPool()
    list(attempt(pool, TASKS[:1], lambda _: SolveSettings(Budget(cpu_seconds=3.0)), seconds=0.01))
    assert [work.settings.budget.cpu_seconds for work in pool.asked] == [LEAST_SECONDS]


def test_nothing_begins_when_the_time_is_over() -> None:
    pool = AnsweringPool()
    assert list(attempt(pool, TASKS, lambda _: SolveSettings(), seconds=0.0)) == []
    assert pool.asked == []


@pytest.mark.parametrize("seconds", [None, 1_000.0])
@pytest.mark.parametrize("interrupted", [1, 4])
def test_an_interrupt_ends_the_work_whatever_bounds_it(interrupted: int, seconds: float | None) -> None:
    results = attempt(AnsweringPool(1, interrupted), TASKS, lambda _: SolveSettings(), seconds=seconds)
    names = [next(results)[0] for _ in range(interrupted)]
    with pytest.raises(Interrupted):
        next(results)
    assert names == [name for name, _ in TASKS[:interrupted]]


def test_a_failed_search_tells_how_near_it_was_and_leaves_dreams() -> None:
    # Half of the examples ask for the sum, the other half for nonsense.
    examples = [(([1, 2],), 3), (([4],), 4), (([7, 1],), 101), (([2, 2, 2],), -77)]
    asked = task_from_examples("half a sum", examples, domain="lists")
    work = TrainingAttempt(Assignment(3, asked.spec, SolveSettings(Budget(candidates=3_000))), 10)
    assert work.number == 3
    attempted = work.perform(Solver())
    assert attempted.outcome.status is Status.UNKNOWN
    assert attempted.met == 0.5
    assert 0 < len(attempted.dreams) <= 20
    assert len({dream.behaviour for dream in attempted.dreams}) > 1


def test_a_solved_task_meets_all_and_leaves_nothing() -> None:
    asked = task_from_examples("sum", [(([1, 2],), 3), (([4],), 4), (([7, 1],), 8)], domain="lists")
    work = TrainingAttempt(Assignment(0, asked.spec, SolveSettings(Budget(candidates=30_000))), 10)
    attempted = work.perform(Solver())
    assert attempted.outcome.status is Status.SOLVED
    assert (attempted.met, attempted.dreams) == (1.0, ())
