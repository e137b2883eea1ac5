"""Hindsight: what a search that failed has computed on real inputs answers other questions than the one asked.

Whatever a search holds in its bank is a program for the outputs that it happens to have (Andrychowicz et al. 2017,
Hindsight experience replay, for search in the place of reinforcement learning).
"""

from __future__ import annotations

import dataclasses
import random

from dsl.terms import Literal
from dsl.types import arrow
from wake_sleep.sleep.dreaming import DEFAULT_SETTINGS, select
from wake_sleep.sleep.dreams import Dream, Dreamer
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.wake.search import Search


def harvest(search: Search, limit: int, *, constants: tuple[Literal, ...] = (), seed: int = 0) -> list[Dream]:
    """Dreams from the bank of a search, distinct in behaviour and balanced by size.

    Args:
        search: one that was run, with whatever end; its grammar may be that of a file.
        limit: most dreams that are wanted.
        constants: the literals that the task offered beyond those of its domain.
        seed: of which programs are taken, where there are more.
    """
    goal = search.goal
    start = goal.grammar.start
    inputs = tuple(given for given, _ in goal.cases)
    if not inputs or not start.environment:
        return []
    request = DreamRequest(arrow(*reversed(start.environment), start.type), inputs, constants)
    dreamer = Dreamer(request, goal.domain, inputs, inputs, search.costs)
    settings = dataclasses.replace(DEFAULT_SETTINGS, kept=limit)
    return list(select(search, dreamer, settings, random.Random(seed)))
