"""An open database: transactions that read or write, and what they have in common."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from store.artifacts import Artifacts
from store.engine import open_engine, store_errors, writer
from store.errors import StoreError
from store.models import ResultRow, RunRow, SpecRow
from store.place import Place

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Database:
    """One database, opened.

    Attributes:
        place: where it is.
        artifacts: the folder of the files that are too large for a database.
    """

    def __init__(self, engine: Engine, place: Place, clock: Clock = utc_now, artifacts: Path | None = None) -> None:
        """Use an engine that `store.engine.open_engine` opened; `open` is the usual way."""
        self.place = place
        if artifacts is None and place.path is not None:
            artifacts = place.path.with_name(f"{place.path.name}.artifacts")
        self.artifacts = Artifacts(artifacts)
        self._engine, self._clock = engine, clock

    @classmethod
    def open(
        cls,
        location: str | Path,
        *,
        read_only: bool = False,
        clock: Clock = utc_now,
        artifacts: Path | None = None,
    ) -> Self:
        """Open a store; unless it is only read, what is missing is created and an old schema upgraded.

        Args:
            location: a path, or a URL such as ``sqlite:///reverie.db`` or ``postgresql://USER@HOST/DATABASE``.
            read_only: never write.
            clock: what tells the time that is recorded.
            artifacts: the folder of files that are too large for a database; by default ``NAME.artifacts`` beside
                the file of SQLite. A store of PostgreSQL has none unless it is given.

        Raises:
            StoreError: if that is not possible; the message says why and what would be right.
        """
        engine, place = open_engine(location, read_only=read_only)
        return cls(engine, place, clock, artifacts)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """What messages call it: the path of the file, or the URL without its password."""
        return self.place.name

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        with store_errors(self.place), Session(self._engine) as session:
            yield session

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Session]:
        with store_errors(self.place), Session(writer(self._engine)) as session, session.begin():
            yield session

    def _run_row(self, session: Session, run: int) -> RunRow:
        row = session.get(RunRow, run)
        if row is None:
            last = session.scalar(select(func.max(RunRow.id)))
            known = "it has none yet" if last is None else f"the last is {last}"
            raise StoreError(f"there is no run {run} in the store {self.name}; {known}")
        return row


def spec_row(session: Session, identity: str) -> SpecRow | None:
    """The row of the specification with an identity, or None."""
    return session.scalar(select(SpecRow).where(SpecRow.identity == identity))


def result_count(session: Session, run: int) -> int:
    """The number of results of a run."""
    return session.scalar(select(func.count()).where(ResultRow.run_id == run)) or 0
