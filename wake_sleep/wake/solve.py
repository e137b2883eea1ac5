"""Solving one spec: the anytime driver over the search engines."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from dsl.domain import load_domain
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.probability import UNIFORM, Weights
from dsl.spec import Budget, Classification, Example, Function, Spec
from dsl.sygus.logics import default_grammar
from dsl.terms import Literal, Operator, Term, postorder, strip_lambdas
from dsl.types import BOOL, STRING
from dsl.values import typed_key, value_text
from wake_sleep.wake.constants import texts_of_outputs
from wake_sleep.wake.dovetail import HEAD_START
from wake_sleep.wake.fitting import Fitting, Observer
from wake_sleep.wake.guidance import Guidance
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status
from wake_sleep.wake.verify.examples import verify_examples

if TYPE_CHECKING:
    from wake_sleep.wake.proposing import Proposer

DEFAULT_CPU_SECONDS: Final = 10.0
DEFAULT_MEMORY: Final = 1 << 30
UNBOUNDED: Final = Budget()


class Strategy(StrEnum):
    """Which searches work on a spec, once there is something learned; without that all are the plain search."""

    SYMBOLIC = "symbolic"
    """The search that learned costs and abstractions guide, alone."""
    NEURAL = "neural"
    """Proposals of a network alone; if the generation has none, as `SYMBOLIC`, which is noted."""
    HYBRID = "hybrid"
    """The guided search, helped by the network if there is one, and the plain one in turns, which never takes much more
    than twice what the plain one does."""


class TaskReader(Protocol):
    """What says, by reading a task, which productions are likely; a `wake_sleep.model.guide.Guide` is one."""

    def weights(self, spec: Spec, function: Function | None = None) -> Weights:
        """The weights for one function of a spec, the first by default."""


@dataclass(frozen=True)
class SolveSettings:
    """How a spec is solved; equal settings and seeds with a budget in candidates give equal outcomes.

    Attributes:
        budget: what may be spent; what it leaves open is taken from the spec, then from the defaults.
        strategy: which searches work on a spec.
        library: whether learned abstractions are used.
        seed: of everything that is drawn at random.
        weights: learned weights of productions.
        generation: name of the generation that the weights and the abstractions belong to.
        abstractions: the library; see `wake_sleep.generation.Generation`.
        guide: what corrects the weights by the examples of a spec, or None.
        proposer: a network that proposes programs, or None.
        head_start: candidates of the plain search, in the strategy `HYBRID`, before what was learned is used.
    """

    budget: Budget = UNBOUNDED
    strategy: Strategy = Strategy.HYBRID
    library: bool = True
    seed: int = 0
    weights: Weights = UNIFORM
    generation: str = "none"
    abstractions: tuple[Operator, ...] = ()
    guide: TaskReader | None = None
    proposer: Proposer | None = None
    head_start: int = HEAD_START


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


def program_grammar(spec: Spec, function: Function, abstractions: Sequence[Operator] = ()) -> Grammar:
    """The programs allowed for a function: the stated grammar, else what the logic or the domain of the spec allows.

    A domain's language is given the constants of the spec, and texts that its examples want and their inputs lack.

    Args:
        spec: what is asked.
        function: one of its functions.
        abstractions: library functions, each a further production wherever its body is a term of the language.
    """
    if function.grammar is not None:
        return function.grammar.with_abstractions(abstractions) if abstractions else function.grammar
    if spec.dialect.startswith("sygus"):
        stated_language = default_grammar(spec, function)
        return stated_language.with_abstractions(abstractions) if abstractions else stated_language
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
    constants = tuple(dict.fromkeys(offered))
    return domain.grammar(function.type, LanguageSettings(constants=constants, abstractions=tuple(abstractions)))


def guidance_of(spec: Spec, function: Function, settings: SolveSettings) -> Guidance:
    """What is learned of the programs of a function, by the settings."""
    base, abstractions = program_grammar(spec, function), usable_abstractions(spec, settings)
    grammar = program_grammar(spec, function, abstractions) if abstractions else base
    reading = None if settings.guide is None else functools.partial(settings.guide.weights, spec, function)
    proposer = None if settings.strategy is Strategy.SYMBOLIC else settings.proposer
    is_alone = settings.strategy is not Strategy.HYBRID
    return Guidance(base, grammar, settings.weights, reading, is_alone, proposer, settings.head_start)


def usable_abstractions(spec: Spec, settings: SolveSettings) -> tuple[Operator, ...]:
    """The library that a search for a spec may use.

    None with a bound on size: sizes are those of expanded programs, and a search that counts nodes would count an
    abstraction as one.
    """
    if not settings.library or effective_budget(spec, settings.budget).size is not None:
        return ()
    return settings.abstractions


def solve_spec(spec: Spec, settings: SolveSettings | None = None, observer: Observer | None = None) -> Outcome:
    """Find programs for a spec.

    Args:
        spec: what is asked.
        settings: how to go about it.
        observer: who is shown searches by examples alone that found nothing.

    Returns:
        what came of it; a search that fails is an outcome, not an error.
    """
    settings = settings or SolveSettings()
    meter = Meter(effective_budget(spec, settings.budget))
    outcome = _Driver(spec, settings, meter, observer).solve()
    return dataclasses.replace(
        outcome,
        candidates=meter.candidates,
        cpu_seconds=meter.cpu_seconds,
        wall_seconds=meter.wall_seconds,
        domain=spec.domain,
        generation=settings.generation,
        seed=settings.seed,
        notes=(*outcome.notes, *_fallbacks(spec, settings)),
    )


def _fallbacks(spec: Spec, settings: SolveSettings) -> tuple[str, ...]:
    """What the user asked for and did not get."""
    if settings.strategy is not Strategy.NEURAL:
        return ()
    proposer, generation = settings.proposer, settings.generation
    if proposer is None:
        return (f"the generation {generation!r} has no network that proposes programs; searched without one",)
    if not asks_only_examples(spec):
        return ("the network proposes programs for examples only; what has conditions was searched without it",)
    if spec.domain != proposer.guide.domain:
        return (f"the network of {generation!r} is one of {proposer.guide.domain}; {spec.domain} searched without it",)
    return ()


class _Driver:
    """Solves one spec."""

    def __init__(self, spec: Spec, settings: SolveSettings, meter: Meter, observer: Observer | None) -> None:
        self.spec, self.settings, self.meter, self.observer = spec, settings, meter, observer

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
        compressed: dict[str, Term] = {}
        alternatives: tuple[Mapping[str, Term], ...] = ()
        answered_after = 0
        found_by: FoundBy | None = None
        cost, longest = 0.0, -1
        for number, function in enumerate(spec.functions, start=1):
            before = self.meter.candidates
            outcome = Fitting(
                function,
                guidance_of(spec, function, self.settings),
                domain,
                [example for example in spec.examples if example.function == function.name],
                self.meter,
                number / len(spec.functions),
                observer=self.observer,
            ).solve()
            if outcome.status is not Status.SOLVED:
                return outcome
            programs |= outcome.programs
            compressed |= outcome.compressed
            answered_after = before + (outcome.answered_after or 0)
            alternatives = outcome.alternatives if len(spec.functions) == 1 else ()
            cost += outcome.cost or 0.0
            if self.meter.candidates - before > longest:
                found_by, longest = outcome.found_by, self.meter.candidates - before
        verdict = verify_examples(programs, spec.examples, domain)
        assert verdict.judgement is Judgement.EXAMPLES, verdict
        size = sum(strip_lambdas(programs[f.name], len(f.parameters))[1].size for f in spec.functions)
        return Outcome(
            Status.SOLVED,
            programs,
            verdict,
            size=size,
            cost=cost,
            found_by=found_by,
            compressed=compressed,
            alternatives=alternatives,
            answered_after=answered_after,
        )


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
