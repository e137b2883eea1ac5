"""Stores in files of SQLite.

SQLite is set up so that any number of processes work on one file at once: a write-ahead log lets readers go on while
somebody writes, writers take their turn from the beginning of a transaction on (``BEGIN IMMEDIATE``) and wait for it
for `store.engine.BUSY_SECONDS`.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from store.errors import StoreError

_RETRY_SECONDS: Final = 0.02


def check_place(path: Path, read_only: bool) -> None:
    """Refuse what is no place for a store, before SQLite says less clearly that it cannot open it.

    Raises:
        StoreError: if it is none.
    """
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a folder; a store is a file, as {path / 'reverie.db'}")
        if not path.parent.is_dir():
            raise StoreError(f"the store {path} cannot be opened: there is no folder {path.parent}; make it first")
        if read_only and not path.exists():
            raise StoreError(f"there is no store {path}; `--store` of `reverie solve` or `reverie batch` makes one")
    except OSError as error:
        raise StoreError(f"the store {str(path)!r} cannot be reached: {error}; name another file") from None


def make_engine(path: Path, read_only: bool, busy_seconds: float) -> Engine:
    """An engine of a file."""
    # Of a log-less file in a folder that takes no files, SQLite reads nothing unless told that nobody writes it.
    frozen = read_only and not os.access(path.parent, os.W_OK) and not _has_log(path)
    options = f"?mode=ro{'&immutable=1' if frozen else ''}" if read_only else ""
    address = f"{path.as_uri()}{options}"

    def connect() -> Any:
        # The pool gives a connection to one thread at a time, but not always to the same.
        return sqlite3.connect(address, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "connect", _prepare)
    return engine


def _has_log(path: Path) -> bool:
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _prepare(connection: Any, record: ConnectionPoolEntry) -> None:
    """Settings of each new connection. With a write-ahead log, NORMAL survives the death of a process at any moment."""
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def use_write_ahead_log(engine: Engine, path: Path, busy_seconds: float) -> None:
    """Switch the journal where it is not on; SQLite does not wait for its turn here, so this does.

    Raises:
        StoreError: if the file system does not allow it.
    """
    deadline = time.monotonic() + busy_seconds
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


_MEANINGS: Final = (
    ("not a database", "it is no SQLite database; name another file"),
    ("malformed", "the file is damaged; restore it from a copy, or name another file"),
    ("disk is full", "the disk is full; make room and start again, what was recorded is safe"),
    ("readonly", "the file or its folder is write-protected; make it writable, or name another file"),
    ("unable to open", "the file or its folder cannot be opened; check who may read and write it"),
    ("locked", "another process has been writing to it for too long; try again when it is done"),
    ("disk i/o error", "the disk reports an error; check it, or name another file"),
    ("no such table", "tables are missing; the file is damaged or was changed by another program"),
    ("no such column", "columns are missing; the file is damaged or was changed by another program"),
)


def meaning_of(error: BaseException) -> str | None:
    """What an error of SQLite means to a person, and what to do; None if it is a defect of ours."""
    said = str(error).lower()
    return next((meaning for words, meaning in _MEANINGS if words in said), None)
