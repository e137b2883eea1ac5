"""Training of a guide in the sleep: one piece of work for a worker, from dreams and solved tasks to a file.

The worker imports the library that trains; nobody else does. A guide that describes programs kept back from its
training no better than the weights that it corrects is none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.domain import load_domain
from dsl.probability import Weights
from dsl.spec import Function, Spec
from dsl.terms import Operator, Term
from wake_sleep.model.guide import Guide
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import DreamRequest, spread
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.solve import program_grammar

if TYPE_CHECKING:
    from wake_sleep.sleep.cost_corpus import Lesson
    from wake_sleep.wake.pool.solver import Solver

DEFAULT_STEPS: Final = 1_000
"""Steps of a training that neither a number nor a time bounds."""
MOST_STEPS: Final = 1_000_000
"""Steps of a training that a time bounds; none has so many."""
FEWEST_SECONDS: Final = 15.0
"""What is left of a sleep that has less goes without a guide: finding probes alone takes as long."""
FEWEST_LESSONS: Final = 200
"""Fewer dreams and solutions than these are learned by heart."""
LESSONS_A_SECOND: Final = 150
"""Lessons that are taken for each second of a training bounded by time: packing them takes about a third of it."""
SOLUTION_WEIGHT: Final = 4.0
"""How many dreams a solved task counts for."""


@dataclass(frozen=True)
class Solved:
    """A program that solved a task.

    Attributes:
        spec: of the task.
        function: which of its functions.
        form: the program, maybe with abstractions.
    """

    spec: Spec
    function: Function
    form: Term


@dataclass(frozen=True)
class TrainedGuide:
    """What came of a training.

    Attributes:
        content: the file of the guide, or None if there is none.
        told: what is to be known of it, for people.
        nats: mean description length of the lessons that were kept back; None if there was no training.
        base_nats: the same under the weights that are corrected.
        steps: of the training.
        lessons: learned from.
    """

    content: bytes | None
    told: str
    nats: float | None = None
    base_nats: float | None = None
    steps: int = 0
    lessons: int = 0


@dataclass(frozen=True)
class GuideTraining(Work):
    """The training of a guide; its result is a `TrainedGuide`, or None if it was interrupted.

    Attributes:
        domain: name of the domain.
        dreams: what is learned from.
        solved: what is learned from beside them.
        base: the weights that are corrected.
        abstractions: the library of the generation.
        former: the guide to begin with, whose probes are used again.
        steps: of the training, or None.
        seconds: of CPU time for all of it, or None.
        seed: of all that is drawn.
    """

    domain: str
    dreams: tuple[Dream, ...]
    solved: tuple[Solved, ...]
    requests: tuple[DreamRequest, ...]
    base: Weights
    abstractions: tuple[Operator, ...]
    former: Guide | None
    steps: int | None
    seconds: float | None
    seed: int
    number: int = 0

    def perform(self, solver: Solver) -> TrainedGuide:
        """See `Work.perform`."""
        from wake_sleep.model.cost_training import CostTrainingSettings, UntrainableError, train_costs
        from wake_sleep.sleep.cost_corpus import build_corpus

        began = time.process_time()
        most = None if self.seconds is None else int(LESSONS_A_SECOND * self.seconds)
        lessons = lessons_of(self.domain, self.dreams, self.solved, self.abstractions, most)
        if len(lessons) < FEWEST_LESSONS:
            return TrainedGuide(None, f"no guide: {len(lessons)} dreams and solutions are too few to learn from")
        probes = self.requests if self.former is None else self.former.features.probes
        corpus = build_corpus(load_domain(self.domain), lessons, self.base, probes, seed=self.seed)
        seconds, steps = self.seconds, self.steps
        if seconds is not None:
            seconds = max(1.0, seconds - (time.process_time() - began))
        if steps is None:
            steps = DEFAULT_STEPS if seconds is None else MOST_STEPS
        settings = CostTrainingSettings(steps=steps, seconds=seconds, seed=self.seed)
        try:
            guide = train_costs(corpus, former=self.former, settings=settings)
        except UntrainableError as error:
            return TrainedGuide(None, f"no guide: {error}")
        score = guide.training["validation"]
        nats, base = score["nats"], score["base"]
        content = guide.to_bytes() if nats < base else None
        verdict = "is used" if content else "is not used"
        told = f"a guide {verdict}: {nats:.2f} nats a program instead of {base:.2f}, of {score['tasks']} kept back"
        return TrainedGuide(content, told, nats, base, guide.training["steps"], guide.training["lessons"])

    def lost(self) -> TrainedGuide:
        """See `Work.lost`."""
        return TrainedGuide(None, "no guide: the worker that trained it died")

    def interrupted(self) -> None:
        """See `Work.interrupted`."""

    @property
    def wall_limit(self) -> float:
        """See `Work.wall_limit`."""
        return float("inf")


def lessons_of(
    domain: str,
    dreams: Sequence[Dream],
    solved: Sequence[Solved],
    abstractions: Sequence[Operator],
    most: int | None = None,
) -> list[Lesson]:
    """Solutions and dreams as what a training learns from.

    Args:
        domain: name of the domain.
        dreams: what is learned from.
        solved: what is learned from beside them; each counts for several dreams.
        abstractions: the library that they are written with.
        most: dreams that are taken, evenly from first to last, since the last ones are hindsight; None for all.
    """
    from wake_sleep.sleep.cost_corpus import Lesson, lessons_of_dreams

    found = [
        Lesson(
            program_grammar(one.spec, one.function, abstractions),
            one.function.type,
            one.form,
            tuple((e.inputs, e.output) for e in one.spec.examples if e.function == one.function.name),
            SOLUTION_WEIGHT,
        )
        for one in solved
    ]
    taken = dreams if most is None else spread(dreams, most)
    return [*found, *lessons_of_dreams(taken, load_domain(domain), abstractions)]


def train_guide(
    pool: Pool,
    domain: str,
    dreams: Iterable[Dream],
    solved: Iterable[Solved],
    requests: Sequence[DreamRequest],
    base: Weights,
    abstractions: tuple[Operator, ...],
    former: Guide | None,
    *,
    steps: int | None,
    seconds: float | None,
    seed: int,
) -> TrainedGuide:
    """Let a worker of a pool train a guide; with steps and without a time equal seeds give equal guides.

    Args:
        pool: who trains; nothing is submitted to it.
        domain: name of the domain.
        dreams: what is learned from.
        solved: what is learned from beside them.
        requests: on which probes are found, if there is no former guide.
        base: the weights that are corrected.
        abstractions: the library of the generation.
        former: the guide to begin with.
        steps: of the training, or None; 0 trains no guide.
        seconds: for all of it, or None.
        seed: of all that is drawn.

    Raises:
        Interrupted: if the pool was stopped.
    """
    if steps == 0:
        return TrainedGuide(None, "no guide: none is wanted")
    if seconds is not None and seconds < FEWEST_SECONDS:
        return TrainedGuide(
            None, f"no guide: {max(0.0, seconds):.0f} s of the sleep are left, {FEWEST_SECONDS:.0f} are needed"
        )
    work = GuideTraining(
        domain, tuple(dreams), tuple(solved), tuple(requests), base, abstractions, former, steps, seconds, seed
    )
    pool.submit(work)
    collected = pool.collect()
    if collected is None or collected[1] is None:
        raise Interrupted
    trained = collected[1]
    assert isinstance(trained, TrainedGuide)
    return trained
