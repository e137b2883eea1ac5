"""What the trainings of a sleep have in common: what is learned from, the piece of work for a worker, what came of it.

The worker imports the library that trains; nobody else does.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from dsl.domain import load_domain
from dsl.spec import Function, Spec
from dsl.terms import Operator, Term
from store.drafts import Draft
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import spread
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.solve import program_grammar

if TYPE_CHECKING:
    from wake_sleep.sleep.cost_corpus import Lesson
    from wake_sleep.wake.pool.solver import Solver

MOST_STEPS: Final = 1_000_000
"""Steps of a training that a time bounds; none has so many."""
FEWEST_LESSONS: Final = 200
"""Fewer dreams and solutions than these are learned by heart."""
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
class Material:
    """What is learned from.

    Attributes:
        domain: name of the domain.
        dreams: programs that were dreamt.
        solved: programs that solved tasks.
        abstractions: the library that both are written with.
        seed: of all that is drawn.
    """

    domain: str
    dreams: tuple[Dream, ...]
    solved: tuple[Solved, ...]
    abstractions: tuple[Operator, ...]
    seed: int

    def lessons(self, most: int | None = None) -> list[Lesson]:
        """Solutions, each of which counts for several dreams, and dreams.

        Args:
            most: dreams that are taken, evenly from first to last, since the last ones are hindsight; None for all.
        """
        from wake_sleep.sleep.cost_corpus import Lesson, lessons_of_dreams

        found = [
            Lesson(
                program_grammar(one.spec, one.function, self.abstractions),
                one.function.type,
                one.form,
                tuple((e.inputs, e.output) for e in one.spec.examples if e.function == one.function.name),
                SOLUTION_WEIGHT,
            )
            for one in self.solved
        ]
        dreams = self.dreams if most is None else spread(self.dreams, most)
        return [*found, *lessons_of_dreams(dreams, load_domain(self.domain), self.abstractions)]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        content: the file of what was trained, or None if it is not to be used.
        told: what is to be known of it, for people.
        nats: mean description length of the lessons that were kept back; None if there was no training.
        base_nats: the same under what it corrects.
        steps: of the training.
        lessons: learned from.
        resumed: steps that had been done when the training went on after a break.
        unkept: why its state could not be kept for that, or None.
    """

    content: bytes | None
    told: str
    nats: float | None = None
    base_nats: float | None = None
    steps: int = 0
    lessons: int = 0
    resumed: int = 0
    unkept: str | None = None

    @classmethod
    def nothing(cls, noun: str, reason: str) -> Trained:
        """Nothing was trained, for a reason."""
        return cls(None, f"no {noun}: {reason}")


@dataclass(frozen=True, kw_only=True)
class Training(Work):
    """A training as a piece of work; its result is a `Trained`, or None if it was interrupted.

    Attributes:
        noun: what is trained, for people.
        material: what is learned from.
        steps: of the training, or None.
        seconds: of CPU time for the training, or None.
        draft: where its state is kept, so that it goes on after its worker was killed.
    """

    noun: ClassVar[str]
    material: Material
    steps: int | None
    seconds: float | None
    draft: Draft
    number: int = 0

    @abstractmethod
    def perform(self, solver: Solver) -> Trained:
        """See `Work.perform`."""

    def most_lessons(self, each_second: int) -> int | None:
        """Dreams that are worth taking in the time that there is, at so many for each second; None for all."""
        return None if self.seconds is None else int(each_second * self.seconds)

    def lost(self) -> Trained:
        """See `Work.lost`."""
        return Trained.nothing(self.noun, "the worker that trained it died")

    def interrupted(self) -> None:
        """See `Work.interrupted`."""

    @property
    def wall_limit(self) -> float:
        """See `Work.wall_limit`."""
        return float("inf")


def train(pool: Pool, training: Training) -> Trained:
    """Let a worker of a pool do a training; nothing else is submitted to the pool.

    Raises:
        Interrupted: if the pool was stopped.
    """
    pool.submit(training)
    collected = pool.collect()
    if collected is None or collected[1] is None:
        raise Interrupted
    trained = collected[1]
    assert isinstance(trained, Trained)
    return trained
