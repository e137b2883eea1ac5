"""``reverie bench``: how much of a suite is solved and right, and at what cost?"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.answers import Tally, begin_run
from cli.main import EXIT_INTERRUPTED
from cli.options import with_settings
from cli.render import Format, FormatOption, Row, complain, write, write_card, write_rows
from dsl.errors import ReverieError
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.pool import Backend, open_pool
from workbench.batch import Batch, Result
from workbench.evaluation.peers import Peer, PeerRun, find_peers
from workbench.evaluation.report import Former, Report, ResultFolder, peak_memory
from workbench.evaluation.side_by_side import OURS, Side, SideBySide
from workbench.evaluation.suites import Suite, collect_suite, read_rewriting
from workbench.evaluation.summary import PERCENTS, Distribution, Summary
from workbench.remembering import open_recorder
from workbench.settings import Settings
from workbench.solving import COLUMNS

if TYPE_CHECKING:
    from workbench.evaluation.comparison import Comparison, Ratio

ROW_COLUMNS = (*COLUMNS, "held_out")
"""The keys of a row: those of `batch`, and whether the answer is right on the held-out examples."""
PEER_COLUMNS = (*ROW_COLUMNS, "solver")
"""The keys of a row if peers take part: who solved it, too."""

NAMED = 20
"""Names that a person is shown of each kind."""


@with_settings
def bench(
    place: Annotated[
        str, typer.Argument(metavar="SUITE", help="A folder, pattern or file of specifications, or a domain.")
    ],
    settings: Settings,
    how: FormatOption = Format.TABLE,
    sample: Annotated[
        int | None, typer.Option("--sample", min=1, metavar="N", help="Draw so many of the problems, by the seed.")
    ] = None,
    held_out: Annotated[
        list[str] | None,
        typer.Option(
            "--held-out",
            metavar="REGEX=REPLACEMENT",
            help="Score each answer on the examples of the file that its path is rewritten to.",
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="RUN", help="Compare with a run of the store, `last`, or a file of rows."),
    ] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option(
            "--peer", metavar="NAME", help="Let another solver, cvc5, solve the SyGuS files of the suite, too."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write rows, summary and plots there.")
    ] = None,
) -> None:
    """Measure what is solved of a suite, and at what cost.

    Stored solutions are never replayed. With --store the results are kept, marked as an evaluation; an
    interrupted run goes on where it was. The exit code is 0 if the suite was run, whatever was solved.
    """
    startup = time.process_time()
    if settings.choices["replay"].origin == "--replay":
        raise ReverieError("a benchmark replays nothing; leave --replay out")
    suite = collect_suite(place, [read_rewriting(text) for text in held_out or ()]).sample(sample, settings["seed"])
    peers = _peers(peer or [], suite)
    former = _former(against, settings, suite)
    folder = None if out is None else ResultFolder(out, [p.name for p in peers])
    solver = OURS if peers else None
    tally = Tally(len(suite.names))
    with contextlib.ExitStack() as stack:
        recorder, generations = open_recorder(settings, settings.start)
        if recorder is not None:
            stack.enter_context(recorder)
            from workbench.recording import BENCH

            options = {"suite": suite.place, "held_out": [*(held_out or [])]}
            begin_run(recorder, generations, BENCH, settings, suite.names, options)
        pool = open_pool(settings["jobs"], Backend(settings["backend"]), settings["ray-address"], startup)
        stack.enter_context(pool)
        batch = Batch(pool, settings.solving, recorder, use_replay=False, generations=generations)
        begin = time.monotonic()
        rows = list(_rows(tally.counted(batch.run(suite.problems())), folder, solver))
        wall_seconds = time.monotonic() - begin
        if recorder is not None and not batch.was_interrupted:
            recorder.finish()
        run = None if recorder is None or recorder.run is None else recorder.run.id
    complain(tally.summary)
    interrupted = f"interrupted after {len(rows)} of {len(suite.names)} problems" if batch.was_interrupted else ""
    peer_rows: dict[str, list[Row]] = {}
    for each in peers if not interrupted else ():
        peer_rows[each.name], interrupted = _let_solve(each, suite.sygus, settings, folder)
        if interrupted:
            break
    report = Report(suite, settings, rows, run, wall_seconds, former, peer_rows)
    _write(report, how)
    if folder is not None:
        folder.finish(report)
    if interrupted:
        complain(interrupted)
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(tally.exit_code(exit_zero=True))


def _peers(names: Sequence[str], suite: Suite) -> tuple[Peer, ...]:
    """The peers that take part; they need something that they can read."""
    found = find_peers(names)
    if found and not suite.sygus.entries:
        raise ReverieError(f"{suite.place}: there is no SyGuS file here, and peers read nothing else")
    return found


def _let_solve(peer: Peer, suite: Suite, settings: Settings, folder: ResultFolder | None) -> tuple[list[Row], str]:
    """The rows of a peer, and how the user ended it, if so; what it fails at is no failure of ours."""
    tally = Tally(len(suite.names))
    run = PeerRun(peer, settings.budget, settings["jobs"])
    rows = list(_rows(tally.counted(run.run(suite.problems())), folder, peer.name))
    complain(f"{peer.name}: {tally.summary}")
    interrupted = f"interrupted after {len(rows)} of {len(suite.names)} problems of {peer.name}"
    return rows, interrupted if run.was_interrupted else ""


def _former(against: str | None, settings: Settings, suite: Suite) -> Former | None:
    """The run to compare with; looked up before the work begins, since it may be long."""
    if against is None:
        return None
    from workbench.evaluation.history import earlier_scores

    return Former(against, earlier_scores(against, settings["store"], suite.names))


def _rows(results: Iterator[Result], folder: ResultFolder | None, solver: str | None) -> Iterator[Row]:
    """The rows of results, each written to its file as soon as it is there; what was broken off is no result."""
    for result in results:
        if result.status is Status.INTERRUPTED:
            continue
        row = {**result.row, "held_out": result.held_out_right} | ({} if solver is None else {"solver": solver})
        if folder is not None:
            folder.add(row)
        yield row


def _write(report: Report, how: Format) -> None:
    if how is Format.JSON:
        write(json.dumps({**report.data(), "rows": report.all_rows}, ensure_ascii=False, indent=2) + "\n")
    elif how is not Format.TABLE:
        write_rows(report.all_rows, PEER_COLUMNS if report.peers else ROW_COLUMNS, how)
    else:
        write_card(report.suite.place, _fields(report))
        write_rows(list(_quantile_rows(report.summary)), ("", *(f"p{p}" for p in PERCENTS), "total"), how)
        if report.former is not None and report.comparison is not None:
            write_card(f"against {report.former.name}", _comparison_fields(report.comparison))
        for sides in report.side_by_side:
            write_card(f"{OURS} beside {sides.peer}", _fields_of_both(sides))
            write_rows(list(_rows_of_both(sides)), ("", OURS, sides.peer), how)


def _fields(report: Report) -> Iterator[tuple[str, str]]:
    """What a person wants to know first."""
    summary = report.summary
    asked = len(report.suite.names)
    unfinished = "" if summary.tasks == asked else f"; {asked - summary.tasks} of {asked} problems were not run"
    if report.run is not None:
        yield "run", str(report.run)
    yield "solved", f"{summary.solved} of {summary.tasks}{_percentage(summary.solved, summary.tasks)}{unfinished}"
    for status, count in summary.statuses.items():
        if status != Status.SOLVED:
            yield status, str(count)
    if summary.held_out:
        right = f"{summary.held_out_right} of {summary.held_out}"
        yield "right", f"{right} on held-out examples{_percentage(summary.held_out_right, summary.held_out)}"
    yield "effort", f"{report.wall_seconds:.2f} s on the clock, {summary.cpu_seconds[0].total:.2f} CPU-seconds"
    yield "", f"{summary.rate:,.0f} candidates per CPU-second, {peak_memory()} MiB at most in this process"
    yield from _named("not solved", [score.name for score in report.scores if not score.is_solved])
    wrong = [score.name for score in report.scores if score.is_solved and score.held_out_right is False]
    yield from _named("not right", wrong)


def _percentage(part: int, whole: int) -> str:
    return f" ({100 * part / whole:.1f} %)" if whole else ""


def _named(title: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The first names, one a line."""
    for name in names[:NAMED]:
        yield title, name
    if len(names) > NAMED:
        yield title, f"and {len(names) - NAMED} more"


