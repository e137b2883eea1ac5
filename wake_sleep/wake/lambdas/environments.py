"""Sampled environments: the values of bound variables at which open terms are told apart.

All scopes of one search share their *rows*. A row is an example together with a *slot*; in it a variable bound at
some depth has a value that depends on its type and depth only. So a term that does not use the innermost variable
has in the deeper scope the column that it has outside, and is not evaluated again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type
from dsl.values import Value
from wake_sleep.wake.cegis import diverse

DEFAULTS: Final[dict[Type, tuple[Value, ...]]] = {
    INT: (0, 1, 2, 3, -1, 5),
    BOOL: (True, False),
    STRING: ("", "a", "ab", "B1"),
    CHAR: ("a", "b", "Z", "0"),
    REAL: (0.0, 1.0, 2.5),
}
"""Values of base types where the examples show none."""
MOST_EXAMPLES: Final = 8
"""Examples that have rows."""
_MOST = 24


class Environments:
    """Rows of a search.

    Attributes:
        examples: for each row, the number of its example.
        slots: rows of each example that has any.
    """

    def __init__(self, cases: Sequence[tuple[Sequence[Value], Sequence[Type]]], rows: int) -> None:
        """Sample environments.

        Args:
            cases: for each example its values (inputs and output) and their types.
            rows: how many rows are wanted in all, roughly.
        """
        self._sampled: Sequence[int] = range(len(cases))
        if len(cases) > MOST_EXAMPLES:
            self._sampled = diverse([(tuple(values[:-1]), values[-1]) for values, _ in cases], MOST_EXAMPLES)
        self.slots = max(2, min(10, -(-rows // max(1, len(self._sampled)))))
        self.examples = tuple(e for e in self._sampled for _ in range(self.slots))
        self._cases = cases
        self._pools: dict[tuple[int, Type], tuple[Any, ...]] = {}
        self._columns: dict[tuple[Type, int], tuple[Any, ...]] = {}

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.examples)

    def column(self, type_: Type, depth: int) -> tuple[Any, ...]:
        """The values of a variable of a type that is bound at a depth (from 1), one a row."""
        found = self._columns.get((type_, depth))
        if found is None:
            cells: list[Any] = []
            for example in self._sampled:
                pool = self._pool(example, type_)
                cells += [pool[_place(slot, depth, len(pool))] for slot in range(self.slots)]
            found = self._columns[type_, depth] = tuple(cells)
        return found

    def expand(self, column: tuple[Any, ...]) -> tuple[Any, ...]:
        """A column over examples as a column over rows."""
        return tuple([column[example] for example in self.examples])

    def _pool(self, example: int, type_: Type) -> tuple[Any, ...]:
        """Values of a type that are likely to occur in an example, the likeliest first; never empty."""
        found = self._pools.get((example, type_))
        if found is None:
            if type_.is_function:
                results = self._pool(example, type_.result)
                found = tuple(_sampled_function(results, seed) for seed in range(3))
            else:
                found = self._values(example, type_)
            self._pools[example, type_] = found
        return found

    def _values(self, example: int, type_: Type) -> tuple[Any, ...]:
        values, types = self._cases[example]
        seen: dict[Any, None] = {}
        if type_ is BOOL:
            return (True, False)
        for value, its_type in zip(values, types, strict=True):
            seen.update(dict.fromkeys(_parts(value, its_type, type_)))
        if type_ is INT:
            seen.update(dict.fromkeys(len(v) for v in values if isinstance(v, tuple)))
        if type_.name == "list":
            elements = self._pool(example, type_.arguments[0])
            seen.update(dict.fromkeys((elements[:3], elements[1:2], elements[2:6:2], ())))
        seen.update(dict.fromkeys(_defaults(type_)))
        return tuple(seen)[:_MOST]


def _place(slot: int, depth: int, size: int) -> int:
    """Which value of a pool stands in a slot; deeper variables take others than those around them."""
    return (slot if depth == 1 else slot * (2 * depth - 1) + depth) % size


def _parts(value: Any, type_: Type, wanted: Type) -> Iterable[Any]:
    """The values of a wanted type within a value, and what programs make of lists: their tails."""
    if type_ is wanted:
        yield value
        if type_.name == "list" and value:
            yield value[1:]
            yield value[: len(value) // 2]
    elif type_.name == "list":
        for item in value:
            yield from _parts(item, type_.arguments[0], wanted)


def _defaults(type_: Type) -> tuple[Any, ...]:
    if type_.name == "bv":
        return tuple(value % (1 << type_.width) for value in (0, 1, 2, 3, -1))
    if type_.name == "list":
        return ((),)
    return DEFAULTS.get(type_, ())


def _sampled_function(results: Sequence[Any], seed: int) -> Callable[..., Any]:
    """A function without pattern, the same in every process: it stands for one that is bound."""

    def call(*arguments: Any) -> Any:
        # A function has no text that is the same in every process.
        shown = [None if callable(argument) else argument for argument in arguments]
        return results[zlib.crc32(repr((seed, shown)).encode()) % len(results)]

    return call
