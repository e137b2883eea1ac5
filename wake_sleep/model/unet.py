"""The Graph U-Net (Gao and Ji 2019; Ronneberger et al. 2015 for images).

        x ── block ─────────── skip ──────────────── + ── block ── x'        level 0, all nodes
              └─ pool ─ block ─ skip ─ + ─ block ─ unpool ─┘                level 1
                         └─ pool ── block ── unpool ─┘                      level 2, the bottleneck

On the way down a graph gets coarser and its channels wider; on the way up each node gets back what its cluster (or
itself, if it was kept) learned, added to what it knew before. Most parameters work where there are few nodes,
which is what makes a million of them affordable on one core.

Letters: N_l nodes and D_l channels of level l.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor, nn

from wake_sleep.model.convolution import Block
from wake_sleep.model.graph import Batch
from wake_sleep.model.pooling import POOLINGS, Pooling


class GraphUNet(nn.Module):
    """Channels of the nodes of a batch to channels of the same nodes."""

    def __init__(
        self,
        widths: Sequence[int],
        convolutions: Sequence[str],
        pooling: str,
        ratio: float = 0.5,
    ) -> None:
        """Make a U-Net of as many levels as there are widths.

        Args:
            widths: D_l, finest first.
            convolutions: name of the convolution of each level; see `wake_sleep.model.convolution.CONVOLUTIONS`.
            pooling: ``tree`` or ``gpool``.
            ratio: share of the nodes that gPool keeps.
        """
        super().__init__()
        steps = list(itertools.pairwise(widths))
        self.poolings = nn.ModuleList(POOLINGS[pooling](fine, coarse, ratio) for fine, coarse in steps)
        self.descent = nn.ModuleList(map(Block, widths, convolutions))
        self.ascent = nn.ModuleList(map(Block, widths[:-1], convolutions[:-1]))

    def forward(self, x: Tensor, batch: Batch) -> Tensor:
        """From (N_0, D_0) to (N_0, D_0)."""
        level, kept = batch.levels[0], []
        for number, pooling in enumerate(self.poolings):
            assert isinstance(pooling, Pooling)
            x = self.descent[number](x, level.edges, level.relations)  # (N_l, D_l)
            skip, fine = x, level
            x, level, memory = pooling.down(x, level, batch.levels[number + 1])  # (N_{l+1}, D_{l+1})
            kept.append((skip, fine, memory))
        x = self.descent[-1](x, level.edges, level.relations)  # (N_L, D_L): the bottleneck
        for number in reversed(range(len(kept))):
            skip, level, memory = kept[number]
            pooling = self.poolings[number]
            assert isinstance(pooling, Pooling)
            x = skip + pooling.up(x, memory, level.nodes)  # (N_l, D_l)
            x = self.ascent[number](x, level.edges, level.relations)
        return x
