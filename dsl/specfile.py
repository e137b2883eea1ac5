"""The one entry to specification files of every kind.

The suffix of a file says how it is written; a file with another suffix is told by how it begins.
"""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import SpecError, nearest
from dsl.native.positions import Node, parse_json, parse_toml
from dsl.native.reader import Setting, read_document, read_table_task
from dsl.native.tables import read_table
from dsl.source import Source, read_source
from dsl.spec import Task

FORMATS = {
    ".sl": "SyGuS-IF",
    ".toml": "native, in TOML",
    ".json": "native, in JSON",
    ".csv": "a table, one column of which is to be computed",
}
"""The suffixes that are read, and how such files are written."""


@dataclass(frozen=True)
class Corpus:
    """Programs without specifications, as library learning takes them.

    Attributes:
        path: the file.
        programs: the programs, as they are written.
    """

    path: Path
    programs: tuple[str, ...]


def read(path: Path, *, column: str | None = None, domain: str | None = None) -> tuple[Task, ...] | Corpus:
    """What a file holds: tasks, or a corpus of programs.

    Args:
        path: a file in one of the `FORMATS`.
        column: the column of a table that is to be computed.
        domain: the domain of a file that names none.

    Raises:
        SpecError: if the file cannot be read, or is no specification; it says where and why.
    """
    return read_content(read_source(path), path, column=column, domain=domain)


def read_content(
    source: Source, path: Path, *, column: str | None = None, domain: str | None = None
) -> tuple[Task, ...] | Corpus:
    """What the text of a file holds; `path` says what it would be called, other arguments are as for `read`.

    Raises:
        SpecError: if it is no specification; it says where and why.
    """
    suffix = _format(source, path)
    setting = Setting(path.stem, domain)
    if suffix == ".sl":
        from dsl.sygus.reader import read_sygus

        return (Task(path.stem, read_sygus(source, domain)),)
    if suffix == ".csv":
        return (_read_table(source, column, setting),)
    root = _parse(source, suffix)
    programs = _programs(root)
    return read_document(root, setting) if programs is None else Corpus(path, programs)


def read_tasks(path: Path, *, column: str | None = None, domain: str | None = None) -> tuple[Task, ...]:
    """The tasks in a file; arguments as for `read`.

    Raises:
        SpecError: if the file cannot be read, or is no specification; it says where and why.
    """
    found = read(path, column=column, domain=domain)
    if isinstance(found, Corpus):
        raise SpecError(
            f"a corpus of {len(found.programs)} programs, not a specification",
            path=path,
            suggestion="there is nothing to solve here; a library of abstractions can be learned from it",
        )
    return found


def read_packaged_tasks(package: str, resource: str) -> tuple[Task, ...]:
    """The training tasks that a package ships with its domain.

    Args:
        package: the package, as ``dsl.domains``.
        resource: a TOML or JSON file in it.

    Raises:
        SpecError: if the resource is not there, or cannot be read.
    """
    place = importlib.resources.files(package).joinpath(resource)
    path = Path(str(place))
    if not place.is_file():
        raise SpecError(f"the package {package} has no file {resource}", path=path)
    source = Source(place.read_text(encoding="utf-8"), path)
    return read_document(_parse(source, path.suffix), Setting(path.stem, split="train", is_shipped=True))


def _format(source: Source, path: Path) -> str:
    """The suffix that files like this have."""
    if path.suffix.lower() in FORMATS:
        return path.suffix.lower()
    match source.text.lstrip()[:1]:
        case "(" | ";":
            return ".sl"
        case "{" | "[":
            return ".json"
    known = ", ".join(f"{suffix} ({what})" for suffix, what in FORMATS.items())
    message = f"{path.suffix or 'no suffix'!r} says nothing of how the file is written; known are {known}"
    raise SpecError(message, path=path, suggestion=nearest(path.suffix, FORMATS))


def _parse(source: Source, suffix: str) -> Node:
    return parse_toml(source) if suffix == ".toml" else parse_json(source)


def _read_table(source: Source, column: str | None, setting: Setting) -> Task:
    table = read_table(source)
    if column is None:
        raise table.header_error("a table needs a column to compute", "name it with `--column`")
    return read_table_task(table, column, setting)


def _programs(root: Node) -> tuple[str, ...] | None:
    """The programs of a corpus, which is an array of texts; None for anything else."""
    if not isinstance(root.value, list):
        return None
    if root.value and isinstance(root.value[0].value, dict):
        raise root.error("a specification is a table, not an array", 'an array of tasks is written `{"tasks": […]}`')
    for item in root.value:
        item.text("a program of a corpus")
    return tuple(item.value for item in root.value)
