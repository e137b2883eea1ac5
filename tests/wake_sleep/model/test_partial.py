"""Partial derivations: holes, sizes, contexts, and what becomes of them."""

from __future__ import annotations

import random

from dsl.domain import load_domain
from dsl.grammar import Grammar
from dsl.probability import ROOT
from tests.wake_sleep.model.examples import conditional
from wake_sleep.model.partial import PartialDerivation, complete, preorder_children


def lists() -> Grammar:
    return load_domain("lists").grammar("list(int) -> list(int)")


def test_it_begins_as_one_hole_at_the_start() -> None:
    grammar = conditional()
    state = PartialDerivation(grammar)
    assert (state.nonterminals, state.holes, state.contexts) == ([grammar.start], [0], [ROOT])
    assert (len(state), state.size, state.is_complete, state.program()) == (1, 1, False, None)


def test_a_whole_derivation_gives_the_program_back() -> None:
    grammar, chance = lists(), random.Random(0)
    for _ in range(50):
        program = grammar.sample(chance, 20)
        derivation = grammar.derive(program)
        assert derivation is not None
        state, numbers = complete(grammar, derivation)
        assert state.program() is program
        assert state.size == derivation.term.size
        terms = state.terms()
        assert [terms[number] for number in numbers] == [node.term for node in derivation.preorder()]


def test_the_size_is_that_of_the_smallest_completion() -> None:
    grammar, chance = lists(), random.Random(1)
    state = PartialDerivation(grammar)
    for _ in range(6):
        hole = chance.choice(state.holes)
        state.expand(hole, chance.choice(grammar.legal(state.nonterminals[hole], 12)))
        done = sum(p.size for p in state.productions if p is not None)
        assert state.size == done + sum(grammar.minimum_size(state.nonterminals[h]) for h in state.holes)
        if state.is_complete:
            break


def test_a_lambda_passes_its_context_on_to_its_body() -> None:
    grammar = lists()
    state = PartialDerivation(grammar)
    mapping = next(p for p in grammar.productions(grammar.start) if repr(p.head) == "map")
    function, _ = state.expand(0, mapping)
    (body,) = state.expand(function, grammar.productions(state.nonterminals[function])[0])
    assert state.contexts[function] == state.contexts[body] == (mapping.key, 0)


def test_a_collapsed_subtree_is_one_hole_and_the_rest_stays() -> None:
    grammar, chance = lists(), random.Random(2)
    for _ in range(40):
        derivation = grammar.derive(grammar.sample(chance, 16))
        assert derivation is not None
        state, numbers = complete(grammar, derivation)
        nodes = list(derivation.preorder())
        place = chance.randrange(len(nodes))
        kept = state.without(numbers[place])
        (hole,) = kept.holes
        assert kept.nonterminals[hole] is nodes[place].nonterminal
        assert kept.contexts[hole] == state.contexts[numbers[place]]
        assert len(kept) == len(state) - sum(1 for _ in nodes[place].preorder()) + 1


def test_a_copy_is_expanded_by_itself() -> None:
    grammar = conditional()
    state = PartialDerivation(grammar)
    copy = state.copy()
    copy.expand(0, grammar.productions(grammar.start)[0])
    assert (len(state.holes), len(copy.holes)) == (1, 0)


def test_children_are_known_by_their_place_in_preorder() -> None:
    grammar, chance = lists(), random.Random(3)
    derivation = grammar.derive(grammar.sample(chance, 20))
    assert derivation is not None
    nodes = list(derivation.preorder())
    for node, places in zip(nodes, preorder_children(derivation), strict=True):
        assert [nodes[place] for place in places] == list(node.children)
