"""Type inference: principal types of terms, whatever their depth and sharing."""

import pytest

from dsl.domain import load_domain
from dsl.errors import TypeMismatch
from dsl.inference import has_instance, infer
from dsl.printing import parse_term
from dsl.terms import Application, Lambda, Operator, Term, Variable
from dsl.types import BOOL, INT, STRING, Type, TypeVariable, arrow, list_of, parse_type


def read(text: str, domain: str = "lists") -> Term:
    return parse_term(text, load_domain(domain).operator)


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1", "int"),
        ("empty", "list(t0)"),
        ("(lambda $0)", "t0 -> t0"),
        ("(lambda (lambda $1))", "t0 -> t1 -> t0"),
        ("(lambda (lambda (lambda ($2 $0 ($1 $0)))))", "(t0 -> t1 -> t2) -> (t0 -> t1) -> t0 -> t2"),
        ("(lambda (+ $0 1))", "int -> int"),
        ("(lambda (map (lambda (+ $0 1)) $0))", "list(int) -> list(int)"),
        ("(lambda (lambda (map $1 $0)))", "(t0 -> t1) -> list(t0) -> list(t1)"),
        ("(lambda (fold $0 empty (lambda (lambda (cons $1 $0)))))", "list(t0) -> list(t0)"),
        ("(lambda (lambda (lambda (fold $0 $1 $2))))", "(t0 -> t1 -> t1) -> t1 -> list(t0) -> t1"),
        ("(cons (cons 1 empty) (cons empty empty))", "list(list(int))"),
        ("(lambda (if $0 (cons (if $0 empty empty) empty) empty))", "bool -> list(list(t0))"),
        ("((lambda (cons $0 empty)) 1)", "list(int)"),
        ("((if true (lambda $0) (lambda 1)) 2)", "int"),
        ("(lambda ($0 1 true))", "(int -> bool -> t0) -> t0"),
    ],
)
def test_the_most_general_type_is_found(text: str, type_: str) -> None:
    assert infer(read(text)) is parse_type(type_)


def test_bit_vector_operators_have_their_widths() -> None:
    text = "(lambda (concat@8.16 ((_ extract 7 0 @64) $0) (bvadd@16 #x0001 #x0002)))"
    assert infer(read(text, "bitvectors")) is parse_type("bv64 -> bv24")


def test_free_variables_have_the_types_of_the_environment() -> None:
    assert infer(read("(cons $0 $1)"), [INT, list_of(INT)]) is list_of(INT)
    assert infer(Variable(1), [INT, STRING]) is STRING
    assert infer(read("(lambda (cons $1 $2))"), [BOOL, list_of(BOOL)]) is parse_type("t0 -> list(bool)")


def test_type_variables_of_the_environment_are_one_type_throughout() -> None:
    environment = [TypeVariable(3), list_of(TypeVariable(7))]
    assert infer(read("(cons $0 $1)"), environment) is parse_type("list(t0)")
    assert infer(read("(cons (car $1) (cons 1 $1))"), environment) is list_of(INT)
    with pytest.raises(TypeMismatch):
        infer(read("(cons (is-even $0) (cons $0 empty))"), environment)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("(+ 1 true)", "+ of type int -> int -> int is applied to int, bool"),
        ("(cons 1 (cons true empty))", "cons of type t0 -> list(t0) -> list(t0) is applied to int, list(bool)"),
        ("(lambda ($0 $0))", "$0 of type t0 is applied to t0"),
        ("(lambda (map $0 (range $0)))", "is applied to"),
        ("((car (cons 1 empty)) 2)", "(car (cons 1 empty)) of type int is applied to int"),
        ("(map (lambda (is-even (car $0))) (range 3))", "is applied to"),
        ("$2", "variable $2 is not bound"),
        ("(lambda $1)", "variable $1 is not bound"),
    ],
)
def test_a_term_without_a_type_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(TypeMismatch) as caught:
        infer(read(text))
    assert complaint in str(caught.value)
    assert len(str(caught.value)) <= 500


def test_a_macro_has_the_type_that_it_was_declared_with() -> None:
    choose = Operator("choose", parse_type("t0 -> t0 -> t0"), "macro", read("(lambda (lambda $1))"))
    assert infer(Application(choose, (read("1"), Variable(0))), [INT]) is INT
    with pytest.raises(TypeMismatch, match="choose of type t0 -> t0 -> t0 is applied to int, bool"):
        infer(Application(choose, (read("1"), read("true"))))


def test_deep_terms_are_typed_without_recursion() -> None:
    plus = read("(+ 1 1)").head  # type: ignore[attr-defined]
    sums: Term = Variable(0)
    redexes: Term = Variable(0)
    for _ in range(10_000):
        sums = Application(plus, (sums, sums))
        redexes = Application(Lambda(Application(plus, (Variable(0), Variable(1)))), (redexes,))
    assert infer(sums, [INT]) is INT
    assert infer(redexes, [INT]) is INT


def test_shared_terms_are_typed_once_but_at_different_types() -> None:
    # Each level is used as a list of one type and, in the length, of any other.
    term = read("empty")
    for _ in range(60):
        used = Application(length(), (term,))
        term = Application(choice(), (Application(is_even(), (used,)), term, term))
    assert infer(term) is parse_type("list(t0)")
    assert infer(Application(both(), (Application(cons(), (read("1"), term)), term))) is parse_type("list(list(int))")
    twice = Application(both(), (Application(cons(), (read("true"), term)), Application(cons(), (read("true"), term))))
    numbers = Application(cons(), (read("1"), term))
    assert infer(Application(choice(), (read("true"), numbers, numbers))) is list_of(INT)
    assert infer(twice) is parse_type("list(list(bool))")


def both() -> Operator:
    scheme = parse_type("list(t0) -> list(t0) -> list(list(t0))")
    return Operator("both", scheme)


def length() -> Operator:
    return head_of("(length empty)")


def choice() -> Operator:
    return head_of("(if true empty empty)")


def is_even() -> Operator:
    return head_of("(is-even 1)")


def cons() -> Operator:
    return head_of("(cons 1 empty)")


def head_of(text: str) -> Operator:
    term = read(text)
    assert isinstance(term, Application)
    assert isinstance(term.head, Operator)
    return term.head


@pytest.mark.parametrize(
    ("scheme", "wanted", "fits"),
    [
        ("t0 -> t0", "int -> int", True),
        ("t0 -> t0", "int -> bool", False),
        ("t0 -> t1", "t0 -> t0", True),
        ("int -> int", "int -> int", True),
        ("list(t0)", "int", False),
        ("t0", "int -> list(t1)", True),
        ("bv(t0) -> bv(t0)", "bv8 -> bv8", True),
        ("bv(t0) -> bv(t0)", "bv8 -> bv16", False),
    ],
)
def test_a_scheme_is_used_at_its_instances(scheme: str, wanted: str, fits: bool) -> None:
    assert has_instance(parse_type(scheme), parse_type(wanted)) is fits


def test_the_type_of_an_unused_parameter_stays_open() -> None:
    types: list[Type] = [infer(read(text)) for text in ("(lambda 1)", "(lambda (lambda 1))")]
    assert types == [arrow(TypeVariable(0), INT), arrow(TypeVariable(0), TypeVariable(1), INT)]
