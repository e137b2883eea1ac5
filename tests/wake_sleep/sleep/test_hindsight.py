"""Programs of a search that failed, as answers to other questions."""

from __future__ import annotations

import pytest

from dsl.domain import load_domain
from dsl.evaluate import evaluate
from dsl.spec import Budget
from dsl.values import Value
from wake_sleep.sleep.hindsight import harvest
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case, Goal, Search


def failed_search(name: str, request: str, cases: tuple[Case, ...]) -> Search:
    """A search that has spent its budget on cases that no program within reach fits."""
    domain = load_domain(name)
    grammar = domain.grammar(request)
    goal = Goal(grammar, domain, cases)
    search = engine_for(goal)(goal, Costs(grammar), Meter(Budget(candidates=4_000)))
    with pytest.raises(OutOfBudget):
        for _ in search.run():
            pass
    return search


HARD: dict[str, tuple[str, str, tuple[Case, ...]]] = {
    "values": ("strings", "str -> str", ((("ab cd",), "qq7"), (("x",), "!3"), (("Hello you",), "zz zz z"))),
    "lambdas": ("lists", "list(int) -> list(int)", ((((3, 1, 2),), (91, 17)), (((5,),), (22, 8, 1)), (((),), (4, 77)))),
    "columns": ("bitvectors", "bv32 -> bv32", (((7,), 912312), ((8,), 1331), ((123456,), 77777777))),
}


@pytest.mark.parametrize("engine", HARD)
def test_a_harvest_is_dreams_on_the_inputs_of_the_task(engine: str) -> None:
    name, request, cases = HARD[engine]
    search = failed_search(name, request, cases)
    found = harvest(search, 30)
    assert 10 < len(found) <= 30
    inputs: list[tuple[Value, ...]] = [given for given, _ in cases]
    for made in found:
        assert {given for given, _ in made.examples} <= set(inputs)
        for given, output in made.examples:
            assert evaluate(made.program, given, search.goal.domain) == output
    assert len({made.behaviour for made in found}) == len(found)


def test_a_harvest_is_the_same_for_the_same_seed() -> None:
    name, request, cases = HARD["values"]
    search = failed_search(name, request, cases)
    assert harvest(search, 20, seed=1) == harvest(search, 20, seed=1)
    assert harvest(search, 20, seed=1) != harvest(search, 20, seed=2)


def test_nothing_is_harvested_where_there_are_no_inputs() -> None:
    domain = load_domain("integers")
    grammar = domain.grammar("int")
    goal = Goal(grammar, domain, (((), 123456789),))
    search = engine_for(goal)(goal, Costs(grammar), Meter(Budget(candidates=100)))
    assert harvest(search, 10) == []
