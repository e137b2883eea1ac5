"""Checks every answer of a run, by a reader and an evaluator that share nothing with Reverie.

``python -m tests.checker RESULTS.jsonl …`` reads what ``reverie solve``, ``batch`` or ``bench`` wrote with
``--format json`` and says, file by file, whether the answer is right: the functions that were asked for, with their
signatures, inside the grammar of the file, and true to every example and constraint. An answer that is said to be
proved must hold for all values: `tests.checker.conditions` asks two solvers. The exit code is 1 if an answer is
wrong or outside the grammar, if a size is not the one claimed, or if a row that says ``solved`` has no answer.

Held-out examples are judged apart: those of the task file, or, with ``--held-out REGEX=REPLACEMENT``, the constraints
of the file that the path of the spec is rewritten to.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.checker.conditions import SECONDS, SOLVERS
from tests.checker.sygus_answers import check_answer, conflicts
from tests.checker.sygus_files import Problem, read_problem
from tests.checker.syntax import Malformed, Unsupported, read
from tests.checker.task_files import TaskQuestion, check_task_answer, read_questions, read_table_question
from tests.checker.verdicts import BY_EXAMPLES, NOT_CONFIRMED, Finding

SHIPPED = Path(__file__).parents[2] / "dsl" / "domains"
"""Where the training tasks of the domains lie."""


@dataclass(frozen=True)
class Judged:
    """One row of a run, and what was found.

    Attributes:
        spec: the spec.
        status: the status that the row claims.
        finding: what was found of its answer; None if it has none and claims none.
        note: what else is to be said, or None.
    """

    spec: str
    status: str
    finding: Finding | None
    note: str | None = None


@lru_cache(maxsize=4)
def _problem(path: Path) -> Problem:
    return read_problem(path)


@lru_cache(maxsize=4)
def _questions(path: Path) -> dict[str, TaskQuestion]:
    return {question.name: question for question in read_questions(path)}


def _place(spec: str, base: Path) -> tuple[Path, str | None]:
    """The file of a spec, and the name of the task in it; names of files may hold ``#``.

    A task that a domain ships is called ``domain#name``.
    """
    whole = base / spec
    if whole.exists():
        return whole, None
    for found in re.finditer("#", spec):
        path = base / spec[: found.start()]
        if path.exists():
            return path, spec[found.end() :]
    domain, _, task = spec.partition("#")
    if task and (SHIPPED / f"{domain}.json").is_file():
        return SHIPPED / f"{domain}.json", task
    raise Malformed(f"there is no file {spec}")


def judge(
    row: Mapping[str, Any], base: Path, rewriting: tuple[str, str] | None = None, seconds: float = SECONDS
) -> Judged:
    """Check one row of a run.

    Args:
        row: has at least ``spec`` and ``status``, and ``answer`` if it is solved; ``verdict`` says if it is proved.
        base: the folder that relative paths begin in.
        rewriting: pattern and replacement that lead from the path of a spec to the file with its held-out examples.
        seconds: time for each solver to confirm an answer that is said to be proved.
    """
    spec, status = str(row["spec"]), str(row["status"])
    proving = seconds if row.get("verdict") == "proved" else None
    try:
        path, task = _place(spec, base)
        if status != "solved":
            return _unsolved(spec, status, path, row)
        if not row.get("answer"):
            return Judged(spec, status, Finding(wrong="there is no answer"))
        found = _find(path, task, str(row["answer"]), rewriting, proving)
        return Judged(spec, status, _compare_size(found, row))
    except Unsupported as error:
        return Judged(spec, status, Finding(unchecked=str(error), proof=None if proving is None else NOT_CONFIRMED))
    except Malformed as error:
        finding = Finding(wrong=str(error)) if status == "solved" else None
        return Judged(spec, status, finding, str(error))


def _unsolved(spec: str, status: str, path: Path, row: Mapping[str, Any]) -> Judged:
    if row.get("answer"):
        return Judged(spec, status, Finding(wrong=f"there is an answer although the status is {status}"))
    if status != "infeasible" or path.suffix != ".sl":
        return Judged(spec, status, None)
    problem = _problem(path)
    if conflicts(problem):
        return Judged(spec, status, None, "two examples conflict")
    is_witnessed = bool(row.get("witness")) and not problem.only_examples()
    return Judged(spec, status, None, "the row has a witness" if is_witnessed else NOT_CONFIRMED)


def _find(
    path: Path, task: str | None, answer: str, rewriting: tuple[str, str] | None, seconds: float | None
) -> Finding:
    if path.suffix == ".sl":
        sibling = None if rewriting is None else Path(re.sub(rewriting[0], rewriting[1], str(path)))
        held_out = None if sibling is None or sibling == path or not sibling.exists() else _problem(sibling)
        return check_answer(_problem(path), answer, held_out, seconds)
    finding = check_task_answer(_question(path, task, answer), answer)
    if seconds is None or finding.wrong is not None:
        return finding
    return replace(finding, proof=NOT_CONFIRMED if finding.unchecked else BY_EXAMPLES)


def _question(path: Path, task: str | None, answer: str) -> TaskQuestion:
    if path.suffix == ".csv":
        return read_table_question(path, _function_name(answer))
    questions = _questions(path)
    question = questions.get(task) if task is not None else next(iter(questions.values()))
    if question is None:
        raise Malformed(f"{path} has no task {task}")
    return question


def _function_name(answer: str) -> str:
    """The name of the function that an answer defines; a table tells it nowhere else."""
    match read(answer):
        case [["define-fun", str(name), *_]]:
            return name
    raise Unsupported("which column of a table an answer computes is only told by a define-fun")


def _compare_size(finding: Finding, row: Mapping[str, Any]) -> Finding:
    claimed = row.get("size")
    if finding.wrong is None and None not in (claimed, finding.size) and claimed != finding.size:
        return replace(finding, wrong=f"the size is {finding.size}, not {claimed}", proof=None)
    return finding


def rows_of(texts: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The rows of JSON Lines, of one JSON array, or of an object that has them under ``rows``."""
    for text in texts:
        try:
            document = json.loads(text)
        except json.JSONDecodeError:
            yield from (json.loads(line) for line in text.splitlines() if line.strip())
            continue
        if isinstance(document, dict):
            document = document.get("rows", [document])
        yield from document


