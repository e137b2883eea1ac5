"""The report of a benchmark run: as data, and as files in a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from dsl.errors import ReverieError
from workbench.evaluation.comparison import Comparison, compare
from workbench.evaluation.plots import draw_cactus
from workbench.evaluation.suites import Suite
from workbench.evaluation.summary import Score, Summary, read_score, summarise
from workbench.settings import Settings
from workbench.solving import Row

RESULTS: Final = "results.jsonl"
SUMMARY: Final = "summary.json"
CACTUS: Final = "cactus"


@dataclass(frozen=True)
class Former:
    """An earlier run to compare with.

    Attributes:
        name: what the user called it.
        scores: what its problems came to.
    """

    name: str
    scores: Sequence[Score]


@dataclass(frozen=True)
class Report:
    """What a run came to.

    Attributes:
        suite: the problems.
        settings: how they were solved.
        rows: the results, in the order of the suite, with the keys of a batch and ``held_out``.
        run: number of the run in the store, or None.
        wall_seconds: time on the clock from the first problem to the last result.
        former: an earlier run to compare with, or None.
    """

    suite: Suite
    settings: Settings
    rows: Sequence[Row]
    run: int | None
    wall_seconds: float
    former: Former | None = None

    @cached_property
    def scores(self) -> list[Score]:
        """The score of each row."""
        return list(map(read_score, self.rows))

    @cached_property
    def summary(self) -> Summary:
        """What the rows come to."""
        return summarise(self.scores)

    @cached_property
    def comparison(self) -> Comparison | None:
        """What changed since the earlier run, if there is one."""
        return None if self.former is None else compare(self.former.scores, self.scores)

    def data(self) -> dict[str, object]:
        """Everything but the rows, as data that JSON can say."""
        budget = dataclasses.asdict(self.settings.budget)
        return {
            "suite": self.suite.place,
            "problems": len(self.suite.names),
            "seed": self.settings["seed"],
            "budget": {name: bound for name, bound in budget.items() if bound is not None},
            "jobs": self.settings["jobs"],
            "run": self.run,
            "wall_seconds": round(self.wall_seconds, 3),
            "peak_memory_mib": peak_memory(),
            "summary": self.summary.data(),
            "against": None if self.comparison is None else {"run": self._former_name, **self.comparison.data()},
        }

    @property
    def _former_name(self) -> str:
        return "" if self.former is None else self.former.name


def peak_memory() -> int:
    """Most memory that this process has had, in MiB; solvers in processes of their own are not in it."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest // (1024 * 1024 if sys.platform == "darwin" else 1024)


class ResultFolder:
    """A folder that results are written to: each row as soon as it is there, the rest at the end."""

    def __init__(self, path: Path) -> None:
        """Make the folder, and empty the file of rows.

        Raises:
            ReverieError: if that is not possible.
        """
        self.path = path
        with self._writing():
            path.mkdir(parents=True, exist_ok=True)
            (path / RESULTS).write_text("", encoding="utf-8")

    def add(self, row: Row) -> None:
        """Write a row.

        Raises:
            ReverieError: if that is not possible.
        """
        with self._writing(), (self.path / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def finish(self, report: Report) -> None:
        """Write the summary, and a cactus plot with a curve for each run.

        Raises:
            ReverieError: if that is not possible.
        """
        curves: dict[str, Sequence[Score]] = {"this run": report.scores}
        if report.former is not None:
            curves[f"run {report.former.name}"] = report.former.scores
        with self._writing():
            text = json.dumps(report.data(), ensure_ascii=False, indent=2)
            (self.path / SUMMARY).write_text(f"{text}\n", encoding="utf-8")
            draw_cactus(curves, report.suite.place, self.path / CACTUS)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReverieError(f"{self.path}: results cannot be written there: {error.strerror}") from None
