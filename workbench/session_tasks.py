"""What a session asks, as a task: made of typed values, read from files, and written to them."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from dsl.errors import ReverieError, SpecError, TypeMismatch
from dsl.native.fitting import missing_types, suitable_domain
from dsl.native.printing import print_native
from dsl.native.reader import FUNCTION_NAME
from dsl.native.signatures import Signature
from dsl.source import Source
from dsl.spec import Example, Function, Spec, Task, contradictions
from dsl.specfile import Corpus, read_content, read_tasks
from dsl.sygus.printing import print_sygus
from dsl.values import from_data, typed_key
from workbench.solving import task_of

TASK_NAME: Final = "session"
"""What the task of a session is called until a file gives it another name."""


class SessionError(ReverieError):
    """Something was asked of a session that it cannot do in its present state."""


def function_of(spec: Spec, name: str | None) -> Function:
    """The function that is meant."""
    names = [function.name for function in spec.functions]
    if name is None and len(names) == 1:
        return spec.functions[0]
    if name not in names:
        said = "there are several functions" if name is None else f"there is no function {name!r}"
        raise SessionError(f"{said}: {', '.join(names)}")
    return spec.function(name)


def example_of(function: Function, given: tuple[Any, ...], output: Any) -> Example:
    """An example of a function whose types are stated."""
    if len(given) != len(function.parameters):
        raise TypeMismatch(f"{function.signature} takes {counted(len(function.parameters), 'input')}, not {len(given)}")
    inputs = tuple(from_data(value, type_) for value, (_, type_) in zip(given, function.parameters, strict=True))
    return Example(function.name, inputs, from_data(output, function.result))


def with_examples(task: Task, examples: Iterable[Example]) -> Task:
    """A task with other examples, each of them once, without the text of its file."""
    kept = tuple({(e.function, typed_key(e.inputs), typed_key(e.output)): e for e in examples}.values())
    others = tuple(p for p in task.spec.problems if p.kind != "contradictory-examples")
    problems = (*contradictions(kept), *others)
    return dataclasses.replace(task, spec=dataclasses.replace(task.spec, examples=kept, problems=problems, source=None))


def declared_task(signature: Signature, examples: Sequence[tuple[tuple[Any, ...], Any]], domain: str | None) -> Task:
    """The task of a function with a signature."""
    count = len(signature.types)
    names = signature.names or (("x",) if count == 1 else tuple(f"x{index}" for index in range(count)))
    parameters = tuple(zip(names, signature.types, strict=True))
    function = Function(signature.name or FUNCTION_NAME, parameters, signature.result)
    chosen = domain or suitable_domain([*signature.types, signature.result])
    spec = Spec((function,), chosen)
    check_domain(spec)
    task = Task(TASK_NAME, spec)
    return with_examples(task, [example_of(function, given, output) for given, output in examples])


def check_domain(spec: Spec) -> None:
    """Check that the domain has the types of the function.

    Raises:
        SessionError: if it has not.
    """
    function = spec.functions[0]
    types = [*(type_ for _, type_ in function.parameters), function.result]
    if spec.domain is None:
        raise SessionError(f"no installed domain has all the types of {function.signature}")
    missing = missing_types(spec.domain, types)
    if missing:
        other = suitable_domain(types)
        hint = f"; the domain {other} has" if other is not None else "; no other domain has all types of the examples"
        raise SessionError(
            f"the domain {spec.domain} has nothing of type {' or '.join(missing)}{hint}; types that examples do not "
            f"show have to be stated, as `bv64 -> bv64`"
        )


def read_task(place: str, column: str | None, domain: str | None) -> Task:
    """The task of a file, or that of a file with several whose name follows ``#``."""
    path, separator, name = place, "", ""
    if not Path(place).exists():
        path, separator, name = place.rpartition("#")
    if not separator:
        return task_of(place, None, domain, column)
    tasks = {task.name: task for task in read_tasks(Path(path), column=column, domain=domain)}
    if name not in tasks:
        raise SessionError(f"{path} has no task {name!r}; it has {', '.join(list(tasks)[:10])}")
    return tasks[name]


def save_task(task: Task, target: Path) -> None:
    """Write a task into a file that reads back as the same: ``.toml``, or ``.sl`` for SyGuS-IF.

    Raises:
        SessionError: if the file cannot be written, or a file of this kind cannot say what is asked.
    """
    _write(target, _text_of(task, target))


def _text_of(task: Task, target: Path) -> str:
    """The text of a file that says what a task asks."""
    suffix = target.suffix.lower()
    if suffix not in (".toml", ".sl"):
        raise SessionError(f"{target}: this should end in `.toml`, or in `.sl` for SyGuS-IF")
    if suffix == ".toml":
        try:
            return print_native(task)
        except SpecError as error:
            hint = "; a file that ends in `.sl` may" if task.spec.logic is not None else ""
            raise SessionError(f"{target}: {error.message}{hint}") from None
    text = print_sygus(task.spec)
    read = read_content(Source(text), target, domain=task.spec.domain)
    assert not isinstance(read, Corpus)
    (again,) = read
    if again.spec.identity != task.spec.identity:
        raise SessionError(f"{target}: SyGuS-IF cannot say all that is asked; a file that ends in `.toml` may")
    return text


def _write(target: Path, text: str) -> None:
    """Write a file, which has all of the text or is not changed."""
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(target)
    except OSError as error:
        raise SessionError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def counted(number: int, noun: str) -> str:
    """``1 input``, ``2 inputs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
