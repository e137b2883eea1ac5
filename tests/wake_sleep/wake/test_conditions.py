"""Conditions that must hold for all inputs are met by programs that are proved, or it is said why not."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.evaluate import evaluate
from dsl.printing import to_sexpr
from dsl.source import Source
from dsl.spec import Budget, Spec
from dsl.specfile import read_tasks
from dsl.sygus.reader import read_sygus
from dsl.terms import strip_lambdas
from wake_sleep.wake.outcome import Judgement, Outcome, Status
from wake_sleep.wake.solve import SolveSettings, program_grammar, solve_spec


def read(text: str) -> Spec:
    return read_sygus(Source(text + "(check-synth)"))


def solve(text: str, budget: Budget | None = None) -> Outcome:
    return solve_spec(read(text), SolveSettings(budget or Budget(cpu_seconds=10)))


def proved(text: str) -> Outcome:
    """An outcome that is proved, and whose programs derive from their grammars."""
    spec = read(text)
    outcome = solve_spec(spec, SolveSettings(Budget(cpu_seconds=10)))
    assert outcome.status is Status.SOLVED, outcome
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.PROVED
    for function in spec.functions:
        assert program_grammar(spec, function).derive(outcome.programs[function.name]) is not None
    return outcome


def body(outcome: Outcome, name: str = "f") -> str:
    return to_sexpr(strip_lambdas(outcome.programs[name])[1])


def maximum(count: int) -> str:
    names = [f"x{i}" for i in range(count)]
    call = f"(f {' '.join(names)})"
    parameters = " ".join(f"({name} Int)" for name in names)
    declared = "".join(f"(declare-var {name} Int)" for name in names)
    bounds = "".join(f"(constraint (>= {call} {name}))" for name in names)
    equal = " ".join(f"(= {call} {name})" for name in names)
    return f"(set-logic LIA)(synth-fun f ({parameters}) Int){declared}{bounds}(constraint (or {equal}))"


@pytest.mark.parametrize("count", [2, 3, 6, 12])
def test_the_maximum_of_integers_takes_one_test_less_than_there_are_arguments(count: int) -> None:
    outcome = proved(maximum(count))
    assert body(outcome).count("ite") == count - 1
    assert outcome.size == 2 * count * (count - 1) - (count - 1) + 2 * (count - 1) + 1


def search(count: int) -> str:
    names = [f"x{i}" for i in range(count)]
    call = f"(f {' '.join(names)} k)"
    parameters = " ".join(f"({name} Int)" for name in (*names, "k"))
    declared = "".join(f"(declare-var {name} Int)" for name in (*names, "k"))
    ordered = " ".join(f"(< {a} {b})" for a, b in itertools.pairwise(names))
    guards = ["(< k x0)", *(f"(and (> k {a}) (< k {b}))" for a, b in itertools.pairwise(names))]
    guards.append(f"(> k {names[-1]})")
    clauses = "".join(
        f"(constraint (=> (and {ordered}) (=> {guard} (= {call} {place}))))" for place, guard in enumerate(guards)
    )
    return f"(set-logic LIA)(synth-fun f ({parameters}) Int){declared}{clauses}"


@pytest.mark.parametrize("count", [2, 5, 9])
def test_searching_an_ordered_array_takes_one_comparison_an_element(count: int) -> None:
    assert proved(search(count)).size == 5 * count + 1


MULTIPLE = """
(set-logic LIA)
(synth-fun f ((x Int) (y Int)) Int) (synth-fun g ((x Int) (y Int)) Int)
(declare-var a Int) (declare-var b Int)
(constraint (= (+ (f a b) (g a b)) (+ a b)))
(constraint (= (f a b) (+ (g a b) (- a b))))
"""


def test_several_functions_are_found_together() -> None:
    outcome = proved(MULTIPLE)
    assert (body(outcome, "f"), body(outcome, "g")) == ("$1", "$0")


def test_a_function_may_be_called_at_several_places() -> None:
    outcome = proved(
        "(set-logic LIA)(synth-fun f ((x Int) (y Int)) Int)(declare-var x Int)(declare-var y Int)"
        "(constraint (= (f x y) (f y x)))(constraint (and (<= x (f x y)) (<= y (f x y))))"
    )
    for x, y in ((3, 5), (5, 3), (-2, -7), (4, 4)):
        found = evaluate(outcome.programs["f"], (x, y), load_domain("integers"))
        assert isinstance(found, int)
        assert found >= max(x, y)


def test_examples_and_conditions_are_asked_together() -> None:
    outcome = proved(
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)"
        "(constraint (= (f 0) 7))(constraint (=> (> x 0) (= (f x) (+ x 1))))"
    )
    assert [evaluate(outcome.programs["f"], (x,), load_domain("integers")) for x in (0, 1, 9)] == [7, 2, 10]


def test_a_boolean_function_of_integers_is_the_condition_on_it() -> None:
    outcome = proved(
        "(set-logic LIA)(synth-fun f ((x Int) (y Int)) Bool)(declare-var x Int)(declare-var y Int)"
        "(constraint (= (f x y) (and (< x y) (> x 3))))"
    )
    assert evaluate(outcome.programs["f"], (4, 9), load_domain("integers")) is True
    assert evaluate(outcome.programs["f"], (3, 9), load_domain("integers")) is False


BITS = """
(set-logic BV)
(synth-fun f ((x (_ BitVec 32))) (_ BitVec 32)
  ((S (_ BitVec 32))) ((S (_ BitVec 32) (x #x00000001 (bvand S S) (bvadd S S) (bvsub S S) (bvneg S)))))
(declare-var x (_ BitVec 32))
(constraint (= (f x) (bvand x (bvmul x #xffffffff))))
"""


def test_a_function_of_bit_vectors_is_proved_equal_to_its_definition() -> None:
    assert proved(BITS).size == 4


CIRCUIT = """
(set-logic BV)
(synth-fun f ((a Bool) (b Bool) (c Bool)) Bool ((S Bool) (T Bool))
  ((S Bool ((and T T) (or T T) (not T))) (T Bool (a b c (and T T) (not T)))))
(declare-var a Bool) (declare-var b Bool) (declare-var c Bool)
(constraint (= (f a b c) (xor a b)))
"""


def test_a_circuit_is_built_of_the_gates_that_its_grammar_has() -> None:
    assert "xor" not in body(proved(CIRCUIT))


def test_a_condition_on_strings_is_proved() -> None:
    outcome = proved(
        "(set-logic SLIA)(synth-fun f ((s String) (t String)) String ((S String)) ((S String (s t (str.++ S S)))))"
        "(declare-var s String)(declare-var t String)(constraint (= (f s t) (str.++ s t s)))"
    )
    assert outcome.size == 5


def test_an_input_without_an_output_proves_that_there_is_no_program() -> None:
    outcome = solve(
        "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (and (> (f x) x) (< (f x) 3)))"
    )
    assert outcome.status is Status.INFEASIBLE
    (line,) = outcome.witness
    assert int(line.removeprefix("x = ")) >= 2


def test_a_finite_language_without_an_answer_is_infeasible() -> None:
    text = CIRCUIT.replace("(T Bool (a b c (and T T) (not T)))", "(T Bool (a b c))")
    assert solve(text).status is Status.INFEASIBLE


def test_a_condition_that_nothing_answers_is_unknown_with_a_reason() -> None:
    outcome = solve(
        "(set-logic NIA)(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))(declare-var x Int)"
        "(constraint (= (f (f x)) (* 4 x x)))",
        Budget(candidates=3_000),
    )
    assert outcome.status is Status.UNKNOWN
    assert outcome.reason


def test_equal_budgets_in_candidates_give_equal_outcomes() -> None:
    for text in (BITS, CIRCUIT, MULTIPLE, maximum(5), search(4)):
        one, two = (
            replace(solve(text, Budget(candidates=50_000)), cpu_seconds=0.0, wall_seconds=0.0) for _ in range(2)
        )
        assert one == two
        assert one.status is Status.SOLVED


def test_a_budget_in_candidates_ends_the_search() -> None:
    hard = BITS.replace("(bvmul x #xffffffff)", "(bvmul x (bvmul x #x12345677))")
    outcome = solve(hard, Budget(candidates=20_000))
    assert outcome.status is Status.UNKNOWN
    assert outcome.candidates < 25_000


def native(text: str, path: Path) -> Outcome:
    path.write_text(text)
    (task,) = read_tasks(path)
    return solve_spec(task.spec, SolveSettings(Budget(cpu_seconds=10)))


def test_conditions_of_a_native_specification_are_proved(tmp_path: Path) -> None:
    outcome = native(
        'signature = "clamp(x: int, low: int, high: int) -> int"\npreconditions = "low <= high"\n'
        'postconditions = ["low <= result <= high", "implies(low <= x <= high, result == x)"]',
        tmp_path / "clamp.toml",
    )
    assert outcome.verdict is not None
    assert outcome.verdict.judgement is Judgement.PROVED
    assert outcome.size == 11


def test_outputs_that_a_condition_names_are_chosen_among(tmp_path: Path) -> None:
    outcome = native(
        'signature = "longer(a: str, b: str) -> str"\n'
        'postconditions = ["len(result) >= len(a)", "len(result) >= len(b)", "result in [a, b]"]',
        tmp_path / "longer.toml",
    )
    assert outcome.status is Status.SOLVED
    assert outcome.size == 8


def test_a_text_that_a_condition_names_may_be_used(tmp_path: Path) -> None:
    outcome = native(
        'signature = "greet(name: str) -> str"\npostconditions = "result == \'Hi \' + name"', tmp_path / "greet.toml"
    )
    assert body(outcome, "greet") == '(str.++ "Hi " $0)'


def test_nothing_is_proved_of_lists_and_the_reason_says_so(tmp_path: Path) -> None:
    outcome = native(
        'signature = "same(xs: list(int)) -> list(int)"\npostconditions = "len(result) == len(xs)"',
        tmp_path / "same.toml",
    )
    assert outcome.status is Status.UNKNOWN
    assert outcome.reason.startswith("nothing can be proved")


def test_values_that_a_grammar_cannot_reach_make_a_condition_infeasible() -> None:
    outcome = solve(
        "(set-logic LIA)(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x (+ S S) (- S S)))))(declare-var x Int)"
        "(constraint (= (f x) (+ x 1)))"
    )
    assert outcome.status is Status.INFEASIBLE
    assert outcome.witness == ("x = 0",)


def test_the_greatest_of_bit_vectors_is_a_list_of_what_the_condition_names() -> None:
    outcome = proved(
        "(set-logic BV)(synth-fun f ((x (_ BitVec 16)) (y (_ BitVec 16)) (z (_ BitVec 16))) (_ BitVec 16))"
        "(declare-var x (_ BitVec 16))(declare-var y (_ BitVec 16))(declare-var z (_ BitVec 16))"
        "(constraint (bvuge (f x y z) x))(constraint (bvuge (f x y z) y))(constraint (bvuge (f x y z) z))"
        "(constraint (or (= (f x y z) x) (= (f x y z) y) (= (f x y z) z)))"
    )
    assert outcome.size == 15


def test_functions_that_no_clause_speaks_of_together_are_solved_apart_and_proved_as_one() -> None:
    grammar = "((S (_ BitVec 16))) ((S (_ BitVec 16) (x #x0001 (bvnot S) (bvadd S S))))"
    outcome = proved(
        f"(set-logic BV)(synth-fun f ((x (_ BitVec 16))) (_ BitVec 16) {grammar})"
        f"(synth-fun g ((x (_ BitVec 16))) (_ BitVec 16) {grammar})(declare-var a (_ BitVec 16))"
        "(constraint (= (f a) (bvneg a)))(constraint (= (g a) (bvmul a #x0003)))"
    )
    assert outcome.size == 9


def test_an_involution_of_bit_vectors_is_found_among_programs_that_behave_differently() -> None:
    outcome = proved(
        "(set-logic BV)(synth-fun f ((x (_ BitVec 16))) (_ BitVec 16))(declare-var a (_ BitVec 16))"
        "(constraint (= (f (f a)) a))(constraint (distinct (f a) a))"
    )
    assert outcome.size == 2


@pytest.mark.parametrize(
    "clauses",
    [
        "(constraint (= (f x) y))",
        "(constraint false)",
        "(constraint (= (f x) (f (+ x 1))))(constraint (= (f 0) 1))(constraint (= (f 1) 2))",
    ],
)
def test_a_contradiction_at_a_few_inputs_is_infeasible_whatever_the_functions(clauses: str) -> None:
    outcome = solve(f"(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(declare-var y Int){clauses}")
    assert outcome.status is Status.INFEASIBLE
    assert outcome.witness


def test_words_that_nothing_exceeds_are_tried() -> None:
    outcome = solve(
        "(set-logic BV)(synth-fun f ((x (_ BitVec 128))) (_ BitVec 128))(declare-var x (_ BitVec 128))"
        "(constraint (bvugt (f x) x))"
    )
    assert outcome.status is Status.INFEASIBLE


def test_a_function_without_parameters_is_a_constant_that_meets_the_condition() -> None:
    outcome = proved("(set-logic LIA)(synth-fun f () Int)(constraint (> f 3))(constraint (< f 5))")
    assert body(outcome) == "4"


def test_a_function_that_is_stated_in_terms_of_another_follows_from_it() -> None:
    outcome = proved(
        "(set-logic BV)(synth-fun f ((x (_ BitVec 8))) (_ BitVec 8))"
        "(synth-fun g ((x (_ BitVec 8)) (y (_ BitVec 8))) Bool)(declare-var a (_ BitVec 8))(declare-var b (_ BitVec 8))"
        "(constraint (= (g a b) (bvult (f a) (f b))))(constraint (bvuge (f a) a))(constraint (bvuge (f a) #x10))"
        "(constraint (or (= (f a) a) (= (f a) #x10)))"
    )
    bits = load_domain("bitvectors")
    assert evaluate(outcome.programs["g"], (3, 200), bits) is True
    assert evaluate(outcome.programs["g"], (3, 9), bits) is False


def test_what_makes_a_condition_hard_is_hinted_at() -> None:
    outcome = solve(
        "(set-logic NIA)(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))(declare-var x Int)"
        "(constraint (= (f (f x)) (* x x x)))",
        Budget(candidates=3_000),
    )
    assert outcome.status is Status.UNKNOWN
    assert "hint: the condition is not linear" in outcome.reason
