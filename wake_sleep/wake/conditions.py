"""Solving specs with conditions that must hold for all inputs: counterexample-guided search with a proof at its end.

A verifier checks each candidate; a counterexample becomes a point that all further candidates must pass
(Solar-Lezama, Program Synthesis by Sketching, 2008). Which engine makes the candidates depends on the condition: see
`ConditionDriver.solve`. Only an unsat answer of the solver makes an outcome ``solved``.
"""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from dsl.domain import load_domain
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.evaluate import Evaluation
from dsl.limits import EXHAUSTED
from dsl.spec import Example, Function, Spec
from dsl.terms import (
    MACRO,
    Application,
    Literal,
    Operator,
    Term,
    Variable,
    beta_normal,
    free_variables,
    postorder,
    rename,
    strip_lambdas,
)
from dsl.types import BOOL
from dsl.values import BOTTOM, Value, value_text
from wake_sleep.wake.backstop import backstop
from wake_sleep.wake.behaviours import can_enumerate, distinct_programs
from wake_sleep.wake.columns.kernels import term_kernel
from wake_sleep.wake.columns.rules import is_searched_over_columns
from wake_sleep.wake.costs import smoothed_costs
from wake_sleep.wake.fitting import Fitting, Judge
from wake_sleep.wake.invariants.search import NoInvariant, find_invariant
from wake_sleep.wake.linear.formula import NotLinear
from wake_sleep.wake.linear.piecewise import NoOutput, PiecewiseLinear
from wake_sleep.wake.linear.templates import LinearFunctions
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status, Verdict
from wake_sleep.wake.points import corner_points, initial_points, stated_texts
from wake_sleep.wake.reach import reachable_values
from wake_sleep.wake.regions import NamedOutputs
from wake_sleep.wake.solve import SolveSettings, guidance_of
from wake_sleep.wake.verify.condition import Condition, Point, condition_of, with_operators
from wake_sleep.wake.verify.cubes import Undecided
from wake_sleep.wake.verify.solver import Allowance, ConditionVerifier

MOST_REDUCTIONS: Final = 20_000
"""Steps that expanding a stated output may take."""
CHECK_SHARE: Final = 0.3
"""Of the time that is left, what one check may take."""
RELATION_SHARE: Final = 0.4
"""Of the budget, what a search of the whole relation may take before outputs that it determines are tried alone."""
MANY_POINTS: Final = 60
"""Points on which what is always true shows."""
MOST_UNDECIDED: Final = 4
"""Programs that get the rest of the time when nothing else was proved."""
PART_SHARE: Final = 0.5
"""Of the budget, after which a function that examples alone speak of is shortened no longer."""
MOST_CLASHES: Final = 24
"""Points at which a contradiction is looked for."""
CLASH_SHARE: Final = 0.05
"""Of the time that is left, what looking for a contradiction may take."""
WIDE: Final = 16
"""Bits of words whose products are hard to prove things of."""
HARD_ON_WORDS: Final = ("bvmul", "bvudiv", "bvurem", "bvsdiv", "bvsrem")
"""Operators that make conditions on wide words hard."""
MANY_VARIABLES: Final = 60
"""Variables from which on their number is worth a hint."""
FEW_POINTS: Final = 6
"""Points that coefficients are fitted to at first."""


class Infeasible(Exception):
    """There is no program: at a point no output meets the condition."""

    def __init__(self, point: Point) -> None:
        super().__init__("no output meets the condition")
        self.point = point


class NotFunctional(Exception):
    """Several outputs meet the condition at a point that a candidate fails at."""


