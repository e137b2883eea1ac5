"""The report of a benchmark run: as data, and as files in a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import resource
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from dsl.errors import ReverieError
from workbench.evaluation.comparison import Comparison, compare
from workbench.evaluation.peers import limits_of
from workbench.evaluation.plots import draw_cactus, draw_scatter
from workbench.evaluation.side_by_side import OURS, SideBySide, put_side_by_side, with_startup
from workbench.evaluation.suites import Suite
from workbench.evaluation.summary import Score, Summary, read_score, summarise
from workbench.settings import Settings
from workbench.solving import Row

RESULTS: Final = "results.jsonl"
SUMMARY: Final = "summary.json"
CACTUS: Final = "cactus"
SCATTER: Final = "scatter"


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
        peers: the rows of each peer, by its name.
    """

    suite: Suite
    settings: Settings
    rows: Sequence[Row]
    run: int | None
    wall_seconds: float
    former: Former | None = None
    peers: Mapping[str, Sequence[Row]] = field(default_factory=dict)

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

    @property
    def all_rows(self) -> list[Row]:
        """Our rows, then those of each peer."""
        return [*self.rows, *(row for rows in self.peers.values() for row in rows)]

    @cached_property
    def peer_scores(self) -> dict[str, list[Score]]:
        """The scores of each peer."""
        return {name: list(map(read_score, rows)) for name, rows in self.peers.items()}

    @cached_property
    def side_by_side(self) -> list[SideBySide]:
        """Us beside each peer."""
        return [put_side_by_side(name, self.scores, scores) for name, scores in self.peer_scores.items()]

    def data(self) -> dict[str, object]:
        """Everything but the rows, as data that JSON can say; of peers nothing if there are none."""
        budget = dataclasses.asdict(self.settings.budget)
        peers = {sides.peer: self._peer_data(sides) for sides in self.side_by_side}
        found: dict[str, object] = {
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
        return {**found, "peers": peers} if peers else found

    def _peer_data(self, sides: SideBySide) -> dict[str, object]:
        """What the rows of a peer come to, and how it stands beside us; its candidates are not known."""
        summary = summarise(self.peer_scores[sides.peer]).data()
        known = {name: value for name, value in summary.items() if not name.startswith("candidates")}
        return {**known, "side_by_side": sides.data()}

    @property
    def _former_name(self) -> str:
        return "" if self.former is None else self.former.name


def peak_memory() -> int:
    """Most memory that this process has had, in MiB; solvers in processes of their own are not in it."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest // (1024 * 1024 if sys.platform == "darwin" else 1024)


class ResultFolder:
    """A folder that results are written to: each row as soon as it is there, the rest at the end."""

    def __init__(self, path: Path, peers: Sequence[str] = ()) -> None:
        """Make the folder, and empty the files of rows: ours, and one for each peer.

        Raises:
            ReverieError: if that is not possible.
        """
        self.path = path
        self._files = {OURS: path / RESULTS, **{peer: path / f"{peer}.jsonl" for peer in peers}}
        with self._writing():
            path.mkdir(parents=True, exist_ok=True)
            for file in self._files.values():
                file.write_text("", encoding="utf-8")

    def add(self, row: Row) -> None:
        """Write a row to the file of its solver, which is ours unless it says otherwise.

        Raises:
            ReverieError: if that is not possible.
        """
        with self._writing(), self._files[str(row.get("solver", OURS))].open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def finish(self, report: Report) -> None:
        """Write the summary, a cactus plot with a curve for each run, and a scatter plot for each peer.

        Raises:
            ReverieError: if that is not possible.
        """
        with self._writing():
            text = json.dumps(report.data(), ensure_ascii=False, indent=2)
            (self.path / SUMMARY).write_text(f"{text}\n", encoding="utf-8")
            if report.peers:
                self._draw_peers(report)
            else:
                draw_cactus(_curves(report), report.suite.place, self.path / CACTUS)

    def _draw_peers(self, report: Report) -> None:
        """Draw us and the peers, start-up included, on the problems that they tried."""
        title = f"{report.suite.place}, start-up included"
        limit = limits_of(report.settings.budget).cpu_seconds
        tried = {score.name for scores in report.peer_scores.values() for score in scores}
        ours = {
            name: [score for score in with_startup(scores) if score.name in tried]
            for name, scores in _curves(report, OURS).items()
        }
        draw_cactus({**ours, **report.peer_scores}, title, self.path / CACTUS)
        for sides in report.side_by_side:
            draw_scatter(sides, limit, title, self.path / f"{SCATTER}-{sides.peer}")

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReverieError(f"{self.path}: results cannot be written there: {error.strerror}") from None


def _curves(report: Report, name: str = "this run") -> dict[str, Sequence[Score]]:
    """The scores of this run, and of the earlier one if there is one."""
    curves: dict[str, Sequence[Score]] = {name: report.scores}
    if report.former is not None:
        curves[f"run {report.former.name}"] = report.former.scores
    return curves
