"""The bank: every term that was kept, known by what it computes on the active cases.

A row of a table is one term of one symbol: the rule at its root and the rows of its arguments. Terms are built for
answers only. Of terms of a symbol with equal values on all cases the first is kept (observational equivalence);
one that is ⊥ on some cases stays, since a conditional may need it, and one that is ⊥ on all cases has no use.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import Any, Final, TypeAlias

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.limits import EXHAUSTED, Limits, is_larger
from dsl.terms import Application, Term, Variable
from dsl.types import INT, STRING, Type
from dsl.values import BOTTOM, Value
from wake_sleep.wake.values.language import Language, Rule

Row: TypeAlias = tuple[Any, ...]
"""The values of a term, one for each case; a cell may be ⊥."""
Reference: TypeAlias = tuple[int, int]
"""A row by the number of its symbol and its own."""


@dataclass(frozen=True, eq=False)
class Made:
    """A term that is not in the bank, made of terms that are.

    Attributes:
        rule: at its root.
        arguments: rows, or terms made in turn.
    """

    rule: Rule
    arguments: tuple[Piece, ...]


Piece: TypeAlias = Reference | Made

Spend: TypeAlias = Callable[[int], None]
"""Counts candidates, and raises to end the work when a budget is spent; see `wake_sleep.wake.meter.Meter.spend`."""

DROPPED: Final = -1
"""What the index of a table says of values that are not kept."""
_BATCH: Final = 4096
_ROW_BYTES: Final = 400
"""Memory of a row beside its values: entries of the lists and of the index, tuples of values and of arguments."""


class Table:
    """The rows of one symbol, by number.

    Attributes:
        values: what the terms compute.
        rules: the rules at their roots.
        arguments: numbers of the rows of their arguments.
        costs: description lengths: the cost of the arguments plus the least cost of the rule.
        sizes: AST nodes.
        index: number of the row with given values, or `DROPPED`.
        early: number of a row with given values that was made before its level, and is not in `index`: a cheaper
            one may yet be found.
        early_rows: numbers of all such rows.
    """

    __slots__ = ("arguments", "costs", "early", "early_rows", "index", "rules", "sizes", "values")

    def __init__(self) -> None:
        self.values: list[Row] = []
        self.rules: list[Rule] = []
        self.arguments: list[tuple[int, ...]] = []
        self.costs: list[int] = []
        self.sizes: list[int] = []
        self.index: dict[Row, int] = {}
        self.early: dict[Row, int] = {}
        self.early_rows: set[int] = set()

    def find(self, row: Row) -> int | None:
        """Number of the row with these values, or None."""
        found = self.index.get(row, DROPPED)
        return None if found == DROPPED else found

    def find_early(self, row: Row) -> int | None:
        """Number of a row with these values, be it made before its level, or None."""
        found = self.find(row)
        return self.early.get(row) if found is None else found


class Group:
    """Rows of one table that an enumeration draws arguments from together.

    Attributes:
        rows: their numbers.
        is_partial: whether some of them are ⊥ on a case.
    """

    __slots__ = ("_columns", "_table", "is_partial", "rows")

    def __init__(self, table: Table) -> None:
        self._table = table
        self.rows: list[int] = []
        self.is_partial = False
        self._columns: list[list[Any]] = []

    def columns(self) -> list[list[Any]]:
        """For each case the values of all rows."""
        if not self._columns or len(self._columns[0]) != len(self.rows):
            values = self._table.values
            self._columns = [list(column) for column in zip(*[values[row] for row in self.rows], strict=True)]
        return self._columns

    @classmethod
    def joined(cls, groups: Sequence[Group]) -> list[Group]:
        """Groups of one table as one or two: those without ⊥ together, and the others.

        With learned weights the rows of one cost lie in very many groups, most of them of a few rows.
        """
        if len(groups) == 1:
            return list(groups)
        found = []
        for is_partial in (False, True):
            alike = [group for group in groups if group.is_partial is is_partial]
            if len(alike) > 1:
                made = cls(alike[0]._table)
                made.is_partial = is_partial
                made.rows = list(chain.from_iterable([group.rows for group in alike]))
                columns = zip(*[group.columns() for group in alike], strict=True)
                made._columns = [list(chain.from_iterable(parts)) for parts in columns]
                alike = [made]
            found += alike
        return found

    def forget_columns(self) -> None:
        """Make the columns anew when they are asked for: the cases have changed."""
        self._columns = []


@dataclass
class Bank:
    """The tables of all symbols.

    Attributes:
        language: whose terms.
        domain: what the operators mean.
        limits: what one evaluation may take.
        inputs: the inputs of the active cases.
        maximum_size: AST nodes of the largest term that is kept, or None.
        tables: one for each symbol.
        kept_bytes: estimate of the memory that the rows take.
        levels_are_costs: whether every row costs what its level says; with literals in constant slots and with seeds,
            which have lower levels, costs are added up row by row.
        is_complete: whether no term was left out because a limit was reached in its evaluation.
    """

    language: Language
    domain: Domain
    limits: Limits
    inputs: list[tuple[Value, ...]]
    maximum_size: int | None = None
    tables: list[Table] = field(init=False)
    kept_bytes: int = 0
    levels_are_costs: bool = True
    is_complete: bool = True
    _history: list[Reference] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with empty tables."""
        self.tables = [Table() for _ in self.language.symbols]
        self.levels_are_costs = not self.language.has_slots

    def enter(
        self, rule: Rule, cost: int, rows: Iterable[Row], arguments: Callable[[int], tuple[int, ...]], is_clean: bool
    ) -> range:
        """Keep the terms of one rule whose values are new.

        Args:
            rule: at the root of all.
            cost: of all.
            rows: their values.
            arguments: numbers of the rows of the arguments of the term at a position of `rows`.
            is_clean: whether it is known that no cell is ⊥ or exhausted.

        Returns:
            the numbers of the new rows.
        """
        table = self.tables[rule.symbol]
        if self.maximum_size is not None:
            return self._enter_bounded(table, rule, cost, rows, arguments)
        index, before = table.index, len(table.index)
        deque(map(index.setdefault, rows, count()), maxlen=0)
        added = len(index) - before
        if not added:
            return range(0)
        # A dictionary keeps the order of insertion, so what is new stands last, with its position for a number.
        fresh = list(islice(reversed(index.items()), added))
        fresh.reverse()
        kept = fresh
        if not (is_clean and self._within_limits([row for row, _ in fresh], rule)):
            kept = [item for item in fresh if self._is_worthy(item[0], rule)]
            index.update(dict.fromkeys((row for row, _ in fresh), DROPPED))
        return self._append(table, rule, cost, kept, arguments)

    def enter_early(self, rule: Rule, row: Row, arguments: tuple[int, ...]) -> int | None:
        """Keep a term before its level, if no row has its values.

        Args:
            rule: at the root.
            row: the values.
            arguments: numbers of the rows of the arguments.

        Returns:
            number of the row with these values, or None if it is not kept.
        """
        table = self.tables[rule.symbol]
        found = table.find_early(row)
        if found is not None or row in table.index or not self._is_worthy(row, rule):
            return found
        if self.maximum_size is not None:
            size = self._size(rule, arguments)
            if size > self.maximum_size:
                return None
            table.sizes.append(size)
        number = table.early[row] = len(table.values)
        table.early_rows.add(number)
        self._store(table, rule, self.cost(rule, arguments), [row], [arguments])
        return number

    def _size(self, rule: Rule, arguments: Sequence[int]) -> int:
        return rule.production.size + sum(
            self.tables[child].sizes[number] for child, number in zip(rule.children, arguments, strict=True)
        )

    def _append(
        self,
        table: Table,
        rule: Rule,
        cost: int,
        kept: Sequence[tuple[Row, int]],
        arguments: Callable[[int], tuple[int, ...]],
    ) -> range:
        first, added = len(table.values), len(kept)
        numbers = range(first, first + added)
        if added:
            rows = [row for row, _ in kept]
            table.index.update(zip(rows, numbers, strict=True))
            self._store(table, rule, cost, rows, [arguments(position) for _, position in kept])
        return numbers

    def _store(
        self, table: Table, rule: Rule, cost: int, rows: Sequence[Row], arguments: Sequence[tuple[int, ...]]
    ) -> None:
        table.values.extend(rows)
        table.arguments.extend(arguments)
        table.rules.extend([rule] * len(rows))
        if self.levels_are_costs or not rule.children:
            table.costs.extend([cost] * len(rows))
        else:
            table.costs.extend([self.cost(rule, below) for below in arguments])
        self._history.append((rule.symbol, len(table.values)))
        sample = rows[0]
        self.kept_bytes += len(rows) * (_ROW_BYTES + 8 * len(sample) + sum(map(sys.getsizeof, sample)))

    def _enter_bounded(
        self,
        table: Table,
        rule: Rule,
        cost: int,
        rows: Iterable[Row],
        arguments: Callable[[int], tuple[int, ...]],
    ) -> range:
        """`enter` where sizes are bounded: a smaller term with the values of a cheaper one is kept beside it."""
        assert self.maximum_size is not None
        first = len(table.values)
        for position, row in enumerate(rows):
            below = arguments(position)
            size = self._size(rule, below)
            known = table.index.get(row)
            if size > self.maximum_size or known == DROPPED:
                continue
            if known is not None and table.sizes[known] <= size:
                continue
            if known is None and not self._is_worthy(row, rule):
                table.index[row] = DROPPED
                continue
            self._append(table, rule, cost, [(row, position)], arguments)
            table.sizes.append(size)
        return range(first, len(table.values))

    def _within_limits(self, rows: Sequence[Row], rule: Rule) -> bool:
        """Whether all cells of rows without ⊥ are within the limits."""
        type_ = rule.type
        if type_ is STRING:
            return max(map(len, chain.from_iterable(rows)), default=0) <= self.limits.size
        if type_ is INT:
            bound = 1 << self.limits.bits
            cells = list(chain.from_iterable(rows))
            return not cells or (max(cells) < bound and min(cells) > -bound)
        return not type_.arguments or all(_is_within(cell, type_, self.limits) for row in rows for cell in row)

    def _is_worthy(self, row: Row, rule: Rule) -> bool:
        """Whether a row is to be kept: all its cells were computed, and one has a value."""
        if any(cell is EXHAUSTED for cell in row) or not all(
            cell is BOTTOM or _is_within(cell, rule.type, self.limits) for cell in row
        ):
            self.is_complete = False
            return False
        return not row or any(cell is not BOTTOM for cell in row)

    def cost(self, rule: Rule, arguments: Sequence[int]) -> int:
        """Description length of a term, from those of its arguments."""
        total = rule.cost
        for i, (child, number) in enumerate(zip(rule.children, arguments, strict=True)):
            table = self.tables[child]
            total += table.costs[number] + self.language.costs.shift(table.rules[number].class_, rule.context(i))
        return total

    # Terms.

    def term(self, symbol: int, number: int) -> Term:
        """The term of a row."""
        made: dict[Reference, Term] = {}
        stack: list[Reference] = [(symbol, number)]
        while stack:
            here = stack[-1]
            table = self.tables[here[0]]
            rule = table.rules[here[1]]
            below = list(zip(rule.children, table.arguments[here[1]], strict=True))
            waiting = [child for child in below if child not in made]
            if waiting:
                stack.extend(waiting)
                continue
            made[here] = rule.leaf if rule.leaf is not None else rule.production.build([made[c] for c in below])
            stack.pop()
        return made[symbol, number]

    def build(self, piece: Piece) -> Term:
        """The term of a piece."""
        if isinstance(piece, Made):
            return piece.rule.production.build([self.build(argument) for argument in piece.arguments])
        return self.term(*piece)

    # Costs.

    def reprice(self, language: Language) -> list[tuple[int, Reference]]:
        """Take up the costs of another language of the same grammar; all rows are then made before their level.

        Args:
            language: with the symbols of the one so far.

        Returns:
            the rows with their new costs.
        """
        self.language = language
        counterparts: dict[Rule, Rule] = {}
        repriced: list[tuple[int, Reference]] = []
        done = [0] * len(self.tables)
        for symbol, end in self._history:
            table = self.tables[symbol]
            for number in range(done[symbol], end):
                rule = table.rules[number]
                if rule not in counterparts:
                    counterparts[rule] = language.counterpart(rule)
                table.rules[number] = rule = counterparts[rule]
                table.costs[number] = self.cost(rule, table.arguments[number])
                repriced.append((table.costs[number], (symbol, number)))
            done[symbol] = max(done[symbol], end)
        for table in self.tables:
            table.index = {row: number for row, number in table.index.items() if number == DROPPED}
            table.early_rows = set(range(len(table.values)))
            table.early = {}
            for number in sorted(table.early_rows, key=table.costs.__getitem__):
                table.early.setdefault(table.values[number], number)
        return repriced

    def promote(self, symbol: int, number: int) -> bool:
        """Let a row that was made before its level be found like all others; False if another has its values."""
        table = self.tables[symbol]
        row = table.values[number]
        known = table.index.get(row)
        is_smaller = known is not None and known != DROPPED and table.sizes and table.sizes[number] < table.sizes[known]
        if number not in table.early_rows or not (known is None or is_smaller):
            return False
        table.index[row] = number
        table.early_rows.remove(number)
        if table.early.get(row) == number:
            del table.early[row]
        return True

    # Cases.

    def extend(self, inputs: Sequence[tuple[Value, ...]], spend: Spend) -> None:
        """Evaluate all rows on further inputs.

        Args:
            inputs: of the further cases.
            spend: called with 0 every few milliseconds; may raise to end the work, after which the bank is of no use.
        """
        self.inputs.extend(inputs)
        added: list[list[Row]] = [[] for _ in self.tables]
        for symbol, end in self._history:
            table = self.tables[symbol]
            while len(added[symbol]) < end:
                start = len(added[symbol])
                rule = table.rules[start]
                stop = start + 1
                while stop < end and stop < start + _BATCH and table.rules[stop] is rule:
                    stop += 1
                spend(0)
                below = [
                    [added[child][row[i]] for row in table.arguments[start:stop]]
                    for i, child in enumerate(rule.children)
                ]
                added[symbol].extend(self._evaluated(rule, below, inputs, stop - start))
        for table, cells in zip(self.tables, added, strict=True):
            spend(0)
            table.values = [row + new for row, new in zip(table.values, cells, strict=True)]
            table.index = {}
            early = table.early_rows
            table.early = {table.values[number]: number for number in sorted(early, reverse=True)}
            for number, row in enumerate(table.values):
                if EXHAUSTED in row:
                    self.is_complete = False
                    table.index[row] = DROPPED
                elif number in early:
                    continue
                elif not (table.sizes and row in table.index and table.sizes[table.index[row]] <= table.sizes[number]):
                    table.index[row] = number

    def _evaluated(
        self, rule: Rule, below: list[list[Row]], inputs: Sequence[tuple[Value, ...]], rows: int
    ) -> list[Row]:
        """Cells of the terms of one rule on further inputs, from those of their arguments."""
        if rule.leaf is not None:
            return [tuple(Evaluation(self.domain, inputs, self.limits).column(rule.leaf))] * rows
        columns = [
            applied(
                self.domain,
                rule,
                list(zip(*([row[case] for row in column] for column in below), strict=True)),
                self.limits,
            )
            for case in range(len(inputs))
        ]
        return list(zip(*columns, strict=True))


def applied(domain: Domain, rule: Rule, arguments: Sequence[tuple[Any, ...]], limits: Limits) -> list[Any]:
    """The cells of a rule on cells of its arguments, by the reference interpreter.

    Args:
        domain: what the operators mean.
        rule: with arguments.
        arguments: tuples of cells, which may be ⊥ or exhausted.
        limits: what one evaluation may take.
    """
    assert rule.operator is not None
    count = len(rule.children)
    variables = tuple(Variable(count - 1 - i) for i in range(count))
    return Evaluation(domain, arguments, limits).column(Application(rule.operator, variables))


def _is_within(cell: Any, type_: Type, limits: Limits) -> bool:
    """Whether a value is within the limits on size."""
    if type_ is STRING:
        return len(cell) <= limits.size
    if type_ is INT:
        return abs(int(cell)) < 1 << limits.bits
    if type_.name != "list":
        return True
    return len(cell) <= limits.size and not (type_.depth > 1 and is_larger(cell, limits.size))
