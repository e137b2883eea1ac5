"""Opening a store: from a URL to an engine whose schema is the newest.

SQLite is set up so that any number of processes work on one file at once: a write-ahead log lets readers go on while
somebody writes, writers take their turn from the beginning of a transaction on (``BEGIN IMMEDIATE``) and wait for it
for `BUSY_SECONDS`. A forked process leaves the connections of its parent alone and makes its own.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from store.errors import StoreError

SCHEMA_VERSION: Final = "0001"
"""The schema version that this code reads and writes."""
VERSION_TABLE: Final = "reverie_schema"
BUSY_SECONDS: Final = 30.0
"""How long a writer waits for its turn."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_RETRY_SECONDS: Final = 0.02


def store_url(location: str | Path) -> URL:
    """The URL of a store that is given as a URL or as a bare path.

    Raises:
        StoreError: if it is no URL of a file of SQLite.
    """
    if isinstance(location, Path) or "://" not in location:
        return _file_url(Path(location).expanduser(), str(location))
    try:
        url = make_url(location)
    except ArgumentError:
        raise StoreError(f"{location!r} is no URL of a store; one is written sqlite:///reverie.db") from None
    if url.get_backend_name() != "sqlite":
        raise StoreError(
            f"{url.render_as_string()} is a database of {url.get_backend_name()!r}; "
            f"a store is a file of SQLite, sqlite:///reverie.db"
        )
    if url.query:
        raise StoreError(f"{location!r} has options behind `?`; the URL of a store is sqlite:///FILE and no more")
    return _file_url(Path(url.database or ""), location)


def _file_url(path: Path, location: str) -> URL:
    if path.name in ("", ".", "..", ":memory:") or "\0" in location:
        raise StoreError(f"{location!r} names no file; a store is a file, as reverie.db or sqlite:///reverie.db")
    return URL.create("sqlite", database=str(path.absolute()))


def open_engine(location: str | Path, *, read_only: bool = False) -> tuple[Engine, Path]:
    """Open a store, and create or upgrade it unless it is only read.

    Args:
        location: a path, or a URL such as ``sqlite:///reverie.db``.
        read_only: never write; the file must exist and have the newest schema.

    Returns:
        the engine, and the file.

    Raises:
        StoreError: if that is not possible; the message says why and what would be right.
    """
    try:
        path = Path(str(store_url(location).database))
        _check_place(path, read_only)
    except (OSError, ValueError) as error:
        raise StoreError(f"the store {str(location)!r} cannot be reached: {error}; name another file") from None
    engine = _sqlite_engine(path, read_only)
    try:
        with store_errors(path):
            _ensure_schema(engine, path, read_only)
    except BaseException:
        engine.dispose()
        raise
    return engine, path


def _ensure_schema(engine: Engine, path: Path, read_only: bool) -> None:
    version = _schema_version(engine, path)
    if version is not None:
        _check_not_newer(version, path)
    if read_only:
        if version != SCHEMA_VERSION:
            raise StoreError(_outdated(path, version))
        return
    _use_write_ahead_log(engine, path)
    if version != SCHEMA_VERSION:
        _upgrade(engine, path)


def _check_place(path: Path, read_only: bool) -> None:
    """Refuse what is no place for a store, before SQLite says less clearly that it cannot open it."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder; a store is a file, as {path / 'reverie.db'}")
    if not path.parent.is_dir():
        raise StoreError(f"the store {path} cannot be opened: there is no folder {path.parent}; make it first")
    if read_only and not path.exists():
        raise StoreError(f"there is no store {path}; `--store` of `reverie solve` or `reverie batch` makes one")


def _outdated(path: Path, version: str | None) -> str:
    if version is None:
        return f"{path} is an empty file and no store yet; open it for writing to make it one"
    return (
        f"the store {path} has schema version {version}, this Reverie reads {SCHEMA_VERSION}; "
        f"open it for writing once to upgrade it"
    )


def _sqlite_engine(path: Path, read_only: bool) -> Engine:
    # Of a log-less file in a folder that takes no files, SQLite reads nothing unless told that nobody writes it.
    frozen = read_only and not os.access(path.parent, os.W_OK) and not _has_log(path)
    options = f"?mode=ro{'&immutable=1' if frozen else ''}" if read_only else ""
    address = f"{path.as_uri()}{options}"

    def connect() -> Any:
        # The pool gives a connection to one thread at a time, but not always to the same.
        return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "checkout", _leave_to_parent)
    return engine


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


_inherited: Final[list[Any]] = []
"""Connections of the parent process: closing them here is no business of SQLite's, so they are kept."""


