"""Training of a guide in the sleep: one piece of work for a worker, from dreams and solved tasks to a file.

A guide that describes programs kept back from its training no better than the weights that it corrects is none.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from dsl.domain import load_domain
from dsl.probability import Weights
from store.drafts import Draft
from wake_sleep.model.guide import Guide
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.sleep.training_work import FEWEST_LESSONS, MOST_STEPS, Material, Trained, Training, train
from wake_sleep.wake.pool import Pool

if TYPE_CHECKING:
    from wake_sleep.wake.pool.solver import Solver

NOUN: Final = "guide"
DEFAULT_STEPS: Final = 1_000
"""Steps of a training that neither a number nor a time bounds."""
FEWEST_SECONDS: Final = 15.0
"""What is left of a sleep that has less goes without a guide: finding probes alone takes as long."""
LESSONS_A_SECOND: Final = 150
"""Lessons that are taken for each second of a training bounded by time: packing them takes about a third of it."""


@dataclass(frozen=True, kw_only=True)
class GuideTraining(Training):
    """The training of a guide.

    Attributes:
        requests: on which probes are found, if there is no former guide.
        base: the weights that are corrected.
        former: the guide to begin with, whose probes are used again.
    """

    noun: ClassVar[str] = NOUN
    requests: tuple[DreamRequest, ...]
    base: Weights
    former: Guide | None

    def perform(self, solver: Solver) -> Trained:
        """See `Work.perform`."""
        from wake_sleep.model.cost_training import CostTrainer, CostTrainingSettings, UntrainableError
        from wake_sleep.sleep.cost_corpus import build_corpus

        began, seed = time.process_time(), self.material.seed
        lessons = self.material.lessons(self.most_lessons(LESSONS_A_SECOND))
        if len(lessons) < FEWEST_LESSONS:
            return Trained.nothing(NOUN, f"{len(lessons)} dreams and solutions are too few to learn from")
        probes = self.requests if self.former is None else self.former.features.probes
        corpus = build_corpus(load_domain(self.material.domain), lessons, self.base, probes, seed=seed)
        seconds, steps = self.seconds, self.steps
        if seconds is not None:
            seconds = max(1.0, seconds - (time.process_time() - began))
        if steps is None:
            steps = DEFAULT_STEPS if seconds is None else MOST_STEPS
        settings = CostTrainingSettings(steps=steps, seconds=seconds, seed=seed)
        try:
            trainer = CostTrainer(corpus, settings, self.former)
        except UntrainableError as error:
            return Trained.nothing(NOUN, str(error))
        resumed = trainer.run_from(self.draft)
        guide = trainer.scored_guide()
        score = guide.training["validation"]
        nats, base = score["nats"], score["base"]
        content = guide.to_bytes() if nats < base else None
        verdict = "is used" if content else "is not used"
        told = f"a guide {verdict}: {nats:.2f} nats a program instead of {base:.2f}, of {score['tasks']} kept back"
        return Trained(content, told, nats, base, trainer.step, len(corpus), resumed, trainer.unkept)


def train_guide(
    pool: Pool,
    material: Material,
    requests: Sequence[DreamRequest],
    base: Weights,
    former: Guide | None,
    *,
    steps: int | None,
    seconds: float | None,
    draft: Draft,
) -> Trained:
    """Let a worker of a pool train a guide; with steps and without a time equal seeds give equal guides.

    Args:
        pool: who trains; nothing is submitted to it.
        material: what is learned from.
        requests: on which probes are found, if there is no former guide.
        base: the weights that are corrected.
        former: the guide to begin with.
        steps: of the training, or None; 0 trains no guide.
        seconds: for all of it, or None.
        draft: where the state of the training is kept.

    Raises:
        Interrupted: if the pool was stopped.
    """
    if steps == 0:
        return Trained.nothing(NOUN, "none is wanted")
    if seconds is not None and seconds < FEWEST_SECONDS:
        left = f"{max(0.0, seconds):.0f} s of the sleep are left, {FEWEST_SECONDS:.0f} are needed"
        return Trained.nothing(NOUN, left)
    return train(
        pool,
        GuideTraining(
            material=material,
            steps=steps,
            seconds=seconds,
            draft=draft,
            requests=tuple(requests),
            base=base,
            former=former,
        ),
    )
