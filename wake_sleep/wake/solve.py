"""Solving one spec: the anytime driver over the search engines."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dsl.domain import load_domain
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.probability import UNIFORM, Weights
from dsl.spec import Budget, Classification, Example, Function, Spec
from dsl.sygus.logics import default_grammar
from dsl.terms import Literal, Term, postorder, strip_lambdas
from dsl.types import BOOL, STRING
from dsl.values import typed_key, value_text
from wake_sleep.wake.constants import texts_of_outputs
from wake_sleep.wake.fitting import Fitting
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status
from wake_sleep.wake.verify.examples import verify_examples

DEFAULT_CPU_SECONDS: Final = 10.0
DEFAULT_MEMORY: Final = 1 << 30
UNBOUNDED: Final = Budget()


class Strategy(StrEnum):
    """Which halves of the engine search."""

    SYMBOLIC = "symbolic"
    NEURAL = "neural"
    HYBRID = "hybrid"


@dataclass(frozen=True)
class SolveSettings:
    """How a spec is solved; equal settings and seeds with a budget in candidates give equal outcomes.

    Attributes:
        budget: what may be spent; what it leaves open is taken from the spec, then from the defaults.
        strategy: which halves of the engine search.
        library: whether learned abstractions are used.
        seed: of everything that is drawn at random.
        weights: learned weights of productions.
        generation: name of the generation that the weights belong to.
    """

    budget: Budget = UNBOUNDED
    strategy: Strategy = Strategy.HYBRID
    library: bool = True
    seed: int = 0
    weights: Weights = UNIFORM
    generation: str = "none"


def effective_budget(spec: Spec, asked: Budget) -> Budget:
    """What may be spent on a spec: what was asked, else what the spec says, else the defaults.

    A bound on candidates, time or the clock takes the place of the default CPU-seconds.
    """
    stated = asked | spec.budget
    if stated.size is None and spec.hints.maximum_size is not None:
        stated = dataclasses.replace(stated, size=spec.hints.maximum_size)
    bounded = (stated.candidates, stated.cpu_seconds, stated.wall_seconds)
    timely = UNBOUNDED if any(bound is not None for bound in bounded) else Budget(cpu_seconds=DEFAULT_CPU_SECONDS)
    return stated | timely | Budget(memory=DEFAULT_MEMORY)


def asks_only_examples(spec: Spec) -> bool:
    """Whether running programs on the examples decides what a spec asks; one that asks nothing is such a spec."""
    return spec.classification is Classification.EXAMPLES or not (spec.constraints or spec.invariant)


def program_grammar(spec: Spec, function: Function) -> Grammar:
    """The programs allowed for a function: the stated grammar, else what the logic or the domain of the spec allows.

    A domain's language is given the constants of the spec, and texts that its examples want and their inputs lack.
    """
    if function.grammar is not None:
        return function.grammar
    if spec.dialect.startswith("sygus"):
        return default_grammar(spec, function)
    assert spec.domain is not None
    offered = [constant for constant in spec.constants if isinstance(constant, Literal)]
    domain = load_domain(spec.domain)
    if not asks_only_examples(spec):
        # What a proof knows nothing of would be searched in vain; what the conditions name may be needed.
        domain = domain.provable()
        stated = postorder([constraint.term for constraint in spec.constraints], into_definitions=True)
        offered += [node for node in stated if isinstance(node, Literal) and node.type is not BOOL]
    if function.result is STRING:
        offered += texts_of_outputs([(e.inputs, e.output) for e in spec.examples if e.function == function.name])
    return domain.grammar(function.type, LanguageSettings(constants=tuple(dict.fromkeys(offered))))


def solve_spec(spec: Spec, settings: SolveSettings | None = None) -> Outcome:
    """Find programs for a spec.

    Args:
        spec: what is asked.
        settings: how to go about it.

    Returns:
        what came of it; a search that fails is an outcome, not an error.
    """
    settings = settings or SolveSettings()
    meter = Meter(effective_budget(spec, settings.budget))
    outcome = _Driver(spec, settings, meter).solve()
    return dataclasses.replace(
        outcome,
        candidates=meter.candidates,
        cpu_seconds=meter.cpu_seconds,
        wall_seconds=meter.wall_seconds,
        domain=spec.domain,
        generation=settings.generation,
        seed=settings.seed,
    )


class _Driver:
    """Solves one spec."""

    def __init__(self, spec: Spec, settings: SolveSettings, meter: Meter) -> None:
        self.spec, self.settings, self.meter = spec, settings, meter

    def solve(self) -> Outcome:
        spec = self.spec
        if spec.domain is None:
            return Outcome(Status.UNKNOWN, reason="no installed domain has all the operators of this spec")
        conflict = next((p for p in spec.problems if p.kind == "contradictory-examples"), None)
        if conflict is not None:
            return Outcome(Status.INFEASIBLE, reason="two examples contradict each other", witness=_conflict(spec))
        if not asks_only_examples(spec):
            from wake_sleep.wake.conditions import ConditionDriver

            return ConditionDriver(spec, self.settings, self.meter).solve()
        domain = load_domain(spec.domain)
        programs: dict[str, Term] = {}
        found_by: FoundBy | None = None
        cost, longest = 0.0, -1
        for number, function in enumerate(spec.functions, start=1):
            before = self.meter.candidates
            outcome = Fitting(
                function,
                program_grammar(spec, function),
                domain,
                [example for example in spec.examples if example.function == function.name],
                self.settings.weights,
                self.meter,
                number / len(spec.functions),
            ).solve()
            if outcome.status is not Status.SOLVED:
                return outcome
            programs |= outcome.programs
            cost += outcome.cost or 0.0
            if self.meter.candidates - before > longest:
                found_by, longest = outcome.found_by, self.meter.candidates - before
        verdict = verify_examples(programs, spec.examples, domain)
        assert verdict.judgement is Judgement.EXAMPLES, verdict
        size = sum(strip_lambdas(programs[f.name], len(f.parameters))[1].size for f in spec.functions)
        return Outcome(Status.SOLVED, programs, verdict, size=size, cost=cost, found_by=found_by)


def _conflict(spec: Spec) -> tuple[str, ...]:
    """The first two examples that contradict each other."""
    first: dict[object, Example] = {}
    for example in spec.examples:
        known = first.setdefault((example.function, typed_key(example.inputs)), example)
        if typed_key(known.output) != typed_key(example.output):
            return (_example_text(spec, known), _example_text(spec, example))
    raise AssertionError("the examples do not contradict each other")


def _example_text(spec: Spec, example: Example) -> str:
    function = spec.function(example.function)
    inputs = ", ".join(value_text(v, t) for v, (_, t) in zip(example.inputs, function.parameters, strict=True))
    where = "" if example.location is None else f" (line {example.location.line})"
    return f"{example.function}({inputs}) = {value_text(example.output, function.result)}{where}"
