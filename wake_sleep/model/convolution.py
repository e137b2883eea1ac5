"""Convolutions over the relations of a graph, the one interface of two kinds.

Letters: N nodes, E directed edges, D width.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch_geometric.nn.conv import GATv2Conv, MessagePassing
from torch_geometric.utils import degree

from wake_sleep.model.graph import RELATIONS

_EDGE_WIDTH = 16


class GatedGCN(MessagePassing):  # type: ignore[misc]
    """The graph convolution of Kipf and Welling (2017) with a gate for each relation.

    x'_i = Σ_{j → i} (d_i d_j)^{-1/2} · g_{r(j,i)} ⊙ W x_j: messages are composed with the relation by multiplication
    (Vashishth et al. 2020, *CompGCN*), which costs one vector a relation instead of one matrix.
    """

    def __init__(self, width: int) -> None:
        """Make a convolution of `width` channels."""
        super().__init__(aggr="add", node_dim=0)
        self.linear = nn.Linear(width, width)
        self.gates = nn.Parameter(1 + 0.5 * torch.randn(RELATIONS, width))

    def forward(self, x: Tensor, edges: Tensor, relations: Tensor) -> Tensor:
        """Convolve.

        Args:
            x: (N, D).
            edges: (2, E).
            relations: (E,).
        """
        root = degree(edges[1], len(x), x.dtype).clamp(min=1).rsqrt()  # (N,)
        weight = root[edges[0]] * root[edges[1]]  # (E,)
        out: Tensor = self.propagate(edges, x=self.linear(x), gate=self.gates[relations], weight=weight)  # (N, D)
        return out

    def message(self, x_j: Tensor, gate: Tensor, weight: Tensor) -> Tensor:
        """What goes along each edge, (E, D)."""
        return x_j * gate * weight[:, None]


class RelationalGATv2(nn.Module):
    """Graph attention (Brody et al. 2022, *How attentive are graph attention networks?*) that sees the relations."""

    def __init__(self, width: int, heads: int = 4) -> None:
        """Make a convolution of `width` channels in `heads` heads."""
        super().__init__()
        self.relation = nn.Embedding(RELATIONS, _EDGE_WIDTH)
        self.attention = GATv2Conv(
            width, width // heads, heads, edge_dim=_EDGE_WIDTH, add_self_loops=False, share_weights=True
        )

    def forward(self, x: Tensor, edges: Tensor, relations: Tensor) -> Tensor:
        """Convolve: (N, D) with edges (2, E) and relations (E,) to (N, D)."""
        out: Tensor = self.attention(x, edges, self.relation(relations))
        return out


CONVOLUTIONS: Final[Mapping[str, Callable[[int], nn.Module]]] = {"gcn": GatedGCN, "gatv2": RelationalGATv2}
"""Convolutions by name."""


class Block(nn.Module):
    """A convolution and a perceptron, each behind a normalisation and beside a residual connection."""

    def __init__(self, width: int, convolution: str) -> None:
        """Make a block of `width` channels."""
        super().__init__()
        self.before, self.convolution = nn.LayerNorm(width), CONVOLUTIONS[convolution](width)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor, edges: Tensor, relations: Tensor) -> Tensor:
        """(N, D) to (N, D)."""
        x = x + self.convolution(self.before(x), edges, relations)
        out: Tensor = x + self.perceptron(x)
        return out
