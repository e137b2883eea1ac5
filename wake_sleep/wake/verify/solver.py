"""Z3 as the verifier of conditions: one translation of a spec, one equation a call for every candidate.

The negated condition is asserted once, with a fresh symbol for every call of an unknown function. A candidate adds the
equations of its calls and is checked; that costs 0.1 to 0.9 ms where a fresh solver each time costs 3 to 600. What
the incremental solver does not settle within a short limit is given to a fresh one with the rest of the time.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import z3

from dsl.errors import LimitExceeded, TypeMismatch
from dsl.smt import forget_templates, sort_of, to_z3, value_from_z3, value_to_z3
from dsl.terms import Operator, Term, strip_lambdas
from dsl.types import BOOL
from dsl.values import Value
from wake_sleep.wake.outcome import Judgement, Verdict
from wake_sleep.wake.verify.condition import Condition, Point

SHORT_MILLISECONDS: Final = 100
"""What the incremental solver may take for one check."""
SHORT_STEPS: Final = 200_000
"""The same in Z3's resource units, where nothing may depend on a clock."""
LONG_STEPS: Final = 20_000_000
"""What a fresh solver may take for one check, in resource units."""
KEPT_POINTS: Final = 400
"""Most counterexamples that are kept."""


@dataclass(frozen=True)
class Allowance:
    """What one check may take.

    Attributes:
        seconds: on the clock, or None if only steps count.
    """

    seconds: float | None = None


class Translation:
    """A condition in Z3, with a symbol for every call of an unknown function.

    Attributes:
        context: where all of it lives.
        variables: what stands for the variables of the condition.
        calls: the calls, those within arguments of others first.
        clauses: what must hold.
    """

    def __init__(self, condition: Condition) -> None:
        """Translate a condition.

        Raises:
            DomainError: if it speaks of what Z3 knows nothing of.
        """
        self.condition = condition
        # A context of its own: what Z3 answers depends on all that was made in a context before.
        self.context = context = z3.Context()
        names = enumerate(condition.variables)
        self.variables = [z3.Const(f"{name} {i}", sort_of(t, context)) for i, (name, t) in names]
        self.calls: list[Call] = []
        functions = {f.operator: self._symbol_of(f.operator) for f in condition.functions}
        self.clauses = [
            to_z3(c, self.variables, condition.domain, functions, context=context) for c in condition.clauses
        ]

    def _symbol_of(self, operator: Operator) -> Any:
        known: dict[tuple[int, ...], z3.ExprRef] = {}

        def make(*arguments: z3.ExprRef) -> z3.ExprRef:
            key = tuple(argument.get_id() for argument in arguments)
            if key not in known:
                known[key] = z3.FreshConst(sort_of(operator.type.result, self.context), operator.name)
                self.calls.append(Call(operator, arguments, known[key]))
            return known[key]

        return make

    def values(self, point: Point) -> list[tuple[z3.ExprRef, z3.ExprRef]]:
        """The variables with their values at a point, to be substituted."""
        given = zip(self.variables, point, self.condition.variables, strict=True)
        return [(variable, value_to_z3(value, type_, self.context)) for variable, value, (_, type_) in given]

    def at(self, point: Point) -> list[z3.BoolRef]:
        """The clauses at a point; calls are symbols still."""
        pairs = self.values(point)
        return [z3.simplify(z3.substitute(clause, *pairs)) if pairs else clause for clause in self.clauses]


