"""JSON and TOML are read as the standard library reads them, with the place of every value."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.errors import SpecError
from dsl.native.positions import MAXIMUM_DIGITS, MAXIMUM_NESTING, Node, parse_json, parse_toml
from dsl.source import Source

FIXTURES = Path(__file__).parents[1] / "fixtures"
PLACES = """\
# a comment with [brackets] and = signs
title = "x # no comment"   # a comment
size.width = 3
"quoted key" = 'literal "text"'
points = [
  [1, 2], # first
  [ 3 , 4 ],
]
inline = { a = 1, b.c = [true] }
text = '''
first
second'''

[table.inner]
when = 1979-05-27 07:32:00

[[array]]
k = 1

[[array]]
k = 2
  [array.sub]
  z = \"\"\"a ""b\"\"\"
"""


def json_of(text: str) -> Node:
    return parse_json(Source(text, Path("x.json")))


def toml_of(text: str) -> Node:
    return parse_toml(Source(text, Path("x.toml")))


def error_of(text: str, suffix: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        (json_of if suffix == "json" else toml_of)(text)
    return caught.value


def where(node: Node) -> tuple[int, int]:
    return node.location.line, node.location.column


def at(root: Node, *path: str | int) -> Node:
    for step in path:
        root = root.value[step]
    return root


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values, st.sampled_from([None, 0, 2]), st.booleans())
def test_json_means_what_the_standard_library_reads(value: object, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert json_of(text).plain() == value
    assert repr(json_of(f" {text}\r\n").plain()) == repr(value)


@settings(deadline=None)
@given(st.text())
def test_json_accepts_no_more_than_the_standard_library(text: str) -> None:
    try:
        ours: object = json_of(text).plain()
    except SpecError:
        return
    assert json.loads(text) == ours


def test_a_json_value_knows_its_line_and_column() -> None:
    root = json_of('{"a": [1,\n  {"b": "x"}],\n "c": -2.5e3}')
    assert where(root) == (1, 1)
    assert where(at(root, "a")) == (1, 7)
    assert where(at(root, "a", 1, "b")) == (2, 9)
    assert at(root, "a", 1, "b").key_offset == root.source.text.index('"b"')
    assert (where(at(root, "c")), at(root, "c").value) == ((3, 7), -2500.0)


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        ("", 1, "the file ends", None),
        ("[1, 2", 6, "expected `,` or `]`, but the file ends", "the bracket in line 1 is never closed"),
        ("[1, 2,]", 7, "a comma before the closing bracket", "remove the comma"),
        ('{"a": 1,}', 9, "a comma before the closing bracket", "remove the comma"),
        ("[1 2]", 4, "expected `,` or `]`, found `2`", None),
        ("[1}", 3, "expected `,` or `]`, found `}`", None),
        ("[,1]", 2, "expected a value, found `,`", None),
        ('{"a" 1}', 6, "expected `:` behind the key 'a'", None),
        ("{a: 1}", 2, "expected a key in quotes", None),
        ("{'a': 1}", 2, "expected a key in quotes", None),
        ("['a']", 2, "expected a value", "double quotes"),
        ('{"a": 1, "a": 2}', 10, "the key 'a' occurs twice; the first is in line 1", None),
        ("[1] 2", 5, "expected the end of the file", None),
        ("[NaN]", 2, "found `NaN`", "finite"),
        ("[-Infinity]", 2, "found `-Infinity`", "finite"),
        ("[1e999]", 2, "too large for double precision", None),
        ("[True]", 2, "found `True`", "did you mean `true`?"),
        ("[None]", 2, "found `None`", "did you mean `null`?"),
        ("[01]", 2, "found `01`", None),
        ("[+1]", 2, "found `+1`", None),
        ("[.5]", 2, "found `.5`", None),
        ("[1.]", 2, "found `1.`", None),
        ("// note\n1", 1, "found `/`", "no comments"),
        ('["abc]', 2, "this text is never closed", None),
        ('["a\nb"]', 4, "a line break inside a text", r"\u000a"),
        ('["a\tb"]', 4, "the control character U+0009 inside a text", r"\u0009"),
        (r'["a\qb"]', 4, r"\q is no escape sequence", None),
        (r'["a\u12"]', 4, r"\u is no escape sequence", None),
        (r'["\ud83d!"]', 3, "half a surrogate pair", None),
        (r'["\ude00"]', 3, "half a surrogate pair", None),
        ("[" + "9" * (MAXIMUM_DIGITS + 1) + "]", 2, "more than 4200 digits", None),
    ],
)
def test_a_mistake_in_json_is_shown_where_it_is(text: str, column: int, message: str, suggestion: str | None) -> None:
    error = error_of(text, "json")
    assert message in error.message
    assert (error.column, error.source_line) == (column, text.split("\n")[0])
    assert suggestion is None or suggestion in (error.suggestion or "")


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert json_of(r'"\ud83d\uDE00"').value == "\U0001f600"


def test_integers_are_read_up_to_the_limit() -> None:
    assert json_of("-" + "9" * MAXIMUM_DIGITS).value == -(10**MAXIMUM_DIGITS - 1)


@pytest.mark.parametrize("unit", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [MAXIMUM_NESTING + 1, 10_000, 100_000])
def test_deep_nesting_in_json_is_refused(unit: str, depth: int) -> None:
    assert "levels of nesting" in error_of(unit * depth, "json").message


def test_json_may_be_nested_up_to_the_limit() -> None:
    assert json_of("[" * MAXIMUM_NESTING + "]" * MAXIMUM_NESTING).plain() != []


def test_toml_means_what_the_standard_library_reads() -> None:
    for text in (PLACES, *(path.read_text() for path in sorted(FIXTURES.glob("*.toml")))):
        assert toml_of(text).plain() == tomllib.loads(text)
        assert toml_of(text.replace("\n", "\r\n")).plain() == tomllib.loads(text)


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (["title"], 2, 9),
        (["size"], 3, 1),
        (["size", "width"], 3, 14),
        (["quoted key"], 4, 16),
        (["points", 1], 7, 3),
        (["points", 1, 1], 7, 9),
        (["inline", "b", "c", 0], 9, 26),
        (["text"], 10, 8),
        (["table", "inner"], 14, 1),
        (["table", "inner", "when"], 15, 8),
        (["array", 0, "k"], 18, 5),
        (["array", 1], 20, 1),
        (["array", 1, "k"], 21, 5),
        (["array", 1, "sub", "z"], 23, 7),
    ],
)
def test_a_toml_value_knows_its_line_and_column(path: list[str | int], line: int, column: int) -> None:
    assert where(at(toml_of(PLACES), *path)) == (line, column)


def test_the_keys_of_toml_know_their_place() -> None:
    root = toml_of(PLACES)
    for path, key in [(["inline", "b", "c"], "c"), (["quoted key"], '"quoted key"'), (["table", "inner"], "inner")]:
        node = at(root, *path)
        assert root.source.text.startswith(key, node.key_offset)


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a = ", 1, 5, "invalid value"),
        ("a 1", 1, 3, "expected '=' after a key"),
        ("a = 1\na = 2", 2, 1, "the key 'a' occurs twice; the first is in line 1"),
        ("[t]\n[t]\n", 2, 3, "cannot declare ('t',) twice"),
        ("a = [1, 2", 1, 10, "unclosed array"),
        ('a = "x', 1, 7, "unterminated string"),
        ("a = 2020-13-01\n", 1, 9, "expected newline"),
        ("a = " + "9" * 5000, 1, 5, "more than 4200 digits"),
        ("a = 0x" + "f" * 4000, 1, 5, "16000 bits"),
        ("a = " + "[" * 10_000, 1, 106, "levels of nesting"),
        ("a = " + "{b = " * 10_000, 1, 509, "levels of nesting"),
        (".".join(["a"] * 20_000) + " = 1", 1, 66, "a key of more than 32 parts"),
        ("[" + ".".join(["a"] * 20_000) + "]", 1, 67, "a key of more than 32 parts"),
        ('"\\q" = 1', 1, 4, "unescaped '\\'"),
    ],
)
def test_a_mistake_in_toml_is_shown_where_it_is(text: str, line: int, column: int, message: str) -> None:
    error = error_of(text, "toml")
    assert message in error.message
    assert (error.line, error.column) == (line, column)


toml_keys = st.sampled_from(["a", "b", "c-d", '"e f"', "'g'", "a.b", 'b."x.y"'])
toml_scalars = st.sampled_from(
    ["1", "-2.5", "true", "inf", '"x"', "'y'", '"""\nm\n"""', "'''q'''''", '"\\u00e9\\""', "1979-05-27", "07:32:00"]
)
toml_items = st.recursive(
    toml_scalars,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[ {', '.join(items)} ]")
        | st.lists(inner, max_size=3).map(lambda items: "[\n" + "".join(f"  {item}, # c\n" for item in items) + "]")
        | st.lists(st.tuples(toml_keys, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{k} = {v}" for k, v in pairs) + "}"
        )
    ),
    max_leaves=8,
)
toml_lines = st.one_of(
    st.tuples(toml_keys, toml_items).map(" = ".join),
    toml_keys.map("[{}]".format),
    toml_keys.map("[[{}]]".format),
    st.just("# [no] = header"),
)


def scalars(node: Node) -> list[Node]:
    if isinstance(node.value, list):
        return [leaf for item in node.value for leaf in scalars(item)]
    if isinstance(node.value, dict):
        return [leaf for item in node.value.values() for leaf in scalars(item)]
    return [node]


@settings(deadline=None)
@given(st.lists(toml_lines, max_size=8))
def test_every_scalar_of_toml_stands_where_its_node_says(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(SpecError):
            toml_of(text)
        return
    root = toml_of(text)
    assert root.plain() == expected or "inf" in text
    for leaf in scalars(root):
        rest = text[leaf.offset :]
        ends = [
            len(rest[:end]) for end in range(1, len(rest) + 1) if rest[end : end + 1] in ("", "\n", ",", " ", "]", "}")
        ]
        readings = []
        for end in ends:
            try:
                readings.append(tomllib.loads(f"v = {rest[:end]}")["v"])
            except tomllib.TOMLDecodeError:
                continue
        assert leaf.value in readings


def test_a_place_inside_a_text_is_found_unless_escapes_hide_it() -> None:
    root = toml_of("a = \"x + y\"\nb = 'x + y'\nc = '''\nx +\ny'''\nd = \"x\\t+ y\"\n")
    text = root.source.text
    assert text[at(root, "a").offset_in_text(4)] == "y"
    assert text[at(root, "b").offset_in_text(4)] == "y"
    assert root.source.locate(at(root, "c").offset_in_text(4)).line == 5
    assert at(root, "d").offset_in_text(4) == at(root, "d").offset
