"""What the diffusion network is trained on: programs with their tasks, made into packed graphs shard by shard.

A *shard* is a few thousand graphs of some of the programs. It is a function of the corpus, the seed and its number
alone: every epoch goes through all programs in a new order and hides something else of each. All deriving and
evaluating is done when a shard is made, none while its graphs are trained on.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsl.domain import Domain
from dsl.grammar import Derivation
from wake_sleep.model.choices import derivation_steps
from wake_sleep.model.condition import NO_HINTS, Condition
from wake_sleep.model.encode import Encoder
from wake_sleep.model.features import hint_features
from wake_sleep.model.guide import Guide
from wake_sleep.model.packing import Pack
from wake_sleep.model.states import StateSettings, training_graphs
from wake_sleep.model.symbols import Vocabulary
from wake_sleep.sleep.cost_corpus import Lesson, examples_shown, told_apart
from wake_sleep.wake.search import Case

VALIDATION_STATES = StateSettings(diffusion=8, edits=0)
"""States of each program that is kept back."""


@dataclass(frozen=True, eq=False)
class NetworkCorpus:
    """Programs and their tasks, those to be learned and those kept back.

    Attributes:
        domain: what the operators mean.
        guide: what reads the tasks, and whose weights the network corrects.
        learned: the lessons to be learned.
        kept_back: those that are not.
        seed: of all that is drawn.
        values: whether the network sees executed values.
        is_corrected: whether the network corrects what the guide says of the task, or else its base weights.
    """

    domain: Domain
    guide: Guide
    learned: tuple[Lesson, ...]
    kept_back: tuple[Lesson, ...]
    seed: int = 0
    values: bool = True
    is_corrected: bool = True
    _queries: dict[tuple[int, int], NDArray[np.float32]] = field(default_factory=dict, repr=False)
    _vocabularies: list[Vocabulary] = field(default_factory=list, repr=False)

    @classmethod
    def of(
        cls,
        domain: Domain,
        guide: Guide,
        lessons: Sequence[Lesson],
        *,
        validation: float = 0.05,
        most_kept_back: int = 400,
        seed: int = 0,
        values: bool = True,
        is_corrected: bool = True,
    ) -> NetworkCorpus:
        """A corpus of lessons; those without examples or whose grammar does not derive their program are left out.

        Args:
            domain: what the operators mean.
            guide: of the same domain.
            lessons: what is to be learned; one that counts for several is learned as often.
            validation: share that is kept back, as `wake_sleep.sleep.cost_corpus` does with an equal seed.
            most_kept_back: how many of these are looked at.
            seed: of all that is drawn.
            values: whether the network sees executed values.
            is_corrected: whether the network corrects what the guide says of the task, or else its base weights.
        """
        chance = random.Random(seed)
        is_kept_back = told_apart(lessons, validation, chance)
        learned = [each for each, kept in zip(lessons, is_kept_back, strict=True) if not kept]
        kept_back = [each for each, kept in zip(lessons, is_kept_back, strict=True) if kept]
        kept_back = chance.sample(kept_back, min(most_kept_back, len(kept_back)))
        repeated = tuple(each for each in learned if _is_usable(each) for _ in range(max(1, round(each.weight))))
        usable = tuple(each for each in kept_back if _is_usable(each))
        return cls(domain, guide, repeated, usable, seed, values, is_corrected)

    def shard(self, number: int, programs: int, states: StateSettings) -> Pack:
        """One of the shards: so many programs, with the states of each.

        Args:
            number: of the shard, from 0 on; an epoch of all programs has as many as there are such shards.
            programs: how many.
            states: what is made of each program.
        """
        total = len(self.learned)
        first = number * programs
        last = first + min(programs, total)
        orders = {epoch: self._order(epoch) for epoch in range(first // total, (last - 1) // total + 1)}
        places = [(place // total, orders[place // total][place % total]) for place in range(first, last)]
        vocabulary = self.vocabulary()
        graphs = []
        for epoch, place in places:
            lesson, chance = self.learned[place], random.Random(f"{self.seed}/{epoch}/{place}")
            condition = self.condition(lesson, chance, place)
            encoder = Encoder(condition, vocabulary, values=self.values)
            graphs += training_graphs(encoder, _derivation(lesson), chance, states)
        return Pack.of(graphs, vocabulary)

    def _order(self, epoch: int) -> Sequence[int]:
        found: list[int] = np.random.default_rng((self.seed, epoch)).permutation(len(self.learned)).tolist()
        return found

    def vocabulary(self) -> Vocabulary:
        """A vocabulary that knows no symbol yet."""
        if not self._vocabularies:
            self._vocabularies.append(Vocabulary(self.guide.base, self.guide.choices))
        return self._vocabularies[0].emptied()

    def condition(self, lesson: Lesson, chance: random.Random, place: int) -> Condition:
        """The task of a lesson with as many of its examples as a person may give: all, or a few in half of the cases.

        Args:
            lesson: to be asked for.
            chance: of how many examples are shown.
            place: number of the lesson, -1 if it is kept back; what its task says is kept.
        """
        shown = examples_shown(len(lesson.examples), chance)
        cases: tuple[Case, ...] = tuple(lesson.examples[:shown])
        query = self._queries.get((place, shown))
        if query is None:
            query = self.guide.asked(lesson.type, cases, hint_features(NO_HINTS))
            if place >= 0:
                self._queries[place, shown] = query
        corrections = self.guide.corrections(query) if self.is_corrected else None
        return Condition(lesson.grammar, self.domain, cases, features=query, corrections=corrections)

    def validation(self) -> Validation:
        """What was kept back, as graphs, and what describes it without the network."""
        vocabulary, chance = self.vocabulary(), random.Random(self.seed)
        graphs, guided, counted = [], 0.0, 0.0
        for lesson in self.kept_back:
            condition = self.condition(lesson, chance, -1)
            encoder = Encoder(condition, vocabulary, values=self.values)
            graphs += training_graphs(encoder, _derivation(lesson), chance, VALIDATION_STATES)
            nats = _nats(lesson, condition, self.vocabulary())
            guided, counted = guided + nats[0], counted + nats[1]
        total = max(1, len(self.kept_back))
        pack = Pack.of(graphs, vocabulary) if graphs else None
        return Validation(pack, guided / total, counted / total, len(self.kept_back))


@dataclass(frozen=True)
class Validation:
    """Programs that were kept back.

    Attributes:
        pack: diffusion states of them, without other targets; None if there are none.
        guided: nats per program under what the guide says of each task.
        counted: nats per program under the base weights.
        programs: how many.
    """

    pack: Pack | None
    guided: float
    counted: float
    programs: int


def _nats(lesson: Lesson, condition: Condition, vocabulary: Vocabulary) -> tuple[float, float]:
    """Nats of a program under the corrected and under the base weights; the values of constant slots cost nothing."""
    encoder = Encoder(condition, vocabulary, values=False)
    guided = counted = 0.0
    for nonterminal, context, production in derivation_steps(lesson.grammar, lesson.program) or ():
        place = lesson.grammar.productions(nonterminal).index(production)
        guided -= float(vocabulary.log_base[encoder.menu(lesson.grammar, nonterminal, context)][place])
        counted -= float(vocabulary.log_base[vocabulary.menu(lesson.grammar, nonterminal, context)][place])
    return guided, counted


def _is_usable(lesson: Lesson) -> bool:
    return bool(lesson.examples) and lesson.grammar.derive(lesson.program) is not None


def _derivation(lesson: Lesson) -> Derivation:
    found = lesson.grammar.derive(lesson.program)
    assert found is not None
    return found
