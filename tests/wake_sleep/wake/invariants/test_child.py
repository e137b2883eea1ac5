"""Work in a child process: it answers, or is ended."""

import itertools
import os

import pytest

from wake_sleep.wake.invariants.child import result_of


def test_a_child_returns_its_result() -> None:
    assert result_of(lambda: list(range(100_000)), 30.0) == list(range(100_000))


def test_a_child_is_another_process() -> None:
    assert result_of(os.getpid, 30.0) not in (None, os.getpid())


def test_a_child_that_runs_on_is_ended() -> None:
    assert result_of(lambda: sum(itertools.repeat(1)), 0.05) is None


def test_a_child_that_fails_has_no_result() -> None:
    assert result_of(lambda: 1 // 0, 30.0) is None


def test_an_ended_child_leaves_no_process_behind() -> None:
    result_of(lambda: sum(itertools.repeat(1)), 0.05)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
