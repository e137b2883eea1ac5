"""``reverie library compress`` in this process."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.library import library
from workbench.compression import CORPUS_COLUMNS

PROGRAMS = [f"(lambda (map (lambda (+ (* $0 $0) {n})) (filter {n} $0)))" for n in "abcd"]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A file with programs that share a function."""
    path = tmp_path / "squares.json"
    path.write_text(json.dumps(PROGRAMS), encoding="utf-8")
    return path


def output(*arguments: str) -> str:
    done = CliRunner().invoke(library, ["compress", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_json_has_the_ratio_and_the_functions(corpus: Path) -> None:
    (row,) = json.loads(output(str(corpus), "--format", "json"))
    assert (row["corpus"], row["metric"], row["programs"], row["abstractions"]) == ("squares", "stitch", 4, 1)
    assert row["ratio"] == round(row["original"] / (row["rewritten"] + row["library"]), 4)
    (function,) = row["functions"]
    assert (function["name"], function["uses"]) == ("fn_0", 4)
    assert function["arity"] == 2
    assert function["body"] == "(map (lambda (+ (* $0 $0) #0)) (filter #0 #1))"


def test_a_table_shows_the_corpus_and_its_functions(corpus: Path) -> None:
    text = output(str(corpus), "--metric", "babble")
    assert text.split()[: len(CORPUS_COLUMNS)] == list(CORPUS_COLUMNS)
    assert "babble" in text
    assert "fn_0" in text


def test_everything_can_be_written_to_a_file(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    output(str(corpus), "--out", str(out), "--format", "csv")
    (row,) = json.loads(out.read_text(encoding="utf-8"))
    assert row["rewritten_programs"] == [f"(fn_0 {n})" for n in "abcd"]


def test_several_corpora_are_one_row_each(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    line = json.dumps({"frontiers": [{"task": program, "programs": [program]} for program in PROGRAMS]})
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    done = CliRunner().invoke(library, ["compress", str(path)])
    assert [line.split()[0] for line in done.stdout.splitlines()[2:]] == ["many:1", "many:2"]
    assert "2 corpora, geometric mean of the ratios" in done.stderr


def test_the_joint_objective_needs_types(corpus: Path) -> None:
    done = CliRunner().invoke(library, ["compress", str(corpus), "--objective", "joint"])
    assert done.exit_code == 1
    assert "these programs have no types; use --objective size" in str(done.exception)


def test_what_is_no_corpus_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    path.write_text("{}", encoding="utf-8")
    assert "none.json" in str(CliRunner().invoke(library, ["compress", str(path)]).exception)
