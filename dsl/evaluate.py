"""Bounded evaluation of terms: the reference meaning of every program.

`evaluate` runs one program on one input. `Evaluation` runs many terms on many inputs: it keeps the column of
values (one cell per input) of every first-order sub-term, so that terms that share sub-terms share the work. λ-terms
are compiled to Python closures over the tuple of the variables in scope.

⊥ is strict except in the branch of a conditional that is not taken; `and`, `or` and `=>` are evaluated from left to
right. Every evaluation ends: loops of primitives run only through the functions given to them (whose calls are
counted as steps) or over their arguments (whose size is bounded), and values have a largest size. What exceeds a limit
is `EXHAUSTED`, which is not ⊥: it says that the meaning was not computed.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Final, TypeAlias

from dsl.domain import Domain, Primitive
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, beta_normal, strip_lambdas
from dsl.types import INT, Type
from dsl.values import BOTTOM, Bottom, Value

LARGEST_SIZE = 1 << 16
"""Most characters or elements that any primitive builds in one value, whatever the limits of an evaluation."""
_MEMO = 200_000


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
_Environment: TypeAlias = tuple[Any, ...]
_Code: TypeAlias = Callable[[_Environment], Any]


@dataclass(frozen=True)
class Limits:
    """How much one evaluation may take.

    Attributes:
        steps: primitive applications, and elements built, inside the functions given to one outermost
            application of a higher-order primitive, or inside one outermost macro call.
        size: characters of a string, elements of a list.
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


class _Undefined(Exception):
    """⊥ on its way out of a compiled λ."""


