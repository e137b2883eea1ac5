"""Cactus plots: how many problems are solved, each within which CPU time.

Matplotlib is imported when a plot is drawn, and draws to files only: no screen is needed. Equal runs give the same SVG
file, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from workbench.evaluation.comparison import LEAST_CPU_SECONDS
from workbench.evaluation.summary import Score

INCHES: Final = (7.0, 4.5)
DOTS_PER_INCH: Final = 150
_STYLE: Final[dict[Any, Any]] = {"svg.hashsalt": "reverie", "svg.fonttype": "none"}
_DATELESS: Final[dict[str, dict[str, Any]]] = {"svg": {"Date": None}, "png": {"Software": None}}


def solving_times(scores: Sequence[Score]) -> list[float]:
    """CPU-seconds of the solved problems in ascending order: the n-th is the time within which n are solved."""
    return sorted(max(score.cpu_seconds, LEAST_CPU_SECONDS) for score in scores if score.is_solved)


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
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=INCHES, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        for name, scores in runs.items():
            times = solving_times(scores)
            label = f"{name}: {len(times)} of {len(scores)}"
            axes.plot(range(1, len(times) + 1), times, marker="." if len(times) < 60 else "", label=label)
        axes.set_yscale("log")
        axes.set_xlim(0, max(map(len, runs.values()), default=1))
        axes.set_xlabel("problems solved")
        axes.set_ylabel("CPU-seconds for a problem")
        axes.set_title(title, parse_math=False)
        axes.grid(visible=True, which="major", linewidth=0.3)
        for text in axes.legend(loc="upper left").get_texts():
            text.set_parse_math(False)
        written = tuple(path.with_name(f"{path.name}.{suffix}") for suffix in _DATELESS)
        for file in written:
            suffix = file.suffix.removeprefix(".")
            figure.savefig(file, format=suffix, dpi=DOTS_PER_INCH, metadata=_DATELESS[suffix])
    return written
