"""``reverie verify``: what was answered is checked again, here and by other processes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

SPECS = Path(__file__).parents[2] / "workbench" / "specs"


@pytest.mark.slow
def test_what_a_batch_answered_is_confirmed_by_one_verifier_and_by_two(run: Run, tmp_path: Path) -> None:
    solved = run("batch", str(SPECS), "--column", "area", "--format", "json")
    results = tmp_path / "results.jsonl"
    results.write_text(solved.stdout, encoding="utf-8")
    alone = run("verify", str(results), "--column", "area", "--format", "json")
    together = run("verify", str(results), "--column", "area", "--format", "json", "--jobs", "2")
    assert alone.returncode == together.returncode == 0, alone.stderr + together.stderr
    assert alone.stdout == together.stdout
    rows = [json.loads(line) for line in alone.stdout.splitlines()]
    assert rows
    assert [row["found"] for row in rows] == [row["claimed"] for row in rows]
    assert "proved" in {row["found"] for row in rows}


def test_a_wrong_answer_and_an_unreadable_one_decide_on_the_exit_code(run: Run, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    wrong = "(define-fun greater ((a Int) (b Int)) Int a)"
    rows = [{"spec": str(SPECS / "max_of_two.sl"), "answer": wrong}]
    results.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert run("verify", str(results)).returncode == 1
    rows.append({"spec": str(tmp_path / "missing.sl"), "answer": wrong})
    results.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ended = run("verify", str(results))
    assert ended.returncode == 2
    assert "1 unreadable" in ended.stderr
    results.write_text("", encoding="utf-8")
    assert run("verify", str(results)).returncode == 0
    assert run("verify", str(tmp_path / "none.jsonl")).returncode == 2
