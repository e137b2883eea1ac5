"""Generations: what a wake phase runs with, as one thing that is published as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dsl.probability import UNIFORM, Weights
from dsl.terms import Operator

NO_GENERATION: Final = "none"
"""The name of the generation that nothing was learned for."""


@dataclass(frozen=True)
class Generation:
    """What was learned of one domain.

    Attributes:
        name: what it is called in results and on the command line.
        domain: name of the domain, or None for the generation that knows nothing of any.
        abstractions: the library: operators of kind ``abstraction``, whose definitions are in base-language β-normal form.
        weights: learned weights of productions, those of the abstractions included.
    """

    name: str = NO_GENERATION
    domain: str | None = None
    abstractions: tuple[Operator, ...] = ()
    weights: Weights = UNIFORM


UNTRAINED: Final = Generation()
"""The generation that knows nothing."""
