"""``reverie dreams`` in this process: dreams of a domain and of a file, as a person and as a program see them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


def output(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["dreams", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dreams") / "integers.dreams"
    output("integers", "--count", "60", "--seed", "1", "--out", str(path))
    return path


def test_dreams_are_listed_in_every_format(shard: Path) -> None:
    rows = json.loads(output(str(shard), "--show", "5", "--format", "json"))
    assert len(rows) == 5
    assert list(rows[0]) == ["program", "type", "size", "nats", "examples", "term"]
    assert [row["size"] for row in rows] == sorted(row["size"] for row in rows)
    values = output(str(shard), "--show", "5", "--format", "value").splitlines()
    assert [line.split("\t")[0] for line in values] == [row["program"] for row in rows]
    assert output(str(shard), "--show", "1", "--format", "csv").splitlines()[0] == "program,type,size,nats,examples"
    assert rows[0]["program"] in output(str(shard), "--show", "5")


def test_counts_are_by_type_and_size(shard: Path) -> None:
    rows = json.loads(output(str(shard), "--counts", "--format", "json"))
    assert sum(row["dreams"] for row in rows) == 60
    assert len({row["type"] for row in rows}) > 1


def test_equal_seeds_dream_alike(shard: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.dreams"
    output("integers", "--count", "60", "--seed", "1", "--out", str(again))
    assert again.read_bytes() == shard.read_bytes()


def test_a_file_that_is_no_shard_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("nothing of the kind")
    done = CliRunner().invoke(app, ["dreams", str(path)])
    assert done.exit_code != 0
    assert "no shard" in str(done.exception)
