"""The sleep of one domain: a library and costs for the next wake, from what was solved and dreamt, in one generation.

First the library: abstractions of the programs that solved tasks (`abstraction.learning`). Then dreams in its
language, whose programs say what is likely beyond the few that were solved. Then the costs, counted on both, and a
guide that corrects them by what a task says; and in a long sleep a network that proposes whole programs. All of it is
published at once, so that no reader ever sees a part. Until then the dreams and the states of the trainings are drafts,
from which a sleep that was broken off goes on.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.probability import UNIFORM, WeightedProgram, Weights
from dsl.spec import Task
from dsl.terms import Operator
from store.artifacts import digest_of
from store.codec import encode_weights
from store.drafts import Drafts
from store.library_records import NewAbstraction, NewEvent, NewForm, NewGeneration
from store.records import TrainingSolution
from store.repository import Store
from wake_sleep.config import TrainSettings
from wake_sleep.generation import Generation
from wake_sleep.model.guide import KIND as GUIDE
from wake_sleep.model.network_file import KIND as NETWORK
from wake_sleep.sleep.abstraction.frontiers import TaskFrontier, is_held_out
from wake_sleep.sleep.abstraction.learning import LearnedLibrary, LearningSettings, learn_library
from wake_sleep.sleep.abstraction.naming import Names
from wake_sleep.sleep.dreaming import DEFAULT_SETTINGS
from wake_sleep.sleep.dreams import Dream, Dreams, observe_dreams
from wake_sleep.sleep.guide_training import FEWEST_SECONDS, train_guide
from wake_sleep.sleep.parts import dream_in_parts
from wake_sleep.sleep.proposer_training import FEWEST_SECONDS as FEWEST_NETWORK_SECONDS
from wake_sleep.sleep.proposer_training import train_proposer
from wake_sleep.sleep.refit import Observed, description_length, fit_weights, fit_weights_scaled
from wake_sleep.sleep.requests import DreamRequest, requests_of
from wake_sleep.sleep.shards import KIND, pack, read_shard, write_shard
from wake_sleep.sleep.training_work import Material, Solved, Trained
from wake_sleep.wake.pool import Pool
from wake_sleep.wake.solve import program_grammar

HINDSIGHT: Final = "hindsight"
"""What a shard of dreams of searches in vain is called among the artifacts of a store."""
LIBRARY_SHARE: Final = 0.4
"""Of the time of a sleep, what learning the library may take."""
DREAM_SHARE: Final = 0.5
"""Of the time that the library has left, what dreams may take; the guide has what is left of it."""
GUIDE_SHARE: Final = 0.5
"""Of the time that dreams have left, what the guide may take if the network has enough in the rest."""
SOLUTION_WEIGHTS: Final = (1.0, 4.0, 16.0, 64.0)
"""How many dreams a solved task may count for in the costs; held-out solutions say which."""


@dataclass(frozen=True)
class Frontier:
    """The programs that solved one function of a task.

    Attributes:
        task: as library learning takes it.
        solutions: numbers of the stored solutions, program by program.
        function: name of the function.
    """

    task: TaskFrontier
    solutions: tuple[int, ...]
    function: str


def sleep(
    store: Store,
    run: int,
    cycle: int,
    tasks: Mapping[str, Task],
    former: Generation,
    pool: Pool,
    settings: TrainSettings,
    share: float = 1.0,
) -> None:
    """Learn what can be learned of one domain after a wake, and publish it.

    Args:
        store: where the solutions are, and where the generation is published.
        run: number of the run.
        cycle: number of the cycle.
        tasks: the training tasks of the domain, by name.
        former: what the wake knew.
        pool: who dreams.
        settings: budgets and the like.
        share: of the time of the sleep, what this domain may take.

    Raises:
        Interrupted: if the pool was stopped; nothing was published then.
        StoreError: if the store cannot be used.
    """
    assert former.domain is not None
    clock = _Clock(None if settings.sleep_seconds is None else share * settings.sleep_seconds)
    solutions = store.training_solutions(run, up_to_cycle=cycle)
    frontiers = frontiers_of(solutions, tasks, settings.frontier)
    learned = _library(store, former, frontiers, settings, clock.seconds)
    generation = Generation(former.name, former.domain, learned.abstractions, learned.weights)
    seed = settings.seed * 1_000 + cycle
    drafts = drafts_of(store, run, cycle, former.domain)
    dreams = _dreams(tasks.values(), generation, pool, settings, seed, clock.left(), drafts)
    dreams.add(_hindsight(store, run, cycle, tasks))
    shard = write_shard(pack(dreams, former.domain, former.name))
    weights = _weights(frontiers, learned, dreams, generation)
    solved = tuple(_solved(frontiers, learned, tasks))
    material = Material(former.domain, tuple(dreams), solved, learned.abstractions, seed)
    trainings = _Trainings(material, former, pool, settings, clock, drafts, digest_of(shard))
    guide = trainings.guide(requests_of(tasks.values()), weights)
    network = trainings.network(guide)
    events = [
        *_library_events(former.domain, learned),
        *_dream_events(store, former.domain, dreams, shard),
        _training_event(former.domain, GUIDE, guide),
    ]
    if network is not None:
        events.append(_training_event(former.domain, NETWORK, network))
    store.publish(
        NewGeneration(
            domain=former.domain,
            run=run,
            cycle=cycle,
            parent=former.name if store.generation(former.name) is not None else None,
            abstractions=[_member(a, learned) for a in learned.abstractions],
            weights=weights,
            forms=_forms(frontiers, learned),
            checkpoint=_saved(store, GUIDE, guide),
            network=None if network is None else _saved(store, NETWORK, network),
            events=events,
        )
    )


def frontiers_of(
    solutions: Sequence[TrainingSolution], tasks: Mapping[str, Task], at_most: int
) -> tuple[Frontier, ...]:
    """The programs that solved tasks, for each function the likeliest.

    Args:
        solutions: of any tasks, the likeliest of each task first.
        tasks: those that are looked at.
        at_most: programs of a function.
    """
    found: dict[tuple[str, str], list[tuple[int, WeightedProgram]]] = {}
    for one in solutions:
        if one.task not in tasks:
            continue
        for program in one.solution.programs:
            kept = found.setdefault((one.task, program.function), [])
            term = program.term()
            if len(kept) < at_most and all(known.program is not term for _, known in kept):
                kept.append((one.solution.id, WeightedProgram(term)))
    frontiers = []
    for (name, function), programs in found.items():
        spec = tasks[name].spec
        language = functools.partial(program_grammar, spec, spec.function(function))
        task = TaskFrontier(name, spec.identity, language, tuple(program for _, program in programs))
        frontiers.append(Frontier(task, tuple(number for number, _ in programs), function))
    return tuple(frontiers)


def _library(
    store: Store,
    former: Generation,
    frontiers: Sequence[Frontier],
    settings: TrainSettings,
    seconds: float | None,
) -> LearnedLibrary:
    assert former.domain is not None
    limits = LearningSettings(seconds=None if seconds is None else LIBRARY_SHARE * seconds)
    if not settings.uses_library:
        limits = dataclasses.replace(limits, abstractions=0)
    namer = Names(store.abstraction_names(former.domain), store.next_abstraction_number(former.domain))
    return learn_library([f.task for f in frontiers], former.abstractions, limits, namer=namer)


class _Clock:
    """What is left of the time of a sleep.

    Attributes:
        seconds: all of it, or None if no time bounds the sleep.
    """

    def __init__(self, seconds: float | None) -> None:
        """Begin."""
        self.seconds, self._began = seconds, time.monotonic()

    def left(self) -> float | None:
        """Seconds that are left; less than 0 if it took longer."""
        return None if self.seconds is None else self.seconds - (time.monotonic() - self._began)


def _guide_steps(settings: TrainSettings) -> int | None:
    """Steps of the guide's training; without dreams there is none."""
    return settings.train_steps if settings.uses_dreams else 0


