"""kill −9 at every statement, no room, several processes that publish: what is left is old or new, never a mix."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from store.repository import Store
from store.schema import SCHEMA_VERSION, VERSION_TABLE

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are forked and killed as on POSIX")

# Each child dies before its n-th statement or commit, n = 1, 2, …, until one comes to its end. What it leaves must be
# the old state, and what the last one leaves the new one.
DYING = """
import os, signal, sys
import alembic.command, alembic.config  # loaded once, not in each child
from sqlalchemy import Engine, event
from store.repository import Store

def die_at(point):
    count = 0
    def step(*_):
        nonlocal count
        count += 1
        if count == point:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)

def attempts(work, stride=1):
    "Yields what each child leaves behind: whether it came to its end."
    for point in range(1, 10_000, stride):
        child = os.fork()
        if child == 0:
            die_at(point)
            work()
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, -signal.SIGKILL), status
        yield status == 0
        if status == 0:
            return

location = sys.argv[1]
"""

PUBLISHING = """
import dataclasses
from dsl.domain import load_domain
from dsl.probability import Weights
from dsl.spec import task_from_examples
from dsl.terms import ABSTRACTION, Application, Lambda, Operator, Variable
from dsl.types import INT, arrow
from store.library_records import NewAbstraction, NewForm, NewGeneration
from store.records import NewRun, NewSolution

integers = load_domain("integers")

def adding(number, name=None):
    "The abstraction that adds a number."
    name = name or f"add{number}"
    return Operator(name, arrow(INT, INT), ABSTRACTION, integers.parse(f"(lambda (+ $0 {number}))"))

def generation(run, cycle, first, solution, names=()):
    members = [NewAbstraction(adding(first + i, name), i) for i, name in enumerate(names or (None,) * 3)]
    members[1] = dataclasses.replace(members[1], parents=(members[0].operator.key,))
    form = NewForm(solution, "f", Lambda(Application(members[0].operator, (Variable(0),))), 1.5)
    return NewGeneration("integers", run, cycle, None, members, Weights({}, {"a": first}), forms=[form])

def begin(store, name):
    run = store.begin_run(NewRun("train", {}, name, "tasks", 1, "0")).id
    spec = task_from_examples("add", [((0,), 1)], type_=arrow(INT, INT), domain="integers").spec
    solution = NewSolution({"f": integers.parse("(lambda (+ $0 1))")}, "examples", 3)
    return run, store.save_solution(spec, solution).id
"""

KILLED_PUBLICATION = (
    DYING
    + PUBLISHING
    + """
def everything():
    with Store.open(location, read_only=True) as store:
        return list(store.export())

def publish():
    with Store.open(location) as store:
        store.publish(new)

with Store.open(location) as store:
    run, solution = begin(store, "killed")
    store.publish(generation(run, 1, 10, solution))
new = generation(run, 2, 11, solution)
old = everything()
deaths = 0
for ended in attempts(publish):
    if ended:
        break
    deaths += 1
    assert everything() == old
with Store.open(location) as store:
    first, second = store.generations()
    assert [o.name for o in second.abstractions] == ["add11", "add12", "add13"]
    assert store.abstractions("integers")[1].name == "add11" and len(store.abstractions("integers")) == 4
    assert len(store.forms(second.name)) == 1 and second.weights.unigram == {"a": 11}
    assert store.publish(new) == second
print(deaths)
"""
)

KILLED_CHECKPOINT = (
    DYING
    + """
from pathlib import Path
artifacts = Path(sys.argv[2])

def save():
    with Store.open(location, artifacts=artifacts) as store:
        store.save_checkpoint("guide", b"weights")

Store.open(location).close()
deaths = 0
for ended in attempts(save):
    if ended:
        break
    deaths += 1
    with Store.open(location, read_only=True) as store:
        assert store.checkpoints() == ()
with Store.open(location, read_only=True, artifacts=artifacts) as store:
    (saved,) = store.checkpoints()
    assert store.read_checkpoint(saved.digest) == b"weights"
    assert [path.name for path in (artifacts / "guide").iterdir()] == [saved.digest]
print(deaths)
"""
)

KILLED_CREATION = (
    DYING
    + """
def state():
    from sqlalchemy import inspect
    from store.engine import _make_engine
    from store.place import Place
    engine = _make_engine(Place.of(location), read_only=False)
    try:
        return sorted(inspect(engine).get_table_names())
    finally:
        engine.dispose()

