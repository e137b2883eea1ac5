"""Searching by proposals, alone and for the help of another search."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import to_sexpr
from dsl.spec import Budget, Example, Function
from dsl.terms import Term
from tests.wake_sleep.model.guides import TYPE, dreams, guide, trained
from wake_sleep.model.checkpoint import network_to_bytes
from wake_sleep.model.network_file import CheckpointError
from wake_sleep.model.threads import one_thread
from wake_sleep.sleep.dreams import Dream
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.dovetail import PartMeter
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.fitting import Fitting
from wake_sleep.wake.guidance import Guidance
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import FoundBy, Outcome, Status
from wake_sleep.wake.proposing import ProposalSearch, ProposalSettings, Proposer
from wake_sleep.wake.search import Case, Found, Goal, Search
from wake_sleep.wake.verify.examples import failing_examples

DOMAIN = load_domain("integers")
GRAMMAR = DOMAIN.grammar(TYPE)
FUNCTION = Function("f", (("x", TYPE.parameters[0]), ("y", TYPE.parameters[1])), TYPE.result)
UNSOLVABLE = [((0, 0), 8_191), ((1, 0), -77), ((0, 1), 12_345), ((7, 3), 5), ((2, 2), 99_991)]


@pytest.fixture(autouse=True)
def _single_thread() -> Iterator[None]:
    with one_thread():
        yield


def proposer(**changes: object) -> Proposer:
    return Proposer(network_to_bytes(trained().network()), guide(), ProposalSettings(**changes))  # type: ignore[arg-type]


def goal_of(task: Dream) -> Goal:
    return Goal(GRAMMAR, DOMAIN, task.examples)


def easy() -> Dream:
    return min((each for each in dreams() if each.size >= 3), key=lambda each: each.size)


def first(search: Search, most: int = 20_000) -> Found | None:
    return next((found for found in itertools.islice(search.run(), most) if found is not None), None)


def solved(guidance: Guidance, cases: Iterable[Case], budget: Budget) -> Outcome:
    examples = [Example("f", given, output) for given, output in cases]
    return Fitting(FUNCTION, guidance, DOMAIN, examples, Meter(budget)).solve()


def test_proposals_that_fit_are_found_and_counted() -> None:
    task = easy()
    meter = Meter(Budget(candidates=5_000))
    found = first(ProposalSearch(goal_of(task), Costs(GRAMMAR), meter, proposer()))

    assert found is not None
    assert found.by is FoundBy.DIFFUSION
    examples = [Example("f", given, output) for given, output in task.examples]
    assert failing_examples(GRAMMAR.program(found.body), examples, DOMAIN) == []
    assert 0 < meter.candidates < 5_000
    assert meter.effort > meter.candidates


def test_equal_seeds_give_equal_proposals() -> None:
    runs = []
    for seed in (0, 0, 1):
        goal = Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE))
        search = ProposalSearch(goal, Costs(GRAMMAR), Meter(Budget(candidates=200)), proposer(), seed=seed)
        with pytest.raises(OutOfBudget):
            list(search.run())
        runs.append([to_sexpr(known.term) for known in search.known()])

    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_failure_is_cut_open_and_filled() -> None:
    hard = max(dreams(), key=lambda each: each.size)
    counts = []
    for fills in (True, False):
        meter = Meter(Budget(candidates=3_000))
        search = ProposalSearch(goal_of(hard), Costs(GRAMMAR), meter, proposer(fills=fills, seeds=False))
        first(search, most=100)
        counts.append(meter.candidates - len(list(search.known())))

    assert counts[0] > counts[1]


def test_proposals_hold_for_cases_that_come_later() -> None:
    task = easy()
    goal = dataclasses.replace(goal_of(task), cases=task.examples[:1])
    search = ProposalSearch(goal, Costs(GRAMMAR), Meter(Budget(candidates=20_000)), proposer())
    steps, seen = search.run(), list[Term]()
    for found in steps:
        if found is not None:
            seen.append(found.body)
            if len(search.goal.cases) == 1:
                search.add_cases(task.examples[1:])
            elif len(seen) > 1:
                break
    examples = [Example("f", given, output) for given, output in task.examples]

    assert failing_examples(GRAMMAR.program(seen[-1]), examples, DOMAIN) == []


def test_parts_of_proposals_are_given_to_the_search_beside() -> None:
    goal = Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE))
    partner = engine_for(goal)(goal, Costs(GRAMMAR), Meter(Budget(candidates=50_000)))
    given: list[Term] = []
    enter = partner.seed

    def seed(terms: Iterable[Term]) -> None:
        entered = list(terms)
        given.extend(entered)
        enter(entered)

    partner.seed = seed  # type: ignore[method-assign]
    search = ProposalSearch(goal, Costs(GRAMMAR), Meter(Budget(candidates=100_000)), proposer(), partner)
    steps = partner.run()
    next(steps)
    first(search, most=100)
    next(steps)

    assert given
    assert len(set(given)) == len(given)
    assert all(GRAMMAR.derive_at(GRAMMAR.start, term) is not None or term.size > 1 for term in given)


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_fitting_takes_proposals(is_alone: bool) -> None:
    task = easy()
    guidance = Guidance(GRAMMAR, GRAMMAR, guide().base, is_alone=is_alone, proposer=proposer())
    outcome = solved(guidance, task.examples, Budget(candidates=20_000))

    assert outcome.status is Status.SOLVED
    assert (outcome.found_by is FoundBy.DIFFUSION) is is_alone


def test_a_helper_joins_a_search_that_has_found_nothing_for_long() -> None:
    seen: list[Search] = []
    guidance = Guidance(GRAMMAR, GRAMMAR, guide().base, proposer=proposer())
    examples = [Example("f", given, output) for given, output in UNSOLVABLE]
    meter = Meter(Budget(candidates=1_200_000))
    Fitting(FUNCTION, guidance, DOMAIN, examples, meter, observer=seen.append).solve()
    helper = seen[-1]

    assert isinstance(helper, ProposalSearch)
    assert helper.partner is seen[-2]
    assert any(True for _ in helper.known())


def test_a_goal_of_another_domain_or_without_examples_is_left_to_the_other_searches() -> None:
    lists = load_domain("lists")
    asked = proposer()

    assert asked.accepts(Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE)))
    assert not asked.accepts(Goal(GRAMMAR, DOMAIN, ()))
    assert not asked.accepts(Goal(lists.grammar("list(int) -> int"), lists, (((((1,)),), 1),)))


def test_a_proposer_travels_between_processes() -> None:
    sent = pickle.loads(pickle.dumps(proposer()))
    goal = Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE))

    assert sent.sampler(goal, 0).sample(5) == proposer().sampler(goal, 0).sample(5)


def test_a_network_of_another_guide_and_a_damaged_one_are_refused() -> None:
    goal = Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE))
    network = trained().network()
    network.settings = dataclasses.replace(network.settings, guide="0123")
    with pytest.raises(CheckpointError, match="the guide 0123"):
        Proposer(network_to_bytes(network), guide()).sampler(goal, 0)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Proposer(b"nothing", guide()).sampler(goal, 0)


FRESH = """
import pickle, sys
proposer, cases, is_alone, budget = pickle.load(open(sys.argv[1], "rb"))
from dsl.domain import load_domain
from dsl.spec import Example, Function
from wake_sleep.wake.fitting import Fitting
from wake_sleep.wake.guidance import Guidance
from wake_sleep.wake.meter import Meter
domain = load_domain("integers")
grammar = domain.grammar("int -> int -> int")
function = Function("f", (("x", grammar.start.type), ("y", grammar.start.type)), grammar.start.type)
guidance = Guidance(grammar, grammar, proposer.guide.base, is_alone=is_alone, proposer=proposer)
examples = [Example("f", *case) for case in cases]
outcome = Fitting(function, guidance, domain, examples, Meter(budget)).solve()
print(outcome.status, outcome.reason, "torch" in sys.modules)
"""


def in_fresh_process(folder: Path, cases: Iterable[Case], is_alone: bool, budget: Budget) -> str:
    """What a process that has loaded no library for networks says of a search, and whether it has one then."""
    file = folder / "asked"
    file.write_bytes(pickle.dumps((proposer(), tuple(cases), is_alone, budget)))
    command = [sys.executable, "-c", FRESH, str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_easy_tasks_load_no_library_for_networks(tmp_path: Path) -> None:
    assert in_fresh_process(tmp_path, easy().examples, False, Budget(candidates=20_000)) == "solved  False"


def test_too_little_time_to_load_the_network_is_said_to_be_the_reason(tmp_path: Path) -> None:
    said = in_fresh_process(tmp_path, UNSOLVABLE, True, Budget(cpu_seconds=2.0))

    assert said.startswith("unknown cpu: ")
    assert said.endswith("too few to load the network that proposes programs False")


def test_a_search_that_has_no_memory_for_seeds_is_helped_no_longer() -> None:
    goal = Goal(GRAMMAR, DOMAIN, tuple(UNSOLVABLE))
    whole = Meter(Budget(candidates=1_000_000))
    partner = engine_for(goal)(goal, Costs(GRAMMAR), PartMeter(whole))
    search = ProposalSearch(goal, Costs(GRAMMAR), Meter(Budget(candidates=100_000)), proposer(fills=False), partner)
    next(partner.run())
    partner.meter.budget = Budget(memory=1)

    assert first(search, most=60) is None
    assert search.partner is None
