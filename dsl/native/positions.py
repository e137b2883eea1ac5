"""JSON and TOML read into trees of nodes that know where they stand.

The parsers of the standard library forget positions, but an error in a specification has to point at the value that
is wrong. JSON is read here directly. TOML is read by `tomllib`, which knows its every rule; a scanner that relies
on that only finds where the keys and values of the same text stand.

Both refuse what would cost unbounded time or memory: deep nesting, too many values, numbers too long.
"""

from __future__ import annotations

import math
import re
import tomllib
from typing import Any, Final, NoReturn

from dsl.errors import SpecError, nearest
from dsl.source import Location, Source
from dsl.values import LITERAL_BITS

MAXIMUM_NESTING: Final = 100
"""Deepest nesting of arrays and tables that is read."""
MAXIMUM_VALUES: Final = 1_000_000
"""Largest number of values in one file."""
MAXIMUM_DIGITS: Final = 4_200
"""Longest integer that is read, in decimal digits."""
MAXIMUM_KEY_PARTS: Final = 32
"""Longest dotted key of TOML, in parts."""


class Node:
    """A value of a file, with the place where it stands.

    Attributes:
        source: the text that it stands in.
        offset: where the value starts.
        value: None, bool, int, float, str, a date or time (TOML), a list of nodes, or a dictionary of nodes.
        key_offset: where the key starts that the value belongs to; the value itself if it has none.
    """

    __slots__ = ("key_offset", "offset", "source", "value")

    def __init__(self, source: Source, offset: int, value: Any, key_offset: int | None = None) -> None:
        self.source = source
        self.offset = offset
        self.value = value
        self.key_offset = offset if key_offset is None else key_offset

    @property
    def location(self) -> Location:
        """Where the value starts."""
        return self.source.locate(self.offset)

    @property
    def kind(self) -> str:
        """What kind of value this is, for people."""
        kinds: dict[type, str] = {
            bool: "a truth value",
            int: "an integer",
            float: "a number",
            str: "a text",
            list: "an array",
            dict: "a table",
            type(None): "null",
        }
        return kinds.get(type(self.value), "a date or time")

    @property
    def shown(self) -> str:
        """The value itself if it is short, else what kind of value it is."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and self.value.bit_length() > 200:
            return f"an integer of {self.value.bit_length()} bits"
        if self.value is None or isinstance(self.value, bool):
            return {None: "null", True: "true", False: "false"}[self.value]
        if isinstance(self.value, int | float | str):
            text = repr(self.value)
            return text if len(text) <= 60 else f"{text[:57]}..."
        return self.kind

    def error(self, message: str, suggestion: str | None = None) -> SpecError:
        """An error that points at the value."""
        return self.source.error(message, self.offset, suggestion)

    def key_error(self, message: str, suggestion: str | None = None) -> SpecError:
        """An error that points at the key that the value belongs to."""
        return self.source.error(message, self.key_offset, suggestion)

    def offset_in_text(self, index: int) -> int:
        """Offset of character `index` of a text; of the text itself if escapes in it hide the place."""
        written, start = self.source.text, self.offset
        for quote in ('"""', "'''", '"', "'"):
            if written.startswith(quote, start):
                first = start + len(quote)
                if len(quote) == 3:
                    first += len(_FIRST_LINE_END.match(written, first)[0])  # type: ignore[index]
                return first + index if written.startswith(self.value, first) else start
        return start + index

    def text(self, what: str) -> str:
        """The value as a text.

        Raises:
            SpecError: if it is something else; `what` names it.
        """
        if not isinstance(self.value, str):
            raise self.error(f"{what} is a text, not {self.shown}")
        return self.value

    def array(self, what: str) -> list[Node]:
        """The value as an array.

        Raises:
            SpecError: if it is something else; `what` names it.
        """
        if not isinstance(self.value, list):
            raise self.error(f"{what} is an array, not {self.shown}")
        return self.value

    def table(self, what: str) -> dict[str, Node]:
        """The value as a table.

        Raises:
            SpecError: if it is something else; `what` names it.
        """
        if not isinstance(self.value, dict):
            raise self.error(f"{what} is a table of keys and values, not {self.shown}")
        return self.value

    def plain(self) -> Any:
        """The value without positions, as `json` and `tomllib` give it."""
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        if isinstance(self.value, dict):
            return {key: item.plain() for key, item in self.value.items()}
        return self.value


_FIRST_LINE_END = re.compile(r"(?:\r?\n)?")


# --- JSON ---------------------------------------------------------------------------------------------------------

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<real>(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.])", re.ASCII)
_WORD = re.compile(r"[+-]?[\w.]+|.", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPE = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))")
_SINGLE = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def parse_json(source: Source) -> Node:
    """Read a JSON text (RFC 8259).

    Beyond the standard, a key that occurs twice in an object is an error, and so are lone surrogates.

    Raises:
        SpecError: if it is none, or larger than the limits of this module.
    """
    return _JsonReader(source).document()


