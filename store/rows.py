"""Between rows and records: finds or adds the rows of what is to be stored, and reads rows into frozen records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from dsl.grammar import Grammar
from dsl.printing import to_smt
from dsl.spec import Example, Function, Spec, Task
from dsl.types import arrow, parse_type
from store.codec import TermText, content_hash, decode_example, encode_example, encode_term, to_json
from store.models import (
    LARGEST_INTEGER,
    EventRow,
    ExampleRow,
    FunctionRow,
    GrammarRow,
    ProgramRow,
    ResultRow,
    ResultSolutionRow,
    RunRow,
    SolutionProgramRow,
    SolutionRow,
    SpecRow,
    TaskRow,
)
from store.records import (
    FunctionRecord,
    NewResult,
    NewSolution,
    ProgramRecord,
    ResultRecord,
    RunRecord,
    RunStatus,
    SolutionRecord,
    SpecRecord,
    TaskRecord,
)

PROVED = "proved"
"""The verdict that outweighs the others."""


# Specifications.


def find_or_add_spec(session: Session, spec: Spec, identity: str, now: datetime) -> SpecRow:
    """The row of a specification; what is first stored under an identity stays."""
    found = session.scalar(select(SpecRow).where(SpecRow.identity == identity))
    if found is not None:
        return found
    made = SpecRow(
        identity=identity,
        domain=spec.domain,
        logic=spec.logic,
        dialect=spec.dialect,
        classification=str(spec.classification),
        conditions="" if spec.source is not None else "\n".join(_conditions(spec)),
        source=spec.source,
        created=now,
        functions=[_function_row(session, function, i) for i, function in enumerate(spec.functions)],
    )
    session.add(made)
    session.flush()
    if spec.examples:
        session.execute(insert(ExampleRow), [_example_values(made.id, i, e) for i, e in enumerate(spec.examples)])
    return made


def _example_values(spec: int, position: int, example: Example) -> dict[str, object]:
    inputs, output = encode_example(example)
    return {
        "spec_id": spec,
        "position": position,
        "function": example.function,
        "inputs": inputs,
        "output": output,
    }


def _conditions(spec: Spec) -> Iterable[str]:
    names = [name for name, _ in spec.variables]
    yield from (f"(assume {to_smt(assumption.term, names)})" for assumption in spec.assumptions)
    yield from (f"(constraint {to_smt(constraint.term, names)})" for constraint in spec.constraints)
    if spec.invariant is not None:
        parts = (spec.invariant.pre, spec.invariant.trans, spec.invariant.post)
        yield f"(inv-constraint {spec.invariant.function} {' '.join(part.name for part in parts)})"


def _function_row(session: Session, function: Function, position: int) -> FunctionRow:
    return FunctionRow(
        position=position,
        name=function.name,
        signature=function.signature,
        parameters=to_json([name for name, _ in function.parameters]),
        types=to_json([str(type_) for type_ in (*function.type.parameters, function.type.result)]),
        grammar=None if function.grammar is None else _find_or_add_grammar(session, function.grammar),
    )


def _find_or_add_grammar(session: Session, grammar: Grammar) -> GrammarRow:
    # The identity of a domain's language is a text of any length, and what it derives may have no end.
    identity = grammar.identity if grammar.rules is not None else content_hash(grammar.identity)
    found = session.scalar(select(GrammarRow).where(GrammarRow.identity == identity))
    if found is None:
        found = GrammarRow(identity=identity, text=str(grammar) if grammar.rules is not None else grammar.identity)
        session.add(found)
        session.flush()
    return found


def spec_record(row: SpecRow) -> SpecRecord:
    """A specification as it is handed out."""
    functions = tuple(
        FunctionRecord(f.name, f.signature, None if f.grammar is None else f.grammar.identity) for f in row.functions
    )
    return SpecRecord(
        identity=row.identity,
        domain=row.domain,
        logic=row.logic,
        dialect=row.dialect,
        classification=row.classification,
        functions=functions,
        conditions=row.conditions,
        source=row.source,
        created=row.created,
    )


def examples_of(session: Session, row: SpecRow) -> tuple[Example, ...]:
    """The examples of a specification, in its order."""
    types = {f.name: arrow(*map(parse_type, json.loads(f.types))) for f in row.functions}
    rows = session.scalars(select(ExampleRow).where(ExampleRow.spec_id == row.id).order_by(ExampleRow.position))
    return tuple(decode_example(e.inputs, e.output, e.function, types[e.function]) for e in rows)


# Solutions.


@dataclass(frozen=True)
class WrittenSolution:
    """A solution whose programs are text already, so that no transaction has to wait for that.

    Attributes:
        solution: the solution.
        programs: name of the function, text and size of each program, in the order of the specification.
    """

    solution: NewSolution
    programs: tuple[tuple[str, TermText, int], ...]

    @classmethod
    def of(cls, spec: Spec, solution: NewSolution) -> Self:
        """Write the programs of a solution of `spec`."""
        programs = solution.programs
        assert programs.keys() == {function.name for function in spec.functions}, list(programs)
        names = [function.name for function in spec.functions]
        return cls(solution, tuple((n, encode_term(programs[n], spec.domain), programs[n].size) for n in names))

    @property
    def digest(self) -> str:
        """Content hash of the programs."""
        return content_hash(*(part for name, written, _ in self.programs for part in (name, written.digest)))


def find_or_add_solutions(
    session: Session, spec: SpecRow, new: Sequence[WrittenSolution], *, evaluation: bool, run: int | None, now: datetime
) -> list[SolutionRow]:
    """The rows of solutions with different programs; those that were known stay, but a proof is added to them."""
    digests = [one.digest for one in new]
    wanted = select(SolutionRow).where(
        SolutionRow.spec_id == spec.id, SolutionRow.digest.in_(digests), SolutionRow.evaluation == evaluation
    )
    known = {row.digest: row for row in session.scalars(wanted)}
    programs = _find_or_add_programs(
        session,
        [part for one, digest in zip(new, digests, strict=True) if digest not in known for part in one.programs],
    )
    for one, digest in zip(new, digests, strict=True):
        solution = one.solution
        if digest in known:
            if solution.verdict == PROVED:
                known[digest].verdict = PROVED
            continue
        known[digest] = SolutionRow(
            spec_id=spec.id,
            digest=digest,
            evaluation=evaluation,
            run_id=run,
            verdict=solution.verdict,
            cost=solution.cost,
            size=min(solution.size, LARGEST_INTEGER),
            found_by=solution.found_by,
            generation=solution.generation,
            seed=solution.seed,
            created=now,
            programs=[
                SolutionProgramRow(position=i, function=name, program=programs[written.digest])
                for i, (name, written, _) in enumerate(one.programs)
            ],
        )
        session.add(known[digest])
    session.flush()
    return [known[digest] for digest in digests]


def _find_or_add_programs(session: Session, new: Sequence[tuple[str, TermText, int]]) -> dict[str, ProgramRow]:
    """The rows of programs, by content."""
    sizes = {written: size for _, written, size in new}
    digests = [written.digest for written in sizes]
    wanted = select(ProgramRow).where(ProgramRow.digest.in_(digests))
    known = {row.digest: row for row in session.scalars(wanted)} if digests else {}
    for (written, size), digest in zip(sizes.items(), digests, strict=True):
        if digest not in known:
            known[digest] = ProgramRow(
                digest=digest,
                domain=written.domain,
                text=written.text,
                notes=written.notes,
                size=min(size, LARGEST_INTEGER),
            )
            session.add(known[digest])
    return known


def solution_record(row: SolutionRow, spec: str) -> SolutionRecord:
    """A solution of the specification with identity `spec` as it is handed out."""
    programs = tuple(
        ProgramRecord(p.function, TermText(p.program.text, p.program.domain, p.program.notes), p.program.size)
        for p in row.programs
    )
    return SolutionRecord(
        id=row.id,
        spec=spec,
        programs=programs,
        verdict=row.verdict,
        cost=row.cost,
        size=row.size,
        found_by=row.found_by,
        generation=row.generation,
        seed=row.seed,
        evaluation=row.evaluation,
        run=row.run_id,
        created=row.created,
    )


# Tasks.


def put_task(
    session: Session, domain: str, source: str, position: int, task: Task, spec: SpecRow, now: datetime
) -> TaskRow:
    """The row of a task, with what it asks now."""
    wanted = select(TaskRow).where(TaskRow.domain == domain, TaskRow.source == source, TaskRow.name == task.name)
    row = session.scalar(wanted)
    if row is None:
        row = TaskRow(domain=domain, source=source, name=task.name, created=now)
        session.add(row)
    row.position, row.split, row.algorithm, row.spec = position, task.split, task.spec.hints.algorithm, spec
    return row


def task_record(row: TaskRow) -> TaskRecord:
    """A task as it is handed out."""
    return TaskRecord(
        domain=row.domain,
        source=row.source,
        position=row.position,
        name=row.name,
        split=row.split,
        algorithm=row.algorithm,
        spec=row.spec.identity,
        created=row.created,
    )


# Runs and results.


def run_record(row: RunRow, results: int) -> RunRecord:
    """A run with its number of results as it is handed out."""
    return RunRecord(
        id=row.id,
        kind=row.kind,
        status=RunStatus(row.status),
        settings=json.loads(row.settings),
        settings_hash=row.settings_hash,
        tasks_hash=row.tasks_hash,
        tasks=row.tasks,
        results=results,
        version=row.version,
        started=row.started,
        heartbeat=row.heartbeat,
        finished=row.finished,
    )


@dataclass(frozen=True)
class WrittenResult:
    """A result whose programs are text already, so that no transaction has to wait for that.

    Attributes:
        new: the result.
        identity: identity of its specification, or None.
        solutions: what was found, the answer first.
    """

    new: NewResult
    identity: str | None
    solutions: tuple[WrittenSolution, ...]

    @classmethod
    def of(cls, new: NewResult) -> Self:
        """Write the programs of a result."""
        if new.spec is None:
            return cls(new, None, ())
        written: dict[str, WrittenSolution] = {}
        for solution in (*(() if new.solution is None else (new.solution,)), *new.alternatives):
            one = WrittenSolution.of(new.spec, solution)
            written.setdefault(one.digest, one)
        return cls(new, new.spec.identity, tuple(written.values()))


def add_result(session: Session, run: int, written: WrittenResult, now: datetime) -> ResultRow:
    """Add a result with its specification, and its solutions and their programs."""
    new, spec, found = written.new, None, list[ResultSolutionRow]()
    if new.spec is not None and written.identity is not None:
        spec = find_or_add_spec(session, new.spec, written.identity, now)
        rows = (
            find_or_add_solutions(session, spec, written.solutions, evaluation=new.evaluation, run=run, now=now)
            if written.solutions
            else []
        )
        found = [
            ResultSolutionRow(position=position, solution_id=row.id, cost=one.solution.cost)
            for position, (row, one) in enumerate(zip(rows, written.solutions, strict=True))
        ]
    answer = new.solution
    made = ResultRow(
        run_id=run,
        cycle=new.cycle,
        position=new.position,
        name=new.name,
        spec=spec,
        split=new.split,
        evaluation=new.evaluation,
        status=new.status,
        verdict=None if answer is None else answer.verdict,
        reason=new.reason,
        size=None if answer is None else min(answer.size, LARGEST_INTEGER),
        cost=None if answer is None else answer.cost,
        candidates=new.candidates,
        cpu_seconds=new.cpu_seconds,
        wall_seconds=new.wall_seconds,
        startup_seconds=new.startup_seconds,
        found_by=None if answer is None else answer.found_by,
        held_out_right=new.held_out_right,
        answer=new.answer,
        row=to_json(new.row),
        solution_id=found[0].solution_id if found and answer is not None else None,
        created=now,
        found=found,
    )
    session.add(made)
    session.flush()
    return made


def result_record(row: ResultRow) -> ResultRecord:
    """A result as it is handed out."""
    return ResultRecord(
        run=row.run_id,
        cycle=row.cycle,
        position=row.position,
        name=row.name,
        spec=None if row.spec is None else row.spec.identity,
        split=row.split,
        evaluation=row.evaluation,
        status=row.status,
        verdict=row.verdict,
        reason=row.reason,
        size=row.size,
        cost=row.cost,
        candidates=row.candidates,
        cpu_seconds=row.cpu_seconds,
        wall_seconds=row.wall_seconds,
        startup_seconds=row.startup_seconds,
        found_by=row.found_by,
        held_out_right=row.held_out_right,
        answer=row.answer,
        row=row.row,
        solution=row.solution_id,
        created=row.created,
    )


# Events.


def add_event_row(
    session: Session, run: int, cycle: int, kind: str, message: str, data: Mapping[str, object], now: datetime
) -> EventRow:
    """Add the row of an event of a cycle."""
    row = EventRow(run_id=run, cycle=cycle, kind=kind, message=message, data=to_json(data), created=now)
    session.add(row)
    return row
