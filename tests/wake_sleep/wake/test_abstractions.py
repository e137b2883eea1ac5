"""Abstractions in a search: they compute what they expand to, and what is found lies in the language without them."""

import dataclasses
import itertools
import pickle
import random
from collections.abc import Callable, Iterator, Sequence

import pytest

from dsl.domain import Domain, load_domain
from dsl.evaluate import Evaluation
from dsl.grammar import Grammar
from dsl.languages import LanguageSettings
from dsl.limits import EXHAUSTED
from dsl.probability import Weights
from dsl.source import Source
from dsl.spec import Budget, Spec, task_from_examples
from dsl.sygus.reader import read_sygus
from dsl.terms import ABSTRACTION, Operator, Term, free_variables, strip_lambdas, without_abstractions
from dsl.types import Type, parse_type
from dsl.values import BOTTOM
from wake_sleep.wake.columns.search import ColumnSearch
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.engines import engine_for
from wake_sleep.wake.lambdas.search import OpenTermSearch
from wake_sleep.wake.meter import Meter, OutOfBudget
from wake_sleep.wake.outcome import Status
from wake_sleep.wake.search import Case, Goal, Search
from wake_sleep.wake.solve import SolveSettings, Strategy, guidance_of, program_grammar, solve_spec
from wake_sleep.wake.values.search import ValueSearch

STRINGS = (
    "str -> str",
    "str -> int",
    "str -> int -> str",
    "str -> str -> str",
    "int -> int -> int",
    "str -> bool",
    "str",
)
WORDS = ("bv64 -> bv64", "bv64 -> bv64 -> bv64", "bv64 -> bool", "bool -> bv64 -> bv64 -> bv64", "bv64")
LISTS = (
    "list(int) -> int",
    "list(int) -> int -> list(int)",
    "int -> int -> int",
    "(int -> int) -> list(int) -> list(int)",
    "(int -> bool) -> list(int) -> int",
    "(int -> int -> int) -> list(int) -> int -> int",
    "int -> bool",
    "list(int)",
)


def random_abstractions(domain: Domain, requests: tuple[str, ...], draw: random.Random, count: int) -> list[Operator]:
    """Random programs as library functions, all of whose parameters are used."""
    found: list[Operator] = []
    while len(found) < count:
        type_ = parse_type(draw.choice(requests))
        program = domain.grammar(type_).sample(draw, draw.randint(3, 9))
        body = strip_lambdas(program, len(type_.parameters))[1]
        if body.size > 1 and len(set(free_variables(body))) == len(type_.parameters):
            found.append(Operator(f"a{len(found)}", type_, ABSTRACTION, program))
    return found


def cases_of(name: str, draw: random.Random) -> tuple[Type, tuple[Case, ...]]:
    """A request and cases whose outputs are not looked at."""
    if name == "strings":
        texts = ["Ann Lee", "", "a-b-c", "x1 y22 z333", "Jo"]
        return parse_type("str -> int -> str"), tuple(((text, draw.randint(-1, 4)), "?!?") for text in texts)
    if name == "bitvectors":
        words = [(draw.getrandbits(64), draw.getrandbits(6)) for _ in range(5)]
        return parse_type("bv64 -> bv64 -> bv64"), tuple((pair, draw.getrandbits(64)) for pair in words)
    lists = [(), (3,), (4, 7, 1), (0, -2, 5, 5, 9)]
    return parse_type("list(int) -> int -> list(int)"), tuple(((xs, draw.randint(-2, 5)), (99, -99)) for xs in lists)


def kept_terms(search: Search) -> Iterator[tuple[Term, tuple[object, ...]]]:
    """Every term over the parameters that a search keeps, with the values that it has for it."""
    if isinstance(search, ValueSearch):
        for symbol, table in enumerate(search.bank.tables):
            for row, values in enumerate(table.values):
                yield search.bank.term(symbol, row), values
    elif isinstance(search, ColumnSearch):
        for bank in search._banks.values():
            for row in range(bank.count):
                yield search._term(bank, row), tuple(bank.values[:, row].tolist())
    elif isinstance(search, OpenTermSearch):
        for store in search._pursuit.solver.enumeration.stores.values():
            if not store.depth:
                for group in (group for groups in store.levels.values() for group in groups):
                    for entry in group.entries:
                        yield entry.term(search.goal.grammar.parameters), entry.column


