"""The joint score, and the choices that it counts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.grammar import operator_key
from dsl.languages import LanguageSettings
from dsl.terms import Lambda, Operator, Term, beta_normal, strip_lambdas
from dsl.types import parse_type
from tests.wake_sleep.sleep.abstraction.filters import FILTER, LISTS, keeping
from wake_sleep.sleep.abstraction.candidates import candidate
from wake_sleep.sleep.abstraction.choices import choices_of
from wake_sleep.sleep.abstraction.frontiers import Languages, in_order
from wake_sleep.sleep.abstraction.greedy import LEAST_GAIN, choose
from wake_sleep.sleep.abstraction.joint import JointScore, ScoreSettings, UnigramCosts, bodies_of


def abstraction(text: str) -> Operator:
    found = candidate(LISTS.parse(text))
    assert isinstance(found, Operator)
    return found


KEEP = abstraction(FILTER)
DOUBLE = abstraction("(lambda (+ $0 $0))")
IS_EVEN = abstraction("(lambda (eq? (mod $0 2) 0))")


def scorer(settings: ScoreSettings | None = None) -> JointScore:
    tasks = in_order(keeping())
    return JointScore(tasks, Languages(tasks), settings or ScoreSettings())


def test_an_abstraction_that_no_program_uses_costs_its_penalty_and_room_in_menus() -> None:
    score = scorer(ScoreSettings(aic=2.0, structure_penalty=3.0))
    without, with_it = score.score([]), score.score([DOUBLE])
    assert with_it.forms == without.forms
    assert with_it.log_evidence <= without.log_evidence
    assert with_it.score == pytest.approx(with_it.log_evidence - 2.0 - 3.0 * 3)


def test_what_many_programs_have_in_common_raises_the_score() -> None:
    score = scorer()
    with_it = score.score([KEEP])
    assert with_it.score > score.score([]).score
    assert all(beta_normal(f, expand=True) is p for f, p in zip(with_it.forms, score.programs, strict=True))


def test_scoring_only_what_changes_gives_the_same_score() -> None:
    score = scorer()
    known = score.score([KEEP])
    changed = score.occurrences([IS_EVEN])[IS_EVEN]
    assert 0 < len(changed) < len(score.programs)
    partly = score.score([KEEP, IS_EVEN], known=known, changed=changed)
    assert partly.score == pytest.approx(score.score([IS_EVEN, KEEP]).score)


def test_bodies_are_written_with_the_others() -> None:
    outer = abstraction("(lambda (fold $0 empty (lambda (lambda (if (is-prime $1) (cons $1 $0) $0)))))")
    bodies = bodies_of([KEEP, outer])
    assert str(bodies[outer]) == f"(|{KEEP.key}| $0 (lambda (is-prime $0)))"
    assert KEEP.definition is not None
    assert bodies[KEEP] is strip_lambdas(KEEP.definition)[1]


def test_of_two_that_could_be_written_with_each_other_only_one_is() -> None:
    """They differ in the order of the arguments of their function alone."""
    one, other = (
        abstraction(f"(lambda (lambda (fold $1 0 (lambda (lambda (+ 1 ($2 {order})))))))")
        for order in ("$0 $1", "$1 $0")
    )
    bodies = bodies_of([one, other])
    written = [body for body in bodies.values() if "|" in str(body)]
    assert len(written) == 1


def test_no_addition_and_no_removal_betters_what_is_chosen() -> None:
    score = scorer()
    pool = [KEEP, DOUBLE, IS_EVEN, abstraction("(lambda (lambda (map (lambda (+ $0 $2)) $0)))")]
    best = choose(score, pool, at_most=9)
    assert KEEP in best.library
    costs = score.costs(best)
    for one in best.library:
        assert score.score([a for a in best.library if a is not one], costs).score <= best.score + LEAST_GAIN


def test_what_does_not_pay_any_more_is_removed_from_where_it_starts() -> None:
    assert DOUBLE not in choose(scorer(), [], [KEEP, DOUBLE], at_most=9).library


def test_a_candidate_of_one_task_is_never_added() -> None:
    free = ScoreSettings(aic=0.0, structure_penalty=0.0)
    once = abstraction("(lambda (fold $0 empty (lambda (lambda (if (< $1 9) (cons $1 $0) $0)))))")
    assert choose(scorer(free), [once], at_most=9).library == ()


def test_unigram_costs_are_least_for_what_is_used_most() -> None:
    plus, one = LISTS.parse("(+ 1 1)"), LISTS.parse("1")
    costs = UnigramCosts.counted([(plus, 1.0)])
    assert costs(one) < costs(plus)
    assert costs(Lambda(one)) == 0.0
    assert costs.expecting(DOUBLE, 2.0)(LISTS.parse("1")) == costs(one)


REQUESTS = ("list(int) -> list(int)", "list(int) -> int -> bool", "int -> list(list(int))")


@given(st.integers(0, 10**9), st.sampled_from(REQUESTS), st.integers(4, 25))
@settings(max_examples=60, deadline=None)
def test_choices_are_those_of_the_derivation(seed: int, request: str, size: int) -> None:
    """Where the types leave nothing open, they are the productions in preorder, λs left out."""
    domain = load_domain("lists")
    grammar = domain.grammar(parse_type(request), LanguageSettings())
    program: Term = grammar.sample(random.Random(seed), size)
    derivation = grammar.derive(program)
    assert derivation is not None
    found = choices_of(program, grammar.start.type, grammar.start.environment)
    assert found is not None
    wanted = [d for d in derivation.preorder() if d.production.head is not Lambda]
    assert len(found) == len(wanted)
    for choice, one in zip(found, wanted, strict=True):
        if not choice.type.is_polymorphic:
            assert choice.type is one.nonterminal.type
        head = one.production.head
        if isinstance(head, Operator) and not choice.taken[1].is_polymorphic:  # type: ignore[attr-defined]
            assert operator_key(head, choice.taken[1]) == one.production.key  # type: ignore[arg-type]


def test_a_program_of_another_type_has_no_choices() -> None:
    assert choices_of(LISTS.parse("(lambda (+ $0 1))"), parse_type("list(int)"), [parse_type("int")]) is None
