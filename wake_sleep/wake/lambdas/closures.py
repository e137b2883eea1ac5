"""Kept terms as Python closures over the values in scope, for calls with values that no sampled environment has.

Code is a function from the tuple of all values in scope (parameters first, then bound variables from the outermost) to
a value. A variable is known by its position there, so that one closure serves in every deeper scope.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from dsl.closures import Undefined
from dsl.errors import LimitExceeded
from dsl.limits import EXHAUSTED, Steps
from dsl.types import BOOL, INT
from dsl.values import BOTTOM
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.forms import Form, Kind, Slot
from wake_sleep.wake.lambdas.memory import Memory

Code: TypeAlias = Callable[[tuple[Any, ...]], Any]
"""A compiled term."""
Check: TypeAlias = Callable[[Any], Any]
LARGEST: Final = 1 << 62
"""Bound on integers during a search; larger ones count as not computed."""
SHORTEST: Final = 40
"""Lists and strings of so many elements are always within the bounds of a search."""
LONGEST: Final = 256
"""Bound on the length of lists and strings that integers among the examples can raise the bounds to."""
CALLS: Final = 1_000
"""Most calls of λs within one application of a higher-order form during a search."""


class Closures:
    """Compiles entries.

    Attributes:
        longest: bound on the length of lists and strings.
        steps: what is left of the calls that one application may make.
        memory: what bodies of λs gave.
        checked: gives back a value that is within the bounds; raises `LimitExceeded` for others.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        """Prepare to compile for a search with lists and strings of limited length."""
        self.longest = longest
        self.steps = Steps()
        self.memory = Memory(self.steps)
        self.checked = _checker(longest)

    def code(self, entry: Entry) -> Code:
        """The closure of an entry; it raises `Undefined` for ⊥ and `LimitExceeded` for what goes too far."""
        found: Code | None = entry.code
        if found is None:
            found = entry.code = self._make(entry)
        return found

    def cell(self, code: Code, scope: tuple[Any, ...]) -> Any:
        """What code gives in a scope: a value, ⊥ or `EXHAUSTED`."""
        self.steps.left = CALLS
        return _cell(code, scope)

    def _make(self, entry: Entry) -> Code:
        form = entry.form
        if form.kind is Kind.VARIABLE:
            return operator.itemgetter(form.position)
        if form.kind is Kind.VALUE:
            value = form.value
            return lambda _: value
        value = self._constant(entry)
        if value is not BOTTOM:
            return lambda _: value
        arguments = [
            self.function(child, slot) if slot.function else self.code(child)
            for child, slot in zip(entry.children, form.slots, strict=True)
        ]
        if form.kind is Kind.CHOICE:
            test, then, otherwise = arguments
            return lambda scope: then(scope) if test(scope) else otherwise(scope)
        if form.kind is Kind.LAZY or form.is_defined:
            return _lazy(form, arguments, self.checked)
        if form.function is None:
            return _applied_variable(form, arguments, self.checked)
        if form.kind is Kind.STRICT and form.result is INT and len(arguments) == 2:
            return _applied_to_two(form.function, *arguments, *map(self._constant, entry.children))
        return _applied(form, arguments, self.checked)

    def _constant(self, entry: Entry) -> Any:
        """The value of a term without variables, functions and conditionals; ⊥ for others and where it has none."""
        form = entry.form
        if form.kind is Kind.VALUE:
            return form.value
        if form.kind is not Kind.STRICT:
            return BOTTOM
        values = [self._constant(child) for child in entry.children]
        assert form.function is not None
        try:
            return BOTTOM if BOTTOM in values else self.checked(form.function(*values))
        except LimitExceeded:
            return BOTTOM

    def function(self, body: Entry, slot: Slot) -> Code:
        """Code that makes a Python function of a body below the λs of an argument.

        What is in scope beyond the place where the argument was made, it does not know: there its own variables stand.
        """
        code, steps, known = self.code(body), self.steps, slot.scope
        if len(slot.binders) == 1:

            def make_unary(scope: tuple[Any, ...]) -> Callable[[Any], Any]:
                outer = scope[:known]

                def call(x: Any) -> Any:
                    steps.left -= 1
                    if steps.left < 0:
                        raise LimitExceeded("too many calls")
                    return code((*outer, x))

                return call

            return make_unary
        if len(slot.binders) == 2:

            def make_binary(scope: tuple[Any, ...]) -> Callable[[Any, Any], Any]:
                outer = scope[:known]

                def call(x: Any, y: Any) -> Any:
                    steps.left -= 1
                    if steps.left < 0:
                        raise LimitExceeded("too many calls")
                    return code((*outer, x, y))

                return call

            return make_binary

        def make(scope: tuple[Any, ...]) -> Callable[..., Any]:
            outer = scope[:known]

            def call(*arguments: Any) -> Any:
                steps.left -= 1
                if steps.left < 0:
                    raise LimitExceeded("too many calls")
                return code(outer + arguments)

            return call

        return make


