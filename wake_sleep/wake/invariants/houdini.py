"""Houdini: the largest inductive subset of a pool of formulas (Flanagan and Leino, FME 2001)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from dsl.evaluate import Evaluation
from dsl.terms import Term
from wake_sleep.wake.invariants.clauses import HornSystem, State
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.horn import HornSolver, Lemmas, Undecided

MOST_QUESTIONS: Final = 200
"""Questions after which a pool is given up."""
STEPS: Final = 2_000_000
"""What Z3 may take for each of them."""


def inductive_subset(pool: Sequence[Term], solver: HornSolver, meter: Meter) -> list[Term] | None:
    """The formulas of a pool that hold in all states which the clauses derive from each other, if they meet the goal.

    Args:
        pool: formulas over the parameters.
        solver: for the clauses.
        meter: counts each question as a candidate.

    Returns:
        formulas whose conjunction is an invariant, or None if no conjunction of the pool is one.

    Raises:
        Undecided: if Z3 gives no answer.
    """
    system = solver.system
    goals = [n for n, clause in enumerate(system.clauses) if clause.conclusion is None]
    others = [n for n, clause in enumerate(system.clauses) if clause.conclusion is not None]
    # Facts first: what they exclude need not be shown to be kept.
    others.sort(key=lambda n: len(system.clauses[n].premises))
    questions = itertools.count()
    with solver.lemmas(pool) as lemmas:
        active = list(range(len(pool)))
        changed = True
        while changed:
            changed = False
            for number in others:
                fewer = _kept(number, active, pool, lemmas, system, meter, questions)
                changed |= len(fewer) < len(active) and bool(system.clauses[number].premises)
                active = fewer
        for number in goals:
            meter.spend(1)
            if lemmas.violation(number, active, STEPS) is not None:
                return None
    return [pool[i] for i in active]


def _kept(
    number: int,
    active: list[int],
    pool: Sequence[Term],
    lemmas: Lemmas,
    system: HornSystem,
    meter: Meter,
    questions: Iterator[int],
) -> list[int]:
    """The formulas that a clause concludes if those that are left are assumed."""
    while active:
        meter.spend(1)
        if next(questions) >= MOST_QUESTIONS:
            raise Undecided(f"no inductive subset after {MOST_QUESTIONS} questions")
        step = lemmas.violation(number, active, STEPS)
        if step is None:
            break
        assert step.conclusion is not None
        active = _true(active, pool, step.conclusion, system)
    return active


def _true(active: Sequence[int], pool: Sequence[Term], state: State, system: HornSystem) -> list[int]:
    evaluation = Evaluation(system.domain, [state])
    return [i for i in active if evaluation.column(pool[i])[0] is True]
