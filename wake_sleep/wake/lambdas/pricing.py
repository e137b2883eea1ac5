"""What an enumeration of open terms charges for a form: its costs, or its size where a bound on size is set."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Final

from dsl.grammar import Nonterminal, Production
from dsl.probability import ROOT
from dsl.types import Type
from wake_sleep.wake.costs import Costs

NESTING: Final = 2.5
"""Nats for each level of nesting of a type beyond what the request mentions."""
STRANGE: Final = 1.5
"""Nats for lists of elements that the request does not mention."""


class Pricing:
    """Integer prices of the forms of all nonterminals.

    With a bound on size every node costs 1: then the first of equal terms is a smallest one, and an enumeration up to
    the bound has tried all. Else a form costs what `Costs` says; but of the instances of one polymorphic operator those
    at types that are stranger to the request cost more, and the others less. Learned weights do not say so, since they
    are counted over all requests.

    Attributes:
        costs: where the prices come from.
        by_size: whether every node costs 1.
        is_flat: whether a form costs the same in all contexts.
        lambda_: price of one λ.
    """

    def __init__(self, costs: Costs, by_size: bool) -> None:
        self.costs, self.by_size = costs, by_size
        self.is_flat = by_size or costs.canonical(("", -1)) == ROOT
        self.lambda_ = 1 if by_size else 0
        self._prices: dict[Nonterminal, tuple[int, ...]] = {}
        start = costs.grammar.start
        request = (start.type, *start.environment)
        self._depth = max(1, *(t.depth for t in request)) if request else 1
        self._mentioned = frozenset(_base(t) for t in request)
        self._strange: dict[Type, float] = {}

    def prices(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """The least price of each production of a nonterminal over all contexts."""
        found = self._prices.get(nonterminal)
        if found is None:
            productions = self.costs.grammar.productions(nonterminal)
            found = (1,) * len(productions)
            if not self.by_size:
                found = self._resplit(productions, self.costs.least(nonterminal))
            self._prices[nonterminal] = found
        return found

    def classes(self, nonterminal: Nonterminal) -> tuple[int, ...]:
        """The class of shifts of each production of a nonterminal."""
        return (0,) * len(self.prices(nonterminal)) if self.is_flat else self.costs.classes(nonterminal)

    @property
    def unshifted(self) -> int:
        """The class of terms that are entered at given levels; see `Costs.unshifted`."""
        return 0 if self.is_flat else self.costs.unshifted

    @functools.cached_property
    def floor(self) -> int:
        """The least price of what stands near the root: what an unknown node costs at least, as a rule."""
        start = self.costs.grammar.start
        near = {child: None for p in self.costs.grammar.productions(start) for child in p.children}
        known = [start, *(n for n in near if not n.type.is_function)]
        return min((min(self.prices(n)) for n in known if self.prices(n)), default=1)

    def _resplit(self, productions: Sequence[Production], prices: Sequence[int]) -> tuple[int, ...]:
        """Prices with the weight of each operator shared out anew among its instances, by their strangeness."""
        instances: dict[object, list[int]] = {}
        for index, production in enumerate(productions):
            instances.setdefault(production.head, []).append(index)
        found = list(prices)
        for indices in instances.values():
            if len(indices) > 1:
                strange = [self._strangeness(productions[i]) for i in indices]
                cheapest = min(prices[i] for i in indices)
                shares = [math.exp((cheapest - prices[i]) / self.costs.resolution) for i in indices]
                left = sum(share * math.exp(-own) for share, own in zip(shares, strange, strict=True))
                total = math.log(left) - math.log(sum(shares))
                for i, own in zip(indices, strange, strict=True):
                    found[i] = max(1, round(prices[i] + (own + total) * self.costs.resolution))
        return tuple(found)

    def _strangeness(self, production: Production) -> float:
        return sum(map(self._strangeness_of, dict.fromkeys(t for c in production.children for t in _parts(c.type))))

    def _strangeness_of(self, type_: Type) -> float:
        found = self._strange.get(type_)
        if found is None:
            nesting = NESTING * max(0, type_.depth - self._depth)
            found = nesting + (STRANGE if type_.depth and _base(type_) not in self._mentioned else 0.0)
            self._strange[type_] = found
        return found


@functools.lru_cache(maxsize=4096)
def _parts(type_: Type) -> tuple[Type, ...]:
    """The first-order types in the type of an argument."""
    return tuple(t for part in type_.arguments for t in _parts(part)) if type_.is_function else (type_,)


def _base(type_: Type) -> Type:
    while type_.name == "list":
        type_ = type_.arguments[0]
    return type_