@dataclass(frozen=True)
class _Trainings:
    """The trainings of a sleep, one after the other.

    Attributes:
        material: what is learned from.
        former: what the wake knew.
        pool: who trains.
        settings: budgets and the like.
        clock: of the sleep.
        drafts: where the states of the trainings are kept.
        dreams: digest of the dreams.
    """

    material: Material
    former: Generation
    pool: Pool
    settings: TrainSettings
    clock: _Clock
    drafts: Drafts
    dreams: str

    def guide(self, requests: Sequence[DreamRequest], weights: Weights) -> Trained:
        """A guide that corrects the weights."""
        steps, left, former = _guide_steps(self.settings), self.clock.left(), self.former.guide
        seconds = None if left is None or steps is not None else _guide_seconds(left, self.settings.network_steps)
        made_of = (*self._made_of, encode_weights(weights), "" if former is None else former.digest, str(steps))
        seconds = self._planned(GUIDE, seconds, made_of)
        draft = self.drafts.draft(GUIDE, *made_of, str(seconds))
        return train_guide(
            self.pool, self.material, requests, weights, former, steps=steps, seconds=seconds, draft=draft
        )

    def network(self, guide: Trained) -> Trained | None:
        """A network that goes with the guide, or None if none is wanted."""
        steps, former = self.settings.network_steps, self.former.proposer
        begun = None if former is None else former.network
        files = ["" if content is None else digest_of(content) for content in (guide.content, begun)]
        made_of = (*self._made_of, *files, str(steps))
        seconds = self._planned(NETWORK, self.clock.left(), made_of)
        draft = self.drafts.draft(NETWORK, *made_of, str(seconds))
        return train_proposer(self.pool, self.material, guide.content, begun, steps=steps, seconds=seconds, draft=draft)

    @property
    def _made_of(self) -> tuple[str, ...]:
        """All that the material depends on."""
        solved = (f"{s.spec.identity} {s.function.name} {to_sexpr(s.form)}" for s in self.material.solved)
        return (self.dreams, *solved, *_known(self.material.abstractions), str(self.material.seed))

    def _planned(self, kind: str, seconds: float | None, made_of: Sequence[str]) -> float | None:
        """The time that a training gets; that which was left when it began first."""
        draft = self.drafts.draft(f"{kind}-seconds", *made_of)
        planned: float | None = json.loads(draft.content(lambda: json.dumps(seconds).encode()))
        return planned


