"""Inverse semantics of sums and differences: what must be added to a row to give the wanted numbers is looked up."""

from __future__ import annotations

from typing import Final

from dsl.probability import ROOT, Context
from wake_sleep.wake.values.bank import Bank, Made, Row, Spend
from wake_sleep.wake.values.concatenate import Answer
from wake_sleep.wake.values.language import Language, Rule

SUM: Final = "+"
DIFFERENCE: Final = "-"
_BATCH: Final = 5_000


class Sums:
    """Looks for sums and differences of two rows that give the wanted numbers.

    Attributes:
        effort: work that was done, in units of about a microsecond.
    """

    def __init__(
        self, language: Language, bank: Bank, symbol: int, wanted: Row, spend: Spend, context: Context = ROOT
    ) -> None:
        """Prepare for the wanted numbers of a symbol that stands in a context."""
        self.effort = 0
        self.language, self.bank, self.wanted, self.context = language, bank, wanted, context
        self._spend = spend
        names = (SUM, DIFFERENCE)
        self._rules = [rule for n in names for rule in language.rules_named(symbol, n) if len(rule.children) == 2]
        self._seen: dict[tuple[Rule, int], int] = {}
        self._best: Answer | None = None

    def shortest(self, below: int) -> Answer | None:
        """The cheapest sum or difference so far, if it costs less than `below`, or None."""
        for rule in self._rules:
            for argument in (0, 1):
                self._complete(rule, argument)
        return self._best if self._best is not None and self._best.cost < below else None

    def _complete(self, rule: Rule, argument: int) -> None:
        """Look up the other argument for the rows that are new as this one."""
        table, others = (self.bank.tables[rule.children[i]] for i in (argument, 1 - argument))
        first = self._seen.get((rule, argument), 0)
        self._seen[rule, argument] = len(table.values)
        self.effort += len(table.values) - first
        wanted = self.wanted
        for number in range(first, len(table.values)):
            if not number % _BATCH:
                self._spend(0)
            row = table.values[number]
            if any(cell.__class__ is not int for cell in row):
                continue
            if rule.name == SUM:
                missing = tuple([goal - cell for goal, cell in zip(wanted, row, strict=True)])
            elif argument == 0:
                missing = tuple([cell - goal for goal, cell in zip(wanted, row, strict=True)])
            else:
                missing = tuple([goal + cell for goal, cell in zip(wanted, row, strict=True)])
            other = others.find_early(missing)
            if other is not None:
                self._keep(rule, (number, other) if argument == 0 else (other, number))

    def _keep(self, rule: Rule, rows: tuple[int, int]) -> None:
        cost = self.bank.cost(rule, rows) + self.language.costs.shift(rule.class_, self.context)
        if self._best is None or cost < self._best.cost:
            piece = Made(rule, tuple(zip(rule.children, rows, strict=True)))
            self._best = Answer(cost, lambda: self.bank.build(piece))
