"""``reverie domains`` as a person and as a script run it."""

import csv
import json
import subprocess
from collections.abc import Callable

Run = Callable[..., subprocess.CompletedProcess[str]]

SHIPPED = {"bitvectors", "integers", "lists", "strings"}


def test_the_shipped_domains_are_listed(run: Run) -> None:
    done = run("domains", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert {row["name"] for row in rows} >= SHIPPED
    assert all(row["description"] for row in rows)
    assert all(row["primitives"] > 0 for row in rows)


def test_a_person_sees_a_table(run: Run) -> None:
    lines = run("domains").stdout.splitlines()
    assert lines[0].split()[:2] == ["name", "primitives"]
    assert {line.split()[0] for line in lines[2:]} >= SHIPPED


def test_csv_and_values_hold_the_same(run: Run) -> None:
    header, *rows = csv.reader(run("domains", "--format", "csv").stdout.splitlines())
    values = [line.split("\t") for line in run("domains", "--format", "value").stdout.splitlines()]
    assert header[0] == "name"
    assert values == rows


def test_a_domain_is_described_by_its_primitives(run: Run) -> None:
    done = run("domains", "integers", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    (addition,) = [row for row in json.loads(done.stdout) if row["name"] == "+"]
    assert addition["type"] == "int -> int -> int"
    assert "python" in addition["meanings"]
    assert "int -> int -> int" in run("domains", "integers").stdout


def test_an_unknown_domain_names_the_nearest(run: Run) -> None:
    done = run("domains", "stings")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean `strings`?" in done.stderr
