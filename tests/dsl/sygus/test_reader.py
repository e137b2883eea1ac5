"""What the reader of SyGuS-IF files understands, in both versions of the language."""

from pathlib import Path

import pytest

from dsl.printing import to_sexpr, to_smt
from dsl.source import Source, read_source
from dsl.spec import Classification, Spec
from dsl.sygus.reader import read_sygus
from dsl.types import BOOL, INT, STRING, bit_vector

FIXTURES = Path(__file__).parents[1] / "fixtures"
LINEAR = "(set-logic LIA)\n(synth-fun f ((x Int)) Int)\n(declare-var x Int)\n"
DEPTH = 10_000


def spec_of(text: str) -> Spec:
    return read_sygus(Source(text))


def fixture(name: str) -> Spec:
    return read_sygus(read_source(FIXTURES / name))


def constraints_of(spec: Spec) -> list[str]:
    names = [name for name, _ in spec.variables]
    return [to_smt(constraint.term, names) for constraint in spec.constraints]


def body_of(spec: Spec, macro: str) -> str:
    found = next(m for m in spec.macros if m.operator.name == macro)
    assert found.operator.definition is not None
    return to_sexpr(found.operator.definition)


# Dialects.


@pytest.mark.parametrize(
    ("name", "dialect", "logic", "domain", "classification"),
    [
        ("version_1_strings.sl", "sygus-1", "SLIA", "strings", Classification.EXAMPLES),
        ("version_1_bitvectors.sl", "sygus-1", "BV", "bitvectors", Classification.SINGLE_INVOCATION),
        ("version_1_invariant.sl", "sygus-1", "LIA", "integers", Classification.INVARIANT),
        ("version_2_arithmetic.sl", "sygus-2.1", "LIA", "integers", Classification.SINGLE_INVOCATION),
        ("version_2_bitvectors.sl", "sygus-2.1", "BV", "bitvectors", Classification.SINGLE_INVOCATION),
        ("version_2_strings.sl", "sygus-2.1", "SLIA", "strings", Classification.SINGLE_INVOCATION),
    ],
)
def test_a_file_of_either_version_is_read_and_classified(
    name: str, dialect: str, logic: str, domain: str, classification: Classification
) -> None:
    spec = fixture(name)
    assert (spec.dialect, spec.logic, spec.domain, spec.classification) == (dialect, logic, domain, classification)
    assert spec.source == (FIXTURES / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "only_version_1",
    [
        "(declare-primed-var z Int)",
        "(constraint (= (f x) -1))",
        "(constraint (= (f -1) 1))",
        "(constraint (let ((y Int x)) (= (f y) y)))",
        "(constraint (implies true (= (f x) x)))",
        "(constraint (iff true (= (f x) x)))",
        "(synth-fun g ((x Int)) Int ((Start Int (x))))",
    ],
)
def test_a_construct_of_version_1_makes_the_file_one_of_version_1(only_version_1: str) -> None:
    assert spec_of(LINEAR).dialect == "sygus-2.1"
    assert spec_of(LINEAR + only_version_1).dialect == "sygus-1"


def test_both_ways_to_write_a_bit_vector_sort_mean_the_same() -> None:
    old = spec_of("(set-logic BV)(synth-fun f ((x (BitVec 8))) (BitVec 8))")
    new = spec_of("(set-logic BV)(synth-fun f ((x (_ BitVec 8))) (_ BitVec 8))")
    assert old == new
    assert (old.dialect, new.dialect) == ("sygus-1", "sygus-2.1")


def test_old_names_of_operators_mean_the_new_ones() -> None:
    def text(name: str, back: str) -> str:
        constraint = f"(constraint (= (f ({name} ({back} s))) 0))"
        return f"(set-logic SLIA)(synth-fun f ((s String)) Int)(declare-var s String){constraint}"

    assert spec_of(text("int.to.str", "str.to.int")) == spec_of(text("str.from_int", "str.to_int"))


# Logics and domains.


