"""The search of λ-free languages by tuples of values: enumeration, deduction and unification over one bank."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from dsl.evaluate import Evaluation
from dsl.probability import ROOT, literal_log_probability
from dsl.terms import Literal, Term
from dsl.types import BOOL, INT, STRING, Type
from dsl.values import Value
from wake_sleep.wake.constants import slot_literals
from wake_sleep.wake.costs import UNREACHABLE, Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case, Found, Goal, Known, Search
from wake_sleep.wake.values.bank import Bank, Row
from wake_sleep.wake.values.deduce import deductions
from wake_sleep.wake.values.enumerate import Enumeration
from wake_sleep.wake.values.focus import Focus
from wake_sleep.wake.values.language import Language
from wake_sleep.wake.values.seeds import enter_seed

_HEAD_START: Final = 30_000
_MOST_BETWEEN: Final = 1.5
_LEAST_PATIENCE: Final = 10_000
_MOST_PATIENCE: Final = 1_500_000
_FURTHER: Final = 10
_NATS: Final = 10.0
"""Description length of an output of a type without literals."""


class ValueSearch(Search):
    """See the module."""

    def __init__(self, goal: Goal, costs: Costs, meter: Meter) -> None:
        """Prepare a search."""
        super().__init__(goal, costs, meter)
        self._seeds: dict[Term, None] = {}
        self._tried = 0
        self._literals = slot_literals(goal.grammar, goal.cases)
        self.language = Language(goal.grammar, costs, self._literals)
        self.bank = Bank(
            self.language, goal.domain, goal.limits, [inputs for inputs, _ in goal.cases], goal.maximum_size
        )
        self.enumeration = Enumeration(self.language, self.bank, self.meter)
        self._aim()

    def _aim(self) -> None:
        """Take up the active cases."""
        self._interrupted = True
        self._target: Row = tuple(output for _, output in self.goal.cases)
        self._reported: set[Term] = set()
        self._best, self._worth = UNREACHABLE, math.inf
        self._fitting: dict[Term, None] = {}
        self._reached: set[int] = set()
        self.enumeration.watch(self._target)
        self._listing = sum(_literal_nats(output, self.language.start.type) for output in self._target) or 1.0
        self._deductions = deductions(self.language, self.bank, self._target, self._spend)
        texts = [d.wanted for d in self._deductions if self.language.symbols[d.symbol].type is STRING and d.wanted]
        self._focus = Focus(self.enumeration, [[str(text) for text in wanted] for wanted in texts])

    def _spend(self, candidates: int) -> None:
        """Count what the deduction tries."""
        self._tried += candidates
        self.meter.spend(candidates, self.bank.kept_bytes)

    def run(self) -> Iterator[Found | None]:
        """See `Search.run`."""
        while True:
            self._interrupted = False
            for found in self._round():
                yield found
                if self._interrupted:
                    break
            else:
                break
        self.is_complete = self.bank.is_complete and not self.language.has_slots

    def _round(self) -> Iterator[Found | None]:
        """Search on the active cases, from where the enumeration stands."""
        yield None
        for body in self._fitting:
            nats = self.costs.nats(self.goal.grammar.program(body))
            yield from self._report(body, FoundBy.ENUMERATION, math.ceil(nats * self.costs.resolution))
        while not self.enumeration.is_finished:
            due = _MOST_BETWEEN * self.meter.candidates + _HEAD_START
            for _ in self.enumeration.run_level():
                yield from self._enumerated()
                if self.meter.candidates > due:
                    yield from self._deduced()
                    due = _MOST_BETWEEN * self.meter.candidates
            yield from self._enumerated()
            yield from self._deduced()

    def _deduced(self) -> Iterator[Found | None]:
        """Put bodies together from the bank, in as much time as the enumeration has taken."""
        allowance = _HEAD_START + self.meter.candidates - self._tried - self._effort
        if allowance <= 0:
            return
        self._focus.update()
        yield None
        for deduction in self._deductions:
            for by, answer in deduction.answers(self._best, allowance):
                yield None
                if answer is not None and answer.cost < self._best:
                    yield from self._report(answer.build(), by, answer.cost)

    @property
    def _effort(self) -> int:
        """Work of the deduction, in units of about a microsecond: those of a candidate of the enumeration."""
        return sum(deduction.effort for deduction in self._deductions)

    def _enumerated(self) -> Iterator[Found | None]:
        """Report what the enumeration has reached since the last call."""
        start = self.language.start.number
        yield None
        for cost, piece in self.enumeration.hits():
            if cost < self._best:
                yield from self._report(self.bank.build(piece), FoundBy.ENUMERATION, cost)
        row = self.bank.tables[start].find_early(self._target)
        if row is not None and row not in self._reached:
            self._reached.add(row)
            cost = self.bank.tables[start].costs[row] + self._shift(row)
            yield from self._report(self.bank.term(start, row), FoundBy.ENUMERATION, cost)

    def _shift(self, row: int) -> int:
        """What the root costs beyond the level of a row of the start symbol."""
        return self.language.costs.shift(self.bank.tables[self.language.start.number].rules[row].class_, ROOT)

    def _report(self, body: Term, by: FoundBy, cost: int) -> Iterator[Found]:
        """Yield a body, unless it is too large or no better than those before for when it was found.

        Among more bodies there are more that fit by chance: a body found after n times as many candidates must save
        log n nats (as in Levin's Kt complexity, where a program costs its length and the logarithm of its time).
        """
        if body in self._reported or (self.goal.maximum_size is not None and body.size > self.goal.maximum_size):
            return
        self._reported.add(body)
        self._best = min(self._best, cost)
        worth = self.costs.nats(self.goal.grammar.program(body)) + math.log(max(1, self.meter.candidates))
        if worth < self._worth:
            self._worth, self._cost = worth, cost
            yield Found(body, by)

    def patience(self, candidates: int) -> int:
        """See `Search.patience`.

        Nothing shorter than what was enumerated is left. Otherwise about two more levels are gone through, and the
        more the less the last body compresses the outputs: one as long as the list of outputs says nothing but that.
        """
        if self._cost <= self.enumeration.level:
            return _LEAST_PATIENCE
        share = min(1.0, self._cost / (self.costs.resolution * self._listing))
        hope = round(_LEAST_PATIENCE * math.pow(_MOST_PATIENCE / _LEAST_PATIENCE, share))
        return min(_MOST_PATIENCE, max(hope, _FURTHER * candidates))

    def add_cases(self, cases: Sequence[Case]) -> None:
        """See `Search.add_cases`.

        The rows of the bank are evaluated on the new cases, so that deduction and unification have them at once; then
        the levels are gone through again, which keeps what was equal to a row and differs from it now.
        """
        self.goal = dataclasses.replace(self.goal, cases=(*self.goal.cases, *cases))
        self.bank.extend([inputs for inputs, _ in cases], self._spend)
        self.enumeration.rewind()
        self._aim()
        self._plant()

    def reprice(self, costs: Costs) -> None:
        """See `Search.reprice`.

        All rows stay, for deduction and unification at once and for the enumeration when their new level comes; what
        was equal to a row may now cost less than it, so that the levels are gone through again.
        """
        self.costs = costs
        self.language = Language(self.goal.grammar, costs, self._literals)
        rows = self.bank.reprice(self.language)
        self.enumeration = Enumeration(self.language, self.bank, self.meter)
        self.enumeration.take_up(rows)
        self._aim()
        self._plant()

    def seed(self, terms: Iterable[Term]) -> None:
        """See `Search.seed`."""
        self._seeds.update(dict.fromkeys(terms))
        self._interrupted = True
        self.enumeration.repeat_level()
        self._plant()

    def explore(self) -> Iterator[None]:
        """See `Search.explore`."""
        while not self.enumeration.is_finished:
            yield from self.enumeration.run_level()
            yield

    def known(self) -> Iterator[Known]:
        """See `Search.known`."""
        start = self.language.start.number
        table = self.bank.tables[start]
        rows = [row for row, cells in enumerate(table.values) if table.index.get(cells, row) == row]
        for row in sorted(rows, key=table.costs.__getitem__):
            yield Known(self.bank.term(start, row), table.values[row])

    def _plant(self) -> None:
        """Test the seeds against the goal and enter them into the bank."""
        grammar = self.goal.grammar
        evaluation = Evaluation(self.goal.domain, self.bank.inputs, self.goal.limits)
        for term in self._seeds:
            self.meter.spend(term.size, self.bank.kept_bytes)
            is_right = tuple(evaluation.column(term)) == self._target
            if is_right and grammar.derive_at(grammar.start, term) is not None:
                self._fitting[term] = None
            level = enter_seed(term, grammar, self.enumeration)
            if level is not None and level <= self.enumeration.level:
                self.enumeration.repeat_level(level)


def _literal_nats(value: Value, type_: Type) -> float:
    """Description length of an output."""
    if type_ is STRING or type_ is INT or type_ is BOOL or type_.name == "bv":
        return -literal_log_probability(Literal(value, type_))
    return _NATS
