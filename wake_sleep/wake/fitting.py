"""Fitting one function to examples: few of them guide a search, all of them decide, and maybe a judge beyond them.

The judge is what knows more than the examples: a verifier, whose counterexample becomes one more example.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from dsl.domain import Domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.limits import DEFAULT_LIMITS, Exhausted
from dsl.printing import to_sexpr
from dsl.probability import Weights
from dsl.spec import Example, Function
from dsl.terms import Term, strip_lambdas
from dsl.values import Bottom, typed_key
from wake_sleep.wake.backstop import backstop
from wake_sleep.wake.blame import blaming_primitives
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Outcome, Status
from wake_sleep.wake.search import Case, Found, Goal, Search
from wake_sleep.wake.verify.examples import failing_examples

OFFERED_PATIENCE: Final = 150_000
"""Candidates within which something shorter than an offered body is to be found."""

Judge = Callable[[Term], Example | bool]
"""Whether a closed program is accepted; else an example that it fails, or False if nothing is known of it."""


class Fitting:
    """Searches for one function: a subset of its examples guides the search, all of them decide.

    Attributes:
        examples: what is wanted, distinct inputs only; a judge may have added some.
    """

    def __init__(
        self,
        function: Function,
        grammar: Grammar,
        domain: Domain,
        examples: Iterable[Example],
        weights: Weights,
        meter: Meter,
        share: float = 1.0,
        judge: Judge | None = None,
        relation: Sequence[Term] = (),
        give_up: float = 1.0,
    ) -> None:
        """Prepare a search.

        Args:
            function: what is wanted.
            grammar: the programs allowed.
            domain: what the operators mean.
            examples: of this function.
            weights: learned weights of productions.
            meter: what may be spent.
            share: of the budget, that of former functions included, after which the search is patient no longer.
            judge: what decides on programs that are right on all examples; None accepts them.
            relation: what must hold of inputs and output, in the place of the outputs of the examples; see `Goal`.
            give_up: share of the budget after which a search that has found nothing is given up.
        """
        self.function, self.grammar, self.domain = function, grammar, domain
        self.meter, self.share, self.judge, self.relation = meter, share, judge, tuple(relation)
        self.examples = distinct_examples(examples)
        self.costs = Costs(grammar, weights)
        self.best: tuple[float, int, str, Found, Term] | None = None
        self._decided: set[Term] = set()
        self._undecided, self._give_up = 0, give_up
        self._deadline = math.inf

    def offer(self, body: Term) -> None:
        """Enter a body that may be right, as long as the search finds no shorter one within `OFFERED_PATIENCE`."""
        if self._decide(Found(body, FoundBy.DEDUCTION)) is None and self.best is not None:
            self._deadline = OFFERED_PATIENCE

    def solve(self) -> Outcome:
        """Search until a program is found and patience ends, or the budget."""
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
        goal = Goal(self.grammar, self.domain, tuple(cases), size, DEFAULT_LIMITS, self.relation)
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

    def _search(self, search: Search, active: set[int]) -> bool:
        """Run the search until it is complete or patience ends; returns whether all programs were tried."""
        deadline = self._deadline
        for found in search.run():
            if found is not None and found.body not in self._decided:
                failing = self._decide(found)
                if failing is not None:
                    assert failing not in active, f"{found!r} does not fit the active cases"
                    active.add(failing)
                    example = self.examples[failing]
                    search.add_cases([(example.inputs, example.output)])
                else:
                    deadline = min(deadline, self.meter.candidates + self._patience(search))
            if self.best is not None and (self.meter.candidates >= deadline or self.meter.share >= self.share):
                return False
            if self.best is None and self._give_up <= self.meter.share and self._give_up < 1.0:
                return False
        return search.is_complete

    def _patience(self, search: Search) -> int:
        """How many further candidates a shorter body is worth; one that a judge accepted is right as it is."""
        if self.judge is not None:
            return max(2_000, self.meter.candidates // 2)
        return search.patience(self.meter.candidates)

    def _decide(self, found: Found) -> int | None:
        """Run a body on all examples and keep it if it is the best; else the position of an example that it fails."""
        self._decided.add(found.body)
        program = self.grammar.program(found.body)
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
        rank = (self.costs.nats(program), found.body.size, to_sexpr(found.body))
        if self.best is None or rank < self.best[:3]:
            self.best = (*rank, found, program)
        return None

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
        if self.best is None:
            return None
        cost, size, _, found, program = self.best
        return Outcome(Status.SOLVED, {self.function.name: program}, size=size, cost=cost, found_by=found.by)


def distinct_examples(examples: Iterable[Example]) -> list[Example]:
    """The examples, each input once."""
    return list({typed_key(e.inputs): e for e in reversed(list(examples))}.values())[::-1]
