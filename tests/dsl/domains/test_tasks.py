"""The training tasks of every domain: what they promise to whoever learns from them.

Beside each domain's tasks stands a file of reference programs, one for each task, in the primitives and constants that
search is offered. They show that every task can be solved; they are no part of the project that is installed.
"""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.domain import Domain, load_domain
from dsl.evaluate import Evaluation, evaluate
from dsl.grammar import Grammar, Nonterminal
from dsl.languages import LanguageSettings, language
from dsl.printing import parse_term
from dsl.spec import Example, Task
from dsl.terms import Literal, Term, strip_lambdas
from dsl.types import Type
from dsl.values import Value, typed_key

HERE = Path(__file__).parent
DOMAINS = ("integers", "strings", "bitvectors", "lists")


@pytest.fixture(params=DOMAINS, scope="module")
def domain(request: pytest.FixtureRequest) -> Domain:
    return load_domain(request.param)


@pytest.fixture(scope="module")
def references(domain: Domain) -> dict[str, Term]:
    texts = json.loads((HERE / f"reference_programs_{domain.name}.json").read_text(encoding="utf-8"))
    return {name: parse_term(text, domain.operator) for name, text in texts.items()}


def request_of(task: Task) -> Type:
    return task.spec.functions[0].type


def grammar_of(domain: Domain, task: Task) -> Grammar:
    constants = tuple(constant for constant in task.spec.constants if isinstance(constant, Literal))
    return language(domain, request_of(task), LanguageSettings(constants=constants))


def all_examples(task: Task) -> tuple[Example, ...]:
    return (*task.spec.examples, *task.held_out.examples)


def inputs_of(task: Task) -> list[tuple[Value, ...]]:
    return [example.inputs for example in all_examples(task)]


def terms_of_size(grammar: Grammar, nonterminal: Nonterminal, size: int) -> Iterator[Term]:
    """Every term of exactly this size; several times if the grammar is ambiguous."""
    for production in grammar.productions(nonterminal):
        count = len(production.children)
        if count == 0 and size == 1:
            yield production.build(())
        for sizes in compositions(size - 1, count) if count else ():
            choices = [list(terms_of_size(grammar, n, s)) for n, s in zip(production.children, sizes, strict=True)]
            yield from map(production.build, itertools.product(*choices))


def compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """The ways to write `total` as a sum of `parts` positive numbers, in order."""
    for cuts in itertools.combinations(range(1, total), parts - 1) if total >= parts else ():
        bounds = (0, *cuts, total)
        yield tuple(b - a for a, b in itertools.pairwise(bounds))


def solved_by_small_programs(domain: Domain, tasks: list[Task], size: int) -> list[str]:
    """Names of the tasks of which some body of at most `size` nodes satisfies all shown examples."""
    solved: dict[str, None] = {}
    languages: dict[str, tuple[Grammar, list[Task]]] = {}
    for task in tasks:
        grammar = grammar_of(domain, task)
        languages.setdefault(grammar.identity, (grammar, []))[1].append(task)
    for grammar, alike in languages.values():
        inputs = [example.inputs for task in alike for example in task.spec.examples]
        evaluation = Evaluation(domain, inputs)
        wanted = [(task.name, [e.output for e in task.spec.examples]) for task in alike]
        bodies = itertools.chain(*(terms_of_size(grammar, grammar.start, s) for s in range(1, size + 1)))
        for body in bodies:
            cells = iter(evaluation.column(body))
            for name, outputs in wanted:
                if list(itertools.islice(cells, len(outputs))) == outputs:
                    solved[name] = None
    return list(solved)


def test_there_are_at_least_eighty(domain: Domain) -> None:
    assert len({task.name for task in domain.tasks}) == len(domain.tasks) >= 80


def test_each_has_enough_examples_and_held_out_ones(domain: Domain) -> None:
    odd = [
        task.name for task in domain.tasks if not 4 <= len(task.spec.examples) <= 12 or len(task.held_out.examples) < 3
    ]
    assert odd == []


def test_no_input_is_given_twice_or_held_out_and_given(domain: Domain) -> None:
    repeated = [task.name for task in domain.tasks if len(set(map(typed_key, inputs_of(task)))) < len(inputs_of(task))]
    assert repeated == []


def test_each_has_a_reference_program_and_each_program_a_task(domain: Domain, references: dict[str, Term]) -> None:
    assert list(references) == [task.name for task in domain.tasks]


def test_reference_programs_are_in_the_language_that_is_searched(domain: Domain, references: dict[str, Term]) -> None:
    outside = [task.name for task in domain.tasks if grammar_of(domain, task).derive(references[task.name]) is None]
    assert outside == []


def test_reference_programs_yield_every_output(domain: Domain, references: dict[str, Term]) -> None:
    wrong = [
        (task.name, example.inputs)
        for task in domain.tasks
        for example in all_examples(task)
        if typed_key(evaluate(references[task.name], example.inputs, domain)) != typed_key(example.output)
    ]
    assert wrong == []


def test_no_two_ask_for_the_same_function(domain: Domain, references: dict[str, Term]) -> None:
    by_type: dict[Type, list[Task]] = {}
    for task in domain.tasks:
        by_type.setdefault(request_of(task), []).append(task)
    behaviours: dict[object, list[str]] = {}
    for type_, tasks in by_type.items():
        inputs = list(dict.fromkeys(given for task in tasks for given in inputs_of(task)))
        evaluation = Evaluation(domain, inputs)
        for task in tasks:
            _, body = strip_lambdas(references[task.name], len(type_.parameters))
            outputs = tuple(evaluation.column(body))
            behaviours.setdefault((type_, outputs), []).append(task.name)
    assert [names for names in behaviours.values() if len(names) > 1] == []


def test_reference_programs_are_of_many_sizes(domain: Domain, references: dict[str, Term]) -> None:
    sizes = sorted(term.size for term in references.values())
    assert sizes[len(sizes) // 10] <= 8
    assert sizes[-len(sizes) // 10] >= 14


def test_few_are_solved_by_a_program_of_three_nodes(domain: Domain) -> None:
    tasks = list(domain.tasks)[::2]
    solved = solved_by_small_programs(domain, tasks, 3)
    assert len(solved) < len(tasks) / 5
