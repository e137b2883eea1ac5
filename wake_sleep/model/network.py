"""The guide's network: from graphs to productions for their holes, sites to edit and values.

    tokens ─ symbol embedding ─┬─ + kind + features ─ x₀ ─ backbone (T times) ─ h ─┬─ hole · production + log base
                               └────────────── production embedding ───────────────┘  edit site, value

Productions are scored by the dot product of the embedding of a hole with that of the production, which is made of what
the production *is* (`wake_sleep.model.symbols`).

Letters: N nodes, H holes, G graphs, S symbols, M menus of at most P productions, D width, F features, T task features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.utils import scatter

from wake_sleep.model.backbones import BACKBONES, BackboneSettings
from wake_sleep.model.comparison import COLUMN_SLOTS
from wake_sleep.model.encode import FEATURES
from wake_sleep.model.graph import EXAMPLE, HOLE, KINDS, SIGNATURE, Batch
from wake_sleep.model.symbols import BUCKETS
from wake_sleep.model.threads import one_thread


@dataclass(frozen=True)
class NetworkSettings:
    """The shape of the network.

    Attributes:
        backbone: what looks at the graph.
        passes: T, how often it does.
        task_features: number of features of the whole task that it is given.
        guide: which guide makes these and the base weights; see `wake_sleep.model.guide.Guide.digest`.
    """

    backbone: BackboneSettings = field(default_factory=BackboneSettings)
    passes: int = 1
    task_features: int = 0
    guide: str = ""


@dataclass(frozen=True)
class Prediction:
    """What the network says after one pass.

    Attributes:
        productions: log-probabilities of the productions of each hole's menu, -∞ beyond its end; (H, P).
        edits: scores of the nodes as sites of an edit, -∞ for those that are no production; (N,).
        values: edits left (logarithm of 1 +) and share of the examples met; (G, 2).
    """

    productions: Tensor
    edits: Tensor
    values: Tensor


class Network(nn.Module):
    """See the module.

    Attributes:
        settings: its shape.
    """

    def __init__(self, settings: NetworkSettings = NetworkSettings(), *, seed: int = 0) -> None:
        """Make a network whose first weights are drawn with `seed`; no other random number is touched."""
        super().__init__()
        self.settings = settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._make(settings.backbone.widths[0])

    def _make(self, width: int) -> None:
        self.tokens = nn.EmbeddingBag(BUCKETS, width, mode="mean")
        self.describe = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.kinds = nn.Embedding(KINDS, width)
        self.features = nn.Linear(FEATURES, width)
        self.unknown = nn.Parameter(torch.zeros(width))
        self.task = nn.Linear(max(1, self.settings.task_features), width)
        self.context = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, width))
        self.backbone = BACKBONES[self.settings.backbone.kind](self.settings.backbone)
        self.after = nn.LayerNorm(width)
        self.hole, self.production = nn.Linear(width, width), nn.Linear(width, width)
        self.production_bias = nn.Linear(width, 1)
        self.edit = nn.Linear(width, 1)
        self.value = nn.Sequential(nn.Linear(2 * width, width), nn.GELU(), nn.Linear(width, 2))

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(p.numel() for p in self.parameters())

    def forward(self, batch: Batch, passes: int | None = None) -> list[Prediction]:
        """What is said after each of T passes; gradients do not flow from one pass into the one before."""
        symbols = self.symbols(batch)  # (S, D)
        x = self.embed(batch, symbols)  # (N, D)
        h = torch.zeros_like(x)
        found = []
        for _ in range(passes or self.settings.passes):
            h = self.backbone(x + h.detach(), batch)  # (N, D)
            found.append(self.read(batch, symbols, h))
        return found

    def ask(self, batch: Batch) -> Prediction:
        """What is said in the end, without gradients and in one thread."""
        with one_thread(), torch.no_grad():
            found: list[Prediction] = self(batch)
        return found[-1]

    def symbols(self, batch: Batch) -> Tensor:
        """Embeddings of the symbols, (S, D)."""
        bags = self.tokens(batch.bags, batch.bag_starts)  # (S, D)
        out: Tensor = self.describe(bags)
        return out

    def embed(self, batch: Batch, symbols: Tensor) -> Tensor:
        """What the nodes are before the network looks at their neighbours, (N, D)."""
        graph, told = batch.graph, batch.conditioned[batch.graph]  # (N,), (N,)
        features = batch.features
        if not bool(told.all()):
            # The condition is dropped: how deep a node is may still be seen, and which symbol, but no value.
            shown = torch.zeros(FEATURES, dtype=torch.bool, device=features.device)
            shown[COLUMN_SLOTS + 1] = True
            features = torch.where(told[:, None] | shown, features, torch.zeros_like(features))
        x = symbols[batch.symbols] + self.kinds(batch.kinds) + self.features(features)  # (N, D)
        if not bool(told.all()):
            x = torch.where((told | (batch.kinds <= SIGNATURE))[:, None], x, self.unknown)
        about = x[batch.signatures]  # (G, D)
        if self.settings.task_features:
            about = about + self.task(batch.task) * batch.conditioned[:, None]
        examples = scatter(x * (batch.kinds >= EXAMPLE)[:, None], graph, dim_size=batch.graphs, reduce="mean")  # (G, D)
        context = self.context(torch.cat([about, examples], dim=1))  # (G, D)
        out: Tensor = x + context[graph]
        return out

    def read(self, batch: Batch, symbols: Tensor, h: Tensor) -> Prediction:
        """What the channels (N, D) of the nodes after a pass say."""
        h = self.after(h)
        hole = self.hole(h[batch.holes])  # (H, D)
        scores = hole @ self.production(symbols).T / math.sqrt(hole.shape[1])  # (H, S)
        scores = scores + self.production_bias(symbols).T
        menus = batch.menu_symbols[batch.hole_menus]  # (H, P)
        logits = scores.gather(1, menus) + batch.menu_log_base[batch.hole_menus]  # (H, P)
        edits = self.edit(h)[:, 0].masked_fill(batch.kinds >= HOLE, -math.inf)  # (N,)
        mean = scatter(h, batch.graph, dim_size=batch.graphs, reduce="mean")  # (G, D)
        values = self.value(torch.cat([h[batch.roots], mean], dim=1))  # (G, 2)
        return Prediction(functional.log_softmax(logits, dim=1), edits, values)
