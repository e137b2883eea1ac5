"""What a rewriter finds, and what it leaves alone."""

import pytest

from dsl.terms import ABSTRACTION, Application, Lambda, Literal, Operator, Term, Variable, abstract, beta_normal
from dsl.types import INT, arrow
from wake_sleep.sleep.abstraction.metrics import STITCH
from wake_sleep.sleep.abstraction.rewriting import Rewriter, uses
from wake_sleep.sleep.abstraction.untyped import read_program, untyped_abstraction, write_program


def untyped(program: str, *definitions: str) -> str:
    """A program rewritten with untyped abstractions f0, f1, …."""
    library = [untyped_abstraction(f"f{n}", read_program(text)) for n, text in enumerate(definitions)]
    rewriter = Rewriter(library, STITCH)
    term = read_program(program)
    form = rewriter.rewrite(term)
    assert beta_normal(form, expand=True) is term
    return write_program(form)


@pytest.mark.parametrize(
    ("program", "definition", "rewritten"),
    [
        ("(+ (* 2 3) 4)", "(lambda (+ $0 4))", "(f0 (* 2 3))"),
        ("(+ (* 2 3) 4)", "(lambda (lambda (+ $0 $1)))", "(+ (* 2 3) 4)"),
        ("(+ (* 2 3) (* 2 3))", "(lambda (+ $0 $0))", "(f0 (* 2 3))"),
        ("(+ (* 2 3) (* 2 4))", "(lambda (+ $0 $0))", "(+ (* 2 3) (* 2 4))"),
        ("(map (lambda (+ $0 1)) (+ 2 (+ 3 4)))", "(+ 3 4)", "(map (lambda (+ $0 1)) (+ 2 f0))"),
        (
            "(lambda (map (lambda (+ $1 (+ $0 1))) $0))",
            "(lambda (+ $0 1))",
            "(lambda (map (lambda (+ $1 (f0 $0))) $0))",
        ),
    ],
)
def test_parameters_stand_for_parts(program: str, definition: str, rewritten: str) -> None:
    assert untyped(program, definition) == rewritten


def test_a_part_that_mentions_a_bound_variable_is_no_argument() -> None:
    assert untyped("(map (lambda (+ (* $0 3) 1)) 2)", "(lambda (map (lambda (+ $0 1)) 2))") == (
        "(map (lambda (+ (* $0 3) 1)) 2)"
    )


def test_a_parameter_that_is_applied_to_bound_variables_stands_for_a_function() -> None:
    definition = "(lambda (map (lambda (+ ($1 $0) 1)) (range 2 9)))"
    assert untyped("(map (lambda (+ (* $0 $0) 1)) (range 2 9))", definition) == "(f0 (lambda (* $0 $0)))"
    assert untyped("(map (lambda (+ (g $0) 1)) (range 2 9))", definition) == "(f0 g)"


def test_a_parameter_that_is_applied_to_anything_stands_for_the_head() -> None:
    assert untyped("(+ (g 1 2) (h 3))", "(lambda (+ ($0 2) (h 3)))") == "(f0 (g 1))"


def test_an_untyped_abstraction_takes_more_or_fewer_arguments_than_it_has_parameters() -> None:
    definition = "(lambda (lambda (fold (+ 1 $1) $0 nil)))"
    assert untyped("(fold (+ 1 2) 3 nil)", definition) == "(f0 2 3)"
    assert untyped("(map (lambda (fold (+ 1 2) $0 nil)) 7)", definition) == "(map (f0 2) 7)"
    assert untyped("(g (h 1 2 3) 4 5)", "(g (h 1 2 3))") == "(f0 4 5)"


def test_abstractions_are_used_in_arguments_of_others() -> None:
    text = untyped("(+ (* 7 (* 7 (* 7 x))) (- 4 (* 7 (* 7 (* 7 y)))))", "(lambda (* 7 (* 7 (* 7 $0))))",
                   "(lambda (lambda (+ (* 7 (* 7 (* 7 $0))) (- 4 $1))))")  # fmt: skip
    assert text == "(f1 (f0 y) x)"


def test_typed_abstractions_are_fully_applied() -> None:
    plus, one = Operator("plus", arrow(INT, INT, INT)), Literal(1, INT)
    use = Operator("use", arrow(arrow(INT, INT), INT))
    body = Application(plus, (Application(plus, (Variable(1), one)), Variable(0)))
    added = Operator("added", arrow(INT, INT, INT), ABSTRACTION, abstract(body, 2))
    program: Term = Application(use, (Lambda(Application(plus, (Application(plus, (one, one)), Variable(0)))),))
    wanted = Application(use, (Lambda(Application(added, (one, Variable(0)))),))
    assert Rewriter([added]).rewrite(program) is wanted
    assert uses([wanted, wanted]) == {added: 2}


def test_what_would_match_everything_is_never_used() -> None:
    for definition in ("(lambda $0)", "(lambda (lambda ($1 $0)))", "(lambda (lambda (lambda ($2 $0 $1))))"):
        assert untyped("(+ (g 1) (lambda (g $0)))", definition) == "(+ (g 1) (lambda (g $0)))"
    assert untyped("(+ (g 1) (g 1))", "(lambda (lambda (+ (g 1) (g 1))))") == "(+ (g 1) (g 1))"


def test_depth_costs_no_recursion() -> None:
    deep = read_program("(f " * 10_000 + "x" + ")" * 10_000)
    twice = untyped_abstraction("twice", read_program("(lambda (f (f $0)))"))
    form = Rewriter([twice], STITCH).rewrite(deep)
    assert form.size == 5_001
    assert beta_normal(form, expand=True) is deep


def test_the_cost_is_that_of_the_tree() -> None:
    rewriter = Rewriter([], STITCH)
    assert rewriter.cost(read_program("(lambda (f (g $0) (g $0)))")) == 1 + 102 * 1 + 2 * 201 - 100 + 100
