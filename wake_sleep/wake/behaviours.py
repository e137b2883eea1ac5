"""Programs by their behaviour on sampled inputs, each tried on a condition whatever its calls look like.

Where a condition calls a function at several places, no output can be told from a point alone: `f(f(x)) = x` says
nothing of f(3). What is left is to try programs, the cheapest first, one of all that agree on a sample of inputs: on
the points so far by the interpreter, and what passes them by the verifier.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.terms import Term
from dsl.types import Type
from dsl.values import Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.points import sampled_values
from wake_sleep.wake.search import Goal
from wake_sleep.wake.values.search import ValueSearch

INPUTS: Final = 12
"""Inputs that programs are told apart by."""


def distinct_programs(
    grammar: Grammar, domain: Domain, costs: Costs, meter: Meter, texts: Sequence[str], seed: int
) -> Iterator[Term | None]:
    """Bodies of a λ-free grammar that differ on sampled inputs, the cheapest first; None every few milliseconds.

    Args:
        grammar: the programs.
        domain: what the operators mean.
        costs: in which order they come.
        meter: what every program is counted by.
        texts: strings that inputs are drawn from.
        seed: of what is random.

    Raises:
        OutOfBudget: when the budget is spent.
    """
    types: list[Type] = list(reversed(grammar.start.environment))
    draw = random.Random(seed)
    inputs = list(dict.fromkeys(tuple(sampled_values(types, texts, draw)) for _ in range(4 * INPUTS)))[:INPUTS]
    nothing: Value = _some_value(grammar)
    goal = Goal(grammar, domain, tuple((given, nothing) for given in inputs))
    search = ValueSearch(goal, costs, meter)
    start, seen = search.language.start.number, 0
    table = search.bank.tables[start]
    while not search.enumeration.is_finished:
        for _ in search.enumeration.run_level():
            while seen < len(table.values):
                yield search.bank.term(start, seen)
                seen += 1
            yield None


def can_enumerate(grammar: Grammar, domain: Domain) -> bool:
    """Whether programs of a grammar are told apart by tuples of values."""
    from wake_sleep.wake.columns.search import ColumnSearch

    return engine_for(Goal(grammar, domain, ())) in (ValueSearch, ColumnSearch)


def _some_value(grammar: Grammar) -> Value:
    """Some value of the type of the programs."""
    return sampled_values([grammar.start.type], ("",), random.Random(0))[0]
