"""Applying forms to kept terms: the columns of the results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dsl.closures import Undefined
from dsl.errors import LimitExceeded
from dsl.limits import EXHAUSTED
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.closures import CALLS, Closures
from wake_sleep.wake.lambdas.forms import Form, Slot

Scopes = Sequence[tuple[Any, ...]]
"""The values of all variables in scope: for each example, or for each row."""


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


class _Memo(dict[Any, Any]):
    """What a body gives for the values of its variable, at one example."""

    __slots__ = ("code", "scope")

    def __init__(self, code: Any, scope: tuple[Any, ...]) -> None:
        super().__init__()
        self.code, self.scope = code, scope

    def __missing__(self, value: Any) -> Any:
        result = self[value] = self.code((*self.scope, value))
        return result


class HigherOrder:
    """Applies higher-order forms in one scope.

    Attributes:
        scopes: the values of the variables in scope.
    """

    def __init__(self, closures: Closures, scopes: Scopes, *, remember: bool) -> None:
        """Prepare for a scope; `remember` keeps what bodies of one variable gave."""
        self._closures, self.scopes, self._remember = closures, scopes, remember

    def functions(self, body: Entry, slot: Slot) -> list[Any]:
        """A Python function for each scope."""
        if self._remember and len(slot.binders) == 1:
            if body.memos is None:
                code = self._closures.code(body)
                body.memos = [_remembering(_Memo(code, scope), self._closures) for scope in self.scopes]
            found: list[Any] = body.memos
            return found
        return self.fresh(body, slot)

    def fresh(self, body: Entry, slot: Slot) -> list[Any]:
        """A Python function for each scope that remembers nothing."""
        make = self._closures.function(body, slot)
        return [make(scope) for scope in self.scopes]

    def column(self, form: Form, arguments: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
        """The column of a form applied to columns of values and of functions; None where it could not be computed."""
        function = form.function
        self._closures.steps.left = CALLS * len(self.scopes)
        try:
            if function is not None and not any(BOTTOM in column for column in arguments):
                cells = tuple(map(function, *arguments))
                # A StopIteration of a primitive ends `map` early.
                if len(cells) == len(self.scopes):
                    return cells
        except (Undefined, LimitExceeded, RecursionError):
            pass
        return self._guarded_column(form, arguments)

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


def _remembering(memo: _Memo, closures: Closures) -> Any:
    steps = closures.steps

    def call(value: Any) -> Any:
        steps.left -= 1
        if steps.left < 0:
            raise LimitExceeded("too many calls")
        return memo[value]

    return call
