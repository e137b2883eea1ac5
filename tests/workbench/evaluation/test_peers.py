"""Peers: who there is, what they may spend, and what comes of the problems that they are given."""

import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl.errors import ReverieError
from dsl.spec import Budget
from wake_sleep.wake.outcome import Status
from workbench.batch import Problem, Result, read_problems
from workbench.evaluation.peer_process import Limits
from workbench.evaluation.peers import MEMORY, PEERS, Peer, PeerRun, find_peers, limits_of
from workbench.evaluation.suites import collect_suite, read_rewriting
from workbench.solving import COLUMNS

needs_cvc5 = pytest.mark.skipif(
    importlib.util.find_spec("cvc5") is None, reason="cvc5 is not installed: pip install 'reverie[peers]'"
)

CURRENT = """\
(set-logic LIA)
(synth-fun twice ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (twice 3) 6))
(constraint (= (twice 10) 20))
(check-synth)
"""
FORMER = """\
(set-logic BV)
(define-fun up ((x (BitVec 8))) (BitVec 8) (bvshl x #x01))
(synth-fun f ((x (BitVec 8))) (BitVec 8) ((Start (BitVec 8) (x (up Start)))))
(constraint (= (f #x01) #x04))
(check-synth)
"""
IMPOSSIBLE = """\
(set-logic SLIA)
(synth-fun f ((s String)) String)
(constraint (= (f "a") "b"))
(constraint (= (f "a") "c"))
(check-synth)
"""
ENDLESS = """\
(set-logic LIA)
(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))
(constraint (= (f 1) (- 1)))
(constraint (= (f 2) (- 7)))
(check-synth)
"""
REAL = """\
(set-logic LRA)
(synth-fun f ((x Real)) Real)
(declare-var x Real)
(constraint (> (f x) x))
(check-synth)
"""


def problems_of(folder: Path, *texts: str) -> Iterator[Problem]:
    paths = [folder / f"{number}.sl" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return read_problems(paths)


def solved_by_cvc5(folder: Path, *texts: str, cpu_seconds: float = 60.0, jobs: int = 1) -> list[Result]:
    run = PeerRun(PEERS["cvc5"], Budget(cpu_seconds=cpu_seconds), jobs)
    results = list(run.run(problems_of(folder, *texts)))
    assert not run.was_interrupted
    return results


# Who there is.


def test_an_unknown_peer_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ReverieError, match="there is no peer 'cvc4'; known: cvc5"):
        find_peers(["cvc4"])


def test_a_peer_that_is_not_installed_is_an_error_that_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEERS, "cvc5", Peer("cvc5", "no_such_package", "no_such_module"))
    with pytest.raises(ReverieError, match=r"pip install 'reverie\[peers\]'"):
        find_peers(["cvc5"])


@needs_cvc5
def test_a_peer_that_is_named_twice_takes_part_once() -> None:
    assert find_peers(["cvc5", "cvc5"]) == (PEERS["cvc5"],)


@pytest.mark.parametrize(
    ("budget", "limits"),
    [
        (Budget(), Limits(10.0, 110.0, MEMORY)),
        (Budget(candidates=5, size=3), Limits(10.0, 110.0, MEMORY)),
        (Budget(cpu_seconds=2.0), Limits(2.0, 70.0, MEMORY)),
        (Budget(cpu_seconds=2.0, wall_seconds=3.0), Limits(2.0, 3.0, MEMORY)),
        (Budget(wall_seconds=30.0), Limits(30.0, 30.0, MEMORY)),
    ],
)
def test_a_peer_may_spend_what_we_may(budget: Budget, limits: Limits) -> None:
    assert limits_of(budget) == limits


# What comes of problems.


@needs_cvc5
def test_a_solved_problem_has_a_row_with_our_keys(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, CURRENT)
    row = result.row
    assert tuple(row) == COLUMNS
    assert (row["spec"], row["status"], row["size"], row["domain"]) == (str(tmp_path / "0.sl"), "solved", 3, "integers")
    assert row["answer"] == "(define-fun twice ((x Int)) Int (+ x x))"
    assert (row["candidates"], row["seed"], row["reason"], row["verdict"]) == (None, None, None, None)
    assert isinstance(row["versions"], dict)
    assert set(row["versions"]) >= {"reverie", "cvc5"}
    cpu_seconds, startup_seconds = row["cpu_seconds"], row["startup_seconds"]
    assert isinstance(cpu_seconds, float)
    assert isinstance(startup_seconds, float)
    assert 0 < startup_seconds < cpu_seconds
    assert (result.diagnostic, result.held_out_right) == ("", None)


