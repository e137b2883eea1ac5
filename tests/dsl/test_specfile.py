"""The one entry to specification files: each kind of file finds its reader."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import SpecError
from dsl.spec import Classification
from dsl.specfile import Corpus, read, read_packaged_tasks, read_tasks

FIXTURES = Path(__file__).parent / "fixtures"
TASKS = {"tasks": [{"name": "one", "type": "int -> int", "examples": [{"inputs": [1], "output": 2}]}]}


def error_of(path: Path, column: str | None = None) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read_tasks(path, column=column)
    return caught.value


@pytest.mark.parametrize(
    ("name", "dialect", "count"),
    [
        ("complete.toml", "native", 1),
        ("tasks.toml", "native", 2),
        ("tasks.json", "native", 2),
        ("dreamcoder.json", "dreamcoder", 4),
        ("lambdabeam.json", "lambdabeam", 2),
        ("greater.sl", "sygus-2.1", 1),
        ("orders.csv", "csv", 1),
    ],
)
def test_the_suffix_says_how_a_file_is_written(name: str, dialect: str, count: int) -> None:
    tasks = read_tasks(FIXTURES / name, column="total")
    assert len(tasks) == count
    assert {task.spec.dialect for task in tasks} == {dialect}
    assert all(example.location is not None for task in tasks for example in task.spec.examples)


def test_a_sygus_file_is_one_task_called_like_the_file() -> None:
    (task,) = read_tasks(FIXTURES / "greater.sl")
    assert (task.name, task.split, task.held_out.examples) == ("greater", None, ())
    assert task.spec.classification is Classification.SINGLE_INVOCATION


def test_a_table_is_one_task_to_compute_the_named_column() -> None:
    (task,) = read_tasks(FIXTURES / "orders.csv", column="item")
    assert (task.name, task.spec.domain) == ("orders", "strings")
    assert task.spec.functions[0].signature == (
        "item(Order_no: str, price: int, amount: int, total: str, paid: bool) -> str"
    )
    assert len(task.spec.examples) == 4
    assert task.spec.source == (FIXTURES / "orders.csv").read_text()


def test_a_table_needs_the_name_of_a_column() -> None:
    error = error_of(FIXTURES / "orders.csv")
    assert error.message == (
        "a table needs a column to compute; the columns are Order no., item, price, amount, total, paid"
    )
    assert error.suggestion == "name it with `--column`"
    assert "no column 'totl'" in error_of(FIXTURES / "orders.csv", "totl").message


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a\n1\n", "a table needs a second column to compute from"),
        ("a,b\n", "no row has a value in the column 'a'"),
        ("a,b\n,1\n", "no row has a value in the column 'a'"),
    ],
)
def test_a_table_without_an_example_is_an_error(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(rows)
    assert message in error_of(tmp_path / "t.csv", "a").message


def test_rows_of_a_table_can_contradict_each_other(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\nx,1\nx,2\n")
    (task,) = read_tasks(tmp_path / "t.csv", column="b")
    (problem,) = task.spec.problems
    assert [place.line for place in problem.locations] == [2, 3]


@pytest.mark.parametrize("name", ["greater.sl", "tasks.json", "corpus.json"])
def test_a_file_with_another_suffix_is_told_by_how_it_begins(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file.txt"
    path.write_text("\n " + (FIXTURES / name).read_text())
    found, expected = read(path), read(FIXTURES / name)
    if isinstance(expected, Corpus):
        assert found == Corpus(path, expected.programs)
    else:
        assert not isinstance(found, Corpus)
        assert [task.spec for task in found] == [
            replace(task.spec, source=again.spec.source) for task, again in zip(expected, found, strict=True)
        ]


@pytest.mark.parametrize(
    ("name", "content", "message", "suggestion"),
    [
        ("spec.yaml", "name: x", "'.yaml' says nothing of how the file is written; known are .sl (SyGuS-IF)", None),
        ("spec.tml", "name = 1", "'.tml' says nothing", "did you mean `.toml`?"),
        ("spec", "", "'no suffix' says nothing", None),
        ("spec.json", "[1]", "a program of a corpus is a text, not 1", None),
        ("spec.json", '[{"name": "x"}]', "a specification is a table, not an array", '{"tasks": […]}'),
        ("spec.json", '"x"', "a specification is a table of keys and values, not 'x'", None),
        ("spec.json", "", "expected a value, but the file ends", None),
        ("spec.toml", "", "nothing says what the function should do", None),
        ("spec.json", "{}", "nothing says what the function should do", None),
    ],
)
def test_a_file_that_is_no_specification_is_an_error(
    tmp_path: Path, name: str, content: str, message: str, suggestion: str | None
) -> None:
    (tmp_path / name).write_text(content)
    error = error_of(tmp_path / name)
    assert message in error.message
    assert error.path == tmp_path / name
    assert suggestion is None or suggestion in (error.suggestion or "")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    assert error_of(tmp_path / "none.toml").message == "no such file"


def test_an_array_of_programs_is_a_corpus() -> None:
    found = read(FIXTURES / "corpus.json")
    assert found == Corpus(FIXTURES / "corpus.json", ("(+ 1 1)", "(lambda (+ $0 1))"))
    error = error_of(FIXTURES / "corpus.json")
    assert error.message == "a corpus of 2 programs, not a specification"
    assert error.suggestion is not None


def test_a_suffix_may_be_written_in_capitals(tmp_path: Path) -> None:
    (tmp_path / "T.JSON").write_text(json.dumps(TASKS))
    assert len(read_tasks(tmp_path / "T.JSON")) == 1


def test_a_package_can_ship_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clockwork").mkdir()
    (tmp_path / "clockwork" / "__init__.py").touch()
    (tmp_path / "clockwork" / "tasks.json").write_text(json.dumps({**TASKS, "domain": "clockwork"}))
    monkeypatch.syspath_prepend(str(tmp_path))
    (task,) = read_packaged_tasks("clockwork", "tasks.json")
    assert (task.name, task.split, task.spec.domain) == ("one", "train", "clockwork")
    assert task.spec.problems == ()
    with pytest.raises(SpecError, match="the package clockwork has no file missing"):
        read_packaged_tasks("clockwork", "missing.json")
    sys.modules.pop("clockwork")


@pytest.mark.parametrize("name", ["bitvectors", "integers", "lists", "strings"])
def test_the_tasks_of_the_shipped_domains_are_read(name: str) -> None:
    domain = load_domain(name)
    for task in domain.tasks:
        assert task.spec.domain == name
        assert task.spec.problems == ()
