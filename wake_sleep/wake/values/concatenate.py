"""Deduction for concatenations: cutting the wanted strings into parts that the bank has.

All ways to write the wanted strings of several cases as one concatenation form a directed acyclic graph: a node is the
position reached in each case, an edge a row of the bank whose values stand there in all cases (after the version
spaces of Gulwani, Automating String Processing in Spreadsheets Using Input-Output Examples, POPL 2011). The shortest
path is the shortest description. Everything is drawn from the grammar: a concatenation may have any number of
arguments, whose symbols may differ, and is nested on the last one, or else on the first.
"""

from __future__ import annotations

import functools
import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

from dsl.probability import ROOT, Context
from dsl.terms import Term
from wake_sleep.wake.costs import UNREACHABLE
from wake_sleep.wake.values.bank import Bank, Piece, Spend
from wake_sleep.wake.values.language import Language, Rule
from wake_sleep.wake.values.remainder import remainders
from wake_sleep.wake.values.slices import Slices, SliceTables

CONCATENATION: Final = "str.++"
_MOST_NODES: Final = 4_000
_PAUSE: Final = 5
_BATCH: Final = 20_000
_MOST_BOUNDS: Final = 3
_DEEPEST: Final = 12

Positions: TypeAlias = tuple[int, ...]
"""How much of the wanted string is written, for each case."""


@dataclass(frozen=True)
class _Place:
    """What is to be written next: an argument of a concatenation, or the whole (if there is no rule).

    Attributes:
        rule: the concatenation.
        argument: which of its arguments.
        symbol: of that argument.
        context: of that argument.
        then: the place behind the concatenation, if that is itself not the last argument of another.
        pending: how many arguments are to be written behind this one.
    """

    rule: Rule | None
    argument: int
    symbol: int
    context: Context
    then: _Place | None = None
    pending: int = 0

    @classmethod
    def of(cls, rule: Rule, argument: int, then: _Place | None) -> _Place:
        """The place of an argument of a concatenation."""
        pending = len(rule.children) - 1 - argument + (0 if then is None else then.pending + 1)
        return cls(rule, argument, rule.children[argument], rule.context(argument), then, pending)

    @property
    def after(self) -> _Place | None:
        """What follows, or None if nothing does."""
        if self.rule is not None and self.argument + 1 < len(self.rule.children):
            return _Place.of(self.rule, self.argument + 1, self.then)
        return self.then


@dataclass(frozen=True)
class Answer:
    """A term that was put together from rows.

    Attributes:
        cost: description length in units of cost.
        build: makes the term.
    """

    cost: int
    build: Callable[[], Term]


class Parts:
    """The rows of one symbol whose values are parts of the wanted strings, for all cases or some.

    Attributes:
        rows: pairs of the bit set of the cases where the value is a part, and the number of the row.
    """

    def __init__(self, bank: Bank, symbol: int, wanted: Sequence[str], least: int) -> None:
        """Collect nothing yet.

        Args:
            bank: where the rows are.
            symbol: whose rows.
            wanted: the string of each case.
            least: number of cases for which the value must be a part.
        """
        self.rows: list[tuple[int, int]] = []
        self._table, self._wanted, self._least, self._seen = bank.tables[symbol], wanted, least, 0

    def update(self, spend: Spend) -> None:
        """Look at the rows that are new."""
        look = self._look_for_all if self._least == len(self._wanted) else self._look_for_some
        end = len(self._table.values)
        while self._seen < end:
            stop = min(end, self._seen + _BATCH)
            look(range(self._seen, stop))
            self._seen = stop
            spend(0)

    def _look_for_all(self, numbers: range) -> None:
        values, wanted, full = self._table.values, self._wanted, (1 << len(self._wanted)) - 1
        for number in numbers:
            for value, text in zip(values[number], wanted, strict=True):
                if value.__class__ is not str or value not in text:
                    break
            else:
                if any(values[number]):
                    self.rows.append((full, number))

    def _look_for_some(self, numbers: range) -> None:
        values, wanted = self._table.values, self._wanted
        for number in numbers:
            cases = 0
            for i, (value, text) in enumerate(zip(values[number], wanted, strict=True)):
                if value.__class__ is str and value in text:
                    cases |= 1 << i
            if cases.bit_count() >= self._least:
                self.rows.append((cases, number))


