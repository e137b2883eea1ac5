"""Plots of runs: how many problems are solved, each within which CPU time, and what each problem cost two solvers.

Matplotlib is imported when a plot is drawn, and draws to files only: no screen is needed. Equal runs give the same SVG
file, byte for byte.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.evaluation.comparison import LEAST_CPU_SECONDS
from workbench.evaluation.side_by_side import OURS, SideBySide
from workbench.evaluation.summary import Score

INCHES: Final = (7.0, 4.5)
SQUARE_INCHES: Final = (5.5, 5.5)
DOTS_PER_INCH: Final = 150
_STYLE: Final[dict[Any, Any]] = {"svg.hashsalt": "reverie", "svg.fonttype": "none"}
_DATELESS: Final[dict[str, dict[str, Any]]] = {"svg": {"Date": None}, "png": {"Software": None}}


def solving_times(scores: Sequence[Score]) -> list[float]:
    """CPU-seconds of the solved problems in ascending order: the n-th is the time within which n are solved."""
    return sorted(max(score.cpu_seconds, LEAST_CPU_SECONDS) for score in scores if score.is_solved)


def solving_points(sides: SideBySide, limit: float) -> dict[str, list[tuple[float, float]]]:
    """CPU-seconds of Reverie and of the peer for each problem that one of them solved, by who solved it.

    Args:
        sides: the two solvers.
        limit: where a solver stands that did not solve the problem.
    """
    groups: dict[str, list[tuple[float, float]]] = {"both": [], f"only {OURS}": [], f"only {sides.peer}": []}
    named = zip(groups, (sides.both, sides.only_ours, sides.only_theirs), strict=True)
    group_of = {name: group for group, names in named for name in names}
    for ours, theirs in zip(sides.ours.scores, sides.theirs.scores, strict=True):
        if ours.name in group_of:
            groups[group_of[ours.name]].append((_place(ours, limit), _place(theirs, limit)))
    return groups


def _place(score: Score, limit: float) -> float:
    return max(score.cpu_seconds, LEAST_CPU_SECONDS) if score.is_solved else limit


def draw_cactus(runs: Mapping[str, Sequence[Score]], title: str, path: Path) -> tuple[Path, ...]:
    """Draw a curve for each run, and write it as SVG and PNG.

    Args:
        runs: scores by the name of the run.
        title: what stands above the plot.
        path: where to write, without a suffix.

    Returns:
        the files.

    Raises:
        OSError: if they cannot be written.
    """
    with _figure(INCHES, title) as (figure, axes):
        for name, scores in runs.items():
            times = solving_times(scores)
            label = f"{name}: {len(times)} of {len(scores)}"
            axes.plot(range(1, len(times) + 1), times, marker="." if len(times) < 60 else "", label=label)
        axes.set_yscale("log")
        axes.set_xlim(0, max(1, *map(len, runs.values())))
        axes.set_xlabel("problems solved")
        axes.set_ylabel("CPU-seconds for a problem")
        return _write(figure, axes, path)


def draw_scatter(sides: SideBySide, limit: float, title: str, path: Path) -> tuple[Path, ...]:
    """Draw a point for each problem, what it cost Reverie against what it cost the peer, and write it as SVG and PNG.

    Args:
        sides: the two solvers.
        limit: CPU-seconds that each might spend; a problem that is not solved stands there.
        title: what stands above the plot.
        path: where to write, without a suffix.

    Returns:
        the files.

    Raises:
        OSError: if they cannot be written.
    """
    ends = (LEAST_CPU_SECONDS / 2, 2 * max(limit, LEAST_CPU_SECONDS))
    with _figure(SQUARE_INCHES, title) as (figure, axes):
        for (name, points), marker in zip(solving_points(sides, limit).items(), "o<v", strict=True):
            columns = zip(*points, strict=True) if points else ((), ())
            axes.plot(*columns, marker, markersize=4, alpha=0.6, label=f"{name}: {len(points)}")
        axes.plot(ends, ends, color="grey", linewidth=0.6)
        for draw_limit in (axes.axhline, axes.axvline):
            draw_limit(limit, color="grey", linewidth=0.6, linestyle=":")
        axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
        axes.minorticks_off()
        axes.set_xlabel(f"CPU-seconds of {OURS}")
        axes.set_ylabel(f"CPU-seconds of {sides.peer}")
        return _write(figure, axes, path)


@contextlib.contextmanager
def _figure(inches: tuple[float, float], title: str) -> Iterator[tuple[Any, Any]]:
    """A figure and its axes, while the style holds."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_title(title, parse_math=False)
        axes.grid(visible=True, which="major", linewidth=0.3)
        yield figure, axes


def _write(figure: Any, axes: Any, path: Path) -> tuple[Path, ...]:
    """Write a figure with a legend as each kind of file; names may hold what would else be taken for formulas."""
    for text in axes.legend(loc="upper left").get_texts():
        text.set_parse_math(False)
    written = tuple(path.with_name(f"{path.name}.{suffix}") for suffix in _DATELESS)
    for file in written:
        suffix = file.suffix.removeprefix(".")
        figure.savefig(file, format=suffix, dpi=DOTS_PER_INCH, metadata=_DATELESS[suffix])
    return written
