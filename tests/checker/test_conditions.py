"""The checker confirms answers for all values by two solvers, and finds out those that fail somewhere."""

import importlib.util
import io
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.checker import ask_solver
from tests.checker.check_answers import judge, main
from tests.checker.conditions import SOLVERS, Reply, ask, prove, script_of, together
from tests.checker.first_order import Definition, compile_term
from tests.checker.sygus_files import Function, read_problem
from tests.checker.syntax import expand_lets, read, show, size
from tests.checker.verdicts import NOT_CONFIRMED, Finding

BENCH = Path(os.environ.get("REVERIE_BENCH", Path(__file__).parents[3] / "shared" / "bench")) / "sygus"
CONFIRMED = "z3 and cvc5" if importlib.util.find_spec("cvc5") else "z3"

MAXIMUM = """
(set-logic LIA)
(synth-fun m ((x Int) (y Int)) Int)
(declare-var x Int)
(declare-var y Int)
(constraint (>= (m x y) x))
(constraint (>= (m x y) y))
(constraint (or (= (m x y) x) (= (m x y) y)))
(check-synth)
"""

SYMMETRIC = """
(set-logic LIA)
(synth-fun f ((x Int) (y Int)) Int)
(declare-var x Int)
(declare-var y Int)
(constraint (= (f x y) (f y x)))
(constraint (> (f (+ x 1) y) (f x y)))
(check-synth)
"""

TWO = """
(set-logic LIA)
(synth-fun low ((x Int)) Int)
(synth-fun high ((x Int)) Int)
(define-fun gap ((x Int)) Int (- (high x) (low x)))
(declare-var a Int)
(constraint (= (gap a) 3))
(constraint (= (+ (low a) (high a)) (+ a a 1)))
(check-synth)
"""

BITS = """
(set-logic BV)
(synth-fun f ((x {sort})) {sort}
    ((Start {sort} (#x00 #x01 x (bvnot Start) (bvand Start Start) (bvsub Start Start)))))
(declare-var x {sort})
(constraint (=> (distinct x #x00) (bvult (f x) x)))
(constraint (= (bvor (f x) (bvand x (bvneg x))) x))
(check-synth)
"""

TEXT = """
(set-logic SLIA)
(synth-fun f ((s String) (n Int)) String
    ((Start String (s "-" "xyz" "a""\\b" (str.++ Start Start) (ite B Start Start) (int.to.str I)))
     (B Bool ((= Start Start)))
     (I Int (n 0 (+ I I) (str.to.int Start)))))
(declare-var s String)
(declare-var n Int)
(constraint (str.prefixof s (f s n)))
(constraint (= (str.substr (f s n) (+ (str.len s) 1) (str.len (f s n))) (int.to.str n)))
(check-synth)
"""

# Version 1: primed variables, a negative literal, and a let that states sorts. The step may jump by any `d`.
COUNTER_1 = """
(set-logic LIA)
(synth-inv inv ((x Int) (n Int)))
(declare-primed-var x Int)
(declare-primed-var n Int)
(declare-var d Int)
(define-fun pre ((x Int) (n Int)) Bool (and (= x -1) (> n 0)))
(define-fun trans ((x Int) (n Int) (x! Int) (n! Int)) Bool
    (let ((far Bool (>= x n)) (next Int (+ x d))) (and (not far) (> d 0) (<= d 2) (= x! next) (= n! n))))
(define-fun post ((x Int) (n Int)) Bool (=> (>= x n) (<= x (+ n 1))))
(inv-constraint inv pre trans post)
(check-synth)
"""

COUNTER_2 = """
(set-logic LIA)
(declare-var d Int)
(define-fun pre ((x Int) (n Int)) Bool (and (= x (- 1)) (> n 0)))
(define-fun trans ((x Int) (n Int) (x2 Int) (n2 Int)) Bool
    (let ((far (>= x n)) (next (+ x d))) (and (not far) (> d 0) (<= d 2) (= x2 next) (= n2 n))))
(define-fun post ((x Int) (n Int)) Bool (=> (>= x n) (<= x (+ n 1))))
(synth-fun inv ((x Int) (n Int)) Bool)
(inv-constraint inv pre trans post)
(check-synth)
"""