def _quantile_rows(summary: Summary) -> Iterator[Row]:
    """A line for each quantity."""
    quantities = (
        ("size of answers", summary.sizes, 0),
        ("candidates, all", summary.candidates[0], 0),
        ("candidates, solved", summary.candidates[1], 0),
        ("CPU-seconds, all", summary.cpu_seconds[0], 3),
        ("CPU-seconds, solved", summary.cpu_seconds[1], 3),
    )
    for name, found, digits in quantities:
        yield _quantile_row(name, found, digits)


def _quantile_row(name: str, found: Distribution, digits: int) -> dict[str, object]:
    values = {f"p{percent}": value for percent, value in found.quantiles.items()} | {"total": found.total}
    return {"": name} | {key: round(value, digits) if digits else int(value) for key, value in values.items()}


def _comparison_fields(compared: Comparison) -> Iterator[tuple[str, str]]:
    yield "in both", f"{compared.common} problems, {compared.both} solved by both"
    yield "gained", str(len(compared.gained))
    yield from _named("  solved now", compared.gained)
    yield "lost", str(len(compared.lost))
    yield from _named("  solved then", compared.lost)
    yield from _named("right now", compared.right)
    yield from _named("right then", compared.wrong)
    ratios = (("CPU-seconds", compared.cpu_seconds), ("candidates", compared.candidates), ("size", compared.sizes))
    for name, ratio in ratios:
        if ratio is not None:
            yield name, _shown(ratio)


