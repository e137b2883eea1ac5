"""The tables of a store, as the newest migration leaves them.

What a person may want to read is stored readable: programs as s-expressions, values as JSON, times in ISO 8601 (UTC).
Rows never leave this package; `store.records` has what is handed out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from sqlalchemy import BigInteger, Dialect, ForeignKey, Integer, MetaData, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from store.codec import decode_text, encode_text

LARGEST_INTEGER: Final = (1 << 63) - 1
"""The largest integer that a column takes; sizes beyond it are stored as this."""


class StoredText(TypeDecorator[str]):
    """Any Python text, those included that databases refuse (NUL, lone surrogates of undecodable file names)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else encode_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """From the database."""
        return None if value is None else decode_text(value)


class StoredTime(TypeDecorator[datetime]):
    """A moment as ISO 8601 text in UTC, microseconds always written, so that texts sort as times do."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else datetime.fromisoformat(value)


class StoredInteger(TypeDecorator[int]):
    """An integer of any length, as a seed may be, in decimals."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        """From the database."""
        return None if value is None else int(value)


# SQLite numbers rows by itself only in a column of its own type INTEGER, which has 64 bits as well.
_INTEGER = BigInteger().with_variant(Integer, "sqlite")
_Key = Annotated[int, mapped_column(primary_key=True)]


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: StoredText, datetime: StoredTime, int: _INTEGER}


class GrammarRow(Base):
    """A grammar that a file states."""

    __tablename__ = "grammar"
    id: Mapped[_Key]
    identity: Mapped[str] = mapped_column(unique=True)
    text: Mapped[str]


class SpecRow(Base):
    """A specification, once for each identity."""

    __tablename__ = "spec"
    id: Mapped[_Key]
    identity: Mapped[str] = mapped_column(unique=True)
    domain: Mapped[str | None]
    logic: Mapped[str | None]
    dialect: Mapped[str]
    classification: Mapped[str]
    conditions: Mapped[str]
    source: Mapped[str | None]
    created: Mapped[datetime]
    functions: Mapped[list[FunctionRow]] = relationship(order_by="FunctionRow.position")


class FunctionRow(Base):
    """A function that a specification asks for."""

    __tablename__ = "spec_function"
    __table_args__ = (UniqueConstraint("spec_id", "position"),)
    id: Mapped[_Key]
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"))
    position: Mapped[int]
    name: Mapped[str]
    signature: Mapped[str]
    parameters: Mapped[str]
    types: Mapped[str]
    grammar_id: Mapped[int | None] = mapped_column(ForeignKey("grammar.id"))
    grammar: Mapped[GrammarRow | None] = relationship()


class ExampleRow(Base):
    """An example of a specification."""

    __tablename__ = "spec_example"
    __table_args__ = (UniqueConstraint("spec_id", "position"),)
    id: Mapped[_Key]
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"))
    position: Mapped[int]
    function: Mapped[str]
    inputs: Mapped[str]
    output: Mapped[str]


class ProgramRow(Base):
    """A program, once for each content."""

    __tablename__ = "program"
    id: Mapped[_Key]
    digest: Mapped[str] = mapped_column(unique=True)
    domain: Mapped[str | None]
    text: Mapped[str]
    notes: Mapped[str]
    size: Mapped[int]


class SolutionRow(Base):
    """Programs for all functions of a specification, once for each content, apart for evaluation."""

    __tablename__ = "solution"
    __table_args__ = (UniqueConstraint("spec_id", "digest", "evaluation"),)
    id: Mapped[_Key]
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"))
    digest: Mapped[str]
    evaluation: Mapped[bool]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    verdict: Mapped[str]
    cost: Mapped[float | None]
    size: Mapped[int]
    found_by: Mapped[str | None]
    generation: Mapped[str]
    seed: Mapped[int] = mapped_column(StoredInteger)
    created: Mapped[datetime]
    programs: Mapped[list[SolutionProgramRow]] = relationship(order_by="SolutionProgramRow.position")


class SolutionProgramRow(Base):
    """The program of one function in a solution."""

    __tablename__ = "solution_program"
    solution_id: Mapped[int] = mapped_column(ForeignKey("solution.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    function: Mapped[str]
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"), index=True)
    program: Mapped[ProgramRow] = relationship()


class RunRow(Base):
    """A batch, a benchmark, a training or a single solve: what was asked, and who works on it."""

    __tablename__ = "run"
    id: Mapped[_Key]
    kind: Mapped[str]
    status: Mapped[str]
    settings: Mapped[str]
    settings_hash: Mapped[str]
    tasks_hash: Mapped[str] = mapped_column(index=True)
    tasks: Mapped[int]
    version: Mapped[str]
    worker: Mapped[str]
    started: Mapped[datetime]
    heartbeat: Mapped[datetime]
    finished: Mapped[datetime | None]


class ResultRow(Base):
    """What came of one task of a run."""

    __tablename__ = "result"
    __table_args__ = (UniqueConstraint("run_id", "cycle", "name"),)
    id: Mapped[_Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    cycle: Mapped[int] = mapped_column(server_default="0")
    position: Mapped[int]
    name: Mapped[str]
    spec_id: Mapped[int | None] = mapped_column(ForeignKey("spec.id"), index=True)
    split: Mapped[str | None]
    evaluation: Mapped[bool]
    status: Mapped[str]
    verdict: Mapped[str | None]
    reason: Mapped[str]
    size: Mapped[int | None]
    cost: Mapped[float | None]
    candidates: Mapped[int]
    cpu_seconds: Mapped[float]
    wall_seconds: Mapped[float]
    startup_seconds: Mapped[float]
    found_by: Mapped[str | None]
    held_out_right: Mapped[bool | None]
    answer: Mapped[str]
    row: Mapped[str]
    solution_id: Mapped[int | None] = mapped_column(ForeignKey("solution.id"), index=True)
    created: Mapped[datetime]
    spec: Mapped[SpecRow | None] = relationship()
    solution: Mapped[SolutionRow | None] = relationship()
    found: Mapped[list[ResultSolutionRow]] = relationship(
        order_by="ResultSolutionRow.position", cascade="all, delete-orphan"
    )


class ResultSolutionRow(Base):
    """A solution that a result has found, the answer first; another run may have found it before."""

    __tablename__ = "result_solution"
    result_id: Mapped[int] = mapped_column(ForeignKey("result.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    solution_id: Mapped[int] = mapped_column(ForeignKey("solution.id"), index=True)
    cost: Mapped[float | None]


class TaskRow(Base):
    """A task of a domain, once for each name in its source."""

    __tablename__ = "task"
    __table_args__ = (UniqueConstraint("domain", "source", "name"),)
    id: Mapped[_Key]
    domain: Mapped[str]
    source: Mapped[str]
    position: Mapped[int]
    name: Mapped[str]
    split: Mapped[str | None]
    algorithm: Mapped[str | None]
    spec_id: Mapped[int] = mapped_column(ForeignKey("spec.id"), index=True)
    created: Mapped[datetime]
    spec: Mapped[SpecRow] = relationship()


# What happens in a run.


class CycleRow(Base):
    """One wake and one sleep of a training."""

    __tablename__ = "cycle"
    __table_args__ = (UniqueConstraint("run_id", "number"),)
    id: Mapped[_Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    number: Mapped[int]
    phase: Mapped[str]
    data: Mapped[str]
    started: Mapped[datetime]
    finished: Mapped[datetime | None]


class MetricRow(Base):
    """A measured number, once for each step; no number at all is NaN."""

    __tablename__ = "metric"
    __table_args__ = (UniqueConstraint("run_id", "cycle", "name", "step"),)
    id: Mapped[_Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    cycle: Mapped[int]
    name: Mapped[str]
    step: Mapped[int]
    value: Mapped[float | None]
    created: Mapped[datetime]


class EventRow(Base):
    """Something that happened and that a person may want to know."""

    __tablename__ = "event"
    id: Mapped[_Key]
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), index=True)
    cycle: Mapped[int]
    kind: Mapped[str]
    message: Mapped[str]
    data: Mapped[str]
    created: Mapped[datetime]


# Libraries.


class AbstractionRow(Base):
    """A library function, once for each content in a domain; its number and name are never given again."""

    __tablename__ = "abstraction"
    __table_args__ = (
        UniqueConstraint("domain", "key"),
        UniqueConstraint("domain", "name"),
        UniqueConstraint("domain", "number"),
    )
    id: Mapped[_Key]
    domain: Mapped[str]
    number: Mapped[int]
    name: Mapped[str]
    key: Mapped[str]
    type: Mapped[str]
    definition: Mapped[str]
    notes: Mapped[str]
    size: Mapped[int]
    created: Mapped[datetime]


class AbstractionParentRow(Base):
    """That an abstraction was built on another one."""

    __tablename__ = "abstraction_parent"
    abstraction_id: Mapped[int] = mapped_column(ForeignKey("abstraction.id"), primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey("abstraction.id"), primary_key=True)


class LibraryVersionRow(Base):
    """A library, once for each list of abstractions in a domain."""

    __tablename__ = "library_version"
    __table_args__ = (UniqueConstraint("domain", "digest"), UniqueConstraint("domain", "number"))
    id: Mapped[_Key]
    domain: Mapped[str]
    number: Mapped[int]
    digest: Mapped[str]
    created: Mapped[datetime]


class LibraryMemberRow(Base):
    """An abstraction in its place in a library."""

    __tablename__ = "library_member"
    __table_args__ = (UniqueConstraint("version_id", "abstraction_id"),)
    version_id: Mapped[int] = mapped_column(ForeignKey("library_version.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    abstraction_id: Mapped[int] = mapped_column(ForeignKey("abstraction.id"), index=True)
    abstraction: Mapped[AbstractionRow] = relationship()


class SolutionFormRow(Base):
    """A program of a solution, written with a library."""

    __tablename__ = "solution_form"
    __table_args__ = (UniqueConstraint("solution_id", "version_id", "function"),)
    id: Mapped[_Key]
    solution_id: Mapped[int] = mapped_column(ForeignKey("solution.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("library_version.id"), index=True)
    function: Mapped[str]
    text: Mapped[str]
    notes: Mapped[str]
    size: Mapped[int]
    cost: Mapped[float | None]


# Generations.


class CheckpointRow(Base):
    """A file of the artifacts folder, once for each content."""

    __tablename__ = "checkpoint"
    id: Mapped[_Key]
    kind: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    created: Mapped[datetime]


class GenerationRow(Base):
    """What one cycle has learned of a domain."""

    __tablename__ = "generation"
    __table_args__ = (UniqueConstraint("domain", "number"), UniqueConstraint("run_id", "cycle", "domain"))
    id: Mapped[_Key]
    domain: Mapped[str]
    number: Mapped[int]
    name: Mapped[str] = mapped_column(unique=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    cycle: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("generation.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("library_version.id"))
    weights: Mapped[str]
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoint.id"))
    network_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoint.id"))
    created: Mapped[datetime]
    parent: Mapped[GenerationRow | None] = relationship(remote_side="GenerationRow.id")
    version: Mapped[LibraryVersionRow] = relationship()
    checkpoint: Mapped[CheckpointRow | None] = relationship(foreign_keys=checkpoint_id)
    network: Mapped[CheckpointRow | None] = relationship(foreign_keys=network_id)


class AbstractionUseRow(Base):
    """How much an abstraction was used when a generation was made."""

    __tablename__ = "abstraction_use"
    generation_id: Mapped[int] = mapped_column(ForeignKey("generation.id"), primary_key=True)
    abstraction_id: Mapped[int] = mapped_column(ForeignKey("abstraction.id"), primary_key=True)
    uses: Mapped[int]
    statistics: Mapped[str]
