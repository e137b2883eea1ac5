"""The pace of a training: steps until a number or a time is spent, told of and kept in a draft from time to time."""

from __future__ import annotations

import io
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch

from store.drafts import Draft
from store.errors import StoreError

KEPT_EVERY: Final = 10.0
"""Seconds on the clock between two states of a training that are kept."""


@dataclass(frozen=True)
class Progress:
    """What is told of a training.

    Attributes:
        step: number of steps done.
        nats: per program, of the last batch.
        gradient_norm: before it was clipped.
        items_per_second: tasks or graphs, of CPU time since the last report; what it takes to make them is included.
    """

    step: int
    nats: float
    gradient_norm: float
    items_per_second: float


class Paced(ABC):
    """What is trained step by step, for as long as its settings say.

    Attributes:
        unkept: why its state could not be kept the last time, or None if it was.
    """

    def __init__(self, steps: int, seconds: float | None) -> None:
        """Nothing is done yet.

        Args:
            steps: of the whole training.
            seconds: of CPU time, of the whole training, or None; if set, the share done is also that of the time,
                whichever is more, and a run is not the same every time.
        """
        self._steps, self._seconds, self._spent = steps, seconds, 0.0
        self.unkept: str | None = None

    @property
    @abstractmethod
    def step(self) -> int:
        """Number of steps done."""

    @abstractmethod
    def _one_step(self) -> tuple[float, float, int]:
        """Do one step; nats and gradient norm of the batch, and how many items it had."""

    @abstractmethod
    def state(self) -> bytes:
        """All that is needed to go on exactly, with the same material and settings."""

    @abstractmethod
    def resume(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises:
            RuntimeError: if the state is that of a training of something of another shape.
        """

    @property
    def share(self) -> float:
        """How much of the training is done, between 0 and 1."""
        share = self.step / self._steps
        if self._seconds is not None:
            share = max(share, self._spent / self._seconds)
        return min(1.0, share)

    def run(
        self,
        steps: int | None = None,
        report: Callable[[Progress], None] | None = None,
        every: int = 100,
        draft: Draft | None = None,
    ) -> None:
        """Train until the end, or for some steps.

        Args:
            steps: how many, or None for all that are left.
            report: is told of the progress.
            every: so many steps.
            draft: where the state is kept, from time to time and at the end.
        """
        last = self._steps if steps is None else min(self._steps, self.step + steps)
        seen, since = 0, time.process_time()
        kept = time.monotonic()
        while self.step < last and self.share < 1.0:
            before = time.process_time()
            nats, norm, items = self._one_step()
            now = time.process_time()
            self._spent += now - before
            seen += items
            if report is not None and self.step % every == 0:
                report(Progress(self.step, nats, norm, seen / max(1e-9, now - since)))
                seen, since = 0, now
            if draft is not None and time.monotonic() - kept >= KEPT_EVERY:
                self._keep(draft)
                kept = time.monotonic()
        if draft is not None:
            self._keep(draft)

    def _keep(self, draft: Draft) -> None:
        try:
            draft.write(self.state())
            self.unkept = None
        except StoreError as error:
            self.unkept = str(error)

    def run_from(self, draft: Draft, report: Callable[[Progress], None] | None = None) -> int:
        """Go on from the state in a draft, if there is one, until the end.

        Args:
            draft: where the state is kept.
            report: is told of the progress.

        Returns:
            number of steps that had been done.
        """
        state = draft.read()
        if state is not None:
            self.resume(state)
        done = self.step
        self.run(report=report, draft=draft)
        return done


def state_to_bytes(state: dict[str, Any]) -> bytes:
    """The content of a file with all that a training needs to go on exactly."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def state_from_bytes(content: bytes) -> dict[str, Any]:
    """The state in a file; tensors are on the CPU, and nothing is run."""
    state: dict[str, Any] = torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
    return state
