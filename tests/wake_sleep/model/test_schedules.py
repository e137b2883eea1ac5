"""Schedules: shares of the holes that are expanded in each step."""

from __future__ import annotations

import math

import pytest

from wake_sleep.model.schedules import SCHEDULES, UnknownSchedule, shares, step_share


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7])
def test_the_shares_lead_from_nothing_shown_to_all(schedule: str, steps: int) -> None:
    found = shares(schedule, steps)
    assert len(found) == steps
    assert all(0 < share <= 1 for share in found)
    assert found[-1] == 1


def test_the_linear_schedule_leaves_holes_in_equal_parts() -> None:
    found = shares("linear", 4)
    left = [math.prod(1 - share for share in found[:i]) for i in range(5)]
    assert left == pytest.approx([1, 0.75, 0.5, 0.25, 0])


def test_cosine_begins_slowly_and_sqrt_fast() -> None:
    assert shares("cosine", 8)[0] < shares("linear", 8)[0] < shares("sqrt", 8)[0]


def test_holes_that_open_after_the_schedule_are_all_expanded() -> None:
    assert step_share(shares("linear", 3), 9) == 1


def test_an_unknown_schedule_is_named_with_the_nearest_known() -> None:
    with pytest.raises(UnknownSchedule, match="did you mean `cosine`"):
        shares("cosin", 4)
