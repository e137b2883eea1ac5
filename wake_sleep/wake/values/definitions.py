"""Kernels of definitions: macros and abstractions over all combinations of the values of their arguments.

The body is run operator by operator over whole columns. What depends on one parameter only is computed once for each
of its values and not for each combination. Conditionals compute both branches: where one has no value, the reference
interpreter finds out whether it was wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.closures import bound_meaning, conditional
from dsl.domain import Domain
from dsl.errors import LimitExceeded
from dsl.limits import DEFAULT_LIMITS, Limits, is_larger
from dsl.terms import Application, Literal, Operator, Term, Variable, beta_normal, postorder, strip_lambdas
from dsl.types import INT, STRING, Type
from dsl.values import BOTTOM

_MOST_NODES: Final = 200
"""Distinct sub-terms of the largest body that is run in this way."""


class NoValue(Exception):
    """A part of a body is ⊥ at some combination: what that means for the whole is not this kernel's to say."""


@dataclass(frozen=True, eq=False)
class _Step:
    """One sub-term of a body.

    Attributes:
        function: what it applies; None for parameters and literals.
        arguments: the numbers of the steps that it is applied to.
        over: the only parameter that it depends on, or -1 for none, or None for several.
        value: of a literal.
        check: what raises if a column has a cell that must not be passed on; None if there is no such cell.
    """

    function: Callable[..., Any] | None
    arguments: tuple[int, ...]
    over: int | None
    value: Any = None
    check: Callable[[Sequence[Any]], None] | None = None


class DefinitionKernel:
    """The kernel of an operator with a definition that has no λ but for its parameters."""

    def __init__(self, steps: Sequence[_Step], arity: int) -> None:
        """Run these steps, the last of which is the whole body."""
        self._steps, self._arity = tuple(steps), arity

    def __call__(self, *columns: Sequence[Any]) -> list[Any]:
        """The values of all combinations, the last argument varying fastest.

        Raises:
            NoValue: if a part of the body has no value at some combination.
            LimitExceeded: if a part of the body exceeds a limit.
        """
        counts = [len(column) for column in columns]
        done: list[Sequence[Any]] = []
        for step in self._steps:
            if step.function is None:
                made: Sequence[Any] = [step.value] if step.over is None or step.over < 0 else columns[step.over]
            elif step.over is not None:
                # Constants among the arguments stand beside the values of one parameter.
                width = 1 if step.over < 0 else counts[step.over]
                made = list(map(step.function, *(self._widened(done, a, width) for a in step.arguments)))
            else:
                made = list(map(step.function, *(self._spread(done, a, counts) for a in step.arguments)))
            if step.check is not None:
                step.check(made)
            done.append(made)
        last = self._spread(done, len(done) - 1, counts)
        return last if isinstance(last, list) else list(last)

    def _widened(self, done: Sequence[Sequence[Any]], number: int, width: int) -> Sequence[Any]:
        return done[number] if self._steps[number].over != -1 else list(done[number]) * width

    def _spread(self, done: Sequence[Sequence[Any]], number: int, counts: Sequence[int]) -> Sequence[Any]:
        """The values of a step at all combinations."""
        over = self._steps[number].over
        if over is None:
            return done[number]
        if over < 0:
            return list(done[number]) * math.prod(counts)
        inner, outer = math.prod(counts[over + 1 :]), math.prod(counts[:over])
        column = done[number]
        repeated = column if inner == 1 else [value for value in column for _ in range(inner)]
        return list(repeated) * outer


def definition_kernel(
    domain: Domain, operator: Operator, is_total: Callable[[Operator], bool], limits: Limits = DEFAULT_LIMITS
) -> DefinitionKernel | None:
    """The kernel of a macro or an abstraction, or None if its body has λs or functions, or is very large.

    Args:
        domain: what the operators mean.
        operator: with a definition and at least one parameter.
        is_total: whether it is known that a primitive is never ⊥ on values.
        limits: what a value of the body may be.
    """
    assert operator.definition is not None
    _, body = strip_lambdas(beta_normal(operator.definition, expand=True), operator.arity)
    order = list(postorder([body]))
    if not operator.arity or len(order) > _MOST_NODES:
        return None
    number = {term: i for i, term in enumerate(order)}
    steps: list[_Step] = []
    for term in order:
        step = _step(domain, term, operator.arity, number, steps, is_total, limits)
        if step is None:
            return None
        steps.append(step)
    return DefinitionKernel(steps, operator.arity)


def _step(
    domain: Domain,
    term: Term,
    arity: int,
    number: dict[Term, int],
    steps: Sequence[_Step],
    is_total: Callable[[Operator], bool],
    limits: Limits,
) -> _Step | None:
    if isinstance(term, Variable):
        return _Step(None, (), arity - 1 - term.index)
    if isinstance(term, Literal):
        return _Step(None, (), -1, term.value)
    if not isinstance(term, Application) or not isinstance(term.head, Operator):
        return None
    head = term.head
    primitive = domain.meaning(head)
    function = conditional(primitive) if primitive.lazy else bound_meaning(primitive, head)
    arguments = tuple(number[argument] for argument in term.arguments)
    if not arguments:
        return None
    uses = dict.fromkeys(steps[a].over for a in arguments if steps[a].over != -1)
    over = next(iter(uses), -1) if len(uses) <= 1 else None
    return _Step(function, arguments, over, check=_check(head.type.result, limits, is_total(head)))


def _check(type_: Type, limits: Limits, is_total: bool) -> Callable[[Sequence[Any]], None] | None:
    """What raises if a column has ⊥ or a value beyond the limits."""
    bound, is_nested = 1 << limits.bits, type_.depth > 1

    def check(column: Sequence[Any]) -> None:
        if not is_total and BOTTOM in column:
            raise NoValue
        if not column:
            return
        if type_ is INT:
            within = -bound < min(column) and max(column) < bound
        elif type_ is STRING:
            within = max(map(len, column)) <= limits.size
        elif type_.name == "list":
            within = not any(len(c) > limits.size or (is_nested and is_larger(c, limits.size)) for c in column)
        else:
            within = True
        if not within:
            raise LimitExceeded("a part of a definition is too large")

    is_bounded = type_ is INT or type_ is STRING or type_.name == "list"
    return check if is_bounded or not is_total else None
