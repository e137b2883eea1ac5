"""Packed graphs."""

from __future__ import annotations

import dataclasses
import random

import numpy as np
import pytest

from dsl.probability import UNIFORM
from tests.wake_sleep.model.examples import condition
from wake_sleep.model.encode import Encoder
from wake_sleep.model.graph import Graph, collate
from wake_sleep.model.packing import Pack, PackError
from wake_sleep.model.states import training_graphs
from wake_sleep.model.symbols import Vocabulary


def graphs() -> tuple[list[Graph], Vocabulary]:
    vocabulary, chance, found = Vocabulary(UNIFORM), random.Random(0), list[Graph]()
    for name in ("lists", "strings"):
        task = condition(name)
        encoder = Encoder(task, vocabulary)
        for _ in range(4):
            derivation = task.grammar.derive(task.grammar.sample(chance, 9))
            assert derivation is not None
            found += training_graphs(encoder, derivation, chance)
    return found, vocabulary


def test_a_pack_that_was_written_and_read_gives_the_same_batches() -> None:
    made, vocabulary = graphs()
    numbers = [3, 0, len(made) - 1]
    direct = collate([made[i] for i in numbers], vocabulary)
    packed = Pack.from_bytes(Pack.of(made, vocabulary).to_bytes())
    assert len(packed) == len(made)
    read = packed.batch(numbers)
    for field in dataclasses.fields(direct):
        wanted, found = getattr(direct, field.name), getattr(read, field.name)
        if field.name == "levels":
            pairs = [(a.edges, b.edges) for a, b in zip(wanted, found, strict=True)]
        else:
            pairs = [(wanted, found)]
        for a, b in pairs:
            assert np.allclose(a.numpy(), b.numpy(), atol=1e-3), field.name


def test_equal_graphs_give_equal_bytes() -> None:
    assert Pack.of(*graphs()).to_bytes() == Pack.of(*graphs()).to_bytes()


def test_what_is_no_pack_is_said_so() -> None:
    with pytest.raises(PackError, match="no pack of graphs"):
        Pack.from_bytes(b"anything")
    content = Pack.of(*graphs()).to_bytes()
    with pytest.raises(PackError):
        Pack.from_bytes(content[: len(content) // 2])
