"""What is remembered: specifications, programs, solutions, runs, and what was learned from them.

The names below are loaded on first use (PEP 562), so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.exports import loaded_on_first_use

if TYPE_CHECKING:
    from store.errors import StoreError
    from store.library_records import AbstractionRecord, GenerationRecord, LibraryRecord
    from store.records import ProgramRecord, ResultRecord, RunRecord, SolutionRecord, SpecRecord, TaskRecord
    from store.repository import Store

_HOME = {
    "AbstractionRecord": "store.library_records",
    "GenerationRecord": "store.library_records",
    "LibraryRecord": "store.library_records",
    "ProgramRecord": "store.records",
    "ResultRecord": "store.records",
    "RunRecord": "store.records",
    "SolutionRecord": "store.records",
    "SpecRecord": "store.records",
    "Store": "store.repository",
    "StoreError": "store.errors",
    "TaskRecord": "store.records",
}

__all__ = [
    "AbstractionRecord",
    "GenerationRecord",
    "LibraryRecord",
    "ProgramRecord",
    "ResultRecord",
    "RunRecord",
    "SolutionRecord",
    "SpecRecord",
    "Store",
    "StoreError",
    "TaskRecord",
]

__getattr__, __dir__ = loaded_on_first_use(__name__, _HOME)
