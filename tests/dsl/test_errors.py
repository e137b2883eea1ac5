"""Errors that people see: how they look, survive pickling, and what names they propose."""

import copy
import pickle
from pathlib import Path

import pytest

from dsl import errors
from dsl.errors import LimitExceeded, ReverieError, SpecError, nearest


def test_every_error_is_a_reverie_error() -> None:
    classes = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert len(classes) >= 7
    assert all(issubclass(error, ReverieError) for error in classes)


def test_an_error_shows_the_place_the_line_a_caret_and_a_suggestion() -> None:
    error = SpecError(
        "`bvad` is no known operator",
        path=Path("a.sl"),
        line=3,
        column=4,
        source_line="  (bvad x y)",
        suggestion="did you mean `bvadd`?",
    )
    assert str(error).splitlines() == [
        "a.sl:3:4: `bvad` is no known operator",
        "    (bvad x y)",
        "     ^",
        "  did you mean `bvadd`?",
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({}, "<text>: wrong"),
        ({"line": 3}, "<text>:3: wrong"),
        ({"line": 3, "source_line": "abc"}, "<text>:3: wrong"),
        ({"line": 3, "column": 2}, "<text>:3:2: wrong"),
        ({"path": Path("a"), "suggestion": "right"}, "a: wrong\n  right"),
    ],
)
def test_what_is_not_known_is_not_shown(given: dict[str, object], shown: str) -> None:
    assert str(SpecError("wrong", **given)) == shown  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "column", "shown", "indent"),
    [
        ("abc", 1, "abc", 0),
        ("abc", 3, "abc", 2),
        ("abc", 4, "abc", 3),
        ("abc", 9, "abc", 8),
        ("\tx\ty", 4, " x y", 3),
        ("a\x1b[31mb\x00\x7f", 7, "a [31mb  ", 6),
        ("x\r", 1, "x ", 0),
        ("日本x", 3, "日本x", 4),
        ("e\u0301x", 3, "e\u0301x", 1),
        ("😀x", 2, "😀x", 2),
        ("ａx", 2, "ａx", 2),
        ("äx", 2, "äx", 1),
        ("\u202ex\ud800", 2, " x ", 1),
        ("", 1, "", 0),
    ],
)
def test_the_caret_stands_under_the_character_in_a_terminal(line: str, column: int, shown: str, indent: int) -> None:
    error = SpecError("wrong", line=1, column=column, source_line=line)
    assert str(error).split("\n")[1:] == [f"  {shown}", "  " + " " * indent + "^"]


@pytest.mark.parametrize("column", [1, 40, 51, 52, 500, 999, 1000, 1001])
def test_of_a_long_line_the_part_around_the_caret_is_shown(column: int) -> None:
    line = "".join(chr(ord("a") + i % 26) for i in range(1000))
    _, shown, caret = str(SpecError("wrong", line=1, column=column, source_line=line)).split("\n")
    assert len(shown) <= 104
    assert len(caret) <= 104
    assert (shown + " ")[len(caret) - 1] == (line + " ")[column - 1]
    assert shown.startswith("  …") == (column > 51)
    assert shown.endswith("…") == (column < 951)


def test_an_error_survives_pickling_and_copying_with_everything_it_knows() -> None:
    error = SpecError("wrong é", path=Path("a.sl"), line=1, column=2, source_line="xyz", suggestion="right")
    for copied in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert isinstance(copied, SpecError)
        assert vars(copied) == vars(error)
        assert str(copied) == str(error)
        assert copied.args == ("wrong é",)
    assert str(pickle.loads(pickle.dumps(LimitExceeded("too much")))) == "too much"


def test_the_nearest_known_name_is_proposed() -> None:
    known = ["str.len", "str.at", "bvadd"]
    assert nearest("str.ln", known) == "did you mean `str.len`?"
    assert nearest("bvaddd", iter(known)) == "did you mean `bvadd`?"
    assert nearest("quantifier", known) is None
    assert nearest("x", []) is None
    assert nearest("", known) is None


def test_proposals_do_not_depend_on_the_order_of_names() -> None:
    known = ["abd", "abe", "abf"]
    assert len({nearest("abc", order) for order in (known, known[::-1], [*known, *known])}) == 1


def test_names_too_long_to_be_slips_are_not_compared() -> None:
    long_names = ["x" * 50_000 + str(i) for i in range(50)]
    assert nearest("x" * 50_000, long_names) is None
    assert nearest("strlen", [*long_names, "str.len"]) == "did you mean `str.len`?"