def drafts_of(store: Store, run: int, cycle: int, domain: str) -> Drafts:
    """What the sleep of a domain has come to so far, if it was broken off."""
    return store.drafts(f"{run}-{cycle}-{domain}")


def _known(abstractions: Sequence[Operator]) -> Iterator[str]:
    """What programs that are written with a library depend on."""
    return (f"{one.name} {one.key}" for one in abstractions)


def _dream_seconds(left: float | None, steps: int | None) -> float | None:
    """What dreams may take of the time that is left; all of it, unless what a guide would get is enough for one."""
    if left is None:
        return None
    left = max(1.0, left)
    if steps == 0 or (1 - DREAM_SHARE) * left < FEWEST_SECONDS:
        return left
    return DREAM_SHARE * left


def _guide_seconds(left: float, network_steps: int | None) -> float:
    """What the guide may take of the time that is left; all of it, unless what the network would get is enough."""
    if network_steps is None and (1 - GUIDE_SHARE) * left >= FEWEST_NETWORK_SECONDS:
        return GUIDE_SHARE * left
    return left


def _dreams(
    tasks: Iterable[Task],
    generation: Generation,
    pool: Pool,
    settings: TrainSettings,
    seed: int,
    left: float | None,
    drafts: Drafts,
) -> Dreams:
    requests = requests_of(tasks)
    if not settings.uses_dreams or settings.dreams == 0 or not requests:
        return Dreams()
    assert generation.domain is not None
    bounds = map(str, (settings.dreams, settings.sleep_seconds, seed))
    draft = drafts.draft(KIND, encode_weights(generation.weights), *_known(generation.abstractions), *bounds)
    kept = draft.read()
    if kept is not None:
        return Dreams(read_shard(kept))
    count, seconds = settings.dreams, _dream_seconds(left, _guide_steps(settings))
    dreams = dream_in_parts(
        pool, generation.domain, requests, generation, DEFAULT_SETTINGS, seed=seed, count=count, seconds=seconds
    )
    draft.write(write_shard(pack(dreams, generation.domain, generation.name)))
    return dreams


def _hindsight(store: Store, run: int, cycle: int, tasks: Mapping[str, Task]) -> Iterator[Dream]:
    """What the searches of the wake have computed in vain."""
    for result in store.results(run, cycle=cycle):
        digest = result.row_data().get("hindsight")
        if isinstance(digest, str) and result.name in tasks:
            yield from read_shard(store.read_checkpoint(digest))


