"""Checking answers again: rows that `solve`, `batch` or another solver wrote, each held against its specification.

Examples are run by the reference interpreter in this process. Conditions go to verifiers, which may be several, here or
on a cluster; what they say comes in the order of the answers, whatever the order in which it is ready.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from dsl.domain import load_domain
from dsl.errors import DomainError, ReverieError, SpecError
from dsl.spec import Spec
from dsl.specfile import read_tasks
from dsl.terms import Term, strip_lambdas
from dsl.types import Type
from dsl.values import value_text
from wake_sleep.wake.outcome import Verdict
from wake_sleep.wake.pool.verifiers import Check, Verifiers
from wake_sleep.wake.solve import asks_only_examples, program_grammar
from wake_sleep.wake.verify.condition import condition_of
from wake_sleep.wake.verify.examples import verify_examples
from wake_sleep.wake.verify.solver import Allowance
from workbench.evaluation.peer_answers import read_answer
from workbench.solving import Row

COLUMNS: Final = ("spec", "claimed", "found", "size", "reason", "witness")
"""The keys of a row, in order."""


class Finding(StrEnum):
    """What is found of an answer; the first four are what a verifier says."""

    PROVED = "proved"
    EXAMPLES = "examples"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    OUTSIDE = "outside"
    """The program is not one of the language that the specification allows."""
    UNREADABLE = "unreadable"
    """The specification or the answer cannot be read."""


CONFIRMED: Final = (Finding.PROVED, Finding.EXAMPLES)
"""What is found of a right answer."""


@dataclass(frozen=True)
class Claim:
    """An answer, and what is claimed of it.

    Attributes:
        spec: the file of the specification, followed by ``#`` and the name of the task if the file holds several.
        answer: the programs: ``define-fun``s, or an s-expression a line for each function.
        verdict: what is claimed, or None.
    """

    spec: str
    answer: str
    verdict: str | None = None


def read_claims(path: Path) -> list[Claim]:
    """The answers in a file of JSON Lines, as ``reverie batch --format json`` writes them, a row without one left out.

    Raises:
        ReverieError: if the file cannot be read or a line is no such row.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ReverieError(f"{path}: this cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ReverieError(f"{path}: this is no text; JSON Lines were expected, a row for each result") from None
    claims = [_claim(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line.strip()]
    return [claim for claim in claims if claim is not None]


def _claim(line: str, place: str) -> Claim | None:
    """The answer of one line, or None if it has none."""
    try:
        data: Any = json.loads(line)
    except ValueError as error:
        raise ReverieError(
            f"{place}: this is no JSON: {error}; `reverie batch --format json` writes such rows"
        ) from None
    answer = data.get("answer") if isinstance(data, dict) else data
    if not isinstance(data, dict) or not isinstance(data.get("spec"), str) or not isinstance(answer, str | None):
        raise ReverieError(f"{place}: a row has the keys spec and answer, both texts, and this one has not")
    verdict = data.get("verdict")
    return None if not answer else Claim(data["spec"], answer, verdict if isinstance(verdict, str) else None)


class Unreadable(ReverieError):
    """A specification or an answer cannot be read."""


@dataclass(frozen=True)
class _Pending:
    """A claim whose row is to be given in its turn: the row itself, or what is made of a verdict."""

    number: int
    claim: Claim
    size: int | None = None
    variables: Sequence[tuple[str, Type]] = ()
    row: Row | None = None


class Recheck:
    """Checks answers."""

    def __init__(self, verifiers: Verifiers, seconds: float | None, *, column: str | None, domain: str | None) -> None:
        """Prepare.

        Args:
            verifiers: who checks what is more than examples.
            seconds: on the clock for each such check, or None if only Z3's steps bound it.
            column: the column of a CSV table that is computed.
            domain: the domain of a file that names none.
        """
        self._verifiers, self._allowance = verifiers, Allowance(seconds)
        self._column, self._domain = column, domain
        self._specs: dict[str, Mapping[str, Spec]] = {}

    def run(self, claims: Iterable[Claim]) -> Iterator[Row]:
        """Check answers, yielding a row for each with the keys `COLUMNS`, in their order."""
        waiting: deque[_Pending] = deque()
        found: dict[int, Verdict] = {}
        for number, claim in enumerate(claims):
            pending = self._begin(number, claim)
            waiting.append(pending)
            while waiting and (waiting[0].row is not None or len(waiting) > self._verifiers.capacity // 2):
                yield self._end(waiting.popleft(), found)
        while waiting:
            yield self._end(waiting.popleft(), found)

    def _end(self, pending: _Pending, found: dict[int, Verdict]) -> Row:
        """The row of a claim, once there is a verdict."""
        if pending.row is not None:
            return pending.row
        while pending.number not in found:
            collected = self._verifiers.collect()
            if collected is None:
                raise KeyboardInterrupt
            found[collected[0]] = collected[1]
        return _judged(pending.claim, found.pop(pending.number), pending.variables, pending.size)

    def _begin(self, number: int, claim: Claim) -> _Pending:
        """What is found of a claim at once, or its check submitted."""
        try:
            spec = self._spec(claim.spec)
            programs = programs_of(claim.answer, spec)
        except ReverieError as error:
            message = error.message if isinstance(error, SpecError) else str(error)
            return _Pending(number, claim, row=_row(claim, Finding.UNREADABLE, message))
        size = sum(strip_lambdas(programs[f.name], len(f.parameters))[1].size for f in spec.functions)
        for function in spec.functions:
            if program_grammar(spec, function).derive(programs[function.name]) is None:
                reason = f"the grammar of {function.name} does not derive its program"
                return _Pending(number, claim, row=_row(claim, Finding.OUTSIDE, reason, size))
        assert spec.domain is not None
        domain = load_domain(spec.domain)
        if not asks_only_examples(spec):
            condition = condition_of(spec, domain)
            self._verifiers.submit(Check(number, condition, programs, self._allowance))
            return _Pending(number, claim, size, condition.variables)
        try:
            verdict = verify_examples(programs, spec.examples, domain)
        except DomainError as error:
            return _Pending(number, claim, row=_row(claim, Finding.UNKNOWN, str(error), size))
        parameters = spec.function(verdict.function).parameters if verdict.function else ()
        return _Pending(number, claim, row=_judged(claim, verdict, parameters, size))

    def _spec(self, name: str) -> Spec:
        """The specification that a row names.

        Raises:
            ReverieError: if it cannot be read or is not there.
        """
        file, _, task = name.partition("#")
        if Path(name).exists():
            file, task = name, ""
        if file not in self._specs:
            tasks = read_tasks(Path(file), column=self._column, domain=self._domain)
            self._specs[file] = {task.name: task.spec for task in tasks}
        specs = self._specs[file]
        if task not in specs and (task or len(specs) != 1):
            raise Unreadable(f"{file} has no task {task!r}")
        spec = specs[task] if task in specs else next(iter(specs.values()))
        if spec.domain is None:
            raise Unreadable("no installed domain has all the operators of this specification")
        return spec


def programs_of(answer: str, spec: Spec) -> Mapping[str, Term]:
    """The programs that an answer gives for the functions of a specification.

    Raises:
        ReverieError: if it cannot be read.
    """
    lines = answer.splitlines()
    assert spec.domain is not None
    if not lines[0].lstrip("( ").startswith("define-fun"):
        if len(lines) != len(spec.functions):
            raise Unreadable(f"the answer has {len(lines)} programs for {len(spec.functions)} functions")
        domain = load_domain(spec.domain)
        return {function.name: domain.parse(line) for function, line in zip(spec.functions, lines, strict=True)}
    read = read_answer(answer if answer.startswith("((") else f"({answer})", spec)
    if not read.programs:
        raise Unreadable(read.reason)
    return read.programs


def _judged(claim: Claim, verdict: Verdict, variables: Sequence[tuple[str, Type]], size: int | None) -> Row:
    """The row of an answer that a verifier has judged."""
    named = zip(variables, verdict.counterexample or (), strict=False)
    witness = [f"{name} = {value_text(value, type_)}" for (name, type_), value in named]
    return _row(claim, Finding(verdict.judgement.value), verdict.reason, size, witness)


def _row(claim: Claim, finding: Finding, reason: str, size: int | None = None, witness: Sequence[str] = ()) -> Row:
    values = (claim.spec, claim.verdict, finding.value, size, reason or None, list(witness))
    return dict(zip(COLUMNS, values, strict=True))
