"""Z3 on Horn clauses: Spacer, which finds relations, and checks of candidates clause by clause.

Every Spacer run has a Z3 context of its own: names and numbers left over from other work would change what it finds,
and equal runs are to be equal. It also lets the memory of a run go when it ends.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import z3

from dsl.domain import Domain
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.smt import sort_of, to_z3, value_from_z3
from dsl.spec import Function
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import BOOL, INT, Type, bit_vector
from dsl.values import Value
from wake_sleep.wake.invariants.child import result_of
from wake_sleep.wake.invariants.clauses import HornSystem, Step
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.solver import watched

STEPS_OF_CHECK: Final = 2_000_000
"""What one check of one clause may take, in Z3's resource units; about two seconds."""
STEPS_OF_SECOND: Final = 500_000
"""Least number of steps of Spacer in a second; a run that takes longer for them is ended."""
STEPS_OF_SECOND_OF_BITS: Final = 2_000_000
"""The same on bit-vectors, where many a run makes no step at all after a while."""
_DEEPEST: Final = 200
"""Most levels of a relation that is read."""


class Undecided(Exception):
    """Z3 gives no answer within its limits, or one that says nothing."""


class Inexpressible(Exception):
    """A relation that Z3 found is no term of the domain."""


@dataclass(frozen=True)
class SpacerSettings:
    """How Spacer is run.

    Attributes:
        options: parameters of Z3's fixed-point engine, by name.
    """

    options: Mapping[str, bool | int] = field(default_factory=dict)


class Unsafe(Exception):
    """Spacer derives a contradiction from the clauses, whatever the invariant is."""


