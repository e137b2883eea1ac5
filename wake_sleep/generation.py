"""Generations: what a wake phase runs with, as one thing that is published as a whole."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.probability import UNIFORM, Weights
from dsl.terms import Operator
from wake_sleep.wake.dovetail import HEAD_START

if TYPE_CHECKING:
    from wake_sleep.model.guide import Guide
    from wake_sleep.wake.proposing import Proposer
    from wake_sleep.wake.solve import SolveSettings

NO_GENERATION: Final = "none"
"""The name of the generation that nothing was learned for."""
SHIPPED: Final = "shipped"
"""What is called so is the generation of each domain that comes with Reverie; for domains without one it is none."""


@dataclass(frozen=True)
class Generation:
    """What was learned of one domain.

    Attributes:
        name: what it is called in results and on the command line.
        domain: name of the domain, or None for the generation that knows nothing of any.
        abstractions: the library: operators of kind ``abstraction``, their definitions in base-language β-normal form.
        weights: learned weights of productions, those of the abstractions included.
        guide: what corrects the weights for each task by its examples, or None.
        proposer: a network that proposes programs, or None; it goes with the guide.
        head_start: candidates of the plain search of a problem before what was learned is used.
    """

    name: str = NO_GENERATION
    domain: str | None = None
    abstractions: tuple[Operator, ...] = ()
    weights: Weights = UNIFORM
    guide: Guide | None = None
    proposer: Proposer | None = None
    head_start: int = HEAD_START

    def applied_to(self, settings: SolveSettings) -> SolveSettings:
        """Settings of a search that uses this generation."""
        return dataclasses.replace(
            settings,
            weights=self.weights,
            guide=self.guide,
            proposer=self.proposer,
            abstractions=self.abstractions,
            head_start=self.head_start,
            generation=self.name,
        )


UNTRAINED: Final = Generation()
"""The generation that knows nothing."""
