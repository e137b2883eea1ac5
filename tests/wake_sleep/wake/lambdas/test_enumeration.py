"""The bank of an enumeration: columns agree with the reference interpreter, and no term is kept twice."""

import contextlib
import itertools
import random
from collections.abc import Iterator, Sequence

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.languages import LanguageSettings
from dsl.limits import DEFAULT_LIMITS
from dsl.probability import Context, Weights
from dsl.spec import Budget
from dsl.types import INT
from dsl.values import Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.lambdas.application import strict_column
from wake_sleep.wake.lambdas.bank import Entry, Store
from wake_sleep.wake.lambdas.enumeration import Enumeration, Language, choose, splits
from wake_sleep.wake.lambdas.forms import Forms, Kind
from wake_sleep.wake.lambdas.ledger import Ledger
from wake_sleep.wake.lambdas.pricing import Pricing
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case

XS: Sequence[tuple[Value, ...]] = (((4, 7, 1), 2), ((), 0), ((3, 3), 5), ((9, 2, 6, 1), 1))


def enumeration(name: str, request: str, cases: Sequence[Case], levels: int, candidates: int = 200_000) -> Enumeration:
    """An enumeration of some levels, or of as many candidates."""
    domain = load_domain(name)
    grammar = domain.grammar(request, LanguageSettings(extra_type_depth=1))
    language = Language(Forms(grammar, domain, DEFAULT_LIMITS), Pricing(Costs(grammar), by_size=False), cases)
    made = Enumeration(grammar.start, cases, language, Ledger(Meter(Budget(candidates=candidates))))
    try:
        for _ in range(levels):
            for _ in made.advance():
                pass
    except OutOfBudget:
        pass
    return made


def entries(store: Store) -> Iterator[tuple[Entry, int]]:
    """The entries of a store with the variables that they use."""
    for _, groups in sorted(store.levels.items()):
        for group in groups:
            for entry in group.entries:
                yield entry, group.uses


CASES: Sequence[Case] = tuple((inputs, ()) for inputs in XS)


@pytest.mark.parametrize("name", ["lists/dreamcoder", "lists/lambdabeam"])
def test_every_column_is_what_the_reference_interpreter_gives(name: str) -> None:
    made = enumeration(name, "list(int) -> int -> list(int)", CASES, 40, 60_000)
    domain = load_domain(name)
    checked = 0
    for nonterminal, store in made.stores.items():
        scope = len(nonterminal.environment)
        scopes = made.applier(nonterminal.environment).scopes
        evaluation = Evaluation(domain, list(scopes))
        for number, (entry, _) in enumerate(entries(store)):
            if number % 7 == 0 or number < 30:
                assert tuple(evaluation.column(entry.term(scope))) == entry.column
                checked += 1
    assert checked > 1_000
    assert any(store.depth == 2 for store in made.stores.values())


def test_every_term_derives_from_its_nonterminal() -> None:
    made = enumeration("lists/lambdabeam", "list(int) -> int -> list(int)", CASES, 40, 30_000)
    grammar = load_domain("lists/lambdabeam").grammar(
        "list(int) -> int -> list(int)", LanguageSettings(extra_type_depth=1)
    )
    for nonterminal, store in made.stores.items():
        for number, (entry, _) in enumerate(entries(store)):
            if number % 20 == 0:
                assert grammar.derive_at(nonterminal, entry.term(len(nonterminal.environment))) is not None


def test_no_two_terms_of_a_nonterminal_are_equal_in_all_rows() -> None:
    made = enumeration("lists/dreamcoder", "list(int) -> int -> list(int)", CASES, 40, 30_000)
    for store in made.stores.values():
        bound = 1 << (len(store.nonterminal.environment) - 1) if store.depth else 0
        columns = [entry.column for entry, uses in entries(store) if not bound or uses & bound]
        assert len(set(columns)) == len(columns)


