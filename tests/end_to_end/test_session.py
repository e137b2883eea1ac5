"""``reverie session`` as an installed command: from a pipe, and at a terminal of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest

HARD = ('"abc" => "zq7_"', '"xyzz" => "0_wq"')
"""Examples for both of which no program is found in any time that a test has."""


def test_a_script_finds_a_program_and_saves_what_solve_solves(reverie: Path, tmp_path: Path) -> None:
    text = '"ab" => "AB"\n"c" => "C"\nrun "xyz"\nsave up.toml\nsove\n'
    bound = ["--max-candidates", "12000"]
    options = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    done = subprocess.run([reverie, "session", *bound], input=text, **options)  # type: ignore[call-overload]
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == '"XYZ"'
    assert done.stderr.splitlines()[-2:] == [
        "saved; `reverie solve up.toml` solves it",
        "<stdin>:5: there is no command `sove`; did you mean `solve`?",
    ]
    solved = subprocess.run([reverie, "solve", "up.toml", "-f", "json", *bound], **options)  # type: ignore[call-overload]
    assert json.loads(solved.stdout)["status"] == "solved"


def test_ctrl_c_ends_a_search_from_a_pipe_and_the_session_goes_on(reverie: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [reverie, "session", "--cpu-seconds", "300"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(HARD) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "lambda x0: 'zq7_'\n"
    assert process.stdout.readline().startswith("  solved")
    _until_busy(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "interrupted: nothing was found so far; `solve` searches again\n"
    shown, _ = process.communicate("examples\n")
    assert shown.splitlines() == [f"{number}  {example}" for number, example in enumerate(HARD, start=1)]
    assert process.returncode == 1


def _until_busy(process: int) -> None:
    """Wait until a process has computed for some time: then it is searching."""
    begin = _cpu_ticks(process)
    while _cpu_ticks(process) < begin + 40:
        time.sleep(0.02)


def _cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class Terminal:
    """A session at a terminal of its own."""

    def __init__(self, reverie: Path, *arguments: str) -> None:
        self.process, self._terminal = pty.fork()
        if self.process == 0:
            os.execv(reverie, ["reverie", "session", *arguments])
        self._seen = ""

    def press(self, keys: str, until: str, *, again: bool = False) -> None:
        """Press keys and wait for what is shown then.

        Args:
            keys: what is typed.
            until: what is to be shown, and has not been shown since the last time.
            again: whether to press them again if nothing comes: a Ctrl-C that comes just between two keys is noticed
                by readline with the next key only.
        """
        os.write(self._terminal, keys.encode())
        while until not in self._seen:
            if select.select([self._terminal], [], [], 1 if again else 60)[0]:
                self._seen += os.read(self._terminal, 65_536).decode()
            else:
                assert again, f"{until!r} does not come after {self._seen!r}"
                os.write(self._terminal, keys.encode())
        self._seen = self._seen.partition(until)[2]

    def leave(self) -> int:
        """Press Ctrl-D at the next prompt, before which it would be lost, and get the exit code."""
        self.press("", "reverie> ")
        os.write(self._terminal, b"\x04")
        _, status = os.waitpid(self.process, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)


@pytest.fixture
def terminal(reverie: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A session in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "dumb")
    return Terminal(reverie, "--cpu-seconds", "300")


def test_a_person_at_a_terminal_edits_interrupts_and_leaves(terminal: Terminal) -> None:
    terminal.press("", "Type an example")
    terminal.press("", "reverie> ")
    terminal.press('"half a li', "half a li")
    terminal.press("\x03", "reverie> ", again=True)
    terminal.press(f"{HARD[0]}\n", "lambda x0: 'zq7_'")
    terminal.press("", "solved: all given examples hold")
    terminal.press(f"{HARD[1]}\n", "searching")
    _until_busy(terminal.process)
    terminal.press("\x03", "interrupted: nothing was found so far", again=True)
    terminal.press("sove\n", "did you mean `solve`?")
    terminal.press("undo\n", "lambda x0: 'zq7_'")
    assert terminal.leave() == 0
