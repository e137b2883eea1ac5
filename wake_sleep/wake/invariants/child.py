"""Work in a child process that can be ended at any moment.

Spacer spends seconds in simplifications that see neither its limits nor an interrupt, above all on bit-vectors. A
child is a copy of this process, made in milliseconds; its own timer ends it by the CPU time that it takes, this process
by the clock, and what it takes counts as CPU time of this process once it is reaped.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import select
import signal
import warnings
from collections.abc import Callable
from typing import Any, Final

MEMORY: Final = 4 << 30
"""Bytes of address space that a child may take beyond what this process has."""
_CHUNK: Final = 1 << 16


def result_of(work: Callable[[], Any], seconds: float) -> Any:
    """What `work` returns, computed in a child process; None if it has no result in time, or dies.

    Args:
        work: returns something that can be pickled; what it raises is lost.
        seconds: how much CPU time and how long on the clock it may take.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Other threads of this process, such as a cancelled watchdog, are of no concern to the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        _be_child(work, seconds, writing)
    os.close(writing)
    try:
        data = _read(reading, seconds)
    finally:
        os.close(reading)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return pickle.loads(data) if data else None


def _be_child(work: Callable[[], Any], seconds: float, writing: int) -> None:
    """Do the work and end this process."""
    try:
        # The user's interrupt is for the parent, which kills this process.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, max(seconds, 0.001))
        _bound_memory()
        data = pickle.dumps(work())
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def _bound_memory() -> None:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _read(reading: int, seconds: float) -> bytes:
    """All that the child writes until it ends, or nothing if that takes too long."""
    chunks: list[bytes] = []
    while True:
        ready, _, _ = select.select([reading], [], [], seconds)
        if not ready:
            return b""
        chunk = os.read(reading, _CHUNK)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
