"""What may become an abstraction: normal form, type, and the reasons for which a proposal is dropped.

Miners propose closed untyped terms. Two proposals that mean the same function by renaming or reordering parameters
should have one identity, so each is brought to one form first: expanded to the base language, β-normal, η-long, all
leading λs parameters, and these ordered by their first use in the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dsl.errors import TypeMismatch
from dsl.terms import (
    ABSTRACTION,
    Application,
    Operator,
    Term,
    Variable,
    abstract,
    beta_normal,
    free_variables,
    rename,
    shift,
    strip_lambdas,
)
from dsl.types import Substitution, Type, arrow, canonical
from wake_sleep.sleep.abstraction.typed_occurrences import Occurrence, rebuilt, typed_occurrences

_EXPANSION_STEPS = 10_000


class Drop(StrEnum):
    """Why a proposal is no candidate."""

    UNTYPABLE = "has no type"
    OVER_APPLIED = "its result is a function that a use would have to apply further"
    IDENTITY = "gives back an argument"
    CONSTANT = "takes no argument"
    TRIVIAL = "applies no operator of its own"
    PRIMITIVE = "is a primitive applied to its parameters"
    HIGHER_ORDER = "has a parameter that takes functions itself"


@dataclass(frozen=True)
class Dropped:
    """A proposal that is no candidate.

    Attributes:
        definition: the closed term that was proposed.
        reason: why.
    """

    definition: Term
    reason: Drop


def candidate(definition: Term) -> Operator | Dropped:
    """The abstraction that a closed term defines, or why it is none.

    Args:
        definition: a closed term; it may use abstractions, which are expanded.

    Returns:
        an abstraction whose name is its key; `named` gives it another one.
    """
    try:
        normal = beta_normal(definition, expand=True, limit=_EXPANSION_STEPS)
        count, body = strip_lambdas(normal)
        if isinstance(body, Variable):
            return Dropped(definition, Drop.IDENTITY)
        substitution = Substitution()
        result = substitution.fresh()
        parameters = [substitution.fresh() for _ in range(count)]
        occurrences = typed_occurrences(body, result, parameters, substitution)
    except TypeMismatch:
        return Dropped(definition, Drop.UNTYPABLE)
    types = [substitution.apply(p) for p in parameters]
    reason = _reason(body, substitution.apply(result), types)
    if reason is not None:
        return Dropped(definition, reason)
    body = rebuilt(occurrences, _eta_expansions(occurrences))
    used = free_variables(body)
    # The first parameter that is used gets the outermost λ, hence the largest index.
    body = rename(body, {index: len(used) - 1 - place for place, index in enumerate(used)})
    type_ = canonical(arrow(*(types[index] for index in used), substitution.apply(result)))
    normal = abstract(body, len(used))
    if not used:
        return Dropped(definition, Drop.CONSTANT)
    if _is_renaming(body):
        return Dropped(definition, Drop.PRIMITIVE)
    return named(Operator("candidate", type_, ABSTRACTION, normal), None)


def named(abstraction: Operator, name: str | None) -> Operator:
    """The same abstraction with this name; with its key for a name if that is None."""
    return Operator(abstraction.key if name is None else name, abstraction.type, ABSTRACTION, abstraction.definition)


def _reason(body: Term, result: Type, parameters: list[Type]) -> Drop | None:
    if result.is_function:
        return Drop.OVER_APPLIED
    if not _applies_an_operator(body):
        return Drop.TRIVIAL
    if any(inner.is_function for p in parameters for inner in p.parameters):
        return Drop.HIGHER_ORDER
    return None


def _applies_an_operator(body: Term) -> bool:
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, Application) and isinstance(node.head, Operator):
            return True
        stack.extend(node.children)
    return False


def _eta_expansions(occurrences: list[Occurrence]) -> dict[int, Term]:
    """For each bare variable of function type the λs that apply it, by number of the occurrence."""
    found: dict[int, Term] = {}
    for number, here in enumerate(occurrences):
        if isinstance(here.term, Variable) and here.type.is_function:
            count = len(here.type.parameters)
            arguments = tuple(Variable(i) for i in reversed(range(count)))
            found[number] = abstract(Application(shift(here.term, count), arguments), count)
    return found


def _is_renaming(body: Term) -> bool:
    """Whether the body is one operator applied to distinct parameters, in any order, and literals are none of it."""
    if not isinstance(body, Application) or not isinstance(body.head, Operator):
        return False
    parameters = [_eta_reduced(argument) for argument in body.arguments]
    return None not in parameters and len(set(parameters)) == len(parameters)


def _eta_reduced(argument: Term) -> int | None:
    """The index of the parameter that an argument is, or is the η-expansion of; else None."""
    count, inner = strip_lambdas(argument)
    if isinstance(inner, Application) and isinstance(inner.head, Variable):
        if inner.arguments != tuple(Variable(i) for i in reversed(range(count))):
            return None
        inner = inner.head
    elif count:
        return None
    return inner.index - count if isinstance(inner, Variable) and inner.index >= count else None
