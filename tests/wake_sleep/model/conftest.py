"""The tests of the model compute in one thread, as the model does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from wake_sleep.model.threads import one_thread


@pytest.fixture(autouse=True)
def _single_thread() -> Iterator[None]:
    with one_thread():
        yield
