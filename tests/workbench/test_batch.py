"""The order of results, whatever the order of outcomes, and interrupts."""

import signal
from collections import deque
from pathlib import Path

import pytest

from dsl.domain import Domain, register
from dsl.errors import SpecError
from dsl.spec import Budget, Task, task_from_examples
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.pool import Assignment, Pool, Work
from wake_sleep.wake.pool.solver import INTERNAL_ERROR, Solver
from wake_sleep.wake.solve import SolveSettings
from workbench.batch import Batch, Problem, Result, collect_files, read_problems
from workbench.interrupts import Interruption
from workbench.solving import row


class BackwardPool(Pool):
    """Answers the problem that was submitted last first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.most = 0
        self.submitted: deque[Assignment] = deque()
        self.is_stopped = False

    def submit(self, work: Work) -> None:
        assert isinstance(work, Assignment)
        self.submitted.append(work)
        self.most = max(self.most, len(self.submitted))

    def collect(self) -> tuple[int, Outcome] | None:
        if self.is_stopped or not self.submitted:
            return None
        return self.submitted.pop().number, Outcome(Status.UNKNOWN, reason="not tried")

    def stop(self) -> None:
        self.is_stopped = True

    def close(self) -> None:
        pass


class SolvingPool(BackwardPool):
    """Solves the problem that was submitted last first."""

    def collect(self) -> tuple[int, Outcome] | None:
        if not self.submitted:
            return None
        assignment = self.submitted.pop()
        return assignment.number, Solver().solve(assignment.spec, assignment.settings)


def task(name: str) -> Task:
    return task_from_examples(name, [((1,), 1)], domain="integers")


PROBLEMS = [
    Problem("0", task("0")),
    Problem("1", error=SpecError("no such file", path=Path("1"))),
    *(Problem(str(i), task(str(i))) for i in range(2, 9)),
]


@pytest.mark.parametrize("capacity", [1, 2, 4, 100])
def test_results_come_in_the_order_of_the_problems(capacity: int) -> None:
    pool = BackwardPool(capacity)
    results = list(Batch(pool, SolveSettings()).run(PROBLEMS))
    assert [result.row["spec"] for result in results] == [problem.name for problem in PROBLEMS]
    assert [result.status for result in results] == [Status.UNKNOWN, Status.ERROR, *[Status.UNKNOWN] * 7]
    assert pool.most <= capacity


def test_problems_are_read_only_as_solvers_are_free() -> None:
    drawn: list[str] = []

    def problems() -> object:
        for problem in PROBLEMS:
            drawn.append(problem.name)
            yield problem

    results = Batch(BackwardPool(1), SolveSettings()).run(problems())  # type: ignore[arg-type]
    next(results)
    assert drawn == ["0"]


def test_a_file_that_cannot_be_read_is_a_result_with_a_diagnostic() -> None:
    (result,) = Batch(BackwardPool(1), SolveSettings()).run(PROBLEMS[1:2])
    assert (result.status, result.row["reason"], result.diagnostic) == (Status.ERROR, "no such file", "1: no such file")
    assert not result.is_internal_error


def test_a_defect_is_told_from_a_mistake_of_the_user() -> None:
    defect = Outcome(Status.ERROR, reason=f"{INTERNAL_ERROR}: KeyError: 1")
    assert Result(row("x", None, defect)).is_internal_error


def test_a_primitive_that_fails_on_held_out_examples_only_is_told_and_ends_no_batch() -> None:
    domain = register(Domain("fails-on-nine"))

    @domain.primitive("int -> int", name="third.next")
    def following(number: int) -> int:
        return number + 1 // (9 - number) if number == 9 else number + 1

    pairs = [((1,), 2), ((4,), 5)]
    problem = Problem("p", task_from_examples("t", pairs, held_out=[((9,), 10)], domain=domain.name))
    results = list(Batch(SolvingPool(1), SolveSettings(Budget(size=2))).run([problem, PROBLEMS[0]]))
    assert [result.status for result in results] == [Status.SOLVED, Status.SOLVED]
    assert results[0].held_out_right is False
    assert results[0].diagnostic.startswith("p: on the held-out examples, the Python meaning of third.next in domain")


def test_an_interrupt_ends_a_batch_with_the_results_that_are_there() -> None:
    pool = BackwardPool(1)
    batch = Batch(pool, SolveSettings())
    results = batch.run(PROBLEMS)
    assert next(results).row["spec"] == "0"
    signal.raise_signal(signal.SIGINT)
    assert pool.is_stopped
    assert len(list(results)) < len(PROBLEMS) - 1
    assert batch.was_interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_interrupt_is_not_held_back() -> None:
    calls: list[int] = []
    with Interruption(lambda: calls.append(1)) as interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.is_requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert calls == [1]


def test_files_of_a_folder_come_in_a_fixed_order(tmp_path: Path) -> None:
    other = ("a.txt", "reverie.toml", "a/pyproject.toml", ".hidden/e.sl", "a/.hidden.sl")
    for name in ("b.sl", "a/c.toml", "a.csv", "d.JSON", *other):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    found = [path.relative_to(tmp_path).as_posix() for path in collect_files(str(tmp_path))]
    assert found == ["a/c.toml", "a.csv", "b.sl", "d.JSON"]


def test_files_are_read_one_by_one(tmp_path: Path) -> None:
    problems = read_problems([tmp_path / "missing.sl", tmp_path / "also missing.sl"])
    first = next(problems)
    assert first.task is None
    assert first.error is not None
    assert first.name == str(tmp_path / "missing.sl")
