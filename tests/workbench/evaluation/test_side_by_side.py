"""Reverie beside a peer: who solved what, at what cost, in data, files and plots."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wake_sleep.wake.outcome import Status
from workbench.evaluation.history import earlier_scores
from workbench.evaluation.plots import draw_scatter, solving_points
from workbench.evaluation.report import Report, ResultFolder
from workbench.evaluation.side_by_side import put_side_by_side, with_startup
from workbench.evaluation.suites import Suite, collect_suite
from workbench.evaluation.summary import Score
from workbench.settings import resolve
from workbench.solving import Row

SUITE = Suite("some", (("a.sl", Path("a.sl")), ("b.sl", Path("b.sl")), ("c", None)))


def score(name: str, size: int | None = 5, cpu: float = 1.0, **known: object) -> Score:
    """A problem solved by an answer of this size; by an answer that cannot be read if that is None."""
    return replace(Score(name, Status.SOLVED, size, 100, cpu), **known)  # type: ignore[arg-type]


def row(name: str, solver: str, *, solved: bool = True, cpu: float = 0.5, startup: float = 0.0) -> Row:
    return {
        "spec": name, "status": "solved" if solved else "unknown", "size": 3 if solved else None,
        "candidates": 10 if solver == "reverie" else None, "cpu_seconds": cpu, "startup_seconds": startup,
        "held_out": None, "solver": solver,
    }  # fmt: skip


@pytest.fixture
def report() -> Report:
    ours = [row("a.sl", "reverie", startup=0.9), row("b.sl", "reverie", solved=False), row("c", "reverie")]
    theirs = [row("a.sl", "cvc5", startup=0.1), row("b.sl", "cvc5", cpu=2.0, startup=0.1)]
    return Report(SUITE, resolve({"cpu-seconds": 4}, {}), ours, None, 1.5, peers={"cvc5": theirs})


def test_start_up_is_shared_out_among_all_problems() -> None:
    scores = [score("a", cpu=1.0, startup_seconds=0.6), score("b", cpu=2.0)]
    assert [found.cpu_seconds for found in with_startup(scores)] == [1.3, 2.3]
    assert with_startup([]) == []


def test_problems_are_compared_that_both_tried() -> None:
    ours = [score("a", 3), score("b", 4), score("c", status=Status.UNKNOWN), score("d"), score("untried")]
    theirs = [score("d", status=Status.INFEASIBLE), score("c"), score("b", None), score("a", 7)]
    sides = put_side_by_side("cvc5", ours, theirs)
    assert (sides.both, sides.only_ours, sides.only_theirs) == (("a", "b"), ("d",), ("c",))
    assert (sides.ours.summary.solved, sides.theirs.summary.solved) == (3, 3)
    assert (sides.ours.infeasible, sides.theirs.infeasible) == (0, 1)


def test_sizes_are_compared_where_both_are_known() -> None:
    ours = [score("a", 3), score("b", 4), score("c", 100), score("d", 5)]
    theirs = [score("a", 7), score("b", 8), score("c", None), score("d", status=Status.UNKNOWN)]
    sides = put_side_by_side("cvc5", ours, theirs)
    assert (sides.ours.sizes.total, sides.ours.sizes.quantiles[50]) == (7, 3)
    assert (sides.theirs.sizes.total, sides.theirs.sizes.quantiles[50]) == (15, 7)


def test_nothing_in_common_has_no_sizes() -> None:
    sides = put_side_by_side("cvc5", [score("a")], [])
    assert sides.data()["problems"] == 0
    assert sides.ours.data()["size_where_both"] == {"p50": None, "total": 0}


def test_the_sygus_files_of_a_suite_are_what_peers_solve(tmp_path: Path) -> None:
    for name in ("a.sl", "b.SL", "c.json"):
        text = '{"signature": "int -> int", "examples": [[[1], 2]]}' if name.endswith("json") else "(check-synth)"
        (tmp_path / name).write_text(text)
    suite = collect_suite(str(tmp_path))
    assert [Path(name).name for name in suite.sygus.names] == ["a.sl", "b.SL"]
    assert collect_suite("integers").sygus.names == ()


# Reports.


def test_a_report_has_the_summary_of_each_peer(report: Report) -> None:
    peers = report.data()["peers"]
    assert isinstance(peers, dict)
    found = peers["cvc5"]
    assert (found["tasks"], found["solved"], found["cpu_seconds"]["total"]) == (2, 2, 2.5)
    assert not any(name.startswith("candidates") for name in found)
    sides = found["side_by_side"]
    assert (sides["problems"], sides["both"], sides["only_reverie"], sides["only_cvc5"]) == (2, 1, [], ["b.sl"])
    assert sides["reverie"]["cpu_seconds"]["total"] == pytest.approx(1.6)
    assert sides["cvc5"]["cpu_seconds"]["total"] == 2.5
    assert [each["solver"] for each in report.all_rows] == ["reverie"] * 3 + ["cvc5"] * 2


def test_a_report_without_peers_does_not_speak_of_them(report: Report) -> None:
    assert "peers" not in replace(report, peers={}).data()


def test_rows_and_plots_of_a_peer_are_files(report: Report, tmp_path: Path) -> None:
    (tmp_path / "cvc5.jsonl").write_text("old", encoding="utf-8")
    folder = ResultFolder(tmp_path, ["cvc5"])
    for each in report.all_rows:
        folder.add(each)
    folder.finish(report)
    lines = (tmp_path / "cvc5.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["spec"] for line in lines] == ["a.sl", "b.sl"]
    assert len((tmp_path / "results.jsonl").read_text(encoding="utf-8").splitlines()) == 3
    cactus = (tmp_path / "cactus.svg").read_text(encoding="utf-8")
    assert "reverie: 1 of 2" in cactus
    assert "cvc5: 2 of 2" in cactus
    assert "only cvc5: 1" in (tmp_path / "scatter-cvc5.svg").read_text(encoding="utf-8")
    assert (tmp_path / "scatter-cvc5.png").read_bytes().startswith(b"\x89PNG")


def test_what_a_run_is_compared_with_are_its_own_rows(report: Report, tmp_path: Path) -> None:
    whole, theirs = tmp_path / "whole.json", tmp_path / "cvc5.jsonl"
    whole.write_text(json.dumps({"rows": report.all_rows}), encoding="utf-8")
    theirs.write_text("".join(f"{json.dumps(each)}\n" for each in report.peers["cvc5"]), encoding="utf-8")
    assert [found.is_solved for found in earlier_scores(str(whole), None, SUITE.names)] == [True, False, True]
    assert [found.is_solved for found in earlier_scores(str(theirs), None, SUITE.names)] == [True, True]


# Scatter plots.


def test_what_one_did_not_solve_stands_at_the_limit() -> None:
    ours = [score("a", cpu=0.0), score("b", status=Status.UNKNOWN), score("c"), score("d", status=Status.UNKNOWN)]
    theirs = [
        score("a", cpu=2.0),
        score("b"),
        score("c", status=Status.ERROR, cpu=0.1),
        score("d", status=Status.UNKNOWN),
    ]
    assert solving_points(put_side_by_side("cvc5", ours, theirs), 10.0) == {
        "both": [(0.001, 2.0)],
        "only reverie": [(1.0, 10.0)],
        "only cvc5": [(10.0, 1.0)],
    }


def test_names_in_a_scatter_plot_are_no_formulas(tmp_path: Path) -> None:
    svg, png = draw_scatter(put_side_by_side("a $peer", [score("a")], [score("a")]), 10.0, "a $suite", tmp_path / "it")
    text = svg.read_text(encoding="utf-8")
    assert "a $suite" in text
    assert "only a $peer: 0" in text
    assert png.read_bytes().startswith(b"\x89PNG")
