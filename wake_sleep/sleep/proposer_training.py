"""Training of a network that proposes programs in the sleep: one piece of work for a worker, after that of the guide.

The network goes with the guide that was trained before it in the same sleep, which reads the tasks for it and whose
weights it corrects (see `wake_sleep.model.conditioning`); without a guide there is no network. A network that describes
programs kept back from its training no better than the guide does is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from dsl.domain import load_domain
from store.drafts import Draft
from wake_sleep.model.guide import Guide, read_guide
from wake_sleep.sleep.training_work import FEWEST_LESSONS, MOST_STEPS, Material, Trained, Training, train
from wake_sleep.wake.pool import Pool

if TYPE_CHECKING:
    from wake_sleep.model.network import Network
    from wake_sleep.sleep.network_corpus import NetworkCorpus
    from wake_sleep.sleep.network_training import NetworkTrainingSettings
    from wake_sleep.wake.pool.solver import Solver

NOUN: Final = "network"
FEWEST_SECONDS: Final = 60.0
"""What is left of a sleep that has less goes without a network; importing what trains it takes a tenth of it."""
LESSONS_A_SECOND: Final = 100
"""Lessons that are taken for each second of a training bounded by time: about twice as many as it comes to use."""


@dataclass(frozen=True, kw_only=True)
class ProposerTraining(Training):
    """The training of a network.

    Attributes:
        guide: what reads the tasks.
        former: the file of the network to begin with, if it has the same shape.
    """

    noun: ClassVar[str] = NOUN
    guide: Guide
    former: bytes | None

    def perform(self, solver: Solver) -> Trained:
        """See `Work.perform`."""
        from wake_sleep.model.checkpoint import network_to_bytes
        from wake_sleep.sleep.network_corpus import NetworkCorpus
        from wake_sleep.sleep.network_training import NetworkTrainer, NetworkTrainingSettings

        lessons = self.material.lessons(self.most_lessons(LESSONS_A_SECOND))
        seed = self.material.seed
        corpus = NetworkCorpus.of(load_domain(self.material.domain), self.guide, lessons, seed=seed)
        if len(corpus.learned) < FEWEST_LESSONS or not corpus.kept_back:
            return Trained.nothing(NOUN, f"{len(corpus.learned)} dreams and solutions are too few to learn from")
        steps = MOST_STEPS if self.steps is None else self.steps
        settings = NetworkTrainingSettings(steps=steps, seconds=self.seconds, seed=seed)
        trainer = NetworkTrainer(corpus, settings, former=self._former(corpus, settings))
        resumed = trainer.run_from(self.draft)
        score = trainer.score()
        content = network_to_bytes(trainer.network()) if score.nats < score.untrained else None
        verdict = "proposes programs" if content else "is not used"
        told = (
            f"a network {verdict}: {score.nats:.2f} nats a program instead of the {score.untrained:.2f} of the guide, "
            f"of {score.programs} kept back"
        )
        learned = len(corpus.learned)
        return Trained(content, told, score.nats, score.untrained, trainer.step, learned, resumed, trainer.unkept)

    def _former(self, corpus: NetworkCorpus, settings: NetworkTrainingSettings) -> Network | None:
        """The network to begin with; one of another shape, as from a machine with a GPU, is none."""
        from wake_sleep.model.checkpoint import network_from_bytes
        from wake_sleep.sleep.network_training import is_of_shape

        if self.former is None:
            return None
        former = network_from_bytes(self.former)
        return former if is_of_shape(former, corpus, settings) else None


def train_proposer(
    pool: Pool,
    material: Material,
    guide: bytes | None,
    former: bytes | None,
    *,
    steps: int | None,
    seconds: float | None,
    draft: Draft,
) -> Trained | None:
    """Let a worker of a pool train a network; with steps and without a time equal seeds give equal networks.

    Args:
        pool: who trains; nothing is submitted to it.
        material: what is learned from.
        guide: the file of the guide that the sleep trained, or None.
        former: the file of the network to begin with.
        steps: of the training, or None for as many as the time allows; 0 trains no network.
        seconds: for all of it, or None.
        draft: where the state of the training is kept.

    Returns:
        what came of it, or None if none is wanted: the steps are 0, or neither they nor enough time are given.

    Raises:
        Interrupted: if the pool was stopped.
    """
    if steps == 0 or (steps is None and (seconds is None or seconds < FEWEST_SECONDS)):
        return None
    if guide is None:
        return Trained.nothing(NOUN, "there is no guide to read tasks for it")
    bound = seconds if steps is None else None
    return train(
        pool,
        ProposerTraining(
            material=material, steps=steps, seconds=bound, draft=draft, guide=read_guide(guide), former=former
        ),
    )
