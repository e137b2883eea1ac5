"""Stores for tests. The suite asks for a location only, so that it runs on every kind of database."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import parse_term
from dsl.spec import Spec, task_from_examples
from dsl.terms import Term
from dsl.types import INT, arrow
from store.records import NewResult, NewRun, NewSolution
from store.repository import Store

NO_PSYCOPG = "psycopg is not installed: pip install 'reverie[postgresql]'"


def _server_programs() -> Path:
    """The folder of PostgreSQL's programs; skips the test if there is none."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("there is no PostgreSQL (pg_ctl) to test with; install it with: apt-get install postgresql")


def _server_user() -> str | None:
    """Who runs the server: it refuses to run as root, who can run it as another user."""
    if os.geteuid() != 0:
        return None
    import pwd

    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody to run it")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of an empty database on a server that is started for the tests."""
    programs, user = _server_programs(), _server_user()
    with tempfile.TemporaryDirectory(prefix="reverie-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs / program, "-D", str(folder / "data"), *arguments],
                cwd=folder,
                user=user,
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

        call("initdb", "-A", "trust", "-U", "reverie", "-E", "UTF8", "--locale", "C", "--no-sync")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
        call("pg_ctl", "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://reverie@/postgres?host={folder}"
        finally:
            call("pg_ctl", "-m", "immediate", "stop")


@pytest.fixture
def postgresql(postgresql_server: str, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty schema, which is dropped after the test."""
    psycopg = pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    schema = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
        yield f"{postgresql_server}&options=-csearch_path%3D{schema}"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(scope="session")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new store of SQLite, to be copied."""
    path = tmp_path_factory.mktemp("made") / "reverie.db"
    Store.open(path).close()
    return path


@pytest.fixture(scope="session")
def made_database(postgresql_server: str) -> str:
    """The name of a database with a new store, to be copied."""
    psycopg = pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE made")
    Store.open(postgresql_server.replace("/postgres?", "/made?")).close()
    return "made"


@pytest.fixture
def copied_database(made_database: str, postgresql_server: str) -> Iterator[str]:
    """The URL of a database with a new store, which is dropped after the test."""
    psycopg = pytest.importorskip("psycopg", reason=NO_PSYCOPG)
    name = f"test_{secrets.token_hex(8)}"
    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {made_database}")
        yield postgresql_server.replace("/postgres?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new store may be made; if the test asks for a `store`, it is there already."""
    is_made = "store" in request.fixturenames
    if request.param == "postgresql":
        url: str = request.getfixturevalue("copied_database" if is_made else "postgresql")
        return url
    path = tmp_path / "reverie.db"
    if is_made:
        shutil.copy(request.getfixturevalue("made_file"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def store(location: str, tmp_path: Path) -> Iterator[Store]:
    """A new store: a copy of one, because making the schema anew takes longer than most tests."""
    with Store.open(location, artifacts=tmp_path / "artifacts") as opened:
        yield opened


@pytest.fixture
def spec_of() -> Callable[..., Spec]:
    """A specification of integers: `spec_of(2)` wants two added to its input."""

    def make(added: int = 1) -> Spec:
        examples = [((n,), n + added) for n in (1, 5)]
        return task_from_examples("add", examples, type_=arrow(INT, INT), domain="integers").spec

    return make


@pytest.fixture
def integers() -> Callable[[str], Term]:
    """Reads a program of integers."""

    def parse(text: str) -> Term:
        return parse_term(text, load_domain("integers").operator)

    return parse


@pytest.fixture
def new_run() -> NewRun:
    """A batch of two tasks."""
    return NewRun("batch", {"seed": 0, "budget": {"candidates": 10}}, "settings", "tasks", 2, "0.1.0")


@pytest.fixture
def new_result(spec_of: Callable[..., Spec], integers: Callable[[str], Term]) -> Callable[..., NewResult]:
    """A solved task: `new_result("a", 3)` is one to which three is added."""

    def make(name: str, added: int = 1, **changed: object) -> NewResult:
        program = integers(f"(lambda (+ $0 {added}))")
        solution = NewSolution({"f": program}, "examples", 3, 2.5, "enumeration", "none", 7)
        given = {"status": "solved", "solution": solution, "row": {"spec": name}, "answer": "(define-fun …)", **changed}
        return NewResult(name, spec_of(added), **given)  # type: ignore[arg-type]

    return make
