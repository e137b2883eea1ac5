"""Lists of integers and of anything else, with higher-order functions.

Two primitive sets of the literature can be searched by themselves:

* ``lists/dreamcoder``: the list primitives of DreamCoder (Ellis et al. 2021, github.com/ellisk42/ec);
* ``lists/lambdabeam``: the operators of DeepCoder (Balog et al. 2017) as LambdaBeam has them (Shi et al.
  2023, github.com/ellisk42/LambdaBeam).

``lists`` itself offers their union and the Boolean connectives. A function that both sets have is one
primitive, under DreamCoder's name, with the other name as an alias. What the sources leave to an exception of
the host language is ⊥ here. Every loop runs over an argument or calls a function given as an argument, so
that it is bounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from dsl.domain import Domain
from dsl.domains.integers import integers, multiply
from dsl.errors import LimitExceeded
from dsl.limits import check_size
from dsl.values import BOTTOM, Bottom

List: TypeAlias = tuple[Any, ...]

lists = Domain(
    "lists",
    "lists with higher-order functions: the DreamCoder and LambdaBeam primitives",
    task_file=("dsl.domains", "lists.json"),
)


# Numbers and conditions, as in the integers domain


def _share(
    name: str,
    arity: int,
    *,
    under: str | None = None,
    at: str | None = None,
    aliases: tuple[str, ...] | None = None,
    searchable: bool = True,
) -> None:
    """Offer a primitive of the integers domain here, maybe `under` another name and only `at` one type."""
    shared = integers.find(name, arity)
    assert shared is not None
    lists.primitive(
        at or shared.type,
        name=under or name,
        smt=shared.smt,
        batched=shared.batched,
        variadic=None if under else shared.variadic,
        lazy=shared.lazy,
        searchable=searchable,
        aliases=shared.aliases if aliases is None else aliases,
    )(shared.function)


_share("+", 2, aliases=("add",))
_share("-", 2, aliases=("subtract",))
_share("*", 2, aliases=("multiply",))
_share("mod", 2)
_share("<", 2, aliases=("less",))
_share(">", 2, under="gt?", aliases=(">", "greater"))
_share("ite", 3, under="if", aliases=("ite",))
_share("not", 1)
_share("and", 2)
_share("or", 2)

# Search compares integers only; specifications compare anything.
_share("=", 2, under="eq?", at="int -> int -> bool", aliases=("equal",))
_share("=", 2, searchable=False)
for _name, _arity in {"-": 1, "<=": 2, ">=": 2, "div": 2, "abs": 1, "xor": 2, "=>": 2, "distinct": 2}.items():
    _share(_name, _arity, searchable=False)


@lists.primitive(
    "int -> int -> int",
    name="int-divide",
    smt="(ite (> {1} 0) (div {0} {1}) (div (- {0}) (- {1})))",
)
def divide_rounding_down(dividend: int, divisor: int) -> int | Bottom:
    """The quotient rounded down; ⊥ by 0."""
    return dividend // divisor if divisor else BOTTOM


@lists.primitive(name="square", smt="(* {0} {0})")
def square(number: int) -> int:
    """The number times itself."""
    return multiply(number, number)


@lists.primitive(name="min", smt="(ite (<= {0} {1}) {0} {1})")
def smaller(left: int, right: int) -> int:
    """The smaller of two integers."""
    return min(left, right)


@lists.primitive(name="max", smt="(ite (<= {0} {1}) {1} {0})")
def larger(left: int, right: int) -> int:
    """The larger of two integers."""
    return max(left, right)


@lists.primitive(name="is-even", smt="(= (mod {0} 2) 0)")
def is_even(number: int) -> bool:
    """Whether 2 divides the number."""
    return number % 2 == 0


@lists.primitive(name="is-odd", smt="(= (mod {0} 2) 1)")
def is_odd(number: int) -> bool:
    """Whether 2 does not divide the number."""
    return number % 2 == 1


_WITNESSES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41)
_DECIDED_BELOW = 3_317_044_064_679_887_385_961_981
"""Below this number the strong pseudoprime test to the 13 bases is exact (Sorenson and Webster 2015)."""


@lists.primitive("int -> bool", name="is-prime")
def is_prime(number: int) -> bool:
    """Whether the number is prime; not computed beyond 3 · 10^24."""
    if number >= _DECIDED_BELOW:
        raise LimitExceeded(f"is-prime of an integer of {number.bit_length()} bits; the most is 81")
    if number < 2 or any(number % prime == 0 for prime in _WITNESSES):
        return number in _WITNESSES
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return not any(_proves_composite(witness, number, odd, twos) for witness in _WITNESSES)


def _proves_composite(witness: int, number: int, odd: int, twos: int) -> bool:
    """Whether `number` − 1 = `odd` · 2^`twos` fails the strong pseudoprime test to base `witness`."""
    power = pow(witness, odd, number)
    if power in (1, number - 1):
        return False
    for _ in range(twos - 1):
        power = power * power % number
        if power == number - 1:
            return False
    return True


@lists.primitive("int -> bool", name="is-square")
def is_square(number: int) -> bool:
    """Whether the number is the square of an integer."""
    return number >= 0 and math.isqrt(number) ** 2 == number


# Lists and their elements


@lists.primitive("list(t0)", name="empty")
def empty_list() -> List:
    """The list without elements."""
    return ()


@lists.primitive("t0 -> list(t0) -> list(t0)", name="cons")
def prepend(first: Any, rest: List) -> List:
    """The list with one more element in front."""
    return (first, *rest)


@lists.primitive("list(t0) -> t0", name="car", aliases=["head"])
def first(xs: List) -> Any:
    """The first element; ⊥ for the empty list."""
    return xs[0] if xs else BOTTOM


@lists.primitive("list(t0) -> list(t0)", name="cdr", aliases=["tail"])
def rest(xs: List) -> List | Bottom:
    """Everything but the first element; ⊥ for the empty list."""
    return xs[1:] if xs else BOTTOM


@lists.primitive("list(t0) -> t0", name="last")
def last(xs: List) -> Any:
    """The last element; ⊥ for the empty list."""
    return xs[-1] if xs else BOTTOM


@lists.primitive("list(t0) -> bool", name="empty?")
def is_empty(xs: List) -> bool:
    """Whether there is no element."""
    return not xs


@lists.primitive("list(t0) -> int", name="length")
def length(xs: List) -> int:
    """Number of elements."""
    return len(xs)


@lists.primitive("int -> list(t0) -> t0", name="index", aliases=["access"])
def element_at(position: int, xs: List) -> Any:
    """The element at a position from 0, negative ones from the end (−1 is the last); ⊥ out of range."""
    return xs[position] if -len(xs) <= position < len(xs) else BOTTOM


@lists.primitive("int -> list(t0) -> list(t0)", name="take")
def take(count: int, xs: List) -> List:
    """The first `count` elements, or all if there are fewer; if negative, all but the last −`count`."""
    return xs[:count]


@lists.primitive("int -> list(t0) -> list(t0)", name="drop")
def drop(count: int, xs: List) -> List:
    """What `take` leaves behind: all but the first `count` elements; if negative, the last −`count`."""
    return xs[count:]


@lists.primitive("list(t0) -> list(t0)", name="reverse")
def reverse(xs: List) -> List:
    """The elements from last to first."""
    return xs[::-1]


@lists.primitive("list(int) -> list(int)", name="sort")
def sort(xs: tuple[int, ...]) -> tuple[int, ...]:
    """The elements in ascending order, duplicates kept."""
    return tuple(sorted(xs))


@lists.primitive("list(int) -> int", name="sum")
def total(xs: tuple[int, ...]) -> int:
    """The sum of the elements, 0 for the empty list."""
    return sum(xs)


@lists.primitive("list(int) -> int", name="minimum")
def minimum(xs: tuple[int, ...]) -> int | Bottom:
    """The least element; ⊥ for the empty list."""
    return min(xs, default=BOTTOM)


@lists.primitive("list(int) -> int", name="maximum")
def maximum(xs: tuple[int, ...]) -> int | Bottom:
    """The greatest element; ⊥ for the empty list."""
    return max(xs, default=BOTTOM)


@lists.primitive("int -> list(int)", name="range")
def integers_below(end: int) -> tuple[int, ...]:
    """The integers from 0 up to but not `end`; empty if `end` is not positive."""
    check_size(end)
    return tuple(range(end))


# Functions of functions


@lists.primitive("(t0 -> t1) -> list(t0) -> list(t1)", name="map")
def map_elements(function: Callable[[Any], Any], xs: List) -> List:
    """The results of a function for every element."""
    return tuple(map(function, xs))


@lists.primitive("(t0 -> bool) -> list(t0) -> list(t0)", name="filter")
def keep_elements(keep: Callable[[Any], bool], xs: List) -> List:
    """The elements for which a condition holds."""
    return tuple(filter(keep, xs))


@lists.primitive("(t0 -> bool) -> list(t0) -> int", name="count")
def count_elements(counted: Callable[[Any], bool], xs: List) -> int:
    """The number of elements for which a condition holds."""
    return sum(map(counted, xs))


@lists.primitive("(t0 -> t1 -> t2) -> list(t0) -> list(t1) -> list(t2)", name="zip-with")
def zip_with(function: Callable[[Any, Any], Any], xs: List, ys: List) -> List:
    """The results of a function for elements at equal positions, as far as both lists go."""
    return tuple(map(function, xs, ys))


@lists.primitive("(t0 -> t0 -> t0) -> list(t0) -> list(t0)", name="scanl1")
def scan_left(function: Callable[[Any, Any], Any], xs: List) -> List:
    """The first element, then the function of each result and the next element; empty for the empty list."""
    results = list(xs[:1])
    for x in xs[1:]:
        results.append(function(results[-1], x))
    return tuple(results)


@lists.primitive("list(t0) -> t1 -> (t0 -> t1 -> t1) -> t1", name="fold")
def fold_right(xs: List, initial: Any, function: Callable[[Any, Any], Any]) -> Any:
    """The right fold: the function of each element, last to first, and the result so far."""
    result = initial
    for x in reversed(xs):
        result = function(x, result)
    return result


@lists.primitive("t0 -> (t0 -> bool) -> (t0 -> t1) -> (t0 -> t0) -> list(t1)", name="unfold")
def unfold(
    state: Any, stop: Callable[[Any], bool], element: Callable[[Any], Any], successor: Callable[[Any], Any]
) -> List:
    """The elements made from a state and its successors, up to the first state that stops."""
    results: list[Any] = []
    while not stop(state):
        check_size(len(results) + 1)
        results.append(element(state))
        following = successor(state)
        if following == state:
            raise LimitExceeded("unfold never stops: its state repeats")
        state = following
    return tuple(results)


# What is searched


for _value in range(-1, 5):
    lists.constant(_value)

lists.primitive_set(
    "dreamcoder",
    (
        "map", "unfold", "range", "index", "fold", "length", "if", "+", "-", "empty", "cons", "car",
        "cdr", "empty?", "*", "mod", "gt?", "eq?", "is-prime", "is-square",
    ),
    lists.constants[1:3],
    "the list primitives of DreamCoder",
)  # fmt: skip
lists.primitive_set(
    "lambdabeam",
    (
        "+", "-", "*", "int-divide", "square", "min", "max", "gt?", "<", "eq?", "is-even", "is-odd",
        "if", "car", "last", "take", "drop", "index", "minimum", "maximum", "reverse", "sort",
        "sum", "map", "filter", "count", "zip-with", "scanl1",
    ),
    lists.constants,
    "the operators of DeepCoder as LambdaBeam has them",
)  # fmt: skip
