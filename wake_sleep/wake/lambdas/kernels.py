"""Higher-order primitives of lists over whole columns, their functions given by what is remembered of them.

A primitive that is not here is run as it is; these say the same, but look calls up themselves, and let ⊥ and
`EXHAUSTED` pass as cells where a primitive would be left by an exception.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from dsl.domains import lists
from dsl.limits import EXHAUSTED
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.memory import Remembered

Column: TypeAlias = Sequence[Any]
Kernel: TypeAlias = Callable[..., tuple[Any, ...]]
"""From functions, in the order of the arguments, and columns of values, in their order, to the column of results."""
LONGEST: Final = 256
"""States that are unfolded at most."""


def _mapped(body: Remembered, column: Column) -> tuple[Any, ...]:
    cells = [BOTTOM if xs is BOTTOM else tuple(map(get, xs)) for get, xs in zip(body.getters, column, strict=True)]
    if body.is_partial:
        cells = [cell if cell is BOTTOM else _failure(cell, cell) for cell in cells]
    return tuple(cells)


def _filtered(body: Remembered, column: Column) -> tuple[Any, ...]:
    return _chosen(body, column, lambda xs, kept: tuple(itertools.compress(xs, kept)))


def _counted(body: Remembered, column: Column) -> tuple[Any, ...]:
    return _chosen(body, column, lambda _, kept: sum(kept))


def _chosen(body: Remembered, column: Column, result: Callable[[Any, list[Any]], Any]) -> tuple[Any, ...]:
    """What is made of each list and of whether the body holds for its elements."""
    cells: list[Any] = []
    for get, xs in zip(body.getters, column, strict=True):
        if xs is BOTTOM:
            cells.append(BOTTOM)
        else:
            kept = list(map(get, xs))
            failed = _failure(kept, None) if body.is_partial else None
            cells.append(result(xs, kept) if failed is None else failed)
    return tuple(cells)


def _zipped(body: Remembered, first: Column, second: Column) -> tuple[Any, ...]:
    cells = [
        BOTTOM if xs is BOTTOM or ys is BOTTOM else tuple(map(get, zip(xs, ys, strict=False)))
        for get, xs, ys in zip(body.getters, first, second, strict=True)
    ]
    if body.is_partial:
        cells = [cell if cell is BOTTOM else _failure(cell, cell) for cell in cells]
    return tuple(cells)


def _folded(body: Remembered, column: Column, initials: Column) -> tuple[Any, ...]:
    cells: list[Any] = []
    for memo, xs, result in zip(body.memos, column, initials, strict=True):
        if xs is BOTTOM:
            cells.append(BOTTOM)
        else:
            for x in reversed(xs):
                result = memo[x, result]
            cells.append(result)
    return tuple(cells)


def _unfolded(stop: Remembered, element: Remembered, successor: Remembered, states: Column) -> tuple[Any, ...]:
    return tuple(map(_states, stop.getters, element.getters, successor.getters, states))


def _states(
    stop: Callable[[Any], Any], element: Callable[[Any], Any], successor: Callable[[Any], Any], state: Any
) -> Any:
    if state is BOTTOM:
        return BOTTOM
    results: list[Any] = []
    while len(results) <= LONGEST:
        stopped = stop(state)
        if stopped is not False:
            return tuple(results) if stopped is True else stopped
        result = element(state)
        if result is BOTTOM or result is EXHAUSTED:
            return result
        results.append(result)
        following = successor(state)
        if following is BOTTOM or following is EXHAUSTED:
            return following
        if following == state:
            break
        state = following
    return EXHAUSTED


def _failure(cells: Sequence[Any], otherwise: Any) -> Any:
    """The first of some cells that is no value, else what is given."""
    for cell in cells:
        if cell is BOTTOM or cell is EXHAUSTED:
            return cell
    return otherwise


KERNELS: Final[dict[Callable[..., Any], Kernel]] = {
    lists.map_elements: _mapped,
    lists.keep_elements: _filtered,
    lists.count_elements: _counted,
    lists.zip_with: _zipped,
    lists.fold_right: _folded,
    lists.unfold: _unfolded,
}
"""By the Python function of a primitive."""
