"""What holds for all tests."""

import pytest

SLOW_SECONDS = 3 * 3600
"""How long a slow test may take; the others have the time that ``pyproject.toml`` gives."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
