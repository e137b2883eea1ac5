"""Enumeration by levels."""

import itertools

import pytest

from wake_sleep.wake.values.enumerate import tiles


@pytest.mark.parametrize(
    ("counts", "limit"), [((7,), 3), ((5, 9), 10), ((4, 5, 6), 7), ((1, 1, 1), 1), ((100, 3), 4096), ((3, 100), 8)]
)
def test_tiles_cover_every_combination_once_and_none_is_too_large(counts: tuple[int, ...], limit: int) -> None:
    seen = []
    for tile in tiles(counts, limit):
        block = list(itertools.product(*(range(a, b) for a, b in tile)))
        assert 0 < len(block) <= limit
        seen += block
    assert sorted(seen) == list(itertools.product(*map(range, counts)))


def test_nothing_has_no_tiles() -> None:
    assert list(tiles((4, 0, 2), 10)) == []
