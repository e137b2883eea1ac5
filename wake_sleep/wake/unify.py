"""Unification: conditional programs from partial solutions, as decision trees over predicates.

Terms that are right on some cases are told apart by predicates (Alur, Radhakrishna and Udupa, Scaling Enumerative
Program Synthesis via Divide and Conquer, TACAS 2017). Sets of cases are Python integers used as bit sets: bit i is
case i. Inside, they are rows of matrices, so that thousands of predicates are compared by one product.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Payload = TypeVar("Payload")
Matrix = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

EFFORT: Final = 20
"""How many predicates are weighed at each fork."""
_LABELS: Final = 48
"""Terms among which the estimate of a subtree distinguishes."""
_BITS_OF_LEAF: Final = 8.0
"""Bits of entropy that a further leaf takes away; this and the next were fitted to bit-vector problems."""
_TYPICAL: Final = 0.1
"""Quantile of the costs of terms and predicates that is taken as the cost of one yet to be chosen."""
_DEEPEST: Final = 40
_ONE_THREAD: Final = 1 << 18
"""Multiplications of a matrix product that OpenBLAS does not divide among threads."""
_PAIRS: Final = 150_000
"""Pairs of a predicate and a term that are looked at in a millisecond."""
_PRODUCTS: Final = 10_000_000
"""Multiplications that are done in a millisecond."""


@dataclass(frozen=True)
class Part(Generic[Payload]):
    """A term with the cases it is about: those where it is right, or, of a predicate, those where it is true.

    Attributes:
        cases: bit set.
        cost: description length in units of cost.
        payload: what the engine knows the term by.
    """

    cases: int
    cost: int
    payload: Payload


@dataclass(frozen=True)
class Tree(Generic[Payload]):
    """A decision tree.

    Attributes:
        cost: of all parts and conditionals.
        payload: of the term at a leaf, of the predicate at a fork.
        branches: the trees where the predicate is true and where it is false; None at a leaf.
    """

    cost: int
    payload: Payload
    branches: tuple[Tree[Payload], Tree[Payload]] | None = None


def decision_tree(
    terms: Sequence[Part[Payload]],
    predicates: Sequence[Part[Payload]],
    cases: int,
    fork_cost: int,
    spend: Callable[[int], None],
    effort: int = EFFORT,
) -> Tree[Payload] | None:
    """A cheap decision tree whose leaves are right on all of `cases`, or None if these parts do not give one.

    Where one fork suffices it is the cheapest one. Elsewhere the predicates are ranked by an estimate of the whole
    tree's cost, from the entropy of the leaves on both sides, and the first few of them are weighed by the trees that
    the ranking alone gives for both sides (the pilot method: Duin and Voß 1999).

    Args:
        terms: partial solutions.
        predicates: conditions that the language can state (each may be false where it has no value only if the
            language says so; the caller leaves out those that are ⊥ on a case).
        cases: bit set of the cases to cover.
        fork_cost: cost of one conditional.
        spend: called with 0 about as often as the work takes milliseconds; may raise to end it.
        effort: how many predicates are weighed at each fork; with 0 the one that is ranked first is taken.
    """
    if not cases:
        cheapest = min(terms, key=lambda term: term.cost, default=None)
        return None if cheapest is None else Tree(cheapest.cost, cheapest.payload)
    return _Learner(terms, predicates, cases, fork_cost, spend, effort).learn()


class _Learner(Generic[Payload]):
    """Learns one tree; terms, predicates and cases are numbered, terms and predicates in order of cost."""

    def __init__(
        self,
        terms: Sequence[Part[Payload]],
        predicates: Sequence[Part[Payload]],
        cases: int,
        fork_cost: int,
        spend: Callable[[int], None],
        effort: int,
    ) -> None:
        self.terms = _undominated(sorted(terms, key=lambda part: part.cost), cases)
        self.predicates = sorted(predicates, key=lambda part: part.cost)
        self.fork_cost, self.spend, self.effort = fork_cost, spend, effort
        self.covers = _matrix(self.terms, cases)
        self.holds = _matrix(self.predicates, cases)
        self.term_costs = np.array([part.cost for part in self.terms], np.float64)
        self.predicate_costs = np.array([part.cost for part in self.predicates], np.float64)
        self.count = cases.bit_count()
        self.sketches: dict[bytes, Tree[Payload] | None] = {}
        self.trees: dict[bytes, Tree[Payload] | None] = {}

    def learn(self) -> Tree[Payload] | None:
        if not self.terms or not self.covers.any(axis=0).all():
            return None
        everything = np.arange(self.count)
        return self.tree(everything) if self.effort else self.sketch(everything, 0)

    def sketch(self, here: Indices, depth: int) -> Tree[Payload] | None:
        """A tree for the cases numbered `here` in which every fork is the one that is ranked first."""
        key = here.tobytes()
        if key not in self.sketches:
            fork = _Fork(self, here)
            tree = fork.small_tree()
            if tree is None and depth < _DEEPEST:
                for number in fork.ranking()[:1]:
                    tree = self.forked(number, here, functools.partial(self.sketch, depth=depth + 1), None)
            self.sketches[key] = tree
        return self.sketches[key]

    def tree(self, here: Indices) -> Tree[Payload] | None:
        """A tree in which the forks are weighed by the sketches below them (the pilot method)."""
        key = here.tobytes()
        if key not in self.trees:
            self.trees[key] = self.weigh(here)
        return self.trees[key]

    def weigh(self, here: Indices) -> Tree[Payload] | None:
        fork = _Fork(self, here)
        small = fork.small_tree()
        if small is not None:
            return small
        best: Tree[Payload] | None = None
        chosen = -1
        for number in fork.ranking()[: self.effort]:
            tree = self.forked(number, here, functools.partial(self.sketch, depth=1), best)
            if tree is not best:
                best, chosen = tree, number
        return None if best is None else self.forked(chosen, here, self.tree, best)

    def forked(
        self, number: int, here: Indices, below: Callable[[Indices], Tree[Payload] | None], best: Tree[Payload] | None
    ) -> Tree[Payload] | None:
        """The tree with this predicate at its root, if it is cheaper than `best`; else `best`."""
        predicate, holds = self.predicates[number], self.holds[number, here]
        cost = self.fork_cost + predicate.cost
        if best is not None and cost >= best.cost:
            return best
        yes, no = here[holds], here[~holds]
        smaller, larger = (yes, no) if yes.size <= no.size else (no, yes)
        one = below(smaller)
        if one is None or (best is not None and cost + one.cost >= best.cost):
            return best
        two = below(larger)
        if two is None or (best is not None and cost + one.cost + two.cost >= best.cost):
            return best
        branches = (one, two) if smaller is yes else (two, one)
        return Tree(cost + one.cost + two.cost, predicate.payload, branches)


class _Fork(Generic[Payload]):
    """The choice of a predicate for one set of cases.

    Axes: p predicates, t terms, c cases.
    """

    def __init__(self, owner: _Learner[Payload], here: Indices) -> None:
        self.owner = owner
        covers = owner.covers[:, here]
        full = np.flatnonzero(covers.all(axis=1))
        self.leaf = owner.terms[full[0]] if full.size else None
        self.term_numbers = _distinct_sets(covers)
        self.predicate_numbers = _distinct_splits(owner.holds[:, here])
        pairs = self.term_numbers.size * self.predicate_numbers.size
        for _ in range(1 + pairs // _PAIRS + pairs * here.size // _PRODUCTS):
            owner.spend(0)
        self.holds = owner.holds[np.ix_(self.predicate_numbers, here)].astype(np.float32)  # p c
        self.covers = covers[self.term_numbers]  # t c
        self.term_costs = owner.term_costs[self.term_numbers]
        self.predicate_costs = owner.predicate_costs[self.predicate_numbers]
        misses = (~self.covers).astype(np.float32)
        missed_yes = _product(self.holds, misses.T)  # p t
        missed_no = misses.sum(axis=1) - missed_yes
        self.yes = np.where(missed_yes == 0, self.term_costs, np.inf).min(axis=1, initial=np.inf)  # p
        self.no = np.where(missed_no == 0, self.term_costs, np.inf).min(axis=1, initial=np.inf)
        self.missed = missed_yes, missed_no

    def small_tree(self) -> Tree[Payload] | None:
        """The cheapest tree of at most one fork."""
        leaf = None if self.leaf is None else Tree(self.leaf.cost, self.leaf.payload)
        one = self.of_leaves() if self.predicate_numbers.size else None
        return min((tree for tree in (leaf, one) if tree is not None), key=lambda tree: tree.cost, default=None)

    def of_leaves(self) -> Tree[Payload] | None:
        """The cheapest fork with a leaf on either side."""
        costs = self.predicate_costs + self.yes + self.no
        chosen = int(costs.argmin())
        if not np.isfinite(costs[chosen]):
            return None
        owner = self.owner
        leaves = []
        for missed in self.missed:
            term = owner.terms[self.term_numbers[int(np.flatnonzero(missed[chosen] == 0)[0])]]
            leaves.append(Tree(term.cost, term.payload))
        predicate = owner.predicates[self.predicate_numbers[chosen]]
        cost = owner.fork_cost + predicate.cost + leaves[0].cost + leaves[1].cost
        return Tree(cost, predicate.payload, (leaves[0], leaves[1]))

    def ranking(self) -> list[int]:
        """Numbers of the predicates, that of the cheapest estimated tree first."""
        if not self.predicate_numbers.size:
            return []
        labels = self.likely_leaves()
        mass_yes = _product(self.holds, labels)  # p t
        mass_no = labels.sum(axis=0) - mass_yes
        leaf = float(np.quantile(self.term_costs, _TYPICAL))
        fork = self.owner.fork_cost + float(np.quantile(self.predicate_costs, _TYPICAL))
        total = self.predicate_costs.copy()
        for known, mass in ((self.yes, mass_yes), (self.no, mass_no)):
            leaves = np.maximum(1.0 + _bits(mass) / _BITS_OF_LEAF, 2.0)
            total += np.where(np.isfinite(known), known, leaves * leaf + (leaves - 1.0) * fork)
        # Rounded, lest the order of a sum decide.
        order: list[int] = self.predicate_numbers[np.argsort(np.round(total, 6), kind="stable")].tolist()
        return order

    def likely_leaves(self) -> Matrix:
        """How likely each case goes to each of the likeliest leaves, shape (c, t): in proportion to what they cover."""
        counts = self.covers.sum(axis=1)
        likely = np.argsort(-counts, kind="stable")[:_LABELS]
        weights = (self.covers[likely] * counts[likely, None].astype(np.float32) ** 2).T
        # A case that none of these covers is a leaf of its own, which no column stands for.
        return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1.0))


def _product(left: Matrix, right: Matrix) -> Matrix:
    """The matrix product, in blocks so small that BLAS works on them in one thread.

    More threads would wait for one another longer than they work, which costs CPU time, and would let their number
    decide how a sum is rounded.
    """
    height = max(1, _ONE_THREAD // max(1, right.size))
    blocks = [left[i : i + height] @ right for i in range(0, len(left), height)]
    return np.concatenate(blocks) if blocks else np.zeros((0, right.shape[1]), left.dtype)


def _bits(mass: Matrix) -> Matrix:
    """Bits needed to say to which leaf each case goes, for each row of masses."""
    total = mass.sum(axis=1, keepdims=True)
    share = mass / np.maximum(total, 1e-9)
    return np.asarray(-(mass * np.log2(np.maximum(share, 1e-12))).sum(axis=1))


def _matrix(parts: Sequence[Part[Any]], cases: int) -> npt.NDArray[np.bool_]:
    """The sets of the parts as rows, one column for each of `cases`."""
    width = (cases.bit_length() + 7) // 8
    packed = b"".join((part.cases & cases).to_bytes(width, "little") for part in parts)
    rows = np.frombuffer(packed, np.uint8).reshape(len(parts), width)
    wanted = np.unpackbits(np.frombuffer(cases.to_bytes(width, "little"), np.uint8), bitorder="little")
    bits = np.unpackbits(rows, axis=1, bitorder="little")
    return bits[:, np.flatnonzero(wanted)].astype(np.bool_)


def _undominated(terms: Sequence[Part[Payload]], cases: int) -> list[Part[Payload]]:
    """The terms, in order of cost, without those that are right only where an earlier one is right too."""
    covers = _matrix(terms, cases)
    terms = [terms[i] for i in _distinct_sets(covers)]
    rows = _matrix(terms, cases).astype(np.float32)
    shared = np.tril(_product(rows, rows.T), -1)
    dominated = (shared == rows.sum(axis=1, keepdims=True)).any(axis=1)
    return [term for term, is_dominated in zip(terms, dominated, strict=True) if not is_dominated]


def _distinct_splits(holds: npt.NDArray[np.bool_]) -> Indices:
    """The first of the predicates that split the cases alike, those that split nothing left out."""
    if not holds.size:
        return np.zeros(0, np.intp)
    canonical = holds ^ holds[:, :1]
    splits = np.flatnonzero(canonical.any(axis=1))
    return splits[_first_rows(canonical[splits])] if splits.size else splits


def _distinct_sets(covers: npt.NDArray[np.bool_]) -> Indices:
    """The first of the terms that cover the same cases, those that cover none left out."""
    some = np.flatnonzero(covers.any(axis=1))
    return some[_first_rows(covers[some])]


def _first_rows(rows: npt.NDArray[np.bool_]) -> Indices:
    """Positions of the first of equal rows, ascending."""
    packed = np.packbits(rows, axis=1)
    width = packed.shape[1]
    keys: npt.NDArray[Any]
    if width <= 8:
        padded = np.zeros((len(packed), 8), np.uint8)
        padded[:, :width] = packed
        keys = padded.view(np.uint64).ravel()
    else:
        keys = packed.view(np.dtype((np.void, width))).ravel()
    _, first = np.unique(keys, return_index=True)
    first.sort()
    return first
