"""Points to begin with: values of the variables of a condition, before any counterexample is known."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Final

from dsl.terms import Literal, postorder
from dsl.types import BOOL, INT, REAL, STRING, Type
from dsl.values import Value
from wake_sleep.wake.verify.condition import Condition, Point

COUNT: Final = 24
"""Points that are sampled."""
FEW: Final = 256
"""A condition of at most so many points is given all of them."""
_REACHES: Final = (3, 3, 12, 60)
"""Bounds on integers, in turn: small values decide more conditions than large ones do."""
_TEXTS: Final = ("", "a", "ab", "abc", "0", "12", " ", "A b", "a-b")


def initial_points(condition: Condition, seed: int, count: int = COUNT) -> list[Point]:
    """Distinct points: all of them if they are few, else corners first and then random ones.

    Args:
        condition: whose variables.
        seed: of what is random.
        count: how many are sampled.
    """
    types = [t for _, t in condition.variables]
    ranges = [_all_values(t) for t in types]
    total = 1
    for values in ranges:
        total = total * len(values) if values else FEW + 1
        if total > FEW:
            break
    if total <= FEW:
        return list(itertools.product(*(values for values in ranges if values is not None)))
    draw = random.Random(seed)
    texts = stated_texts(condition)
    found: dict[Point, None] = {}
    for point in _sampled(types, texts, draw):
        found.setdefault(point)
        if len(found) >= count:
            break
    return list(found)


def corner_points(condition: Condition) -> list[Point]:
    """Points at which programs have few values: all numbers 0, all 1 (all bits of words), all texts empty."""
    corners: list[dict[Type, Value]] = [
        {INT: n, BOOL: b, STRING: "", REAL: float(n)} for n, b in ((0, False), (1, True))
    ]
    return [
        tuple(corner[t] if t in corner else _corner_word(t, corner[BOOL]) for _, t in condition.variables)
        for corner in corners
    ]


def _corner_word(type_: Type, is_full: Value) -> Value:
    return (1 << type_.width) - 1 if is_full else 0


def _all_values(type_: Type) -> Sequence[Value] | None:
    """All values of a small type."""
    if type_ is BOOL:
        return (False, True)
    if type_.name == "bv" and type_.width <= 8:
        return range(1 << type_.width)
    return None


def _sampled(types: Sequence[Type], texts: Sequence[str], draw: random.Random) -> Iterator[Point]:
    """Points without end, with repetitions."""
    for attempt in itertools.count():
        yield tuple(sampled_values(types, texts, draw, _REACHES[attempt % len(_REACHES)]))
        if attempt > 50 * COUNT:
            return


def sampled_values(types: Sequence[Type], texts: Sequence[str], draw: random.Random, reach: int = 12) -> list[Value]:
    """A random value of each type; equal ones, which decide many conditions, are likely.

    Args:
        types: integers, Booleans, strings, reals or bit-vectors.
        texts: what strings are drawn from.
        draw: where chance comes from.
        reach: bound on integers.
    """
    shared: dict[Type, Value] = {}
    found = []
    for type_ in types:
        value = _value(type_, reach, texts, draw)
        if type_ in shared and draw.random() < 0.15:
            value = shared[type_]
        shared[type_] = value
        found.append(value)
    return found


def _value(type_: Type, reach: int, texts: Sequence[str], draw: random.Random) -> Value:
    if type_ is INT:
        return draw.randint(-reach, reach)
    if type_ is BOOL:
        return draw.random() < 0.5
    if type_ is STRING:
        return draw.choice(texts)
    if type_ is REAL:
        return float(draw.randint(-reach, reach))
    width = type_.width
    corners = (0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1, 2 % (1 << width))
    if draw.random() < 0.25:
        return draw.choice(corners)
    if draw.random() < 0.3:
        return draw.getrandbits(min(width, 4))
    return draw.getrandbits(width)


def stated_texts(condition: Condition) -> tuple[str, ...]:
    """Texts worth trying: a few common ones, and those that a condition names."""
    found = dict.fromkeys(_TEXTS)
    for node in postorder(condition.clauses, into_definitions=True):
        if isinstance(node, Literal) and isinstance(node.value, str):
            found.setdefault(node.value)
    return tuple(found)