def _applied(form: Form, arguments: list[Code], checked: Check) -> Code:
    """Code that applies a strict function."""
    function = form.function
    assert function is not None
    check = None if form.result is BOOL else checked
    if len(arguments) == 1:
        (only,) = arguments

        def run_unary(scope: tuple[Any, ...]) -> Any:
            value = function(only(scope))
            if value is BOTTOM:
                raise Undefined
            return value if check is None else check(value)

        return run_unary
    if len(arguments) == 2:
        first, second = arguments

        def run_binary(scope: tuple[Any, ...]) -> Any:
            value = function(first(scope), second(scope))
            if value is BOTTOM:
                raise Undefined
            return value if check is None else check(value)

        return run_binary

    def run(scope: tuple[Any, ...]) -> Any:
        value = function(*[argument(scope) for argument in arguments])
        if value is BOTTOM:
            raise Undefined
        return checked(value)

    return run


def _applied_to_two(function: Callable[..., Any], first: Code, second: Code, left: Any, right: Any) -> Code:
    """Code that applies a function of two arguments to an integer; `left` and `right` are their values if constant."""
    if right is not BOTTOM:

        def run_left(scope: tuple[Any, ...]) -> Any:
            value = function(first(scope), right)
            if value is BOTTOM:
                raise Undefined
            if -LARGEST < value < LARGEST:
                return value
            raise LimitExceeded("a large integer")

        return run_left
    if left is not BOTTOM:

        def run_right(scope: tuple[Any, ...]) -> Any:
            value = function(left, second(scope))
            if value is BOTTOM:
                raise Undefined
            if -LARGEST < value < LARGEST:
                return value
            raise LimitExceeded("a large integer")

        return run_right

    def run(scope: tuple[Any, ...]) -> Any:
        value = function(first(scope), second(scope))
        if value is BOTTOM:
            raise Undefined
        if -LARGEST < value < LARGEST:
            return value
        raise LimitExceeded("a large integer")

    return run


def _checker(longest: int) -> Check:
    """What lets only values pass that are within the bounds of a search."""

    def checked(value: Any) -> Any:
        kind = value.__class__
        if kind is int:
            if -LARGEST < value < LARGEST:
                return value
            raise LimitExceeded("a large integer")
        if (kind is tuple or kind is str) and len(value) > longest:
            raise LimitExceeded("a long value")
        if value is EXHAUSTED:
            raise LimitExceeded("not computed")
        return value

    return checked


def longest_of(values: Iterable[Any]) -> int:
    """A bound on the length of lists and strings for a search on examples with such values."""
    return max([SHORTEST, *(_length_of(value) for value in values)])


def _length_of(value: Any) -> int:
    if isinstance(value, tuple):
        return max([2 * len(value), *(_length_of(item) for item in value)])
    if isinstance(value, str):
        return 2 * len(value)
    return min(LONGEST, 2 * abs(value)) if isinstance(value, int) else 0


def _applied_variable(form: Form, arguments: list[Code], checked: Check) -> Code:
    """Code that applies a variable of function type."""
    position = form.position

    def run(scope: tuple[Any, ...]) -> Any:
        value = scope[position](*[argument(scope) for argument in arguments])
        if value is BOTTOM:
            raise Undefined
        return checked(value)

    return run


def _lazy(form: Form, arguments: list[Code], checked: Check) -> Code:
    """Code of a conditional or a definition: an argument that has no value counts only where it is used."""
    function = form.function
    assert function is not None

    def run(scope: tuple[Any, ...]) -> Any:
        value = function(*[_cell(argument, scope) for argument in arguments])
        if value is BOTTOM:
            raise Undefined
        return checked(value)

    return run


def _cell(argument: Code, scope: tuple[Any, ...]) -> Any:
    try:
        return argument(scope)
    except Undefined:
        return BOTTOM
    except LimitExceeded:
        return EXHAUSTED
