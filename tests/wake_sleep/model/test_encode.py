"""Graphs: what is in them, and what must not be."""

from __future__ import annotations

import random

import numpy as np
import pytest

from dsl.printing import parse_term
from dsl.probability import UNIFORM
from dsl.spec import Hints
from dsl.terms import Term, strip_lambdas
from tests.wake_sleep.model.examples import condition
from wake_sleep.model.comparison import COLUMN_SLOTS
from wake_sleep.model.condition import Condition
from wake_sleep.model.diffusion import ShownTree
from wake_sleep.model.encode import Encoder
from wake_sleep.model.graph import (
    BINDS,
    CHILD,
    CONSTRAINT,
    EXAMPLE,
    HOLE,
    METADATA,
    PRODUCTION,
    SIGNATURE,
    TO_ROOT,
    USES,
    Graph,
    collate,
)
from wake_sleep.model.partial import PartialDerivation, complete
from wake_sleep.model.symbols import Vocabulary


def encoder(name: str = "lists") -> Encoder:
    return Encoder(condition(name), Vocabulary(UNIFORM))


def state_of(text: str) -> PartialDerivation:
    task = condition("lists")
    derivation = task.grammar.derive(parse_term(text, task.domain.operator))
    assert derivation is not None
    return complete(task.grammar, derivation)[0]


def body(text: str) -> Term:
    return strip_lambdas(parse_term(text, condition("lists").domain.operator), 1)[1]


def relations_between(graph: Graph, source: int, target: int) -> list[int]:
    both = (graph.edges[0] == source) & (graph.edges[1] == target)
    return sorted(graph.relations[both].tolist())


def test_the_empty_state_is_one_hole_and_the_nodes_of_the_task() -> None:
    made = encoder()
    graph = made.encode(PartialDerivation(made.condition.grammar))
    assert graph.kinds.tolist() == [HOLE, SIGNATURE, *[EXAMPLE] * 6]
    assert graph.holes.tolist() == [0]
    assert all(relations_between(graph, node, 0) == [TO_ROOT] for node in range(1, 8))


def test_children_siblings_and_binders_are_neighbours() -> None:
    state = state_of("(lambda (map (lambda (+ $0 (length $1))) $0))")
    graph = encoder().encode(state)
    heads = [repr(p.head) if p is not None else "" for p in state.productions]
    root, plus = heads.index("map"), heads.index("+")
    function, argument = state.children[root]
    inner, length = state.children[plus]
    (outer,) = state.children[length]
    signature = len(state)
    assert relations_between(graph, root, function) == [CHILD]
    assert relations_between(graph, root, argument) == [CHILD + 1]
    assert relations_between(graph, function, inner) == [BINDS]
    assert relations_between(graph, inner, function) == [USES]
    assert relations_between(graph, signature, outer) == [BINDS]
    assert relations_between(graph, signature, argument) == [BINDS]


def test_closed_parts_carry_their_values_and_open_ones_do_not() -> None:
    state = state_of("(lambda (map (lambda (+ $0 (length $1))) (reverse $0)))")
    graph = encoder().encode(state)
    valued = graph.features[: len(state), COLUMN_SLOTS]
    by_head = {repr(p.head): bool(valued[i]) for i, p in enumerate(state.productions) if p is not None}
    # `length` uses the parameter only and so has values, though it stands under a λ.
    assert by_head["map"]
    assert by_head["reverse"]
    assert by_head["length"]
    assert not by_head["+"]


def test_a_part_that_is_the_output_is_told_apart_from_one_that_is_not() -> None:
    right = encoder().encode(state_of("(lambda (reverse $0))")).features[0, :COLUMN_SLOTS]
    wrong = encoder().encode(state_of("(lambda (cdr $0))")).features[0, :COLUMN_SLOTS]
    assert not np.array_equal(right, wrong)


def test_without_values_no_part_has_any() -> None:
    made = Encoder(condition("lists"), Vocabulary(UNIFORM), values=False)
    graph = made.encode(state_of("(lambda (reverse $0))"))
    assert not graph.features[: len(graph.kinds) - 7, : COLUMN_SLOTS + 1].any()


def test_constraints_and_hints_become_nodes_where_there_are_some() -> None:
    plain = condition("lists")
    term = parse_term("(eq? 1 (length $0))", plain.domain.operator)
    made = Condition(plain.grammar, plain.domain, plain.cases, (term, term), Hints(style="shortest"))
    graph = Encoder(made, Vocabulary(UNIFORM)).encode(PartialDerivation(plain.grammar))
    assert graph.kinds.tolist() == [HOLE, SIGNATURE, *[EXAMPLE] * 6, CONSTRAINT, CONSTRAINT, METADATA]


def test_a_failed_attempt_is_told_by_the_example_nodes_only() -> None:
    made = encoder()
    state = PartialDerivation(made.condition.grammar)
    without, given = made.encode(state), made.encode(state, body("(lambda (cdr $0))"))
    differing = (without.features != given.features).any(axis=1)
    assert set(without.kinds[differing].tolist()) == {SIGNATURE, EXAMPLE}


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("(lambda (cons 1 (reverse $0)))", "(lambda (cons (length (cdr (cdr $0))) (map (lambda (+ $0 1)) $0)))"),
        ("(lambda (map (lambda $0) $0))", "(lambda (map (lambda (+ (+ $0 $0) (length $1))) (cdr (cdr (cdr $0)))))"),
    ],
)
def test_what_is_hidden_shifts_no_feature_of_what_is_shown(left: str, right: str) -> None:
    made, grammar = encoder(), condition("lists").grammar
    graphs = []
    for text in (left, right):
        derivation = grammar.derive(parse_term(text, condition("lists").domain.operator))
        assert derivation is not None
        tree = ShownTree.of(grammar, derivation)
        tree.show(0)
        graphs.append(made.encode(tree.state))
    for name in ("kinds", "symbols", "features", "edges", "relations", "parents", "depth", "holes", "menus", "value"):
        assert np.array_equal(getattr(graphs[0], name), getattr(graphs[1], name)), name


def test_the_order_in_which_a_batch_is_made_does_not_change_a_graph() -> None:
    made, chance = encoder(), random.Random(0)
    grammar = made.condition.grammar
    states = []
    for _ in range(5):
        derivation = grammar.derive(grammar.sample(chance, 12))
        assert derivation is not None
        states.append(complete(grammar, derivation)[0])
    graphs = [made.encode(state) for state in states]
    batch = collate(graphs, made.vocabulary)
    assert batch.graphs == 5
    assert batch.kinds.tolist() == [kind for graph in graphs for kind in graph.kinds.tolist()]
    assert batch.signatures.tolist() == [
        root + len(state) for root, state in zip(batch.roots.tolist(), states, strict=True)
    ]
    assert not batch.holes.numel()
    assert set(batch.kinds.tolist()) == {PRODUCTION, SIGNATURE, EXAMPLE}


def test_a_menu_is_the_productions_of_the_nonterminal_with_their_base_probabilities() -> None:
    made = encoder()
    grammar = made.condition.grammar
    batch = collate([made.encode(PartialDerivation(grammar))], made.vocabulary)
    assert batch.menu_symbols.shape == (1, len(grammar.productions(grammar.start)))
    assert float(batch.menu_log_base.exp().sum()) == pytest.approx(1)
