"""Campaigns: wake–sleep runs that a person starts, watches, stops and goes on with.

A campaign is a run of kind ``train`` in a store. Its settings say everything that is needed to go on: where the tasks
are, how they are solved, how many workers there are. So `Campaign.resume` needs no further argument.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.metadata
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Final, Self

from dsl.errors import ReverieError
from dsl.spec import Budget
from store.codec import content_hash
from store.errors import StoreError
from store.records import NewRun, RunRecord, RunStatus
from store.repository import Store
from wake_sleep.config import TrainSettings
from wake_sleep.cycle import BASELINE, Cycle, Plan, Watch
from wake_sleep.generation import NO_GENERATION, Generation
from wake_sleep.wake.pool import Backend, Pool, open_pool
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.solve import SolveSettings, Strategy
from workbench.generations import Generations, named_generation
from workbench.recording import hash_of
from workbench.tasks import TaskSet, absolute, read_task_set

TRAIN: Final = "train"
"""The kind of runs that learn."""
_TUPLES: Final = ("places", "tests", "generations")
"""The attributes of an order that are lists as data."""


@dataclasses.dataclass(frozen=True)
class Order:
    """What a campaign is asked to do.

    Attributes:
        places: what is learned from; see `workbench.tasks.read_task_set`.
        tests: what is tested on besides.
        settings: budgets and the like.
        column: the column of a CSV table that is to be computed.
        domain: the domain of a file that names none.
        generations: names of what it starts from, each for its domain; ``latest`` is the last one of each domain, and
            is replaced by their names when the run begins.
        jobs: workers.
        backend: where they are.
        ray_address: the Ray cluster to use, or None.
    """

    places: tuple[str, ...]
    tests: tuple[str, ...] = ()
    settings: TrainSettings = dataclasses.field(default_factory=TrainSettings)
    column: str | None = None
    domain: str | None = None
    generations: tuple[str, ...] = ()
    jobs: int = 1
    backend: Backend = Backend.AUTO
    ray_address: str | None = None

    def data(self) -> dict[str, Any]:
        """The same as data that JSON can say."""
        data = dataclasses.asdict(self)
        solving = data["settings"].pop("solving")
        kept = {name: solving[name] for name in ("budget", "strategy", "library", "seed")}
        return {**data, **{name: list(data[name]) for name in _TUPLES}, "solving": kept}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of `data`.

        Raises:
            ReverieError: if it is no such data, as of a run that another version of Reverie began.
        """
        try:
            solving = data["solving"]
            settings = TrainSettings(
                solving=SolveSettings(
                    Budget(**solving["budget"]), Strategy(solving["strategy"]), solving["library"], solving["seed"]
                ),
                **data["settings"],
            )
            rest = {name: value for name, value in data.items() if name not in ("solving", "settings")}
            rest |= {name: tuple(rest[name]) for name in _TUPLES} | {"backend": Backend(rest["backend"])}
            return cls(settings=settings, **rest)
        except (KeyError, TypeError, ValueError) as error:
            raise ReverieError(
                f"the settings of this run cannot be read ({error}); was it begun by another version?"
            ) from None


