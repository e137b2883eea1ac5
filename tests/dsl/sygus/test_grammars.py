"""Grammars of SyGuS-IF files, in both forms, and the ones that hold where none is stated."""

from pathlib import Path

import pytest

from dsl.errors import SpecError
from dsl.grammar import Grammar
from dsl.printing import to_sexpr
from dsl.source import Source, read_source
from dsl.spec import Spec
from dsl.sygus.logics import default_grammar
from dsl.sygus.reader import read_sygus
from dsl.terms import Literal, Term, operators
from dsl.types import INT

FIXTURES = Path(__file__).parents[1] / "fixtures"


def spec_of(grammar: str, signature: str = "((x Int) (b Bool)) Int", before: str = "") -> Spec:
    return read_sygus(Source(f"{before}(synth-fun f {signature}\n{grammar})"))


def grammar_of(grammar: str, signature: str = "((x Int) (b Bool)) Int", before: str = "") -> Grammar:
    found = spec_of(grammar, signature, before).functions[0].grammar
    assert found is not None
    return found


def rules_of(grammar: Grammar) -> dict[str, list[str]]:
    assert grammar.rules is not None
    return {nonterminal.name: [to_sexpr(term) for term in terms] for nonterminal, terms in grammar.rules.items()}


def allows(grammar: Grammar, spec: Spec, body: str) -> bool:
    """Whether the grammar of the spec's first function has a program with this body."""
    function = spec.functions[0]
    parameters = " ".join(
        f"({name} {sort})" for name, sort in zip("xyz", ("Int",) * len(function.parameters), strict=False)
    )
    macro = read_sygus(Source(f"(synth-fun f () Int)(define-fun answer ({parameters}) Int {body})")).macros[0]
    assert macro.operator.definition is not None
    return grammar.derive(macro.operator.definition) is not None


def test_both_forms_state_the_same_grammar() -> None:
    old = grammar_of("((Start Int (x 1 (ite C Start Start))) (C Bool (b (< Start Start))))")
    new = grammar_of("((Start Int) (C Bool)) ((Start Int (x 1 (ite C Start Start))) (C Bool (b (< Start Start))))")
    assert old == new
    assert (
        rules_of(old) == rules_of(new) == {"Start": ["$1", "1", "(ite C Start Start)"], "C": ["$0", "(< Start Start)"]}
    )


def test_version_1_starts_at_start_and_else_at_the_first() -> None:
    assert grammar_of("((A Int (x)) (Start Int (A)))").start.name == "Start"
    assert grammar_of("((A Int (x)) (B Int (A)))").start.name == "A"


def test_version_2_starts_at_the_first_that_is_declared() -> None:
    assert grammar_of("((A Int) (Start Int)) ((Start Int (x)) (A Int (Start)))").start.name == "A"


def test_names_of_nonterminals_and_their_order_do_not_count() -> None:
    one = grammar_of("((A Int) (B Bool)) ((A Int (x (ite B A A))) (B Bool (b)))")
    other = grammar_of("((S Int) (T Bool)) ((T Bool (b)) (S Int ((ite T S S) x)))")
    assert one == other


def test_a_production_may_be_a_chain_a_literal_or_a_nested_term() -> None:
    grammar = grammar_of("((A Int (B (+ A (- 1)) (+ (* 2 B) (- x 3)))) (B Int (0 x)))")
    assert rules_of(grammar)["A"] == ["B", "(+ A -1)", "(+ (* 2 B) (- $1 3))"]


def test_operators_of_many_arguments_and_indexed_ones_stand_in_grammars() -> None:
    grammar = grammar_of("((A Int (x (+ A A A))))")
    assert rules_of(grammar) == {"A": ["$1", "(+ A A A)"]}
    byte = grammar_of(
        "((W (_ BitVec 8) (x ((_ rotate_left 3) W) (concat H H))) (H (_ BitVec 4) (((_ extract 7 4) W))))",
        "((x (_ BitVec 8))) (_ BitVec 8)",
    )
    assert rules_of(byte)["W"] == ["$0", "((_ rotate_left 3 @8) W)", "(concat@4 H H)"]


def test_macros_are_operators_of_a_grammar() -> None:
    grammar = grammar_of(
        "((A Int (x zero (twice A))))", before="(define-fun twice ((y Int)) Int (+ y y))(define-fun zero () Int 0)"
    )
    assert rules_of(grammar) == {"A": ["$1", "zero", "(twice A)"]}


def test_variable_stands_for_the_parameters_of_a_sort() -> None:
    grammar = grammar_of("((A Int ((Variable Int))))", "((x Int) (b Bool) (y Int)) Int")
    assert rules_of(grammar) == {"A": ["$2", "$0"]}
    assert grammar == grammar_of("((A Int ((InputVariable Int))))", "((x Int) (b Bool) (y Int)) Int")


def test_constant_stands_for_any_literal() -> None:
    spec = spec_of("((A Int (x (Constant Int) (+ A A))))", "((x Int)) Int")
    grammar = spec.functions[0].grammar
    assert grammar is not None
    assert allows(grammar, spec, "(+ x 12345)")
    assert not allows(grammar, spec, "(- x 12345)")


