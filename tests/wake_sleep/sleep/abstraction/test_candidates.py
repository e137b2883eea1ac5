"""What may become an abstraction, and what is dropped for which reason."""

import pytest

from dsl.domain import load_domain
from dsl.inference import infer
from dsl.terms import Operator
from wake_sleep.sleep.abstraction.candidates import Drop, Dropped, candidate, named

LISTS = load_domain("lists")


def made(text: str) -> Operator:
    found = candidate(LISTS.parse(text))
    assert isinstance(found, Operator)
    return found


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("(lambda (filter (lambda (is-even $0)) $0))", "list(int) -> list(int)"),
        ("(lambda (car (car $0)))", "list(list(t0)) -> t0"),
        ("(lambda (lambda (map $1 (cdr $0))))", "(t0 -> t1) -> list(t0) -> list(t1)"),
        ("(lambda (+ $0 $0))", "int -> int"),
    ],
)
def test_has_its_most_general_type(text: str, type_: str) -> None:
    found = made(text)
    assert str(found.type) == type_
    assert found.definition is not None
    assert infer(found.definition) is found.type


def test_is_eta_long() -> None:
    bare, long = made("(lambda (lambda (map $1 (cdr $0))))"), made("(lambda (lambda (map (lambda ($2 $0)) (cdr $0))))")
    assert bare is long
    assert str(bare.definition) == "(lambda (lambda (map (lambda ($2 $0)) (cdr $0))))"


def test_order_of_parameters_is_no_difference() -> None:
    assert made("(lambda (lambda (+ $0 (* $1 $1))))") is made("(lambda (lambda (+ $1 (* $0 $0))))")


def test_an_unused_parameter_is_left_out() -> None:
    assert made("(lambda (lambda (+ $0 (* $0 2))))") is made("(lambda (+ $0 (* $0 2)))")


def test_the_name_is_no_part_of_the_identity() -> None:
    found = made("(lambda (+ $0 $0))")
    assert named(found, "double").key == found.key == found.name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("(lambda (+ $0 (length $0)))", Drop.UNTYPABLE),
        ("(lambda (if $0 $0 ($0 $0)))", Drop.UNTYPABLE),
        ("(lambda $0)", Drop.IDENTITY),
        ("(+ 1 1)", Drop.CONSTANT),
        ("(lambda (+ 1 1))", Drop.CONSTANT),
        ("(lambda (lambda ($1 $0)))", Drop.TRIVIAL),
        ("(lambda (lambda (+ $0 $1)))", Drop.PRIMITIVE),
        ("(lambda (lambda (map $0 $1)))", Drop.PRIMITIVE),
        ("(lambda (lambda (map (lambda ($2 $0)) $0)))", Drop.PRIMITIVE),
        ("(lambda (car $0))", Drop.PRIMITIVE),
        ("(lambda (lambda (lambda (+ 1 ($2 (lambda ($2 $0)))))))", Drop.HIGHER_ORDER),
    ],
)
def test_is_dropped(text: str, reason: Drop) -> None:
    found = candidate(LISTS.parse(text))
    assert isinstance(found, Dropped)
    assert found.reason is reason


def test_a_result_that_would_be_applied_further_is_dropped() -> None:
    found = candidate(LISTS.parse("(lambda (car (map (lambda (lambda (+ $0 $1))) $0)))"))
    assert isinstance(found, Dropped)
    assert found.reason is Drop.OVER_APPLIED


def test_abstractions_in_a_proposal_are_expanded() -> None:
    double = named(made("(lambda (+ $0 $0))"), "double")

    def resolve(name: str, arity: int) -> Operator | None:
        return double if name == "double" else LISTS.operator(name, arity)

    from dsl.printing import parse_term

    found = candidate(parse_term("(lambda (* (double $0) 3))", resolve))
    assert found is made("(lambda (* (+ $0 $0) 3))")
