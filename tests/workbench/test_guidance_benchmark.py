"""The benchmark of guidance: which dreams are thrown away, and what its ratios count."""

from __future__ import annotations

from dsl.domain import load_domain
from dsl.spec import task_from_examples
from dsl.types import parse_type
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import DreamRequest
from workbench.benchmarks.guidance import Row, Trial, ratios, sample, summary, unlike

TYPE = parse_type("int -> int")


def dreamt(text: str) -> Dream:
    program = load_domain("integers").parse(text)
    return Dream(DreamRequest(TYPE, ((1,), (2,))), program, program, (), text, 0.0)


def row(uniform: Trial, guided: Trial) -> Row:
    return Row("task", {"uniform": uniform, "counted": uniform, "guided": guided})


def test_dreams_that_answer_a_task_are_thrown_away() -> None:
    domain = load_domain("integers")
    task = task_from_examples("double", [((1,), 2), ((4,), 8)], domain="integers")
    dreams = [dreamt("(lambda (+ $0 $0))"), dreamt("(lambda (+ $0 1))"), dreamt("(lambda (* 2 $0))")]

    assert unlike(dreams, [task], domain) == [dreams[1]]


def test_a_sample_is_a_function_of_the_seed() -> None:
    domain = load_domain("lists")

    assert [t.name for t in sample(domain, 5, 0)] == [t.name for t in sample(domain, 5, 0)]
    assert [t.name for t in sample(domain, 5, 0)] != [t.name for t in sample(domain, 5, 1)]


def test_a_ratio_counts_tasks_that_both_solve() -> None:
    rows = [
        row(Trial(True, 9_000, 1.0), Trial(True, 900, 0.1)),
        row(Trial(True, 100, 1.0), Trial(True, 50, 0.1)),
        row(Trial(False, 10_000, 1.0), Trial(True, 5, 0.1)),
    ]

    assert ratios(rows, "uniform", "guided") == [10.0, 2.0]
    assert ratios(rows, "uniform", "guided", 2_000) == [10.0]
    assert "guided   solved 3 of 3" in summary(rows)
