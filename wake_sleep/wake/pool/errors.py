"""What can go wrong with a worker pool that is the user's to mend."""

from dsl.errors import ReverieError


class PoolError(ReverieError):
    """The workers cannot be started: Ray is not installed, does not start, or its cluster is not there."""


class QueueFull(PoolError):
    """More was submitted than may wait: collect a verdict, or cancel a check, before the next is submitted."""


class Interrupted(Exception):
    """The user wants the work to end; what was under way is to be done again."""