ASSUMED = """
(set-logic LIA)
(synth-fun f ((x Int)) Int)
(declare-var x Int)
(define-fun large () Bool (> x 1000))
(assume large)
(constraint (> (f x) 900))
(check-synth)
"""

DIVISION = """
(set-logic NIA)
(synth-fun f ((x Int)) Int)
(declare-var x Int)
(constraint (= (f x) (div x (- x x))))
(check-synth)
"""

REALS = """
(set-logic LRA)
(synth-fun f ((x Real) (y Real)) Real)
(declare-var x Real)
(declare-var y Real)
(constraint (=> (< x y) (and (< x (f x y)) (< (f x y) y))))
(constraint (= (f x 1) (+ (/ 1 2) (* 0.5 x))))
(check-synth)
"""

# Names that solvers have built in, or that need bars.
NAMES = """
(set-logic LIA)
(define-fun implies ((a Bool) (b Bool)) Bool (and a b))
(synth-fun select ((store Int) (|a b| Int)) Int)
(declare-var |a b| Int)
(declare-var union Int)
(declare-var |1| Int)
(constraint (implies (> (select union |a b|) union) (>= (select union |a b|) (+ |1| |a b| (- |1|)))))
(check-synth)
"""

FILES = {
    "maximum": MAXIMUM,
    "symmetric": SYMMETRIC,
    "two": TWO,
    "bits1": BITS.format(sort="(BitVec 8)"),
    "bits2": BITS.format(sort="(_ BitVec 8)"),
    "text": TEXT,
    "counter1": COUNTER_1,
    "counter2": COUNTER_2,
    "assumed": ASSUMED,
    "division": DIVISION,
    "reals": REALS,
    "names": NAMES,
}
SIGNATURES = {
    "maximum": "m ((x Int) (y Int)) Int",
    "symmetric": "f ((x Int) (y Int)) Int",
    "bits1": "f ((x (_ BitVec 8))) (_ BitVec 8)",
    "bits2": "f ((x (_ BitVec 8))) (_ BitVec 8)",
    "text": "f ((s String) (n Int)) String",
    "counter1": "inv ((x Int) (n Int)) Bool",
    "counter2": "inv ((x Int) (n Int)) Bool",
    "assumed": "f ((x Int)) Int",
    "division": "f ((x Int)) Int",
    "reals": "f ((x Real) (y Real)) Real",
    "names": "select ((store Int) (|a b| Int)) Int",
}
INVARIANT = "(and (> n 0) (<= x (+ n 1)))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / f"{name}.sl").write_text(text, encoding="utf-8")
    return tmp_path


def answer_of(name: str, body: str) -> str:
    return f"(define-fun {SIGNATURES[name]} {body})"


def found(folder: Path, name: str, answer: str, **row: object) -> Finding:
    """What is found of an answer that is said to be proved."""
    stated = {"spec": f"{name}.sl", "status": "solved", "verdict": "proved", "answer": answer, **row}
    finding = judge(stated, folder).finding
    assert finding is not None
    return finding


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("maximum", "(ite (<= x y) y x)"),
        ("maximum", "(let ((d (- x y))) (let ((far (> d 0))) (ite far (+ y d) y)))"),
        ("symmetric", "(+ x y)"),
        ("bits1", "(bvand x (bvsub x #x01))"),
        ("bits2", "(bvand x (bvsub x #x01))"),
        ("text", '(str.++ s (str.++ "-" (int.to.str n)))'),
        ("counter1", INVARIANT),
        ("counter2", INVARIANT),
        ("counter2", "(let ((m (+ n 1))) (and (<= x m) (< 0 n)))"),
        ("assumed", "(- x 100)"),
        ("division", "(div x 0)"),
        ("reals", "(* (+ x y) 0.5)"),
        ("reals", "(/ (+ x y) 2)"),
        ("names", "(ite (> store |a b|) (+ store 1) (+ |a b| 1))"),
    ],
)
def test_right_answers_are_confirmed_by_both_solvers(folder: Path, name: str, body: str) -> None:
    finding = found(folder, name, answer_of(name, body))
    assert (finding.wrong, finding.unchecked, finding.proof) == (None, None, CONFIRMED)


