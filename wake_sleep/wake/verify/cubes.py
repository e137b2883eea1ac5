"""Z3 on linear formulas: models, implications, and the few of many literals that an implication needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import z3

from wake_sleep.wake.linear.formula import Affine, And, Atom, Formula
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.solver import LONG_STEPS, SHORT_STEPS, Allowance, run

IntegerPoint = tuple[int, ...]
"""Values of the variables; Booleans are 0 and 1."""


class Undecided(Exception):
    """Z3 gives no answer within its limits."""


class CubeSolver:
    """A set of formulas that holds, and questions about what follows from it.

    Attributes:
        calls: how often Z3 was asked.
    """

    def __init__(self, is_boolean: Sequence[bool], meter: Meter) -> None:
        """Start with nothing asserted.

        Args:
            is_boolean: for each variable whether it is a Boolean, else it is an integer.
            meter: bounds every question.
        """
        self._meter = meter
        self._context = context = z3.Context()
        self._variables = [
            z3.Bool(f"b{i}", context) if b else z3.Int(f"i{i}", context) for i, b in enumerate(is_boolean)
        ]
        # On conditions with many differences of variables the newer arithmetic is ten times slower.
        self._solver = z3.SolverFor("QF_LIA", ctx=context)
        self._solver.set("arith.solver", 2)
        self._solver.set("core.minimize", True)
        # By identity, since to hash a large formula takes longer than to translate it.
        self._made: dict[int, tuple[Formula, Any]] = {}
        self._labels: dict[Atom, Any] = {}
        self.calls = 0

    def add(self, formula: Formula) -> None:
        """Let a formula hold from now on."""
        self._solver.add(self._expression(formula))

    def model(
        self, formulas: Iterable[Formula] = (), false: Iterable[Formula] = (), *, milliseconds: int | None = None
    ) -> IntegerPoint | None:
        """A point at which formulas hold, with all that was added; None if there is none.

        Args:
            formulas: what is to hold.
            false: what is not to hold.
            milliseconds: a shorter limit than the budget's, for what is not worth more.

        Raises:
            Undecided: if Z3 gives no answer.
        """
        self._solver.push()
        try:
            self._solver.add(*map(self._expression, formulas))
            self._solver.add(*(z3.Not(self._expression(formula)) for formula in false))
            return self._point() if self._ask(milliseconds=milliseconds) == z3.sat else None
        finally:
            self._solver.pop()

    def core(self, cube: Sequence[Atom], goal: Formula) -> list[Atom] | IntegerPoint:
        """Literals of a cube that imply a goal, with all that was added, none of which can be missed.

        Returns:
            the literals, or a point at which the whole cube holds and the goal does not.

        Raises:
            Undecided: if Z3 gives no answer.
        """
        self._solver.push()
        try:
            self._solver.add(z3.Not(self._expression(goal)))
            labels = []
            for atom in cube:
                label = self._labels.setdefault(atom, z3.Bool(f"label {len(self._labels)}", self._context))
                self._solver.add(z3.Implies(label, self._expression(atom)))
                labels.append(label)
            if self._ask(*labels) == z3.sat:
                return self._point()
            needed = {label.get_id() for label in self._solver.unsat_core()}
            return [atom for atom, label in zip(cube, labels, strict=True) if label.get_id() in needed]
        finally:
            self._solver.pop()

    def _ask(self, *assumptions: Any, milliseconds: int | None = None) -> Any:
        self.calls += 1
        self._meter.spend(1)
        steps = LONG_STEPS if milliseconds is None else SHORT_STEPS
        answer = run(self._solver, Allowance(self._meter.seconds_left), milliseconds, steps, *assumptions)
        if answer == z3.unknown:
            raise Undecided(self._solver.reason_unknown())
        return answer

    def _point(self) -> IntegerPoint:
        model = self._solver.model()
        values = [model.eval(v, model_completion=True) for v in self._variables]
        return tuple(int(z3.is_true(v)) if z3.is_bool(v) else int(v.as_long()) for v in values)

    def _expression(self, formula: Formula) -> Any:
        known = self._made.get(id(formula))
        if known is None:
            if isinstance(formula, Atom):
                found = self._atom(formula)
            else:
                parts = [self._expression(part) for part in formula.parts]
                found = z3.And(parts, self._context) if isinstance(formula, And) else z3.Or(parts, self._context)
            known = self._made[id(formula)] = formula, found
        return known[1]

    def _atom(self, atom: Atom) -> Any:
        if atom.relation in ("true", "false"):
            variable = next(v for v, a in zip(self._variables, atom.form.coefficients, strict=True) if a)
            return variable if atom.relation == "true" else z3.Not(variable)
        value = self._affine(atom.form)
        return value >= 0 if atom.relation == ">=" else value == 0 if atom.relation == "=" else value != 0

    def _affine(self, form: Affine) -> Any:
        parts = [a * v for a, v in zip(form.coefficients, self._variables, strict=True) if a]
        return z3.Sum([*parts, z3.IntVal(form.constant, self._context)])
