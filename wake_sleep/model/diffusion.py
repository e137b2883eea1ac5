"""The diffusion of trees: what is hidden when, and what a model's guesses are worth.

*Forward.* Every node v of a derivation draws U_v uniformly from (0, 1); t_v = t_parent · U_v, with 1 above the root. At
time t the nodes with t_v ≥ t are shown. Going back from t = 1 to 0, a hole waits until its own t_v: in the scale
-log t that is an exponential time of rate 1 whatever was shown before, so every hole has hazard 1/t and **the next node
to be shown is a uniformly drawn hole**. The order in which the n nodes appear is therefore: draw a hole, show it,
draw again. With z_k the tree after k nodes, H_k its holes and π_k the node shown next,

    -log p(x | c)  ≤  E over orders Σ_k -log p_θ(x_{π_k} | z_k, c)                      (Jensen, over the orders)
                    =  n · E_{k ~ U{0..n-1}} E_{z_k} 1/|H_k| Σ_{h ∈ H_k} -log p_θ(x_h | z_k, c)

where p(x | c) is what the reverse process generates that draws a hole uniformly and asks the model to fill it. No model
of length is needed, and the second line is the training estimator.

*Hazards.* Productions may be destroyed at different speeds: node v waits an exponential time of rate λ(x_v). Then the
next node shown is hole h with probability q(h | z, x) = λ(x_h) / Σ_{h'} λ(x_{h'}), which the reverse process cannot
know, since it depends on what is hidden. It draws a hole from r(h | z) instead, and each step of the bound costs
log q(π_k | z_k, x) - log r(π_k | z_k) nats more: in expectation a Kullback–Leibler divergence, 0 for equal hazards and
uniform r.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from dsl.grammar import Derivation, Grammar
from dsl.probability import literal_log_probability
from wake_sleep.model.partial import PartialDerivation, literal_of, preorder_children

if TYPE_CHECKING:
    import random

Hazards: TypeAlias = Mapping[str, float]
"""λ by production key; 1 where a key is missing."""
EQUAL_HAZARDS: Final[Hazards] = MappingProxyType({})
"""Every production is destroyed at the same speed."""

Predict: TypeAlias = Callable[[PartialDerivation], Sequence[Sequence[float]]]
"""Log-probabilities of the productions of each hole of a state (in the order of `holes` and of the grammar)."""
Pick: TypeAlias = Callable[[PartialDerivation], Sequence[float]]
"""r: the probabilities with which the reverse process draws the holes of a state."""


def uniform_pick(state: PartialDerivation) -> Sequence[float]:
    """The reverse process that knows nothing of hazards: all holes are equally likely."""
    return [1 / len(state.holes)] * len(state.holes)


class ShownTree:
    """A derivation some of whose nodes are shown; see the module.

    Attributes:
        derivation: the whole.
        state: the part that is shown.
        shown: places in pre-order of the nodes shown, in the order in which they were.
    """

    def __init__(self, state: PartialDerivation, hole: int, derivation: Derivation) -> None:
        """Show nothing yet of what stands at a hole of a state; the state is changed by `show`."""
        self.derivation, self.state = derivation, state
        self.shown: list[int] = []
        self._nodes = list(derivation.preorder())
        self._below = preorder_children(derivation)
        self._place = {hole: 0}

    @classmethod
    def of(cls, grammar: Grammar, derivation: Derivation) -> ShownTree:
        """A whole program of which nothing is shown."""
        return cls(PartialDerivation(grammar), 0, derivation)

    def __len__(self) -> int:
        """Number of nodes of the derivation."""
        return len(self._nodes)

    def hidden(self, hole: int) -> Derivation:
        """What stands at a hole of the state."""
        return self._nodes[self.place(hole)]

    def place(self, hole: int) -> int:
        """The place in pre-order of what stands at a hole."""
        return self._place[hole]

    def show(self, hole: int) -> None:
        """Show the node at a hole."""
        place = self._place[hole]
        node = self._nodes[place]
        opened = self.state.expand(hole, node.production, literal_of(node))
        self._place.update(zip(opened, self._below[place], strict=True))
        self.shown.append(place)

    def targets(self) -> list[int]:
        """For each hole of the state the number of the production that stands there, among those of its nonterminal."""
        productions = self.state.grammar.productions
        nodes = [self.hidden(hole) for hole in self.state.holes]
        return [productions(node.nonterminal).index(node.production) for node in nodes]

    def posterior(self, hazards: Hazards = EQUAL_HAZARDS) -> list[float]:
        """q: the probability of each hole to be shown next."""
        rates = [hazards.get(self.hidden(hole).production.key, 1.0) for hole in self.state.holes]
        total = sum(rates)
        return [rate / total for rate in rates]


def times(derivation: Derivation, random: random.Random) -> list[float]:
    """Times t_v at which the nodes of a derivation, in pre-order, are shown: the forward process of equal hazards."""
    below = preorder_children(derivation)
    found = [0.0] * len(below)
    found[0] = random.random()
    for place, children in enumerate(below):
        for child in children:
            found[child] = found[place] * random.random()
    return found


def shown_after(
    grammar: Grammar, derivation: Derivation, count: int, random: random.Random, hazards: Hazards = EQUAL_HAZARDS
) -> ShownTree:
    """z_count: the state after `count` nodes were shown, each drawn from the holes by q."""
    tree = ShownTree.of(grammar, derivation)
    for _ in range(count):
        holes = tree.state.holes
        chosen = random.choices(holes, tree.posterior(hazards))[0] if hazards else random.choice(holes)
        tree.show(chosen)
    return tree


def sampled_bound(
    grammar: Grammar,
    derivation: Derivation,
    predict: Predict,
    random: random.Random,
    *,
    hazards: Hazards = EQUAL_HAZARDS,
    pick: Pick = uniform_pick,
) -> float:
    """One draw (nats) of the training estimator: its expectation is `exact_bound`."""
    count = len(list(derivation.preorder()))
    tree = shown_after(grammar, derivation, random.randrange(count), random, hazards)
    return count * _step_cost(tree, predict, hazards, pick)


def exact_bound(
    grammar: Grammar,
    derivation: Derivation,
    predict: Predict,
    *,
    hazards: Hazards = EQUAL_HAZARDS,
    pick: Pick = uniform_pick,
) -> float:
    """The bound on -log p(x | c), in nats, over all orders; exponential in the size, for small derivations only."""
    return sum(
        reached * _step_cost(tree, predict, hazards, pick)
        for tree, reached in _states(grammar, derivation, lambda tree: tree.posterior(hazards))
    )


def exact_log_likelihood(
    grammar: Grammar, derivation: Derivation, predict: Predict, *, pick: Pick = uniform_pick
) -> float:
    """Log p(x | c), in nats, of the reverse process that fills one hole a step; for small derivations only."""

    def move(tree: ShownTree) -> list[float]:
        state = tree.state
        filled = [-cost for cost in fill_costs(tree, predict(tree.state))]
        return [r * math.exp(log) for r, log in zip(pick(state), filled, strict=True)]

    total = _total(grammar, derivation, move)
    return math.log(total) if total > 0 else -math.inf


def fill_costs(tree: ShownTree, predictions: Sequence[Sequence[float]]) -> list[float]:
    """-log p_θ(x_h | z, c) for each hole, the literal of a constant slot included."""
    costs = []
    for hole, logs, target in zip(tree.state.holes, predictions, tree.targets(), strict=True):
        literal = literal_of(tree.hidden(hole))
        costs.append(-logs[target] - (0.0 if literal is None else literal_log_probability(literal)))
    return costs


def _step_cost(tree: ShownTree, predict: Predict, hazards: Hazards, pick: Pick) -> float:
    """Σ_h q(h) (-log p_θ(x_h) + log q(h) - log r(h)): what one step of the bound costs."""
    posterior, drawn = tree.posterior(hazards), pick(tree.state)
    return sum(
        q * (cost + math.log(q) - math.log(r))
        for q, r, cost in zip(posterior, drawn, fill_costs(tree, predict(tree.state)), strict=True)
    )


_Move: TypeAlias = Callable[[ShownTree], Sequence[float]]


def _layers(grammar: Grammar, derivation: Derivation, move: _Move) -> list[dict[frozenset[int], float]]:
    """For each k the sets of k nodes that can be shown, with the total weight of the orders that lead to them."""
    count = len(list(derivation.preorder()))
    layers: list[dict[frozenset[int], float]] = [{frozenset(): 1.0}]
    for _ in range(count):
        following: dict[frozenset[int], float] = {}
        for shown, weight in layers[-1].items():
            tree = _show_all(grammar, derivation, shown)
            for hole, share in zip(list(tree.state.holes), move(tree), strict=True):
                after = shown | {tree.place(hole)}
                following[after] = following.get(after, 0.0) + weight * share
        layers.append(following)
    return layers


def _states(grammar: Grammar, derivation: Derivation, move: _Move) -> list[tuple[ShownTree, float]]:
    """The states with something hidden, each with the total weight of the orders that lead to it."""
    layers = _layers(grammar, derivation, move)[:-1]
    return [(_show_all(grammar, derivation, shown), weight) for layer in layers for shown, weight in layer.items()]


def _total(grammar: Grammar, derivation: Derivation, move: _Move) -> float:
    return sum(_layers(grammar, derivation, move)[-1].values())


def _show_all(grammar: Grammar, derivation: Derivation, places: frozenset[int]) -> ShownTree:
    tree = ShownTree.of(grammar, derivation)
    for place in sorted(places):
        hole = next(hole for hole in tree.state.holes if tree.place(hole) == place)
        tree.show(hole)
    return tree
