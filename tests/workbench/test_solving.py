"""``from workbench import solve``."""

import dataclasses
import gc
import json
from pathlib import Path

import pytest

from dsl import read_tasks
from dsl.errors import ReverieError, SpecError, TypeMismatch
from wake_sleep.wake.outcome import Outcome, Status
from workbench import solve
from workbench.settings import SettingsError
from workbench.solving import COLUMNS, NotSolved, row

SPECS = Path(__file__).parents[2] / "workbench" / "specs"
UPPER = [(("ab",), "AB"), (("c",), "C")]


def test_examples_are_enough() -> None:
    answer = solve(examples=UPPER, max_candidates=5_000)
    assert answer.status is Status.SOLVED
    assert answer.run("xyz") == "XYZ"
    assert answer.python.startswith("lambda x0: ")
    assert answer.define_funs.startswith("(define-fun f ((x0 String)) String ")
    assert str(answer) == answer.python


def test_an_input_that_is_alone_needs_no_tuple() -> None:
    assert solve(examples=[("ab", "AB"), ("c", "C")], max_candidates=5_000).run("q") == "Q"


def test_a_file_a_task_and_a_spec_are_the_same_problem() -> None:
    path = SPECS / "initials.toml"
    (task,) = read_tasks(path)
    answers = [solve(problem, max_candidates=20_000) for problem in (str(path), path, task, task.spec)]
    assert len({answer.define_funs for answer in answers}) == 1
    assert answers[0].run("Grace Hopper") == "GH"


def test_a_search_is_given_no_held_out_examples_and_few_garbage_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    # What a pool of this process has set before stays set.
    former, usual = gc.get_threshold(), (700, 10, 10)

    def look(spec: object, _: object) -> Outcome:
        given.append(spec)
        assert gc.get_threshold() != usual
        return Outcome(Status.UNKNOWN, reason="only looked")

    monkeypatch.setattr("workbench.solving.solve_spec", look)
    (task,) = read_tasks(SPECS / "initials.toml")
    gc.set_threshold(*usual)
    try:
        assert solve(task).reason == "only looked"
        assert gc.get_threshold() == usual
    finally:
        gc.set_threshold(*former)
    assert given == [task.spec]


def test_contradictory_examples_are_an_answer_and_no_error() -> None:
    answer = solve(examples=[("a", "b"), ("a", "c")])
    assert answer.status is Status.INFEASIBLE
    assert answer.outcome.witness == ('f("a") = "b"', 'f("a") = "c"')
    assert (answer.python, answer.define_funs) == ("", "")
    assert str(answer) == "infeasible: two examples contradict each other"
    with pytest.raises(NotSolved, match="there is no program to run: infeasible"):
        answer.run("a")


def test_inputs_that_do_not_fit_are_refused() -> None:
    answer = solve(examples=UPPER, max_candidates=5_000)
    with pytest.raises(TypeMismatch):
        answer.run(3)
    with pytest.raises(NotSolved, match="takes 1 inputs, not 2"):
        answer.run("a", "b")


def test_a_budget_ends_the_search_with_a_reason() -> None:
    answer = solve(examples=[("a", "zq7"), ("b", "0_w"), ("c", "k-k")], max_candidates=50)
    assert (answer.status, answer.reason) == (Status.UNKNOWN, "candidates: the budget of 50 is spent")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "give either a problem or examples"),
        ({"problem": SPECS / "initials.toml", "examples": UPPER}, "give either a problem or examples"),
        ({"examples": UPPER, "cpu_seconds": 0}, "--cpu-seconds: 0 is not possible"),
        ({"examples": UPPER, "strategy": "neurl"}, "did you mean `neural`?"),
        ({"examples": []}, "has no example"),
        ({"examples": 5}, "examples=5: this must be a list of pairs"),
        ({"examples": [(1, 2, 3)]}, "examples=(1, 2, 3) …: each example must be a pair"),
        ({"examples": {"a": "b"}}, "examples='a' …: each example must be a pair"),
        ({"examples": UPPER, "column": "name"}, "column='name': examples have no columns"),
        ({"examples": UPPER, "domain": 5}, "domain=5: this must be the name of a domain"),
        ({"problem": [SPECS / "initials.toml"]}, "this must be the path of a file, a Task or a Spec"),
        ({"problem": "missing.sl"}, "missing.sl: no such file"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ReverieError) as raised:
        solve(**arguments)  # type: ignore[arg-type]
    assert message in str(raised.value)


def test_a_file_with_several_tasks_is_no_single_problem(tmp_path: Path) -> None:
    task = {"signature": "int -> int", "domain": "integers", "examples": [{"input": 1, "output": 1}]}
    path = tmp_path / "two.json"
    path.write_text(json.dumps({"tasks": [{"name": "a", **task}, {"name": "b", **task}]}))
    with pytest.raises(ReverieError, match="holds 2 tasks"):
        solve(path)


def test_errors_of_files_are_errors_of_specifications() -> None:
    with pytest.raises(SpecError):
        solve("missing.sl")
    assert issubclass(SettingsError, ReverieError)


def test_a_row_has_all_keys_whatever_came_of_the_problem() -> None:
    empty = row("x.sl", None, Outcome(Status.ERROR, reason="unreadable"))
    assert tuple(empty) == COLUMNS
    assert (empty["status"], empty["reason"], empty["answer"]) == ("error", "unreadable", None)
    answer = solve(examples=UPPER, max_candidates=5_000)
    full = row("x", answer.spec, dataclasses.replace(answer.outcome, notes=("a note",)))
    assert tuple(full) == COLUMNS
    assert (full["verdict"], full["reason"], full["generation"]) == ("examples", "a note", "shipped-strings")
    assert full["program"] == {"f": answer.python}
    assert isinstance(full["versions"], dict)
    assert {"reverie", "python", "z3-solver"} <= set(full["versions"])
    assert json.loads(json.dumps(full)) == full
