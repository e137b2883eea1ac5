"""Fitting one function to examples: few of them guide a search, all of them decide, and maybe a judge beyond them.

The judge is what knows more than the examples: a verifier, whose counterexample becomes one more example.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.limits import DEFAULT_LIMITS, Exhausted
from dsl.printing import to_sexpr
from dsl.spec import Example, Function
from dsl.terms import Term, strip_lambdas, without_abstractions
from dsl.values import Bottom, typed_key
from wake_sleep.wake.backstop import backstop
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.costs import Costs, smoothed_costs
from wake_sleep.wake.dovetail import Dovetail, Lane, PartMeter
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.guidance import Guidance
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Outcome, Status
from wake_sleep.wake.proposing import ProposalSearch, Proposer
from wake_sleep.wake.search import Case, Goal, Search
from wake_sleep.wake.verify.examples import failing_examples

OFFERED_PATIENCE: Final = 150_000
"""Candidates within which something shorter than an offered body is to be found."""
MOST_ALTERNATIVES: Final = 5
"""Programs beside the answer that are told of."""

Observer = Callable[[Search], None]
"""Looks at a search that has ended without a program, for what it holds."""

Judge = Callable[[Term], Example | bool]
"""Whether a closed program is accepted; else an example that it fails, or False if nothing is known of it."""


@dataclass(frozen=True)
class _Fit:
    """A program that is right on all examples.

    Attributes:
        nats: description length of its found form.
        program: the program, without abstractions.
        form: as it was found.
        by: part of the engine that found it.
        candidates: how many there were by then.
    """

    nats: float
    program: Term
    form: Term
    by: FoundBy
    candidates: int

    @property
    def rank(self) -> tuple[float, int, str]:
        """By description length, then by size."""
        return self.nats, self.program.size, to_sexpr(self.program)


class Fitting:
    """Searches for one function: a subset of its examples guides the search, all of them decide.

    With something learned two searches work in turns, see `wake_sleep.wake.dovetail`: the plain one, and after its head
    start the guided one in the language with abstractions, helped by a network that proposes programs if there is one.
    They have the same examples; the first fit of any counts, and of all that fit the one with the shortest description
    is the answer: under what was learned, if that is used by then.

    Attributes:
        examples: what is wanted, distinct inputs only; a judge may have added some.
    """

    def __init__(
        self,
        function: Function,
        guidance: Guidance,
        domain: Domain,
        examples: Iterable[Example],
        meter: Meter,
        share: float = 1.0,
        judge: Judge | None = None,
        relation: Sequence[Term] = (),
        give_up: float = 1.0,
        observer: Observer | None = None,
    ) -> None:
        """Prepare a search.

        Args:
            function: what is wanted.
            guidance: the programs allowed, and what is learned of them.
            domain: what the operators mean.
            examples: of this function.
            meter: what may be spent.
            share: of the budget, that of former functions included, after which the search is patient no longer.
            judge: what decides on programs that are right on all examples; None accepts them.
            relation: what must hold of inputs and output, in the place of the outputs of the examples; see `Goal`.
            give_up: share of the budget after which a search that has found nothing is given up.
            observer: who is shown the searches if they find nothing.
        """
        self.observer, self._lanes_seen = observer, list[Lane]()
        self.function, self.guidance, self.domain = function, guidance, domain
        self.grammar = guidance.base
        self.meter, self.share, self.judge, self.relation = meter, share, judge, tuple(relation)
        self.examples = distinct_examples(examples)
        self.best: _Fit | None = None
        self._fits: dict[Term, _Fit] = {}
        self._decided: set[Term] = set()
        self._is_sound = True
        self._undecided, self._give_up = 0, give_up
        self._deadline = math.inf
        self._costs = guidance.opening

    def offer(self, body: Term) -> None:
        """Enter a body that may be right, as long as the search finds no shorter one within `OFFERED_PATIENCE`."""
        if self._decide(self.grammar.program(body), FoundBy.DEDUCTION) is None and self.best is not None:
            self._deadline = OFFERED_PATIENCE

    def solve(self) -> Outcome:
        """Search until a program is found and patience ends, or the budget."""
        outcome = self._search_all()
        if self.observer is not None and outcome.status is not Status.SOLVED:
            for lane in self._lanes_seen:
                self.observer(lane.search)
        return outcome

    def _search_all(self) -> Outcome:
        if self.grammar.minimum_size(self.grammar.start) == math.inf:
            return Outcome(Status.INFEASIBLE, reason=f"the grammar of {self.function.name} derives no program")
        if not self.examples:
            smallest = self.grammar.smallest(self.grammar.start)
            self._decide(self.grammar.program(smallest), FoundBy.ENUMERATION)
            solved = self._solved()
            assert solved is not None
            return solved
        cases: list[Case] = [(e.inputs, e.output) for e in self.examples]
        size = self.meter.budget.size
        goal = Goal(self.grammar, self.domain, tuple(cases), size, DEFAULT_LIMITS, self.relation)
        try:
            active = diverse(cases, engine_for(goal).initial_cases)
            goal = dataclasses.replace(goal, cases=tuple(cases[i] for i in active))
            with blaming_primitives(goal), backstop(self.meter):
                lanes, later = self._lanes(goal)
                if self.observer is not None:
                    self._lanes_seen = lanes
                searches = Dovetail(lanes, self.guidance.head_start, later)
                del lanes, later  # what a search that has ended holds is freed
                complete = self._search(searches, set(active))
        except OutOfBudget as spent:
            return self._solved() or Outcome(Status.UNKNOWN, reason=str(spent))
        except KeyboardInterrupt:
            return self._solved() or Outcome(Status.INTERRUPTED, reason="interrupted")
        except MemoryError:
            return self._solved() or Outcome(Status.UNKNOWN, reason="memory: the machine has no more")
        solved = self._solved()
        if solved is not None:
            return solved
        if self._undecided:
            return Outcome(Status.UNKNOWN, reason=f"undecided: {self._undecided} programs that fit could not be judged")
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

    def _lanes(self, goal: Goal) -> tuple[list[Lane], Callable[[], list[Lane]] | None]:
        """The searches that begin, and what makes those that begin later: see the class."""
        plain, guidance = engine_for(goal), self.guidance
        proposer = self._proposer(goal)
        if guidance.is_nothing and proposer is None:
            return [Lane(plain(goal, self._costs, self.meter))], None
        if guidance.is_alone:
            guided, engine, costs = self._guided(goal)
            alone = engine if proposer is None else functools.partial(ProposalSearch, proposer=proposer)
            return [Lane(alone(guided, costs, self.meter))], None
        if guidance.is_nothing:
            return self._helped(goal), None
        first = Lane(plain(goal, self._costs, PartMeter(self.meter)))

        def later() -> list[Lane]:
            self._rank_by(guidance.costs)
            lanes = self._helped(first.search.goal)
            if self.observer is not None:
                self._lanes_seen += lanes
            return lanes

        return [first], later

    def _proposer(self, goal: Goal) -> Proposer | None:
        """What proposes programs for a goal."""
        proposer = self.guidance.proposer
        return proposer if proposer is not None and proposer.accepts(goal) else None

    def _guided(self, goal: Goal) -> tuple[Goal, type[Search], Costs]:
        """The goal of a guided search, its engine and what it goes by."""
        guidance, guided = self.guidance, dataclasses.replace(goal, grammar=self.guidance.grammar)
        engine, plain = engine_for(guided), engine_for(goal)
        if engine is not plain:
            # An abstraction that the engine of the language cannot run is none for this search.
            return goal, plain, smoothed_costs(self.grammar, guidance.learned)
        return guided, engine, guidance.costs

    def _helped(self, goal: Goal) -> list[Lane]:
        """The guided search and what helps it."""
        guided, engine, costs = self._guided(goal)
        helped = Lane(engine(guided, costs, PartMeter(self.meter)))
        proposer = self._proposer(goal)
        if proposer is None:
            return [helped]
        helper = ProposalSearch(guided, costs, PartMeter(helped.meter), proposer, helped.search)
        return [helped, Lane(helper, helped)]

    def _rank_by(self, costs: Costs) -> None:
        """Describe what fits with other costs from now on."""
        self._costs = costs
        self._fits = {
            program: dataclasses.replace(fit, nats=costs.nats(fit.form)) for program, fit in self._fits.items()
        }
        self.best = min(self._fits.values(), key=lambda fit: fit.rank, default=None)

    def _search(self, searches: Dovetail, active: set[int]) -> bool:
        """Run the searches until one is complete or patience ends; returns whether all programs were tried."""
        deadline = self._deadline
        for lane, found in searches.run():
            form = None if found is None else lane.search.goal.grammar.program(found.body)
            if found is not None and form is not None and form not in self._decided:
                failing = self._decide(form, found.by)
                if failing is not None:
                    assert failing not in active, f"{found!r} does not fit the active cases"
                    active.add(failing)
                    example = self.examples[failing]
                    searches.add_cases([(example.inputs, example.output)])
                elif self.best is not None:
                    deadline = min(deadline, self.meter.candidates + self._patience(lane))
            if self.best is not None and (self.meter.candidates >= deadline or self.meter.share >= self.share):
                return False
            if self.best is None and self._give_up <= self.meter.share and self._give_up < 1.0:
                return False
        return searches.is_complete and self._is_sound

    def _patience(self, lane: Lane) -> int:
        """How many further candidates a shorter body is worth; one that a judge accepted is right as it is."""
        if self.judge is not None:
            return max(2_000, self.meter.candidates // 2)
        return lane.search.patience(lane.meter.candidates)

    def _decide(self, form: Term, by: FoundBy) -> int | None:
        """Run a program on all examples and keep it if it fits; else the position of an example that it fails.

        Args:
            form: the program, maybe with abstractions.
            by: the part of the engine that found it.
        """
        self._decided.add(form)
        program = without_abstractions(form)
        if program in self._fits:
            self._keep(form, program, by)
            return None
        if program is not form:
            self._decided.add(program)
            if self.grammar.derive(program) is None:
                # An abstraction at types or in a scope that the language does not reach; what was passed by because
                # it is equal to this may be in the language.
                self._is_sound = False
                return None
        failing = self._failing(program)
        if failing:
            return failing[0]
        if self.judge is not None:
            ruling = self.judge(program)
            if isinstance(ruling, Example):
                self.examples.append(ruling)
                return len(self.examples) - 1
            if not ruling:
                self._undecided += 1
                return None
        self._keep(form, program, by)
        return None

    def _keep(self, form: Term, program: Term, by: FoundBy) -> None:
        """Keep a program that fits, in its shortest form."""
        known = self._fits.get(program)
        candidates = self.meter.candidates if known is None else known.candidates
        fit = _Fit(self._costs.nats(form), program, form, by, candidates)
        if known is None or fit.nats < known.nats:
            self._fits[program] = fit
            if self.best is None or fit.rank < self.best.rank:
                self.best = fit

    def _failing(self, program: Term) -> list[int]:
        """Positions of the examples that a program fails."""
        if not self.relation:
            return failing_examples(program, self.examples, self.domain)
        _, body = strip_lambdas(program, len(self.function.parameters))
        outputs = Evaluation(self.domain, [e.inputs for e in self.examples]).column(body)
        computed = [i for i, cell in enumerate(outputs) if not isinstance(cell, Bottom | Exhausted)]
        rows = [(*self.examples[i].inputs, outputs[i]) for i in computed]
        evaluation = Evaluation(self.domain, rows)  # type: ignore[arg-type]
        columns = [evaluation.column(term) for term in self.relation]
        right = {
            i for i, cells in zip(computed, zip(*columns, strict=True), strict=True) if all(c is True for c in cells)
        }
        return [i for i in range(len(self.examples)) if i not in right]

    def _solved(self) -> Outcome | None:
        best, name = self.best, self.function.name
        if best is None:
            return None
        others = sorted((fit for fit in self._fits.values() if fit.program is not best.program), key=lambda f: f.rank)
        return Outcome(
            Status.SOLVED,
            {name: best.program},
            size=strip_lambdas(best.program, len(self.function.parameters))[1].size,
            cost=best.nats,
            found_by=best.by,
            compressed={name: best.form},
            alternatives=() if self.judge else tuple({name: f.program} for f in others[:MOST_ALTERNATIVES]),
            answered_after=min(fit.candidates for fit in self._fits.values()),
        )


def distinct_examples(examples: Iterable[Example]) -> list[Example]:
    """The examples, each input once."""
    return list({typed_key(e.inputs): e for e in reversed(list(examples))}.values())[::-1]
