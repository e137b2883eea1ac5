"""Integer costs of productions, from contextual log-probabilities.

The cost κ(c, p) of production p in context c (the production above it, and which argument it fills) is −log P(p | c)
in units of 1/`resolution` nat, rounded, at least 1. The *level* of a term is the cost of everything below its root
plus the least cost λ(p) of its root production over all contexts; what a context charges beyond that is its *shift*
δ_c(p) = κ(c, p) − λ(p) ≥ 0. An enumeration by levels therefore stores each term once, and every context sees a shifted
view of it. Productions with the same shifts in all contexts form one *class*: without learned weights there is one.
"""

from __future__ import annotations

import math
from typing import Final

from dsl.grammar import Grammar, Nonterminal
from dsl.probability import ROOT, UNIFORM, Context, ProbabilisticGrammar, Weights, literal_log_probability
from dsl.terms import Literal, Term

RESOLUTION: Final = 1.0
"""Units of cost in a nat."""


class Costs:
    """Costs of the productions of a grammar.

    Attributes:
        grammar: whose productions.
        resolution: units of cost in a nat.
    """

    def __init__(self, grammar: Grammar, weights: Weights = UNIFORM, resolution: float = RESOLUTION) -> None:
        """Derive costs from weights; uniform ones by default."""
        self.grammar, self.resolution = grammar, resolution
        self._probabilistic = ProbabilisticGrammar(grammar, weights)
        # Every context without weights of its own costs the same; one that no production has stands for them.
        self._contexts: tuple[Context, ...] = (*weights.contextual, ("", -1)) if weights.contextual else (ROOT,)
        self._known = frozenset(weights.contextual)
        self._position = {context: i for i, context in enumerate(self._contexts)}
        self._costs: dict[tuple[Nonterminal, Context], tuple[int, ...]] = {}
        self._least: dict[Nonterminal, tuple[int, ...]] = {}
        self._classes: dict[Nonterminal, tuple[int, ...]] = {}
        self._class_numbers: dict[tuple[int, ...], int] = {}
        self._shifts: list[tuple[int, ...]] = []

    def canonical(self, context: Context) -> Context:
        """The context itself, or the one that stands for all without weights of their own."""
        return context if context in self._known else self._contexts[-1]

    def of(self, nonterminal: Nonterminal, context: Context = ROOT) -> tuple[int, ...]:
        """κ(context, p) for each production p of a nonterminal, in the order of the grammar."""
        key = (nonterminal, self.canonical(context))
        found = self._costs.get(key)
        if found is None:
            found = tuple(map(self._units, self._probabilistic.probabilities(*key)))
            self._costs[key] = found
        return found

    def least(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """λ(p), the least cost over all contexts, for each production of a nonterminal."""
        found = self._least.get(nonterminal)
        if found is None:
            found = tuple(map(min, zip(*(self.of(nonterminal, c) for c in self._contexts), strict=True)))
            self._least[nonterminal] = found
        return found

    def classes(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """For each production of a nonterminal, the number of its class; see `shift`."""
        found = self._classes.get(nonterminal)
        if found is None:
            rows = zip(*(self.of(nonterminal, c) for c in self._contexts), strict=True)
            found = tuple(self._class_of(tuple(cost - min(row) for cost in row)) for row in rows)
            self._classes[nonterminal] = found
        return found

    def _class_of(self, shifts: tuple[int, ...]) -> int:
        number = self._class_numbers.setdefault(shifts, len(self._shifts))
        if number == len(self._shifts):
            self._shifts.append(shifts)
        return number

    def shift(self, class_: int, context: Context) -> int:
        """δ_context(p) for the productions p of a class."""
        return self._shifts[class_][self._position[self.canonical(context)]]

    def literal(self, literal: Literal) -> int:
        """What a literal costs in a constant slot, beyond the production itself."""
        return self._units_of(-literal_log_probability(literal))

    def nats(self, program: Term) -> float:
        """Description length of a closed program, in nats; infinite for one that the grammar does not have."""
        return -self._probabilistic.log_likelihood(program)

    def _units(self, probability: float) -> int:
        return self._units_of(-math.log(probability)) if probability > 0 else UNREACHABLE

    def _units_of(self, nats: float) -> int:
        return max(1, round(nats * self.resolution))


UNREACHABLE: Final = 1 << 20
"""The cost of a production of probability 0."""
