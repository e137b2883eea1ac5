"""Linear formulas: affine forms, atoms over them, and formulas in negation normal form.

A term of linear integer arithmetic becomes a formula over numbered variables, `ite` and macros resolved. What is not
linear is refused by `NotLinear`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from dsl.errors import LimitExceeded, TypeMismatch
from dsl.terms import Application, Literal, Operator, Term, Variable, beta_normal
from dsl.types import BOOL, INT

MOST_PIECES: Final = 256
"""Pieces that an integer term may fall into."""
MOST_STEPS: Final = 100_000
"""Reductions that expanding the macros of a term may take."""


class NotLinear(Exception):
    """A term is not of linear integer arithmetic, or falls into too many pieces."""


@dataclass(frozen=True)
class Affine:
    """a₁x₁ + … + aₙxₙ + b.

    Attributes:
        coefficients: aᵢ, one for each variable.
        constant: b.
    """

    coefficients: tuple[int, ...]
    constant: int

    def __add__(self, other: Affine) -> Affine:
        """The sum."""
        pairs = zip(self.coefficients, other.coefficients, strict=True)
        return Affine(tuple(a + b for a, b in pairs), self.constant + other.constant)

    def __mul__(self, factor: int) -> Affine:
        """The product with an integer."""
        return Affine(tuple(factor * a for a in self.coefficients), factor * self.constant)

    def __sub__(self, other: Affine) -> Affine:
        """The difference."""
        return self + other * -1

    @property
    def is_constant(self) -> bool:
        """Whether no variable occurs."""
        return not any(self.coefficients)

    @functools.cached_property
    def _nonzero(self) -> tuple[tuple[int, int], ...]:
        return tuple((i, a) for i, a in enumerate(self.coefficients) if a)

    def at(self, point: Sequence[int]) -> int:
        """The value at a point."""
        total = self.constant
        for i, a in self._nonzero:
            total += a * point[i]
        return total

    def without(self, index: int) -> Affine:
        """The form with the coefficient of a variable set to 0."""
        return Affine((*self.coefficients[:index], 0, *self.coefficients[index + 1 :]), self.constant)

    def put(self, index: int, value: Affine) -> Affine:
        """The form with another in the place of a variable."""
        return self.without(index) + value * self.coefficients[index]


@dataclass(frozen=True)
class Atom:
    """An affine form compared with 0, or a Boolean variable.

    Attributes:
        form: the affine form; of a Boolean variable, that variable with coefficient 1.
        relation: ``>=``, ``=`` or ``!=``; ``true`` and ``false`` for a Boolean variable.
    """

    form: Affine
    relation: str

    def negated(self) -> Atom:
        """The atom that is true where this one is false."""
        if self.relation == ">=":
            return Atom(Affine(tuple(-a for a in self.form.coefficients), -self.form.constant - 1), ">=")
        return Atom(self.form, {"=": "!=", "!=": "=", "true": "false", "false": "true"}[self.relation])

    def holds(self, point: Sequence[int]) -> bool:
        """Whether it is true at a point (Booleans are 0 and 1)."""
        value = self.form.at(point)
        if self.relation == ">=":
            return value >= 0
        return (value == 0) == (self.relation in ("=", "false"))


@dataclass(frozen=True)
class And:
    """A conjunction; empty for truth."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Or:
    """A disjunction; empty for falsity."""

    parts: tuple[Formula, ...]


Formula: TypeAlias = Atom | And | Or
TRUE: Final = And(())
FALSE: Final = Or(())


def conjoined(parts: Iterable[Formula]) -> Formula:
    """The conjunction of formulas, flattened, without repetitions."""
    return _joined(parts, And, TRUE, FALSE)


def disjoined(parts: Iterable[Formula]) -> Formula:
    """The disjunction of formulas, flattened, without repetitions."""
    return _joined(parts, Or, FALSE, TRUE)


def _joined(parts: Iterable[Formula], kind: type[And] | type[Or], neutral: Formula, dominant: Formula) -> Formula:
    found: dict[Formula, None] = {}
    for part in parts:
        if part == dominant:
            return dominant
        found.update(dict.fromkeys(part.parts if isinstance(part, kind) else (part,)))
    kept = _without_weaker(list(found), is_conjunction=kind is And)
    if any(isinstance(a, Atom) and a.negated() in found for a in kept):
        return dominant
    return kept[0] if len(kept) == 1 else kind(tuple(kept)) if kept else neutral


def _without_weaker(parts: list[Formula], *, is_conjunction: bool) -> list[Formula]:
    """Parts without the inequalities that parallel ones make needless."""
    tightest: dict[tuple[int, ...], int] = {}
    choose = min if is_conjunction else max
    for part in parts:
        if isinstance(part, Atom) and part.relation == ">=":
            known = tightest.get(part.form.coefficients, part.form.constant)
            tightest[part.form.coefficients] = choose(known, part.form.constant)
    return [
        part
        for part in parts
        if not (isinstance(part, Atom) and part.relation == ">=")
        or tightest[part.form.coefficients] == part.form.constant
    ]


