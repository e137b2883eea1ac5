"""Hashes of rows, and an index that finds rows by them.

A row is the values of one term on all cases. Its hash is made case by case, so that a further case extends it. The
index is a table of open addressing whose probing is done for thousands of rows by each call of numpy.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from wake_sleep.wake.columns.kernels import Array, Flags, Words

Rows = npt.NDArray[np.int32]

SEED: Final = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER: Final = np.uint64(0xD6E8FEB86659FD93)
_HALF: Final = np.uint64(32)
_SMALLEST_BITS: Final = 14


def mix(hashes: Words, column: Array, scratch: Words) -> None:
    """Extend hashes by the values of one more case, in place.

    Multiplication carries a difference to higher bits only; the shift brings it back to the lower ones, so that
    differences in a few high bits cannot cancel from case to case.

    Args:
        hashes: shape (rows,).
        column: shape (rows,), words or Booleans.
        scratch: shape (rows,), overwritten.
    """
    np.bitwise_xor(hashes, column, out=hashes)
    np.multiply(hashes, _MULTIPLIER, out=hashes)
    np.right_shift(hashes, _HALF, out=scratch)
    np.bitwise_xor(hashes, scratch, out=hashes)


def hash_columns(columns: Array) -> Words:
    """The hashes of rows; `columns` has shape (cases, rows)."""
    hashes = np.full(columns.shape[1], SEED)
    scratch = np.empty_like(hashes)
    for column in columns:
        mix(hashes, column, scratch)
    return hashes


class HashIndex:
    """A map from hashes to row numbers."""

    def __init__(self) -> None:
        """Start without rows."""
        self.count = 0
        self._make(_SMALLEST_BITS)

    @property
    def nbytes(self) -> int:
        """Bytes that the table takes."""
        return self._keys.nbytes + self._rows.nbytes

    def _make(self, bits: int) -> None:
        self._bits = bits
        self._shift, self._last = np.uint64(64 - bits), np.intp((1 << bits) - 1)
        self._keys: Words = np.zeros(1 << bits, np.uint64)
        self._rows: Rows = np.zeros(1 << bits, np.int32)

    def _slots(self, hashes: Words) -> npt.NDArray[np.intp]:
        return (hashes >> self._shift).view(np.intp)

    def find(self, hashes: Words) -> Rows:
        """The rows with these hashes, −1 where there is none."""
        slots = self._slots(hashes)
        keys = self._keys[slots]
        found = np.where(keys == hashes, self._rows[slots], np.int32(-1))
        pending = np.flatnonzero((keys != hashes) & (keys != 0))
        while pending.size:
            slots[pending] = (slots[pending] + 1) & self._last
            keys = self._keys[slots[pending]]
            same = keys == hashes[pending]
            found[pending[same]] = self._rows[slots[pending[same]]]
            pending = pending[~same & (keys != 0)]
        return found

    def contains(self, hashes: Words) -> Flags:
        """Whether there is a row of each hash."""
        slots = self._slots(hashes)
        keys = self._keys[slots]
        found: Flags = keys == hashes
        pending = np.flatnonzero(~found & (keys != 0))
        while pending.size:
            slots[pending] = (slots[pending] + 1) & self._last
            keys = self._keys[slots[pending]]
            same = keys == hashes[pending]
            found[pending[same]] = True
            pending = pending[~same & (keys != 0)]
        return found

    def add(self, hashes: Words, rows: Rows) -> None:
        """Enter rows; of equal hashes the first counts, and one that is known already is known by the new row."""
        while (self.count + hashes.size) * 2 > self._keys.size:
            self._grow()
        self._enter(hashes, rows)
        self.count += hashes.size

    def _grow(self) -> None:
        kept = np.flatnonzero(self._keys)
        keys, rows = self._keys[kept], self._rows[kept]
        self._make(self._bits + 2)
        self._enter(keys, rows)

    def _enter(self, hashes: Words, rows: Rows) -> None:
        """Claim a slot for each hash: where several want one, the first of them gets it."""
        hashes, rows = hashes[::-1], rows[::-1]
        slots = self._slots(hashes)
        while hashes.size:
            keys = self._keys[slots]
            free = keys == 0
            # Of writes to one slot numpy keeps the last.
            self._keys[slots[free]] = hashes[free]
            mine = self._keys[slots] == hashes
            self._rows[slots[mine]] = rows[mine]
            hashes, rows, slots = hashes[~mine], rows[~mine], (slots[~mine] + 1) & self._last


def first_of_each(hashes: Words) -> npt.NDArray[np.intp]:
    """Positions of the first row of each hash, ascending."""
    _, first = np.unique(hashes, return_index=True)
    first.sort()
    return first
