"""Learned hazards: they make the bound smaller where the order matters."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from dsl.printing import parse_term
from tests.wake_sleep.model.examples import ITE, LESS, PLUS, conditional
from wake_sleep.model.diffusion import exact_bound, exact_log_likelihood
from wake_sleep.model.hazards import expected_pick, learn_hazards
from wake_sleep.model.partial import PartialDerivation

OPERATORS = {(o.name, o.arity): o for o in (PLUS, LESS, ITE)}
GRAMMAR = conditional()
TEXT = "(lambda (lambda (ite (< $0 $1) $1 $0)))"


def predict(state: PartialDerivation) -> Sequence[Sequence[float]]:
    """A model that knows the branches better once the test is shown."""
    shown = any(p is not None and repr(p.head) == "<" for p in state.productions)
    found = []
    for hole in state.holes:
        count = len(GRAMMAR.productions(state.nonterminals[hole]))
        sure = 0.48 if shown else 0.05
        variable = [sure, sure, *[(1 - 2 * sure) / (count - 2)] * (count - 2)] if count > 1 else [1.0]
        found.append([math.log(share) for share in variable])
    return found


def test_what_helps_to_guess_the_rest_is_shown_early() -> None:
    derivation = GRAMMAR.derive(parse_term(TEXT, lambda name, arity: OPERATORS.get((name, arity))))
    assert derivation is not None
    learned = learn_hazards(GRAMMAR, [derivation], predict, random.Random(0), steps=300)
    key = next(n.production.key for n in derivation.preorder() if repr(n.production.head) == "<")
    assert learned[key] > 1.5
    equal = exact_bound(GRAMMAR, derivation, predict)
    pick = expected_pick(predict, learned)
    bound = exact_bound(GRAMMAR, derivation, predict, hazards=learned, pick=pick)
    assert bound < equal - 0.3
    assert bound >= -exact_log_likelihood(GRAMMAR, derivation, predict, pick=pick) - 1e-9


def test_with_equal_hazards_holes_are_drawn_evenly() -> None:
    state = PartialDerivation(GRAMMAR)
    state.expand(0, GRAMMAR.productions(GRAMMAR.start)[3])
    assert expected_pick(predict, {})(state) == pytest.approx([1 / 3] * 3)
