"""The domain of strings: SMT-LIB's totality rules, text editing, bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.domains.strings import strings
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.limits import Limits
from dsl.printing import parse_term
from dsl.values import Value

TEXT = st.text(st.characters(max_codepoint=0x2FFFF, exclude_categories=()), max_size=10)


def value(text: str, *arguments: Value) -> object:
    return evaluate(parse_term(text, strings.operator), arguments, strings)


def test_the_domain_is_installed() -> None:
    assert load_domain("strings") is strings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('(str.at "abc" 3)', ""),
        ('(str.at "abc" -1)', ""),
        ('(str.substr "abc" 1 100)', "bc"),
        ('(str.substr "abc" 3 1)', ""),
        ('(str.substr "abc" -1 2)', ""),
        ('(str.substr "abc" 1 0)', ""),
        ('(str.substr "abc" 1 -1)', ""),
        ('(str.replace "abc" "" "X")', "Xabc"),
        ('(str.replace "aa" "a" "X")', "Xa"),
        ('(str.replace_all "abc" "" "X")', "abc"),
        ('(str.replace_all "aaa" "aa" "X")', "Xa"),
        ('(str.indexof "abc" "" 3)', 3),
        ('(str.indexof "abc" "" 4)', -1),
        ('(str.indexof "abc" "" -1)', -1),
        ('(str.indexof "abcabc" "b" 2)', 4),
        ('(str.indexof "abc" "z" 0)', -1),
        ('(str.contains "a" "")', True),
        ('(str.prefixof "ab" "abc")', True),
        ('(str.prefixof "abc" "ab")', False),
        ('(str.suffixof "bc" "abc")', True),
        ('(str.< "" "a")', True),
        ('(str.< "a" "B")', False),
        ('(str.< "a" "b" "b")', False),
        ('(str.<= "a" "b" "b")', True),
        ('(str.to_int "007")', 7),
        ('(str.to_int "")', -1),
        ('(str.to_int "-7")', -1),
        ('(str.to_int "\\u{661}")', -1),
        ("(str.from_int -7)", ""),
        ("(str.from_int 0)", "0"),
        ('(str.is_digit "7")', True),
        ('(str.is_digit "77")', False),
        ('(str.to_code "a")', 97),
        ('(str.to_code "ab")', -1),
        ("(str.from_code 196607)", "\U0002ffff"),
        ("(str.from_code 196608)", ""),
        ("(str.from_code -1)", ""),
        ('(str.++ "a" "b" "c")', "abc"),
        ("(int.to.str 12)", "12"),
        ('(str.to.int "12")', 12),
    ],
)
def test_every_standard_operator_is_total_as_smt_lib_says(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('(strings.take "abc" 2)', "ab"),
        ('(strings.take "abc" -2)', ""),
        ('(strings.take_last "abc" 2)', "bc"),
        ('(strings.take_last "abc" 9)', "abc"),
        ('(strings.take_last "abc" 0)', ""),
        ('(strings.drop "abc" 2)', "c"),
        ('(strings.drop "abc" -2)', "abc"),
        ('(strings.drop_last "abc" 2)', "a"),
        ('(strings.drop_last "abc" 0)', "abc"),
        ('(strings.before "a.b.c" ".")', "a"),
        ('(strings.before "abc" ".")', "abc"),
        ('(strings.after "a.b.c" ".")', "b.c"),
        ('(strings.after "abc" ".")', ""),
        ('(strings.before_last "a.b.c" ".")', "a.b"),
        ('(strings.before_last "abc" ".")', "abc"),
        ('(strings.last_indexof "a.b.c" ".")', 3),
        ('(strings.last_indexof "abc" "")', 3),
        ('(strings.last_indexof "abc" ".")', -1),
        ('(strings.count "aaaa" "aa")', 2),
        ('(strings.count "abc" "")', 0),
        ('(strings.field "a,b,,d" "," 2)', ""),
        ('(strings.field "a,b,,d" "," -1)', "d"),
        ('(strings.field "a,b" "," 2)', ""),
        ('(strings.field "a,b" "," -3)', ""),
        ('(strings.field "a,b" "" 0)', "a,b"),
        ('(strings.word "  one   two " 1)', "two"),
        ('(strings.word "" 0)', ""),
        ('(strings.number "a12b007" -1)', "007"),
        ('(strings.number "none" 0)', ""),
        ('(strings.digits "a1b2")', "12"),
        ('(strings.letters "a1-b2")', "ab"),
        ('(strings.capitals "North Atlantic")', "NA"),
        ('(strings.upper "stra\\u{df}e")', "STRAßE"),
        ('(strings.lower "\\u{130}A")', "İa"),
        ('(strings.title "o\'NEIL jean-luc")', "O'neil Jean-Luc"),
        ('(strings.trim "  a b ")', "a b"),
        ('(strings.squeeze "  a   b ")', "a b"),
        ('(strings.reverse "abc")', "cba"),
        ('(str.rev "abc")', "cba"),
        ('(strings.repeat "ab" 3)', "ababab"),
        ('(strings.repeat "ab" -1)', ""),
        ('(strings.repeat "" 1000000000000000000000)', ""),
        ('(strings.pad_left "7" 3 "0")', "007"),
        ('(strings.pad_left "1234" 3 "0")', "1234"),
        ('(strings.pad_left "7" 3 "")', "7"),
        ('(strings.pad_left "7" 4 "ab")', "aba7"),
        ('(strings.pad_right "ab" 5 ".")', "ab..."),
    ],
)
def test_text_editing_is_total(text: str, expected: Value) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '(str.replace_all $0 "a" $0)',
        "(strings.repeat $0 1000000000000)",
        '(strings.pad_left $0 1000000000000 "ab")',
        '(strings.pad_right "" 1000000000000 $0)',
        "(str.++ $0 $0 $0 $0 $0 $0)",
    ],
)
def test_a_huge_string_is_refused_before_it_is_built(text: str) -> None:
    program = parse_term(f"(lambda {text})", strings.operator)
    with pytest.raises(LimitExceeded):
        evaluate(program, ["a" * 60_000], strings, Limits(size=1 << 16))


@pytest.mark.parametrize("text", ['(lambda (str.to_int (strings.repeat "9" 5000)))', "(lambda (str.from_int $0))"])
def test_a_huge_numeral_is_refused(text: str) -> None:
    program = parse_term(text, strings.operator)
    with pytest.raises(LimitExceeded):
        evaluate(program, [1 << 20_000], strings, Limits(size=1 << 16, bits=1 << 16))


@given(TEXT)
def test_a_change_of_case_keeps_the_number_of_characters(text: str) -> None:
    for name in ("upper", "lower", "title"):
        assert len(str(value(f"(lambda (strings.{name} $0))", text))) == len(text)


@given(TEXT, TEXT)
def test_before_mark_and_after_make_up_the_string(text: str, mark: str) -> None:
    joined = value("(lambda (lambda (str.++ (strings.before $1 $0) $0 (strings.after $1 $0))))", text, mark)
    assert joined == text or mark not in text


@given(TEXT, st.integers(-12, 12))
def test_taking_and_dropping_make_up_the_string(text: str, count: int) -> None:
    assert value("(lambda (lambda (str.++ (strings.take $1 $0) (strings.drop $1 $0))))", text, count) == text
    assert value("(lambda (lambda (str.++ (strings.drop_last $1 $0) (strings.take_last $1 $0))))", text, count) == text
