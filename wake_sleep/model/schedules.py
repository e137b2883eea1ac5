"""Schedules: what share of the holes is expanded in each step of the reverse process.

The reverse process runs from t = 1 (nothing shown) to t = 0 (all shown). At time t every hole is expanded with hazard
1/t, so between two times t > s a hole stays one with probability s/t. A schedule is a sequence of times
1 = t_0 > t_1 > … > t_S = 0; in step i the share 1 - t_{i+1}/t_i of the holes is expanded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Final

from dsl.errors import ReverieError, nearest

_TIMES: Final[Mapping[str, Callable[[float], float]]] = {
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: math.cos(math.pi / 2 * progress),
    "sqrt": lambda progress: 1 - math.sqrt(progress),
}
SCHEDULES: Final = tuple(_TIMES)
"""Names of the schedules: ``cosine`` begins slowly, ``sqrt`` (Li et al. 2022, Diffusion-LM) fast."""


class UnknownSchedule(ReverieError):
    """A schedule was asked for that does not exist; `SCHEDULES` lists those that do."""


def shares(schedule: str, steps: int) -> tuple[float, ...]:
    """The share of the holes that is expanded in each of `steps` steps; in the last one it is 1.

    Raises:
        UnknownSchedule: if there is no schedule of this name.
    """
    if schedule not in _TIMES:
        raise UnknownSchedule(f"there is no schedule {schedule!r}; {nearest(schedule, SCHEDULES) or SCHEDULES}")
    time = _TIMES[schedule]
    times = [time(i / steps) for i in range(steps)]
    return (*(1 - after / before for before, after in itertools.pairwise(times)), 1.0)


def step_share(shares_: tuple[float, ...], step: int) -> float:
    """The share of a step; beyond the schedule, where holes that opened late are left, all are expanded."""
    return shares_[step] if step < len(shares_) else 1.0
