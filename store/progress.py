"""What happens in a run: its cycles, measured numbers, and events."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from store.codec import to_json
from store.database import Database
from store.errors import StoreError
from store.models import CycleRow, EventRow, MetricRow
from store.records import CycleRecord, EventRecord, MetricRecord
from store.rows import add_event_row


class Progress(Database):
    """Cycles, metrics and events of runs; a part of `Store`."""

    # Cycles.

    def begin_cycle(self, run: int, number: int, data: Mapping[str, object], *, phase: str = "wake") -> CycleRecord:
        """Begin a cycle of a run; one that was begun before is returned as it is, finished or not.

        Args:
            run: number of the run.
            number: number of the cycle.
            data: what is to be kept of it, as data that JSON can say.
            phase: how far it has come, in the words of the caller.
        """
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            row = _cycle(session, run, number)
            if row is None:
                row = CycleRow(run_id=run, number=number, phase=phase, data=to_json(data), started=now)
                session.add(row)
                session.flush()
            return cycle_record(row)

    def update_cycle(
        self, run: int, number: int, data: Mapping[str, object] | None = None, *, phase: str | None = None
    ) -> CycleRecord:
        """Keep other data of a cycle in the place of the former, or say that it has come further.

        Raises:
            StoreError: if the cycle was not begun.
        """
        return self._put_cycle(run, number, data, phase, ends=False)

    def finish_cycle(
        self, run: int, number: int, data: Mapping[str, object] | None = None, *, phase: str = "finished"
    ) -> CycleRecord:
        """Say that a cycle has come to its end; `data` is kept in the place of the former if given.

        Raises:
            StoreError: if the cycle was not begun.
        """
        return self._put_cycle(run, number, data, phase, ends=True)

    def _put_cycle(
        self, run: int, number: int, data: Mapping[str, object] | None, phase: str | None, *, ends: bool
    ) -> CycleRecord:
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            row = _cycle(session, run, number)
            if row is None:
                raise StoreError(f"cycle {number} of run {run} was never begun in the store {self.name}")
            if data is not None:
                row.data = to_json(data)
            if phase is not None:
                row.phase = phase
            if ends:
                row.finished = row.finished or now
            return cycle_record(row)

    def cycles(self, run: int) -> tuple[CycleRecord, ...]:
        """The cycles of a run, in order.

        Raises:
            StoreError: if there is no such run.
        """
        with self._reading() as session:
            self._run_row(session, run)
            wanted = select(CycleRow).where(CycleRow.run_id == run).order_by(CycleRow.number)
            return tuple(map(cycle_record, session.scalars(wanted)))

    # Metrics.

    def add_metrics(self, run: int, cycle: int, values: Mapping[str, float], *, step: int = 0) -> None:
        """Remember measured numbers; one that was recorded for the same step before is replaced.

        Args:
            run: number of the run.
            cycle: number of the cycle.
            values: the numbers by name; NaN and infinities may be among them.
            step: at which step of the cycle; 0 for what is measured once.
        """
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            wanted = select(MetricRow).where(MetricRow.run_id == run, MetricRow.cycle == cycle, MetricRow.step == step)
            known = {row.name: row for row in session.scalars(wanted)}
            for name, value in values.items():
                row = known.get(name)
                if row is None:
                    row = known[name] = MetricRow(run_id=run, cycle=cycle, name=name, step=step)
                    session.add(row)
                row.value, row.created = None if math.isnan(value) else float(value), now

    def metrics(self, run: int, name: str | None = None) -> tuple[MetricRecord, ...]:
        """The measured numbers of a run by cycle, step and in the order of recording; all, or those of one name.

        Raises:
            StoreError: if there is no such run.
        """
        wanted = select(MetricRow).where(MetricRow.run_id == run)
        if name is not None:
            wanted = wanted.where(MetricRow.name == name)
        with self._reading() as session:
            self._run_row(session, run)
            rows = session.scalars(wanted.order_by(MetricRow.cycle, MetricRow.step, MetricRow.id))
            return tuple(map(metric_record, rows))

    # Events.

    def add_event(
        self, run: int, cycle: int, kind: str, message: str, data: Mapping[str, object] | None = None
    ) -> EventRecord:
        """Remember something that happened and that a person may want to know.

        Args:
            run: number of the run.
            cycle: number of the cycle.
            kind: what kind of event, in one word.
            message: what happened, in one sentence.
            data: details, as data that JSON can say.
        """
        with self._writing() as session:
            now = self._clock()
            self._run_row(session, run).heartbeat = now
            row = add_event_row(session, run, cycle, kind, message, data or {}, now)
            session.flush()
            return event_record(row)

    def events(self, run: int) -> tuple[EventRecord, ...]:
        """The events of a run, the oldest first.

        Raises:
            StoreError: if there is no such run.
        """
        with self._reading() as session:
            self._run_row(session, run)
            rows = session.scalars(select(EventRow).where(EventRow.run_id == run).order_by(EventRow.id))
            return tuple(map(event_record, rows))


def _cycle(session: Session, run: int, number: int) -> CycleRow | None:
    return session.scalar(select(CycleRow).where(CycleRow.run_id == run, CycleRow.number == number))


def cycle_record(row: CycleRow) -> CycleRecord:
    """A cycle as it is handed out."""
    return CycleRecord(row.run_id, row.number, row.phase, json.loads(row.data), row.started, row.finished)


def metric_record(row: MetricRow) -> MetricRecord:
    """A measured number as it is handed out."""
    value = math.nan if row.value is None else row.value
    return MetricRecord(row.run_id, row.cycle, row.name, row.step, value, row.created)


def event_record(row: EventRow) -> EventRecord:
    """An event as it is handed out."""
    return EventRecord(row.run_id, row.cycle, row.kind, row.message, json.loads(row.data), row.created)