def test_constants_and_variables_may_stand_inside_a_production() -> None:
    spec = spec_of("((A Int (x (+ (Variable Int) (Constant Int)))))", "((x Int) (y Int)) Int")
    grammar = spec.functions[0].grammar
    assert grammar is not None
    assert allows(grammar, spec, "(+ y 7)")
    assert not allows(grammar, spec, "(+ 7 y)")


def test_a_repeated_production_counts_once() -> None:
    assert rules_of(grammar_of("((A Int (1 x 1 (+ A 1) x (+ A 1))))")) == {"A": ["1", "$1", "(+ A 1)"]}


def test_a_nonterminal_hides_a_macro_but_no_operator() -> None:
    grammar = grammar_of("((- Int (x (- - -) m)) (m Int (0)))", before="(define-fun m () Int 5)")
    assert rules_of(grammar) == {"-": ["$1", "(- - -)", "m"], "m": ["0"]}


def test_several_functions_have_a_grammar_each() -> None:
    spec = read_sygus(Source("(synth-fun f ((x Int)) Int ((A Int (x))))(synth-fun g ((y Bool)) Bool ((A Bool (y))))"))
    assert [str(f.grammar) for f in spec.functions] == ["A : int ::= $0", "A : bool ::= $0"]


def test_an_invariant_may_have_a_grammar() -> None:
    spec = read_sygus(Source("(synth-inv i ((x Int)) ((A Bool (true (> I I))) (I Int (x 0))))"))
    grammar = spec.functions[0].grammar
    assert grammar is not None
    assert rules_of(grammar) == {"A": ["true", "(> I I)"], "I": ["$0", "0"]}


# Problems.


def test_nonterminals_that_are_never_reached_are_a_problem() -> None:
    spec = spec_of("((A Int (x))\n (B Int (C A))\n (C Int (1)))")
    unreachable = [p for p in spec.problems if p.kind == "unreachable-nonterminal"]
    assert [str(p.locations[0]) for p in unreachable] == ["<text>:3:3", "<text>:4:3"]
    assert unreachable[0].message == "the nonterminal B of f is never reached from A"


@pytest.mark.parametrize(
    "grammar", ["((A Int ()))", "((A Int ((+ A A))))", "((A Int (B)) (B Int (A)))", "((A Int ((Variable Int))))"]
)
def test_a_grammar_without_programs_is_a_problem(grammar: str) -> None:
    spec = spec_of(grammar, "((b Bool)) Int")
    assert "empty-grammar" in [p.kind for p in spec.problems]


def test_a_nonterminal_without_programs_is_none_where_the_start_has_some() -> None:
    spec = spec_of("((A Int (x (+ A B))) (B Int (B)))")
    assert [p.kind for p in spec.problems if "grammar" in p.kind] == []


# Mistakes.


