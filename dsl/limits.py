"""Limits of evaluation, and what stands for a value that was not computed within them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

from dsl.errors import LimitExceeded, TypeMismatch
from dsl.values import Bottom, Value

LARGEST_SIZE = 1 << 16
"""Most characters or elements that any primitive builds in one value, whatever the limits of an evaluation."""


class Exhausted:
    """The type of `EXHAUSTED`."""

    __slots__ = ()
    _instance: ClassVar[Exhausted | None] = None

    def __new__(cls) -> Exhausted:
        """Return the one instance."""
        if cls._instance is None:
            cls._instance = object.__new__(cls)
        return cls._instance

    def __reduce__(self) -> tuple[object, ...]:
        """Stay a singleton on unpickling."""
        return (Exhausted, ())

    def __repr__(self) -> str:
        return "EXHAUSTED"


EXHAUSTED: Final = Exhausted()
Cell: TypeAlias = Value | Bottom | Exhausted


@dataclass(frozen=True)
class Limits:
    """How much one evaluation may take.

    Attributes:
        steps: primitive applications, and elements built, inside the functions given to one outermost
            application of a higher-order primitive, or inside one outermost macro call.
        size: characters of a string, elements of a list (in lists three deep or more, of all together).
        bits: bits of an integer.
        depth: nesting of applications under a λ (those within definitions included), and of macro calls.
    """

    steps: int = 50_000
    size: int = 4096
    bits: int = 4096
    depth: int = 200

    def __post_init__(self) -> None:
        """Refuse limits that bound nothing."""
        for name, largest in (
            ("steps", 10**9),
            ("size", LARGEST_SIZE),
            ("bits", LARGEST_SIZE),
            ("depth", 250),
        ):
            value = getattr(self, name)
            if not 1 <= value <= largest:
                raise TypeMismatch(f"{name}={value!r} is out of range; a limit on {name} is between 1 and {largest}")


DEFAULT_LIMITS: Final = Limits()


def check_size(size: int) -> None:
    """Refuse to build a value of `size` characters or elements; for primitives that could build a huge one.

    Raises:
        LimitExceeded: if `size` is more than `LARGEST_SIZE`.
    """
    if size > LARGEST_SIZE:
        raise LimitExceeded(f"a value of {size} elements; the most is {LARGEST_SIZE}")


class Steps:
    """A count of the steps that are left.

    Attributes:
        left: negative once they are used up.
    """

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 0

    def spend(self, steps: int) -> None:
        """Use up some steps.

        Raises:
            LimitExceeded: if not so many were left.
        """
        self.left -= steps
        if self.left < 0:
            raise LimitExceeded("the evaluation took too many steps")


def is_larger(lists: tuple[Value, ...], size: int) -> bool:
    """Whether lists nested three deep or more have more than `size` elements, those of inner lists included.

    Lists that share their parts count as if they did not: comparing and hashing them costs as much. Two levels are
    bounded well enough by the length of each list.
    """
    if not any(item and item[0].__class__ is tuple for item in lists):  # type: ignore[index]
        return False
    waiting, seen = [lists], 0
    while waiting:
        here = waiting.pop()
        seen += len(here)
        if seen > size:
            return True
        waiting.extend(item for item in here if isinstance(item, tuple))
    return False
