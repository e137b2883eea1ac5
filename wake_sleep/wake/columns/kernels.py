"""What productions compute over columns: one call of numpy for thousands of applications.

The values of type ``bvN`` (N ≤ 64) are words of dtype uint64 below 2^N, those of type ``bool`` have dtype bool. A
kernel takes arrays that broadcast together and returns an array of their common shape. Operators without a kernel of
their own use their batched meaning, macros and abstractions the kernels of their bodies.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain, Primitive
from dsl.terms import Application, Literal, Operator, Term, Variable, strip_lambdas
from dsl.types import BOOL, Type

Words: TypeAlias = npt.NDArray[np.uint64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[Any]

LARGEST_WIDTH: Final = 64
"""Width of the widest bit-vectors in columns."""
_EXPANSION: Final = 400
"""Nodes of the largest body of a macro that is evaluated over columns."""


Kernel: TypeAlias = Callable[..., Array]
"""What an operator computes: from arrays of at least one dimension that broadcast together to an array."""


def is_columnar(type_: Type) -> bool:
    """Whether values of the monomorphic `type_` are words or Booleans."""
    return type_ is BOOL or (type_.name == "bv" and type_.width <= LARGEST_WIDTH)


def dtype_of(type_: Type) -> np.dtype[Any]:
    """The dtype of columns of a type."""
    return np.dtype(np.bool_ if type_ is BOOL else np.uint64)


def kernel_of(operator: Operator, domain: Domain) -> Kernel | None:
    """The kernel of an operator at concrete types, or None if it cannot be computed over columns."""
    if operator.definition is not None:
        _, body = strip_lambdas(operator.definition, operator.arity)
        return None if body.size > _EXPANSION else term_kernel(body, operator.arity, domain)
    primitive = domain.meaning(operator)
    own = _own_kernel(operator)
    return own if own is not None else _batched_kernel(primitive, operator)


def term_kernel(term: Term, arity: int, domain: Domain) -> Kernel | None:
    """The kernel of an open term as a function of its variables, the last of which is ``$0``; None as above."""
    if isinstance(term, Variable):
        position = arity - 1 - term.index
        return lambda *arguments: arguments[position]
    if isinstance(term, Literal):
        if not is_columnar(term.type):
            return None
        constant = np.array([term.value], dtype_of(term.type))
        return lambda *arguments: constant
    if not isinstance(term, Application) or not isinstance(term.head, Operator):
        return None
    outer = kernel_of(term.head, domain)
    inner = [term_kernel(argument, arity, domain) for argument in term.arguments]
    if outer is None or any(kernel is None for kernel in inner):
        return None
    return _Composition(outer, [kernel for kernel in inner if kernel is not None])


class _Composition:
    """A kernel applied to the results of others."""

    def __init__(self, outer: Kernel, inner: Sequence[Kernel]) -> None:
        self.outer, self.inner = outer, inner

    def __call__(self, *arguments: Array) -> Array:
        return self.outer(*(kernel(*arguments) for kernel in self.inner))


def _own_kernel(operator: Operator) -> Kernel | None:
    """A kernel that is one call of a ufunc (and a mask), where there is one."""
    name, types = operator.name, operator.type.parameters
    if len(types) != _ARITY.get(name, 2):
        return None
    if name in _LOGIC:
        return _LOGIC[name]
    if types[0].name != "bv":
        return None
    width = types[0].width
    if name in _BITWISE:
        return _BITWISE[name]
    if name in _MODULAR:
        ufunc = _MODULAR[name]
        return ufunc if width == LARGEST_WIDTH else functools.partial(_masked, ufunc, _mask(width))
    if name == "bvnot":
        return functools.partial(_with_constant, np.bitwise_xor, _mask(width))
    return None


_ARITY: Final = {"not": 1, "bvnot": 1, "bvneg": 1, "ite": 3}
_LOGIC: Final[dict[str, Kernel]] = {
    "not": np.logical_not,
    "and": np.logical_and,
    "or": np.logical_or,
    "=": np.equal,
    "distinct": np.not_equal,
    "xor": np.logical_xor,
    "=>": np.less_equal,
    "ite": np.where,
}
_BITWISE: Final[dict[str, Kernel]] = {
    "bvand": np.bitwise_and,
    "bvor": np.bitwise_or,
    "bvxor": np.bitwise_xor,
    "bvlshr": np.right_shift,
    "bvult": np.less,
    "bvule": np.less_equal,
}
_MODULAR: Final[dict[str, Kernel]] = {
    "bvadd": np.add,
    "bvsub": np.subtract,
    "bvmul": np.multiply,
    "bvshl": np.left_shift,
    "bvneg": np.negative,
}


def _mask(width: int) -> Words:
    return np.array([(1 << width) - 1], np.uint64)


def _masked(ufunc: Kernel, mask: Words, *arguments: Array) -> Array:
    result = ufunc(*arguments)
    return np.bitwise_and(result, mask, out=result)


def _with_constant(ufunc: Kernel, constant: Array, argument: Array) -> Array:
    return ufunc(argument, constant)


def _batched_kernel(primitive: Primitive, operator: Operator) -> Kernel | None:
    """The batched meaning of a total primitive."""
    function, types = primitive.batched, (*operator.type.parameters, operator.type.result)
    if function is None or primitive.arity == 0 or not all(is_columnar(t) for t in types):
        return None
    if primitive.takes_widths:
        function = functools.partial(function, widths=primitive.widths(operator.type))
    # A partial primitive returns a pair; what it returns does not depend on the values.
    probe = function(*(np.zeros(1, dtype_of(t)) for t in operator.type.parameters))
    return None if isinstance(probe, tuple) else _Batched(function)


class _Batched:
    """The batched meaning of a primitive as a kernel."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *arguments: Array) -> Array:
        result: Array = self.function(*np.broadcast_arrays(*arguments))
        return result
