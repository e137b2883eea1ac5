"""Training of the diffusion network on dreams and solutions.

Shards of packed graphs are made one after the other and trained on batch by batch; a step is a function of the seed and
of its number, so that training that is resumed goes on exactly as if it had never stopped.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from dsl.domain import load_domain
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.conditioning import task_features
from wake_sleep.model.guide import Guide
from wake_sleep.model.network import Network, NetworkSettings
from wake_sleep.model.pacing import Paced, Progress, state_from_bytes, state_to_bytes
from wake_sleep.model.packing import Pack
from wake_sleep.model.states import StateSettings
from wake_sleep.model.training import Trainer, TrainingSettings, best_device
from wake_sleep.sleep.cost_corpus import Lesson
from wake_sleep.sleep.network_corpus import NetworkCorpus, Validation

SMALL: Final = BackboneSettings()
"""The backbone that is trained on a CPU: with all else about 0.9 M parameters."""
LARGE: Final = BackboneSettings(widths=(256, 384, 512))
"""The one that is trained on a GPU: about 6 M."""
_VALIDATED: Final = 512


@dataclass(frozen=True)
class NetworkTrainingSettings:
    """How the network is trained.

    Attributes:
        steps: of the whole training; the learning rate falls to 0 with the cosine of the share done.
        seconds: of CPU time, the making of graphs included, or None; if set, the share done is also that of the time,
            whichever is more, and a run is not the same every time.
        batch: graphs of one step.
        shard_steps: steps for which graphs are made at once.
        uses: how often these are used, each time in other batches: making a graph takes longer than a step on it.
        backbone: what looks at the graph; None for `SMALL` on a CPU and `LARGE` on a GPU.
        passes: T, how often it does.
        states: what is made of each program.
        learning_rate: at its height.
        ema: decay of the moving average of the weights, which is what is used afterwards.
        device: ``cpu`` (in one thread), ``cuda`` (in bfloat16), or ``auto`` for the latter if there is one.
        seed: of the first weights and of all that is drawn.
    """

    steps: int = 2_000
    seconds: float | None = None
    batch: int = 256
    shard_steps: int = 8
    uses: int = 2
    backbone: BackboneSettings | None = None
    passes: int = 1
    states: StateSettings = field(default_factory=StateSettings)
    learning_rate: float = 1.5e-3
    ema: float = 0.998
    device: str = "auto"
    seed: int = 0


@dataclass(frozen=True)
class NetworkScore:
    """How well programs that were kept back are described.

    Attributes:
        nats: mean per program, by the estimator of the bound.
        untrained: the same of a network that corrects nothing, by the same estimator on the same states; the difference
            is what training was worth.
        guided: what the untrained one estimates, exactly: mean under what the guide of costs says of each task.
        counted: the same under the weights that were counted on dreams.
        programs: how many.
    """

    nats: float
    untrained: float
    guided: float
    counted: float
    programs: int

    @property
    def gain(self) -> float:
        """Nats per program that the network is worth beyond counting."""
        return self.counted - self.nats


class NetworkTrainer(Paced):
    """A network in training on a corpus.

    Attributes:
        corpus: what it learns.
        settings: how.
    """

    def __init__(
        self,
        corpus: NetworkCorpus,
        settings: NetworkTrainingSettings = NetworkTrainingSettings(),
        former: Network | None = None,
    ) -> None:
        """Begin, with the weights of a former network if there is one.

        Raises:
            ValueError: if there is no lesson, or the former network has another shape.
        """
        if not corpus.learned:
            raise ValueError("there is no lesson to learn")
        super().__init__(settings.steps, settings.seconds)
        self.corpus, self.settings = corpus, settings
        device = _device(settings)
        shape = self._shape = _shape(corpus, settings)
        network = Network(shape, seed=settings.seed)
        if former is not None:
            if not _is_alike(former, shape):
                raise ValueError(f"the former network has the shape {former.settings!r}")
            network.load_state_dict(former.state_dict())
        how = TrainingSettings(
            steps=settings.steps,
            learning_rate=settings.learning_rate,
            ema=settings.ema,
            bf16=_is_gpu(device),
            seed=settings.seed,
        )
        self._trainer = Trainer(network, how, device)
        self._shard: tuple[int, Pack] | None = None
        self._validation: Validation | None = None

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self._trainer.step

    def _one_step(self) -> tuple[float, float, int]:
        self._trainer.share = self.share
        round_, part = divmod(self.step, self.settings.shard_steps)
        number = round_ // self.settings.uses
        if self._shard is None or self._shard[0] != number:
            self._shard = (number, self.make_shard(number))
        pack = self._shard[1]
        order = np.random.default_rng((self.settings.seed, round_, 1)).permutation(len(pack))
        chosen = np.array_split(order, self.settings.shard_steps)[part]
        told = self._trainer.train_step(pack.batch(chosen.tolist()))
        return told.diffusion, told.gradient_norm, len(chosen)

    def make_shard(self, number: int) -> Pack:
        """The graphs of one shard: enough for `shard_steps` batches if there are so many programs."""
        settings = self.settings
        graphs = settings.states.diffusion + 2 * settings.states.edits
        programs = max(1, settings.batch * settings.shard_steps // graphs)
        return self.corpus.shard(number, programs, settings.states)

    def score(self) -> NetworkScore:
        """How well the averaged weights describe the programs that were kept back."""
        if self._validation is None:
            self._validation = self.corpus.validation()
        known = self._validation
        if known.pack is None:
            nats = untrained = float("nan")
        else:
            beginner = Trainer(Network(self._shape, seed=self.settings.seed), device=self._trainer.device)
            nats, untrained = _mean(self._trainer, known.pack), _mean(beginner, known.pack)
        return NetworkScore(nats, untrained, known.guided, known.counted, known.programs)

    def network(self) -> Network:
        """The network with the averaged weights, on the CPU."""
        return self._trainer.trained()

    # Resuming.

    def state(self) -> bytes:
        """See `Paced.state`."""
        return state_to_bytes({"trainer": self._trainer.state(), "spent": self._spent})

    def resume(self, state: bytes) -> None:
        """See `Paced.resume`."""
        loaded = state_from_bytes(state)
        self._trainer.load(loaded["trainer"])
        self._spent = loaded["spent"]


def _mean(trainer: Trainer, pack: Pack) -> float:
    """Nats per program of the averaged weights of a trainer, by the estimator, over all graphs of a pack."""
    total = 0.0
    for start in range(0, len(pack), _VALIDATED):
        numbers = range(start, min(start + _VALIDATED, len(pack)))
        total += trainer.evaluate(pack.batch(numbers)) * len(numbers)
    return total / len(pack)


def is_of_shape(network: Network, corpus: NetworkCorpus, settings: NetworkTrainingSettings) -> bool:
    """Whether a training with these settings can begin with the weights of a network."""
    return _is_alike(network, _shape(corpus, settings))


def _is_alike(network: Network, shape: NetworkSettings) -> bool:
    """Whether a network has a shape, whatever guide it was trained with."""
    return dataclasses.replace(network.settings, guide=shape.guide) == shape


def _shape(corpus: NetworkCorpus, settings: NetworkTrainingSettings) -> NetworkSettings:
    backbone = settings.backbone or (LARGE if _is_gpu(_device(settings)) else SMALL)
    return NetworkSettings(backbone, settings.passes, task_features(corpus.guide), corpus.guide.digest)


def _device(settings: NetworkTrainingSettings) -> str:
    return best_device() if settings.device == "auto" else settings.device


def _is_gpu(device: str) -> bool:
    return device.startswith("cuda")


def train_network(
    domain: str,
    lessons: Sequence[Lesson],
    guide: Guide,
    *,
    former: Network | None = None,
    settings: NetworkTrainingSettings = NetworkTrainingSettings(),
    report: Callable[[Progress], None] | None = None,
) -> tuple[Network, NetworkScore]:
    """Train a network from beginning to end; what comes back has the averaged weights.

    Args:
        domain: name of the domain.
        lessons: what is learned from (`wake_sleep.sleep.cost_corpus.lessons_of_dreams` makes them of dreams); some are
            kept back for the score, those that the guide kept back if it was trained on the same with the same seed.
        guide: what reads the tasks, and whose weights the network corrects; a proposer needs the same one.
        former: a network to begin with, of the same shape.
        settings: how it is trained.
        report: is told of the progress.

    Raises:
        ValueError: if there is no lesson, or the former network has another shape.
    """
    corpus = NetworkCorpus.of(load_domain(domain), guide, lessons, seed=settings.seed)
    trainer = NetworkTrainer(corpus, settings, former)
    trainer.run(report=report)
    return trainer.network(), trainer.score()
