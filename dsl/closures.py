"""Terms compiled to Python closures: how what stands under a λ is run.

Code is a function from the tuple of the variables in scope (the last one is ``$0``) to a value; ⊥ leaves it as the
exception `Undefined`, an exceeded limit as `LimitExceeded`. Definitions mean what they expand to: their arguments
that are ⊥ or exhausted are passed on as such and count only where they are used.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeAlias

from dsl.domain import Domain, Primitive
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.limits import EXHAUSTED, Limits, Steps, is_larger
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, beta_normal, strip_lambdas
from dsl.types import INT, Type
from dsl.values import BOTTOM

Environment: TypeAlias = tuple[Any, ...]
"""The values of the variables in scope."""
Code: TypeAlias = Callable[[Environment], Any]
"""A compiled term."""
_MEMO = 200_000


class Undefined(Exception):
    """⊥ on its way out of a compiled λ."""


def bound_meaning(primitive: Primitive, head: Operator) -> Callable[..., Any]:
    """The Python meaning of a primitive at the widths of one operator."""
    if not primitive.takes_widths:
        return primitive.function
    return functools.partial(primitive.function, widths=primitive.widths(head.type))


def conditional(primitive: Primitive) -> Callable[..., Any]:
    """Cells of the arguments of a lazy primitive to its cell."""
    if primitive.name == "and":
        return functools.partial(_until, False)
    if primitive.name == "or":
        return functools.partial(_until, True)
    if primitive.name == "=>":
        return _implies_cell
    if primitive.arity == 3:
        return _if_cell
    raise DomainError(f"primitive {primitive.name} is lazy, but only if/ite of three arguments, and, or, => can be")


def _if_cell(test: Any, then: Any, otherwise: Any) -> Any:
    if test is True:
        return then
    return otherwise if test is False else test


def _until(stop: bool, *cells: Any) -> Any:
    for cell in cells:
        if cell is not (not stop):
            return cell
    return not stop


def _implies_cell(*cells: Any) -> Any:
    for cell in cells[:-1]:
        if cell is not True:
            return True if cell is False else cell
    return cells[-1]


class Compiler:
    """Compiles terms to closures over the tuple of variables in scope (the last one is ``$0``).

    Inside definitions, whose parameters may be ⊥ or exhausted, reading a variable is guarded.
    """

    def __init__(
        self, domain: Domain, limits: Limits, depth: int, *, guarded: bool = False, steps: Steps | None = None
    ) -> None:
        self.domain, self.limits, self.depth, self.guarded = domain, limits, depth, guarded
        self.steps = steps or Steps()
        self._bound = 1 << limits.bits
        self._codes: dict[Term, Code] = {}
        self._definitions: dict[Operator, Code] = {}

    def check(self, value: Any, result: Type) -> Any:
        """`value` if it is within the limits.

        Raises:
            LimitExceeded: if it is not.
        """
        if result is INT:
            if not -self._bound < value < self._bound:
                raise LimitExceeded(f"an integer of more than {self.limits.bits} bits")
        elif result.name in ("str", "list"):
            size = self.limits.size
            if len(value) > size or (value and value[0].__class__ is tuple and is_larger(value, size)):
                raise LimitExceeded(f"a value of more than {self.limits.size} elements")
            self.steps.left -= len(value) >> 3
        return value

    def code(self, term: Term) -> Code:
        """Code for an open term; a function argument becomes code that makes a Python callable."""
        found = self._codes.get(term)
        if found is None:
            if term.depth > self.depth:
                raise LimitExceeded(f"a term nested deeper than {self.limits.depth} under a λ")
            if len(self._codes) > _MEMO:
                self._codes.clear()
            found = self._make(term)
            self._codes[term] = found
        return found

    def _make(self, term: Term) -> Code:
        if isinstance(term, Variable):
            read = operator.itemgetter(-1 - term.index)
            return _guarded(read) if self.guarded else read
        if isinstance(term, Literal):
            value = term.value
            return lambda _: value
        if isinstance(term, Lambda):
            return self._function(term, None)
        assert isinstance(term, Application)
        head = term.head
        if not isinstance(head, Operator):
            normal = beta_normal(term)
            if normal is not term:
                return self.code(normal)
            return _apply_value(self.code(head), [self.callee.code(a) for a in term.arguments])
        compiler = self if head.definition is None else self.callee
        arguments = [compiler.argument(a, t) for a, t in zip(term.arguments, head.type.parameters, strict=True)]
        if head.definition is not None:
            return self._apply_definition(head, arguments)
        primitive = self.domain.meaning(head)
        if primitive.lazy:
            return _lazy_code(primitive, arguments)
        return self._apply_primitive(bound_meaning(primitive, head), primitive.type.result, arguments)

    def argument(self, term: Term, parameter: Type) -> Code:
        """Code for an argument; a λ becomes a function of as many arguments as `parameter` has."""
        if isinstance(term, Lambda):
            return self._function(term, len(parameter.parameters) or None)
        return self.code(term)

    def _function(self, term: Lambda, arity: int | None) -> Code:
        """Code that makes an uncurried Python function of `arity` arguments (None: of all leading λs).

        As in generators (PEP 479), no StopIteration of a primitive leaves it, which would end the loop that calls it.
        """
        count, inner = strip_lambdas(term, arity)
        if arity is not None and count < arity:
            raise TypeMismatch(f"{term!r} is not η-long: {arity} λs are needed"[:300])
        body, cost, steps = self.code(inner), _call_cost(inner), self.steps
        if count == 1:

            def make_unary(scope: Environment) -> Callable[[Any], Any]:
                def call(x: Any) -> Any:
                    steps.left -= cost
                    if steps.left < 0:
                        raise LimitExceeded("the evaluation took too many steps")
                    try:
                        return body((*scope, x))
                    except StopIteration as error:
                        raise RuntimeError("StopIteration") from error

                return call

            return make_unary

        def make(scope: Environment) -> Callable[..., Any]:
            def call(*arguments: Any) -> Any:
                steps.left -= cost
                if steps.left < 0:
                    raise LimitExceeded("the evaluation took too many steps")
                try:
                    return body(scope + arguments)
                except StopIteration as error:
                    raise RuntimeError("StopIteration") from error

            return call

        return make

    def _apply_definition(self, head: Operator, arguments: list[Code]) -> Code:
        assert head.definition is not None
        body = self._definitions.get(head)
        if body is None:
            body = self.callee.code(strip_lambdas(head.definition, head.arity)[1])
            self._definitions[head] = body
        code, cost, steps = body, _call_cost(head.definition), self.steps

        def run(scope: Environment) -> Any:
            steps.spend(cost)
            return code(tuple([_reified(argument, scope) for argument in arguments]))

        return run

    @functools.cached_property
    def callee(self) -> Compiler:
        """What compiles the bodies of definitions and all that they are applied to."""
        if self.guarded:
            return self
        return Compiler(self.domain, self.limits, self.depth, guarded=True, steps=self.steps)

    def _apply_primitive(self, function: Callable[..., Any], result: Type, arguments: list[Code]) -> Code:
        check = self.check if result is INT or result.name in ("str", "list") else None
        if len(arguments) == 1:
            (first,) = arguments

            def run_unary(scope: Environment) -> Any:
                value = function(first(scope))
                if value is BOTTOM:
                    raise Undefined
                return value if check is None else check(value, result)

            return run_unary
        if len(arguments) == 2:
            first, second = arguments
            bound = self._bound
            if result is INT:

                def run_integer(scope: Environment) -> Any:
                    value = function(first(scope), second(scope))
                    if value is BOTTOM:
                        raise Undefined
                    if -bound < value < bound:
                        return value
                    raise LimitExceeded(f"an integer of more than {bound.bit_length() - 1} bits")

                return run_integer

            def run_binary(scope: Environment) -> Any:
                value = function(first(scope), second(scope))
                if value is BOTTOM:
                    raise Undefined
                return value if check is None else check(value, result)

            return run_binary

        def run(scope: Environment) -> Any:
            value = function(*[argument(scope) for argument in arguments])
            if value is BOTTOM:
                raise Undefined
            return value if check is None else check(value, result)

        return run


def _apply_value(head: Code, arguments: list[Code]) -> Code:
    """Code that applies a parameter of function type."""
    return lambda scope: head(scope)(*[_reified(argument, scope) for argument in arguments])


def _guarded(read: Code) -> Code:
    """Code for a variable that may be ⊥ or exhausted."""

    def run(scope: Environment) -> Any:
        cell = read(scope)
        if cell is BOTTOM:
            raise Undefined
        if cell is EXHAUSTED:
            raise LimitExceeded("an argument of a definition was not computed within the limits")
        return cell

    return run


def _reified(argument: Code, scope: Environment) -> Any:
    """The cell of an argument of a definition; ⊥ and exhaustion wait for its use."""
    try:
        return argument(scope)
    except Undefined:
        return BOTTOM
    except LimitExceeded:
        return EXHAUSTED


def _call_cost(body: Term) -> int:
    """Steps that one call of a function with this body takes, but for the calls within."""
    return min(body.size, 1000)


def _lazy_code(primitive: Primitive, arguments: list[Code]) -> Code:
    """Code of a conditional: evaluates only what is taken."""
    conditional(primitive)
    if primitive.name == "and":
        return lambda scope: all(argument(scope) for argument in arguments)
    if primitive.name == "or":
        return lambda scope: any(argument(scope) for argument in arguments)
    if primitive.name == "=>":
        *antecedents, consequent = arguments
        return lambda scope: not all(argument(scope) for argument in antecedents) or consequent(scope)
    test, then, otherwise = arguments
    return lambda scope: then(scope) if test(scope) else otherwise(scope)
