"""Components of proposals."""

from __future__ import annotations

from dsl.printing import parse_term, to_sexpr
from dsl.terms import Term
from tests.wake_sleep.model.examples import condition
from wake_sleep.model.proposals import components


def program(text: str) -> Term:
    return parse_term(text, condition("lists").domain.operator)


def test_parts_that_many_proposals_share_come_first() -> None:
    found = components(
        [
            program("(lambda (cons 1 (reverse $0)))"),
            program("(lambda (cdr (reverse $0)))"),
            program("(lambda (cdr (cdr $0)))"),
            program("(lambda (cdr (cdr $0)))"),
        ],
        1,
    )
    assert to_sexpr(found[0]) == "(reverse $0)"
    assert [to_sexpr(part) for part in found[1:3]] == ["(cons 1 (reverse $0))", "(cdr (reverse $0))"]


def test_parts_under_a_binder_count_where_they_do_not_use_it() -> None:
    found = components([program("(lambda (map (lambda (+ $0 (length $1))) $0))")], 1)
    assert [to_sexpr(part) for part in found] == ["(map (lambda (+ $0 (length $1))) $0)", "(length $0)"]


def test_no_more_parts_are_given_than_wanted() -> None:
    assert len(components([program("(lambda (cdr (cdr (cdr (cdr $0)))))")], 1, most=2)) == 2
