"""Examples as they are written: rows, columns or the cells of a table, and the values in them.

A `Row` has no types yet. They are stated by a signature or inferred from all rows; then `value_of` turns
each part into a value, and an error points at the innermost part that is wrong.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dsl.errors import TypeMismatch, nearest
from dsl.native.positions import Node
from dsl.native.signatures import Signature
from dsl.native.tables import Cell, Table
from dsl.spec import Problem
from dsl.types import Type
from dsl.values import LARGEST_CODE_POINT, Value, from_data, infer_type

_KEYS = ("inputs", "input", "output")


@dataclass(frozen=True)
class Row:
    """One example as it is written.

    Attributes:
        at: where it stands.
        inputs: its inputs by position or by the names of the parameters.
        output: its output.
        is_single: whether it is written as having one input, without an array around it.
    """

    at: Node
    inputs: list[Node] | dict[str, Node]
    output: Node
    is_single: bool = False

    def in_order(self, names: Sequence[str]) -> list[Node]:
        """The inputs in the order of the parameters.

        Raises:
            SpecError: if there are too many, too few, or others.
        """
        if isinstance(self.inputs, list):
            if len(self.inputs) != len(names):
                given, wanted = _count(len(self.inputs), "input"), _count(len(names), "parameter")
                raise self.at.error(f"this example has {given}, but the function has {wanted}: {', '.join(names)}")
            return self.inputs
        for name, node in self.inputs.items():
            if name not in names:
                hint = nearest(name, names) or f"the parameters are {', '.join(names)}"
                raise node.key_error(f"the function has no parameter `{name}`", hint)
        for name in names:
            if name not in self.inputs:
                raise self.at.error(f"this example has no input `{name}`")
        return [self.inputs[name] for name in names]

    def agrees(self, other: Row) -> bool:
        """Whether another row has the same inputs and output."""
        return self._plain() == other._plain()

    def _plain(self) -> tuple[Any, Any]:
        inputs = self.inputs.values() if isinstance(self.inputs, dict) else self.inputs
        return [node.plain() for node in inputs], self.output.plain()


def read_row(node: Node) -> Row:
    """Read ``{inputs, output}``, ``{input, output}`` or the short form ``[[inputs], output]``.

    Raises:
        SpecError: if it is none of these.
    """
    if isinstance(node.value, list):
        return _read_pair(node)
    members = node.table("an example")
    for key, member in members.items():
        if key not in _KEYS:
            raise member.key_error(
                f"unknown key `{key}` in an example", nearest(key, _KEYS) or "it has inputs and output"
            )
    if "output" not in members:
        raise node.error("this example has no `output`")
    if "inputs" in members and "input" in members:
        raise members["input"].key_error("this example has both `inputs` and `input`", "leave one of them out")
    if "input" in members:
        return Row(node, [members["input"]], members["output"], is_single=True)
    if "inputs" not in members:
        raise node.error("this example has no `inputs`", "write `inputs = […]`, one value for each parameter")
    inputs = members["inputs"]
    if not isinstance(inputs.value, list | dict):
        message = f"`inputs` is an array with one value for each parameter, not {inputs.shown}"
        raise inputs.error(message, "the only input of a function is written `input = …`")
    return Row(node, inputs.value, members["output"])


def _read_pair(node: Node) -> Row:
    if len(node.value) != 2 or not isinstance(node.value[0].value, list | dict):
        raise node.error("a short example is an array of two: the array of the inputs, and the output")
    inputs, output = node.value
    return Row(node, inputs.value, output)


def read_columns(members: Mapping[str, Node], at: Node) -> list[Row]:
    """Read examples by columns: ``inputs`` holds an array for each parameter, ``outputs`` the wanted outputs.

    Raises:
        SpecError: if one of them is missing, or the columns are of different lengths.
    """
    if "inputs" not in members or "outputs" not in members:
        raise at.error("examples by columns have `inputs` and `outputs`")
    outputs = members["outputs"].array("`outputs`")
    columns = members["inputs"].table("`inputs`")
    for name, column in columns.items():
        if len(column.array(f"the column {name!r}")) != len(outputs):
            message = f"the column {name!r} has {_count(len(column.value), 'value')}, but `outputs` has {len(outputs)}"
            raise column.error(message)
    return [
        Row(output, {name: column.value[index] for name, column in columns.items()}, output)
        for index, output in enumerate(outputs)
    ]


@dataclass(frozen=True)
class TableExamples:
    """What a table asks: its examples, the signature of its columns, and what its author should know."""

    rows: tuple[Row, ...]
    signature: Signature
    problems: tuple[Problem, ...]


def read_table_examples(table: Table, wanted: int) -> TableExamples:
    """The examples in a table: of the cells of a row, one is the output and the others are the inputs.

    Raises:
        SpecError: if there is no other column, or no row with an output.
    """
    if len(table.columns) < 2:
        raise table.header_error("a table needs a second column to compute from")
    others = [index for index in range(len(table.columns)) if index != wanted]
    answered = table.answered(wanted)
    if not answered.rows:
        raise table.columns[wanted].error(f"no row has a value in the column {table.names[wanted]!r}")
    names = tuple(table.symbols[index] for index in others)
    rows = [
        Row(row[0], {name: row[index] for name, index in zip(names, others, strict=True)}, row[wanted])
        for row in answered.rows
    ]
    types = tuple(table.column_type(index) for index in others)
    signature = Signature(types, answered.column_type(wanted), table.symbols[wanted], names)
    return TableExamples(tuple(rows), signature, (*_questions(table, wanted), *_renamings(table)))


def _questions(table: Table, wanted: int) -> list[Problem]:
    """The rows that have no output, as a problem."""
    places = tuple(row[wanted].location for row in table.rows if not table.is_answered(row, wanted))
    are = "is no example" if len(places) == 1 else "are no examples"
    message = f"{_count(len(places), 'row')} without {table.names[wanted]!r} {are}"
    return [Problem("rows-without-output", message, places)] if places else []


def _renamings(table: Table) -> list[Problem]:
    """The columns whose names are no names of variables, as a problem."""
    renamed = [(c, s) for c, s in zip(table.columns, table.symbols, strict=True) if c.value != s]
    listed = ", ".join(f"{column.value!r} is {symbol}" for column, symbol in renamed)
    places = tuple(column.location for column, _ in renamed)
    message = f"columns are called otherwise in the program: {listed}"
    return [Problem("renamed-columns", message, places)] if renamed else []


def infer(nodes: Sequence[Node], what: str) -> Type:
    """The type of the values that stand in one place of several examples.

    Raises:
        SpecError: if they have none in common; it points at the first that does not fit those before it.
    """
    for node in nodes:
        _check_value(node)
    values = [node.plain() for node in nodes]
    try:
        return infer_type(values)
    except TypeMismatch:
        wrong = bisect.bisect_left(range(len(values) + 1), True, key=lambda count: _is_mixed(values[:count])) - 1
        if wrong == 0:
            raise nodes[0].error("the values in this array have no common type") from None
        earlier = infer_type(values[:wrong])
        message = f"{what} is {nodes[wrong].shown} here, but of type {earlier} in the examples before"
        raise nodes[wrong].error(message, "one type has to fit all examples") from None


def _is_mixed(values: Sequence[Any]) -> bool:
    try:
        infer_type(values)
    except TypeMismatch:
        return True
    return False


def _check_value(node: Node) -> None:
    """Check that all parts of a node are values: no table, no date and no null."""
    if isinstance(node.value, list):
        for item in node.value:
            _check_value(item)
    elif not isinstance(node.value, bool | int | float | str):
        raise node.error(f"{node.kind} is no value; integers, texts, truth values, numbers and arrays of these are")


def value_of(node: Node, type_: Type) -> Value:
    """The value of a node.

    Raises:
        SpecError: if it is not of the type; it points at the innermost part that is wrong.
    """
    if isinstance(node, Cell):
        node = node.typed(type_)
    if type_.name == "list" and isinstance(node.value, list):
        return tuple(value_of(item, type_.arguments[0]) for item in node.value)
    if isinstance(node.value, str):
        _check_characters(node)
    elif isinstance(node.value, float) and not math.isfinite(node.value):
        raise node.error(f"{node.value} is no value; numbers are finite")
    elif isinstance(node.value, list | dict):
        raise node.error(f"{node.kind} is not of type {type_}")
    try:
        return from_data(node.value, type_)
    except TypeMismatch:
        raise node.error(f"{node.shown} is not of type {type_}", _range_of(type_)) from None


def _range_of(type_: Type) -> str | None:
    return f"{type_} holds the integers from 0 to 2^{type_.width} - 1" if type_.name == "bv" else None


def _check_characters(node: Node) -> None:
    for character in node.value:
        if ord(character) > LARGEST_CODE_POINT:
            last = f"U+{LARGEST_CODE_POINT:X}"
            raise node.error(f"the character U+{ord(character):X} is beyond {last}, the last one of SMT-LIB")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
