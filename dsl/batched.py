"""Batched evaluation: first-order terms over columns of numpy, one cell per input.

It computes what `dsl.evaluate` computes, many inputs at a time, for bit-vectors of at most 64 bits (dtype
uint64), Booleans (bool) and integers (int64). An integer of magnitude beyond `LARGEST_INTEGER` is
`Status.EXHAUSTED`, never a wrong value; strings, lists and functions are not batched, which `supports` tells
beforehand.

The batched meaning of a primitive is a function of arrays ``(*arrays)``, or ``(*arrays, widths=…)`` where its
Python meaning takes ``widths`` too. It works cell by cell on arrays of any common shape and returns an array,
or a pair of an array and an array of `Status` codes if it can fail. The arrays hold values of the argument
types in every cell: 0 or false stands where there is no value. Operators of more arguments than the primitive
has are folded.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.domain import Domain, Primitive
from dsl.errors import DomainError, TypeMismatch
from dsl.limits import DEFAULT_LIMITS, EXHAUSTED, Cell, Steps
from dsl.terms import Application, Literal, Operator, Term, Variable, operators, postorder, strip_lambdas
from dsl.types import BOOL, INT, Type
from dsl.values import BOTTOM, Value

LARGEST_INTEGER = 1 << 62
"""Largest magnitude of an integer in a column."""
LARGEST_WIDTH = 64
"""Width of the widest bit-vectors in columns."""
_MEMO_BYTES = 1 << 28
_CELL_BYTES = 9

Array: TypeAlias = npt.NDArray[Any]
StatusArray: TypeAlias = npt.NDArray[np.uint8]


class Status(IntEnum):
    """Whether a cell holds a value; of the arguments of a strict primitive the largest status decides."""

    OK = 0
    BOTTOM = 1
    EXHAUSTED = 2


@dataclass(frozen=True, eq=False)
class Column:
    """The values of one term on all inputs.

    Attributes:
        values: shape (inputs,), dtype uint64, bool or int64; 0 or false where the status is not OK; read-only.
        status: shape (inputs,), `Status` codes; read-only.
    """

    values: Array
    status: StatusArray

    def __post_init__(self) -> None:
        """Make the arrays read-only: columns are shared between terms."""
        self.values.flags.writeable = False
        self.status.flags.writeable = False

    def cells(self) -> list[Cell]:
        """The cells as `dsl.evaluate` gives them: Python values, ⊥ or `EXHAUSTED`."""
        found: list[Cell] = self.values.tolist()
        for i in np.flatnonzero(self.status):
            found[i] = BOTTOM if self.status[i] == Status.BOTTOM else EXHAUSTED
        return found


def is_batched(type_: Type) -> bool:
    """Whether columns can hold the values of the monomorphic `type_`."""
    if type_.name == "bv":
        return type_.width <= LARGEST_WIDTH
    return type_ is BOOL or type_ is INT


def supports(term: Term, domain: Domain) -> bool:
    """Whether `term` can be evaluated over columns, if its variables can.

    Raises:
        DomainError: if an operator has no meaning in `domain`.
    """
    bodies = [
        strip_lambdas(operator.definition, operator.arity)[1]
        for operator in operators(term, into_definitions=True)
        if operator.definition is not None
    ]
    return all(_is_supported(node, domain) for node in postorder([term, *bodies]))


def _is_supported(node: Term, domain: Domain) -> bool:
    if isinstance(node, Variable):
        return True
    if isinstance(node, Literal):
        return is_batched(node.type)
    if not isinstance(node, Application) or not isinstance(node.head, Operator):
        return False
    types = (*node.head.type.parameters, node.head.type.result)
    if not all(type_.is_polymorphic or is_batched(type_) for type_ in types):
        return False
    return node.head.definition is not None or _binary(domain, node.head).batched is not None


def _binary(domain: Domain, head: Operator) -> Primitive:
    """The primitive that has the batched meaning: for a widened operator the one of two arguments."""
    primitive = domain.meaning(head)
    if primitive.batched is None:
        binary = domain.find(head.name, 2)
        if binary is not None and binary.at_arity(head.arity) is primitive:
            return binary
    return primitive


def column_of(values: Sequence[Value], type_: Type) -> Column:
    """A column of the given values.

    Raises:
        TypeMismatch: if values of `type_` are not batched.
    """
    if not is_batched(type_):
        raise TypeMismatch(f"values of type {type_} are not batched; bool, int and bv1 … bv{LARGEST_WIDTH} are")
    status: StatusArray = np.zeros(len(values), np.uint8)
    if type_ is BOOL:
        return Column(np.array(values, np.bool_), status)
    if type_ is not INT:
        return Column(np.array(values, np.uint64), status)
    fits = [-LARGEST_INTEGER <= v <= LARGEST_INTEGER for v in values]  # type: ignore[operator]
    status[~np.array(fits, np.bool_)] = Status.EXHAUSTED
    return Column(np.array([v if ok else 0 for v, ok in zip(values, fits, strict=True)], np.int64), status)


class BatchedEvaluation:
    """Evaluates open first-order terms on a fixed list of inputs, keeping the column of every sub-term."""

    def __init__(self, domain: Domain, inputs: Sequence[tuple[Value, ...]], types: Sequence[Type]) -> None:
        """Prepare for `inputs`, tuples of values of `types`; in terms the last value of an input is ``$0``.

        Raises:
            TypeMismatch: if values of one of the `types` are not batched.
        """
        columns = [column_of([values[i] for values in inputs], type_) for i, type_ in enumerate(types)]
        self._scope = _Scope(domain, columns, len(inputs))

    def column(self, term: Term) -> Column:
        """The column of `term`.

        Raises:
            DomainError: if an operator has no meaning in the domain, or no batched one (see `supports`).
            TypeMismatch: if a variable has no value, or the term is no first-order term of batched types.
        """
        return self._scope.column(term)


class _Scope:
    """Evaluates terms over the columns of their free variables: the inputs, or the arguments of a macro."""

    def __init__(self, domain: Domain, variables: Sequence[Column], count: int, caller: _Scope | None = None) -> None:
        self.domain, self.variables, self.count = domain, variables, count
        self.nesting: int = 0 if caller is None else caller.nesting + 1
        self.calls: Steps = Steps() if caller is None else caller.calls
        self.memo: dict[Term, Column] = {}

    def column(self, term: Term) -> Column:
        memo = self.memo
        if len(memo) * self.count * _CELL_BYTES > _MEMO_BYTES:
            memo.clear()
        stack = [(term, False)]
        while stack:
            node, ready = stack.pop()
            if node in memo:
                continue
            if ready or not node.children:
                memo[node] = self.compute(node)
                continue
            stack.append((node, True))
            stack.extend((child, False) for child in node.children if child not in memo)
        return memo[term]

    def compute(self, node: Term) -> Column:
        """The column of one node; those of its children are in the memo."""
        if isinstance(node, Variable):
            if node.index >= len(self.variables):
                raise TypeMismatch(f"variable ${node.index} has no value: there are {len(self.variables)}")
            return self.variables[-1 - node.index]
        if isinstance(node, Literal):
            return column_of([node.value] * self.count, node.type)
        if not isinstance(node, Application) or not isinstance(node.head, Operator):
            raise TypeMismatch(f"{node!r} is no first-order term; functions are not batched"[:300])
        columns = [self.memo[argument] for argument in node.arguments]
        if node.head.definition is not None:
            return self.definition(node.head, columns)
        primitive = self.domain.meaning(node.head)
        if primitive.lazy:
            return _select(primitive, columns)
        return self.strict(primitive, node.head, columns)

    def strict(self, primitive: Primitive, head: Operator, columns: list[Column]) -> Column:
        binary = _binary(self.domain, head)
        if binary.batched is None:
            raise DomainError(f"primitive {head.name} of domain {self.domain.name} has no batched meaning")
        function = binary.batched
        if binary.takes_widths:
            function = functools.partial(function, widths=primitive.widths(head.type))
        if not columns:
            value = np.broadcast_to(np.asarray(function()), (self.count,))
            return Column(value, np.zeros(self.count, np.uint8))
        apply = functools.partial(_apply, function)
        return apply(*columns) if binary.arity == len(columns) else _fold(apply, binary, columns)

    def definition(self, head: Operator, columns: list[Column]) -> Column:
        """Apply a macro or first-order abstraction: evaluate its body on the columns of its arguments."""
        assert head.definition is not None
        if self.nesting == 0:
            self.calls.left = DEFAULT_LIMITS.steps
        if self.nesting >= DEFAULT_LIMITS.depth or self.calls.left < 0:
            return Column(np.zeros(self.count, np.bool_), np.full(self.count, Status.EXHAUSTED, np.uint8))
        _, body = strip_lambdas(head.definition, head.arity)
        inner = _Scope(self.domain, columns, self.count, self)
        result = inner.column(body)
        self.calls.left -= 1 + len(inner.memo)
        return result


def _settled(values: Array, status: StatusArray) -> Column:
    """A column with 0 or false wherever there is no value."""
    if status.any():
        values = np.where(status == Status.OK, values, np.zeros((), values.dtype))
    return Column(values, status)


def _apply(function: Callable[..., Any], *columns: Column) -> Column:
    """Apply the batched meaning of a strict primitive."""
    result = function(*(column.values for column in columns))
    status = functools.reduce(np.maximum, (column.status for column in columns))
    if isinstance(result, tuple):
        result, own = result
        status = np.where(status == Status.OK, own, status)
    return _settled(result, status)


def _fold(apply: Callable[..., Column], binary: Primitive, columns: list[Column]) -> Column:
    """Apply a binary primitive to more arguments as SMT-LIB 2.6, section 3.7, reads them."""
    if binary.variadic == "left":
        return functools.reduce(apply, columns)
    if binary.variadic == "right":
        return functools.reduce(lambda right, left: apply(left, right), reversed(columns))
    if binary.variadic == "chain":
        pairs = list(itertools.pairwise(columns))
    else:
        pairs = [(a, b) for i, a in enumerate(columns) for b in columns[i + 1 :]]
    return functools.reduce(functools.partial(_apply, np.logical_and), (apply(a, b) for a, b in pairs))


def _select(primitive: Primitive, columns: list[Column]) -> Column:
    """Apply a conditional: what is not taken does not count."""
    if primitive.name == "and":
        return functools.reduce(functools.partial(_continue_on, True), columns)
    if primitive.name == "or":
        return functools.reduce(functools.partial(_continue_on, False), columns)
    if primitive.name == "=>":
        return functools.reduce(lambda right, left: _implication(left, right), reversed(columns))
    if primitive.arity == 3:
        return _conditional(*columns)
    raise DomainError(f"primitive {primitive.name} is lazy, but only if/ite of three arguments, and, or, => can be")


def _conditional(test: Column, then: Column, otherwise: Column) -> Column:
    status = np.where(test.values, then.status, otherwise.status)
    status = np.where(test.status == Status.OK, status, test.status)
    return _settled(np.where(test.values, then.values, otherwise.values), status)


def _continue_on(neutral: bool, left: Column, right: Column) -> Column:
    """The cells of `right` where `left` has the `neutral` value, else those of `left`."""
    goes_on = (left.status == Status.OK) & (left.values == neutral)
    return _settled(np.where(goes_on, right.values, left.values), np.where(goes_on, right.status, left.status))


def _implication(left: Column, right: Column) -> Column:
    goes_on = (left.status == Status.OK) & left.values
    return _settled(np.where(goes_on, right.values, np.True_), np.where(goes_on, right.status, left.status))