deaths = 0
for ended in attempts(lambda: Store.open(location).close(), stride=5):
    if not ended:
        deaths += 1
        assert state() == [], state()
with Store.open(location, read_only=True) as store:
    assert store.runs() == ()
print(deaths)
"""
)

KILLED_UPGRADE = (
    DYING
    + """
import sqlite3

def state():
    connection = sqlite3.connect(location)
    try:
        return "\\n".join(connection.iterdump())
    finally:
        connection.close()

old = state()
deaths = 0
for ended in attempts(lambda: Store.open(location).close(), stride=5):
    if not ended:
        deaths += 1
        assert state() == old
print(deaths)
"""
)


def run_child(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def deaths(code: str, *arguments: object) -> int:
    """How often a child was killed before one came to its end; all that they left was as it should be."""
    done = run_child(code, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return int(done.stdout)


def test_a_publication_that_is_killed_anywhere_leaves_the_old_state(location: str) -> None:
    assert deaths(KILLED_PUBLICATION, location) > 20


def test_a_file_is_known_only_when_it_is_complete(location: str, tmp_path: Path) -> None:
    assert deaths(KILLED_CHECKPOINT, location, tmp_path / "artifacts") > 5


def test_a_new_store_that_is_killed_anywhere_is_empty(location: str) -> None:
    assert deaths(KILLED_CREATION, location) > 5


def test_an_upgrade_that_is_killed_anywhere_leaves_the_old_version(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    # As the code of that time left it; switching the journal changes nothing of the content.
    connection.executescript((Path(__file__).parent / "fixtures" / "schema_0001.sql").read_text(encoding="utf-8"))
    connection.close()
    assert deaths(KILLED_UPGRADE, path) > 10
    connection = sqlite3.connect(path)
    assert connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == (SCHEMA_VERSION,)
    connection.close()


# No room.

FULL = (
    PUBLISHING
    + """
import resource, sys
from pathlib import Path
from store.errors import StoreError
from store.repository import Store

path = Path(sys.argv[1])
with Store.open(path) as store:
    run, solution = begin(store, "full")
    store.publish(generation(run, 1, 1, solution))
size = path.stat().st_size
with Store.open(path) as store:
    old = list(store.export())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 4, resource.RLIM_INFINITY))
    large = Weights({}, {f"key {i}": 1.0 for i in range(size // 10)})
    try:
        store.publish(dataclasses.replace(generation(run, 2, 2, solution), weights=large))
    except StoreError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert list(store.export()) == old
    store.publish(generation(run, 2, 2, solution))
    assert len(store.generations()) == 2
"""
)


def test_a_publication_for_which_there_is_no_room_leaves_the_old_state(tmp_path: Path) -> None:
    done = run_child(FULL, tmp_path / "reverie.db")
    assert (done.returncode, done.stderr) == (0, "")
    assert "reverie.db cannot be used: the disk " in done.stdout


# Several processes.

TOGETHER = (
    PUBLISHING
    + """
import alembic.command, alembic.config  # loaded once, not in each child
import os, sys, traceback
from store.repository import Store

location, count, writers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def work(number):
    with Store.open(location) as store:
        run, solution = begin(store, str(number))
        for cycle in range(count):
            # Half of the functions are those of the others; the names are the same for different functions.
            first = cycle + (1000 * number if cycle % 2 else 0)
            store.publish(generation(run, cycle, first, solution, [f"f{3 * cycle + i}" for i in range(3)]))
            store.add_metrics(run, cycle, {"cycle": cycle})

children = []
for number in range(writers):
    child = os.fork()
    if child == 0:
        try:
            work(number)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * writers
"""
)


def test_runs_that_publish_at_once_get_names_of_their_own(location: str) -> None:
    count, names = 6, range(3)
    done = run_child(TOGETHER, location, count, len(names))
    assert (done.returncode, done.stderr) == (0, "")
    with Store.open(location, read_only=True) as store:
        generations = store.generations("integers")
        assert [g.number for g in generations] == list(range(1, 1 + count * len(names)))
        assert sorted((g.run, g.cycle) for g in generations) == [(r.id, c) for r in store.runs() for c in range(count)]
        abstractions = store.abstractions("integers")
        assert [a.number for a in abstractions] == list(range(1, 1 + len(abstractions)))
        assert len({a.name for a in abstractions}) == len({a.key for a in abstractions}) == len(abstractions)
        named = store.abstraction_names("integers")
        assert all(named[o.key] == o.name for g in generations for o in g.abstractions)
