"""Between rows and records of libraries: names abstractions, finds or adds their rows, and reads rows into records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dsl.terms import ABSTRACTION, Operator, Term
from store.codec import (
    TermText,
    content_hash,
    decode_abstraction,
    encode_term,
    exchange_operators,
    is_free_name,
    to_json,
)
from store.errors import StoreError
from store.library_records import (
    AbstractionRecord,
    FormRecord,
    GenerationRecord,
    LibraryRecord,
    MemberRecord,
    NewAbstraction,
    NewForm,
)
from store.models import (
    LARGEST_INTEGER,
    AbstractionParentRow,
    AbstractionRow,
    AbstractionUseRow,
    GenerationRow,
    LibraryMemberRow,
    LibraryVersionRow,
    SolutionFormRow,
    SolutionRow,
)

# Writing.


@dataclass(frozen=True)
class WrittenAbstraction:
    """A library function whose definition is text already, so that no transaction has to wait for that.

    Attributes:
        new: the function.
        definition: its definition as text.
        key: its identity.
    """

    new: NewAbstraction
    definition: TermText
    key: str

    @classmethod
    def of(cls, new: NewAbstraction, domain: str) -> Self:
        """Write the definition of a library function of a domain."""
        operator = new.operator
        assert operator.kind == ABSTRACTION, operator.kind
        assert operator.definition is not None
        return cls(new, encode_term(operator.definition, domain), operator.key)


def next_number(session: Session, domain: str) -> int:
    """The number of the next abstraction that is new in a domain."""
    return 1 + (session.scalar(select(func.max(AbstractionRow.number)).where(AbstractionRow.domain == domain)) or 0)


def find_or_add_abstractions(
    session: Session, domain: str, written: Sequence[WrittenAbstraction], now: datetime
) -> list[AbstractionRow]:
    """The rows of library functions, in order; those that are new get numbers and, where theirs are taken, names."""
    known = {row.key: row for row in session.scalars(select(AbstractionRow).where(AbstractionRow.domain == domain))}
    names = {row.name for row in known.values()}
    number = next_number(session, domain)
    for one in written:
        if one.key in known:
            continue
        name = _name(one.new.operator, number, names, domain)
        names.add(name)
        known[one.key] = AbstractionRow(
            domain=domain,
            number=number,
            name=name,
            key=one.key,
            type=str(one.new.operator.type),
            definition=one.definition.text,
            notes=one.definition.notes,
            size=min(_size(one.new.operator), LARGEST_INTEGER),
            created=now,
        )
        session.add(known[one.key])
        number += 1
    session.flush()
    for one in written:
        _add_parents(session, domain, one, known)
    return [known[one.key] for one in written]


def _size(operator: Operator) -> int:
    return 0 if operator.definition is None else operator.definition.size


def _name(operator: Operator, number: int, taken: set[str], domain: str) -> str:
    """The name of a new abstraction: its own if that is free, else ``f`` with a number."""
    name = operator.name
    while name in taken or not is_free_name(name, operator.arity, domain):
        name = f"f{number}"
        number += 1
    return name


def _add_parents(
    session: Session, domain: str, written: WrittenAbstraction, known: Mapping[str, AbstractionRow]
) -> None:
    child = known[written.key].id
    wanted = select(AbstractionParentRow.parent_id).where(AbstractionParentRow.abstraction_id == child)
    present = set(session.scalars(wanted))
    for key in dict.fromkeys(written.new.parents):
        if key not in known:
            raise StoreError(
                f"abstraction {written.new.operator.name} names the parent {key}, which domain {domain} has never had; "
                f"parents are keys of abstractions of this or an earlier library"
            )
        parent = known[key].id
        if parent not in present:
            session.add(AbstractionParentRow(abstraction_id=child, parent_id=parent))


def find_or_add_version(
    session: Session, domain: str, members: Sequence[AbstractionRow], now: datetime
) -> LibraryVersionRow:
    """The row of the library that has these abstractions in this order."""
    digest = content_hash(*(member.key for member in members))
    wanted = select(LibraryVersionRow).where(LibraryVersionRow.domain == domain, LibraryVersionRow.digest == digest)
    found = session.scalar(wanted)
    if found is not None:
        return found
    last = session.scalar(select(func.max(LibraryVersionRow.number)).where(LibraryVersionRow.domain == domain))
    made = LibraryVersionRow(domain=domain, number=1 + (last or 0), digest=digest, created=now)
    session.add(made)
    session.flush()
    for position, member in enumerate(members):
        session.add(LibraryMemberRow(version_id=made.id, position=position, abstraction_id=member.id))
    return made


def add_uses(
    session: Session, generation: GenerationRow, members: Sequence[AbstractionRow], new: Sequence[NewAbstraction]
) -> None:
    """Add how much each abstraction was used when a generation was made."""
    for member, one in zip(members, new, strict=True):
        session.add(
            AbstractionUseRow(
                generation_id=generation.id,
                abstraction_id=member.id,
                uses=one.uses,
                statistics=to_json(one.statistics),
            )
        )


def stored_operators(members: Sequence[AbstractionRow], domain: str) -> tuple[Operator, ...]:
    """The functions of some rows, with the names that they have in the store."""
    return tuple(decode_abstraction(row.name, row.type, TermText(row.definition, domain, row.notes)) for row in members)


def put_forms(
    session: Session, version: LibraryVersionRow, forms: Sequence[NewForm], library: Mapping[Operator, Operator]
) -> None:
    """Add the programs of solutions in terms of a library; they take the place of those that were there.

    Args:
        session: the transaction.
        version: the library.
        forms: the programs.
        library: the functions that the programs use, each with the one that is stored for it.
    """
    stored = tuple(dict.fromkeys(library.values()))
    numbers = {form.solution for form in forms}
    known = set(session.scalars(select(SolutionRow.id).where(SolutionRow.id.in_(numbers)))) if numbers else set()
    present = {
        (row.solution_id, row.function): row
        for row in session.scalars(select(SolutionFormRow).where(SolutionFormRow.version_id == version.id))
    }
    for form in forms:
        if form.solution not in known:
            raise StoreError(f"a form belongs to the solution {form.solution}, which is not in the store")
        program = exchange_operators(form.program, library)
        row = present.get((form.solution, form.function))
        if row is None:
            row = SolutionFormRow(solution_id=form.solution, version_id=version.id, function=form.function)
            present[form.solution, form.function] = row
            session.add(row)
        _fill(row, program, version.domain, stored, form.cost)


def _fill(row: SolutionFormRow, program: Term, domain: str, library: Sequence[Operator], cost: float | None) -> None:
    written = encode_term(program, domain, library)
    row.text, row.notes, row.cost = written.text, written.notes, cost
    row.size = min(program.size, LARGEST_INTEGER)


# Reading.


class LibraryReader:
    """Reads rows of libraries and generations of one transaction, each table once."""

    def __init__(self, session: Session, domain: str) -> None:
        """Read of one domain."""
        self._session, self._domain = session, domain
        wanted = select(GenerationRow).where(GenerationRow.domain == domain).order_by(GenerationRow.number)
        self.generations = list(session.scalars(wanted))
        self._members = self._read_members()
        self._abstractions = self._read_abstractions()

    def _read_members(self) -> dict[int, list[int]]:
        """Numbers of the rows of abstractions in each library version, in order."""
        wanted = (
            select(LibraryMemberRow.version_id, LibraryMemberRow.abstraction_id)
            .join(LibraryVersionRow, LibraryMemberRow.version_id == LibraryVersionRow.id)
            .where(LibraryVersionRow.domain == self._domain)
            .order_by(LibraryMemberRow.version_id, LibraryMemberRow.position)
        )
        members: dict[int, list[int]] = {}
        for version, abstraction in self._session.execute(wanted):
            members.setdefault(version, []).append(abstraction)
        return members

    def _read_abstractions(self) -> dict[int, AbstractionRecord]:
        wanted = select(AbstractionRow).where(AbstractionRow.domain == self._domain).order_by(AbstractionRow.number)
        rows = {row.id: row for row in self._session.scalars(wanted)}
        parents: dict[int, list[int]] = {}
        for child, parent in self._session.execute(
            select(AbstractionParentRow.abstraction_id, AbstractionParentRow.parent_id)
            .join(AbstractionRow, AbstractionParentRow.parent_id == AbstractionRow.id)
            .where(AbstractionRow.domain == self._domain)
            .order_by(AbstractionRow.number)
        ):
            parents.setdefault(child, []).append(parent)
        born, retired = self._lives()
        return {
            number: AbstractionRecord(
                domain=row.domain,
                number=row.number,
                name=row.name,
                key=row.key,
                type=row.type,
                definition=TermText(row.definition, row.domain, row.notes),
                size=row.size,
                parents=tuple(rows[parent].name for parent in parents.get(number, ())),
                born=born[number],
                retired=retired.get(number),
                created=row.created,
            )
            for number, row in rows.items()
        }

    def _lives(self) -> tuple[dict[int, str], dict[int, str]]:
        """By abstraction, the first generation that had it, and the one that dropped it for good if one has."""
        born: dict[int, str] = {}
        retired: dict[int, str] = {}
        for generation in self.generations:
            members = self._members.get(generation.version_id, [])
            former = [] if generation.parent is None else self._members.get(generation.parent.version_id, [])
            for abstraction in former:
                retired.setdefault(abstraction, generation.name)
            for abstraction in members:
                born.setdefault(abstraction, generation.name)
                retired.pop(abstraction, None)
        return born, retired

    def abstractions(self) -> tuple[AbstractionRecord, ...]:
        """All abstractions that there ever were, in order of their numbers."""
        return tuple(self._abstractions.values())

    def library(self, generation: GenerationRow) -> LibraryRecord:
        """The library of a generation."""
        wanted = select(AbstractionUseRow).where(AbstractionUseRow.generation_id == generation.id)
        uses = {row.abstraction_id: row for row in self._session.scalars(wanted)}
        members = tuple(
            MemberRecord(self._abstractions[number], uses[number].uses, json.loads(uses[number].statistics))
            for number in self._members.get(generation.version_id, [])
        )
        return LibraryRecord(self._domain, generation.version.number, generation.name, members)

    def generation(self, row: GenerationRow) -> GenerationRecord:
        """A generation as it is handed out."""
        return GenerationRecord(
            name=row.name,
            domain=row.domain,
            number=row.number,
            run=row.run_id,
            cycle=row.cycle,
            parent=None if row.parent is None else row.parent.name,
            library=self.library(row),
            weights_text=row.weights,
            checkpoint=None if row.checkpoint is None else row.checkpoint.digest,
            network=None if row.network is None else row.network.digest,
            created=row.created,
        )

    def forms(self, generation: GenerationRow) -> tuple[FormRecord, ...]:
        """The programs of solutions in terms of the library of a generation, in order of the solutions."""
        library = self.library(generation)
        wanted = (
            select(SolutionFormRow)
            .where(SolutionFormRow.version_id == generation.version_id)
            .order_by(SolutionFormRow.solution_id, SolutionFormRow.id)
        )
        return tuple(
            FormRecord(
                row.solution_id,
                row.function,
                TermText(row.text, self._domain, row.notes),
                row.size,
                row.cost,
                library,
            )
            for row in self._session.scalars(wanted)
        )
