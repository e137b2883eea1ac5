"""Bounded evaluation of terms: the reference meaning of every program.

`evaluate` runs one program on one input. `Evaluation` runs many terms on many inputs: it keeps the column of
values (one cell per input) of every first-order sub-term, so that terms that share sub-terms share the work. What
stands under a λ is compiled to Python closures (`dsl.closures`).

⊥ is strict except in the branch of a conditional that is not taken; `and`, `or` and `=>` are evaluated from left to
right. Every evaluation ends: loops of primitives run only through the functions given to them (whose calls are
counted as steps) or over their arguments (whose size is bounded), and values have a largest size. What exceeds a limit
is `EXHAUSTED`, which is not ⊥: it says that the meaning was not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, TypeAlias

from dsl.closures import Compiler, Undefined, bound_meaning, conditional
from dsl.domain import Domain, Primitive
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.limits import DEFAULT_LIMITS, EXHAUSTED, Cell, Exhausted, Limits, Steps, is_larger
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, strip_lambdas
from dsl.types import INT, Type
from dsl.values import BOTTOM, Bottom, Value

_MEMO = 200_000


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


# Looking a member of an enumeration up by its name is slow in the loops below.
_VALUES, _MIXED, _UNDEFINED = _State.VALUES, _State.MIXED, _State.UNDEFINED
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
        self._calls: Steps = Steps() if caller is None else caller._calls
        self._memo: dict[Term, _Column] = {}
        self._compiler = Compiler(domain, limits, limits.depth - self._nesting, guarded=caller is not None)

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
            return [node.value] * len(self.inputs), _VALUES
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
        if _UNDEFINED in states and _MIXED not in states:
            return [BOTTOM] * len(self.inputs), _UNDEFINED
        function = bound_meaning(primitive, head)
        if None in columns:
            return self._higher_order(node, function, primitive, columns)
        cells = [column[0] for column in columns if column is not None]
        if _MIXED not in states:
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
        except (Undefined, LimitExceeded, MemoryError, RecursionError):
            clean = False
        except Exception as error:
            raise _broken(self.domain, error, primitive.name) from error
        if clean:
            return cells, _VALUES
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
        if result.name == "str":
            return max(map(len, cells)) <= self.limits.size
        if result.name == "list":
            size = self.limits.size
            for cell in cells:
                if len(cell) > size or (cell and cell[0].__class__ is tuple and is_larger(cell, size)):
                    return False
        return True

    def _cell(self, function: Any, primitive: Primitive, given: Sequence[Any]) -> Any:
        """Apply a strict primitive to the cells of one input."""
        if EXHAUSTED in given:
            return EXHAUSTED
        if BOTTOM in given:
            return BOTTOM
        return self._attempt(function, given, primitive)

    def _attempt(self, function: Callable[..., Any], given: Sequence[Any], primitive: Primitive | None = None) -> Any:
        """The cell of one call with all steps to spend; the value of a primitive is checked against the limits."""
        self._compiler.steps.left = self.limits.steps
        try:
            cell = function(*given)
            return cell if cell is BOTTOM or primitive is None else self._compiler.check(cell, primitive.type.result)
        except Undefined:
            return BOTTOM
        except (LimitExceeded, MemoryError, RecursionError) as error:
            return self._exhausted(error)
        except Exception as error:
            raise _broken(self.domain, error, "a primitive" if primitive is None else primitive.name) from error

    def _exhausted(self, error: BaseException) -> Exhausted:
        self.exhausted_because = str(error) or "the evaluation ran out of memory or recursion depth"
        return EXHAUSTED

    def _definition(self, head: Operator, columns: list[_Column]) -> _Column:
        """Apply a macro or first-order abstraction: evaluate its body on the columns of its arguments.

        An argument that is ⊥ or exhausted counts only where the body uses it, as if the definition were expanded.
        """
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
        cells: list[Any] = inner.column(body)
        calls.left -= 1 + len(inner._memo)
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
            for row in rows:
                if BOTTOM in row or EXHAUSTED in row:
                    break
                steps.left = allowed
                cells.append(function(*row))
            if len(cells) == len(rows) and self._within_limits(cells, primitive.type.result):
                return cells, _VALUES
        except (Undefined, LimitExceeded, MemoryError, RecursionError):
            pass
        except Exception as error:
            raise _broken(self.domain, error, primitive.name) from error
        return _column([self._cell(function, primitive, row) for row in rows])

    def _closed_application(self, node: Application) -> _Column:
        """Evaluate an application of a variable, of a λ or of a higher-order definition, input by input."""
        try:
            # The result may be a function, which a definition may apply to ⊥.
            code = self._compiler.callee.code(node)
        except LimitExceeded as error:
            return _column([self._exhausted(error)] * len(self.inputs))
        return _column([self._attempt(code, (scope,)) for scope in self.inputs])


def _column(cells: list[Any]) -> _Column:
    """Cells with their state."""
    if EXHAUSTED in cells:
        return cells, _MIXED
    if BOTTOM not in cells:
        return cells, _VALUES
    undefined = all(cell is BOTTOM for cell in cells)
    return cells, _UNDEFINED if undefined else _MIXED


def _broken(domain: Domain, error: Exception, called: str) -> DomainError:
    """What to say of a primitive that raised `error`, or of the one `called`, whose value made us raise it."""
    return meaning_failed(domain, broken_primitive(domain, error) or called, error)


def meaning_failed(domain: Domain, name: str, error: Exception) -> DomainError:
    """What to say of the primitive `name` of a domain that raised `error`."""
    return DomainError(
        f"the Python meaning of {name} in domain {domain.name} failed with {error!r}; "
        "a primitive returns a value or BOTTOM for all arguments of its types"
    )


def broken_primitive(domain: Domain, error: Exception) -> str | None:
    """The innermost primitive of a domain that was running when `error` was raised, or None if none was."""
    names = {}
    for primitive in domain.primitives:
        for meaning in (primitive.batched, primitive.function):
            names[getattr(meaning, "__code__", None)] = primitive.name
    name = None
    # A generator makes a RuntimeError of a StopIteration, which only the cause has the frames of.
    for raised in (error, error.__cause__):
        trace = None if raised is None else raised.__traceback__
        while trace is not None:
            name, trace = names.get(trace.tb_frame.f_code, name), trace.tb_next
    return name


def _select(primitive: Primitive, columns: list[list[Any]]) -> _Column:
    """Evaluate a conditional on columns: what is not taken does not count."""
    return _column(list(map(conditional(primitive), *columns)))
