"""What the bodies of λs gave: a search applies one body to many lists, and most of its calls repeat."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

from dsl.closures import Undefined
from dsl.errors import LimitExceeded
from dsl.limits import EXHAUSTED, Steps
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.bank import Entry

MOST_CALLS: Final = 500_000
"""Calls that are remembered; with more all is forgotten."""


class Memo(dict[Any, Any]):
    """What a body gives for the values of its variables (a pair if there are two): a value, ⊥ or `EXHAUSTED`.

    Attributes:
        partial: whether any of that is no value.
    """

    __slots__ = ("code", "partial", "scope", "steps")

    def __init__(self, code: Callable[[tuple[Any, ...]], Any], scope: tuple[Any, ...], steps: Steps) -> None:
        super().__init__()
        self.code, self.scope, self.steps = code, scope, steps
        self.partial = False

    def __missing__(self, value: Any) -> Any:
        steps = self.steps
        steps.left -= 1
        if steps.left < 0:
            raise LimitExceeded("too many calls")
        try:
            result = self[value] = self.code((*self.scope, value))
        except (Undefined, LimitExceeded) as error:
            return self._failed(value, error)
        return result

    def _failed(self, key: Any, error: Exception) -> Any:
        if self.steps.left < 0:
            # Where the calls ran out says nothing of the body.
            raise error
        self.partial = True
        result = self[key] = BOTTOM if isinstance(error, Undefined) else EXHAUSTED
        return result


class PairMemo(Memo):
    """A memo of a body of two variables; if the second is no value, nor is the result."""

    __slots__ = ()

    def __missing__(self, pair: Any) -> Any:
        second = pair[1]
        if second is BOTTOM or second is EXHAUSTED:
            return second
        steps = self.steps
        steps.left -= 1
        if steps.left < 0:
            raise LimitExceeded("too many calls")
        try:
            result = self[pair] = self.code(self.scope + pair)
        except (Undefined, LimitExceeded) as error:
            return self._failed(pair, error)
        return result


class HalfMemo(PairMemo):
    """A memo of a body that uses at most one of its two variables, which its calls are told apart by.

    Attributes:
        single: what the body gives for that variable.
        place: which of the two it is.
    """

    __slots__ = ("place", "single")

    def __init__(
        self, code: Callable[[tuple[Any, ...]], Any], scope: tuple[Any, ...], steps: Steps, *, place: int
    ) -> None:
        super().__init__(code, scope, steps)
        self.place = place
        # The other variable has a place in the scope of the body all the same.
        self.single = Memo(code, (*scope, None), steps) if place else Memo(lambda s: code((*s, None)), scope, steps)

    def __missing__(self, pair: Any) -> Any:
        second = pair[1]
        if second is BOTTOM or second is EXHAUSTED:
            return second
        result = self[pair] = self.single[pair[self.place]]
        self.partial = self.single.partial
        return result


class Remembered:
    """A body at all scopes of one enumeration.

    Attributes:
        memos: one for each scope; all the same if the body uses nothing of the scope.
        getters: their look-ups, which call the body where it is needed.
    """

    __slots__ = ("_functions", "getters", "memos")

    def __init__(self, memos: list[Memo]) -> None:
        self.memos = memos
        self.getters = [memo.__getitem__ for memo in memos]
        self._functions: list[Callable[..., Any]] | None = None

    @property
    def functions(self) -> list[Callable[..., Any]]:
        """Python functions for primitives, which raise `Undefined` and `LimitExceeded`."""
        found = self._functions
        if found is None:
            found = self._functions = [_function(memo) for memo in self.memos]
        return found

    @property
    def is_partial(self) -> bool:
        """Whether any call so far gave no value."""
        return any(memo.partial for memo in self.memos)


class Memory:
    """The bodies of all enumerations of one search, forgotten all at once when there were too many calls.

    Attributes:
        calls: about how many calls are remembered.
    """

    def __init__(self, steps: Steps) -> None:
        """Start with nothing; `steps` counts the calls that are really made."""
        self._steps = steps
        self.calls = 0
        self._bodies: dict[tuple[Entry, int], Remembered] = {}

    def get(
        self,
        body: Entry,
        count: int,
        scopes: Sequence[tuple[Any, ...]],
        compiled: Callable[[Entry], Callable[[tuple[Any, ...]], Any]],
    ) -> Remembered:
        """What a body of one or two variables gave at the scopes of its enumeration.

        Args:
            body: below the λs.
            count: how many λs.
            scopes: the values of the variables in scope outside of them; the same at each call with this body.
            compiled: what makes code of an entry.
        """
        found = self._bodies.get((body, count))
        if found is None:
            if self.calls > MOST_CALLS:
                self._bodies.clear()
                self.calls = 0
            self.calls += 2 * len(scopes)
            found = self._bodies[body, count] = self._made(body, count, scopes, compiled(body))
        return found

    def _made(
        self, body: Entry, count: int, scopes: Sequence[tuple[Any, ...]], code: Callable[[tuple[Any, ...]], Any]
    ) -> Remembered:
        uses, outside, steps = uses_of(body), len(scopes[0]), self._steps
        make: Callable[..., Memo] = Memo
        if count == 2:
            first, second = uses >> outside & 1, uses >> outside + 1 & 1
            make = PairMemo if first and second else functools.partial(HalfMemo, place=second)
        if uses & ((1 << outside) - 1):
            return Remembered([make(code, scope, steps) for scope in scopes])
        return Remembered([make(code, scopes[0], steps)] * len(scopes))


def uses_of(entry: Entry) -> int:
    """Bit set of the positions of the variables that a term uses, but for those bound within."""
    uses = entry.form.uses
    for child, slot in zip(entry.children, entry.form.slots, strict=True):
        below = uses_of(child)
        uses |= below & ((1 << slot.scope) - 1) if slot.function else below
    return uses


def _function(memo: Memo) -> Callable[..., Any]:
    steps, get = memo.steps, memo.__getitem__

    def unary(value: Any) -> Any:
        steps.left -= 1
        if steps.left < 0:
            raise LimitExceeded("too many calls")
        return _value(get(value))

    def binary(*pair: Any) -> Any:
        return unary(pair)

    return binary if isinstance(memo, PairMemo) else unary


def _value(result: Any) -> Any:
    if result is BOTTOM:
        raise Undefined
    if result is EXHAUSTED:
        raise LimitExceeded("not computed")
    return result
