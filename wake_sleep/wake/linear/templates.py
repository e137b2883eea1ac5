"""Several linear functions, or one that is called at several places: coefficients by counterexamples.

Short lists with small coefficients are tried first, so that what is found is small.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from dsl.grammar import Grammar
from dsl.terms import Term, Variable
from dsl.types import BOOL, INT
from wake_sleep.wake.linear.formula import FALSE, TRUE, Affine, NotLinear, Reader, atom, atoms_of, conjoined
from wake_sleep.wake.linear.render import Inexpressible, Renderer
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import Judgement
from wake_sleep.wake.verify.condition import Condition, Point
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier
from wake_sleep.wake.verify.templates import DecisionList, LinearTemplates

SHAPES: Final = ((0, 1), (0, 10), (1, 1), (0, None), (1, 10), (2, 1), (1, None), (2, 10), (3, 1))
"""Tests of each list, and the bound on coefficients, in the order in which they are tried."""
MOST_POINTS: Final = 60
"""Counterexamples after which a shape is given up."""
MOST_BOUNDS: Final = 8
"""Forms whose extremes are tried."""
SHARE: Final = 0.25
"""Of the time that is left, what one question may take."""


class LinearFunctions:
    """Searches functions of integers for a condition with several functions or calls."""

    def __init__(
        self, condition: Condition, grammars: Mapping[str, Grammar], verifier: ConditionVerifier, meter: Meter
    ) -> None:
        """Prepare.

        Raises:
            NotLinear: if there are other values than integers.
        """
        functions = condition.functions
        if any(t is not INT for f in functions for t in (f.result, *(t for _, t in f.parameters))):
            raise NotLinear("functions of other values than integers")
        self._condition, self._verifier, self._meter = condition, verifier, meter
        self._is_proved = False
        self._renderers = {name: Renderer(grammar, condition.domain) for name, grammar in grammars.items()}

    def solve(self, points: Sequence[Point]) -> dict[str, Term] | None:
        """Bodies that the verifier proves, or None if no shape leads to any.

        Args:
            points: to begin with.
        """
        known = list(points)
        suggested = self._suggested()
        if suggested is not None:
            return suggested
        has_choice = all(renderer.has_choice for renderer in self._renderers.values())
        for tests, largest in SHAPES:
            if tests and not has_choice:
                continue
            found = self._try(LinearTemplates(self._verifier.translation, tests, largest), known)
            if found is not None:
                return found
        return None

    def _suggested(self) -> dict[str, Term] | None:
        """Least and greatest of the forms that atoms of the condition bound the only function by."""
        if len(self._condition.functions) != 1:
            return None
        ((name, renderer),) = self._renderers.items()
        try:
            forms = _bounds(self._condition)
            terms = sorted(((f, renderer.form(f)) for f in forms[:MOST_BOUNDS]), key=lambda pair: pair[1].size)
        except (NotLinear, Inexpressible):
            return None
        for body in _extremes(terms, renderer):
            self._meter.spend(1)
            if self._refuted({name: body}) is None and self._is_proved:
                return {name: body}
        return None

    def _try(self, templates: LinearTemplates, known: list[Point]) -> dict[str, Term] | None:
        """Refute and mend lists of one shape; points that come up are added to `known`."""
        if not all(templates.add(point) for point in known):
            return None
        for _ in range(MOST_POINTS):
            self._meter.spend(1)
            lists = templates.solve(self._allowance())
            if lists is None:
                return None
            try:
                bodies = self._bodies(lists)
            except Inexpressible:
                return None
            point = self._refuted(bodies)
            if point is None:
                return self._simplified(templates, bodies) if self._is_proved else None
            known.append(point)
            templates.add(point)
        return None

    def _simplified(self, templates: LinearTemplates, bodies: dict[str, Term]) -> dict[str, Term]:
        """Bodies with as many coefficients 0 as can be."""
        for lists in templates.simpler(self._allowance()):
            self._meter.spend(1)
            try:
                other = self._bodies(lists)
            except Inexpressible:
                continue
            if _size(other) < _size(bodies) and self._refuted(other) is None and self._is_proved:
                templates.keep()
                bodies = other
        return bodies

    def _refuted(self, bodies: Mapping[str, Term]) -> Point | None:
        """A point at which bodies fail; `_is_proved` says whether there is none."""
        programs = {name: self._renderers[name].grammar.program(body) for name, body in bodies.items()}
        verdict = self._verifier.check(programs, self._allowance())
        self._is_proved = verdict.judgement is Judgement.PROVED
        return verdict.counterexample if verdict.judgement is Judgement.REFUTED else None

    def _allowance(self) -> Allowance:
        left = self._meter.seconds_left
        return Allowance(None if left is None else SHARE * left)

    def _bodies(self, lists: Mapping[str, DecisionList]) -> dict[str, Term]:
        return {name: _body(found, self._renderers[name]) for name, found in lists.items()}


def _bounds(condition: Condition) -> list[Affine]:
    """The forms, over the parameters, that atoms bound calls of the only function by.

    Raises:
        NotLinear: if the condition is not linear, or has calls in arguments of others.
    """
    clauses = condition.abstracted()
    if clauses is None:
        raise NotLinear("calls in arguments of others")
    calls, count = len(condition.calls), len(condition.calls) + len(condition.variables)
    is_boolean = [False] * calls + [t is BOOL for _, t in reversed(condition.variables)]
    reader = Reader(lambda variable: variable.index, is_boolean)
    found: dict[Affine, None] = {}
    for clause in clauses:
        for bound in atoms_of(reader.formula(clause)):
            coefficients = bound.form.coefficients
            called = [number for number in range(calls) if coefficients[number]]
            if len(called) != 1 or abs(coefficients[called[0]]) != 1 or bound.relation not in (">=", "="):
                continue
            form = bound.form.without(called[0]) * -coefficients[called[0]]
            arguments = condition.calls[called[0]].arguments
            places = [argument.index + calls for argument in arguments if isinstance(argument, Variable)]
            used = {place for place in range(count) if form.coefficients[place]}
            if len(set(places)) == len(arguments) and used <= set(places):
                found.setdefault(Affine(tuple(form.coefficients[place] for place in places), form.constant))
    return list(found)


def _extremes(terms: Sequence[tuple[Affine, Term]], renderer: Renderer) -> Iterator[Term]:
    """Each form, and the least and the greatest of every two and of all of them."""
    yield from (term for _, term in terms)
    if not renderer.has_choice:
        return
    groups = [list(pair) for pair in itertools.combinations(terms, 2)]
    groups += [list(terms)] if len(terms) > 2 else []
    for group in groups:
        for sign in (1, -1):
            # The extreme of the first ones is compared with each further one.
            with contextlib.suppress(Inexpressible):
                yield _extreme(group, sign, renderer)


def _extreme(group: Sequence[tuple[Affine, Term]], sign: int, renderer: Renderer) -> Term:
    """The greatest of some forms, or the least if `sign` is -1, as a decision list of conjunctions."""
    body = group[-1][1]
    for place in range(len(group) - 2, -1, -1):
        form, term = group[place]
        tests = [atom((form - other) * sign, ">=") for other, _ in group[place + 1 :]]
        body = renderer.choice(conjoined(tests), term, body)
    return body


def _body(found: DecisionList, renderer: Renderer) -> Term:
    body = renderer.form(found.forms[-1])
    for test, form in zip(reversed(found.tests), reversed(found.forms[:-1]), strict=True):
        formula = atom(test, ">=")
        if formula == TRUE:
            body = renderer.form(form)
        elif formula != FALSE:
            then = renderer.form(form)
            body = body if then is body else renderer.choice(formula, then, body)
    return body


def _size(bodies: Mapping[str, Term]) -> int:
    return sum(body.size for body in bodies.values())