class _Steps:
    """The steps left to one outermost application of a higher-order primitive."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = 0

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise LimitExceeded("the evaluation took too many steps")


def evaluate(
    program: Term, arguments: Sequence[Value], domain: Domain, limits: Limits = DEFAULT_LIMITS
) -> Value | Bottom:
    """The value of a program on one input.

    Args:
        program: closed term with a leading λ for each argument.
        arguments: values of the parameters, first to last.
        domain: what the operators mean.
        limits: what the evaluation may take.

    Returns:
        the value, or ⊥.

    Raises:
        LimitExceeded: if a limit was reached; the meaning is then not known.
        TypeMismatch: if the number of arguments is not that of the leading λs.
        DomainError: if `domain` gives an operator no meaning.
    """
    count, body = strip_lambdas(program, len(arguments))
    if count != len(arguments):
        raise TypeMismatch(f"{len(arguments)} arguments for a program of {count} parameters: {program!r}"[:300])
    evaluation = Evaluation(domain, [tuple(arguments)], limits)
    cell = evaluation.column(body)[0]
    if isinstance(cell, Exhausted):
        raise LimitExceeded(evaluation.exhausted_because)
    return cell


class _State(Enum):
    """What the cells of a column are."""

    VALUES = 0
    MIXED = 1
    UNDEFINED = 2


_Column: TypeAlias = tuple[list[Any], _State]


class Evaluation:
    """Evaluates open terms on a fixed list of inputs, keeping every column of values.

    Attributes:
        exhausted_because: which limit was reached last.
    """

    def __init__(
        self,
        domain: Domain,
        inputs: Sequence[tuple[Value, ...]],
        limits: Limits = DEFAULT_LIMITS,
        *,
        caller: Evaluation | None = None,
    ) -> None:
        """Prepare for `inputs`; in terms the last value of an input is ``$0``.

        Args:
            domain: what the operators mean.
            inputs: values of the free variables.
            limits: what the evaluation of one term on one input may take.
            caller: the evaluation that calls a macro, whose body is evaluated here.
        """
        self.domain = domain
        self.inputs = [tuple(values) for values in inputs]
        self.limits = limits
        self.exhausted_because = "no limit was reached"
        self._nesting: int = 0 if caller is None else caller._nesting + 1
        self._calls: _Steps = _Steps() if caller is None else caller._calls
        self._memo: dict[Term, _Column] = {}
        self._compiler = _Compiler(domain, limits, limits.depth - self._nesting)

    def column(self, term: Term) -> list[Cell]:
        """The values of `term`, one per input: a value, ⊥ or `EXHAUSTED`. Do not change the list.

        Raises:
            DomainError: if an operator has no meaning in the domain.
            TypeMismatch: if a variable has no value, or the term is a function.
        """
        memo = self._memo
        if term in memo:
            return memo[term][0]
        if len(memo) > _MEMO:
            memo.clear()
        if isinstance(term, Lambda):
            raise TypeMismatch("the value of a function is asked for; apply it to arguments first")
        stack = [(term, False)]
        while stack:
            node, ready = stack.pop()
            if node in memo:
                continue
            if ready or not node.children:
                memo[node] = self._compute(node)
                continue
            stack.append((node, True))
            stack.extend((child, False) for child in node.children if type(child) is not Lambda and child not in memo)
        return memo[term][0]

    def _compute(self, node: Term) -> _Column:
        """The column of one node; those of its children are in the memo, but for λs."""
        if isinstance(node, Variable):
            return _column(self._variable(node))
        if isinstance(node, Literal):
            return [node.value] * len(self.inputs), _State.VALUES
        assert isinstance(node, Application)
        head = node.head
        if not isinstance(head, Operator):
            return self._closed_application(node)
        memo = self._memo
        columns = [None if type(argument) is Lambda else memo[argument] for argument in node.arguments]
        if head.definition is not None:
            if None in columns:
                return self._closed_application(node)
            return self._definition(head, [column for column in columns if column is not None])
        primitive = self.domain.meaning(head)
        if primitive.lazy:
            if None in columns:
                return self._closed_application(node)
            return _select(primitive, [column[0] for column in columns if column is not None])
        states = [column[1] for column in columns if column is not None]
        if _State.UNDEFINED in states and _State.MIXED not in states:
            return [BOTTOM] * len(self.inputs), _State.UNDEFINED
        function = _bound(primitive, head)
        if None in columns:
            return self._higher_order(node, function, primitive, columns)
        cells = [column[0] for column in columns if column is not None]
        if _State.MIXED not in states:
            return self._strict(function, primitive, cells)
        return _column([self._cell(function, primitive, given) for given in zip(*cells, strict=True)])

    def _variable(self, node: Variable) -> list[Any]:
        if self.inputs and node.index >= len(self.inputs[0]):
            raise TypeMismatch(f"variable ${node.index} has no value: there are {len(self.inputs[0])} inputs")
        return [values[-1 - node.index] for values in self.inputs]

    def _strict(self, function: Any, primitive: Primitive, columns: list[list[Any]]) -> _Column:
        """Apply a strict primitive to columns of values only."""
        if not columns:
            return _column([self._cell(function, primitive, ())] * len(self.inputs))
        try:
            cells = list(map(function, *columns))
            # A StopIteration of the primitive ends `map` early.
            clean = len(cells) == len(self.inputs) and self._within_limits(cells, primitive.type.result)
        except (_Undefined, LimitExceeded, MemoryError, RecursionError):
            clean = False
        except Exception as error:
            raise _broken(self.domain, error) from error
        if clean:
            return cells, _State.VALUES
        return _column([self._cell(function, primitive, given) for given in zip(*columns, strict=True)])

    def _within_limits(self, cells: list[Any], result: Type) -> bool:
        """Whether all cells are values within the limits (False if one is ⊥)."""
        if not cells:
            return True
        if BOTTOM in cells:
            return False
        if result is INT:
            bound = 1 << self.limits.bits
            return bool(max(cells) < bound and min(cells) > -bound)
        if result.name in ("str", "list"):
            return max(map(len, cells)) <= self.limits.size
        return True

    def _cell(self, function: Any, primitive: Primitive, given: Sequence[Any]) -> Any:
        """Apply a strict primitive to the cells of one input."""
        if EXHAUSTED in given:
            return EXHAUSTED
        if BOTTOM in given:
            return BOTTOM
        self._compiler.steps.left = self.limits.steps
        try:
            cell = function(*given)
            return cell if cell is BOTTOM else self._compiler.check(cell, primitive.type.result)
        except _Undefined:
            return BOTTOM
        except (LimitExceeded, MemoryError, RecursionError) as error:
            return self._exhausted(error)
        except Exception as error:
            raise _broken(self.domain, error) from error

    def _run(self, code: _Code, scope: _Environment) -> Any:
        """Run compiled code on one input."""
        self._compiler.steps.left = self.limits.steps
        try:
            return code(scope)
        except _Undefined:
            return BOTTOM
        except (LimitExceeded, MemoryError, RecursionError) as error:
            return self._exhausted(error)
        except Exception as error:
            raise _broken(self.domain, error) from error

    def _exhausted(self, error: BaseException) -> Exhausted:
        self.exhausted_because = str(error) or "the evaluation ran out of memory or recursion depth"
        return EXHAUSTED

    def _definition(self, head: Operator, columns: list[_Column]) -> _Column:
        """Apply a macro or first-order abstraction: evaluate its body on the columns of its arguments."""
        assert head.definition is not None
        calls = self._calls
        if self._nesting == 0:
            calls.left = self.limits.steps
        if self._nesting >= self.limits.depth - 1 or calls.left < 0:
            what = "took too many steps" if calls.left < 0 else f"are nested deeper than {self.limits.depth}"
            return _column([self._exhausted(LimitExceeded(f"the calls of macros {what}"))] * len(self.inputs))
        _, body = strip_lambdas(head.definition, head.arity)
        rows: list[tuple[Any, ...]] = [()] * len(self.inputs)
        if columns:
            rows = list(zip(*(cells for cells, _ in columns), strict=True))
        inner = Evaluation(self.domain, rows, self.limits, caller=self)
        cells: list[Any] = list(inner.column(body))
        calls.left -= 1 + len(inner._memo)
        # A definition is a function of values: an argument that is no value decides, used or not.
        for i, given in enumerate(rows):
            if EXHAUSTED in given or BOTTOM in given:
                cells[i] = EXHAUSTED if EXHAUSTED in given else BOTTOM
        self.exhausted_because = inner.exhausted_because
        return _column(cells)

    def _higher_order(
        self, node: Application, function: Any, primitive: Primitive, columns: list[_Column | None]
    ) -> _Column:
        """Apply a primitive some of whose arguments are λs: these become Python functions, one for each input."""
        assert isinstance(node.head, Operator)
        try:
            makers = [
                self._compiler.argument(argument, parameter) if type(argument) is Lambda else None
                for argument, parameter in zip(node.arguments, node.head.type.parameters, strict=True)
            ]
        except LimitExceeded as error:
            return _column([self._exhausted(error)] * len(self.inputs))
        given = [
            [maker(scope) for scope in self.inputs] if maker is not None else column[0]  # type: ignore[index]
            for maker, column in zip(makers, columns, strict=True)
        ]
        return self._apply_to_rows(function, primitive, list(zip(*given, strict=True)))

    def _apply_to_rows(self, function: Any, primitive: Primitive, rows: list[tuple[Any, ...]]) -> _Column:
        """Apply a higher-order primitive to the arguments of each input, without a guard around each while it can."""
        steps, allowed = self._compiler.steps, self.limits.steps
        cells: list[Any] = []
        try:
            for row, scope in zip(rows, self.inputs, strict=True):
                if not (_are_values(row) and _are_values(scope)):
                    break
                steps.left = allowed
                cells.append(function(*row))
        except (_Undefined, LimitExceeded, MemoryError, RecursionError):
            pass
        except Exception as error:
            raise _broken(self.domain, error) from error
        if len(cells) == len(rows) and self._within_limits(cells, primitive.type.result):
            return cells, _State.VALUES
        guarded = [
            self._cell(function, primitive, row) if _are_values(scope) else _strictest(scope)
            for row, scope in zip(rows, self.inputs, strict=True)
        ]
        return _column(guarded)

    def _closed_application(self, node: Application) -> _Column:
        """Evaluate an application of a variable, of a λ or of a higher-order definition, input by input."""
        try:
            code = self._compiler.code(node)
        except LimitExceeded as error:
            return _column([self._exhausted(error)] * len(self.inputs))
        return _column([self._run(code, scope) if _are_values(scope) else _strictest(scope) for scope in self.inputs])


def _column(cells: list[Any]) -> _Column:
    """Cells with their state."""
    if EXHAUSTED in cells:
        return cells, _State.MIXED
    if BOTTOM not in cells:
        return cells, _State.VALUES
    undefined = all(cell is BOTTOM for cell in cells)
    return cells, _State.UNDEFINED if undefined else _State.MIXED


def _are_values(scope: Sequence[Any]) -> bool:
    return BOTTOM not in scope and EXHAUSTED not in scope


def _strictest(scope: Sequence[Any]) -> Any:
    return EXHAUSTED if EXHAUSTED in scope else BOTTOM


def _broken(domain: Domain, error: Exception) -> DomainError:
    """What to say of a primitive whose Python meaning raised `error`: the innermost one that was running."""
    names = {getattr(p.function, "__code__", None): p.name for p in domain.primitives}
    name, trace = "a primitive", (error.__cause__ or error).__traceback__
    while trace is not None:
        name, trace = names.get(trace.tb_frame.f_code, name), trace.tb_next
    return DomainError(
        f"the Python meaning of {name} in domain {domain.name} failed with {error!r}; "
        "a primitive returns a value or BOTTOM for all arguments of its types"
    )


def _bound(primitive: Primitive, head: Operator) -> Callable[..., Any]:
    """The Python meaning of a primitive at the widths of one operator."""
    if not primitive.takes_widths:
        return primitive.function
    return functools.partial(primitive.function, widths=primitive.widths(head.type))


def _select(primitive: Primitive, columns: list[list[Any]]) -> _Column:
    """Evaluate a conditional on columns: what is not taken does not count."""
    return _column(list(map(_conditional(primitive), *columns)))


def _conditional(primitive: Primitive) -> Callable[..., Any]:
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


class _Compiler:
    """Compiles terms to closures over the tuple of variables in scope (the last one is ``$0``)."""

    def __init__(self, domain: Domain, limits: Limits, depth: int) -> None:
        self.domain, self.limits, self.depth = domain, limits, depth
        self.steps = _Steps()
        self._bound = 1 << limits.bits
        self._codes: dict[Term, _Code] = {}
        self._definitions: dict[Operator, _Code] = {}

    def check(self, value: Any, result: Type) -> Any:
        """`value` if it is within the limits.

        Raises:
            LimitExceeded: if it is not.
        """
        if result is INT:
            if not -self._bound < value < self._bound:
                raise LimitExceeded(f"an integer of more than {self.limits.bits} bits")
        elif result.name in ("str", "list"):
            if len(value) > self.limits.size:
                raise LimitExceeded(f"a value of more than {self.limits.size} elements")
            self.steps.left -= len(value) >> 3
        return value

    def code(self, term: Term) -> _Code:
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

    def _make(self, term: Term) -> _Code:
        if isinstance(term, Variable):
            return operator.itemgetter(-1 - term.index)
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
            return self._apply_value(self.code(head), [self.code(a) for a in term.arguments])
        arguments = [self.argument(a, t) for a, t in zip(term.arguments, head.type.parameters, strict=True)]
        if head.definition is not None:
            return self._apply_definition(head, arguments)
        primitive = self.domain.meaning(head)
        if primitive.lazy:
            return _lazy_code(primitive, arguments)
        return self._apply_primitive(_bound(primitive, head), primitive.type.result, arguments)

    def argument(self, term: Term, parameter: Type) -> _Code:
        """Code for an argument; a λ becomes a function of as many arguments as `parameter` has."""
        if isinstance(term, Lambda):
            return self._function(term, len(parameter.parameters) or None)
        return self.code(term)

    def _function(self, term: Lambda, arity: int | None) -> _Code:
        """Code that makes an uncurried Python function of `arity` arguments (None: of all leading λs).

        As in generators (PEP 479), no StopIteration of a primitive leaves it, which would end the loop that calls it.
        """
        count, inner = strip_lambdas(term, arity)
        if arity is not None and count < arity:
            raise TypeMismatch(f"{term!r} is not η-long: {arity} λs are needed"[:300])
        body, cost, steps = self.code(inner), _call_cost(inner), self.steps
        if count == 1:

            def make_unary(scope: _Environment) -> Callable[[Any], Any]:
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

        def make(scope: _Environment) -> Callable[..., Any]:
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

    def _apply_value(self, head: _Code, arguments: list[_Code]) -> _Code:
        return lambda scope: head(scope)(*[argument(scope) for argument in arguments])

    def _apply_definition(self, head: Operator, arguments: list[_Code]) -> _Code:
        assert head.definition is not None
        body = self._definitions.get(head)
        if body is None:
            body = self.code(strip_lambdas(head.definition, head.arity)[1])
            self._definitions[head] = body
        code, cost, steps = body, _call_cost(head.definition), self.steps

        def run(scope: _Environment) -> Any:
            steps.spend(cost)
            return code(tuple([argument(scope) for argument in arguments]))

        return run

    def _apply_primitive(self, function: Callable[..., Any], result: Type, arguments: list[_Code]) -> _Code:
        check = self.check if result is INT or result.name in ("str", "list") else None
        if len(arguments) == 1:
            (first,) = arguments

            def run_unary(scope: _Environment) -> Any:
                value = function(first(scope))
                if value is BOTTOM:
                    raise _Undefined
                return value if check is None else check(value, result)

            return run_unary
        if len(arguments) == 2:
            first, second = arguments
            bound = self._bound
            if result is INT:

                def run_integer(scope: _Environment) -> Any:
                    value = function(first(scope), second(scope))
                    if value is BOTTOM:
                        raise _Undefined
                    if -bound < value < bound:
                        return value
                    raise LimitExceeded(f"an integer of more than {bound.bit_length() - 1} bits")

                return run_integer

            def run_binary(scope: _Environment) -> Any:
                value = function(first(scope), second(scope))
                if value is BOTTOM:
                    raise _Undefined
                return value if check is None else check(value, result)

            return run_binary

        def run(scope: _Environment) -> Any:
            value = function(*[argument(scope) for argument in arguments])
            if value is BOTTOM:
                raise _Undefined
            return value if check is None else check(value, result)

        return run


def _call_cost(body: Term) -> int:
    """Steps that one call of a function with this body takes, but for the calls within."""
    return min(body.size, 1000)


def _lazy_code(primitive: Primitive, arguments: list[_Code]) -> _Code:
    """Code of a conditional: evaluates only what is taken."""
    _conditional(primitive)
    if primitive.name == "and":
        return lambda scope: all(argument(scope) for argument in arguments)
    if primitive.name == "or":
        return lambda scope: any(argument(scope) for argument in arguments)
    if primitive.name == "=>":
        *antecedents, consequent = arguments
        return lambda scope: not all(argument(scope) for argument in antecedents) or consequent(scope)
    test, then, otherwise = arguments
    return lambda scope: then(scope) if test(scope) else otherwise(scope)
