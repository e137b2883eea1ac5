"""The lexis of SyGuS files and printed terms: tokens, nesting, and where everything stands."""

import pytest

from dsl.errors import SpecError
from dsl.sexpr import Document, SExpr, SList, quoted, symbol_text
from dsl.source import Source


def read(text: str) -> SList:
    return Document(Source(text)).forms


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("", []),
        (" \t\r\n ; only a comment", []),
        ("a b", ["a", "b"]),
        ("(a (b) ()) c", [["a", ["b"], []], "c"]),
        ("(a;)(\nb)", [["a", "b"]]),
        ('"a b" "(" ";"', ['"a b"', '"("', '";"']),
        ('"a""b"', ['"a""b"']),
        ('""', ['""']),
        ('"a"b"c"', ['"a"', "b", '"c"']),
        ('a"b"', ["a", '"b"']),
        ("|a b| |;(| ||", ["|a b|", "|;(|", "||"]),
        ("|a|b", ["|a|", "b"]),
        ('"two\nlines"', ['"two\nlines"']),
        ("#x0F #b01 -1 1.5 :key f! é", ["#x0F", "#b01", "-1", "1.5", ":key", "f!", "é"]),
        ("a\u00a0b", ["a", "b"]),
    ],
)
def test_a_text_is_read_as_nested_tokens(text: str, forms: list[SExpr]) -> None:
    assert read(text) == forms


@pytest.mark.parametrize(
    ("text", "line", "column", "complaint"),
    [
        ("(a\n (b)", 1, 1, "this parenthesis is never closed"),
        ("(a)\n (b", 2, 2, "this parenthesis is never closed"),
        ("(a))", 1, 4, "this parenthesis closes nothing"),
        ('(a\n  "b)', 2, 3, "this string is not closed"),
        ("(a |b)", 1, 4, "this quoted symbol is not closed"),
        ('"a" "', 1, 5, "this string is not closed"),
    ],
)
def test_what_is_not_closed_is_pointed_at(text: str, line: int, column: int, complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_every_token_is_located() -> None:
    document = Document(Source('; first\n(set (a |b c|) ; (\n  "d""(" e)\nf'))
    form = document.forms[0]
    assert isinstance(form, SList)
    places = [str(document.locate(form, i)).removeprefix("<text>:") for i in range(len(form))]
    assert places == ["2:2", "2:6", "3:3", "3:10"]
    inner = form[1]
    assert isinstance(inner, SList)
    assert [document.locate(inner, i).column for i in range(2)] == [7, 9]
    assert str(document.locate(document.forms, 1)) == "<text>:4:1"
    assert document.locate(form).column == 1
    assert document.offset(document.forms) == 0


def test_an_error_points_at_a_list_or_at_a_child() -> None:
    document = Document(Source("(a\n  (b c))"))
    form = document.forms[0]
    assert isinstance(form, SList)
    assert str(document.error("wrong", form, 1, "right")) == "<text>:2:3: wrong\n    (b c))\n    ^\n  right"
    assert document.error("wrong", form).column == 1


def test_nesting_costs_no_recursion() -> None:
    depth = 100_000
    found: SExpr = read("(" * depth + "x" + ")" * depth)[0]
    for _ in range(depth):
        assert isinstance(found, SList)
        (found,) = found
    assert found == "x"


def test_many_quotes_and_bars_are_read_in_linear_time() -> None:
    assert len(read('""' * 200_000)) == 1
    assert len(read('"" ' * 50_000)) == 50_000
    with pytest.raises(SpecError, match="not closed"):
        read('""' * 200_000 + '"')
    with pytest.raises(SpecError, match="not closed"):
        read("|a| " * 50_000 + "|")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x", "x"),
        ("str.++", "str.++"),
        ("bvadd@64", "bvadd@64"),
        ("+", "+"),
        ("-", "-"),
        ("->", "->"),
        ("", "||"),
        ("a b", "|a b|"),
        ("a(b)", "|a(b)|"),
        ("7x", "|7x|"),
        ("-1", "|-1|"),
        ("+1", "|+1|"),
        ("$0", "|$0|"),
        ("é", "|é|"),
        ("let", "|let|"),
        ("true", "|true|"),
        ("lambda", "|lambda|"),
        ("_", "|_|"),
    ],
)
def test_a_name_that_could_be_read_as_something_else_is_quoted(name: str, text: str) -> None:
    assert quoted(name) == text
    assert read(f"(f {text})") == [["f", text]]
    assert symbol_text(text) == name
