"""Terms, types and values in Z3."""

import itertools

import pytest
import z3
from hypothesis import given
from hypothesis import strategies as st

from dsl import Domain
from dsl.domain import Primitive, Variadic
from dsl.domains.bitvectors import bitvectors
from dsl.domains.integers import integers
from dsl.domains.strings import strings
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.printing import parse_term
from dsl.smt import sort_of, to_z3, value_from_z3, value_to_z3
from dsl.terms import ABSTRACTION, FUNCTION, MACRO, Application, Literal, Operator, Term, Variable, abstract, substitute
from dsl.types import BOOL, INT, REAL, STRING, Type, bit_vector, list_of, parse_type
from dsl.values import BOTTOM, Value

X, Y = z3.Ints("x y")
S, T = z3.Strings("s t")
A, B = z3.BitVecs("a b", 8)


def integer_term(text: str) -> Term:
    return parse_term(text, integers.operator)


def is_valid(claim: z3.BoolRef) -> bool:
    solver = z3.Solver()
    solver.add(z3.Not(claim))
    return bool(solver.check() == z3.unsat)


def macro(name: str, body: str, type_: str, kind: str = MACRO) -> Operator:
    scheme = parse_type(type_)
    return Operator(name, scheme, kind, abstract(integer_term(body), len(scheme.parameters)))


class TestValues:
    @given(st.text(st.characters(max_codepoint=0x2FFFF, exclude_categories=()), max_size=8))
    def test_a_string_survives_the_way_through_z3(self, text: str) -> None:
        assert value_from_z3(value_to_z3(text, STRING), STRING) == text

    @given(st.integers())
    def test_an_integer_survives_the_way_through_z3(self, number: int) -> None:
        assert value_from_z3(value_to_z3(number, INT), INT) == number

    @given(st.integers(1, 100).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, 2**n - 1))))
    def test_a_bit_vector_survives_the_way_through_z3(self, vector: tuple[int, int]) -> None:
        width, number = vector
        type_ = bit_vector(width)
        assert value_from_z3(value_to_z3(number, type_), type_) == number

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_a_real_survives_the_way_through_z3(self, number: float) -> None:
        assert value_from_z3(value_to_z3(number, REAL), REAL) == number

    @pytest.mark.parametrize("text", ["\\u{41}", "\\u0041", '""', "\\", "\ud800", "\U0002ffff"])
    def test_what_looks_like_an_escape_is_text(self, text: str) -> None:
        assert z3.simplify(z3.Length(value_to_z3(text, STRING))).as_long() == len(text)

    @pytest.mark.parametrize("value", [True, False])
    def test_a_truth_value_survives_the_way_through_z3(self, value: bool) -> None:
        assert value_from_z3(value_to_z3(value, BOOL), BOOL) is value

    def test_a_type_without_a_sort_is_named(self) -> None:
        with pytest.raises(DomainError, match=r"list\(int\) has no SMT sort"):
            sort_of(list_of(INT))

    def test_an_expression_that_is_no_literal_is_no_value(self) -> None:
        with pytest.raises(TypeMismatch, match=r"x \+ 1 is no literal of type int"):
            value_from_z3(X + 1, INT)

    def test_a_literal_of_another_width_is_no_value(self) -> None:
        with pytest.raises(TypeMismatch, match="bv16"):
            value_from_z3(z3.BitVecVal(3, 8), bit_vector(16))

    def test_an_integer_too_long_for_a_literal_is_refused(self) -> None:
        with pytest.raises(LimitExceeded, match="5000 digits"):
            value_from_z3(z3.IntVal("9" * 5000), INT)


