"""What is remembered: specifications, programs, solutions, and the runs that found them.

The names below are loaded on first use (PEP 562), so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.exports import loaded_on_first_use

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

__getattr__, __dir__ = loaded_on_first_use(__name__, _HOME)