class _JsonReader:
    """Reads value after value, with the containers that are still open on a stack of its own."""

    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.position = 0
        self.count = 0
        self.open: list[Node] = []

    def document(self) -> Node:
        """The one value of the text."""
        root = node = self.value(None)
        while True:
            if isinstance(node.value, list | dict) and not self.closes(node):
                self.enter(node)
            elif not self.proceed():
                return root
            top = self.open[-1]
            key = self.key(top) if isinstance(top.value, dict) else None
            node = self.value(key)
            self.put(top, key, node)

    def peek(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        found = _SPACE.match(self.text, self.position)
        assert found is not None
        self.position = found.end()
        return self.text[self.position : self.position + 1]

    def unexpected(self, expected: str, suggestion: str | None = None) -> SpecError:
        found = _WORD.match(self.text, self.position)
        if found is None:
            return self.source.error(f"expected {expected}, but the file ends", self.position, suggestion)
        shown = found[0] if len(found[0]) <= 40 else f"{found[0][:37]}..."
        return self.source.error(f"expected {expected}, found `{shown}`", self.position, suggestion)

    def enter(self, node: Node) -> None:
        """Make a container that is not empty the one that is read."""
        if len(self.open) == MAXIMUM_NESTING:
            raise node.error(f"more than {MAXIMUM_NESTING} levels of nesting")
        self.open.append(node)

    def closes(self, node: Node) -> bool:
        """Whether `node`, just opened, is closed at once."""
        if self.peek() != _closing(node):
            return False
        self.position += 1
        return True

    def proceed(self) -> bool:
        """Read on behind a value to where the next one stands; False at the end of the text."""
        while self.open:
            top, mark = self.open[-1], self.peek()
            closing = _closing(top)
            if mark not in (",", closing):
                raise self.unexpected(f"`,` or `{closing}`", None if mark else self.unclosed(top))
            self.position += 1
            if mark == ",":
                if self.peek() == closing:
                    raise self.source.error("a comma before the closing bracket", self.position, "remove the comma")
                return True
            self.open.pop()
        if self.peek():
            raise self.unexpected("the end of the file")
        return False

    @staticmethod
    def unclosed(container: Node) -> str:
        return f"the bracket in line {container.location.line} is never closed"

    def put(self, container: Node, key: Node | None, node: Node) -> None:
        if key is None:
            container.value.append(node)
            return
        earlier = container.value.get(key.value)
        if earlier is not None:
            line = self.source.locate(earlier.key_offset).line
            raise key.error(f"the key {key.shown} occurs twice; the first is in line {line}")
        container.value[key.value] = node

    def key(self, container: Node) -> Node:
        """A key and its colon."""
        mark = self.peek()
        if mark != '"':
            raise self.unexpected('a key in quotes `"`', None if mark else self.unclosed(container))
        key = Node(self.source, self.position, self.string())
        if self.peek() != ":":
            raise self.unexpected(f"`:` behind the key {key.shown}")
        self.position += 1
        return key

    def value(self, key: Node | None) -> Node:
        """A scalar, or a container just opened."""
        mark = self.peek()
        self.count += 1
        if self.count > MAXIMUM_VALUES:
            raise self.source.error(f"more than {MAXIMUM_VALUES} values in one file", self.position)
        node = Node(self.source, self.position, None, None if key is None else key.offset)
        if mark in ("[", "{"):
            self.position += 1
            node.value = [] if mark == "[" else {}
        elif mark == '"':
            node.value = self.string()
        else:
            node.value = self.scalar()
        return node

    def scalar(self) -> Any:
        number = _NUMBER.match(self.text, self.position)
        if number is not None:
            self.position = number.end()
            return self.number(number)
        word = _WORD.match(self.text, self.position)
        if word is None or word[0] not in _WORDS:
            raise self.unexpected("a value", self.word_suggestion("" if word is None else word[0]))
        self.position = word.end()
        return _WORDS[word[0]]

    @staticmethod
    def word_suggestion(word: str) -> str | None:
        if word.lstrip("+-").casefold() in {"nan", "inf", "infinity"}:
            return "JSON has finite numbers only"
        if word == "'":
            return 'texts stand in double quotes `"`'
        if word in {"/", "#"}:
            return "JSON has no comments"
        return nearest({"None": "null"}.get(word, word.lower()), _WORDS)

    def number(self, found: re.Match[str]) -> int | float:
        if found["real"]:
            value = float(found[0])
            if math.isinf(value):
                raise self.source.error("this number is too large for double precision", found.start())
            return value
        if len(found[0].lstrip("-")) > MAXIMUM_DIGITS:
            raise self.source.error(f"an integer of more than {MAXIMUM_DIGITS} digits", found.start())
        return int(found[0])

    def string(self) -> str:
        found = _STRING.match(self.text, self.position)
        if found is None:
            raise self.broken_string()
        start, self.position = found.start() + 1, found.end()
        content = found[0][1:-1]
        if "\\" in content:
            return _ESCAPE.sub(lambda escape: self.unescape(escape, start), content)
        return content

    def broken_string(self) -> SpecError:
        """Why no string starts here although a quote does."""
        for found in re.compile(r'[^"\\\x00-\x1f]+|\\.|(["\x00-\x1f])').finditer(self.text, self.position + 1):
            if found[1] is not None:
                code = ord(found[1])
                what = "a line break" if found[1] in "\r\n" else f"the control character U+{code:04X}"
                return self.source.error(f"{what} inside a text", found.start(), f"write it as \\u{code:04x}")
        return self.source.error("this text is never closed", self.position, 'close it with `"`')

    def unescape(self, found: re.Match[str], start: int) -> str:
        high, low, unit, single = found.groups()
        if high is not None:
            return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
        if unit is not None:
            if 0xD800 <= int(unit, 16) <= 0xDFFF:
                raise self.source.error(f"{found[0]} is half a surrogate pair, no character", start + found.start())
            return chr(int(unit, 16))
        if single not in _SINGLE:
            raise self.source.error(f"{found[0]} is no escape sequence of JSON", start + found.start(), r"write `\\`")
        return _SINGLE[single]


def _closing(container: Node) -> str:
    return "]" if isinstance(container.value, list) else "}"


# --- TOML ---------------------------------------------------------------------------------------------------------

_TOML_SPACE = re.compile(r"[ \t]*")
_TOML_BLANK = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_TOML_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TOML_STRING = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"{3,5}'
    r"|'''(?:[^']++|'(?!''))*+'{3,5}"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_TOML_BARE = re.compile(r"[^,\]}#\n]+")
_TOML_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parse_toml(source: Source) -> Node:
    """Read a TOML 1.0 text.

    Raises:
        SpecError: if it is none, or larger than the limits of this module.
    """
    tree = _TomlScanner(source).document()
    try:
        values = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise _toml_error(source, str(error)) from None
    return _fill(tree, values)


def _toml_error(source: Source, message: str) -> SpecError:
    where = _TOML_WHERE.search(message)
    if where is None:
        return SpecError(message, path=source.path)
    what = message[: where.start()]
    what = what[:1].lower() + what[1:]
    if where[1] is None:
        return source.error(f"{what} at the end of the file", len(source.text))
    line, column = int(where[1]), int(where[2])
    lines = source.text.split("\n", line)
    return source.error(what, sum(len(text) + 1 for text in lines[: line - 1]) + column - 1)


def _fill(node: Node, value: Any) -> Node:
    """Put the values of `tomllib` into the nodes of the scanner; one that it missed stands where its table does."""
    places = node.value
    if isinstance(value, dict):
        known = places if isinstance(places, dict) else {}
        node.value = {key: _fill(known.get(key, _unplaced(node)), item) for key, item in value.items()}
    elif isinstance(value, list):
        known = dict(enumerate(places)) if isinstance(places, list) else {}
        node.value = [_fill(known.get(index, _unplaced(node)), item) for index, item in enumerate(value)]
    else:
        node.value = value
        _check_size(node)
    return node


def _unplaced(parent: Node) -> Node:
    return Node(parent.source, parent.offset, None)


def _check_size(node: Node) -> None:
    if isinstance(node.value, int) and node.value.bit_length() > LITERAL_BITS:
        raise node.error(f"an integer of {node.value.bit_length()} bits is too long")


class _Unscannable(Exception):
    """The text is no TOML from here on; `tomllib` will say why."""


class _TomlScanner:
    """Finds where keys and values stand in a text that is assumed to be TOML; it stops where it is not.

    It runs before `tomllib` and refuses what that would take quadratic time or a deep stack for.
    """

    def __init__(self, source: Source) -> None:
        self.source, self.text = source, source.text
        self.position = 0
        self.count = 0

    def document(self) -> Node:
        """A tree of nodes in which scalars have no value yet."""
        root = Node(self.source, 0, {})
        table = root
        try:
            while self.skip(_TOML_BLANK):
                if self.text[self.position] == "[":
                    table = self.header(root)
                else:
                    self.pair(table, nesting=0)
        except _Unscannable:
            pass
        return root

    def skip(self, pattern: re.Pattern[str]) -> str:
        """Skip what `pattern` matches; the character behind it, or nothing at the end."""
        found = pattern.match(self.text, self.position)
        if found is None:
            raise _Unscannable
        self.position = found.end()
        return self.text[self.position : self.position + 1]

    def expect(self, mark: str) -> None:
        self.skip(_TOML_SPACE)
        if not self.text.startswith(mark, self.position):
            raise _Unscannable
        self.position += len(mark)

    def refuse(self, message: str) -> NoReturn:
        raise self.source.error(message, self.position)

    def node(self, value: Any, key_offset: int | None = None) -> Node:
        self.count += 1
        if self.count > MAXIMUM_VALUES:
            self.refuse(f"more than {MAXIMUM_VALUES} values in one file")
        return Node(self.source, self.position, value, key_offset)

    def header(self, root: Node) -> Node:
        """The table that ``[a.b]`` or ``[[a.b]]`` opens."""
        start = self.position
        is_array = self.text.startswith("[[", start)
        self.position += 1 + is_array
        *path, (name, key_offset) = self.dotted_key()
        self.expect("]]" if is_array else "]")
        table = root
        for part, offset in path:
            table = self.child(table, part, offset)
        made = Node(self.source, start, {}, key_offset)
        if not is_array:
            known = self.members(table).setdefault(name, made)
            if known is not made and isinstance(known.value, dict):
                known.offset, known.key_offset = start, key_offset
            return self.inner(known)
        array = self.members(table).setdefault(name, Node(self.source, start, [], key_offset))
        if not isinstance(array.value, list):
            raise _Unscannable
        array.value.append(made)
        return made

    @staticmethod
    def members(table: Node) -> dict[str, Node]:
        if not isinstance(table.value, dict):
            raise _Unscannable
        return table.value

    @staticmethod
    def inner(node: Node) -> Node:
        """The table that a name means: of an array of tables the last."""
        if isinstance(node.value, list) and node.value:
            last = node.value[-1]
            assert isinstance(last, Node)
            return last
        return node

    def child(self, table: Node, name: str, offset: int) -> Node:
        return self.inner(self.members(table).setdefault(name, Node(self.source, offset, {})))

    def dotted_key(self) -> list[tuple[str, int]]:
        """The parts of a key, each with its offset."""
        parts = []
        while True:
            mark = self.skip(_TOML_SPACE)
            start = self.position
            self.skip(_TOML_STRING if mark in ('"', "'") else _TOML_BARE_KEY)
            parts.append((self.key_text(start), start))
            if len(parts) > MAXIMUM_KEY_PARTS:
                self.refuse(f"a key of more than {MAXIMUM_KEY_PARTS} parts")
            if self.skip(_TOML_SPACE) != ".":
                return parts
            self.position += 1

    def key_text(self, start: int) -> str:
        written = self.text[start : self.position]
        if written[0] not in "\"'":
            return written
        try:
            return next(iter(tomllib.loads(f"{written} = 0")))
        except tomllib.TOMLDecodeError:
            raise _Unscannable from None

    def pair(self, table: Node, nesting: int) -> None:
        """``key = value`` in `table`."""
        *path, (name, key_offset) = self.dotted_key()
        self.expect("=")
        for part, offset in path:
            table = self.child(table, part, offset)
        members = self.members(table)
        if name in members:
            line = self.source.locate(members[name].key_offset).line
            raise self.source.error(f"the key {name!r} occurs twice; the first is in line {line}", key_offset)
        members[name] = self.value(nesting, key_offset)

    def value(self, nesting: int, key_offset: int | None = None) -> Node:
        if nesting > MAXIMUM_NESTING:
            self.refuse(f"more than {MAXIMUM_NESTING} levels of nesting")
        mark = self.skip(_TOML_SPACE)
        node = self.node(None, key_offset)
        if mark == "[":
            node.value = self.array(nesting + 1)
        elif mark == "{":
            node.value = {}
            self.inline_table(node, nesting + 1)
        elif mark in ('"', "'"):
            self.skip(_TOML_STRING)
        else:
            self.skip(_TOML_BARE)
            if self.position - node.offset > MAXIMUM_DIGITS:
                raise node.error(f"a number of more than {MAXIMUM_DIGITS} digits")
        return node

    def array(self, nesting: int) -> list[Node]:
        self.position += 1
        items = []
        while self.skip(_TOML_BLANK) not in ("]", ""):
            items.append(self.value(nesting))
            if self.skip(_TOML_BLANK) != ",":
                break
            self.position += 1
        self.skip(_TOML_BLANK)
        self.expect("]")
        return items

    def inline_table(self, table: Node, nesting: int) -> None:
        self.position += 1
        while self.skip(_TOML_SPACE) not in ("}", ""):
            self.pair(table, nesting)
            if self.skip(_TOML_SPACE) != ",":
                break
            self.position += 1
        self.expect("}")
