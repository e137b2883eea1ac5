"""Random grammars and costs: whatever the language, what is found fits, derives and keeps to the bounds."""

from __future__ import annotations

import random

import pytest

from dsl.domain import load_domain
from dsl.errors import GrammarError
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.limits import EXHAUSTED
from dsl.probability import Weights
from dsl.source import Source
from dsl.spec import Budget
from dsl.sygus.reader import read_sygus
from dsl.terms import Term, strip_lambdas
from dsl.values import BOTTOM, Value
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.search import Case, Goal
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.values.search import ValueSearch

STRINGS = load_domain("strings")
NONTERMINALS = {"String": ("S", "T"), "Int": ("I", "J"), "Bool": ("B",)}
SORTS = {"S": "String", "I": "Int", "B": "Bool"}
LEAVES = {
    "String": ("x", "y", '""', '" "', '"-"', '"ab"', "(Constant String)"),
    "Int": ("0", "1", "2", "(- 1)", "n", "(Constant Int)"),
    "Bool": ("true", "false", "(Constant Bool)"),
}
OPERATORS = {
    "String": (
        "str.++ SS",
        "str.++ SSS",
        "str.replace SSS",
        "str.at SI",
        "str.substr SII",
        "str.from_int I",
        "ite BSS",
    ),
    "Int": ("+ II", "- II", "* II", "div II", "str.len S", "str.to_int S", "str.indexof SSI", "ite BII"),
    "Bool": ("= II", "= SS", "str.contains SS", "str.prefixof SS", "not B", "and BB", "< II", "ite BBB"),
}
TEXTS = ("ab", "a-b", " c", "", "12", "x y z", "007", "b b")


def random_grammar(draw: random.Random) -> Grammar:
    rules = []
    for sort, names in NONTERMINALS.items():
        for name in names:
            right = draw.sample(LEAVES[sort], draw.randint(1, 3))
            for operator in draw.sample(OPERATORS[sort], draw.randint(1, 5)):
                head, arguments = operator.split(" ")
                right.append(f"({head} {' '.join(draw.choice(NONTERMINALS[SORTS[a]]) for a in arguments)})")
            rules.append((name, sort, right))
    start = draw.choice("SSSIB")
    rules.sort(key=lambda rule: rule[0] != start)
    declared = " ".join(f"({name} {sort})" for name, sort, _ in rules)
    stated = " ".join(f"({name} {sort} ({' '.join(right)}))" for name, sort, right in rules)
    spec = read_sygus(
        Source(
            f"(set-logic ALL)(synth-fun f ((x String) (y String) (n Int)) {rules[0][1]} ({declared}) ({stated}))"
            "(constraint true)(check-synth)"
        )
    )
    return program_grammar(spec, spec.functions[0])


def random_weights(draw: random.Random, grammar: Grammar) -> Weights:
    productions = [p for n in grammar.reachable() for p in grammar.productions(n)]
    contexts = [(p.key, i) for p in productions for i in range(len(p.children)) if draw.random() < 0.7]
    return Weights(
        {context: {p.key: draw.uniform(0.05, 1.0) for p in productions} for context in contexts},
        {p.key: draw.uniform(0.05, 1.0) for p in productions},
    )


def random_cases(draw: random.Random, body: Term) -> list[Case]:
    inputs: list[tuple[Value, ...]] = list(
        {(draw.choice(TEXTS), draw.choice(TEXTS), draw.randint(-2, 5)): None for _ in range(draw.randint(1, 7))}
    )
    cells = Evaluation(STRINGS, inputs).column(body)
    return [(i, o) for i, o in zip(inputs, cells, strict=True) if o is not BOTTOM and o is not EXHAUSTED]  # type: ignore[misc]


@pytest.mark.parametrize("number", [*range(60), 270, 444, 457])
def test_what_is_found_fits_derives_and_keeps_to_the_bounds(number: int) -> None:
    draw = random.Random(number)
    grammar = random_grammar(draw)
    try:
        _, body = strip_lambdas(grammar.sample(draw, draw.randint(3, 15)), 3)
    except GrammarError:
        return
    cases = random_cases(draw, body)
    if not cases:
        return
    weights = random_weights(draw, grammar) if draw.random() < 0.5 else Weights()
    size = draw.choice([None, body.size, body.size + 3])
    active = max(1, len(cases) - 2)
    goal = Goal(grammar, STRINGS, tuple(cases[:active]), size)
    search = ValueSearch(goal, Costs(grammar, weights), Meter(Budget(candidates=8_000)))
    seed = body if draw.random() < 0.5 else None
    costs = Costs(grammar, random_weights(draw, grammar)) if draw.random() < 0.5 else None
    found = check(search, cases[active:], seed, costs)
    # A search that ended without an answer has left something out: the sampled body fits.
    assert found or not search.is_complete


def check(search: ValueSearch, further: list[Case], seed: Term | None, costs: Costs | None) -> bool:
    """Check every answer, adding a case after each, a seed and other costs on the way.

    Returns:
        whether there was an answer, or no budget left.
    """
    grammar, maximum = search.goal.grammar, search.goal.maximum_size
    found = 0
    try:
        for step, answer in enumerate(search.run()):
            if step == 7 and seed is not None:
                search.seed([seed])
            if step == 11 and costs is not None:
                search.reprice(costs)
            if answer is None:
                continue
            cells = Evaluation(STRINGS, [given for given, _ in search.goal.cases]).column(answer.body)
            wanted = [output for _, output in search.goal.cases]
            assert [(type(c), c) for c in cells] == [(type(o), o) for o in wanted]
            assert grammar.derive_at(grammar.start, answer.body) is not None
            assert maximum is None or answer.body.size <= maximum
            found += 1
            if further:
                search.add_cases([further.pop()])
            if found > 4:
                break
    except OutOfBudget:
        return True
    return found > 0
