"""Conditionals put together of terms that are right on some cases: what the bank contributes to a decision tree."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import Any, Final

from dsl.grammar import Nonterminal
from wake_sleep.wake.lambdas.bank import Entry, Store
from wake_sleep.wake.lambdas.enumeration import Column, Enumeration, Language
from wake_sleep.wake.lambdas.forms import Form, Kind
from wake_sleep.wake.lambdas.ledger import Ledger
from wake_sleep.wake.search import Case
from wake_sleep.wake.unify import Part, Tree, decision_tree

MOST_FURTHER: Final = 24
"""Most cases that a conditional is to be right on beside those that guide."""
MOST_ALIKE: Final = 3
"""Most terms that are told apart by these cases although they are right on the same ones that guide."""
MOST_TERMS: Final = 40
MOST_PREDICATES: Final = 200
EFFORT: Final = 10_000
"""Candidates that looking for a conditional counts for."""


def choice_of(forms: Sequence[Form], nonterminal: Nonterminal) -> Form | None:
    """The conditional between terms of a nonterminal, if its language has one."""
    return next((f for f in forms if f.kind is Kind.CHOICE and f.slots[1].nonterminal is nonterminal), None)


class Conditionals:
    """Looks for a conditional that is right on all cases, those that do not guide the enumeration included.

    Attributes:
        tests: the nonterminal of its predicates.
    """

    def __init__(
        self, choice: Form, enumeration: Enumeration, further: Sequence[Case], language: Language, ledger: Ledger
    ) -> None:
        """Prepare for the goal of an enumeration.

        Args:
            choice: the form of a conditional.
            enumeration: the bank, and the cases that guide.
            further: cases that do not guide.
            language: of the bank.
            ledger: what the work is counted by.
        """
        self.tests = choice.slots[0].nonterminal
        self._choice, self._enumeration, self._ledger = choice, enumeration, ledger
        self._price = language.price(enumeration.start, choice)
        self._further = tuple(further[:MOST_FURTHER])
        self._target = tuple(output for _, output in enumeration.cases)
        self._further_target = tuple(output for _, output in self._further)
        self._partial: dict[tuple[bool, ...], Entry] = {}
        self._alike: dict[tuple[bool, ...], int] = {}
        self._truths: dict[Entry, int] = {}
        self._tried = (0, 0)

    def note(self, entry: Entry) -> None:
        """Remember a term that is right on some cases, the first for each set of cases."""
        fits = tuple(map(operator.eq, entry.column, self._target))
        if True not in fits:
            return
        if self._further:
            self._alike[fits] = self._alike.get(fits, 0) + 1
            if self._alike[fits] > MOST_ALIKE:
                return
            fits += tuple(map(operator.eq, self._further_cells(entry), self._further_target))
        self._partial.setdefault(fits, entry)

    def find(self) -> Entry | None:
        """A conditional at its cost, if there is one; tried each time that there are twice as many parts.

        Raises:
            OutOfBudget: if the budget is spent.
        """
        store = self._enumeration.stores.get(self.tests)
        count = len(self._target) + len(self._further)
        if store is None or count < 2:
            return None
        known = (len(self._partial), len(store.seen))
        if all(now < 2 * before for now, before in zip(known, self._tried, strict=True)):
            return None
        terms = [Part(_bits(fits), entry.level, entry) for fits, entry in self._partial.items()]
        everything, covered = (1 << count) - 1, 0
        for term in terms:
            covered |= term.cases
        predicates = self._predicates(store) if covered == everything else []
        if not predicates:
            return None
        self._tried = known
        self._ledger.work += EFFORT
        terms.sort(key=lambda part: part.cost - 2 * part.cases.bit_count())
        tree = decision_tree(terms[:MOST_TERMS], predicates, everything, self._price, self._spend)
        return None if tree is None or tree.branches is None else self._grown(tree)

    def _predicates(self, store: Store) -> list[Part[Entry]]:
        """The cheapest predicates, one for each set of cases where it holds."""
        found: dict[int, Part[Entry]] = {}
        clean = (group for _, groups in sorted(store.levels.items()) for group in groups if group.clean)
        for entry in itertools.chain.from_iterable(group.entries for group in clean):
            truth = self._truth(entry)
            if truth is not None and truth not in found:
                found[truth] = Part(truth, entry.level, entry)
                if len(found) == MOST_PREDICATES:
                    break
        return list(found.values())

    def _truth(self, entry: Entry) -> int | None:
        """The cases where a predicate holds, as a bit set; None if it has no value on one."""
        found = self._truths.get(entry)
        if found is None:
            cells = (*entry.column, *self._further_cells(entry)) if self._further else entry.column
            found = -1 if any(type(cell) is not bool for cell in cells) else _bits(cells)
            self._truths[entry] = found
        return None if found < 0 else found

    def _further_cells(self, entry: Entry) -> list[Any]:
        """The values of a term on the cases that do not guide."""
        closures = self._enumeration.closures
        code = closures.code(entry)
        return [closures.cell(code, inputs) for inputs, _ in self._further]

    def _grown(self, tree: Tree[Entry]) -> Entry:
        """The term of a decision tree."""
        if tree.branches is None:
            return tree.payload
        yes, no = (self._grown(branch) for branch in tree.branches)
        return Entry(self._target, self._choice, (tree.payload, yes, no), tree.cost)

    def _spend(self, candidates: int) -> None:
        self._ledger.pending += candidates
        self._ledger.settle()


def _bits(cells: Column) -> int:
    """The cases where a column of truth values is true, as a bit set."""
    return sum(1 << i for i, cell in enumerate(cells) if cell)
