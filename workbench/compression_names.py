"""What compression may minimise, by name: known to the command line without loading anything else."""

from __future__ import annotations

from enum import StrEnum


class Objective(StrEnum):
    """What is minimised."""

    SIZE = "size"
    JOINT = "joint"


class MetricName(StrEnum):
    """How size is counted: `wake_sleep.sleep.abstraction.metrics`."""

    STITCH = "stitch"
    BABBLE = "babble"
    NODES = "nodes"
