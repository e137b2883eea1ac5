"""Types: how they are written, read from annotations, compared and unified."""

import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from dsl.errors import TypeMismatch
from dsl.types import (
    BOOL,
    CHAR,
    INT,
    MAXIMUM_NESTING,
    REAL,
    STRING,
    Substitution,
    Type,
    TypeVariable,
    arrow,
    bit_vector,
    canonical,
    from_annotation,
    list_of,
    match,
    parse_type,
    signature_type,
    type_variables,
)

A, B = TypeVariable(0), TypeVariable(1)
Element = TypeVar("Element")
Other = TypeVar("Other")


@pytest.mark.parametrize(
    "text",
    [
        "int",
        "bv64",
        "bv(t0)",
        "list(list(str))",
        "int -> bool",
        "(t0 -> t1) -> list(t0) -> list(t1)",
        "t0 -> (t0 -> bool) -> (t0 -> t1) -> (t0 -> t0) -> list(t1)",
        "list(int -> real) -> char",
    ],
)
def test_a_type_prints_as_it_is_written(text: str) -> None:
    assert repr(parse_type(text)) == text


def test_blanks_and_needless_parentheses_do_not_count() -> None:
    assert parse_type("  ( int )->( ( list( str ) ) ) ") is arrow(INT, list_of(STRING))


def test_arrows_associate_to_the_right() -> None:
    assert parse_type("int -> bool -> str") is parse_type("int -> (bool -> str)")
    assert parse_type("int -> bool -> str") is not parse_type("(int -> bool) -> str")


def test_equal_types_are_one_object_even_after_pickling() -> None:
    scheme = parse_type("(t0 -> bv8) -> list(t0)")
    assert parse_type("(t0 -> bv8) -> list(t0)") is scheme
    assert pickle.loads(pickle.dumps(scheme)) is scheme


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected the name of a type at column 1, but the text ends"),
        ("int ->", "expected the name of a type at column 7, but the text ends"),
        ("lst(int)", "expected one of bool, bv, char, int, list, real, str at column 1, but found `lst`"),
        ("list", "expected `(` at column 5, but the text ends"),
        ("list(int", "expected `)` at column 9, but the text ends"),
        ("(int -> bool", "expected `)` at column 13, but the text ends"),
        ("int bool", "expected the end of the type at column 5, but found `bool`"),
        ("list(int, bool)", "expected `)` at column 9, but found `,`"),
        ("int & bool", "expected the end of the type at column 5, but found `&`"),
    ],
)
def test_what_is_no_type_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(TypeMismatch) as caught:
        parse_type(text)
    assert complaint in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_width_of_zero_is_refused() -> None:
    with pytest.raises(TypeMismatch, match="bit-vector width 0 is not positive"):
        parse_type("bv0")
    with pytest.raises(TypeMismatch, match="the smallest is bv1"):
        bit_vector(-3)


def test_nesting_is_bounded() -> None:
    deepest = "(" * MAXIMUM_NESTING + "int" + ")" * MAXIMUM_NESTING
    assert parse_type(deepest) is INT
    with pytest.raises(TypeMismatch, match="levels of nesting"):
        parse_type(f"({deepest})")
    with pytest.raises(TypeMismatch, match="levels of nesting"):
        parse_type("list(" * 100_000)


def test_a_function_type_knows_its_parameters_and_result() -> None:
    fold = parse_type("list(t0) -> t1 -> (t0 -> t1 -> t1) -> t1")
    assert fold.parameters == (list_of(A), B, arrow(A, B, B))
    assert fold.result is B
    assert (INT.parameters, INT.result) == ((), INT)
    assert arrow(INT) is INT


def test_depth_counts_constructors_but_not_widths() -> None:
    assert [parse_type(t).depth for t in ("int", "bv64", "list(bv8)", "list(list(int)) -> int")] == [0, 0, 1, 3]


def test_only_a_bit_vector_of_known_width_has_a_width() -> None:
    assert bit_vector(64).width == 64
    for type_ in (INT, parse_type("bv(t0)")):
        with pytest.raises(TypeMismatch, match="is not a bit-vector type of known width"):
            type_.width  # noqa: B018


def test_variables_are_listed_in_order_of_first_occurrence() -> None:
    scheme = parse_type("t3 -> list(t1) -> t3")
    assert list(scheme.variables()) == [TypeVariable(3), B, TypeVariable(3)]
    assert type_variables(scheme) == (TypeVariable(3), B)
    assert scheme.is_polymorphic
    assert not parse_type("list(int) -> bv8").is_polymorphic


def test_canonical_numbers_the_variables_from_zero() -> None:
    assert canonical(parse_type("t7 -> t2 -> t7")) is parse_type("t0 -> t1 -> t0")


