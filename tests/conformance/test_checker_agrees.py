"""The checker of answers and the packages agree on random programs: values, sizes, and what a grammar allows.

They share no code, so a mistake in either shows here.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.source import Source
from dsl.spec import Example, Spec, Task
from dsl.specfile import read_tasks
from dsl.sygus.reader import read_sygus
from dsl.terms import Term, strip_lambdas
from dsl.values import BOTTOM
from tests.checker.check_answers import judge
from wake_sleep.wake.outcome import Outcome, Status
from wake_sleep.wake.solve import program_grammar
from workbench.solving import answer_text

DOMAINS = ("strings", "integers", "bitvectors", "lists")
SHIPPED = Path(__file__).parents[2] / "dsl" / "domains"
BUDGETS = (3, 6, 12, 24)
"""Sizes that programs are drawn up to."""

GRAMMARS = {
    "short": "((S String) (I Int)) ((S String (x \"-\" (str.at S I) (str.++ S S))) (I Int (n 0 1 (+ I I))))",
    "nested": "((S String) (I Int)) ((S String (x (str.++ S \"-\") (str.substr S 0 I))) (I Int (n (str.len S) (- 1))))",
    "chained": "((S String) (T String) (I Int)) ((S String (T (str.++ T S))) (T String (x (str.from_int I)))"
    " (I Int ((Variable Int) (Constant Int) (str.to_int T))))",
    "conditional": "((S String) (B Bool) (I Int)) ((S String (x \"\" \"-\" (ite B S S) (str.at S I) (str.++ S S)))"
    " (B Bool ((= I I) (str.contains S S) (not B))) (I Int (n 0 1 (+ I I) (- I I) (str.len S))))",
}  # fmt: skip
FILE = '(set-logic SLIA) (synth-fun f ((x String) (n Int)) String {}) (constraint (= (f "ab" 1) "b")) (check-synth)'


def drawn(task: Task, count: int, seed: str) -> Iterator[Term]:
    """Random programs for a task."""
    grammar = program_grammar(task.spec, task.spec.functions[0])
    source = random.Random(seed)
    for _ in range(count):
        yield grammar.sample(source, source.choice(BUDGETS))


def row(name: str, spec: Spec, program: Term) -> dict[str, object]:
    function = spec.functions[0]
    size = strip_lambdas(program, len(function.parameters))[1].size
    answer = answer_text(spec, Outcome(Status.SOLVED, {function.name: program}))
    return {"spec": name, "status": "solved", "answer": answer, "size": size}


def failing(program: Term, examples: tuple[Example, ...], domain: str) -> int | None:
    """Number of the first example that a program fails, None if it fails none.

    Raises:
        LimitExceeded: if that is not known.
    """
    for number, example in enumerate(examples, start=1):
        value = evaluate(program, example.inputs, load_domain(domain))
        if value is BOTTOM or (type(value), value) != (type(example.output), example.output):
            return number
    return None


@pytest.mark.parametrize("domain", DOMAINS)
def test_random_programs_fail_on_the_same_examples(domain: str) -> None:
    for task in read_tasks(SHIPPED / f"{domain}.json"):
        for program in drawn(task, 3, task.name):
            try:
                expected = failing(program, task.spec.examples, domain)
            except LimitExceeded:
                continue
            reported = row(f"{domain}#{task.name}", task.spec, program)
            finding = judge(reported, Path()).finding
            assert finding is not None
            where = (reported["answer"], finding)
            assert finding.size == reported["size"], where
            assert ("example" in (finding.wrong or "")) == (expected is not None), where
            assert finding.wrong is None or f"example {expected}" in finding.wrong, where


def test_random_programs_are_in_the_same_grammars(tmp_path: Path) -> None:
    tasks = {}
    for name, grammar in GRAMMARS.items():
        text = FILE.format(grammar)
        (tmp_path / f"{name}.sl").write_text(text, encoding="utf-8")
        tasks[name] = Task(name, read_sygus(Source(text)))
    inside = 0
    for origin, task in tasks.items():
        for program in drawn(task, 150, origin):
            for name, other in tasks.items():
                derivable = program_grammar(other.spec, other.spec.functions[0]).derive(program) is not None
                reported = row(f"{name}.sl", task.spec, program)
                finding = judge(reported, tmp_path).finding
                assert finding is not None
                assert ("outside" not in (finding.wrong or "")) == derivable, (name, reported, finding)
                inside += derivable and name != origin
    assert inside > 100
