"""Laws of grammars on random small ones: the mask, completion sizes, sampling, likelihood, membership."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.domain import Domain, load_domain
from dsl.grammar import Grammar, Nonterminal, nonterminal_symbol
from dsl.inference import has_instance, infer
from dsl.languages import LanguageSettings, language
from dsl.probability import ROOT, Context, ProbabilisticGrammar, WeightedProgram, Weights
from dsl.rules import from_rules
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, abstract
from dsl.types import INT, parse_type

OPERATORS = [Operator(name, parse_type(" -> ".join(["int"] * (arity + 1)))) for name, arity in (("f", 1), ("g", 2))]
SCOPE = (INT,)
NAMES = [Nonterminal(INT, SCOPE, name) for name in "ABC"]
Rules = Mapping[Nonterminal, Sequence[Term]]


@st.composite
def rule_sets(draw: st.DrawFn) -> Rules:
    count = draw(st.integers(1, 3))
    names = NAMES[:count]
    argument = st.one_of(
        st.sampled_from([nonterminal_symbol(n) for n in names]),
        st.sampled_from([Variable(0), Literal(1, INT)]),
    )
    side = st.one_of(
        argument,
        st.builds(lambda a: Application(OPERATORS[0], (a,)), argument),
        st.builds(lambda a, b: Application(OPERATORS[1], (a, b)), argument, argument),
    )
    return {name: draw(st.lists(side, min_size=1, max_size=4)) for name in names}


def terms_of(rules: Rules, nonterminal: Nonterminal, size: int) -> set[Term]:
    """All terms of at most `size` nodes, from the rules as stated, by iterating them to a fixed point."""
    table: dict[Nonterminal, set[Term]] = {n: set() for n in rules}
    by_name = {n.name: n for n in rules}

    def instances(side: Term) -> Iterator[Term]:
        if not isinstance(side, Application) or not isinstance(side.head, Operator):
            yield side
        elif side.head.kind == "nonterminal":
            yield from table[by_name[side.head.name]]
        else:
            for arguments in itertools.product(*(list(instances(a)) for a in side.arguments)):
                yield Application(side.head, arguments)

    changed = True
    while changed:
        changed = False
        for name, sides in rules.items():
            new = {t for side in sides for t in list(instances(side)) if t.size <= size} - table[name]
            if new:
                table[name] |= new
                changed = True
    return table[nonterminal]


@settings(max_examples=60, deadline=None)
@given(rule_sets(), st.integers(1, 5))
def test_the_mask_is_the_set_of_productions_that_can_be_completed(rules: Rules, budget: int) -> None:
    grammar = from_rules(NAMES[0], rules)
    for nonterminal in rules:
        possible = {
            production
            for term in terms_of(rules, nonterminal, budget)
            for production, _ in grammar.forest(nonterminal, term)[nonterminal, term]
        }
        assert set(grammar.legal(nonterminal, budget)) == possible


@settings(max_examples=60, deadline=None)
@given(rule_sets())
def test_the_minimum_completion_is_exact(rules: Rules) -> None:
    grammar = from_rules(NAMES[0], rules)
    for nonterminal in rules:
        found = [t.size for t in terms_of(rules, nonterminal, 5)]
        smallest = grammar.minimum_size(nonterminal)
        assert smallest == min(found, default=math.inf) or (not found and smallest > 5)
        by_cost = grammar.minimum_cost(lambda production: production.size, nonterminal)[nonterminal]
        assert by_cost == smallest


@settings(max_examples=60, deadline=None)
@given(rule_sets())
def test_derive_agrees_with_the_enumerated_language(rules: Rules) -> None:
    grammar = from_rules(NAMES[0], rules)
    language = terms_of(rules, NAMES[0], 4)
    every = terms_of({NAMES[0]: _everything(), **{n: [Variable(0)] for n in NAMES[1:]}}, NAMES[0], 4)
    for term in every:
        derivation = grammar.derive(abstract(term, 1))
        assert (derivation is not None) == (term in language)
        if derivation is not None:
            assert derivation.term is term


def _everything() -> list[Term]:
    a = nonterminal_symbol(NAMES[0])
    return [Variable(0), Literal(1, INT), Application(OPERATORS[0], (a,)), Application(OPERATORS[1], (a, a))]


@settings(max_examples=40, deadline=None)
@given(rule_sets(), st.integers(0, 10**6))
def test_sampled_programs_are_in_the_language_and_within_the_budget(rules: Rules, seed: int) -> None:
    grammar = from_rules(NAMES[0], rules)
    if grammar.minimum_size(NAMES[0]) > 6:
        return
    chance = random.Random(seed)
    for _ in range(20):
        program = grammar.sample(chance, 6)
        assert isinstance(program, Lambda)
        assert program.body.size <= 6
        assert grammar.derive(program) is not None


def exact_distribution(grammar: ProbabilisticGrammar, budget: int) -> dict[Term, float]:
    """Probabilities of the sampler, by following every choice it can make."""
    found: dict[Term, float] = {}

    def expand(prefix: list[object], holes: list[tuple[Nonterminal, Context]], slack: float, mass: float) -> None:
        if not holes:
            term = build(prefix)
            found[term] = found.get(term, 0.0) + mass
            return
        nonterminal, context = holes[-1]
        productions = grammar.grammar.productions(nonterminal)
        weights = grammar.probabilities(nonterminal, context)
        minimum = grammar.grammar.minimum_size(nonterminal)
        fitting = [
            (p, w, grammar.grammar.completion_size(p) - minimum)
            for p, w in zip(productions, weights, strict=True)
            if grammar.grammar.completion_size(p) - minimum <= slack
        ]
        total = sum(w for _, w, _ in fitting)
        for production, weight, excess in fitting:
            below = [(child, (production.key, i)) for i, child in enumerate(production.children)]
            expand([*prefix, production], [*holes[:-1], *reversed(below)], slack - excess, mass * weight / total)

    def build(prefix: list[object]) -> Term:
        stack: list[Term] = []
        for production in reversed(prefix):
            children = [stack.pop() for _ in production.children]  # type: ignore[attr-defined]
            stack.append(production.build(children))  # type: ignore[attr-defined]
        return stack[0]

    start = grammar.grammar.start
    expand([], [(start, ROOT)], budget - grammar.grammar.minimum_size(start), 1.0)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_sampling_frequencies_match_probabilities(seed: int) -> None:
    a, b = (nonterminal_symbol(n) for n in NAMES[:2])
    rules = {
        NAMES[0]: [Variable(0), Application(OPERATORS[0], (b,)), Application(OPERATORS[1], (a, b))],
        NAMES[1]: [Literal(1, INT), Application(OPERATORS[0], (a,))],
    }
    chance = random.Random(seed)
    weights = Weights(
        contextual={("g:int -> int -> int", 0): {"variable 0:int": 3.0, "f:int -> int": 1.0}},
        unigram={"variable 0:int": 1.0, "g:int -> int -> int": 2.0, "literal 1:int": chance.uniform(0.5, 2)},
    )
    grammar = ProbabilisticGrammar(from_rules(NAMES[0], rules), weights)
    expected = exact_distribution(grammar, 5)
    assert sum(expected.values()) == pytest.approx(1)
    drawn: dict[Term, int] = {}
    number = 20_000
    for _ in range(number):
        term = grammar.sample(chance, 5).body  # type: ignore[attr-defined]
        drawn[term] = drawn.get(term, 0) + 1
    assert set(drawn) <= set(expected)
    statistic = sum((drawn.get(t, 0) - number * p) ** 2 / (number * p) for t, p in expected.items())
    degrees = len(expected) - 1
    # Far beyond the 99.99 % quantile of χ² for these degrees of freedom.
    assert statistic < degrees + 5 * math.sqrt(2 * degrees)


@settings(max_examples=30, deadline=None)
@given(rule_sets(), st.integers(0, 10**6))
def test_the_likelihood_of_a_finite_language_sums_to_at_most_one(rules: Rules, seed: int) -> None:
    grammar = ProbabilisticGrammar(from_rules(NAMES[0], rules))
    total = sum(math.exp(grammar.log_likelihood(abstract(t, 1))) for t in terms_of(rules, NAMES[0], 4))
    assert total <= 1 + 1e-9


@settings(max_examples=30, deadline=None)
@given(rule_sets(), st.integers(0, 10**6))
def test_inside_outside_never_lowers_the_likelihood(rules: Rules, seed: int) -> None:
    language = sorted(terms_of(rules, NAMES[0], 4), key=lambda t: t.digest)
    if not language:
        return
    chance = random.Random(seed)
    frontiers = [
        [WeightedProgram(abstract(chance.choice(language), 1), chance.uniform(-2, 0)) for _ in range(2)]
        for _ in range(4)
    ]
    grammar = from_rules(NAMES[0], rules)
    current = ProbabilisticGrammar(grammar)
    previous = current.expected_counts(frontiers).log_likelihood
    for _ in range(5):
        current = ProbabilisticGrammar(grammar, current.refit(frontiers, rounds=1, pseudo_count=0.0))
        now = current.expected_counts(frontiers).log_likelihood
        assert now >= previous - 1e-9
        previous = now


@pytest.mark.parametrize("request_type", ["list(int) -> int", "int -> list(bool)", "bool -> list(list(int))", "int"])
def test_smallest_terms_of_a_language_are_those_of_its_expanded_grammar(request_type: str) -> None:
    domain = Domain("small")
    domain.constant(1)
    domain.primitive("int -> int -> bool", name="less")(lambda a, b: a < b)
    domain.primitive("(t0 -> t1) -> list(t0) -> list(t1)", name="map")(lambda f, xs: tuple(map(f, xs)))
    domain.primitive("list(t0) -> (t0 -> t1 -> t1) -> t1 -> t1", name="fold")(lambda xs, f, y: y)
    grammar = language(domain, parse_type(request_type), LanguageSettings(extra_type_depth=1, bound_variables=2))
    exact = grammar.minimum_cost(lambda production: production.size)
    assert len(exact) > 20
    assert {n: grammar.minimum_size(n) for n in exact} == exact


REQUESTS = [
    ("lists", "list(int) -> list(int)"),
    ("lists/dreamcoder", "list(int) -> bool"),
    ("lists/lambdabeam", "list(int) -> list(int) -> int"),
    ("strings", "str -> int -> str"),
    ("integers", "int -> int -> bool"),
    ("bitvectors", "bv5 -> bv5"),
]


@pytest.mark.parametrize(("domain", "request_type"), REQUESTS)
def test_sampled_terms_of_every_domain_are_well_typed_and_derivable(domain: str, request_type: str) -> None:
    grammar: Grammar = load_domain(domain).grammar(request_type)
    chance = random.Random(7)
    for _ in range(150):
        program = grammar.sample(chance, 14)
        assert has_instance(infer(program), parse_type(request_type))
        derivation = grammar.derive(program)
        assert derivation is not None
        assert sum(d.production.size for d in derivation.preorder()) == derivation.term.size <= 14
