"""Interrupts while verifiers are at work: nothing hangs, and no process is left."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the end of a process cannot be waited for here")

DOUBLE = """\
(set-logic LIA)
(synth-fun twice ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (twice 3) 6))
(check-synth)
"""

ENDLESS = """\
(set-logic BV)
(define-fun products ((x (_ BitVec 64)) (y (_ BitVec 64))) (_ BitVec 64)
  (bvadd (bvmul (bvand x y) (bvor x y)) (bvmul (bvand x (bvnot y)) (bvand (bvnot x) y))))
(synth-fun f ((x (_ BitVec 64)) (y (_ BitVec 64))) (_ BitVec 64)
  ((S (_ BitVec 64))) ((S (_ BitVec 64) ((products x y)))))
(declare-var x (_ BitVec 64))
(declare-var y (_ BitVec 64))
(constraint (= (f x y) (bvmul x y)))
(check-synth)
"""
"""Its only program is right, which no solver proves in hours."""

DRIVER = """
import sys

from dsl.domain import load_domain
from dsl.source import Source
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.verifiers import Check, open_verifiers
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.verify.condition import condition_of
from wake_sleep.wake.verify.solver import Allowance

spec = read_sygus(Source(sys.stdin.read()), None)
grammar = program_grammar(spec, spec.functions[0])
program = grammar.program(grammar.smallest(grammar.start))
condition = condition_of(spec, load_domain(spec.domain))
with open_verifiers({workers}, Backend.{backend}) as verifiers:
    for number, seconds in enumerate((0.01, 0.01, 3600.0, 3600.0, 3600.0)):
        verifiers.submit(Check(number, condition, {{"f": program}}, Allowance(seconds), is_hard=True))
    verifiers.collect()
    verifiers.collect()
    sys.stdout.write("begun\\n")
    sys.stdout.flush()
    verifiers.collect()
"""


def children_of(process: int) -> set[int]:
    """All processes that a process started, and that these started."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found = {process}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return found - {process}


@contextmanager
def watched(processes: set[int]) -> Iterator[list[int]]:
    """Handles of processes that end when these do."""
    handles = []
    for process in processes:
        try:
            handles.append(os.pidfd_open(process))
        except ProcessLookupError:
            continue
    yield handles
    for handle in handles:
        os.close(handle)


def all_end(handles: list[int]) -> bool:
    """Whether processes end within half a minute."""
    return all(select.select([handle], [], [], 30)[0] for handle in handles)


def wait_for_work(process: int, seconds: float) -> None:
    """Wait until a process has taken so many CPU-seconds more than now."""
    ticks = os.sysconf("SC_CLK_TCK")

    def taken() -> float:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    begun = taken()
    while taken() < begun + seconds:
        os.sched_yield()


@pytest.mark.parametrize(("workers", "backend"), [(1, "IN_PROCESS"), (2, "RAY")])
def test_an_interrupt_ends_verifiers_in_the_middle_of_checks(workers: int, backend: str, tmp_path: Path) -> None:
    (tmp_path / "driver.py").write_text(DRIVER.format(workers=workers, backend=backend))
    (tmp_path / "endless.sl").write_text(ENDLESS)
    with (
        (tmp_path / "endless.sl").open() as spec,
        subprocess.Popen(
            [sys.executable, "-P", "driver.py"],
            cwd=tmp_path,
            stdin=spec,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as driver,
    ):
        try:
            assert driver.stdout is not None
            assert driver.stdout.readline() == "begun\n"
            with watched(children_of(driver.pid)) as children:
                driver.send_signal(signal.SIGINT)
                _, said = driver.communicate(timeout=30)
                assert all_end(children)
        finally:
            driver.kill()
    assert driver.returncode in (130, -signal.SIGINT)
    assert said.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("jobs", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_an_interrupted_batch_ends_in_the_middle_of_a_proof(jobs: str, tmp_path: Path, reverie: Path) -> None:
    (tmp_path / "specs").mkdir()
    for number, text in enumerate((DOUBLE, ENDLESS, ENDLESS)):
        (tmp_path / "specs" / f"{number}.sl").write_text(text)
    command = [str(reverie), "batch", "specs", "--format", "json", "--cpu-seconds", "3600", "--jobs", jobs]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert '"solved"' in process.stdout.readline()
            if jobs == "1":
                wait_for_work(process.pid, 1.0)
            with watched(children_of(process.pid)) as children:
                process.send_signal(signal.SIGINT)
                _, said = process.communicate(timeout=30)
                assert all_end(children)
        finally:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in said
