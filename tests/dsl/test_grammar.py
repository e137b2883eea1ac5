"""The typed tree grammar: expansion, completion sizes, membership, identity, abstractions."""

from __future__ import annotations

import itertools
import math
import pickle
import random
from collections.abc import Mapping, Sequence

import pytest

from dsl.domain import Domain, load_domain
from dsl.errors import GrammarError
from dsl.grammar import Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.inference import infer
from dsl.languages import LanguageSettings, language
from dsl.printing import parse_term
from dsl.rules import from_rules
from dsl.terms import ABSTRACTION, Application, Literal, Operator, Term, Variable, abstract
from dsl.types import BOOL, INT, STRING, parse_type

PLUS = Operator("+", parse_type("int -> int -> int"))
LESS = Operator("<", parse_type("int -> int -> bool"))
ITE = Operator("ite", parse_type("bool -> t0 -> t0 -> t0"))
SCOPE = (INT, INT)
START, TEST = Nonterminal(INT, SCOPE, "Start"), Nonterminal(BOOL, SCOPE, "Test")
ONE, TWO = Literal(1, INT), Literal(2, INT)


def symbol(nonterminal: Nonterminal) -> Term:
    return nonterminal_symbol(nonterminal)


def conditional() -> Grammar:
    s, t = symbol(START), symbol(TEST)
    rules: Mapping[Nonterminal, Sequence[Term]] = {
        START: [Variable(1), Variable(0), ONE, Application(PLUS, (s, s)), Application(ITE, (t, s, s))],
        TEST: [Application(LESS, (s, s))],
    }
    return from_rules(START, rules)


def resolve(name: str, arity: int) -> Operator | None:
    return {("+", 2): PLUS, ("<", 2): LESS, ("ite", 3): ITE}.get((name, arity))


def term(text: str) -> Term:
    return parse_term(text, resolve)


def test_a_grammar_reads_as_text() -> None:
    assert str(conditional()) == (
        "Start : int ::= $1 | $0 | 1 | (+ Start Start) | (ite Test Start Start)\nTest : bool ::= (< Start Start)"
    )


def test_programs_of_the_grammar_have_a_derivation_and_others_have_none() -> None:
    grammar = conditional()
    inside = grammar.derive(term("(lambda (lambda (ite (< $0 $1) $1 (+ $0 1))))"))
    assert inside is not None
    assert [d.production.key for d in inside.preorder()][:3] == [
        "ite:bool -> int -> int -> int",
        "<:int -> int -> bool",
        "variable 1:int",
    ]
    assert grammar.derive(term("(lambda (lambda 2))")) is None
    assert grammar.derive(term("(lambda (lambda (< $0 $1)))")) is None
    assert grammar.derive(term("(lambda $0)")) is None


def test_nested_terms_in_rules_are_matched_exactly() -> None:
    s = symbol(START)
    grammar = from_rules(START, {START: [Variable(0), Application(PLUS, (s, Application(PLUS, (ONE, TWO))))]})
    assert grammar.derive(term("(lambda (lambda (+ $0 (+ 1 2))))")) is not None
    assert grammar.derive(term("(lambda (lambda (+ $0 (+ 2 1))))")) is None
    assert grammar.derive(term("(lambda (lambda (+ (+ 1 2) $0)))")) is None


def test_chain_rules_reach_through_cycles() -> None:
    other = Nonterminal(INT, SCOPE, "Other")
    grammar = from_rules(START, {START: [symbol(other)], other: [symbol(START), ONE]})
    assert grammar.derive(term("(lambda (lambda 1))")) is not None
    assert grammar.minimum_size(START) == 1


def test_a_constant_slot_takes_any_literal_of_its_type() -> None:
    grammar = from_rules(START, {START: [any_constant(INT)]})
    assert grammar.derive(term("(lambda (lambda 123456))")) is not None
    assert grammar.derive(term("(lambda (lambda true))")) is None
    drawn = {grammar.sample(random.Random(seed), 1) for seed in range(50)}
    assert len(drawn) > 5


def test_an_empty_nonterminal_has_no_smallest_term() -> None:
    s = symbol(START)
    grammar = from_rules(START, {START: [Application(PLUS, (s, s))]})
    assert math.isinf(grammar.minimum_size(START))
    assert grammar.legal(START, 100) == ()
    with pytest.raises(GrammarError, match="at most 5 nodes"):
        grammar.sample(random.Random(0), 5)