class ConditionVerifier:
    """Checks programs against a condition.

    Attributes:
        points: the counterexamples so far, which every candidate is tried on first.
        translation: the condition in Z3.
        checks: how many candidates Z3 was asked about.
        replayed: how many were refuted by a point that was known.
    """

    def __init__(self, condition: Condition) -> None:
        """Translate the condition.

        Raises:
            DomainError: see `Translation`.
        """
        self.condition = condition
        self.points: list[Point] = []
        self.checks = self.replayed = 0
        self.translation = Translation(condition)
        self._context = context = self.translation.context
        self._negated = z3.Not(z3.And([*self.translation.clauses, z3.BoolVal(True, context)]))
        self._solver = z3.Solver(ctx=context)
        self._solver.add(self._negated)
        sorts = [t for _, t in condition.variables] + [c.operator.type.result for c in self.translation.calls]
        self._has_only_bits = all(t is BOOL or t.name == "bv" for t in sorts)

    def close(self) -> None:
        """Let go of the memory of Z3; nothing is asked afterwards."""
        forget_templates(self._context)

    def check(self, programs: Mapping[str, Term], allowance: Allowance) -> Verdict:
        """Whether programs meet the condition for all values of its variables.

        Returns:
            ``proved``, ``refuted`` with a point at which the interpreter finds a clause not true, or ``unknown``.
        """
        known = self.condition.failing(programs, self.points)
        if known:
            self.replayed += 1
            return Verdict(Judgement.REFUTED, "a condition fails", "", self.points[known[0]])
        self.checks += 1
        equations = self._equations(programs)
        answer, model, reason = self._decide(equations, allowance)
        if answer == z3.unsat:
            return Verdict(Judgement.PROVED)
        if answer == z3.unknown:
            return Verdict(Judgement.UNKNOWN, f"Z3 gives no answer: {reason}")
        point = self._point(model)
        if point is None:
            return Verdict(Judgement.UNKNOWN, "Z3 names an input that has no value here")
        if not self.condition.failing(programs, [point]):
            reason = "SMT-LIB leaves open what the condition depends on, such as a division by zero"
            return Verdict(Judgement.UNKNOWN, reason)
        self.add_point(point)
        return Verdict(Judgement.REFUTED, "a condition fails", "", point)

    def add_point(self, point: Point) -> None:
        """Keep a point that candidates are tried on."""
        if point not in self.points:
            self.points.append(point)
            del self.points[:-KEPT_POINTS]

    def _equations(self, programs: Mapping[str, Term]) -> list[z3.BoolRef]:
        found = []
        for call in self.translation.calls:
            _, body = strip_lambdas(programs[call.operator.name], call.operator.arity)
            found.append(call.symbol == to_z3(body, call.arguments, self.condition.domain, context=self._context))
        return found

    def _decide(self, equations: Sequence[z3.BoolRef], allowance: Allowance) -> tuple[Any, Any, str]:
        """The answer on the negated condition with these equations, a model, and the reason of an unknown."""
        solver = self._solver
        solver.push()
        try:
            solver.add(*equations)
            answer = run(solver, allowance, SHORT_MILLISECONDS, SHORT_STEPS)
            if answer != z3.unknown:
                return answer, solver.model() if answer == z3.sat else None, ""
        finally:
            solver.pop()
        fresh = z3.SolverFor("QF_BV", ctx=self._context) if self._has_only_bits else z3.Solver(ctx=self._context)
        symbols = [
            (call.symbol, equation.arg(1)) for call, equation in zip(self.translation.calls, equations, strict=True)
        ]
        negated = self._negated
        # The calls within arguments of others come first, and are put in last.
        for symbol, value in reversed(symbols):
            negated = z3.substitute(negated, (symbol, value))
        fresh.add(z3.simplify(negated))
        answer = run(fresh, allowance, None, LONG_STEPS)
        return answer, fresh.model() if answer == z3.sat else None, _reason(fresh) if answer == z3.unknown else ""

    def _point(self, model: z3.ModelRef) -> Point | None:
        values = []
        for variable, (_, type_) in zip(self.translation.variables, self.condition.variables, strict=True):
            try:
                values.append(value_from_z3(model.eval(variable, model_completion=True), type_))
            except (TypeMismatch, LimitExceeded):
                return None
        return tuple(values)

    # Outputs at points.

    def excludes(self, point: Point, values: Mapping[str, Sequence[Value]], allowance: Allowance) -> bool:
        """Whether the condition is false at a point whatever the calls of some functions give of certain values.

        Args:
            point: values of the variables.
            values: for functions by name, what their calls may give.
            allowance: what it may take.
        """
        solver = z3.Solver(ctx=self._context)
        solver.add(*self.translation.at(point))
        for call in self.translation.calls:
            if call.operator.name in values:
                result = call.operator.type.result
                known = [call.symbol == value_to_z3(v, result, self._context) for v in values[call.operator.name]]
                solver.add(z3.Or([*known, z3.BoolVal(False, self._context)]))
        return bool(run(solver, allowance, None, LONG_STEPS) == z3.unsat)

    def contradiction(self, points: Sequence[Point], allowance: Allowance) -> list[Point] | None:
        """Points at which no functions whatever meet the condition together, or None if none were found.

        The functions are uninterpreted symbols; what contradicts itself at a few points has no program.
        """
        solver = z3.Solver(ctx=self._context)
        result, given = {}, {}
        for f in self.condition.functions:
            sorts = [sort_of(t, self._context) for t in (*f.operator.type.parameters, f.result)]
            result[f.operator] = z3.Function(f"{f.name} anything", *sorts)
        labels = [z3.Bool(f"point {i}", self._context) for i in range(len(points))]
        for label, point in zip(labels, points, strict=True):
            pairs = self.translation.values(point)
            made: list[tuple[z3.ExprRef, z3.ExprRef]] = []
            for call in self.translation.calls:
                # Calls within the arguments come first.
                arguments = [z3.substitute(z3.substitute(a, *pairs), *made) for a in call.arguments]
                made.append((call.symbol, result[call.operator](*arguments)))
            solver.add(*[z3.Implies(label, z3.substitute(clause, *made)) for clause in self.translation.at(point)])
            given[label.get_id()] = point
        if run(solver, allowance, None, SHORT_STEPS, *labels) != z3.unsat:
            return None
        return [given[label.get_id()] for label in solver.unsat_core()]

    def outputs(self, point: Point, allowance: Allowance, most: int = 2) -> list[Value] | None:
        """Some values of the `single_call` of the condition that meet it at a point.

        Args:
            point: values of the variables.
            allowance: what it may take.
            most: how many values are looked for; fewer are returned only if there are no more.

        Returns:
            the values, or None if Z3 gives no answer.
        """
        (call,) = self.translation.calls
        solver = z3.Solver(ctx=self._context)
        solver.add(*self.translation.at(point))
        found: list[Value] = []
        while len(found) < most:
            answer = run(solver, allowance, None, LONG_STEPS)
            if answer == z3.unknown:
                return None
            if answer == z3.unsat:
                break
            literal = solver.model().eval(call.symbol, model_completion=True)
            try:
                found.append(value_from_z3(literal, call.operator.type.result))
            except (TypeMismatch, LimitExceeded):
                return None
            solver.add(call.symbol != literal)
        return found


