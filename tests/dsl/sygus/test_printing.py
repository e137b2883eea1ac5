"""What is printed in version 2.1 reads back as an equal spec."""

from dataclasses import replace
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import SpecError
from dsl.grammar import Nonterminal
from dsl.languages import language
from dsl.rules import from_rules
from dsl.source import Source, read_source
from dsl.spec import Constraint, Example, Function, Macro, Spec, task_from_examples
from dsl.sygus.logics import default_grammar
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus
from dsl.terms import FUNCTION, MACRO, Application, Operator, Variable, abstract
from dsl.types import INT, arrow, parse_type

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("version_*.sl"))
SPECS = sorted((Path(__file__).parents[2] / "workbench" / "specs").glob("*.sl"))
LINEAR = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)"


def assert_reads_back(spec: Spec) -> str:
    text = print_sygus(spec)
    again = read_sygus(Source(text))
    assert again == spec
    assert again.identity == spec.identity
    assert again.dialect == "sygus-2.1"
    assert print_sygus(again) == text
    return text


@pytest.mark.parametrize("path", [*FIXTURES, *SPECS], ids=lambda path: path.name)
def test_a_file_reads_back_equal(path: Path) -> None:
    assert_reads_back(read_sygus(read_source(path)))


def test_a_file_of_version_1_is_printed_in_version_2() -> None:
    spec = read_sygus(
        Source(
            "(set-logic QF_LIA)"
            "(synth-fun f ((x Int)) Int ((I Int (x -1 (ite B I I))) (Start Int (I)) (B Bool ((iff B B)))))"
            "(declare-primed-var y Int)(constraint (let ((z Int y)) (implies (> z -3) (= (f z) y!))))(check-synth)"
        )
    )
    assert assert_reads_back(spec) == (
        "(set-logic LIA)\n"
        "(declare-var y Int)\n"
        "(declare-var y! Int)\n"
        "(synth-fun f ((x Int)) Int\n"
        "  ((Start Int) (I Int) (B Bool))\n"
        "  ((Start Int (I))\n"
        "   (I Int (x (- 1) (ite B I I)))\n"
        "   (B Bool ((= B B)))))\n"
        "(constraint (=> (> y (- 3)) (= (f y) y!)))\n"
        "(check-synth)\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(synth-fun f () Int)(constraint (= f 3))",
        "(synth-fun |a b| ((|x;| Int)) Int)(declare-var |;| Int)(constraint (> (|a b| |;|) 0))",
        "(synth-fun |let| ((|3| Int)) Int ((|_| Int (|3| 3))))(constraint (= (|let| 3) -3))",
        "(synth-fun f ((x Int)) Int ((A Int (x (+ (Constant Int) A) (Constant Int) (Variable Int)))))",
        "(synth-fun f ((x Int)) Int ((A Int ((+ A (- x 1) (* 2 A)))) (B Bool ())))",
        "(define-fun g ((y Int)) Int y)(synth-fun f ((g Int)) Int)(declare-var x Int)(constraint (= (f (g x)) x))",
        "(synth-fun f () Int)(define-fun a () Int f)(define-fun b () Int 1)(synth-fun h () Int ((A Int (b))))"
        "(define-fun c () Int (+ a h))(constraint (> c b))",
        "(synth-inv i ((x Int)) ((A Bool (true (> x 0)))))(declare-var n Int)(define-fun p ((x Int)) Bool (> x n))"
        "(define-fun t ((x Int) (n Int)) Bool (> x n))(inv-constraint i p t p)",
        "(synth-inv i ())(define-fun p () Bool true)(inv-constraint i p p p)",
        '(synth-fun f ((s String)) Bool)(constraint (f "\\u{0}\\u{a}""é\\\\u{41}|;"))',
        "(synth-fun f ((x (_ BitVec 3)) (y (_ BitVec 65))) Bool)(constraint (f #b101 (_ bv36893488147419103231 65)))",
        "(set-logic BV)(synth-fun f ((x Bool)) Bool)(assume true)(constraint (=> (f true) (f false)))",
        "(set-logic ALL)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (= (f x) (div x 0)))",
    ],
)
def test_every_part_of_a_spec_is_kept(text: str) -> None:
    assert_reads_back(read_sygus(Source(text)))


def test_the_same_holds_for_deep_and_for_shared_terms() -> None:
    depth = 10_000
    deep = "(constraint (= (f x) " + "(+ 1 " * depth + "x" + ")" * depth + "))"
    shared = "(constraint " + "(let ((x (+ x x))) " * 200 + "(= (f x) x)" + ")" * 200 + ")"
    text = assert_reads_back(read_sygus(Source(LINEAR + deep + shared)))
    assert len(text) < 30 * depth


