"""Everything that a store holds: how much of it there is, and all of it as lines for people and programs."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from store.checkpoints import checkpoint_record
from store.database import Database, result_count
from store.library_records import AbstractionRecord, FormRecord, GenerationRecord
from store.library_rows import LibraryReader
from store.models import (
    AbstractionRow,
    Base,
    CheckpointRow,
    CycleRow,
    EventRow,
    ExampleRow,
    GenerationRow,
    GrammarRow,
    LibraryVersionRow,
    MetricRow,
    ProgramRow,
    ResultRow,
    RunRow,
    SolutionFormRow,
    SolutionProgramRow,
    SolutionRow,
    SpecRow,
    TaskRow,
)
from store.progress import cycle_record, event_record, metric_record
from store.rows import result_record, run_record, solution_record, spec_record, task_record

Line = dict[str, object]
"""One stored thing: what it is under ``record``, and its attributes, all of them data that JSON can say."""

_COUNTED: Final[tuple[tuple[str, type[Base]], ...]] = (
    ("specifications", SpecRow),
    ("grammars", GrammarRow),
    ("examples", ExampleRow),
    ("tasks", TaskRow),
    ("programs", ProgramRow),
    ("solutions", SolutionRow),
    ("runs", RunRow),
    ("results", ResultRow),
    ("cycles", CycleRow),
    ("metrics", MetricRow),
    ("events", EventRow),
    ("generations", GenerationRow),
    ("libraries", LibraryVersionRow),
    ("abstractions", AbstractionRow),
    ("rewritten programs", SolutionFormRow),
    ("checkpoints", CheckpointRow),
)

_TABLE_BYTES: Final = """
    SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r'
"""


class Inventory(Database):
    """What a store holds, as a whole; a part of `Store`."""

    def counts(self) -> dict[str, int]:
        """How many things there are of each kind."""
        with self._reading() as session:
            return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in _COUNTED}

    def size(self) -> int:
        """Bytes of the database, its write-ahead log included; files of the artifacts folder are not."""
        path = self.place.path
        if path is not None:
            files = [path, path.with_name(f"{path.name}-wal")]
            return sum(file.stat().st_size for file in files if file.exists())
        with self._reading() as session:
            return int(session.execute(text(_TABLE_BYTES)).scalar_one())

    def export(self) -> Iterator[Line]:
        """Everything as it is at one moment, each thing after those it refers to.

        Programs and weights are as readable as in the database; the files of the artifacts folder are only named.
        """
        with self._reading() as session:
            yield from _grammars(session)
            yield from _specifications(session)
            yield from _solutions(session)
            yield from _runs(session)
            yield from _libraries(session)
            rows = session.scalars(select(CheckpointRow).order_by(CheckpointRow.id))
            yield from (_line("checkpoint", checkpoint_record(row)) for row in rows)


_BATCH: Final = 500
"""Rows that are read at a time."""


def _line(kind: str, record: object, **more: object) -> Line:
    """A record as a line; some of its attributes may be given otherwise."""
    fields = _plain(record)
    assert isinstance(fields, dict)
    return {"record": kind, **fields, **{name: _plain(value) for name, value in more.items()}}


def _plain(value: object) -> object:
    """Data that JSON can say: records as objects, times in ISO 8601, numbers that are none as text."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    # JSON has neither NaN nor infinities.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _grammars(session: Session) -> Iterator[Line]:
    for row in session.scalars(select(GrammarRow).order_by(GrammarRow.id)):
        yield {"record": "grammar", "identity": row.identity, "text": row.text}


def _specifications(session: Session) -> Iterator[Line]:
    specs = select(SpecRow).order_by(SpecRow.id).options(selectinload(SpecRow.functions))
    for row in session.scalars(specs.execution_options(yield_per=_BATCH)):
        examples = session.scalars(select(ExampleRow).where(ExampleRow.spec_id == row.id).order_by(ExampleRow.position))
        shown = [
            {"function": e.function, "inputs": json.loads(e.inputs), "output": json.loads(e.output)} for e in examples
        ]
        yield _line("specification", spec_record(row), examples=shown)
    tasks = select(TaskRow).order_by(TaskRow.id).options(joinedload(TaskRow.spec))
    yield from (_line("task", task_record(row)) for row in session.scalars(tasks))


def _solutions(session: Session) -> Iterator[Line]:
    wanted = (
        select(SolutionRow, SpecRow.identity)
        .join(SpecRow, SolutionRow.spec_id == SpecRow.id)
        .order_by(SolutionRow.id)
        .options(selectinload(SolutionRow.programs).joinedload(SolutionProgramRow.program))
        .execution_options(yield_per=_BATCH)
    )
    for row, identity in session.execute(wanted):
        yield _line("solution", solution_record(row, identity))


def _runs(session: Session) -> Iterator[Line]:
    for row in session.scalars(select(RunRow).order_by(RunRow.id)):
        yield _line("run", run_record(row, result_count(session, row.id)))
    results = select(ResultRow).order_by(ResultRow.id).options(joinedload(ResultRow.spec))
    for result in session.scalars(results.execution_options(yield_per=_BATCH)):
        yield _line("result", result_record(result), row=json.loads(result.row))
    yield from (_line("cycle", cycle_record(c)) for c in session.scalars(select(CycleRow).order_by(CycleRow.id)))
    for metric in session.scalars(select(MetricRow).order_by(MetricRow.id).execution_options(yield_per=_BATCH)):
        yield _line("metric", metric_record(metric))
    yield from (_line("event", event_record(e)) for e in session.scalars(select(EventRow).order_by(EventRow.id)))


def _libraries(session: Session) -> Iterator[Line]:
    domains = sorted(set(session.scalars(select(GenerationRow.domain))))
    for domain in domains:
        reader = LibraryReader(session, domain)
        yield from map(_abstraction_line, reader.abstractions())
        seen = set()
        for row in reader.generations:
            yield _generation_line(reader.generation(row))
            if row.version_id not in seen:
                seen.add(row.version_id)
                yield from _form_lines(reader.forms(row))


def _abstraction_line(record: AbstractionRecord) -> Line:
    return _line("abstraction", record)


def _generation_line(record: GenerationRecord) -> Line:
    library = {
        "version": record.library.version,
        "members": [
            {"name": m.abstraction.name, "uses": m.uses, "statistics": m.statistics} for m in record.library.members
        ],
    }
    line = _line("generation", record, library=library, weights=json.loads(record.weights_text))
    del line["weights_text"]
    return line


def _form_lines(records: Iterable[FormRecord]) -> Iterator[Line]:
    for record in records:
        library = {"domain": record.library.domain, "version": record.library.version}
        yield _line("form", record, library=library)
