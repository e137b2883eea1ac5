"""The rows that a search keeps: for each term its values on all cases, and how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dsl.grammar import Nonterminal
from wake_sleep.wake.columns.hashing import HashIndex, Rows, mix
from wake_sleep.wake.columns.kernels import Array, Words, dtype_of

# Pages that are not written to take no memory, but to copy a large array takes its memory twice: room is made
# generously, and seldom.
_FIRST_ROWS: Final = 1 << 14
_GROWTH: Final = 16
_ROOM: Final = 3 << 29
"""Bytes up to which room is made at once."""
_SPARE_CASES: Final = 48


class Bank:
    """The rows of one nonterminal.

    Attributes:
        nonterminal: what the terms derive from.
        count: number of rows.
        rules: shape (rows,), numbers of the productions; −1 − i for seed i.
        arguments: shape (arity, rows), row numbers in the banks of the production's children.
        sizes: shape (rows,), AST nodes.
        levels: shape (rows,), see `wake_sleep.wake.costs`.
        index: rows by hash.
    """

    def __init__(self, nonterminal: Nonterminal, cases: int, arity: int) -> None:
        """Start without rows.

        Args:
            nonterminal: what the terms derive from.
            cases: number of cases.
            arity: largest number of children of a production.
        """
        self.nonterminal = nonterminal
        self.count, self.cases, self._hashed = 0, cases, cases
        self._values: Array = np.empty((cases + _SPARE_CASES, _FIRST_ROWS), dtype_of(nonterminal.type))
        self._hashes: Words = np.empty(_FIRST_ROWS, np.uint64)
        self.rules: npt.NDArray[np.int16] = np.empty(_FIRST_ROWS, np.int16)
        self.arguments: Rows = np.zeros((arity, _FIRST_ROWS), np.int32)
        self.sizes: Rows = np.empty(_FIRST_ROWS, np.int32)
        self.levels: Rows = np.empty(_FIRST_ROWS, np.int32)
        self.index = HashIndex()

    @property
    def values(self) -> Array:
        """The values, shape (cases, rows); a view."""
        return self._values[: self.cases, : self.count]

    @property
    def hashes(self) -> Words:
        """Their hashes, shape (rows,), as of the last `rehash`; a view."""
        return self._hashes[: self.count]

    @property
    def nbytes(self) -> int:
        """Bytes that the rows take, room for further rows not counted."""
        per_row = self._values.itemsize * self.cases + 8 + 2 + 4 * (self.arguments.shape[0] + 2)
        return int(self.count * per_row + self.index.nbytes)

    def add(
        self, rule: int, arguments: Sequence[Rows], values: Array, hashes: Words, sizes: Rows | int, levels: Rows | int
    ) -> int:
        """Append rows of one production.

        Args:
            rule: its number, −1 − i for seed i.
            arguments: row numbers in the banks of the children, each of shape (rows,).
            values: shape (cases, rows).
            hashes: shape (rows,).
            sizes: AST nodes of the terms.
            levels: of the terms.

        Returns:
            the number of the first row.
        """
        start, stop = self.count, self.count + values.shape[1]
        while stop > self._hashes.size:
            self._grow_rows()
        self._values[: self.cases, start:stop] = values
        self._hashes[start:stop] = hashes
        self.rules[start:stop] = rule
        for i, rows in enumerate(arguments):
            self.arguments[i, start:stop] = rows
        self.sizes[start:stop] = sizes
        self.levels[start:stop] = levels
        self.count = stop
        self.index.add(hashes, np.arange(start, stop, dtype=np.int32))
        return start

    def _grow_rows(self) -> None:
        size, per_row = self._hashes.size, self._values.itemsize * self._values.shape[0]
        rows = max(2 * size, min(_GROWTH * size, _ROOM // per_row))
        # Cases that are not open yet are not copied: that would touch their pages.
        values = np.empty((self._values.shape[0], rows), self._values.dtype)
        values[: self.cases, : self.count] = self._values[: self.cases, : self.count]
        self._values = values
        self._hashes = _widened(self._hashes, rows, self.count)
        self.rules = _widened(self.rules, rows, self.count)
        self.arguments = _widened(self.arguments, rows, self.count)
        self.sizes = _widened(self.sizes, rows, self.count)
        self.levels = _widened(self.levels, rows, self.count)

    def permute(self, order: Rows) -> None:
        """Sort the rows: that at position i is the one that was at `order[i]`; see `rehash` for the index."""
        for column in self._values[: self.cases]:
            column[: self.count] = column[order]
        for kept in (self._hashes, self.rules, self.sizes, self.levels, *self.arguments):
            kept[: self.count] = kept[order]

    def open_cases(self, count: int) -> None:
        """Make room for the values on further cases, which are then to be filled in; see `rehash`."""
        if self.cases + count > self._values.shape[0]:
            kept = self._values
            room = self.cases + count + self.cases // 2 + _SPARE_CASES
            self._values = np.empty((room, kept.shape[1]), kept.dtype)
            self._values[: self.cases, : self.count] = kept[: self.cases, : self.count]
        self.cases += count

    def rehash(self) -> None:
        """Extend the hashes by the cases that were opened since the last time, and make the index anew."""
        hashes = self._hashes[: self.count]
        scratch = np.empty_like(hashes)
        for column in self._values[self._hashed : self.cases, : self.count]:
            mix(hashes, column, scratch)
        self._hashed = self.cases
        self.index = HashIndex()
        self.index.add(hashes, np.arange(self.count, dtype=np.int32))


@dataclass
class Batch:
    """Consecutive rows of one rule, none of which is an argument of another.

    Attributes:
        bank: where they are.
        rule: its number, −1 − i for seed i.
        start: the first of them.
        stop: the row after the last.
    """

    bank: Bank
    rule: int
    start: int
    stop: int


def _widened(array: Array, rows: int, count: int) -> Any:
    """A copy with room for more rows along the last axis."""
    made = np.empty((*array.shape[:-1], rows), array.dtype)
    made[..., :count] = array[..., :count]
    return made
