"""Recursion over deeply nested terms that needs no deep stack.

A recursive function is written as a generator: it yields the calls of itself that it needs and gets their results.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = "Generator[Steps[T], T, T]"
"""A call that has begun."""


def run(call: Steps[T]) -> T:
    """The result of a call."""
    open_calls = [call]
    resume = partial(next, call)
    while True:
        try:
            inner = resume()
        except StopIteration as done:
            open_calls.pop()
            if not open_calls:
                result: T = done.value
                return result
            resume = partial(open_calls[-1].send, done.value)
        else:
            open_calls.append(inner)
            resume = partial(next, inner)