@pytest.mark.parametrize(
    ("name", "body", "values"),
    [
        ("maximum", "(ite (= (- x y) 9876) y (ite (<= x y) y x))", "z3: x = "),
        ("symmetric", "(ite (= x 5000) (+ x y 1) (+ x y))", " = 5000"),
        ("text", '(str.++ s (str.++ "a""\\b" (int.to.str n)))', "constraint 2"),
        ("text", '(ite (= s "xyz") s (str.++ s (str.++ "-" (int.to.str n))))', 's = "xyz"'),
        ("counter1", "(<= x (+ n 2))", "n = "),
        ("counter2", "(and (> n 0) (<= x n))", "n! = "),
        ("counter2", "(and (> n 1) (<= x (+ n 1)))", "n = 1, x = (- 1)"),
        ("assumed", "(- x 101)", "x = 1001"),
        ("division", "0", "(z3: "),
        ("reals", "(ite (= x 123.25) x (* (+ x y) 0.5))", "x = (/ 493.0 4.0)"),
        ("names", "(ite (= store 777) 0 (ite (> store |a b|) (+ store 1) (+ |a b| 1)))", "union = 777"),
    ],
)
def test_an_answer_that_fails_somewhere_is_wrong_with_the_values(
    folder: Path, name: str, body: str, values: str
) -> None:
    finding = found(folder, name, answer_of(name, body))
    assert finding.proof is None
    assert not finding.outside
    assert values in str(finding.wrong)


def test_functions_are_judged_together_through_macros_that_call_them(folder: Path) -> None:
    low, high = "(define-fun low ((x Int)) Int (- x {}))", "(define-fun high ((x Int)) Int (+ x {}))"
    assert found(folder, "two", low.format(1) + high.format(2)).proof == CONFIRMED
    odd = "(define-fun high ((x Int)) Int (ite (= x 4321) 0 (+ x 2)))"
    assert "a = 4321" in str(found(folder, "two", low.format(1) + odd).wrong)


@pytest.mark.parametrize(
    ("logic", "body", "reason"),
    [
        ("LIA", "(ite (and (< x 3) (distinct x y)) (- (* 2 x) x) (+ y (- 5)))", None),
        ("LIA", "(* x (- 7))", None),
        ("LIA", "(div x 2)", "div is not linear"),
        ("INV_LIA", "(mod x 2)", "mod is not linear"),
        ("QF_LIA", "(abs x)", "abs is not linear"),
        ("LIA", "(* x y)", "product"),
        ("LIA", "(let ((a (+ x 1))) (* a y))", "product"),
        ("LIA", "(square x)", "product"),
        ("LIA", "(twice x)", None),
        ("LIA", '(str.len "abc")', "no operator str.len"),
        ("LIA", "(ite (bvult #x1 #x2) x y)", "no operator bvult"),
        ("SLIA", '(str.to.int "12")', None),
        ("SLIA", '(str.len (strings.take "abc" 2))', "no operator strings.take"),
        ("SLIA", "(abs x)", "abs is not linear"),
        ("NIA", "(div (* x y) (mod x (abs y)))", None),
        ("ALL", "(div (* x y) 2)", None),
        ("", "(div (* x y) 2)", None),
        ("BV", "(+ x y)", None),
        ("SAT", "(- x y)", None),
    ],
)
def test_without_a_grammar_the_logic_says_what_an_answer_may_use(
    tmp_path: Path, logic: str, body: str, reason: str | None
) -> None:
    stated = f"(set-logic {logic})" if logic else ""
    macros = "(define-fun square ((a Int)) Int (* a a)) (define-fun twice ((a Int)) Int (* 2 a))"
    (tmp_path / "free.sl").write_text(f"{stated}{macros}(synth-fun f ((x Int) (y Int)) Int)", encoding="utf-8")
    finding = found(tmp_path, "free", f"(define-fun f ((x Int) (y Int)) Int {body})")
    assert finding.outside is (reason is not None)
    assert finding.wrong is None if reason is None else reason in str(finding.wrong)


def test_what_a_grammar_does_not_derive_is_outside(folder: Path) -> None:
    finding = found(folder, "bits1", answer_of("bits1", "(bvand x (bvadd x #xff))"))
    assert (finding.wrong, finding.outside) == ("the body of f is outside its grammar", True)