class HornSolver:
    """Asks Z3 about one system of Horn clauses.

    Attributes:
        system: the clauses.
        meter: bounds every question.
    """

    def __init__(self, system: HornSystem, meter: Meter) -> None:
        """Translate the clauses.

        Raises:
            DomainError: if they speak of what Z3 knows nothing of.
        """
        self.system, self.meter = system, meter
        self.context = z3.Context()
        variables = system.condition.variables
        self._variables = [z3.Const(f"v{i}", sort_of(t)) for i, (_, t) in enumerate(variables)]
        self._parameters = [z3.Const(f"p{i}", sort_of(t)) for i, (_, t) in enumerate(system.function.parameters)]
        self._own_parameters = [p.translate(self.context) for p in self._parameters]
        self._own_variables = [v.translate(self.context) for v in self._variables]
        self._clauses = [
            _Clause(
                tuple(tuple(map(self._expression, arguments)) for arguments in clause.premises),
                self._expression(clause.constraint),
                None if clause.conclusion is None else tuple(map(self._expression, clause.conclusion)),
            )
            for clause in system.clauses
        ]
        self._solvers: dict[int, z3.Solver] = {}
        self._has_bits = any(t.name == "bv" for _, t in variables)

    def _expression(self, term: Term) -> z3.ExprRef:
        return to_z3(term, self._variables, self.system.domain)

    # Spacer.

    def relation(self, settings: SpacerSettings, steps: int) -> Term:
        """A body for the invariant by Spacer (Komuravelli, Gurfinkel and Chaki, CAV 2014).

        It may mention what the grammar does not have, and is to be verified.

        Args:
            settings: how it is run.
            steps: what it may take, in resource units.

        Raises:
            Unsafe: if there is none.
            Undecided: if it gives no answer.
            Inexpressible: if its answer is no term.
        """
        seconds = self.meter.seconds_left
        if seconds is None:
            if self._has_bits:
                raise Undecided("on bit-vectors it keeps to no limit in steps")
            return self._relation(settings, steps)
        nominal = steps / (STEPS_OF_SECOND_OF_BITS if self._has_bits else STEPS_OF_SECOND)
        found = result_of(lambda: self._outcome(settings, steps), min(seconds, nominal))
        if found is None:
            raise Undecided("it ended without an answer")
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Term)
        return found

    def _outcome(self, settings: SpacerSettings, steps: int) -> Term | Exception:
        try:
            return self._relation(settings, steps)
        except (Unsafe, Undecided, Inexpressible) as error:
            return error

    def _relation(self, settings: SpacerSettings, steps: int) -> Term:
        context = z3.Context()
        solver = z3.SolverFor("HORN", ctx=context)
        for name, value in settings.options.items():
            solver.set(f"fp.{name}", value)
        predicate = z3.Function("inv", *(p.sort() for p in self._parameters), z3.BoolSort())
        text = z3.Solver()
        text.add([clause.rule(predicate, self._variables) for clause in self._clauses])
        # Read from text, expressions are numbered as they stand there; translated, as they were made.
        solver.add(z3.parse_smt2_string(text.sexpr(), ctx=context))
        answer = self._ask(solver, steps)
        if answer == z3.unsat:
            raise Unsafe
        if answer == z3.unknown:
            raise Undecided(solver.reason_unknown())
        parameters = [p.translate(context) for p in self._parameters]
        call = predicate.translate(context)(*parameters)
        found = solver.model().eval(call)
        if found.eq(call):
            return Literal(True, BOOL)
        return _Reading(self.system.domain, self.system.function).term(z3.simplify(found), parameters)

    def _ask(self, solver: z3.Solver, steps: int, *assumptions: z3.BoolRef) -> Any:
        """The answer of a solver within `steps` and what the meter leaves.

        Raises:
            KeyboardInterrupt: if the user interrupted it, or whatever a handler of a signal raises.
        """
        seconds = self.meter.seconds_left
        solver.set("rlimit", steps)
        solver.set("ctrl_c", False)
        if seconds is not None:
            solver.set("timeout", max(1, int(1000 * seconds)))
        with watched(solver.ctx, seconds):
            return solver.check(*assumptions)

    # Candidates, clause by clause.

    @contextlib.contextmanager
    def lemmas(self, formulas: Sequence[Term]) -> Iterator[Lemmas]:
        """Formulas over the parameters, any conjunction of which can be checked."""
        made = []
        for formula in formulas:
            self.meter.spend(0)
            made.append(to_z3(formula, self._parameters, self.system.domain).translate(self.context))
        with contextlib.ExitStack() as levels:
            yield Lemmas(self, made, levels)

    def _solver(self, number: int) -> z3.Solver:
        """A solver that knows the constraint of a clause."""
        if number not in self._solvers:
            solver = z3.Solver(ctx=self.context)
            solver.add(self._clauses[number].constraint.translate(self.context))
            self._solvers[number] = solver
        return self._solvers[number]

    def _put(self, formula: z3.ExprRef, arguments: tuple[z3.ExprRef, ...]) -> z3.ExprRef:
        own = (a.translate(self.context) for a in arguments)
        pairs = list(zip(self._own_parameters, own, strict=True))
        return z3.substitute(formula, *pairs) if pairs else formula

    def _step(self, number: int, model: z3.ModelRef, variables: Sequence[z3.ExprRef]) -> Step:
        """The instance of a clause that a model shows."""
        values: list[Value] = []
        for variable, (_, type_) in zip(variables, self.system.condition.variables, strict=True):
            try:
                values.append(value_from_z3(model.eval(variable, model_completion=True), type_))
            except (TypeMismatch, LimitExceeded) as error:
                raise Undecided("Z3 names an input that has no value here") from error
        step = self.system.step(number, tuple(values))
        if step is None:
            raise Undecided("SMT-LIB leaves open what the condition depends on, such as a division by zero")
        return step

    # Traces.

    def unrolled(self, depth: int, steps: int) -> list[Step] | None:
        """A derivation of a contradiction by exactly `depth` clauses, each with at most one premise; None if none is.

        Bounded model checking (Biere, Cimatti, Clarke and Zhu, TACAS 1999).

        Raises:
            Undecided: if Z3 gives no answer.
        """
        solver = z3.Solver(ctx=self.context)
        chosen: list[dict[int, tuple[z3.BoolRef, list[z3.ExprRef]]]] = []
        state: list[z3.ExprRef] | None = None
        for level in range(depth):
            is_last = level == depth - 1
            following = [z3.Const(f"s{level} {i}", p.sort()) for i, p in enumerate(self._own_parameters)]
            options: dict[int, tuple[z3.BoolRef, list[z3.ExprRef]]] = {}
            for number, clause in enumerate(self._clauses):
                if len(clause.premises) != (level > 0) or (clause.conclusion is None) != is_last:
                    continue
                own = [z3.Const(f"u{level} {number} {i}", v.sort()) for i, v in enumerate(self._own_variables)]
                selector = z3.Bool(f"c{level} {number}", self.context)
                parts = [self._at(clause.constraint, own)]
                if state is not None:
                    parts += [a == self._at(b, own) for a, b in zip(state, clause.premises[0], strict=True)]
                if clause.conclusion is not None:
                    parts += [a == self._at(b, own) for a, b in zip(following, clause.conclusion, strict=True)]
                solver.add(z3.Implies(selector, z3.And(parts)))
                options[number] = (selector, own)
            if not options:
                return None
            solver.add(z3.Or([selector for selector, _ in options.values()]))
            chosen.append(options)
            state = following
        answer = self._ask(solver, steps)
        if answer == z3.unknown:
            raise Undecided(solver.reason_unknown())
        return None if answer == z3.unsat else self._trace(solver.model(), chosen)

    def _at(self, expression: z3.ExprRef, own: Sequence[z3.ExprRef]) -> z3.ExprRef:
        pairs = list(zip(self._own_variables, own, strict=True))
        translated = expression.translate(self.context)
        return z3.substitute(translated, *pairs) if pairs else translated

    def _trace(
        self, model: z3.ModelRef, chosen: Sequence[Mapping[int, tuple[z3.BoolRef, list[z3.ExprRef]]]]
    ) -> list[Step]:
        taken = [next((n, own) for n, (c, own) in o.items() if z3.is_true(model.eval(c))) for o in chosen]
        trace = [self._step(number, model, own) for number, own in taken]
        if any((one.conclusion,) != other.premises for one, other in itertools.pairwise(trace)):
            raise Undecided("SMT-LIB leaves open what the condition depends on, such as a division by zero")
        return trace


