"""The commands of ``reverie store`` in this process: what each writes, and from which store."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.store import store
from store.repository import Store


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store in the working directory."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "reverie.db"
    Store.open(path).close()
    return path


def output(*arguments: str) -> str:
    done = CliRunner().invoke(store, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_info_is_a_listing_in_every_format(place: Path) -> None:
    rows = json.loads(output("info", "--format", "json"))
    assert rows[0] == {"item": "store", "value": str(place)}
    lines = output("info", "--format", "value").splitlines()
    assert [line.split("\t")[0] for line in lines] == [row["item"] for row in rows]
    assert output("info", "--format", "csv").splitlines()[0] == "item,value"
    assert output("info").split()[:2] == ["item", "value"]


def test_the_store_is_that_of_the_settings(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open("other.db").close()
    monkeypatch.setenv("REVERIE_STORE", "sqlite:///other.db")
    assert json.loads(output("info", "--format", "json"))[0]["value"].endswith("other.db")
    named = output("info", "--format", "json", "--store", f"sqlite:///{place}")
    assert json.loads(named)[0]["value"] == str(place)


def test_upgrading_what_is_new_changes_nothing(place: Path) -> None:
    rows = {row["item"]: row["value"] for row in json.loads(output("upgrade", "--format", "json"))}
    assert rows["schema version before"] == rows["schema version"]


def test_an_empty_store_exports_nothing(place: Path) -> None:
    assert output("export") == ""
    assert output("export", "--out", str(place.with_name("all.jsonl"))) == ""
    assert place.with_name("all.jsonl").read_text(encoding="utf-8") == ""
