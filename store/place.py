"""Where a store is: a file of SQLite, or a database of PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from store.errors import StoreError

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_DRIVERS: Final = (POSTGRESQL, f"{POSTGRESQL}+psycopg")


@dataclass(frozen=True)
class Place:
    """The place of a store.

    Attributes:
        url: its URL; that of a file has the absolute path.
    """

    url: URL

    @classmethod
    def of(cls, location: str | Path) -> Place:
        """The place that is given as a URL or as a bare path.

        Raises:
            StoreError: if it is neither a file of SQLite nor a database of PostgreSQL.
        """
        try:
            return cls(_url(location))
        except (OSError, ValueError) as error:
            raise StoreError(f"the store {str(location)!r} cannot be reached: {error}; name another file") from None

    @property
    def backend(self) -> str:
        """`SQLITE` or `POSTGRESQL`."""
        return self.url.get_backend_name()

    @property
    def path(self) -> Path | None:
        """The file, or None if a server has it."""
        return Path(str(self.url.database)) if self.backend == SQLITE else None

    @property
    def name(self) -> str:
        """What messages call it: the path of the file, or the URL without its password."""
        return str(self.url.database) if self.backend == SQLITE else self.url.render_as_string()


def _url(location: str | Path) -> URL:
    if isinstance(location, Path) or "://" not in location:
        return _file_url(Path(location).expanduser(), str(location))
    try:
        url = make_url(location)
    except ArgumentError:
        raise StoreError(f"{location!r} is no URL of a store; one is written sqlite:///reverie.db") from None
    if url.drivername in _DRIVERS:
        return _server_url(url)
    if url.drivername != SQLITE:
        raise StoreError(
            f"{url.render_as_string()} is a database of {url.drivername!r}; a store is a file of SQLite, "
            f"sqlite:///reverie.db, or a database of PostgreSQL, postgresql://USER@HOST/DATABASE"
        )
    if url.query:
        raise StoreError(f"{location!r} has options behind `?`; the URL of a store is sqlite:///FILE and no more")
    return _file_url(Path(url.database or ""), location)


def _file_url(path: Path, location: str) -> URL:
    if path.name in ("", ".", "..", ":memory:") or "\0" in location:
        raise StoreError(f"{location!r} names no file; a store is a file, as reverie.db or sqlite:///reverie.db")
    return URL.create(SQLITE, database=str(path.absolute()))


def _server_url(url: URL) -> URL:
    if not url.database:
        raise StoreError(
            f"{url.render_as_string()} names no database; the URL of a store is postgresql://USER@HOST/DATABASE"
        )
    return url.set(drivername=_DRIVERS[-1])
