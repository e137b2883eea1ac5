"""The reverse process: programs out of nothing, out of a failed program, or half-way as skeletons.

In each step the network looks at all states at once; of each state the schedule's share of the holes is expanded,
one after the other under the grammar mask, each to a production drawn with probability ∝ exp(ℓ) · legal. Every program
that comes out is one of the grammar within the budget, whatever the network says.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dsl.grammar import Production
from dsl.probability import UNIFORM, Weights, sample_literal
from dsl.terms import Literal, Term, postorder
from dsl.types import Type
from dsl.values import Value, has_type
from wake_sleep.model.choices import ChoiceSpace
from wake_sleep.model.condition import Condition
from wake_sleep.model.encode import Encoder
from wake_sleep.model.graph import PRODUCTION, collate
from wake_sleep.model.masks import Mask
from wake_sleep.model.network import Network
from wake_sleep.model.partial import PartialDerivation
from wake_sleep.model.schedules import shares, step_share
from wake_sleep.model.symbols import Vocabulary

_Logs = NDArray[np.float64]
_MOST_GRAPHS = 256
_POOL_SHARE = 0.5


@dataclass(frozen=True)
class SamplingSettings:
    """How programs are sampled.

    Attributes:
        budget: AST nodes of the largest program (its leading λs not counted).
        spread: whether each sample has a size of its own, drawn uniformly up to the budget, which it neither exceeds
            nor, where the grammar lets it go on, falls below; otherwise the network alone decides when a program ends.
        schedule: share of the holes expanded in a step; see `wake_sleep.model.schedules`.
        steps: of the schedule.
        guidance: w in ℓ = (1+w)·ℓ_cond - w·ℓ_uncond (Ho and Salimans 2022), reached in the last step; it rises with
            the square of the share of the steps done.
        temperature: by which ℓ is divided.
        corrections: rounds of the corrector for each sample that does not meet all examples.
        values: whether the network sees executed values.
    """

    budget: int = 24
    spread: bool = False
    schedule: str = "cosine"
    steps: int = 8
    guidance: float = 0.0
    temperature: float = 1.0
    corrections: int = 0
    values: bool = True


@dataclass
class _Track:
    """A state on its way."""

    state: PartialDerivation
    budget: int
    least: int = 0
    attempt: Term | None = None
    score: float = 0.0


class Sampler:
    """Samples programs of one task.

    Attributes:
        condition: the task.
        network: what is asked.
        settings: how programs are sampled.
    """

    def __init__(
        self,
        condition: Condition,
        network: Network,
        settings: SamplingSettings = SamplingSettings(),
        *,
        base: Weights = UNIFORM,
        choices: ChoiceSpace | None = None,
        seed: int = 0,
    ) -> None:
        """Prepare.

        Args:
            condition: the task.
            network: with as many task features as the condition has.
            settings: how programs are sampled.
            base: the weights that the network was trained to correct.
            choices: what the corrections of the condition are about, if it has some.
            seed: of everything that is drawn.

        Raises:
            GrammarError: on sampling, if no program is within the budget.
        """
        self.condition, self.network, self.settings = condition, network, settings
        self._vocabulary = Vocabulary(base, choices)
        self._encoder = Encoder(condition, self._vocabulary, values=settings.values)
        self._mask = Mask(condition.grammar)
        self._random = random.Random(seed)
        self._shares = shares(settings.schedule, settings.steps)
        self._literals = _literals_of(condition)

    def sample(self, count: int) -> list[Term]:
        """`count` programs, in the order in which they were begun; equal ones may be among them.

        Samples that do not meet all examples are followed by what the corrector made of them.
        """
        tracks = [self._begun() for _ in range(count)]
        self._finish(tracks)
        found = [_body(track) for track in tracks]
        for _ in range(self.settings.corrections):
            wrong = [track for track in tracks if self.condition.share_met(_body(track)) < 1]
            tracks = self._corrected(wrong)
            found += [_body(track) for track in tracks]
        return [self.condition.grammar.program(body) for body in found]

    def sampling(self, count: int) -> Iterator[list[PartialDerivation] | None]:
        """Samples, so that it may be left for a while: yields None after each call of the network, then the states."""
        tracks = [self._begun() for _ in range(count)]
        for _ in self._finishing(tracks):
            yield None
        yield [track.state for track in tracks]

    def correcting(self, programs: Sequence[PartialDerivation]) -> Iterator[list[PartialDerivation] | None]:
        """One round of the corrector (see `correct`), so that it may be left for a while (see `sampling`)."""
        made = self._reopened([_Track(state, self.settings.budget) for state in programs])
        yield None
        for _ in self._finishing(made):
            yield None
        yield [track.state for track in made]

    def skeletons(self, count: int, steps: int) -> list[PartialDerivation]:
        """States after some steps of the schedule, with the holes that are left; complete ones may be among them."""
        tracks = [self._begun() for _ in range(count)]
        for step in range(steps):
            self._advance([track for track in tracks if not track.state.is_complete], step)
        return [track.state for track in tracks]

    def correct(self, programs: Sequence[PartialDerivation]) -> list[PartialDerivation]:
        """One round of the corrector: in each complete derivation a subtree chosen by the edit head is made anew."""
        tracks = [_Track(state, self.settings.budget) for state in programs]
        return [track.state for track in self._corrected(tracks)]

    def beam(self, count: int, width: int) -> list[tuple[Term, float]]:
        """Likely programs by beam search, the likeliest first, each with its log-probability (nats).

        In each step every state expands the hole that the network is surest of, so that every program has one way to
        it, and the best `width` states stay.
        """
        beam = [_Track(PartialDerivation(self.condition.grammar), self.settings.budget)]
        done: list[_Track] = []
        step = 0
        while beam:
            logs = self._logs(beam, step)
            grown = [new for track, own in zip(beam, logs, strict=True) for new in self._grown(track, own, width)]
            done += [track for track in grown if track.state.is_complete]
            done = sorted(done, key=lambda track: -track.score)[:count]
            floor = done[-1].score if len(done) == count else -math.inf
            open_ = [track for track in grown if not track.state.is_complete and track.score > floor]
            beam = sorted(open_, key=lambda track: -track.score)[:width]
            step += 1
        return [(self.condition.grammar.program(_body(track)), track.score) for track in done]

    # One state.

    def _begun(self) -> _Track:
        state, budget = PartialDerivation(self.condition.grammar), self.settings.budget
        if not self.settings.spread or state.size >= budget:
            return _Track(state, budget)
        size = self._random.randint(int(state.size), budget)
        return _Track(state, size, size)

    def _legal(self, track: _Track, hole: int, logs: _Logs) -> _Logs:
        """Log-probabilities of the productions of a hole, renormalised over the legal ones."""
        legal = self._mask.legal(track.state, hole, track.budget, track.least)
        masked = np.where(legal, logs[: len(legal)] / self.settings.temperature, -np.inf)
        top = masked.max()
        normalised: _Logs = masked - (top + np.log(np.exp(masked - top).sum()))
        return normalised

    def _draw(self, track: _Track, hole: int, logs: _Logs) -> None:
        """Expand a hole to a production drawn at random."""
        cumulative = np.cumsum(np.exp(self._legal(track, hole, logs)))
        drawn = int(np.searchsorted(cumulative, self._random.random() * cumulative[-1], side="right"))
        production = self.condition.grammar.productions(track.state.nonterminals[hole])[drawn]
        track.state.expand(hole, production, self._literal(track.state, hole, production))

    def _literal(self, state: PartialDerivation, hole: int, production: Production) -> Literal | None:
        """What to put into a constant slot: a value that the task mentions, or any."""
        if not production.is_constant_slot:
            return None
        type_ = state.nonterminals[hole].type
        mentioned = self._literals.get(type_)
        if mentioned and self._random.random() < _POOL_SHARE:
            return self._random.choice(mentioned)
        return sample_literal(self._random, type_)

    def _grown(self, track: _Track, logs: Sequence[_Logs], width: int) -> list[_Track]:
        """The likeliest expansions of the hole with the least entropy."""
        legal = [self._legal(track, hole, own) for hole, own in zip(track.state.holes, logs, strict=True)]
        chosen = min(range(len(legal)), key=lambda i: _entropy(legal[i]))
        hole = track.state.holes[chosen]
        productions = self.condition.grammar.productions(track.state.nonterminals[hole])
        found = []
        for number in np.argsort(-legal[chosen], kind="stable")[:width].tolist():
            if legal[chosen][number] > -np.inf:
                state = track.state.copy()
                state.expand(hole, productions[number], self._literal(state, hole, productions[number]))
                score = track.score + float(legal[chosen][number])
                found.append(_Track(state, track.budget, track.least, track.attempt, score))
        return found

    # All states.

    def _finish(self, tracks: Sequence[_Track]) -> None:
        for _ in self._finishing(tracks):
            pass

    def _finishing(self, tracks: Sequence[_Track]) -> Iterator[None]:
        """Expand all holes; pauses after each look of the network."""
        step = 0
        waiting = list(tracks)
        while waiting:
            self._advance(waiting, step)
            waiting = [track for track in waiting if not track.state.is_complete]
            step += 1
            yield

    def _advance(self, tracks: Sequence[_Track], step: int) -> None:
        """One step of the schedule; of each state at least one hole is expanded."""
        share = step_share(self._shares, step)
        for track, logs in zip(tracks, self._logs(tracks, step), strict=True):
            holes = list(zip(track.state.holes, logs, strict=True))
            self._random.shuffle(holes)
            count = max(1, sum(self._random.random() < share for _ in holes))
            for hole, own in holes[:count]:
                self._draw(track, hole, own)

    def _corrected(self, tracks: Sequence[_Track]) -> list[_Track]:
        """States in which a subtree chosen by the edit head was made anew."""
        made = self._reopened(tracks)
        self._finish(made)
        return made

    def _reopened(self, tracks: Sequence[_Track]) -> list[_Track]:
        """States in which a subtree chosen by the edit head is a hole."""
        made = []
        for track, scores in zip(tracks, self._sites(tracks), strict=True):
            site = self._random.choices(range(len(track.state)), np.exp(scores - scores.max()).tolist())[0]
            made.append(_Track(track.state.without(site), self.settings.budget, attempt=_body(track)))
        return made

    def _sites(self, tracks: Sequence[_Track]) -> list[_Logs]:
        """Scores of the nodes of complete states as sites of an edit."""
        found: list[_Logs] = []
        for start in range(0, len(tracks), _MOST_GRAPHS):
            chunk = tracks[start : start + _MOST_GRAPHS]
            graphs = [self._encoder.encode(track.state, _body(track)) for track in chunk]
            scores = self.network.ask(collate(graphs, self._vocabulary)).edits.double().numpy()
            kinds = np.concatenate([graph.kinds for graph in graphs])
            ends = np.cumsum([len(graph) for graph in graphs])[:-1]
            parts = zip(np.split(scores, ends), np.split(kinds, ends), strict=True)
            found += [own[kind == PRODUCTION] for own, kind in parts]
        return found

    def _logs(self, tracks: Sequence[_Track], step: int) -> list[list[_Logs]]:
        """ℓ of the productions of every hole of every state."""
        found: list[list[_Logs]] = []
        for start in range(0, len(tracks), _MOST_GRAPHS):
            chunk = tracks[start : start + _MOST_GRAPHS]
            graphs = [self._encoder.encode(track.state, track.attempt) for track in chunk]
            logs = self.network.ask(collate(graphs, self._vocabulary)).productions.double()
            weight = self.settings.guidance * min(1.0, (step + 1) / self.settings.steps) ** 2
            if weight:
                blind = collate(graphs, self._vocabulary, [False] * len(graphs))
                free = self.network.ask(blind).productions.double()
                logs = torch.where(logs > -math.inf, (1 + weight) * logs - weight * free, logs)
            rows = iter(logs.numpy())
            found += [[next(rows) for _ in track.state.holes] for track in chunk]
        return found


def propose(
    condition: Condition,
    network: Network,
    count: int,
    seed: int = 0,
    settings: SamplingSettings = SamplingSettings(),
    *,
    base: Weights = UNIFORM,
) -> list[Term]:
    """Distinct programs among `count` samples (and what the corrector made of them), in the order of their coming.

    Args:
        condition: the task.
        network: trained or not.
        count: number of samples.
        seed: of everything that is drawn.
        settings: how programs are sampled.
        base: the weights that the network was trained to correct.
    """
    return list(dict.fromkeys(Sampler(condition, network, settings, base=base, seed=seed).sample(count)))


def _body(track: _Track) -> Term:
    body = track.state.terms()[0]
    assert body is not None
    return body


def _entropy(logs: _Logs) -> float:
    shares = np.exp(logs)
    return float(-(shares * np.where(shares > 0, logs, 0.0)).sum())


def _literals_of(condition: Condition) -> dict[Type, list[Literal]]:
    """Values that a task mentions, by type: in its examples and its constraints."""
    found: dict[Literal, None] = {}
    start = condition.grammar.start
    types = (*reversed(start.environment), start.type)
    for inputs, output in condition.cases:
        for value, type_ in zip((*inputs, output), types, strict=True):
            if _is_literal(value, type_):
                found[Literal(value, type_)] = None
    found.update(dict.fromkeys(t for t in postorder(condition.constraints) if isinstance(t, Literal)))
    by_type: dict[Type, list[Literal]] = {}
    for literal in found:
        by_type.setdefault(literal.type, []).append(literal)
    return by_type


def _is_literal(value: Value, type_: Type) -> bool:
    return type(value) in (bool, int, str) and has_type(value, type_)
