"""The line that says how far long work is."""

import io
import sys

import pytest

from cli.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def written(stderr: io.StringIO, total: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stderr)
    progress = Progress(total)
    progress.show(1, "1 solved")
    progress.show(2, "2 solved")
    progress.clear()
    return stderr.getvalue()


def test_a_terminal_is_told_and_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = written(Terminal(), 9, monkeypatch)
    assert "1 of 9: 1 solved" in shown
    assert shown.endswith("\r\x1b[K")


def test_what_comes_at_once_is_not_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "2 of 9" not in written(Terminal(), 9, monkeypatch)


@pytest.mark.parametrize(("stderr", "total"), [(io.StringIO(), 9), (Terminal(), 1)])
def test_a_file_and_a_single_problem_are_told_nothing(
    stderr: io.StringIO, total: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written(stderr, total, monkeypatch) == ""
