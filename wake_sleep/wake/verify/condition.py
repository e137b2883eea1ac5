"""The condition of a spec in one form: clauses over declared variables that must hold for all their values.

Examples, constraints under assumptions, and the three implications of an invariant problem all become clauses. A
clause calls the unknown functions; with programs for them it can be evaluated at a point (values of all variables) or
be given to a solver.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.limits import DEFAULT_LIMITS, Cell, Limits
from dsl.spec import Function, Invariant, Spec, expand_calls
from dsl.terms import (
    FUNCTION,
    MACRO,
    Application,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    free_variables,
    operators,
    postorder,
    rebuild,
    rename,
)
from dsl.types import BOOL, Type
from dsl.values import Value

Point = tuple[Value, ...]
"""A value for every variable of a condition, the first declared one first."""


@dataclass(frozen=True)
class Condition:
    """What must hold.

    Attributes:
        domain: what the operators mean.
        functions: the functions to find.
        variables: names and types; the last one is ``$0`` in the clauses.
        clauses: Boolean terms over the variables; macros that call an unknown function are expanded.
    """

    domain: Domain
    functions: tuple[Function, ...]
    variables: tuple[tuple[str, Type], ...]
    clauses: tuple[Term, ...]

    @functools.cached_property
    def calls(self) -> tuple[Application, ...]:
        """The distinct calls of unknown functions, those within arguments of others first."""
        found: dict[Application, None] = {}
        for node in postorder(self.clauses):
            if isinstance(node, Application) and isinstance(node.head, Operator) and node.head.kind == FUNCTION:
                found[node] = None
        return tuple(found)

    @functools.cached_property
    def single_call(self) -> Application | None:
        """The call of the only function, if all calls are the same one and its arguments are distinct variables."""
        if len(self.calls) != 1 or len(self.functions) != 1:
            return None
        (call,) = self.calls
        is_plain = all(isinstance(argument, Variable) for argument in call.arguments)
        return call if is_plain and len(set(call.arguments)) == len(call.arguments) else None

    def with_programs(self, programs: Mapping[str, Term]) -> list[Term]:
        """The clauses with closed programs in the place of the unknown functions."""
        defined = {
            function.operator: Operator(function.name, function.type, MACRO, programs[function.name])
            for function in self.functions
        }
        return [with_operators(clause, defined) for clause in self.clauses]

    def failing(
        self, programs: Mapping[str, Term], points: Sequence[Point], limits: Limits = DEFAULT_LIMITS
    ) -> list[int]:
        """Positions of the points at which a clause is not true: false, ⊥, or beyond the limits."""
        if not points:
            return []
        evaluation = Evaluation(self.domain, points, limits)
        failing: set[int] = set()
        for clause in self.with_programs(programs):
            failing.update(i for i, cell in enumerate(evaluation.column(clause)) if cell is not True)
        return sorted(failing)

    def arguments(self, call: Application, point: Point) -> tuple[Cell, ...]:
        """The values of the arguments of a call without calls in them."""
        evaluation = Evaluation(self.domain, [point])
        return tuple(evaluation.column(argument)[0] for argument in call.arguments)

    def relation(self) -> list[Term]:
        """The clauses of a condition with a `single_call` as a relation of inputs and output.

        Its variables are those of the condition and, as ``$0``, the output.
        """
        assert self.single_call is not None
        found = self.abstracted()
        assert found is not None
        return found

    def parts(self) -> list[Condition]:
        """The conditions that functions must meet which no clause speaks of together, in the order of the functions."""
        groups: list[set[Operator]] = [{function.operator} for function in self.functions]
        called = [{o for o in operators(clause) if o.kind == FUNCTION} for clause in self.clauses]
        for together in called:
            joined = [group for group in groups if group & together]
            groups = [group for group in groups if not group & together]
            groups += [set().union(*joined)] if joined else []
        places = {function.operator: place for place, function in enumerate(self.functions)}
        groups.sort(key=lambda group: min(places[operator] for operator in group))
        return [
            dataclasses.replace(
                self,
                functions=tuple(f for f in self.functions if f.operator in group),
                clauses=tuple(c for c, own in zip(self.clauses, called, strict=True) if own & group or not own),
            )
            for group in groups
        ]

    def eliminated(self) -> Iterator[tuple[Function, Term, Condition]]:
        """Functions that a clause states in terms of the others, with that statement and what is asked of the others.

        The statement is a body over the parameters, which may call the other functions.
        """
        if len(self.functions) < 2:
            return
        for clause in self.clauses:
            for call, stated in _equations(clause):
                count = len(call.arguments)
                numbers = {a.index: count - 1 - i for i, a in enumerate(call.arguments) if isinstance(a, Variable)}
                if len(numbers) < count or not set(free_variables(stated)) <= set(numbers):
                    continue
                if call.head in operators(stated):
                    continue
                assert isinstance(call.head, Operator)
                body = rename(stated, numbers)
                others = tuple(f for f in self.functions if f.operator is not call.head)
                macro = Operator(call.head.name, call.head.type, MACRO, abstract(body, count))
                rest = [expand_calls(with_operators(c, {call.head: macro})) for c in self.clauses if c is not clause]
                (own,) = (f for f in self.functions if f.operator is call.head)
                yield own, body, dataclasses.replace(self, functions=others, clauses=tuple(rest))

    def abstracted(self) -> list[Term] | None:
        """The clauses with a variable for each of the `calls`, the first of which is ``$0``.

        The variables of the condition are moved up. None if calls stand in arguments of others.
        """
        if any(calls_functions(argument) for call in self.calls for argument in call.arguments):
            return None
        count = len(self.calls)
        places: dict[Term, Term] = {call: Variable(number) for number, call in enumerate(self.calls)}
        found = []
        for clause in self.clauses:
            done: dict[Term, Term] = {}
            for node in postorder([clause]):
                if node in places:
                    done[node] = places[node]
                elif isinstance(node, Variable):
                    done[node] = Variable(node.index + count)
                else:
                    done[node] = rebuild(node, [done[child] for child in node.children])
            found.append(done[clause])
        return found

    def definition(self) -> Term | None:
        """What the output of a `single_call` is stated to equal, as a term over the variables, if that is stated."""
        call = self.single_call
        for clause in self.clauses if call is not None else ():
            if isinstance(clause, Application) and isinstance(clause.head, Operator) and clause.head.name == "=":
                left, right = clause.arguments[0], clause.arguments[-1]
                for side, other in ((left, right), (right, left)):
                    if len(clause.arguments) == 2 and side is call and not calls_functions(other):
                        return other
        return None


def condition_of(spec: Spec, domain: Domain) -> Condition:
    """All that a spec asks, examples included."""
    clauses = [_example_clause(spec, i, domain) for i in range(len(spec.examples))]
    assumptions = [assumption.term for assumption in spec.assumptions]
    clauses += [_implies(assumptions, constraint.term, domain) for constraint in spec.constraints]
    variables = spec.variables
    if spec.invariant is not None:
        variables, more = _invariant_clauses(spec, spec.invariant, domain)
        clauses += more
    return _with_one_call(
        Condition(domain, spec.functions, variables, tuple(expand_calls(clause) for clause in clauses))
    )


def calls_functions(term: Term) -> bool:
    """Whether a term calls an unknown function."""
    return any(operator.kind == FUNCTION for operator in operators(term))


def apply(domain: Domain, name: str, *arguments: Term, types: Sequence[Type] | None = None) -> Term:
    """An application of a primitive of a domain to arguments, Boolean ones unless `types` says otherwise."""
    found = domain.overload(name, types or [BOOL] * len(arguments))
    assert found is not None, f"domain {domain.name} has no {name}"
    return Application(found.operator, arguments)


def conjunction(terms: Sequence[Term], domain: Domain) -> Term:
    """The conjunction of Boolean terms, nested to the left."""
    if not terms:
        return Literal(True, BOOL)
    return functools.reduce(lambda left, right: apply(domain, "and", left, right), terms)


def _with_one_call(condition: Condition) -> Condition:
    """The same condition with calls on constants stated of the call on variables: P(f(c)) is x = c ⇒ P(f(x)).

    Only where that leaves one call, and each clause has one.
    """
    general = [c for c in condition.calls if any(isinstance(a, Variable) for a in c.arguments)]
    if len(condition.functions) != 1 or len(general) != 1 or len(condition.calls) == 1:
        return condition
    (call,) = general
    if not all(isinstance(a, Literal) for c in condition.calls if c is not call for a in c.arguments):
        return condition
    if not all(isinstance(a, Variable) for a in call.arguments) or len(set(call.arguments)) < len(call.arguments):
        return condition
    clauses = []
    for clause in condition.clauses:
        own = [c for c in condition.calls if c in set(postorder([clause]))]
        if len(own) > 1:
            return condition
        if own and own[0] is not call:
            parameters = condition.functions[0].parameters
            equal = [
                apply(condition.domain, "=", variable, value, types=[t, t])
                for variable, value, (_, t) in zip(call.arguments, own[0].arguments, parameters, strict=True)
            ]
            clause = _implies(equal, _exchanged(clause, own[0], call), condition.domain)
        clauses.append(clause)
    return dataclasses.replace(condition, clauses=tuple(clauses))


def _exchanged(term: Term, one: Term, other: Term) -> Term:
    """A term with another sub-term in the place of one."""
    done: dict[Term, Term] = {}
    for node in postorder([term]):
        done[node] = other if node is one else rebuild(node, [done[child] for child in node.children])
    return done[term]


def _equations(clause: Term) -> Iterator[tuple[Application, Term]]:
    """The calls that a clause states to equal something, both ways round."""
    if getattr(getattr(clause, "head", None), "name", "") != "=" or len(clause.children) != 2:
        return
    for side, other in (clause.children, clause.children[::-1]):
        if isinstance(side, Application) and isinstance(side.head, Operator) and side.head.kind == FUNCTION:
            yield side, other


def _implies(premises: Sequence[Term], conclusion: Term, domain: Domain) -> Term:
    return apply(domain, "=>", conjunction(premises, domain), conclusion) if premises else conclusion


def _example_clause(spec: Spec, index: int, domain: Domain) -> Term:
    example = spec.examples[index]
    function = spec.function(example.function)
    given = tuple(Literal(v, t) for v, (_, t) in zip(example.inputs, function.parameters, strict=True))
    output = Literal(example.output, function.result)
    call = Application(function.operator, given)
    return apply(domain, "=", call, output, types=[function.result] * 2)


def _invariant_clauses(
    spec: Spec, invariant: Invariant, domain: Domain
) -> tuple[tuple[tuple[str, Type], ...], list[Term]]:
    """The three implications, and their variables: the state, the next state, and what each macro has beyond them."""
    function = spec.function(invariant.function)
    state = function.parameters
    count = len(state)
    further = {
        name: tuple((f"{name}.{i}", t) for i, t in enumerate(macro.type.parameters[shown:]))
        for name, macro, shown in (
            ("pre", invariant.pre, count),
            ("trans", invariant.trans, 2 * count),
            ("post", invariant.post, count),
        )
    }
    following = tuple((f"{name}!", t) for name, t in state)
    variables = (*state, *following, *further["pre"], *further["trans"], *further["post"])
    place = {name: Variable(len(variables) - 1 - i) for i, (name, _) in enumerate(variables)}
    now, then = [place[n] for n, _ in state], [place[n] for n, _ in following]
    rest = {name: [place[n] for n, _ in found] for name, found in further.items()}
    holds = _call(function.operator, now)
    clauses = [
        _implies([_call(invariant.pre, [*now, *rest["pre"]])], holds, domain),
        _implies(
            [holds, _call(invariant.trans, [*now, *then, *rest["trans"]])], _call(function.operator, then), domain
        ),
        _implies([holds], _call(invariant.post, [*now, *rest["post"]]), domain),
    ]
    return variables, clauses


def _call(operator: Operator, arguments: Sequence[Term]) -> Term:
    return Application(operator, tuple(arguments))


def with_operators(term: Term, defined: Mapping[Operator, Operator]) -> Term:
    """A term with other operators in the place of some."""
    done: dict[Term, Term] = {}
    for node in postorder([term]):
        made = rebuild(node, [done[child] for child in node.children])
        if isinstance(made, Application) and isinstance(made.head, Operator) and made.head in defined:
            made = Application(defined[made.head], made.arguments)
        done[node] = made
    return done[term]
