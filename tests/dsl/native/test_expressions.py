"""Conditions in a subset of Python become terms that mean what Python means, and mistakes are pointed at."""

import contextlib
import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from dsl.domain import load_domain
from dsl.errors import SpecError
from dsl.evaluate import evaluate
from dsl.native.expressions import MAXIMUM_LENGTH, Scope, literal_term, python_name, read_condition
from dsl.spec import Function
from dsl.terms import Application, Term, Variable, abstract
from dsl.types import BOOL, CHAR, INT, STRING, Type, bit_vector, list_of, parse_type
from dsl.values import Value

BYTE = bit_vector(8)
XY = (("x", INT), ("y", INT))
F = Function("f", XY, INT)
CALL = Application(F.operator, (Variable(1), Variable(0)))


def fail(message: str, index: int, suggestion: str | None) -> SpecError:
    return SpecError(message, line=1, column=index, suggestion=suggestion)


def read(text: str, domain: str = "integers", scope: Scope | None = None) -> Term:
    return read_condition(text, load_domain(domain), scope or Scope(XY, F, CALL), fail)


def error_of(text: str, domain: str = "integers", scope: Scope | None = None) -> SpecError:
    with pytest.raises(SpecError) as caught:
        read(text, domain, scope)
    return caught.value


def truth(text: str, domain: str, variables: Sequence[tuple[str, Type]], values: Sequence[Value]) -> object:
    term = read(text, domain, Scope(tuple(variables)))
    return evaluate(abstract(term, len(variables)), values, load_domain(domain))


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("x < y", "(< $1 $0)"),
        ("result >= x", "(>= (f $1 $0) $1)"),
        ("f(y, x) == f(x, y)", "(= (f $0 $1) (f $1 $0))"),
        ("0 < x <= y", "(and (< 0 $1) (<= $1 $0))"),
        ("x == y == 1", "(and (= $1 $0) (= $0 1))"),
        ("x != y", "(distinct $1 $0)"),
        ("x > 0 and y > 0 and x > y", "(and (> $1 0) (> $0 0) (> $1 $0))"),
        ("not x == y or True", "(or (not (= $1 $0)) true)"),
        ("implies(x > 0, y > -1)", "(=> (> $1 0) (> $0 -1))"),
        ("(x if x > y else y) == result", "(= (ite (> $1 $0) $1 $0) (f $1 $0))"),
        ("x // 2 == y % 2 + -x * 3", "(= (div $1 2) (+ (mod $0 2) (* (- $1) 3)))"),
        ("abs(x) == max(x, y, 3)", "(= (abs $1) (ite (<= 3 (ite (<= $0 $1) $1 $0)) (ite (<= $0 $1) $1 $0) 3))"),
        ("min(x, y) == y", "(= (ite (<= $1 $0) $1 $0) $0)"),
        ("result in [x, y, 0]", "(or (= (f $1 $0) $1) (= (f $1 $0) $0) (= (f $1 $0) 0))"),
        ("result in (x,)", "(= (f $1 $0) $1)"),
        ("f(x=y)", None),
        ("+x == x", "(= $1 $1)"),
        ("xor(x > 1, y > 1)", "(xor (> $1 1) (> $0 1))"),
    ],
)
def test_an_expression_becomes_a_term(text: str, term: str | None) -> None:
    if term is None:
        assert error_of(text).message == "arguments are given by position"
    else:
        assert repr(read(text)) == term


