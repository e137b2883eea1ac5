"""The operators of SMT-LIB's theory of bit-vectors, their types and the language made of them."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.batched import BatchedEvaluation
from dsl.domains.bitvectors import MAXIMUM_WIDTH, bitvectors
from dsl.errors import TypeMismatch
from dsl.evaluate import Evaluation, evaluate
from dsl.printing import parse_term, to_sexpr
from dsl.terms import Application, Literal, Variable
from dsl.types import BOOL, INT, Type, arrow, bit_vector
from dsl.values import Bottom, Value

BINARY = [
    *("bvand", "bvor", "bvxor", "bvnand", "bvnor", "bvxnor", "bvadd", "bvsub", "bvmul"),
    *("bvudiv", "bvurem", "bvsdiv", "bvsrem", "bvsmod", "bvshl", "bvlshr", "bvashr"),
]
PREDICATES = ["bvult", "bvule", "bvugt", "bvuge", "bvslt", "bvsle", "bvsgt", "bvsge"]


UNARY = ["bvnot", "bvneg", "bvnego"]
OVERFLOWS = ["bvuaddo", "bvsaddo", "bvumulo", "bvsmulo", "bvusubo", "bvssubo", "bvsdivo"]


def value(text: str, *arguments: int) -> Value | Bottom:
    """The value of an open term on arguments, the last of which is ``$0``."""
    closed = "(lambda " * len(arguments) + text + ")" * len(arguments)
    return evaluate(parse_term(closed, bitvectors.operator), arguments, bitvectors)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(bvudiv@8 #x05 #x00)", 0xFF),
        ("(bvudiv@8 #x00 #x00)", 0xFF),
        ("(bvurem@8 #x05 #x00)", 0x05),
        ("(bvsdiv@8 #x05 #x00)", 0xFF),
        ("(bvsdiv@8 #xfb #x00)", 0x01),
        ("(bvsdiv@8 #x80 #xff)", 0x80),
        ("(bvsrem@8 #xfb #x00)", 0xFB),
        ("(bvsrem@8 #x80 #xff)", 0x00),
        ("(bvsmod@8 #xfb #x00)", 0xFB),
        ("(bvudiv@1 #b1 #b0)", 1),
        ("(bvsdiv@1 #b1 #b1)", 1),
    ],
)
def test_division_has_the_values_that_smt_lib_fixes(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient", "remainder", "modulus"),
    [(7, 3, 2, 1, 1), (-7, 3, -2, -1, 2), (7, -3, -2, 1, -2), (-7, -3, 2, -1, -1), (6, -3, -2, 0, 0)],
)
def test_signed_division_rounds_to_zero_and_the_modulus_follows_the_divisor(
    dividend: int, divisor: int, quotient: int, remainder: int, modulus: int
) -> None:
    arguments = dividend % 256, divisor % 256
    assert value("(bvsdiv@8 $1 $0)", *arguments) == quotient % 256
    assert value("(bvsrem@8 $1 $0)", *arguments) == remainder % 256
    assert value("(bvsmod@8 $1 $0)", *arguments) == modulus % 256


@pytest.mark.parametrize("count", [8, 9, 64, 255])
def test_a_shift_by_the_width_or_more_leaves_the_fill_bit(count: int) -> None:
    assert value("(bvshl@8 $1 $0)", 0xFF, count) == 0
    assert value("(bvlshr@8 $1 $0)", 0xFF, count) == 0
    assert value("(bvashr@8 $1 $0)", 0x80, count) == 0xFF
    assert value("(bvashr@8 $1 $0)", 0x7F, count) == 0


def test_a_shift_by_a_huge_count_costs_nothing() -> None:
    assert value("(bvshl@128 $1 $0)", 1, 2**127) == 0
    assert value("(bvashr@128 $1 $0)", 2**127, 2**127) == 2**128 - 1


def test_a_single_bit_is_a_vector_whose_only_bit_is_its_sign() -> None:
    assert value("(bvneg@1 $0)", 1) == 1
    assert value("(bvslt@1 $1 $0)", 1, 0) is True
    assert value("(bvashr@1 $1 $0)", 1, 1) == 1
    assert value("((_ sign_extend 3 @1) $0)", 1) == 0xF


@pytest.mark.parametrize("name", [*BINARY, *PREDICATES, *OVERFLOWS, *UNARY, "bvcomp", "concat"])
def test_columns_agree_with_integers_on_all_pairs_of_five_bits(name: str) -> None:
    arity = 1 if name in UNARY else 2
    operator = bitvectors.operator(f"{name}@5", arity)
    assert operator is not None
    term = Application(operator, (Variable(1), Variable(0))[2 - arity :])
    pairs: list[tuple[Value, ...]] = list(itertools.product(range(32), repeat=2))
    columns = BatchedEvaluation(bitvectors, pairs, [bit_vector(5)] * 2)
    assert columns.column(term).cells() == Evaluation(bitvectors, pairs).column(term)


EXACT: dict[str, Callable[[int, int], int]] = {
    "bvuaddo": lambda a, b: a + b,
    "bvusubo": lambda a, b: a - b,
    "bvumulo": lambda a, b: a * b,
    "bvsaddo": lambda a, b: a + b,
    "bvssubo": lambda a, b: a - b,
    "bvsmulo": lambda a, b: a * b,
    "bvsdivo": lambda a, b: abs(a) // abs(b) * (1 if a * b > 0 else -1) if b else -1,
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_overflow_is_an_exact_result_out_of_range(name: str) -> None:
    for a, b in itertools.product(range(16), repeat=2):
        if name.startswith("bvu"):
            overflows = not 0 <= EXACT[name](a, b) < 16
        else:
            overflows = not -8 <= EXACT[name](signed(a, 4), signed(b, 4)) < 8
        assert value(f"({name}@4 $1 $0)", a, b) is overflows


def signed(number: int, width: int) -> int:
    return number - (1 << width) if number >> (width - 1) else number


@settings(deadline=None)
@given(st.data(), st.integers(1, 130))
def test_quotient_and_remainder_give_the_dividend_back(data: st.DataObject, width: int) -> None:
    a, b = (data.draw(st.integers(0, 2**width - 1)) for _ in "ab")
    for quotient, remainder in (("bvudiv", "bvurem"), ("bvsdiv", "bvsrem")):
        text = f"(bvadd@{width} (bvmul@{width} ({quotient}@{width} $1 $0) $0) ({remainder}@{width} $1 $0))"
        assert value(text, a, b) == a


@settings(deadline=None)
@given(st.data(), st.integers(1, 130))
def test_signed_order_is_the_order_of_the_signed_values(data: st.DataObject, width: int) -> None:
    a, b = (data.draw(st.integers(0, 2**width - 1)) for _ in "ab")
    assert value(f"(bvslt@{width} $1 $0)", a, b) is (signed(a, width) < signed(b, width))
    assert value(f"(bvsge@{width} $1 $0)", a, b) is (signed(a, width) >= signed(b, width))


@settings(deadline=None)
@given(st.data(), st.integers(1, 90), st.integers(0, 200))
def test_rotations_undo_each_other(data: st.DataObject, width: int, count: int) -> None:
    a = data.draw(st.integers(0, 2**width - 1))
    assert value(f"((_ rotate_right {count} @{width}) ((_ rotate_left {count} @{width}) $0))", a) == a


@settings(deadline=None)
@given(st.data(), st.integers(2, 90))
def test_two_extracted_parts_concatenate_to_the_whole(data: st.DataObject, width: int) -> None:
    a, cut = data.draw(st.integers(0, 2**width - 1)), data.draw(st.integers(1, width - 1))
    high, low = f"((_ extract {width - 1} {cut} @{width}) $0)", f"((_ extract {cut - 1} 0 @{width}) $0)"
    assert value(f"(concat@{width - cut}.{cut} {high} {low})", a) == a


@pytest.mark.parametrize(
    ("text", "argument", "expected"),
    [
        ("((_ extract 7 4 @8) $0)", 0xA5, 0xA),
        ("((_ zero_extend 8 @8) $0)", 0xA5, 0x00A5),
        ("((_ sign_extend 8 @8) $0)", 0xA5, 0xFFA5),
        ("((_ sign_extend 0 @8) $0)", 0xA5, 0xA5),
        ("((_ rotate_left 4 @8) $0)", 0xA5, 0x5A),
        ("((_ rotate_left 9 @8) $0)", 0xA5, 0x4B),
        ("((_ rotate_right 1 @8) $0)", 0xA5, 0xD2),
        ("((_ repeat 3 @8) $0)", 0xA5, 0xA5A5A5),
        ("(concat@8 $0 #x0f)", 0xA5, 0xA50F),
        ("(bvcomp@8 $0 #xa5)", 0xA5, 1),
    ],
)
def test_operators_with_a_computed_type(text: str, argument: int, expected: int) -> None:
    assert value(text, argument) == expected


@pytest.mark.parametrize(
    ("name", "indices", "widths", "result"),
    [
        ("concat", (), (8, 16), 24),
        ("concat", (), (1, 2, 3), 6),
        ("extract", (3, 1), (8,), 3),
        ("zero_extend", (56,), (8,), 64),
        ("sign_extend", (0,), (8,), 8),
        ("rotate_left", (100,), (8,), 8),
        ("repeat", (4,), (16,), 64),
    ],
)
def test_the_type_of_a_result_is_computed(
    name: str, indices: tuple[int, ...], widths: tuple[int, ...], result: int
) -> None:
    types = [bit_vector(width) for width in widths]
    found = bitvectors.overload(name, types, indices)
    assert found is not None
    assert found.result is bit_vector(result)
    assert bitvectors.meaning(found.operator) is found.primitive


BV8 = bit_vector(8)


@pytest.mark.parametrize(
    ("name", "indices", "types", "message"),
    [
        ("extract", (8, 0), (BV8,), r"\(_ extract 8 0\) of a bit-vector of 8 bits; right is 7 ≥ i ≥ j ≥ 0"),
        ("extract", (2, 3), (BV8,), "right is 7 ≥ i ≥ j ≥ 0"),
        ("extract", (3,), (BV8,), r"extract has 1 numerals; right is \(\(_ extract i j\) x\)"),
        ("extract", (3, 0), (INT,), r"\(_ extract 3 0\) is applied to int; it takes one bit-vector"),
        ("zero_extend", (), (BV8,), r"right is \(\(_ zero_extend i\) x\)"),
        ("rotate_left", (1,), (BV8, BV8), "is applied to bv8, bv8; it takes one bit-vector"),
        ("repeat", (0,), (BV8,), "the numeral is at least 1"),
        ("repeat", (MAXIMUM_WIDTH,), (BV8,), f"the widest bit-vector has {MAXIMUM_WIDTH}"),
        ("zero_extend", (MAXIMUM_WIDTH,), (BV8,), f"the widest is {MAXIMUM_WIDTH}"),
        ("concat", (), (BV8,), "concat is applied to bv8; it takes two or more bit-vectors"),
        ("concat", (), (BV8, BOOL), "concat is applied to bv8, bool"),
    ],
)
def test_a_wrong_application_of_a_family_says_what_is_right(
    name: str, indices: tuple[int, ...], types: tuple[Type, ...], message: str
) -> None:
    with pytest.raises(TypeMismatch, match=message):
        bitvectors.overload(name, types, indices)


@pytest.mark.parametrize("name", ["bvand", "bvor", "bvxor", "bvadd", "bvmul"])
def test_associative_operators_take_many_arguments(name: str) -> None:
    nested = value(f"({name}@8 ({name}@8 $2 $1) $0)", 0x5A, 0xC3, 0x77)
    assert value(f"({name}@8 $2 $1 $0)", 0x5A, 0xC3, 0x77) == nested


@pytest.mark.parametrize("name", ["bvsub", "bvudiv", "bvshl", "bvnand", "bvult"])
def test_other_operators_take_two_arguments(name: str) -> None:
    assert bitvectors.operator(f"{name}@8", 3) is None


def test_arguments_of_one_operator_have_one_width() -> None:
    assert bitvectors.overload("bvadd", [BV8, bit_vector(16)]) is None


@pytest.mark.parametrize(
    "text", ["(bvadd@64 $0 $1)", "(concat@8 $0 $1)", "((_ extract 3 0 @8) $0)", "(bvand@8 $0 $0 $0)", "(bvnot@1 $0)"]
)
def test_operators_are_written_with_their_width(text: str) -> None:
    assert to_sexpr(parse_term(text, bitvectors.operator)) == text


def test_what_is_written_at_several_widths_is_read_back() -> None:
    term = parse_term("(concat@8.16 $0 $1)", bitvectors.operator)
    assert parse_term(to_sexpr(term), bitvectors.operator) is term


def test_a_width_dependent_operator_needs_its_width() -> None:
    assert bitvectors.operator("bvadd", 2) is None


def test_every_operator_says_what_it_does() -> None:
    assert [p.name for p in bitvectors.primitives if not p.description] == []


def test_operators_that_restate_others_are_not_searched() -> None:
    hidden = {p.name for p in bitvectors.own_primitives() if not p.searchable}
    restated = {"bvnand", "bvnor", "bvxnor", "bvsmod", "bvugt", "bvuge", "bvsgt", "bvsge", "bvcomp"}
    assert hidden == {*restated, *OVERFLOWS, "bvnego"}


@pytest.mark.parametrize("width", [1, 7, 64, 100])
def test_zero_and_one_are_constants_of_the_widths_of_the_request_alone(width: int) -> None:
    type_ = bit_vector(width)
    grammar = bitvectors.grammar(arrow(type_, type_))
    heads = [p.head for n in grammar.reachable() for p in grammar.productions(n)]
    literals = dict.fromkeys(head for head in heads if isinstance(head, Literal) and head.type.name == "bv")
    assert list(literals) == [Literal(0, type_), Literal(1, type_)]


# A few of the shipped tasks against arithmetic written differently.

REFERENCES: dict[str, Callable[..., int | bool]] = {
    "clear the lowest set bit": lambda x: x & (x - 1),
    "parity of a byte": lambda x: x.bit_count() % 2,
    "round up to a power of two": lambda x: 1 << (x - 1).bit_length(),
    "average rounded down without overflow": lambda x, y: (x + y) // 2,
    "saturating addition": lambda x, y: min(255, x + y),
    "reverse the bytes of a word": lambda x: int.from_bytes(x.to_bytes(4, "big"), "little"),
    "is a power of two": lambda x: x.bit_count() == 1,
    "binary-coded decimal of a number below a hundred": lambda x: int(str(x), 16),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_a_task_means_what_its_name_says(name: str) -> None:
    (task,) = (t for t in bitvectors.tasks if t.name == name)
    for example in (*task.spec.examples, *task.held_out.examples):
        assert REFERENCES[name](*example.inputs) == example.output


def test_tasks_are_of_the_usual_widths() -> None:
    types = {t for task in bitvectors.tasks for _, t in task.spec.functions[0].parameters}
    assert types == {bit_vector(width) for width in (8, 16, 32, 64)}


def test_the_language_has_the_operators_at_the_widths_of_the_request() -> None:
    grammar = bitvectors.grammar("bv8 -> bv8")
    assert grammar.derive(parse_term("(lambda (bvand@8 $0 (bvneg@8 $0)))", bitvectors.operator)) is not None
    assert grammar.derive(parse_term("(lambda (bvnand@8 $0 $0))", bitvectors.operator)) is None
