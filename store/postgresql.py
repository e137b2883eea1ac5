"""Stores in databases of PostgreSQL, for a team.

All transactions that write take their turn, as in SQLite: each begins with a lock that it holds to its end, and waits
for it for `store.engine.BUSY_SECONDS`. So no two of them find that something is missing and both add it. Those that
read see the database as it was at their beginning, and wait for nobody.
"""

from __future__ import annotations

import importlib.util
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from store.errors import StoreError

_TURN: Final = 0x52455645
"""First number of the lock of writers; the second is that of the schema, so stores beside each other do not wait."""


def make_engine(url: URL, read_only: bool, busy_seconds: float) -> Engine:
    """An engine of a database.

    Raises:
        StoreError: if the driver is not installed.
    """
    if importlib.util.find_spec("psycopg") is None:
        raise StoreError(
            f"the store {url.render_as_string()} needs the driver psycopg, which is not installed; "
            f"install it with: pip install 'reverie[postgresql]'"
        )
    given = url.query.get("options", "")
    own = f"-c lock_timeout={busy_seconds * 1000:.0f} -c default_transaction_read_only={'on' if read_only else 'off'}"
    options = " ".join((own, *((given,) if isinstance(given, str) else given))).strip()
    engine = create_engine(
        url,
        isolation_level="REPEATABLE READ",
        connect_args={"options": options, "client_encoding": "utf8", "application_name": "reverie"},
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_TURN}, hashtext(current_schema()))"))


def check_encoding(connection: Connection, name: str) -> None:
    """Refuse a database that does not take all texts.

    Raises:
        StoreError: if its encoding is not UTF-8.
    """
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding != "UTF8":
        raise StoreError(f"the store {name} has the encoding {encoding}; make a database with the encoding UTF8")


_MEANINGS: Final = (
    ("25006", "it was opened for reading only, or the server takes no changes; open it for writing"),
    ("28", "the server refuses the user or the password; check the URL"),
    ("3D", "there is no such database; make it with: createdb NAME"),
    ("3F", "there is no schema to make tables in; check the search path"),
    ("42501", "the user may not do that; ask who owns the database for the right"),
    ("42P01", "tables are missing; the database is damaged or was changed by another program"),
    ("42703", "columns are missing; the database is damaged or was changed by another program"),
    ("53100", "the disk is full; make room and start again, what was recorded is safe"),
    ("53", "the server has no room for another client; try again, or allow it more"),
    ("54", "a name is too long for the database; take a shorter one"),
    ("55P03", "another process has been writing to it for too long; try again when it is done"),
    ("57", "the server is shutting down or starting; try again when it runs"),
    ("58", "the server reports an error of its disk; check it"),
    ("XX", "the server reports an error of its own; see its log"),
)


def meaning_of(error: BaseException) -> str | None:
    """What an error of PostgreSQL means to a person, and what to do; None if it is a defect of ours."""
    from psycopg import OperationalError

    state = getattr(error, "sqlstate", None)
    if state is None:
        unreachable = "the server cannot be reached; check the URL, and that the server runs"
        return unreachable if isinstance(error, OperationalError) else None
    return next((meaning for start, meaning in _MEANINGS if state.startswith(start)), None)
