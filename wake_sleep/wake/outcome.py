"""What a search came to: an outcome, and the verdict on the programs that it found.

An outcome never claims what was not computed: ``proved`` is said by a solver only, ``infeasible`` only with a
proof that no program exists, and every ``unknown`` has a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dsl.terms import Term
from dsl.values import Value


class Status(StrEnum):
    """How the work on one spec ended."""

    SOLVED = "solved"
    """Programs were found, and a verifier accepted them."""
    INFEASIBLE = "infeasible"
    """It was proved that no program exists; the witness says why."""
    EXHAUSTED = "exhausted"
    """All programs within the bound on size that the user set were tried; none fits."""
    UNKNOWN = "unknown"
    """A budget ended, or the spec is of a kind that no engine answers; the reason says which."""
    ERROR = "error"
    """The spec could not be read, or a worker died on it; the reason says what happened."""
    INTERRUPTED = "interrupted"
    """The user stopped the work."""


class Judgement(StrEnum):
    """What a verifier says of programs."""

    PROVED = "proved"
    """The condition holds for all inputs, by an unsat answer of the solver."""
    EXAMPLES = "examples"
    """All given examples hold; nothing more is claimed."""
    REFUTED = "refuted"
    """An input was found for which the condition fails."""
    UNKNOWN = "unknown"
    """Neither could be shown."""


@dataclass(frozen=True)
class Verdict:
    """What a verifier found; only `wake_sleep.wake.verify` makes one.

    Attributes:
        judgement: what is claimed.
        reason: why it is not known, in one sentence.
        function: the function that the counterexample is about.
        counterexample: inputs at which the condition fails.
    """

    judgement: Judgement
    reason: str = ""
    function: str = ""
    counterexample: tuple[Value, ...] | None = None


class FoundBy(StrEnum):
    """The part of the engine that found the programs."""

    REPLAY = "replay"
    ENUMERATION = "enumeration"
    DEDUCTION = "deduction"
    UNIFICATION = "unification"
    DIFFUSION = "diffusion"
    LINEAR = "linear"


@dataclass(frozen=True)
class Outcome:
    """What came of one spec.

    Attributes:
        status: how the work ended.
        programs: closed program of every function, in the order of the spec and without abstractions; empty unless
            solved.
        compressed: the same programs as they were found, with abstractions of the generation.
        alternatives: other programs that fit all examples and were found on the way, the shortest descriptions first;
            only of specs with examples alone and one function.
        verdict: one joint verdict on the programs, or None if there are none.
        reason: why the status is not ``solved``, in one sentence.
        witness: for ``infeasible``, the values that prove it, as text; one item a line.
        size: AST nodes of all bodies together, abstractions expanded (leading λs not counted), or None.
        cost: description length of the compressed programs in nats under what the search went by at its end, or None.
        candidates: production applications whose values were computed, by all searches together.
        answered_after: candidates by which the first program that fits was found; what came after was the hope for a
            shorter one.
        cpu_seconds: process time, that of reaped children included; start-up not.
        wall_seconds: time on the clock; start-up not.
        startup_seconds: CPU time of imports, of Ray and of loading a model.
        found_by: part of the engine that found the programs (of several, that of the one that took most candidates).
        domain: name of the domain, or None.
        generation: generation that guided the search; ``none`` is the plain engine.
        seed: seed of the search.
        notes: what the user should know of how the search was run, such as a fallback that was taken.
    """

    status: Status
    programs: Mapping[str, Term] = field(default_factory=dict)
    verdict: Verdict | None = None
    reason: str = ""
    witness: tuple[str, ...] = ()
    size: int | None = None
    cost: float | None = None
    candidates: int = 0
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    startup_seconds: float = 0.0
    found_by: FoundBy | None = None
    domain: str | None = None
    generation: str = "none"
    seed: int = 0
    notes: tuple[str, ...] = ()
    compressed: Mapping[str, Term] = field(default_factory=dict)
    alternatives: tuple[Mapping[str, Term], ...] = ()
    answered_after: int | None = None
