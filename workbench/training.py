"""Learning from Python, ``from workbench import train``: a whole wake–sleep run, and what it came to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.errors import ReverieError
from store.repository import Store
from wake_sleep.cycle import Watch
from wake_sleep.generation import NO_GENERATION
from wake_sleep.wake.pool import Backend
from workbench.campaign import Campaign, Order
from workbench.interrupts import Interruption
from workbench.settings import DEFAULT_STORE, Settings, artifacts_of, resolve
from workbench.solving import store_url

DEFAULT_PLACES: Final = ("lists", "strings")
"""What is learned from if nothing is named."""


@dataclass(frozen=True)
class Training:
    """What a run of wakes and sleeps came to.

    Attributes:
        run: its number in the store.
        store: the URL of the store, in which `run` can be looked at, compared and gone on with.
        is_finished: whether everything was done; else it was interrupted, and `reverie resume` goes on with it.
        cycles: what each cycle came to, first to last, with the keys of `reverie train --format json`.
        generations: names of the generations that were published last, one for each domain at most.
        notes: what one should know of how the tasks were chosen.
    """

    run: int
    store: str
    is_finished: bool
    cycles: tuple[Mapping[str, Any], ...]
    generations: tuple[str, ...]
    notes: tuple[str, ...] = ()


def train(
    places: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = DEFAULT_PLACES,
    *,
    tests: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    store: str | os.PathLike[str] = DEFAULT_STORE,
    artifacts: str | os.PathLike[str] | None = None,
    column: str | None = None,
    domain: str | None = None,
    generation: str | None = None,
    preset: str | None = None,
    cycles: int | None = None,
    wake_seconds: float | None = None,
    wake_candidates: int | None = None,
    sleep_seconds: float | None = None,
    dreams: int | None = None,
    train_steps: int | None = None,
    network_steps: int | None = None,
    batch: int | None = None,
    cpu_seconds: float | None = None,
    wall_seconds: float | None = None,
    max_candidates: int | None = None,
    max_size: int | None = None,
    strategy: str | None = None,
    library: bool | None = None,
    seed: int | None = None,
    jobs: int | None = None,
    backend: str | None = None,
    ray_address: str | None = None,
    watch: Watch | None = None,
    on_cycle: Callable[[Mapping[str, Any]], None] | None = None,
) -> Training:
    """Learn from tasks, in wakes and sleeps.

    The first Ctrl-C ends what is under way and keeps what is done; the run then counts as interrupted.

    Args:
        places: what is learned from: names of domains, folders, patterns, or specification files.
        tests: what is tested on after each cycle, in the same way; learning sees nothing of it.
        store: where everything is kept: a URL such as ``sqlite:///reverie.db``, or the path of a file.
        artifacts: the folder of large files; beside the database by default.
        column: the column of a CSV table that is to be computed.
        domain: the domain of a file that names none.
        generation: what is started from: ``none``, ``shipped``, ``latest``, or the name of a generation of the store.
        preset: values that go together: ``smoke``, ``fast``, ``balanced`` or ``quality``.
        cycles: wakes, each followed by a sleep.
        wake_seconds: time on the clock of one wake.
        wake_candidates: candidate programs for each task of a wake.
        sleep_seconds: time on the clock of one sleep.
        dreams: dreams of one sleep, for each domain.
        train_steps: steps of training the guide in one sleep.
        network_steps: steps of training the network that proposes programs in one sleep.
        batch: tasks of one wake; all if not given.
        cpu_seconds: CPU time for one task.
        wall_seconds: time on the clock for one task.
        max_candidates: candidate programs for one task.
        max_size: largest program to try, in nodes.
        strategy: ``symbolic``, ``neural`` or ``hybrid``.
        library: whether abstractions are learned.
        seed: of everything that is drawn at random.
        jobs: tasks solved at a time.
        backend: where tasks are solved: ``auto``, ``in-process`` or ``ray``.
        ray_address: the Ray cluster to use.
        watch: what is told how far a cycle is.
        on_cycle: what is given each row as soon as its cycle is complete.

    Returns:
        what the run came to.

    Raises:
        ReverieError: if a task, a setting or the store cannot be used; `PoolError`, if workers cannot be started.
    """
    options = {
        "store": store_url(store),
        "artifacts": None if artifacts is None else os.fspath(artifacts),
        "generation": generation,
        "preset": preset,
        "cycles": cycles,
        "wake-seconds": wake_seconds,
        "wake-candidates": wake_candidates,
        "sleep-seconds": sleep_seconds,
        "dreams": dreams,
        "train-steps": train_steps,
        "network-steps": network_steps,
        "batch": batch,
        "cpu-seconds": cpu_seconds,
        "wall-seconds": wall_seconds,
        "max-candidates": max_candidates,
        "max-size": max_size,
        "strategy": strategy,
        "library": library,
        "seed": seed,
        "jobs": jobs,
        "backend": backend,
        "ray-address": ray_address,
    }
    settings = resolve(options, {})
    order = order_of(settings, _names(places, "places"), _names(tests, "tests"), column=column, domain=domain)
    with Store.open(settings["store"], artifacts=artifacts_of(settings)) as opened:
        return _worked(Campaign.begin(opened, order), settings["store"], watch, on_cycle)


def order_of(
    settings: Settings, places: Sequence[str], tests: Sequence[str], *, column: str | None, domain: str | None
) -> Order:
    """What settings and tasks ask of a campaign; see `Order` for the arguments."""
    return Order(
        places=tuple(places),
        tests=tuple(tests),
        settings=settings.training,
        column=column,
        domain=domain,
        generations=() if settings.start == NO_GENERATION else (settings.start,),
        jobs=settings["jobs"],
        backend=Backend(settings["backend"]),
        ray_address=settings["ray-address"],
    )


def _worked(
    campaign: Campaign, location: str, watch: Watch | None, on_cycle: Callable[[Mapping[str, Any]], None] | None
) -> Training:
    """Let a campaign work to its end, or to the first signal that asks for one."""
    rows = []
    with campaign, Interruption(campaign.stop):
        for row in campaign.work(watch):
            rows.append(row)
            if on_cycle is not None:
                on_cycle(row)
    published: dict[str, str] = {}
    for row in rows:
        names: Any = row["generations"]
        published |= {name.rpartition("-")[0]: name for name in names}
    return Training(
        run=campaign.run.id,
        store=location,
        is_finished=campaign.is_finished,
        cycles=tuple(rows),
        generations=tuple(sorted(published.values())),
        notes=campaign.tasks.notes,
    )


def _names(given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], argument: str) -> tuple[str, ...]:
    """Names of places: one, or several."""
    if isinstance(given, str | os.PathLike):
        return (os.fspath(given),)
    named: Sequence[object] = given
    if not isinstance(named, list | tuple) or not all(isinstance(place, str | os.PathLike) for place in named):
        raise ReverieError(f"{argument}={given!r}: these must be names of domains, folders or files"[:200])
    return tuple(os.fspath(place) for place in given)
