"""Invariants of a stated grammar: its terms by size, up to equal values at the states of a sample.

A term is proposed if it agrees with every step of the sample. If all terms of the grammar have been made, up to equal
values, and none agrees with the sample, then the grammar has no invariant: the steps of the sample prove it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.evaluate import Evaluation
from dsl.grammar import Grammar, Nonterminal, Production
from dsl.terms import Literal, Operator, Term
from dsl.types import BOOL
from dsl.values import Value
from wake_sleep.wake.invariants.sample import Sample
from wake_sleep.wake.invariants.vocabulary import Vocabulary
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.horn import HornSolver, Undecided

_FRESH: Final = 5000
"""Candidates of a pass after which it begins anew if there are further states."""
_SPEND: Final = 1000
"""Candidates after which the meter is told."""


class NoneAgrees(Exception):
    """No term of the grammar agrees with the sample."""

    def __init__(self, sample: Sample) -> None:
        super().__init__("no term of the grammar agrees with the sample")
        self.sample = sample


@dataclass(frozen=True, eq=False)
class _Row:
    """A term by the production at its root, and its values at the states of the pass (a bit set if Boolean)."""

    production: Production | None
    arguments: tuple[_Row, ...]
    literal: Term | None
    values: Any

    def term(self) -> Term:
        """The term; those of deep rows are made for candidates only."""
        if self.literal is not None:
            return self.literal
        assert self.production is not None
        return self.production.build([row.term() for row in self.arguments])


class GrammarSearch:
    """Searches the terms of a grammar; `run` yields nothing but time, until it returns an invariant.

    Attributes:
        sample: what is known.
    """

    def __init__(self, grammar: Grammar, vocabulary: Vocabulary, solver: HornSolver, meter: Meter) -> None:
        """Start with an empty sample."""
        self.grammar, self.vocabulary, self.solver, self.meter = grammar, vocabulary, solver, meter
        self.sample = Sample()
        self.undecided = 0

    def run(self) -> Term:
        """An invariant that derives from the grammar.

        Raises:
            Contradiction: if the clauses contradict each other.
            NoneAgrees: if the grammar has no invariant.
            Undecided: if all terms were made, but Z3 gave no answer on some, or not all constants could be tried.
        """
        for simple in (Literal(True, BOOL), Literal(False, BOOL)):
            self._is_invariant(simple)
        while True:
            known = len(self.sample.rules)
            enumeration = _Pass(self)
            for body in enumeration.candidates():
                if self._is_invariant(body):
                    return body
                # Terms that the new states tell apart were taken for equal: the pass is not worth much any more.
                enumeration.deadline = min(enumeration.deadline, max(_FRESH, 2 * enumeration.count))
            if len(self.sample.rules) > known:
                continue
            if self.undecided or not enumeration.is_complete:
                raise Undecided("all terms of the grammar with the constants of the problem were tried")
            raise NoneAgrees(self.sample)

    def _is_invariant(self, body: Term) -> bool:
        holds = [c is True for c in Evaluation(self.vocabulary.domain, self.sample.states).column(body)]
        if self.sample.violated(holds):
            return False
        known = {rule.step for rule in self.sample.rules}
        is_invariant = True
        with self.solver.lemmas([body]) as lemmas:
            for number in range(len(self.solver.system.clauses)):
                try:
                    step = lemmas.violation(number, [0])
                except Undecided:
                    self.undecided += 1
                    return False
                if step is not None:
                    is_invariant = False
                    if step not in known:
                        self.sample.add(step)
        return is_invariant


class _Pass:
    """One enumeration, with the states of the sample at its start."""

    def __init__(self, search: GrammarSearch) -> None:
        self.search, self.grammar, self.meter = search, search.grammar, search.meter
        sample = search.sample
        self.evaluation = Evaluation(search.vocabulary.domain, list(sample.states))
        self.everything = (1 << len(sample.states)) - 1
        self.rules = [
            (sum(1 << p for p in rule.premises), 0 if rule.conclusion is None else 1 << rule.conclusion)
            for rule in sample.rules
        ]
        self.nonterminals = self.grammar.reachable()
        self.rows: dict[Nonterminal, dict[int, list[_Row]]] = {n: {} for n in self.nonterminals}
        self.seen: dict[Nonterminal, set[object]] = {n: set() for n in self.nonterminals}
        self.is_complete = not any(p.is_constant_slot for n in self.nonterminals for p in self.grammar.productions(n))
        self.arity = max((len(p.children) for n in self.nonterminals for p in self.grammar.productions(n)), default=0)
        self.unspent = self.count = 0
        self.deadline = math.inf

    def candidates(self) -> Iterator[Term]:
        """The bodies that agree with the sample, by size; ends if there are no further values."""
        largest = size = 0
        while size <= 1 + self.arity * largest or not size:
            size += 1
            if self.count >= self.deadline:
                return
            for nonterminal in self.nonterminals:
                for row in self.new_rows(nonterminal, size):
                    largest = size
                    if nonterminal is self.grammar.start and self.agrees(row.values):
                        yield row.term()
        self.meter.spend(self.unspent)

    def agrees(self, bits: int) -> bool:
        return not any(bits & before == before and not bits & after for before, after in self.rules)

    def new_rows(self, nonterminal: Nonterminal, size: int) -> Iterator[_Row]:
        """The rows of one size whose values are new; they are kept as they are made."""
        seen, kept = self.seen[nonterminal], self.rows[nonterminal].setdefault(size, [])
        for row in self.made(nonterminal, size):
            if self.count >= self.deadline:
                return
            self.unspent += 1
            self.count += 1
            if self.unspent >= _SPEND:
                self.meter.spend(self.unspent)
                self.unspent = 0
            if row.values not in seen:
                seen.add(row.values)
                kept.append(row)
                yield row

    def made(self, nonterminal: Nonterminal, size: int) -> Iterator[_Row]:
        for production in self.grammar.productions(nonterminal):
            if not production.children:
                if size == 1:
                    yield from self.leaves(production, nonterminal)
                continue
            combine = _connective(production, self.everything)
            for sizes in _sizes(size - 1, len(production.children)):
                lists = [self.rows[c].get(s, ()) for c, s in zip(production.children, sizes, strict=True)]
                for arguments in itertools.product(*lists):
                    if combine is not None:
                        yield _Row(production, arguments, None, combine([row.values for row in arguments]))
                    else:
                        row = self.evaluated(production.build([a.term() for a in arguments]), nonterminal)
                        if row is not None:
                            yield row

    def leaves(self, production: Production, nonterminal: Nonterminal) -> Iterator[_Row]:
        terms: Sequence[Term | None] = [production.leaf]
        if production.is_constant_slot:
            type_ = nonterminal.type
            values: Sequence[Value] = (
                (False, True) if type_ is BOOL else self.search.vocabulary.constants.get(type_, ())
            )
            terms = [Literal(value, type_) for value in values]
        for term in terms:
            row = None if term is None else self.evaluated(term, nonterminal)
            if row is not None:
                yield row

    def evaluated(self, term: Term, nonterminal: Nonterminal) -> _Row | None:
        cells = self.evaluation.column(term)
        if nonterminal.type is not BOOL:
            return _Row(None, (), term, tuple(cells))
        if any(cell is not True and cell is not False for cell in cells):
            self.is_complete = False
            return None
        return _Row(None, (), term, _bits(cells))


def _bits(cells: Sequence[object]) -> int:
    return int("".join("1" if cell else "0" for cell in reversed(cells)) or "0", 2)


def _sizes(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """The ways to write a number as an ordered sum of positive ones."""
    if parts == 1:
        if total >= 1:
            yield (total,)
        return
    for first in range(1, total - parts + 2):
        for rest in _sizes(total - first, parts - 1):
            yield (first, *rest)


def _connective(production: Production, everything: int) -> Callable[[list[int]], int] | None:
    """How the bit sets of Boolean arguments are combined, if that is what a production does."""
    if not isinstance(production.head, Operator) or any(c.type is not BOOL for c in production.children):
        return None
    name, count = production.head.name, len(production.children)
    if name == "not":
        return lambda given: everything & ~given[0]
    if count != 2:
        return None
    return {
        "and": lambda given: given[0] & given[1],
        "or": lambda given: given[0] | given[1],
        "=>": lambda given: everything & ~given[0] | given[1],
        "xor": lambda given: given[0] ^ given[1],
        "=": lambda given: everything & ~(given[0] ^ given[1]),
    }.get(name)