@dataclass(frozen=True)
class Call:
    """A call of an unknown function, and the symbol that stands for it."""

    operator: Operator
    arguments: tuple[z3.ExprRef, ...]
    symbol: z3.ExprRef


def run(solver: z3.Solver, allowance: Allowance, milliseconds: int | None, steps: int, *assumptions: z3.BoolRef) -> Any:
    """The answer of a solver within limits.

    Args:
        solver: what is asked.
        allowance: what may be spent.
        milliseconds: a shorter limit on the clock, or None.
        steps: the limit, in Z3's resource units, if nothing may depend on a clock.
        assumptions: what is to hold beside what the solver knows.

    Raises:
        KeyboardInterrupt: if the user interrupted it, or whatever a handler of a signal raises.
    """
    seconds = allowance.seconds
    # Z3 would keep Ctrl-C from Python for the time of a check, and does not always say that there was one.
    solver.set("ctrl_c", False)
    if seconds is None:
        solver.set("rlimit", steps)
        with contextlib.nullcontext() if milliseconds is not None else watched(solver.ctx, None):
            return solver.check(*assumptions)
    limit = max(1, int(1000 * seconds))
    # A watchdog costs a thread: most answers are there before one is worth it.
    short = min(limit, SHORT_MILLISECONDS if milliseconds is None else milliseconds)
    solver.set("timeout", short)
    answer = solver.check(*assumptions)
    if answer != z3.unknown or short == limit or milliseconds is not None:
        return answer
    solver.set("timeout", limit)
    with watched(solver.ctx, seconds):
        return solver.check(*assumptions)


@contextlib.contextmanager
def watched(context: z3.Context, seconds: float | None) -> Iterator[None]:
    """Interrupt Z3 when a signal comes that Python handles, or should it not keep to its own limit.

    Args:
        context: where Z3 works.
        seconds: its limit on the clock, or None.
    """
    with _ended_by_signals(context), contextlib.nullcontext() if seconds is None else _ended_after(seconds, context):
        yield


@contextlib.contextmanager
def _ended_by_signals(context: z3.Context) -> Iterator[None]:
    """Interrupt Z3 when a signal comes that Python handles, so that its handler runs now and not after the check."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    listening, told = socket.socketpair()
    told.setblocking(False)

    def listen() -> None:
        while listening.recv(1):
            context.interrupt()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    former = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(former)
        told.close()
        listener.join()
        listening.close()


def _reason(solver: z3.Solver) -> str:
    return str(solver.reason_unknown()).strip("()") or "no reason is given"


@contextlib.contextmanager
def _ended_after(seconds: float, context: z3.Context) -> Iterator[None]:
    timer = threading.Timer(1.02 * seconds + 0.05, context.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