def favouring(grammar: Grammar) -> Weights:
    """Weights under which abstractions are likely."""
    below = [child for production in grammar.productions(grammar.start) for child in production.children]
    productions = [p for n in dict.fromkeys([grammar.start, *below]) for p in grammar.productions(n)]
    return Weights(unigram={p.key: 20.0 if "#" in p.key else 1.0 for p in productions})


def uses_abstractions(term: Term) -> bool:
    return without_abstractions(term) is not term


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "requests"), [("strings", STRINGS), ("bitvectors", WORDS), ("lists/dreamcoder", LISTS)]
)
def test_terms_with_abstractions_have_the_values_of_their_expansions(
    name: str, requests: tuple[str, ...], seed: int
) -> None:
    draw = random.Random(seed)
    domain = load_domain(name)
    abstractions = tuple(random_abstractions(domain, requests, draw, 8))
    request, cases = cases_of(name, draw)
    grammar = domain.grammar(request, LanguageSettings(abstractions=abstractions))
    goal = Goal(grammar, domain, cases)
    search = engine_for(goal)(goal, Costs(grammar, favouring(grammar)), Meter(Budget(candidates=12_000)))
    with pytest.raises(OutOfBudget):
        for _ in search.run():
            pass
    evaluation = Evaluation(domain, [inputs for inputs, _ in cases])
    compared = 0
    for term, values in kept_terms(search):
        if uses_abstractions(term):
            wanted = tuple(evaluation.column(without_abstractions(term)))
            if EXHAUSTED not in wanted:
                # A function that does not use an argument of no value is taken for one that has none itself.
                pairs = zip(values, wanted, strict=True)
                may_lack = isinstance(search, OpenTermSearch)
                assert all(v == w or (may_lack and v is BOTTOM) for v, w in pairs), term
                compared += 1
    assert compared > 20


# Solving.


def abstraction(domain: str, name: str, type_: str, text: str) -> Operator:
    return Operator(name, parse_type(type_), ABSTRACTION, load_domain(domain).parse(text))


EVENS_SUM = abstraction("lists", "fn_0", "list(int) -> int", "(lambda (sum (filter (lambda (is-even $0)) $0)))")
MAP_TWICE = abstraction(
    "lists",
    "fn_1",
    "(int -> int) -> list(int) -> list(int)",
    "(lambda (lambda (map (lambda ($2 ($2 $0))) $0)))",
)
LISTS_IN: Sequence[list[int]] = ([4, 7, 1, 10], [], [3], [8, 2, 2, 6, 5], [0, 11, 12, 3])


def lists_spec(meaning: Callable[[list[int]], object]) -> Spec:
    return task_from_examples("f", [((xs,), meaning(xs)) for xs in LISTS_IN], domain="lists").spec


def guided_by(*abstractions: Operator, strategy: Strategy = Strategy.HYBRID, candidates: int = 15_000) -> SolveSettings:
    """Settings under which abstractions are likely."""
    weights = Weights(unigram={f"{a.key}:{a.type}": 30.0 for a in abstractions} | {"variable 0:list(int)": 3.0})
    return SolveSettings(
        Budget(candidates=candidates), strategy, weights=weights, generation="lists-1", abstractions=abstractions
    )


def test_the_answer_is_expanded_and_said_in_compressed_form_too() -> None:
    spec = lists_spec(lambda xs: 5 * sum(x for x in xs if x % 2 == 0))
    outcome = solve_spec(spec, guided_by(EVENS_SUM, strategy=Strategy.SYMBOLIC))
    assert outcome.status is Status.SOLVED
    (name,) = outcome.programs
    assert uses_abstractions(outcome.compressed[name])
    assert without_abstractions(outcome.compressed[name]) is outcome.programs[name]
    assert program_grammar(spec, spec.functions[0]).derive(outcome.programs[name]) is not None
    assert outcome.size == outcome.programs[name].size - 1
    assert outcome.cost == pytest.approx(
        guidance_of(spec, spec.functions[0], guided_by(EVENS_SUM)).costs.nats(outcome.compressed[name])
    )
    assert outcome.answered_after is not None
    assert outcome.answered_after <= outcome.candidates


