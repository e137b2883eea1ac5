"""Neighbours of a library: more special and more general forms of its functions.

A miner that adds the best function first never sees what would have been better in the company of others. What the
places where a function is used have in common is more special than the function; what its body has in common with
places where it does not fit is more general. Both are found by anti-unification.
"""

from __future__ import annotations

from collections.abc import Iterable

from dsl.terms import Application, Operator, Term, occurrences, strip_lambdas
from wake_sleep.sleep.abstraction.antiunify import AntiUnifier
from wake_sleep.sleep.abstraction.patterns import root_of
from wake_sleep.sleep.abstraction.selection import Graph

PLACES = 16
"""Places of each kind that are looked at for one function."""


def neighbours(graph: Graph, library: Iterable[int], unifier: AntiUnifier, most: int) -> list[Term]:
    """Closed terms near the definitions of a library, the most promising first.

    Args:
        graph: the corpus and its candidates.
        library: numbers of candidates.
        unifier: what generalises; it remembers what it was asked for another library.
        most: largest number of terms.
    """
    found: dict[Term, int] = {}
    for number in sorted(library):
        definition = graph.candidates[number].definition
        assert definition is not None
        body = strip_lambdas(definition)[1]
        places = dict.fromkeys(graph.places(number))
        fitting = sorted(places, key=lambda t: (-t.size, t.digest))[:PLACES]
        others = [term for term in graph.rooted(root_of(body)) if term not in places]
        others = sorted(others, key=lambda t: (abs(t.size - body.size), t.digest))[:PLACES]
        pairs = [(a, b) for i, a in enumerate(fitting) for b in fitting[:i]] + [(body, other) for other in others]
        for left, right in pairs:
            common = unifier.generalise(left, right)
            if common is not None and common is not definition:
                found[common] = found.get(common, 0) + 1
    worth = {term: found[term] * (_constants(term) - 1) for term in found}
    promising = sorted((t for t in found if worth[t] > 0), key=lambda t: (-worth[t], t.digest))
    return promising[:most]


def _constants(definition: Term) -> int:
    """The number of distinct places of a definition that hold an operator."""
    return sum(isinstance(t, Application) and isinstance(t.head, Operator) for t, _ in occurrences(definition))
