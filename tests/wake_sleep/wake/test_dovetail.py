"""Searches in turns: who is next, what all together take, and what becomes of one that has no memory left."""

from collections.abc import Iterable, Iterator, Sequence

import pytest

from dsl.domain import load_domain
from dsl.spec import Budget
from dsl.terms import Term, Variable
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.dovetail import HEAD_START, HELPER_AFTER, HELPER_SHARE, Dovetail, Lane, PartMeter
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy
from wake_sleep.wake.search import Case, Found, Goal, Known, Search

STEP = 100
GRAMMAR = load_domain("integers").grammar("int -> int")
GOAL = Goal(GRAMMAR, load_domain("integers"), (((1,), 1),))
ANSWER = Found(Variable(0), FoundBy.ENUMERATION)


class Scripted(Search):
    """A search that finds its answer after a number of candidates, and keeps some bytes for each candidate."""

    finds_after = 1 << 60
    bytes_each = 0
    ends_after = 1 << 60

    def run(self) -> Iterator[Found | None]:
        """See `Search.run`."""
        self.cases: list[Case] = []
        done = 0
        try:
            while done < self.ends_after:
                done += STEP
                self.meter.spend(STEP, self.bytes_each * done)
                yield ANSWER if done == self.finds_after else None
        except OutOfBudget:
            yield Found(Variable(0), FoundBy.DEDUCTION)
            raise

    def add_cases(self, cases: Sequence[Case]) -> None:
        """See `Search.add_cases`."""
        self.cases += cases

    def reprice(self, costs: Costs) -> None:
        """See `Search.reprice`."""
        self.costs = costs

    def seed(self, terms: Iterable[Term]) -> None:
        """See `Search.seed`; there is nothing to enter them into."""

    def explore(self) -> Iterator[None]:
        """See `Search.explore`."""
        yield from ()

    def known(self) -> Iterator[Known]:
        """See `Search.known`."""
        yield from ()


def lanes(meter: Meter, **scripts: dict[str, int]) -> list[Lane]:
    """A lane for each script."""
    made = []
    for name, script in scripts.items():
        engine: type[Search] = type(name, (Scripted,), script)
        made.append(Lane(engine(GOAL, Costs(GRAMMAR), PartMeter(meter))))
    return made


def candidates_until_found(meter: Meter, searches: list[Lane]) -> int:
    next(found for _, found in Dovetail(searches).run() if found is not None)
    return meter.candidates


@pytest.mark.parametrize("after", [STEP, HEAD_START])
def test_what_the_guided_search_finds_at_once_costs_nothing_more(after: int) -> None:
    meter = Meter(Budget())
    assert candidates_until_found(meter, lanes(meter, guided={"finds_after": after}, plain={})) == after


@pytest.mark.parametrize("after", [HEAD_START + STEP, 10_000, 50_000])
@pytest.mark.parametrize("lucky", ["guided", "plain"])
def test_both_together_take_at_most_twice_what_either_takes(after: int, lucky: str) -> None:
    meter = Meter(Budget())
    scripts = {name: {"finds_after": after} if name == lucky else {} for name in ("guided", "plain")}
    assert candidates_until_found(meter, lanes(meter, **scripts)) <= 2 * after


def test_a_single_search_is_as_it_would_be_alone() -> None:
    meter = Meter(Budget())
    engine: type[Search] = type("alone", (Scripted,), {"finds_after": 5_000})
    assert candidates_until_found(meter, [Lane(engine(GOAL, Costs(GRAMMAR), meter))]) == 5_000


def test_a_search_whose_part_of_the_memory_is_used_up_leaves_the_rest_to_the_other() -> None:
    meter = Meter(Budget(memory=1_000_000))
    searches = lanes(meter, guided={"bytes_each": 100}, plain={"bytes_each": 10, "finds_after": 90_000})
    assert next(lane for lane, found in Dovetail(searches).run() if found is ANSWER) is searches[1]
    assert searches[0].meter.candidates <= 5_100
    assert searches[1].meter.budget.memory == 1_000_000


def test_when_the_budget_is_spent_all_searches_yield_what_they_held_back() -> None:
    meter = Meter(Budget(candidates=10_000))
    searches = lanes(meter, guided={}, plain={})
    said: list[Lane] = []

    def listen() -> None:
        for lane, found in Dovetail(searches).run():
            said.extend([lane] * (found is not None))

    with pytest.raises(OutOfBudget, match="candidates: the budget of 10000 is spent"):
        listen()
    assert sorted(map(searches.index, said)) == [0, 1]


def test_one_complete_search_ends_all_and_an_incomplete_one_leaves_the_others() -> None:
    meter = Meter(Budget())
    dovetail = Dovetail(lanes(meter, guided={"ends_after": 500}, plain={}))
    assert all(found is None for _, found in dovetail.run())
    assert dovetail.is_complete
    meter = Meter(Budget())
    searches = lanes(meter, guided={"ends_after": 500, "is_complete": False}, plain={"ends_after": 700})
    dovetail = Dovetail(searches)
    assert all(found is None for _, found in dovetail.run())
    assert dovetail.is_complete
    assert searches[1].meter.candidates == 700


def test_further_cases_reach_all_searches() -> None:
    meter = Meter(Budget())
    searches = lanes(meter, guided={}, plain={})
    dovetail = Dovetail(searches)
    run = dovetail.run()
    while not all(lane.meter.candidates for lane in searches):
        next(run)
    dovetail.add_cases([((2,), 2)])
    assert [lane.search.cases for lane in searches] == [[((2,), 2)], [((2,), 2)]]  # type: ignore[attr-defined]


def helped(meter: Meter, **scripts: dict[str, int]) -> list[Lane]:
    """Lanes for scripts, and one of a helper of the first."""
    searches = lanes(meter, **scripts)
    helper: type[Search] = type("helper", (Scripted,), {})
    return [*searches, Lane(helper(GOAL, Costs(GRAMMAR), PartMeter(searches[0].meter)), searches[0])]


def test_a_helper_comes_late_and_is_paid_for_by_the_search_that_it_helps() -> None:
    meter = Meter(Budget(candidates=5 * HELPER_AFTER))
    guided, plain, helper = searches = helped(meter, guided={}, plain={})
    run = Dovetail(searches).run()
    while not helper.meter.candidates:
        next(run)
    assert guided.meter.effort - helper.meter.effort >= HELPER_AFTER
    assert plain.meter.effort >= HELPER_AFTER
    with pytest.raises(OutOfBudget):
        list(run)
    assert plain.meter.effort == pytest.approx(guided.meter.effort, abs=3 * STEP)
    assert plain.meter.effort - HELPER_AFTER == pytest.approx(HELPER_SHARE * helper.meter.effort, abs=6 * STEP)
    assert guided.meter.effort + plain.meter.effort == meter.effort


def test_a_helper_takes_no_memory_from_the_searches_and_ends_with_them() -> None:
    meter = Meter(Budget(memory=1_000_000))
    searches = helped(meter, guided={"ends_after": 500_000, "is_complete": False})
    dovetail = Dovetail(searches)
    assert all(found is None for _, found in dovetail.run())
    assert searches[0].meter.budget.memory == 1_000_000
    assert searches[1].meter.candidates > 0
    assert not dovetail.is_complete


@pytest.mark.parametrize("after", [10_000, 300_000])
def test_a_helper_slows_the_other_search_no_more_than_before(after: int) -> None:
    meter = Meter(Budget())
    assert candidates_until_found(meter, helped(meter, guided={}, plain={"finds_after": after})) <= 2 * after + 3 * STEP