def test_a_rule_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(GrammarError, match=r"has type bool, not int"):
        from_rules(START, {START: [Application(LESS, (ONE, ONE))]})
    with pytest.raises(GrammarError, match="Test has no rules"):
        from_rules(START, {START: [Application(ITE, (symbol(TEST), ONE, ONE))]})


def test_identity_ignores_names_and_order_but_not_the_language() -> None:
    other_start, other_test = Nonterminal(INT, SCOPE, "A"), Nonterminal(BOOL, SCOPE, "B")
    copy = Nonterminal(INT, SCOPE, "Copy")
    a, b, c = symbol(other_start), symbol(other_test), symbol(copy)
    renamed = from_rules(
        other_start,
        {
            other_test: [Application(LESS, (c, a))],
            other_start: [Application(ITE, (b, a, c)), Application(PLUS, (a, c)), ONE, Variable(0), Variable(1)],
            copy: [symbol(other_start)],
        },
    )
    assert renamed.identity == conditional().identity
    assert renamed == conditional()
    smaller = from_rules(START, {START: [Variable(1), Variable(0), ONE, Application(PLUS, (symbol(START),) * 2)]})
    assert smaller.identity != conditional().identity


def test_identity_sees_differences_deep_below_the_start() -> None:
    def chain(last: Term) -> Grammar:
        levels = [Nonterminal(INT, SCOPE, f"L{i}") for i in range(9)]
        rules: dict[Nonterminal, Sequence[Term]] = {
            here: [Application(PLUS, (symbol(below), symbol(below)))] for here, below in itertools.pairwise(levels)
        }
        return from_rules(levels[0], {**rules, levels[-1]: [last]})

    assert chain(ONE).identity != chain(TWO).identity


def test_polymorphic_primitives_are_instantiated_at_the_types_of_the_request() -> None:
    domain = load_domain("lists/dreamcoder")
    grammar = domain.grammar("list(int) -> list(bool)")
    program = parse_term("(lambda (map (lambda (gt? $0 (fold $1 0 (lambda (lambda (+ $1 $0)))))) $0))", domain.operator)
    assert grammar.derive(program) is not None
    assert grammar.derive(parse_term("(lambda (map (lambda 1) $0))", domain.operator)) is None


def test_the_number_of_bound_variables_is_limited() -> None:
    domain = load_domain("lists/dreamcoder")
    nested = parse_term("(lambda (map (lambda (fold $1 $0 (lambda (lambda $2)))) $0))", domain.operator)
    request = parse_type("list(int) -> list(int)")
    assert language(domain, request, LanguageSettings(bound_variables=3)).derive(nested) is not None
    assert language(domain, request, LanguageSettings(bound_variables=2)).derive(nested) is None


def test_functions_in_scope_are_applied() -> None:
    domain = load_domain("lists/dreamcoder")
    grammar = domain.grammar("(int -> int) -> int -> int")
    program = parse_term("(lambda (lambda ($1 ($1 $0))))", domain.operator)
    assert grammar.derive(program) is not None
    assert any("($1" in repr(grammar.sample(random.Random(seed), 6)) for seed in range(300))


def test_bit_vector_operators_are_instantiated_at_the_widths_of_the_request() -> None:
    grammar = load_domain("bitvectors").grammar("bv7 -> bv7")
    operators = {p.head.type for p in grammar.productions(grammar.start) if isinstance(p.head, Operator)}
    assert parse_type("bv7 -> bv7 -> bv7") in operators
    assert all(t.result is parse_type("bv7") for t in operators if not t.is_polymorphic)


def test_a_polymorphic_request_is_refused() -> None:
    with pytest.raises(GrammarError, match="monomorphic"):
        load_domain("lists").grammar("list(t0) -> int")


def test_a_domain_without_a_constant_still_knows_its_smallest_terms() -> None:
    domain = Domain("peano")

    @domain.primitive
    def successor(n: int) -> int:
        return n + 1

    grammar = domain.grammar("int -> int")
    assert grammar.minimum_size(grammar.start) == 1
    closed = domain.grammar("int")
    assert math.isinf(closed.minimum_size(closed.start))


