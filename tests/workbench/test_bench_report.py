"""The report of a run: what it holds, and where it is written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dsl.errors import ReverieError
from wake_sleep.wake.outcome import Status
from workbench.evaluation.report import Former, Report, ResultFolder, peak_memory
from workbench.evaluation.suites import Suite
from workbench.evaluation.summary import Score
from workbench.settings import resolve
from workbench.solving import Row

SUITE = Suite("some", (("a", None), ("b", None), ("c", None)))


def row(name: str, *, solved: bool, held_out: bool | None = None) -> Row:
    return {
        "spec": name, "status": "solved" if solved else "unknown", "size": 3 if solved else None, "candidates": 10,
        "cpu_seconds": 0.5, "startup_seconds": 0.0, "held_out": held_out,
    }  # fmt: skip


def report(former: Former | None = None) -> Report:
    rows = (row("a", solved=True, held_out=True), row("b", solved=False, held_out=False))
    return Report(SUITE, resolve({"max-candidates": 10, "seed": 7}, {}), rows, None, 1.5, former)


def test_a_report_of_an_unfinished_run_says_how_many_problems_there_are() -> None:
    data = report().data()
    assert (data["problems"], data["seed"], data["budget"]) == (3, 7, {"candidates": 10})
    summary = data["summary"]
    assert isinstance(summary, dict)
    assert (summary["tasks"], summary["solved"], summary["held_out_right"]) == (2, 1, 1)
    assert summary["candidates_per_cpu_second"] == 20
    assert data["against"] is None


def test_a_report_against_a_run_names_it() -> None:
    former = Former("7", [Score("a", Status.UNKNOWN, None, 10, 1.0), Score("b", Status.SOLVED, 2, 10, 1.0)])
    against = report(former).data()["against"]
    assert isinstance(against, dict)
    assert (against["run"], against["gained"], against["lost"]) == ("7", ["a"], ["b"])


def test_rows_are_written_as_they_come_and_files_of_an_earlier_run_replaced(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "deep" / "out")
    folder.add(row("old", solved=True))
    folder = ResultFolder(tmp_path / "deep" / "out")
    for each in report().rows:
        folder.add(each)
    lines = (tmp_path / "deep" / "out" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["spec"] for line in lines] == ["a", "b"]


def test_the_summary_and_the_plot_are_written_at_the_end(tmp_path: Path) -> None:
    finished = report(Former("7", [Score("a", Status.SOLVED, 2, 10, 1.0)]))
    ResultFolder(tmp_path).finish(finished)
    assert json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["summary"]["solved"] == 1
    assert "run 7: 1 of 1" in (tmp_path / "cactus.svg").read_text(encoding="utf-8")


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReverieError, match="file: results cannot be written there"):
        ResultFolder(tmp_path / "file")


def test_memory_is_counted_in_mebibytes() -> None:
    assert 5 < peak_memory() < 100_000


def test_nothing_is_loaded_for_plots_and_stores_before_they_are_wanted() -> None:
    code = "import sys, cli.bench; print(sorted({'matplotlib', 'sqlalchemy', 'ray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
