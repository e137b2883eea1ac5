"""Corpora: programs grouped by the task that they solve, as other systems publish them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.errors import ReverieError
from dsl.terms import Term, beta_normal
from wake_sleep.sleep.abstraction.untyped import read_program


class CorpusError(ReverieError):
    """A file is not a corpus of programs."""


@dataclass(frozen=True)
class Corpus:
    """Programs and the tasks that they solve.

    Attributes:
        name: what it is called.
        programs: closed terms in β-normal form.
        tasks: for each program the name of its task; several programs may solve one.
    """

    name: str
    programs: tuple[Term, ...]
    tasks: tuple[str, ...]

    @property
    def positions_by_task(self) -> dict[str, list[int]]:
        """The positions of the programs of each task, tasks in order of their first program."""
        found: dict[str, list[int]] = {}
        for position, task in enumerate(self.tasks):
            found.setdefault(task, []).append(position)
        return found

    def part(self, positions: Sequence[int], name: str | None = None) -> Corpus:
        """Some of the programs as a corpus of their own."""
        programs = tuple(self.programs[i] for i in positions)
        return Corpus(self.name if name is None else name, programs, tuple(self.tasks[i] for i in positions))


def read_corpora(path: Path) -> list[Corpus]:
    """Read a file of corpora.

    A JSON list of texts is one corpus, each program its own task (Stitch's format). A JSON object with `frontiers`
    is one corpus (DreamCoder's format), each frontier a task with its `programs`. A file of JSON lines (`.jsonl`)
    holds one such object a line. Any of them may be compressed (`.gz`).

    Raises:
        CorpusError: if the file has none of these forms, or holds no program.
    """
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: cannot be read as a corpus: {error}") from error
    names = path.name.split(".")
    lines = text.splitlines() if "jsonl" in names else [text]
    corpora = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            where = f"{path}:{number}" if len(lines) > 1 else str(path)
            corpora.append(_read_corpus(line, where, names[0] if len(lines) == 1 else f"{names[0]}:{number}"))
    if not corpora:
        raise CorpusError(f"{path}: holds no corpus")
    return corpora


def _read_corpus(text: str, where: str, name: str) -> Corpus:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise CorpusError(f"{where}: is not JSON: {error}") from error
    if isinstance(data, list):
        texts, tasks = data, [str(number) for number in range(len(data))]
    else:
        texts, tasks, name = _frontiers(data, where, name)
    if not texts or not all(isinstance(each, str) for each in texts):
        raise CorpusError(f"{where}: a corpus is a non-empty list of programs, each a text")
    known: dict[str, Term] = {}
    for each in texts:
        if each not in known:
            known[each] = beta_normal(_program(each, where))
    return Corpus(name, tuple(known[each] for each in texts), tuple(tasks))


def _program(text: str, where: str) -> Term:
    try:
        return read_program(text)
    except ReverieError as error:
        raise CorpusError(f"{where}: {error}") from error


def _frontiers(data: Any, where: str, name: str) -> tuple[list[str], list[str], str]:
    """Programs, tasks and name of one of DreamCoder's inputs."""
    if not isinstance(data, dict) or not isinstance(data.get("frontiers"), list):
        raise CorpusError(f"{where}: a corpus is a JSON list of programs, or an object with `frontiers`")
    texts: list[str] = []
    tasks: list[str] = []
    for number, frontier in enumerate(data["frontiers"]):
        programs = frontier.get("programs") if isinstance(frontier, dict) else None
        if not isinstance(programs, list):
            raise CorpusError(f"{where}: frontier {number} has no list `programs`")
        for program in programs:
            texts.append(program["program"] if isinstance(program, dict) and "program" in program else program)
            tasks.append(f"{number} {frontier.get('task', '')}")
    return texts, tasks, str(data.get("bench", name))