def atom(form: Affine, relation: str) -> Formula:
    """An atom in lowest terms, or its truth if that is known."""
    divisor = math.gcd(*form.coefficients) if form.coefficients else 0
    if not divisor:
        value = form.constant
        is_true = value >= 0 if relation == ">=" else (value == 0) == (relation == "=")
        return TRUE if is_true else FALSE
    if relation == ">=":
        return Atom(Affine(tuple(a // divisor for a in form.coefficients), form.constant // divisor), ">=")
    if form.constant % divisor:
        return FALSE if relation == "=" else TRUE
    # Of an equation and its mirror image, one.
    sign = 1 if next(a for a in form.coefficients if a) > 0 else -1
    divided = Affine(tuple(a // divisor * sign for a in form.coefficients), form.constant // divisor * sign)
    return Atom(divided, relation)


def negated(formula: Formula) -> Formula:
    """The negation, in negation normal form."""
    if isinstance(formula, Atom):
        return formula.negated()
    parts = [negated(part) for part in formula.parts]
    return disjoined(parts) if isinstance(formula, And) else conjoined(parts)


def put(formula: Formula, index: int, value: Affine) -> Formula:
    """A formula with an affine form in the place of an integer variable."""
    if isinstance(formula, Atom):
        if formula.relation in ("true", "false") or not formula.form.coefficients[index]:
            return formula
        return atom(formula.form.put(index, value), formula.relation)
    parts = [put(part, index, value) for part in formula.parts]
    return conjoined(parts) if isinstance(formula, And) else disjoined(parts)


def put_truth(formula: Formula, index: int, value: bool) -> Formula:
    """A formula with a truth value in the place of a Boolean variable."""
    if isinstance(formula, Atom):
        if formula.relation not in ("true", "false") or not formula.form.coefficients[index]:
            return formula
        return TRUE if value == (formula.relation == "true") else FALSE
    parts = [put_truth(part, index, value) for part in formula.parts]
    return conjoined(parts) if isinstance(formula, And) else disjoined(parts)


def atoms_of(formula: Formula) -> Iterator[Atom]:
    """The atoms, repetitions included."""
    stack = [formula]
    while stack:
        here = stack.pop()
        if isinstance(here, Atom):
            yield here
        else:
            stack.extend(reversed(here.parts))


def holds(formula: Formula, point: Sequence[int]) -> bool:
    """Whether a formula is true at a point."""
    if isinstance(formula, Atom):
        return formula.holds(point)
    if isinstance(formula, And):
        return all(holds(part, point) for part in formula.parts)
    return any(holds(part, point) for part in formula.parts)


Pieces = list[tuple[Formula, Affine]]
"""A piecewise affine form: conditions that exclude one another and together are true, each with its form."""


class Reader:
    """Reads terms over numbered variables.

    Attributes:
        count: number of variables.
    """

    def __init__(self, place: Callable[[Variable], int], is_boolean: Sequence[bool]) -> None:
        """Read terms whose variables stand at the places that `place` says; `is_boolean` says of which type each is."""
        self._place, self._is_boolean, self.count = place, is_boolean, len(is_boolean)
        self._truths: dict[Term, Formula] = {}
        self._pieces: dict[Term, Pieces] = {}

    def formula(self, term: Term) -> Formula:
        """The formula of a Boolean term.

        Raises:
            NotLinear: if it is not one of linear integer arithmetic.
        """
        try:
            return self._truth(beta_normal(term, expand=True, limit=MOST_STEPS))
        except (LimitExceeded, TypeMismatch, RecursionError) as error:
            raise NotLinear(str(error)) from None

    def _variable(self, variable: Variable) -> Affine:
        place = self._place(variable)
        return Affine(tuple(int(i == place) for i in range(self.count)), 0)

    def _constant(self, value: int) -> Affine:
        return Affine((0,) * self.count, value)

    def _truth(self, term: Term) -> Formula:
        found = self._truths.get(term)
        if found is None:
            found = self._truths[term] = self._make_truth(term)
        return found

    def _make_truth(self, term: Term) -> Formula:
        if isinstance(term, Literal):
            return TRUE if term.value is True else FALSE
        if isinstance(term, Variable):
            return Atom(self._variable(term), "true")
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            raise NotLinear(f"{term!r} is no formula"[:200])
        name, given = term.head.name, term.arguments
        if name in ("and", "or", "not", "=>", "xor"):
            return _connected(name, [self._truth(a) for a in given])
        if name == "ite":
            test, then, otherwise = map(self._truth, given)
            return conjoined([disjoined([negated(test), then]), disjoined([test, otherwise])])
        if name in ("=", "distinct") and self._is_truth(given[0]):
            return self._compared_truths(name, [self._truth(a) for a in given])
        if name in ("=", "distinct", "<=", "<", ">=", ">"):
            return self._compared(name, given)
        raise NotLinear(f"{name} is not linear")

    def _is_truth(self, term: Term) -> bool:
        """Whether a term is Boolean."""
        if isinstance(term, Literal):
            return term.type is BOOL
        if isinstance(term, Variable):
            return self._is_boolean[self._place(term)]
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            return False
        return self._is_truth(term.arguments[1]) if term.head.name == "ite" else term.head.type.result is BOOL

    def _compared_truths(self, name: str, given: Sequence[Formula]) -> Formula:
        if len(given) != 2:
            raise NotLinear("a comparison of more than two truth values")
        same = _connected("xor", [given[0], negated(given[1])])
        return same if name == "=" else negated(same)

    def _compared(self, name: str, given: Sequence[Term]) -> Formula:
        if len(given) != 2:
            raise NotLinear("a comparison of more than two numbers")
        left, right = map(self._integer, given)
        if len(left) * len(right) > MOST_PIECES:
            raise NotLinear("too many pieces")
        parts = []
        for one, a in left:
            for two, b in right:
                guard = conjoined([one, two])
                if guard != FALSE:
                    parts.append(disjoined([negated(guard), _related(name, a, b)]))
        return conjoined(parts)

    def _integer(self, term: Term) -> Pieces:
        found = self._pieces.get(term)
        if found is None:
            found = self._pieces[term] = self._make_integer(term)
            if len(found) > MOST_PIECES:
                raise NotLinear("too many pieces")
        return found

    def _make_integer(self, term: Term) -> Pieces:
        if isinstance(term, Literal) and term.type is INT:
            return [(TRUE, self._constant(int(term.value)))]  # type: ignore[arg-type]
        if isinstance(term, Variable):
            return [(TRUE, self._variable(term))]
        if not isinstance(term, Application) or not isinstance(term.head, Operator):
            raise NotLinear(f"{term!r} is no integer term"[:200])
        name, given = term.head.name, term.arguments
        if name == "ite":
            test = self._truth(given[0])
            branches = ((test, self._integer(given[1])), (negated(test), self._integer(given[2])))
            joined = [(conjoined([guard, own]), form) for guard, pieces in branches for own, form in pieces]
            return [(guard, form) for guard, form in joined if guard != FALSE]
        if name == "abs":
            return [
                piece
                for guard, form in self._integer(given[0])
                for piece in (
                    (conjoined([guard, atom(form, ">=")]), form),
                    (conjoined([guard, atom(form * -1 + self._constant(-1), ">=")]), form * -1),
                )
                if piece[0] != FALSE
            ]
        if name == "-" and len(given) == 1:
            return [(guard, form * -1) for guard, form in self._integer(given[0])]
        if name not in ("+", "-", "*"):
            raise NotLinear(f"{name} is not linear")
        total = self._integer(given[0])
        for argument in given[1:]:
            total = self._combined(name, total, self._integer(argument))
        return total

    def _combined(self, name: str, left: Pieces, right: Pieces) -> Pieces:
        if len(left) * len(right) > MOST_PIECES:
            raise NotLinear("too many pieces")
        found: Pieces = []
        for one, a in left:
            for two, b in right:
                guard = conjoined([one, two])
                if guard == FALSE:
                    continue
                if name == "*":
                    if not (a.is_constant or b.is_constant):
                        raise NotLinear("a product of two variables")
                    form = b * a.constant if a.is_constant else a * b.constant
                else:
                    form = a + b if name == "+" else a - b
                found.append((guard, form))
        return found


def _connected(name: str, parts: Sequence[Formula]) -> Formula:
    if name == "and":
        return conjoined(parts)
    if name == "or":
        return disjoined(parts)
    if name == "not":
        return negated(parts[0])
    if name == "=>":
        # Right-associative: all but the last are premises.
        return disjoined([*(negated(part) for part in parts[:-1]), parts[-1]])
    result = parts[0]
    for part in parts[1:]:
        either = disjoined([result, part])
        result = conjoined([either, disjoined([negated(result), negated(part)])])
    return result


def _related(name: str, a: Affine, b: Affine) -> Formula:
    one = Affine((0,) * len(a.coefficients), 1)
    if name in ("=", "distinct"):
        return atom(a - b, "=" if name == "=" else "!=")
    if name == ">=":
        return atom(a - b, ">=")
    if name == "<=":
        return atom(b - a, ">=")
    return atom(a - b - one, ">=") if name == ">" else atom(b - a - one, ">=")