@pytest.mark.parametrize(
    ("stated", "logic"),
    [("LIA", "LIA"), ("QF_LIA", "LIA"), ("SAT", "LIA"), ("NIA", "NIA"), ("ALL", "ALL"), ("ALL_SUPPORTED", "ALL")],
)
def test_the_logic_is_the_one_that_solvers_accept(stated: str, logic: str) -> None:
    assert spec_of(f"(set-logic {stated})(synth-fun f ((x Int)) Int)").logic == logic


@pytest.mark.parametrize(
    ("text", "domain", "logic"),
    [
        ("(synth-fun f ((x Int)) Int)", "integers", "LIA"),
        ("(synth-fun f ((x Int)) String)", "strings", "SLIA"),
        ("(set-logic LIA)(synth-fun f ((x String)) Int)", "strings", "SLIA"),
        ("(set-logic LIA)(synth-fun f ((x (_ BitVec 4))) Bool)", "bitvectors", "BV"),
        ("(set-logic BV)(synth-fun f ((x Bool)) Bool)", "bitvectors", "BV"),
        ("(set-logic LIA)(synth-fun f ((x Bool)) Bool)", "integers", "LIA"),
        ('(set-info :about "a String")(synth-fun f ((x Int)) Int) ; BitVec', "integers", "LIA"),
    ],
)
def test_the_domain_follows_from_the_sorts_that_occur(text: str, domain: str, logic: str) -> None:
    spec = spec_of(text)
    assert (spec.domain, spec.logic) == (domain, logic)


def test_the_domain_can_be_stated() -> None:
    spec = read_sygus(Source("(synth-fun f ((x Int)) Int)"), "strings")
    assert (spec.domain, spec.logic) == ("strings", "SLIA")


# Lexis.


def test_comments_strings_and_quoted_symbols_hide_what_they_hold() -> None:
    spec = spec_of(
        '; ( not this\n(set-logic SLIA)(synth-fun |f ;(| ((s String)) String) ; "\n'
        '(constraint (= (|f ;(| "a;(""b""") "|")) (check-synth)'
    )
    assert spec.functions[0].name == "f ;("
    assert [(e.inputs, e.output) for e in spec.examples] == [(('a;("b"',), "|")]


def test_a_name_is_the_same_with_and_without_bars() -> None:
    spec = spec_of(LINEAR + "(define-fun |g| ((|y| Int)) Int (+ y |y|))(constraint (= (|f| |x|) (g x)))")
    assert constraints_of(spec) == ["(= (f x) (g x))"]


def test_a_name_between_bars_that_looks_like_a_literal_is_no_literal() -> None:
    spec = spec_of(LINEAR + "(define-fun g ((|3| Int) (|-1| Int) (|let| Int)) Int (+ |3| 3 |-1| -1 |let|))")
    assert body_of(spec, "g") == "(lambda (lambda (lambda (+ $2 3 $1 -1 $0))))"


@pytest.mark.parametrize("name", ["a.b", "a!", "x_1", "-", "a-b", "$x", "~", "?", "<=>", "@a", "%", "^", "&", "/="])
def test_symbols_of_odd_characters_are_names(name: str) -> None:
    spec = spec_of(f"(set-logic LIA)(synth-fun f ((x Int)) Int)(define-fun g (({name} Bool)) Bool {name})")
    assert spec.macros[0].parameters == (name,)


def test_strings_of_every_escape_are_read() -> None:
    spec = spec_of(r'(synth-fun f ((s String)) String)(constraint (= (f "\u{e9}\u0041\x\u{2ffff}") (_ char #x1f600)))')
    assert [(e.inputs, e.output) for e in spec.examples] == [(("éA\\x\U0002ffff",), "\U0001f600")]


@pytest.mark.parametrize("literal", ["#xFf", "#xff", "#b11111111", "(_ bv255 8)"])
def test_bit_vectors_are_written_in_four_ways(literal: str) -> None:
    spec = spec_of(f"(synth-fun f ((x (_ BitVec 8))) Bool)(constraint (f {literal}))")
    assert spec.examples[0].inputs == (255,)


