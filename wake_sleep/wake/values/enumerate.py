"""Bottom-up enumeration by levels of cost, terms with equal values on the active cases counted as one.

A level is the cost of a term (see `wake_sleep.wake.costs`); all terms of a level are made from terms of lower levels.
The values of all combinations of groups of arguments are computed at once, case by case.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from dsl.evaluate import Evaluation
from dsl.probability import ROOT
from dsl.values import BOTTOM
from wake_sleep.wake.costs import UNREACHABLE
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.schedule import Schedule
from wake_sleep.wake.values.bank import Bank, Group, Made, Reference, Row, applied
from wake_sleep.wake.values.kernels import Kernel, is_total, kernel_of
from wake_sleep.wake.values.language import Language, Rule

BATCH: Final = 4096
"""Most candidates that are computed at once: a few milliseconds of work."""


class Enumeration:
    """Fills a bank, level by level.

    Attributes:
        bank: what was kept.
        level: the level that is being enumerated, or was last.
    """

    def __init__(self, language: Language, bank: Bank, meter: Meter) -> None:
        """Start at level 0, where there is nothing."""
        self.language, self.bank, self.meter = language, bank, meter
        self.level = 0
        self._schedule: Schedule[Group] = Schedule(language.costs)
        self._groups: list[Group] = []
        self._highest = 0
        self._watched: Row | None = None
        self._hits: list[tuple[int, Made]] = []
        self._kernels: dict[Rule, tuple[Kernel | None, bool]] = {}
        self._waiting: dict[int, list[Reference]] = {}

    def take_up(self, rows: Iterable[tuple[int, Reference]]) -> None:
        """Enter rows of the bank that were made before their level, each when its level comes."""
        for level, row in rows:
            if level < UNREACHABLE:
                self._waiting.setdefault(level, []).append(row)

    def _enter_waiting(self) -> None:
        for symbol, number in self._waiting.pop(self.level, ()):
            if self.bank.promote(symbol, number):
                self.put([number], symbol, self.bank.tables[symbol].rules[number].class_, self.level)

    def run_level(self) -> Iterator[None]:
        """Make all terms of the next level, pausing every few milliseconds."""
        self.level += 1
        self._enter_waiting()
        for symbol in self.language.symbols:
            for rule in symbol.rules:
                if rule.leaf is not None:
                    if rule.level == self.level:
                        self._enter_leaf(rule)
                else:
                    yield from self._apply(rule)

    def enter_early(self, rule: Rule, arguments: tuple[int, ...]) -> int | None:
        """Make one term before its level, of rows of the bank; returns its row, or None if it is not kept."""
        self.meter.spend(1, self.bank.kept_bytes)
        if rule.leaf is not None:
            column = Evaluation(self.bank.domain, self.bank.inputs, self.bank.limits).column(rule.leaf)
        else:
            cells = [self.bank.tables[child].values[row] for child, row in zip(rule.children, arguments, strict=True)]
            column = applied(self.bank.domain, rule, list(zip(*cells, strict=True)), self.bank.limits)
        return self.bank.enter_early(rule, tuple(column), arguments)

    def watch(self, row: Row) -> None:
        """Report all terms of the start symbol with certain values, where the first need not be the cheapest.

        Of terms with equal values the one of the lowest level is kept; one of another class may cost less at the root.
        """
        shifts = {self.language.costs.shift(rule.class_, ROOT) for rule in self.language.start.rules}
        self._watched = row if any(shifts) else None
        self._hits = []

    def hits(self) -> list[tuple[int, Made]]:
        """The watched terms since the last call, with what they cost at the root."""
        found, self._hits = self._hits, []
        return found

    @property
    def is_finished(self) -> bool:
        """Whether no higher level can have a term."""
        return self.level >= self._horizon()

    def rewind(self) -> None:
        """Go through all levels again: what was equal to another row may now differ from it."""
        self.level = 0
        for group in self._groups:
            group.forget_columns()

    def repeat_level(self, level: int | None = None) -> None:
        """Go on with this level again, or with a lower one."""
        self.level = max(0, min(self.level, self.level if level is None else level) - 1)

    def put(self, rows: Sequence[int], symbol: int, class_: int, level: int, is_clean: bool = False) -> None:
        """Let rows be arguments of terms, as rows of a level; `is_clean` says that no cell is ⊥."""
        if not rows:
            return
        nonterminal = self.language.symbols[symbol].nonterminal
        group = self._schedule.get(nonterminal, class_, level)
        if group is None:
            group = Group(self.bank.tables[symbol])
            self._groups.append(group)
            self._schedule.put(nonterminal, class_, level, group)
        values = self.bank.tables[symbol].values
        group.rows.extend(rows)
        self._highest = max(self._highest, level)
        if not (is_clean or group.is_partial):
            group.is_partial = any(BOTTOM in values[row] for row in rows)

    def _enter_leaf(self, rule: Rule) -> None:
        assert rule.leaf is not None
        row = tuple(Evaluation(self.bank.domain, self.bank.inputs, self.bank.limits).column(rule.leaf))
        self.put(self.bank.enter(rule, rule.cost, [row], lambda _: (), False), rule.symbol, rule.class_, self.level)
        self.meter.spend(1, self.bank.kept_bytes)

    def _apply(self, rule: Rule) -> Iterator[None]:
        """Apply a rule to all arguments that make a term of this level."""
        for split in list(self._schedule.splits(rule.production, self.level - rule.cost, ROOT)):
            for groups in itertools.product(*map(Group.joined, split)):
                for tile in tiles([len(group.rows) for group in groups], self._batch()):
                    self._enter_tile(rule, groups, tile)
                    yield

    def _batch(self) -> int:
        """How many candidates may be computed before the next look at the budget."""
        most = self.meter.budget.candidates
        return BATCH if most is None else max(1, min(BATCH, most - self.meter.candidates))

    def _enter_tile(self, rule: Rule, groups: Sequence[Group], tile: Sequence[tuple[int, int]]) -> None:
        kernel, clean = self._kernel(rule)
        counts = [stop - start for start, stop in tile]
        partial = any(group.is_partial for group in groups)
        columns = []
        for case in range(len(self.bank.inputs)):
            given = [group.columns()[case][a:b] for group, (a, b) in zip(groups, tile, strict=True)]
            column = None
            if kernel is not None and not (partial and any(BOTTOM in cells for cells in given)):
                column = _attempt(kernel, given)
            if column is None:
                clean = False
                column = applied(self.bank.domain, rule, list(itertools.product(*given)), self.bank.limits)
            columns.append(column)
        total = 1
        for n in counts:
            total *= n
        rows = zip(*columns, strict=True) if columns else iter([()] * total)
        arguments = _decoder([group.rows[a:b] for group, (a, b) in zip(groups, tile, strict=True)])
        if self._watched is not None and rule.symbol == self.language.start.number:
            rows = iter(made := list(rows))
            cost = self.level + self.language.costs.shift(rule.class_, ROOT)
            for position in [i for i, row in enumerate(made) if row == self._watched]:
                pieces = tuple(zip(rule.children, arguments(position), strict=True))
                self._hits.append((cost, Made(rule, pieces)))
        numbers = self.bank.enter(rule, self.level, rows, arguments, clean)
        self.put(numbers, rule.symbol, rule.class_, self.level, clean)
        self.meter.spend(total, self.bank.kept_bytes)

    def _kernel(self, rule: Rule) -> tuple[Kernel | None, bool]:
        found = self._kernels.get(rule)
        if found is None:
            assert rule.operator is not None
            kernel = kernel_of(self.bank.domain, rule.operator, self.bank.limits)
            found = (kernel, is_total(self.bank.domain, rule.operator))
            self._kernels[rule] = found
        return found

    def _horizon(self) -> int:
        """The highest level that a term made of the rows so far can have."""
        highest = max(self._waiting, default=0)
        for symbol in self.language.symbols:
            for rule in symbol.rules:
                if rule.leaf is not None:
                    highest = max(highest, rule.level)
                    continue
                views = [
                    self._schedule.view(child, rule.context(i)) for i, child in enumerate(rule.production.children)
                ]
                if all(views):
                    highest = max(highest, rule.cost + sum(max(view) for view in views))
        return highest


def _attempt(kernel: Kernel, given: Sequence[Sequence[Any]]) -> list[Any] | None:
    """The column of a kernel, or None if a primitive failed on some values."""
    try:
        return kernel(*given)
    except Exception:  # noqa: BLE001 - the reference interpreter finds out which cell it was, and says what it means
        return None


def _decoder(rows: Sequence[Sequence[int]]) -> Callable[[int], tuple[int, ...]]:
    """From the position of a combination, the last argument varying fastest, to the rows of its arguments."""
    if len(rows) == 1:
        (only,) = rows
        return lambda position: (only[position],)
    if len(rows) == 2:
        first, second = rows
        width = len(second)
        return lambda position: (first[position // width], second[position % width])

    def decode(position: int) -> tuple[int, ...]:
        found = []
        for column in reversed(rows):
            position, here = divmod(position, len(column))
            found.append(column[here])
        return tuple(reversed(found))

    return decode


def tiles(counts: Sequence[int], limit: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Cut the combinations of `counts` things into blocks of at most `limit`.

    Yields:
        for each block the range of every argument.
    """
    widths: list[int] = []
    room = limit
    for count in reversed(counts):
        width = max(1, min(count, room))
        widths.append(width)
        room //= width
    ranges = [
        [(start, min(start + width, count)) for start in range(0, count, width)]
        for count, width in zip(counts, reversed(widths), strict=True)
    ]
    return itertools.product(*ranges)
