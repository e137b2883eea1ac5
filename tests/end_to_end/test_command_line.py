"""How ``reverie`` as a whole behaves: help, version, mistakes, interrupts, pipes and colours."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import COMMANDS, load_command

Run = Callable[..., subprocess.CompletedProcess[str]]

INTERRUPTED_COMMAND = """
import sys, types
module = types.ModuleType("cli.doctor")
def doctor() -> None:
    {body}
module.doctor = doctor
sys.modules["cli.doctor"] = module
sys.argv = ["reverie", *{options!r}, "doctor"]
from cli.main import main
main()
"""
"""A process of ``reverie doctor`` in which the command itself is replaced."""


def run_with_command(body: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = INTERRUPTED_COMMAND.format(body=body, options=options)
    plain = {name: value for name, value in os.environ.items() if name != "REVERIE_DEBUG"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**plain, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def seen_on_a_terminal(command: list[str | Path], **environment: str) -> str:
    """What a command writes to stdout when that is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, **environment}) as process:
        os.close(theirs)
        pieces = []
        try:
            while piece := os.read(ours, 65536):
                pieces.append(piece)
        except OSError:  # how Linux says that the other end was closed
            pass
        finally:
            os.close(ours)
    assert process.returncode == 0
    return b"".join(pieces).decode()


def test_version(run: Run) -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "reverie 0.1.0\n", "")


def test_help_lists_every_command_with_what_it_does(run: Run) -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for name, summary in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(summary)}$", done.stdout, flags=re.MULTILINE)


def test_no_arguments_shows_the_help_and_is_bad_usage(run: Run) -> None:
    done = run()
    assert done.returncode == 2
    assert "Usage: reverie" in done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself_as_the_list_does(name: str, run: Run) -> None:
    command = load_command(name)
    assert command.help is not None
    assert command.help.splitlines()[0] == COMMANDS[name]
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: reverie {name} ")


def test_an_unknown_command_names_the_nearest(run: Run) -> None:
    done = run("chek")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'chek'" in done.stderr
    assert "'check'" in done.stderr


def test_an_unknown_option_is_bad_usage(run: Run) -> None:
    done = run("domains", "--fromat", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--format" in done.stderr


def test_an_unknown_format_is_bad_usage(run: Run) -> None:
    done = run("domains", "--format", "yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "yaml" in done.stderr


def test_completion_offers_the_commands(run: Run) -> None:
    done = run(_REVERIE_COMPLETE="complete_bash", COMP_WORDS="reverie d", COMP_CWORD="1")
    assert done.stdout.split() == ["dreams", "domains", "doctor"]


def test_an_internal_error_says_how_to_report_it() -> None:
    done = run_with_command("raise KeyError('lost')")
    assert (done.returncode, done.stdout) == (3, "")
    assert "internal error: KeyError: 'lost'" in done.stderr
    assert "report" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("options", "environment"), [(["--debug"], {}), ([], {"REVERIE_DEBUG": "1"})])
def test_debugging_shows_the_traceback(options: list[str], environment: dict[str, str]) -> None:
    done = run_with_command("raise KeyError('lost')", *options, **environment)
    assert done.returncode == 3
    assert "Traceback" in done.stderr


def test_an_error_of_the_user_is_a_message_and_bad_usage() -> None:
    done = run_with_command("from dsl.errors import DomainError; raise DomainError('there is no domain x')")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "there is no domain x\n")


def test_an_interrupt_ends_with_130_and_no_traceback() -> None:
    done = run_with_command("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_ctrl_c_from_outside_ends_with_130() -> None:
    body = "sys.stdout.write('ready\\n'); sys.stdout.flush(); import signal; signal.pause()"
    code = INTERRUPTED_COMMAND.format(body=body, options=())
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in errors


def test_a_reader_that_goes_away_is_no_error(reverie: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run([reverie, "domains"], stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_output_that_is_closed_is_no_error(reverie: Path) -> None:
    done = subprocess.run(["sh", "-c", f"'{reverie}' domains >&-"], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_one_line(reverie: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([reverie, "domains"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("cannot write the result: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_gets_colours_unless_they_are_not_wanted(reverie: Path) -> None:
    plain = {"NO_COLOR": "", "FORCE_COLOR": ""}
    coloured = seen_on_a_terminal([reverie, "domains"], **{**plain, "TERM": "xterm-256color"})
    uncoloured = seen_on_a_terminal([reverie, "domains"], **{**plain, "TERM": "xterm-256color", "NO_COLOR": "1"})
    assert "\x1b[" in coloured
    assert "\x1b" not in uncoloured


def test_an_output_that_cannot_show_a_character_still_gets_the_result(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ά.csv").write_text("name,initial\nAda,A\n", encoding="utf-8")
    done = run("check", "ά.csv", "--column", "initial", PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u03ac.csv" in done.stdout


def test_doctor_finds_this_installation_whole(run: Run) -> None:
    done = run("doctor", "--format", "value")
    assert (done.returncode, done.stderr) == (0, "")
    checks = {line.split("\t")[0]: line.split("\t")[1] for line in done.stdout.splitlines()}
    assert {"python", "package dsl", "package cli", "dependency numpy", "domain strings"} <= set(checks)
    assert set(checks.values()) == {"true"}
