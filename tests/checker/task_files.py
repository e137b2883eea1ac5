"""Files of tasks in JSON, TOML and CSV, as the checker reads them, and the answers to such tasks.

The shapes are those of the native files, of DreamCoder and of LambdaBeam. Only what can be judged by running a
program is read: examples, held-out examples, types, the domain and the constants.
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checker import list_programs
from tests.checker.first_order import NoValue, canonical, compile_term
from tests.checker.list_programs import LANGUAGES, STEPS, Code, Program, TooLong
from tests.checker.syntax import Malformed, SExpr, Unsupported, expand_lets, literal, read, read_sort, size
from tests.checker.text_editing import TEXT_EDITING
from tests.checker.types import Type, parse_type, parts, sort_of
from tests.checker.verdicts import Finding

Example = tuple[tuple[Any, ...], Any]

_BOOLEAN = {"ite": 3, "not": 1, "and": 2, "or": 2, "=": 2}
_ARITHMETIC = {"+": 2, "-": 2, "<": 2, "<=": 2}
_BIT_VECTORS = {
    "bvnot": 1, "bvneg": 1, "bvand": 2, "bvor": 2, "bvxor": 2, "bvadd": 2, "bvsub": 2, "bvmul": 2, "bvudiv": 2,
    "bvurem": 2, "bvsdiv": 2, "bvsrem": 2, "bvshl": 2, "bvlshr": 2, "bvashr": 2, "bvult": 2, "bvule": 2, "bvslt": 2,
    "bvsle": 2,
}  # fmt: skip
_STRINGS = {
    "str.++": 2, "str.len": 1, "str.at": 2, "str.substr": 3, "str.replace": 3, "str.replace_all": 3,
    "str.indexof": 3, "str.contains": 2, "str.prefixof": 2, "str.suffixof": 2, "str.<": 2, "str.from_int": 1,
    "str.to_int": 1, "str.is_digit": 1,
}  # fmt: skip
OPERATORS: Mapping[str, Mapping[str, int]] = {
    "integers": _BOOLEAN | _ARITHMETIC,
    "bitvectors": _BOOLEAN | _BIT_VECTORS,
    "strings": _BOOLEAN | _ARITHMETIC | _STRINGS | {name: len(entry[0]) for name, entry in TEXT_EDITING.items()},
}
"""The searched operators of the first-order domains, and how many arguments each takes."""

CONSTANTS: Mapping[str, frozenset[Any]] = {
    "integers": frozenset((-1, 0, 1, 2, 3, 10, 100)),
    "bitvectors": frozenset((0, 1)),
    "strings": frozenset(("", " ", ",", ", ", ".", "-", "/", ":", "@", "_", "(", ")", "0", 0, 1, 2, 3, 4, -1)),
}
"""The constants of the first-order domains; those of bit-vectors are there at every width."""


@dataclass(frozen=True)
class TaskQuestion:
    """What one task asks.

    Attributes:
        name: name of the task.
        function: name of the function.
        names: names of the parameters.
        type: type of the function.
        domain: the language of the program.
        constants: further constants, with the names of their types.
        examples: inputs and output of every example.
        held_out: inputs and output of every held-out example.
        unchecked: what else the task asks, or None.
    """

    name: str
    function: str
    names: tuple[str, ...]
    type: Type
    domain: str
    constants: frozenset[tuple[str, Any]]
    examples: tuple[Example, ...]
    held_out: tuple[Example, ...]
    unchecked: str | None = None


def read_table_question(path: Path, function: str) -> TaskQuestion:
    """The task to compute the column of a table that a function is called like.

    Raises:
        Malformed: if the table has no such column.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = next(csv.reader(file))
    named = [column for column in columns if re.sub(r"\W+", "_", column).strip("_") == function]
    if len(named) != 1:
        raise Malformed(f"the table has no column {function}")
    examples, names = _table(path, named[0])
    types = [_least([inputs[place] for inputs, _ in examples]) for place in range(len(names))]
    type_ = _function_type(types, _least([output for _, output in examples]))
    shown = tuple((tuple(inputs), output) for inputs, output in examples)
    return TaskQuestion(path.stem, function, names, type_, _domain({}, "native", type_), frozenset(), shown, ())


def read_questions(path: Path) -> list[TaskQuestion]:
    """The tasks of a file in JSON or TOML.

    Raises:
        Malformed: if it is no file of tasks.
    """
    text = path.read_text(encoding="utf-8-sig")
    document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    if not isinstance(document, dict):
        raise Malformed("this is no file of tasks")
    entries = document.get("tasks", [document])
    defaults = {key: value for key, value in document.items() if key != "tasks"}
    dialect = _dialect(document, entries)
    return [_question({**defaults, **entry}, dialect, path) for entry in entries]


