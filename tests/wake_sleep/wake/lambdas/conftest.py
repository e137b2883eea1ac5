"""Garbage is collected as rarely as in a worker: searches make millions of tuples, and no cycles."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def rare_collections() -> Iterator[None]:
    """Collect rarely while a test runs."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    yield
    gc.set_threshold(*before)
