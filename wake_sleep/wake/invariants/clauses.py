"""The condition of an invariant problem as constrained Horn clauses.

Whatever way a file states it (``inv-constraint``, or implications over calls of a Boolean function), an invariant
problem is a set of clauses ``inv(…) ∧ … ∧ constraint ⇒ inv(…)`` or ``… ⇒ false`` (Bjørner, Gurfinkel, McMillan and
Rybalchenko, Horn Clause Solvers for Program Verification, 2015). What asks more than that is refused with a reason.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.spec import Function
from dsl.terms import (
    FUNCTION,
    Application,
    Literal,
    Operator,
    Term,
    Variable,
    beta_normal,
    free_variables,
    rename,
    strip_lambdas,
    substitute,
)
from dsl.types import BOOL, Type
from dsl.values import Value
from wake_sleep.wake.verify.condition import Condition, Point, apply, calls_functions, conjunction

MOST_CLAUSES: Final = 400
"""Largest number of clauses that a condition may be split into."""

State = tuple[Value, ...]
"""Arguments of the invariant."""
Arguments = tuple[Term, ...]


@dataclass(frozen=True)
class HornClause:
    """``inv(premise) ∧ … ∧ constraint ⇒ inv(conclusion)``, for all values of the variables of the condition.

    Attributes:
        premises: arguments of the calls that are assumed.
        constraint: what else is assumed.
        conclusion: arguments of the call that follows, or None if the assumptions contradict each other.
    """

    premises: tuple[Arguments, ...]
    constraint: Term
    conclusion: Arguments | None

    @property
    def applications(self) -> tuple[Arguments, ...]:
        """The arguments of all calls."""
        return self.premises if self.conclusion is None else (*self.premises, self.conclusion)


@dataclass(frozen=True)
class Step:
    """A clause at one point of its variables, where its constraint holds.

    Attributes:
        clause: number of the clause.
        point: values of the variables of the condition.
        premises: states that are assumed to meet the invariant.
        conclusion: state that must then meet it, or None if that is a contradiction.
    """

    clause: int
    point: Point
    premises: tuple[State, ...]
    conclusion: State | None


@dataclass(frozen=True)
class HornSystem:
    """An invariant problem.

    Attributes:
        condition: what was asked.
        function: the invariant to find.
        clauses: the clauses; together they say the same as the condition.
    """

    condition: Condition
    function: Function
    clauses: tuple[HornClause, ...]

    @property
    def domain(self) -> Domain:
        """What the operators mean."""
        return self.condition.domain

    @property
    def types(self) -> tuple[Type, ...]:
        """Types of the variables of the condition, ``$0`` first."""
        return tuple(t for _, t in reversed(self.condition.variables))

    def step(self, number: int, point: Point) -> Step | None:
        """The instance of a clause at a point, or None if its constraint is not true there."""
        clause = self.clauses[number]
        evaluation = Evaluation(self.domain, [point])
        if evaluation.column(clause.constraint)[0] is not True:
            return None
        states = []
        for arguments in clause.applications:
            state = tuple(evaluation.column(argument)[0] for argument in arguments)
            if any(not isinstance(value, bool | int | str | float) for value in state):
                return None
            states.append(state)
        count = len(clause.premises)
        conclusion = None if clause.conclusion is None else states[count]
        return Step(number, point, tuple(states[:count]), conclusion)  # type: ignore[arg-type]

    @functools.cached_property
    def state_formulas(self) -> tuple[tuple[int, Term], ...]:
        """What the constraints say of one state alone: conjuncts over the parameters, with the number of the clause."""
        found: dict[tuple[int, Term], None] = {}
        for number, clause in enumerate(self.clauses):
            expanded = beta_normal(clause.constraint, expand=True)
            for arguments in clause.applications:
                places = _places(arguments)
                for part in _boolean_parts(expanded, self.types):
                    free = free_variables(part)
                    if free and all(index in places for index in free):
                        found.setdefault((number, rename(part, places)))
        return tuple(found)


def horn_system(condition: Condition) -> HornSystem | str:
    """A condition as Horn clauses, or the reason why it is none."""
    if len(condition.functions) != 1:
        return "the condition asks for several functions"
    (function,) = condition.functions
    if function.result is not BOOL:
        return f"{function.name} is no predicate"
    splitting = _Splitting([t for _, t in reversed(condition.variables)])
    found: dict[HornClause, None] = {}
    for stated in condition.clauses:
        try:
            disjunctions = splitting.split(stated)
        except _TooMany:
            return f"the condition splits into more than {MOST_CLAUSES} clauses"
        except _NotBoolean as odd:
            return f"{function.name} is called within `{odd.operator}`, not within Boolean connectives"
        for literals in disjunctions:
            clause = _horn_clause(literals, condition.domain)
            if isinstance(clause, str):
                return clause
            if clause is not None:
                found[clause] = None
        if len(found) > MOST_CLAUSES:
            return f"the condition splits into more than {MOST_CLAUSES} clauses"
    return HornSystem(condition, function, tuple(found))


_Literal = tuple[Term, bool]
"""A term and whether it is asserted; else its negation is."""


class _TooMany(Exception):
    """The clauses are too many."""


class _NotBoolean(Exception):
    """A call stands where its truth is not what counts."""

    def __init__(self, operator: Operator | Term) -> None:
        super().__init__(repr(operator))
        self.operator = operator


class _Splitting:
    """Turns a Boolean term into a conjunction of disjunctions, as far as calls reach."""

    def __init__(self, types: Sequence[Type]) -> None:
        self.types = types

    def split(self, term: Term, asserted: bool = True) -> list[list[_Literal]]:
        if not calls_functions(term):
            return [[(term, asserted)]]
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            raise _NotBoolean(term)
        if term.head.definition is not None:
            _, body = strip_lambdas(term.head.definition, term.head.arity)
            return self.split(substitute(body, term.arguments[::-1]), asserted)
        if term.head.kind == FUNCTION:
            if any(map(calls_functions, term.arguments)):
                raise _NotBoolean(term.head)
            return [[(term, asserted)]]
        return self.connective(term.head, term.arguments, asserted)

    def connective(self, head: Operator, arguments: Sequence[Term], asserted: bool) -> list[list[_Literal]]:
        name = head.name
        if name == "not":
            return self.split(arguments[0], not asserted)
        if name in ("and", "or"):
            parts = [self.split(argument, asserted) for argument in arguments]
            return self.both(parts) if (name == "and") == asserted else self.either(parts)
        if name == "=>":
            parts = [self.split(argument, not asserted) for argument in arguments[:-1]]
            parts.append(self.split(arguments[-1], asserted))
            return self.either(parts) if asserted else self.both(parts)
        if name == "ite":
            return self.conditional(arguments, asserted)
        is_boolean = all(type_of(argument, self.types) is BOOL for argument in arguments)
        if name in ("=", "xor", "distinct") and len(arguments) == 2 and is_boolean:
            return self.equivalence(arguments, asserted == (name == "="))
        raise _NotBoolean(head)

    def conditional(self, arguments: Sequence[Term], asserted: bool) -> list[list[_Literal]]:
        condition, then, otherwise = arguments
        yes = self.either([self.split(condition, False), self.split(then, asserted)])
        no = self.either([self.split(condition, True), self.split(otherwise, asserted)])
        return self.both([yes, no])

    def equivalence(self, arguments: Sequence[Term], asserted: bool) -> list[list[_Literal]]:
        left, right = arguments
        forth = self.either([self.split(left, False), self.split(right, asserted)])
        back = self.either([self.split(left, True), self.split(right, not asserted)])
        return self.both([forth, back])

    def both(self, parts: Sequence[list[list[_Literal]]]) -> list[list[_Literal]]:
        joined = [clause for part in parts for clause in part]
        if len(joined) > MOST_CLAUSES:
            raise _TooMany
        return joined

    def either(self, parts: Sequence[list[list[_Literal]]]) -> list[list[_Literal]]:
        made: list[list[_Literal]] = [[]]
        for part in parts:
            if len(made) * len(part) > MOST_CLAUSES:
                raise _TooMany
            made = [[*left, *right] for left in made for right in part]
        return made


def _horn_clause(literals: Sequence[_Literal], domain: Domain) -> HornClause | str | None:
    """The clause of a disjunction, None if it holds whatever the invariant is, or the reason why it is not Horn."""
    premises: list[Arguments] = []
    conclusions: list[Arguments] = []
    constraint: list[Term] = []
    for term, asserted in literals:
        if calls_functions(term):
            arguments = term.children
            (conclusions if asserted else premises).append(arguments)
        else:
            constraint.append(_negation(term, domain) if asserted else term)
    distinct = list(dict.fromkeys(conclusions))
    if len(distinct) > 1:
        return "one of several calls must be true, so the condition is not of Horn form"
    conclusion = distinct[0] if distinct else None
    if conclusion is not None and conclusion in premises:
        return None
    return HornClause(tuple(dict.fromkeys(premises)), conjunction(constraint, domain), conclusion)


def _negation(term: Term, domain: Domain) -> Term:
    if isinstance(term, Application) and isinstance(term.head, Operator) and term.head.name == "not":
        return term.arguments[0]
    return apply(domain, "not", term)


def _places(arguments: Arguments) -> dict[int, int]:
    """The variables of a condition that stand for parameters, by the variables of these."""
    count = len(arguments)
    places: dict[int, int] = {}
    for position, argument in enumerate(arguments):
        if isinstance(argument, Variable):
            places.setdefault(argument.index, count - 1 - position)
    return places


def _boolean_parts(term: Term, types: Sequence[Type]) -> Iterator[Term]:
    """The Boolean terms within the connectives of a term, itself first; `types` are those of its variables."""
    seen: set[Term] = set()
    stack = [term]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node
        if isinstance(node, Application) and all(type_of(child, types) is BOOL for child in node.arguments):
            stack.extend(reversed(node.arguments))


def type_of(term: Term, types: Sequence[Type]) -> Type:
    """The type of a first-order term; `types` are those of its variables, ``$0`` first."""
    while isinstance(term, Application):
        assert isinstance(term.head, Operator)
        result = term.head.type.result
        if not result.is_polymorphic:
            return result
        # Of the operators here only `ite` has a result of the type of its arguments.
        term = term.arguments[-1]
    if isinstance(term, Literal):
        return term.type
    assert isinstance(term, Variable)
    return types[term.index]