@pytest.mark.parametrize(
    ("domain", "types", "text", "term"),
    [
        ("strings", "str -> int -> bool", "len(x0 + 'a') == x1 + 1", '(= (str.len (str.++ $1 "a")) (+ $0 1))'),
        ("strings", "str -> str -> bool", "x0 in x1 and x0 not in x1", None),
        ("strings", "str -> str -> bool", "x0.startswith(x1)", "(str.prefixof $0 $1)"),
        ("strings", "str -> str -> bool", "x0.endswith('b')", '(str.suffixof "b" $1)'),
        ("strings", "str -> str -> bool", "x0.find(x1) == 0", "(= (str.indexof $1 $0 0) 0)"),
        ("strings", "str -> str -> bool", "x0 < x1 <= 'b'", '(and (str.< $1 $0) (str.<= $0 "b"))'),
        ("strings", "str -> str -> bool", "x0 > x1", "(str.< $0 $1)"),
        ("strings", "str -> int -> bool", "x0[x1] == 'a'", '(= (str.at $1 $0) "a")'),
        ("strings", "str -> bool", "str_substr(x0, 0, 1) == strings_upper(x0)", None),
        ("strings", "str -> int -> bool", "int(x0) == x1 and str(x1) == x0", None),
        ("bitvectors", "bv8 -> bv8 -> bool", "x0 & 0xf0 == x1 << 4", "(= (bvand@8 $1 #xf0) (bvshl@8 $0 #x04))"),
        ("bitvectors", "bv8 -> bool", "~x0 | 1 ^ 2 != -1", None),
        ("bitvectors", "bv8 -> bool", "255 >= x0", "(bvuge@8 #xff $0)"),
        ("bitvectors", "bv8 -> bv16 -> bool", "concat(x0, x0) == x1", "(= (concat@8 $1 $1) $0)"),
        ("bitvectors", "bv8 -> bool", "max(x0, 1) == x0", "(= (ite (bvule@8 #x01 $0) $0 #x01) $0)"),
        ("lists", "list(int) -> bool", "x0 == empty", "(= $0 empty)"),
        ("lists", "list(int) -> bool", "x0 == []", "(= $0 empty)"),
        ("lists", "list(int) -> bool", "x0 == [1, len(x0)]", "(= $0 (cons 1 (cons (length $0) empty)))"),
        ("lists", "list(int) -> bool", "x0[0] == max(x0) == max(1, 2)", None),
        ("lists", "list(int) -> bool", "sorted(x0) == reverse(x0) and sum(x0) > 0", None),
        ("lists", "list(char) -> bool", "x0[0] == 'a'", '(= (index 0 $0) (char "a"))'),
        ("lists", "list(bool) -> bool", "x0[0] and cons(True, x0) == x0", None),
        ("lists", "list(int) -> bool", "cons(1, []) == take(1, x0)", None),
        ("lists", "list(int) -> bool", "is_even(x0[0])", "(is-even (index 0 $0))"),
    ],
)
def test_names_and_operators_are_those_that_fit_the_types(domain: str, types: str, text: str, term: str | None) -> None:
    parameters = parse_type(types).parameters
    scope = Scope(tuple((f"x{index}", type_) for index, type_ in enumerate(parameters)))
    found = repr(read(text, domain, scope))
    assert term is None or found == term


@pytest.mark.parametrize(
    "text",
    [
        "x + y * 2 - 1 < x",
        "x // 3 == y % 3",
        "abs(x) > y",
        "max(x, y) == x or min(x, y, 0) == y",
        "(x if x > 0 else y) < 0",
        "-x <= y < x + 2 != 0",
        "implies(x > 0, y > 0) == (x <= 0 or y > 0)",
        "not (x == y) and x in (y, y + 1, 3)",
    ],
)
def test_integer_conditions_mean_what_python_means(text: str) -> None:
    for x, y in itertools.product(range(-4, 5), repeat=2):
        names: dict[str, Any] = {"x": x, "y": y, "implies": lambda a, b: not a or b}
        assert truth(text, "integers", XY, (x, y)) == eval(text, names), (x, y)


@pytest.mark.parametrize(
    "text",
    [
        "len(s + t) == len(s) + len(t)",
        "s in t or t not in s",
        "s.startswith(t) == t.endswith(s)",
        "s.find(t) < 1",
        "s < t or s >= t + 'a'",
        "s.upper() == t or s.lower() == t.strip()",
        "t == '' or s.replace(t, 'x') == s",
        "t != '' and s.count(t) > 1",
    ],
)
def test_conditions_on_texts_mean_what_python_means(text: str) -> None:
    texts = ["", "a", "b", "ab", "ba", "aab", "A", " b"]
    for s, t in itertools.product(texts, repeat=2):
        expected = eval(text, {"s": s, "t": t})
        assert truth(text, "strings", [("s", STRING), ("t", STRING)], (s, t)) == expected, (s, t)


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("a + 1 == b", "(a + 1) % 256 == b"),
        ("a & b | 3 == ~a", "a & b | 3 == ~a % 256"),
        ("a << 1 >= b ^ 5", "(a << 1) % 256 >= b ^ 5"),
        ("-a < b >> 1", "-a % 256 < b >> 1"),
        ("a - b == a * b", "(a - b) % 256 == a * b % 256"),
    ],
)
def test_conditions_on_bit_vectors_wrap_around(text: str, python: str) -> None:
    for a, b in itertools.product((0, 1, 3, 127, 128, 254, 255), repeat=2):
        expected = eval(python, {"a": a, "b": b})
        assert truth(text, "bitvectors", [("a", BYTE), ("b", BYTE)], (a, b)) == expected, (a, b)


