"""The types of all occurrences of sub-terms in a program.

`dsl.inference.infer` gives the type of a whole term; here every place of its tree gets one, because a shared sub-term
may stand at places of different types, and a polymorphic operator is another production at each of its instances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsl.errors import TypeMismatch
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable
from dsl.types import Substitution, Type, arrow


@dataclass(slots=True)
class Occurrence:
    """One place of the tree of a term.

    Attributes:
        term: the sub-term that stands there.
        type: its type.
        head: type at which the operator or variable at its root is used; the type itself for literals and λs.
        parent: number of the occurrence around it, -1 at the root.
        argument: which argument of the parent it is (of a λ the body is argument 0).
        level: the number of λs around it.
    """

    term: Term
    type: Type
    head: Type
    parent: int
    argument: int
    level: int


def typed_occurrences(
    body: Term, result: Type, environment: Sequence[Type], substitution: Substitution | None = None
) -> list[Occurrence]:
    """Every occurrence of a sub-term with its type, parents first, left to right.

    Args:
        body: a term in β-normal form.
        result: its type; it may have type variables, which are then found out.
        environment: types of its free variables, that of ``$0`` first; like `result`.
        substitution: what is known of the type variables; it is extended.

    Raises:
        TypeMismatch: if the term does not have this type.
    """
    substitution = substitution or Substitution()
    found: list[Occurrence] = []
    stack: list[tuple[Term, Type, int, int, tuple[Type, ...]]] = [(body, result, -1, 0, tuple(environment))]
    outer = len(stack[0][4])
    while stack:
        term, wanted, parent, argument, scope = stack.pop()
        number = len(found)
        head = _head_type(term, scope, substitution)
        found.append(Occurrence(term, wanted, head, parent, argument, len(scope) - outer))
        if isinstance(term, Lambda):
            parameter, body_type = head.arguments
            _unify(substitution, head, wanted, term)
            stack.append((term.body, body_type, number, 0, (parameter, *scope)))
        elif isinstance(term, Application):
            below = [substitution.fresh() for _ in term.arguments]
            _unify(substitution, head, arrow(*below, wanted), term)
            stack.extend(
                (child, type_, number, i, scope)
                for i, (child, type_) in reversed(list(enumerate(zip(term.arguments, below, strict=True))))
            )
        else:
            _unify(substitution, head, wanted, term)
    for occurrence in found:
        occurrence.type = substitution.apply(occurrence.type)
        occurrence.head = substitution.apply(occurrence.head)
    return found


def _head_type(term: Term, scope: tuple[Type, ...], substitution: Substitution) -> Type:
    """The type of the operator or variable at the root, or of the leaf or λ itself, as far as it is known."""
    if isinstance(term, Lambda):
        return arrow(substitution.fresh(), substitution.fresh())
    if isinstance(term, Literal):
        return term.type
    head = term.head if isinstance(term, Application) else term
    if isinstance(head, Operator):
        return substitution.instantiate(head.type)
    if isinstance(head, Variable):
        if head.index >= len(scope):
            raise TypeMismatch(f"variable ${head.index} is not bound")
        return scope[head.index]
    raise TypeMismatch(f"{head!r} is applied, which is neither an operator nor a variable"[:300])


def _unify(substitution: Substitution, have: Type, wanted: Type, term: Term) -> None:
    if not substitution.unify(have, wanted):
        raise TypeMismatch(f"{term!r} is not of the type that is wanted of it"[:300])


def rebuilt(occurrences: Sequence[Occurrence], replace: dict[int, Term]) -> Term:
    """The term of all occurrences with those numbered in `replace` replaced; they take the place of all below.

    Args:
        occurrences: what `typed_occurrences` gave.
        replace: terms of the same scope, by number.
    """
    children: list[list[Term]] = [[] for _ in occurrences]
    for number in range(len(occurrences) - 1, -1, -1):
        here = occurrences[number]
        # The children were met last to first.
        below = children[number][::-1]
        made = replace.get(number)
        if made is None:
            made = here.term
            if isinstance(made, Lambda):
                made = Lambda(below[0])
            elif isinstance(made, Application):
                made = Application(made.head, tuple(below))
        if here.parent < 0:
            return made
        children[here.parent].append(made)
    raise AssertionError("there is no root")
