"""Training of a guide as a piece of work of a pool."""

from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.spec import Example, Function, Spec
from dsl.types import parse_type
from store.drafts import Draft
from wake_sleep.generation import Generation
from wake_sleep.model import pacing
from wake_sleep.model.cost_training import CostTrainer
from wake_sleep.model.guide import Guide
from wake_sleep.sleep.dreaming import DreamSettings, dream
from wake_sleep.sleep.dreams import observe_dreams
from wake_sleep.sleep.guide_training import GuideTraining, train_guide
from wake_sleep.sleep.refit import fit_weights
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.sleep.training_work import FEWEST_LESSONS, Material, Solved, Trained
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.pool import Pool, Work
from wake_sleep.wake.pool.errors import Interrupted
from wake_sleep.wake.pool.local import LocalPool
from wake_sleep.wake.pool.solver import Solver
from wake_sleep.wake.solve import SolveSettings, Strategy, guidance_of, solve_spec

TYPE = parse_type("int -> int -> int")
REQUESTS = (DreamRequest(TYPE, ((1, 2), (0, 7), (5, 5), (-3, 4), (9, -8), (2, 1))),)


def spec_of(examples: tuple[tuple[tuple[object, ...], object], ...]) -> Spec:
    function = Function("f", tuple((f"x{i}", t) for i, t in enumerate(TYPE.parameters)), TYPE.result)
    return Spec((function,), "integers", examples=tuple(Example("f", i, o) for i, o in examples))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def training() -> GuideTraining:
    integers = load_domain("integers")
    dreams = tuple(dream(integers, REQUESTS, 400, settings=DreamSettings(candidates=4_000)))
    spec = spec_of(dreams[0].examples)
    solved = (Solved(spec, spec.functions[0], dreams[0].program),)
    base = fit_weights(observe_dreams(dreams, integers))
    material = Material("integers", dreams, solved, (), 3)
    return GuideTraining(
        material=material, requests=REQUESTS, base=base, former=None, steps=40, seconds=None, draft=Draft(None, "")
    )


@pytest.fixture(scope="module")
def trained(training: GuideTraining) -> Trained:
    return training.perform(Solver())


class StoppedPool(Pool):
    """A pool that a user has stopped."""

    def submit(self, work: Work) -> None:
        pass

    def collect(self) -> None:
        return None

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def ask(pool: Pool, training: GuideTraining, steps: int | None, seconds: float | None) -> Trained:
    return train_guide(
        pool,
        training.material,
        training.requests,
        training.base,
        training.former,
        steps=steps,
        seconds=seconds,
        draft=training.draft,
    )


def test_solutions_count_more_than_dreams(training: GuideTraining) -> None:
    material = training.material
    lessons = material.lessons()
    first, second, *_ = lessons
    assert first.program is material.solved[0].form
    assert first.weight > second.weight
    assert len(lessons) == 1 + len(material.dreams)


def test_a_guide_is_trained_and_scored(trained: Trained) -> None:
    assert trained.content is not None
    assert trained.nats is not None
    assert trained.base_nats is not None
    assert trained.nats < trained.base_nats
    assert "is used" in trained.told
    assert trained.steps == 40
    assert Guide.from_bytes(trained.content, "integers").training["lessons"] == trained.lessons


def test_equal_seeds_give_equal_guides_here_and_in_a_pool(training: GuideTraining, trained: Trained) -> None:
    assert ask(LocalPool(), pickle.loads(pickle.dumps(training)), 40, None) == trained


def test_a_training_that_was_killed_goes_on_where_it_was(
    training: GuideTraining, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "KEPT_EVERY", 0.0)
    kept = dataclasses.replace(training, draft=Draft(tmp_path / "guide", "key"))
    step = CostTrainer._one_step

    def killed(trainer: CostTrainer) -> tuple[float, float, int]:
        if trainer.step == 25:
            raise KeyboardInterrupt
        return step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(CostTrainer, "_one_step", killed)
        with pytest.raises(KeyboardInterrupt):
            kept.perform(Solver())
    assert kept.perform(Solver()) == dataclasses.replace(trained, resumed=25)
    # It is done then, and only the guide is made of it again.
    assert kept.perform(Solver()) == dataclasses.replace(trained, resumed=40)


def test_a_state_that_cannot_be_kept_is_told_of(training: GuideTraining, trained: Trained, tmp_path: Path) -> None:
    told = dataclasses.replace(training, draft=Draft(tmp_path / "none" / "guide", "key")).perform(Solver())
    assert told.unkept is not None
    assert "No such file" in told.unkept
    assert dataclasses.replace(told, unkept=None) == trained


def test_a_guide_goes_on_with_a_former_one(training: GuideTraining, trained: Trained) -> None:
    assert trained.content is not None
    former = Guide.from_bytes(trained.content)
    later = dataclasses.replace(training, former=former, steps=5).perform(Solver())
    assert later.nats is not None
    assert trained.base_nats is not None
    assert later.nats < trained.base_nats


def test_time_bounds_a_training(training: GuideTraining) -> None:
    assert len(training.material.lessons(most=150)) == 1 + 150
    assert dataclasses.replace(training, seconds=2.0).most_lessons(75) == 150
    told = ask(LocalPool(), training, None, 3.0)
    assert told.content is None
    assert "no guide" in told.told


def test_few_lessons_make_no_guide(training: GuideTraining) -> None:
    material = dataclasses.replace(training.material, dreams=training.material.dreams[: FEWEST_LESSONS // 2])
    few = dataclasses.replace(training, material=material).perform(Solver())
    assert few.content is None
    assert "too few" in few.told


def test_no_steps_make_no_guide(training: GuideTraining) -> None:
    assert ask(StoppedPool(), training, 0, None).content is None


def test_a_stopped_pool_interrupts_the_training(training: GuideTraining) -> None:
    with pytest.raises(Interrupted):
        ask(StoppedPool(), training, 40, None)
    assert training.lost().content is None


def test_a_guide_corrects_the_weights_of_each_spec(training: GuideTraining, trained: Trained) -> None:
    assert trained.content is not None
    guide = Guide.from_bytes(trained.content)
    generation = Generation("integers-1", "integers", (), training.base, guide)
    settings = generation.applied_to(SolveSettings(strategy=Strategy.SYMBOLIC))
    specs = [spec_of(one.examples) for one in (training.material.dreams[1], training.material.dreams[-1])]
    weights = [guidance_of(spec, spec.functions[0], settings).learned for spec in specs]
    assert weights[0] != weights[1]
    assert weights[0] == guide.weights(specs[0])
    assert solve_spec(specs[0], settings).status is Status.SOLVED


def test_a_guide_travels_as_its_file(trained: Trained) -> None:
    assert trained.content is not None
    guide = Guide.from_bytes(trained.content)
    first, second = (pickle.loads(pickle.dumps(guide)) for _ in range(2))
    assert first is second
    assert first.content == trained.content
