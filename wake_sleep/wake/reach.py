"""Which values the programs of a grammar have at one input.

A grammar without constants cannot leave 0 by sums of 0, whatever its programs look like: where few values are
reached, and surely all of them are known, a condition can be shown to have no program.
"""

from __future__ import annotations

from typing import Final

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.probability import Weights
from dsl.spec import Budget
from dsl.types import BOOL, STRING, Type
from dsl.values import Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Goal
from wake_sleep.wake.values.search import ValueSearch

MOST_CANDIDATES: Final = 2_000
"""Programs that are looked at before there seem to be too many values."""
MOST_VALUES: Final = 16
"""Values that are few."""


def reachable_values(
    grammar: Grammar, domain: Domain, given: tuple[Value, ...], weights: Weights, meter: Meter
) -> tuple[Value, ...] | None:
    """All values that programs have at an input, or None if they are many, or may be.

    Args:
        grammar: the programs.
        domain: what the operators mean.
        given: the input.
        weights: learned weights of productions; they do not matter.
        meter: what the work is counted by.
    """
    goal = Goal(grammar, domain, ((given, _ANY.get(grammar.start.type, 0)),))
    if engine_for(goal) is not ValueSearch:
        return None
    own = Meter(Budget(candidates=MOST_CANDIDATES))
    try:
        search = ValueSearch(goal, Costs(grammar, weights), own)
        for _ in search.run():
            pass
    except OutOfBudget:
        return None
    finally:
        meter.spend(own.candidates)
    table = search.bank.tables[search.language.start.number]
    values = tuple(row[0] for row in table.values)
    return values if search.is_complete and len(values) <= MOST_VALUES else None


_ANY: Final[dict[Type, Value]] = {BOOL: True, STRING: ""}
"""An output for the goal of the search; programs that have it are as good as others."""
