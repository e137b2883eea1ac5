"""Which productions are conditionals: ``ite``, and macros and abstractions that choose between two arguments.

A production m(…) is a conditional if its definition, expanded, is an ``ite`` whose branches are two of its parameters
and whose test speaks of the one that is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dsl.domain import Domain
from dsl.errors import TypeMismatch
from dsl.grammar import Grammar, Nonterminal, Production
from dsl.terms import Application, Operator, Term, Variable, beta_normal, free_variables
from wake_sleep.wake.columns.kernels import Kernel, term_kernel

_EXPANSION_STEPS = 2_000


@dataclass(frozen=True)
class Conditional:
    """A production that chooses between two terms of its own nonterminal by a test of a third.

    Attributes:
        production: of the start nonterminal.
        subject: position of the argument that is tested.
        then: position of the argument that is chosen where the test holds.
        otherwise: position of the other.
        tested: nonterminal of the subject.
        test: from the values of the subject to where it holds.
    """

    production: Production
    subject: int
    then: int
    otherwise: int
    tested: Nonterminal
    test: Kernel


def conditionals(grammar: Grammar, domain: Domain) -> Iterator[Conditional]:
    """The conditionals of the start nonterminal whose branches are terms of the start nonterminal again."""
    start = grammar.start
    for production in grammar.productions(start):
        head = production.head
        if not isinstance(head, Operator) or len(production.children) != 3:
            continue
        parts = _parts(head)
        if parts is None:
            continue
        test, subject, then, otherwise = parts
        kernel = term_kernel(test, 3, domain)
        if kernel is not None and production.children[then] is production.children[otherwise] is start:
            yield Conditional(production, subject, then, otherwise, production.children[subject], kernel)


def _parts(head: Operator) -> tuple[Term, int, int, int] | None:
    """The test of a conditional operator, over its parameters, and the positions of subject and branches."""
    body: Term = Application(head, (Variable(2), Variable(1), Variable(0)))
    if head.definition is not None:
        try:
            body = beta_normal(body, expand=True, limit=_EXPANSION_STEPS)
        except TypeMismatch:
            return None
    if not isinstance(body, Application) or not isinstance(body.head, Operator) or body.head.name != "ite":
        return None
    test, *branches = body.arguments
    if not all(isinstance(branch, Variable) for branch in branches):
        return None
    then, otherwise = (2 - branch.index for branch in branches if isinstance(branch, Variable))
    subjects = {2 - index for index in free_variables(test)}
    if len(subjects | {then, otherwise}) != 3 or len(subjects) != 1:
        return None
    return test, subjects.pop(), then, otherwise
