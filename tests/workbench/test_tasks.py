import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import ReverieError
from workbench.tasks import absolute, read_task_set


def write(path: Path, **tasks: Sequence[tuple[Sequence[object], object]]) -> None:
    """A file of list tasks."""
    listed = [
        {"name": name, "type": "list(int) -> int", "examples": [{"inputs": i, "output": o} for i, o in examples]}
        for name, examples in tasks.items()
    ]
    path.write_text(json.dumps({"domain": "lists", "tasks": listed}), encoding="utf-8")


FIRST = [([[3, 4]], 3), ([[5]], 5)]
LAST = [([[3, 4]], 4), ([[5, 6]], 6)]
SUM = [([[3, 4]], 7), ([[5]], 5)]


def test_the_tasks_of_a_domain_have_its_name() -> None:
    found = read_task_set(["lists"], [])
    assert list(found.training) == [f"lists/{task.name}" for task in load_domain("lists").tasks]
    assert found.tests == {}


def test_tasks_of_files_are_named_by_file_and_task(tmp_path: Path) -> None:
    write(tmp_path / "a.json", first=FIRST, last=LAST)
    write(tmp_path / "b.json", sum=SUM)
    found = read_task_set([str(tmp_path / "a.json")], [str(tmp_path / "b.json")])
    assert list(found.training) == ["a.json#first", "a.json#last"]
    assert list(found.tests) == ["b.json"]


def test_what_is_tested_is_not_learned_from(tmp_path: Path) -> None:
    write(tmp_path / "a.json", first=FIRST, last=LAST)
    write(tmp_path / "b.json", same_as_last=LAST)
    found = read_task_set([str(tmp_path / "a.json")], [str(tmp_path / "b.json")])
    assert list(found.training) == ["a.json#first"]
    assert list(found.tests) == ["b.json"]
    assert "1 tasks are not learned from" in found.notes[0]


def test_equal_tasks_are_one(tmp_path: Path) -> None:
    write(tmp_path / "a.json", first=FIRST, again=FIRST)
    assert list(read_task_set([str(tmp_path / "a.json")], []).training) == ["a.json#first"]


def test_a_place_with_nothing_to_learn_from_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "a.json", first=FIRST)
    with pytest.raises(ReverieError, match="no task to learn from"):
        read_task_set([str(tmp_path / "a.json")], [str(tmp_path / "a.json")])
    with pytest.raises(ReverieError, match="no such folder or file"):
        read_task_set([str(tmp_path / "none")], [])
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(ReverieError, match=r"bad\.json"):
        read_task_set([str(tmp_path)], [])


def test_places_are_found_from_every_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.json", first=FIRST)
    monkeypatch.chdir(tmp_path)
    assert absolute("lists") == "lists"
    assert absolute("a.json") == str(tmp_path / "a.json")
