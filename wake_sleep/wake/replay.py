"""Replay: programs that solved the same spec before, verified anew."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from dsl.domain import load_domain
from dsl.errors import DomainError
from dsl.spec import Spec
from dsl.terms import Term, strip_lambdas
from wake_sleep.wake.meter import cpu_clock
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status, Verdict
from wake_sleep.wake.solve import SolveSettings, asks_only_examples, effective_budget, guidance_of
from wake_sleep.wake.verify.examples import verify_examples


def replay(spec: Spec, programs: Mapping[str, Term], settings: SolveSettings) -> Outcome | None:
    """The outcome that stored programs come to, or None if they do not do what is asked now.

    Args:
        spec: what is asked.
        programs: a program for each function.
        settings: how the spec would be solved; the bound on size holds for stored programs as well.
    """
    if spec.domain is None:
        return None
    cpu_start, wall_start = cpu_clock(), time.monotonic()
    ordered = {function.name: programs[function.name] for function in spec.functions}
    cost, size = 0.0, 0
    for function in spec.functions:
        cost += guidance_of(spec, function, settings).opening.nats(ordered[function.name])
        size += strip_lambdas(ordered[function.name], len(function.parameters))[1].size
    bound = effective_budget(spec, settings.budget).size
    if math.isinf(cost) or (bound is not None and size > bound):
        return None
    try:
        verdict = _verdict(spec, ordered, settings)
    except DomainError:
        # A primitive that was changed since fails: the search finds out whether anything else does.
        return None
    if verdict.judgement not in (Judgement.EXAMPLES, Judgement.PROVED):
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
        compressed=ordered,
        answered_after=0,
        domain=spec.domain,
        generation=settings.generation,
        seed=settings.seed,
    )


def _verdict(spec: Spec, programs: Mapping[str, Term], settings: SolveSettings) -> Verdict:
    """What is found of programs now: by examples, or by a proof where conditions are asked."""
    assert spec.domain is not None
    domain = load_domain(spec.domain)
    if asks_only_examples(spec):
        return verify_examples(programs, spec.examples, domain)
    from wake_sleep.wake.verify.condition import condition_of
    from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

    budget = effective_budget(spec, settings.budget)
    limits = [limit for limit in (budget.cpu_seconds, budget.wall_seconds) if limit is not None]
    allowance = Allowance(min(limits) if limits else None)
    return ConditionVerifier(condition_of(spec, domain)).check(programs, allowance)
