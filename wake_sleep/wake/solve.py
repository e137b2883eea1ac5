"""Solving one spec: the anytime driver over the search engines."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dsl.domain import Domain, load_domain
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.limits import DEFAULT_LIMITS
from dsl.printing import to_sexpr
from dsl.probability import UNIFORM, Weights
from dsl.spec import Budget, Classification, Example, Function, Spec
from dsl.sygus.logics import default_grammar
from dsl.terms import Literal, Term, strip_lambdas
from dsl.types import STRING
from dsl.values import typed_key, value_text
from wake_sleep.wake.backstop import backstop
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.constants import texts_of_outputs
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status
from wake_sleep.wake.search import Case, Found, Goal, Search
from wake_sleep.wake.verify import failing_examples, verify_examples

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
    if function.result is STRING:
        offered += texts_of_outputs([(e.inputs, e.output) for e in spec.examples if e.function == function.name])
    return load_domain(spec.domain).grammar(function.type, LanguageSettings(constants=tuple(dict.fromkeys(offered))))


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
            reason = f"conditions: the spec is of the class {spec.classification}; only examples are solved yet"
            return Outcome(Status.UNKNOWN, reason=reason)
        domain = load_domain(spec.domain)
        programs: dict[str, Term] = {}
        found_by: FoundBy | None = None
        cost, longest = 0.0, -1
        for number, function in enumerate(spec.functions, start=1):
            before = self.meter.candidates
            outcome = _FunctionDriver(self, function, domain, number / len(spec.functions)).solve()
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


class _FunctionDriver:
    """Searches for one function: a subset of its examples guides the search, all of them decide."""

    def __init__(self, owner: _Driver, function: Function, domain: Domain, share: float) -> None:
        """Prepare a search that is patient until `share` of the budget is spent, that of former functions included."""
        self.owner, self.function, self.domain, self.share = owner, function, domain, share
        self.meter = owner.meter
        self.grammar = program_grammar(owner.spec, function)
        self.examples = _distinct(e for e in owner.spec.examples if e.function == function.name)
        self.costs = Costs(self.grammar, owner.settings.weights)
        self.best: tuple[float, int, str, Found, Term] | None = None
        self._decided: set[Term] = set()

    def solve(self) -> Outcome:
        if self.grammar.minimum_size(self.grammar.start) == math.inf:
            return Outcome(Status.INFEASIBLE, reason=f"the grammar of {self.function.name} derives no program")
        if not self.examples:
            smallest = self.grammar.smallest(self.grammar.start)
            self._decide(Found(smallest, FoundBy.ENUMERATION))
            solved = self._solved()
            assert solved is not None
            return solved
        cases: list[Case] = [(e.inputs, e.output) for e in self.examples]
        size = self.meter.budget.size
        goal = Goal(self.grammar, self.domain, tuple(cases), size, DEFAULT_LIMITS)
        try:
            engine = engine_for(goal)
            active = diverse(cases, engine.initial_cases)
            goal = dataclasses.replace(goal, cases=tuple(cases[i] for i in active))
            with blaming_primitives(goal), backstop(self.meter):
                complete = self._search(engine(goal, self.costs, self.meter), set(active))
        except OutOfBudget as spent:
            return self._solved() or Outcome(Status.UNKNOWN, reason=str(spent))
        except KeyboardInterrupt:
            return self._solved() or Outcome(Status.INTERRUPTED, reason="interrupted")
        except MemoryError:
            return self._solved() or Outcome(Status.UNKNOWN, reason="memory: the machine has no more")
        solved = self._solved()
        if solved is not None:
            return solved
        if not complete:
            bounded = "" if size is None else f" of at most {size} nodes"
            return Outcome(
                Status.UNKNOWN,
                reason=f"incomplete: no program{bounded} that was told apart from others fits, but not all could be",
            )
        if size is not None:
            return Outcome(Status.EXHAUSTED, reason=f"no program of at most {size} nodes fits")
        return Outcome(
            Status.INFEASIBLE,
            reason=f"all programs of the grammar of {self.function.name} were tried, up to equal values; none fits",
        )

    def _search(self, search: Search, active: set[int]) -> bool:
        """Run the search until it is complete or patience ends; returns whether all programs were tried."""
        deadline = math.inf
        for found in search.run():
            if found is not None and found.body not in self._decided:
                failing = self._decide(found)
                if failing is not None:
                    assert failing not in active, f"{found!r} does not fit the active cases"
                    active.add(failing)
                    example = self.examples[failing]
                    search.add_cases([(example.inputs, example.output)])
                else:
                    deadline = min(deadline, self.meter.candidates + search.patience(self.meter.candidates))
            if self.best is not None and (self.meter.candidates >= deadline or self.meter.share >= self.share):
                return False
        return search.is_complete

    def _decide(self, found: Found) -> int | None:
        """Run a body on all examples and keep it if it is the best; else the position of an example that it fails."""
        self._decided.add(found.body)
        program = self.grammar.program(found.body)
        failing = failing_examples(program, self.examples, self.domain)
        if failing:
            return failing[0]
        rank = (self.costs.nats(program), found.body.size, to_sexpr(found.body))
        if self.best is None or rank < self.best[:3]:
            self.best = (*rank, found, program)
        return None

    def _solved(self) -> Outcome | None:
        if self.best is None:
            return None
        cost, size, _, found, program = self.best
        return Outcome(Status.SOLVED, {self.function.name: program}, size=size, cost=cost, found_by=found.by)


def _distinct(examples: Iterable[Example]) -> list[Example]:
    """The examples, each input once."""
    return list({typed_key(e.inputs): e for e in reversed(list(examples))}.values())[::-1]


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
