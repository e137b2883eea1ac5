"""``--store`` as a person uses it: what is remembered, what is done again, and what each failure says."""

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.records import RunStatus
from store.repository import Store
from store.schema import SCHEMA_VERSION

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
        ("mysql://host/db", None, "a store is a file of SQLite"),
        ("postgresql://me:secret@/db?host=/nowhere", None, "the server cannot be reached; check the URL"),
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
    assert "secret" not in done.stderr


OLD = Path(__file__).parents[1] / "store" / "fixtures" / "schema_0001.sql"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as an earlier version left it."""
    path = tmp_path / "reverie.db"
    connection = sqlite3.connect(path)
    connection.executescript(OLD.read_text(encoding="utf-8"))
    connection.close()
    return path


def test_an_old_store_is_upgraded_when_asked(old: Path, run: Run) -> None:
    refused = run("store", "info")
    assert (refused.returncode, refused.stdout) == (2, "")
    command = refused.stderr.strip().rpartition("upgrade it with: reverie ")[2].split()
    assert command[:2] == ["store", "upgrade"]
    upgraded = run(*command, "--format", "json")
    assert (upgraded.returncode, upgraded.stderr) == (0, "")
    versions = {row["item"]: row["value"] for row in json.loads(upgraded.stdout)}
    assert (versions["schema version before"], versions["schema version"]) == ("0001", SCHEMA_VERSION)
    assert run("store", "upgrade").returncode == 0
    info = run("store", "info", "--format", "json")
    items = {row["item"]: row["value"] for row in json.loads(info.stdout)}
    assert (items["store"], items["runs"], items["results"], items["artifacts missing"]) == (str(old), 1, 2, 0)


def test_everything_is_exported_as_lines(old: Path, run: Run, tmp_path: Path) -> None:
    assert run("store", "upgrade").returncode == 0
    shown = run("store", "export", "--format", "json")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert [line["record"] for line in lines] == ["grammar", "specification", "solution", "run", "result", "result"]
    written = run("store", "export", "--out", "all.jsonl")
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "6 lines written to all.jsonl\n")
    assert (tmp_path / "all.jsonl").read_text(encoding="utf-8") == shown.stdout
    refused = run("store", "export", "--out", "missing/all.jsonl")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "cannot write missing/all.jsonl: No such file or directory\n"


@pytest.mark.parametrize("command", ["info", "upgrade", "export"])
def test_a_store_that_is_not_there_is_not_made(command: str, run: Run, tmp_path: Path) -> None:
    done = run("store", command, "--store", "sqlite:///none.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no store" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_store_without_its_files_says_how_many_are_missing(run: Run, tmp_path: Path) -> None:
    with Store.open(tmp_path / "reverie.db") as store:
        kept, lost = store.save_checkpoint("guide", b"kept"), store.save_checkpoint("guide", b"lost!")
        store.artifacts.path("guide", lost.digest).unlink()
    rows = {row["item"]: row["value"] for row in json.loads(run("store", "info", "--format", "json").stdout)}
    assert (rows["checkpoints"], rows["artifacts missing"], rows["artifact bytes"]) == (2, 1, 9)
    elsewhere = run("store", "info", "--artifacts", "elsewhere", "--format", "value")
    assert "artifacts missing\t2" in elsewhere.stdout
    assert kept.size == 4
