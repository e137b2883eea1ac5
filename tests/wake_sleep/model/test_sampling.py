"""Sampling: every program is one, whatever the network says; and the network decides which."""

from __future__ import annotations

import collections

import pytest
import torch

from dsl.domain import load_domain
from dsl.errors import GrammarError
from dsl.languages import LanguageSettings
from dsl.printing import parse_term, to_sexpr
from dsl.terms import ABSTRACTION, Literal, Operator, operators, postorder
from dsl.types import parse_type
from dsl.values import typed_key
from tests.wake_sleep.model.examples import SCOPE, TASKS, condition, tiny, with_constants
from tests.wake_sleep.model.recogniser import Recogniser
from wake_sleep.model.condition import Condition
from wake_sleep.model.network import Network
from wake_sleep.model.partial import PartialDerivation, complete
from wake_sleep.model.sampling import Sampler, SamplingSettings, propose
from wake_sleep.model.symbols import production_tokens

BUDGET = 20


def check(name: str, network: Network, count: int, seed: int = 0) -> collections.Counter[int]:
    """Sizes of `count` samples; all are programs of the domain within the budget."""
    settings = SamplingSettings(budget=BUDGET, spread=True)
    programs = Sampler(condition(name), network, settings, seed=seed).sample(count)
    recogniser = Recogniser(load_domain(name), TASKS[name][0])
    sizes = collections.Counter(recogniser.size(to_sexpr(program)) for program in programs)
    assert max(sizes) <= BUDGET
    assert len(set(programs)) >= count / 2
    return sizes


@pytest.mark.parametrize("name", TASKS)
def test_an_untrained_network_gives_programs_only(name: str) -> None:
    sizes = check(name, tiny(), 300)
    assert len(sizes) >= BUDGET / 2


@pytest.mark.slow
@pytest.mark.parametrize("name", TASKS)
def test_ten_thousand_samples_of_an_untrained_network_are_programs_of_all_sizes(name: str) -> None:
    sizes = check(name, tiny(), 10_000)
    # The integers have no program of two or four nodes.
    assert set(sizes) >= {1, 3, *range(5, BUDGET - 1)}


@pytest.mark.parametrize("scale", [-30.0, 30.0])
def test_no_weights_can_make_it_leave_the_language(scale: float) -> None:
    network = tiny()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(scale)
    check_all = Recogniser(load_domain("lists"), TASKS["lists"][0])
    for program in Sampler(condition("lists"), network, SamplingSettings(budget=12)).sample(40):
        assert check_all.size(to_sexpr(program)) <= 12


def test_equal_seeds_give_equal_samples_and_other_weights_others() -> None:
    first = Sampler(condition(), tiny(seed=0)).sample(30)
    assert Sampler(condition(), tiny(seed=0)).sample(30) == first
    assert Sampler(condition(), tiny(seed=1)).sample(30) != first
    assert Sampler(condition(), tiny(seed=0), seed=1).sample(30) != first


@pytest.mark.parametrize("schedule", ["linear", "cosine", "sqrt"])
@pytest.mark.parametrize("steps", [1, 5])
def test_every_schedule_ends_with_whole_programs(schedule: str, steps: int) -> None:
    settings = SamplingSettings(budget=12, schedule=schedule, steps=steps)
    for program in Sampler(condition(), tiny(), settings).sample(20):
        assert condition().grammar.derive(program) is not None


def test_guidance_changes_what_is_sampled() -> None:
    plain = Sampler(condition(), tiny()).sample(30)
    assert Sampler(condition(), tiny(), SamplingSettings(guidance=3.0)).sample(30) != plain


def test_the_corrector_changes_one_subtree_of_a_program() -> None:
    task = condition()
    programs = Sampler(task, tiny(), SamplingSettings(budget=10)).sample(20)
    states = []
    for program in programs:
        derivation = task.grammar.derive(program)
        assert derivation is not None
        states.append(complete(task.grammar, derivation)[0])
    corrected = Sampler(task, tiny(), SamplingSettings(budget=10)).correct(states)
    assert len(corrected) == 20
    assert all(state.is_complete and state.size <= 10 for state in corrected)
    assert any(new.program() is not old.program() for new, old in zip(corrected, states, strict=True))


def test_rounds_of_the_corrector_follow_samples_that_do_not_fit() -> None:
    found = Sampler(condition(), tiny(), SamplingSettings(budget=8, corrections=2)).sample(10)
    assert len(found) == 30
    assert all(condition().grammar.derive(program) is not None for program in found)


def test_the_beam_gives_distinct_programs_the_likeliest_first() -> None:
    found = Sampler(condition(), tiny(), SamplingSettings(budget=8)).beam(12, 8)
    programs, scores = [program for program, _ in found], [score for _, score in found]
    assert len(set(programs)) == len(programs) == 12
    assert scores == sorted(scores, reverse=True)
    assert all(condition().grammar.derive(program) is not None for program in programs)


def test_skeletons_are_states_with_holes() -> None:
    found = Sampler(condition(), tiny(), SamplingSettings(spread=True)).skeletons(20, steps=3)
    assert any(not state.is_complete for state in found)
    assert all(state.productions[0] is not None for state in found)


def test_constant_slots_are_filled_with_what_the_task_mentions_or_anything() -> None:
    grammar = with_constants()
    task = Condition(grammar, load_domain("integers"), (((4711, 5), 4716),))
    found = Sampler(task, tiny(), SamplingSettings(budget=6, spread=True)).sample(200)
    literals = collections.Counter(
        typed_key(node.value) for program in found for node in postorder([program]) if isinstance(node, Literal)
    )
    assert literals[typed_key(4711)]
    assert len(literals) > 5
    assert len(SCOPE) == grammar.parameters


def test_proposals_are_distinct() -> None:
    found = propose(condition("integers"), tiny(), 60, settings=SamplingSettings(budget=5))
    assert len(set(found)) == len(found) < 60


def test_a_budget_below_the_smallest_program_is_an_error() -> None:
    with pytest.raises(GrammarError):
        Sampler(condition(), tiny(), SamplingSettings(budget=0)).sample(1)


def test_a_state_that_is_a_program_already_needs_no_step() -> None:
    task = condition("integers")
    state = PartialDerivation(task.grammar)
    state.expand(0, next(p for p in task.grammar.productions(task.grammar.start) if not p.children))
    assert state.is_complete


def test_an_abstraction_is_known_by_its_body_and_can_be_proposed() -> None:
    domain = load_domain("lists")
    definition = parse_term("(lambda (cdr (reverse $0)))", domain.operator)
    learned = Operator("learned", parse_type("list(int) -> list(int)"), ABSTRACTION, definition)
    grammar = domain.grammar(TASKS["lists"][0], LanguageSettings(abstractions=(learned,)))
    production = next(p for p in grammar.productions(grammar.start) if p.head is learned)
    assert {"body:cdr", "body:reverse"} <= set(production_tokens(production, grammar.start.type))
    task = Condition(grammar, domain, condition("lists").cases)
    programs = Sampler(task, tiny(), SamplingSettings(budget=10, spread=True)).sample(150)
    assert any(learned in operators(program) for program in programs)
    assert all(grammar.derive(program) is not None for program in programs)
