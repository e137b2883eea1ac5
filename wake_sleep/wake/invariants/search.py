"""The search for an inductive invariant: a portfolio of engines, all of which are checked by the same verifier.

Cheap candidates come first, then Spacer, the ICE learner and Houdini for what they settle soon, then Spacer under other
settings and the ICE learner in turn, the turns growing longer: how long a run takes varies much more with its settings
than with the problem. A stated grammar is enumerated, since what proves the clauses need not derive from it.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.errors import DomainError
from dsl.grammar import Grammar
from dsl.terms import Literal, Term
from dsl.types import BOOL
from dsl.values import value_text
from wake_sleep.wake.invariants.clauses import HornSystem, State, Step, horn_system
from wake_sleep.wake.invariants.enumeration import GrammarSearch, NoneAgrees
from wake_sleep.wake.invariants.houdini import inductive_subset
from wake_sleep.wake.invariants.learner import IceLearner
from wake_sleep.wake.invariants.lemmas import joined, negation, normal, reduced
from wake_sleep.wake.invariants.sample import Contradiction, Sample
from wake_sleep.wake.invariants.vocabulary import Vocabulary
from wake_sleep.wake.invariants.writing import rewritten
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Judgement, Verdict
from wake_sleep.wake.verify.condition import Condition
from wake_sleep.wake.verify.horn import HornSolver, Inexpressible, SpacerSettings, Undecided, Unsafe
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

_GUIDED: Final = {"spacer.global": True}
_NOT_SOLVED_FOR: Final = {"xform.tail_simplifier_pve": False}
PORTFOLIO: Final[tuple[Mapping[str, bool], ...]] = (
    {**_GUIDED, **_NOT_SOLVED_FOR},
    _NOT_SOLVED_FOR,
    {},
    {**_GUIDED, "spacer.simplify_pob": True},
    {"xform.slice": False, "xform.inline_eager": False, "xform.inline_linear": False},
    {**_GUIDED, "spacer.expand_bnd": True},
    {"spacer.use_euf_gen": True, **_NOT_SOLVED_FOR},
)
"""Settings of Spacer, the best ones first.

Global guidance (Vediramana Krishnan et al., CAV 2020) ends divergence where arithmetic matters; without it, problems of
many Booleans are faster. Not solving the equations of a clause for its variables beforehand saves half of most runs.
"""
FIRST_RUNS: Final = 4
"""Short runs of Spacer before other engines have their turn."""
FIRST_STEPS: Final = 2_000_000
"""What each of them may take, in Z3's resource units; about a second."""
FIRST_ROUNDS: Final = 40
"""Proposals of the first turn of the ICE learner."""
SMALL: Final = 7
"""AST nodes of a cheap candidate that no engine is asked to better."""
VERIFIABLE: Final = 0.95
"""Share of the budget after which no shorter form of an invariant is verified."""
LARGE: Final = {FoundBy.DEDUCTION: 100, FoundBy.UNIFICATION: 12}
"""AST nodes of an invariant by Spacer, or by the ICE learner, that Houdini is asked to better."""
FEW_VARIABLES: Final = 12
"""Parameters up to which the ICE learner has its first turn early, since it is fast then."""
DEEPEST_TRACE: Final = 400
"""Most steps of a trace that is looked for."""


@dataclass(frozen=True)
class Found:
    """An invariant.

    Attributes:
        program: closed program.
        by: the engine that found it.
        verdict: ``proved``.
    """

    program: Term
    by: FoundBy
    verdict: Verdict


@dataclass(frozen=True)
class NoInvariant:
    """A proof that there is none.

    Attributes:
        reason: in one sentence.
        witness: the proof, a line each.
    """

    reason: str
    witness: tuple[str, ...]


def find_invariant(
    condition: Condition,
    grammar: Grammar,
    verifier: ConditionVerifier,
    meter: Meter,
    *,
    has_stated_grammar: bool,
    seed: int = 0,
) -> Found | NoInvariant | str:
    """Find a predicate that meets a condition of Horn form.

    Args:
        condition: what is asked.
        grammar: the programs allowed.
        verifier: of the condition; every answer has been proved by it.
        meter: what may be spent.
        has_stated_grammar: whether the file states the grammar; else it has all formulas of its logic.
        seed: of what is drawn at random.

    Returns:
        the invariant, a proof that there is none, or the reason why neither was found.

    Raises:
        OutOfBudget: if the budget ends before an invariant is found.
    """
    system = horn_system(condition)
    if isinstance(system, str):
        return system
    try:
        solver = HornSolver(system, meter)
        return _Search(system, grammar, verifier, meter, solver, has_stated_grammar, seed).run()
    except DomainError as error:
        return str(error)
    except ctypes.ArgumentError:
        # What a timer raises while the arguments of a call of Z3 are converted comes out as this.
        meter.spend(0)
        raise


