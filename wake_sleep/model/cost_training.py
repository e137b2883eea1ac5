"""Training of the cost head of a guide on a corpus.

One step is one batch of tasks of one request type. What a step draws is a function of the seed and its number, so that
training that is resumed goes on exactly as if it had never stopped: its state is the weights, their moving average, the
optimiser and that number. Everything runs in one thread.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
import torch

from wake_sleep.model.cost_head import CostHead, HeadSettings
from wake_sleep.model.features import STATED
from wake_sleep.model.guide import Guide
from wake_sleep.model.pacing import Paced, Progress, state_from_bytes, state_to_bytes
from wake_sleep.model.threads import one_thread
from wake_sleep.sleep.cost_corpus import CostCorpus, Group

_BY_FEATURE: Final = ("first", "kinds")
_NO_EXAMPLES: Final = STATED.index("no examples")


@dataclass(frozen=True)
class CostTrainingSettings:
    """How a cost head is trained.

    Attributes:
        steps: of the whole training; the learning rate falls to 0 with the cosine of the share done.
        seconds: of CPU time, of the whole training, or None; if set, the share done is also that of the time, whichever
            is more, and a run is not the same every time.
        batch: tasks of one step.
        learning_rate: at its height.
        warm_up: steps in which it rises.
        weight_decay: of AdamW.
        clip: largest norm of a gradient.
        ema: decay of the moving average of the weights, which is what is used afterwards.
        dropped: share of the tasks that lose their examples, so that a task without any is no stranger.
        head: the size of the head.
        seed: of the first weights and of all that is drawn.
    """

    steps: int = 2_500
    seconds: float | None = None
    batch: int = 256
    learning_rate: float = 1.5e-3
    warm_up: int = 50
    weight_decay: float = 0.01
    clip: float = 5.0
    ema: float = 0.998
    dropped: float = 0.05
    head: HeadSettings = field(default_factory=HeadSettings)
    seed: int = 0


@dataclass(frozen=True)
class Score:
    """How well programs are described.

    Attributes:
        nats: mean per program, under the weights for their tasks.
        base: the same under the base weights.
        tasks: how many programs.
    """

    nats: float
    base: float
    tasks: int

    @property
    def gain(self) -> float:
        """Nats per program that the guide is worth."""
        return self.base - self.nats


class UntrainableError(ValueError):
    """There is nothing to train, or nothing that fits to begin with."""


class CostTrainer(Paced):
    """A cost head in training.

    Attributes:
        corpus: what it learns.
        settings: how.
    """

    def __init__(
        self,
        corpus: CostCorpus,
        settings: CostTrainingSettings = CostTrainingSettings(),
        former: Guide | None = None,
    ) -> None:
        """Begin, with what a former guide of the same domain learned if there is one.

        Raises:
            UntrainableError: if there is no lesson, or the former guide is of another size.
        """
        if not corpus.groups:
            raise UntrainableError("there is no lesson to learn")
        super().__init__(settings.steps, settings.seconds)
        self.corpus, self.settings, self._done = corpus, settings, 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self._head = CostHead(len(corpus.features), len(STATED), corpus.choices, settings.head)
        if former is not None:
            self._take_over(former)
        self._average = copy.deepcopy(self._head)
        self._optimiser = torch.optim.AdamW(
            self._head.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._stand_contexts = torch.from_numpy(corpus.stand_contexts)
        self._log_base = torch.from_numpy(corpus.log_base)
        sizes = np.array([len(group) for group in corpus.groups], np.float64)
        self._shares = sizes / sizes.sum()

    def _take_over(self, former: Guide) -> None:
        """Take over what a former guide learned, as far as it is about the same.

        Embeddings are those of tokens, so that they are taken over whatever contexts and keys there are now; of the
        features those with equal names.
        """
        places = {name: place for place, name in enumerate(former.features.names)}
        known = [(i, places[name]) for i, name in enumerate(self.corpus.features.names) if name in places]
        here, there = (list(numbers) for numbers in zip(*known, strict=True)) if known else ([], [])
        with torch.no_grad():
            for name, parameter in self._head.named_parameters():
                values = torch.from_numpy(former.arrays[name.replace(".", "_")])
                if name in _BY_FEATURE and values.shape[1:] == parameter.shape[1:]:
                    parameter[here] = values[there]
                elif values.shape == parameter.shape:
                    parameter.copy_(values)
                else:
                    raise UntrainableError(f"the former guide has {name} of shape {tuple(values.shape)}")

    @property
    def step(self) -> int:
        """Number of steps done."""
        return self._done

    def _one_step(self) -> tuple[float, float, int]:
        with one_thread():
            return self._learn()

    def _learn(self) -> tuple[float, float, int]:
        settings = self.settings
        rate = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * self.share))
        rate *= min(1.0, (self.step + 1) / max(1, settings.warm_up))
        for parameters in self._optimiser.param_groups:
            parameters["lr"] = rate
        chance = np.random.default_rng((settings.seed, self.step))
        group = self.corpus.groups[chance.choice(len(self._shares), p=self._shares)]
        chosen = chance.permutation(len(group))[: settings.batch]
        nameless = chance.random(len(chosen)) < settings.dropped
        loss = self._loss(self._head, group, chosen, nameless)[0]
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self._head.parameters(), settings.clip)
        self._optimiser.step()
        self._done += 1
        decay = min(settings.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for average, current in zip(self._average.parameters(), self._head.parameters(), strict=True):
                average.lerp_(current, 1 - decay)
        return loss.item(), float(norm), len(chosen)

    def _loss(
        self, head: CostHead, group: Group, chosen: np.ndarray[Any, Any], nameless: np.ndarray[Any, Any] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean nats per program of some tasks of a group, under the head and under the base weights."""
        answers = group.answers[chosen].astype(np.float32)
        stated = group.stated[chosen].astype(np.float32)
        if nameless is not None:
            answers[nameless] = 0.0
            stated[nameless, _NO_EXAMPLES] = 1.0
        lengths = group.offsets[chosen + 1] - group.offsets[chosen]
        places = np.concatenate([np.arange(group.offsets[i], group.offsets[i + 1]) for i in chosen])
        task = np.repeat(np.arange(len(chosen)), lengths)
        stand, key = torch.from_numpy(group.stands[places]), torch.from_numpy(group.keys[places])
        query = head.queries(torch.from_numpy(group.columns), torch.from_numpy(answers), torch.from_numpy(stated))
        logs = head.log_probabilities(query, torch.from_numpy(task), stand, key, self._stand_contexts, self._log_base)
        weights = torch.from_numpy(group.weights[chosen])
        counted, total = weights[torch.from_numpy(task)], weights.sum()
        base = self._log_base[stand, key]
        return -(logs * counted).sum() / total, -(base * counted).sum() / total

    def score(self, groups: Sequence[Group] | None = None) -> Score:
        """How well programs are described, by default those that were kept back."""
        nats = base = 0.0
        tasks = 0
        with one_thread(), torch.no_grad():
            for group in self.corpus.validation if groups is None else groups:
                own, counted = self._loss(self._average, group, np.arange(len(group)))
                nats += own.item() * len(group)
                base += counted.item() * len(group)
                tasks += len(group)
        return Score(nats / max(1, tasks), base / max(1, tasks), tasks)

    def guide(self, training: Mapping[str, Any] | None = None) -> Guide:
        """What was learned so far; `training` is what is to be known of how."""
        arrays = {
            name.replace(".", "_"): value.detach().numpy().copy() for name, value in self._average.named_parameters()
        }
        corpus = self.corpus
        known = {"steps": self.step, "lessons": len(corpus), "settings": asdict(self.settings), **(training or {})}
        return Guide(corpus.domain, corpus.features, corpus.choices, corpus.base, arrays, known)

    def scored_guide(self) -> Guide:
        """What was learned so far, with what the score says of it."""
        score = self.score()
        return self.guide({"validation": {"nats": score.nats, "base": score.base, "tasks": score.tasks}})

    # Resuming.

    def state(self) -> bytes:
        """See `Paced.state`."""
        return state_to_bytes(
            {
                "step": self.step,
                "spent": self._spent,
                "head": self._head.state_dict(),
                "average": self._average.state_dict(),
                "optimiser": self._optimiser.state_dict(),
            }
        )

    def resume(self, state: bytes) -> None:
        """See `Paced.resume`."""
        loaded = state_from_bytes(state)
        self._head.load_state_dict(loaded["head"])
        self._average.load_state_dict(loaded["average"])
        self._optimiser.load_state_dict(loaded["optimiser"])
        self._done, self._spent = loaded["step"], loaded["spent"]


def train_costs(
    corpus: CostCorpus,
    *,
    former: Guide | None = None,
    settings: CostTrainingSettings = CostTrainingSettings(),
    report: Callable[[Progress], None] | None = None,
) -> Guide:
    """Train a guide of costs from beginning to end.

    Args:
        corpus: what is learned; what it keeps back makes the score.
        former: a guide to begin with, of the same size.
        settings: how it is trained.
        report: is told of the progress.

    Raises:
        UntrainableError: if there is no lesson, or the former guide is of another size.
    """
    trainer = CostTrainer(corpus, settings, former)
    trainer.run(report=report)
    return trainer.scored_guide()