@dataclass(frozen=True)
class _Clause:
    """A clause over the variables of the main context."""

    premises: tuple[tuple[z3.ExprRef, ...], ...]
    constraint: z3.ExprRef
    conclusion: tuple[z3.ExprRef, ...] | None

    def rule(self, predicate: z3.FuncDeclRef, variables: Sequence[z3.ExprRef]) -> z3.BoolRef:
        """The clause as a closed formula."""
        body = z3.And([*(predicate(*premise) for premise in self.premises), self.constraint])
        head = z3.BoolVal(False) if self.conclusion is None else predicate(*self.conclusion)
        rule = z3.Implies(body, head)
        return z3.ForAll(list(variables), rule) if variables else rule


class Lemmas:
    """Formulas over the parameters; which conjunctions of them are kept by which clauses."""

    def __init__(self, solver: HornSolver, formulas: Sequence[z3.ExprRef], levels: contextlib.ExitStack) -> None:
        self._horn, self._formulas, self._levels = solver, formulas, levels
        self._places: dict[int, _Places] = {}

    def violation(self, number: int, active: Sequence[int], steps: int = STEPS_OF_CHECK) -> Step | None:
        """An instance of a clause at which the conjunction of some formulas fails, or None if there is none.

        Raises:
            Undecided: if Z3 gives no answer.
        """
        places = self._places.get(number)
        if places is None:
            places = self._places[number] = self._prepared(number)
        solver = self._horn._solver(number)
        assumptions = [places.assumed[i] for i in active if places.assumed]
        solver.push()
        try:
            if places.wanted:
                solver.add(z3.Or([z3.Not(places.wanted[i]) for i in active] + [z3.BoolVal(False, self._horn.context)]))
            answer = self._horn._ask(solver, steps, *assumptions)
            if answer == z3.unknown:
                raise Undecided(solver.reason_unknown())
            return None if answer == z3.unsat else self._horn._step(number, solver.model(), self._horn._own_variables)
        finally:
            solver.pop()

    def _prepared(self, number: int) -> _Places:
        clause, solver = self._horn._clauses[number], self._horn._solver(number)
        solver.push()
        self._levels.callback(solver.pop)
        context = self._horn.context
        assumed = []
        if clause.premises:
            for i, formula in enumerate(self._formulas):
                self._horn.meter.spend(0)
                label = z3.Bool(f"lemma {i}", context)
                made = z3.And([self._horn._put(formula, premise) for premise in clause.premises])
                solver.add(z3.Implies(label, made))
                assumed.append(label)
        conclusion = clause.conclusion
        wanted = [] if conclusion is None else [self._horn._put(f, conclusion) for f in self._formulas]
        return _Places(assumed, wanted)


