"""Programs as choices: for every node the production taken, and where it was taken.

In a context (an operator at an instance of its type, and one of its arguments) the type of the hole is fixed, so that
the choices of a program follow from its types alone: no grammar has to be expanded for every library that is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from dsl.errors import TypeMismatch
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, strip_lambdas
from dsl.types import Type
from wake_sleep.sleep.abstraction.typed_occurrences import typed_occurrences

Taken: TypeAlias = tuple[object, ...]
"""What was taken: an operator's key at an instance, a literal, or a variable by position and type."""

_ROOT: Taken = ()


class Choice(NamedTuple):
    """One choice.

    Attributes:
        parent: what was taken above, λs passed through.
        argument: which argument of the parent this fills.
        type: the type of the hole.
        taken: what was taken.
    """

    parent: Taken
    argument: int
    type: Type
    taken: Taken


def choices_of(program: Term, result: Type, environment: Sequence[Type]) -> tuple[Choice, ...] | None:
    """The choices by which a program is derived; None if it does not have the type.

    Args:
        program: closed term with one λ a parameter.
        result: type of its body.
        environment: types of its parameters, the last one first.
    """
    count, body = strip_lambdas(program, len(environment))
    if count < len(environment):
        return None
    try:
        occurrences = typed_occurrences(body, result, environment)
    except TypeMismatch:
        return None
    contexts: list[tuple[Taken, int]] = []
    found = []
    for here in occurrences:
        context = (_ROOT, 0)
        if here.parent >= 0:
            parent = occurrences[here.parent].term
            above, _ = contexts[here.parent]
            context = contexts[here.parent] if isinstance(parent, Lambda) else (above, here.argument)
        if isinstance(here.term, Lambda):
            contexts.append(context)
            continue
        taken = _taken(here.term, here.head, here.level + len(environment))
        found.append(Choice(*context, here.type, taken))
        contexts.append((taken, 0))
    return tuple(found)


def _taken(term: Term, head_type: Type, scope: int) -> Taken:
    head = term.head if isinstance(term, Application) else term
    if isinstance(head, Operator):
        return (head.key, head_type)
    if isinstance(head, Variable):
        return ("variable", scope - 1 - head.index, head_type)
    assert isinstance(head, Literal)
    return ("literal", head)
