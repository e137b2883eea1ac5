"""What invariants of a problem are likely to speak of: its own atoms, and simple relations of its state variables."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain
from dsl.terms import Application, Literal, Term, Variable, postorder
from dsl.types import BOOL, INT, Type
from wake_sleep.wake.invariants.clauses import HornSystem, type_of
from wake_sleep.wake.invariants.lemmas import negation, normal
from wake_sleep.wake.invariants.writing import reader_of
from wake_sleep.wake.linear.formula import Affine, NotLinear, Reader, atoms_of
from wake_sleep.wake.verify.condition import apply

MOST_ATOMS: Final = 400
"""Atoms of a pool."""
MOST_SLOTS: Final = 700
"""Numeric terms that are compared with constants."""
_LONGEST: Final = 60
"""AST nodes of the largest formula of the problem that is taken as it stands."""
_SHORT: Final = 30
"""AST nodes of the largest one that a decision tree forks at."""
_FEW: Final = 16
"""Variables of one type of which all pairs are looked at."""
_CONSTANTS: Final = 12
"""Constants of the problem that every variable is compared with."""


@dataclass(frozen=True)
class Slot:
    """A numeric term that thresholds are looked for.

    Attributes:
        term: over the parameters, of integers or of bit-vectors.
        at_most: name of the comparison.
        constants: thresholds that the problem itself uses.
    """

    term: Term
    at_most: str
    constants: tuple[int, ...]


class Vocabulary:
    """The atoms of one problem.

    Attributes:
        system: the problem.
        formulas: Boolean terms over the parameters that occur in it, and Boolean parameters.
        constants: constants that occur in it, by type, and 0 and 1.
        has_bits: whether there are bit-vectors.
        slots: numeric terms, those that occur in it first.
    """

    def __init__(self, system: HornSystem) -> None:
        """Read the atoms off the clauses."""
        self.system, self.domain = system, system.domain
        self.types = tuple(t for _, t in reversed(system.function.parameters))
        own = dict.fromkeys(normal(f, self.domain) for _, f in system.state_formulas if f.size <= _LONGEST)
        booleans = [Variable(i) for i, t in reversed(list(enumerate(self.types))) if t is BOOL]
        self.formulas: tuple[Term, ...] = tuple(dict.fromkeys([*booleans, *own]))
        self.constants = _constants(system)
        self.has_bits = any(t.name == "bv" for t in self.types)
        self.slots = tuple(itertools.islice(self._slots(), MOST_SLOTS))

    # Numeric terms.

    def _slots(self) -> Iterator[Slot]:
        found: dict[Term, dict[int, None]] = {}
        for form, constant in self._forms():
            term = affine_term(form, self.domain)
            found.setdefault(term, {})[constant] = None
        for index, type_ in reversed(list(enumerate(self.types))):
            if type_ is INT:
                found.setdefault(Variable(index), {})
        yield from (Slot(term, "<=", tuple(constants)) for term, constants in found.items())
        yield from (slot for slot in self._pairs() if slot.term not in found)
        for index, type_ in reversed(list(enumerate(self.types))):
            if type_.name == "bv":
                constants = self.constants.get(type_, ())
                yield Slot(Variable(index), "bvule", constants)
                yield Slot(Variable(index), "bvsle", constants)
                lowest = _apply(self.domain, "bvand", (Variable(index), Literal(1, type_)), type_)
                yield Slot(lowest, "bvule", (0, 1))

    def _forms(self) -> Iterator[tuple[Affine, int]]:
        """Linear forms of the problem's own atoms, with their first coefficient positive, and the constants there."""
        for term in self.formulas:
            try:
                atoms = list(atoms_of(self._reader.formula(term)))
            except NotLinear:
                continue
            for atom in atoms:
                if atom.relation in ("true", "false"):
                    continue
                sign = 1 if next(a for a in atom.form.coefficients if a) > 0 else -1
                form = atom.form * sign
                yield Affine(form.coefficients, 0), -form.constant

    def _pairs(self) -> Iterator[Slot]:
        """Differences and sums of two integers."""
        integers = [i for i, t in reversed(list(enumerate(self.types))) if t is INT]
        for a, b in itertools.combinations(integers, 2):
            for name in ("-", "+"):
                yield Slot(_apply(self.domain, name, (Variable(a), Variable(b)), INT), "<=", ())

    @functools.cached_property
    def _reader(self) -> Reader:
        return reader_of(self.types)

    # Atoms.

    @functools.cached_property
    def tests(self) -> tuple[Term, ...]:
        """Formulas that states are told apart by, beside thresholds of slots."""
        own = [part for part in self.formulas if part.size <= _SHORT]
        pairs = itertools.islice(self._relations(), MOST_ATOMS) if self.has_bits else ()
        return tuple(dict.fromkeys([*own, *pairs]))

    def pool(self) -> list[Term]:
        """Formulas of which an invariant may be a conjunction, the likely ones first."""
        found: dict[Term, None] = {}
        for atom in itertools.chain(self._own(), self._bounds(), self._relations(), self._implications()):
            found.setdefault(atom)
            if len(found) >= MOST_ATOMS:
                break
        return list(found)

    def _own(self) -> Iterator[Term]:
        for formula in self.formulas:
            yield formula
            yield negation(formula, self.domain)

    def _bounds(self) -> Iterator[Term]:
        for slot in self.slots:
            is_variable = isinstance(slot.term, Variable)
            known = self.constants.get(type_of(slot.term, self.types), ())
            if not (is_variable or slot.constants):
                continue
            for constant in dict.fromkeys([*slot.constants, *(known if is_variable else ())]):
                yield from (self.at_most(slot, constant), self.at_least(slot, constant))

    def _relations(self) -> Iterator[Term]:
        by_type: dict[Type, list[Term]] = {}
        for index, type_ in reversed(list(enumerate(self.types))):
            by_type.setdefault(type_, []).append(Variable(index))
        for type_, variables in by_type.items():
            names = ("<=", ">=") if type_ is INT else ("bvule", "bvult", "bvsle", "bvslt") if type_ is not BOOL else ()
            for a, b in itertools.combinations(variables, 2):
                yield _apply(self.domain, "=", (a, b), type_)
                yield from (_apply(self.domain, name, (a, b), type_) for name in names)

    def _implications(self) -> Iterator[Term]:
        booleans = [Variable(i) for i, t in reversed(list(enumerate(self.types))) if t is BOOL][:_FEW]
        for a, b in itertools.combinations(booleans, 2):
            for left, right in itertools.product((a, negation(a, self.domain)), (b, negation(b, self.domain))):
                yield apply(self.domain, "or", left, right)

    def at_most(self, slot: Slot, constant: int) -> Term:
        """``slot <= constant``."""
        type_ = type_of(slot.term, self.types)
        return _apply(self.domain, slot.at_most, (slot.term, Literal(constant, type_)), type_)

    def at_least(self, slot: Slot, constant: int) -> Term:
        """``slot >= constant``."""
        type_ = type_of(slot.term, self.types)
        return _apply(self.domain, slot.at_most, (Literal(constant, type_), slot.term), type_)


