"""Deduction and unification for one goal: a symbol with the values that its term must have.

The goal of a search has sub-goals where the grammar has a rule whose meaning can be inverted: a string of digits
is wanted if ``str.from_int`` of a number is, and a number as the string of its digits if ``str.to_int`` is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from dsl.probability import ROOT, Context
from dsl.terms import Term
from dsl.types import INT, STRING
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.values.bank import Bank, Row, Spend
from wake_sleep.wake.values.concatenate import Answer, Concatenations
from wake_sleep.wake.values.conditionals import Conditionals, conditionals_of
from wake_sleep.wake.values.language import Language, Rule
from wake_sleep.wake.values.sums import Sums

FROM_INTEGER: Final = "str.from_int"
TO_INTEGER: Final = "str.to_int"
_LONGEST_NUMERAL: Final = 100


class Deduction:
    """Puts terms with the wanted values together from the rows of a bank.

    Attributes:
        symbol: of the wanted term.
        wanted: its value for each case.
    """

    def __init__(
        self,
        language: Language,
        bank: Bank,
        symbol: int,
        wanted: Row,
        spend: Spend,
        within: Rule | None = None,
    ) -> None:
        """Prepare for a goal.

        Args:
            language: what terms there are.
            bank: where parts are taken from.
            symbol: of the wanted term.
            wanted: its values.
            spend: called with the candidates since the last call every few milliseconds; may raise to end the work.
            within: the rule of one argument that makes the wanted term a body, or None if it is one.
        """
        self.language, self.symbol, self.wanted, self.within = language, symbol, wanted, within
        self.context: Context = ROOT if within is None else within.context(0)
        self._forks = conditionals_of(language, symbol) if len(wanted) > 1 else []
        self._concatenations: Concatenations | None = None
        self._conditionals: Conditionals | None = None
        self._sums: Sums | None = None
        type_ = language.symbols[symbol].type
        if type_ is STRING and wanted:
            texts = [str(text) for text in wanted]
            least = min(2, len(wanted)) if self._forks else len(wanted)
            self._concatenations = Concatenations(language, bank, texts, least, spend)
        if type_ is INT and wanted:
            self._sums = Sums(language, bank, symbol, wanted, spend, self.context)
        if self._forks:
            self._conditionals = Conditionals(language, bank, wanted, self._concatenations, spend)

    @property
    def effort(self) -> int:
        """Work that was done, in units of about a microsecond."""
        parts = (self._conditionals or self._concatenations, self._sums)
        return sum(part.effort for part in parts if part is not None)

    def answers(self, below: int, allowance: int) -> Iterator[tuple[FoundBy, Answer | None]]:
        """Look for bodies, each way once.

        Args:
            below: bound on the cost.
            allowance: bound on the effort.

        Yields:
            for each way a body cheaper than all before, or None.
        """
        around = 0 if self.within is None else self.language.charge(self.within, ROOT)
        for by, found in self._terms(below - around, allowance):
            if found is not None:
                below = found.cost + around
            yield by, None if found is None else Answer(found.cost + around, self._builder(found))

    def _builder(self, answer: Answer) -> Callable[[], Term]:
        rule = self.within
        return answer.build if rule is None else lambda: rule.production.build((answer.build(),))

    def _terms(self, below: int, allowance: int) -> Iterator[tuple[FoundBy, Answer | None]]:
        if self._sums is not None:
            found = self._sums.shortest(below)
            below = below if found is None else found.cost
            yield FoundBy.DEDUCTION, found
        if self._concatenations is not None:
            self._concatenations.update(self.symbol)
            found = self._concatenations.shortest(self.symbol, self.context, below=below, allowance=allowance)
            below = below if found is None else found.cost
            yield FoundBy.DEDUCTION, found
        for fork in self._forks:
            assert self._conditionals is not None
            for branch in dict.fromkeys(fork.children[1:]):
                self._conditionals.update(branch)
                if self._concatenations is not None:
                    self._concatenations.update(branch)
            found = self._conditionals.shortest(fork, below, allowance, self.context)
            below = below if found is None else found.cost
            yield FoundBy.UNIFICATION, found


def deductions(language: Language, bank: Bank, wanted: Row, spend: Spend) -> list[Deduction]:
    """Deductions for the goal of a search and for its sub-goals."""
    start = language.start
    found = [Deduction(language, bank, start.number, wanted, spend)]
    for rule in start.rules:
        inner = _inverse(rule.name, wanted)
        if inner is not None:
            found.append(Deduction(language, bank, rule.children[0], inner, spend, rule))
    return found


def _inverse(name: str, wanted: Row) -> Row | None:
    """The argument from which a rule makes the wanted values, or None if there is none or it is not known."""
    if not wanted:
        return None
    if name == TO_INTEGER and all(0 <= number < 10**_LONGEST_NUMERAL for number in wanted):
        return tuple(map(str, wanted))
    if name == FROM_INTEGER and all(0 < len(text) <= _LONGEST_NUMERAL for text in wanted):
        numbers = [int(text) if text.isascii() and text.isdigit() else -1 for text in wanted]
        return tuple(numbers) if [str(number) for number in numbers] == list(wanted) else None
    return None
