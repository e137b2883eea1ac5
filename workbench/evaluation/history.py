"""Earlier runs to compare with: benchmark runs of a store, or the rows that one wrote to a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from dsl.errors import ReverieError
from store.codec import content_hash
from store.records import ResultRecord, RunRecord, RunStatus
from store.repository import Store
from wake_sleep.wake.outcome import Status
from workbench.evaluation.side_by_side import OURS
from workbench.evaluation.summary import Score, read_score
from workbench.recording import BENCH

LAST: Final = "last"
"""Stands for the latest finished run on the same problems."""


def earlier_scores(run: str, store: str | None, names: Sequence[str]) -> list[Score]:
    """The scores of an earlier run.

    Args:
        run: number of a run in the store, or `LAST`, or a file of rows that a benchmark wrote.
        store: the store.
        names: the problems that are measured now.

    Raises:
        ReverieError: if there is no such run or file, or nothing in it is of these problems.
    """
    found = _scores(run, store, names)
    if {score.name for score in found}.isdisjoint(names):
        raise ReverieError(f"{run}: of {len(found)} results none is of these problems, which have other names")
    return found


def _scores(run: str, store: str | None, names: Sequence[str]) -> list[Score]:
    if not run.isdecimal() and run != LAST:
        return _scores_of_file(Path(run))
    if store is None:
        raise ReverieError(f"which store is run {run} in? Name it by --store")
    with Store.open(store, read_only=True) as opened:
        number = int(run) if run.isdecimal() else _last(opened.runs(BENCH), names, store).id
        return [_score(record) for record in opened.results(number)]


def _last(runs: Sequence[RunRecord], names: Sequence[str], store: str) -> RunRecord:
    wanted = content_hash(*names)
    found = [run for run in runs if run.tasks_hash == wanted and run.status is RunStatus.FINISHED]
    if not found:
        raise ReverieError(f"no finished benchmark run in {store} is on these problems")
    return found[-1]


def _score(record: ResultRecord) -> Score:
    return Score(
        name=record.name,
        status=Status(record.status),
        size=record.size,
        candidates=record.candidates,
        cpu_seconds=record.cpu_seconds,
        startup_seconds=record.startup_seconds,
        held_out_right=record.held_out_right,
    )


def _scores_of_file(path: Path) -> list[Score]:
    """The scores of JSON Lines, or of the object that ``--format json`` writes.

    Of a run with peers, our own rows count, unless the file has those of a peer only.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReverieError(
            f"{str(path)!r} is neither the number of a run, nor `{LAST}`, nor a file: {error.strerror}"
        ) from None
    try:
        rows = _rows(text)
        ours = [row for row in rows if row.get("solver", OURS) == OURS]
        return [read_score(row) for row in ours or rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReverieError(f"{path} holds no results of a benchmark: {error}") from None


def _rows(text: str) -> list[dict[str, Any]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = document.get("rows", [document]) if isinstance(document, dict) else document
    assert isinstance(rows, list)
    return rows