def test_examples_need_no_solver(tmp_path: Path) -> None:
    text = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (= (f (+ 1 1)) 3))(check-synth)"
    (tmp_path / "shown.sl").write_text(text, encoding="utf-8")
    assert found(tmp_path, "shown", "(define-fun f ((x Int)) Int (+ x 1))").proof == "examples"
    assert "constraint 1" in str(found(tmp_path, "shown", "(define-fun f ((x Int)) Int x)").wrong)


def test_without_the_claim_of_a_proof_no_solver_is_asked(folder: Path) -> None:
    body = "(ite (= (- x y) 9876) y (ite (<= x y) y x))"
    finding = found(folder, "maximum", answer_of("maximum", body), verdict="examples")
    assert (finding.wrong, finding.proof) == (None, None)
    finding = found(folder, "counter1", answer_of("counter1", "true"), verdict=None)
    assert (finding.wrong, finding.unchecked) == (None, "inv-constraint is not checked")


@pytest.mark.parametrize(
    ("replies", "by", "wrong", "reason"),
    [
        ({"z3": Reply("unsat"), "cvc5": Reply("unsat")}, ("z3", "cvc5"), None, ""),
        ({"z3": Reply("unsat"), "cvc5": Reply("unsupported", "not installed")}, ("z3",), None, "cvc5: unsupported"),
        ({"z3": Reply("unknown", "timeout"), "cvc5": Reply("unsat")}, ("cvc5",), None, "z3: unknown timeout"),
        ({"z3": Reply("unknown"), "cvc5": Reply("unknown")}, (), None, "z3: unknown; cvc5: unknown"),
        ({"z3": Reply("unsat"), "cvc5": Reply("sat", values={"|now.a b|": "1"})}, ("z3",), "cvc5: a b = 1", ""),
        ({"z3": Reply("sat", values={"then.x": "2"}), "cvc5": Reply("unknown")}, (), "z3: x! = 2", "cvc5"),
        ({"z3": Reply("sat", values={f"d.x{i}": "0" for i in range(100)})}, (), "and 88 more", ""),
    ],
)
def test_one_counterexample_is_enough_and_so_is_one_proof(
    replies: Mapping[str, Reply], by: tuple[str, ...], wrong: str | None, reason: str
) -> None:
    proof = together(replies)
    assert proof.by == by
    assert proof.wrong is None if wrong is None else wrong in str(proof.wrong)
    assert reason in proof.reason


def test_what_no_solver_finds_out_in_time_is_not_confirmed(tmp_path: Path) -> None:
    text = """(set-logic NIA) (declare-var a Int) (declare-var b Int) (declare-var c Int) (synth-fun f () Int)
    (constraint (distinct f (+ (* a a a) (* b b b) (* c c c)))) (check-synth)"""
    (tmp_path / "cubes.sl").write_text(text, encoding="utf-8")
    row = {"spec": "cubes.sl", "status": "solved", "verdict": "proved", "answer": "(define-fun f () Int 114)"}
    finding = judge(row, tmp_path, seconds=0.1).finding
    assert finding is not None
    assert (finding.wrong, finding.proof) == (None, NOT_CONFIRMED)
    assert "z3: unknown" in str(finding.unchecked)