def _dialect(document: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    if any("outputs" in entry for entry in entries):
        return "lambdabeam"
    marks = {"primitives", "count", "mustTrain", "stringConstants"}
    return "dreamcoder" if marks & {*document, *(key for entry in entries for key in entry)} else "native"


def _question(entry: Mapping[str, Any], dialect: str, path: Path) -> TaskQuestion:
    shown, names = _examples(entry, entry.get("examples"), path)
    held_out = entry.get("held_out")
    hidden, _ = _examples(held_out, None, path) if isinstance(held_out, dict) else _examples({}, held_out, path)
    function, stated_names, type_ = _signature(entry, [*shown, *hidden])
    names = tuple(stated_names or entry.get("parameters") or names or _invented(len(parts(type_)[0])))
    parameters, result = parts(type_)
    conditions = [key for key in ("preconditions", "postconditions", "invariants") if key in entry]
    return TaskQuestion(
        str(entry.get("name", path.stem)),
        function,
        names,
        type_,
        _domain(entry, dialect, type_),
        frozenset(_constants(entry, type_)),
        tuple(_typed(example, names, parameters, result) for example in shown),
        tuple(_typed(example, names, parameters, result) for example in hidden),
        f"{conditions[0]} are not checked" if conditions else None,
    )


def _invented(count: int) -> list[str]:
    return ["x"] if count == 1 else [f"x{i}" for i in range(count)]


def _examples(columns: Mapping[str, Any], rows: Any, path: Path) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
    """Examples by columns or by rows, and the names that they give to the inputs."""
    if "outputs" in columns:
        names = tuple(columns["inputs"])
        inputs = zip(*columns["inputs"].values(), strict=True)
        return list(zip(inputs, columns["outputs"], strict=True)), names
    if "table" in columns:
        return _table(path.parent / columns["table"], columns["compute"])
    found: list[tuple[Any, Any]] = []
    names = ()
    for row in rows or []:
        inputs, output = _row(row)
        names = names or (tuple(inputs) if isinstance(inputs, dict) else ())
        found.append((inputs, output))
    return found, names


def _row(row: Any) -> tuple[Any, Any]:
    if isinstance(row, list):
        return row[0], row[1]
    return ([row["input"]] if "input" in row else row["inputs"]), row["output"]


def _table(path: Path, column: str) -> tuple[list[tuple[Any, Any]], tuple[str, ...]]:
    """The rows of a table in which a column is filled in, and the names of the other columns."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = tuple(name for name in rows[0] if name != column)
    read = {name: _reader([row[name] for row in rows if row[name] or name != column]) for name in rows[0]}
    return [
        ([read[name](row[name]) for name in names], read[column](row[column])) for row in rows if row[column]
    ], names


def _reader(cells: Sequence[str]) -> Callable[[str], Any]:
    """What makes a value of a cell, by all cells of its column."""
    if all(re.fullmatch("0|-?[1-9][0-9]*", cell) for cell in cells):
        return int
    return (lambda cell: cell == "true") if {"true", "false"}.issuperset(cells) else str


def _signature(entry: Mapping[str, Any], examples: Sequence[tuple[Any, Any]]) -> tuple[str, list[str], Type]:
    """Name of the function, names of the parameters if they are stated, and type."""
    stated = entry.get("signature") or entry.get("type")
    if stated is None:
        inputs = [list(i.values()) if isinstance(i, dict) else list(i) for i, _ in examples]
        columns = [_least([row[place] for row in inputs]) for place in range(len(inputs[0]))]
        return "f", [], _function_type(columns, _least([output for _, output in examples]))
    head, bracket, rest = stated.partition("(")
    if not bracket or not head.strip().isidentifier() or head.strip() == "list":
        return "f", [], parse_type(stated)
    listed, _, result = rest.rpartition("->")
    parameters = _split(listed.strip().removesuffix(")"))
    names = [parameter.partition(":")[0].strip() for parameter in parameters]
    types = [parse_type(parameter.partition(":")[2]) for parameter in parameters]
    return head.strip(), names, _function_type(types, parse_type(result))


def _split(text: str) -> list[str]:
    """The parts between the commas of a list of parameters."""
    return [part for part in text.split(",") if part.strip()]


def _function_type(parameters: Sequence[Type], result: Type) -> Type:
    for parameter in reversed(parameters):
        result = ("->", parameter, result)
    return result


def _least(values: Sequence[Any]) -> Type:
    """The type of some values; lists that are all empty are lists of integers."""
    for value in values:
        if isinstance(value, bool):
            return ("bool",)
        if isinstance(value, int):
            return ("int",)
        if isinstance(value, str):
            return ("str",)
        if not isinstance(value, list):
            raise Unsupported(f"{value!r} is of no type that is checked")
    return ("list", _least([item for value in values for item in value]) if any(values) else ("int",))


def _mentioned(type_: Type) -> set[str]:
    found = {type_[0]}
    for part in type_[1:]:
        found |= _mentioned(part)
    return found


def _domain(entry: Mapping[str, Any], dialect: str, type_: Type) -> str:
    if "domain" in entry:
        return str(entry["domain"])
    if dialect != "native":
        return f"lists/{dialect}"
    names = _mentioned(type_)
    if "str" in names:
        return "strings"
    if any(name.startswith("bv") for name in names):
        return "bitvectors"
    return "lists" if "list" in names else "integers"


def _constants(entry: Mapping[str, Any], type_: Type) -> Iterator[tuple[str, Any]]:
    """Constants that the task offers; integers also as bit-vectors."""
    for constant in [*entry.get("constants", ()), *entry.get("stringConstants", ())]:
        value = constant["value"] if isinstance(constant, dict) else constant
        if isinstance(value, bool):
            yield "bool", value
        elif isinstance(value, int):
            yield "int", value
            yield from ((name, value) for name in sorted(_mentioned(type_)) if name.startswith("bv"))
        elif isinstance(value, str):
            yield "str", value
            yield from (("char", character) for character in value)


def _typed(example: tuple[Any, Any], names: Sequence[str], parameters: Sequence[Type], result: Type) -> Example:
    inputs, output = example
    ordered = [inputs[name] for name in names] if isinstance(inputs, dict) else inputs
    return tuple(map(_value, ordered, parameters)), _value(output, result)


def _value(data: Any, type_: Type) -> Any:
    """The value of a type: lists are tuples, and lists of characters may be written as texts."""
    return tuple(_value(item, type_[1]) for item in data) if type_[0] == "list" else data


def check_task_answer(question: TaskQuestion, answer: str) -> Finding:
    """Judge an answer: its signature, its language, and every example."""
    try:
        body, names = _body(question, answer)
        code = _compile(question, body, names)
    except Malformed as error:
        return Finding(wrong=str(error))
    found = size(body)
    failing = _failing(code, question.examples)
    if failing is not None:
        return Finding(wrong=failing, size=found, unchecked=question.unchecked)
    held_out = _failing(code, question.held_out) is None if question.held_out else None
    return Finding(held_out=held_out, size=found, unchecked=question.unchecked)


def _body(question: TaskQuestion, answer: str) -> tuple[SExpr, tuple[str, ...]]:
    """The body of a program, and the names that its parameters have in it."""
    forms = read(answer)
    parameters, result = parts(question.type)
    if len(forms) != 1:
        raise Malformed("an answer to a task is one program")
    match forms[0]:
        case ["define-fun", str(name), list(listed), sort, body]:
            if name != question.function:
                raise Malformed(f"the answer defines {name}, not {question.function}")
            stated = [read_sort(entry[1]) for entry in listed if isinstance(entry, list)]
            if [*stated, read_sort(sort)] != [sort_of(type_) for type_ in (*parameters, result)]:
                raise Malformed(f"{name} has another signature in the file")
            return expand_lets(body), tuple(str(entry[0]) for entry in listed if isinstance(entry, list))
    body = forms[0]
    for _ in parameters:
        if not isinstance(body, list) or len(body) != 2 or body[0] != "lambda":
            raise Malformed(f"a program of {len(parameters)} parameters begins with as many λs")
        body = body[1]
    return body, ()


def _compile(question: TaskQuestion, body: SExpr, names: Sequence[str]) -> Code:
    parameters, result = parts(question.type)
    if question.domain in LANGUAGES:
        return Program(names, question.domain, question.constants).compile(body, parameters, result)
    if question.domain not in OPERATORS:
        raise Unsupported(f"the domain {question.domain} is not checked")
    _check_language(question, body, set(names))
    places = {f"${len(parameters) - 1 - place}": (sort_of(t), place) for place, t in enumerate(parameters)}
    places |= {name: (sort_of(t), place) for place, (name, t) in enumerate(zip(names, parameters, strict=False))}
    sort, code = compile_term(body, places, {})
    if sort != sort_of(result):
        raise Malformed(f"the body is of sort {sort}")
    return code


def _check_language(question: TaskQuestion, node: SExpr, names: set[str]) -> None:
    """Raises `Malformed` for an operator or a constant outside the language of the domain."""
    if isinstance(node, str) and (node in names or node.startswith("$")):
        return
    constant = literal(node)
    if constant is not None:
        offered = {value for _, value in question.constants}
        value = constant[1]
        if isinstance(value, str) and any(value in str(wanted) for _, wanted in question.examples):
            return
        if value not in offered and (isinstance(value, bool) or value not in CONSTANTS[question.domain]):
            raise Malformed(f"the constant {node} is outside the language {question.domain}")
        return
    if isinstance(node, str) or not isinstance(node[0], str):
        raise Malformed(f"{node} is no term")
    if OPERATORS[question.domain].get(canonical(node[0])) != len(node) - 1:
        raise Malformed(f"{node[0]} is outside the language {question.domain}")
    for child in node[1:]:
        _check_language(question, child, names)


def _failing(code: Code, examples: Sequence[Example]) -> str | None:
    """Why some example does not hold, or None."""
    for number, (inputs, output) in enumerate(examples, start=1):
        STEPS.taken = 0
        try:
            found = code(inputs)
        except NoValue:
            return f"no value on example {number}"
        except TooLong:
            return f"example {number} takes more than {list_programs.MOST_STEPS} steps"
        if not _same(found, output):
            return f"example {number}: {found!r} instead of {output!r}"
    return None


def _same(left: Any, right: Any) -> bool:
    """Whether values are equal and of one type."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)
