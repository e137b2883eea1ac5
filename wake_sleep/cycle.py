"""One cycle: a wake, in which tasks are solved; a sleep, in which is learned from them; a test of what was learned.

Whatever is done is in the store at once, under the number of the cycle, and nothing that is there is done again. So a
cycle that was broken off anywhere, by Ctrl-C or kill −9, is continued by running it once more. What it does depends on
the store, the plan and the seed alone: in steps of candidates and dreams it comes to the same wherever that happened.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dsl.errors import DomainError
from dsl.printing import to_python, to_sexpr
from dsl.spec import Task
from store.library_records import GenerationRecord
from store.records import NewResult, ResultRecord
from store.repository import Store
from wake_sleep.attempts import Attempted, attempt
from wake_sleep.config import TrainSettings
from wake_sleep.curriculum import Experience, next_batch
from wake_sleep.generation import UNTRAINED, Generation
from wake_sleep.model.guide import read_guide
from wake_sleep.scoring import right_on_held_out
from wake_sleep.sleep.night import HINDSIGHT, drafts_of, sleep
from wake_sleep.sleep.shards import KIND, pack, write_shard
from wake_sleep.solutions import alternatives_of, solution_of
from wake_sleep.wake.dovetail import HEAD_START
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.pool import Pool
from wake_sleep.wake.proposing import Proposer
from wake_sleep.wake.solve import SolveSettings

WAKE: Final = "wake"
SLEEP: Final = "sleep"
TEST: Final = "test"
BASELINE: Final = 0
"""Number of the cycle that tests what nothing was learned for."""


@dataclass(frozen=True)
class Plan:
    """What a run learns from, what it is tested on, and how.

    Attributes:
        tasks: training tasks by name.
        tests: test tasks by name; learning sees nothing of them. No name is also that of a training task.
        settings: budgets and the like.
        start: the generations that the run starts from, by domain; of others nothing is known.
    """

    tasks: Mapping[str, Task]
    tests: Mapping[str, Task]
    settings: TrainSettings
    start: Mapping[str, Generation] = field(default_factory=dict)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains of the training tasks, in the order of the alphabet."""
        return tuple(sorted({task.spec.domain for task in self.tasks.values() if task.spec.domain is not None}))


class Watch:
    """What a cycle tells of how far it is; this one tells nobody."""

    def begin(self, cycle: int, phase: str, total: int) -> None:
        """A phase has begun that has so many tasks; of a sleep, so many domains."""

    def advance(self, done: int, solved: int, candidates: int) -> None:
        """So many of them are done, so many solved, with so many candidates together."""


