"""A small guide of the integers and a network that goes with it, trained for a moment; made once for all tests."""

from __future__ import annotations

import functools

from dsl.domain import load_domain
from dsl.types import parse_type
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.cost_head import HeadSettings
from wake_sleep.model.cost_training import CostTrainer, CostTrainingSettings
from wake_sleep.model.guide import Guide
from wake_sleep.sleep.cost_corpus import Lesson, build_corpus, lessons_of_dreams
from wake_sleep.sleep.dreaming import DreamSettings, dream
from wake_sleep.sleep.dreams import Dream, observe_dreams
from wake_sleep.sleep.network_corpus import NetworkCorpus
from wake_sleep.sleep.network_training import NetworkTrainer, NetworkTrainingSettings
from wake_sleep.sleep.refit import fit_weights
from wake_sleep.sleep.requests import DreamRequest

TYPE = parse_type("int -> int -> int")
REQUESTS = (DreamRequest(TYPE, ((1, 2), (0, 7), (5, 5), (-3, 4), (9, -8), (2, 1))),)
TINY = BackboneSettings(widths=(32, 48, 64))
SETTINGS = NetworkTrainingSettings(
    steps=60, batch=64, shard_steps=4, backbone=TINY, learning_rate=4e-3, ema=0.9, device="cpu"
)


@functools.lru_cache
def dreams() -> tuple[Dream, ...]:
    """Some hundred programs with examples."""
    return tuple(dream(load_domain("integers"), REQUESTS, 400, settings=DreamSettings(candidates=4_000)))


@functools.lru_cache
def lessons() -> tuple[Lesson, ...]:
    """The same as lessons."""
    return tuple(lessons_of_dreams(dreams(), load_domain("integers")))


@functools.lru_cache
def guide() -> Guide:
    """A guide trained on them; read from its file, as all guides are that are used."""
    domain = load_domain("integers")
    base = fit_weights(observe_dreams(dreams(), domain))
    settings = CostTrainingSettings(
        steps=60, batch=64, learning_rate=5e-3, warm_up=5, ema=0.9, head=HeadSettings(hidden=32, rank=16)
    )
    trainer = CostTrainer(build_corpus(domain, lessons(), base, REQUESTS), settings)
    trainer.run()
    return Guide.from_bytes(trainer.guide().to_bytes())


@functools.lru_cache
def corpus() -> NetworkCorpus:
    """What a network learns."""
    return NetworkCorpus.of(load_domain("integers"), guide(), lessons(), validation=0.1)


@functools.lru_cache
def trained() -> NetworkTrainer:
    """A trainer that is done; not to be gone on with."""
    trainer = NetworkTrainer(corpus(), SETTINGS)
    trainer.run()
    return trainer
