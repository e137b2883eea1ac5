"""Values: what belongs to which type, how data become values, and how literals are written."""

import pickle

import pytest

from dsl.errors import TypeMismatch
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, bit_vector, list_of, parse_type
from dsl.values import (
    BOTTOM,
    LARGEST_CODE_POINT,
    Bottom,
    Value,
    from_data,
    has_type,
    infer_type,
    literal_text,
    read_string_literal,
    string_literal,
    typed_key,
)

BEYOND = chr(LARGEST_CODE_POINT + 1)


@pytest.mark.parametrize(
    ("value", "types"),
    [
        (1, [INT, bit_vector(1), bit_vector(9), bit_vector(64)]),
        (-1, [INT]),
        (256, [INT, bit_vector(9), bit_vector(64)]),
        (True, [BOOL]),
        (1.0, [REAL]),
        (float("nan"), []),
        (float("inf"), []),
        ("", [STRING]),
        ("a", [STRING, CHAR]),
        ("ab", [STRING]),
        (BEYOND, []),
        ((), [list_of(INT), list_of(BOOL), list_of(list_of(INT)), list_of(list_of(BOOL))]),
        ((1, 2), [list_of(INT)]),
        ((1, True), []),
        (((1,), ()), [list_of(list_of(INT))]),
        ([1], []),
        (BOTTOM, []),
        (None, []),
    ],
)
def test_a_value_belongs_to_its_types_only(value: object, types: list[Type]) -> None:
    candidates = [INT, BOOL, STRING, CHAR, REAL, bit_vector(1), bit_vector(9), bit_vector(64)]
    candidates += [list_of(INT), list_of(BOOL), list_of(list_of(INT)), list_of(list_of(BOOL))]
    assert [type_ for type_ in candidates if has_type(value, type_)] == types


def test_no_value_is_a_function() -> None:
    assert not has_type(abs, parse_type("int -> int"))


# ⊥


def test_bottom_is_one_object_even_after_pickling() -> None:
    assert Bottom() is BOTTOM
    assert pickle.loads(pickle.dumps(BOTTOM)) is BOTTOM
    assert repr(BOTTOM) == "⊥"


def test_bottom_is_neither_true_nor_false() -> None:
    with pytest.raises(TypeError, match="compare with `is BOTTOM`"):
        bool(BOTTOM)


# Data of files


@pytest.mark.parametrize(
    ("data", "type_", "value"),
    [
        ([[1], []], "list(list(int))", ((1,), ())),
        ("hey", "list(char)", ("h", "e", "y")),
        ("hey", "str", "hey"),
        (3, "real", 3.0),
        ([1, 2.5], "list(real)", (1.0, 2.5)),
        (255, "bv8", 255),
        (False, "bool", False),
    ],
)
def test_data_become_values_of_the_type_asked_for(data: object, type_: str, value: Value) -> None:
    assert typed_key(from_data(data, parse_type(type_))) == typed_key(value)


@pytest.mark.parametrize(
    ("data", "type_", "complaint"),
    [
        (True, "int", "True is not of type int"),
        (1, "bool", "1 is not of type bool"),
        (256, "bv8", "256 is not of type bv8"),
        ([1, "a"], "list(int)", "'a' is not of type int"),
        ("ab", "char", "'ab' is not of type char"),
        (None, "str", "None is not of type str"),
        ({"a": 1}, "list(int)", "{'a': 1} is not of type list(int)"),
        (float("nan"), "real", "nan is not of type real"),
        (10**400, "real", "an integer this large is not a real number"),
        (10**400, "bool", "an integer of 1329 bits is not of type bool"),
        ("x" * 100, "int", "xxx... is not of type int"),
    ],
)
def test_data_of_another_type_are_refused_and_shown(data: object, type_: str, complaint: str) -> None:
    with pytest.raises(TypeMismatch) as caught:
        from_data(data, parse_type(type_))
    assert complaint in str(caught.value)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([1, 2], "int"),
        ([True], "bool"),
        ([1, 2.5], "real"),
        ([2.5, 1], "real"),
        ([[1], [2.5]], "list(real)"),
        ([[], [1]], "list(int)"),
        ([[]], "list(int)"),
        ([[], [[]], [["a"]]], "list(list(str))"),
        ([[1, 2.5]], "list(real)"),
        (["a", ""], "str"),
        ([], "int"),
    ],
)
def test_the_least_common_type_is_inferred(values: list[object], type_: str) -> None:
    assert infer_type(values) is parse_type(type_)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ([1, "a"], "'a' is a str, but earlier values are int"),
        ([True, 1], "1 is a int, but earlier values are bool"),
        ([[1], ["a"]], "['a'] is a list(str), but earlier values are list(int)"),
        ([[1, "a"]], "list [1, 'a'] mixes int and str"),
        ([{}], "{} is no value; int, bool, str, float and lists of these are"),
        ([None], "None is no value"),
    ],
)
def test_values_without_a_common_type_are_refused(values: list[object], complaint: str) -> None:
    with pytest.raises(TypeMismatch) as caught:
        infer_type(values)
    assert complaint in str(caught.value)


# Keys


def test_equal_values_of_different_types_have_different_keys() -> None:
    values: list[Value] = [1, True, 1.0, "1", (1,), (True,), (1.0,), ((1,),), 0, False, (), ""]
    assert len({typed_key(value) for value in values}) == len(values)


def test_bottom_has_a_key_of_its_own() -> None:
    assert typed_key(BOTTOM) == typed_key(Bottom())
    assert typed_key(BOTTOM) not in {typed_key(0), typed_key(False), typed_key(())}


# Literals


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (-12, "int", "-12"),
        (True, "bool", "true"),
        (False, "bool", "false"),
        ('say "no"', "str", '"say ""no"""'),
        ("ä\n", "str", '"\\u{e4}\\u{a}"'),
        ("\\u", "str", '"\\u{5c}u"'),
        ("a\\b", "str", '"a\\b"'),
        ("x", "char", '(char "x")'),
        (0.5, "real", "0.5"),
        (10, "bv8", "#x0a"),
        (5, "bv3", "#b101"),
        (0, "bv1", "#b0"),
        (2**64 - 1, "bv64", "#xffffffffffffffff"),
    ],
)
def test_a_literal_is_written_as_smt_lib_writes_it(value: Value, type_: str, text: str) -> None:
    assert literal_text(value, parse_type(type_)) == text


def test_lists_have_no_literals() -> None:
    with pytest.raises(TypeMismatch, match=r"type list\(int\) has no literals"):
        literal_text((1,), list_of(INT))


@pytest.mark.parametrize("text", ["", 'a"b', "tab\tnul\0", "\\u{41}", "\\uzzzz", "😀", chr(LARGEST_CODE_POINT), '""'])
def test_a_string_literal_reads_back(text: str) -> None:
    written = string_literal(text)
    assert written.isascii()
    assert read_string_literal(written) == text


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ('"\\u0041\\u{42}\\u{00043}"', "ABC"),
        ('"\\u{g}\\u12"', "\\u{g}\\u12"),
        ('"\\n\\x41"', "\\n\\x41"),
        ('""""', '"'),
    ],
)
def test_only_the_escapes_of_smt_lib_are_escapes(literal: str, value: str) -> None:
    assert read_string_literal(literal) == value


def test_an_escape_beyond_the_last_character_is_refused() -> None:
    assert read_string_literal('"\\u{2ffff}"') == chr(LARGEST_CODE_POINT)
    with pytest.raises(TypeMismatch, match="is beyond the last character of SMT-LIB"):
        read_string_literal('"\\u{30000}"')
