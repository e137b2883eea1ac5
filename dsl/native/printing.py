"""Tasks as native specification files in TOML.

What is printed reads back as a task with an equal spec. Only what a native file can say is printed: no grammar, no
macros, no invariant of a loop. Conditions are written as the Python that `dsl.printing.to_python` makes of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence

from dsl.errors import SpecError
from dsl.native.positions import parse_toml
from dsl.native.reader import Setting, read_document
from dsl.printing import to_python
from dsl.source import Source
from dsl.spec import Constraint, Example, Function, Spec, Task
from dsl.terms import Lambda, Literal, Term
from dsl.values import Value


def print_native(task: Task) -> str:
    """A task as a native file in TOML.

    Raises:
        SpecError: if a native file cannot say what the task asks.
    """
    lacking = _lacking(task.spec)
    if lacking:
        raise SpecError(f"this task has {lacking}, which a native file cannot say")
    text = "\n".join(_lines(task)) + "\n"
    try:
        text.encode("utf-8")
        (again,) = read_document(parse_toml(Source(text)), Setting(task.name))
    except SpecError as error:
        raise SpecError(f"a native file cannot say what this task asks: {error.message}") from error
    except UnicodeEncodeError:
        raise SpecError("this task has texts that no file in UTF-8 can hold") from None
    if again.spec.identity != task.spec.identity:
        raise SpecError("this task has constants or conditions that a native file cannot say")
    return text


def _lacking(spec: Spec) -> str:
    """What a spec has and a native file cannot have; empty if there is nothing."""
    if len(spec.functions) != 1:
        return f"{len(spec.functions)} functions"
    if spec.functions[0].grammar is not None:
        return "a grammar of its own"
    if spec.logic is not None:
        return f"the logic {spec.logic}"
    if spec.invariant is not None:
        return "a loop"
    return "macros" if spec.macros else ""


def _lines(task: Task) -> Iterator[str]:
    spec, function = task.spec, task.spec.functions[0]
    yield f"name = {_text(task.name)}"
    yield f"signature = {_text(function.signature)}"
    if spec.domain is not None:
        yield f"domain = {_text(spec.domain)}"
    if task.split is not None:
        yield f"split = {_text(task.split)}"
    if spec.constants:
        yield f"constants = [{', '.join(_constant(c) for c in spec.constants if isinstance(c, Literal))}]"
    yield from _advice(spec)
    yield from _conditions(spec, function)
    yield from _examples("examples", spec.examples)
    yield from _examples("held_out", task.held_out.examples)


def _advice(spec: Spec) -> Iterator[str]:
    """Hints and budget."""
    hints = {name: getattr(spec.hints, name) for name in ("maximum_size", "maximum_cost", "style", "algorithm")}
    budget = {name: getattr(spec.budget, name) for name in ("cpu_seconds", "candidates")}
    for key, members in (("hints", hints), ("budget", budget)):
        stated = [f"{name} = {value_toml(value)}" for name, value in members.items() if value is not None]
        if stated:
            yield f"{key} = {{ {', '.join(stated)} }}"


def _conditions(spec: Spec, function: Function) -> Iterator[str]:
    names = [name for name, _ in spec.variables]
    declared = spec.variables[len(function.parameters) :]
    if declared:
        yield f"forall = {{ {', '.join(f'{name} = {_text(str(type_))}' for name, type_ in declared)} }}"
    for key, conditions in (("preconditions", spec.assumptions), ("invariants", spec.constraints)):
        if conditions:
            yield f"{key} = [{', '.join(_condition(c, names) for c in conditions)}]"


def _condition(condition: Constraint, names: Sequence[str]) -> str:
    """A condition as Python over its variables, to which λs give their names here."""
    term: Term = condition.term
    for _ in names:
        term = Lambda(term)
    return _text(to_python(term, names).removeprefix(f"lambda {', '.join(names)}: "))


def _constant(constant: Literal) -> str:
    return f"{{ value = {value_toml(constant.value)}, type = {_text(str(constant.type))} }}"


def _examples(key: str, examples: Iterable[Example]) -> Iterator[str]:
    rows = [f"    {{ inputs = {value_toml(e.inputs)}, output = {value_toml(e.output)} }}," for e in examples]
    if rows:
        yield from (f"{key} = [", *rows, "]")


def value_toml(value: Value) -> str:
    """A value as TOML writes it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_toml, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    return _text(value) if isinstance(value, str) else str(value)


def _text(text: str) -> str:
    # TOML's basic strings are JSON's, but that DEL must be escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
