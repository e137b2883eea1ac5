"""The benchmark of dreams: what it compares, and that it runs."""

from __future__ import annotations

import pytest

from workbench.benchmarks.dreaming import Savings, Solving, measure


def test_savings_compare_the_tasks_that_either_way_solved() -> None:
    before = Solving((10, 4_000, None, None, 100), 1.0)
    after = Solving((20, 400, 50, None, None), 1.0)
    saved = Savings.between(before, after, 10_000)
    assert saved.ratios == pytest.approx((0.5, 10, 200, 0.01))
    assert saved.hard == pytest.approx((10, 200))
    assert "1 more than 2× slower" in str(saved)
    assert str(Savings.between(Solving((None,), 0.0), Solving((None,), 0.0), 10)) == "nothing was solved"


def test_a_small_run_reports_every_way_to_search() -> None:
    lines = measure("integers", tasks=3, dreams=60, candidates=2_000, seed=0, pseudo_count=1.0)
    assert lines[0].startswith("integers: 60 dreams")
    assert [line.split()[:2] for line in lines[1:]] == [["equal", "costs"], ["dreams", "alone"], ["both", "in"]]
