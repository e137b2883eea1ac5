"""Opening a store: what works, and what each failure says."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

import store.engine
import store.schema
from store.engine import open_engine, writer
from store.errors import StoreError
from store.models import Base
from store.place import Place
from store.records import NewResult, NewRun
from store.repository import Store
from store.schema import SCHEMA_VERSION, VERSION_TABLE

ROOT = Path(__file__).parents[2]


def in_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python with some code and arguments in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "reverie.db"


def make(location: str | Path, *, read_only: bool = False) -> None:
    """Open a store, and let go of it."""
    Store.open(location, read_only=read_only).close()


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    """The engine of a new store."""
    opened, _ = open_engine(path)
    yield opened
    opened.dispose()


def set_version(path: Path, version: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE {VERSION_TABLE} SET version_num = ?", (version,))
    connection.close()


# Where.


@pytest.mark.parametrize("name", ["reverie.db", "a b.db", "50%.db", "what?.db", "a#b.db", "é.db", "%20.db"])
def test_a_path_with_any_characters_is_that_file(name: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    make(str(tmp_path / name), read_only=True)


def test_a_bare_path_and_a_url_are_the_same_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = str(tmp_path / "reverie.db")
    places: list[str | Path] = [
        "reverie.db",
        "sqlite:///reverie.db",
        f"sqlite:///{wanted}",
        Path("reverie.db"),
        "./reverie.db",
    ]
    assert {Path(Place.of(place).name).resolve() for place in places} == {Path(wanted).resolve()}


def test_the_home_folder_can_be_abbreviated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(Path("/home/somebody")))
    assert Place.of("~/reverie.db").path == Path("/home/somebody/reverie.db")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("mysql://me:secret@host/db", "a store is a file of SQLite"),
        ("postgresql+psycopg2://me:secret@host/db", "a store is a file of SQLite"),
        ("postgresql://me:secret@host", "names no database"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        (":memory:", "names no file"),
        ("reverie.db\0", "names no file"),
        ("", "names no file"),
        ("sqlite:///a.db?mode=ro", "has options"),
        ("://", "is no URL of a store"),
    ],
)
def test_a_location_that_is_no_file_is_refused(location: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        make(location)
    assert "secret" not in str(caught.value)
    assert any(right in str(caught.value) for right in ("reverie.db", "FILE", "DATABASE"))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no folder .*missing; make it first"):
        make(tmp_path / "missing" / "reverie.db")


def test_a_name_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot be reached: .*; name another file"):
        open_engine(tmp_path / ("x" * 5_000) / "reverie.db")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"is a folder; a store is a file, as .*reverie\.db"):
        make(tmp_path)


# What is there.


@pytest.mark.parametrize("content", [b"(set-logic LIA)\n" * 100, b"SQLite format 3\x00" + b"\xff" * 4000])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_no_database_is_refused_and_left_alone(content: bytes, read_only: bool, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"reverie\.db cannot be used: it is no SQLite database; name another file"):
        make(path, read_only=read_only)
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (number)")
    connection.close()
    content = path.read_bytes()
    with pytest.raises(StoreError, match=r"another program .its tables are invoices"):
        make(path)
    assert path.read_bytes() == content


def test_a_damaged_store_says_so(path: Path, new_run: NewRun, new_result: Callable[..., NewResult]) -> None:
    with Store.open(path) as opened:
        run = opened.begin_run(new_run)
        for i in range(50):
            opened.save_result(run.id, new_result(f"task {i}", i))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    damaged = r"reverie\.db cannot be used: the file is damaged; restore it from a copy"
    with pytest.raises(StoreError, match=damaged), Store.open(path) as opened:
        opened.results(run.id)


def test_a_store_without_its_tables_says_so(path: Path) -> None:
    make(path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE result")
    connection.close()
    with Store.open(path) as opened, pytest.raises(StoreError, match="tables are missing"):
        opened.runs()


def test_a_store_of_a_newer_version_is_refused(path: Path) -> None:
    make(path)
    set_version(path, "9001")
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"schema version 9001, written by a newer Reverie; .* upgrade Reverie"):
            make(path, read_only=read_only)


def test_a_store_of_an_older_version_is_not_read_but_may_be_upgraded(path: Path) -> None:
    make(path)
    set_version(path, "0000")
    with pytest.raises(StoreError, match=r"schema version 0000, this .* reverie store upgrade --store sqlite:///"):
        make(path, read_only=True)


def test_an_empty_file_becomes_a_store_but_is_not_read_as_one(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="is empty and no store yet"):
        make(path, read_only=True)
    make(path)
    make(path, read_only=True)


def test_a_store_that_is_not_there_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store .*reverie\.db; `--store`"):
        make(path, read_only=True)
    assert not path.exists()


def test_a_full_disk_says_so_and_keeps_what_was_recorded(
    path: Path, engine: Engine, new_run: NewRun, new_result: Callable[..., NewResult]
) -> None:
    opened = Store(engine, Place.of(path))
    run = opened.begin_run(new_run)

    @event.listens_for(engine, "connect")
    def limit(connection: Any, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    engine.dispose()
    opened.save_result(run.id, new_result("first", 1))
    with pytest.raises(StoreError, match="the disk is full; make room and start again, what was recorded is safe"):
        opened.save_result(run.id, new_result("second", 2, row={"text": "x" * 40_000}))
    assert [result.name for result in opened.results(run.id)] == ["first"]


def test_waiting_for_another_writer_has_an_end(
    path: Path, engine: Engine, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.engine, "BUSY_SECONDS", 0.01)
    with Store.open(path) as opened, writer(engine).begin():
        with pytest.raises(StoreError, match="another process has been writing to it"):
            opened.begin_run(new_run)
        assert opened.runs() == ()


READ_AND_WRITE = """
import os, sys, tempfile
from pathlib import Path
from store.errors import StoreError
from store.records import NewRun
from store.repository import Store

