"""Several linear functions, or one that is called at several places: coefficients by counterexamples.

Short lists with small coefficients are tried first, so that what is found is small.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from dsl.grammar import Grammar
from dsl.terms import Term
from dsl.types import INT
from wake_sleep.wake.linear.formula import FALSE, TRUE, NotLinear, atom
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
        has_choice = all(renderer.has_choice for renderer in self._renderers.values())
        for tests, largest in SHAPES:
            if tests and not has_choice:
                continue
            found = self._try(LinearTemplates(self._verifier.translation, tests, largest), known)
            if found is not None:
                return found
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
