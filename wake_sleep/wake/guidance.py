"""What is learned of the programs of one function: its language with the library in it, and what they cost there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.grammar import Grammar
from dsl.probability import UNIFORM, Weights
from wake_sleep.wake.costs import Costs, smoothed_costs
from wake_sleep.wake.dovetail import HEAD_START

if TYPE_CHECKING:
    from wake_sleep.wake.proposing import Proposer


@dataclass(frozen=True)
class Guidance:
    """What a generation knows of the programs of one function.

    Attributes:
        base: the programs allowed.
        grammar: the same with abstractions; expanded, its programs are those of `base`.
        weights: learned weights of productions.
        reading: makes better weights by reading the task, when they are needed; None if there is nothing that could.
        is_alone: whether what is learned works without the plain search beside it: the proposer, if there is one, else
            the guided search.
        proposer: a network that proposes programs of `grammar`, or None.
        head_start: candidates of the plain search before what is learned is used.
    """

    base: Grammar
    grammar: Grammar
    weights: Weights = UNIFORM
    reading: Callable[[], Weights] | None = None
    is_alone: bool = False
    proposer: Proposer | None = None
    head_start: int = HEAD_START

    @classmethod
    def nothing(cls, grammar: Grammar) -> Guidance:
        """Nothing is learned."""
        return cls(grammar, grammar)

    @property
    def is_nothing(self) -> bool:
        """Whether a guided search would be the plain one; a proposer may help it all the same."""
        return self.grammar is self.base and self.reading is None and self.weights == UNIFORM

    @functools.cached_property
    def learned(self) -> Weights:
        """The weights for this task."""
        return self.weights if self.reading is None else self.reading()

    @functools.cached_property
    def opening(self) -> Costs:
        """What a search goes by at its beginning: equal costs where the plain search begins, and nothing is read."""
        return self.costs if self.is_nothing or self.is_alone else Costs(self.base)

    @functools.cached_property
    def costs(self) -> Costs:
        """What programs are described with, and a guided search goes by."""
        return smoothed_costs(self.grammar, self.learned)
