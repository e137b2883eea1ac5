"""Concatenations: the cheapest way to cut the wanted strings into parts of the bank."""

import itertools
import random

import pytest

from dsl.domain import load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.limits import DEFAULT_LIMITS
from dsl.probability import ROOT, Weights
from dsl.source import Source
from dsl.spec import Budget
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.meter import Meter
from wake_sleep.wake.solve import program_grammar
from wake_sleep.wake.values.bank import Bank
from wake_sleep.wake.values.concatenate import Concatenations
from wake_sleep.wake.values.enumerate import Enumeration
from wake_sleep.wake.values.language import Language

STRINGS = load_domain("strings")
INPUTS: list[tuple[str, ...]] = [("ab c",), ("x yz",), ("pqr s",)]


def grammar_of(rules: str) -> Grammar:
    text = f"(set-logic SLIA)(synth-fun f ((x String)) String {rules})(constraint true)(check-synth)"
    spec = read_sygus(Source(text))
    return program_grammar(spec, spec.functions[0])


RIGHT = grammar_of("""((S String) (I Int))
    ((S String (x " " "-" "ab" (str.++ S S) (str.at x I) (str.replace x " " ""))) (I Int (0 1 2)))""")


def bank_of(grammar: Grammar, weights: Weights, levels: int) -> Bank:
    language = Language(grammar, Costs(grammar, weights), {})
    bank = Bank(language, STRINGS, limits=DEFAULT_LIMITS, inputs=list(INPUTS))
    enumeration = Enumeration(language, bank, Meter(Budget()))
    for _ in range(levels):
        for _ in enumeration.run_level():
            pass
    return bank


def brute_force(bank: Bank, wanted: tuple[str, ...], longest: int) -> int | None:
    """The least cost of a concatenation of up to `longest` rows, nested on the last argument."""
    language, table = bank.language, bank.tables[0]
    (join,) = language.rules_named(0, "str.++")
    parts = [n for n, row in enumerate(table.values) if all(v in w for v, w in zip(row, wanted, strict=True))]

    def charge(number: int, context: tuple[str, int]) -> int:
        return table.costs[number] + language.costs.shift(table.rules[number].class_, context)

    best = None
    for count in range(1, longest + 1):
        for chosen in itertools.product(parts, repeat=count):
            if tuple(map("".join, zip(*(table.values[n] for n in chosen), strict=True))) != wanted:
                continue
            cost, context = 0, ROOT
            for number in chosen[:-1]:
                cost += language.charge(join, context) + charge(number, join.context(0))
                context = join.context(1)
            cost += charge(chosen[-1], context)
            best = cost if best is None else min(best, cost)
    return best


def weights(seed: int) -> Weights:
    draw = random.Random(seed)
    productions = [p for n in RIGHT.reachable() for p in RIGHT.productions(n)]
    contexts = [ROOT, *((p.key, i) for p in productions for i in range(len(p.children)))]
    return Weights(
        {context: {p.key: draw.uniform(0.05, 1.0) for p in productions} for context in contexts},
        {p.key: 1.0 for p in productions},
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_cheapest_concatenation_is_found_whatever_the_costs(seed: int) -> None:
    bank = bank_of(RIGHT, weights(seed), 5)
    draw = random.Random(seed)
    table = bank.tables[0]
    checked = 0
    for _ in range(12):
        chosen = [draw.randrange(min(12, len(table.values))) for _ in range(draw.randint(2, 3))]
        wanted = tuple(map("".join, zip(*(table.values[n] for n in chosen), strict=True)))
        if not any(wanted):
            continue
        concatenations = Concatenations(bank.language, bank, wanted, len(wanted), lambda _: None)
        concatenations.update(0)
        found = concatenations.shortest(0)
        cheapest = brute_force(bank, wanted, 3)
        assert found is not None
        assert cheapest is not None
        assert found.cost <= cheapest
        assert tuple(Evaluation(STRINGS, INPUTS).column(found.build())) == wanted
        assert RIGHT.derive_at(RIGHT.start, found.build()) is not None
        checked += 1
    assert checked > 6


def test_a_bound_on_the_cost_is_kept() -> None:
    bank = bank_of(RIGHT, Weights(), 5)
    wanted = ("ab cab c-", "x yzx yz-", "pqr spqr s-")
    concatenations = Concatenations(bank.language, bank, wanted, 3, lambda _: None)
    concatenations.update(0)
    found = concatenations.shortest(0)
    assert found is not None
    assert concatenations.shortest(0, below=found.cost) is None
    again = concatenations.shortest(0, below=found.cost + 1)
    assert again is not None
    assert again.cost == found.cost


def test_some_cases_are_written_without_the_others() -> None:
    bank = bank_of(RIGHT, Weights(), 5)
    wanted = ("ab c-", "x yz-", "nothing like it")
    concatenations = Concatenations(bank.language, bank, wanted, 2, lambda _: None)
    concatenations.update(0)
    assert concatenations.shortest(0) is None
    found = concatenations.shortest(0, cases=0b011)
    assert found is not None
    assert Evaluation(STRINGS, INPUTS).column(found.build())[:2] == list(wanted[:2])


def test_an_allowance_ends_the_search() -> None:
    bank = bank_of(RIGHT, Weights(), 5)
    wanted = ("ab c-ab-ab-", "x yz-ab-ab-", "pqr s-ab-ab-")
    concatenations = Concatenations(bank.language, bank, wanted, 3, lambda _: None)
    concatenations.update(0)
    assert concatenations.shortest(0, allowance=0) is None
    assert concatenations.shortest(0) is not None


def test_empty_strings_are_no_concatenation() -> None:
    bank = bank_of(RIGHT, Weights(), 3)
    concatenations = Concatenations(bank.language, bank, ("", "", ""), 3, lambda _: None)
    concatenations.update(0)
    assert concatenations.shortest(0) is None