@pytest.mark.parametrize(
    ("grammar", "column", "message"),
    [
        ("A", 1, "a grammar is expected here"),
        ("()", 1, "the grammar has no nonterminals"),
        ("((A Int))", 2, "this nonterminal has no productions"),
        ("(A Int (x))", 2, "`A` does not fit here"),
        ("((A Int x))", 9, "the productions are a list"),
        ("((A Int (x) (x)))", 13, "has more than three parts"),
        ("((A Int (x)) (A Int (x)))", 15, "there are two nonterminals `A`"),
        ("((x Int (x)))", 3, "`x` is a parameter and a nonterminal"),
        ("((A Bool (b)))", 5, "the start `A` is of sort Bool, but `f` gives Int"),
        ("((A Int (b)))", 10, "this production is of sort Bool, but `A` is Int"),
        ("((A Int (y)))", 10, "unknown symbol `y`"),
        ("((A Int ((f A b))))", 11, "`f` occurs in its own definition"),
        ("((A Int ((+ A))))", 11, "`+` takes 2 or more arguments, but is given 1"),
        ("((A Int ((A x))))", 11, "the nonterminal `A` takes no arguments"),
        ("((A Int ((A))))", 10, "`A` is applied to nothing"),
        ("((A Int (+ A A)))", 10, "the operator `+` is applied to nothing"),
        ("((A Int ((let ((y A)) y))))", 10, "`let` in a grammar is not supported"),
        ("((A Int ((let ((y Int A)) y))))", 10, "`let` in a grammar is not supported"),
        ("((A Int ((! x :weight 1))))", 11, "`!` terms are not supported"),
        ("((A Int ((Constant Bool))))", 10, "this production is of sort Bool, but `A` is Int"),
        ("((A Int ((Constant))))", 10, "`Constant` stands before a sort"),
        ("((A Int ((Constant Real))))", 20, "the sort `Real` (real numbers) is not supported"),
        ("((A Int ((LocalVariable Int))))", 10, "`(LocalVariable S)` is not supported"),
        ("((A Int)) ((A Int (x)) (B Int (x)))", 25, "the nonterminal `B` is not declared"),
        ("((A Int) (B Int)) ((A Int (x)))", 10, "the nonterminal `B` has no productions"),
        ("((A Int)) ((A Bool (b)))", 15, "the nonterminal `A` is declared of sort Int"),
        ("((A Int) (A Int)) ((A Int (x)))", 11, "there are two nonterminals `A`"),
        ("((A Int)) A", 11, "a grammar is expected here"),
        ("((A Int (x))) ((A Int (x)))", 2, "`(A Int (x))` does not fit here"),
    ],
)
def test_a_mistake_in_a_grammar_is_placed(grammar: str, column: int, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_of(grammar)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (2, column), str(caught.value)


@pytest.mark.parametrize(
    ("before", "production", "message"),
    [
        ("(declare-var z Int)", "z", "the declared variable `z` cannot stand in a grammar"),
        ("(synth-fun g () Int)", "g", "`g` is to be synthesized and cannot stand in a grammar"),
        ("(synth-fun g ((y Int)) Int)", "(g A)", "`g` is to be synthesized"),
        ("(synth-fun g () Int)(define-fun m () Int g)", "m", "`m` calls a function to be synthesized"),
        ("(declare-var z Int)(define-fun m () Int z)", "m", "`m` speaks of declared variables"),
    ],
)
def test_programs_see_their_parameters_and_macros_only(before: str, production: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        spec_of(f"((A Int ({production})))", before=before)


def test_a_huge_production_is_refused() -> None:
    with pytest.raises(SpecError, match="this production has 20001 nodes"):
        spec_of("((A Int (" + "(+ 1 " * 10_000 + "x" + ")" * 10_000 + ")))")


# Where no grammar is stated.


def operator_names(grammar: Grammar) -> set[str]:
    assert grammar.rules is not None
    return {operator.name for terms in grammar.rules.values() for operator in operators(*terms)}


def default_of(text: str) -> Grammar:
    spec = read_sygus(Source(text))
    assert spec.functions[0].grammar is None
    return default_grammar(spec, spec.functions[0])


def test_a_linear_logic_allows_products_with_a_constant_only() -> None:
    text = "(set-logic LIA)(synth-fun f ((x Int) (y Int)) Int)"
    spec, grammar = read_sygus(Source(text)), default_of(text)
    assert allows(grammar, spec, "(ite (and (< x y) (not (= x 3))) (+ (* -7 x) 1000) (- y))")
    assert not allows(grammar, spec, "(* x y)")
    assert not allows(grammar, spec, "(* x 2)")
    assert not operator_names(grammar) & {"div", "mod", "abs"}


def test_other_logics_allow_more_arithmetic() -> None:
    assert operator_names(default_of("(set-logic NIA)(synth-fun f ((x Int)) Int)")) >= {"*", "div", "mod", "abs"}
    assert operator_names(default_of("(set-logic ALL)(synth-fun f ((x Int)) Int)")) >= {"*", "div", "mod", "abs"}


def test_sorts_that_cannot_matter_have_no_nonterminal() -> None:
    grammar = default_of("(set-logic LIA)(synth-fun f ((a Bool) (b Bool)) Bool)")
    assert [n.type.name for n in grammar.reachable()] == ["bool"]


def test_strings_come_with_integers() -> None:
    names = operator_names(default_of("(set-logic SLIA)(synth-fun f ((s String)) Bool)"))
    assert names >= {"str.++", "str.len", "str.contains", "+", "<=", "ite"}


def test_bit_vectors_of_the_signature_are_converted_into_one_another() -> None:
    names = operator_names(default_of("(set-logic BV)(synth-fun f ((x (_ BitVec 8)) (y (_ BitVec 4))) (_ BitVec 8))"))
    assert names >= {"bvadd", "bvult", "(_ zero_extend 4)", "(_ sign_extend 4)", "(_ extract 3 0)", "(_ extract 7 4)"}


@pytest.mark.parametrize("sort", ["Int", "Bool"])
def test_every_constant_may_be_used(sort: str) -> None:
    grammar = default_of(f"(set-logic LIA)(synth-fun f () {sort})")
    value: Term = Literal(10**9, INT) if sort == "Int" else Literal(True, grammar.start.type)
    assert grammar.derive(value) is not None


def test_other_domains_have_no_grammar_by_default() -> None:
    spec = read_sygus(Source("(synth-fun f ((x Int)) Int)"), "lists")
    with pytest.raises(SpecError, match="domain lists has no grammar by default"):
        default_grammar(spec, spec.functions[0])


def test_the_fixtures_have_the_grammars_that_they_state() -> None:
    spec = read_sygus(read_source(FIXTURES / "version_1_strings.sl"))
    grammar = spec.functions[0].grammar
    assert grammar is not None
    assert rules_of(grammar)["Start"] == ["ntString", "(dot ntString)"]
    assert list(rules_of(grammar)) == ["Start", "ntInt", "ntString", "ntBool", "spare"]
