"""Layers: functions of functions of a library, found by taking the library's own functions for constants.

Where an abstraction is passed to another one as a function, the expanded program has no trace of that: the place where
the argument is applied has been reduced. So a rewritten corpus, with the bodies of its library, is compressed as a
corpus of its own, and what was found is put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dsl.terms import ABSTRACTION, Application, Operator, Term, abstract, beta_normal, operators, postorder, rebuild
from wake_sleep.sleep.abstraction.untyped import constant, untyped_abstraction


class Definitions:
    """Named functions over constants, some of which are names of others.

    Attributes:
        bodies: the closed term of each function by its name.
    """

    def __init__(self, bodies: Mapping[str, Term]) -> None:
        """Take functions, none of which is defined by itself."""
        self.bodies = dict(bodies)
        self._expanded: dict[str, Term] = {}

    def used_by(self, programs: Sequence[Term]) -> list[str]:
        """The functions that programs and used functions apply, each behind those that its body applies."""
        found: dict[str, None] = {}
        stack = [(name, False) for name in reversed(self._names(programs))]
        while stack:
            name, is_done = stack.pop()
            if name in found:
                continue
            if is_done:
                found[name] = None
                continue
            stack.append((name, True))
            stack.extend((each, False) for each in self._names([self.bodies[name]]) if each not in found)
        return list(found)

    def _names(self, terms: Sequence[Term]) -> list[str]:
        return [operator.name for operator in operators(*terms) if operator.name in self.bodies]

    def expanded(self, name: str) -> Term:
        """The base-language β-normal form of a function."""
        for each in self.used_by([constant(name)]):
            if each not in self._expanded:
                meanings = {other: self._expanded[other] for other in self._names([self.bodies[each]])}
                self._expanded[each] = beta_normal(replaced(self.bodies[each], meanings))
        return self._expanded[name]

    def operators(self, names: Sequence[str], renamed: Mapping[str, str]) -> dict[str, Operator]:
        """The functions as abstractions, by their names here, each called by its new name."""
        return {name: untyped_abstraction(renamed[name], self.expanded(name)) for name in names}


def replaced(term: Term, meanings: Mapping[str, Term]) -> Term:
    """`term` with constants replaced by closed terms, by name."""
    done: dict[Term, Term] = {}
    for node in postorder([term]):
        if isinstance(node, Application) and isinstance(node.head, Operator):
            done[node] = meanings.get(node.head.name, node)
        else:
            done[node] = rebuild(node, [done[child] for child in node.children])
    return done[term]


def opaque(terms: Sequence[Term]) -> Iterator[Term]:
    """Terms with the abstractions that they apply taken for constants."""
    for term in terms:
        names = [operator.name for operator in operators(term) if operator.kind == ABSTRACTION]
        yield replaced(term, {name: constant(name) for name in names})


def closed(body: Term, arity: int) -> Term:
    """The opaque closed term of a function with so many parameters."""
    (term,) = opaque([body])
    return abstract(term, arity)
