"""The bank of an enumeration: open terms that differ in their values, by nonterminal, level and the variables used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dsl.grammar import Nonterminal
from dsl.probability import Context
from dsl.terms import Term
from wake_sleep.wake.lambdas.forms import Form, Slot
from wake_sleep.wake.lambdas.pricing import Pricing


class Entry:
    """A term that was kept.

    Attributes:
        column: its values: one for each example, or below a λ one for each row of the sampled environments.
        form: what stands at its root.
        children: its arguments, λs taken off.
        level: the level that it was found at.
        code: its compiled form, once it was asked for (see `closures`).
    """

    __slots__ = ("children", "code", "column", "form", "level")

    def __init__(self, column: tuple[Any, ...], form: Form, children: tuple[Entry, ...], level: int) -> None:
        self.column, self.form, self.children, self.level = column, form, children, level
        self.code: Any = None

    def term(self, scope: int) -> Term:
        """The term in a scope of so many variables."""
        return self._term(tuple(range(scope)), scope)

    def _term(self, places: tuple[int, ...], scope: int) -> Term:
        """The term where the variable of each position stands at another place of a scope."""
        form = self.form
        arguments = []
        for child, slot in zip(self.children, form.slots, strict=True):
            count = len(slot.binders)
            inner = (*places[: slot.scope], *range(scope, scope + count)) if count else places
            arguments.append(child._term(inner, scope + count))
        return form.build(arguments, places, scope)


class Group:
    """Entries of one nonterminal and level that are alike for what applies them.

    Attributes:
        class_: class of the shifts of their roots (see `wake_sleep.wake.costs`).
        uses: bit set of the positions of the variables that they use.
        clean: whether none is ⊥ in any row.
        entries: the terms.
        columns: their columns.
    """

    __slots__ = ("class_", "clean", "columns", "entries", "uses")

    def __init__(self, class_: int, uses: int, clean: bool) -> None:
        self.class_, self.uses, self.clean = class_, uses, clean
        self.entries: list[Entry] = []
        self.columns: list[tuple[Any, ...]] = []

    def add(self, entry: Entry) -> None:
        """Put in a further entry."""
        self.entries.append(entry)
        self.columns.append(entry.column)

    @classmethod
    def joined(cls, groups: Sequence[Group], shift: Callable[[Group], int] | None = None) -> list[Group]:
        """Groups with all that are alike made one, whatever their classes are.

        With learned weights the terms of one cost lie in very many groups, most of them of one or two.

        Args:
            groups: of one nonterminal.
            shift: a number by which they shall be told apart, too.
        """
        if len(groups) == 1:
            return list(groups)
        found: dict[tuple[int, bool, int], list[Group]] = {}
        for group in groups:
            found.setdefault((group.uses, group.clean, shift(group) if shift else 0), []).append(group)
        return [alike[0] if len(alike) == 1 else cls._join(alike) for alike in found.values()]

    @classmethod
    def _join(cls, groups: Sequence[Group]) -> Group:
        made = cls(groups[0].class_, groups[0].uses, groups[0].clean)
        made.entries = [entry for group in groups for entry in group.entries]
        made.columns = [column for group in groups for column in group.columns]
        return made


View = dict[int, list[Group]]
"""Groups by what their terms cost in a context."""


class Store:
    """The entries of one nonterminal.

    Attributes:
        nonterminal: whose terms.
        depth: number of variables bound by λs in its scope.
        seen: columns that were met, with the entry that was kept, or None if none is.
        levels: groups by level.
        filled: highest level up to which all terms are here.
        least: lowest level that has terms.
        most: highest level that has terms.
    """

    __slots__ = ("_order", "_views", "depth", "filled", "least", "levels", "most", "nonterminal", "seen")

    def __init__(self, nonterminal: Nonterminal, depth: int) -> None:
        self.nonterminal, self.depth = nonterminal, depth
        self.seen: dict[Any, Entry | None] = {}
        self.levels: View = {}
        self.filled = 0
        self.least = self.most = 0
        self._order: list[tuple[int, Group]] = []
        self._views: dict[Context, tuple[View, int]] = {}

    @property
    def is_shared(self) -> bool:
        """Whether terms that do not use the innermost variable are those of the scope around.

        Nonterminals that a file names have no counterpart there.
        """
        return bool(self.depth) and not self.nonterminal.name

    def put(self, level: int, group: Group) -> None:
        """Store a group at a level."""
        if not self.levels:
            self.least = self.most = level
        self.least, self.most = min(self.least, level), max(self.most, level)
        self.levels.setdefault(level, []).append(group)
        self._order.append((level, group))

    def view(self, slot: Slot, pricing: Pricing) -> View:
        """Its groups by what their terms cost as an argument."""
        if pricing.is_flat:
            return self.levels
        costs = pricing.costs
        key = costs.canonical(slot.context)
        found, known = self._views.get(key, ({}, 0))
        if known < len(self._order):
            for level, group in self._order[known:]:
                found.setdefault(level + costs.shift(group.class_, key), []).append(group)
            self._views[key] = found, len(self._order)
        return found
