"""The benchmark of several solvers."""

from pathlib import Path

from workbench.benchmarks.jobs import UNSOLVABLE, BatchRun, report, run_batch


def test_the_problems_are_never_solved(tmp_path: Path) -> None:
    (tmp_path / "0.sl").write_text(UNSOLVABLE.format(number=0))
    run = run_batch(tmp_path, jobs=1, candidates=500)
    (row,) = run.rows
    assert '"candidates: the budget of 500 is spent"' in row
    assert "seconds" not in row


def test_the_report_shows_the_ratio_and_whether_results_are_equal() -> None:
    one, two = BatchRun(1, 100.0, 99.0, ("a",)), BatchRun(2, 50.0, 98.0, ("a",))
    assert report(one, two).splitlines() == [
        "1 problems; results equal",
        "jobs   wall s    CPU s",
        "   1    100.0     99.0",
        "   2     50.0     98.0",
        "throughput × 2.00",
    ]
    assert report(one, BatchRun(2, 50.0, 98.0, ("b",))).startswith("1 problems; results DIFFERENT\n")
