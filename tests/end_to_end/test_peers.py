"""``reverie bench --peer cvc5``: both solvers in one run, as a person and as a script see it."""

import csv
import importlib.util
import io
import json
import os
import select
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checker.check_answers import judge

Run = Callable[..., subprocess.CompletedProcess[str]]

needs_cvc5 = pytest.mark.skipif(
    importlib.util.find_spec("cvc5") is None, reason="cvc5 is not installed: pip install 'reverie[peers]'"
)

FIRST = "(set-logic SLIA)\n(synth-fun f ((s String)) String ((Start String (s (str.at Start I))) (I Int (0 1))))\n"
SHORT = f'{FIRST}(constraint (= (f "ab") "b"))\n(check-synth)\n'
LONG = f'{FIRST}(constraint (= (f "xyz") "y"))\n(check-synth)\n'
ENDLESS = """\
(set-logic LIA)
(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))
(constraint (= (f 1) (- 1)))
(constraint (= (f 2) (- 7)))
(check-synth)
"""
BUDGET = ("--max-candidates", "2000")
PATIENCE = 60
"""Seconds after which a run that writes nothing is taken to be broken."""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of a file that is solved, one that cannot be, one that is broken, and one that is none of SyGuS."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "a_short.sl").write_text(SHORT, encoding="utf-8")
    (folder / "a_long.sl").write_text(LONG, encoding="utf-8")
    (folder / "impossible.sl").write_text(
        SHORT.replace("(check-synth)", '(constraint (= (f "ab") "c"))\n(check-synth)'), encoding="utf-8"
    )
    (folder / "table.json").write_text('{"signature": "int -> int", "examples": [[[1], 2]]}', encoding="utf-8")
    return folder


@needs_cvc5
def test_both_solvers_have_rows_a_summary_and_plots(run: Run, suite: Path, tmp_path: Path) -> None:
    done = run(
        "bench", suite, "--peer", "cvc5", "--held-out", "_short=_long", "--out", "out", "--format", "json", *BUDGET
    )
    assert done.returncode == 0
    found = json.loads(done.stdout)
    rows = {(row["solver"], Path(row["spec"]).name): row for row in found["rows"]}
    assert {key: row["status"] for key, row in rows.items()} == {
        ("reverie", "a_long.sl"): "solved",
        ("reverie", "a_short.sl"): "solved",
        ("reverie", "impossible.sl"): "infeasible",
        ("reverie", "table.json"): "solved",
        ("cvc5", "a_long.sl"): "solved",
        ("cvc5", "a_short.sl"): "solved",
        ("cvc5", "impossible.sl"): "infeasible",
    }
    assert rows["cvc5", "a_short.sl"].keys() == rows["reverie", "a_short.sl"].keys()
    assert rows["cvc5", "a_short.sl"]["held_out"] is True
    finding = judge(rows["cvc5", "a_short.sl"], suite, ("_short", "_long")).finding
    assert finding is not None
    assert (finding.wrong, finding.held_out, finding.size) == (None, True, rows["cvc5", "a_short.sl"]["size"])
    peer = found["peers"]["cvc5"]
    assert (peer["tasks"], peer["solved"], peer["held_out_right"]) == (3, 2, 1)
    assert (peer["side_by_side"]["problems"], peer["side_by_side"]["both"]) == (3, 2)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.jsonl", "summary.json", "cactus.svg", "cactus.png", "cvc5.jsonl", "scatter-cvc5.svg",
        "scatter-cvc5.png",
    }  # fmt: skip
    written = [json.loads(line) for line in (tmp_path / "out" / "cvc5.jsonl").read_text(encoding="utf-8").splitlines()]
    assert written == [row for row in found["rows"] if row["solver"] == "cvc5"]


@needs_cvc5
def test_a_person_sees_both_side_by_side(run: Run, suite: Path) -> None:
    done = run("bench", suite / "*.sl", "--peer", "cvc5", *BUDGET)
    assert done.returncode == 0
    _, _, card = done.stdout.partition("reverie beside cvc5\n")
    lines = [line.split() for line in card.splitlines()]
    assert ["both", "2", "of", "3", "problems", "are", "solved", "by", "both"] in lines
    assert ["only", "reverie", "0"] in lines
    assert ["solved", "2", "2"] in lines
    assert ["infeasible", "1", "1"] in lines
    assert "cvc5: 2 solved, 1 infeasible in" in done.stderr


@needs_cvc5
def test_what_a_peer_fails_at_is_told_and_no_failure_of_the_run(run: Run, suite: Path) -> None:
    # cvc5 has no operator of this name.
    (suite / "ours.sl").write_text(SHORT.replace("(str.at Start I)", "(strings.reverse Start)"), encoding="utf-8")
    done = run("bench", suite / "ours.sl", "--peer", "cvc5", "--format", "csv", *BUDGET)
    assert done.returncode == 0
    assert [(row["solver"], row["status"]) for row in csv.DictReader(io.StringIO(done.stdout))][1] == ("cvc5", "error")
    assert "ours.sl: cvc5: " in done.stderr


def test_without_a_peer_rows_name_no_solver(run: Run, suite: Path) -> None:
    found = json.loads(run("bench", suite / "a_long.sl", "--format", "json", *BUDGET).stdout)
    assert "peers" not in found
    assert "solver" not in found["rows"][0]


@needs_cvc5
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes cannot be listed here")
def test_an_interrupt_kills_the_peer_and_keeps_what_is_done(reverie: Path, suite: Path, tmp_path: Path) -> None:
    (suite / "b_endless.sl").write_text(ENDLESS, encoding="utf-8")
    (tmp_path / "out").mkdir()
    rows = tmp_path / "out" / "cvc5.jsonl"
    os.mkfifo(rows)
    file = os.open(rows, os.O_RDWR)
    long = ("--cpu-seconds", "100")
    command = [str(reverie), "bench", f"{suite}/[ab]_[es]*.sl", "--peer", "cvc5", "--out", "out", *BUDGET, *long]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert select.select([file], [], [], PATIENCE)[0], "the peer wrote no row"
            assert b'"solver": "cvc5"' in os.read(file, 65_536)
            below = children_of(process.pid)
            process.send_signal(signal.SIGINT)
            output, said = process.communicate()
        finally:
            process.kill()
            os.close(file)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "interrupted after 1 of 2 problems of cvc5"
    assert "1 of 1 problems are solved by both" in output
    assert [child for child in below if Path(f"/proc/{child}").exists()] == []


def children_of(process: int) -> list[int]:
    """The processes that a process started and that are there."""
    return [
        int(child)
        for task in Path(f"/proc/{process}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("suite", "--peer", "cvc4"), "there is no peer 'cvc4'; known: cvc5"),
        pytest.param(("integers", "--peer", "cvc5"), "integers: there is no SyGuS file here", marks=needs_cvc5),
    ],
)
def test_what_is_asked_wrongly_is_refused_before_the_work(
    run: Run, suite: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run("bench", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