def test_names_of_the_file_do_not_get_in_the_way_of_shared_terms() -> None:
    macros = "(define-fun let0 ((a Int)) Int a)(define-fun let1 () Int 1)"
    shared = "(constraint " + "(let ((x (let0 (+ x x let1)))) " * 30 + "(= (f x) x)" + ")" * 30 + ")"
    assert "let_0" in assert_reads_back(read_sygus(Source(LINEAR + macros + shared)))


def test_many_variables_are_no_burden() -> None:
    count = 3_000
    declared = "".join(f"(declare-var v{i} Int)" for i in range(count))
    constraints = "".join(f"(constraint (> (f v{i}) v{count - 1 - i}))" for i in range(count))
    spec = read_sygus(Source("(set-logic LIA)(synth-fun f ((x Int)) Int)" + declared + constraints))
    assert "(constraint (> (f v7) v2992))" in print_sygus(spec)


# Specs that come from no file.


def test_a_parameter_that_a_macro_would_hide_is_renamed() -> None:
    inner = Operator("g", arrow(INT, INT), MACRO, abstract(Variable(0), 1))
    outer = Operator("h", arrow(INT, INT), MACRO, abstract(Application(inner, (Variable(0),)), 1))
    spec = Spec(
        (Function("f", (("x", INT),), INT),),
        "integers",
        macros=(Macro(inner, ("f",)), Macro(outer, ("g",))),
        logic="LIA",
    )
    text = print_sygus(spec)
    assert "(define-fun g ((f Int)) Int f)" in text
    assert "(define-fun h ((g_1 Int)) Int (g g_1))" in text
    assert read_sygus(Source(text)).identity == spec.identity


def test_variables_that_clash_are_renamed() -> None:
    f = Function("f", (("x", INT),), INT)
    greater = load_domain("integers").overload(">", (INT, INT))
    assert greater is not None
    call = Application(Operator("f", arrow(INT, INT), FUNCTION), (Variable(1),))
    constraint = Constraint(Application(greater.operator, (call, Variable(0))))
    spec = Spec((f,), "integers", variables=(("f", INT), ("f", INT)), constraints=(constraint,), logic="LIA")
    text = print_sygus(spec)
    assert "(constraint (> (f f_1) f_2))" in text
    assert read_sygus(Source(text)).identity == replace(spec, classification=spec.classification).identity


def test_a_grammar_made_by_rules_without_names_gets_some() -> None:
    nonterminal = Nonterminal(INT, (INT,))
    grammar = from_rules(nonterminal, {nonterminal: (Variable(0),)})
    text = print_sygus(Spec((Function("f", (("N", INT),), INT, grammar),), "integers"))
    assert "((N_1 Int))\n  ((N_1 Int (N)))" in text
    assert read_sygus(Source(text)).functions[0].grammar == grammar


def test_the_default_grammar_can_be_written() -> None:
    spec = read_sygus(Source("(set-logic LIA)(synth-fun f ((x Int)) Int)"))
    stated = replace(spec.functions[0], grammar=default_grammar(spec, spec.functions[0]))
    assert_reads_back(replace(spec, functions=(stated,)))


def test_examples_of_a_native_task_are_constraints() -> None:
    task = task_from_examples("t", [(("a", -1), "b")], domain="strings")
    text = print_sygus(task.spec)
    assert '(constraint (= (f "a" (- 1)) "b"))' in text
    assert read_sygus(Source(text)).examples == task.spec.examples


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Spec((Function("a|b", (), INT),), "integers"), "no bars"),
        (Spec((Function("f", (("x\\y", INT),), INT),), "integers"), "no bars and backslashes"),
        (task_from_examples("t", [(([1],), [2])], domain="lists").spec, r"list\(int\)"),
        (
            Spec((Function("f", (), INT, language(load_domain("integers"), parse_type("int"))),), "integers"),
            "not given by rules",
        ),
    ],
)
def test_what_sygus_cannot_say_is_refused(spec: Spec, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        print_sygus(spec)


def test_a_wanted_output_is_written_with_its_sort() -> None:
    eight = parse_type("bv8")
    spec = Spec((Function("f", (("x", eight),), eight),), "bitvectors", examples=(Example("f", (5,), 255),))
    assert "(constraint (= (f #x05) #xff))" in print_sygus(spec)
