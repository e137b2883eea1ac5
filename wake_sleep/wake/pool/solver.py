"""One solver: what a process needs to solve one problem after the other."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import os
import time
import traceback
from collections.abc import Iterator
from typing import Final

from dsl.domain import load_domain
from dsl.errors import ReverieError
from dsl.spec import Spec
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.fitting import Observer
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.search import Goal
from wake_sleep.wake.solve import SolveSettings, asks_only_examples, program_grammar, solve_spec

COLLECTION_THRESHOLDS: Final = (50_000, 20, 50)
"""Of the cyclic garbage collector, which with its own takes half the time of a search that keeps many terms."""

INTERNAL_ERROR: Final = "internal error"
"""How the reason of an outcome begins that a defect of Reverie ended."""


class Solver:
    """Solves problems in this process.

    Attributes:
        startup_seconds: CPU time of starting up that no outcome has been charged with yet.
    """

    def __init__(self, startup_seconds: float = 0.0) -> None:
        """Take over the start-up time of the process so far."""
        self.startup_seconds = startup_seconds
        self._prepared: set[tuple[str | None, bool, bool]] = set()

    def solve(self, spec: Spec, settings: SolveSettings, observer: Observer | None = None) -> Outcome:
        """Solve one problem within its budget; an outcome comes back whatever happens.

        Arguments are as for `wake_sleep.wake.solve.solve_spec`. The start-up time of the process, and of what this
        problem is the first to need, is told in the outcome.
        """
        try:
            self._prepare(spec)
            outcome = solve_spec(spec, settings, observer)
        except ReverieError as error:
            outcome = _failed(spec, settings, Status.ERROR, str(error))
        except Exception as error:  # noqa: BLE001 - a defect that one spec brings to light must not end the others
            if os.environ.get("REVERIE_DEBUG", "") not in ("", "0"):
                traceback.print_exception(error)
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{place.name} in {place.filename.rpartition('/')[2]}:{place.lineno}"
            reason = f"{INTERNAL_ERROR}: {type(error).__name__}: {error} ({where})"
            outcome = _failed(spec, settings, Status.ERROR, reason)
        startup, self.startup_seconds = self.startup_seconds, 0.0
        return dataclasses.replace(outcome, startup_seconds=outcome.startup_seconds + startup)

    def _prepare(self, spec: Spec) -> None:
        """Import what problems of this kind need, which is start-up and no part of the search."""
        if spec.domain is None:
            return
        has_conditions = not asks_only_examples(spec)
        kind = (spec.domain, spec.dialect.startswith("sygus"), has_conditions)
        if kind in self._prepared:
            return
        self._prepared.add(kind)
        start = time.process_time()
        if has_conditions:
            importlib.import_module("wake_sleep.wake.conditions")
        domain = load_domain(spec.domain)
        for function in spec.functions:
            engine_for(Goal(program_grammar(spec, function), domain, ()))
        self.startup_seconds += time.process_time() - start


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Make the cyclic garbage collector of this process rare for the time of the body."""
    former = gc.get_threshold()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*former)


def quieten_collector() -> None:
    """Make the cyclic garbage collector of this process rare for good, and let it pass over what is loaded by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


def _failed(spec: Spec, settings: SolveSettings, status: Status, reason: str) -> Outcome:
    return Outcome(status, reason=reason, domain=spec.domain, generation=settings.generation, seed=settings.seed)
