"""Outcomes as the store takes them."""

from __future__ import annotations

import dataclasses

from dsl.terms import Term, strip_lambdas
from store.records import NewSolution
from wake_sleep.wake.outcome import Outcome, Status


def solution_of(outcome: Outcome) -> NewSolution | None:
    """The programs of a solved outcome, or None."""
    if outcome.status is not Status.SOLVED:
        return None
    assert outcome.verdict is not None
    assert outcome.size is not None
    return NewSolution(
        programs=outcome.programs,
        verdict=outcome.verdict.judgement.value,
        size=outcome.size,
        cost=outcome.cost,
        found_by=None if outcome.found_by is None else outcome.found_by.value,
        generation=outcome.generation,
        seed=outcome.seed,
    )


def alternatives_of(outcome: Outcome) -> tuple[NewSolution, ...]:
    """The other programs that fit, which library learning sees as well."""
    best = solution_of(outcome)
    if best is None:
        return ()
    return tuple(
        dataclasses.replace(best, programs=programs, size=sum(map(body_size, programs.values())), cost=None)
        for programs in outcome.alternatives
    )


def body_size(program: Term) -> int:
    """AST nodes of a program, its leading λs not counted."""
    return strip_lambdas(program)[1].size