def abstraction(definition: str) -> Operator:
    closed = term(definition)
    return Operator("double", infer(closed), ABSTRACTION, closed)


def test_an_abstraction_enters_where_its_body_derives() -> None:
    double = abstraction("(lambda (+ $0 $0))")
    grammar = conditional().with_abstractions([double])
    assert grammar.derive(abstract(Application(double, (Variable(0),)), 2)) is not None
    assert len(grammar.productions(START)) == len(conditional().productions(START)) + 1
    assert len(grammar.productions(TEST)) == len(conditional().productions(TEST))
    assert grammar.identity != conditional().identity


def test_an_abstraction_whose_body_does_not_derive_stays_out() -> None:
    three = abstraction("(lambda (+ $0 (+ 2 1)))")
    grammar = conditional().with_abstractions([three])
    assert len(grammar.productions(START)) == len(conditional().productions(START))


def test_an_abstraction_enters_once_for_each_choice_of_argument_nonterminals() -> None:
    left, right = Nonterminal(INT, SCOPE, "L"), Nonterminal(INT, SCOPE, "R")
    grammar = from_rules(
        START,
        {
            START: [Application(PLUS, (symbol(left), symbol(right))), Application(PLUS, (symbol(right), symbol(left)))],
            left: [ONE],
            right: [TWO],
        },
    )
    add = Operator("add", parse_type("int -> int -> int"), ABSTRACTION, term("(lambda (lambda (+ $1 $0)))"))
    entered = [p.children for p in grammar.with_abstractions([add]).productions(START) if p.head is add]
    assert entered == [(left, right), (right, left)]
    twice = Operator("twice", parse_type("int -> int"), ABSTRACTION, term("(lambda (+ $0 $0))"))
    assert len(grammar.with_abstractions([twice]).productions(START)) == 2


def test_abstractions_join_the_language_of_a_domain() -> None:
    domain = load_domain("lists/dreamcoder")
    body = parse_term("(lambda (car (cdr $0)))", domain.operator)
    second = Operator("second", parse_type("list(t0) -> t0"), ABSTRACTION, body)
    grammar = language(domain, parse_type("list(int) -> int"), LanguageSettings(abstractions=(second,)))
    assert grammar.derive(abstract(Application(second, (Variable(0),)), 1)) is not None


def test_constants_of_a_spec_join_the_language() -> None:
    domain = load_domain("strings")
    offered = Literal("Dr. ", STRING)
    grammar = language(domain, parse_type("str -> str"), LanguageSettings(constants=(offered,)))
    assert grammar.derive(parse_term('(lambda (str.++ "Dr. " $0))', domain.operator)) is not None


def test_the_language_of_a_domain_survives_pickling() -> None:
    grammar = load_domain("lists/dreamcoder").grammar("list(int) -> int")
    copy = pickle.loads(pickle.dumps(grammar))
    assert copy == grammar
    assert copy.sample(random.Random(3), 9) is grammar.sample(random.Random(3), 9)


def test_the_smallest_term_has_the_minimum_size() -> None:
    for name in ("integers", "strings", "lists"):
        grammar = load_domain(name).grammar("list(int) -> int" if name == "lists" else "int -> int")
        term = grammar.smallest(grammar.start)
        assert term.size == grammar.minimum_size(grammar.start)
        assert grammar.derive_at(grammar.start, term) is not None


def chained(depth: int, arguments: int) -> Grammar:
    """A grammar with one term, whose every node but the last has this many equal arguments."""
    places = [Nonterminal(INT, (), f"N{i}") for i in range(depth)]
    operator = Operator("+", parse_type(" -> ".join(["int"] * (arguments + 1))))
    rules: dict[Nonterminal, list[Term]] = {
        place: [Application(operator, (nonterminal_symbol(below),) * arguments)]
        for place, below in itertools.pairwise(places)
    }
    return from_rules(places[0], rules | {places[-1]: [Literal(1, INT)]})


@pytest.mark.parametrize(("depth", "arguments", "size"), [(60, 2, 2**60 - 1), (2_000, 1, 2_000)])
def test_the_smallest_term_may_be_huge_or_deep(depth: int, arguments: int, size: int) -> None:
    grammar = chained(depth, arguments)
    assert grammar.smallest(grammar.start).size == size