def test_integers_are_written_with_minus_before_or_around() -> None:
    spec = spec_of(LINEAR + "(constraint (= (f -7) (- 8)))(constraint (= (f x) (- x (- 3))))")
    assert [(e.inputs, e.output) for e in spec.examples] == [((-7,), -8)]
    assert to_sexpr(spec.constraints[0].term) == "(= (f $0) (- $0 -3))"


# Names.


def test_declared_variables_count_from_the_last() -> None:
    spec = spec_of(LINEAR + "(constraint (> (f x) x))(declare-var y Int)(constraint (> (f y) x))")
    assert spec.variables == (("x", INT), ("y", INT))
    assert [to_sexpr(c.term) for c in spec.constraints] == ["(> (f $1) $1)", "(> (f $0) $1)"]


def test_a_primed_variable_declares_two() -> None:
    spec = spec_of("(set-logic LIA)(synth-inv f ((x Int)))(declare-primed-var x Int)(declare-primed-var b Bool)")
    assert spec.variables == (("x", INT), ("x!", INT), ("b", BOOL), ("b!", BOOL))


def test_parameters_hide_variables_and_macros() -> None:
    spec = spec_of(LINEAR + "(define-fun m () Int 5)(define-fun g ((m Int) (x Int)) Int (- m x))")
    assert body_of(spec, "g") == "(lambda (lambda (- $1 $0)))"


def test_macros_may_call_macros_and_functions_to_be_synthesized() -> None:
    spec = fixture("version_2_arithmetic.sl")
    assert [m.operator.name for m in spec.macros] == ["at least", "twice", "limit"]
    assert body_of(spec, "twice") == "(lambda (+ (half $0) (half $0)))"
    assert spec.macros[2].operator.type is INT


def test_a_macro_over_declared_variables_is_expanded() -> None:
    spec = spec_of(
        LINEAR + "(define-fun next () Int (+ x 1))(define-fun by ((y Int)) Int (+ x y))"
        "(define-fun twice ((y Int)) Int (by (by y)))(declare-var z Int)(constraint (= (f (twice z)) next))"
    )
    assert constraints_of(spec) == ["(= (f (+ x (+ x z))) (+ x 1))"]
    assert spec.macros == ()


def test_a_let_binds_all_its_names_at_once_and_hides_others() -> None:
    spec = spec_of(LINEAR + "(constraint (let ((x (+ x 1)) (y x)) (let ((x (* x y)) (f y)) (= x f))))")
    assert constraints_of(spec) == ["(= (* (+ x 1) x) x)"]


def test_what_a_let_hides_is_seen_again_behind_it() -> None:
    spec = spec_of(LINEAR + "(constraint (= (let ((x 1)) (f x)) (f x)))")
    assert constraints_of(spec) == ["(= (f 1) (f x))"]


# Applications.


def test_operators_keep_all_their_arguments() -> None:
    spec = spec_of(LINEAR + "(constraint (= (+ x 1 2 3) (f x) x))(constraint (distinct x 1 (f x)))")
    assert constraints_of(spec) == ["(= (+ x 1 2 3) (f x) x)", "(distinct x 1 (f x))"]


def test_a_connective_of_one_argument_is_that_argument() -> None:
    assert constraints_of(spec_of(LINEAR + "(constraint (or (and (> (f x) x))))")) == ["(> (f x) x)"]


def test_bit_vector_operators_have_the_widths_of_their_arguments() -> None:
    spec = fixture("version_2_bitvectors.sl")
    assert to_sexpr(spec.constraints[0].term) == "(= ((_ extract 7 0 @16) (swap $0)) ((_ extract 15 8 @16) $0))"
    assert spec.functions[0].type.result is bit_vector(16)


# Examples.


