"""Training of a network that proposes programs in the sleep: one piece of work for a worker, after that of the guide.

The network goes with the guide that was trained before it in the same sleep, which reads the tasks for it and whose
weights it corrects (see `wake_sleep.model.conditioning`); without a guide there is no network. The worker imports the
library that trains; nobody else does. A network that describes programs kept back from its training no better than the
guide does is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.terms import Operator
from wake_sleep.model.guide import Guide, read_guide
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.guide_training import FEWEST_LESSONS, MOST_STEPS, Solved, lessons_of
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.errors import Interrupted

if TYPE_CHECKING:
    from wake_sleep.model.network import Network
    from wake_sleep.sleep.network_corpus import NetworkCorpus
    from wake_sleep.sleep.network_training import NetworkTrainingSettings
    from wake_sleep.wake.pool.solver import Solver

FEWEST_SECONDS: Final = 60.0
"""What is left of a sleep that has less goes without a network; importing what trains it takes a tenth of it."""
LESSONS_A_SECOND: Final = 100
"""Lessons that are taken for each second of a training bounded by time: about twice as many as it comes to use."""


@dataclass(frozen=True)
class TrainedNetwork:
    """What came of a training.

    Attributes:
        content: the file of the network, or None if there is none.
        told: what is to be known of it, for people.
        nats: mean description length of the lessons that were kept back; None if there was no training.
        untrained_nats: the same, on the same states, of a network that leaves what the guide says of each task.
        steps: of the training.
        lessons: learned from.
    """

    content: bytes | None
    told: str
    nats: float | None = None
    untrained_nats: float | None = None
    steps: int = 0
    lessons: int = 0


@dataclass(frozen=True)
class ProposerTraining(Work):
    """The training of a network; its result is a `TrainedNetwork`, or None if it was interrupted.

    Attributes:
        domain: name of the domain.
        dreams: what is learned from.
        solved: what is learned from beside them.
        guide: what reads the tasks.
        abstractions: the library of the generation.
        former: the file of the network to begin with, if it has the same shape.
        steps: of the training, or None.
        seconds: of CPU time for the training, or None.
        seed: of all that is drawn.
    """

    domain: str
    dreams: tuple[Dream, ...]
    solved: tuple[Solved, ...]
    guide: Guide
    abstractions: tuple[Operator, ...]
    former: bytes | None
    steps: int | None
    seconds: float | None
    seed: int
    number: int = 0

    def perform(self, solver: Solver) -> TrainedNetwork:
        """See `Work.perform`."""
        from dsl.domain import load_domain
        from wake_sleep.model.checkpoint import network_to_bytes
        from wake_sleep.sleep.network_corpus import NetworkCorpus
        from wake_sleep.sleep.network_training import NetworkTrainer, NetworkTrainingSettings

        most = None if self.seconds is None else int(LESSONS_A_SECOND * self.seconds)
        lessons = lessons_of(self.domain, self.dreams, self.solved, self.abstractions, most)
        corpus = NetworkCorpus.of(load_domain(self.domain), self.guide, lessons, seed=self.seed)
        if len(corpus.learned) < FEWEST_LESSONS or not corpus.kept_back:
            return TrainedNetwork(None, f"no network: {len(corpus.learned)} dreams and solutions are too few")
        steps = MOST_STEPS if self.steps is None else self.steps
        settings = NetworkTrainingSettings(steps=steps, seconds=self.seconds, seed=self.seed)
        trainer = NetworkTrainer(corpus, settings, former=self._former(corpus, settings))
        trainer.run()
        score = trainer.score()
        content = network_to_bytes(trainer.network()) if score.nats < score.untrained else None
        verdict = "proposes programs" if content else "is not used"
        told = (
            f"a network {verdict}: {score.nats:.2f} nats a program instead of the {score.untrained:.2f} of the guide, "
            f"of {score.programs} kept back"
        )
        return TrainedNetwork(content, told, score.nats, score.untrained, trainer.step, len(corpus.learned))

    def _former(self, corpus: NetworkCorpus, settings: NetworkTrainingSettings) -> Network | None:
        """The network to begin with; one of another shape, as from a machine with a GPU, is none."""
        from wake_sleep.model.checkpoint import network_from_bytes
        from wake_sleep.sleep.network_training import is_of_shape

        if self.former is None:
            return None
        former = network_from_bytes(self.former)
        return former if is_of_shape(former, corpus, settings) else None

    def lost(self) -> TrainedNetwork:
        """See `Work.lost`."""
        return TrainedNetwork(None, "no network: the worker that trained it died")

    def interrupted(self) -> None:
        """See `Work.interrupted`."""

    @property
    def wall_limit(self) -> float:
        """See `Work.wall_limit`."""
        return float("inf")


def train_proposer(
    pool: Pool,
    domain: str,
    dreams: Iterable[Dream],
    solved: Iterable[Solved],
    guide: bytes | None,
    abstractions: tuple[Operator, ...],
    former: bytes | None,
    *,
    steps: int | None,
    seconds: float | None,
    seed: int,
) -> TrainedNetwork | None:
    """Let a worker of a pool train a network; with steps and without a time equal seeds give equal networks.

    Args:
        pool: who trains; nothing is submitted to it.
        domain: name of the domain.
        dreams: what is learned from.
        solved: what is learned from beside them.
        guide: the file of the guide that the sleep trained, or None.
        abstractions: the library of the generation.
        former: the file of the network to begin with.
        steps: of the training, or None for as many as the time allows; 0 trains no network.
        seconds: for all of it, or None.
        seed: of all that is drawn.

    Returns:
        what came of it, or None if none is wanted: the steps are 0, or neither they nor enough time are given.

    Raises:
        Interrupted: if the pool was stopped.
    """
    if steps == 0 or (steps is None and (seconds is None or seconds < FEWEST_SECONDS)):
        return None
    if guide is None:
        return TrainedNetwork(None, "no network: there is no guide to read tasks for it")
    work = ProposerTraining(
        domain,
        tuple(dreams),
        tuple(solved),
        read_guide(guide),
        abstractions,
        former,
        steps,
        seconds if steps is None else None,
        seed,
    )
    pool.submit(work)
    collected = pool.collect()
    if collected is None or collected[1] is None:
        raise Interrupted
    trained = collected[1]
    assert isinstance(trained, TrainedNetwork)
    return trained
