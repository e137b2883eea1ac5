"""Deduction: the two halves of a target, met in the middle.

For a target t and an operator with an inverse, each row a of a bank fixes what its partner must be: t − a for a sum,
t ⊕ a for an exclusive or; whether the bank has it, its index says. For a conjunction the halves contain t, for a
disjunction they are contained in it, and few rows are. So one pass over a bank of terms of size n finds all answers
of size 2n + 1 with such an operator at the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from wake_sleep.wake.columns.bank import Bank
from wake_sleep.wake.columns.hashing import hash_columns
from wake_sleep.wake.columns.kernels import Array, Words

Pair = tuple[int, int]
"""Row numbers of both arguments."""

CHUNK: Final = 1 << 14
_FILTER_BITS: Final = 22
_FILTER_CASES: Final = 2
_HALVES: Final = 400
"""Rows that are tried as halves of a conjunction or disjunction, those of the lowest level."""

_PARTNERS: Final[dict[str, Callable[[Array, Array], Words]]] = {
    "bvadd": np.subtract,
    "bvxor": np.bitwise_xor,
    "bvsub": lambda target, known: np.subtract(known, target),
}
_LATTICE: Final[dict[str, Callable[[Array, Array], Words]]] = {"bvand": np.bitwise_and, "bvor": np.bitwise_or}


def is_deduced(name: str) -> bool:
    """Whether an operator of two arguments of one width is split by deduction."""
    return name in _PARTNERS or name in _LATTICE


def splits(name: str, width: int, target: Words, left: Bank, right: Bank) -> Iterator[tuple[int, list[Pair]]]:
    """The pairs of rows whose combination by an operator is the target.

    Args:
        name: of an operator that `is_deduced`.
        width: of the words.
        target: shape (cases, 1).
        left: where first arguments are looked for.
        right: where second arguments are looked for.

    Yields:
        for each part of the work the number of applications that were computed on all cases, and the pairs that were
        found.
    """
    if name in _LATTICE:
        yield from _contained_splits(_LATTICE[name], target, left, right)
    else:
        yield from _partner_splits(_PARTNERS[name], np.uint64((1 << width) - 1), target, left, right)


def _partner_splits(
    partner: Callable[[Array, Array], Words], mask: np.uint64, target: Words, left: Bank, right: Bank
) -> Iterator[tuple[int, list[Pair]]]:
    seen = _Filter(right)
    for start in range(0, left.count, CHUNK):
        known = left.values[:, start : start + CHUNK]
        few = partner(target[:_FILTER_CASES], known[:_FILTER_CASES]) & mask
        likely = np.flatnonzero(seen.may_have(few))
        needed = partner(target, known[:, likely]) & mask
        rows = right.index.find(hash_columns(needed))
        # A hash may be that of another row.
        found = np.flatnonzero(rows >= 0)
        found = found[(right.values[:, rows[found]] == needed[:, found]).all(axis=0)]
        yield likely.size, list(zip((likely[found] + start).tolist(), rows[found].tolist(), strict=True))


class _Filter:
    """Which rows a bank surely does not have, told from a few cases alone."""

    def __init__(self, bank: Bank) -> None:
        self._bits = np.zeros(1 << _FILTER_BITS, np.bool_)
        self._shift = np.uint64(64 - _FILTER_BITS)
        for start in range(0, bank.count, CHUNK):
            self._bits[self._places(bank.values[:_FILTER_CASES, start : start + CHUNK])] = True

    def may_have(self, values: Array) -> npt.NDArray[np.bool_]:
        """For values on the first cases, whether a row of the bank may have them."""
        return self._bits[self._places(values)]

    def _places(self, values: Array) -> npt.NDArray[np.uint64]:
        return np.right_shift(hash_columns(values), self._shift)


def _contained_splits(
    meet: Callable[[Array, Array], Words], target: Words, left: Bank, right: Bank
) -> Iterator[tuple[int, list[Pair]]]:
    """Splits by an idempotent operator: t = a ∘ b only if t = t ∘ a = t ∘ b."""
    halves = []
    for bank in (left, right):
        rows = []
        for start in range(0, bank.count, CHUNK):
            values = bank.values[:, start : start + CHUNK]
            fitting = np.flatnonzero(meet(target[:1], values[:1])[0] == target[0])
            fitting = fitting[(meet(target, values[:, fitting]) == target).all(axis=0)]
            rows.append(fitting + start)
            yield 0, []
        every = np.concatenate(rows) if rows else np.zeros(0, np.intp)
        halves.append(every[np.argsort(bank.levels[every], kind="stable")[:_HALVES]])
    first, second = halves
    for row in first.tolist():
        joined = meet(left.values[:, row, None], right.values[:, second])
        found = second[(joined == target).all(axis=0)]
        yield second.size, [(row, other) for other in found.tolist()]


def constant_partners(name: str, width: int, target: Words, bank: Bank) -> Iterator[tuple[int, list[Pair]]]:
    """The rows that make the target together with one constant, as second argument of an operator.

    Args:
        name: of an operator that `is_deduced`.
        width: of the words.
        target: shape (cases, 1).
        bank: where first arguments are looked for.

    Yields:
        for each part of the work the number of applications that were computed on all cases, and pairs of a row and
        a constant.
    """
    mask = np.uint64((1 << width) - 1)
    for start in range(0, bank.count, CHUNK):
        known = bank.values[:, start : start + CHUNK]
        if name in _LATTICE:
            # The least constant for a conjunction, the greatest for a disjunction.
            joined = np.bitwise_or if name == "bvand" else np.bitwise_and
            constant = np.full(1, joined.reduce(target[:, 0]))
            found = np.flatnonzero((_LATTICE[name](known[:1], constant) == target[:1])[0])
            found = found[(_LATTICE[name](known[:, found], constant) == target).all(axis=0)]
            constants = np.broadcast_to(constant, found.shape)
        else:
            needed = _PARTNERS[name](target[:2], known[:2]) & mask
            found = np.flatnonzero(needed[0] == needed[-1])
            needed = _PARTNERS[name](target, known[:, found]) & mask
            same = (needed == needed[:1]).all(axis=0)
            found, constants = found[same], needed[0, same]
        yield found.size, list(zip((found + start).tolist(), constants.tolist(), strict=True))


def case_splits(name: str, width: int, target: np.uint64, left: Words, right: Words) -> list[Pair]:
    """Pairs of rows whose combination by an operator is the target on one case; at most one for each first row.

    A word of many bits that is met by chance on one case is rare: such pairs are worth a look on the others.

    Args:
        name: of an operator that `is_deduced`.
        width: of the words.
        target: what is wanted on the case.
        left: values of the first arguments on the case, shape (rows,).
        right: values of the second arguments on the case, shape (rows,).
    """
    if name in _LATTICE:
        return _contained_case_splits(_LATTICE[name], target, left, right)
    needed = _PARTNERS[name](np.full(1, target), left) & np.uint64((1 << width) - 1)
    order = np.argsort(right, kind="stable")
    places = np.minimum(np.searchsorted(right, needed, sorter=order), right.size - 1)
    rows = order[places]
    found = np.flatnonzero(right[rows] == needed)
    return list(zip(found.tolist(), rows[found].tolist(), strict=True))


def _contained_case_splits(
    meet: Callable[[Array, Array], Words], target: np.uint64, left: Words, right: Words
) -> list[Pair]:
    wanted = np.full(1, target)
    first, second = (np.flatnonzero(meet(wanted, values) == target)[:_HALVES] for values in (left, right))
    joined = meet(left[first, None], right[None, second])
    rows, others = np.nonzero(joined == target)
    return list(zip(first[rows].tolist(), second[others].tolist(), strict=True))
