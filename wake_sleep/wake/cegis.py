"""Counterexample-guided search over examples: few examples guide the search, all of them decide.

A search on many examples is slow, and on the wrong few it is misled. It starts with a small diverse subset; a program
that fits it is run on all examples, and one that it fails joins the subset (Solar-Lezama, Program Synthesis by
Sketching, 2008, with the given examples in the place of a verifier).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dsl.values import Value
from wake_sleep.wake.search import Case


def diverse(cases: Sequence[Case], count: int) -> list[int]:
    """Positions of `count` cases that differ as much as possible from one another, in ascending order.

    Farthest-first traversal (Gonzalez 1985) over simple features of inputs and output, from the first case on.
    """
    if len(cases) <= count:
        return list(range(len(cases)))
    features = [_features((*inputs, output)) for inputs, output in cases]
    scale = [max(column) - min(column) or 1.0 for column in zip(*features, strict=True)]
    points = [tuple(x / s for x, s in zip(point, scale, strict=True)) for point in features]
    chosen = [0]
    distance = [_distance(points[0], point) for point in points]
    while len(chosen) < count:
        farthest = max(range(len(points)), key=lambda i: (distance[i], -i))
        if distance[farthest] <= 0.0:
            # What is left looks like something that was chosen: take it in the order of the file.
            rest = (i for i in range(len(points)) if i not in chosen)
            chosen += [i for i, _ in zip(rest, range(count - len(chosen)), strict=False)]
            break
        chosen.append(farthest)
        distance = [min(d, _distance(points[farthest], point)) for d, point in zip(distance, points, strict=True)]
    return sorted(chosen)


def _distance(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))


def _features(values: Sequence[Value]) -> list[float]:
    """Features of values of fixed types: as many for every case."""
    return [feature for value in values for feature in _features_of(value)]


def _features_of(value: Value) -> list[float]:
    if isinstance(value, str):
        kinds = (str.isdigit, str.isupper, str.islower, str.isspace)
        return [float(len(value)), *(float(sum(map(kind, value))) for kind in kinds)]
    if isinstance(value, tuple):
        numbers = [_clamped(x) for x in value if isinstance(x, int | float)]
        ascending = float(sum(a <= b for a, b in itertools.pairwise(numbers)))
        extremes = [min(numbers, default=0.0), max(numbers, default=0.0), sum(numbers)]
        return [float(len(value)), *extremes, float(len(set(value))), ascending]
    whole = int(_clamped(value))
    return [_clamped(value), float(value > 0), float(whole % 2), float(abs(whole).bit_length())]


_LARGEST = float(1 << 64)


def _clamped(number: float) -> float:
    """A number that floats can hold and sums of which they can."""
    return float(max(-_LARGEST, min(_LARGEST, number)))
