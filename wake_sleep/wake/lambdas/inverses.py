"""Inverse semantics: what one argument must be, when the result and the other argument are known.

With a bank of terms it finds an application twice as deep as enumeration does, by looking its second half up.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeAlias

Column: TypeAlias = tuple[Any, ...]
Inverse: TypeAlias = Callable[[Column, Column], Column | None]
"""Columns of the wanted result and of the known argument to that of the other argument; None if there is none."""


def _other_summand(result: Column, known: Column) -> Column:
    return tuple(map(operator.sub, result, known))


def _subtrahend(result: Column, minuend: Column) -> Column:
    return tuple(map(operator.sub, minuend, result))


def _minuend(result: Column, subtrahend: Column) -> Column:
    return tuple(map(operator.add, result, subtrahend))


def _other_factor(result: Column, known: Column) -> Column | None:
    found = []
    for product, factor in zip(result, known, strict=True):
        if not factor or product % factor:
            return None
        found.append(product // factor)
    return tuple(found)


INVERSES: Final[dict[str, tuple[tuple[int, Inverse], ...]]] = {
    "+": ((0, _other_summand),),
    "-": ((0, _subtrahend), (1, _minuend)),
    "*": ((0, _other_factor),),
}
"""By name of an operator on integers: which argument is known, and how the other follows."""