@needs_cvc5
def test_a_file_of_version_1_is_asked_in_version_2(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, FORMER)
    assert result.row["answer"] == "(define-fun f ((x (_ BitVec 8))) (_ BitVec 8) (up (up x)))"
    assert result.row["size"] == 3


@needs_cvc5
def test_a_file_without_its_last_command_is_asked_with_it(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, CURRENT.replace("(check-synth)\n", ""))
    assert result.row["status"] == "solved"


@needs_cvc5
def test_results_come_in_the_order_of_the_problems(tmp_path: Path) -> None:
    texts = [CURRENT, IMPOSSIBLE, "(set-logic", FORMER]
    for jobs in (1, 3):
        results = solved_by_cvc5(tmp_path, *texts, jobs=jobs)
        assert [result.row["spec"] for result in results] == [str(tmp_path / f"{i}.sl") for i in range(4)]
        assert [result.status for result in results] == ["solved", "infeasible", "error", "solved"]


@needs_cvc5
def test_a_problem_beyond_its_limit_is_unknown(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, ENDLESS, cpu_seconds=1.0)
    assert (result.status, result.row["reason"]) == (Status.UNKNOWN, "cpu: the budget of 1 CPU-seconds is spent")
    assert result.row["size"] is None


@needs_cvc5
def test_a_file_that_we_cannot_read_is_asked_as_it_stands(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, REAL)
    assert (result.status, result.row["size"], result.row["domain"]) == (Status.SOLVED, None, None)
    assert "cannot be read" in str(result.row["reason"])


@needs_cvc5
def test_what_a_peer_refuses_is_an_error_that_is_told(tmp_path: Path) -> None:
    (result,) = solved_by_cvc5(tmp_path, "(set-logic LIA)\n(synth-fun f ((x Int)) Int")
    assert result.status is Status.ERROR
    assert "RPAREN" in str(result.row["reason"])
    assert result.diagnostic == f"{tmp_path / '0.sl'}: cvc5: {result.row['reason']}"


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    run = PeerRun(Endless("endless", "numpy", ""), Budget())
    (result,) = run.run(read_problems([tmp_path / "missing.sl"]))
    assert (result.status, result.row["reason"]) == (Status.ERROR, "no such file")


@needs_cvc5
def test_answers_are_scored_on_held_out_examples(tmp_path: Path) -> None:
    first = '(set-logic SLIA)\n(synth-fun f ((s String)) String ((S String)) ((S String (s "b"))))\n'
    (tmp_path / "a_short.sl").write_text(f'{first}(constraint (= (f "b") "b"))\n(check-synth)\n')
    (tmp_path / "a_long.sl").write_text(f'{first}(constraint (= (f "c") "d"))\n(check-synth)\n')
    suite = collect_suite(str(tmp_path / "*_short.sl"), [read_rewriting("_short=_long")])
    (result,) = PeerRun(PEERS["cvc5"], Budget()).run(suite.sygus.problems())
    assert (result.status, result.held_out_right) == (Status.SOLVED, False)


# Interrupts.


@dataclass(frozen=True)
class Endless(Peer):
    """A peer that tells its process to the pipe that is its module, and does not end by itself."""

    def command(self, limits: Limits) -> list[str]:
        code = f"import os, signal; open({self.module!r}, 'w').write(str(os.getpid())); signal.pause()"
        return [sys.executable, "-S", "-E", "-c", code]


def test_an_interrupt_kills_what_runs(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    begun: list[int] = []

    def interrupt() -> None:
        begun.append(int(pipe.read_text()))
        os.kill(os.getpid(), signal.SIGINT)

    run = PeerRun(Endless("endless", "numpy", str(pipe)), Budget())
    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    results = list(run.run(problems_of(tmp_path, CURRENT, IMPOSSIBLE, ENDLESS, FORMER)))
    thread.join(timeout=60)
    assert run.was_interrupted
    assert {result.status for result in results} == {Status.INTERRUPTED}
    with pytest.raises(ProcessLookupError):
        os.kill(begun[0], 0)