def write(location):
    with Store.open(location) as store:
        store.begin_run(NewRun("batch", {}, "", "", 0, ""))

with tempfile.TemporaryDirectory() as folder:
    write(folder + "/loads all modules.db")
if os.geteuid() == 0:  # to whom nothing is protected
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
with Store.open(sys.argv[1], read_only=True) as store:
    print(len(store.runs()))
try:
    write(sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, unlike the temporary folders of tests."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.name != "posix", reason="protection is set as on POSIX")
@pytest.mark.parametrize("protected", ["file", "folder"])
def test_a_protected_store_can_be_read_and_says_that_it_cannot_be_written(
    protected: str, open_folder: Path, new_run: NewRun
) -> None:
    folder = open_folder / "stores"
    folder.mkdir()
    with Store.open(folder / "reverie.db") as opened:
        opened.begin_run(new_run)
    (folder / "reverie.db").chmod(0o444 if protected == "file" else 0o666)
    folder.chmod(0o777 if protected == "file" else 0o555)
    process = in_process(READ_AND_WRITE, folder / "reverie.db")
    out, err = process.communicate()
    folder.chmod(0o755)
    assert err == ""
    assert out.splitlines()[0] == "1"
    assert "the file or its folder" in out.splitlines()[1]


# The schema.


def test_the_migrations_make_the_tables_of_the_models(engine: Engine) -> None:
    options = {"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Base.metadata) == []


def test_the_schema_version_is_that_of_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "store" / "migrations"))
    config.set_main_option("path_separator", "newline")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def test_a_store_is_upgraded_from_any_folder(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nowhere\n", encoding="utf-8")
    make(path)


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate = store.schema._migrate

    def fail(connection: Any) -> None:
        migrate(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(store.schema, "_migrate", fail)
    with pytest.raises(KeyboardInterrupt):
        make(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    monkeypatch.undo()
    make(path)


def test_an_up_to_date_store_is_opened_without_alembic_and_without_waiting(path: Path, engine: Engine) -> None:
    code = """
import sys
from store.engine import open_engine
open_engine(sys.argv[1])[0].dispose()
assert "alembic" not in sys.modules
"""
    with writer(engine).begin():
        process = in_process(code, path)
        assert process.communicate() == ("", "")


OPEN = """
import sys
from store.repository import Store
sys.stdin.read()
with Store.open(sys.argv[1]) as store:
    print(len(store.runs()))
"""


def test_processes_that_open_a_new_store_at_once_all_can(path: Path) -> None:
    processes = [in_process(OPEN, path) for _ in range(3)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    assert [process.communicate() for process in processes] == [("0\n", "")] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_leaves_the_connections_of_its_parent_alone(
    path: Path, new_run: NewRun, new_result: Callable[..., NewResult]
) -> None:
    with Store.open(path) as opened:
        run = opened.begin_run(new_run)
        child = os.fork()
        if child == 0:
            opened.save_result(run.id, new_result("child"))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        opened.save_result(run.id, new_result("parent"))
        assert [result.name for result in opened.results(run.id)] == ["child", "parent"]


def test_a_new_store_has_a_write_ahead_log(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
