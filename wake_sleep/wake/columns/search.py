"""Bottom-up enumeration over columns, with deduction and unification; see `ColumnSearch`."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from dsl.grammar import Derivation, Nonterminal
from dsl.probability import ROOT
from dsl.terms import Literal, Term
from dsl.types import BOOL, Type
from dsl.values import Value
from wake_sleep.wake.columns.bank import Bank, Batch
from wake_sleep.wake.columns.conditionals import Conditional, conditionals
from wake_sleep.wake.columns.deduce import Pair, case_splits, constant_partners, is_deduced, splits
from wake_sleep.wake.columns.hashing import Rows, first_of_each, hash_columns
from wake_sleep.wake.columns.kernels import Array, Flags, Kernel, Words, dtype_of, is_columnar, term_kernel
from wake_sleep.wake.columns.marks import Marks, as_integers, first_of_each_set
from wake_sleep.wake.columns.repricing import reprice
from wake_sleep.wake.columns.rules import Pairs, Rule, RuleBook, Slices, combinations, level_of, rows_of, sizes_of
from wake_sleep.wake.costs import UNREACHABLE, Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.schedule import Schedule
from wake_sleep.wake.search import Case, Found, Goal, Known, Search
from wake_sleep.wake.unify import EFFORT, Part, Tree, decision_tree

CHUNK: Final = 1 << 13
"""Applications that are computed by one call of numpy."""
_SHORTEST_INNER: Final = 64
_CAPACITY: Final = 5 << 27
_PATIENCE: Final = 400_000
_PATIENCE_PER_NODE: Final = 50_000
_TREE_WORK: Final = 2_500
"""Candidates that are computed while a tree is learned for a millisecond."""
_HEAD_START: Final = 100_000
_INVOLUTIONS: Final = frozenset(["bvnot", "bvneg"])
_DEDUCTION_ROWS: Final = 500
"""Rows from which on deduction reaches further than the next levels do."""
_DEDUCTION_GROWTH: Final = 2
"""How many times as many rows make another deduction worth while."""
_CONSTANT_CASES: Final = 3
"""Cases from which on a constant that serves all of them says something."""
_LEAF_ROWS: Final = 100_000
_LONELY_CASES: Final = 6
"""Cases, a level, for which leaves are deduced from the first rows of the bank."""
_COMBINED: Final = 40
"""Predicates that are combined with one another."""
_LONG_ANSWER: Final = 60
"""Nodes of a tree that seems to lack the right predicates."""
_LATE: Final = 1_000_000
"""Candidates after which larger predicates are made of those that there are."""
_MARKS: Final = 4
"""Rows whose sets of cases are compared in the time of a candidate."""
_TERMS: Final = 1_500
_PREDICATES: Final = 4_000

_Piece = tuple[int, int, Batch]
"""Level and class of shifts of rows that wait for their level."""


class ColumnSearch(Search):
    """Search of λ-free languages over bit-vectors and Booleans."""

    initial_cases: ClassVar[int] = 32

    def __init__(self, goal: Goal, costs: Costs, meter: Meter) -> None:
        """Prepare a search."""
        super().__init__(goal, costs, meter)
        memory = meter.budget.memory
        self._life = self._answer_size = 0
        self._capacity = _CAPACITY if memory is None else memory * 5 // 8
        self._prepare()

    def _prepare(self) -> None:
        grammar, domain = self.goal.grammar, self.goal.domain
        nonterminals = grammar.reachable()
        arity = max((len(p.children) for n in nonterminals for p in grammar.productions(n)), default=0)
        self._banks = {n: Bank(n, len(self.goal.cases), arity) for n in nonterminals}
        self._start = self._banks[grammar.start]
        self._conditionals = tuple(conditionals(grammar, domain))
        outputs = self._outputs()
        self._book = RuleBook(grammar, domain, self.costs, self._banks, self._conditionals, outputs)
        self._rules, self.is_complete = self._book.rules, self._book.is_complete
        self._seeds: list[Term] = []
        self._schedule: Schedule[Slices] = Schedule(self.costs)
        self._log: list[Batch] = []
        self._level, self._next, self._reached = 0, 1, 0
        self._answers: list[Found] = []
        self._epoch = self._hashed_epoch = self._swept_epoch = 0
        self._read_cases()
        self._waiting: dict[int, list[_Piece]] = {}
        self._passed: list[_Piece] = []
        # What the marks call must not refer back to the search: a cycle would keep the banks until a collection.
        kernels = [term_kernel(t, len(self._parameters) + 1, domain) for t in self.goal.relation]
        assert None not in kernels, "a relation that is not columnar"
        self._wanted = _Wanted(self._target, self._parameters, [k for k in kernels if k is not None])
        self._mark_anew()
        self._yielded: set[Term] = set()
        self._terms: dict[tuple[Nonterminal, int], Term] = {}
        self._next_unification = self._work = self._deduced = self._turn = 0

    def _mark_anew(self) -> None:
        self._parts = Marks(self._start, self._wanted)
        self._predicates = [
            Marks(self._banks[c.tested], functools.partial(_tested, c.test)) for c in self._conditionals
        ]

    def _outputs(self) -> list[Value]:
        """The outputs of the cases, if they are wanted."""
        return [] if self.goal.relation else [output for _, output in self.goal.cases]

    def _read_cases(self) -> None:
        """Make the columns of parameters and target, each of shape (cases, 1)."""
        cases, start = self.goal.cases, self.goal.grammar.start
        self._target = _column([output for _, output in cases], start.type)
        types = start.environment[::-1]
        self._parameters = [_column([inputs[i] for inputs, _ in cases], t) for i, t in enumerate(types)]

    # The search.

    def run(self) -> Iterator[Found | None]:
        """See `Search.run`."""
        while True:
            yield from self._unify()
            if self._next > self._reached:
                if not self.goal.relation:
                    yield from self._deduce()
                    yield from self._deduce_constants()
                    yield from self._deduce_leaves()
                yield from self._combine_predicates()
                if self._swept_epoch != self._epoch:
                    # Rows that were equal on fewer cases and were passed by are found by going through all levels.
                    self._swept_epoch, self._next, self._reached = self._epoch, 1, max(1, self._reached)
                elif self._is_finished():
                    return
                else:
                    self._reached += 1
            self._level, self._next = self._next, self._next + 1
            yield from self._sweep()

    def explore(self) -> Iterator[None]:
        """See `Search.explore`."""
        while self._next <= self._reached or not self._is_finished():
            self._reached = max(self._reached, self._next)
            self._level, self._next = self._next, self._next + 1
            self._enter_waiting()
            for rule in self._rules:
                for _ in self._apply(rule, self._level):
                    yield

    def known(self) -> Iterator[Known]:
        """See `Search.known`."""
        if self._hashed_epoch != self._epoch:
            self._rehash()
        bank, is_boolean = self._start, self._start.nonterminal.type is BOOL
        rows = np.flatnonzero(bank.index.find(bank.hashes) == np.arange(bank.count))
        for row in rows[np.argsort(bank.levels[rows], kind="stable")].tolist():
            cells = bank.values[:, row].tolist()
            yield Known(self._term(bank, row), tuple(map(bool if is_boolean else int, cells)))

    def _sweep(self) -> Iterator[Found | None]:
        """Apply all rules at one level."""
        life = self._life
        self._enter_waiting()
        for rule in self._rules:
            for found in self._apply(rule, self._level):
                epoch = self._epoch
                yield found
                if life != self._life:
                    return
                yield from self._entered()
                if epoch != self._epoch or self.meter.candidates >= self._next_unification:
                    yield from self._unify()
                if life != self._life:
                    return

    def _entered(self) -> Iterator[Found | None]:
        """The seeds that turned out to be answers."""
        while self._answers:
            yield self._answers.pop(0)

    def _is_finished(self) -> bool:
        """Whether no application belongs to a level beyond those that were swept."""
        highest = max(self._waiting, default=0)
        for rule in self._rules:
            contexts = [(rule.production.key, i) for i in range(len(rule.children))]
            views = [self._schedule.view(c.nonterminal, x) for c, x in zip(rule.children, contexts, strict=True)]
            if all(views):
                highest = max(highest, rule.cost + sum(max(view) for view in views))
        return self._reached >= highest

    def _apply(self, rule: Rule, level: int) -> Iterator[Found | None]:
        """All applications of a rule that belong to a level."""
        if not rule.production.children:
            if rule.cost == level:
                yield self._leaf(rule)
            return
        drawn = self._schedule.arguments(rule.production, level - rule.cost, ROOT)
        for groups in list(drawn):
            if rule.is_symmetric and groups[0][0] > groups[1][0]:
                continue
            for slices in combinations(groups):
                if rule.is_symmetric and groups[0] is groups[1] and slices[0] > slices[1]:
                    continue
                yield from self._apply_to(rule, slices)

    def _leaf(self, rule: Rule) -> Found | None:
        assert rule.leaf is not None
        return self._enter(rule, [], self._values_of(rule.leaf), 1)

    def _values_of(self, term: Term) -> Array:
        """The values of a term, shape (cases, 1)."""
        kernel = term_kernel(term, len(self._parameters), self.goal.domain)
        assert kernel is not None
        return np.broadcast_to(kernel(*self._parameters), (len(self.goal.cases), 1))

    def _apply_to(self, rule: Rule, slices: Sequence[tuple[int, int]]) -> Iterator[Found | None]:
        """Apply a rule to all combinations of rows."""
        if len(slices) == 2:
            (a, b), (c, d) = slices
            if max(b - a, d - c) >= _SHORTEST_INNER:
                yield from self._apply_to_pairs(rule, slices)
                return
        pools: list[Rows] = [np.arange(start, stop, dtype=np.int32) for start, stop in slices]
        if rule.conditional is not None and self.goal.maximum_size is None:
            pools[rule.conditional.subject] = self._subjects(rule.conditional, *slices[rule.conditional.subject])
        count = 1
        for pool in pools:
            count *= len(pool)
        if self._is_too_large(rule, slices):
            return
        chunk = self._chunk()
        for start in range(0, count, chunk):
            rest = np.arange(start, min(count, start + chunk))
            arguments: list[Rows] = []
            for pool in reversed(pools):
                arguments.append(pool[rest % len(pool)])
                rest //= len(pool)
            arguments.reverse()
            yield self._enter(rule, arguments, self._values(rule, arguments), len(arguments[0]))

    def _chunk(self) -> int:
        """Applications that are computed at a time: few of those that the budget leaves."""
        budget = self.meter.budget.candidates
        return CHUNK if budget is None else max(1, min(CHUNK, (budget - self.meter.candidates) // 10))

    def _values(self, rule: Rule, arguments: Sequence[Rows]) -> Array:
        assert rule.kernel is not None
        return rule.kernel(*(bank.values[:, rows] for bank, rows in zip(rule.children, arguments, strict=True)))

    def _apply_to_pairs(self, rule: Rule, slices: Sequence[tuple[int, int]]) -> Iterator[Found | None]:
        """Apply a rule of two arguments to blocks of pairs, the longer slice varying fastest."""
        if self._is_too_large(rule, slices):
            return
        (a, b), (c, d) = slices
        assert rule.kernel is not None
        is_square = rule.is_symmetric and slices[0] == slices[1] and rule.children[0] is rule.children[1]
        outer, inner = ((a, b), (c, d)) if d - c >= b - a else ((c, d), (a, b))
        is_turned = outer != (a, b)
        outer_bank, inner_bank = rule.children[::-1] if is_turned else rule.children
        chunk = self._chunk()
        width = min(chunk, inner[1] - inner[0])
        height = max(1, chunk // width)
        for i in range(outer[0], outer[1], height):
            i_end = min(outer[1], i + height)
            for j in range(i if is_square else inner[0], inner[1], width):
                j_end = min(inner[1], j + width)
                first, second = outer_bank.values[:, i:i_end, None], inner_bank.values[:, None, j:j_end]
                block = rule.kernel(second, first) if is_turned else rule.kernel(first, second)
                count = (i_end - i) * (j_end - j)
                pairs = Pairs(i, j, j_end - j, is_turned)
                yield self._enter(rule, pairs, block.reshape(block.shape[0], count), count)

    def _subjects(self, conditional: Conditional, start: int, stop: int) -> Rows:
        """The rows of a slice by which a conditional does not choose the same branch on all cases."""
        marks = self._predicates[self._conditionals.index(conditional)]
        rows, packed = marks.distinct()
        everywhere = (1 << len(self.goal.cases)) - 1
        keep = [i for i, mask in enumerate(as_integers(packed)) if mask != everywhere]
        rows = np.sort(rows[keep])
        return rows[(rows >= start) & (rows < stop)]

    def _is_too_large(self, rule: Rule, slices: Sequence[tuple[int, int]]) -> bool:
        """Whether every term of a block has more nodes than are wanted."""
        bound = self.goal.maximum_size
        if bound is None:
            return False
        least = (int(b.sizes[start:stop].min()) for b, (start, stop) in zip(rule.children, slices, strict=True))
        return 1 + sum(least) > bound

    def _enter(self, rule: Rule, arguments: Sequence[Rows] | Pairs, values: Array, count: int) -> Found | None:
        """Keep the rows that are new; returns a body if one of them is right on all cases."""
        kept = sum(bank.nbytes for bank in self._banks.values())
        self.meter.spend(count, kept)
        if self._hashed_epoch != self._epoch:
            self._rehash()
        bank = rule.bank
        hashes = hash_columns(values)
        new = self._new_rows(rule, arguments, values, hashes, kept)
        if not new.size:
            return None
        start = self._keep(rule, rows_of(arguments, new), values[:, new], hashes[new], self._level)
        if bank is self._start:
            right = np.flatnonzero(self._wanted(bank.values[:, start:], 0).all(axis=0))
            if right.size:
                return self._found(self._term(bank, start + int(right[0])), FoundBy.ENUMERATION)
        return None

    def _keep(self, rule: Rule, rows: Sequence[Rows], values: Array, hashes: Words, level: int) -> int:
        """Put applications of a rule into its bank; returns the number of the first row."""
        start = rule.bank.add(rule.number, rows, values, hashes, sizes_of(rule, rows), level)
        self._register(rule.bank, rule.number, rule.class_, level, start)
        return start

    def _new_rows(
        self, rule: Rule, arguments: Sequence[Rows] | Pairs, values: Array, hashes: Words, kept: int
    ) -> npt.NDArray[np.intp]:
        """Positions of the rows to keep, one of each hash."""
        bank, bound = rule.bank, self.goal.maximum_size
        if bound is None and not self._waiting:
            new = np.flatnonzero(~bank.index.contains(hashes))
        elif bound is None:
            # Rows that wait for their level are replaced by cheaper ones.
            known = bank.index.find(hashes)
            new = np.flatnonzero((known < 0) | (bank.levels[known] > self._level))
        else:
            # Within a bound on size the smaller of two equal terms counts, though it may cost more.
            sizes = np.broadcast_to(sizes_of(rule, rows_of(arguments, np.arange(hashes.size))), hashes.shape)
            known = bank.index.find(hashes)
            new = np.flatnonzero((sizes <= bound) & ((known < 0) | (sizes < bank.sizes[known])))
        if not new.size:
            return new
        if kept > self._capacity:
            # What is kept from now on is right on a case; the rest could only be part of larger terms.
            self.is_complete = False
            new = new[self._wanted(values[:, new], 0).any(axis=0)] if bank is self._start else new[:0]
        return new[first_of_each(hashes[new])]

    def _rehash(self) -> None:
        """Bring the indices up to the cases of now."""
        for bank in self._banks.values():
            bank.rehash()
        self._hashed_epoch = self._epoch

    def _group(self, bank: Bank, class_: int, level: int, start: int, stop: int) -> None:
        """Let rows be arguments."""
        group = self._schedule.get(bank.nonterminal, class_, level)
        if group is None:
            group = []
            self._schedule.put(bank.nonterminal, class_, level, group)
        if group and group[-1][1] == start:
            group[-1] = (group[-1][0], stop)
        else:
            group.append((start, stop))

    def _register(self, bank: Bank, number: int, class_: int, level: int, start: int) -> None:
        """Put the rows from `start` on into their group and into the log."""
        stop = bank.count
        self._group(bank, class_, level, start, stop)
        last = self._log[-1] if self._log else None
        if last is not None and last.bank is bank and last.rule == number >= 0 and self._rules[number].children:
            own = [i for i, child in enumerate(self._rules[number].children) if child is bank]
            if all(int(bank.arguments[i, start:stop].max()) < last.start for i in own):
                last.stop = stop
                return
        self._log.append(Batch(bank, number, start, stop))

    # Answers.

    def _found(self, term: Term, by: FoundBy) -> Found | None:
        bound = self.goal.maximum_size
        if term in self._yielded or (bound is not None and term.size > bound):
            return None
        self._yielded.add(term)
        self._answer_size = term.size
        return Found(term, by)

    def _term(self, bank: Bank, row: int) -> Term:
        """The term of a row."""
        stack = [(bank, row)]
        while stack:
            here, i = stack[-1]
            key = (here.nonterminal, i)
            if key in self._terms:
                stack.pop()
                continue
            if here.rules[i] < 0:
                self._terms[key] = self._seeds[-1 - here.rules[i]]
                continue
            rule = self._rules[here.rules[i]]
            below = [(child, int(here.arguments[k, i])) for k, child in enumerate(rule.children)]
            waiting = [(b, r) for b, r in below if (b.nonterminal, r) not in self._terms]
            if waiting:
                stack.extend(waiting)
                continue
            built = [self._terms[b.nonterminal, r] for b, r in below]
            self._terms[key] = rule.leaf if rule.leaf is not None else rule.production.build(built)
            stack.pop()
        return self._terms[bank.nonterminal, row]

    def _deduce(self) -> Iterator[Found | None]:
        """Answers whose two halves are in the bank, below at most one inverted operator."""
        bank = self._start
        if bank.count < max(_DEDUCTION_ROWS, self._deduced * _DEDUCTION_GROWTH) or bank.nonterminal.type is BOOL:
            return
        self._deduced = bank.count
        if self._hashed_epoch != self._epoch:
            self._rehash()
        epoch, life = self._epoch, self._life
        width = bank.nonterminal.type.width
        wraps: list[tuple[Rule | None, Array]] = [(None, self._target)]
        for rule in self._rules:
            if rule.bank is bank and rule.children == (bank,) and rule.name in _INVOLUTIONS:
                assert rule.kernel is not None
                wraps.append((rule, rule.kernel(self._target)))
        for wrap, target in wraps:
            if wrap is not None and bank.index.contains(hash_columns(target))[0]:
                continue
            for rule in self._rules:
                if rule.bank is bank and rule.children == (bank, bank) and is_deduced(rule.name):
                    pairs: list[Pair] = []
                    for computed, found in splits(rule.name, width, target, bank, bank):
                        self.meter.spend(computed)
                        pairs += found
                        yield None
                        if epoch != self._epoch or life != self._life:
                            return
                    if pairs:
                        ranks = bank.levels if self.goal.maximum_size is None else bank.sizes
                        yield self._joined(rule, wrap, min(pairs, key=lambda pair: ranks[list(pair)].sum()))
                        if epoch != self._epoch or life != self._life:
                            return

    def _deduce_constants(self) -> Iterator[Found | None]:
        """Answers of a row and a constant, where the language allows any."""
        bank, grammar = self._start, self.goal.grammar
        if bank.nonterminal.type is BOOL or len(self.goal.cases) < _CONSTANT_CASES:
            return
        epoch, life, width = self._epoch, self._life, bank.nonterminal.type.width
        for rule in self._rules:
            if rule.bank is not bank or not is_deduced(rule.name) or rule.children[0] is not bank:
                continue
            second = rule.children[1].nonterminal
            if not any(production.is_constant_slot for production in grammar.productions(second)):
                continue
            pairs: list[Pair] = []
            for computed, found in constant_partners(rule.name, width, self._target, bank):
                self.meter.spend(computed)
                pairs += found
                yield None
                if epoch != self._epoch or life != self._life:
                    return
            if pairs:
                row, constant = min(pairs, key=lambda pair: bank.levels[pair[0]])
                arguments = [self._term(bank, row), Literal(constant, second.type)]
                yield self._found(rule.production.build(arguments), FoundBy.DEDUCTION)
                if epoch != self._epoch or life != self._life:
                    return

    def _deduce_leaves(self) -> Iterator[Found | None]:
        """Enter terms whose two halves are in the bank for the cases that no term shares with another case."""
        bank = self._start
        if bank.nonterminal.type is BOOL or not self._conditionals or bank.count < _DEDUCTION_ROWS:
            return
        if self._hashed_epoch != self._epoch:
            self._rehash()
        epoch, life, count = self._epoch, self._life, min(bank.count, _LEAF_ROWS)
        for case in self._lonely_cases()[:_LONELY_CASES]:
            for rule in self._rules:
                if rule.bank is bank and rule.children == (bank, bank) and is_deduced(rule.name):
                    column = bank.values[case, :count]
                    pairs = case_splits(rule.name, bank.nonterminal.type.width, self._target[case, 0], column, column)
                    self._enter_leaves(rule, pairs)
                    yield None
                    if epoch != self._epoch or life != self._life:
                        return

    def _combine_predicates(self) -> Iterator[Found | None]:
        """Enter what the cheapest predicates give with one another, if it tells cases apart in a new way."""
        if self._answer_size < _LONG_ANSWER or self.meter.candidates < _LATE:
            return
        epoch, life = self._epoch, self._life
        if self._hashed_epoch != epoch:
            self._rehash()
        for conditional, marks in zip(self._conditionals, self._predicates, strict=True):
            rows, packed = marks.distinct()
            known = set(as_integers(packed)) | {0, (1 << len(self.goal.cases)) - 1}
            first, second = np.triu_indices(min(rows.size, _COMBINED), 1)
            bank = marks.bank
            for rule in self._rules:
                if rule.bank is bank and rule.is_symmetric and rule.children[0] is bank:
                    chunk = self._chunk()
                    for start in range(0, first.size, chunk):
                        here = slice(start, start + chunk)
                        self._enter_predicates(
                            rule, conditional, np.stack([rows[first[here]], rows[second[here]]]), known
                        )
                        yield None
                        if epoch != self._epoch or life != self._life:
                            return

    def _enter_predicates(self, rule: Rule, conditional: Conditional, rows: Rows, known: set[int]) -> None:
        """Keep the pairs whose sets of cases are not `known`, the cheapest of each set, and add the sets."""
        self.meter.spend(rows.shape[1])
        rows = rows[:, np.argsort(rule.bank.levels[rows].sum(axis=0), kind="stable")]
        values = self._values(rule, list(rows))
        flags = _tested(conditional.test, values, 0)
        packed = np.ascontiguousarray(np.packbits(flags, axis=0, bitorder="little").T)
        first = first_of_each_set(packed)
        new = [i for i, mask in zip(first.tolist(), as_integers(packed[first]), strict=True) if mask not in known]
        known.update(as_integers(packed[new]))
        if new:
            self._keep_by_level(rule, rows[:, new], values[:, new])

    def _lonely_cases(self) -> list[int]:
        """The cases on which only terms are right that are right on no other, in turns."""
        counts = [0] * len(self.goal.cases)
        for mask in as_integers(self._parts.distinct()[1]):
            for case in range(len(counts)):
                if mask >> case & 1:
                    counts[case] = max(counts[case], mask.bit_count())
        lonely = [case for case, most in enumerate(counts) if most <= 1]
        self._turn += _LONELY_CASES
        return lonely[self._turn % len(lonely) :] + lonely[: self._turn % len(lonely)] if lonely else []

    def _enter_leaves(self, rule: Rule, pairs: list[Pair]) -> None:
        """Keep the pairs that are right on more than one case."""
        chunk = self._chunk()
        for start in range(0, len(pairs), chunk):
            rows = np.array(pairs[start : start + chunk], np.int32).T
            self.meter.spend(rows.shape[1])
            values = self._values(rule, list(rows))
            right = self._wanted(values, 0).sum(axis=0)
            shared = np.flatnonzero(right > 1)
            if shared.size:
                self._keep_by_level(rule, rows[:, shared], values[:, shared])

    def _keep_by_level(self, rule: Rule, rows: Rows, values: Array) -> None:
        """Keep applications that no level has reached yet, each at its own level; `rows` has shape (arity, count)."""
        bank, hashes = rule.bank, hash_columns(values)
        levels = bank.levels[rows].sum(axis=0) + rule.cost
        order = np.argsort(levels, kind="stable")
        order = order[~bank.index.contains(hashes[order])]
        order = order[first_of_each(hashes[order])]
        for level in np.unique(levels[order]).tolist():
            here = order[levels[order] == level]
            self._keep(rule, list(rows[:, here]), values[:, here], hashes[here], level)

    def _joined(self, rule: Rule, wrap: Rule | None, pair: Pair) -> Found | None:
        """The answer that a split gives."""
        body = rule.production.build([self._term(self._start, row) for row in pair])
        if wrap is not None:
            body = wrap.production.build([body])
        return self._found(body, FoundBy.DEDUCTION)

    def _unify(self) -> Iterator[Found | None]:
        """Conditional programs from the rows so far, as long as trees have taken no more work than rows.

        The first tree is good enough to be refuted; one that was not is worth the effort of a smaller one.
        """
        yield from self._entered()
        life, effort, failed = self._life, 0, False
        while not failed and self._work <= self.meter.candidates + _HEAD_START:
            epoch, failed = self._epoch, True
            for number, conditional in enumerate(self._conditionals):
                tree = self._tree(number, effort)
                if tree is not None:
                    failed = False
                    by = FoundBy.ENUMERATION if tree.branches is None else FoundBy.UNIFICATION
                    yield self._found(self._program(conditional, tree), by)
                    if life != self._life:
                        return
            if epoch == self._epoch:
                if effort:
                    break
                effort = EFFORT
            else:
                effort = 0
        self._next_unification = max(self._work - _HEAD_START, self.meter.candidates + self.meter.candidates // 4)

    def _spend_on_trees(self, candidates: int) -> None:
        self._work += _TREE_WORK
        self.meter.spend(candidates)

    def _tree(self, number: int, effort: int) -> Tree[int] | None:
        """A cheap decision tree by one of the conditionals, if the rows so far give one."""
        everywhere = (1 << len(self.goal.cases)) - 1
        marks = self._predicates[number]
        terms = _promising(self._as_parts(self._parts))
        self._work += (self._parts.count + marks.count) // _MARKS
        if functools.reduce(int.__or__, (term.cases for term in terms), 0) != everywhere:
            return None
        predicates = [p for p in self._as_parts(marks) if p.cases != everywhere][:_PREDICATES]
        fork = self._book.of(self._conditionals[number]).cost
        return decision_tree(terms, predicates, everywhere, fork, self._spend_on_trees, effort)

    def _as_parts(self, marks: Marks) -> list[Part[int]]:
        rows, packed = marks.distinct()
        levels = marks.bank.levels[rows].tolist()
        return [
            Part(mask, level, row) for mask, level, row in zip(as_integers(packed), levels, rows.tolist(), strict=True)
        ]

    def _program(self, conditional: Conditional, tree: Tree[int]) -> Term:
        """The body that a decision tree stands for."""
        if tree.branches is None:
            return self._term(self._start, tree.payload)
        children: list[Any] = [None, None, None]
        children[conditional.subject] = self._term(self._banks[conditional.tested], tree.payload)
        children[conditional.then] = self._program(conditional, tree.branches[0])
        children[conditional.otherwise] = self._program(conditional, tree.branches[1])
        return conditional.production.build(children)

    def patience(self, candidates: int) -> int:
        """See `Search.patience`: a long answer has more to gain."""
        return max(_PATIENCE + _PATIENCE_PER_NODE * self._answer_size, candidates // 2)

    # Changes from without.

    def add_cases(self, cases: Sequence[Case]) -> None:
        """See `Search.add_cases`."""
        if not cases:
            return
        self.goal = dataclasses.replace(self.goal, cases=(*self.goal.cases, *cases))
        self._read_cases()
        self._epoch += 1
        self._deduced = 0
        for bank in self._banks.values():
            bank.open_cases(len(cases))
        for batch in self._log:
            bank = batch.bank
            new = bank.values[-len(cases) :, batch.start : batch.stop]
            if batch.rule < 0 or not self._rules[batch.rule].children:
                new[...] = self._values_of(self._term(bank, batch.start))[-len(cases) :]
            else:
                rule = self._rules[batch.rule]
                assert rule.kernel is not None
                arguments = bank.arguments[:, batch.start : batch.stop]
                new[...] = rule.kernel(
                    *(child.values[-len(cases) :, rows] for child, rows in zip(rule.children, arguments, strict=False))
                )
        self._wanted.target, self._wanted.parameters = self._target, self._parameters
        # What other rows replaced may differ from them now.
        self._await(self._passed)
        self._passed = []

    def reprice(self, costs: Costs) -> None:
        """See `Search.reprice`.

        All rows stay, for deduction and unification at once and as arguments when their new level comes; what was
        equal to a row may now cost less than it, so that the levels are gone through again.
        """
        if self._hashed_epoch != self._epoch:
            self._rehash()
        self.costs = costs
        former, outputs = self._rules, self._outputs()
        self._book = RuleBook(self.goal.grammar, self.goal.domain, costs, self._banks, self._conditionals, outputs)
        self._rules = self._book.rules
        self.is_complete = self.is_complete and self._book.is_complete
        numbers = self._book.match(former)
        for bank in self._banks.values():
            kept = bank.rules[: bank.count]
            kept[kept >= 0] = numbers[kept[kept >= 0]]
        for batch in self._log:
            batch.rule = int(numbers[batch.rule]) if batch.rule >= 0 else batch.rule
        pieces = reprice(self._log, self._rules, costs, self._price_of_seed)
        self._log = [batch for _, _, batch in pieces]
        self._rehash()
        self._schedule = Schedule(costs)
        self._waiting, self._passed = {}, []
        self._await(pieces)
        self._terms.clear()
        self._mark_anew()
        self._life += 1
        self._level, self._next, self._reached = 0, 1, 0
        self._swept_epoch = self._epoch
        for number, term in enumerate(self._seeds):
            self._plant(number, term)

    def _price_of_seed(self, bank: Bank, row: int) -> tuple[int, int]:
        derivation = self.goal.grammar.derive_at(bank.nonterminal, self._seeds[-1 - int(bank.rules[row])])
        assert derivation is not None
        return _seed_level(derivation, self.costs)

    def _await(self, pieces: Iterable[_Piece]) -> None:
        for piece in pieces:
            if piece[0] < UNREACHABLE:
                self._waiting.setdefault(piece[0], []).append(piece)

    def _enter_waiting(self) -> None:
        """Let the rows of this level that came from other costs be arguments, but for those that others replaced."""
        for level, class_, batch in self._waiting.pop(self._level, ()):
            bank, rows = batch.bank, np.arange(batch.start, batch.stop, dtype=np.int32)
            known = bank.index.find(bank.hashes[batch.start : batch.stop])
            for start, stop in _runs(rows[known == rows]):
                self._group(bank, class_, level, start, stop)
            self._passed += [
                (level, class_, Batch(bank, batch.rule, start, stop)) for start, stop in _runs(rows[known != rows])
            ]

    def seed(self, terms: Iterable[Term]) -> None:
        """See `Search.seed`; a term enters every nonterminal from which it derives."""
        if self._hashed_epoch != self._epoch:
            self._rehash()
        for term in dict.fromkeys(terms):
            self._seeds.append(term)
            self._plant(len(self._seeds) - 1, term)
        # What the seeds make with terms of levels that were swept already is still to be tried.
        self._swept_epoch = -1

    def _plant(self, number: int, term: Term) -> None:
        """Enter a seed into every bank."""
        for nonterminal, bank in self._banks.items():
            derivation = self.goal.grammar.derive_at(nonterminal, term)
            if derivation is not None:
                self._enter_seed(bank, derivation, -1 - number)

    def _enter_seed(self, bank: Bank, derivation: Derivation, number: int) -> None:
        term = derivation.term
        level, class_ = _seed_level(derivation, self.costs)
        values = self._values_of(term)
        hashes = hash_columns(values)
        self.meter.spend(1)
        bound = self.goal.maximum_size
        known = int(bank.index.find(hashes)[0])
        is_waiting = bool(self._waiting) and bank.levels[known] > level
        if (known >= 0 and not is_waiting) or (bound is not None and term.size > bound):
            return
        start = bank.add(number, [], values, hashes, term.size, level)
        self._register(bank, number, class_, level, start)
        if bank is self._start and self._wanted(values, 0).all():
            found = self._found(term, FoundBy.ENUMERATION)
            if found is not None:
                self._answers.append(found)


def _seed_level(derivation: Derivation, costs: Costs) -> tuple[int, int]:
    """Half the level of a term, and the class of its root."""
    level, class_ = level_of(derivation, costs)
    return max(1, level // 2), class_


def _runs(rows: Rows) -> list[tuple[int, int]]:
    """Ascending row numbers as ranges."""
    edges = [0, *(np.flatnonzero(np.diff(rows) != 1) + 1).tolist(), rows.size]
    return [(int(rows[a]), int(rows[b - 1]) + 1) for a, b in itertools.pairwise(edges) if a < b]


def _promising(terms: list[Part[int]]) -> list[Part[int]]:
    """Of terms in order of cost, the cheapest, and of the others those that are right on most cases."""
    cheap, rest = terms[: _TERMS // 2], terms[_TERMS // 2 :]
    return cheap + sorted(rest, key=lambda term: -term.cases.bit_count())[: _TERMS // 2]


def _column(values: Sequence[Any], type_: Type) -> Array:
    """Values as a column of shape (cases, 1); zeros for types that are not columnar."""
    dtype = dtype_of(type_)
    return np.array(values if is_columnar(type_) else [0] * len(values), dtype)[:, None]


@dataclass
class _Wanted:
    """Where rows are right.

    Attributes:
        target: the outputs, shape (cases, 1).
        parameters: the inputs, each of shape (cases, 1).
        relation: what must hold of inputs and output; if there is nothing, the output is that of the target.
    """

    target: Array
    parameters: Sequence[Array]
    relation: Sequence[Kernel]

    def __call__(self, values: Array, first: int) -> Flags:
        """Whether values of shape (cases, rows) are right on cases from `first` on."""
        last = first + len(values)
        if not self.relation:
            flags: Flags = values == self.target[first:last]
            return flags
        given = [column[first:last] for column in self.parameters]
        return functools.reduce(
            np.logical_and, (np.broadcast_to(k(*given, values), values.shape) for k in self.relation)
        )


def _tested(test: Kernel, values: Array, first: int) -> Flags:
    flags: Flags = test(values, values, values)
    return flags