def test_a_solver_that_is_not_installed_or_cannot_read_the_text_is_unsupported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "cvc5", None)
    monkeypatch.setattr(sys, "argv", ["ask_solver", "cvc5", "1"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("(assert true)"))
    ask_solver.main()
    assert json.loads(capsys.readouterr().out) == {"status": "unsupported", "reason": "not installed"}
    assert ask("z3", "(assert (nonsense))", 1).status == "unsupported"


@pytest.mark.skipif(CONFIRMED == "z3", reason="cvc5 is not installed")
def test_cvc5_says_if_it_cannot_read_the_text() -> None:
    assert ask("cvc5", "(set-logic ALL)(assert (nonsense))", 1).status == "unsupported"


def test_of_commands_that_the_checker_does_not_know_nothing_is_confirmed(tmp_path: Path) -> None:
    (tmp_path / "sorts.sl").write_text(MAXIMUM + "(declare-datatype Colour ((red)))", encoding="utf-8")
    finding = found(tmp_path, "sorts", answer_of("maximum", "(ite (<= x y) y x)"))
    assert (finding.proof, finding.unchecked) == (NOT_CONFIRMED, "declare-datatype is not checked")


def test_an_operator_that_solvers_do_not_know_is_told(tmp_path: Path) -> None:
    text = """(set-logic SLIA) (synth-fun f ((s String)) String ((S String (s (strings.trim S)))))
    (declare-var s String) (constraint (= (f (strings.trim s)) (f s))) (check-synth)"""
    (tmp_path / "trim.sl").write_text(text, encoding="utf-8")
    finding = found(tmp_path, "trim", "(define-fun f ((s String)) String (strings.trim s))")
    assert (finding.proof, finding.unchecked) == (NOT_CONFIRMED, "no solver knows strings.trim")


def test_proofs_about_files_of_other_kinds_are_not_confirmed(tmp_path: Path) -> None:
    task = {"signature": "f(x: int) -> int", "examples": [[[1], 1]], "postconditions": ["result >= x"]}
    for name, entry in (("asked", task), ("shown", {**task, "postconditions": None})):
        document = {key: value for key, value in entry.items() if value is not None}
        (tmp_path / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        row = {"spec": f"{name}.json", "status": "solved", "verdict": "proved"}
        finding = judge({**row, "answer": "(define-fun f ((x Int)) Int x)"}, tmp_path).finding
        assert finding is not None
        assert finding.proof == (NOT_CONFIRMED if name == "asked" else "examples")


def test_the_text_keeps_what_is_shared_and_names_operators_as_smt_lib_does(folder: Path) -> None:
    body = '(let ((t (str.++ s "a""\\b"))) (let ((s (str.++ t t))) (str.++ s (int.to.str -3))))'
    problem = read_problem(folder / "text.sl")
    script = script_of(problem, {"f": Function(problem.wanted["f"].parameters, "String", read(body)[0])})
    assert (
        "(define-fun f.f ((v.s String) (v.n Int)) String "
        '(let ((v.t (str.++ v.s "a""\\u{5c}b"))) (let ((v.s (str.++ v.t v.t))) (str.++ v.s (str.from_int (- 3))))))'
    ) in script.splitlines()
    assert "(set-logic ALL)" in script
    assert "(set-logic QF_BV)" in script_of(
        read_problem(folder / "bits1.sl"), {"f": Function({"x": "(_ BitVec 8)"}, "(_ BitVec 8)", "x")}
    )


TERMS = (
    "(< a b 3 c)",
    "(= (div a 7 2) (div (div a 7) 3))",
    "(=> p q p)",
    "(= (and p) p)",
    '(str.< s "b" t)',
    '(str.<= s t "x" t)',
    "(= (bvadd u #x01 u) (bvadd u (bvadd u #b00000001)))",
    "(= ((_ extract 3 0) (concat u (_ bv5 4))) #x5)",
    '(= (str.replaceall s "" t) s)',
    "(= (ite p 1 1.5) (+ 1 (ite q 0 (/ 1 2))))",
    "(= (to_int (/ a 2)) (div a 2))",
    "(iff p (= (ite p 1 2) 1))",
    "(distinct a b c (- 7))",
    "(= ((_ rotate_left 9) u) (bvashr u #x01))",
    '(= (str.indexof s "" 2) (str.to.int "-1"))',
)


def test_solvers_and_evaluator_read_terms_alike(tmp_path: Path) -> None:
    values = {"a": "-7", "b": "3", "c": "12", "p": "true", "q": "false", "s": '"ab"', "t": '"b"', "u": "#x9c"}
    known = {name: Definition((), *compile_term(read(value)[0], {}, {})) for name, value in values.items()}
    commands = [f"(declare-var {name} {known[name].result})(assume (= {name} {values[name]}))" for name in values]
    holding = set()
    for term in TERMS:
        _, code = compile_term(read(term)[0], {}, known)
        holding.add(code(()))
        commands.append(f"(constraint (= {term} {'true' if code(()) else 'false'}))")
    assert holding == {True, False}
    (tmp_path / "terms.sl").write_text("".join(commands), encoding="utf-8")
    problem = read_problem(tmp_path / "terms.sl")
    proof = prove(problem, {})
    assert (" and ".join(proof.by), proof.wrong) == (CONFIRMED, None)
    problem.constraints.append("false")
    assert "a = (- 7), b = 3" in str(prove(problem, {}).wrong)


def test_nesting_is_no_limit(tmp_path: Path) -> None:
    depth = 5_000
    body = "".join(f"(and (< x {i}) " for i in range(depth)) + "true" + ")" * depth
    text = "(set-logic LIA)(synth-fun f ((x Int)) Bool)(declare-var x Int)(constraint (=> (f x) (< x 0)))"
    (tmp_path / "deep.sl").write_text(text, encoding="utf-8")
    (term,) = read(body)
    assert show(term) == body
    assert size(expand_lets(["let", [["y", "x"]], term])) == 4 * depth + 1
    proof = prove(read_problem(tmp_path / "deep.sl"), {"f": Function({"x": "Int"}, "Bool", term)})
    assert "z3" in proof.by


def test_infeasible_files_with_conditions_have_a_witness_or_are_not_confirmed(folder: Path) -> None:
    def note(**row: object) -> str | None:
        return judge({"spec": "maximum.sl", "status": "infeasible", "answer": None, **row}, folder).note

    assert note() == note(witness=[]) == NOT_CONFIRMED
    assert note(witness=["x = 1"]) == "the row has a witness"


def test_the_report_lists_problems_and_counts_the_rest(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bodies = ["(ite (<= x y) y x)", "(ite (= (- x y) 9876) y (ite (<= x y) y x))", "(abs x)"]
    rows = [
        {"spec": "maximum.sl", "status": "solved", "verdict": "proved", "answer": answer_of("maximum", body)}
        for body in bodies
    ]
    results = folder / "results.jsonl"
    results.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    arguments = [str(results), "--base", str(folder), "--seconds", "5"]
    assert main(arguments) == 1
    wrong, outside, proved, totals = capsys.readouterr().out.splitlines()
    assert wrong.startswith("maximum.sl: WRONG: the conditions do not hold (z3: x = ")
    assert outside == "maximum.sl: OUTSIDE THE GRAMMAR: abs is not linear, and LIA is"
    assert f"{int(CONFIRMED != 'z3')} confirmed by both, {int(CONFIRMED == 'z3')} by {SOLVERS[0]} only" in proved
    assert totals.startswith("3 specs, 3 answers, 1 wrong, 1 outside the grammar")
    results.write_text(json.dumps(rows[0]), encoding="utf-8")
    assert main([*arguments, "--all"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"maximum.sl: right, confirmed by {CONFIRMED}"


@pytest.mark.parametrize(
    ("name", "answer", "right"),
    [
        ("clia_2019/jmbl_fg_max2", "(define-fun mux_2 ((x Int) (y Int)) Int (ite (>= x y) x y))", True),
        ("clia_2019/jmbl_fg_max2", "(define-fun mux_2 ((x Int) (y Int)) Int (ite (> x (- y 1)) y x))", False),
        (
            "inv_2019/From2018__jmbl_ex23",
            "(define-fun InvF ((y Int) (z Int) (c Int)) Bool"
            " (and (>= c 0) (and (= z (+ (* 36 y) c)) (and (>= y 0) (<= y 127)))))",
            True,
        ),
        (
            "inv_2019/From2018__jmbl_ex23",
            "(define-fun InvF ((y Int) (z Int) (c Int)) Bool"
            " (and (>= c 0) (and (= z (+ (* 36 y) c)) (and (>= y 0) (<= y 128)))))",
            False,
        ),
        (
            "general_2019/hd-01-d1-prog",
            "(define-fun f ((x (BitVec 32))) (BitVec 32) (bvand x (bvsub x #x00000001)))",
            True,
        ),
    ],
)
def test_public_files_are_read(name: str, answer: str, right: bool) -> None:
    if not (BENCH / f"{name}.sl").exists():
        pytest.skip("the public benchmark data is not here; REVERIE_BENCH names its folder")
    finding = found(BENCH, name, answer)
    assert (finding.wrong is None, finding.proof) == (right, CONFIRMED if right else None)
