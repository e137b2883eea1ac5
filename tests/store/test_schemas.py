"""A store of every schema version there was opens with the code of today, and has kept what was in it.

A fixture is the dump of a store as the code of its time wrote it; it is never written anew.
"""

import contextlib
import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.printing import to_sexpr
from store.records import RunStatus
from store.repository import Store
from store.schema import SCHEMA_VERSION

DUMPS = sorted((Path(__file__).parent / "fixtures").glob("schema_*.sql"))


@contextlib.contextmanager
def opened(dump: Path, folder: Path) -> Iterator[Store]:
    """A store of an old schema version, opened today."""
    path = folder / "old.db"
    connection = sqlite3.connect(path)
    connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    with Store.open(path) as store:
        yield store


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each version."""
    with opened(request.param, tmp_path) as store:
        yield store


def test_every_schema_version_has_a_dump() -> None:
    assert DUMPS[-1].stem == f"schema_{SCHEMA_VERSION}"


def test_the_run_and_its_results_are_there(old: Store) -> None:
    run = old.runs("batch")[0]
    assert (run.kind, run.status, run.settings, run.tasks) == ("batch", RunStatus.FINISHED, {"seed": 0}, 2)
    solved, broken = old.results(run.id)
    assert (solved.name, solved.status, solved.cost, solved.candidates) == ("double.sl", "solved", 1.5, 3)
    assert solved.row_data() == {"spec": "double.sl", "status": "solved"}
    assert (broken.status, broken.spec) == ("error", None)


def test_the_specification_and_its_programs_are_there(old: Store) -> None:
    run = old.runs("batch")[0]
    identity = old.results(run.id)[0].spec
    assert identity is not None
    spec = old.spec(identity)
    assert spec is not None
    assert spec.functions[0].signature == "f(x: int) -> int"
    assert [(e.inputs, e.output) for e in old.examples(identity)] == [((1,), 2), ((4,), 8)]
    solution = old.solutions(identity)[0]
    assert to_sexpr(solution.programs[0].term()) == "(lambda (double $0))"


# From version 2 on.


@pytest.fixture(params=DUMPS[1:], ids=lambda path: path.stem)
def learned(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each version that knows trainings."""
    with opened(request.param, tmp_path) as store:
        yield store


def test_what_was_found_before_there_were_alternatives_is_learned_from(old: Store) -> None:
    run = old.runs("batch")[0]
    (found,) = old.training_solutions(run.id)
    assert (found.task, found.position, found.cycle, found.solution.cost) == ("double.sl", 0, 0, 1.5)


def test_the_training_is_there(learned: Store) -> None:
    (run,) = learned.runs("train")
    (cycle,) = learned.cycles(run.id)
    assert (cycle.number, cycle.phase, cycle.data, cycle.is_finished) == (
        1,
        "finished",
        {"budget": 10, "solved": 1},
        True,
    )
    solved, loss = learned.metrics(run.id)
    assert (solved.name, solved.value, loss.name, math.isnan(loss.value)) == ("solved", 1.0, "loss", True)
    (event,) = learned.events(run.id)
    assert (event.kind, event.data) == ("library", {"names": ["twice"]})
    (task,) = learned.tasks("integers", split="train")
    assert (task.name, task.source, task.position) == ("double", "suite", 0)
    found = [
        (s.cycle, s.solution.cost, s.solution.programs[0].written.text) for s in learned.training_solutions(run.id)
    ]
    assert found == [(1, 1.5, "(lambda (double $0))"), (1, 2.5, "(lambda (+ $0 $0))")]


def test_the_generations_are_there(learned: Store) -> None:
    first, second = learned.generations("integers")
    assert [(a.name, a.key[:4], a.type) for a in (m.abstraction for m in first.library.members)] == [
        ("twice", "#a26", "int -> int")
    ]
    assert [to_sexpr(a.definition) for a in first.abstractions if a.definition is not None] == ["(lambda (+ $0 $0))"]
    assert list(first.weights.contextual[("", 0)].values()) == [0.75]
    assert [m.uses for m in first.library.members] == [2]
    assert (second.parent, second.library.members[0].abstraction.parents) == (first.name, ("twice",))
    assert learned.abstractions("integers")[0].retired == second.name
    (form,) = learned.forms(first.name)
    assert (to_sexpr(form.term()), form.cost) == ("(lambda (twice $0))", 0.5)
    (checkpoint,) = learned.checkpoints("guide")
    assert (first.checkpoint, checkpoint.size) == (checkpoint.digest, 7)


# From version 3 on.


@pytest.fixture(params=DUMPS[2:], ids=lambda path: path.stem)
def with_network(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each version that knows networks."""
    with opened(request.param, tmp_path) as store:
        yield store


def test_the_network_is_there(with_network: Store) -> None:
    first, second = with_network.generations("integers")
    (network,) = with_network.checkpoints("network")
    assert (first.network, second.network) == (None, network.digest)