def affine_term(form: Affine, domain: Domain) -> Term:
    """A linear form over the parameters as a term."""
    count = len(form.coefficients)
    total: Term | None = None
    for index, factor in enumerate(form.coefficients):
        if not factor:
            continue
        variable: Term = Variable(count - 1 - index)
        scaled = variable if abs(factor) == 1 else _apply(domain, "*", (Literal(abs(factor), INT), variable), INT)
        if total is None:
            total = scaled if factor > 0 else _apply(domain, "-", (Literal(0, INT), scaled), INT)
        else:
            total = _apply(domain, "+" if factor > 0 else "-", (total, scaled), INT)
    assert total is not None
    return total


def _apply(domain: Domain, name: str, arguments: Sequence[Term], type_: Type) -> Term:
    found = domain.overload(name, [type_] * len(arguments))
    assert found is not None, f"{domain.name} has no {name}"
    return Application(found.operator, tuple(arguments))


def _constants(system: HornSystem) -> dict[Type, tuple[int, ...]]:
    """The constants of the problem by type, 0 and 1 first."""
    found: dict[Type, dict[int, None]] = {}
    types = dict.fromkeys(t for _, t in system.function.parameters if t is not BOOL)
    for type_ in types:
        found[type_] = dict.fromkeys((0, 1))
    clauses = (clause.constraint for clause in system.clauses)
    for node in postorder(clauses, into_definitions=True):
        if isinstance(node, Literal) and node.type in found:
            found[node.type][int(node.value)] = None  # type: ignore[arg-type]
    return {type_: tuple(itertools.islice(values, _CONSTANTS)) for type_, values in found.items()}
