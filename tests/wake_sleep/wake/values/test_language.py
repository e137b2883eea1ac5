"""Languages compiled to symbols and rules."""

from dsl.domain import load_domain
from dsl.grammar import Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.probability import Weights
from dsl.rules import from_rules
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import INT, STRING
from wake_sleep.wake.costs import Costs
from wake_sleep.wake.values.language import Language

DOMAIN = load_domain("strings")


def apply(name: str, *arguments: Term) -> Term:
    found = DOMAIN.find(name, len(arguments))
    assert found is not None
    return Application(found.operator, arguments)


def names(*letters: str) -> list[Nonterminal]:
    return [Nonterminal(STRING, (STRING,), letter) for letter in letters]


def compiled(grammar: Grammar, weights: Weights | None = None, *texts: str) -> Language:
    costs = Costs(grammar, weights) if weights is not None else Costs(grammar)
    return Language(grammar, costs, {STRING: [Literal(text, STRING) for text in texts]})


def test_nonterminals_with_equal_productions_are_one_symbol() -> None:
    a, b, c = names("A", "B", "C")
    sb, sc = map(nonterminal_symbol, (b, c))
    grammar = from_rules(a, {a: (sb,), b: (Variable(0), apply("str.++", sb, sc)), c: (sb,)})
    language = compiled(grammar)
    assert len(language.symbols) == 1
    assert [rule.children for rule in language.start.rules] == [(), (0, 0)]


def test_nonterminals_that_differ_below_stay_apart() -> None:
    a, b, c = names("A", "B", "C")
    sb, sc = map(nonterminal_symbol, (b, c))
    grammar = from_rules(a, {a: (apply("str.++", sb, sc),), b: (Variable(0),), c: (Variable(0), Literal("x", STRING))})
    assert len(compiled(grammar).symbols) == 3


def test_types_tell_equal_nonterminals_apart() -> None:
    a = Nonterminal(STRING, (STRING,), "A")
    i = Nonterminal(INT, (STRING,), "I")
    grammar = from_rules(
        a,
        {
            a: (apply("str.at", nonterminal_symbol(a), nonterminal_symbol(i)), any_constant(STRING)),
            i: (any_constant(INT),),
        },
    )
    assert len(compiled(grammar).symbols) == 2


def test_a_constant_slot_becomes_a_rule_for_each_literal_at_its_price() -> None:
    (a,) = names("A")
    grammar = from_rules(a, {a: (Variable(0), any_constant(STRING))})
    language = compiled(grammar, None, "x", "long text")
    assert language.has_slots
    _, short, long = language.start.rules
    assert short.level == long.level
    assert short.cost < long.cost
    assert long.leaf is Literal("long text", STRING)


def test_a_literal_that_was_not_suggested_gets_a_rule_when_a_term_has_it() -> None:
    (a,) = names("A")
    grammar = from_rules(a, {a: (Variable(0), any_constant(STRING))})
    language = compiled(grammar, None, "x")
    derivation = grammar.derive_at(a, Literal("new", STRING))
    assert derivation is not None
    rule = language.rule_of(derivation)
    assert rule is not None
    assert rule.leaf is Literal("new", STRING)
    assert language.rule_of(derivation) is rule
    assert rule not in language.start.rules


def test_productions_of_probability_zero_are_left_out() -> None:
    (a,) = names("A")
    grammar = from_rules(a, {a: (Variable(0), Literal("x", STRING))})
    dead = next(p.key for p in grammar.productions(a) if isinstance(p.head, Literal))
    language = compiled(grammar, Weights(unigram={dead: 0.0, "variable 0:str": 1.0}))
    assert [rule.leaf for rule in language.start.rules] == [Variable(0)]
