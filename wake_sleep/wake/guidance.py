"""What is learned of the programs of one function: its language with the library in it, and what they cost there."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from dsl.grammar import Grammar
from dsl.probability import UNIFORM, Weights
from wake_sleep.wake.costs import Costs, smoothed_costs


@dataclass(frozen=True)
class Guidance:
    """What a generation knows of the programs of one function.

    Attributes:
        base: the programs allowed.
        grammar: the same with abstractions; expanded, its programs are those of `base`.
        weights: learned weights of productions.
        is_alone: whether the guided search works without the plain one beside it.
    """

    base: Grammar
    grammar: Grammar
    weights: Weights = UNIFORM
    is_alone: bool = False

    @classmethod
    def nothing(cls, grammar: Grammar) -> Guidance:
        """Nothing is learned."""
        return cls(grammar, grammar)

    @property
    def is_nothing(self) -> bool:
        """Whether a guided search would be the plain one."""
        return self.grammar is self.base and self.weights == UNIFORM

    @functools.cached_property
    def costs(self) -> Costs:
        """What programs are described with, and a guided search goes by."""
        return smoothed_costs(self.grammar, self.weights)