@pytest.mark.parametrize(
    "constraint",
    [
        "(= (f 1 true) 3)",
        "(= 3 (f 1 true))",
        "(= (f (- 2 1) (not false)) (+ 1 2))",
        "(let ((y 1)) (= (f y (= y y)) 3))",
        "(= (f one true) (double one 1))",
    ],
)
def test_an_output_of_one_call_on_ground_arguments_is_an_example(constraint: str) -> None:
    spec = spec_of(
        "(set-logic LIA)(define-fun one () Int 1)(define-fun double ((x Int) (y Int)) Int (+ x x y))"
        f"(synth-fun f ((x Int) (b Bool)) Int)(constraint {constraint})"
    )
    assert spec.constraints == ()
    assert [(e.function, e.inputs, e.output) for e in spec.examples] == [("f", (1, True), 3)]
    assert spec.classification is Classification.EXAMPLES


@pytest.mark.parametrize(
    ("constraint", "output"),
    [("(p 1)", True), ("(not (p 1))", False), ("(= (p 1) false)", False), ("(= true (p 1))", True)],
)
def test_a_predicate_or_its_negation_is_an_example(constraint: str, output: bool) -> None:
    spec = spec_of(f"(set-logic LIA)(synth-fun p ((x Int)) Bool)(constraint {constraint})")
    assert [(e.inputs, e.output) for e in spec.examples] == [((1,), output)]


@pytest.mark.parametrize(
    "constraint",
    [
        "(= (f x) 1)",
        "(= (f 1) x)",
        "(= (f 1) (f 2))",
        "(= (f (f 1)) 2)",
        "(= (f 1) 2 2)",
        "(> (f 1) 2)",
        "(not (= (f 1) 2))",
        "(= (f (div 1 0)) 2)",
        "(= (f 1) (mod 1 0))",
        "(or (= (f 1) 2) false)",
    ],
)
def test_any_other_constraint_stays_one(constraint: str) -> None:
    spec = spec_of(LINEAR + f"(constraint {constraint})")
    assert spec.examples == ()
    assert constraints_of(spec) == [constraint]


def test_the_parts_of_a_conjunction_are_taken_by_themselves() -> None:
    spec = spec_of(
        LINEAR + "(constraint (and (= (f 1) 2)\n (and (> (f x) x) (= 4 (f 3))) (let ((y x)) (and true (> y 0)))))"
    )
    assert [(e.inputs, e.output) for e in spec.examples] == [((1,), 2), ((3,), 4)]
    assert constraints_of(spec) == ["(> (f x) x)", "true", "(> x 0)"]
    assert [str(e.location) for e in spec.examples] == ["<text>:4:18", "<text>:5:19"]


def test_examples_know_their_place_and_repeat() -> None:
    spec = read_sygus(Source(LINEAR + "(constraint (= (f 1) 2))\n  (constraint (= (f 1) 2))\n", Path("a.sl")))
    assert [str(e.location) for e in spec.examples] == ["a.sl:4:1", "a.sl:5:3"]


# Contradictions and other problems.


@pytest.mark.parametrize(
    ("signature", "first", "second"),
    [
        ("((x Int)) Int", "(= (f 1) 2)", "(= 3 (f 1))"),
        ("((x Int) (b Bool)) String", '(= (f 1 true) "a")', '(= "b" (f (+ 0 1) true))'),
        ("((s String)) Bool", '(f "a")', '(not (f "a"))'),
        ("((s String)) Int", '(= (f "a") 1)', '(= (f "a") (- 1))'),
    ],
)
def test_contradictory_examples_are_named_with_both_lines(signature: str, first: str, second: str) -> None:
    text = (
        f"(synth-fun f {signature})\n(constraint {first})\n(constraint {first})\n(constraint {second})\n(check-synth)"
    )
    (problem,) = spec_of(text).problems
    assert problem.kind == "contradictory-examples"
    assert [location.line for location in problem.locations] == [2, 4]
    assert "line 2" in problem.message
    assert "line 4" in problem.message


