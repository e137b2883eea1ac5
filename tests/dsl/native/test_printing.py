"""Tasks written as native files read back as the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsl.errors import SpecError
from dsl.native.positions import parse_toml
from dsl.native.printing import print_native
from dsl.native.reader import Setting, read_document
from dsl.source import Source
from dsl.spec import Task, task_from_examples
from dsl.specfile import read_tasks

FIXTURES = Path(__file__).parents[1] / "fixtures"


def read_again(task: Task) -> Task:
    (again,) = read_document(parse_toml(Source(print_native(task))), Setting("another name"))
    return again


@pytest.mark.parametrize("name", ["complete.toml", "orders.toml", "tasks.toml", "tasks.json", "lambdabeam.json"])
def test_what_native_files_say_is_said_again(name: str) -> None:
    for task in read_tasks(FIXTURES / name):
        again = read_again(task)
        assert again.spec.identity == task.spec.identity
        assert (again.name, again.split, again.spec.budget) == (task.name, task.split, task.spec.budget)
        assert again.spec.functions[0].parameters == task.spec.functions[0].parameters
        assert [e.output for e in again.held_out.examples] == [e.output for e in task.held_out.examples]


@pytest.mark.parametrize(
    ("output", "domain"),
    [
        ('a"b\\c\n\t\x00\x7f é\U0001f600', "strings"),
        (-(10**30), "integers"),
        (True, "integers"),
        ([[], [1, -2]], "lists"),
        (1e22, "integers"),
        (-0.5, "integers"),
    ],
)
def test_every_value_is_written(output: object, domain: str) -> None:
    task = task_from_examples("values", [((1,), output)], domain=domain)
    again = read_again(task)
    assert again.spec.examples[0].output == task.spec.examples[0].output
    assert again.spec.functions == task.spec.functions


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("version_2_strings.sl", "2 functions"),
        ("version_1_strings.sl", "a grammar of its own"),
        ("greater.sl", "the logic LIA"),
    ],
)
def test_what_a_native_file_cannot_say_is_refused(name: str, lacking: str) -> None:
    (task,) = read_tasks(FIXTURES / name)
    with pytest.raises(SpecError, match=f"this task has {lacking}, which a native file cannot say"):
        print_native(task)


def test_half_a_surrogate_pair_is_refused() -> None:
    task = task_from_examples("half", [(("\ud800",), "a")], domain="strings")
    with pytest.raises(SpecError, match="no file in UTF-8 can hold"):
        print_native(task)
