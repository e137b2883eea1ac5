"""Which process works on a run, and whether it still lives.

A process that is killed says nothing. Its run is free for another process at once where that can be seen (on the same
machine, from the table of processes), elsewhere when its heartbeat has been silent for `SILENT_SECONDS`.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

SILENT_SECONDS: Final = 900.0
"""A worker without a heartbeat for so long is taken for dead where its process cannot be seen."""


def this_worker() -> str:
    """This process, as ``host:pid:start``; the start tells it from a later process with the same number."""
    _, start = _state_of(os.getpid())
    return f"{socket.gethostname()}:{os.getpid()}:{start}"


def is_alive(worker: str, heartbeat: datetime, now: datetime) -> bool:
    """Whether a worker still works, as far as can be known.

    Args:
        worker: what `this_worker` was in that process.
        heartbeat: when it last said that it lives.
        now: the time.
    """
    host, number, started = worker.rsplit(":", 2)
    if host == socket.gethostname() and os.name == "posix":
        pid = int(number)
        if not _exists(pid):
            return False
        state, start = _state_of(pid)
        if start:
            return start == started and state not in _ENDED
    return now - heartbeat < timedelta(seconds=SILENT_SECONDS)


_ENDED: Final = ("Z", "X")
"""States of processes that have ended, but that nobody has asked for how."""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _state_of(pid: int) -> tuple[str, str]:
    """State of a process, and when it started in ticks since the machine did; empty where the system does not tell."""
    try:
        status = Path("/proc", str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    # The name of the command, in parentheses, may itself hold blanks and parentheses.
    fields = status.rpartition(")")[2].split()
    return fields[0], fields[19]