def test_a_position_in_a_list_that_is_not_there_is_undefined() -> None:
    assert repr(truth("xs[5] == 1", "lists", [("xs", list_of(INT))], ((1, 2),))) == "⊥"


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        ("result > ", 9, "no Python expression", None),
        ("x >\n y", 3, "no Python expression", "parentheses"),
        ("", 0, "no Python expression", None),
        ("x = 1", 2, "no Python expression", None),
        ("x; y", 1, "no Python expression", None),
        ("x\0", 0, "no Python expression: ", None),
        ("x + 1", 0, "a condition is true or false, but this is of type int", None),
        ("xx > 1", 0, "unknown name `xx`", "did you mean `x`?"),
        ("  xx > 1", 2, "unknown name `xx`", None),
        ("(x >\n  zz)", 7, "unknown name `zz`", "the names known here are x, y, result"),
        ("'ä' == 'ä' and zz", 15, "unknown name `zz`", None),
        ("f > 1", 0, "unknown name `f`", "`f` is a function; call it"),
        ("max > 1", 0, "unknown name `max`", "`max` is a function"),
        ("f(x) > 1", 0, "`f` takes 2 arguments, not 1", "f(x: int, y: int) -> int"),
        ("f(x, True) > 1", 5, "y is of type int, but this is of type bool", None),
        ("f(*x) > 1", 2, "`*` cannot be used", None),
        ("g(x) > 1", 0, "unknown function `g`", None),
        ("mxa(x, y) > 1", 0, "unknown function `mxa`", "did you mean `max`?"),
        ("x.real > 1", 0, "an attribute cannot be used", None),
        ("x.startswith(y)", 0, "`.startswith` does not take int and int in the domain integers", None),
        ("x.stratswith(y)", 0, "unknown method `stratswith`", "did you mean `startswith`?"),
        ("(lambda: 1)() > 1", 1, "only functions that have a name", None),
        ("x > 'a'", 4, "`>` does not take str and int in the domain integers", None),
        ("x and y", 0, "`and` takes truth values, but this is of type int", None),
        ("x > 1 and y", 10, "`and` takes truth values", None),
        ("not x", 0, "`not` does not take int", None),
        ("(1 if x else 2) > 1", 6, "`if` takes truth values", None),
        ("(1 if x > 1 else True) == 1", 17, "the branches of `if` are of different types", None),
        ("x / 2 == 1", 0, "`/` cannot be used", "integers are divided by `//`"),
        ("x ** 2 == 1", 0, "`**` cannot be used", None),
        ("x is y", 5, "`is` cannot be used", "values are compared by `==`"),
        ("x in y", 5, "`in` does not take int and int", None),
        ("x in []", 5, "nothing is in an empty list", None),
        ("[x for x in y]", 0, "a comprehension cannot be used", None),
        ("(x, y) == (y, x)", 0, "a tuple cannot be used", None),
        ("f'{x}' == 'a'", 0, "a formatted text cannot be used", None),
        ("(z := x) > 1", 1, "an assignment cannot be used", None),
        ("x == None", 5, "None is no value of a condition", None),
        ("x == b'a'", 5, "b'a' is no value of a condition", None),
        ("x == 0x" + "f" * 4000, 5, "an integer this long is no value", None),
        ("x == " + "9" * 5000, 5, "no Python expression", None),
        ("[x] == [y]", 0, "the domain integers has no lists", None),
        ("x[0] == 1", 0, "`[]` does not take int and int", None),
    ],
)
def test_a_mistake_is_shown_where_it_is(text: str, column: int, message: str, suggestion: str | None) -> None:
    error = error_of(text)
    assert message in error.message
    assert error.column == column or message.startswith("no Python expression")
    assert suggestion is None or suggestion in (error.suggestion or "")


