"""What the three engines hold in their banks after an enumeration without a goal, or a search with one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Nonterminal, nonterminal_symbol
from dsl.rules import from_rules
from dsl.spec import Budget
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import INT, parse_type
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case, Goal, Search

CASES: dict[str, tuple[str, str, tuple[Case, ...]]] = {
    "values": ("strings", "str -> str", ((("ab cd",), ""), (("x",), ""), (("Hello you",), ""))),
    "lambdas": ("lists", "list(int) -> list(int)", ((((3, 1, 2),), ()), (((5,),), ()), (((),), ()))),
    "columns": ("bitvectors", "bv32 -> bv32", (((7,), 0), ((8,), 0), ((123456,), 0))),
    "Booleans": ("bitvectors", "bv32 -> bool", (((7,), True), ((8,), False), ((123456,), False))),
}


def search_for(name: str, request: str, cases: tuple[Case, ...], candidates: int = 3_000) -> Search:
    domain = load_domain(name)
    goal = Goal(domain.grammar(request), domain, cases)
    return engine_for(goal)(goal, Costs(goal.grammar), Meter(Budget(candidates=candidates)))


@pytest.mark.parametrize("engine", CASES)
def test_the_terms_compute_their_columns_and_no_two_are_alike(engine: str) -> None:
    search = search_for(*CASES[engine])
    with pytest.raises(OutOfBudget):
        for _ in search.explore():
            pass
    known = list(search.known())
    assert len(known) >= 8
    assert len({each.column for each in known}) == len(known)
    evaluation = Evaluation(search.goal.domain, [given for given, _ in search.goal.cases])
    for each in known:
        assert tuple(evaluation.column(each.term)) == each.column
        assert list(map(type, evaluation.column(each.term))) == list(map(type, each.column))
        assert search.goal.grammar.derive_at(search.goal.grammar.start, each.term) is not None


@pytest.mark.parametrize("engine", CASES)
def test_what_a_search_with_a_goal_has_met_is_known(engine: str) -> None:
    search = search_for(*CASES[engine])
    with contextlib.suppress(OutOfBudget):
        for _ in search.run():
            pass
    assert len(list(search.known())) > 5


@pytest.mark.parametrize("type_", ["int", "bv8"])
def test_an_exploration_of_a_finite_language_ends(type_: str) -> None:
    wanted = parse_type(type_)
    start = Nonterminal(wanted, (wanted,), "S")
    name, operator = ("integers", "+") if wanted is INT else ("bitvectors", "bvadd")
    domain = load_domain(name)
    head = domain.overload(operator, [wanted, wanted])
    assert head is not None
    leaf = Nonterminal(wanted, (wanted,), "L")
    symbol = nonterminal_symbol(leaf)
    rules: dict[Nonterminal, Sequence[Term]] = {
        start: [Application(head.operator, (symbol, symbol))],
        leaf: [Variable(0), Literal(1, wanted)],
    }
    goal = Goal(from_rules(start, rules), domain, (((3,), 0), ((4,), 0)))
    search = engine_for(goal)(goal, Costs(goal.grammar), Meter(Budget(candidates=10_000)))
    for _ in search.explore():
        pass
    assert sorted(each.column for each in search.known()) == [(2, 2), (4, 5), (6, 8)]
