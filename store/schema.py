"""Schema versions: which one a database has, and how it comes to have the newest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy
from sqlalchemy import Connection, text

from store.errors import StoreError

SCHEMA_VERSION: Final = "0003"
"""The schema version that this code reads and writes."""
VERSION_TABLE: Final = "reverie_schema"
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def schema_version(connection: Connection, name: str) -> str | None:
    """The schema version of a database, or None if it is empty.

    Args:
        connection: a connection to it.
        name: what messages call it.

    Raises:
        StoreError: if it is the database of another program, or of a newer version than this code knows.
    """
    tables = sqlalchemy.inspect(connection).get_table_names()
    if VERSION_TABLE not in tables:
        if tables:
            shown = ", ".join(sorted(tables)[:3])
            raise StoreError(f"{name} is the database of another program (its tables are {shown} …); name another one")
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()
    if version is not None and str(version) > SCHEMA_VERSION:
        raise StoreError(
            f"the store {name} has schema version {version}, written by a newer Reverie; this one knows up to "
            f"{SCHEMA_VERSION}: upgrade Reverie, or name another one"
        )
    return None if version is None else str(version)


def check_readable(version: str | None, name: str) -> None:
    """Refuse to read a database that first has to be made a store, or upgraded.

    Raises:
        StoreError: if it has not the newest schema version.
    """
    if version is None:
        raise StoreError(f"{name} is empty and no store yet; open it for writing to make it one")
    if version != SCHEMA_VERSION:
        raise StoreError(
            f"the store {name} has schema version {version}, this Reverie reads {SCHEMA_VERSION}; "
            f"upgrade it with: reverie store upgrade --store {name if '://' in name else f'sqlite:///{name}'}"
        )


def upgrade(connection: Connection, name: str) -> None:
    """Bring the schema up to date in the transaction of a connection; who comes second finds it done."""
    if schema_version(connection, name) != SCHEMA_VERSION:
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    command.upgrade(config, "head")