class Cycle:
    """One cycle of a run; see the module."""

    def __init__(
        self, store: Store, run: int, number: int, plan: Plan, pool: Pool, *, jobs: int = 1, watch: Watch | None = None
    ) -> None:
        """Prepare.

        Args:
            store: where everything is.
            run: number of the run.
            number: number of the cycle, from 1 on; see also `BASELINE`.
            plan: what is learned from.
            pool: who solves and dreams.
            jobs: how many workers it has.
            watch: who is told how far the cycle is.
        """
        self.store, self.run, self.number, self.plan = store, run, number, plan
        self.pool, self.jobs, self.watch = pool, jobs, watch or Watch()
        self._positions = {name: i for i, name in enumerate([*plan.tasks, *plan.tests])}

    def complete(self) -> Mapping[str, object]:
        """Do what is left of the cycle, and return what it came to.

        Raises:
            Interrupted: if the pool was stopped; what is done is kept.
            StoreError: if the store cannot be used.
        """
        cycle = self.store.begin_cycle(self.run, self.number, {}, phase=WAKE)
        if cycle.is_finished:
            return cycle.data
        seconds = {}
        if self.number != BASELINE:
            seconds[WAKE] = _timed(self._wake)
            self.store.update_cycle(self.run, self.number, phase=SLEEP)
            seconds[SLEEP] = _timed(self._sleep)
        self.store.update_cycle(self.run, self.number, phase=TEST)
        seconds[TEST] = _timed(self._test)
        summary = summarise(self.store, self.run, self.number, self.plan)
        metrics = {name: value for name, value in summary.items() if isinstance(value, int | float)}
        metrics |= {f"{phase}_seconds": round(value, 3) for phase, value in seconds.items()}
        self.store.add_metrics(self.run, self.number, metrics)
        return self.store.finish_cycle(self.run, self.number, summary).data

    # Wake.

    def _wake(self) -> None:
        plan, settings = self.plan, self.plan.settings
        known = experience(r for r in self.store.results(self.run) if r.cycle < self.number and not r.evaluation)
        batch = next_batch(list(plan.tasks), known, settings.batch, settings.seed, self.number)
        chosen = [(name, plan.tasks[name]) for name in batch]
        self._attempt(WAKE, chosen, self.number - 1, seconds=settings.wake_seconds, is_test=False)

    def _test(self) -> None:
        self._attempt(TEST, list(self.plan.tests.items()), self.number, seconds=None, is_test=True)

    def _attempt(
        self, phase: str, tasks: Sequence[tuple[str, Task]], learned: int, *, seconds: float | None, is_test: bool
    ) -> None:
        """Try those tasks that the cycle has no result of yet, with what was learned up to a cycle."""
        done = {result.name for result in self.store.results(self.run, cycle=self.number)}
        left = [(name, task) for name, task in tasks if name not in done]
        generations = {domain: self.generation(domain, learned) for domain in _domains(task for _, task in left)}
        self.watch.begin(self.number, phase, len(left))
        tried = solved = candidates = 0

        def settings_of(task: Task) -> SolveSettings:
            return self._settings(generations.get(task.spec.domain or "", UNTRAINED))

        harvested = self.plan.settings.harvested if not is_test and self.plan.settings.uses_dreams else 0
        results = attempt(self.pool, left, settings_of, seconds=seconds, jobs=self.jobs, harvested=harvested)
        for name, attempted in results:
            task = self.plan.tests[name] if is_test else self.plan.tasks[name]
            self.store.save_result(self.run, self._result(name, task, attempted, is_test=is_test))
            tried, candidates = tried + 1, candidates + attempted.outcome.candidates
            solved += attempted.outcome.status is Status.SOLVED
            self.watch.advance(tried, solved, candidates)

    def _settings(self, generation: Generation) -> SolveSettings:
        settings = self.plan.settings
        solving = dataclasses.replace(settings.solving, budget=settings.task_budget)
        return generation.applied_to(solving)

    def _result(self, name: str, task: Task, attempted: Attempted, *, is_test: bool) -> NewResult:
        outcome = attempted.outcome
        try:
            right = right_on_held_out(task, outcome)
        except DomainError:
            # A program that fails where it was not tried before is not right there.
            right = False
        return NewResult(
            name=name,
            spec=task.spec,
            status=outcome.status.value,
            row=_row(name, task, attempted, self._hindsight(task, attempted)),
            position=self._positions[name],
            cycle=self.number,
            solution=solution_of(outcome),
            alternatives=alternatives_of(outcome),
            split="test" if is_test else "train",
            evaluation=is_test,
            reason=outcome.reason,
            answer="\n".join(to_sexpr(program) for program in outcome.programs.values()),
            candidates=outcome.candidates,
            cpu_seconds=outcome.cpu_seconds,
            wall_seconds=outcome.wall_seconds,
            startup_seconds=outcome.startup_seconds,
            held_out_right=right,
        )

    def _hindsight(self, task: Task, attempted: Attempted) -> str | None:
        """The digest of the stored shard of what a search computed in vain, if there is something."""
        if not attempted.dreams or task.spec.domain is None:
            return None
        shard = pack(attempted.dreams, task.spec.domain, attempted.outcome.generation)
        return self.store.save_checkpoint(HINDSIGHT, write_shard(shard)).digest

    # Sleep.

    def _sleep(self) -> None:
        """Learn of each domain, one after the other; a generation that is published already is not learned again."""
        self.watch.begin(self.number, SLEEP, len(self.plan.domains))
        published = {g.domain for g in self.store.generations(run=self.run) if g.cycle == self.number}
        for position, domain in enumerate(self.plan.domains, start=1):
            if domain not in published:
                tasks = [(n, t) for n, t in self.plan.tasks.items() if t.spec.domain == domain]
                sleep(
                    self.store,
                    self.run,
                    self.number,
                    dict(tasks),
                    self.generation(domain, self.number - 1),
                    self.pool,
                    self.plan.settings,
                    share=1 / len(self.plan.domains),
                )
            drafts_of(self.store, self.run, self.number, domain).discard()
            self.watch.advance(position, 0, 0)

    def generation(self, domain: str, cycle: int) -> Generation:
        """What the run knew of a domain at the end of a cycle."""
        records = [g for g in self.store.generations(domain, run=self.run) if g.cycle <= cycle]
        if records:
            return generation_of(self.store, records[-1])
        return self.plan.start.get(domain, Generation(domain=domain))


def generation_of(store: Store, record: GenerationRecord) -> Generation:
    """A stored generation, to be worked with.

    Raises:
        StoreError: if it can no longer be read, as when its domain has lost an operator or the file of its guide is
            gone.
        GuideError: if its guide is of another version, or was trained for the domain as it was.
        CheckpointError: if its network is of another version, or goes with another guide.
    """
    guide = None if record.checkpoint is None else read_guide(store.read_checkpoint(record.checkpoint))
    proposer = None if record.network is None else Proposer.of(store.read_checkpoint(record.network), guide)
    return Generation(record.name, record.domain, record.abstractions, record.weights, guide, proposer)


