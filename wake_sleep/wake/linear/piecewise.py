"""Piecewise linear functions by decision lists of prime cubes.

For a condition on one call, every atom that bounds the output suggests an affine form for it: where y ≥ t must hold,
y = t. The region of a form is where it meets the condition. If the regions cover all inputs, a decision list over
them is a solution; its tests are cubes (conjunctions of atoms of the condition) that imply the region of their form
given that the tests before failed, shrunk to what an unsat core needs (as IC3 generalises: Bradley, VMCAI 2011, section
4; decision lists: Rivest, 1987). So max of n arguments takes n − 1 tests and no search.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dsl.grammar import Grammar
from dsl.terms import Term, Variable
from dsl.types import BOOL, INT
from wake_sleep.wake.linear.formula import (
    FALSE,
    TRUE,
    Affine,
    And,
    Atom,
    Formula,
    NotLinear,
    Reader,
    atoms_of,
    conjoined,
    holds,
    negated,
    put,
    put_truth,
)
from wake_sleep.wake.linear.render import Inexpressible, Renderer
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.condition import Condition
from wake_sleep.wake.verify.cubes import CubeSolver, IntegerPoint, Undecided

MOST_TERMS: Final = 80
"""Affine forms that a list may choose among."""
MOST_ENTRIES: Final = 120
"""Tests of a list."""
_QUICK: Final = 50
"""Milliseconds for a question whose answer only makes a list shorter."""
_WEIGHED: Final = 3
"""Regions whose tests are compared for each entry, if none of them is a single literal."""
SHARE: Final = 0.3
"""Of the budget, after which no further forms are made for inputs that none serves."""
MOST_GAPS: Final = 8
"""Inputs that no form serves after which the search is given up."""


class NoOutput(Exception):
    """At some input no output meets the condition."""

    def __init__(self, point: IntegerPoint) -> None:
        super().__init__("no output meets the condition")
        self.point = point


@dataclass(frozen=True)
class _Region:
    """An affine form and where it meets the condition."""

    form: Affine
    formula: Formula
    term: Term

    @property
    def literals(self) -> tuple[Atom, ...] | None:
        """The literals of a region that is a cube."""
        parts = self.formula.parts if isinstance(self.formula, And) else (self.formula,)
        atoms = tuple(part for part in parts if isinstance(part, Atom))
        return atoms if len(atoms) == len(parts) else None


class PiecewiseLinear:
    """Searches one function of integers and Booleans; `solve` gives a body that meets the condition, or None."""

    def __init__(self, condition: Condition, grammar: Grammar, meter: Meter) -> None:
        """Read the condition.

        Raises:
            NotLinear: if it is not a linear condition on one call whose arguments are all that it speaks of.
        """
        call = condition.single_call
        if call is None:
            raise NotLinear("the condition has several calls")
        types = [t for _, t in condition.variables]
        (function,) = condition.functions
        if any(t not in (INT, BOOL) for t in (*types, function.result)):
            raise NotLinear("values that are neither integers nor Booleans")
        self._meter = meter
        self._count = count = len(call.arguments)
        variables = [a for a in call.arguments if isinstance(a, Variable)]
        places = {variable.index + 1: place for place, variable in enumerate(variables)} | {0: count}

        def place(variable: Variable) -> int:
            if variable.index not in places:
                raise NotLinear("the condition speaks of more than the arguments of the call")
            return places[variable.index]

        self._is_boolean = [t is BOOL for _, t in function.parameters]
        self._has_truth = function.result is BOOL
        reader = Reader(place, [*self._is_boolean, self._has_truth])
        self._formula = conjoined([reader.formula(clause) for clause in condition.relation()])
        self._renderer = Renderer(grammar, condition.domain)
        self._grammar = grammar

    def solve(self) -> Term | None:
        """A body over the parameters that meets the condition, or None if this way does not lead to one.

        Raises:
            NoOutput: if there is none, at an input that shows it.
            Undecided: if Z3 gives no answer.
        """
        try:
            return self._truth() if self._has_truth else self._list()
        except Inexpressible:
            return None

    def _truth(self) -> Term | None:
        """The region of truth itself, where the output is a Boolean."""
        yes, no = (put_truth(self._formula, self._count, value) for value in (True, False))
        solver = CubeSolver([*self._is_boolean, True], self._meter)
        point = solver.model(false=[yes, no])
        if point is not None:
            raise NoOutput(point[:-1])
        for formula in (yes, negated(no)):
            if sum(1 for _ in atoms_of(formula)) <= MOST_TERMS:
                return self._renderer.formula(_shortened(formula, self._count), self._grammar.start)
        return None

    # Integers

    def _list(self) -> Term | None:
        regions = self._regions(self._suggested())
        for _ in range(MOST_GAPS):
            solver = CubeSolver([*self._is_boolean, False], self._meter)
            whole = next((region for region in regions if region.formula == TRUE), None)
            if whole is not None:
                return whole.term
            if not self._renderer.has_choice:
                found = next((r.term for r in regions if solver.model(false=[r.formula]) is None), None)
                gap = None if found is not None else solver.model(false=[region.formula for region in regions])
            else:
                regions = self._needed(regions, solver)
                decisions = _DecisionList(regions, solver, self._renderer, self._pool())
                found, gap = decisions.build(), decisions.gap
            if found is not None or gap is None or self._meter.share > SHARE:
                return found
            new = self._regions(self._filling(gap))
            if not new:
                return None
            regions = [*new, *regions]
        return None

    def _suggested(self) -> list[Affine]:
        """The forms that atoms of the condition bound the output by."""
        found: dict[Affine, None] = {}
        for atom in atoms_of(self._formula):
            factor = atom.form.coefficients[self._count]
            if abs(factor) != 1:
                continue
            form = atom.form.without(self._count) * -factor
            one = Affine((0,) * (self._count + 1), 1)
            found.update(dict.fromkeys([form + one, form - one] if atom.relation == "!=" else [form]))
        return list(found)[:MOST_TERMS]

    def _filling(self, gap: IntegerPoint) -> list[Affine]:
        """Forms with an output that is right at an input: constants, and arguments plus constants.

        Raises:
            NoOutput: if no output is right there.
        """
        formula = self._formula
        for index, value in enumerate(gap[: self._count]):
            if self._is_boolean[index]:
                formula = put_truth(formula, index, bool(value))
            else:
                formula = put(formula, index, Affine((0,) * (self._count + 1), value))
        own = CubeSolver([*self._is_boolean, False], self._meter)
        found = own.model([formula])
        if found is None:
            raise NoOutput(gap[: self._count])
        output = found[self._count]
        forms = [Affine((0,) * (self._count + 1), output)]
        for index, value in enumerate(gap[: self._count]):
            if not self._is_boolean[index] and abs(output - value) <= 2:
                forms.append(self._parameter(index) + Affine((0,) * (self._count + 1), output - value))
        return forms

    def _parameter(self, index: int) -> Affine:
        return Affine(tuple(int(i == index) for i in range(self._count + 1)), 0)

    def _regions(self, forms: Sequence[Affine]) -> list[_Region]:
        found = []
        for form in forms:
            if any(form.coefficients[i] for i, b in enumerate(self._is_boolean) if b):
                continue
            formula = put(self._formula, self._count, form)
            if formula != FALSE:
                try:
                    own = Affine(form.coefficients[: self._count], form.constant)
                    found.append(_Region(form, formula, self._renderer.form(own)))
                except Inexpressible:
                    continue
        return sorted(found, key=lambda region: region.term.size)

    def _needed(self, regions: list[_Region], solver: CubeSolver) -> list[_Region]:
        """Regions without those that the others surely make needless; large terms are given up first."""
        for region in reversed(regions):
            others = [other for other in regions if other is not region]
            with contextlib.suppress(Undecided):
                if others and solver.model(false=[o.formula for o in others], milliseconds=_QUICK) is None:
                    regions = others
        return regions

    def _pool(self) -> list[Atom]:
        """The atoms of the condition that do not speak of the output, both ways round."""
        found: dict[Atom, None] = {}
        for atom in atoms_of(self._formula):
            if not atom.form.coefficients[self._count]:
                found.setdefault(atom)
                found.setdefault(atom.negated())
        return list(found)


class _DecisionList:
    """Builds one list: a test and a form at a time, the cheapest test first."""

    def __init__(
        self, regions: Sequence[_Region], solver: CubeSolver, renderer: Renderer, pool: Sequence[Atom]
    ) -> None:
        self._regions, self._solver, self._renderer, self._pool = regions, solver, renderer, pool
        self._points: list[IntegerPoint] = []
        self._entries: list[tuple[Formula, Term]] = []
        self._costs: dict[Atom, float] = {}
        self.gap: IntegerPoint | None = None
        """An input that no region has."""

    def build(self) -> Term | None:
        while len(self._entries) < MOST_ENTRIES:
            last = self._last()
            if last is not None:
                return self._joined(last)
            chosen = self._cheapest(are_alone=True) or self._cheapest(are_alone=False)
            if chosen is None:
                self.gap = self._solver.model(false=[region.formula for region in self._regions])
                return None
            test, region = chosen
            self._entries.append((conjoined(test), region.term))
            context = negated(conjoined(test))
            self._solver.add(context)
            self._points = [point for point in self._points if holds(context, point)]
        return None

    def _last(self) -> _Region | None:
        """A region that is all that is left."""
        for region in self._regions:
            if all(holds(region.formula, point) for point in self._points):
                point = self._solver.model(false=[region.formula])
                if point is None:
                    return region
                self._points.append(point)
        return None

    def _cheapest(self, *, are_alone: bool) -> tuple[list[Atom], _Region] | None:
        """The cheapest test for any region, with that region.

        Args:
            are_alone: whether the test is to be true at an input where no other region is.
        """
        best: tuple[float, list[Atom], _Region] | None = None
        weighed = 0
        for region in self._regions:
            others = [other.formula for other in self._regions if other is not region]
            seed = self._seed(region, others) if are_alone else self._solver.model([region.formula])
            if seed is None:
                continue
            test = self._test(region, seed)
            if test is None:
                continue
            cost = sum(self._cost(atom) for atom in test)
            if best is None or cost < best[0]:
                best = cost, test, region
            weighed += 1
            if len(test) == 1 or weighed == _WEIGHED or region.literals is not None:
                break
        return None if best is None else best[1:]

    def _seed(self, region: _Region, others: Sequence[Formula]) -> IntegerPoint | None:
        """An input that is left, at which this form is right and no other is."""
        for known in self._points:
            if holds(region.formula, known) and not any(holds(other, known) for other in others):
                return known
        point = self._solver.model([region.formula], others)
        if point is not None:
            self._points.append(point)
        return point

    def _test(self, region: _Region, seed: IntegerPoint) -> list[Atom] | None:
        """Few literals, true at the seed, that imply the region for what is left."""
        literals = region.literals or tuple(atom for atom in self._pool if atom.holds(seed))
        wrong = [p for p in self._points if not holds(region.formula, p)]
        for atom in sorted(literals, key=self._cost):
            if not any(atom.holds(point) for point in wrong):
                found = self._solver.core([atom], region.formula)
                if isinstance(found, list):
                    return [atom]
                self._points.append(found)
                wrong.append(found)
        found = self._solver.core(literals, region.formula)
        if isinstance(found, list):
            return found
        self._points.append(found)
        return None

    def _cost(self, atom: Atom) -> float:
        known = self._costs.get(atom)
        if known is None:
            known = self._costs[atom] = (
                sum(map(abs, atom.form.coefficients)) + bool(atom.form.constant) + (2 if atom.relation == "!=" else 0)
            )
        return known

    def _joined(self, last: _Region) -> Term:
        body = last.term
        for test, term in reversed(self._entries):
            body = self._renderer.choice(_shortened(test, None), term, body)
        return body


def _shortened(formula: Formula, output: int | None) -> Formula:
    """A formula over the parameters only, without the place of the output."""
    if isinstance(formula, Atom):
        coefficients = formula.form.coefficients
        kept = coefficients[:-1] if output is None else coefficients[:output]
        return Atom(Affine(kept, formula.form.constant), formula.relation)
    parts = tuple(_shortened(part, output) for part in formula.parts)
    return And(parts) if isinstance(formula, And) else type(formula)(parts)
