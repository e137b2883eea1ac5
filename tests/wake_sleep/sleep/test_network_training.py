"""The diffusion network: its corpus, its training, and that it can be resumed."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from dsl.probability import ProbabilisticGrammar
from tests.wake_sleep.model.guides import SETTINGS, TINY, corpus, guide, lessons, trained
from wake_sleep.model.checkpoint import network_from_bytes, network_to_bytes
from wake_sleep.model.conditioning import task_features
from wake_sleep.model.pacing import Progress
from wake_sleep.model.states import StateSettings
from wake_sleep.model.threads import one_thread
from wake_sleep.sleep.network_corpus import NetworkCorpus
from wake_sleep.sleep.network_training import NetworkTrainer, NetworkTrainingSettings, train_network


@pytest.fixture(autouse=True)
def _single_thread() -> Iterator[None]:
    with one_thread():
        yield


def test_a_shard_is_a_function_of_its_number() -> None:
    states = StateSettings()
    first, again, other = (corpus().shard(number, 10, states).to_bytes() for number in (3, 3, 4))

    assert first == again
    assert first != other


def test_an_epoch_has_every_program_once_and_hides_something_else_the_next_time() -> None:
    own = corpus()
    total = len(own.learned)
    whole = StateSettings(diffusion=1, edits=0)
    first, second = own.shard(0, total, whole), own.shard(1, total, whole)

    assert len(first) == len(second) == total
    assert sorted(own._order(0)) == sorted(own._order(1)) == list(range(total))
    assert first.to_bytes() != second.to_bytes()


def test_what_counts_for_several_is_learned_as_often() -> None:
    own = corpus()
    heavy = [dataclasses.replace(lesson, weight=3.0) for lesson in lessons()[:20]]
    repeated = NetworkCorpus.of(own.domain, own.guide, heavy, validation=0.0)

    assert len(repeated.learned) == 60
    assert not repeated.kept_back


def test_the_network_begins_at_what_the_guide_says_of_each_task() -> None:
    score = NetworkTrainer(corpus(), SETTINGS).score()
    base = ProbabilisticGrammar(corpus().kept_back[0].grammar, guide().base)
    counted = [-base.log_likelihood(lesson.program) for lesson in corpus().kept_back]

    assert score.programs == len(counted) > 10
    assert score.counted == pytest.approx(statistics.mean(counted), abs=1e-3)
    assert score.guided < score.counted
    assert score.nats == pytest.approx(score.guided, rel=0.25)


def test_training_describes_programs_better_than_the_guide_does() -> None:
    score = trained().score()

    assert score.nats < score.guided - 0.1
    assert score.gain > 0.3


def test_training_that_is_resumed_goes_on_exactly() -> None:
    first = NetworkTrainer(corpus(), SETTINGS)
    first.run(steps=30)
    second = NetworkTrainer(corpus(), SETTINGS)
    second.resume(first.state())
    second.run()

    assert second.step == SETTINGS.steps
    assert network_to_bytes(second.network()) == network_to_bytes(trained().network())


def test_progress_is_told() -> None:
    told: list[Progress] = []
    NetworkTrainer(corpus(), SETTINGS).run(steps=4, report=told.append, every=2)

    assert [each.step for each in told] == [2, 4]
    assert all(each.nats > 0 and each.items_per_second > 0 for each in told)


def test_a_time_may_bound_the_training() -> None:
    trainer = NetworkTrainer(corpus(), dataclasses.replace(SETTINGS, steps=1_000_000, seconds=0.01))
    trainer.run()

    assert trainer.step == 1


def test_training_does_not_touch_the_random_numbers_of_others() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    NetworkTrainer(corpus(), SETTINGS).run(steps=1)

    assert torch.equal(torch.rand(2), wanted)


def test_a_network_goes_with_its_guide_and_may_be_the_beginning_of_another() -> None:
    settings = dataclasses.replace(SETTINGS, steps=2)
    former = network_from_bytes(network_to_bytes(trained().network(), half=False))
    network, score = train_network("integers", lessons(), guide(), former=former, settings=settings)

    assert network.settings.guide == guide().digest
    assert network.settings.task_features == task_features(guide())
    assert score.gain > 0.3
    with pytest.raises(ValueError, match="has the shape"):
        train_network("integers", lessons(), guide(), former=network, settings=NetworkTrainingSettings(device="cpu"))


def test_a_trainer_needs_a_lesson() -> None:
    with pytest.raises(ValueError, match="no lesson"):
        train_network("integers", [], guide(), settings=SETTINGS)


@pytest.mark.parametrize("is_corrected", [True, False])
def test_a_network_may_correct_base_weights_or_what_the_guide_says(is_corrected: bool) -> None:
    own = dataclasses.replace(corpus(), is_corrected=is_corrected)
    pack = own.shard(0, 20, StateSettings(edits=0))
    score = NetworkTrainer(own, dataclasses.replace(SETTINGS, backbone=TINY)).score()

    assert all(np.isclose(np.exp(logs).sum(), 1.0, atol=1e-4) for logs in pack.table.log_base)
    assert (score.guided < score.counted) is is_corrected
