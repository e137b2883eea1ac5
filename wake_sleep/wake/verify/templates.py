"""Linear templates: functions as decision lists of affine forms whose coefficients Z3 finds.

At a point, where all variables have values, a condition is linear in the coefficients of the functions that it
calls. Counterexamples become points until the coefficients meet the condition everywhere (as in template-based
synthesis: Srivastava, Gulwani and Foster, STTT 2013; Alur et al., FMCAD 2013).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import z3

from dsl.spec import Function
from wake_sleep.wake.linear.formula import Affine
from wake_sleep.wake.verify.condition import Point
from wake_sleep.wake.verify.solver import LONG_STEPS, Allowance, Translation, run


@dataclass(frozen=True)
class DecisionList:
    """Forms and the tests before them: the first form whose test is at least 0, else the last.

    Attributes:
        tests: one less than the forms.
        forms: the forms.
    """

    tests: tuple[Affine, ...]
    forms: tuple[Affine, ...]


class LinearTemplates:
    """Decision lists of one length for all functions of a condition."""

    def __init__(self, translation: Translation, tests: int, largest: int | None) -> None:
        """Start without points.

        Args:
            translation: of a condition whose functions map integers to integers.
            tests: of each list.
            largest: bound on the coefficients, and on constants; None for no bound.
        """
        self._translation = translation
        self._solver = z3.Solver(ctx=translation.context)
        self._unknowns: list[Any] = []
        self._rows = {f.name: self._list(f, tests) for f in translation.condition.functions}
        if largest is not None:
            for unknown in self._unknowns:
                self._solver.add(unknown >= -largest, unknown <= largest)

    def _list(self, function: Function, tests: int) -> tuple[list[list[Any]], list[list[Any]]]:
        """The unknowns of a function: a row of coefficients and a constant for each test, and for each form."""
        width, context = len(function.parameters) + 1, self._translation.context
        rows = [[z3.FreshInt(function.name, context) for _ in range(width)] for _ in range(2 * tests + 1)]
        self._unknowns += [unknown for row in rows for unknown in row]
        return rows[:tests], rows[tests:]

    def add(self, point: Point) -> bool:
        """Have the condition met at a point; False if calls in arguments of others make that non-linear."""
        translation = self._translation
        pairs = translation.values(point)
        made = []
        for call in translation.calls:
            arguments = [z3.simplify(z3.substitute(a, *pairs)) if pairs else a for a in call.arguments]
            if not all(z3.is_int_value(argument) for argument in arguments):
                return False
            made.append((call.symbol, self._value(call.operator.name, [a.as_long() for a in arguments])))
        self._solver.add(*[z3.substitute(clause, *made) for clause in translation.at(point)])
        return True

    def _value(self, name: str, arguments: Sequence[int]) -> Any:
        tests, forms = self._rows[name]
        value = _product(forms[-1], arguments)
        for test, form in zip(reversed(tests), reversed(forms[:-1]), strict=True):
            value = z3.If(_product(test, arguments) >= 0, _product(form, arguments), value)
        return value

    def solve(self, allowance: Allowance) -> dict[str, DecisionList] | None:
        """Lists that meet the condition at all points so far, or None if there are none or Z3 does not know."""
        if run(self._solver, allowance, None, LONG_STEPS) != z3.sat:
            return None
        self._model = self._solver.model()
        return self._read()

    def simpler(self, allowance: Allowance) -> Iterator[dict[str, DecisionList]]:
        """Lists with one more coefficient that is 0 each; what was yielded is kept if `keep` is called."""
        for unknown in self._unknowns:
            if self._model.eval(unknown, model_completion=True).as_long():
                self._solver.push()
                self._solver.add(unknown == 0)
                former, self._kept = self._model, False
                if run(self._solver, allowance, None, LONG_STEPS) == z3.sat:
                    self._model = self._solver.model()
                    yield self._read()
                self._solver.pop()
                if self._kept:
                    self._solver.add(unknown == 0)
                else:
                    self._model = former

    def keep(self) -> None:
        """Go on from what `simpler` yielded last."""
        self._kept = True

    def _read(self) -> dict[str, DecisionList]:
        return {
            name: DecisionList(tuple(map(self._form, tests)), tuple(map(self._form, forms)))
            for name, (tests, forms) in self._rows.items()
        }

    def _form(self, row: Sequence[Any]) -> Affine:
        values = [self._model.eval(unknown, model_completion=True).as_long() for unknown in row]
        return Affine(tuple(values[:-1]), values[-1])


def _product(row: Sequence[Any], arguments: Sequence[int]) -> Any:
    return z3.Sum([*(unknown * value for unknown, value in zip(row, arguments, strict=False) if value), row[-1]])
