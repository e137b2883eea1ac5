"""Every public JSON file is read and classified as what it is."""

import json
import os
from pathlib import Path

import pytest

from dsl.spec import Classification, Task
from dsl.specfile import Corpus, read, read_tasks
from dsl.types import CHAR, INT, list_of

BENCH = Path(os.environ.get("REVERIE_BENCH", Path(__file__).parents[3] / "shared" / "bench"))
LISTS = sorted((BENCH / "lists").glob("*.json"))
CORPORA = sorted((BENCH / "compression").glob("*.json"))

pytestmark = pytest.mark.skipif(
    not LISTS, reason="the public benchmark data is not here; REVERIE_BENCH names its folder"
)


def written(path: Path) -> list[dict[str, object]]:
    """The tasks of a file as the standard library reads them."""
    tasks = json.loads(path.read_text(encoding="utf-8"))["tasks"]
    assert isinstance(tasks, list)
    return tasks


def by_name(path: Path) -> dict[str, Task]:
    return {task.name: task for task in read_tasks(path)}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_task_file_is_read_and_classified(path: Path) -> None:
    tasks = read_tasks(path)
    assert len(tasks) == len(written(path))
    for task, raw in zip(tasks, written(path), strict=True):
        assert task.name == raw["name"]
        assert len(task.spec.examples) == len(raw["examples"])  # type: ignore[arg-type]
        assert task.spec.classification is Classification.EXAMPLES
        assert task.spec.dialect == ("lambdabeam" if "lambdabeam" in path.name else "dreamcoder")
        assert "type" not in raw or repr(task.spec.functions[0].type) == raw["type"]
        assert [problem.kind for problem in task.spec.problems] == ["no-domain"] * (task.spec.domain is None)


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_the_domain_is_the_one_that_the_tasks_are_meant_for(path: Path) -> None:
    domains = {task.spec.domain for task in read_tasks(path)}
    if "physics" in path.name:
        assert domains == {None}
    else:
        assert domains == {"lists/lambdabeam" if "lambdabeam" in path.name else "lists/dreamcoder"}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_held_out_examples_are_kept_apart(path: Path) -> None:
    for task, raw in zip(read_tasks(path), written(path), strict=True):
        held_out = raw.get("held_out", {"outputs": []})
        assert isinstance(held_out, dict)
        assert len(task.held_out.examples) == len(held_out["outputs"])


def test_texts_of_characters_and_their_constants_are_lists_of_characters() -> None:
    path = BENCH / "lists" / "dreamcoder_text_train.json"
    if not path.exists():
        pytest.skip("there is no such file")
    tasks = read_tasks(path)
    assert {task.spec.functions[0].result for task in tasks} == {list_of(CHAR)}
    offered = {task.name for task in tasks if task.spec.constants}
    assert offered == {str(raw["name"]) for raw in written(path) if raw["stringConstants"]}


def test_types_of_lambdabeam_tasks_are_inferred() -> None:
    path = BENCH / "lists" / "lambdabeam.json"
    if not path.exists():
        pytest.skip("there is no such file")
    task = by_name(path)["filter:sum_positive"]
    assert task.spec.functions[0].signature == "f(x: list(int)) -> int"
    assert {type_ for task in read_tasks(path) for _, type_ in task.spec.functions[0].parameters} >= {INT, list_of(INT)}


@pytest.mark.skipif(not CORPORA, reason="there are no corpora")
@pytest.mark.parametrize("path", CORPORA, ids=lambda path: path.name)
def test_every_corpus_is_known_as_one(path: Path) -> None:
    found = read(path)
    assert isinstance(found, Corpus)
    assert list(found.programs) == json.loads(path.read_text(encoding="utf-8"))
