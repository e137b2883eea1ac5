"""Training of the network, step by step, from batches that are ready.

Nothing is parsed, evaluated or built here. Everything random, the first weights and which graphs lose their condition,
comes from the seed, and `Trainer.state` has all that is needed to go on exactly.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import Any

import torch

from wake_sleep.model.graph import Batch
from wake_sleep.model.losses import losses
from wake_sleep.model.network import Network
from wake_sleep.model.threads import one_thread


@dataclass(frozen=True)
class TrainingSettings:
    """How the network is trained.

    Attributes:
        steps: of the whole training; the learning rate falls to 0 with the cosine of the share done.
        warm_up: steps in which it rises.
        learning_rate: at its height.
        weight_decay: of AdamW.
        clip: largest norm of a gradient.
        ema: decay of the moving average of the weights, the one that is used afterwards.
        dropped: share of the graphs that lose their condition, for guidance without a classifier.
        bf16: whether to compute in bfloat16; worth it on GPUs only.
        seed: of which graphs lose their condition.
    """

    steps: int = 2_000
    warm_up: int = 50
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.01
    clip: float = 5.0
    ema: float = 0.998
    dropped: float = 0.1
    bf16: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """What one step reports.

    Attributes:
        total: the loss.
        diffusion: nats per program, by the estimator.
        edit: nats per site.
        value: Huber distance of the values.
        gradient_norm: before it was clipped.
    """

    total: float
    diffusion: float
    edit: float
    value: float
    gradient_norm: float


class Trainer:
    """A network in training.

    Attributes:
        network: as it is.
        average: the moving average of its weights.
        settings: how it is trained.
        device: where it is.
        step: number of steps done.
        share: how much of the training is done, between 0 and 1, where it is not the steps that tell.
    """

    def __init__(
        self, network: Network, settings: TrainingSettings = TrainingSettings(), device: torch.device | str = "cpu"
    ) -> None:
        """Begin; the network is moved to a device."""
        self.network, self.settings, self.step, self.share = network.to(device), settings, 0, 0.0
        self.device = torch.device(device)
        self.average = copy.deepcopy(network).requires_grad_(False)
        decayed = [p for p in network.parameters() if p.ndim > 1]
        others = [p for p in network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self._optimizer = torch.optim.AdamW(groups, settings.learning_rate, betas=(0.9, 0.98))
        self._random = torch.Generator().manual_seed(settings.seed)

    def train_step(self, batch: Batch) -> Step:
        """One step of AdamW on one batch with targets."""
        with one_thread():
            return self._step(batch)

    def _step(self, batch: Batch) -> Step:
        self.network.train()
        kept = torch.rand(batch.graphs, generator=self._random) >= self.settings.dropped
        batch = replace(batch, conditioned=kept).to(self.device)
        for group in self._optimizer.param_groups:
            group["lr"] = self.learning_rate
        with torch.autocast(batch.kinds.device.type, torch.bfloat16, enabled=self.settings.bf16):
            found = losses(batch, self.network(batch))
        self._optimizer.zero_grad(set_to_none=True)
        found.total.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        self._optimizer.step()
        self.step += 1
        self._follow()
        parts = (found.total, found.diffusion, found.edit, found.value, norm)
        return Step(*(float(part.detach()) for part in parts))

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        settings = self.settings
        rise = min(1.0, (self.step + 1) / max(1, settings.warm_up))
        done = min(1.0, max(self.share, self.step / settings.steps))
        return settings.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * done))

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the average; in the beginning faster, lest the first weights stay in it."""
        decay = min(self.settings.ema, (1 + self.step) / (10 + self.step))
        for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
            mean.lerp_(now, 1 - decay)

    @torch.no_grad()
    def evaluate(self, batch: Batch) -> float:
        """Nats per program of the averaged weights, by the estimator, after the last pass."""
        self.average.eval()
        with one_thread():
            batch = batch.to(self.device)
            return float(losses(batch, self.average(batch)[-1:]).diffusion)

    def trained(self) -> Network:
        """The network with the averaged weights, on the CPU, ready to be asked."""
        return copy.deepcopy(self.average).cpu().eval()

    def state(self) -> dict[str, Any]:
        """All that is needed to go on exactly."""
        return {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "random": self._random.get_state(),
            "step": self.step,
            "share": self.share,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._random.set_state(state["random"])
        self.step, self.share = state["step"], state["share"]


def best_device() -> str:
    """``cuda`` if there is such a device, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"
