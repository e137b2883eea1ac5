"""Opening a store: from its place to an engine whose schema is the newest.

A forked process leaves the connections of its parent alone and makes its own.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from store import postgresql, sqlite
from store.errors import StoreError
from store.place import POSTGRESQL, SQLITE, Place
from store.schema import SCHEMA_VERSION, check_readable, schema_version, upgrade

BUSY_SECONDS: Final = 30.0
"""How long a writer waits for its turn."""


def open_engine(location: str | Path, *, read_only: bool = False) -> tuple[Engine, Place]:
    """Open a store, and create or upgrade it unless it is only read.

    Args:
        location: a path, or a URL such as ``sqlite:///reverie.db``.
        read_only: never write; the store must be there and have the newest schema.

    Returns:
        the engine, and where the store is.

    Raises:
        StoreError: if that is not possible; the message says why and what would be right.
    """
    place = Place.of(location)
    engine = _make_engine(place, read_only)
    event.listen(engine, "connect", _remember_process)
    event.listen(engine, "checkout", _leave_to_parent)
    try:
        with store_errors(place):
            _ensure_schema(engine, place, read_only)
    except BaseException:
        engine.dispose()
        raise
    return engine, place


def stored_version(location: str | Path) -> str | None:
    """The schema version that a store has now; None if it is empty.

    Raises:
        StoreError: if there is none, or none that this code could open.
    """
    place = Place.of(location)
    engine = _make_engine(place, read_only=True)
    try:
        with store_errors(place), engine.connect() as connection:
            return schema_version(connection, place.name)
    finally:
        engine.dispose()


def _make_engine(place: Place, read_only: bool) -> Engine:
    path = place.path
    if path is None:
        return postgresql.make_engine(place.url, read_only, BUSY_SECONDS)
    sqlite.check_place(path, read_only)
    return sqlite.make_engine(path, read_only, BUSY_SECONDS)


def _ensure_schema(engine: Engine, place: Place, read_only: bool) -> None:
    with engine.connect() as connection:
        if place.backend == POSTGRESQL:
            postgresql.check_encoding(connection, place.name)
        version = schema_version(connection, place.name)
    if read_only:
        check_readable(version, place.name)
        return
    if place.path is not None:
        sqlite.use_write_ahead_log(engine, place.path, BUSY_SECONDS)
    if version != SCHEMA_VERSION:
        with writer(engine).begin() as connection:
            upgrade(connection, place.name)


def writer(engine: Engine) -> Engine:
    """An engine of the same store whose transactions may write; they take their turn when they begin."""
    if engine.dialect.name == SQLITE:
        return engine.execution_options(writes=True)
    # The turn comes first; what is read after it must be what the former writer left.
    return engine.execution_options(writes=True, isolation_level="READ COMMITTED")


# Forks.

_inherited: Final[list[Any]] = []
"""Connections of the parent process: closing them here is no business of the database's, so they are kept."""


def _remember_process(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["process"] = os.getpid()


def _leave_to_parent(connection: Any, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    if record.info["process"] != os.getpid():
        _inherited.append(connection)
        record.dbapi_connection = proxy.dbapi_connection = None  # type: ignore[misc]
        raise DisconnectionError("the connection belongs to the parent process")


# Errors.


@contextlib.contextmanager
def store_errors(place: Place) -> Iterator[None]:
    """Turn what the database of a store says into a `StoreError` that a person can act on."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        said = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        meaning = (sqlite if place.backend == SQLITE else postgresql).meaning_of(said)
        if meaning is None:
            raise
        raise StoreError(f"the store {place.name} cannot be used: {meaning} ({str(said).strip()})") from error
