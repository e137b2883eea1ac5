"""Weights drawn around others, so that searches of one language look into different corners of it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Final

from dsl.grammar import Production
from dsl.probability import Weights
from dsl.terms import Operator

_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class RandomisedWeights(Weights):
    """Weights multiplied by log-normal factors, one for each operator, literal and variable.

    A factor is a function of seed and key alone: the weights need not know the language, and are the same in every
    process. It is the same in all contexts, so that as many contexts as before have costs of their own, and for all
    instances of a polymorphic operator, so that none of its very many types becomes cheap by chance.

    Attributes:
        seed: of the factors.
        spread: standard deviation of their logarithms, in nats.
    """

    seed: str = ""
    spread: float = 0.0
    _factors: dict[str, float] = field(default_factory=dict, compare=False, repr=False)

    def factor(self, production: Production) -> float:
        """See `Weights.factor`."""
        return self._factor(_key(production))

    def _factor(self, key: str) -> float:
        found = self._factors.get(key)
        if found is None:
            digest = hashlib.blake2b(f"{self.seed}\n{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
            share = (int.from_bytes(digest, "big") + 0.5) / 2**64
            found = self._factors[key] = math.exp(self.spread * _NORMAL.inv_cdf(min(share, 1 - 1e-12)))
        return found


def _key(production: Production) -> str:
    return production.head.key if isinstance(production.head, Operator) else production.key


def randomised(weights: Weights, spread: float, seed: str) -> Weights:
    """Weights around `weights`; with spread 0 these themselves."""
    if spread == 0.0:
        return weights
    return RandomisedWeights(weights.contextual, weights.unigram, seed, spread)