def _shown(ratio: Ratio) -> str:
    return (
        f"× {ratio.total:.3g} in total, × {ratio.median:.3g} in the median, × {ratio.mean:.3g} on (geometric) average"
    )


def _fields_of_both(sides: SideBySide) -> Iterator[tuple[str, str]]:
    """Who solved what."""
    yield "both", f"{len(sides.both)} of {len(sides.ours.scores)} problems are solved by both"
    for solver, names in ((OURS, sides.only_ours), (sides.peer, sides.only_theirs)):
        yield f"only {solver}", str(len(names))
        yield from _named("", names)


def _rows_of_both(sides: SideBySide) -> Iterator[Row]:
    """A line for each quantity, a column for each solver."""
    columns = (_column(sides.ours), _column(sides.theirs))
    for quantity, ours in columns[0].items():
        yield {"": quantity, OURS: ours, sides.peer: columns[1].get(quantity)}


def _column(side: Side) -> dict[str, float | None]:
    """The quantities of one solver."""
    summary = side.summary
    found: dict[str, float | None] = {"solved": summary.solved, "infeasible": side.infeasible}
    if summary.held_out:
        found[f"right on held-out, of {summary.held_out}"] = summary.held_out_right
    found["size where both solved, p50"] = side.sizes.quantiles.get(50)
    found["size where both solved, total"] = side.sizes.total
    for name, seconds in zip(("all", "solved"), summary.cpu_seconds, strict=True):
        for percent in PERCENTS:
            value = seconds.quantiles.get(percent)
            found[f"CPU-seconds, {name}, p{percent}"] = None if value is None else round(value, 3)
        found[f"CPU-seconds, {name}, total"] = round(seconds.total, 3)
    return found
