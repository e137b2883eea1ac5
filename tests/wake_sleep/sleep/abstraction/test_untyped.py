"""S-expressions of other systems."""

import re

import pytest

from dsl.terms import Application, Lambda, Variable
from wake_sleep.sleep.abstraction.untyped import ProgramSyntaxError, constant, read_program, write_program


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "(f x)",
        "(lambda (map (lambda (+ $0 $1)) $0))",
        "(f \"a b (c\" #t 0.5 -3 é ',')",
        "((lambda ($0 $0)) (lambda $0))",
        "(#(lambda (+ $0 1)) 2)",
        "(f (g) (h x y))".replace("(g)", "g"),
    ],
)
def test_what_is_read_is_written_again(text: str) -> None:
    assert write_program(read_program(text)) == text


def test_both_names_of_binders_are_read() -> None:
    assert read_program("(lam $0)") is read_program("(lambda $0)") is Lambda(Variable(0))


def test_nested_applications_are_one() -> None:
    assert read_program("((f a) b)") is read_program("(f a b)")
    assert read_program("(f)") is constant("f")


def test_a_constant_is_the_same_wherever_it_stands() -> None:
    applied = read_program("(f f)")
    assert isinstance(applied, Application)
    assert applied.head is applied.arguments[0]


def test_an_invention_is_one_constant() -> None:
    assert read_program("(#(lambda  (f #(+ 1)  $0)) x)").size == 2


def test_parameters_are_written_with_their_number() -> None:
    body = Application(constant("f"), (Variable(1), Lambda(Application(constant("g"), (Variable(1), Variable(0))))))
    assert write_program(body, 2, binder="lam") == "(f #0 (lam (g #1 $0)))"


@pytest.mark.parametrize("text", ["", "(f x", "(f x))", "x y", "()", "(lambda)", "(lambda x y)", "(f $0)", "#(f"])
def test_what_is_no_program_is_refused(text: str) -> None:
    with pytest.raises(ProgramSyntaxError, match=re.escape(f": {text}")):
        read_program(text)
