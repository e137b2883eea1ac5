"""Answers to public problems, judged by a checker that shares nothing with what found them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from dsl.domain import load_domain
from dsl.spec import Budget, Task
from dsl.specfile import read_tasks
from tests.checker.check_answers import judge
from wake_sleep.wake.solve import SolveSettings, solve_spec
from workbench.solving import row

ROOT = Path(__file__).parents[2]
BENCH = Path(os.environ.get("REVERIE_BENCH", ROOT.parent / "shared" / "bench"))
FOLDERS = ("pbe_strings_2017", "pbe_slia_2019", "pbe_slia_euphony", "pbe_bv_2019")
LISTS = ("lambdabeam", "dreamcoder_train", "dreamcoder_test")
DOMAINS = ("strings", "integers", "bitvectors", "lists")

FILES = 12
"""Files of a folder, and tasks of a file, that are solved: evenly spread over its sorted list."""
CANDIDATES = 20_000

Item = TypeVar("Item")

pytestmark = pytest.mark.slow


def spread(items: list[Item]) -> list[Item]:
    """Some of the items, evenly spread."""
    return items[:: max(1, len(items) // FILES)][:FILES]


def solved(named: Iterator[tuple[str, Task]]) -> int:
    """Solve each task and judge its answer; returns how many were answered."""
    settings = SolveSettings(Budget(candidates=CANDIDATES))
    wrong, answered = {}, 0
    for name, task in named:
        finding = judge(row(name, task.spec, solve_spec(task.spec, settings)), Path()).finding
        if finding is not None:
            answered += 1
            if finding.wrong is not None:
                wrong[name] = finding.wrong
    assert wrong == {}
    return answered


@pytest.mark.parametrize("folder", FOLDERS)
def test_answers_to_public_files_are_right_and_within_their_grammars(folder: str) -> None:
    paths = sorted((BENCH / "sygus" / folder).glob("*.sl"))
    if not paths:
        pytest.skip("the public benchmark data is not here; REVERIE_BENCH names its folder")
    assert solved((str(path), read_tasks(path)[0]) for path in spread(paths)) > 0


@pytest.mark.parametrize("name", LISTS)
def test_answers_to_public_list_tasks_are_right(name: str) -> None:
    path = BENCH / "lists" / f"{name}.json"
    if not path.exists():
        pytest.skip("the public benchmark data is not here; REVERIE_BENCH names its folder")
    assert solved((f"{path}#{task.name}", task) for task in spread(list(read_tasks(path)))) > 0


@pytest.mark.parametrize("domain", DOMAINS)
def test_answers_to_the_tasks_of_a_domain_are_right(domain: str) -> None:
    path = ROOT / "dsl" / "domains" / f"{domain}.json"
    assert len(load_domain(domain).tasks) == len(read_tasks(path))
    assert solved((f"{path}#{task.name}", task) for task in spread(list(read_tasks(path)))) > 0


def test_answers_to_the_shipped_specifications_are_right() -> None:
    paths = sorted(path for path in (ROOT / "workbench" / "specs").iterdir() if path.suffix in (".sl", ".toml", ".csv"))
    tasks = ((str(path), read_tasks(path, column="area" if path.suffix == ".csv" else None)[0]) for path in paths)
    assert solved(tasks) > 0