@dataclass(frozen=True)
class _Places:
    """Labels that assert formulas of the premises of a clause, and the formulas of its conclusion."""

    assumed: list[z3.BoolRef]
    wanted: list[z3.ExprRef]


class _Reading:
    """Reads expressions over parameters as terms."""

    def __init__(self, domain: Domain, function: Function) -> None:
        self.domain = domain
        self.types = [t for _, t in function.parameters]

    def term(self, expression: z3.ExprRef, parameters: Sequence[z3.ExprRef]) -> Term:
        count = len(parameters)
        leaves: dict[int, tuple[Term, Type]] = {}
        for i, parameter in enumerate(parameters):
            leaves[parameter.get_id()] = Variable(count - 1 - i), self.types[i]
        return self.read(expression, leaves, 0)[0]

    def read(self, expression: z3.ExprRef, leaves: dict[int, tuple[Term, Type]], depth: int) -> tuple[Term, Type]:
        found = leaves.get(expression.get_id())
        if found is not None:
            return found
        if depth > _DEEPEST or not z3.is_app(expression):
            raise Inexpressible("a relation with quantifiers or too many levels")
        made = self.leaf(expression)
        if made is None:
            given = [self.read(child, leaves, depth + 1) for child in expression.children()]
            made = self.applied(expression.decl(), given)
        leaves[expression.get_id()] = made
        return made

    def leaf(self, expression: z3.ExprRef) -> tuple[Term, Type] | None:
        type_ = _type_of(expression.sort())
        if expression.num_args():
            return None
        try:
            return Literal(value_from_z3(expression, type_), type_), type_
        except (TypeMismatch, LimitExceeded) as error:
            raise Inexpressible(f"{str(expression)[:80]} is no value") from error

    def applied(self, declaration: z3.FuncDeclRef, given: Sequence[tuple[Term, Type]]) -> tuple[Term, Type]:
        name = {"if": "ite"}.get(declaration.name(), declaration.name())
        indices = tuple(declaration.params()) if name in ("extract", "zero_extend", "sign_extend") else ()
        total, type_ = given[0]
        types = [t for _, t in given]
        if len(given) <= 2 or name == "ite":
            return self.made(name, [t for t, _ in given], types, indices)
        if name not in ("and", "or", "xor", "+", "-", "*") and not name.startswith(("bv", "concat")):
            raise Inexpressible(f"{name} of {len(given)} arguments")
        for term, other in given[1:]:
            total, type_ = self.made(name, [total, term], [type_, other], indices)
        return total, type_

    def made(
        self, name: str, given: Sequence[Term], types: Sequence[Type], indices: tuple[int, ...]
    ) -> tuple[Term, Type]:
        try:
            found = self.domain.overload(name, types, indices)
        except (DomainError, TypeMismatch) as error:
            raise Inexpressible(f"{name} is no operator of {self.domain.name}") from error
        if found is None:
            raise Inexpressible(f"{name} is no operator of {self.domain.name}")
        return Application(found.operator, tuple(given)), found.result


def _type_of(sort: z3.SortRef) -> Type:
    if sort.kind() == z3.Z3_BOOL_SORT:
        return BOOL
    if sort.kind() == z3.Z3_INT_SORT:
        return INT
    if sort.kind() == z3.Z3_BV_SORT:
        return bit_vector(sort.size())
    raise Inexpressible(f"a relation over {sort}")
