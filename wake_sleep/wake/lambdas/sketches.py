"""Applications with one argument left open: what the wanted result tells of that argument.

An open λ: a higher-order primitive is run with a function that answers with tokens. Where tokens come out as the
elements of the result, as they do from ``map``, ``zip-with`` or ``scanl1``, the wanted result says what they stand for,
and the body of the λ becomes a goal of its own, with an example for every call. An open condition, as of ``filter`` or
of a conditional below ``fold``, answers whether its argument occurs in the wanted result; if that gives the wanted
result, the calls are examples again. An open list is run as a list of one marker; where the marker comes out once, as
from ``cons``, ``reverse`` or a ``fold`` that prepends, the rest of the wanted result says what stood there. Nothing
here knows a primitive by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.closures import Undefined
from dsl.errors import LimitExceeded
from dsl.grammar import Nonterminal
from dsl.types import BOOL
from dsl.values import BOTTOM, typed_key
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.forms import Form
from wake_sleep.wake.search import Case

MOST_CALLS: Final = 300
_UNANSWERED = (TypeError, AttributeError, LimitExceeded, Undefined)
"""What a primitive or a body may raise when it gets a token or a marker in the place of a value."""


@dataclass(frozen=True)
class Branches:
    """A conditional whose test is open.

    Attributes:
        form: the conditional.
        then: what it gives if the test holds.
        otherwise: what it gives else.
    """

    form: Form
    then: Entry
    otherwise: Entry


@dataclass(frozen=True)
class Sketch:
    """An application with one argument left open.

    Attributes:
        form: what is applied.
        hole: which argument is open.
        children: the arguments; None for the open one.
        cost: of all but what is open.
        branches: if only the test of a conditional in the open λ is wanted, the rest of that.
    """

    form: Form
    hole: int
    children: tuple[Entry | None, ...]
    cost: int
    branches: Branches | None = None

    @property
    def nonterminal(self) -> Nonterminal:
        """What is wanted for the hole."""
        own = self.form.slots[self.hole].nonterminal
        return own if self.branches is None else Nonterminal(BOOL, own.environment)

    def filled(self, entry: Entry) -> tuple[Entry, ...]:
        """The arguments, with a term in the hole."""
        branches = self.branches
        if branches is not None:
            entry = Entry((), branches.form, (entry, branches.then, branches.otherwise), entry.level)
        return tuple(entry if child is None else child for child in self.children)


class _Token:
    """A value that is not known yet."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = BOTTOM

    def __bool__(self) -> bool:
        raise TypeError("a token has no truth value")


def calls_of(form: Form, hole: int, arguments: Sequence[Any], target: Any) -> list[Case] | None:
    """The calls that an open function would get, and the values that it must have, at one example.

    Args:
        form: a higher-order form.
        hole: which argument is open.
        arguments: the others, as values and Python functions; that of the hole is ignored.
        target: the wanted result.

    Returns:
        pairs of the arguments and the value of a call, or None if the result does not tell them.
    """
    calls: list[tuple[tuple[Any, ...], _Token]] = []

    def answer(*given: Any) -> _Token:
        if len(calls) > MOST_CALLS:
            raise LimitExceeded("too many calls")
        token = _Token()
        calls.append((given, token))
        return token

    if _resolve(_run(form, hole, arguments, answer), target):
        return _resolved(calls)
    if form.slots[hole].nonterminal.type is BOOL:
        return condition_calls(form, hole, arguments, target, None)
    return None


def _run(form: Form, hole: int, arguments: Sequence[Any], given: Any) -> Any:
    """The result of a form with something in its hole; ⊥ also where it cannot deal with that."""
    assert form.function is not None
    try:
        return form.function(*arguments[:hole], given, *arguments[hole + 1 :])
    except _UNANSWERED:
        return BOTTOM


def _resolve(result: Any, target: Any) -> bool:
    """Give tokens the values that make a result the wanted one; False if it cannot be.

    A result that is one token itself only moves the goal into the λ, and counts as such.
    """
    if not isinstance(result, tuple) or not isinstance(target, tuple) or len(result) != len(target):
        return False
    for part, wanted in zip(result, target, strict=True):
        if isinstance(part, _Token):
            if part.value is not BOTTOM and part.value != wanted:
                return False
            part.value = wanted
        elif part != wanted:
            return False
    return True


def _resolved(calls: Sequence[tuple[tuple[Any, ...], _Token]]) -> list[Case] | None:
    """The calls with values for tokens; None if one is not known."""
    found: list[Case] = []
    for given, token in calls:
        values = tuple([value.value if isinstance(value, _Token) else value for value in given])
        if token.value is BOTTOM or BOTTOM in values:
            return None
        found.append((values, token.value))
    return found


def condition_calls(
    form: Form,
    hole: int,
    arguments: Sequence[Any],
    target: Any,
    branches: tuple[Callable[..., Any], Callable[..., Any]] | None,
) -> list[Case] | None:
    """The calls of an open condition that holds for the elements of the wanted result.

    Args:
        form: a higher-order form.
        hole: the argument that is open, or whose test is.
        arguments: the others, as values and Python functions; that of the hole is ignored.
        target: the wanted result.
        branches: what the open function gives where the condition holds, and where it does not; None if it is the
            condition itself.
    """
    place = element_place(form, hole)
    if place is None or not isinstance(target, tuple):
        return None
    kept = set(target)
    calls: dict[Any, bool] = {}

    def answer(*given: Any) -> Any:
        if len(calls) > MOST_CALLS:
            raise LimitExceeded("too many calls")
        holds = calls.setdefault(given, given[place] in kept)
        return holds if branches is None else branches[not holds](*given)

    if _run(form, hole, arguments, answer) != target:
        return None
    return list(calls.items())


def element_place(form: Form, hole: int) -> int | None:
    """Which variable of an open λ can be an element of the result, or None if none or several can."""
    if form.result.name != "list":
        return None
    places = [i for i, binder in enumerate(form.slots[hole].binders) if binder is form.result.arguments[0]]
    return places[0] if len(places) == 1 else None


class _Marker:
    """Stands for the elements of an open list."""

    __slots__ = ()


def open_list(form: Form, hole: int, arguments: Sequence[Any], target: Any) -> Any:
    """What the open list must be at one example, or None if the result does not tell it.

    Args:
        form: any form with a list as its result.
        hole: an argument that is a list of the same type.
        arguments: the others, as values and Python functions; that of the hole is ignored.
        target: the wanted result.
    """
    marker = _Marker()
    result = _run(form, hole, arguments, (marker,))
    if not isinstance(result, tuple) or result.count(marker) != 1:
        return None
    before = result.index(marker)
    after = len(result) - before - 1
    if before + after > len(target) or result[:before] != target[:before]:
        return None
    end = len(target) - after
    # Backwards for what turns a list around, which one marker does not show.
    for found in (target[before:end], target[::-1]):
        if _run(form, hole, arguments, found) == target:
            return found
    return None


def consistent(cases: Sequence[Case]) -> tuple[Case, ...] | None:
    """The cases, each input once; None if one input has two outputs."""
    found: dict[object, Case] = {}
    for case in cases:
        inputs, output = case
        known = found.setdefault(typed_key(inputs), case)
        if known[1] != output:
            return None
    return tuple(found.values())
