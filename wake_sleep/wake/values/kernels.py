"""Kernels: the meaning of an operator over all combinations of the values of its arguments, in one comprehension.

A call of a Python function for every value is what an enumeration in plain Python spends most of its time on. For the
operators that string grammars are made of, the meaning is therefore written out in a comprehension; a test compares
each with the primitive itself on random values. All other primitives are called.

A kernel takes one column (a list of values) for each argument and returns the values of all combinations, the last
argument varying fastest. It knows neither ⊥ nor limits: what may meet them goes through `dsl.evaluate`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from dsl.closures import bound_meaning
from dsl.domain import Domain
from dsl.domains import core, integers, strings
from dsl.limits import DEFAULT_LIMITS, Limits
from dsl.terms import Operator
from wake_sleep.wake.values.definitions import definition_kernel

Column: TypeAlias = Sequence[Any]
Kernel: TypeAlias = Callable[..., list[Any]]


def kernel_of(domain: Domain, operator: Operator, limits: Limits = DEFAULT_LIMITS) -> Kernel | None:
    """The kernel of an operator, or None for a definition with λs and for a conditional without one.

    Args:
        domain: what the operator means.
        operator: with parameters.
        limits: what values within a definition may be.
    """
    if operator.definition is not None:
        return definition_kernel(domain, operator, functools.partial(is_total, domain), limits)
    primitive = domain.meaning(operator)
    written_out = _WRITTEN_OUT.get(primitive.function)
    if written_out is not None:
        return written_out
    if primitive.lazy:
        return None
    return _calling(bound_meaning(primitive, operator), primitive.arity)


def is_total(domain: Domain, operator: Operator) -> bool:
    """Whether it is known that the operator is never ⊥ on values."""
    return operator.definition is None and domain.meaning(operator).function in _WRITTEN_OUT


def _calling(function: Callable[..., Any], arity: int) -> Kernel:
    """The kernel that calls a function for each combination."""
    if arity == 1:
        return lambda a: [function(x) for x in a]
    if arity == 2:
        return lambda a, b: [function(x, y) for x in a for y in b]
    if arity == 3:
        return lambda a, b, c: [function(x, y, z) for x in a for y in b for z in c]
    return lambda *columns: list(itertools.starmap(function, itertools.product(*columns)))


def _concatenate(a: Column, b: Column) -> list[Any]:
    return [x + y for x in a for y in b]


def _character_at(a: Column, b: Column) -> list[Any]:
    return [x[i : i + 1] if i >= 0 else "" for x in a for i in b]


def _substring(a: Column, b: Column, c: Column) -> list[Any]:
    return [x[i : i + n] if i >= 0 and n > 0 else "" for x in a for i in b for n in c]


def _replace_first(a: Column, b: Column, c: Column) -> list[Any]:
    return [x.replace(y, z, 1) for x in a for y in b for z in c]


def _index_of(a: Column, b: Column, c: Column) -> list[Any]:
    return [x.find(y, i) if 0 <= i <= len(x) else -1 for x in a for y in b for i in c]


def _length(a: Column) -> list[Any]:
    return list(map(len, a))


def _from_integer(a: Column) -> list[Any]:
    return [str(i) if i >= 0 else "" for i in a]


def _to_integer(a: Column) -> list[Any]:
    return [int(x) if x.isdigit() and x.isascii() else -1 for x in a]


def _contains(a: Column, b: Column) -> list[Any]:
    return [y in x for x in a for y in b]


def _is_prefix(a: Column, b: Column) -> list[Any]:
    return [y.startswith(x) for x in a for y in b]


def _is_suffix(a: Column, b: Column) -> list[Any]:
    return [y.endswith(x) for x in a for y in b]


def _add(a: Column, b: Column) -> list[Any]:
    return [x + y for x in a for y in b]


def _subtract(a: Column, b: Column) -> list[Any]:
    return [x - y for x in a for y in b]


def _less(a: Column, b: Column) -> list[Any]:
    return [x < y for x in a for y in b]


def _at_most(a: Column, b: Column) -> list[Any]:
    return [x <= y for x in a for y in b]


def _equality(a: Column, b: Column) -> list[Any]:
    return [x == y for x in a for y in b]


def _negation(a: Column) -> list[Any]:
    return [not x for x in a]


def _conjunction(a: Column, b: Column) -> list[Any]:
    return [x and y for x in a for y in b]


def _disjunction(a: Column, b: Column) -> list[Any]:
    return [x or y for x in a for y in b]


def _conditional(a: Column, b: Column, c: Column) -> list[Any]:
    return [y if x else z for x in a for y in b for z in c]


_WRITTEN_OUT: Final[dict[Callable[..., Any], Kernel]] = {
    strings.concatenate: _concatenate,
    strings.character_at: _character_at,
    strings.substring: _substring,
    strings.replace_first: _replace_first,
    strings.index_of: _index_of,
    strings.length: _length,
    strings.from_integer: _from_integer,
    strings.to_integer: _to_integer,
    strings.contains: _contains,
    strings.is_prefix: _is_prefix,
    strings.is_suffix: _is_suffix,
    integers.add: _add,
    integers.subtract: _subtract,
    integers.less: _less,
    integers.at_most: _at_most,
    core.equality: _equality,
    core.negation: _negation,
    core.conjunction: _conjunction,
    core.disjunction: _disjunction,
    core.ite: _conditional,
}