class TestTerms:
    def test_the_last_variable_is_the_innermost(self) -> None:
        assert to_z3(integer_term("(- $1 $0)"), [X, Y], integers).eq(X - Y)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("(+ $1 $0 1)", X + Y + 1),
            ("(- $1 $0 1)", X - Y - 1),
            ("(- $0)", -Y),
            ("(< $1 $0 3)", z3.And(X < Y, Y < 3)),
            ("(= $1 $0 3)", z3.And(X == Y, Y == 3)),
            ("(distinct $1 $0 3)", z3.Distinct(X, Y, 3)),
            ("(=> (< $1 0) (< $0 0) false)", z3.Implies(X < 0, z3.Implies(Y < 0, False))),
            ("(ite (and (< $1 $0) true) $1 -7)", z3.If(X < Y, X, -7)),
            ("(div $1 $0 2)", (X / Y) / 2),
            ("(mod (abs $1) $0)", z3.If(X >= 0, X, -X) % Y),
        ],
    )
    def test_integer_operators_mean_what_smt_lib_says(self, text: str, expected: z3.ExprRef) -> None:
        assert is_valid(to_z3(integer_term(text), [X, Y], integers) == expected)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("(str.++ $1 $0 $1)", z3.Concat(S, T, S)),
            ("(str.< $1 $0 $1)", z3.And(S < T, T < S)),
            ("(str.<= $1 $0 $1)", z3.And(S <= T, T <= S)),
            ("(str.indexof $1 $0 0)", z3.IndexOf(S, T, 0)),
            ("(strings.take $1 2)", z3.SubString(S, 0, 2)),
        ],
    )
    def test_string_operators_mean_what_smt_lib_says(self, text: str, expected: z3.ExprRef) -> None:
        assert to_z3(parse_term(text, strings.operator), [S, T], strings).eq(expected)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("(bvadd@8 $1 $0 #x01)", A + B + 1),
            ("(bvudiv@8 $1 $0)", z3.UDiv(A, B)),
            ("(bvule@8 $1 $0)", z3.ULE(A, B)),
            ("(concat@8 $1 $0)", z3.Concat(A, B)),
            ("((_ extract 3 0 @8) $1)", z3.Extract(3, 0, A)),
            ("((_ sign_extend 8 @8) $1)", z3.SignExt(8, A)),
            ("(ite (= $1 $0) $1 $0)", B),
        ],
    )
    def test_bit_vector_operators_mean_what_smt_lib_says(self, text: str, expected: z3.ExprRef) -> None:
        assert is_valid(to_z3(parse_term(text, bitvectors.operator), [A, B], bitvectors) == expected)

    def test_a_term_may_be_twenty_thousand_levels_deep(self) -> None:
        add, term = integers.operator("+", 2), integer_term("$0")
        assert add is not None
        for _ in range(20_000):
            term = Application(add, (term, Variable(0)))
        assert z3.is_add(to_z3(term, [X], integers))

    def test_a_shared_sub_term_is_translated_once(self) -> None:
        doubled, term = integer_term("(+ $0 $0)"), integer_term("$0")
        for _ in range(200):
            term = substitute(doubled, [term])
        assert term.size > 2**200
        assert z3.is_add(to_z3(term, [X], integers))

    def test_a_context_of_ones_own_can_be_used(self) -> None:
        context = z3.Context()
        x = z3.Int("x", context)
        assert to_z3(integer_term("(+ $0 1)"), [x], integers, context=context).eq(x + 1)

    def test_an_immediately_applied_function_is_put_in(self) -> None:
        term = integer_term("((lambda (- $0 $1)) 5)")
        assert to_z3(term, [X], integers).eq(5 - X)


class TestDefinitions:
    def test_a_macro_is_expanded_with_its_arguments(self) -> None:
        twice = macro("twice", "(+ $1 $0)", "int -> int -> int")
        term = Application(twice, (integer_term("(- $0 1)"), integer_term("$0")))
        assert to_z3(term, [X], integers).eq((X - 1) + X)

    def test_equal_calls_of_nested_macros_are_expanded_once(self) -> None:
        # Each level calls the one below it twice: expanded as a tree this would be 2^60 applications.
        level = macro("level0", "(+ $0 1)", "int -> int")
        for i in range(1, 60):
            calls = Application(level, (Variable(0),))
            add = integers.operator("+", 2)
            assert add is not None
            level = Operator(
                f"level{i}", parse_type("int -> int"), MACRO, abstract(Application(add, (calls, calls)), 1)
            )
        assert z3.is_add(to_z3(Application(level, (Variable(0),)), [X], integers))

    def test_a_chain_of_a_thousand_macros_is_expanded(self) -> None:
        level = macro("level0", "(+ $0 1)", "int -> int")
        for i in range(1, 1000):
            body = abstract(Application(level, (Variable(0),)), 1)
            level = Operator(f"level{i}", parse_type("int -> int"), MACRO, body)
        assert to_z3(Application(level, (Variable(0),)), [X], integers).eq(X + 1)

    def test_an_abstraction_over_functions_is_expanded_first(self) -> None:
        twice = Operator(
            "twice",
            parse_type("(int -> int) -> int -> int"),
            ABSTRACTION,
            integer_term("(lambda (lambda ($1 ($1 $0))))"),
        )
        term = Application(twice, (integer_term("(lambda (+ $0 3))"), integer_term("$0")))
        assert to_z3(term, [X], integers).eq((X + 3) + 3)

    def test_an_unknown_function_is_what_the_caller_makes_of_it(self) -> None:
        f = Operator("f", parse_type("int -> int"), FUNCTION)
        symbol, calls = z3.Function("f", z3.IntSort(), z3.IntSort()), itertools.count()

        def call(argument: z3.ExprRef) -> z3.ExprRef:
            next(calls)
            return symbol(argument)

        once = Application(f, (Variable(0),))
        add = integers.operator("+", 2)
        assert add is not None
        made = to_z3(Application(add, (once, once)), [X], integers, {f: call})
        assert made.eq(symbol(X) + symbol(X))
        assert next(calls) == 1

    def test_the_caller_can_replace_a_macro(self) -> None:
        f = macro("f", "(+ $0 1)", "int -> int")
        assert to_z3(Application(f, (Variable(0),)), [X], integers, {f: lambda x: x * 2}).eq(X * 2)