@pytest.mark.parametrize(
    ("domain", "type_", "text", "message"),
    [
        ("bitvectors", "bv8", "x == 256", "256 is no value of type bv8"),
        ("bitvectors", "bv8", "x + y == 1", "unknown name `y`"),
        ("bitvectors", "bv8", "1 << 2 == 4", "`<<` does not take int and int"),
        ("strings", "str", "x[-1] == 'a'", "there is no negative one"),
        ("strings", "str", "x[0:1] == 'a'", "slices cannot be used"),
        ("strings", "str", "x.find() == 0", "`.find` takes 1 arguments, not 0"),
        ("strings", "str", "x == '\U00030000'", "is no value of type str"),
        ("lists", "list(int)", "x == ['a']", "`==` does not take list(int) and list(str)"),
        ("lists", "list(int)", "x == [1, True]", "the list mixes int and bool"),
        ("lists", "list(int)", "map(x, x) == x", "`map` takes a function"),
        ("lists", "list(int)", "take(x, 1) == x", "`take : int -> list(t0) -> list(t0)` does not take"),
        ("lists", "list(int)", "len() == 1", "`len` does not take no arguments"),
        ("lists", "list(int)", "take(x) == x", "`take` does not take list(int)"),
        ("lists", "list(int)", "empty() == x", "`==` does not take list(t0) and list(int)"),
    ],
)
def test_a_mistake_in_a_domain_is_named(domain: str, type_: str, text: str, message: str) -> None:
    scope = Scope((("x", parse_type(type_)),))
    assert message in error_of(text, domain, scope).message


@pytest.mark.parametrize(
    "text",
    [
        "not " * 4000 + "True",
        "-" * 19_000 + "x",
        "(" * 5000 + "x" + ")" * 5000,
        "[" * 9000,
        "x" + " + x" * 4000 + " > 1",
        "x if " * 3000 + "x" + " else x" * 900,
        "f(" * 6000,
        "lambda:" * 2500 + "x",
        "x" + "[0]" * 6000,
        "x" + ".a" * 9000,
        "1 < " * 4900 + "x",
        "x" * (MAXIMUM_LENGTH + 1),
    ],
)
def test_an_expression_of_any_shape_ends_in_a_term_or_an_error(text: str) -> None:
    with contextlib.suppress(SpecError):
        read(text)


def test_the_result_is_known_to_postconditions_alone() -> None:
    error = error_of("result > 1", scope=Scope(XY, F))
    assert error.suggestion == "`result` is the result that a postcondition speaks of"


def test_nothing_is_ever_evaluated() -> None:
    assert error_of("__import__('os').system('true') == 0").message == "unknown method `system`"
    assert error_of("exit()").message == "unknown function `exit`"


def test_warnings_of_the_parser_are_not_shown() -> None:
    assert repr(read("x == '\\d'", "strings", Scope((("x", STRING),)))) == '(= $0 "\\d")'


def test_names_of_primitives_are_written_with_underscores() -> None:
    assert [python_name(name) for name in ("str.len", "is-even", "empty?", "+")] == ["str_len", "is_even", "empty", ""]


def test_the_term_of_a_value_is_a_literal_or_a_list() -> None:
    lists = load_domain("lists")
    assert repr(literal_term(lists, (1, 2), list_of(INT))) == "(cons 1 (cons 2 empty))"
    assert (
        repr(literal_term(lists, ((), (True,)), list_of(list_of(BOOL))))
        == "(cons empty (cons (cons true empty) empty))"
    )
    assert repr(literal_term(lists, ("a",), list_of(CHAR))) == '(cons (char "a") empty)'
    assert literal_term(load_domain("integers"), (1,), list_of(INT)) is None
    assert literal_term(None, (1,), list_of(INT)) is None
    assert repr(literal_term(None, 3, BYTE)) == "#x03"