def _weights(frontiers: Sequence[Frontier], learned: LearnedLibrary, dreams: Dreams, generation: Generation) -> Weights:
    """Costs counted on solutions and dreams; how much a solution counts is what describes held-out ones best."""
    assert generation.domain is not None
    dreamt = observe_dreams(dreams, load_domain(generation.domain), generation.abstractions)
    solved: list[Observed] = []
    held_out: list[Observed] = []
    for frontier, forms in zip(frontiers, learned.forms, strict=True):
        if not forms:
            continue
        grammar = frontier.task.language(generation.abstractions)
        observed = Observed(grammar, [WeightedProgram(form.form) for form in forms])
        (held_out if is_held_out(frontier.task.identity, LearningSettings().hold_out) else solved).append(observed)
    if not dreamt:
        return fit_weights([*solved, *held_out], UNIFORM) if solved or held_out else generation.weights
    weight = SOLUTION_WEIGHTS[0]
    if solved and held_out:
        tried = fit_weights_scaled(solved, dreamt, SOLUTION_WEIGHTS)
        nats = [description_length(held_out, weights) for weights in tried]
        weight = SOLUTION_WEIGHTS[nats.index(min(nats))]
    return fit_weights([*_weighted([*solved, *held_out], weight), *dreamt])


def _weighted(observed: Iterable[Observed], weight: float) -> list[Observed]:
    return [dataclasses.replace(one, weight=weight) for one in observed]


def _library_events(domain: str, learned: LearnedLibrary) -> Iterator[NewEvent]:
    """What went wrong in learning the library, and what came of it."""
    for event in learned.events:
        yield NewEvent("library", event, {"domain": domain})
    statistics = dataclasses.asdict(learned.statistics)
    data = {"domain": domain, "is_accepted": learned.is_accepted, **statistics}
    yield NewEvent("library", f"{domain}: {learned.verdict}", data)


def _dream_events(store: Store, domain: str, dreams: Dreams, shard: bytes) -> Iterator[NewEvent]:
    """How many dreams there were, and in which stored shard they are."""
    if not len(dreams):
        return
    digest = store.save_checkpoint(KIND, shard).digest
    counts = [{"type": str(type_), "size": size, "count": n} for (type_, size), n in dreams.counts().items()]
    data = {"domain": domain, "shard": digest, "count": len(dreams), "counts": counts}
    yield NewEvent(KIND, f"{domain}: {len(dreams)} dreams", data)


def _solved(frontiers: Sequence[Frontier], learned: LearnedLibrary, tasks: Mapping[str, Task]) -> Iterator[Solved]:
    """The likeliest program of each function that was solved, as it is written with the library."""
    for frontier, forms in zip(frontiers, learned.forms, strict=True):
        if forms:
            spec = tasks[frontier.task.name].spec
            yield Solved(spec, spec.function(frontier.function), forms[0].form)


def _training_event(domain: str, kind: str, trained: Trained) -> NewEvent:
    """What came of training a guide or a network."""
    data = {"domain": domain, **dataclasses.asdict(dataclasses.replace(trained, content=None))}
    return NewEvent(kind, f"{domain}: {trained.told}", data)


def _saved(store: Store, kind: str, trained: Trained) -> str | None:
    """The digest of the stored file, if there is one."""
    return None if trained.content is None else store.save_checkpoint(kind, trained.content).digest


def _member(abstraction: Operator, learned: LearnedLibrary) -> NewAbstraction:
    parents = [parent.key for parent in learned.parents.get(abstraction, ())]
    return NewAbstraction(abstraction, learned.uses.get(abstraction, 0), parents)


def _forms(frontiers: Sequence[Frontier], learned: LearnedLibrary) -> list[NewForm]:
    """The programs as they are written with the library, for whoever wants to read them."""
    made = []
    for frontier, forms in zip(frontiers, learned.forms, strict=True):
        numbers = {p.program: n for p, n in zip(frontier.task.programs, frontier.solutions, strict=True)}
        made += [NewForm(numbers[form.program], frontier.function, form.form, form.cost) for form in forms]
    return made
