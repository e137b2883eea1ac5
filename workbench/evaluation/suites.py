"""Suites: which problems a benchmark is made of, a sample of them, and where their held-out examples come from.

A suite is what `reverie batch` takes (a folder, a pattern, a file, a list of files), or the name of a domain, which
stands for the tasks that it ships. Of a file with several tasks each is a problem.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dsl.domain import domain_names, load_domain
from dsl.errors import ReverieError, SpecError
from dsl.spec import Example, HeldOut, Spec
from dsl.specfile import read_tasks
from workbench.batch import Problem, collect_files, read_problems

SYGUS: Final = (".sl",)
"""Suffixes of SyGuS files. Each holds one task, and is read when its problem begins, so that a suite may be large."""


@dataclass(frozen=True)
class Rewriting:
    r"""Leads from a file to a sibling that holds further examples of the same function.

    Attributes:
        pattern: a regular expression, searched in the path.
        replacement: what takes the place of everything that it matches; ``\1`` is its first group.
    """

    pattern: re.Pattern[str]
    replacement: str

    def sibling(self, path: Path) -> Path | None:
        """The sibling of a file, or None if the pattern does not occur in its path or there is no such file."""
        found = Path(self.pattern.sub(self.replacement, str(path)))
        return found if found != path and found.is_file() else None


def read_rewriting(text: str) -> Rewriting:
    """The rewriting that is written ``REGEX=REPLACEMENT``; the last ``=`` parts them.

    Raises:
        ReverieError: if there is no ``=``, or if the parts are no expression and replacement.
    """
    pattern, equals, replacement = text.rpartition("=")
    if not equals or not pattern:
        raise ReverieError(f"{text!r} does not say where held-out examples are; it is written REGEX=REPLACEMENT")
    try:
        compiled = re.compile(pattern)
        # A replacement that names a group that there is not fails only once something matches.
        re.compile(f"{pattern}|").sub(replacement, "")
    except (re.error, IndexError) as error:
        raise ReverieError(f"{text!r} is no regular expression and replacement: {error}") from None
    return Rewriting(compiled, replacement)


@dataclass(frozen=True)
class Suite:
    """Problems to measure on, in a fixed order.

    Attributes:
        place: what the user called it.
        entries: the name of each problem, and the file that it is in or None if a domain ships it.
        rewritings: where further held-out examples are.
    """

    place: str
    entries: tuple[tuple[str, Path | None], ...]
    rewritings: tuple[Rewriting, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the problems."""
        return tuple(name for name, _ in self.entries)

    def sample(self, size: int | None, seed: int) -> Suite:
        """Some of the problems, drawn without regard to anything but their number, in the order of the suite."""
        if size is None or size >= len(self.entries):
            return self
        chosen = sorted(random.Random(seed).sample(range(len(self.entries)), size))
        return dataclasses.replace(self, entries=tuple(self.entries[i] for i in chosen))

    @property
    def sygus(self) -> Suite:
        """Those of the problems that are SyGuS files."""
        chosen = tuple(entry for entry in self.entries if entry[1] is not None and entry[1].suffix.lower() in SYGUS)
        return dataclasses.replace(self, entries=chosen)

    def problems(self) -> Iterator[Problem]:
        """The problems, each read when it is asked for; a file that cannot be read is one, too."""
        wanted = set(self.names)
        for path in dict.fromkeys(path for _, path in self.entries):
            found = _shipped(self.place) if path is None else read_problems([path])
            yield from (self._with_siblings(problem, path) for problem in found if problem.name in wanted)

    def _with_siblings(self, problem: Problem, path: Path | None) -> Problem:
        """The problem with the examples of its siblings held out, beside those of its own."""
        found = [rewriting.sibling(path) for rewriting in self.rewritings] if path is not None else []
        siblings = [sibling for sibling in found if sibling is not None]
        if problem.task is None or not siblings:
            return problem
        try:
            further = [example for sibling in siblings for example in _examples_for(problem.task.spec, sibling)]
        except SpecError as error:
            return Problem(problem.name, error=error)
        held_out = HeldOut((*problem.task.held_out.examples, *further))
        return dataclasses.replace(problem, task=dataclasses.replace(problem.task, held_out=held_out))


def _shipped(domain: str) -> list[Problem]:
    return [Problem(f"{domain}#{task.name}", task) for task in load_domain(domain).tasks]


def _examples_for(spec: Spec, sibling: Path) -> Sequence[Example]:
    """The examples of a file that asks for the functions of `spec`.

    Raises:
        SpecError: if the file cannot be read, or asks for other functions.
    """
    tasks = read_tasks(sibling)
    wanted = [(f.name, f.type) for f in spec.functions]
    if len(tasks) != 1 or [(f.name, f.type) for f in tasks[0].spec.functions] != wanted:
        raise SpecError("held-out examples are to come from here, but it asks for other functions", path=sibling)
    return tasks[0].spec.examples


def collect_suite(place: str, rewritings: Sequence[Rewriting] = ()) -> Suite:
    """The suite that a place stands for.

    Args:
        place: a folder, a pattern, a file or a list of files, as for `workbench.batch.collect_files`; or a domain.
        rewritings: where further held-out examples are.

    Raises:
        ReverieError: if there is no such place or domain, or nothing to solve there.
    """
    if place.partition("/")[0] in domain_names() and not Path(place).exists():
        shipped = _shipped(place)
        if not shipped:
            raise ReverieError(f"the domain {place} ships no tasks")
        return Suite(place, tuple((problem.name, None) for problem in shipped))
    paths = collect_files(place)
    return Suite(place, tuple(entry for path in paths for entry in _entries(path)), tuple(rewritings))


def _entries(path: Path) -> Iterator[tuple[str, Path]]:
    if path.suffix.lower() in SYGUS:
        yield str(path), path
    else:
        yield from ((problem.name, path) for problem in read_problems([path]))
