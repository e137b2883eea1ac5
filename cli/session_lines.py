"""What a person types in a session: values as JSON writes them, separated by commas, and ``=>`` before an output."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dsl.errors import SpecError
from dsl.types import Type
from dsl.values import Value, literal_text

ARROW: Final = "=>"
INPUT: Final = Path("<stdin>")
"""What the lines of a session are called in an error."""
LONGEST_LINE: Final = 1_000_000
"""Longest line that is read, in characters."""

_HEXADECIMAL = re.compile(r"(?:#x|0[xX])([0-9a-fA-F]+)\b")
_BINARY = re.compile(r"(?:#b|0[bB])([01]+)\b")
_CALL = re.compile(r"\s*([^\W\d][\w.-]*)\s*\(")
_SPACE = re.compile(r"\s*")
_VALUES = 'a value is a number, a text in double quotes, a list in brackets, `true` or `false`: 5, "Ada", [1, 2]'


def _no_number(name: str) -> Any:
    raise ValueError(name)


_JSON = json.JSONDecoder(parse_constant=_no_number)


@dataclass(frozen=True)
class Line:
    """A line that was typed.

    Attributes:
        text: the line, without its end.
        number: which one it is, counted from 1.
    """

    text: str
    number: int

    def error(self, message: str, offset: int, suggestion: str | None = None) -> SpecError:
        """An error that points into the line."""
        return SpecError(
            message,
            path=INPUT,
            line=self.number,
            column=offset + 1,
            source_line=self.text,
            suggestion=suggestion,
        )


@dataclass(frozen=True)
class Given:
    """Inputs, and an output if there is one, as they were typed.

    Attributes:
        inputs: the inputs, or None if there are none before the arrow.
        output: the output; without an arrow there is none.
        has_output: whether there is an arrow.
        function: the function that is named before the parenthesis, or None.
    """

    inputs: tuple[Any, ...] | None
    output: Any = None
    has_output: bool = False
    function: str | None = None


class Reader:
    """Reads what stands in a line from some place on."""

    def __init__(self, line: Line, offset: int = 0) -> None:
        """Begin at an offset."""
        self.line, self.at = line, offset
        self._skip()

    def example(self) -> Given:
        """``INPUTS => OUTPUT``, or ``=> OUTPUT`` alone.

        Raises:
            SpecError: if it is neither; it points at what is wrong.
        """
        given = Given(None) if self._sees(ARROW) else self._inputs()
        if not self._sees(ARROW):
            message = f"expected `{ARROW}` and the output" if self._ends() else self._unexpected()
            raise self.line.error(message, self.at, 'write `"Ada Lovelace" => "AL"`')
        self._step(len(ARROW))
        output = self._value()
        self._end()
        return Given(given.inputs, output, True, given.function)

    def inputs(self) -> Given:
        """``INPUTS`` alone.

        Raises:
            SpecError: if that is not what is there; it points at what is wrong.
        """
        given = self._inputs()
        self._end()
        return given

    def _inputs(self) -> Given:
        """Values with commas between them, maybe as the arguments of a function."""
        call = _CALL.match(self.line.text, self.at)
        if call is None:
            return Given(self._values())
        self._step(call.end() - self.at)
        values = () if self._sees(")") else self._values()
        if not self._sees(")"):
            raise self.line.error(f"the `(` behind {call[1]} is not closed", self.at)
        self._step(1)
        return Given(values, function=call[1])

    def _values(self) -> tuple[Any, ...]:
        found = [self._value()]
        while self._sees(","):
            self._step(1)
            found.append(self._value())
        return tuple(found)

    def _value(self) -> Any:
        text = self.line.text
        for pattern, base in ((_HEXADECIMAL, 16), (_BINARY, 2)):
            number = pattern.match(text, self.at)
            if number is not None:
                self._step(number.end() - self.at)
                return int(number[1], base)
        try:
            value, end = _JSON.raw_decode(text, self.at)
        except (ValueError, RecursionError) as error:
            at = self.at + 0 if not isinstance(error, json.JSONDecodeError) else max(error.pos, self.at)
            missing = "a value is missing" if self._ends() else "this is no value"
            raise self.line.error(missing, at, _VALUES) from None
        if isinstance(value, dict) or value is None:
            raise self.line.error("this is no value", self.at, _VALUES)
        self._step(end - self.at)
        return value

    def _sees(self, sign: str) -> bool:
        return self.line.text.startswith(sign, self.at)

    def _ends(self) -> bool:
        return self.at >= len(self.line.text)

    def _end(self) -> None:
        if not self._ends():
            raise self.line.error(self._unexpected(), self.at, "values are separated by commas")

    def _unexpected(self) -> str:
        return f"`{self.line.text[self.at : self.at + 20]}` is not expected here"

    def _step(self, length: int) -> None:
        self.at += length
        self._skip()

    def _skip(self) -> None:
        space = _SPACE.match(self.line.text, self.at)
        assert space is not None
        self.at = space.end()


def is_comment(text: str) -> bool:
    """Whether a line says nothing: it is empty, or begins with a ``#`` that no bit-vector begins with."""
    bare = text.strip()
    return not bare or (bare.startswith("#") and not (_HEXADECIMAL.match(bare) or _BINARY.match(bare)))


def value_line(value: Value, type_: Type) -> str:
    """A value as it may be typed."""
    if isinstance(value, tuple):
        return f"[{', '.join(value_line(item, type_.arguments[0]) for item in value)}]"
    if type_.name == "bv":
        return literal_text(value, type_)
    return json.dumps(value, ensure_ascii=False)


def inputs_line(inputs: tuple[Value, ...], types: tuple[Type, ...]) -> str:
    """Inputs as they may be typed."""
    return ", ".join(value_line(value, type_) for value, type_ in zip(inputs, types, strict=True))