class ConditionDriver:
    """Solves one spec whose condition asks more than examples do."""

    def __init__(self, spec: Spec, settings: SolveSettings, meter: Meter, condition: Condition | None = None) -> None:
        """Prepare; `solve` does the work.

        Args:
            spec: what is asked.
            settings: how to go about it.
            meter: what may be spent.
            condition: what must hold, if that is only a part of what the spec asks.
        """
        assert spec.domain is not None
        self.condition = condition_of(spec, load_domain(spec.domain)) if condition is None else condition
        self.spec, self.settings, self.meter = spec, settings, meter
        self.domain = load_domain(spec.domain)
        self.guidances = {f.name: guidance_of(spec, f, settings) for f in spec.functions}
        self.grammars = {name: guidance.base for name, guidance in self.guidances.items()}
        self.reasons: list[str] = []
        """Why stages gave up, the last one telling most."""
        self.undecided: list[Term] = []
        """Programs of the only function on which the verifier gave no answer in a part of the time."""
        self.proofs: dict[Term, Verdict] = {}
        """What the verifier said of programs of the only function that it proved."""

    def solve(self) -> Outcome:
        """Try what applies to the condition, one stage after the other, within the budget."""
        for function in self.spec.functions:
            grammar = self.grammars[function.name]
            if grammar.minimum_size(grammar.start) == float("inf"):
                return Outcome(Status.INFEASIBLE, reason=f"the grammar of {function.name} derives no program")
        try:
            self.verifier = ConditionVerifier(self.condition)
        except DomainError as error:
            return Outcome(Status.UNKNOWN, reason=f"nothing can be proved of this condition: {error}")
        try:
            with backstop(self.meter):
                for stage in self._stages():
                    outcome = stage()
                    if outcome is not None:
                        return outcome
        except Infeasible as found:
            return self._infeasible(found.point)
        except OutOfBudget as spent:
            return self._unknown(str(spent))
        except ctypes.ArgumentError as error:
            # What a timer raises while arguments are converted for Z3 comes out as this.
            if self.meter.share < 1.0:
                raise
            return self._unknown(f"the budget is spent ({error})")
        except KeyboardInterrupt:
            return Outcome(Status.INTERRUPTED, reason="interrupted")
        except MemoryError:
            return self._unknown("memory: the machine has no more")
        finally:
            self.verifier.close()
        return self._unknown("nothing was proved by any engine that conditions of this kind have")

    def _stages(self) -> list[Callable[[], Outcome | None]]:
        stages: list[Callable[[], Outcome | None]] = [self._contradictory, self._unreachable, self._piecewise]
        if self.condition.single_call is None:
            stages += [
                self._independently,
                self._as_invariant,
                self._by_templates,
                self._by_elimination,
                self._by_behaviour,
            ]
        if self.condition.single_call is not None:
            by_examples = [self._by_examples, self._by_relation]
            stages.append(self._by_named_outputs)
            stages += by_examples if self.condition.definition() is not None else by_examples[::-1]
            stages.append(self._by_behaviour)
        return stages

    def _unknown(self, reason: str) -> Outcome:
        return Outcome(Status.UNKNOWN, reason="; ".join(dict.fromkeys([reason, *self.reasons, *self._hints()])))

    def _hints(self) -> Iterator[str]:
        """What makes the condition hard, as far as it can be told from how it is written."""
        nodes = list(postorder(self.condition.clauses, into_definitions=True))
        applied = [n for n in nodes if isinstance(n, Application) and isinstance(n.head, Operator)]
        names = {node.head.name: node for node in applied if isinstance(node.head, Operator)}
        products = [n for n in applied if getattr(n.head, "name", "") == "*"]
        if any(sum(not isinstance(a, Literal) for a in n.arguments) > 1 for n in products) or {"div", "mod"} & set(
            names
        ):
            yield "hint: the condition is not linear, which Z3 may not decide"
        widths = [t.width for _, t in self.condition.variables if t.name == "bv"]
        if max(widths, default=0) > WIDE and any(name.startswith(HARD_ON_WORDS) for name in names):
            yield f"hint: products of words of {max(widths)} bits are too wide to be decided soon"
        if len(self.condition.variables) > MANY_VARIABLES:
            yield f"hint: the condition has {len(self.condition.variables)} variables"

    def _infeasible(self, point: Point) -> Outcome:
        named = zip(self.condition.variables, point, strict=True)
        witness = tuple(f"{name} = {value_text(value, type_)}" for (name, type_), value in named)
        reason = "for this input no output meets the condition"
        return Outcome(Status.INFEASIBLE, reason=reason, witness=witness)

    def allowance(self) -> Allowance:
        """What one check may take: a part of what is left, so that one hard check does not end the search."""
        left = self.meter.seconds_left
        return Allowance(None if left is None else CHECK_SHARE * left)

    def solved(
        self,
        programs: Mapping[str, Term],
        verdict: Verdict,
        by: FoundBy,
        compressed: Mapping[str, Term] | None = None,
    ) -> Outcome:
        """The outcome of programs that were proved; `compressed` is how they were found, if otherwise."""
        assert verdict.judgement is Judgement.PROVED
        functions = self.spec.functions
        ordered = {f.name: programs[f.name] for f in functions}
        size = sum(strip_lambdas(ordered[f.name], len(f.parameters))[1].size for f in functions)
        forms = {name: (compressed or ordered)[name] for name in ordered}
        cost = sum(self.guidances[f.name].costs.nats(forms[f.name]) for f in functions)
        return Outcome(
            Status.SOLVED,
            ordered,
            verdict,
            size=size,
            cost=cost,
            found_by=by,
            compressed=forms,
            answered_after=self.meter.candidates,
        )

    # Parts, and programs of whatever kind.

    def _independently(self) -> Outcome | None:
        """Functions that no clause speaks of together, one after the other; the verifier checks them as a whole."""
        parts = self.condition.parts()
        if len(parts) < 2:
            return None
        programs: dict[str, Term] = {}
        by = FoundBy.ENUMERATION
        for part in parts:
            spec = dataclasses.replace(self.spec, functions=part.functions)
            if all(isinstance(a, Literal) for call in part.calls for a in call.arguments) and len(part.functions) == 1:
                outcome = self._part_by_examples(part.functions[0])
            else:
                outcome = ConditionDriver(spec, self.settings, self.meter, part).solve()
            if outcome.status is not Status.SOLVED:
                return outcome
            programs |= outcome.programs
            by = outcome.found_by or by
        verdict = self.verifier.check(programs, self.allowance())
        return self.solved(programs, verdict, by) if verdict.judgement is Judgement.PROVED else None

    def _by_elimination(self) -> Outcome | None:
        """Functions that a clause states in terms of the others: these first, then what is stated."""
        for function, stated, rest in self.condition.eliminated():
            spec = dataclasses.replace(self.spec, functions=rest.functions)
            outcome = ConditionDriver(spec, self.settings, self.meter, rest).solve()
            if outcome.status is not Status.SOLVED:
                continue
            defined = {f.operator: Operator(f.name, f.type, MACRO, outcome.programs[f.name]) for f in rest.functions}
            try:
                body = beta_normal(with_operators(stated, defined), expand=True, limit=MOST_REDUCTIONS)
            except (LimitExceeded, TypeMismatch):
                continue
            counts = {f.name: len(f.parameters) for f in rest.functions}
            bodies = {name: strip_lambdas(program, counts[name])[1] for name, program in outcome.programs.items()}
            found = self._proved(bodies | {function.name: body}, outcome.found_by or FoundBy.DEDUCTION)
            if found is not None:
                return found
        return None

    def _part_by_examples(self, function: Function) -> Outcome:
        """A function that examples alone speak of."""
        examples = [example for example in self.spec.examples if example.function == function.name]
        guidance = self.guidances[function.name]
        return Fitting(function, guidance, self.domain, examples, self.meter, share=PART_SHARE).solve()

    def _by_behaviour(self) -> Outcome | None:
        """Programs that differ on sampled inputs, each tried on the condition."""
        if len(self.spec.functions) != 1:
            return None
        ((name, grammar),) = self.grammars.items()
        if not can_enumerate(grammar, self.domain):
            return None
        points = initial_points(self.condition, self.settings.seed)
        for point in points:
            self.verifier.add_point(point)
        costs, texts = smoothed_costs(grammar, self.guidances[name].learned), stated_texts(self.condition)
        for body in distinct_programs(grammar, self.domain, costs, self.meter, texts, self.settings.seed):
            if body is not None:
                verdict = self._checked(grammar.program(body))
                if verdict.judgement is Judgement.PROVED:
                    return self.solved({name: grammar.program(body)}, verdict, FoundBy.ENUMERATION)
        return None

    # What the grammars cannot reach.

    def _contradictory(self) -> Outcome | None:
        """Infeasible, if at a few inputs no functions whatever meet the condition."""
        left = self.meter.seconds_left
        points = [*corner_points(self.condition), *initial_points(self.condition, self.settings.seed)[:MOST_CLASHES]]
        allowance = Allowance(None if left is None else CLASH_SHARE * left)
        clash = self.verifier.contradiction(list(dict.fromkeys(points)), allowance)
        if clash is None:
            return None
        if len(clash) == 1:
            return self._infeasible(clash[0])
        witness = tuple(line for point in clash for line in self._infeasible(point).witness)
        return Outcome(Status.INFEASIBLE, reason="at these inputs no function meets the condition", witness=witness)

    def _unreachable(self) -> Outcome | None:
        """Infeasible, if at some simple input the grammars reach few values and none meets the condition."""
        if not all(isinstance(a, Variable) for call in self.condition.calls for a in call.arguments):
            return None
        for point in corner_points(self.condition):
            values = {f.name: self._reached(f, point) for f in self.spec.functions}
            known = {name: found for name, found in values.items() if found is not None}
            if known and self.verifier.excludes(point, known, self.allowance()):
                outcome = self._infeasible(point)
                return dataclasses.replace(outcome, reason=f"{outcome.reason} of those that the grammar reaches there")
        return None

    def _reached(self, function: Function, point: Point) -> tuple[Value, ...] | None:
        """The values that the programs of a grammar have at the calls of a function, if they are few and surely all."""
        grammar = self.grammars[function.name]
        calls = [call for call in self.condition.calls if call.head is function.operator]
        if function.grammar is None or len(calls) != 1:
            return None
        given = self.condition.arguments(calls[0], point)
        return reachable_values(grammar, self.domain, given, self.guidances[function.name].learned, self.meter)  # type: ignore[arg-type]

    # Linear integer arithmetic.

    def _piecewise(self) -> Outcome | None:
        """A decision list over affine forms, for a linear condition on one call."""
        try:
            search = PiecewiseLinear(self.condition, self.grammars[self.spec.functions[0].name], self.meter)
            body = search.solve()
        except NoOutput as found:
            call = self.condition.single_call
            assert call is not None
            values = dict(zip(call.arguments, found.point, strict=True))
            types = [t for _, t in self.condition.variables]
            count = len(types)
            raise Infeasible(
                tuple(
                    bool(value) if t is BOOL else value
                    for t, value in zip(
                        types, (values.get(Variable(count - 1 - i), 0) for i in range(count)), strict=True
                    )
                )
            ) from None
        except (NotLinear, Undecided) as error:
            self.reasons.append(f"linear: {error}")
            return None
        return None if body is None else self._proved({self.spec.functions[0].name: body}, FoundBy.LINEAR)

    def _as_invariant(self) -> Outcome | None:
        """A predicate that Horn clauses ask for: an inductive invariant."""
        if len(self.spec.functions) != 1 or self.spec.functions[0].result is not BOOL:
            return None
        (function,) = self.spec.functions
        found = find_invariant(
            self.condition,
            self.grammars[function.name],
            self.verifier,
            self.meter,
            has_stated_grammar=function.grammar is not None,
            seed=self.settings.seed,
        )
        if isinstance(found, NoInvariant):
            return Outcome(Status.INFEASIBLE, reason=found.reason, witness=found.witness)
        if isinstance(found, str):
            self.reasons.append(found)
            return None
        return self.solved({function.name: found.program}, found.verdict, found.by)

    def _by_templates(self) -> Outcome | None:
        """Decision lists with coefficients that counterexamples lead to."""
        try:
            search = LinearFunctions(self.condition, self.grammars, self.verifier, self.meter)
        except NotLinear as error:
            self.reasons.append(f"linear: {error}")
            return None
        bodies = search.solve(initial_points(self.condition, self.settings.seed, FEW_POINTS))
        return None if bodies is None else self._proved(bodies, FoundBy.LINEAR)

    def _proved(self, bodies: Mapping[str, Term], by: FoundBy) -> Outcome | None:
        """The outcome of bodies, if they derive from the grammars and the verifier proves them."""
        programs = {name: self.grammars[name].program(body) for name, body in bodies.items()}
        if any(self.grammars[name].derive(program) is None for name, program in programs.items()):
            return None
        bound = self.meter.budget.size
        if bound is not None and sum(body.size for body in bodies.values()) > bound:
            return None
        verdict = self.verifier.check(programs, self.allowance())
        if verdict.judgement is Judgement.PROVED:
            return self.solved(programs, verdict, by)
        self.reasons.append(verdict.reason)
        return None

    # One function whose output a condition determines.

    def _by_examples(self) -> Outcome | None:
        """Counterexamples as examples, where the condition leaves one output at each point that decides."""
        points = initial_points(self.condition, self.settings.seed)
        try:
            examples = [e for point in points if (e := self._example(point)) is not None]
            return self._fitted(examples, self._judge, offered=self._stated())
        except NotFunctional:
            return None

    def _stated(self) -> Term | None:
        """What the output is stated to equal, as a body, if the grammar derives it."""
        (function,) = self.spec.functions
        definition, call = self.condition.definition(), self.condition.single_call
        if definition is None or call is None:
            return None
        numbers = self._places(call)
        try:
            term = beta_normal(definition, expand=True, limit=MOST_REDUCTIONS)
        except (LimitExceeded, TypeMismatch):
            return None
        if any(index + 1 not in numbers for index in free_variables(term)):
            return None
        body = rename(term, {index - 1: place - 1 for index, place in numbers.items() if index})
        grammar = self.grammars[function.name]
        return body if grammar.derive_at(grammar.start, body) is not None else None

    def _places(self, call: Application) -> dict[int, int]:
        """For the variables of `Condition.relation` that are arguments of the call, and the output, their places."""
        numbers = {0: 0}
        for place, argument in enumerate(reversed(call.arguments), start=1):
            assert isinstance(argument, Variable)
            numbers[argument.index + 1] = place
        return numbers

    def _by_named_outputs(self) -> Outcome | None:
        """A decision list over the outputs that the condition names."""
        (function,) = self.spec.functions
        call = self.condition.single_call
        assert call is not None
        relation = self._relation(call)
        if relation is None or self.condition.definition() is not None:
            return None
        nothing: Value = False
        points = [self._at(p, nothing).inputs for p in initial_points(self.condition, self.settings.seed, MANY_POINTS)]
        search = NamedOutputs(self.condition, self.grammars[function.name], self.verifier, self.meter)
        body = search.solve(relation, points)
        return None if body is None else self._proved({function.name: body}, FoundBy.DEDUCTION)

    def _by_relation(self) -> Outcome | None:
        """Counterexamples as inputs at which the condition is to hold, over columns of bit-vectors and Booleans."""
        (function,) = self.spec.functions
        grammar, call = self.grammars[function.name], self.condition.single_call
        assert call is not None
        if not is_searched_over_columns(grammar, self.domain):
            return None
        relation = self._relation(call)
        count = len(function.parameters) + 1
        if relation is None or any(term_kernel(term, count, self.domain) is None for term in relation):
            return None
        nothing: Value = False if function.result is BOOL else 0

        def judge(program: Term) -> Example | bool:
            verdict = self._checked(program)
            if verdict.judgement is Judgement.REFUTED:
                assert verdict.counterexample is not None
                return self._at(verdict.counterexample, nothing)
            self.reasons += [verdict.reason] * (verdict.judgement is Judgement.UNKNOWN)
            return verdict.judgement is Judgement.PROVED

        examples = [self._at(point, nothing) for point in initial_points(self.condition, self.settings.seed)]
        is_last = self.condition.definition() is not None
        outcome = self._fitted(examples, judge, relation, give_up=1.0 if is_last else RELATION_SHARE)
        if outcome.status is Status.UNKNOWN and not is_last:
            self.reasons.append(outcome.reason)
            return None
        return outcome

    def _relation(self, call: Application) -> list[Term] | None:
        """The clauses over the parameters and the output, or None if they speak of more than the arguments."""
        numbers = self._places(call)
        found = self.condition.relation()
        if any(index not in numbers for term in found for index in free_variables(term)):
            return None
        return [rename(term, numbers) for term in found]

    def _at(self, point: Point, output: Value) -> Example:
        (function,) = self.spec.functions
        call = self.condition.single_call
        assert call is not None
        return Example(function.name, self.condition.arguments(call, point), output)  # type: ignore[arg-type]

    def _fitted(
        self,
        examples: Sequence[Example],
        judge: Judge,
        relation: Sequence[Term] = (),
        offered: Term | None = None,
        give_up: float = 1.0,
    ) -> Outcome:
        """What a search for the only function comes to that a judge decides on."""
        (function,) = self.spec.functions
        fitting = Fitting(
            function,
            self.guidances[function.name],
            self.domain,
            examples,
            self.meter,
            judge=judge,
            relation=relation,
            give_up=give_up,
        )
        if offered is not None:
            fitting.offer(offered)
        outcome = fitting.solve()
        if outcome.status is Status.UNKNOWN and self.undecided:
            outcome = self._late_proof() or outcome
        if outcome.status is not Status.SOLVED:
            hints = self._hints() if outcome.status is Status.UNKNOWN else ()
            reasons = dict.fromkeys([outcome.reason, *self.reasons[-1:], *hints])
            return dataclasses.replace(outcome, reason="; ".join(reasons))
        assert outcome.found_by is not None
        proof = self.proofs[outcome.programs[function.name]]
        return self.solved(outcome.programs, proof, outcome.found_by, outcome.compressed)

    def _late_proof(self) -> Outcome | None:
        """The outcome of a program that could not be judged quickly, with all the time that is left."""
        (function,) = self.spec.functions
        waiting, self.undecided = self.undecided, []
        for program in waiting:
            if self.meter.seconds_left is not None and self.meter.share >= 1.0:
                return None
            verdict = self.verifier.check({function.name: program}, Allowance(self.meter.seconds_left))
            if verdict.judgement is Judgement.PROVED:
                self.proofs[program] = verdict
                return Outcome(Status.SOLVED, {function.name: program}, found_by=FoundBy.ENUMERATION)
        return None

    def _checked(self, program: Term) -> Verdict:
        """What the verifier says of a program for the only function."""
        verdict = self.verifier.check({self.spec.functions[0].name: program}, self.allowance())
        if verdict.judgement is Judgement.PROVED:
            self.proofs[program] = verdict
        elif verdict.judgement is Judgement.UNKNOWN and len(self.undecided) < MOST_UNDECIDED:
            self.undecided.append(program)
        return verdict

    def _judge(self, program: Term) -> Example | bool:
        verdict = self._checked(program)
        if verdict.judgement is Judgement.PROVED:
            return True
        if verdict.judgement is Judgement.UNKNOWN:
            self.reasons.append(verdict.reason)
            return False
        assert verdict.counterexample is not None
        example = self._example(verdict.counterexample)
        if example is None:
            raise NotFunctional
        return example

    def _example(self, point: Point) -> Example | None:
        """The one output that meets the condition at a point, or None if there are several or it is not known.

        Raises:
            Infeasible: if there is none.
        """
        (function,) = self.spec.functions
        call = self.condition.single_call
        assert call is not None
        given = self.condition.arguments(call, point)
        definition = self.condition.definition()
        output: Value
        if definition is not None:
            cell = Evaluation(self.domain, [point]).column(definition)[0]
            if cell is BOTTOM or cell is EXHAUSTED:
                return None
            output = cell  # type: ignore[assignment]
        else:
            values = self.verifier.outputs(point, self.allowance())
            self.meter.spend(1)
            if values is not None and not values:
                raise Infeasible(point)
            if values is None or len(values) > 1:
                return None
            output = values[0]
        return Example(function.name, given, output)  # type: ignore[arg-type]
