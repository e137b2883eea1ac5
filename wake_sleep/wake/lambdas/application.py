"""Applying forms to kept terms: the columns of the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from dsl.closures import Undefined
from dsl.errors import LimitExceeded
from dsl.limits import EXHAUSTED
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.closures import CALLS, Closures
from wake_sleep.wake.lambdas.forms import Form, Slot
from wake_sleep.wake.lambdas.kernels import KERNELS, Kernel
from wake_sleep.wake.lambdas.memory import Remembered

Scopes = Sequence[tuple[Any, ...]]
"""The values of all variables in scope: for each example, or for each row."""
Apply: TypeAlias = Callable[..., tuple[Any, ...] | None]
"""From columns of values to the column of an application, or None where that could not be computed."""


def strict_column(form: Form, columns: Sequence[tuple[Any, ...]], clean: bool) -> tuple[Any, ...] | None:
    """The column of a strict or lazy form applied to columns; None where it could not be computed."""
    function = form.function
    assert function is not None
    try:
        if clean:
            return tuple(map(function, *columns))
        if len(columns) == 1:
            return tuple([cell if cell is BOTTOM else function(cell) for cell in columns[0]])
        return tuple([BOTTOM if BOTTOM in cells else function(*cells) for cells in zip(*columns, strict=True)])
    except LimitExceeded:
        return None


def binary_columns(
    form: Form, given: tuple[Any, ...], columns: Sequence[tuple[Any, ...]], clean: bool
) -> Sequence[tuple[Any, ...] | None]:
    """The columns of a strict form applied to one column and each of many; None where one could not be computed."""
    function = form.function
    assert function is not None
    try:
        if clean:
            return [tuple(map(function, given, column)) for column in columns]
        return [
            tuple(
                [BOTTOM if a is BOTTOM or b is BOTTOM else function(a, b) for a, b in zip(given, column, strict=True)]
            )
            for column in columns
        ]
    except LimitExceeded:
        return [strict_column(form, (given, column), clean) for column in columns]


def lazy_column(form: Form, columns: Sequence[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    """The column of a conditional or a definition; None where it could not be computed."""
    function = form.function
    assert function is not None
    column = tuple(map(function, *columns))
    return None if EXHAUSTED in column else column


class HigherOrder:
    """Applies higher-order forms in one scope.

    Attributes:
        scopes: the values of the variables in scope.
    """

    def __init__(self, closures: Closures, scopes: Scopes, *, remember: bool) -> None:
        """Prepare for a scope; `remember` keeps what bodies of one or two variables gave."""
        self._closures, self.scopes, self._remember = closures, scopes, remember

    def functions(self, body: Entry, slot: Slot) -> Sequence[Any]:
        """A Python function for each scope."""
        remembered = self.remembered(body, slot)
        return self.fresh(body, slot) if remembered is None else remembered.functions

    def remembered(self, body: Entry, slot: Slot) -> Remembered | None:
        """What a body gave at each scope, if that is kept."""
        count = len(slot.binders)
        if not self._remember or count > 2:
            return None
        return self._closures.memory.get(body, count, self.scopes, self._closures.code)

    def fresh(self, body: Entry, slot: Slot) -> list[Any]:
        """A Python function for each scope that remembers nothing."""
        make = self._closures.function(body, slot)
        return [make(scope) for scope in self.scopes]

    def applied(
        self, form: Form, order: Sequence[int], bodies: Iterable[tuple[Entry, ...]]
    ) -> Iterator[tuple[tuple[Entry, ...], Apply]]:
        """A form with the bodies of its functions given, each time as a function of columns of its other arguments.

        Args:
            form: what is applied.
            order: the positions of its arguments, those of functions first.
            bodies: of its functions, as they come in the order of its arguments.
        """
        slots = [form.slots[i] for i in order if form.slots[i].function]
        kept = self._remember and all(len(slot.binders) <= 2 for slot in slots)
        kernel = KERNELS.get(form.function) if kept and form.function is not None else None
        place = [order.index(i) for i in range(len(order))]
        for chosen in bodies:
            if kernel is None:
                yield chosen, self._by_calls(form, list(map(self.functions, chosen, slots)), place)
            else:
                yield chosen, self._by_kernel(kernel, list(map(self.remembered, chosen, slots)))

    def _by_calls(self, form: Form, functions: Sequence[Any], place: Sequence[int]) -> Apply:
        def apply(*values: tuple[Any, ...]) -> tuple[Any, ...] | None:
            given = (*functions, *values)
            return self.column(form, [given[i] for i in place])

        return apply

    def _by_kernel(self, kernel: Kernel, bodies: Sequence[Remembered | None]) -> Apply:
        steps, memory, allowed = self._closures.steps, self._closures.memory, CALLS * len(self.scopes)

        def apply(*values: tuple[Any, ...]) -> tuple[Any, ...] | None:
            steps.left = allowed
            try:
                column = kernel(*bodies, *values)
            except (LimitExceeded, RecursionError):
                return None
            memory.calls += allowed - steps.left
            return None if EXHAUSTED in column else column

        return apply

    def column(self, form: Form, arguments: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
        """The column of a form applied to columns of values and of functions; None where it could not be computed."""
        function = form.function
        self._closures.steps.left = CALLS * len(self.scopes)
        if form.is_defined:
            return self._defined_column(form, arguments)
        try:
            if function is not None and not any(BOTTOM in column for column in arguments):
                cells = tuple(map(function, *arguments))
                # A StopIteration of a primitive ends `map` early.
                if len(cells) == len(self.scopes):
                    return cells
        except (Undefined, LimitExceeded, RecursionError):
            pass
        return self._guarded_column(form, arguments)

    def _defined_column(self, form: Form, arguments: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
        """The same for a definition, which says itself what ⊥ among its arguments comes to."""
        assert form.function is not None
        try:
            column = tuple(map(form.function, *arguments))
        except RecursionError:
            return None
        return None if EXHAUSTED in column else column

    def _guarded_column(self, form: Form, arguments: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
        """The same, scope by scope."""
        steps = self._closures.steps
        cells: list[Any] = []
        function = form.function
        for index, given in enumerate(zip(*arguments, strict=True)):
            if BOTTOM in given:
                cells.append(BOTTOM)
                continue
            steps.left = CALLS
            try:
                call = self.scopes[index][form.position] if function is None else function
                cells.append(self._closures.checked(call(*given)))
            except Undefined:
                cells.append(BOTTOM)
            except (LimitExceeded, RecursionError):
                return None
        return tuple(cells)
