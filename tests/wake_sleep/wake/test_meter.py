"""Budgets end a search, each with its reason."""

import pytest

from dsl.spec import Budget
from wake_sleep.wake.meter import Meter, OutOfBudget


def test_a_budget_in_candidates_ends_at_that_candidate() -> None:
    meter = Meter(Budget(candidates=10))
    meter.spend(9)
    with pytest.raises(OutOfBudget, match="candidates: the budget of 10 is spent"):
        meter.spend(1)
    assert meter.candidates == 10


@pytest.mark.parametrize(
    ("budget", "reason"),
    [
        (Budget(cpu_seconds=0.0), "cpu: the budget of 0 CPU-seconds is spent"),
        (Budget(wall_seconds=0.0), "wall: the budget of 0 seconds is spent"),
        (Budget(memory=1 << 20), "memory: the search keeps more than 1 MiB"),
    ],
)
def test_every_other_budget_has_its_reason(budget: Budget, reason: str) -> None:
    with pytest.raises(OutOfBudget, match=reason):
        Meter(budget).spend(0, kept_bytes=1 << 21)


def test_without_a_budget_nothing_ends() -> None:
    meter = Meter(Budget())
    meter.spend(10**12, kept_bytes=10**12)
    assert meter.candidates == 10**12


def test_a_budget_is_completed_where_it_bounds_nothing() -> None:
    joined = Budget(candidates=5) | Budget(cpu_seconds=1.0, candidates=7)
    assert joined == Budget(cpu_seconds=1.0, candidates=5)