def test_an_abstraction_may_take_functions() -> None:
    spec = lists_spec(lambda xs: [x * x * x * x + 0 for x in xs])
    outcome = solve_spec(spec, guided_by(MAP_TWICE, strategy=Strategy.SYMBOLIC))
    assert outcome.status is Status.SOLVED
    (program,) = outcome.programs.values()
    assert not uses_abstractions(program)
    assert uses_abstractions(*outcome.compressed.values())


def test_without_the_library_or_with_a_bound_on_size_no_abstraction_is_used() -> None:
    spec = lists_spec(lambda xs: sum(xs) + len(xs))
    for settings in (
        dataclasses.replace(guided_by(EVENS_SUM), library=False),
        dataclasses.replace(guided_by(EVENS_SUM), budget=Budget(candidates=15_000, size=8)),
    ):
        outcome = solve_spec(spec, settings)
        assert outcome.status is Status.SOLVED
        assert outcome.compressed == outcome.programs


def test_other_programs_that_fit_are_told_of_once_each_and_the_answer_is_not_among_them() -> None:
    spec = lists_spec(lambda xs: [x + len(xs) for x in xs])
    outcome = solve_spec(spec, SolveSettings(Budget(candidates=40_000)))
    assert outcome.status is Status.SOLVED
    domain = load_domain("lists")
    others = [program for programs in outcome.alternatives for program in programs.values()]
    assert len(set(others) | set(outcome.programs.values())) == len(others) + 1
    assert len(others) <= 5
    for program, example in itertools.product(others, spec.examples):
        assert domain.evaluate(program, *example.inputs) == example.output


def test_equal_searches_have_equal_outcomes_in_every_part() -> None:
    spec = lists_spec(lambda xs: [x + len(xs) for x in xs])
    settings = guided_by(EVENS_SUM, MAP_TWICE)
    first, second = (solve_spec(spec, pickle.loads(pickle.dumps(settings))) for _ in range(2))
    assert first.compressed == second.compressed
    assert first.alternatives == second.alternatives
    assert (first.candidates, first.answered_after) == (second.candidates, second.answered_after)


def test_an_abstraction_whose_parts_the_language_lacks_is_left_out() -> None:
    foreign = abstraction("strings", "fn_9", "str -> str", '(lambda (str.++ $0 "xyzzy"))')
    task = task_from_examples("f", [(("a",), "A"), (("b",), "B")], domain="strings")
    function = task.spec.functions[0]
    grammar = program_grammar(task.spec, function, [foreign])
    assert all(p.head is not foreign for p in grammar.productions(grammar.start))


SHIFT = """
(set-logic BV)
(synth-fun f ((x (_ BitVec 64))) (_ BitVec 64)
  ((S (_ BitVec 64))) ((S (_ BitVec 64) (x #x0000000000000001 (bvadd S S) (bvand S S) (bvnot S)))))
(constraint (= (f #x0000000000000004) #x0000000000000008))
(constraint (= (f #x0000000000000007) #x000000000000000e))
(check-synth)
"""


def test_in_the_grammar_of_a_file_an_abstraction_stands_where_its_body_derives() -> None:
    spec = read_sygus(Source(SHIFT), None)
    twice = abstraction("bitvectors", "fn_2", "bv64 -> bv64", "(lambda (bvadd@64 $0 $0))")
    foreign = abstraction("bitvectors", "fn_3", "bv64 -> bv64", "(lambda (bvmul@64 $0 $0))")
    settings = SolveSettings(Budget(candidates=30_000), Strategy.SYMBOLIC, abstractions=(twice, foreign))
    grammar = guidance_of(spec, spec.functions[0], settings).grammar
    heads = {p.head for p in grammar.productions(grammar.start)}
    assert twice in heads
    assert foreign not in heads
    outcome = solve_spec(spec, settings)
    assert outcome.status is Status.SOLVED
    assert uses_abstractions(outcome.compressed["f"])
    assert program_grammar(spec, spec.functions[0]).derive(outcome.programs["f"]) is not None
