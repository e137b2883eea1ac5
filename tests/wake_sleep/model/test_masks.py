"""The grammar mask."""

from __future__ import annotations

import random

import pytest

from dsl.errors import GrammarError
from tests.wake_sleep.model.examples import conditional
from wake_sleep.model.masks import Mask
from wake_sleep.model.partial import PartialDerivation


def test_a_hole_may_become_what_leaves_room_for_all_others() -> None:
    grammar = conditional()
    state, mask = PartialDerivation(grammar), Mask(grammar)
    assert mask.legal(state, 0, 2).tolist() == [True, True, False, False]
    assert mask.legal(state, 0, 3).tolist() == [True, True, True, False]
    assert mask.legal(state, 0, 6).tolist() == [True, True, True, True]


def test_every_state_that_the_mask_leads_to_can_be_completed() -> None:
    grammar, chance = conditional(), random.Random(0)
    mask = Mask(grammar)
    for _ in range(200):
        state, budget = PartialDerivation(grammar), chance.randint(1, 15)
        while state.holes:
            hole = chance.choice(state.holes)
            legal = mask.legal(state, hole, budget).nonzero()[0]
            state.expand(hole, grammar.productions(state.nonterminals[hole])[chance.choice(legal)])
        assert state.size <= budget


def test_the_last_hole_is_not_closed_below_the_least_size() -> None:
    grammar = conditional()
    state, mask = PartialDerivation(grammar), Mask(grammar)
    assert mask.legal(state, 0, 9, least=5).tolist() == [False, False, True, True]
    assert mask.legal(state, 0, 2, least=5).tolist() == [True, True, False, False]


def test_a_budget_below_the_smallest_program_is_an_error() -> None:
    grammar = conditional()
    with pytest.raises(GrammarError, match="at most 0 nodes"):
        Mask(grammar).legal(PartialDerivation(grammar), 0, 0)
