"""Skeletons: programs with one part cut out, and what can be put in its place, known by what it computes.

The hole of a skeleton is a further parameter of it. What is tried there has been computed on all cases already, so
that a trial runs no more than what stands above the hole, and on the first case only unless it fits there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.evaluate import Evaluation
from dsl.limits import Cell, Exhausted
from dsl.terms import Term, Variable, free_variables, shift, substitute
from dsl.types import Type
from dsl.values import Bottom, typed_key
from wake_sleep.wake.search import Goal

if TYPE_CHECKING:
    from wake_sleep.model.partial import PartialDerivation

MOST_PARTS: Final = 400
"""Parts of one type that are tried in one hole."""


class Parts:
    """Open terms over the parameters by their type, one of each behaviour on the active cases: the smallest."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Know none yet.

        Args:
            evaluation: on the inputs of the active cases.
        """
        self._evaluation = evaluation
        self._known: dict[Type, dict[object, tuple[Term, list[Cell]]]] = {}
        self._seen: set[tuple[Type, Term]] = set()

    def add(self, type_: Type, term: Term) -> None:
        """Add a term of a first-order type; one that has no value anywhere is left out."""
        if (type_, term) in self._seen:
            return
        self._seen.add((type_, term))
        column = self._evaluation.column(term)
        if all(isinstance(cell, Bottom | Exhausted) for cell in column):
            return
        key = tuple(None if isinstance(cell, Bottom | Exhausted) else typed_key(cell) for cell in column)
        known = self._known.setdefault(type_, {})
        if key not in known or term.size < known[key][0].size:
            known[key] = (term, column)

    def add_state(self, state: PartialDerivation) -> None:
        """Add all parts of a program that use no variable bound above them."""
        for node, term in enumerate(state.terms()):
            nonterminal = state.nonterminals[node]
            if term is None or nonterminal.type.is_function:
                continue
            bound = len(nonterminal.environment) - state.grammar.parameters
            if not any(index < bound for index in free_variables(term)):
                self.add(nonterminal.type, shift(term, -bound))

    def of(self, type_: Type) -> list[tuple[Term, list[Cell]]]:
        """The terms of a type with what they compute, smaller ones first, at most `MOST_PARTS`."""
        known = self._known.get(type_, {}).values()
        return sorted(known, key=lambda part: part[0].size)[:MOST_PARTS]


@dataclass(frozen=True)
class Cut:
    """A program with one part cut out.

    Attributes:
        skeleton: open term over the parameters and, before the first of them, one more: the part.
        type: of the part.
        part: what was cut out, or None if it uses a variable bound above it.
    """

    skeleton: Term
    type: Type
    part: Term | None


def cuts(state: PartialDerivation) -> Iterator[Cut]:
    """All ways to cut one part of a first-order type out of a whole program, but not all of it."""
    terms, parameters = state.terms(), state.grammar.parameters
    for node in range(1, len(state)):
        nonterminal, term = state.nonterminals[node], terms[node]
        if term is None or nonterminal.type.is_function:
            continue
        bound = len(nonterminal.environment) - parameters
        is_closed = not any(index < bound for index in free_variables(term))
        here: Term = Variable(parameters + bound)
        below = node
        while state.parents[below] >= 0:
            above = state.parents[below]
            production = state.productions[above]
            assert production is not None
            children = [here if child == below else terms[child] for child in state.children[above]]
            here = production.build([child for child in children if child is not None])
            below = above
        yield Cut(here, nonterminal.type, shift(term, -bound) if is_closed else None)


def fillings(cut: Cut, parts: Parts, goal: Goal, spend: Callable[[int], object]) -> Iterator[Term]:
    """Bodies that meet all active cases of a goal and are a skeleton with a part put in.

    Args:
        cut: the skeleton.
        parts: what is tried.
        goal: with cases.
        spend: counts the trials; may end the work.
    """
    left = [(term, column) for term, column in parts.of(cut.type) if term is not cut.part]
    parameters = goal.grammar.parameters
    for number, (inputs, wanted) in enumerate(goal.cases):
        left = [part for part in left if not isinstance(part[1][number], Bottom | Exhausted)]
        if not left:
            return
        spend(len(left))
        rows = [(column[number], *inputs) for _, column in left]
        cells = Evaluation(goal.domain, rows, goal.limits).column(cut.skeleton)  # type: ignore[arg-type]
        key = typed_key(wanted)
        left = [
            part
            for part, cell in zip(left, cells, strict=True)
            if not isinstance(cell, Bottom | Exhausted) and typed_key(cell) == key
        ]
    own = [Variable(index) for index in range(parameters)]
    for term, _ in left:
        yield substitute(cut.skeleton, [*own, term])
