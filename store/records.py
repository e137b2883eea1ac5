"""What a store takes and hands out: frozen records, never live rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from dsl.spec import Spec
from dsl.terms import Term
from store.codec import TermText, decode_term


class RunStatus(StrEnum):
    """How far a run has come."""

    RUNNING = "running"
    """A process works on it, or died without a word; its heartbeat and its worker tell which."""
    INTERRUPTED = "interrupted"
    """It was stopped in order before its end and can be continued."""
    FINISHED = "finished"
    """It came to its end."""


@dataclass(frozen=True)
class FunctionRecord:
    """A function that a stored specification asks for.

    Attributes:
        name: its name.
        signature: ``f(x: int) -> int``, for people.
        grammar: identity of the grammar that the file states, or None.
    """

    name: str
    signature: str
    grammar: str | None


@dataclass(frozen=True)
class SpecRecord:
    """A stored specification.

    Attributes:
        identity: canonical hash of what is asked.
        domain: name of its domain, or None.
        logic: the ``set-logic`` of a SyGuS file, or None.
        dialect: how the file is written.
        classification: what kind of question it is.
        functions: the functions to find.
        conditions: its assumptions and constraints as SMT-LIB text, one a line, if there is no source.
        source: the file, as text, or None.
        created: when it was first stored.
    """

    identity: str
    domain: str | None
    logic: str | None
    dialect: str
    classification: str
    functions: tuple[FunctionRecord, ...]
    conditions: str
    source: str | None
    created: datetime


@dataclass(frozen=True)
class ProgramRecord:
    """A stored program of one function.

    Attributes:
        function: name of the function.
        written: the program as text.
        size: AST nodes, leading λs included.
    """

    function: str
    written: TermText
    size: int

    def term(self) -> Term:
        """The program itself, the identical object that was stored.

        Raises:
            DomainError: if its domain is not installed.
            StoreError: if it cannot be read, as when its domain has lost an operator since.
        """
        return decode_term(self.written)


@dataclass(frozen=True)
class SolutionRecord:
    """Stored programs for all functions of a specification.

    Attributes:
        id: number in the store.
        spec: identity of the specification.
        programs: one for each function, in the order of the specification.
        verdict: what the verifier claimed when it was found.
        cost: description length in nats under the grammar of the generation, or None.
        size: AST nodes of all bodies together.
        found_by: part of the engine that found it, or None.
        generation: generation that guided the search.
        seed: seed of the search.
        evaluation: whether it was found while measuring; learning must not see it then.
        run: number of the run that found it first, or None.
        created: when it was stored.
    """

    id: int
    spec: str
    programs: tuple[ProgramRecord, ...]
    verdict: str
    cost: float | None
    size: int
    found_by: str | None
    generation: str
    seed: int
    evaluation: bool
    run: int | None
    created: datetime


@dataclass(frozen=True)
class TrainingSolution:
    """A solution from which a run may learn.

    Attributes:
        task: name of the task.
        position: place of the task in the list.
        cycle: number of the first cycle of the run in which it was found.
        solution: the programs; `cost` is that of the last time when the run found them.
    """

    task: str
    position: int
    cycle: int
    solution: SolutionRecord


@dataclass(frozen=True)
class TaskRecord:
    """A stored task.

    Attributes:
        domain: name of its domain.
        source: where it came from: the domain itself, a suite, or a file.
        position: its place in the source.
        name: its name, once in the source.
        split: ``train``, ``test`` or None.
        algorithm: the family of algorithms that its hints name, or None.
        spec: identity of the specification.
        created: when it was first stored.
    """

    domain: str
    source: str
    position: int
    name: str
    split: str | None
    algorithm: str | None
    spec: str
    created: datetime


@dataclass(frozen=True)
class RunRecord:
    """A stored run.

    Attributes:
        id: number in the store.
        kind: ``solve``, ``batch``, ``bench`` or ``train``.
        status: how far it has come.
        settings: what it was asked to do, as plain data.
        settings_hash: content hash of the settings.
        tasks_hash: content hash of the list of names of what is to be done.
        tasks: how many names that list has.
        results: how many results there are; more than names if some of these are files with several tasks.
        version: version of Reverie that started it.
        started: when it was started.
        heartbeat: when its process last said that it lives.
        finished: when it came to its end, or None.
    """

    id: int
    kind: str
    status: RunStatus
    settings: Mapping[str, Any]
    settings_hash: str
    tasks_hash: str
    tasks: int
    results: int
    version: str
    started: datetime
    heartbeat: datetime
    finished: datetime | None


@dataclass(frozen=True)
class NewRun:
    """A run that begins.

    Attributes:
        kind: ``solve``, ``batch``, ``bench`` or ``train``.
        settings: what it is asked to do, as data that JSON can say.
        settings_hash: content hash of the settings.
        tasks_hash: content hash of the list of names of what is to be done.
        tasks: how many names that list has.
        version: version of Reverie.
    """

    kind: str
    settings: Mapping[str, Any]
    settings_hash: str
    tasks_hash: str
    tasks: int
    version: str


@dataclass(frozen=True)
class NewSolution:
    """Programs that were found for a specification.

    Attributes:
        programs: closed program of every function.
        verdict: what the verifier claims.
        size: AST nodes of all bodies together.
        cost: description length in nats under the grammar of the generation, or None.
        found_by: part of the engine that found it.
        generation: generation that guided the search.
        seed: seed of the search.
    """

    programs: Mapping[str, Term]
    verdict: str
    size: int
    cost: float | None = None
    found_by: str | None = None
    generation: str = "none"
    seed: int = 0


@dataclass(frozen=True)
class NewResult:
    """What came of one task of a run.

    Attributes:
        name: name of the task, once in a cycle of a run.
        spec: what was asked, or None if it could not be read.
        status: how the work ended.
        row: what the caller reports of it, as data that JSON can say.
        position: its place in the list of tasks.
        cycle: number of the cycle; 0 in runs that have none.
        solution: the programs that were found, or None.
        alternatives: other programs that were found on the way; solutions of the specification as well.
        split: ``train``, ``test`` or None.
        evaluation: whether learning must not see it.
        reason: why it is not solved, in one sentence.
        answer: text of all ``define-fun``s in the file's own grammar.
        candidates: production applications whose values were computed.
        cpu_seconds: process time, start-up not included.
        wall_seconds: time on the clock, start-up not included.
        startup_seconds: CPU time of starting up.
        held_out_right: whether the programs are right on the held-out examples, or None if there are none.
    """

    name: str
    spec: Spec | None
    status: str
    row: Mapping[str, object] = field(default_factory=dict)
    position: int = 0
    cycle: int = 0
    solution: NewSolution | None = None
    alternatives: tuple[NewSolution, ...] = ()
    split: str | None = None
    evaluation: bool = False
    reason: str = ""
    answer: str = ""
    candidates: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    startup_seconds: float = 0.0
    held_out_right: bool | None = None


@dataclass(frozen=True)
class ResultRecord:
    """What came of one task of a stored run.

    Attributes:
        run: number of the run.
        cycle: number of the cycle; 0 in runs that have none.
        position: place of the task in the list.
        name: name of the task.
        spec: identity of the specification, or None if it could not be read.
        split: ``train``, ``test`` or None.
        evaluation: whether learning must not see it.
        status: how the work ended.
        verdict: what the verifier claimed, or None.
        reason: why it is not solved, in one sentence.
        size: AST nodes of all bodies together, or None.
        cost: description length in nats, or None.
        candidates: production applications whose values were computed.
        cpu_seconds: process time, start-up not included.
        wall_seconds: time on the clock, start-up not included.
        startup_seconds: CPU time of starting up.
        found_by: part of the engine that found the programs, or None.
        held_out_right: whether the programs are right on the held-out examples, or None if there are none.
        answer: text of all ``define-fun``s in the file's own grammar.
        row: JSON text of what the caller reported, byte for byte what it would be again.
        solution: number of the solution, or None.
        created: when it was stored.
    """

    run: int
    cycle: int
    position: int
    name: str
    spec: str | None
    split: str | None
    evaluation: bool
    status: str
    verdict: str | None
    reason: str
    size: int | None
    cost: float | None
    candidates: int
    cpu_seconds: float
    wall_seconds: float
    startup_seconds: float
    found_by: str | None
    held_out_right: bool | None
    answer: str
    row: str
    solution: int | None
    created: datetime

    def row_data(self) -> dict[str, Any]:
        """What the caller reported, keys in the same order."""
        data = json.loads(self.row)
        assert isinstance(data, dict)
        return data


@dataclass(frozen=True)
class ResultPair:
    """The results of one task in two runs; at least one is there.

    Attributes:
        name: name of the task.
        before: its result in the run that is compared with.
        after: its result in the run that is looked at.
    """

    name: str
    before: ResultRecord | None
    after: ResultRecord | None

    @property
    def is_comparable(self) -> bool:
        """Whether both runs were asked the same."""
        return self.before is not None and self.after is not None and self.before.spec == self.after.spec


# What happens in a run.


@dataclass(frozen=True)
class CycleRecord:
    """One wake and one sleep of a training.

    Attributes:
        run: number of the run.
        number: its number in the run.
        phase: how far it has come, in the words of the caller.
        data: what the caller keeps of it, as plain data.
        started: when it began.
        finished: when it came to its end, or None.
    """

    run: int
    number: int
    phase: str
    data: Mapping[str, Any]
    started: datetime
    finished: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether it came to its end."""
        return self.finished is not None


@dataclass(frozen=True)
class MetricRecord:
    """A measured number.

    Attributes:
        run: number of the run.
        cycle: number of the cycle.
        name: what was measured.
        step: at which step; 0 for what is measured once in a cycle.
        value: the number; NaN if there was none.
        created: when it was stored.
    """

    run: int
    cycle: int
    name: str
    step: int
    value: float
    created: datetime


@dataclass(frozen=True)
class EventRecord:
    """Something that happened and that a person may want to know.

    Attributes:
        run: number of the run.
        cycle: number of the cycle.
        kind: what kind of event, in one word.
        message: what happened, in one sentence.
        data: details, as plain data.
        created: when it was stored.
    """

    run: int
    cycle: int
    kind: str
    message: str
    data: Mapping[str, Any]
    created: datetime


@dataclass(frozen=True)
class CheckpointRecord:
    """A stored file.

    Attributes:
        kind: what it holds; also the name of its folder.
        digest: BLAKE2b hash (256 bits, hexadecimal) of the content; also the name of the file.
        size: length in bytes.
        created: when it was first stored.
    """

    kind: str
    digest: str
    size: int
    created: datetime
