"""What the cost part of a guide tells the network of a task."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from dsl.domain import load_domain
from dsl.languages import LanguageSettings
from dsl.probability import ROOT, ProbabilisticGrammar
from dsl.spec import Hints
from dsl.terms import Literal
from dsl.types import INT
from tests.wake_sleep.model.guides import TYPE, dreams, guide
from wake_sleep.model.conditioning import condition_of, task_features
from wake_sleep.model.encode import Encoder
from wake_sleep.model.features import hint_features
from wake_sleep.model.symbols import Vocabulary

DOMAIN = load_domain("integers")
GRAMMAR = DOMAIN.grammar(TYPE)


def test_a_menu_has_the_probabilities_that_the_guide_gives_for_the_task() -> None:
    cases = dreams()[5].examples
    vocabulary = Vocabulary(guide().base, guide().choices)
    encoder = Encoder(condition_of(guide(), GRAMMAR, DOMAIN, cases), vocabulary)
    weights = guide().weights_of(TYPE, cases, hint_features(Hints()))
    contexts = [ROOT, *((p.key, i) for p in GRAMMAR.productions(GRAMMAR.start) for i in range(len(p.children)))]

    for context in contexts:
        wanted = ProbabilisticGrammar(GRAMMAR, weights).probabilities(GRAMMAR.start, context)
        menu = encoder.menu(GRAMMAR, GRAMMAR.start, context)
        assert np.exp(vocabulary.log_base[menu]) == pytest.approx(wanted, abs=2e-3)
        assert encoder.menu(GRAMMAR, GRAMMAR.start, context) == menu


def test_without_corrections_a_menu_has_the_base_probabilities() -> None:
    vocabulary = Vocabulary(guide().base, guide().choices)
    condition = dataclasses.replace(condition_of(guide(), GRAMMAR, DOMAIN, dreams()[5].examples), corrections=None)
    menu = Encoder(condition, vocabulary).menu(GRAMMAR, GRAMMAR.start, ROOT)
    wanted = ProbabilisticGrammar(GRAMMAR, guide().base).probabilities(GRAMMAR.start, ROOT)

    assert np.exp(vocabulary.log_base[menu]) == pytest.approx(wanted, abs=1e-5)


def test_other_examples_and_hints_say_something_else() -> None:
    first, second = dreams()[5].examples, dreams()[6].examples
    plain, other = (condition_of(guide(), GRAMMAR, DOMAIN, cases).features for cases in (first, second))
    hinted = condition_of(guide(), GRAMMAR, DOMAIN, first, hints=Hints(maximum_size=3)).features

    assert plain is not None
    assert other is not None
    assert hinted is not None
    assert plain.shape == (task_features(guide()),)
    assert not np.array_equal(plain, other)
    assert not np.array_equal(plain, hinted)


def test_a_vocabulary_that_was_emptied_numbers_anew() -> None:
    vocabulary = Vocabulary(guide().base, guide().choices)
    vocabulary.menu(GRAMMAR, GRAMMAR.start, ROOT)
    made = vocabulary.emptied()

    assert made.menus == []
    assert made.probabilistic(GRAMMAR) is vocabulary.probabilistic(GRAMMAR)


def test_the_digest_of_a_guide_tells_its_weights_apart() -> None:
    arrays = {**guide().arrays, "bias": guide().arrays["bias"] + 1}
    assert dataclasses.replace(guide(), arrays=arrays).digest != guide().digest


def test_equal_grammars_with_their_productions_in_other_orders_have_menus_of_their_own() -> None:
    orders = [(Literal(7, INT), Literal(-3, INT)), (Literal(-3, INT), Literal(7, INT))]
    first, second = (DOMAIN.grammar(TYPE, LanguageSettings(constants=order)) for order in orders)
    assert first == second
    vocabulary = Vocabulary(guide().base, guide().choices)
    for grammar in (first, second):
        assert vocabulary.probabilistic(grammar).grammar is grammar
        menu = vocabulary.menu(grammar, grammar.start, ROOT)
        wanted = [vocabulary.production(p, grammar.start.type) for p in grammar.productions(grammar.start)]
        assert vocabulary.menus[menu].tolist() == wanted
    assert vocabulary.menu(first, first.start, ROOT) != vocabulary.menu(second, second.start, ROOT)
