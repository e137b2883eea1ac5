"""Learning a library from the programs of solved tasks.

Miners propose functions for the corpus of all programs; what has a type and says something becomes a candidate, beside
the library so far. The joint score selects among them, greedily forward and then backward, and again with what is
mined from the programs as rewritten. The library goes live if it describes tasks better that it was not learned from:
a fixed fifth of the tasks, or with few tasks each one in turn. Otherwise the former library stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from dsl.probability import UNIFORM, Weights
from dsl.terms import Operator, Term, operators
from wake_sleep.sleep.abstraction.candidates import Dropped, candidate, named
from wake_sleep.sleep.abstraction.description import Describer, Description, Form
from wake_sleep.sleep.abstraction.frontiers import Languages, TaskFrontier, in_order, is_held_out
from wake_sleep.sleep.abstraction.greedy import choose
from wake_sleep.sleep.abstraction.joint import JointScore, Scored, ScoreSettings, bodies_of
from wake_sleep.sleep.abstraction.rewriting import uses
from wake_sleep.sleep.abstraction.stitch import (
    Limits,
    Proposals,
    StitchSettings,
    WeightedCorpus,
    propose,
    weighted_corpus,
)

Miner: TypeAlias = Callable[[WeightedCorpus], Proposals]
"""Proposes functions that occur in a corpus."""
Namer: TypeAlias = Callable[[Operator], str]
"""Gives an abstraction its name; see `naming.Names`."""

FEW_TASKS: Final = 10
"""Below so many tasks each is held out in turn."""


@dataclass(frozen=True)
class LearningSettings:
    """How a library is learned.

    Attributes:
        aic: nats that each abstraction costs.
        structure_penalty: nats that each AST node of a body costs.
        arity: most parameters of an abstraction.
        iterations: how often functions are mined, each time from the programs as rewritten before.
        abstractions: most abstractions of a library; with 0 the former one stays.
        pseudo_count: how many choices the backed-off probabilities count for in each context. With few, a context that
            was seen a few times says all, and what is repeated below it seems to need no name; the costs of the next
            wake, counted on dreams as well, are as smooth as with many.
        hold_out: share of the tasks that a library is judged by.
        seconds: about how long it may take on the clock; None for no limit, so that nothing is decided by a clock.
        memory: bytes that a miner's process may use.
    """

    aic: float = 1.0
    structure_penalty: float = 1.5
    arity: int = 3
    iterations: int = 2
    abstractions: int = 50
    pseudo_count: float = 10.0
    hold_out: float = 0.2
    seconds: float | None = None
    memory: int = 4 << 30

    @property
    def score(self) -> ScoreSettings:
        """What the joint score counts."""
        return ScoreSettings(self.aic, self.structure_penalty, self.pseudo_count)


@dataclass(frozen=True)
class LearningStatistics:
    """How well tasks are described, in mean nats a task.

    Attributes:
        tasks: tasks that it was learned from.
        programs: their programs.
        candidates: functions that were selected from, in the last round.
        train_before: with the former library, its weights fitted to all tasks.
        train_after: the same with the new library.
        held_out_tasks: tasks that it was judged by, in all folds.
        held_out_before: with the former library, the weights fitted to the other tasks.
        held_out_after: with a library learned from the other tasks, the weights fitted to these too.
    """

    tasks: int
    programs: int
    candidates: int = 0
    train_before: float = 0.0
    train_after: float = 0.0
    held_out_tasks: int = 0
    held_out_before: float = 0.0
    held_out_after: float = 0.0


@dataclass(frozen=True)
class LearnedLibrary:
    """What was learned.

    Attributes:
        abstractions: the library that is in force now, in order of their keys: the new one if it was accepted, else
            the former.
        weights: of productions, fitted to all tasks with this library.
        is_accepted: whether a new library goes live.
        verdict: why it does or does not, a sentence for a person.
        forms: for each task, by its place among the frontiers that were given, its programs as written with the
            library, the likeliest first.
        uses: how often each abstraction is applied in the likeliest programs of the tasks.
        parents: the abstractions that each one's body is written with.
        bodies: the body of each, without the λs of its parameters, written with the others.
        statistics: description lengths.
        dropped: proposals that were no candidates.
        events: what went wrong, each a sentence for a person.
    """

    abstractions: tuple[Operator, ...]
    weights: Weights
    is_accepted: bool
    verdict: str
    forms: tuple[tuple[Form, ...], ...]
    uses: Mapping[Operator, int]
    parents: Mapping[Operator, tuple[Operator, ...]]
    bodies: Mapping[Operator, Term]
    statistics: LearningStatistics
    dropped: tuple[Dropped, ...] = ()
    events: tuple[str, ...] = field(default=())


def learn_library(
    frontiers: Sequence[TaskFrontier],
    known: Sequence[Operator] = (),
    settings: LearningSettings | None = None,
    *,
    namer: Namer,
    miner: Miner | None = None,
) -> LearnedLibrary:
    """Learn a library from the programs of tasks.

    The result does not depend on the order of the frontiers, and a task of weight 2 counts as two tasks.

    Args:
        frontiers: the programs of each task, in base-language β-normal form.
        known: the library in force.
        settings: how to go about it.
        namer: names new abstractions; those that were known keep theirs if it says so.
        miner: proposes functions; Stitch by default.
    """
    settings = settings or LearningSettings()
    return _Learning(frontiers, known, settings, namer, miner or stitch_miner(settings)).run()


def stitch_miner(settings: LearningSettings) -> Miner:
    """Stitch with a portfolio of settings, within the limits of `settings`."""
    portfolio = tuple(
        StitchSettings(arity=arity, structure_penalty=penalty, iterations=iterations)
        for arity, penalty, iterations in ((settings.arity, 1.0, 30), (1, 1.0, 15), (2, 3.0, 15))
        if arity <= settings.arity
    )
    seconds = 240.0 if settings.seconds is None else settings.seconds / 4
    limits = Limits(cpu_seconds=seconds, wall_seconds=2 * seconds, memory=settings.memory)
    return lambda corpus: propose(corpus, portfolio, limits)


class _Learning:
    """One run of `learn_library`."""

    def __init__(
        self,
        frontiers: Sequence[TaskFrontier],
        known: Sequence[Operator],
        settings: LearningSettings,
        namer: Namer,
        miner: Miner,
    ) -> None:
        self.given = list(frontiers)
        self.frontiers = in_order([f for f in frontiers if f.programs])
        self.known = tuple(sorted({a.key: a for a in known}.values(), key=lambda a: a.key))
        self.settings, self.namer, self.miner = settings, namer, miner
        self.languages = Languages(self.frontiers)
        self.describer = Describer(self.languages, settings.pseudo_count)
        self.deadline = None if settings.seconds is None else time.monotonic() + settings.seconds
        self.events: dict[str, None] = {}
        self.dropped: dict[Term, Dropped] = {}
        self.candidates = 0

    def is_time_up(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def run(self) -> LearnedLibrary:
        former = self.describer.fitted(self.frontiers, self.known)
        library = self.learned_from(self.frontiers) if self.settings.abstractions else self.known
        counted = LearningStatistics(
            len(self.frontiers),
            sum(len(f.programs) for f in self.frontiers),
            self.candidates,
            former.nats,
            former.nats,
        )
        if _keys(library) == _keys(self.known):
            kept = "nothing new pays for itself" if library or not self.known else "the former library stays"
            return self.result(former, counted, False, kept)
        library = tuple(self.in_force(abstraction) for abstraction in library)
        described = self.describer.fitted(self.frontiers, library)
        statistics = self.judged(counted, described.nats)
        change = f"{statistics.held_out_before:.3f} to {statistics.held_out_after:.3f} nats a task on held-out tasks"
        if statistics.held_out_after < statistics.held_out_before:
            return self.result(described, statistics, True, f"from {change}")
        return self.result(former, statistics, False, f"the former library stays: from {change}")

    def in_force(self, abstraction: Operator) -> Operator:
        """An abstraction under its name: the known one of the same identity, or named anew."""
        same = next((a for a in self.known if a.key == abstraction.key), None)
        return same or named(abstraction, self.namer(abstraction))

    # Learning.

    def learned_from(self, frontiers: Sequence[TaskFrontier]) -> tuple[Operator, ...]:
        """The best library for some of the tasks."""
        scorer = JointScore(frontiers, self.languages, self.settings.score)
        pool: dict[str, Operator] = {a.key: a for a in self.known}
        best: Scored | None = None
        for _ in range(max(1, self.settings.iterations)):
            size = len(pool)
            for abstraction in self.mined(scorer, best):
                pool.setdefault(abstraction.key, abstraction)
            if best is not None and (len(pool) == size or self.is_time_up()):
                break
            start = self.known if best is None else best.library
            grown = choose(
                scorer,
                list(pool.values()),
                start,
                at_most=self.settings.abstractions,
                is_time_up=self.is_time_up,
            )
            if best is not None and grown.score <= best.score:
                break
            best = grown
        self.candidates = len(pool)
        assert best is not None
        return best.library

    def mined(self, scorer: JointScore, best: Scored | None) -> list[Operator]:
        """Candidates from the programs as they are written now, and from the bodies of the library so far."""
        programs = list(scorer.programs if best is None else best.forms)
        library = self.known if best is None else best.library
        tasks = [str(number) for number in scorer.task_numbers]
        weights = [scorer.tasks[number].weight for number in scorer.task_numbers]
        for abstraction in library:
            assert abstraction.definition is not None
            programs.append(abstraction.definition)
            tasks.append(f"library {abstraction.key}")
            weights.append(1.0)
        found = self.miner(weighted_corpus(programs, tasks, weights))
        self.events.update(dict.fromkeys(found.events))
        made = []
        for proposal in found.proposals:
            one = candidate(proposal.definition)
            if isinstance(one, Dropped):
                self.dropped.setdefault(one.definition, one)
            elif one.arity <= self.settings.arity:
                made.append(one)
        return made

    # The gate.

    def folds(self) -> list[tuple[list[TaskFrontier], list[TaskFrontier]]]:
        """Tasks to learn from and tasks to judge by; each task in turn if there are few."""
        held_out = [f for f in self.frontiers if is_held_out(f.identity, self.settings.hold_out)]
        rest = [f for f in self.frontiers if not is_held_out(f.identity, self.settings.hold_out)]
        if len(self.frontiers) >= FEW_TASKS and len(held_out) > 1 and len(rest) > 1:
            return [(rest, held_out)]
        identities = dict.fromkeys(f.identity for f in self.frontiers)
        return [
            ([f for f in self.frontiers if f.identity != one], [f for f in self.frontiers if f.identity == one])
            for one in identities
        ]

    def judged(self, counted: LearningStatistics, train_after: float) -> LearningStatistics:
        """The statistics with the description lengths of held-out tasks."""
        before = after = weight = 0.0
        count = 0
        for rest, held_out in self.folds():
            if not rest:
                continue
            library = self.learned_from(rest)
            total = sum(f.weight for f in held_out)
            before += total * self.unseen(rest, held_out, self.known)
            after += total * self.unseen(rest, held_out, library)
            weight += total
            count += len(held_out)
        return LearningStatistics(
            counted.tasks,
            counted.programs,
            counted.candidates,
            counted.train_before,
            train_after,
            count,
            before / weight if weight else 0.0,
            after / weight if weight else 0.0,
        )

    def unseen(
        self, rest: Sequence[TaskFrontier], held_out: Sequence[TaskFrontier], library: Sequence[Operator]
    ) -> float:
        """Mean nats of held-out tasks with a library and weights fitted to the others."""
        weights = self.describer.fitted(rest, library).weights
        return self.describer.described(held_out, library, weights).nats

    # The result.

    def result(
        self, described: Description, statistics: LearningStatistics, is_accepted: bool, verdict: str
    ) -> LearnedLibrary:
        bodies = bodies_of(described.library)
        by_frontier = {id(f): forms for f, forms in zip(self.frontiers, described.forms, strict=True)}
        forms = tuple(by_frontier.get(id(frontier), ()) for frontier in self.given)
        used = uses(own[0].form for own in described.forms)
        return LearnedLibrary(
            described.library,
            described.weights if self.frontiers else UNIFORM,
            is_accepted,
            verdict,
            forms,
            {a: used.get(a, 0) for a in described.library},
            {a: _abstractions_in(body) for a, body in bodies.items()},
            bodies,
            statistics,
            tuple(sorted(self.dropped.values(), key=lambda d: d.definition.digest)),
            tuple(self.events),
        )


def _keys(library: Sequence[Operator]) -> list[str]:
    return sorted(a.key for a in library)


def _abstractions_in(body: Term) -> tuple[Operator, ...]:
    return tuple(sorted((o for o in operators(body) if o.definition is not None), key=lambda a: a.key))
