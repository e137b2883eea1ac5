"""Invariants as lemmas: a conjunction of disjunctions of literals, and what is left of it when the needless goes.

What Spacer and the learners find proves more than is asked. A lemma that can be missed is dropped, and so is a literal
that can be missed, as long as every clause stays proved; the same greedy generalisation that IC3 applies to one lemma
(Bradley, VMCAI 2011).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from typing import Final

from dsl.domain import Domain
from dsl.terms import Application, Literal, Operator, Term
from dsl.types import BOOL
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.verify.condition import apply
from wake_sleep.wake.verify.horn import HornSolver, Lemmas, Undecided

Lemma = tuple[Term, ...]
"""A disjunction of literals."""

MOST_CHECKS: Final = 600
"""Conjunctions that are tried when an invariant is reduced."""
ENOUGH: Final = 0.9
"""Share of the budget after which an invariant stays as it is, so that what is left of it can be verified."""
STEPS: Final = 200_000
"""What Z3 may take for each clause of each of them."""


def lemmas_of(term: Term, domain: Domain) -> list[Lemma]:
    """A Boolean term as lemmas; a conjunction within a disjunction stays one literal."""
    found: dict[Lemma, None] = {}
    for part in _flat(term, "and", True, domain):
        literals = tuple(dict.fromkeys(_flat(part, "or", True, domain)))
        if Literal(True, BOOL) not in literals:
            found[literals] = None
    return list(found)


_DUAL: Final = {"and": "or", "or": "and"}


def _flat(term: Term, name: str, asserted: bool, domain: Domain) -> list[Term]:
    """The parts of a conjunction or disjunction, negations pushed down to them."""
    if isinstance(term, Literal):
        value = term.value is asserted
        return [] if value == (name == "and") else [Literal(value, BOOL)]
    if isinstance(term, Application) and isinstance(term.head, Operator):
        head = term.head.name
        if head == "not":
            return _flat(term.arguments[0], name, not asserted, domain)
        if head == "=>":
            negated = [apply(domain, "not", a) for a in term.arguments[:-1]]
            return _flat(joined("or", [*negated, term.arguments[-1]], domain), name, asserted, domain)
        if head in _DUAL and (head if asserted else _DUAL[head]) == name:
            return [part for argument in term.arguments for part in _flat(argument, name, asserted, domain)]
    return [canonical(term, domain) if asserted else negation(term, domain)]


def negation(term: Term, domain: Domain) -> Term:
    """The negation of a Boolean term, pushed down to the literals; comparisons of integers are turned."""
    if isinstance(term, Literal):
        return Literal(term.value is not True, BOOL)
    if isinstance(term, Application) and isinstance(term.head, Operator):
        name = term.head.name
        if name == "not":
            return term.arguments[0]
        if name in _DUAL:
            return joined(_DUAL[name], [negation(a, domain) for a in term.arguments], domain)
        turned = _TURNED.get(name)
        if turned is not None and len(term.arguments) == 2:
            return canonical(_renamed(term, turned, term.arguments, domain), domain)
    return apply(domain, "not", term)


def normal(term: Term, domain: Domain) -> Term:
    """A Boolean term by conjunctions, disjunctions and canonical literals, as far as its connectives allow."""
    for name in ("and", "or"):
        parts = _flat(term, name, True, domain)
        if len(parts) > 1:
            return joined(name, [normal(part, domain) for part in parts], domain)
    return parts[0] if parts else Literal(name == "and", BOOL)


def canonical(literal: Term, domain: Domain) -> Term:
    """A literal whose comparison is one that programs of bit-vectors have: less or at most."""
    if isinstance(literal, Application) and isinstance(literal.head, Operator) and len(literal.arguments) == 2:
        swapped = _SWAPPED.get(literal.head.name)
        if swapped is not None:
            return _renamed(literal, swapped, literal.arguments[::-1], domain)
    return literal


def _renamed(term: Application, name: str, arguments: tuple[Term, ...], domain: Domain) -> Term:
    assert isinstance(term.head, Operator)
    found = domain.overload(name, term.head.type.parameters)
    assert found is not None
    return Application(found.operator, arguments)


_TURNED: Final = {
    "<=": ">",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "bvule": "bvugt",
    "bvult": "bvuge",
    "bvuge": "bvult",
    "bvugt": "bvule",
    "bvsle": "bvsgt",
    "bvslt": "bvsge",
    "bvsge": "bvslt",
    "bvsgt": "bvsle",
}
_SWAPPED: Final = {"bvuge": "bvule", "bvugt": "bvult", "bvsge": "bvsle", "bvsgt": "bvslt"}


def joined(name: str, terms: Sequence[Term], domain: Domain) -> Term:
    """The conjunction or disjunction of terms, nested to the left."""
    if not terms:
        return Literal(name == "and", BOOL)
    total = terms[0]
    for term in terms[1:]:
        total = apply(domain, name, total, term)
    return total


def formula_of(lemmas: Iterable[Lemma], domain: Domain) -> Term:
    """The conjunction of lemmas."""
    return joined("and", [joined("or", lemma, domain) for lemma in lemmas], domain)


def reduced(body: Term, solver: HornSolver, meter: Meter) -> Term:
    """An invariant without the lemmas and literals that are not needed to prove all clauses.

    Ends early, with what it has, when the budget does.

    Args:
        body: an invariant.
        solver: for the clauses.
        meter: counts each conjunction that is tried as a candidate.
    """
    reduction = _Reduction(solver, meter, lemmas_of(body, solver.system.domain))
    with contextlib.suppress(OutOfBudget):
        reduction.run()
    return formula_of(reduction.lemmas, solver.system.domain)


class _Reduction:
    """Reduces one invariant; `lemmas` is the least one so far."""

    def __init__(self, solver: HornSolver, meter: Meter, lemmas: list[Lemma]) -> None:
        self.solver, self.meter, self.lemmas = solver, meter, lemmas
        self.domain = solver.system.domain
        self.checks = 0

    def run(self) -> None:
        while self.drop_lemmas() | self.drop_literals():
            pass

    def drop_lemmas(self) -> bool:
        """Drop what can be missed, halves of it before single ones; says whether all lemmas are still there not."""
        lemmas = self.lemmas
        active = list(range(len(lemmas)))
        with self.solver.lemmas([joined("or", lemma, self.domain) for lemma in lemmas]) as kept:
            width = len(active) // 2
            while width >= 1:
                start = 0
                while start < len(active):
                    fewer = active[:start] + active[start + width :]
                    if self.holds(kept, fewer):
                        active = fewer
                        self.lemmas = [lemmas[i] for i in active]
                    else:
                        start += width
                width //= 2
            if active and self.holds(kept, []):
                active = []
                self.lemmas = []
        return len(active) < len(lemmas)

    def drop_literals(self) -> bool:
        """Drop literals of lemmas with several; says whether any went."""
        changed = False
        for number in range(len(self.lemmas)):
            changed |= self.shorten(number)
        return changed

    def shorten(self, number: int) -> bool:
        """Drop literals of one lemma."""
        changed = False
        position = 0
        while position < len(self.lemmas[number]) and len(self.lemmas[number]) > 1:
            lemma = self.lemmas[number]
            shorter = lemma[:position] + lemma[position + 1 :]
            lemmas = [*self.lemmas[:number], shorter, *self.lemmas[number + 1 :]]
            with self.solver.lemmas([joined("or", one, self.domain) for one in lemmas]) as kept:
                if self.holds(kept, list(range(len(lemmas)))):
                    self.lemmas, changed = lemmas, True
                else:
                    position += 1
        return changed

    def holds(self, kept: Lemmas, active: Sequence[int]) -> bool:
        """Whether the active lemmas are an invariant, as far as Z3 can tell soon."""
        if self.checks >= MOST_CHECKS or self.meter.share >= ENOUGH:
            return False
        self.checks += 1
        self.meter.spend(1)
        try:
            return all(kept.violation(n, active, STEPS) is None for n in range(len(self.solver.system.clauses)))
        except Undecided:
            return False
