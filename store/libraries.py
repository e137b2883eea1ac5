"""What was learned: generations, their libraries, and all abstractions that there ever were.

A generation is published in one transaction: its library, the abstractions that are new, the rewritten programs and
the weights. Whoever reads sees all of it or nothing.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.codec import encode_weights
from store.database import Database
from store.errors import StoreError
from store.library_records import AbstractionRecord, FormRecord, GenerationRecord, LibraryRecord, NewGeneration
from store.library_rows import (
    LibraryReader,
    WrittenAbstraction,
    add_uses,
    find_or_add_abstractions,
    find_or_add_version,
    next_number,
    put_forms,
    stored_operators,
)
from store.models import AbstractionRow, CheckpointRow, GenerationRow
from store.rows import add_event_row


class Libraries(Database):
    """Generations, libraries and abstractions; a part of `Store`."""

    # Publication.

    def publish(self, new: NewGeneration) -> GenerationRecord:
        """Publish a generation with its library, abstractions, rewritten programs and weights.

        If the run has published one of the domain in this cycle before, that one is returned and nothing is changed.
        Abstractions that the domain has had before keep their number and name; a new one whose name is taken, as by
        another run at the same time, gets another name, so what is returned is what counts.

        Raises:
            StoreError: if the run, the parent generation, a checkpoint, a solution or a parent of an abstraction is
                not in the store; nothing is changed then.
            DomainError: if the domain is not installed.
        """
        written = [WrittenAbstraction.of(abstraction, new.domain) for abstraction in new.abstractions]
        _check_distinct(written)
        weights = encode_weights(new.weights)
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, new.run).heartbeat = now
            row = _of_cycle(session, new)
            if row is None:
                members = find_or_add_abstractions(session, new.domain, written, now)
                version = find_or_add_version(session, new.domain, members, now)
                number = 1 + (_last_number(session, new.domain) or 0)
                row = GenerationRow(
                    domain=new.domain,
                    number=number,
                    name=f"{new.domain}-{number}",
                    run_id=new.run,
                    cycle=new.cycle,
                    parent=None if new.parent is None else self._generation_row(session, new.parent),
                    version=version,
                    weights=weights,
                    checkpoint=None if new.checkpoint is None else self._checkpoint_row(session, new.checkpoint),
                    network=None if new.network is None else self._checkpoint_row(session, new.network),
                    created=now,
                )
                session.add(row)
                session.flush()
                add_uses(session, row, members, new.abstractions)
                stored = stored_operators(members, new.domain)
                library = {one.new.operator: operator for one, operator in zip(written, stored, strict=True)}
                put_forms(session, version, new.forms, library)
                for event in new.events:
                    add_event_row(session, new.run, new.cycle, event.kind, event.message, event.data, now)
                session.flush()
            return LibraryReader(session, row.domain).generation(row)

    def _checkpoint_row(self, session: Session, digest: str) -> CheckpointRow:
        row = session.scalar(select(CheckpointRow).where(CheckpointRow.digest == digest))
        if row is None:
            raise StoreError(f"the store {self.name} knows no checkpoint {digest}; save it before what refers to it")
        return row

    # Generations.

    def _generation_row(self, session: Session, name: str) -> GenerationRow:
        row = session.scalar(select(GenerationRow).where(GenerationRow.name == name))
        if row is None:
            known = session.scalars(select(GenerationRow.name).order_by(GenerationRow.id.desc()).limit(5)).all()
            there = f"the latest are {', '.join(known)}" if known else "it has none yet"
            raise StoreError(f"there is no generation {name!r} in the store {self.name}; {there}")
        return row

    def generation(self, name: str) -> GenerationRecord | None:
        """The generation with a name, or None."""
        with self._reading() as session:
            row = session.scalar(select(GenerationRow).where(GenerationRow.name == name))
            return None if row is None else LibraryReader(session, row.domain).generation(row)

    def generations(self, domain: str | None = None, *, run: int | None = None) -> tuple[GenerationRecord, ...]:
        """The generations of all domains or of one, of all runs or of one, the oldest first."""
        wanted = select(GenerationRow).order_by(GenerationRow.id)
        if domain is not None:
            wanted = wanted.where(GenerationRow.domain == domain)
        if run is not None:
            wanted = wanted.where(GenerationRow.run_id == run)
        with self._reading() as session:
            rows = list(session.scalars(wanted))
            readers = {name: LibraryReader(session, name) for name in dict.fromkeys(row.domain for row in rows)}
            return tuple(readers[row.domain].generation(row) for row in rows)

    def latest_generation(self, domain: str, *, run: int | None = None) -> GenerationRecord | None:
        """The last generation that was published for a domain, by any run or by one; None if there is none."""
        wanted = select(GenerationRow).where(GenerationRow.domain == domain).order_by(GenerationRow.number.desc())
        if run is not None:
            wanted = wanted.where(GenerationRow.run_id == run)
        with self._reading() as session:
            row = session.scalar(wanted.limit(1))
            return None if row is None else LibraryReader(session, domain).generation(row)

    # Libraries.

    def library(self, generation: str) -> LibraryRecord:
        """The library of a generation.

        Raises:
            StoreError: if there is no such generation.
        """
        with self._reading() as session:
            row = self._generation_row(session, generation)
            return LibraryReader(session, row.domain).library(row)

    def library_version(self, domain: str, number: int) -> LibraryRecord:
        """The library with a number in a domain, as the last generation that has it used it.

        Raises:
            StoreError: if there is no such library.
        """
        with self._reading() as session:
            reader = LibraryReader(session, domain)
            having = [row for row in reader.generations if row.version.number == number]
            if not having:
                last = max((row.version.number for row in reader.generations), default=None)
                known = "it has none yet" if last is None else f"the last is {last}"
                raise StoreError(f"there is no library {number} of domain {domain} in the store {self.name}; {known}")
            return reader.library(having[-1])

    def forms(self, generation: str) -> tuple[FormRecord, ...]:
        """The programs of solutions as they are written with the library of a generation, in order of solutions.

        Raises:
            StoreError: if there is no such generation.
        """
        with self._reading() as session:
            row = self._generation_row(session, generation)
            return LibraryReader(session, row.domain).forms(row)

    def abstractions(self, domain: str) -> tuple[AbstractionRecord, ...]:
        """All abstractions that a domain has ever had, those included that were retired, in order of their numbers."""
        with self._reading() as session:
            return LibraryReader(session, domain).abstractions()

    def abstraction_names(self, domain: str) -> dict[str, str]:
        """Name of every abstraction that a domain has ever had, by key."""
        wanted = select(AbstractionRow.key, AbstractionRow.name).where(AbstractionRow.domain == domain)
        with self._reading() as session:
            return {row.key: row.name for row in session.execute(wanted.order_by(AbstractionRow.number))}

    def next_abstraction_number(self, domain: str) -> int:
        """The number that the next new abstraction of a domain gets if no other run comes before."""
        with self._reading() as session:
            return next_number(session, domain)


def _of_cycle(session: Session, new: NewGeneration) -> GenerationRow | None:
    """What the run has published of the domain in the same cycle."""
    wanted = select(GenerationRow).where(
        GenerationRow.run_id == new.run, GenerationRow.cycle == new.cycle, GenerationRow.domain == new.domain
    )
    return session.scalar(wanted)


def _last_number(session: Session, domain: str) -> int | None:
    return session.scalar(select(func.max(GenerationRow.number)).where(GenerationRow.domain == domain))


def _check_distinct(written: list[WrittenAbstraction]) -> None:
    seen: dict[str, str] = {}
    for one in written:
        name = one.new.operator.name
        if one.key in seen:
            raise StoreError(
                f"abstractions {seen[one.key]} and {name} are the same function; leave one out of the library"
            )
        seen[one.key] = name
