"""Processes of peers: each answers one question within its limits, and is killed with all that it started beyond them.

Whatever such a process does, a reply comes back: it may crash, hang, or write what nobody understands.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, Any, Final

from wake_sleep.wake.outcome import Status

SHOWN: Final = 300
"""Characters of what a process says that a reason quotes."""
_SPENT: Final = (-signal.SIGPROF, -signal.SIGXCPU)
"""Exit codes of a process that spent its CPU time."""
_REFUSED: Final = ("std::bad_alloc", "MemoryError")
"""What a process says, in C++ and in Python, that was refused memory."""


@dataclass(frozen=True)
class Limits:
    """What a process may spend.

    Attributes:
        cpu_seconds: CPU time from when it is ready to read the question.
        wall_seconds: time on the clock, after which it is killed.
        memory: bytes of its address space.
    """

    cpu_seconds: float
    wall_seconds: float
    memory: int


@dataclass(frozen=True)
class Reply:
    """What came of a question.

    Attributes:
        answer: what the process answered, or None.
        failure: what there is instead of an answer: ``unknown``, ``error`` or ``interrupted``; or None.
        reason: why there is no answer.
        cpu_seconds: CPU time of the process as a whole.
        wall_seconds: time on the clock, as a whole.
        startup_seconds: CPU time until it was ready to read the question, or 0 if it never was.
    """

    answer: str | None = None
    failure: Status | None = None
    reason: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    startup_seconds: float = 0.0


class PeerProcesses:
    """Runs processes, one for each question; `ask` may be called in several threads at a time."""

    def __init__(self) -> None:
        """Run nothing yet."""
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._is_stopped = False

    def ask(self, command: Sequence[str], question: str, limits: Limits) -> Reply:
        """Start a process, give it a question, and wait for its end.

        Args:
            command: what to run. It keeps to its CPU time and memory by itself, and writes JSON Lines that
                `workbench.evaluation.cvc5_process` describes.
            question: its standard input.
            limits: what it may spend.
        """
        with TemporaryFile() as given, TemporaryFile() as written, TemporaryFile() as said:
            given.write(question.encode())
            given.seek(0)
            begin = time.monotonic()
            try:
                process = self._start(command, given, written, said)
            except OSError as error:
                return Reply(failure=Status.ERROR, reason=f"it cannot be started: {error}")
            if process is None:
                return Reply(failure=Status.INTERRUPTED, reason="interrupted")
            code, cpu_seconds, is_late = self._wait(process, limits.wall_seconds)
            wall_seconds = time.monotonic() - begin
            lines = _content(written)
            answer, failure, reason = self._ending(code, lines, _content(said), limits, is_late=is_late)
        return Reply(answer, failure, reason, cpu_seconds, wall_seconds, _startup_seconds(lines))

    def stop(self) -> None:
        """Kill what runs, and start nothing any more. May be called by a signal handler of the main thread."""
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                _kill(process)

    def _start(
        self, command: Sequence[str], given: IO[bytes], written: IO[bytes], said: IO[bytes]
    ) -> subprocess.Popen[bytes] | None:
        """Start a process in a group of its own; None if nothing is to be started any more."""
        with self._lock:
            if self._is_stopped:
                return None
            process = subprocess.Popen(command, stdin=given, stdout=written, stderr=said, start_new_session=True)
            self._running.add(process.pid)
            return process

    def _wait(self, process: subprocess.Popen[bytes], wall_seconds: float) -> tuple[int, float, bool]:
        """Wait for the end of a process: its exit code, its CPU time, and whether it was killed for its wall time."""
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process.pid)

        timer = threading.Timer(min(wall_seconds, threading.TIMEOUT_MAX), end)
        timer.start()
        # Of a process that `Popen` waits for, nobody tells what it spent.
        _, status, usage = os.wait4(process.pid, 0)
        timer.cancel()
        with self._lock:
            self._running.discard(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)
        return process.returncode, usage.ru_utime + usage.ru_stime, late.is_set()

    def _ending(
        self, code: int, lines: str, said: str, limits: Limits, *, is_late: bool
    ) -> tuple[str | None, Status | None, str]:
        """Answer, failure and reason by how a process ended and what it wrote; an answer counts however it ended."""
        reply = _last(lines)
        if isinstance(reply.get("answer"), str):
            return reply["answer"], None, ""
        if self._is_stopped:
            return None, Status.INTERRUPTED, "interrupted"
        if is_late:
            return None, Status.UNKNOWN, f"wall: the budget of {limits.wall_seconds:g} seconds is spent"
        if code in _SPENT:
            return None, Status.UNKNOWN, f"cpu: the budget of {limits.cpu_seconds:g} CPU-seconds is spent"
        if any(refusal in said for refusal in _REFUSED):
            return None, Status.UNKNOWN, f"memory: the budget of {limits.memory >> 20} MiB is spent"
        if isinstance(reply.get("error"), str):
            return None, Status.ERROR, shown(reply["error"])
        return None, Status.ERROR, _crash(code, said)


def _kill(process: int) -> None:
    """Kill a process and all in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def _content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _objects(lines: str) -> list[Mapping[str, Any]]:
    """The objects among JSON Lines, and nothing of lines that are something else."""
    found = []
    for line in lines.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            found.append(json.loads(line))
    return [item for item in found if isinstance(item, dict)]


def _last(lines: str) -> Mapping[str, Any]:
    return (_objects(lines) or [{}])[-1]


def _startup_seconds(lines: str) -> float:
    found = [item["startup_seconds"] for item in _objects(lines) if "startup_seconds" in item]
    return float(found[0]) if found and isinstance(found[0], int | float) else 0.0


def _crash(code: int, said: str) -> str:
    """How a process ended that gave no reply."""
    ended = f"it was ended by a signal ({signal.strsignal(-code)})" if code < 0 else f"it ended with exit code {code}"
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "")
    return f"{ended} without an answer" + (f": {shown(last)}" if last else "")


def shown(text: str) -> str:
    """A text in one line, of a long one the beginning."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} …"
