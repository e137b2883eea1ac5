"""Invariants in readable form: inequalities that bound each other from both sides become equations, and so on."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.domain import Domain
from dsl.grammar import Grammar
from dsl.terms import Term
from dsl.types import BOOL, INT, Type
from wake_sleep.wake.linear.formula import (
    Affine,
    And,
    Atom,
    Formula,
    NotLinear,
    Reader,
    atom,
    conjoined,
    disjoined,
)
from wake_sleep.wake.linear.render import Inexpressible, Renderer


def rewritten(body: Term, grammar: Grammar, domain: Domain) -> Term | None:
    """A linear formula over the parameters of a grammar as that grammar writes it, or None if that is not known."""
    try:
        formula = _with_equations(reader_of(grammar.start.environment).formula(body))
        return Renderer(grammar, domain).formula(formula, grammar.start)
    except (NotLinear, Inexpressible):
        return None


def reader_of(types: Sequence[Type]) -> Reader:
    """A reader of terms over parameters; `types` are those of ``$0``, ``$1``, and so on.

    Raises:
        NotLinear: if there are other types than integers and Booleans.
    """
    if any(t is not INT and t is not BOOL for t in types):
        raise NotLinear("not all parameters are integers or Booleans")
    count = len(types)
    return Reader(lambda variable: count - 1 - variable.index, [t is BOOL for t in reversed(types)])


def _with_equations(formula: Formula) -> Formula:
    """A formula in which pairs of opposite inequalities are equations, or their negations."""
    if isinstance(formula, Atom):
        return formula
    parts = [_with_equations(part) for part in formula.parts]
    found: list[Formula] = []
    for part in parts:
        merged = next((m for other in parts if (m := _merged(part, other, isinstance(formula, And))) is not None), part)
        found.append(merged)
    return conjoined(found) if isinstance(formula, And) else disjoined(found)


def _merged(one: Formula, other: Formula, is_conjunction: bool) -> Formula | None:
    """The equation that two inequalities of a conjunction are, or the disequation of those of a disjunction."""
    if not (isinstance(one, Atom) and isinstance(other, Atom) and one.relation == other.relation == ">="):
        return None
    total = one.form + other.form
    if not total.is_constant or total.constant != (0 if is_conjunction else -2):
        return None
    form = one.form if is_conjunction else Affine(one.form.coefficients, one.form.constant + 1)
    return atom(form, "=" if is_conjunction else "!=")
