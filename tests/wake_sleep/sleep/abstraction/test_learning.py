"""Learning a library from the programs of solved tasks."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from dsl.inference import infer
from dsl.probability import ProbabilisticGrammar
from dsl.terms import Operator, beta_normal
from dsl.types import arrow
from tests.wake_sleep.sleep.abstraction.filters import FILTER, LISTS, frontier, keeping, proposing
from wake_sleep.sleep.abstraction.candidates import candidate, named
from wake_sleep.sleep.abstraction.learning import LearnedLibrary, LearningSettings, learn_library
from wake_sleep.sleep.abstraction.naming import Names
from wake_sleep.sleep.abstraction.stitch import Proposals, WeightedCorpus

QUICK = LearningSettings(iterations=1)
DOUBLE = "(lambda (+ $0 $0))"


def abstraction(text: str, name: str = "f") -> Operator:
    found = candidate(LISTS.parse(text))
    assert isinstance(found, Operator)
    return named(found, name)


@pytest.fixture(scope="module")
def learned() -> LearnedLibrary:
    return learn_library(keeping(), namer=Names())


def keys(library: LearnedLibrary) -> list[str]:
    return [a.key for a in library.abstractions]


def test_finds_the_function_that_many_programs_have_in_common(learned: LearnedLibrary) -> None:
    assert learned.is_accepted, learned.verdict
    assert abstraction(FILTER).key in keys(learned)
    (found,) = (a for a in learned.abstractions if a.key == abstraction(FILTER).key)
    assert str(found.type) == "list(t0) -> (t0 -> bool) -> list(t0)"
    assert found.name == "fold_empty_if_cons_1"
    assert learned.uses[found] == 13


def test_unseen_tasks_are_described_in_fewer_nats(learned: LearnedLibrary) -> None:
    statistics = learned.statistics
    assert statistics.tasks == 17
    assert statistics.held_out_after < statistics.held_out_before
    assert statistics.train_after < statistics.train_before


def test_every_form_expands_to_its_program_and_is_one_of_its_grammar(learned: LearnedLibrary) -> None:
    for task, forms in zip(keeping(), learned.forms, strict=True):
        grammar = ProbabilisticGrammar(task.language(learned.abstractions), learned.weights)
        assert [f.program for f in forms] == [p.program for p in task.programs]
        for form in forms:
            assert beta_normal(form.form, expand=True) is form.program
            request = arrow(*reversed(grammar.grammar.start.environment), grammar.grammar.start.type)
            assert infer(form.form) in (request, infer(form.program))
            assert form.cost == pytest.approx(-grammar.log_likelihood(form.form))
            assert form.cost <= -grammar.log_likelihood(form.program) + 1e-9


def test_the_order_of_the_tasks_makes_no_difference(learned: LearnedLibrary) -> None:
    tasks = keeping()
    random.Random(3).shuffle(tasks)
    again = learn_library(tasks, namer=Names())
    assert again.abstractions == learned.abstractions
    assert again.weights == learned.weights
    assert again.statistics == learned.statistics
    by_name = {task.name: forms for task, forms in zip(tasks, again.forms, strict=True)}
    assert tuple(by_name[task.name] for task in keeping()) == learned.forms


def test_a_weight_counts_as_so_many_tasks() -> None:
    twice = [replace(task, weight=2.0) for task in keeping()]
    doubled = [copy for task in keeping() for copy in (task, replace(task, name=f"{task.name} again"))]
    miner = proposing(FILTER, DOUBLE)
    one, other = (learn_library(tasks, settings=QUICK, namer=Names(), miner=miner) for tasks in (twice, doubled))
    assert one.abstractions == other.abstractions
    assert one.statistics.train_after == pytest.approx(other.statistics.train_after)
    assert one.statistics.held_out_after == pytest.approx(other.statistics.held_out_after)
    assert one.weights.unigram == pytest.approx(other.weights.unigram)


def test_what_is_learned_again_keeps_its_name(learned: LearnedLibrary) -> None:
    former = abstraction(FILTER, "keep")
    again = learn_library(keeping(), [former], QUICK, namer=Names(), miner=proposing(FILTER))
    assert again.abstractions == (former,)
    assert not again.is_accepted
    assert again.verdict == "nothing new pays for itself"


def test_a_member_that_no_longer_pays_is_retired_and_still_expands() -> None:
    useless = abstraction("(lambda (* $0 (+ $0 $0)))", "useless")
    kept = learn_library(keeping(), [useless], QUICK, namer=Names(), miner=proposing(FILTER))
    assert kept.is_accepted, kept.verdict
    assert useless not in kept.abstractions
    assert useless.definition is not None
    from dsl.terms import Application, Literal
    from dsl.types import INT

    program = Application(useless, (Literal(3, INT),))
    assert beta_normal(program, expand=True) is LISTS.parse("(* 3 (+ 3 3))")


def test_the_former_library_stays_if_held_out_tasks_are_not_described_better() -> None:
    """Each task is one of its own, so what two of them share says nothing about a third."""
    tasks = [
        frontier("one", "(lambda (map (lambda (* $0 (+ $0 3))) (reverse (sort $0))))"),
        frontier("two", "(lambda (cdr (reverse (sort (cdr $0)))))"),
        frontier("three", "(lambda (filter (lambda (is-prime $0)) $0))"),
        frontier("four", "(lambda (cons (sum $0) empty))"),
        frontier("five", "(lambda (range (length $0)))"),
    ]
    cheap = LearningSettings(aic=0.0, structure_penalty=0.0, iterations=1)
    found = learn_library(tasks, (), cheap, namer=Names(), miner=proposing("(lambda (reverse (sort $0)))"))
    assert not found.is_accepted
    assert found.abstractions == ()
    assert found.verdict.startswith("the former library stays: from ")
    assert found.statistics.held_out_tasks == 5
    assert found.statistics.held_out_after >= found.statistics.held_out_before


def test_of_a_frontier_any_program_may_show_the_function() -> None:
    others = [
        "(lambda (reverse (cdr $0)))",
        "(lambda (map (lambda (square $0)) (sort $0)))",
        "(lambda (range (maximum $0)))",
        "(lambda (zip-with (lambda (lambda (- $0 $1))) $0 $0))",
        "(lambda (scanl1 (lambda (lambda (min $0 $1))) $0))",
        "(lambda (cons (last $0) empty))",
        "(lambda (take 3 (drop 4 $0)))",
        "(lambda (if (empty? $0) $0 (filter (lambda (is-odd $0)) $0)))",
    ]
    tasks = keeping()
    spoiled = [
        replace(task, programs=(*frontier(task.name, other).programs, *task.programs))
        for task, other in zip(tasks, others, strict=False)
    ]
    spoiled += tasks[len(others) :]
    found = learn_library(spoiled, settings=QUICK, namer=Names(), miner=proposing(FILTER))
    assert keys(found) == [abstraction(FILTER).key]


def test_names_parents_whose_bodies_are_written_with_each_other() -> None:
    inner, outer = FILTER, f"(lambda (length {'(fold $0 empty (lambda (lambda (if (is-prime $1) (cons $1 $0) $0))))'}))"
    tasks = [
        *keeping(),
        *(
            frontier(
                f"{n} primes",
                f"(lambda (+ {n} (length (fold (cdr $0) empty (lambda (lambda (if (is-prime $1) (cons $1 $0) $0)))))))",
                request="list(int) -> int",
            )
            for n in (1, 2, 3, 4)
        ),
    ]
    found = learn_library(tasks, settings=QUICK, namer=Names(), miner=proposing(inner, outer))
    by_key = {a.key: a for a in found.abstractions}
    first, second = by_key[abstraction(inner).key], by_key[abstraction(outer).key]
    assert found.parents[second] == (first,)
    assert found.parents[first] == ()


@pytest.mark.parametrize("mine", [lambda corpus: Proposals((), ("Stitch was ended by SIGKILL: it said nothing",))])
def test_a_miner_that_fails_leaves_the_library_and_is_reported(mine: Callable[[WeightedCorpus], Proposals]) -> None:
    former = abstraction(FILTER, "keep")
    found = learn_library(keeping(), [former], QUICK, namer=Names(), miner=mine)
    assert found.abstractions == (former,)
    assert found.events == ("Stitch was ended by SIGKILL: it said nothing",)


def test_nothing_is_learned_from_nothing() -> None:
    found = learn_library([], namer=Names(), miner=proposing())
    assert not found.is_accepted
    assert found.abstractions == ()
    assert found.forms == ()


def test_a_single_task_teaches_no_library() -> None:
    found = learn_library(keeping()[:1], settings=QUICK, namer=Names(), miner=proposing(FILTER))
    assert not found.is_accepted


def test_no_more_abstractions_than_allowed() -> None:
    settings = LearningSettings(aic=0.0, structure_penalty=0.0, iterations=1, abstractions=1)
    found = learn_library(
        keeping(), settings=settings, namer=Names(), miner=proposing(FILTER, "(lambda (eq? (mod $0 2) 0))")
    )
    assert len(found.abstractions) <= 1
