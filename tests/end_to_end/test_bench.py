"""``reverie bench`` as a person and as a script run it."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checker.check_answers import judge

Run = Callable[..., subprocess.CompletedProcess[str]]

FIRST = '(set-logic SLIA)\n(synth-fun f ((s String)) String ((Start String (s "b" (str.at Start I))) (I Int (0 1))))\n'
SHORT = f'{FIRST}(constraint (= (f "ab") "b"))\n(check-synth)\n'
LONG = f'{FIRST}(constraint (= (f "xyz") "y"))\n(check-synth)\n'
BUDGET = ("--max-candidates", "2000")


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "a_short.sl").write_text(SHORT, encoding="utf-8")
    (folder / "b_short.sl").write_text(SHORT.replace('"b" ', ""), encoding="utf-8")
    for name in "ab":
        (folder / f"{name}_long.sl").write_text(LONG, encoding="utf-8")
    (folder / "impossible.sl").write_text(SHORT.replace('"ab") "b"', '"ab") "c"'), encoding="utf-8")
    return folder


def test_a_person_sees_what_is_solved_and_what_it_costs(run: Run, suite: Path) -> None:
    done = run("bench", suite / "*_long.sl", *BUDGET)
    assert done.returncode == 0
    assert "2 of 2 (100.0 %)" in done.stdout
    assert "CPU-seconds, solved" in done.stdout


def test_answers_are_scored_on_the_examples_of_a_sibling(run: Run, suite: Path) -> None:
    done = run("bench", suite / "*_short.sl", "--held-out", "_short=_long", "--format", "json", *BUDGET)
    found = json.loads(done.stdout)
    assert found["summary"]["solved"] == 2
    assert (found["summary"]["held_out"], found["summary"]["held_out_right"]) == (2, 1)
    assert [row["held_out"] for row in found["rows"]] == [False, True]
    findings = [judge(row, suite, ("_short", "_long")).finding for row in found["rows"]]
    assert [finding and (finding.wrong, finding.held_out) for finding in findings] == [(None, False), (None, True)]


def test_what_is_not_solved_is_a_result_and_no_failure(run: Run, suite: Path) -> None:
    done = run("bench", suite / "impossible.sl", *BUDGET)
    assert done.returncode == 0
    assert "0 of 1 (0.0 %)" in done.stdout
    assert "not solved" in done.stdout


def test_a_file_that_cannot_be_read_is_told(run: Run, suite: Path) -> None:
    (suite / "broken.sl").write_text("(set-logic", encoding="utf-8")
    done = run("bench", suite, *BUDGET)
    assert done.returncode == 2
    assert "broken.sl:1:1" in done.stderr
    assert "error" in done.stdout


def test_a_sample_of_a_domain_is_drawn_by_the_seed(run: Run) -> None:
    arguments = ("bench", "integers", "--sample", "3", "--max-candidates", "300", "--format", "json")
    names = [
        [row["spec"] for row in json.loads(run(*arguments, "--seed", seed).stdout)["rows"]] for seed in ("0", "0", "1")
    ]
    assert len(names[0]) == 3
    assert names[0] == names[1] != names[2]


def test_results_are_kept_and_compared(run: Run, suite: Path) -> None:
    first = run("bench", suite / "*_short.sl", "--max-candidates", "1", "--store", "sqlite:///kept.db")
    second = run(
        "bench", suite / "*_short.sl", *BUDGET, "--store", "sqlite:///kept.db", "--against", "1", "--format", "json"
    )
    assert (first.returncode, second.returncode) == (0, 0)
    found = json.loads(second.stdout)
    assert (found["run"], found["against"]["run"]) == (2, "1")
    assert len(found["against"]["gained"]) + found["against"]["both_solved"] == 2
    again = run("bench", suite / "*_short.sl", *BUDGET, "--store", "sqlite:///kept.db", "--against", "last")
    assert "2 problems, 2 solved by both" in again.stdout


def test_an_interrupted_run_goes_on_where_it_was(run: Run, suite: Path, tmp_path: Path) -> None:
    arguments = ("bench", suite / "*_short.sl", *BUDGET, "--store", "sqlite:///kept.db", "--format", "json")
    first = json.loads(run(*arguments).stdout)
    with sqlite3.connect(tmp_path / "kept.db") as database:
        database.execute("delete from result where position = 1")
        database.execute("delete from result_solution where result_id not in (select id from result)")
        database.execute("update run set status = 'interrupted'")
    database.close()
    done = run(*arguments)
    assert "going on with run 1: 1 results are there already" in done.stderr
    second = json.loads(done.stdout)
    assert second["rows"][0] == first["rows"][0]
    assert [row["answer"] for row in second["rows"]] == [row["answer"] for row in first["rows"]]


def test_a_run_on_other_problems_is_no_measure(run: Run, suite: Path) -> None:
    run("bench", suite / "a_long.sl", *BUDGET, "--out", "out")
    done = run("bench", suite / "b_long.sl", *BUDGET, "--against", "out/results.jsonl")
    assert done.returncode == 2
    assert "none is of these problems" in done.stderr


def test_what_measuring_found_is_never_replayed(run: Run, suite: Path) -> None:
    run("bench", suite / "a_long.sl", *BUDGET, "--store", "sqlite:///kept.db")
    solved = run("solve", suite / "a_long.sl", *BUDGET, "--store", "sqlite:///kept.db", "--format", "json")
    assert json.loads(solved.stdout)["found_by"] != "replay"


def test_files_hold_the_rows_the_summary_and_a_plot(run: Run, suite: Path, tmp_path: Path) -> None:
    run("bench", suite / "*_long.sl", *BUDGET, "--out", "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.jsonl", "summary.json", "cactus.svg", "cactus.png",
    }  # fmt: skip
    done = run("bench", suite / "*_long.sl", *BUDGET, "--against", "out/results.jsonl")
    assert "2 problems, 2 solved by both" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "nowhere: no such folder or file"),
        (("integers", "--against", "7"), "--store"),
        (("integers", "--against", "missing.jsonl"), "neither the number of a run"),
        (("integers", "--held-out", "x"), "REGEX=REPLACEMENT"),
        (("integers", "--replay"), "replays nothing"),
        (("integers", "--out", "/dev/null/out"), "cannot be written"),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_the_work(run: Run, arguments: tuple[str, ...], message: str) -> None:
    done = run("bench", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
