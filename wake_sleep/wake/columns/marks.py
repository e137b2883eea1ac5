"""For the rows of a bank, the sets of cases that they are right on, or on which a test of them holds.

Sets are kept packed, 8 cases a byte; only rows whose set is not empty are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from wake_sleep.wake.columns.bank import Bank
from wake_sleep.wake.columns.hashing import Rows
from wake_sleep.wake.columns.kernels import Array, Flags

Packed = npt.NDArray[np.uint8]
_CHUNK: Final = 1 << 14


class Marks:
    """The sets of cases of the rows of a bank.

    Attributes:
        bank: whose rows.
    """

    def __init__(self, bank: Bank, holds: Callable[[Array, int], Flags]) -> None:
        """Start without marks.

        Args:
            bank: whose rows.
            holds: from values of shape (cases, rows) and the number of the first of these cases to where they are
                right.
        """
        self.bank, self._holds = bank, holds
        self._seen, self._cases = 0, bank.cases
        self._rows: Rows = np.zeros(0, np.int32)
        self._packed: Packed = np.zeros((0, _bytes(bank.cases)), np.uint8)

    @property
    def count(self) -> int:
        """Number of rows that are marked."""
        return len(self._rows)

    def update(self) -> None:
        """Mark the rows that were added since the last time, and by the cases that were added."""
        while self._cases < self.bank.cases:
            self._add_case()
        rows, packed = [self._rows], [self._packed]
        while self._seen < self.bank.count:
            start, stop = self._seen, min(self.bank.count, self._seen + _CHUNK)
            self._seen = stop
            flags = self._holds(self.bank.values[:, start:stop], 0)
            marked = np.flatnonzero(flags.any(axis=0))
            if marked.size:
                rows.append((marked + start).astype(np.int32))
                packed.append(np.packbits(flags[:, marked], axis=0, bitorder="little").T)
        if len(rows) > 1:
            self._rows, self._packed = np.concatenate(rows), np.concatenate(packed)

    def _add_case(self) -> None:
        """Extend the sets of the rows seen so far by one case."""
        case = self._cases
        self._cases += 1
        byte, bit = case // 8, np.uint8(1 << case % 8)
        # A copy, since a test that is a Boolean itself gives a view of the bank.
        flags = self._holds(self.bank.values[case : case + 1, : self._seen], case)[0].copy()
        packed = np.zeros((len(self._packed), _bytes(self._cases)), np.uint8)
        packed[:, : self._packed.shape[1]] = self._packed
        packed[flags[self._rows], byte] |= bit
        # A row that was on no case so far is on this one alone.
        flags[self._rows] = False
        new = np.flatnonzero(flags).astype(np.int32)
        alone = np.zeros((new.size, packed.shape[1]), np.uint8)
        alone[:, byte] = bit
        self._rows, self._packed = np.concatenate([self._rows, new]), np.concatenate([packed, alone])

    def distinct(self) -> tuple[Rows, Packed]:
        """One row of each set: the cheapest, of these the first; in order of level.

        Returns:
            row numbers of shape (sets,), and the sets, shape (sets, bytes): bit i % 8 of byte i // 8 is case i.
        """
        self.update()
        order = np.lexsort((self._rows, self.bank.levels[self._rows]))
        first = order[first_of_each_set(self._packed[order])]
        return self._rows[first], self._packed[first]


def _bytes(cases: int) -> int:
    return (cases + 7) // 8


def first_of_each_set(packed: Packed) -> npt.NDArray[np.intp]:
    """Positions of the first row of each set, ascending."""
    width = packed.shape[1]
    if not len(packed):
        return np.zeros(0, np.intp)
    keys: npt.NDArray[Any]
    if width <= 8:
        padded = np.zeros((len(packed), 8), np.uint8)
        padded[:, :width] = packed
        keys = padded.view(np.uint64).ravel()
    else:
        keys = np.ascontiguousarray(packed).view(np.dtype((np.void, width))).ravel()
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return first


def as_integers(packed: Packed) -> list[int]:
    """The sets as Python integers: bit i is case i."""
    width = packed.shape[1]
    data = packed.tobytes()
    return [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)]
