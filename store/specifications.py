"""What is asked and what answers it: specifications, tasks, and the programs that were found."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from dsl.spec import Example, Spec, Task
from store.database import Database, spec_row
from store.models import SolutionProgramRow, SolutionRow, SpecRow, TaskRow
from store.records import NewSolution, SolutionRecord, SpecRecord, TaskRecord
from store.rows import (
    WrittenSolution,
    examples_of,
    find_or_add_solutions,
    find_or_add_spec,
    put_task,
    solution_record,
    spec_record,
    task_record,
)


class Specifications(Database):
    """Specifications, tasks and solutions; a part of `Store`."""

    def save_spec(self, spec: Spec) -> SpecRecord:
        """Remember a specification; one with the same identity that was stored before stays."""
        identity = spec.identity
        with self._writing() as session:
            return spec_record(find_or_add_spec(session, spec, identity, self._clock()))

    def spec(self, identity: str) -> SpecRecord | None:
        """The specification with an identity, or None."""
        with self._reading() as session:
            row = spec_row(session, identity)
            return None if row is None else spec_record(row)

    def examples(self, identity: str) -> tuple[Example, ...]:
        """The examples of a stored specification, in its order; none if it is not known."""
        with self._reading() as session:
            row = spec_row(session, identity)
            return () if row is None else examples_of(session, row)

    # Tasks.

    def save_tasks(self, domain: str, tasks: Sequence[Task], source: str) -> tuple[TaskRecord, ...]:
        """Remember tasks of a domain with their specifications, in order; their held-out examples are not stored.

        A task that its source has had before stays, with what it asks now.

        Args:
            domain: name of the domain.
            tasks: the tasks; no two have the same name.
            source: where they come from: the domain itself, a suite, or a file.
        """
        identities = [task.spec.identity for task in tasks]
        with self._writing() as session:
            now = self._clock()
            rows = []
            for position, (task, identity) in enumerate(zip(tasks, identities, strict=True)):
                spec = find_or_add_spec(session, task.spec, identity, now)
                rows.append(put_task(session, domain, source, position, task, spec, now))
            session.flush()
            return tuple(map(task_record, rows))

    def tasks(
        self, domain: str | None = None, *, split: str | None = None, source: str | None = None
    ) -> tuple[TaskRecord, ...]:
        """The tasks of all domains or of one, by domain, source and position.

        Args:
            domain: only those of this domain.
            split: only those of this split, ``train`` or ``test``.
            source: only those that come from here.
        """
        wanted = select(TaskRow).options(joinedload(TaskRow.spec))
        for column, value in ((TaskRow.domain, domain), (TaskRow.split, split), (TaskRow.source, source)):
            if value is not None:
                wanted = wanted.where(column == value)
        with self._reading() as session:
            found = map(task_record, session.scalars(wanted.order_by(TaskRow.id)))
            # Sorted here, since databases do not agree on the order of texts.
            return tuple(sorted(found, key=lambda task: (task.domain, task.source, task.position)))

    # Solutions.

    def save_solution(self, spec: Spec, solution: NewSolution, *, evaluation: bool = False) -> SolutionRecord:
        """Remember programs for a specification; equal ones that were stored before stay.

        Args:
            spec: what is solved.
            solution: a program for each of its functions.
            evaluation: whether learning must not see them.
        """
        identity, written = spec.identity, WrittenSolution.of(spec, solution)
        with self._writing() as session:
            now = self._clock()
            spec_row = find_or_add_spec(session, spec, identity, now)
            (row,) = find_or_add_solutions(session, spec_row, [written], evaluation=evaluation, run=None, now=now)
            return solution_record(row, identity)

    def solutions(self, identity: str, *, evaluation: bool = False) -> tuple[SolutionRecord, ...]:
        """The solutions of the specification with an identity, the cheapest first.

        Args:
            identity: identity of the specification.
            evaluation: give those that were found while measuring instead of the others.
        """
        wanted = (
            select(SolutionRow)
            .join(SpecRow, SolutionRow.spec_id == SpecRow.id)
            .where(SpecRow.identity == identity, SolutionRow.evaluation == evaluation)
            .order_by(SolutionRow.cost.is_(None), SolutionRow.cost, SolutionRow.size, SolutionRow.id)
            .options(selectinload(SolutionRow.programs).joinedload(SolutionProgramRow.program))
        )
        with self._reading() as session:
            return tuple(solution_record(row, identity) for row in session.scalars(wanted))