class Concatenations:
    """Looks for concatenations that give the wanted strings."""

    def __init__(self, language: Language, bank: Bank, wanted: Sequence[str], least: int, spend: Spend) -> None:
        """Prepare for a goal of strings.

        Args:
            language: what terms there are.
            bank: where parts are taken from.
            wanted: the string of each case.
            least: number of cases for which a part must fit to be remembered.
            spend: called with the candidates since the last call every few milliseconds; may raise to end the work.
        """
        self.language, self.bank, self.wanted, self._spend = language, bank, tuple(wanted), spend
        self._parts: dict[int, Parts] = {}
        self._concatenating: dict[int, list[int]] = {}
        self.least = least
        self.effort = 0
        self.slice_tables = SliceTables(language, bank, self.wanted)

    def sources(self, symbol: int) -> list[int]:
        """The symbols of which parts are drawn for a concatenation at `symbol`."""
        rules = [rule for s in self.concatenating(symbol) for rule in self.language.rules_named(s, CONCATENATION)]
        return list(dict.fromkeys(child for rule in rules for child in rule.children))

    def joining(self, symbol: int) -> int:
        """The least that one more part costs, beside the part itself."""
        rules = [rule for s in self.concatenating(symbol) for rule in self.language.rules_named(s, CONCATENATION)]
        return min((rule.cost // (len(rule.children) - 1) for rule in rules), default=0)

    def concatenating(self, symbol: int) -> list[int]:
        """The symbols at which concatenations nested on the first or last argument may stand, from `symbol` on."""
        found = self._concatenating.get(symbol)
        if found is None:
            seen = {symbol: None}
            waiting = [symbol]
            for here in waiting:
                rules = self.language.rules_named(here, CONCATENATION)
                new = [child for rule in rules for child in (rule.children[0], rule.children[-1])]
                waiting += [child for child in dict.fromkeys(new) if child not in seen]
                seen.update(dict.fromkeys(new))
            found = self._concatenating[symbol] = list(seen)
        return found

    def update(self, symbol: int) -> None:
        """Look for new parts in the bank."""
        self.slice_tables.refresh()
        for source in dict.fromkeys((symbol, *self.sources(symbol))):
            parts = self._parts.get(source)
            if parts is None:
                parts = self._parts[source] = Parts(self.bank, source, self.wanted, self.least)
            parts.update(self._spend)

    def shortest(
        self,
        symbol: int,
        context: Context = ROOT,
        cases: int | None = None,
        below: int = UNREACHABLE,
        allowance: int = UNREACHABLE,
    ) -> Answer | None:
        """The shortest concatenation that is right on some cases, or None if there is none.

        Args:
            symbol: of the wanted term.
            context: of the wanted term.
            cases: bit set; all by default.
            below: bound on the cost.
            allowance: bound on the effort.
        """
        mask = (1 << len(self.wanted)) - 1 if cases is None else cases
        walk = _Walk(self, mask, below)
        found = walk.shortest(_Place(None, 0, symbol, context), allowance)
        walk._pay()
        self.effort += walk.effort
        return found


class _Walk:
    """A search for the shortest path through the graph of a set of cases."""

    def __init__(self, owner: Concatenations, mask: int, below: int) -> None:
        self.owner, self.mask, self.below = owner, mask, below
        self.language, self.bank = owner.language, owner.bank
        self.cases = [i for i in range(len(owner.wanted)) if mask >> i & 1]
        self.wanted = [owner.wanted[i] for i in self.cases]
        self.end = tuple(map(len, self.wanted))
        self._indexes: dict[int, _PartIndex] = {}
        self._slices: dict[int, Slices] = {}
        self._tried = self._paid = self._bounded = 0

    @property
    def effort(self) -> int:
        """Work that was done, in units of about a microsecond."""
        return self._tried * 3 + self._bounded + sum(slices.effort for slices in self._slices.values())

    def shortest(self, start: _Place, allowance: int) -> Answer | None:
        """The cheapest path from the beginning to the end of the wanted strings (A*)."""
        if not any(self.end):
            return None
        first: _Node = (start, (0,) * len(self.cases))
        self._joining = self.owner.joining(start.symbol)
        self._remainders = self._bounds(start.symbol)
        if self._remaining(first) >= self.below:
            return None
        costs: dict[_Node, int] = {first: 0}
        origin: dict[_Node, tuple[_Node, Piece | None]] = {}
        serial = count()
        queue: list[tuple[int, int, _Node]] = [(self._remaining(first), next(serial), first)]
        done: set[_Node] = set()
        while queue:
            _, _, node = heapq.heappop(queue)
            if node in done:
                continue
            cost = costs[node]
            done.add(node)
            if node[1] == self.end:
                return Answer(cost, functools.partial(self._build, node, origin))
            if len(done) % _PAUSE == 0:
                self._pay()
            if len(done) > _MOST_NODES or self.effort > allowance:
                return None
            for target, extra, part in self._edges(node, self.below - cost):
                self._tried += 1
                reached = cost + extra
                if reached < costs.get(target, self.below):
                    estimate = reached + self._remaining(target)
                    if estimate < self.below:
                        costs[target] = reached
                        origin[target] = (node, part)
                        heapq.heappush(queue, (estimate, next(serial), target))
        return None

    def _pay(self) -> None:
        """Count the parts that were tried since the last time as candidates."""
        new, self._paid = self._tried - self._paid, self._tried
        self.owner._spend(new)

    def _remaining(self, node: _Node) -> int:
        """A lower bound on what is still to be paid."""
        place, positions = node
        least = max(table[positions[case]] for case, table in self._remainders)
        # The concatenations with what is to follow are paid for already.
        return max(0, least - place.pending * self._joining)

    def _bounds(self, symbol: int) -> list[tuple[int, list[int]]]:
        """Lower bounds for some of the cases, by number of the case and position in its text."""
        sources = dict.fromkeys((symbol, *self.owner.sources(symbol)))
        found = []
        for case in range(len(self.cases)):
            parts = [part for source in sources for part in self._index(source).texts(case)]
            jumps = [jump for source in sources for jump in self._sliced(source).jumps(case)]
            self._bounded += len(parts) + len(self.wanted[case])
            found.append((case, remainders(self.wanted[case], parts, jumps, self._joining)))
        return sorted(found, key=lambda bound: -bound[1][0])[:_MOST_BOUNDS]

    def _edges(self, node: _Node, room: int) -> Iterator[tuple[_Node, int, Piece | None]]:
        place, positions = node
        after = place.after
        target = place if after is None else after
        for number, end in self._index(place.symbol).at(positions):
            if (end == self.end) is (after is None):
                yield (target, end), self._charge(place, number), (place.symbol, number)
        for made in self._sliced(place.symbol).at(positions, room):
            if (made.end == self.end) is (after is None):
                shift = self.language.costs.shift(made.rule.class_, place.context)
                yield (target, made.end), made.cost + shift, made.piece
        for rule in self.language.rules_named(place.symbol, CONCATENATION):
            # One nesting of many is enough: on the last argument, or on the first where the last is no concatenation.
            if after is None or (place.pending < _DEEPEST and not self._nests_last(rule)):
                yield (_Place.of(rule, 0, after), positions), self.language.charge(rule, place.context), None

    def _nests_last(self, rule: Rule) -> bool:
        return bool(self.language.rules_named(rule.children[-1], CONCATENATION))

    def _sliced(self, symbol: int) -> Slices:
        found = self._slices.get(symbol)
        if found is None:
            found = self._slices[symbol] = Slices(self.owner.slice_tables, symbol, self.cases)
        return found

    def _charge(self, place: _Place, number: int) -> int:
        table = self.bank.tables[place.symbol]
        return table.costs[number] + self.language.costs.shift(table.rules[number].class_, place.context)

    def _index(self, symbol: int) -> _PartIndex:
        found = self._indexes.get(symbol)
        if found is None:
            parts = self.owner._parts.get(symbol)
            rows = [] if parts is None else [number for cases, number in parts.rows if cases & self.mask == self.mask]
            found = self._indexes[symbol] = _PartIndex(self.bank, symbol, rows, self.cases, self.wanted)
        return found

    def _build(self, node: _Node, origin: dict[_Node, tuple[_Node, Piece | None]]) -> Term:
        """The term of the path to a node."""
        # From the end on, so that what a concatenation joins is there when the step that enters it is reached.
        terms: list[Term] = []
        while node in origin:
            entered = node[0].rule
            node, part = origin[node]
            if part is not None:
                terms.append(self.bank.build(part))
            else:
                assert entered is not None
                arity = len(entered.children)
                joined = entered.production.build(terms[: -arity - 1 : -1])
                del terms[-arity:]
                terms.append(joined)
        return terms[0]


_Node: TypeAlias = tuple[_Place, Positions]


class _PartIndex:
    """The parts of one symbol by what they write first."""

    def __init__(
        self, bank: Bank, symbol: int, rows: Sequence[int], cases: Sequence[int], wanted: Sequence[str]
    ) -> None:
        self._wanted, self._costs = wanted, bank.tables[symbol].costs
        self._by_text: list[dict[str, list[tuple[tuple[str, ...], int]]]] = [{} for _ in cases]
        values = bank.tables[symbol].values
        for number in rows:
            row = values[number]
            texts = tuple(row[i] for i in cases)
            first = next((i for i, text in enumerate(texts) if text), None)
            if first is not None:
                self._by_text[first].setdefault(texts[first], []).append((texts, number))
        self._lengths = [sorted(set(map(len, found))) for found in self._by_text]
        self._found: dict[Positions, list[tuple[int, Positions]]] = {}

    def texts(self, case: int) -> list[tuple[str, int]]:
        """What the rows write in one case, with the least that they cost."""
        return [
            (texts[case], self._costs[number])
            for by_text in self._by_text
            for found in by_text.values()
            for texts, number in found
        ]

    def at(self, positions: Positions) -> list[tuple[int, Positions]]:
        """The rows that can be written at these positions, each with the positions after it."""
        known = self._found.get(positions)
        if known is None:
            known = self._found[positions] = list(self._matches(positions))
        return known

    def _matches(self, positions: Positions) -> Iterator[tuple[int, Positions]]:
        wanted = self._wanted
        for i, (by_text, lengths) in enumerate(zip(self._by_text, self._lengths, strict=True)):
            text, start = wanted[i], positions[i]
            room = len(text) - start
            for length in lengths:
                if length > room:
                    break
                for texts, number in by_text.get(text[start : start + length], ()):
                    if all(map(str.startswith, wanted, texts, positions)):
                        yield number, tuple(p + len(part) for p, part in zip(positions, texts, strict=True))
