"""Unification: conditional terms from terms that are right on some of the cases.

Predicates of the bank split the cases; for each set of cases that splits lead to, the cheapest term that is right on
it is a row of the bank or a concatenation for these cases alone. As there are few active cases, the cheapest
tree is found by dynamic programming over sets of cases, bounded by the best that is known (compare the greedy trees of
`wake_sleep.wake.unify`, which serve engines with many terms and cases).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from dsl.probability import ROOT, Context
from dsl.terms import Term
from dsl.types import BOOL
from wake_sleep.wake.costs import UNREACHABLE
from wake_sleep.wake.values.bank import Bank, Row, Spend
from wake_sleep.wake.values.concatenate import Answer, Concatenations
from wake_sleep.wake.values.language import Language, Rule

CONDITIONAL: Final = "ite"
_MOST_PREDICATES: Final = 60
_PAUSE: Final = 500
_BATCH: Final = 20_000
_GROWTH: Final = 2
_SHARE: Final = 4
_DEEPEST: Final = 5


def conditionals_of(language: Language, symbol: int) -> list[Rule]:
    """The rules of a symbol that choose between two terms of the same symbol by a condition."""
    return [
        rule
        for rule in language.rules_named(symbol, CONDITIONAL)
        if len(rule.children) == 3 and language.symbols[rule.children[0]].type is BOOL
    ]


@dataclass(frozen=True)
class _Predicate:
    """A condition without ⊥.

    Attributes:
        cases: bit set of the cases where it is true.
        cost: in the place where it stands.
        row: number of the row.
    """

    cases: int
    cost: int
    row: int


class Conditionals:
    """Looks for decision trees for one symbol."""

    def __init__(
        self,
        language: Language,
        bank: Bank,
        wanted: Row,
        concatenations: Concatenations | None,
        spend: Spend,
    ) -> None:
        """Prepare for a goal.

        Args:
            language: what terms there are.
            bank: where terms and predicates are taken from.
            wanted: the value of each case.
            concatenations: of the same goal, if it is one of strings.
            spend: called with the candidates since the last call every few milliseconds; may raise to end the work.
        """
        self.language, self.bank, self.wanted, self._spend = language, bank, wanted, spend
        self._concatenations = concatenations
        self._full = (1 << len(wanted)) - 1
        self._right: dict[int, dict[int, int]] = {}
        self._seen: dict[int, int] = {}
        self._allowance = self.steps = 0
        self._walked: dict[tuple[int, Context, int], tuple[Answer | None, int]] = {}

    def update(self, symbol: int) -> None:
        """Take up the rows of a symbol that are new as partial solutions."""
        table = self.bank.tables[symbol]
        right = self._right.setdefault(symbol, {})
        wanted = self.wanted
        for number in range(self._seen.get(symbol, 0), len(table.values)):
            row = table.values[number]
            cases = 0
            for i, (value, goal) in enumerate(zip(row, wanted, strict=True)):
                if value == goal:
                    cases |= 1 << i
            if cases and (cases not in right or table.costs[number] < table.costs[right[cases]]):
                right[cases] = number
            if not number % _BATCH:
                self._spend(0)
        self._seen[symbol] = len(table.values)

    def shortest(self, rule: Rule, below: int, allowance: int, context: Context = ROOT) -> Answer | None:
        """The cheapest conditional that is right on all cases and costs less than `below`, or None.

        Args:
            rule: the conditional at the root.
            below: bound on the cost.
            allowance: bound on the effort.
            context: of the wanted term.
        """
        self._allowance = self.effort + allowance
        found = _Trees(self, rule, writes=False).shortest(below, context)
        if self._concatenations is not None:
            found = _Trees(self, rule, writes=True).shortest(below if found is None else found.cost, context) or found
        return found

    @property
    def effort(self) -> int:
        """Work that was done, in units of about a microsecond."""
        return 3 * self.steps + (0 if self._concatenations is None else self._concatenations.effort)

    @property
    def is_tired(self) -> bool:
        """Whether the allowance is used up."""
        return self.effort > self._allowance

    def leaf(self, symbol: int, context: Context, cases: int, below: int, writes: bool) -> Answer | None:
        """The cheapest term without a conditional at its root that is right on some cases, or None."""
        table = self.bank.tables[symbol]
        best: tuple[int, int] | None = None
        for covered, number in self._right[symbol].items():
            if covered & cases == cases:
                cost = table.costs[number] + self.language.costs.shift(table.rules[number].class_, context)
                if best is None or cost < best[0]:
                    best = (cost, number)
        # What costs as little as a row was enumerated: a row is cheaper than anything that is not in the bank.
        if best is not None:
            return Answer(best[0], _row_builder(self.bank, symbol, best[1]))
        return self._written(symbol, context, cases, below) if writes and cases.bit_count() > 1 else None

    def _written(self, symbol: int, context: Context, cases: int, below: int) -> Answer | None:
        """The cheapest concatenation that is right on some cases, or None; looked for again when the bank has grown."""
        assert self._concatenations is not None
        rows = len(self.bank.tables[symbol].values)
        known = self._walked.get((symbol, context, cases))
        if known is not None and (rows < _GROWTH * known[1] or self.is_tired):
            return known[0]
        if self.is_tired:
            return None
        room = (self._allowance - self.effort) // _SHARE + 1
        found = self._concatenations.shortest(symbol, context, cases, UNREACHABLE, room)
        if found is None and known is not None:
            found = known[0]
        self._walked[symbol, context, cases] = (found, rows)
        return found


def _row_builder(bank: Bank, symbol: int, number: int) -> Callable[[], Term]:
    return lambda: bank.term(symbol, number)


class _Trees:
    """The search for the cheapest tree of one rule."""

    def __init__(self, owner: Conditionals, rule: Rule, *, writes: bool) -> None:
        self.owner, self.rule, self.writes = owner, rule, writes
        self.language, self.bank = owner.language, owner.bank
        self.predicates = sorted(self._predicates(), key=lambda p: p.cost)[:_MOST_PREDICATES]
        self._leaves: dict[tuple[int, int], Answer | None] = {}
        self._known: dict[tuple[int, int, int], tuple[int, Answer | None]] = {}

    def _predicates(self) -> Iterator[_Predicate]:
        symbol, context = self.rule.children[0], self.rule.context(0)
        table = self.bank.tables[symbol]
        full = self.owner._full
        for row, number in table.index.items():
            if number >= 0 and all(cell.__class__ is bool for cell in row):
                cases = sum(1 << i for i, cell in enumerate(row) if cell)
                if 0 < cases < full:
                    cost = table.costs[number] + self.language.costs.shift(table.rules[number].class_, context)
                    yield _Predicate(cases, cost, number)

    def shortest(self, below: int, context: Context) -> Answer | None:
        root = self.language.charge(self.rule, context)
        for depth in range(_DEEPEST):
            found = self._fork(self.owner._full, root, below, depth)
            if found is not None or self.owner.is_tired:
                return found
        return None

    def _best(self, branch: int, cases: int, below: int, depth: int) -> Answer | None:
        """The cheapest term at a branch of a conditional (1 or 2) for some cases, if it costs less than `below`."""
        key = (branch, cases, depth)
        known = self._known.get(key)
        if known is not None and (known[1] is not None or known[0] >= below):
            return known[1] if known[1] is not None and known[1].cost < below else None
        symbol, context = self.rule.children[branch], self.rule.context(branch)
        if (branch, cases) not in self._leaves:
            self._leaves[branch, cases] = self.owner.leaf(symbol, context, cases, below, self.writes)
        found = self._leaves[branch, cases]
        if found is not None and found.cost >= below:
            found = None
        if symbol == self.rule.symbol and depth and cases & (cases - 1):
            root = self.language.charge(self.rule, context)
            forked = self._fork(cases, root, below if found is None else found.cost, depth - 1)
            found = forked or found
        self._known[key] = (below, found)
        return found

    def _fork(self, cases: int, root: int, below: int, depth: int) -> Answer | None:
        """The cheapest conditional for some cases, if it costs less than `below`."""
        best: Answer | None = None
        tried: set[int] = set()
        for predicate in self.predicates:
            base = root + predicate.cost
            if base + 2 >= below:
                break
            yes, no = cases & predicate.cases, cases & ~predicate.cases
            if not yes or not no or yes in tried:
                continue
            tried.add(yes)
            self.owner.steps += 1
            if not self.owner.steps % _PAUSE:
                self.owner._spend(_PAUSE)
            if self.owner.is_tired:
                break
            first, second = (1, 2) if yes.bit_count() >= no.bit_count() else (2, 1)
            sets = {1: yes, 2: no}
            one = self._best(first, sets[first], below - base - 1, depth)
            if one is None:
                continue
            other = self._best(second, sets[second], below - base - one.cost, depth)
            if other is None:
                continue
            below = base + one.cost + other.cost
            then, otherwise = (one, other) if first == 1 else (other, one)
            best = Answer(below, self._builder(predicate, then, otherwise))
        return best

    def _builder(self, predicate: _Predicate, then: Answer, otherwise: Answer) -> Callable[[], Term]:
        def build() -> Term:
            condition = self.bank.term(self.rule.children[0], predicate.row)
            return self.rule.production.build((condition, then.build(), otherwise.build()))

        return build
