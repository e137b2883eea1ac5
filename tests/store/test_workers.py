"""A worker that is killed says nothing; whether it lives is seen otherwise."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.workers import SILENT_SECONDS, is_alive, this_worker

ROOT = Path(__file__).parents[2]
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
SILENCE = timedelta(seconds=SILENT_SECONDS)

HOST, PID, START = this_worker().rsplit(":", 2)
seen = pytest.mark.skipif(not START, reason="this system does not tell when a process started")


@seen
def test_a_worker_is_alive_while_its_process_is_however_long_it_is_silent() -> None:
    assert is_alive(this_worker(), NOON, NOON + 100 * SILENCE)


@seen
def test_a_later_process_of_the_same_number_is_another_worker() -> None:
    assert not is_alive(f"{HOST}:{PID}:{START}0", NOON, NOON)


def test_a_worker_whose_process_has_ended_is_dead_at_once() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_alive(f"{HOST}:{ended.pid}:{START}", NOON, NOON)


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system cannot wait without asking how it ended")
@seen
def test_a_process_that_has_ended_but_was_not_asked_how_is_dead() -> None:
    code = "from store.workers import this_worker; print(this_worker())"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as ended:
        assert ended.stdout is not None
        worker = ended.stdout.read().strip()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(worker, NOON, NOON)


def test_a_worker_of_another_machine_is_alive_while_its_heart_beats() -> None:
    assert is_alive("elsewhere:1:2", NOON, NOON + SILENCE / 2)
    assert not is_alive("elsewhere:1:2", NOON, NOON + SILENCE)
    assert is_alive("2001:db8::1:7:8", NOON, NOON)
