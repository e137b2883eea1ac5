"""The search engine for languages with λs: see `wake_sleep.wake.lambdas.solver` for how it works."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from dsl.domain import Domain
from dsl.errors import TypeMismatch
from dsl.grammar import Derivation, Grammar, Nonterminal
from dsl.inference import infer
from dsl.terms import Lambda, Term
from dsl.types import INT
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.lambdas.bank import Entry
from wake_sleep.wake.lambdas.closures import longest_of
from wake_sleep.wake.lambdas.constants import small_constants
from wake_sleep.wake.lambdas.enumeration import Language
from wake_sleep.wake.lambdas.forms import Forms
from wake_sleep.wake.lambdas.ledger import Ledger
from wake_sleep.wake.lambdas.pricing import Pricing
from wake_sleep.wake.lambdas.solver import Pursuit, Solution
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case, Found, Goal, Known, Search


def has_functions(grammar: Grammar, domain: Domain) -> bool:
    """Whether the programs of a grammar may contain λs or variables that are functions."""
    if any(type_.is_function for type_ in grammar.start.environment):
        return True
    if grammar.rules is None:
        return any(p.searchable and any(t.is_function for t in p.type.parameters) for p in domain.primitives)
    return any(n.type.is_function for n in grammar.reachable())


class OpenTermSearch(Search):
    """Searches programs with λs bottom-up, one of all open terms that are equal on sampled environments.

    All cases are given to it; it chooses those that guide by itself. A case that a solution fails joins them if the
    solution stands for others, too: what is looked for is then among the terms that were dropped because they were
    equal to others, and the levels are gone through again.
    """

    initial_cases: ClassVar[int] = 64

    def __init__(self, goal: Goal, costs: Costs, meter: Meter) -> None:
        """Prepare a search."""
        super().__init__(goal, costs, meter)
        self._forms = Forms(goal.grammar, goal.domain, goal.limits)
        self._ledger = Ledger(meter)
        self._seeds: dict[Term, Derivation] = {}
        self._untried: list[Term] = []
        self._last: Solution | None = None
        self._is_stale = True
        self._begin()

    def run(self) -> Iterator[Found | None]:
        """See `Search.run`."""
        while self._is_stale:
            self._is_stale = False
            yield from self._run()

    def _begin(self) -> None:
        """Make a pursuit of the goal that knows nothing yet."""
        goal = self.goal
        self._is_stale = True
        self._ledger.kept_bytes = 0
        self._language = Language(self._forms, self._pricing(), goal.cases)
        self._pursuit = Pursuit(goal.grammar.start, goal.cases, self._language, self._ledger)
        self._enter_cheap()

    def _pricing(self) -> Pricing:
        return Pricing(self.costs, self.goal.maximum_size is not None)

    def _enter_cheap(self) -> None:
        """Enter what has lower levels than its price."""
        if not self._language.pricing.by_size:
            for entry in small_constants(self.goal.grammar.start, self._forms, self._language.pricing):
                self._language.enter(INT, entry)
        for seed in self._seeds.values():
            self._enter(seed)

    def _run(self) -> Iterator[Found | None]:
        largest, pursuit = self.goal.maximum_size, self._pursuit
        try:
            while (largest is None or pursuit.level < largest) and not pursuit.is_exhausted:
                yield from self._try_seeds()
                for solution in pursuit.advance(pursuit.level + 1):
                    yield None if solution is None else self._found(solution)
                    if self._is_stale:
                        return
        except OutOfBudget:
            for solution in pursuit.held():
                yield self._found(solution)
            raise
        for solution in pursuit.held():
            yield self._found(solution)
        self.is_complete = self._ledger.is_complete

    def _found(self, solution: Solution) -> Found:
        self._last = solution
        return Found(solution.entry.term(self.goal.grammar.parameters), solution.by)

    def patience(self, candidates: int) -> int:
        """See `Search.patience`; about two levels, or half as many if a table of the outputs would be longer."""
        is_sure = self._last is not None and self._last.is_sure
        return max(20_000, (2 if is_sure else 6) * candidates)

    def add_cases(self, cases: Sequence[Case]) -> None:
        """See `Search.add_cases`; all begins anew only if a case has longer lists than the bounds allow."""
        self.goal = dataclasses.replace(self.goal, cases=(*self.goal.cases, *cases))
        longest = longest_of(value for inputs, output in self.goal.cases for value in (*inputs, output))
        if longest > self._language.closures.longest:
            self._begin()
        else:
            self._pursuit.add_cases(cases, self._last)
        # What was yielded before says nothing of cases that another search is refuted by.
        self._last = None

    def reprice(self, costs: Costs) -> None:
        """See `Search.reprice`.

        All terms stay with their values and enter when their new level comes; what was equal to one of them may now
        cost less than it, so that the levels are gone through again.
        """
        self.costs = costs
        self._language.reprice(self._pricing())
        self._pursuit.reprice()
        self._enter_cheap()
        self._is_stale = True

    def explore(self) -> Iterator[None]:
        """See `Search.explore`."""
        largest, enumeration = self.goal.maximum_size, self._pursuit.solver.enumeration
        while largest is None or enumeration.level < largest:
            for _ in enumeration.advance():
                yield
            if enumeration.is_exhausted:
                break

    def known(self) -> Iterator[Known]:
        """See `Search.known`; the cases are those that guide the search."""
        store = self._pursuit.store(self.goal.grammar.start)
        if store is not None:
            for level in sorted(store.levels):
                for entry in (entry for group in store.levels[level] for entry in group.entries):
                    yield Known(entry.term(self.goal.grammar.parameters), entry.column)

    # Seeds

    def seed(self, terms: Iterable[Term]) -> None:
        """See `Search.seed`; terms that the grammar does not derive from any nonterminal of its start are left out."""
        for term in terms:
            derivation = None if term in self._seeds else self._derive(term)
            if derivation is not None:
                self._seeds[term] = derivation
                self._untried.append(term)
                self._enter(derivation)

    def _derive(self, term: Term) -> Derivation | None:
        """A derivation of a term over the parameters, of whatever type."""
        grammar = self.goal.grammar
        environment = grammar.start.environment
        try:
            type_ = infer(term, environment)
        except TypeMismatch:
            return None
        if grammar.rules is None:
            starts = [Nonterminal(type_, environment)]
        else:
            starts = [n for n in grammar.reachable() if n.type is type_ and n.environment == environment]
        if type_.is_polymorphic or type_.is_function:
            return None
        return next((d for d in (grammar.derive_at(n, term) for n in starts) if d is not None), None)

    def _enter(self, seed: Derivation) -> None:
        """Put a seed into the language at half its level, or as soon as levels that were tried allow."""
        entry = self._entry(seed)
        store = self._pursuit.store(seed.nonterminal)
        entry.level = max(1, entry.level // 2, 0 if store is None else store.filled + 1)
        self._language.enter(seed.nonterminal.type, entry)

    def _entry(self, derivation: Derivation) -> Entry:
        """A derivation as an entry without a column, at its full level."""
        nonterminal = derivation.nonterminal
        form = next(f for f in self._forms.of(nonterminal) if f.production is derivation.production)
        children = []
        for child in derivation.children:
            while child.production.head is Lambda:
                (child,) = child.children
            children.append(self._entry(child))
        level = self._language.price(nonterminal, form) + sum(child.level for child in children)
        return Entry((), form, tuple(children), level)

    def _try_seeds(self) -> Iterator[Found]:
        """Test the seeds that came in meanwhile."""
        untried, self._untried = self._untried, []
        for term in untried:
            seed = self._seeds[term]
            self._ledger.pending += 1
            if seed.nonterminal is self.goal.grammar.start and self._pursuit.fits(self._entry(seed), self.goal.cases):
                yield Found(term, FoundBy.ENUMERATION)