class Campaign:
    """A wake–sleep run; `begin` or `resume` makes one.

    Used as a context manager; left before its end, the run counts as interrupted and can be gone on with at once.

    Attributes:
        store: where everything is.
        order: what it is asked to do.
        run: the run.
        tasks: what it learns from and is tested on.
    """

    def __init__(self, store: Store, order: Order, tasks: TaskSet, run: RunRecord) -> None:
        """Use a run that has begun."""
        self.store, self.order, self.tasks, self.run = store, order, tasks, run
        self._pool: Pool | None = None
        self._is_stopped = False

    @classmethod
    def begin(cls, store: Store, order: Order) -> Self:
        """Begin a new run.

        Raises:
            ReverieError: if the tasks cannot be read, or there is no such generation.
            StoreError: if the store cannot be used.
        """
        order = dataclasses.replace(
            order, places=tuple(map(absolute, order.places)), tests=tuple(map(absolute, order.tests))
        )
        tasks = _tasks_of(order)
        order = dataclasses.replace(order, generations=_named_generations(store, order, tasks))
        data = order.data()
        new = NewRun(
            kind=TRAIN,
            settings=data,
            settings_hash=hash_of(data),
            tasks_hash=_tasks_hash(tasks),
            tasks=len(tasks.training) + len(tasks.tests),
            version=importlib.metadata.version("reverie"),
        )
        campaign = cls(store, order, tasks, store.begin_run(new, resume=False))
        for domain, named in _by_domain(tasks).items():
            store.save_tasks(domain, named, f"run {campaign.run.id}")
        for note in tasks.notes:
            store.add_event(campaign.run.id, BASELINE, "tasks", note)
        return campaign

    @classmethod
    def resume(cls, store: Store, run: int | None = None) -> Self:
        """Go on with a run that was interrupted or whose process died.

        Args:
            store: where it is.
            run: its number; by default the latest that can be gone on with.

        Raises:
            ReverieError: if its tasks cannot be read any more, or have changed since.
            StoreError: if there is no such run, it has come to its end, or a living process works on it.
        """
        record = store.continue_run(TRAIN, run)
        try:
            order = Order.from_data(record.settings)
            tasks = _tasks_of(order)
            if _tasks_hash(tasks) != record.tasks_hash:
                raise ReverieError(
                    f"the tasks of run {record.id} have changed since it began: it cannot go on with others; "
                    f"put {', '.join(order.places)} back as they were, or begin a new run"
                )
        except BaseException:
            store.end_run(record.id, RunStatus.INTERRUPTED)
            raise
        return cls(store, order, tasks, record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What ended the run may be what keeps the store from being written: that is then the news, not this.
        with contextlib.suppress(StoreError) if error is not None else contextlib.nullcontext():
            if self.run.status is RunStatus.RUNNING:
                self.run = self.store.end_run(self.run.id, RunStatus.INTERRUPTED)

    @property
    def plan(self) -> Plan:
        """What its cycles do."""
        return Plan(self.tasks.training, self.tasks.tests, self.order.settings, self._start())

    def _start(self) -> dict[str, Generation]:
        generations = [named_generation(self.store, name) for name in self.order.generations]
        return {generation.domain: generation for generation in generations if generation.domain is not None}

    def work(self, watch: Watch | None = None) -> Iterator[Mapping[str, object]]:
        """Do what is left, yielding what each cycle came to, those included that were complete before.

        Ends early, without an error, if `stop` was called.

        Raises:
            PoolError: if workers cannot be started.
            StoreError: if the store cannot be used.
        """
        order, plan = self.order, self.plan
        first = BASELINE if plan.tests else BASELINE + 1
        with open_pool(order.jobs, order.backend, order.ray_address) as self._pool:
            for number in range(first, order.settings.cycles + 1):
                if self._is_stopped:
                    return
                cycle = Cycle(self.store, self.run.id, number, plan, self._pool, jobs=order.jobs, watch=watch)
                try:
                    yield cycle.complete()
                except Interrupted:
                    return
        self.run = self.store.end_run(self.run.id)

    @property
    def is_finished(self) -> bool:
        """Whether everything is done."""
        return self.run.status is RunStatus.FINISHED

    def stop(self) -> None:
        """Break off what is under way; may be called by a signal handler."""
        self._is_stopped = True
        if self._pool is not None:
            self._pool.stop()


def _tasks_of(order: Order) -> TaskSet:
    return read_task_set(order.places, order.tests, column=order.column, domain=order.domain)


def _named_generations(store: Store, order: Order, tasks: TaskSet) -> tuple[str, ...]:
    """The generations that a run starts from, by their own names."""
    found: dict[str, None] = {}
    for name in order.generations:
        chosen = Generations(name, store)
        domains = {task.spec.domain for task in tasks.training.values() if task.spec.domain is not None}
        known = [chosen(domain).name for domain in sorted(domains)]
        found |= dict.fromkeys(one for one in known if one != NO_GENERATION)
    return tuple(found)


def _tasks_hash(tasks: TaskSet) -> str:
    return content_hash(*(f"{n} {t.spec.identity}" for side in (tasks.training, tasks.tests) for n, t in side.items()))


def _by_domain(tasks: TaskSet) -> dict[str, list[Any]]:
    """All tasks by domain, each under its name and with its side as its split."""
    found: dict[str, list[Any]] = {}
    for split, side in (("train", tasks.training), ("test", tasks.tests)):
        for name, task in side.items():
            assert task.spec.domain is not None
            found.setdefault(task.spec.domain, []).append(dataclasses.replace(task, name=name, split=split))
    return found
