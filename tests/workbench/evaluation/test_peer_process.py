"""Processes of peers: whatever they do, a reply comes back, and none outlives its limits."""

import json
import os
import sys
import threading
from pathlib import Path

import pytest

from wake_sleep.wake.outcome import Status
from workbench.evaluation.peer_process import Limits, PeerProcesses, Reply

AMPLE = Limits(cpu_seconds=100.0, wall_seconds=100.0, memory=1 << 30)
HANG = "import signal; signal.pause()"


def ask(code: str, limits: Limits = AMPLE, question: str = "") -> Reply:
    return PeerProcesses().ask([sys.executable, "-S", "-E", "-c", code], question, limits)


def says(**line: object) -> str:
    return f"print({json.dumps(json.dumps(line))}, flush=True)\n"


def test_a_process_answers_its_question() -> None:
    echo = "import json, sys; sys.stdin.reconfigure(encoding='utf-8'); print(json.dumps({'answer': sys.stdin.read()}))"
    reply = ask(says(startup_seconds=0.5) + echo, question="é\n" * 100_000)
    assert (reply.answer, reply.failure, reply.startup_seconds) == ("é\n" * 100_000, None, 0.5)
    assert reply.cpu_seconds > 0
    assert reply.wall_seconds > 0


def test_an_answer_counts_however_the_process_ends() -> None:
    assert ask(says(answer="infeasible") + "import os; os.abort()").answer == "infeasible"


@pytest.mark.parametrize(
    ("code", "failure", "reason"),
    [
        (says(error="no\n such  logic"), Status.ERROR, "no such logic"),
        ("print('hello'); print([1])", Status.ERROR, "it ended with exit code 0 without an answer"),
        (says(startup_seconds="x", answer=3), Status.ERROR, "it ended with exit code 0 without an answer"),
        ("raise SystemExit('first\\nlast\\n')", Status.ERROR, "it ended with exit code 1 without an answer: last"),
        ("import os; os.abort()", Status.ERROR, "it was ended by a signal (Aborted) without an answer"),
        (
            "import signal as s; s.raise_signal(s.SIGPROF)",
            Status.UNKNOWN,
            "cpu: the budget of 100 CPU-seconds is spent",
        ),
        ("raise MemoryError", Status.UNKNOWN, "memory: the budget of 1024 MiB is spent"),
    ],
    ids=["error", "garbage", "wrong types", "exit", "crash", "time spent", "memory spent"],
)
def test_what_ends_without_an_answer_has_a_reason(code: str, failure: Status, reason: str) -> None:
    reply = ask(code)
    assert (reply.answer, reply.failure, reply.reason, reply.startup_seconds) == (None, failure, reason, 0.0)


def test_what_is_not_there_cannot_be_started() -> None:
    reply = PeerProcesses().ask(["/nowhere/solver"], "", AMPLE)
    assert reply.failure is Status.ERROR
    assert "cannot be started" in reply.reason


def test_a_process_that_hangs_is_killed() -> None:
    reply = ask(HANG, Limits(100.0, 0.2, 1 << 30))
    assert (reply.failure, reply.reason) == (Status.UNKNOWN, "wall: the budget of 0.2 seconds is spent")


def test_stopping_kills_a_process_and_what_it_started(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Both write to the pipe, whose end comes when both have ended.
    code = f"import os; os.fork(); file = open({str(pipe)!r}, 'w'); file.write('x'); file.flush(); {HANG}"
    processes = PeerProcesses()
    found: list[Reply] = []
    command = [sys.executable, "-S", "-E", "-c", code]
    thread = threading.Thread(target=lambda: found.append(processes.ask(command, "", AMPLE)))
    thread.start()
    with pipe.open("rb", buffering=0) as file:
        begun = b""
        while len(begun) < 2:
            begun += file.read(2)
        processes.stop()
        assert file.read() == b""
    thread.join()
    assert found[0].failure is Status.INTERRUPTED
    assert processes.ask(command, "", AMPLE).failure is Status.INTERRUPTED
