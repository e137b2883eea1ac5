"""Training: it learns, it repeats itself, it goes on exactly; and the loss is what it says."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest
import torch

from dsl.probability import UNIFORM, ProbabilisticGrammar
from tests.wake_sleep.model.examples import condition, tiny
from wake_sleep.model.encode import Encoder
from wake_sleep.model.graph import Batch, Graph, collate
from wake_sleep.model.losses import losses
from wake_sleep.model.states import StateSettings, mutate, training_graphs
from wake_sleep.model.symbols import Vocabulary
from wake_sleep.model.training import Trainer, TrainingSettings


def training_set(programs: int = 12, seed: int = 0) -> tuple[list[Graph], Vocabulary]:
    task, chance, vocabulary = condition("lists"), random.Random(seed), Vocabulary(UNIFORM)
    encoder, found = Encoder(task, vocabulary), list[Graph]()
    for _ in range(programs):
        derivation = task.grammar.derive(task.grammar.sample(chance, 10))
        assert derivation is not None
        found += training_graphs(encoder, derivation, chance)
    return found, vocabulary


def batch() -> Batch:
    return collate(*training_set())


def test_the_states_of_a_program_are_some_shown_one_wrong_and_its_repair() -> None:
    found, vocabulary = training_set(1, seed=3)
    assert [(len(g.holes) > 0, g.edit >= 0) for g in found] == [
        (True, False),
        (True, False),
        (False, True),
        (True, False),
    ]
    for graph in found:
        assert all(0 <= t < len(vocabulary.menus[m]) for t, m in zip(graph.targets, graph.menus, strict=True))


def test_a_mutant_differs_in_one_subtree_and_what_belongs_there_is_known() -> None:
    task, chance = condition("lists"), random.Random(4)
    grammar = ProbabilisticGrammar(task.grammar)
    for _ in range(30):
        derivation = task.grammar.derive(task.grammar.sample(chance, 14))
        assert derivation is not None
        mutant = mutate(grammar, derivation, chance)
        if mutant is None:
            continue
        assert mutant.body is not derivation.term
        assert task.grammar.derive(task.grammar.program(mutant.body)) is not None
        assert mutant.kept.holes == [mutant.site]
        assert mutant.kept.nonterminals[mutant.site] is mutant.right.nonterminal


def test_the_diffusion_loss_of_the_base_grammar_is_its_description_length() -> None:
    found, vocabulary = training_set(400)
    whole = collate([g for g in found if len(g.holes) and g.edit < 0], vocabulary)
    base = whole.menu_log_base[whole.hole_menus]
    costs = -base.gather(1, whole.targets[:, None])[:, 0]
    said = tiny()(whole)[-1]
    exact = losses(whole, [replace(said, productions=base)])
    assert float(exact.diffusion) == pytest.approx(float((costs * whole.hole_weights).sum()) / whole.graphs, rel=1e-5)


def test_the_edit_loss_of_equal_scores_is_the_logarithm_of_the_number_of_productions() -> None:
    found, vocabulary = training_set()
    wrong = [g for g in found if g.edit >= 0]
    whole = collate(wrong, vocabulary)
    said = tiny()(whole)[-1]
    equal = replace(said, edits=torch.where(torch.isfinite(said.edits), 0.0, -math.inf))
    wanted = sum(math.log((g.kinds == 0).sum()) for g in wrong) / len(wrong)
    assert float(losses(whole, [equal]).edit) == pytest.approx(wanted, rel=1e-5)


def test_the_network_learns_what_it_is_shown() -> None:
    settings = TrainingSettings(steps=100, warm_up=5, learning_rate=6e-3, ema=0.9)
    trainer, shown = Trainer(tiny(), settings), batch()
    before = trainer.evaluate(shown)
    steps = [trainer.train_step(shown) for _ in range(100)]
    assert trainer.evaluate(shown) < 0.5 * before
    assert steps[-1].edit < 0.7 * steps[0].edit
    assert steps[-1].value < steps[0].value
    assert all(math.isfinite(step.gradient_norm) for step in steps)


def test_equal_seeds_learn_the_same() -> None:
    shown = batch()
    runs = [[Trainer(tiny(), TrainingSettings(steps=4)).train_step(shown) for _ in range(1)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_training_that_was_stopped_goes_on_exactly() -> None:
    shown, settings = batch(), TrainingSettings(steps=8)
    straight = Trainer(tiny(), settings)
    wanted = [straight.train_step(shown) for _ in range(8)]
    first = Trainer(tiny(), settings)
    found = [first.train_step(shown) for _ in range(3)]
    second = Trainer(tiny(seed=9), settings)
    second.load(first.state())
    found += [second.train_step(shown) for _ in range(5)]
    assert found == wanted
    assert second.evaluate(shown) == straight.evaluate(shown)


def test_a_share_of_the_graphs_loses_its_condition() -> None:
    shown = batch()
    given = Trainer(tiny(), TrainingSettings(dropped=0.0)).train_step(shown)
    dropped = Trainer(tiny(), TrainingSettings(dropped=1.0)).train_step(shown)
    assert given.total != dropped.total


def test_unequal_hazards_weigh_the_holes() -> None:
    task, chance = condition("lists"), random.Random(0)
    encoder = Encoder(task, Vocabulary(UNIFORM))
    derivation = task.grammar.derive(task.grammar.sample(chance, 12))
    assert derivation is not None
    key = derivation.production.key
    settings = StateSettings(diffusion=4, edits=0, hazards={key: 3.0})
    size = derivation.term.size
    for graph in training_graphs(encoder, derivation, chance, settings):
        assert float(graph.hole_weights.sum()) == pytest.approx(size, rel=1e-5)
