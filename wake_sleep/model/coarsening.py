"""Tree coarsening: a batch of graphs at several resolutions.

At each step every node at odd depth becomes part of its parent; what is left is a forest whose depth is halved. The
signature is the root of the nodes of a task. No node is ever cut off, and what is hidden plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEVELS: Final = 3
"""Resolutions of a graph: as it is, and coarsened once and twice."""

_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Level:
    """One resolution of a batch of N nodes and E edges, N' nodes being left in the next.

    Attributes:
        edges: source and target, shape (2, E).
        relations: shape (E,).
        cluster: for each node the node of the next resolution that it becomes part of, shape (N,).
        heads: the nodes that stand for their clusters, in the order of these, shape (N',).
        graph: the graph that each node belongs to, shape (N,).
    """

    edges: Tensor
    relations: Tensor
    cluster: Tensor
    heads: Tensor
    graph: Tensor

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.graph)

    def to(self, device: torch.device | str) -> Level:
        """The same on a device."""
        return Level(*(getattr(self, f.name).to(device) for f in fields(self)))


def coarsen(
    edges: _Integers, relations: _Integers, parents: _Integers, depth: _Integers, graph: _Integers, kinds: int
) -> tuple[Level, ...]:
    """A batch at `LEVELS` resolutions, finest first.

    Args:
        edges: shape (2, E).
        relations: shape (E,); less than `kinds`.
        parents: of each node; -1 for roots, shape (N,).
        depth: of each node; 0 for roots, shape (N,).
        graph: that each node belongs to, shape (N,).
        kinds: number of kinds of relations.
    """
    levels = []
    for _ in range(LEVELS):
        head = depth % 2 == 0
        number = np.cumsum(head) - 1
        cluster = number[np.where(head, np.arange(len(head)), parents)]
        arrays = (edges, relations, cluster, np.nonzero(head)[0], graph)
        levels.append(Level(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)))
        edges, relations = _merged(cluster[edges], relations, int(head.sum()), kinds)
        parents = np.where(parents >= 0, cluster[np.maximum(parents, 0)], -1)[head]
        depth, graph = depth[head] // 2, graph[head]
    return tuple(levels)


def _merged(edges: _Integers, relations: _Integers, nodes: int, kinds: int) -> tuple[_Integers, _Integers]:
    """Edges between clusters: those within one are dropped, of equal ones one is kept; sorted."""
    apart = edges[0] != edges[1]
    keys = np.unique((edges[0, apart] * nodes + edges[1, apart]) * kinds + relations[apart])
    pairs = keys // kinds
    return np.stack([pairs // max(1, nodes), pairs % max(1, nodes)]), keys % kinds
