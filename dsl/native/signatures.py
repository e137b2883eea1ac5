"""Signatures as people write them: ``str -> str``, or with names ``initials(name: str) -> str``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dsl.errors import TypeMismatch, nearest
from dsl.native.positions import Node
from dsl.types import BASE_TYPES, Type, parse_type

LONGEST_SIGNATURE: Final = 5_000
"""Longest signature that is read, in characters."""
MAXIMUM_PARAMETERS: Final = 200
"""Largest number of parameters of a function."""

_LONGEST_SHOWN = 100

_NAMED = re.compile(r"\s*(?P<name>[^\s(]*)\s*\((?P<parameters>.*)\)\s*->(?P<result>.*)", re.DOTALL)
_NAMED_MARK = re.compile(r".*:|.*\(\s*\)|\s*(?!(?:list|bv)\b)\w+\s*\(", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_TYPE_NAME = re.compile(r"t\d+|bv\d+")
_TYPE_NAMES = (*(str(type_) for type_ in BASE_TYPES), "list")
_OTHER_NAMES = {"float": "real", "double": "real", "text": "str", "character": "char", "array": "list"}


@dataclass(frozen=True)
class Signature:
    """The type of a function, and its names as far as they are stated.

    Attributes:
        types: types of the parameters.
        result: type of the result.
        name: name of the function, or None.
        names: names of the parameters, or None.
    """

    types: tuple[Type, ...]
    result: Type
    name: str | None = None
    names: tuple[str, ...] | None = None


def read_signature(node: Node) -> Signature:
    """Read a signature in either form.

    Raises:
        SpecError: if it is none; it points into the text.
    """
    text = node.text("a signature")
    if len(text) > LONGEST_SIGNATURE:
        raise node.error(f"a signature of more than {LONGEST_SIGNATURE} characters")
    if _NAMED_MARK.match(text):
        signature = _read_named(node, text)
    else:
        type_ = _read_type(node, text, 0)
        signature = Signature(type_.parameters, type_.result)
    if len(signature.types) > MAXIMUM_PARAMETERS:
        raise node.error(f"a function of more than {MAXIMUM_PARAMETERS} parameters")
    return signature


def read_type(node: Node) -> Type:
    """Read the type of a value.

    Raises:
        SpecError: if it is none; it points into the text.
    """
    type_ = _read_type(node, node.text("a type"), 0)
    if type_.is_function:
        raise node.error(f"{type_} is no type of a value")
    return type_


def read_symbol(node: Node, text: str, what: str, index: int = 0) -> str:
    """The name in `text`, which starts at `index` of the text of `node`.

    Raises:
        SpecError: if it is no name that an expression could use.
    """
    name = text.strip()
    if not name.isidentifier():
        message = f"{name!r} is no name of {what}" if name else f"{what} has no name"
        raise node.source.error(
            message, node.offset_in_text(index), "a name has letters, digits and underscores, a letter first"
        )
    return name


def check_distinct(node: Node, names: Iterable[str]) -> None:
    """Check that no name occurs twice.

    Raises:
        SpecError: if one does.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise node.error(f"two things are called `{name}`")
        seen.add(name)


def _read_named(node: Node, text: str) -> Signature:
    found = _NAMED.fullmatch(text)
    if found is None:
        raise node.error(f"{node.shown} is no signature", "write `str -> str` or `initials(name: str) -> str`")
    name = read_symbol(node, found["name"], "the function", found.start("name"))
    names, types = [], []
    for part, start in _split(found["parameters"], found.start("parameters")):
        parameter, colon, type_text = part.partition(":")
        if not colon:
            message = f"the parameter `{part.strip()}` has no type"
            raise node.source.error(message, node.offset_in_text(start), "write `name: type`")
        names.append(read_symbol(node, parameter, "a parameter", start))
        types.append(_read_type(node, type_text, start + len(parameter) + 1))
    result = _read_type(node, found["result"], found.start("result"))
    for type_ in (*types, result):
        if type_.is_function:
            raise node.error(f"{type_} is no type of a value", "list every parameter between the parentheses")
    check_distinct(node, [name, *names])
    return Signature(tuple(types), result, name, tuple(names))


def _split(text: str, start: int) -> list[tuple[str, int]]:
    """The parts between the commas outside parentheses, each with its index; spaces before it are cut off."""
    parts, depth, begin = [], 0, 0
    for index, character in enumerate(f"{text},"):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            part = text[begin:index]
            parts.append((part.lstrip(), start + begin + len(part) - len(part.lstrip())))
            begin = index + 1
    return parts if text.strip() else []


def _read_type(node: Node, text: str, index: int) -> Type:
    """The type written in `text`, which starts at `index` of the text of `node`."""
    for word in _WORD.finditer(text):
        if word[0] not in _TYPE_NAMES and not _TYPE_NAME.fullmatch(word[0]):
            raise node.source.error(
                f"unknown type `{word[0]}`", node.offset_in_text(index + word.start()), _suggestion(word[0].lower())
            )
    start = node.offset_in_text(index + len(text) - len(text.lstrip()))
    try:
        found = parse_type(text.strip())
    except TypeMismatch as error:
        message = str(error) if len(text) <= _LONGEST_SHOWN else "this is no type; are its parentheses balanced?"
        raise node.source.error(message, start) from None
    for part in (*found.parameters, found.result):
        if part.is_polymorphic:
            message = f"{part} stands for many types, but a value has one"
            raise node.source.error(message, start, "write a type such as `list(int)`")
        if _mentions_function(part):
            message = f"{part} is a type of functions, but an input or output is a value"
            raise node.source.error(message, start, "write a type such as `list(int)`")
    return found


def _suggestion(word: str) -> str:
    other = _OTHER_NAMES.get(word)
    close = f"did you mean `{other}`?" if other else nearest(word, _TYPE_NAMES)
    return close or f"the types are {', '.join(_TYPE_NAMES)} and bit-vectors such as bv64"


def _mentions_function(type_: Type) -> bool:
    return type_.is_function or any(map(_mentions_function, type_.arguments))
