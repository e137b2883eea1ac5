"""Affine forms and formulas as terms of a grammar.

A form can be written in many ways; the ones that read well are tried first, and the first that the grammar derives is
taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

from dsl.domain import Domain
from dsl.grammar import Grammar, Nonterminal
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import BOOL, INT
from wake_sleep.wake.linear.formula import Affine, And, Atom, Formula, negated

MOST_COPIES: Final = 16
"""How often a variable is added to itself in the place of a product."""


class Inexpressible(Exception):
    """The grammar derives no term for a form or a formula that could be found."""


class Renderer:
    """Writes forms and formulas over the parameters of a function in its grammar."""

    def __init__(self, grammar: Grammar, domain: Domain) -> None:
        """Write terms that derive from `grammar` by the operators of `domain`."""
        self.grammar, self.domain = grammar, domain
        self._parameters = len(grammar.start.environment)
        self._integers = [n for n in grammar.reachable() if n.type is INT]
        self._truths = [n for n in grammar.reachable() if n.type is BOOL]
        literals = [p.head for n in self._integers for p in grammar.productions(n) if isinstance(p.head, Literal)]
        values = {int(literal.value) for literal in literals}  # type: ignore[arg-type]
        self._known = sorted((value for value in values if value > 0), reverse=True)
        self._forms: dict[tuple[Affine, Nonterminal], Term | None] = {}
        self._formulas: dict[tuple[Formula, Nonterminal], Term | None] = {}

    def variable(self, index: int) -> Term:
        """The parameter with a number, the first being 0."""
        return Variable(self._parameters - 1 - index)

    def apply(self, name: str, *arguments: Term, type_: object = INT) -> Term:
        """An application of an operator to arguments of one type."""
        found = self.domain.overload(name, [type_] * len(arguments))  # type: ignore[list-item]
        assert found is not None
        return Application(found.operator, arguments)

    def form(self, form: Affine, at: Nonterminal | None = None) -> Term:
        """A term for an affine form.

        Raises:
            Inexpressible: if none was found.
        """
        nonterminal = self.grammar.start if at is None else at
        key = form, nonterminal
        if key not in self._forms:
            candidates = sorted(self._written(form), key=lambda term: term.size)
            self._forms[key] = next((t for t in candidates if self._derives(nonterminal, t)), None)
        found = self._forms[key]
        if found is None:
            raise Inexpressible(f"{form} at {nonterminal}")
        return found

    def formula(self, formula: Formula, at: Nonterminal) -> Term:
        """A term for a formula.

        Raises:
            Inexpressible: if none was found.
        """
        key = formula, at
        if key not in self._formulas:
            found = None
            for term in self._stated(formula, at):
                if self._derives(at, term):
                    found = term
                    break
            self._formulas[key] = found
        term_ = self._formulas[key]
        if term_ is None:
            raise Inexpressible(f"{formula} at {at}")
        return term_

    def choice(self, test: Formula, then: Term, otherwise: Term) -> Term:
        """A conditional at the start of the grammar.

        Raises:
            Inexpressible: if the grammar has no conditional with that test there.
        """
        start = self.grammar.start
        for production in self.grammar.productions(start):
            if getattr(production.head, "name", "") == "ite" and len(production.children) == 3:
                return production.build([self.formula(test, production.children[0]), then, otherwise])
        raise Inexpressible(f"no conditional at {start}")

    @property
    def has_choice(self) -> bool:
        """Whether there are conditionals at the start of the grammar."""
        start = self.grammar.start
        return any(
            getattr(p.head, "name", "") == "ite" and p.children[1:] == (start, start)
            for p in self.grammar.productions(start)
        )

    def _derives(self, nonterminal: Nonterminal, term: Term) -> bool:
        return self.grammar.derive_at(nonterminal, term) is not None

    # Forms

    def _written(self, form: Affine) -> Iterator[Term]:
        """The ways to write a form."""
        positive = [(a, i) for i, a in enumerate(form.coefficients) if a > 0]
        negative = [(-a, i) for i, a in enumerate(form.coefficients) if a < 0]
        for multiply in (self._product, self._repeated):
            plus = [multiply(a, i) for a, i in positive]
            minus = [multiply(a, i) for a, i in negative]
            for constant in self._constants(abs(form.constant)):
                own_plus = plus + [constant] * (form.constant > 0)
                own_minus = minus + [constant] * (form.constant < 0)
                yield from self._difference(own_plus, own_minus)
            if form.constant < 0:
                yield from self._difference([*plus, Literal(form.constant, INT)], minus)

    def _difference(self, plus: Sequence[Term], minus: Sequence[Term]) -> Iterator[Term]:
        if not minus:
            if plus:
                yield self._sum(plus)
                return
            yield Literal(0, INT)
            yield from (self.apply("-", v, v) for v in map(self.variable, range(self._parameters)))
            return
        if plus:
            first = self._sum(plus)
            yield self.apply("-", first, self._sum(minus))
            total = first
            for term in minus:
                total = self.apply("-", total, term)
            yield total
            return
        yield self.apply("-", self._sum(minus))
        for zero in (Literal(0, INT), self.apply("-", minus[0], minus[0])):
            total = zero
            for term in minus:
                total = self.apply("-", total, term)
            yield total
        yield self.apply("*", Literal(-1, INT), self._sum(minus))

    def _sum(self, terms: Sequence[Term]) -> Term:
        total = terms[0]
        for term in terms[1:]:
            total = self.apply("+", total, term)
        return total

    def _product(self, factor: int, index: int) -> Term:
        if factor == 1:
            return self.variable(index)
        return self.apply("*", Literal(factor, INT), self.variable(index))

    def _repeated(self, factor: int, index: int) -> Term:
        if factor > MOST_COPIES:
            return self._product(factor, index)
        return self._sum([self.variable(index)] * factor)

    def _constants(self, value: int) -> Iterator[Term]:
        """A constant as a literal, or as a sum of those that the grammar has."""
        yield Literal(value, INT)
        if value:
            rest = value
            parts: list[Term] = []
            for literal in self._known:
                while rest >= literal and len(parts) < 24:
                    parts.append(Literal(literal, INT))
                    rest -= literal
            if not rest and len(parts) > 1:
                yield self._sum(parts)

    # Formulas

    def _stated(self, formula: Formula, at: Nonterminal) -> Iterator[Term]:
        """The ways to write a formula, the likely ones first."""
        if isinstance(formula, Atom):
            yield from self._compared(formula)
            return
        name = "and" if isinstance(formula, And) else "or"
        if not formula.parts:
            yield Literal(isinstance(formula, And), BOOL)
            yield self.apply("=" if isinstance(formula, And) else "distinct", Literal(0, INT), Literal(0, INT))
            return
        children = self._children(name, at)
        for left, right in children:
            joined = self._joined(name, formula.parts, left, right, at)
            if joined is not None:
                yield joined
        opposite = self._children("or" if name == "and" else "and", at)
        if self._children("not", at) and opposite and not children:
            inner = self._maybe(negated(formula), self._inner(at))
            if inner is not None:
                yield self.apply("not", inner, type_=BOOL)

    def _joined(
        self, name: str, parts: Sequence[Formula], left: Nonterminal, right: Nonterminal, at: Nonterminal
    ) -> Term | None:
        """Parts nested to the left, as far as the grammar has it at `left` and `right`."""
        first = self._maybe(parts[0], left if len(parts) > 1 else at)
        if first is None:
            return None
        total = first
        for number, part in enumerate(parts[1:], start=2):
            other = self._maybe(part, right)
            if other is None:
                return None
            total = self.apply(name, total, other, type_=BOOL)
            if number < len(parts) and not self._derives(left, total):
                return None
        return total

    def _children(self, name: str, at: Nonterminal) -> list[tuple[Nonterminal, Nonterminal]]:
        return [
            (p.children[0], p.children[-1])
            for p in self.grammar.productions(at)
            if getattr(p.head, "name", "") == name and p.children
        ]

    def _inner(self, at: Nonterminal) -> Nonterminal:
        return next(p.children[0] for p in self.grammar.productions(at) if getattr(p.head, "name", "") == "not")

    def _maybe(self, formula: Formula, at: Nonterminal) -> Term | None:
        try:
            return self.formula(formula, at)
        except Inexpressible:
            return None

    def _compared(self, atom: Atom) -> Iterator[Term]:
        form = atom.form
        if atom.relation in ("true", "false"):
            (index,) = (i for i, a in enumerate(form.coefficients) if a)
            variable = self.variable(index)
            yield variable if atom.relation == "true" else self.apply("not", variable, type_=BOOL)
            return
        shifts = (0, 1) if atom.relation == ">=" else (0,)
        terms: list[Term] = []
        for shift in shifts:
            scaled = [form * factor for factor in self._factors(form)] if not shift else [form]
            for left, right in itertools.chain.from_iterable(self._sides(own, shift) for own in scaled):
                if atom.relation == ">=":
                    names = (">=", "<=") if not shift else (">", "<")
                    terms.append(self.apply(names[0], left, right))
                    terms.append(self.apply(names[1], right, left))
                    # a >= b is not b > a.
                    opposite = ("<", ">") if not shift else ("<=", ">=")
                    terms.append(self.apply("not", self.apply(opposite[0], left, right), type_=BOOL))
                    terms.append(self.apply("not", self.apply(opposite[1], right, left), type_=BOOL))
                else:
                    for one, two in ((left, right), (right, left)):
                        equal = self.apply("=", one, two)
                        terms.append(equal if atom.relation == "=" else self.apply("not", equal, type_=BOOL))
                        if atom.relation == "!=":
                            terms.append(self.apply("distinct", one, two))
        yield from sorted(terms, key=lambda term: (term.size, _begins_with_literal(term)))

    def _factors(self, form: Affine) -> list[int]:
        """1, and what makes the constant of a form one that the grammar has."""
        constant = abs(form.constant)
        found = [literal // constant for literal in self._known if constant and not literal % constant]
        return [1, *(factor for factor in found if 1 < factor <= MOST_COPIES)]

    def _sides(self, form: Affine, shift: int) -> list[tuple[Term, Term]]:
        """Pairs of terms, the first minus the second being a form and the shift (0 ≤ form as left > right − shift)."""
        shifted = Affine(form.coefficients, form.constant + shift)
        left = Affine(tuple(max(0, a) for a in shifted.coefficients), max(0, shifted.constant))
        right = Affine(tuple(max(0, -a) for a in shifted.coefficients), max(0, -shifted.constant))
        pairs = [(left, right)]
        # A constant may stand on the other side with its sign turned.
        if shifted.constant:
            pairs += [
                (Affine(left.coefficients, shifted.constant), Affine(right.coefficients, 0)),
                (Affine(left.coefficients, 0), Affine(right.coefficients, -shifted.constant)),
            ]
        pairs.append((shifted, Affine((0,) * len(form.coefficients), 0)))
        found = []
        for one, two in pairs:
            for a in self._some(one):
                found += [(a, b) for b in self._some(two)]
        return found

    def _some(self, form: Affine) -> list[Term]:
        """The shortest ways to write a form that the grammar derives somewhere."""
        candidates = sorted(self._written(form), key=lambda term: term.size)
        return [t for t in candidates if any(self._derives(n, t) for n in self._integers)][:1]


def _begins_with_literal(term: Term) -> bool:
    """Whether a comparison has a literal on its left, which reads worse."""
    return bool(term.children) and isinstance(term.children[0], Literal)
