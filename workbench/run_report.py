"""A wake–sleep run as one static page: what was solved in each cycle, the library, the tasks and their programs."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Final

from dsl.errors import ReverieError
from store.library_records import GenerationRecord
from store.records import CycleRecord, ResultRecord, RunRecord
from store.repository import Store
from workbench.campaign import TRAIN
from workbench.library import AbstractionView, describe_library
from workbench.library_graph import library_svg

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } code { font: 0.875em ui-monospace, Menlo, Consolas, monospace; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top; }
th { border-bottom: 1px solid #5b6572; } td { border-bottom: 1px solid #e1e4e8; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.solved { color: #0a6640; } .open { color: #8a3b12; } figure { margin: 1rem 0; } figcaption { color: #5b6572; }
img { max-width: 100%; }
"""
_WIDTH, _HEIGHT, _MARGIN = 640, 260, 40
_COLOURS: Final = ("#0b5cad", "#b3470b", "#0a6640")


def find_run(store: Store, number: int | None = None) -> RunRecord:
    """A wake–sleep run by its number, or the latest one.

    Raises:
        ReverieError: if there is none.
    """
    if number is not None:
        run = store.run(number)
        if run.kind != TRAIN:
            raise ReverieError(f"run {number} is of kind {run.kind}; a report is made of runs of `reverie train`")
        return run
    runs = store.runs(TRAIN)
    if not runs:
        raise ReverieError(f"the store {store.name} has no run of `reverie train` to report on")
    return runs[-1]


def report_html(store: Store, run: RunRecord) -> str:
    """The page; it needs no other file and no network.

    Raises:
        ReverieError: if a library can no longer be read.
    """
    cycles = [cycle for cycle in store.cycles(run.id) if cycle.is_finished]
    results = store.results(run.id)
    title = f"Reverie: run {run.id}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_about(run))}</p>",
        "<h2>Cycles</h2>",
        _chart(cycles),
        _cycle_table(cycles),
        *_libraries(store, run),
        "<h2>Tasks</h2>",
        _task_table([r for r in results if not r.evaluation]),
    ]
    tests = [r for r in results if r.evaluation]
    if tests:
        body += ["<h2>Tests</h2>", "<p>Learning saw nothing of these.</p>", _task_table(tests)]
    events = store.events(run.id)
    if events:
        rows = [(str(event.cycle), event.kind, event.message) for event in events]
        body += ["<h2>Events</h2>", _table(("cycle", "kind", "what happened"), rows, numbers=(0,))]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}{viewport}</head>\n<body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _about(run: RunRecord) -> str:
    settings = run.settings
    places = ", ".join(settings.get("places", ()))
    end = "" if run.finished is None else f", finished {run.finished.isoformat(sep=' ', timespec='minutes')}"
    began = run.started.isoformat(sep=" ", timespec="minutes")
    seed = settings.get("solving", {}).get("seed")
    what = f"Learned from {places}; {run.tasks} tasks, seed {seed}, Reverie {run.version}."
    return f"{what} Begun {began}{end}: {run.status}."


def _cycle_table(cycles: Sequence[CycleRecord]) -> str:
    columns = {
        "cycle": "cycle", "tried": "tried", "solved": "solved", "solved_so_far": "solved so far", "tasks": "of tasks",
        "candidates": "median candidates", "saved": "times fewer", "test_solved": "tests solved", "test_right": "right",
        "tests": "of tests", "test_candidates": "median candidates", "test_saved": "times fewer",
        "abstractions": "abstractions", "dreams": "dreams",
    }  # fmt: skip
    rows = [[_shown(cycle.data.get(name)) for name in columns] for cycle in cycles]
    return _table(tuple(columns.values()), rows, numbers=range(len(columns)))


