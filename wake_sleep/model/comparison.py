"""What computed values say about the values wanted, in fixed slots.

This is what a symbolic domain offers and images do not: every closed part of a partial program has been run on every
example, and the network is told how its values relate to the outputs wanted. The relations are those of
`wake_sleep.model.relations`; a slot is the number of a question among those of its pair of types, one run of slots
serving pairs of equal types and one the others. Which types they are the network knows from the node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsl.limits import Exhausted
from dsl.types import Type
from dsl.values import Bottom, Value
from wake_sleep.model.relations import outline, relations

_RUN: Final = 16
RELATION_SLOTS: Final = 2 * _RUN
"""Slots of the relations of one value to the one wanted."""
OUTLINE_SLOTS: Final = 20
"""Slots of what one value is like by itself."""
COLUMN_SLOTS: Final = 1 + OUTLINE_SLOTS + 3 * RELATION_SLOTS
"""Slots of a column: share of the examples with a value, mean outline, and mean, all and any of the relations."""

Floats = NDArray[np.float32]
Column = Sequence[Value | Bottom | Exhausted]


def related(column: Column, type_: Type, wanted: Sequence[Value], wanted_type: Type) -> Floats:
    """How each value relates to the one wanted, zeros and ones, shape (examples, RELATION_SLOTS).

    Where there is no value (⊥, or a limit was reached) all slots are 0.
    """
    slots = np.zeros((len(column), RELATION_SLOTS), np.float32)
    asked = relations(type_, wanted_type)
    if asked is not None:
        bits = [asked.compare(v, w) if _is_value(v) else 0 for v, w in zip(column, wanted, strict=True)]
        start = 0 if type_ is wanted_type else _RUN
        slots[:, start : start + _RUN] = _spread(bits, _RUN)
    return slots


def outlined(column: Column, type_: Type) -> Floats:
    """What each value is like, zeros and ones, shape (examples, OUTLINE_SLOTS)."""
    describe = outline(type_).describe
    return _spread([describe(value) if _is_value(value) else 0 for value in column], OUTLINE_SLOTS)


def described(column: Column, type_: Type, wanted: Sequence[Value], wanted_type: Type) -> Floats:
    """What the values of a term on all examples say, shape (COLUMN_SLOTS,)."""
    if not column:
        return np.zeros(COLUMN_SLOTS, np.float32)
    rows = related(column, type_, wanted, wanted_type)
    defined = sum(map(_is_value, column)) / len(column)
    parts = ([defined], outlined(column, type_).mean(0), rows.mean(0), rows.min(0), rows.max(0))
    return np.concatenate(parts, dtype=np.float32)


def _is_value(cell: Value | Bottom | Exhausted) -> bool:
    return not isinstance(cell, Bottom | Exhausted)


def _spread(bits: Sequence[int], count: int) -> Floats:
    """Integers as rows of their lowest bits."""
    return (np.array(bits, np.int64)[:, None] >> np.arange(count) & 1).astype(np.float32)
