"""``from workbench import train``."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dsl.errors import ReverieError
from store.records import RunStatus
from store.repository import Store
from wake_sleep.cycle import Watch
from workbench import train
from workbench.campaign import Campaign

NAMES = ["Ada Lovelace", "Grace Hopper", "Alan Turing"]
STEPS: dict[str, Any] = {"cycles": 1, "wake_candidates": 300, "dreams": 10, "train_steps": 0}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Two tasks in one file."""
    wanted: dict[str, Callable[[str], str]] = {"brackets": lambda s: f"({s})", "initial": lambda s: f"({s[0]})"}
    tasks = [
        {"name": name, "type": "str -> str", "examples": [{"inputs": [s], "output": make(s)} for s in NAMES]}
        for name, make in wanted.items()
    ]
    path = tmp_path / "course.json"
    path.write_text(json.dumps({"domain": "strings", "tasks": tasks}), encoding="utf-8")
    return path


def test_a_run_is_worked_to_its_end_and_told(course: Path, tmp_path: Path) -> None:
    told: list[object] = []
    done = train(course, store=tmp_path / "runs.db", on_cycle=lambda row: told.append(row["cycle"]), **STEPS)
    assert done.is_finished
    assert [row["cycle"] for row in done.cycles] == told == [1]
    assert done.cycles[0]["solved"] == 2
    assert done.generations == ("strings-1",)
    with Store.open(done.store, read_only=True) as store:
        (run,) = store.runs("train")
        assert (run.id, run.status) == (done.run, RunStatus.FINISHED)


class Interrupting(Watch):
    """Presses Ctrl-C as soon as a task is done."""

    def advance(self, done: int, solved: int, candidates: int) -> None:
        """See `Watch.advance`."""
        if done == 1:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_ends_a_run_that_can_be_gone_on_with(course: Path, tmp_path: Path) -> None:
    done = train([str(course)], store=f"sqlite:///{tmp_path}/runs.db", watch=Interrupting(), **STEPS)
    assert not done.is_finished
    assert done.cycles == ()
    with Store.open(done.store) as store:
        assert store.runs("train")[0].status is RunStatus.INTERRUPTED
        with Campaign.resume(store, done.run) as campaign:
            assert [row["cycle"] for row in campaign.work()] == [1]
            assert campaign.is_finished


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"places": "missing"}, "missing: no such folder or file"),
        ({"places": [5]}, r"places=\[5\]: these must be names"),
        ({"places": (), "tests": ()}, "there is no task to learn from"),
        ({"cycles": 0}, "--cycles: 0 is not possible"),
        ({"generation": "nothing-1"}, "there is no generation 'nothing-1'"),
        ({"store": "runs.db"}, "it must be the URL of a database"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(
    course: Path, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ReverieError, match=message):
        train(**{"places": course, "store": tmp_path / "runs.db", **arguments})