def _chart(cycles: Sequence[CycleRecord]) -> str:
    """Solved tasks and tests of each cycle, in percent, as a line chart."""
    series: dict[str, list[tuple[int, float]]] = {}
    for cycle in cycles:
        data = cycle.data
        for name, part, whole in (("tasks, so far", "solved_so_far", "tasks"), ("tests", "test_solved", "tests")):
            if data.get(whole) and (cycle.number > 0 or part == "test_solved"):
                series.setdefault(name, []).append((cycle.number, 100 * data[part] / data[whole]))
    if not series:
        return "<p>No cycle is complete yet.</p>"
    last = max(1, *(number for points in series.values() for number, _ in points))
    across, down = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN

    def place(number: float, percent: float) -> str:
        return f"{_MARGIN + across * number / last:.1f},{_MARGIN + down * (1 - percent / 100):.1f}"

    parts = []
    for percent in (0, 25, 50, 75, 100):
        y = _MARGIN + down * (1 - percent / 100)
        parts.append(f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{y:g}" y2="{y:g}" stroke="#e1e4e8"/>')
        parts.append(f'<text x="{_MARGIN - 6}" y="{y + 4:g}" text-anchor="end">{percent}</text>')
    for number in range(last + 1):
        x = _MARGIN + across * number / last
        parts.append(f'<text x="{x:g}" y="{_HEIGHT - _MARGIN + 18}" text-anchor="middle">{number}</text>')
    for (name, points), colour in zip(series.items(), _COLOURS, strict=False):
        line = " ".join(place(*point) for point in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end_x, end_y = "", ""
        for end_x, end_y in (point.split(",") for point in line.split()):
            parts.append(f'<circle cx="{end_x}" cy="{end_y}" r="3" fill="{colour}"/>')
        at = f'x="{end_x}" y="{float(end_y) - 8:g}"'
        parts.append(f'<text {at} text-anchor="end" fill="{colour}">{escape(name)}</text>')
    told = "; ".join(f"{n}: {', '.join(f'{v:.0f} % in cycle {c}' for c, v in points)}" for n, points in series.items())
    return (
        f'<figure><svg role="img" aria-label="{escape(told)}" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
        f'font-family="system-ui, sans-serif" font-size="12">{"".join(parts)}</svg>'
        "<figcaption>Share solved, in percent, by cycle; cycle 0 has learned nothing.</figcaption></figure>"
    )


def _libraries(store: Store, run: RunRecord) -> list[str]:
    """The last library of each domain, as a graph and as a table."""
    latest: dict[str, GenerationRecord] = {g.domain: g for g in store.generations(run=run.id)}
    parts = []
    for domain, generation in sorted(latest.items()):
        views = describe_library(store, generation)
        parts.append(f"<h2>Library of {escape(domain)}: generation {escape(generation.name)}</h2>")
        if not views:
            parts.append("<p>Nothing was worth a name.</p>")
            continue
        svg = library_svg(f"Library of {generation.name}", views)
        data = base64.b64encode(svg.encode("utf-8")).decode("ascii")
        told = (
            "; ".join(f"{v.name} uses {', '.join(v.parents)}" for v in views if v.parents) or "no function uses another"
        )
        parts.append(f'<figure class="wide"><img alt="{escape(told)}" src="data:image/svg+xml;base64,{data}"></figure>')
        parts.append(_library_table(views))
    return parts


def _library_table(views: Sequence[AbstractionView]) -> str:
    rows = [
        (
            _code(view.name),
            _code(view.type),
            _code(f"{', '.join(view.parameters)} → {view.body}"),
            _shown(view.uses),
            _shown(view.test_uses),
            _code(view.born),
            "<br>".join(map(_code, view.examples)),
        )
        for view in views
    ]
    head = ("name", "type", "what it computes", "uses", "uses in tests", "born", "examples")
    return _table(head, rows, numbers=(3, 4), are_escaped=True)


def _task_table(results: Iterable[ResultRecord]) -> str:
    """The last result of each task, with the cycles that solved it."""
    by_name: dict[str, list[ResultRecord]] = {}
    for result in results:
        by_name.setdefault(result.name, []).append(result)
    rows = []
    for name, tried in by_name.items():
        solving = [result for result in tried if result.status == "solved"]
        last = (solving or tried)[-1]
        kind = "solved" if solving else "open"
        row = last.row_data()
        programs = row.get("compressed") or row.get("program") or {}
        rows.append(
            (
                escape(name),
                f'<span class="{kind}">{escape("solved" if solving else last.reason or last.status)}</span>',
                escape(", ".join(str(result.cycle) for result in solving)),
                "<br>".join(map(_code, programs.values() if isinstance(programs, Mapping) else ())),
                _shown(last.size),
                _shown(row.get("answered_after") or last.candidates),
                _shown(round(last.cpu_seconds, 2)),
            )
        )
    head = ("task", "outcome", "solved in cycles", "program", "size", "candidates", "CPU-seconds")
    return _table(head, rows, numbers=(4, 5, 6), are_escaped=True)


def _table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int] = (), are_escaped: bool = False
) -> str:
    right = set(numbers)

    def cell(tag: str, position: int, text: str) -> str:
        kind = ' class="number"' if position in right else ""
        return f"<{tag}{kind}>{text}</{tag}>"

    top = "".join(cell("th", i, escape(text)) for i, text in enumerate(head))
    lines = [
        "<tr>" + "".join(cell("td", i, text if are_escaped else escape(text)) for i, text in enumerate(row)) + "</tr>"
        for row in rows
    ]
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'


def _code(text: object) -> str:
    return f"<code>{escape(str(text))}</code>"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    return escape(f"{value:,}".replace(",", " ") if isinstance(value, int | float) else str(value))


def report_data(store: Store, run: RunRecord) -> list[Mapping[str, object]]:
    """What the cycles of a run came to, as data."""
    return [dataclasses.asdict(c)["data"] for c in store.cycles(run.id) if c.is_finished]


def has_learned(cycles: Sequence[Mapping[str, object]]) -> bool:
    """Whether a run has learned an abstraction, and in its last cycle takes fewer candidates than before it learned."""
    if not cycles:
        return False
    last = cycles[-1]
    saved = [value for value in (last.get("saved"), last.get("test_saved")) if isinstance(value, int | float)]
    return any(cycle.get("abstractions") for cycle in cycles) and any(value > 1.0 for value in saved)