def test_types_sort_by_their_text() -> None:
    assert sorted([STRING, list_of(INT), BOOL, INT]) == [BOOL, INT, list_of(INT), STRING]


# Unification and matching


def test_unification_solves_for_the_variables_of_both_sides() -> None:
    solution = Substitution(10)
    left = solution.instantiate(parse_type("(t0 -> t1) -> list(t0) -> list(t1)"))
    wanted = arrow(arrow(INT, TypeVariable(0)), TypeVariable(1), list_of(list_of(BOOL)))
    assert solution.unify(left, wanted)
    assert solution.apply(left) is parse_type("(int -> list(bool)) -> list(int) -> list(list(bool))")
    assert solution.apply(left) is solution.apply(wanted)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("int", "bool"),
        ("list(int)", "int"),
        ("list(int)", "list(bool)"),
        ("bv8", "bv16"),
        ("int -> bool", "int"),
        ("int -> int -> int", "int -> int"),
        ("t0", "list(t0)"),
        ("t0 -> t0", "int -> bool"),
        ("t0 -> t1", "t1 -> list(t0)"),
    ],
)
def test_what_cannot_be_equal_does_not_unify(left: str, right: str) -> None:
    assert not Substitution(10).unify(parse_type(left), parse_type(right))


def test_widths_unify_like_other_types() -> None:
    solution = Substitution(10)
    assert solution.unify(parse_type("bv(t0) -> bv(t0)"), parse_type("bv32 -> t1"))
    assert solution.apply(B) is bit_vector(32)


def test_chains_of_variables_are_followed() -> None:
    solution = Substitution(10)
    for left, right in [("t0", "t1"), ("t1", "t2"), ("t2", "list(t3)"), ("t3", "int")]:
        assert solution.unify(parse_type(left), parse_type(right))
    assert solution.apply(A) is list_of(INT)


def test_fresh_variables_are_new_each_time() -> None:
    substitution = Substitution(5)
    first, second = substitution.fresh(), substitution.fresh()
    copy = substitution.instantiate(parse_type("t0 -> t0"))
    assert len({first, second, *copy.variables()}) == 3
    assert all(variable.index >= 5 for variable in (first, second, *copy.variables()))


def test_matching_assigns_the_variables_of_the_scheme() -> None:
    scheme = parse_type("list(t0) -> t1 -> bool")
    assert match(scheme, parse_type("list(int) -> list(str) -> bool")) == {A: INT, B: list_of(STRING)}
    assert match(scheme, parse_type("list(int) -> int")) is None
    assert match(parse_type("t0 -> t0"), parse_type("int -> bool")) is None
    assert match(INT, INT) == {}


# Annotations


def test_annotations_mean_types() -> None:
    assert [from_annotation(a) for a in (int, bool, str, float)] == [INT, BOOL, STRING, REAL]
    assert from_annotation(list[int]) is list_of(INT)
    assert from_annotation(tuple[str, ...]) is list_of(STRING)
    assert from_annotation(Callable[[int, bool], str]) is arrow(INT, BOOL, STRING)
    assert from_annotation("bv64 -> char") is arrow(bit_vector(64), CHAR)
    assert from_annotation(list_of(REAL)) is list_of(REAL)


@pytest.mark.parametrize("annotation", [dict, bytes, None, list, tuple[int, str], Callable[..., int], 3])
def test_an_annotation_without_a_type_is_refused(annotation: object) -> None:
    with pytest.raises(TypeMismatch, match=r"has no type; use int, bool, str, float, list\[\.\.\.\]"):
        from_annotation(annotation)


def test_a_signature_is_read_from_the_annotations() -> None:
    def pick(xs: list[Element], f: Callable[[Element], Other], *, widths: int = 0) -> list[Other]:
        raise NotImplementedError

    assert signature_type(pick) is parse_type("list(t0) -> (t0 -> t1) -> list(t1)")


def test_the_text_of_a_type_may_be_an_annotation() -> None:
    def low(word: "bv64", flag: bool) -> "bv8":  # type: ignore[name-defined]  # noqa: F821
        raise NotImplementedError

    assert signature_type(low) is parse_type("bv64 -> bool -> bv8")


def test_missing_annotations_are_named() -> None:
    def half(x: int, y, z):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        raise NotImplementedError

    with pytest.raises(TypeMismatch, match="function half has no annotation for y, z, return"):
        signature_type(half)


def test_only_a_python_function_has_a_signature() -> None:
    builtin: Any = len
    with pytest.raises(TypeMismatch, match="is not a Python function; state its type as text"):
        signature_type(builtin)


def test_a_type_is_no_other_type() -> None:
    assert len({INT, BOOL, STRING, CHAR, REAL, A, B, bit_vector(1), bit_vector(2), list_of(INT)}) == 10
    assert Type("int") is INT