def _described(item: Judged) -> str:
    """What was found of one row, in words."""
    finding = item.finding
    if finding is None:
        return item.status + (f" ({item.note})" if item.note else "")
    if finding.wrong is not None:
        return f"{'OUTSIDE THE GRAMMAR' if finding.outside else 'WRONG'}: {finding.wrong}"
    parts = ["right"]
    if finding.held_out is not None:
        parts.append(f"{'right' if finding.held_out else 'wrong'} on held-out")
    if finding.proof is not None:
        parts.append("proof not confirmed" if finding.proof == NOT_CONFIRMED else f"confirmed by {finding.proof}")
    if finding.unchecked:
        parts.append(finding.unchecked)
    return ", ".join(parts)


def _is_problem(item: Judged, *, quiet: bool) -> bool:
    """Whether a row is wrong, or (unless `quiet`) something of what it says is not confirmed."""
    finding = item.finding
    if finding is None:
        return not quiet and item.status == "infeasible" and item.note == NOT_CONFIRMED
    return finding.wrong is not None or (not quiet and finding.unchecked is not None)


def report(judged: Sequence[Judged], *, every: bool = False, quiet: bool = False) -> str:
    """One line for each spec with a problem (for `every` one; if `quiet`, for each that is wrong), and the totals."""
    lines = [f"{item.spec}: {_described(item)}" for item in judged if every or _is_problem(item, quiet=quiet)]
    findings = [item.finding for item in judged if item.finding is not None]
    scored = [finding.held_out for finding in findings if finding.held_out is not None]
    outside = sum(finding.outside for finding in findings)
    wrong = sum(finding.wrong is not None for finding in findings) - outside
    proofs = Counter(finding.proof for finding in findings)
    lines.append(
        f"proved: {proofs[' and '.join(SOLVERS)]} confirmed by both, "
        + "".join(f"{proofs[solver]} by {solver} only, " for solver in SOLVERS)
        + f"{proofs[BY_EXAMPLES]} by examples, {proofs[NOT_CONFIRMED]} not confirmed"
    )
    lines.append(
        f"{len(judged)} specs, {len(findings)} answers, {wrong} wrong, {outside} outside the grammar, "
        f"{sum(scored)} of {len(scored)} right on held-out examples, "
        f"{sum(finding.unchecked is not None for finding in findings)} not checked in full, "
        f"{sum(item.note == NOT_CONFIRMED for item in judged)} infeasible not confirmed"
    )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the runs that the arguments name; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.checker", description="Check the answers of a run.")
    parser.add_argument("results", nargs="+", help="files of JSON Lines; - is the standard input")
    parser.add_argument("--base", type=Path, default=Path(), help="the folder that relative paths begin in")
    parser.add_argument("--held-out", metavar="REGEX=REPLACEMENT", help="where the held-out constraints of a file are")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time for each solver to confirm one answer")
    parser.add_argument("--all", action="store_true", help="list every spec, not only those with a problem")
    parser.add_argument("--quiet", action="store_true", help="list wrong answers only")
    stated = parser.parse_args(arguments)
    rewriting = None
    if stated.held_out is not None:
        pattern, equals, replacement = stated.held_out.rpartition("=")
        if not equals:
            parser.error("--held-out is written REGEX=REPLACEMENT")
        rewriting = (pattern, replacement)
    texts = [sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8") for name in stated.results]
    judged = [judge(row, stated.base, rewriting, stated.seconds) for row in rows_of(texts)]
    sys.stdout.write(report(judged, every=stated.all, quiet=stated.quiet))
    return int(any(item.finding is not None and item.finding.wrong is not None for item in judged))