def _leave_to_parent(connection: Any, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    if record.info["process"] != os.getpid():
        _inherited.append(connection)
        record.dbapi_connection = proxy.dbapi_connection = None  # type: ignore[misc]
        raise DisconnectionError("the connection belongs to the parent process")


def _prepare(connection: Any, record: ConnectionPoolEntry) -> None:
    """Settings of each new connection. With a write-ahead log, NORMAL survives the death of a process at any moment."""
    record.info["process"] = os.getpid()
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writer(engine: Engine) -> Engine:
    """An engine of the same store whose transactions may write; they take their turn when they begin."""
    return engine.execution_options(writes=True)


# The schema.


def _schema_version(engine: Engine, path: Path) -> str | None:
    """The schema version of a store, or None for an empty database.

    Raises:
        StoreError: if it is the database of another program.
    """
    with engine.connect() as connection:
        return _version_in(connection, path)


def _version_in(connection: Connection, path: Path) -> str | None:
    tables = sqlalchemy.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            shown = ", ".join(tables[:3])
            raise StoreError(f"{path} is the database of another program (its tables are {shown} …); name another file")
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()
    return None if version is None else str(version)


def _check_not_newer(version: str, path: Path) -> None:
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"the store {path} has schema version {version}, written by a newer Reverie; this one knows up to "
            f"{SCHEMA_VERSION}: upgrade Reverie, or name another file"
        )


def _upgrade(engine: Engine, path: Path) -> None:
    """Bring the schema up to date in one transaction; who comes second finds it done."""
    with writer(engine).begin() as connection:
        version = _version_in(connection, path)
        if version == SCHEMA_VERSION:
            return
        _check_not_newer(version or "", path)
        _migrate(connection)


def _use_write_ahead_log(engine: Engine, path: Path) -> None:
    """Switch the journal where it is not on; SQLite does not wait for its turn here, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        connection = engine.raw_connection()
        try:
            (mode,) = connection.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.Error as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY_SECONDS)
            continue
        finally:
            connection.close()
        if mode != "wal":
            raise StoreError(f"the store {path} cannot have a write-ahead log; put it on a local disk")
        return


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    command.upgrade(config, "head")


# Errors.

_MEANINGS: Final = (
    ("not a database", "it is no SQLite database; name another file"),
    ("malformed", "the file is damaged; restore it from a copy, or name another file"),
    ("disk is full", "the disk is full; make room and start again, what was recorded is safe"),
    ("readonly", "the file or its folder is write-protected; make it writable, or name another file"),
    ("unable to open", "the file or its folder cannot be opened; check who may read and write it"),
    ("locked", f"another process has been writing to it for {BUSY_SECONDS:.0f} seconds; try again when it is done"),
    ("disk i/o error", "the disk reports an error; check it, or name another file"),
    ("no such table", "tables are missing; the file is damaged or was changed by another program"),
    ("no such column", "columns are missing; the file is damaged or was changed by another program"),
)


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what the database says of a file into a `StoreError` that a person can act on."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        said = str(error.orig if isinstance(error, DBAPIError) else error)
        for words, meaning in _MEANINGS:
            if words in said.lower():
                raise StoreError(f"the store {path} cannot be used: {meaning} ({said})") from error
        raise