def test_a_term_that_does_not_use_the_bound_variable_is_taken_from_outside() -> None:
    made = enumeration("lists/dreamcoder", "list(int) -> int -> list(int)", CASES, 40, 30_000)
    outer, inner = (
        next(s for s in made.stores.values() if s.depth == depth and s.nonterminal.type is INT and s.filled > 4)
        for depth in (0, 1)
    )
    bound = 1 << (len(inner.nonterminal.environment) - 1)
    shared = [entry for entry, uses in entries(inner) if not uses & bound]
    known = {entry.column: entry for entry, _ in entries(outer) if entry.level <= inner.filled}
    assert {entry.column for entry in shared} == {made.environments.expand(column) for column in known}
    assert any(uses & bound for _, uses in entries(inner))


def test_only_what_is_needed_is_enumerated() -> None:
    made = enumeration("lists/dreamcoder", "list(int) -> list(int)", [(((4, 7),), ())], 6)
    assert all(store.filled <= 6 for store in made.stores.values())
    deep = [store for store in made.stores.values() if store.depth]
    assert all(store.filled < 6 for store in deep)


def test_costs_of_arguments_add_up() -> None:
    views = [{2: ["a"], 3: ["b"]}, {1: ["c"], 2: ["d"]}, {1: ["e"]}]
    assert sorted("".join(chosen) for chosen in choose(views, 5)) == ["ade", "bce"]  # type: ignore[arg-type]
    assert list(choose(views, 9)) == []  # type: ignore[arg-type]


def test_splits_are_the_groups_of_one_cost_each_taken_together() -> None:
    views = [{2: ["a", "x"], 3: ["b"]}, {1: ["c"], 2: ["d", "y"]}, {1: ["e"]}]
    found: list[object] = list(splits(views, 5))  # type: ignore[arg-type]
    assert found == [(["a", "x"], ["d", "y"], ["e"]), (["b"], ["c"], ["e"])]
    assert list(splits(views, 9)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2))])
def test_with_contextual_costs_each_pair_of_terms_is_applied_where_it_is_cheapest(seed: int) -> None:
    domain = load_domain("lists/dreamcoder")
    grammar = domain.grammar("list(int) -> int -> int", LanguageSettings(extra_type_depth=1))
    draw = random.Random(seed)
    productions = grammar.productions(grammar.start)
    contexts: list[Context] = [(p.key, i) for p in productions for i in range(len(p.children))]
    rows = {c: {p.key: draw.uniform(0.01, 1.0) for p in productions} for c in contexts if draw.random() < 0.7}
    costs = Costs(grammar, Weights(rows, {p.key: 1.0 for p in productions}), resolution=2.0)
    cases: Sequence[Case] = tuple((inputs, 0) for inputs in XS)
    language = Language(Forms(grammar, domain, DEFAULT_LIMITS), Pricing(costs, by_size=False), cases)
    made = Enumeration(grammar.start, cases, language, Ledger(Meter(Budget(candidates=10_000))))
    with contextlib.suppress(OutOfBudget):
        while True:
            for _ in made.advance():
                pass
    store = made.stores[grammar.start]
    terms = [(group.class_, entry) for groups in store.levels.values() for group in groups for entry in group.entries]
    classes = {form.index: class_ for form, _, class_ in language.priced(grammar.start)}
    assert all(classes[entry.form.index] == class_ for class_, entry in terms)
    checked = 0
    for form, price, _ in language.priced(grammar.start):
        if form.kind is Kind.STRICT and [slot.nonterminal for slot in form.slots] == [grammar.start] * 2:
            places = [costs.canonical(slot.context) for slot in form.slots]
            for (first_class, first), (second_class, second) in itertools.product(terms, repeat=2):
                total = price + first.level + costs.shift(first_class, places[0])
                total += second.level + costs.shift(second_class, places[1])
                if total > store.filled:
                    continue
                column = strict_column(form, [first.column, second.column], clean=False)
                assert column in store.seen
                kept = store.seen[column]
                assert kept is None or kept.level <= total
                checked += 1
    assert checked > 1_000
