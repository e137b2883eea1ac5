"""Whose fault an exception in a search is: a primitive's, which is its domain's, or Reverie's own.

Engines call primitives without a guard around each call, and take the type of what comes back for granted, since
anything else would cost them much of their speed.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from types import TracebackType
from typing import Final

from dsl.errors import DomainError, ReverieError
from dsl.evaluate import Evaluation, broken_primitive, meaning_failed
from dsl.grammar import Grammar, Nonterminal
from dsl.limits import EXHAUSTED
from dsl.terms import Operator, Term
from dsl.values import BOTTOM, Value, has_type, shown
from wake_sleep.wake.search import Goal

OURS: Final = __name__.partition(".")[0]
"""The package of the engines."""
PLACES: Final = 500
"""How many nonterminals are looked at for the primitive that is to blame."""
SAMPLES: Final[dict[str, Value]] = {"int": 1, "bool": True, "str": "a", "list": ()}
"""A value of each type, by the name of the type."""


@contextlib.contextmanager
def blaming_primitives(goal: Goal) -> Iterator[None]:
    """Turn what a primitive raises in the body, or what comes of a value of a wrong type, into an error that names it.

    Raises:
        DomainError: if a primitive is to blame. What an engine raises stays what it is, also if a primitive called it.
    """
    try:
        yield
    except (ReverieError, MemoryError):
        raise
    except Exception as error:
        name = broken_primitive(goal.domain, error)
        if name is not None and not _was_raised_by_us(error):
            raise meaning_failed(goal.domain, name, error) from error
        wrong = _wrong_type(goal)
        if wrong is not None:
            raise wrong from error
        raise


def _was_raised_by_us(error: Exception) -> bool:
    """Whether the innermost frame is an engine's; of a StopIteration in a generator, only the cause has all frames."""
    raised = error.__cause__ if isinstance(error.__cause__, StopIteration) else error
    module = str(_innermost(raised.__traceback__).tb_frame.f_globals.get("__name__"))
    return module.partition(".")[0] == OURS


def _innermost(trace: TracebackType | None) -> TracebackType:
    assert trace is not None, "the error was raised"
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _wrong_type(goal: Goal) -> DomainError | None:
    """What to say of the first primitive whose value, on small arguments, is not of its type."""
    for name, place, term in _small_terms(goal.grammar):
        evaluation = Evaluation(goal.domain, _inputs(goal, place), goal.limits)
        for cell in evaluation.column(term):
            if cell is not BOTTOM and cell is not EXHAUSTED and not has_type(cell, place.type):
                return DomainError(
                    f"the Python meaning of {name} in domain {goal.domain.name} returned {shown(cell)}, which is not "
                    f"of type {place.type}; the values of a list are a tuple, and BOTTOM stands for no value"
                )
    return None


def _small_terms(grammar: Grammar) -> list[tuple[str, Nonterminal, Term]]:
    """A smallest term with each operator at its root, and where it stands; the smaller terms first."""
    found, places = [], {grammar.start: None}
    queue = [grammar.start]
    for place in queue:
        for production in grammar.productions(place):
            new = [child for child in dict.fromkeys(production.children) if child not in places]
            queue += new[: PLACES - len(places)]
            places.update(dict.fromkeys(new))
            head, is_finite = production.head, grammar.completion_size(production) != math.inf
            if isinstance(head, Operator) and is_finite and not production.is_constant_slot:
                term = production.build([grammar.smallest(child) for child in production.children])
                found.append((head.name, place, term))
    return sorted(found, key=lambda entry: entry[2].size)


def _inputs(goal: Goal, place: Nonterminal) -> list[tuple[Value, ...]]:
    """The inputs of the cases, with a value for each variable that a λ binds around a place; none if one has none."""
    bound = place.environment[: len(place.environment) - len(goal.grammar.start.environment)]
    if not all(type_.name in SAMPLES for type_ in bound):
        return []
    return [(*inputs, *(SAMPLES[type_.name] for type_ in reversed(bound))) for inputs, _ in goal.cases]
