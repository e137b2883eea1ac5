"""The cost head: its corpus, its training, and the guide that comes of it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from dsl.domain import Domain, load_domain
from dsl.probability import ProbabilisticGrammar, Weights
from dsl.spec import Budget, Example, Function, Hints, Spec
from dsl.types import parse_type
from wake_sleep.model.choices import OTHER, Stands, choice_space
from wake_sleep.model.cost_head import HeadSettings
from wake_sleep.model.cost_training import CostTrainer, CostTrainingSettings, train_costs
from wake_sleep.model.features import STATED, hint_features
from wake_sleep.model.guide import FORMAT, Guide, GuideError, language_identity
from wake_sleep.sleep.cost_corpus import CostCorpus, Lesson, build_corpus, lessons_of_dreams
from wake_sleep.sleep.dreaming import DreamSettings, dream
from wake_sleep.sleep.dreams import Dream, observe_dreams
from wake_sleep.sleep.refit import fit_weights
from wake_sleep.sleep.requests import DreamRequest
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.solve import SolveSettings, Strategy, solve_spec

TYPE = parse_type("int -> int -> int")
REQUESTS = (DreamRequest(TYPE, ((1, 2), (0, 7), (5, 5), (-3, 4), (9, -8), (2, 1))),)
SETTINGS = CostTrainingSettings(
    steps=120, batch=64, learning_rate=5e-3, warm_up=5, ema=0.9, head=HeadSettings(hidden=32, rank=16)
)


@pytest.fixture(scope="module")
def integers() -> Domain:
    return load_domain("integers")


@pytest.fixture(scope="module")
def dreams(integers: Domain) -> list[Dream]:
    return list(dream(integers, REQUESTS, 400, settings=DreamSettings(candidates=4_000)))


@pytest.fixture(scope="module")
def lessons(integers: Domain, dreams: Sequence[Dream]) -> list[Lesson]:
    return lessons_of_dreams(dreams, integers)


@pytest.fixture(scope="module")
def base(integers: Domain, dreams: Sequence[Dream]) -> Weights:
    return fit_weights(observe_dreams(dreams, integers))


@pytest.fixture(scope="module")
def corpus(integers: Domain, lessons: Sequence[Lesson], base: Weights) -> CostCorpus:
    return build_corpus(integers, lessons, base, REQUESTS, validation=0.2)


@pytest.fixture(scope="module")
def guide(corpus: CostCorpus) -> Guide:
    trainer = CostTrainer(corpus, SETTINGS)
    trainer.run()
    return trainer.guide()


def spec_of(dreamt: Dream, hints: Hints | None = None) -> Spec:
    function = Function("f", tuple((f"x{i}", t) for i, t in enumerate(TYPE.parameters)), TYPE.result)
    examples = tuple(Example("f", given, output) for given, output in dreamt.examples)
    return Spec((function,), "integers", examples=examples, hints=hints or Hints())


def test_the_choices_of_a_program_have_its_probability_under_the_base_weights(
    lessons: Sequence[Lesson], base: Weights
) -> None:
    space = choice_space(((each.grammar, each.program) for each in lessons), base, least_uses=1)
    stands = Stands(space, base)

    for lesson in lessons[:40]:
        choices = stands.choices(lesson.grammar, lesson.program)
        assert choices is not None
        total = sum(float(stands.log_base[stand][key]) for stand, key in choices)
        assert total == pytest.approx(
            ProbabilisticGrammar(lesson.grammar, base).log_likelihood(lesson.program), abs=1e-4
        )


def test_every_stand_gives_all_that_there_is_to_keys_and_the_rest(corpus: CostCorpus) -> None:
    assert np.allclose(np.exp(corpus.log_base).sum(1), 1.0, atol=1e-5)
    assert corpus.choices.contexts[0] == OTHER


def test_a_corpus_is_a_function_of_lessons_and_seed(
    integers: Domain, lessons: Sequence[Lesson], base: Weights, corpus: CostCorpus
) -> None:
    again = build_corpus(integers, lessons, base, corpus.features.probes, validation=0.2)
    other = build_corpus(integers, lessons, base, corpus.features.probes, validation=0.2, seed=1)

    assert all(np.array_equal(a.answers, b.answers) for a, b in zip(again.groups, corpus.groups, strict=True))
    assert [len(group) for group in other.validation] != [len(group) for group in corpus.validation] or not all(
        np.array_equal(a.keys, b.keys) for a, b in zip(other.groups, corpus.groups, strict=True)
    )
    assert len(corpus) + sum(map(len, corpus.validation)) == len(lessons)
    hinted = corpus.groups[0].stated[:, STATED.index("size stated")]
    assert 0.0 < hinted.mean() < 0.3


def test_corrections_start_at_zero(corpus: CostCorpus, dreams: Sequence[Dream]) -> None:
    trainer = CostTrainer(corpus, SETTINGS)
    score = trainer.score()
    layout = corpus.features.layout(TYPE)
    query = trainer.guide().query(layout.columns, layout.answers(dreams[0].examples), hint_features(Hints()))

    assert score.gain == pytest.approx(0.0, abs=1e-4)
    assert not query.any()


def test_training_describes_programs_better_than_the_base_weights_do(corpus: CostCorpus) -> None:
    trainer = CostTrainer(corpus, SETTINGS)
    trainer.run()

    assert trainer.score().gain > 0.3
    assert trainer.score(corpus.groups).gain > trainer.score().gain


def test_training_that_is_resumed_goes_on_exactly(corpus: CostCorpus, guide: Guide) -> None:
    first = CostTrainer(corpus, SETTINGS)
    first.run(steps=50)
    second = CostTrainer(corpus, SETTINGS)
    second.resume(first.state())
    second.run()

    assert second.step == SETTINGS.steps
    assert second.guide().to_bytes() == guide.to_bytes()


def test_training_may_begin_with_a_former_guide(corpus: CostCorpus, guide: Guide) -> None:
    assert CostTrainer(corpus, SETTINGS, guide).score().gain > 0.3
    with pytest.raises(ValueError, match="of shape"):
        CostTrainer(corpus, dataclasses.replace(SETTINGS, head=HeadSettings(hidden=16, rank=16)), guide)


def test_training_does_not_touch_the_random_numbers_of_others(corpus: CostCorpus) -> None:
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    CostTrainer(corpus, SETTINGS).run(steps=1)

    assert torch.equal(torch.rand(2), wanted)


def test_the_weights_of_a_guide_are_those_that_the_head_was_trained_to_give(
    corpus: CostCorpus, guide: Guide, lessons: Sequence[Lesson]
) -> None:
    trainer = CostTrainer(corpus, SETTINGS)
    trainer.run()
    nats = []
    group = corpus.groups[0]
    layout = corpus.features.layout(TYPE)
    with torch.no_grad():
        head = trainer._average
        answers = torch.from_numpy(group.answers[:1].astype(np.float32))
        query = head.queries(torch.from_numpy(group.columns), answers, torch.from_numpy(group.stated[:1]).float())
        scores = head.corrections(query[0]).numpy()
    own = guide.query(layout.columns, group.answers[0].astype(np.float32), group.stated[0].astype(np.float32))

    assert np.allclose(own, query[0].numpy(), atol=1e-4)
    assert np.allclose(guide.corrections(own), scores, atol=1e-4)
    for lesson in lessons[:60]:
        weights = guide.weights_of(TYPE, lesson.examples, hint_features(Hints()))
        own_nats = -ProbabilisticGrammar(lesson.grammar, weights).log_likelihood(lesson.program)
        base_nats = -ProbabilisticGrammar(lesson.grammar, guide.base).log_likelihood(lesson.program)
        nats.append(base_nats - own_nats)
        assert math.isfinite(own_nats)
    assert sum(nats) / len(nats) > 0.3


def test_a_guide_is_read_back_as_it_was(guide: Guide, dreams: Sequence[Dream]) -> None:
    content = guide.to_bytes()
    read = Guide.from_bytes(content, "integers")
    spec = spec_of(dreams[3])

    assert read.identity == guide.identity
    assert read.training == json.loads(json.dumps(dict(guide.training)))
    assert read.to_bytes() == content
    assert read.weights(spec) == Guide.from_bytes(content).weights(spec)


def test_hints_change_the_weights(guide: Guide, dreams: Sequence[Dream]) -> None:
    assert guide.weights(spec_of(dreams[0])) != guide.weights(spec_of(dreams[0], Hints(maximum_size=3)))


def test_a_search_goes_by_the_weights_of_a_guide(guide: Guide, dreams: Sequence[Dream]) -> None:
    spec = spec_of(dreams[-1])
    settings = SolveSettings(budget=Budget(candidates=50_000), strategy=Strategy.SYMBOLIC)
    outcome = solve_spec(spec, dataclasses.replace(settings, weights=guide.weights(spec)))

    assert outcome.status is Status.SOLVED


def test_a_guide_without_examples_still_has_weights(guide: Guide) -> None:
    spec = dataclasses.replace(spec_of(_anything()), examples=())

    assert guide.weights(spec).contextual.keys() == guide.base.contextual.keys()


def _anything() -> Dream:
    domain = load_domain("integers")
    return Dream(
        REQUESTS[0],
        domain.parse("(lambda (lambda (+ $0 $1)))"),
        domain.parse("(lambda (lambda (+ $0 $1)))"),
        (),
        "",
        0.0,
    )


@pytest.mark.parametrize("content", [b"", b"guide", b"\x00" * 64])
def test_what_is_no_guide_is_refused(content: bytes) -> None:
    with pytest.raises(GuideError, match="no guide"):
        Guide.from_bytes(content)


def test_a_truncated_guide_is_refused(guide: Guide) -> None:
    with pytest.raises(GuideError, match="damaged"):
        Guide.from_bytes(guide.to_bytes()[:-100])


def test_a_guide_of_another_version_domain_or_language_is_refused(guide: Guide) -> None:
    content = guide.to_bytes()
    version = f'\\"format\\": {FORMAT}'.encode()
    language = language_identity(load_domain("integers")).encode()

    assert version in content
    assert language in content
    with pytest.raises(GuideError, match="format 9"):
        Guide.from_bytes(content.replace(version, b'\\"format\\": 9'))
    with pytest.raises(GuideError, match="not for strings"):
        Guide.from_bytes(content, "strings")
    with pytest.raises(GuideError, match="changed"):
        Guide.from_bytes(content.replace(language, b"0" * len(language)))


def test_train_costs_is_deterministic(integers: Domain, lessons: Sequence[Lesson], base: Weights) -> None:
    settings = dataclasses.replace(SETTINGS, steps=10)
    first = train_costs(build_corpus(integers, lessons, base, REQUESTS), settings=settings)
    second = train_costs(build_corpus(integers, lessons, base, first.features.probes), settings=settings)

    assert first.to_bytes() == second.to_bytes()
    assert first.training["validation"]["tasks"] > 0


def test_a_trainer_needs_a_lesson(integers: Domain, base: Weights) -> None:
    with pytest.raises(ValueError, match="no lesson"):
        CostTrainer(build_corpus(integers, [], base, REQUESTS), SETTINGS)


def test_features_that_never_vary_are_left_out(corpus: CostCorpus, dreams: Sequence[Dream]) -> None:
    (group,) = corpus.groups
    layout = corpus.features.layout(TYPE)

    assert (group.answers.max(0) != group.answers.min(0)).all()
    assert np.array_equal(group.columns, layout.columns)
    assert layout.answers(dreams[0].examples).shape == group.answers.shape[1:]
