"""Integer costs of productions, from contextual log-probabilities.

The cost κ(c, p) of production p in context c (the production above it, and which argument it fills) is −log P(p | c)
in units of 1/`resolution` nat, rounded, at least 1. The *level* of a term is the cost of everything below its root
plus the least cost λ(p) of its root production over all contexts that can stand above it; what a context charges beyond
that is its *shift* δ_c(p) = κ(c, p) − λ(p) ≥ 0. An enumeration by levels therefore stores each term once, and every
context sees a shifted view of it. Productions with the same shifts in all these contexts form one *class*: without
learned weights there is one.

Weights are those of a domain, and most of their contexts want arguments of other types: were they counted in, a
condition would have the level of what is cheap as a number somewhere, and each production a class of its own.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from dsl.grammar import Grammar, Nonterminal
from dsl.probability import (
    ROOT,
    UNIFORM,
    Context,
    ProbabilisticGrammar,
    Weights,
    literal_log_probability,
    types_within,
)
from dsl.terms import Literal, Term
from dsl.types import Type

RESOLUTION: Final = 1.0
"""Units of cost in a nat."""
UNIFORM_SHARE: Final = 0.1
"""Share of the uniform grammar in learned probabilities during a search."""


class Costs:
    """Costs of the productions of a grammar.

    Attributes:
        grammar: whose productions.
        resolution: units of cost in a nat.
    """

    def __init__(
        self,
        grammar: Grammar,
        weights: Weights = UNIFORM,
        resolution: float = RESOLUTION,
        uniform_share: float = 0.0,
    ) -> None:
        """Derive costs from weights; uniform ones by default.

        Args:
            grammar: whose productions.
            weights: learned weights of productions.
            resolution: units of cost in a nat.
            uniform_share: share of the uniform grammar in the probabilities; see `smoothed_costs`.
        """
        self.grammar, self.resolution = grammar, resolution
        self._probabilistic = ProbabilisticGrammar(grammar, weights, uniform_share)
        # Every context without weights of its own costs the same; one that no production has stands for them.
        self._contexts: tuple[Context, ...] = (*weights.contextual, ("", -1)) if weights.contextual else (ROOT,)
        self._known = frozenset(weights.contextual)
        self._position = {context: i for i, context in enumerate(self._contexts)}
        self._costs: dict[tuple[Nonterminal, Context], tuple[int, ...]] = {}
        self._least: dict[Nonterminal, tuple[int, ...]] = {}
        self._classes: dict[Nonterminal, tuple[int, ...]] = {}
        self._class_numbers: dict[bytes, int] = {}
        self._tables: dict[Nonterminal, npt.NDArray[np.int64]] = {}
        self._shifts: list[tuple[int, ...]] = []
        self._masks: dict[Type, npt.NDArray[np.bool_]] = {}

    def canonical(self, context: Context) -> Context:
        """The context itself, or the one that stands for all without weights of their own."""
        return context if context in self._known else self._contexts[-1]

    def of(self, nonterminal: Nonterminal, context: Context = ROOT) -> tuple[int, ...]:
        """κ(context, p) for each production p of a nonterminal, in the order of the grammar."""
        key = (nonterminal, self.canonical(context))
        found = self._costs.get(key)
        if found is None:
            found = tuple(self._table(nonterminal)[self._position[key[1]]].tolist())
            self._costs[key] = found
        return found

    def least(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """λ(p), the least cost over all contexts above it, for each production of a nonterminal."""
        found = self._least.get(nonterminal)
        if found is None:
            found = tuple(self._table(nonterminal)[self._above(nonterminal.type)].min(axis=0).tolist())
            self._least[nonterminal] = found
        return found

    def classes(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """For each production of a nonterminal, the number of its class; see `shift`."""
        found = self._classes.get(nonterminal)
        if found is None:
            above = self._above(nonterminal.type)
            shifts = self._table(nonterminal) - np.array(self.least(nonterminal))
            shifts[~above] = _NEVER
            found = tuple([self._class_of(column) for column in shifts.T.copy()])  # (P, C)
            self._classes[nonterminal] = found
        return found

    def _above(self, type_: Type) -> npt.NDArray[np.bool_]:
        """Which contexts can stand above terms of a type, shape (C,).

        That of all that have no weights always counts as one of them, and what its key does not say it of.
        """
        found = self._masks.get(type_)
        if found is None:
            found = np.ones(len(self._contexts), bool)
            for i, context in enumerate(self._contexts[:-1]):
                within = (self.grammar.start.type,) if context == ROOT else types_within(context)
                found[i] = within is None or type_ in within
            self._masks[type_] = found
        return found

    def _class_of(self, shifts: npt.NDArray[np.int64]) -> int:
        number = self._class_numbers.setdefault(shifts.tobytes(), len(self._shifts))
        if number == len(self._shifts):
            self._shifts.append(tuple(shifts.tolist()))
        return number

    def _table(self, nonterminal: Nonterminal) -> npt.NDArray[np.int64]:
        """κ of all contexts (C) and productions (P), shape (C, P)."""
        found = self._tables.get(nonterminal)
        if found is None:
            probabilities = self._probabilistic.table(nonterminal, self._contexts)
            with np.errstate(divide="ignore"):
                units = -np.log(probabilities) * self.resolution
            reached = np.maximum(1, np.rint(np.where(probabilities > 0, units, 0.0))).astype(np.int64)
            found = np.where(probabilities > 0, reached, UNREACHABLE)
            self._tables[nonterminal] = found
        return found

    @property
    def unshifted(self) -> int:
        """The class of terms that have a level of their own, whatever stands above them."""
        return self._class_of(np.zeros(len(self._contexts), np.int64))

    def shift(self, class_: int, context: Context) -> int:
        """δ_context(p) for the productions p of a class.

        Raises:
            ValueError: for a context that cannot stand above them.
        """
        found = self._shifts[class_][self._position[self.canonical(context)]]
        if found < 0:
            raise ValueError(f"argument {context[1]} of {context[0]} has no productions of class {class_}")
        return found

    def literal(self, literal: Literal) -> int:
        """What a literal costs in a constant slot, beyond the production itself."""
        return self._units_of(-literal_log_probability(literal))

    def nats(self, program: Term) -> float:
        """Description length of a closed program, in nats; infinite for one that the grammar does not have."""
        return -self._probabilistic.log_likelihood(program)

    def _units_of(self, nats: float) -> int:
        return max(1, round(nats * self.resolution))


_NEVER: Final = -1
"""In the place of the shift in a context that cannot stand above a production."""
UNREACHABLE: Final = 1 << 20
"""The cost of a production of probability 0."""


def smoothed_costs(grammar: Grammar, weights: Weights) -> Costs:
    """The costs that a search is guided by, and that its programs are described with.

    Learned probabilities are mixed with the uniform ones at every choice (`UNIFORM_SHARE`): what was never seen costs
    at most log 10 nats more than without weights, so that a misleading guide delays a program but never hides it.
    """
    return Costs(grammar, weights, uniform_share=0.0 if weights == UNIFORM else UNIFORM_SHARE)
