"""How the results of `solve` and `batch` are written, and what exit code they come to."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.main import DEFECT_ADVICE, EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_NOT_SOLVED, EXIT_USAGE
from cli.progress import Progress
from cli.render import Format, Row, complain, write, write_card, write_rows
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.pool import Backend, open_pool
from workbench.batch import Batch, Result, read_problems
from workbench.remembering import open_recorder
from workbench.settings import Settings
from workbench.solving import COLUMNS

if TYPE_CHECKING:
    from workbench.generations import Generations
    from workbench.recording import Recorder

LISTED = ("spec", "status", "size", "candidates", "cpu_seconds", "found_by", "reason")
"""The columns of the table of a batch."""

SYGUS_WORDS = {Status.INFEASIBLE: "infeasible", Status.EXHAUSTED: "fail"}
"""What a SyGuS solver answers instead of a program; ``unknown`` for everything else."""

SINGLE_TASK = (".sl", ".csv")
"""Suffixes of files that hold one problem each."""

MEANINGS = {
    "proved": "proved for all inputs",
    "examples": "all given examples hold",
}
"""What a verdict claims, for people."""


class Style(StrEnum):
    """What a person is shown."""

    ANSWERS = "answers"
    """Each answer in full."""
    LISTING = "listing"
    """A line for each specification."""


def run_problems(
    command: str,
    paths: Sequence[Path],
    settings: Settings,
    how: Format,
    style: Style,
    *,
    column: str | None,
    domain: str | None,
    exit_zero: bool,
) -> None:
    """Solve files, write the results and exit.

    Args:
        command: the command that was called.
        paths: specification files; one that is named twice is solved once.
        settings: how to solve them.
        how: the form of the results.
        style: what a person is shown, if the form is a table.
        column: the column of a CSV table that is to be computed.
        domain: the domain of a file that names none.
        exit_zero: whether it is well if something is not solved.

    Raises:
        typer.Exit: with the exit code.
    """
    startup = time.process_time()
    paths = list(dict.fromkeys(paths))
    tally = Tally(len(paths))
    with contextlib.ExitStack() as stack:
        recorder, generations = open_recorder(settings, settings["generation"])
        if recorder is not None:
            stack.enter_context(recorder)
            options = {"column": column, "domain": domain, "replay": settings["replay"]}
            begin_run(recorder, generations, command, settings, list(map(str, paths)), options)
        backend = Backend(settings["backend"])
        pool = open_pool(_useful_jobs(settings["jobs"], backend, paths), backend, settings["ray-address"], startup)
        stack.enter_context(pool)
        batch = Batch(pool, settings.solving, recorder, use_replay=settings["replay"], generations=generations)
        results = tally.counted(batch.run(read_problems(paths, column=column, domain=domain)))
        _write_results(results, how, style, several=len(paths) > 1)
        if recorder is not None and not batch.was_interrupted:
            recorder.finish()
    if tally.internal_errors:
        complain(DEFECT_ADVICE)
    if len(paths) > 1:
        complain(tally.summary)
    if batch.was_interrupted:
        complain(_how_to_go_on(settings))
        raise typer.Exit(EXIT_INTERRUPTED)
    raise typer.Exit(tally.exit_code(exit_zero=exit_zero))


def begin_run(
    recorder: Recorder,
    generations: Generations | None,
    kind: str,
    settings: Settings,
    names: Sequence[str],
    options: Mapping[str, object],
) -> None:
    """Begin the run that is recorded, or continue one of the same settings, options and generations."""
    known = [] if generations is None else generations.names
    run = recorder.begin(kind, settings.solving, names, options={**options, "generations": known})
    if run.results:
        complain(f"going on with run {run.id}: {run.results} results are there already")


def _useful_jobs(jobs: int, backend: Backend, paths: Sequence[Path]) -> int:
    """No more jobs than there are problems, as far as the names of files tell: a worker takes long to start."""
    has_one_each = all(path.suffix.lower() in SINGLE_TASK for path in paths)
    return min(jobs, len(paths)) if has_one_each and backend is not Backend.IN_PROCESS else jobs


def _how_to_go_on(settings: Settings) -> str:
    if settings["store"] is None:
        return "interrupted; with --store, what is done is kept and the same command goes on from there"
    return f"interrupted; what is done is in {settings['store']}, and the same command goes on from there"


class Tally:
    """Counts results as they pass, complains of errors, and shows how far the work is.

    Attributes:
        done: how many results there were.
        internal_errors: how many of them a defect of Reverie ended.
    """

    def __init__(self, total: int) -> None:
        """Count from 0 to a total."""
        self.done = 0
        self._counts: dict[Status, int] = {}
        self.internal_errors = 0
        self._cpu_seconds = 0.0
        self._progress = Progress(total)

    def counted(self, results: Iterator[Result]) -> Iterator[Result]:
        """The same results."""
        self._progress.show(0, "")
        for result in results:
            self.done += 1
            self._counts[result.status] = self._counts.get(result.status, 0) + 1
            self.internal_errors += result.is_internal_error
            self._cpu_seconds += float(str(result.row["cpu_seconds"]))
            self._progress.clear()
            if result.diagnostic:
                complain(result.diagnostic)
            yield result
            self._progress.show(self.done, self._enumerated)
        self._progress.clear()

    @property
    def _enumerated(self) -> str:
        return ", ".join(f"{self._counts[status]} {status}" for status in Status if status in self._counts)

    @property
    def summary(self) -> str:
        """``3 solved, 1 unknown in 12.5 CPU-seconds``."""
        return f"{self._enumerated or 'nothing done'} in {self._cpu_seconds:.1f} CPU-seconds"

    def exit_code(self, *, exit_zero: bool) -> int:
        """What the results come to: the worst of them decides."""
        if self.internal_errors:
            return EXIT_INTERNAL
        if self._counts.get(Status.ERROR, 0):
            return EXIT_USAGE
        if self._counts.get(Status.INTERRUPTED, 0):
            return EXIT_INTERRUPTED
        return 0 if exit_zero or set(self._counts) <= {Status.SOLVED} else EXIT_NOT_SOLVED


def _write_results(results: Iterator[Result], how: Format, style: Style, *, several: bool) -> None:
    rows = (result.row for result in results)
    if how is Format.VALUE:
        for row in rows:
            write(" ".join(_answer_or_word(row).split("\n")) + "\n")
    elif how is not Format.TABLE:
        write_rows(rows, COLUMNS, how, json_lines=True)
    elif style is Style.LISTING:
        write_rows(map(_listed, rows), LISTED, how)
    else:
        for row in rows:
            _write_answer(row, several=several)


def _listed(row: Row) -> Row:
    return {**row, "cpu_seconds": round(float(str(row["cpu_seconds"])), 2)}


def _answer_or_word(row: Row) -> str:
    return str(row["answer"]) if row["answer"] is not None else _word(row)


def _word(row: Row) -> str:
    return SYGUS_WORDS.get(Status(str(row["status"])), "unknown")


def _write_answer(row: Row, *, several: bool) -> None:
    """Write one answer for a person; an error was told already."""
    name = str(row["spec"])
    if row["status"] == Status.ERROR:
        return
    if Path(name.partition("#")[0]).suffix.lower() == ".sl":
        write("".join(f"{line}\n" for line in _sygus_lines(row, several=several)))
    else:
        write_card(name, _fields(row))


def _sygus_lines(row: Row, *, several: bool) -> Iterator[str]:
    """What a SyGuS solver answers; everything else stands behind ``;``."""
    if several:
        yield f"; {row['spec']}"
    if row["answer"] is None:
        yield _word(row)
    else:
        yield from ("(", *str(row["answer"]).split("\n"), ")")
    for remark in (row["reason"], *_lines(row["witness"])):
        yield from (f"; {line}" for line in str(remark or "").splitlines())


def _fields(row: Row) -> Iterator[tuple[str, str]]:
    """What a person wants to know of a result, line by line."""
    verdict = row["verdict"]
    yield "status", f"{row['status']}: {MEANINGS[str(verdict)]}" if verdict in MEANINGS else str(row["status"])
    program = row["program"]
    if isinstance(program, Mapping):
        for text in program.values():
            yield "program", str(text)
    for line in str(row["answer"] or "").splitlines():
        yield "exactly", line
    if row["reason"] is not None:
        yield "reason", str(row["reason"])
    for line in _lines(row["witness"]):
        yield "witness", line
    if row["size"] is not None:
        yield "size", f"{row['size']} nodes, found by {row['found_by']}"
    yield "effort", f"{row['candidates']} candidates in {float(str(row['cpu_seconds'])):.2f} CPU-seconds"


def _lines(witness: Any) -> Sequence[str]:
    return tuple(map(str, witness)) if isinstance(witness, list | tuple) else ()
