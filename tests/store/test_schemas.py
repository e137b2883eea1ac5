"""A store of every schema version there was opens with the code of today, and has kept what was in it.

A fixture is the dump of a store as the code of its time wrote it; it is never written anew.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.printing import to_sexpr
from store.engine import SCHEMA_VERSION
from store.records import RunStatus
from store.repository import Store

DUMPS = sorted((Path(__file__).parent / "fixtures").glob("schema_*.sql"))


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of an old schema version, opened today."""
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(request.param.read_text(encoding="utf-8"))
    connection.close()
    with Store.open(path) as store:
        yield store


def test_every_schema_version_has_a_dump() -> None:
    assert DUMPS[-1].stem == f"schema_{SCHEMA_VERSION}"


def test_the_run_and_its_results_are_there(old: Store) -> None:
    (run,) = old.runs()
    assert (run.kind, run.status, run.settings, run.tasks) == ("batch", RunStatus.FINISHED, {"seed": 0}, 2)
    solved, broken = old.results(run.id)
    assert (solved.name, solved.status, solved.cost, solved.candidates) == ("double.sl", "solved", 1.5, 3)
    assert solved.row_data() == {"spec": "double.sl", "status": "solved"}
    assert (broken.status, broken.spec) == ("error", None)


def test_the_specification_and_its_programs_are_there(old: Store) -> None:
    (run,) = old.runs()
    identity = old.results(run.id)[0].spec
    assert identity is not None
    spec = old.spec(identity)
    assert spec is not None
    assert spec.functions[0].signature == "f(x: int) -> int"
    assert [(e.inputs, e.output) for e in old.examples(identity)] == [((1,), 2), ((4,), 8)]
    (solution,) = old.solutions(identity)
    assert to_sexpr(solution.programs[0].term()) == "(lambda (double $0))"
