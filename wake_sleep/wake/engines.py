"""Which search engine answers which goal."""

from __future__ import annotations

from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.search import Goal, Search


def engine_for(goal: Goal) -> type[Search]:
    """The engine for a goal.

    λ-free languages over bit-vectors are searched over numpy columns, other λ-free ones over tuples of values, and
    those with λs by open terms.

    Raises:
        DomainError: if a primitive fails on the values that its batched meaning is tried on.
    """
    from wake_sleep.wake.columns.rules import is_searched_over_columns
    from wake_sleep.wake.columns.search import ColumnSearch
    from wake_sleep.wake.lambdas.search import OpenTermSearch, has_functions
    from wake_sleep.wake.values.search import ValueSearch

    with blaming_primitives(goal):
        has_columns = is_searched_over_columns(goal.grammar, goal.domain)
    if has_columns:
        return ColumnSearch
    if has_functions(goal.grammar, goal.domain):
        return OpenTermSearch
    return ValueSearch
