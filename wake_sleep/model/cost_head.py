"""The cost head: task features to corrections of the weights of productions.

A multilayer perceptron of two layers reads the features, each as one number that is made of the share of the examples
that say yes, of whether all do and of whether none does. What it says is a vector, and the correction of production k
in context c is a trilinear form of that vector and of embeddings of c and k,

    s(c, k | task) = Σ_r u_r(task) · a_r(c) · e_r(k) + Σ_r v_r(task) · e_r(k),

so that weights are w_c(k) · exp s(c, k | task). The embeddings are sums over the tokens that describe a context and a
production (`wake_sleep.model.symbols`): a production that no program used has one too, if it is described by known
tokens. u and v start at 0, hence all corrections do.

Letters of shapes: B tasks of one request type, Q questions of that type, F features, S stated features, H units,
R rank, C contexts, K keys, M choices, T stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from wake_sleep.model.choices import ChoiceSpace
from wake_sleep.model.symbols import BUCKETS, token_rows

_SCALE = 300.0**-0.5
"""Of the first weights: about so many questions are answered by yes."""
KINDS = (1.0, 0.5, -0.5)
"""At first, what a question counts for: the share of the examples that say yes, whether all do, whether none does."""


@dataclass(frozen=True)
class HeadSettings:
    """The size of a head.

    Attributes:
        hidden: H, units of both layers.
        rank: R, of the trilinear form.
    """

    hidden: int = 256
    rank: int = 96


class CostHead(nn.Module):
    """See the module."""

    def __init__(self, features: int, stated: int, space: ChoiceSpace, settings: HeadSettings) -> None:
        """Begin with random weights, and with corrections of 0.

        Args:
            features: F.
            stated: S.
            space: contexts and keys.
            settings: H and R.
        """
        super().__init__()
        hidden, rank = settings.hidden, settings.rank
        self.first = nn.Parameter(torch.randn(features, hidden) * _SCALE)
        self.kinds = nn.Parameter(torch.tensor(KINDS).repeat(features, 1))
        self.stated = nn.Parameter(torch.zeros(stated, hidden))
        self.bias = nn.Parameter(torch.zeros(hidden))
        self.second = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, 2 * rank)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.key_table = nn.Parameter(torch.randn(BUCKETS, rank) * 0.3)
        self.context_table = nn.Parameter(torch.randn(BUCKETS, rank) * 0.3)
        self._key_rows, self._key_starts = bags(space.key_tokens)
        self._context_rows, self._context_starts = bags(space.context_tokens)

    def queries(self, columns: Tensor, answers: Tensor, stated: Tensor) -> Tensor:
        """What the features say, u and v beside each other, shape (B, 2R).

        Args:
            columns: features of the questions, shape (Q,).
            answers: shares of the examples that say yes, shape (B, Q).
            stated: shape (B, S).
        """
        some, every, no = self.kinds[columns].T  # (Q,) each
        x = answers * some + (answers >= 1.0).float() * every + (answers <= 0.0).float() * no  # (B, Q)
        h = functional.relu(x @ self.first[columns] + stated @ self.stated + self.bias)  # (B, H)
        h = functional.relu(h + self.second(h))  # (B, H)
        query: Tensor = self.out(h)  # (B, 2R)
        return query

    def keys(self) -> Tensor:
        """Embeddings of the keys, shape (K, R)."""
        return functional.embedding_bag(self._key_rows, self.key_table, self._key_starts, mode="mean")

    def contexts(self) -> Tensor:
        """Embeddings of the contexts, shape (C, R)."""
        return functional.embedding_bag(self._context_rows, self.context_table, self._context_starts, mode="mean")

    def corrections(self, query: Tensor) -> Tensor:
        """All corrections for one task, shape (C, K), of its query, shape (2R,)."""
        u, v = query.chunk(2)
        return (self.contexts() * u + v) @ self.keys().T

    def log_probabilities(
        self, query: Tensor, task: Tensor, stand: Tensor, key: Tensor, stand_context: Tensor, log_base: Tensor
    ) -> Tensor:
        """Log-probabilities of choices, shape (M,).

        Args:
            query: shape (B, 2R).
            task: the task of each choice, shape (M,).
            stand: where it stands, shape (M,).
            key: what was chosen, shape (M,); K for the rest.
            stand_context: the context of each stand, shape (T,).
            log_base: shape (T, K + 1).
        """
        u, v = query[task].chunk(2, dim=1)  # (M, R) each
        asked = u * self.contexts()[stand_context[stand]] + v  # (M, R)
        correction = functional.pad(asked @ self.keys().T, (0, 1))  # (M, K + 1)
        logs = torch.log_softmax(log_base[stand] + correction, dim=1)  # (M, K + 1)
        return logs.gather(1, key[:, None]).squeeze(1)


def bags(tokens: Sequence[Sequence[str]]) -> tuple[Tensor, Tensor]:
    """The rows of the tokens of several things in a table, one after the other, and where each thing begins."""
    rows = [[row for token in each for row in token_rows(token)] for each in tokens]
    starts = np.cumsum([0, *map(len, rows)])[:-1]
    return torch.tensor([row for each in rows for row in each], dtype=torch.long), torch.tensor(starts)
