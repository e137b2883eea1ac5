"""``--store`` as a person uses it: what is remembered, what is done again, and what each failure says."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.records import RunStatus
from store.repository import Store

Run = Callable[..., subprocess.CompletedProcess[str]]

TIMES = {"cpu_seconds", "wall_seconds", "startup_seconds"}
BUDGET = ["--max-candidates", "20000", "--format", "json"]


def text_of(number: int) -> str:
    """A specification that wants `number` added."""
    return (
        "(set-logic LIA)(synth-fun f ((x Int)) Int ((I Int)) ((I Int (x 0 1 2 (+ I I)))))"
        f"(constraint (= (f 0) {number}))(constraint (= (f 7) {7 + number}))(check-synth)\n"
    )


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder of specifications; some cannot be solved, one cannot be read."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for number in range(30):
        (folder / f"add_{number:02}.sl").write_text(text_of(number % 9 - 1), encoding="utf-8")
    (folder / "broken.sl").write_text("(synth-fun", encoding="utf-8")
    return folder


def rows(text: str) -> list[dict[str, Any]]:
    """The reports of a run, times aside."""
    return [{key: value for key, value in json.loads(line).items() if key not in TIMES} for line in text.splitlines()]


def test_a_solution_is_remembered_and_replayed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "add.sl").write_text(text_of(3), encoding="utf-8")
    first = run("solve", "add.sl", "--store", *BUDGET)
    again = run("solve", "add.sl", "--store", *BUDGET)
    assert (first.returncode, again.returncode) == (0, 0)
    (before,), (after,) = rows(first.stdout), rows(again.stdout)
    assert (tmp_path / "reverie.db").is_file()
    assert (before["answer"], after["found_by"]) == (after["answer"], "replay")
    assert after["candidates"] < before["candidates"]
    fresh = run("solve", "add.sl", "--store", "--no-replay", *BUDGET)
    assert rows(fresh.stdout) == [before]


def test_nothing_is_remembered_unless_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "add.sl").write_text(text_of(3), encoding="utf-8")
    assert run("solve", "add.sl", *BUDGET).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["add.sl"]


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_batch_that_was_killed_goes_on_and_reports_what_an_unbroken_one_does(
    run: Run, reverie: Path, specs: Path, tmp_path: Path
) -> None:
    unbroken = run("batch", specs, "--store", "sqlite:///unbroken.db", *BUDGET)
    killed = subprocess.Popen(
        [reverie, "batch", specs, "--store", "sqlite:///killed.db", *BUDGET],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert killed.stdout is not None
    said = [killed.stdout.readline() for _ in range(5)]
    killed.send_signal(signal.SIGKILL)
    said += killed.stdout.readlines()
    killed.communicate()
    resumed = run("batch", specs, "--store", "sqlite:///killed.db", *BUDGET)
    assert resumed.returncode == unbroken.returncode == 2
    assert rows(resumed.stdout) == rows(unbroken.stdout)
    assert resumed.stdout.splitlines()[: len(said)] == [line.rstrip("\n") for line in said]
    with Store.open(tmp_path / "killed.db", read_only=True) as store:
        (recorded,) = store.runs()
        assert (recorded.status, recorded.results) == (RunStatus.FINISHED, 31)


def test_a_batch_that_is_begun_again_after_its_end_is_another_run(run: Run, specs: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("batch", specs, "--store", *BUDGET).returncode == 2
    with Store.open(tmp_path / "reverie.db", read_only=True) as store:
        assert [(r.status, r.results) for r in store.runs("batch")] == [(RunStatus.FINISHED, 31)] * 2


@pytest.mark.parametrize(
    ("place", "content", "message"),
    [
        ("sqlite:///notes.txt", b"no database\n" * 100, "it is no SQLite database; name another file"),
        ("sqlite:///missing/reverie.db", None, "there is no folder"),
        ("postgresql://host/db", None, "a store is a file of SQLite"),
    ],
)
def test_a_store_that_cannot_be_used_is_bad_usage(
    place: str, content: bytes | None, message: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "add.sl").write_text(text_of(3), encoding="utf-8")
    if content is not None:
        (tmp_path / "notes.txt").write_bytes(content)
    done = run("solve", "add.sl", "--store", place, *BUDGET)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
