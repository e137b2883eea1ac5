"""Inverse semantics of taking a part of a string: which parts of a known string stand where in the wanted strings.

For ``str.substr s i n`` and ``str.at s i`` with s from the bank, starts i and lengths n are looked for among the
integers of the bank, all rows at once in numpy. A length may also be the difference of the end and the start, where
the grammar has one. So programs of twenty and more nodes come within reach whose integers have five.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.probability import Context
from wake_sleep.wake.values.bank import Bank, Made, Piece, Reference
from wake_sleep.wake.values.language import Language, Rule
from wake_sleep.wake.values.remainder import Jump

Positions: TypeAlias = tuple[int, ...]
Integers: TypeAlias = npt.NDArray[np.int64]
Selection: TypeAlias = npt.NDArray[np.intp]

SUBSTRING: Final = "str.substr"
CHARACTER: Final = "str.at"
DIFFERENCE: Final = "-"
_MOST_BASES: Final = 3
_MOST_STARTS: Final = 6
_MOST_INTEGERS: Final = 4_000
_BASES_AMONG: Final = 400
_LARGEST: Final = 1 << 20
_LONGEST: Final = 256


@dataclass(frozen=True, eq=False)
class Slice:
    """A part that can be written next.

    Attributes:
        end: the positions after it.
        cost: description length in units of cost, but for the shift of its context.
        piece: the term.
        rule: at its root.
    """

    end: Positions
    cost: int
    piece: Piece
    rule: Rule


@dataclass(frozen=True, eq=False)
class Integral:
    """Integer rows of one symbol in one context.

    Attributes:
        numbers: of the rows, [rows].
        values: [rows, cases]; -1 stands for all that is neither a position nor a length.
        costs: in the context, [rows].
    """

    numbers: Integers
    values: Integers
    costs: Integers

    def on(self, cases: Sequence[int]) -> Integral:
        """The rows that are positions or lengths on some cases."""
        values = self.values[:, cases]
        chosen = np.flatnonzero((values >= 0).all(axis=1))
        return Integral(self.numbers[chosen], values[chosen], self.costs[chosen])


class Base:
    """A string row from which parts are taken.

    Attributes:
        reference: the row.
        cost: of the row where it is to stand.
        lengths: of its texts, [cases].
        common: how many characters are the same from a position of the text and a position of the wanted string on,
            [cases, positions of the text, positions of the wanted string].
    """

    def __init__(self, reference: Reference, cost: int, texts: Sequence[str], wanted: Sequence[str]) -> None:
        self.reference, self.cost = reference, cost
        self.lengths: Integers = np.array([len(text) for text in texts], dtype=np.int64)
        longest, widest = max(map(len, texts)), max(map(len, wanted))
        self.common: Integers = np.zeros((len(texts), longest + 1, widest + 1), dtype=np.int64)
        here = np.full((len(texts), longest), -1, dtype=np.int64)
        there = np.full((len(texts), widest), -2, dtype=np.int64)
        for i, (text, goal) in enumerate(zip(texts, wanted, strict=True)):
            here[i, : len(text)] = [ord(c) for c in text]
            there[i, : len(goal)] = [ord(c) for c in goal]
        for p in range(longest - 1, -1, -1):
            same = here[:, p : p + 1] == there
            self.common[:, p, :-1] = np.where(same, 1 + self.common[:, p + 1, 1:], 0)


class SliceTables:
    """What slices are made of, for all cases: bases and integers, looked up in the bank as it stands."""

    def __init__(self, language: Language, bank: Bank, wanted: Sequence[str]) -> None:
        """Look nothing up yet."""
        self.language, self.bank, self.wanted = language, bank, wanted
        self._integers: dict[tuple[int, Context], Integral] = {}
        self._rows: dict[int, tuple[Integers, Integers]] = {}
        self._bases: dict[tuple[int, Context], list[Base]] = {}
        self._known: dict[tuple[Reference, Context], Base] = {}

    def refresh(self) -> None:
        """Look everything up anew when it is asked for: the bank has grown."""
        self._integers.clear()
        self._rows.clear()
        self._bases.clear()

    def bases(self, rule: Rule) -> list[Base]:
        """The cheapest strings of which a rule takes a part."""
        key = (rule.children[0], rule.context(0))
        found = self._bases.get(key)
        if found is None:
            found = self._bases[key] = list(self._make_bases(*key))
        return found

    def _make_bases(self, symbol: int, context: Context) -> Iterator[Base]:
        table = self.bank.tables[symbol]
        chosen = 0
        for number in sorted(range(min(len(table.values), _BASES_AMONG)), key=table.costs.__getitem__):
            texts = [text if text.__class__ is str else "" for text in table.values[number]]
            is_constant = len(texts) > 1 and len(set(texts)) == 1
            if is_constant or max(map(len, texts)) < 2 or max(map(len, texts)) > _LONGEST:
                continue
            reference = (symbol, number)
            base = self._known.get((reference, context))
            if base is None:
                cost = table.costs[number] + self.language.costs.shift(table.rules[number].class_, context)
                base = self._known[reference, context] = Base(reference, cost, texts, self.wanted)
            yield base
            chosen += table.rules[number].leaf is None
            if chosen == _MOST_BASES:
                return

    def integers(self, rule: Rule, argument: int) -> Integral:
        """The integer rows that may be an argument of a rule."""
        symbol, context = rule.children[argument], rule.context(argument)
        found = self._integers.get((symbol, context))
        if found is None:
            table, numbers = self.bank.tables[symbol], self._numbers(symbol)
            shift = {c: self.language.costs.shift(c, context) for c in {table.rules[n].class_ for n in numbers[0]}}
            costs = [table.costs[n] + shift[table.rules[n].class_] for n in numbers[0].tolist()]
            found = self._integers[symbol, context] = Integral(*numbers, np.array(costs, dtype=np.int64))
        return found

    def _numbers(self, symbol: int) -> tuple[Integers, Integers]:
        found = self._rows.get(symbol)
        if found is None:
            values = self.bank.tables[symbol].values
            numbers, rows = [], []
            for number, row in enumerate(values):
                cells = [cell if cell.__class__ is int and 0 <= cell < _LARGEST else -1 for cell in row]
                if max(cells) >= 0:
                    numbers.append(number)
                    rows.append(cells)
                    if len(numbers) == _MOST_INTEGERS:
                        break
            matrix = np.array(rows, dtype=np.int64).reshape(len(rows), len(self.wanted))
            found = self._rows[symbol] = (np.array(numbers, dtype=np.int64), matrix)
        return found


class Slices:
    """Finds slices of one symbol for the cases of one walk.

    Attributes:
        effort: work that was done, in units of about a microsecond.
    """

    def __init__(self, tables: SliceTables, symbol: int, cases: Sequence[int]) -> None:
        """Choose what slices are made of on these cases."""
        self.effort = 0
        self._tables, self._cases = tables, list(cases)
        self._columns: Selection = np.arange(len(cases))
        language = tables.language
        self._substring = _first(language.rules_named(symbol, SUBSTRING))
        self._character = _first(language.rules_named(symbol, CHARACTER))
        self._found: dict[Positions, list[Slice]] = {}
        # Where both rules take the same arguments, the starts that are found for one serve the other.
        self._is_shared = (
            self._substring is not None
            and self._character is not None
            and self._character.children == self._substring.children[:2]
        )
        single = None if self._is_shared else self._character
        rules = [rule for rule in (self._substring, single) if rule is not None]
        self._bases = [self._on_cases(base, rule) for rule in rules for base in tables.bases(rule)]
        if self._substring is not None:
            rule = self._substring
            self._lengths = tables.integers(rule, 2).on(self._cases)
            self._differences = [
                (d, tables.integers(d, 0).on(self._cases))
                for d in language.rules_named(rule.children[2], DIFFERENCE)
                if len(d.children) == 2 and d.children[1] == rule.children[1]
            ]

    def at(self, positions: Positions, room: int) -> list[Slice]:
        """The slices that can be written at some positions, for each end the cheapest.

        Args:
            positions: where the wanted strings are continued.
            room: bound on the cost.
        """
        found = self._found.get(positions)
        if found is None:
            best: dict[Positions, Slice] = {}
            here: Integers = np.array(positions, dtype=np.int64)
            for base in self._bases:
                for made in self._slices(base, here, room):
                    known = best.get(made.end)
                    if known is None or made.cost < known.cost:
                        best[made.end] = made
            found = self._found[positions] = list(best.values())
            self.effort += 30 * len(self._bases) + 2 * len(found)
        return found

    def jumps(self, case: int) -> list[Jump]:
        """What slices can write in one case at best."""
        found = []
        for base in self._bases:
            if not len(base.starts.numbers):
                continue
            reach = base.common[case].max(axis=0).tolist()
            below = base.base.cost + int(base.starts.costs.min())
            if self._character is not None and (self._is_shared or base.rule is self._character):
                least = self._least_cost(self._character, base)
                found.append(Jump([min(1, count) for count in reach], least))
            if base.rule is self._character:
                continue
            cost = base.rule.cost + below
            lengths = [int(self._lengths.costs.min())] if len(self._lengths.numbers) else []
            lengths += [d.cost + int(ends.costs.min()) for d, ends in self._differences if len(ends.numbers)]
            if lengths:
                found.append(Jump(reach, cost + min(lengths)))
        return found

    def _least_cost(self, rule: Rule, base: _LocalBase) -> int:
        """A lower bound on the cost of a character of a base."""
        bank, (symbol, text) = self._tables.bank, base.base.reference
        starts = bank.tables[rule.children[1]].costs
        cheapest: int = min(starts[n] for n in base.starts.numbers.tolist())
        return rule.cost + bank.tables[symbol].costs[text] + cheapest

    def _on_cases(self, base: Base, rule: Rule) -> _LocalBase:
        lengths = base.lengths[self._cases]
        starts = self._tables.integers(rule, 1).on(self._cases)
        inside = np.flatnonzero((starts.values < lengths).all(axis=1))
        self.effort += 40
        return _LocalBase(
            rule,
            base,
            lengths,
            base.common[self._cases],
            Integral(starts.numbers[inside], starts.values[inside], starts.costs[inside]),
        )

    def _slices(self, base: _LocalBase, here: Integers, room: int) -> Iterator[Slice]:
        starts = base.starts
        if not len(starts.numbers):
            return
        matched = base.common[self._columns, starts.values, here]
        fitting = np.flatnonzero((matched > 0).all(axis=1) & (starts.costs + base.base.cost < room))
        if not len(fitting):
            return
        self.effort += 30
        fitting = fitting[np.argsort(starts.costs[fitting], kind="stable")]
        if self._character is not None and (self._is_shared or base.rule is self._character):
            yield self._character_at(self._character, base, here, int(starts.numbers[fitting[0]]))
        if base.rule is self._character:
            return
        chosen: list[Integers] = []
        for row in fitting.tolist():
            following = matched[row]
            # A start is no use if a cheaper one has at least the same text to follow in all cases.
            if not any((other >= following).all() for other in chosen):
                chosen.append(following)
                yield from self._from_start(base, here, row, following, room)
                if len(chosen) == _MOST_STARTS:
                    return

    def _character_at(self, rule: Rule, base: _LocalBase, here: Integers, start: int) -> Slice:
        symbol, text = base.base.reference
        piece = Made(rule, ((symbol, text), (rule.children[1], start)))
        return Slice(tuple((here + 1).tolist()), self._tables.bank.cost(rule, (text, start)), piece, rule)

    def _from_start(self, base: _LocalBase, here: Integers, row: int, matched: Integers, room: int) -> Iterator[Slice]:
        rule = base.rule
        self.effort += 60
        start = base.starts.values[row]
        rest = base.lengths - start
        most = np.where(matched == rest, _LARGEST, matched)
        cost = rule.cost + base.base.cost + int(base.starts.costs[row])
        start_piece: Piece = (rule.children[1], int(base.starts.numbers[row]))
        lengths = self._lengths
        inside = (lengths.values > 0) & (lengths.values <= most)
        for i in _cheapest_ends(np.minimum(lengths.values, rest), inside.all(axis=1), lengths.costs, room - cost):
            end = tuple((here + np.minimum(lengths.values[i], rest)).tolist())
            piece = Made(rule, (base.base.reference, start_piece, (rule.children[2], int(lengths.numbers[i]))))
            yield Slice(end, cost + int(lengths.costs[i]), piece, rule)
        for difference, ends in self._differences:
            charged = cost + self._tables.language.charge(difference, rule.context(2)) + int(base.starts.costs[row])
            counts = ends.values - start
            inside = (counts > 0) & (counts <= most)
            for i in _cheapest_ends(np.minimum(counts, rest), inside.all(axis=1), ends.costs, room - charged):
                end = tuple((here + np.minimum(counts[i], rest)).tolist())
                length = Made(difference, ((difference.children[0], int(ends.numbers[i])), start_piece))
                piece = Made(rule, (base.base.reference, start_piece, length))
                yield Slice(end, charged + int(ends.costs[i]), piece, rule)


@dataclass(frozen=True, eq=False)
class _LocalBase:
    """A base of a rule on the cases of a walk, with the integer rows that are positions of all its texts."""

    rule: Rule
    base: Base
    lengths: Integers
    common: Integers
    starts: Integral


def _cheapest_ends(counts: Integers, inside: npt.NDArray[np.bool_] | np.bool_, costs: Integers, room: int) -> list[int]:
    """Of the rows inside that cost less than `room`, for each distinct row of `counts` the cheapest."""
    chosen = np.flatnonzero(inside & (costs < room))
    best: dict[bytes, int] = {}
    for i in chosen[np.argsort(costs[chosen], kind="stable")].tolist():
        best.setdefault(counts[i].tobytes(), i)
    return list(best.values())


def _first(rules: Sequence[Rule]) -> Rule | None:
    return rules[0] if rules else None