class TestErrors:
    def test_a_primitive_without_smt_meaning_is_named(self) -> None:
        with pytest.raises(DomainError, match=r"strings\.title of domain strings has no SMT meaning"):
            to_z3(parse_term("(strings.title $0)", strings.operator), [S], strings)

    def test_an_unknown_function_without_expression_is_named(self) -> None:
        with pytest.raises(DomainError, match="unknown function f"):
            to_z3(Application(Operator("f", INT, FUNCTION)), [], integers)

    def test_a_function_as_a_value_is_refused(self) -> None:
        with pytest.raises(DomainError, match="function as a value"):
            to_z3(integer_term("(lambda $0)"), [], integers)

    def test_a_missing_variable_is_named(self) -> None:
        with pytest.raises(TypeMismatch, match=r"variable \$1 has no expression; 1 are given"):
            to_z3(integer_term("(+ $0 $1)"), [X], integers)

    def test_a_variable_of_another_sort_is_refused(self) -> None:
        with pytest.raises(TypeMismatch, match=r"\+ : int -> int -> int applied to String, Int"):
            to_z3(integer_term("(+ $0 1)"), [S], integers)

    def test_a_meaning_that_z3_cannot_read_is_shown(self) -> None:
        domain = Domain("odd")

        @domain.primitive(smt="(nonsense {0})")
        def odd(number: int) -> bool:
            return number % 2 == 1

        with pytest.raises(DomainError, match=r"\(nonsense \{0\}\) of primitive odd cannot be read.*nonsense"):
            to_z3(parse_term("(odd $0)", domain.operator), [X], domain)


class TestMeaningsOfOthers:
    def test_a_meaning_may_use_its_arguments_freely(self) -> None:
        domain = Domain("clock")

        @domain.primitive(smt="(ite (= {1} 0) {0} (mod (+ (* 2 {0}) {1}) 12))")
        def later(hour: int, by: int) -> int:
            return hour if by == 0 else (2 * hour + by) % 12

        made = to_z3(parse_term("(later $0 3)", domain.operator), [X], domain)
        assert is_valid(made == (2 * X + 3) % 12)

    @pytest.mark.parametrize(
        ("variadic", "expected"),
        [("left", (X - 2 * Y) - 6), ("right", X - 2 * (Y - 6))],
    )
    def test_a_variadic_primitive_is_folded(self, variadic: Variadic, expected: z3.ExprRef) -> None:
        domain = Domain("odd")

        @domain.primitive(smt="(- {0} (* 2 {1}))", variadic=variadic)
        def apart(a: int, b: int) -> int:
            return a - 2 * b

        assert is_valid(to_z3(parse_term("(apart $1 $0 3)", domain.operator), [X, Y], domain) == expected)

    @pytest.mark.parametrize(
        ("variadic", "expected"),
        [("chain", z3.And(X + 1 == Y, Y + 1 == 3)), ("pairwise", z3.And(X + 1 == Y, Y + 1 == 3, X + 1 == 3))],
    )
    def test_a_variadic_relation_is_a_conjunction(self, variadic: Variadic, expected: z3.ExprRef) -> None:
        domain = Domain("odd")

        @domain.primitive(smt="(= (+ {0} 1) {1})", variadic=variadic)
        def follows(a: int, b: int) -> bool:
            return a + 1 == b

        assert is_valid(to_z3(parse_term("(follows $1 $0 3)", domain.operator), [X, Y], domain) == expected)


CORNERS: dict[Type, list[Value]] = {
    INT: [-(10**20), -2, -1, 0, 1, 2, 3, 196607, 196608, 55296],
    STRING: ["", "a", "ab", "aab", "A", "0", "12", "\\u{41}", "é\U0002ffff"],
    BOOL: [True, False],
}
PRIMITIVES = [p for p in strings.primitives if p.smt is not None and all(t in CORNERS for t in p.type.parameters)]


@pytest.mark.parametrize("primitive", PRIMITIVES, ids=lambda p: f"{p.name}/{p.arity}")
def test_z3_computes_what_python_computes(primitive: Primitive) -> None:
    parameters = primitive.type.parameters
    cases = list(itertools.product(*(CORNERS[t] for t in parameters)))
    for case in cases[:: max(1, len(cases) // 60)]:
        expected = primitive.function(*case)
        if expected is BOTTOM:
            continue
        term = Application(primitive.operator, tuple(map(Literal, case, parameters)))
        assert is_valid(to_z3(term, [], strings) == value_to_z3(expected, primitive.type.result)), case