class _Search:
    """One search; `reasons` tells why engines gave up."""

    def __init__(
        self,
        system: HornSystem,
        grammar: Grammar,
        verifier: ConditionVerifier,
        meter: Meter,
        solver: HornSolver,
        is_restricted: bool,
        seed: int,
    ) -> None:
        self.system, self.grammar, self.verifier, self.meter = system, grammar, verifier, meter
        self.solver, self.is_restricted, self.seed = solver, is_restricted, seed
        self.domain = system.domain
        meter.spend(0)
        self.vocabulary = Vocabulary(system)
        meter.spend(0)
        self.reasons: dict[str, None] = {}
        self.best: Found | None = None
        self.best_size = 0

    def run(self) -> Found | NoInvariant | str:
        try:
            for engine in self.engines():
                engine()
                if self.is_settled(engine):
                    break
        except OutOfBudget:
            if self.best is None:
                raise
            return self.best
        except Contradiction as found:
            return self.contradiction(found.trace)
        except NoneAgrees as found:
            return self.none_agrees(found.sample)
        return self.best or "; ".join(self.reasons) or "no engine finds an invariant"

    def is_settled(self, engine: Callable[[], None]) -> bool:
        """Whether the invariant that is known is short enough, or nothing is likely to find a shorter one."""
        if self.best is None:
            return False
        if engine == self.try_simple:
            return self.best_size <= SMALL
        if engine != self.try_houdini and self.best_size > LARGE.get(self.best.by, math.inf):
            self.try_houdini()
        return True

    def engines(self) -> Iterator[Callable[[], None]]:
        """What is tried, in order; the search ends after the first one that finds an invariant."""
        yield self.try_simple
        spacer = self.spacer_runs()
        learner = IceLearner(self.vocabulary, self.solver, self.meter)
        if self.vocabulary.has_bits and not self.is_restricted:
            # Spacer generalises over integers, hardly over bit-vectors.
            yield functools.partial(self.learn, learner, FIRST_ROUNDS)
        yield next(spacer)
        if self.is_restricted:
            yield self.enumerate
            return
        if not self.vocabulary.has_bits:
            if len(self.system.function.parameters) <= FEW_VARIABLES:
                yield functools.partial(self.learn, learner, FIRST_ROUNDS)
            yield from itertools.islice(spacer, FIRST_RUNS - 1)
        yield self.try_houdini
        for turn, run in enumerate(spacer):
            yield run
            yield functools.partial(self.learn, learner, FIRST_ROUNDS * (1 + turn))

    def spacer_runs(self) -> Iterator[Callable[[], None]]:
        """Runs of Spacer, each round of settings with twice the steps of the one before."""
        for turn in itertools.count():
            number = turn % len(PORTFOLIO)
            # The first runs are short; most problems need no more.
            steps = FIRST_STEPS * (2 ** (1 + turn // len(PORTFOLIO)) if turn >= FIRST_RUNS else 1)
            yield functools.partial(self.try_spacer, PORTFOLIO[number], steps, self.seed + turn)

    # What is found.

    def offer(self, body: Term, by: FoundBy) -> None:
        """Keep an invariant, in its shortest form, if it derives from the grammar and the verifier proves it."""
        for candidate in self.forms(body):
            if self.best is not None and self.meter.share >= VERIFIABLE:
                return
            program = self.grammar.program(candidate)
            if self.best is not None and candidate.size > self.best_size:
                continue
            if self.grammar.derive(program) is None:
                self.reasons[f"{by}: an invariant was found that is not in the grammar"] = None
                continue
            verdict = self.verifier.check({self.system.function.name: program}, Allowance(self.meter.seconds_left))
            if verdict.judgement is Judgement.PROVED:
                self.best, self.best_size = Found(program, by, verdict), candidate.size
            elif verdict.judgement is Judgement.UNKNOWN:
                self.reasons[verdict.reason] = None

    def forms(self, body: Term) -> Iterator[Term]:
        """A body and shorter ones of its kind."""
        yield body
        shorter = reduced(body, self.solver, self.meter)
        yield shorter
        readable = rewritten(shorter, self.grammar, self.domain)
        if readable is not None:
            yield readable

    def contradiction(self, trace: Sequence[Step]) -> NoInvariant:
        """No predicate whatever meets the condition."""
        lines = tuple(self.line(i, step) for i, step in enumerate(trace))
        return NoInvariant("these states are derived one from the other, and the last one is excluded", lines)

    def line(self, number: int, step: Step) -> str:
        if step.conclusion is not None:
            return f"state {number}: {self.state(step.conclusion)}"
        return "excluded: " + "; ".join(map(self.state, step.premises)) if step.premises else "excluded outright"

    def state(self, state: State) -> str:
        named = zip(self.system.function.parameters, state, strict=True)
        return ", ".join(f"{name} = {value_text(value, type_)}" for (name, type_), value in named)

    # Engines.

    def try_simple(self) -> None:
        """True, false, what the goals state, and what the facts state."""
        goals, facts = [], []
        for number, formula in self.system.state_formulas:
            clause = self.system.clauses[number]
            if clause.conclusion is None:
                goals.append(negation(normal(formula, self.domain), self.domain))
            elif not clause.premises:
                facts.append(normal(formula, self.domain))
        simple = [Literal(True, BOOL), Literal(False, BOOL), *goals[:8], *facts[:4]]
        for body in dict.fromkeys([*simple, joined("and", goals[:8], self.domain)]):
            if self.is_invariant(body):
                self.offer(body, FoundBy.DEDUCTION)
                return

    def is_invariant(self, body: Term) -> bool:
        self.meter.spend(1)
        with self.solver.lemmas([body]) as lemmas:
            try:
                return all(lemmas.violation(n, [0]) is None for n in range(len(self.system.clauses)))
            except Undecided:
                return False

    def try_spacer(self, options: Mapping[str, bool], steps: int, seed: int = 0) -> None:
        """One run of Spacer."""
        self.meter.spend(1)
        try:
            body = self.solver.relation(SpacerSettings({**options, "spacer.random_seed": seed}), steps)
        except Unsafe:
            self.find_trace()
            return
        except (Undecided, Inexpressible) as error:
            self.reasons[f"Spacer: {error}"] = None
            return
        if self.is_invariant(body):
            self.offer(body, FoundBy.DEDUCTION)

    def find_trace(self) -> None:
        """Show the contradiction that Spacer found."""
        for depth in range(1, DEEPEST_TRACE):
            self.meter.spend(1)
            try:
                trace = self.solver.unrolled(depth, FIRST_STEPS * 4)
            except Undecided as error:
                self.reasons[f"Spacer derives a contradiction, but no trace was found: {error}"] = None
                return
            if trace is not None:
                raise Contradiction(tuple(trace))
        self.reasons[f"Spacer derives a contradiction, but no trace of fewer than {DEEPEST_TRACE} steps"] = None

    def try_houdini(self) -> None:
        """A conjunction of atoms."""
        try:
            kept = inductive_subset(self.vocabulary.pool(), self.solver, self.meter)
        except Undecided as error:
            self.reasons[f"Houdini: {error}"] = None
            return
        if kept is not None:
            self.offer(joined("and", kept, self.domain), FoundBy.DEDUCTION)

    def learn(self, learner: IceLearner, rounds: int) -> None:
        """Some rounds of the ICE learner."""
        for _ in range(rounds):
            if learner.is_stuck:
                return
            try:
                body = learner.round()
            except Undecided as error:
                self.reasons[f"ICE: {error}"] = None
                learner.is_stuck = True
                return
            if body is not None:
                self.offer(body, FoundBy.UNIFICATION)
                learner.is_stuck = True

    def enumerate(self) -> None:
        """The terms of a stated grammar."""
        search = GrammarSearch(self.grammar, self.vocabulary, self.solver, self.meter)
        try:
            body = search.run()
        except Undecided as error:
            self.reasons[f"enumeration: {error}"] = None
            return
        self.offer(body, FoundBy.ENUMERATION)

    def none_agrees(self, sample: Sample) -> NoInvariant:
        """No program of the grammar meets the condition."""
        reason = "all programs of the grammar were tried, up to equal values at these states; none agrees with them"
        return NoInvariant(reason, tuple(self.fact(rule.step) for rule in sample.rules))

    def fact(self, step: Step) -> str:
        premises = " and ".join(f"({self.state(state)})" for state in step.premises)
        if step.conclusion is None:
            return f"not in the invariant: {premises}" if premises else "excluded outright"
        conclusion = f"({self.state(step.conclusion)})"
        return f"in the invariant: {conclusion}" if not premises else f"if {premises} is in it, so is {conclusion}"
