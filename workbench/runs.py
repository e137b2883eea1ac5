"""The runs of a store as a person wants to see them: which there are, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from store.records import CycleRecord, RunRecord
from store.repository import Store
from workbench.solving import Row

RUN_COLUMNS: Final = ("run", "kind", "status", "tasks", "results", "cycles", "solved", "started", "finished", "version")
"""The keys of a row for a run."""
COMPARED: Final = ("solved_so_far", "test_solved", "test_saved", "abstractions")
"""What of a cycle is put side by side."""


def run_rows(store: Store) -> list[Row]:
    """A row for each run, the oldest first, with the keys `RUN_COLUMNS`."""
    return [_run_row(store, run) for run in store.runs()]


def _run_row(store: Store, run: RunRecord) -> Row:
    results = store.results(run.id)
    values = (
        run.id,
        run.kind,
        run.status.value,
        run.tasks,
        run.results,
        sum(cycle.is_finished and cycle.number > 0 for cycle in store.cycles(run.id)) or None,
        len({result.name for result in results if result.status == "solved"}),
        run.started.isoformat(timespec="seconds"),
        None if run.finished is None else run.finished.isoformat(timespec="seconds"),
        run.version,
    )
    return dict(zip(RUN_COLUMNS, values, strict=True))


def compared_cycles(store: Store, before: int, after: int) -> list[Row]:
    """Cycle by cycle, what two runs of `reverie train` came to: the keys of `COMPARED` for each, and the cycle.

    Raises:
        StoreError: if there is no such run.
    """
    sides = {run: {c.number: c for c in store.cycles(run) if c.is_finished} for run in (before, after)}
    numbers = sorted({number for cycles in sides.values() for number in cycles})
    return [
        {"cycle": number}
        | {
            f"{name} of {run}": _value(sides[run].get(number), name)
            for name in COMPARED
            for run in dict.fromkeys((before, after))
        }
        for number in numbers
    ]


def _value(cycle: CycleRecord | None, name: str) -> object:
    data: Mapping[str, object] = {} if cycle is None else cycle.data
    return data.get(name)


TASK_COLUMNS: Final = ("task", "before", "after", "candidates_before", "candidates_after", "size_before", "size_after")
"""The keys of a row for a task that two runs came to different ends with."""


def compared_tasks(store: Store, before: int, after: int) -> list[Row]:
    """The tasks of which two runs, or their last cycles, say something different: solved or not, or another size.

    Raises:
        StoreError: if there is no such run.
    """
    rows: list[Row] = []
    for pair in store.compare(before, after):
        first, second = pair.before, pair.after
        status = [None if side is None else side.status for side in (first, second)]
        size = [None if side is None else side.size for side in (first, second)]
        if status[0] == status[1] and size[0] == size[1]:
            continue
        candidates = [None if side is None else side.candidates for side in (first, second)]
        rows.append(dict(zip(TASK_COLUMNS, (pair.name, *status, *candidates, *size), strict=True)))
    return rows
