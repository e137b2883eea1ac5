"""What is remembered: specifications, programs, solutions, and the runs that found them.

The names below are loaded on first use (PEP 562), so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.errors import StoreError
    from store.records import ProgramRecord, ResultRecord, RunRecord, SolutionRecord, SpecRecord
    from store.repository import Store

_HOME = {
    "ProgramRecord": "store.records",
    "ResultRecord": "store.records",
    "RunRecord": "store.records",
    "SolutionRecord": "store.records",
    "SpecRecord": "store.records",
    "Store": "store.repository",
    "StoreError": "store.errors",
}

__all__ = ["ProgramRecord", "ResultRecord", "RunRecord", "SolutionRecord", "SpecRecord", "Store", "StoreError"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOME)
