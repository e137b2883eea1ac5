"""What can stand in the place of the Graph U-Net: the same interface, other ways to look at a graph.

Every backbone maps the channels (N, D) of the nodes of a batch to channels (N, D). Whether the U-Net helps is measured
against these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.utils import to_dense_batch

from wake_sleep.model.coarsening import LEVELS
from wake_sleep.model.convolution import Block
from wake_sleep.model.graph import RELATIONS, Batch
from wake_sleep.model.unet import GraphUNet


@dataclass(frozen=True)
class BackboneSettings:
    """The shape of a backbone.

    Attributes:
        kind: ``unet``, ``flat`` (convolutions at one resolution), ``transformer`` or ``none`` (no look at the graph:
            what is left is the base grammar, corrected by type and task).
        widths: channels of each level of the U-Net, finest first; the first one is the width of all others.
        convolutions: ``gatv2`` or ``gcn`` for each level; the first one is that of the flat network.
        pooling: ``tree`` or ``gpool``.
        layers: of the flat network and the Transformer.
        heads: of the Transformer.
    """

    kind: str = "unet"
    widths: tuple[int, ...] = (96, 128, 192)
    convolutions: tuple[str, ...] = ("gcn", "gcn", "gcn")
    pooling: str = "tree"
    layers: int = 6
    heads: int = 4


class FlatGraphNetwork(nn.Module):
    """Convolutions at one resolution: what a signal cannot cross in as many steps as there are layers, it does not."""

    def __init__(self, settings: BackboneSettings) -> None:
        """Make as many blocks as there are layers."""
        super().__init__()
        width, convolution = settings.widths[0], settings.convolutions[0]
        self.blocks = nn.ModuleList(Block(width, convolution) for _ in range(settings.layers))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(N, D) to (N, D)."""
        level = batch.levels[0]
        for block in self.blocks:
            x = block(x, level.edges, level.relations)
        return x


class GraphTransformer(nn.Module):
    """Attention among all nodes of a graph, biased by the relation between two (Ying et al. 2021, *Graphormer*)."""

    def __init__(self, settings: BackboneSettings) -> None:
        """Make as many layers as the settings say."""
        super().__init__()
        self.layers = nn.ModuleList(_AttentionLayer(settings.widths[0], settings.heads) for _ in range(settings.layers))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(N, D) to (N, D)."""
        level = batch.levels[0]
        dense, present = to_dense_batch(x, level.graph, batch_size=batch.graphs)  # (G, n, D), (G, n)
        longest = present.shape[1]
        place = torch.cumsum(present.flatten(), 0).view_as(present) - 1  # (G, n): number of the node
        within = torch.empty_like(level.graph)
        within[place[present]] = torch.arange(longest, device=x.device).expand_as(present)[present]
        relation = level.relations.new_full((batch.graphs, longest, longest), RELATIONS)
        source, target = level.edges
        relation[level.graph[target], within[target], within[source]] = level.relations
        for layer in self.layers:
            dense = layer(dense, relation, present)
        out: Tensor = dense[present]
        return out


class _AttentionLayer(nn.Module):
    """Pre-norm attention and perceptron; a learned bias for each head and relation, and one for no relation."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before = nn.LayerNorm(width)
        self.project, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.bias = nn.Embedding(RELATIONS + 1, heads)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, relation: Tensor, present: Tensor) -> Tensor:
        """(G, n, D), with relations (G, n, n) from column to row and presence (G, n), to (G, n, D)."""
        graphs, nodes, width = x.shape
        shape = (graphs, nodes, 3, self.heads, width // self.heads)
        query, key, value = self.project(self.before(x)).view(shape).permute(2, 0, 3, 1, 4)  # each (G, h, n, D/h)
        bias = self.bias(relation).permute(0, 3, 1, 2)  # (G, h, n, n)
        bias = bias.masked_fill(~present[:, None, None, :], -1e9)
        seen = functional.scaled_dot_product_attention(query, key, value, bias)  # (G, h, n, D/h)
        x = x + self.out(seen.transpose(1, 2).reshape(graphs, nodes, width))
        out: Tensor = x + self.perceptron(x)
        return out


class NoBackbone(nn.Module):
    """No look at the graph."""

    def __init__(self, settings: BackboneSettings) -> None:
        """Make nothing."""
        super().__init__()
        del settings

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """(N, D) to itself."""
        del batch
        return x


def _unet(settings: BackboneSettings) -> nn.Module:
    return GraphUNet(settings.widths[:LEVELS], settings.convolutions[:LEVELS], settings.pooling)


BACKBONES: Final[Mapping[str, Callable[[BackboneSettings], nn.Module]]] = {
    "unet": _unet,
    "flat": FlatGraphNetwork,
    "transformer": GraphTransformer,
    "none": NoBackbone,
}
"""Backbones by name."""
