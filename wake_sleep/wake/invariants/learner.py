"""ICE learning of invariants as decision trees over atoms (Garg, Neider, Madhusudan and Roth, POPL 2016).

The learner knows the invariant at single states only, see `wake_sleep.wake.invariants.sample`; the clauses answer each
proposal with new steps. Atoms are those of the problem, and comparisons of its numeric terms with thresholds that
lie between states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.evaluate import Evaluation
from dsl.terms import Literal, Term
from dsl.types import BOOL
from wake_sleep.wake.invariants.clauses import type_of
from wake_sleep.wake.invariants.lemmas import joined, negation
from wake_sleep.wake.invariants.sample import Sample
from wake_sleep.wake.invariants.vocabulary import Vocabulary
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.verify.horn import HornSolver, Lemmas, Undecided

Counts: TypeAlias = npt.NDArray[np.int64]

_LARGEST: Final = 1 << 62
"""Magnitude at which values of numeric terms are cut off."""
_DEEPEST: Final = 60
TRUE: Final = Literal(True, BOOL)
FALSE: Final = Literal(False, BOOL)


class IceLearner:
    """Learns one invariant; `round` proposes one and learns from what refutes it.

    Attributes:
        sample: what is known.
    """

    def __init__(self, vocabulary: Vocabulary, solver: HornSolver, meter: Meter) -> None:
        """Start with nothing known."""
        self.vocabulary, self.solver, self.meter = vocabulary, solver, meter
        self.sample = Sample()
        self.is_stuck = False

    def round(self) -> Term | None:
        """An invariant if this round found one.

        Raises:
            Contradiction: if there is none.
            Undecided: if the learner can go on no longer.
        """
        body = _Tree(self.vocabulary, self.sample, self.meter).learn()
        before = len(self.sample.rules)
        self.meter.spend(1)
        with self.solver.lemmas([body]) as lemmas:
            is_invariant = self._ask(lemmas)
        if is_invariant:
            return body
        if len(self.sample.rules) == before:
            raise Undecided("the same counterexample came twice")
        return None

    def _ask(self, lemmas: Lemmas) -> bool:
        """Whether no clause is violated; what violates one is added to the sample."""
        known = {rule.step for rule in self.sample.rules}
        steps = [lemmas.violation(n, [0]) for n in range(len(self.solver.system.clauses))]
        for step in steps:
            if step is not None and step not in known:
                self.sample.add(step)
        return all(step is None for step in steps)


@dataclass(frozen=True)
class _Cut:
    """An attribute of states: a formula, or a numeric term with a threshold."""

    gain: float
    formula: Term
    holds: npt.NDArray[np.bool_]


class _Tree:
    """Learns one tree that agrees with a sample."""

    def __init__(self, vocabulary: Vocabulary, sample: Sample, meter: Meter) -> None:
        self.vocabulary, self.sample, self.meter = vocabulary, sample, meter
        self.domain = vocabulary.domain
        evaluation = Evaluation(self.domain, sample.states)
        self.formulas = vocabulary.tests
        columns = [[cell is True for cell in evaluation.column(f)] for f in self.formulas]
        count = len(sample.states)
        self.truths = np.array(columns, np.bool_).reshape(len(columns), count)
        numbers = [_numbers(evaluation.column(s.term), s.at_most, s.term, vocabulary) for s in vocabulary.slots]
        self.numbers = np.array(numbers, np.int64).reshape(len(numbers), count)
        self.inside, self.outside = set(sample.positive), set(sample.negative)

    def learn(self) -> Term:
        return self.node(np.arange(len(self.sample.states)), 0)

    def node(self, here: npt.NDArray[np.intp], depth: int) -> Term:
        self.meter.spend(0)
        numbers = [int(i) for i in here]
        has_in = any(i in self.inside for i in numbers)
        has_out = any(i in self.outside for i in numbers)
        if not has_out and self.commit(numbers, ()):
            return TRUE
        if not has_in and self.commit((), numbers):
            return FALSE
        cut = self.best_cut(here) if depth < _DEEPEST else None
        if cut is None:
            raise Undecided("the atoms do not tell states apart that must be")
        return self.forked(cut, here, depth)

    def commit(self, asserted: Sequence[int], denied: Sequence[int]) -> bool:
        """Decide states one way, if the sample allows it."""
        closed = self.sample.closed([*asserted, *self.inside], [*denied, *self.outside])
        if closed is not None:
            self.inside, self.outside = closed
        return closed is not None

    def forked(self, cut: _Cut, here: npt.NDArray[np.intp], depth: int) -> Term:
        yes, no = self.node(here[cut.holds], depth + 1), self.node(here[~cut.holds], depth + 1)
        otherwise = negation(cut.formula, self.domain)
        if yes is no:
            return yes
        if yes is TRUE:
            return cut.formula if no is FALSE else joined("or", [cut.formula, no], self.domain)
        if yes is FALSE:
            return otherwise if no is TRUE else joined("and", [otherwise, no], self.domain)
        if no is TRUE:
            return joined("or", [otherwise, yes], self.domain)
        first = joined("and", [cut.formula, yes], self.domain)
        return first if no is FALSE else joined("or", [first, joined("and", [otherwise, no], self.domain)], self.domain)

    def best_cut(self, here: npt.NDArray[np.intp]) -> _Cut | None:
        """The attribute that tells most about the states here; of several the first."""
        label = np.array([(i in self.inside) - (i in self.outside) for i in map(int, here)])
        if not (label > 0).any() or not (label < 0).any():
            label = self.guessed(here, label)
        candidates = [c for c in (self.best_formula(here, label), self.best_threshold(here, label)) if c is not None]
        return max(candidates, key=lambda cut: cut.gain, default=None)

    def guessed(self, here: npt.NDArray[np.intp], label: Counts) -> Counts:
        """Labels where all known ones are the same, the others taken for the opposite."""
        known = 1 if (label > 0).any() else -1
        return np.where(label == known, known, -known) if (label == known).any() else np.where(here % 2 == 0, 1, -1)

    def best_formula(self, here: npt.NDArray[np.intp], label: Counts) -> _Cut | None:
        if not len(self.truths):
            return None
        holds = self.truths[:, here]
        positive = (holds & (label > 0)).sum(axis=1, dtype=np.int64)
        negative = (holds & (label < 0)).sum(axis=1, dtype=np.int64)
        gains = _gain(positive, negative, int((label > 0).sum()), int((label < 0).sum()))
        gains[holds.all(axis=1) | ~holds.any(axis=1)] = -np.inf
        best = int(np.argmax(gains))
        return None if gains[best] == -np.inf else _Cut(float(gains[best]), self.formulas[best], holds[best])

    def best_threshold(self, here: npt.NDArray[np.intp], label: Counts) -> _Cut | None:
        if not len(self.numbers) or len(here) < 2:
            return None
        values = self.numbers[:, here]
        order = np.argsort(values, axis=1, kind="stable")
        values = np.take_along_axis(values, order, axis=1)
        positive = np.cumsum(label[order] > 0, axis=1, dtype=np.int64)[:, :-1]
        negative = np.cumsum(label[order] < 0, axis=1, dtype=np.int64)[:, :-1]
        gains = _gain(positive, negative, int((label > 0).sum()), int((label < 0).sum()))
        gains[values[:, 1:] == values[:, :-1]] = -np.inf
        best = int(np.argmax(gains))
        slot, place = divmod(best, gains.shape[1])
        if gains[slot, place] == -np.inf:
            return None
        low, high = int(values[slot, place]), int(values[slot, place + 1])
        chosen = self.vocabulary.slots[slot]
        threshold = _between(low, high, chosen.constants)
        if chosen.at_most == "bvsle":
            threshold %= 1 << _width(chosen.term, self.vocabulary)
        formula = self.vocabulary.at_most(chosen, threshold)
        return _Cut(float(gains[slot, place]), formula, self.numbers[slot, here] <= low)


def _gain(positive: Counts, negative: Counts, ins: int, outs: int) -> npt.NDArray[np.float64]:
    """How much less entropy of labels, in bits over all states, is left on both sides of cuts."""
    return -(_entropy(positive, negative) + _entropy(ins - positive, outs - negative))


def _entropy(positive: Counts, negative: Counts) -> npt.NDArray[np.float64]:
    total = positive + negative
    safe = np.maximum(total, 1)
    share, rest = positive / safe, negative / safe
    bits = -share * np.log2(np.where(share > 0, share, 1)) - rest * np.log2(np.where(rest > 0, rest, 1))
    return np.asarray(total * bits)


def _between(low: int, high: int, constants: Sequence[int]) -> int:
    """A threshold with low ≤ threshold < high: one of the problem, else the one nearest to 0."""
    for constant in (*constants, 0, -1):
        if low <= constant < high:
            return constant
    return low if low > 0 else high - 1


def _width(term: Term, vocabulary: Vocabulary) -> int:
    return type_of(term, vocabulary.types).width


def _numbers(cells: Sequence[object], at_most: str, term: Term, vocabulary: Vocabulary) -> list[int]:
    """Values of a numeric term as numbers whose order is that of its comparison."""
    values = [cell if isinstance(cell, int) else 0 for cell in cells]
    if at_most == "bvsle":
        width = _width(term, vocabulary)
        values = [v - (1 << width) if v >> (width - 1) else v for v in values]
    return [max(-_LARGEST, min(_LARGEST, v)) for v in values]
