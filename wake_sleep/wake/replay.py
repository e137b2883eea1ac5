"""Replay: programs that solved the same spec before, verified anew."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from dsl.domain import load_domain
from dsl.errors import DomainError
from dsl.spec import Spec
from dsl.terms import Term, strip_lambdas
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import cpu_clock
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status
from wake_sleep.wake.solve import SolveSettings, asks_only_examples, effective_budget, program_grammar
from wake_sleep.wake.verify.examples import verify_examples


def replay(spec: Spec, programs: Mapping[str, Term], settings: SolveSettings) -> Outcome | None:
    """The outcome that stored programs come to, or None if they do not do what is asked now.

    Args:
        spec: what is asked, by examples.
        programs: a program for each function.
        settings: how the spec would be solved; the bound on size holds for stored programs as well.
    """
    if spec.domain is None or not asks_only_examples(spec):
        return None
    cpu_start, wall_start = cpu_clock(), time.monotonic()
    ordered = {function.name: programs[function.name] for function in spec.functions}
    cost, size = 0.0, 0
    for function in spec.functions:
        costs = Costs(program_grammar(spec, function), settings.weights)
        cost += costs.nats(ordered[function.name])
        size += strip_lambdas(ordered[function.name], len(function.parameters))[1].size
    bound = effective_budget(spec, settings.budget).size
    if math.isinf(cost) or (bound is not None and size > bound):
        return None
    try:
        verdict = verify_examples(ordered, spec.examples, load_domain(spec.domain))
    except DomainError:
        # A primitive that was changed since fails: the search finds out whether anything else does.
        return None
    if verdict.judgement is not Judgement.EXAMPLES:
        return None
    return Outcome(
        Status.SOLVED,
        ordered,
        verdict,
        size=size,
        cost=cost,
        cpu_seconds=cpu_clock() - cpu_start,
        wall_seconds=time.monotonic() - wall_start,
        found_by=FoundBy.REPLAY,
        domain=spec.domain,
        generation=settings.generation,
        seed=settings.seed,
    )
