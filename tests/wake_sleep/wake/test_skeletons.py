"""Skeletons: what is cut out of a program, and what fits in its place."""

from __future__ import annotations

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.printing import parse_term, to_sexpr
from dsl.terms import Term, strip_lambdas
from dsl.types import INT, parse_type
from wake_sleep.model.partial import PartialDerivation, complete
from wake_sleep.wake.search import Case, Goal
from wake_sleep.wake.skeletons import Parts, cuts, fillings

LISTS = load_domain("lists")
GRAMMAR = LISTS.grammar("list(int) -> list(int)")


def body(text: str) -> Term:
    return strip_lambdas(parse_term(f"(lambda {text})", LISTS.operator), 1)[1]


def state(text: str, grammar: Grammar = GRAMMAR) -> PartialDerivation:
    derivation = grammar.derive(grammar.program(body(text)))
    assert derivation is not None
    return complete(grammar, derivation)[0]


def parts(*inputs: tuple[int, ...]) -> Parts:
    return Parts(Evaluation(LISTS, [(given,) for given in inputs]))


def test_every_part_of_a_first_order_type_is_cut_out_once() -> None:
    found = [(to_sexpr(c.skeleton), c.type, c.part) for c in cuts(state("(map (lambda (+ $0 1)) (reverse $0))"))]

    assert {skeleton for skeleton, _, _ in found} == {
        "(map (lambda (+ $0 1)) $1)",
        "(map (lambda (+ $0 1)) (reverse $1))",
        "(map (lambda $2) (reverse $0))",
        "(map (lambda (+ $2 1)) (reverse $0))",
        "(map (lambda (+ $0 $2)) (reverse $0))",
    }
    assert [part for skeleton, _, part in found if skeleton == "(map (lambda (+ $2 1)) (reverse $0))"] == [None]


def test_of_parts_of_one_behaviour_the_smallest_is_kept() -> None:
    known = parts((1, 2), (3,))
    known.add(INT, body("(length (reverse $0))"))
    known.add(INT, body("(length $0)"))
    known.add(INT, body("(car $0)"))

    assert [to_sexpr(term) for term, _ in known.of(INT)] == ["(length $0)", "(car $0)"]


def test_what_has_no_value_is_no_part() -> None:
    known = parts(())
    known.add(INT, body("(car $0)"))

    assert known.of(INT) == []


def test_parts_of_a_program_are_those_without_bound_variables() -> None:
    known = parts((1, 2), (3,))
    known.add_state(state("(map (lambda (+ $0 (length $1))) $0)"))

    assert [to_sexpr(term) for term, _ in known.of(INT)] == ["(length $0)"]
    assert [to_sexpr(term) for term, _ in known.of(parse_type("list(int)"))] == [
        "$0",
        "(map (lambda (+ $0 (length $1))) $0)",
    ]


def test_a_failure_is_filled_with_what_fits() -> None:
    inputs = ((3, 1, 2), (5, 4), (2, 9, 4))
    cases: tuple[Case, ...] = tuple(((given,), tuple(x + max(given) for x in given)) for given in inputs)
    goal = Goal(GRAMMAR, LISTS, cases)
    known, trials = parts(*inputs), list[int]()
    known.add_state(state("(cons (maximum $0) $0)"))
    known.add_state(state("(cons (length $0) $0)"))
    failure = state("(map (lambda (+ $0 (length $1))) $0)")
    found = [to_sexpr(filled) for cut in cuts(failure) for filled in fillings(cut, known, goal, trials.append)]

    assert found == ["(map (lambda (+ $0 (maximum $1))) $0)"]
    assert all(count > 0 for count in trials)
