"""Pooling and unpooling of graphs: two ways from one resolution to the next and back.

Letters: N nodes of the finer graph, N' of the coarser one, D and D' their widths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch_geometric.nn.pool.select import SelectTopK
from torch_geometric.utils import scatter

from wake_sleep.model.coarsening import Level
from wake_sleep.model.graph import RELATIONS, TWO_STEPS


class Pooling(nn.Module):
    """From a graph to a coarser one, and back by the indices remembered."""

    def down(self, x: Tensor, level: Level, coarser: Level) -> tuple[Tensor, Level, Tensor]:
        """Pool.

        Args:
            x: (N, D).
            level: the finer graph.
            coarser: what tree coarsening makes of it, prepared with the batch.

        Returns:
            the channels (N', D') of the coarser graph, that graph, and the indices by which `up` goes back.
        """
        raise NotImplementedError

    def up(self, x: Tensor, memory: Tensor, nodes: int) -> Tensor:
        """Unpool (N', D') to (N, D), N being `nodes`."""
        raise NotImplementedError


class TreeCoarsening(Pooling):
    """Every second generation of the tree becomes part of the one above; see `wake_sleep.model.coarsening`.

    A cluster is described by the mean over its nodes and by the one that stands for it. It is deterministic, cuts no
    node off and halves the depth, so that a signal crosses a deep program in few steps.
    """

    def __init__(self, fine: int, coarse: int, ratio: float) -> None:
        """Between `fine` and `coarse` channels; the ratio is that of the tree."""
        super().__init__()
        del ratio
        self.into, self.back = nn.Linear(2 * fine, coarse), nn.Linear(coarse, fine)

    def down(self, x: Tensor, level: Level, coarser: Level) -> tuple[Tensor, Level, Tensor]:
        """See `Pooling.down`."""
        mean = scatter(x, level.cluster, dim_size=coarser.nodes, reduce="mean")  # (N', D)
        return self.into(torch.cat([mean, x[level.heads]], dim=1)), coarser, level.cluster

    def up(self, x: Tensor, memory: Tensor, nodes: int) -> Tensor:
        """See `Pooling.up`."""
        out: Tensor = self.back(x)[memory]
        return out


class GPool(Pooling):
    """The pooling of Gao and Ji (2019, *Graph U-Nets*): the nodes with the highest learned scores are kept.

    On a tree this alone would leave most nodes without a neighbour; as in the source, the graph is augmented first,
    so that nodes two steps apart are neighbours in the coarser graph.
    """

    def __init__(self, fine: int, coarse: int, ratio: float) -> None:
        """Between `fine` and `coarse` channels, keeping the share `ratio` of the nodes of each graph."""
        super().__init__()
        self.select = SelectTopK(fine, ratio)
        self.into, self.back = nn.Linear(fine, coarse), nn.Linear(coarse, fine)

    def down(self, x: Tensor, level: Level, coarser: Level) -> tuple[Tensor, Level, Tensor]:
        """See `Pooling.down`."""
        del coarser
        chosen = self.select(x, level.graph)
        kept, score = chosen.node_index, chosen.weight  # (N',), (N',)
        edges, relations = augmented(level.edges, level.relations, kept, level.nodes)
        nothing = kept.new_zeros(0)
        pooled = Level(edges, relations, nothing, nothing, level.graph[kept])
        return self.into(x[kept] * score[:, None]), pooled, kept

    def up(self, x: Tensor, memory: Tensor, nodes: int) -> Tensor:
        """See `Pooling.up`."""
        back = self.back(x)  # (N', D)
        out: Tensor = back.new_zeros(nodes, back.shape[1]).index_copy(0, memory, back)
        return out


def augmented(edges: Tensor, relations: Tensor, kept: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """The edges among kept nodes, and `TWO_STEPS` between kept nodes that have a neighbour in common.

    Args:
        edges: (2, E).
        relations: (E,).
        kept: (N',).
        nodes: N.
    """
    number = kept.new_full((nodes,), -1)
    number[kept] = torch.arange(len(kept), device=kept.device)
    ends = number[edges]  # (2, E)
    inside = (ends >= 0).all(0)
    # Edges a → b and b → c, joined at b: those into b sorted by b, and for each edge out of b the run of b.
    first, second = edges[:, ends[0] >= 0], edges[:, ends[1] >= 0]
    first = first[:, torch.argsort(first[1], stable=True)]
    count = torch.bincount(first[1], minlength=nodes)  # (N,)
    start = torch.cumsum(count, 0) - count
    runs = count[second[0]]
    repeated = torch.repeat_interleave(torch.arange(second.shape[1], device=kept.device), runs)
    offset = torch.arange(len(repeated), device=kept.device) - torch.repeat_interleave(
        torch.cumsum(runs, 0) - runs, runs
    )
    source = number[first[0, start[second[0, repeated]] + offset]]
    target = number[second[1, repeated]]
    apart = source != target
    key = (source[apart] * len(kept) + target[apart]) * RELATIONS + TWO_STEPS
    own = (ends[0, inside] * len(kept) + ends[1, inside]) * RELATIONS + relations[inside]
    merged = torch.unique(torch.cat([own, key]))
    pairs = merged // RELATIONS
    return torch.stack([pairs // max(1, len(kept)), pairs % max(1, len(kept))]), merged % RELATIONS


POOLINGS: Final[Mapping[str, type[TreeCoarsening] | type[GPool]]] = {"tree": TreeCoarsening, "gpool": GPool}
"""Poolings by name."""
