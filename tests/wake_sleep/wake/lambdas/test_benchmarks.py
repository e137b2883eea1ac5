"""Public list tasks of both collections are solved in a few seconds, and what is found holds for unseen examples."""

import os
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.spec import Budget
from dsl.specfile import read_tasks
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.solve import SolveSettings, solve_spec
from wake_sleep.wake.verify.examples import failing_examples

LISTS = Path(os.environ.get("REVERIE_BENCH", Path(__file__).parents[5] / "shared" / "bench")) / "lists"


@pytest.mark.parametrize(("name", "step", "least"), [("dreamcoder_train", 20, 4), ("lambdabeam", 24, 3)])
def test_most_tasks_of_a_sample_are_solved_within_a_small_budget(name: str, step: int, least: int) -> None:
    path = LISTS / f"{name}.json"
    if not path.is_file():
        pytest.skip("the public list tasks are not here")
    right = 0
    for task in read_tasks(path)[::step]:
        outcome = solve_spec(task.spec, SolveSettings(budget=Budget(candidates=60_000)))
        if outcome.status is Status.SOLVED:
            assert task.spec.domain is not None
            (program,) = outcome.programs.values()
            right += not failing_examples(program, task.held_out.examples, load_domain(task.spec.domain))
    assert right >= least
