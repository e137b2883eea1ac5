"""What a run learns from and is tested on: the tasks of domains, folders and files, each under a name of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.domain import domain_names, load_domain
from dsl.errors import ReverieError
from dsl.spec import Task
from workbench.batch import collect_files, read_problems

TEST: str = "test"
"""The split of tasks that learning sees nothing of."""


@dataclass(frozen=True)
class TaskSet:
    """Tasks by name.

    Attributes:
        training: what is learned from.
        tests: what is only tested on.
        notes: what a person should know of how they were chosen.
    """

    training: dict[str, Task]
    tests: dict[str, Task]
    notes: tuple[str, ...] = ()


def absolute(place: str) -> str:
    """A place as it is found from every folder: a domain by its name, anything else by its whole path."""
    return place if _is_domain(place) else os.path.abspath(place)  # noqa: PTH100 - a pattern is no path


def read_task_set(
    places: Sequence[str], tests: Sequence[str], *, column: str | None = None, domain: str | None = None
) -> TaskSet:
    """The tasks of some places.

    Tasks whose own split is ``test`` are tests wherever they are named. A task that is asked for on both sides is
    a test and nothing is learned from it; of equal training tasks the first one stays.

    Args:
        places: what is learned from: names of domains, folders, patterns, specification files, or lists of files.
        tests: what is tested on, in the same way.
        column: the column of a CSV table that is to be computed.
        domain: the domain of a file that names none.

    Raises:
        ReverieError: if a place is not there or a file cannot be read, if no domain has what a task asks, or if there
            is nothing to learn from.
    """
    named = list(_named(places, column, domain))
    held = [(name, task) for name, task in named if task.split == TEST]
    held += _named(tests, column, domain)
    test_tasks = _distinct(held, "the tests")
    taken = {task.spec.identity for task in test_tasks.values()}
    learned = _distinct([(name, task) for name, task in named if task.split != TEST], "what is learned from")
    training = {name: task for name, task in learned.items() if task.spec.identity not in taken}
    if not training:
        raise ReverieError(f"{', '.join(places)}: there is no task to learn from here")
    notes = []
    if len(training) < len(learned):
        notes.append(f"{len(learned) - len(training)} tasks are not learned from, since they are among the tests")
    return TaskSet(training, _apart(test_tasks, training), tuple(notes))


def _named(places: Iterable[str], column: str | None, domain: str | None) -> Iterator[tuple[str, Task]]:
    """Every task with a name that says where it is from."""
    for place in places:
        if _is_domain(place):
            yield from ((f"{place}/{task.name}", task) for task in load_domain(place).tasks)
            continue
        folder = Path(place) if Path(place).is_dir() else Path(place).parent
        for problem in read_problems(collect_files(place), column=column, domain=domain):
            if problem.task is None:
                assert problem.error is not None
                raise problem.error
            file, separator, task_name = problem.name.partition("#")
            path = Path(file)
            shown = path.relative_to(folder) if path.is_relative_to(folder) else path
            if problem.task.spec.domain is None:
                raise ReverieError(f"{problem.name}: no installed domain has all the operators of this specification")
            yield f"{shown.as_posix()}{separator}{task_name}", problem.task


def _is_domain(place: str) -> bool:
    return place in domain_names() and not Path(place).exists()


def _distinct(named: Sequence[tuple[str, Task]], where: str) -> dict[str, Task]:
    """The tasks by name, equal ones once.

    Raises:
        ReverieError: if different tasks have the same name.
    """
    found: dict[str, Task] = {}
    seen: set[str] = set()
    for name, task in named:
        identity = task.spec.identity
        if identity in seen:
            continue
        if name in found:
            raise ReverieError(f"{name}: two different tasks of {where} have this name; give each file once")
        seen.add(identity)
        found[name] = task
    return found


def _apart(tests: dict[str, Task], training: dict[str, Task]) -> dict[str, Task]:
    """The tests under names that no training task has."""
    return {(f"test/{name}" if name in training else name): task for name, task in tests.items()}
