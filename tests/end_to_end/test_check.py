"""``reverie check`` as a person and as a script run it."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

SPECS = Path(__file__).parents[2] / "workbench" / "specs"
SHIPPED = sorted(path for path in SPECS.iterdir() if path.suffix in {".sl", ".toml", ".json", ".csv"})
KEYS = ["spec", "dialect", "logic", "class", "functions", "domain", "counts", "problems"]

CONTRADICTORY = """\
(set-logic SLIA)
(synth-fun f ((s String)) String)
(constraint (= (f "a") "b"))
(constraint (= (f "a") "c"))
(check-synth)
"""

MISSPELT = """\
(set-logic LIA)
(synth-fun f ((x Int)) Int)
(declare-var x Int)
(constraint (= (f x) (+ x y1)))
(check-synth)
"""


@pytest.fixture
def contradictory(tmp_path: Path) -> Path:
    path = tmp_path / "contradictory.sl"
    path.write_text(CONTRADICTORY, encoding="utf-8")
    return path


@pytest.fixture
def misspelt(tmp_path: Path) -> Path:
    path = tmp_path / "misspelt.sl"
    path.write_text(MISSPELT, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_specification_is_read_without_a_problem(path: Path, run: Run) -> None:
    done = run("check", path, "--column", "area", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    for line in done.stdout.splitlines():
        report = json.loads(line)
        assert list(report) == KEYS
        assert report["problems"] == []
        assert report["domain"] is not None


def test_a_person_is_told_what_the_specification_asks(run: Run) -> None:
    done = run("check", SPECS / "max_of_two.sl")
    assert (done.returncode, done.stderr) == (0, "")
    for fact in ("sygus-2.1", "LIA", "greater(a: int, b: int) -> int", "3 constraints", "integers"):
        assert fact in done.stdout


def test_json_is_one_object_for_each_specification(run: Run) -> None:
    done = run("check", *SHIPPED, "--column", "area", "--format", "json")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert [report["spec"] for report in reports] == [str(path) for path in SHIPPED]
    by_name = {Path(report["spec"]).name: report for report in reports}
    assert by_name["countdown.sl"]["class"] == "invariant"
    assert by_name["swap_names.sl"]["counts"]["examples"] == 4
    assert by_name["initials.toml"]["counts"]["held_out"] == 1
    assert by_name["max_of_two.sl"]["functions"] == [{"name": "greater", "signature": "greater(a: int, b: int) -> int"}]


def test_csv_has_a_header_and_a_row_for_each_specification(run: Run) -> None:
    done = run("check", *SHIPPED, "--column", "area", "--format", "csv")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert list(rows[0]) == KEYS
    assert [row["spec"] for row in rows] == [str(path) for path in SHIPPED]
    assert json.loads(rows[0]["counts"])["examples"] == 4


def test_values_stand_between_tabs_without_a_header(run: Run) -> None:
    done = run("check", SPECS / "max_of_two.sl", "--format", "value")
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[:4] == [str(SPECS / "max_of_two.sl"), "sygus-2.1", "LIA", "single-invocation"]


def test_contradictory_examples_are_a_problem_and_no_error(contradictory: Path, run: Run) -> None:
    done = run("check", contradictory, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (problem,) = json.loads(done.stdout)["problems"]
    assert problem["kind"] == "contradictory-examples"
    assert [place["line"] for place in problem["locations"]] == [3, 4]
    assert "problem" in run("check", contradictory).stdout


def test_an_error_names_the_place_and_shows_it(misspelt: Path, run: Run) -> None:
    done = run("check", misspelt)
    assert (done.returncode, done.stdout) == (2, "")
    first, shown, caret = done.stderr.splitlines()[:3]
    assert first.startswith(f"{misspelt}:4:27: ")
    assert shown.strip() == "(constraint (= (f x) (+ x y1)))"
    assert shown[caret.index("^") :].startswith("y1")


def test_an_error_is_also_a_row_of_json(misspelt: Path, run: Run) -> None:
    done = run("check", misspelt, "--format", "json")
    report = json.loads(done.stdout)
    assert done.returncode == 2
    assert list(report) == [*KEYS, "error"]
    assert (report["error"]["line"], report["error"]["column"]) == (4, 27)
    assert "y1" in report["error"]["message"]


def test_all_files_are_checked_although_one_cannot_be_read(misspelt: Path, run: Run) -> None:
    done = run("check", SPECS / "max_of_two.sl", misspelt, "missing.sl", SPECS / "countdown.sl")
    assert done.returncode == 2
    assert "max_of_two.sl" in done.stdout
    assert "countdown.sl" in done.stdout
    assert "misspelt.sl:4:27" in done.stderr
    assert "missing.sl: no such file" in done.stderr


def test_no_file_is_bad_usage(run: Run) -> None:
    done = run("check")
    assert (done.returncode, done.stdout) == (2, "")


def test_the_output_column_of_a_table_can_be_chosen(tmp_path: Path, run: Run) -> None:
    (tmp_path / "names.csv").write_text("first,full,last\nAda,Ada Lovelace,Lovelace\nAlan,Alan Turing,Turing\n")
    done = run("check", "names.csv", "--column", "full", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (function,) = json.loads(done.stdout)["functions"]
    assert function["signature"].endswith("-> str")
    assert function["signature"].count("str") == 3


def test_a_column_that_is_not_there_is_an_error(tmp_path: Path, run: Run) -> None:
    (tmp_path / "names.csv").write_text("first,last\nAda,Lovelace\n")
    done = run("check", "names.csv", "--column", "lsat")
    assert done.returncode == 2
    assert "last" in done.stderr
