"""The loss: L_diff + 0.5 · L_edit + 0.1 · L_value, the mean over the passes (deep supervision).

L_diff is the training estimator of the bound in `wake_sleep.model.diffusion`: its mean over many states is nats per
program. L_edit is the cross-entropy of the site among the productions of a program, L_value the smooth L1 distance
(Huber) of what is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.utils import scatter

from wake_sleep.model.graph import Batch
from wake_sleep.model.network import Prediction

EDIT_WEIGHT = 0.5
VALUE_WEIGHT = 0.1


@dataclass(frozen=True)
class Losses:
    """The parts of the loss; scalars.

    Attributes:
        diffusion: nats per program.
        edit: nats per site.
        value: Huber distance.
    """

    diffusion: Tensor
    edit: Tensor
    value: Tensor

    @property
    def total(self) -> Tensor:
        """The weighted sum."""
        return self.diffusion + EDIT_WEIGHT * self.edit + VALUE_WEIGHT * self.value


def losses(batch: Batch, predictions: Sequence[Prediction]) -> Losses:
    """The loss of what was said of a batch with targets, the mean over the passes."""
    parts = [_of_pass(batch, prediction) for prediction in predictions]
    return Losses(
        torch.stack([p.diffusion for p in parts]).mean(),
        torch.stack([p.edit for p in parts]).mean(),
        torch.stack([p.value for p in parts]).mean(),
    )


def _of_pass(batch: Batch, prediction: Prediction) -> Losses:
    return Losses(_diffusion(batch, prediction), _edit(batch, prediction), _value(batch, prediction))


def _diffusion(batch: Batch, prediction: Prediction) -> Tensor:
    known = batch.targets >= 0  # (H,)
    costs = -prediction.productions.gather(1, batch.targets.clamp(min=0)[:, None])[:, 0]  # (H,)
    costs = torch.where(known, costs, torch.zeros_like(costs))
    asked = torch.zeros(batch.graphs, dtype=torch.bool, device=known.device)
    asked[batch.graph[batch.holes[known]]] = True
    return (batch.hole_weights * costs).sum() / asked.sum().clamp(min=1)


def _edit(batch: Batch, prediction: Prediction) -> Tensor:
    asked = batch.edits >= 0  # (G,)
    if not bool(asked.any()):
        return prediction.edits.new_zeros(())
    highest = scatter(prediction.edits.detach(), batch.graph, dim_size=batch.graphs, reduce="max")  # (G,)
    exponentials = (prediction.edits - highest[batch.graph]).exp()  # (N,)
    total = scatter(exponentials, batch.graph, dim_size=batch.graphs, reduce="sum").log() + highest  # (G,)
    found: Tensor = (total[asked] - prediction.edits[batch.edits[asked]]).mean()
    return found


def _value(batch: Batch, prediction: Prediction) -> Tensor:
    known = batch.values >= 0  # (G, 2)
    if not bool(known.any()):
        return prediction.values.new_zeros(())
    return functional.smooth_l1_loss(prediction.values[known], batch.values[known])
