"""Dreams by the workers of a pool, part after part."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dsl.domain import load_domain
from wake_sleep.generation import Generation
from wake_sleep.sleep.dreaming import DreamSettings, collect, dream_part, most_parts
from wake_sleep.sleep.dreams import Dream, Dreams
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.errors import Interrupted

if TYPE_CHECKING:
    from wake_sleep.wake.pool.solver import Solver

PART_SECONDS: Final = 300.0
"""Seconds after which a worker that dreams is taken to hang."""


@dataclass(frozen=True)
class DreamPart(Work):
    """One part of the dreams of a sleep; its result is a tuple of dreams, or None if it was interrupted.

    Attributes:
        number: the number of the part.
        domain: name of the domain.
        requests: see `wake_sleep.sleep.dreaming.dream_part`, and the attributes below.
        generation: what the costs are drawn around.
        settings: how dreams are made.
        seed: of all parts together.
    """

    number: int
    domain: str
    requests: tuple[DreamRequest, ...]
    generation: Generation
    settings: DreamSettings
    seed: int

    def perform(self, solver: Solver) -> tuple[Dream, ...]:
        """See `Work.perform`."""
        domain = load_domain(self.domain)
        return dream_part(domain, self.requests, self.generation, self.settings, self.seed, self.number)

    def lost(self) -> tuple[Dream, ...]:
        """See `Work.lost`: a part that kills its workers has no dreams."""
        return ()

    def interrupted(self) -> None:
        """See `Work.interrupted`."""

    @property
    def wall_limit(self) -> float:
        """See `Work.wall_limit`."""
        return PART_SECONDS


def dream_in_parts(
    pool: Pool,
    domain: str,
    requests: Sequence[DreamRequest],
    generation: Generation,
    settings: DreamSettings,
    *,
    seed: int,
    count: int | None,
    seconds: float | None,
) -> Dreams:
    """Dreams of the workers of a pool; with a count and without a time the same for every number of workers.

    Args:
        pool: who dreams; nothing is submitted to it.
        domain: name of the domain.
        requests: what is dreamt of.
        generation: what the costs are drawn around.
        settings: how dreams are made.
        seed: of everything that is drawn at random.
        count: dreams wanted, or None for as many as the time allows.
        seconds: on the clock, after which no part is begun, or None.

    Raises:
        Interrupted: if the pool was stopped.
        ValueError: if nothing bounds the dreams.
    """
    if count is None and seconds is None:
        raise ValueError("neither a count nor a time bounds the dreams")
    deadline = None if seconds is None else time.monotonic() + seconds
    settings = settings if count is None else settings.for_count(count)
    most = None if count is None else most_parts(count, settings)
    parts = _parts(pool, domain, tuple(requests), generation, settings, seed, most, deadline)
    with contextlib.closing(parts):
        return collect(parts, count) if count is not None else Dreams(d for part in parts for d in part)


def _parts(
    pool: Pool,
    domain: str,
    requests: tuple[DreamRequest, ...],
    generation: Generation,
    settings: DreamSettings,
    seed: int,
    most: int | None,
    deadline: float | None,
) -> Generator[tuple[Dream, ...]]:
    """The parts in their order; those that are under way when no more are wanted are waited for."""
    ready: dict[int, tuple[Dream, ...]] = {}
    begun = given = 0
    try:
        while True:
            is_over = deadline is not None and time.monotonic() >= deadline
            while begun - given - len(ready) < pool.capacity and not is_over and (most is None or begun < most):
                pool.submit(DreamPart(begun, domain, requests, generation, settings, seed))
                begun += 1
            while given in ready:
                given += 1
                yield ready.pop(given - 1)
            if given == begun:
                return
            number, dreams = _collected(pool)
            ready[number] = dreams
    finally:
        for _ in range(begun - given - len(ready)):
            if pool.collect() is None:
                break


def _collected(pool: Pool) -> tuple[int, tuple[Dream, ...]]:
    collected = pool.collect()
    if collected is None or collected[1] is None:
        raise Interrupted
    return collected
