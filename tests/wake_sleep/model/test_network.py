"""The network: shapes, equivariance, small graphs, passes, seeds, what it may see."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from dsl.probability import UNIFORM
from tests.wake_sleep.model.examples import condition, tiny
from wake_sleep.model.backbones import BACKBONES, BackboneSettings
from wake_sleep.model.condition import Condition
from wake_sleep.model.diffusion import shown_after
from wake_sleep.model.encode import Encoder
from wake_sleep.model.graph import Batch, Graph, collate
from wake_sleep.model.network import Network, NetworkSettings, Prediction
from wake_sleep.model.partial import PartialDerivation
from wake_sleep.model.symbols import Vocabulary

SHAPES: list[dict[str, Any]] = [
    {"kind": "unet", "pooling": "tree"},
    {"kind": "unet", "pooling": "tree", "convolutions": ("gatv2", "gatv2", "gcn")},
    {"kind": "unet", "pooling": "gpool"},
    {"kind": "flat"},
    {"kind": "transformer"},
    {"kind": "none"},
]
NAMES = ["unet", "unet-gatv2", "unet-gpool", "flat", "transformer", "none"]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=NAMES)


def graphs(count: int = 6, seed: int = 0) -> tuple[list[Graph], Vocabulary]:
    task, chance = condition("lists"), random.Random(seed)
    vocabulary = Vocabulary(UNIFORM)
    encoder, found = Encoder(task, vocabulary), list[Graph]()
    while len(found) < count:
        derivation = task.grammar.derive(task.grammar.sample(chance, 16))
        assert derivation is not None
        size = derivation.term.size
        if size > 3:
            found.append(encoder.encode(shown_after(task.grammar, derivation, chance.randrange(size), chance).state))
    return found, vocabulary


def permuted(graph: Graph, order: np.ndarray) -> Graph:
    """The graph with node ``order[i]`` in place i."""
    place = np.argsort(order)
    return replace(
        graph,
        kinds=graph.kinds[order],
        symbols=graph.symbols[order],
        features=graph.features[order],
        edges=place[graph.edges][:, ::-1],
        relations=graph.relations[::-1],
        parents=np.where(graph.parents < 0, -1, place[graph.parents])[order],
        depth=graph.depth[order],
        holes=place[graph.holes],
    )


def said(network: Network, batch: Batch) -> Prediction:
    with torch.no_grad():
        found: list[Prediction] = network(batch)
    return found[-1]


@every_shape
def test_the_order_of_the_nodes_does_not_matter(shape: dict[str, Any]) -> None:
    made, vocabulary = graphs()
    chance = np.random.default_rng(0)
    network = tiny(**shape)
    # The root stays first, as roots do; two examples that look alike would tie in the scores of gPool.
    orders = [np.concatenate([[0], 1 + chance.permutation(len(graph) - 1)]) for graph in made]
    plain = said(network, collate(made, vocabulary))
    moved = said(network, collate([permuted(g, o) for g, o in zip(made, orders, strict=True)], vocabulary))
    assert torch.allclose(plain.productions, moved.productions, atol=1e-5)
    assert torch.allclose(plain.values, moved.values, atol=1e-5)
    starts = np.cumsum([0, *map(len, made)])
    whole = np.concatenate([order + start for order, start in zip(orders, starts, strict=False)])
    assert torch.allclose(plain.edits[torch.from_numpy(whole)], moved.edits, atol=1e-5)


@every_shape
def test_a_graph_says_the_same_alone_and_among_others(shape: dict[str, Any]) -> None:
    made, vocabulary = graphs()
    network = tiny(**shape)
    together = said(network, collate(made, vocabulary))
    alone = [said(network, collate([graph], vocabulary)) for graph in made]
    assert torch.allclose(together.values, torch.cat([a.values for a in alone]), atol=1e-5)
    assert torch.allclose(together.edits, torch.cat([a.edits for a in alone]), atol=1e-5)


@every_shape
def test_a_task_that_says_nothing_and_a_single_hole_are_a_graph(shape: dict[str, Any]) -> None:
    task = condition("lists")
    bare = Condition(task.grammar, task.domain, ())
    vocabulary = Vocabulary(UNIFORM)
    graph = Encoder(bare, vocabulary).encode(PartialDerivation(task.grammar))
    assert len(graph) == 2
    found = said(tiny(**shape), collate([graph], vocabulary))
    assert float(found.productions.exp().sum()) == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(found.values).all()


@every_shape
def test_one_node_without_an_edge_is_a_graph(shape: dict[str, Any]) -> None:
    made, vocabulary = graphs(1)
    (graph,) = made
    nothing = np.zeros(0, np.int64)
    signature = np.nonzero(graph.kinds == 2)[0]
    single = replace(
        graph,
        kinds=graph.kinds[signature],
        symbols=graph.symbols[signature],
        features=graph.features[signature],
        edges=nothing.reshape(2, 0),
        relations=nothing,
        parents=np.array([-1]),
        depth=np.array([0]),
        holes=nothing,
        menus=nothing,
        targets=nothing,
        hole_weights=np.zeros(0, np.float32),
    )
    found = said(tiny(**shape), collate([single], vocabulary))
    assert torch.isfinite(found.values).all()


@every_shape
def test_every_parameter_of_the_backbone_learns(shape: dict[str, Any]) -> None:
    made, vocabulary = graphs()
    network = tiny(**shape)
    found = network(collate(made, vocabulary))[-1]
    finite = found.productions[torch.isfinite(found.productions)]
    (finite.square().sum() + found.values.square().sum()).backward()
    idle = [name for name, p in network.backbone.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias of attention scores that all share cancels in the softmax.
    assert [name for name in idle if not name.endswith("project.bias")] == []


def test_each_pass_says_something_and_sends_no_gradient_to_the_one_before() -> None:
    made, vocabulary = graphs()
    network = tiny(passes=3)
    said_ = network(collate(made, vocabulary))
    assert len(said_) == 3
    assert not torch.allclose(said_[0].values, said_[1].values)
    captured: list[torch.Tensor] = []
    handle = network.backbone.register_forward_hook(lambda _, __, out: captured.append(out))
    last = network(collate(made, vocabulary))[-1]
    handle.remove()
    gradient = torch.autograd.grad(last.values.sum(), captured[0], allow_unused=True)[0]
    assert gradient is None


def test_equal_seeds_make_equal_networks_and_touch_no_other_random_number() -> None:
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    first, second, other = tiny(seed=1), tiny(seed=1), tiny(seed=2)
    assert torch.equal(torch.rand(1), wanted)
    pairs = list(zip(first.parameters(), second.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not all(torch.equal(a, c) for a, _, c in pairs)


def blind_values(task: Condition) -> Sequence[float]:
    vocabulary = Vocabulary(UNIFORM)
    encoder = Encoder(task, vocabulary)
    state = PartialDerivation(task.grammar)
    state.expand(0, next(p for p in task.grammar.productions(task.grammar.start) if repr(p.head) == "reverse"))
    found: list[float] = said(tiny(), collate([encoder.encode(state)], vocabulary, [False])).values.flatten().tolist()
    return found


def test_without_its_condition_a_graph_tells_nothing_of_the_examples() -> None:
    task = condition("lists")
    other = Condition(task.grammar, task.domain, tuple((given, (0,)) for given, _ in task.cases))
    assert blind_values(task) == pytest.approx(blind_values(other), abs=1e-6)


def test_the_first_network_begins_near_the_base_probabilities() -> None:
    made, vocabulary = graphs()
    batch = collate(made, vocabulary)
    found = said(Network(seed=0), batch)
    base = batch.menu_log_base[batch.hole_menus]
    inside = torch.isfinite(base)
    assert float((found.productions[inside] - base[inside]).abs().mean()) < 2
    assert torch.equal(torch.isfinite(found.productions), inside)


def test_the_network_has_about_a_million_parameters_and_every_backbone_a_name() -> None:
    assert 600_000 < Network(NetworkSettings()).size < 1_100_000
    assert set(BACKBONES) == {"unet", "flat", "transformer", "none"}


def test_task_features_reach_the_holes() -> None:
    task = condition("lists")
    network = Network(NetworkSettings(BackboneSettings(widths=(16, 24, 32)), task_features=3), seed=0)
    found = []
    for features in ([0.0, 0.0, 0.0], [1.0, 0.0, 1.0]):
        told = Condition(task.grammar, task.domain, task.cases, features=np.array(features, np.float32))
        vocabulary = Vocabulary(UNIFORM)
        graph = Encoder(told, vocabulary).encode(PartialDerivation(task.grammar))
        found.append(said(network, collate([graph], vocabulary)).productions)
    assert not torch.allclose(found[0], found[1])
