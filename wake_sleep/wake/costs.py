"""Integer costs of productions, from contextual log-probabilities.

The cost κ(c, p) of production p in context c (the production above it, and which argument it fills) is −log P(p | c)
in units of 1/`resolution` nat, rounded, at least 1. The *level* of a term is the cost of everything below its root
plus the least cost λ(p) of its root production over all contexts; what a context charges beyond that is its *shift*
δ_c(p) = κ(c, p) − λ(p) ≥ 0. An enumeration by levels therefore stores each term once, and every context sees a shifted
view of it. Productions with the same shifts in all contexts form one *class*: without learned weights there is one.
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
)
from dsl.terms import Literal, Term

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
        """λ(p), the least cost over all contexts, for each production of a nonterminal."""
        found = self._least.get(nonterminal)
        if found is None:
            found = tuple(self._table(nonterminal).min(axis=0).tolist())
            self._least[nonterminal] = found
        return found

    def classes(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """For each production of a nonterminal, the number of its class; see `shift`."""
        found = self._classes.get(nonterminal)
        if found is None:
            table = self._table(nonterminal)
            columns = (table - table.min(axis=0)).T.copy()  # (P, C)
            found = tuple([self._class_of(column) for column in columns])
            self._classes[nonterminal] = found
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

    def shift(self, class_: int, context: Context) -> int:
        """δ_context(p) for the productions p of a class."""
        return self._shifts[class_][self._position[self.canonical(context)]]

    def literal(self, literal: Literal) -> int:
        """What a literal costs in a constant slot, beyond the production itself."""
        return self._units_of(-literal_log_probability(literal))

    def nats(self, program: Term) -> float:
        """Description length of a closed program, in nats; infinite for one that the grammar does not have."""
        return -self._probabilistic.log_likelihood(program)

    def _units_of(self, nats: float) -> int:
        return max(1, round(nats * self.resolution))


UNREACHABLE: Final = 1 << 20
"""The cost of a production of probability 0."""


def smoothed_costs(grammar: Grammar, weights: Weights) -> Costs:
    """The costs that a search is guided by, and that its programs are described with.

    Learned probabilities are mixed with the uniform ones at every choice (`UNIFORM_SHARE`): what was never seen costs
    at most log 10 nats more than without weights, so that a misleading guide delays a program but never hides it.
    """
    return Costs(grammar, weights, uniform_share=0.0 if weights == UNIFORM else UNIFORM_SHARE)
