"""Which applications an enumeration by levels makes at which level.

An engine stores the terms that it kept in *groups*: the rows of one nonterminal whose roots have one class of shifts
(see `costs`) and which have one level. A `Schedule` says, for one level and production, from which groups the
arguments are to be drawn. What a group is, a list of row numbers or a slice of an array, is the engine's own affair.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Generic, TypeVar

from dsl.grammar import Nonterminal, Production
from dsl.probability import Context
from dsl.terms import Lambda
from wake_sleep.wake.costs import Costs

Group = TypeVar("Group")


class Schedule(Generic[Group]):
    """The groups of all nonterminals, by class and level."""

    def __init__(self, costs: Costs) -> None:
        """Start without any group."""
        self.costs = costs
        self._groups: dict[Nonterminal, dict[int, dict[int, Group]]] = {}
        self._views: dict[Nonterminal, dict[Context, dict[int, list[Group]]]] = {}

    def put(self, nonterminal: Nonterminal, class_: int, level: int, group: Group) -> None:
        """Store the group of a class at a level, where there was none."""
        levels = self._groups.setdefault(nonterminal, {}).setdefault(class_, {})
        assert level not in levels, f"{nonterminal!r} has a group of class {class_} at level {level}"
        levels[level] = group
        for context, view in self._views.get(nonterminal, {}).items():
            view.setdefault(level + self.costs.shift(class_, context), []).append(group)

    def get(self, nonterminal: Nonterminal, class_: int, level: int) -> Group | None:
        """The group of a class at a level, or None."""
        return self._groups.get(nonterminal, {}).get(class_, {}).get(level)

    def view(self, nonterminal: Nonterminal, context: Context) -> dict[int, list[Group]]:
        """The groups of a nonterminal by what their terms cost in a context; it grows with them."""
        views = self._views.setdefault(nonterminal, {})
        context = self.costs.canonical(context)
        found = views.get(context)
        if found is None:
            found = views[context] = {}
            for class_, levels in self._groups.get(nonterminal, {}).items():
                shift = self.costs.shift(class_, context)
                for level, group in levels.items():
                    found.setdefault(level + shift, []).append(group)
        return found

    def arguments(self, production: Production, inner: int, parent: Context) -> Iterator[tuple[Group, ...]]:
        """All ways to draw the arguments of a production so that together they cost `inner`.

        Args:
            production: with at least one child.
            inner: cost of all arguments together, their root productions included.
            parent: context of the production itself, which a λ passes on to its body.
        """
        for together in self.splits(production, inner, parent):
            yield from itertools.product(*together)

    def splits(self, production: Production, inner: int, parent: Context) -> Iterator[tuple[list[Group], ...]]:
        """All ways to split the cost of the arguments of a production, with the groups at that cost for each of them.

        The cheapest first arguments come first; see `arguments`.
        """
        if production.head is Lambda:
            contexts = [parent]
        else:
            contexts = [(production.key, i) for i in range(len(production.children))]
        views = [self.view(child, c) for child, c in zip(production.children, contexts, strict=True)]
        if not all(views):
            return
        least = [min(view) for view in views]
        yield from _split(views, least, inner)


def _split(views: list[dict[int, list[Group]]], least: list[int], inner: int) -> Iterator[tuple[list[Group], ...]]:
    """The groups of one cost from each view, these costs summing to `inner`; the cheapest first arguments first."""
    first, rest = views[0], views[1:]
    if not rest:
        if inner in first:
            yield (first[inner],)
        return
    room = inner - sum(least[1:])
    for cost in sorted(cost for cost in first if cost <= room):
        for others in _split(rest, least[1:], inner - cost):
            yield (first[cost], *others)