def test_bit_vectors_contradict_each_other_too() -> None:
    text = (
        "(synth-fun f ((x (_ BitVec 4))) (_ BitVec 4))\n(constraint (= (f #x1) #x2))\n(constraint (= (f #b0001) #x3))"
    )
    assert [p.kind for p in spec_of(text).problems] == ["no-check-synth", "contradictory-examples"]


def test_what_an_author_should_know_is_a_problem() -> None:
    assert [p.kind for p in spec_of("(synth-fun f ((x Int)) Int)").problems] == ["no-constraints", "no-check-synth"]


# Invariants.


def test_an_invariant_problem_names_its_three_conditions() -> None:
    spec = fixture("version_1_invariant.sl")
    invariant = spec.invariant
    assert invariant is not None
    assert (invariant.function, invariant.pre.name, invariant.post.name) == ("inv", "before", "after")
    assert spec.functions[0].result is BOOL
    assert spec.constraints == ()


def test_declared_variables_of_a_transition_become_its_last_parameters() -> None:
    spec = fixture("version_1_invariant.sl")
    assert spec.invariant is not None
    step = next(m for m in spec.macros if m.operator is spec.invariant.trans)
    assert step.parameters == ("x", "y", "x!", "y!", "choice")
    assert step.operator.type.parameters == (INT, INT, INT, INT, BOOL)
    assert step.operator.definition is not None
    assert step.operator.definition.is_closed


def test_declared_variables_are_ordered_as_they_are_declared() -> None:
    spec = spec_of(
        "(declare-var a Int)(declare-var b Bool)(declare-var c Int)(synth-inv i ((x Int)))"
        "(define-fun p ((x Int)) Bool (and b (> x a)))(define-fun t ((x Int) (y Int)) Bool (= x y c))"
        "(inv-constraint i p t p)"
    )
    assert spec.invariant is not None
    assert [m.parameters for m in spec.macros] == [("x", "a", "b"), ("x", "y", "c")]
    assert body_of(spec, "p") == "(lambda (lambda (lambda (and $0 (> $2 $1)))))"


def test_assumptions_are_kept_beside_constraints() -> None:
    spec = fixture("version_2_arithmetic.sl")
    names = [name for name, _ in spec.variables]
    assert [to_smt(a.term, names) for a in spec.assumptions] == ["(<= low.er |up per|)", "(< |up per| limit)"]


# Depth and size.


@pytest.mark.parametrize(
    "term",
    [
        "(= (f x) " + "(+ 1 " * DEPTH + "x" + ")" * DEPTH + ")",
        "(not " * DEPTH + "(= (f x) x)" + ")" * DEPTH,
        "(let ((y (+ x x))) " + "(let ((y (+ y y))) " * DEPTH + "(= (f x) y)" + ")" * (DEPTH + 1),
        "(= x " + "(f " * DEPTH + "x" + ")" * (DEPTH + 1),
    ],
    ids=["sum", "not", "let", "calls"],
)
def test_nesting_of_ten_thousand_is_read(term: str) -> None:
    spec = spec_of(LINEAR + f"(constraint {term})")
    assert spec.constraints[0].term.depth >= DEPTH
    assert len(spec.identity) == 32


def test_a_ground_term_too_large_to_evaluate_stays_a_constraint() -> None:
    doubling = "".join(f"(define-fun m{i} ((a Int)) Int (+ (m{i - 1} a) (m{i - 1} (+ a 1))))" for i in range(1, 100))
    spec = spec_of(LINEAR + "(define-fun m0 ((a Int)) Int a)" + doubling + "(constraint (= (f 1) (m99 1)))")
    assert constraints_of(spec) == ["(= (f 1) (m99 1))"]


def test_strings_have_the_type_str() -> None:
    assert fixture("version_2_strings.sl").functions[1].parameters == (("s", STRING),)


def test_an_operator_may_have_thousands_of_arguments() -> None:
    spec = spec_of(
        f"(set-logic LIA) (synth-fun f ((x Int)) Int) (declare-var x Int) (constraint (= {'x ' * 5000} (f x)))"
    )
    (constraint,) = spec.constraints
    assert len(constraint.term.children) == 5001
