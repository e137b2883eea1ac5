"""Suites: what they are made of, samples of them, and held-out examples from siblings."""

from pathlib import Path

import pytest

from dsl.errors import ReverieError
from workbench.evaluation.suites import collect_suite, read_rewriting

SHORT = '(set-logic SLIA) (synth-fun f ((s String)) String) (constraint (= (f "ab") "b")) (check-synth)'
LONG = SHORT.replace("(check-synth)", '(constraint (= (f "xyz") "yz")) (check-synth)')
TASKS = """{"signature": "int -> int", "tasks": [
    {"name": "one", "examples": [[[1], 2]], "held_out": [[[5], 6]]},
    {"name": "two", "examples": [[[1], 3]]}
]}"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}_short.sl").write_text(SHORT, encoding="utf-8")
    (tmp_path / "a_long.sl").write_text(LONG, encoding="utf-8")
    (tmp_path / "b_long.sl").write_text(LONG.replace("(f ", "(g ").replace(" f ", " g "), encoding="utf-8")
    (tmp_path / "tasks.json").write_text(TASKS, encoding="utf-8")
    return tmp_path


def test_a_folder_is_its_files_and_the_tasks_in_them(folder: Path) -> None:
    names = collect_suite(str(folder)).names
    assert [name.removeprefix(f"{folder}/") for name in names] == [
        "a_long.sl", "a_short.sl", "b_long.sl", "b_short.sl", "c_short.sl", "tasks.json#one", "tasks.json#two",
    ]  # fmt: skip


def test_problems_come_in_the_order_of_the_names(folder: Path) -> None:
    suite = collect_suite(str(folder))
    assert tuple(problem.name for problem in suite.problems()) == suite.names
    drawn = suite.sample(3, seed=4)
    assert tuple(problem.name for problem in drawn.problems()) == drawn.names


def test_a_domain_is_the_tasks_that_it_ships() -> None:
    suite = collect_suite("integers")
    assert suite.names[0] == "integers#next number"
    problem = next(suite.problems())
    assert problem.task is not None
    assert problem.task.held_out.examples


def test_a_sample_depends_on_the_seed_and_the_number_only(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    suite = collect_suite("strings")
    drawn = suite.sample(10, seed=1).names
    assert len(drawn) == 10
    assert sorted(drawn, key=suite.names.index) == list(drawn)
    assert suite.sample(10, seed=1).names == drawn
    assert suite.sample(10, seed=2).names != drawn
    assert suite.sample(None, seed=1) is suite
    assert suite.sample(1_000, seed=1) is suite


def test_examples_of_a_sibling_are_held_out(folder: Path) -> None:
    suite = collect_suite(str(folder / "[ac]_short.sl"), [read_rewriting("_short=_long")])
    first, last = suite.problems()
    assert first.task is not None
    assert [example.inputs for example in first.task.held_out.examples] == [("ab",), ("xyz",)]
    assert [example.inputs for example in first.task.spec.examples] == [("ab",)]
    assert last.task is not None
    assert last.task.held_out.examples == ()


def test_a_sibling_that_asks_for_something_else_is_an_error_of_the_problem(folder: Path) -> None:
    (problem,) = collect_suite(str(folder / "b_short.sl"), [read_rewriting("_short=_long")]).problems()
    assert problem.task is None
    assert "it asks for other functions" in str(problem.error)


def test_the_last_equals_sign_parts_pattern_and_replacement() -> None:
    rewriting = read_rewriting(r"a=(.)\.sl$=\1-long.sl")
    assert rewriting.pattern.pattern == r"a=(.)\.sl$"
    assert rewriting.replacement == r"\1-long.sl"


@pytest.mark.parametrize("text", ["_short", "=x", "(=x", r"a=\1"])
def test_what_is_no_rewriting_is_refused(text: str) -> None:
    with pytest.raises(ReverieError, match=r"REGEX=REPLACEMENT|no regular expression"):
        read_rewriting(text)


def test_a_place_that_is_not_there_is_refused() -> None:
    with pytest.raises(ReverieError, match="nowhere"):
        collect_suite("nowhere")