def experience(results: Iterable[ResultRecord]) -> dict[str, Experience]:
    """What is known of tasks from the results of former wakes."""
    found: dict[str, Experience] = {}
    for result in results:
        former = found.get(result.name, Experience())
        solved = [c for c in (former.candidates, candidates_of(result)) if c is not None]
        found[result.name] = Experience(
            former.visits + 1,
            min(solved) if result.status == Status.SOLVED else former.candidates,
            max(former.share, float(result.row_data().get("met") or 0.0)),
        )
    return found


def summarise(store: Store, run: int, number: int, plan: Plan) -> dict[str, object]:
    """What a cycle came to, as data that JSON can say; see docs/reference/command-line.md for the keys."""
    results = [result for result in store.results(run) if result.cycle <= number]
    wake = [r for r in results if r.cycle == number and not r.evaluation]
    test = [r for r in results if r.cycle == number and r.evaluation]
    solved_before = {r.name for r in results if not r.evaluation and r.status == Status.SOLVED}
    generations = [g for g in store.generations(run=run) if g.cycle == number]
    first = _first_candidates(r for r in results if not r.evaluation)
    baseline = {r.name: r for r in results if r.evaluation and r.cycle == BASELINE}
    return {
        "cycle": number,
        "tried": len(wake),
        "solved": sum(r.status == Status.SOLVED for r in wake),
        "solved_so_far": len(solved_before),
        "tasks": len(plan.tasks),
        "candidates": _median(map(candidates_of, (r for r in wake if r.status == Status.SOLVED))),
        "saved": _saved((first[r.name], r) for r in wake if r.name in first and first[r.name].cycle < number),
        "test_solved": sum(r.status == Status.SOLVED for r in test),
        "test_right": sum(r.held_out_right is not False for r in test if r.status == Status.SOLVED),
        "tests": len(plan.tests),
        "test_candidates": _median(map(candidates_of, (r for r in test if r.status == Status.SOLVED))),
        "test_saved": _saved((baseline[r.name], r) for r in test if r.name in baseline and number != BASELINE),
        "abstractions": sum(len(g.library.members) for g in generations),
        "dreams": sum(e.data["count"] for e in store.events(run) if e.cycle == number and e.kind == KIND),
        "generations": [g.name for g in generations],
    }


def candidates_of(result: ResultRecord) -> int:
    """Candidates by which a task was solved; what came after was the hope for a shorter program."""
    found = result.row_data().get("answered_after")
    return result.candidates if found is None else int(found)


def _first_candidates(results: Iterable[ResultRecord]) -> dict[str, ResultRecord]:
    """The first result of each task that was solved."""
    found: dict[str, ResultRecord] = {}
    for result in results:
        if result.status == Status.SOLVED:
            found.setdefault(result.name, result)
    return found


def _saved(pairs: Iterable[tuple[ResultRecord, ResultRecord]]) -> float | None:
    """How many times fewer candidates it takes now, median over the tasks that were solved then and now.

    Those that took less than the head start of the plain search are left out: nothing can be saved of these.
    """
    solved = [(candidates_of(a), candidates_of(b)) for a, b in pairs if a.status == b.status == Status.SOLVED]
    ratios = [a / max(1, b) for a, b in solved if a >= HEAD_START]
    return round(statistics.median(ratios), 3) if ratios else None


def _median(values: Iterable[int]) -> float | None:
    found = list(values)
    return statistics.median(found) if found else None


def _domains(tasks: Iterable[Task]) -> tuple[str, ...]:
    return tuple(sorted({task.spec.domain for task in tasks if task.spec.domain is not None}))


def _timed(phase: object) -> float:
    """Seconds on the clock that a phase takes."""
    start = time.monotonic()
    assert callable(phase)
    phase()
    return time.monotonic() - start


def _row(name: str, task: Task, attempted: Attempted, hindsight: str | None) -> dict[str, object]:
    """What is reported of a result."""
    outcome = attempted.outcome
    parameters = {f.name: [p for p, _ in f.parameters] for f in task.spec.functions}
    programs = {f: to_python(program, parameters[f]) for f, program in outcome.programs.items()}
    compressed = {f: to_python(p, parameters[f]) for f, p in outcome.compressed.items() if p is not outcome.programs[f]}
    return {
        "spec": name,
        "status": outcome.status.value,
        "program": programs or None,
        "compressed": compressed or None,
        "size": outcome.size,
        "cost": None if outcome.cost is None else round(outcome.cost, 6),
        "found_by": None if outcome.found_by is None else outcome.found_by.value,
        "met": None if attempted.met is None else round(attempted.met, 4),
        "answered_after": outcome.answered_after,
        "reason": outcome.reason or None,
        "hindsight": hindsight,
        "generation": outcome.generation,
    }
