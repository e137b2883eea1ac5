"""Training of a network as a piece of work of a pool, and what a night makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from dsl.source import Source
from dsl.spec import Budget, Example, Function, Spec, Task, task_from_examples
from dsl.sygus.reader import read_sygus
from store.drafts import Draft
from store.records import NewRun
from store.repository import Store
from tests.wake_sleep.model.guides import TYPE, dreams, guide
from wake_sleep.config import TrainSettings
from wake_sleep.cycle import generation_of
from wake_sleep.generation import Generation
from wake_sleep.model import pacing
from wake_sleep.model.network_file import CheckpointError
from wake_sleep.sleep import night
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.network_training import NetworkTrainer
from wake_sleep.sleep.night import drafts_of, sleep
from wake_sleep.sleep.proposer_training import FEWEST_SECONDS, ProposerTraining, train_proposer
from wake_sleep.sleep.training_work import FEWEST_LESSONS, Material, Solved, Trained
from wake_sleep.wake.outcome import FoundBy, Status
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.pool.local import LocalPool
from wake_sleep.wake.pool.solver import Solver
from wake_sleep.wake.proposing import Proposer
from wake_sleep.wake.solve import SolveSettings, Strategy, solve_spec

STEPS = 8

CONDITION = """
(set-logic LIA)
(synth-fun f ((x Int)) Int)
(declare-var x Int)
(constraint (= (f x) (+ x 1)))
(check-synth)
"""


def spec_of(dream: Dream) -> Spec:
    function = Function("f", tuple((f"x{i}", t) for i, t in enumerate(TYPE.parameters)), TYPE.result)
    return Spec((function,), "integers", examples=tuple(Example("f", i, o) for i, o in dream.examples))


@pytest.fixture(scope="module")
def training() -> ProposerTraining:
    spec = spec_of(dreams()[0])
    solved = (Solved(spec, spec.functions[0], dreams()[0].program),)
    material = Material("integers", dreams(), solved, (), 3)
    return ProposerTraining(
        material=material, guide=guide(), former=None, steps=STEPS, seconds=None, draft=Draft(None, "")
    )


@pytest.fixture(scope="module")
def trained(training: ProposerTraining) -> Trained:
    return training.perform(Solver())


def test_a_network_is_trained_and_scored_beside_its_guide(trained: Trained) -> None:
    assert trained.steps == STEPS
    assert trained.nats is not None
    assert trained.base_nats is not None
    assert (trained.content is not None) is (trained.nats < trained.base_nats)
    assert f"{trained.nats:.2f} nats a program" in trained.told


def test_a_training_can_begin_with_the_network_of_the_night_before(
    training: ProposerTraining, trained: Trained
) -> None:
    assert trained.content is not None
    again = dataclasses.replace(training, former=trained.content, steps=1)
    made = again.perform(Solver())
    assert made.nats is not None
    assert made.nats not in (trained.nats, trained.base_nats)
    # Equal seeds give equal networks.
    assert again.perform(Solver()) == made
    with pytest.raises(CheckpointError, match="no checkpoint"):
        dataclasses.replace(training, former=b"nothing").perform(Solver())


def test_of_few_lessons_no_network_is_made(training: ProposerTraining) -> None:
    material = dataclasses.replace(training.material, dreams=training.material.dreams[: FEWEST_LESSONS // 2])
    told = dataclasses.replace(training, material=material).perform(Solver())
    assert told.content is None
    assert "too few" in told.told


@pytest.mark.parametrize(
    ("steps", "seconds", "guided", "told"),
    [
        (0, None, True, None),
        (None, None, True, None),
        (None, FEWEST_SECONDS - 1, True, None),
        (5, None, False, "no network: there is no guide to read tasks for it"),
    ],
)
def test_a_network_that_is_not_wanted_or_cannot_be_is_not_trained(
    steps: int | None, seconds: float | None, guided: bool, told: str | None
) -> None:
    content = guide().content if guided else None
    material = Material("integers", dreams(), (), (), 0)
    made = train_proposer(LocalPool(), material, content, None, steps=steps, seconds=seconds, draft=Draft(None, ""))
    assert (None if made is None else made.told) == told


def test_a_night_that_was_broken_off_publishes_a_network_that_the_next_wake_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "KEPT_EVERY", 0.0)
    settings = TrainSettings(dreams=300, train_steps=40, network_steps=STEPS)
    tasks = {f"t{i}": Task(f"t{i}", spec_of(one)) for i, one in enumerate(dreams()[:30:3])}
    with Store.open(tmp_path / "runs.db") as store:
        run = store.begin_run(NewRun("train", {}, "a", "b", 1, "0")).id
        store.begin_cycle(run, 1, {}, phase="sleep")
        with monkeypatch.context() as patch:
            patch.setattr(NetworkTrainer, "_one_step", _until(5))
            with pytest.raises(Interrupted):
                sleep(store, run, 1, tasks, Generation(domain="integers"), LocalPool(), settings)
        assert not store.generations("integers")
        with monkeypatch.context() as patch:
            patch.delattr(night, "dream_in_parts")  # the dreams are there
            sleep(store, run, 1, tasks, Generation(domain="integers"), LocalPool(), settings)
        (record,) = store.generations("integers")
        told = {event.kind: event for event in store.events(run) if event.kind in ("costs", "network")}
        assert (told["costs"].data["resumed"], told["network"].data["resumed"]) == (40, 5)
        assert "a network proposes programs" in told["network"].message
        drafts_of(store, run, 1, "integers").discard()
        assert not list(tmp_path.glob("**/drafts/*"))
        generation = generation_of(store, record)
        assert generation.proposer is not None
        assert generation.proposer.guide is generation.guide
        easy = min((one for one in dreams() if one.size >= 3), key=lambda one: one.size)
        alone = SolveSettings(strategy=Strategy.NEURAL)
        outcome = solve_spec(spec_of(easy), generation.applied_to(alone))
        assert (outcome.status, outcome.found_by, outcome.notes) == (Status.SOLVED, FoundBy.DIFFUSION, ())
        assert record.network is not None
        assert store.artifacts.folder is not None
        path = store.artifacts.folder / "network" / record.network
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(Exception, match=record.network):
            generation_of(store, record)


def _until(last: int) -> Callable[[NetworkTrainer], tuple[float, float, int]]:
    """A step that is broken off after some."""
    step = NetworkTrainer._one_step

    def broken(trainer: NetworkTrainer) -> tuple[float, float, int]:
        if trainer.step == last:
            raise KeyboardInterrupt
        return step(trainer)

    return broken


def test_a_strategy_that_needs_a_network_and_has_none_says_so() -> None:
    outcome = solve_spec(spec_of(dreams()[0]), SolveSettings(strategy=Strategy.NEURAL))
    assert outcome.status is Status.SOLVED
    assert "has no network" in outcome.notes[0]


def test_a_problem_that_a_network_is_not_for_says_so(trained: Trained) -> None:
    assert trained.content is not None
    settings = SolveSettings(strategy=Strategy.NEURAL, proposer=Proposer.of(trained.content, guide()))
    other = task_from_examples("f", [(("a",), "b"), (("c",), "d")], domain="strings").spec
    outcome = solve_spec(other, dataclasses.replace(settings, budget=Budget(candidates=500)))
    assert outcome.notes == ("the network of 'none' is one of integers; strings searched without it",)
    condition = read_sygus(Source(CONDITION), None)
    outcome = solve_spec(condition, settings)
    assert outcome.status is Status.SOLVED
    assert outcome.notes == (
        "the network proposes programs for examples only; what has conditions was searched without it",
    )


def test_a_proposer_needs_the_guide_of_its_network(trained: Trained) -> None:
    assert trained.content is not None
    assert Proposer.of(trained.content, guide()).guide is guide()
    with pytest.raises(CheckpointError, match="there is none"):
        Proposer.of(trained.content, None)
    with pytest.raises(CheckpointError, match="no checkpoint"):
        Proposer.of(trained.content[:50], guide())
