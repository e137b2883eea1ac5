"""The checker accepts right answers and rejects every kind of wrong one."""

import ast
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.checker.check_answers import judge, main

PACKAGES = {"dsl", "store", "wake_sleep", "workbench", "cli"}

STRINGS = """
(set-logic SLIA)
(synth-fun f ((name String) (n Int)) String
    ((Start String (ntString))
     (ntString String (name " " "Dr." (str.++ ntString ntString) (str.at ntString ntInt)
                       (str.substr ntString ntInt ntInt) (int.to.str ntInt)))
     (ntInt Int (n 0 1 -1 (+ ntInt ntInt) (- ntInt ntInt) (str.len ntString) (str.to.int ntString)
                 (str.indexof ntString ntString ntInt)))))
(declare-var name String)
(constraint (= (f "Nancy FreeHafer" 1) "Dr. Nancy"))
(constraint (= "Dr. Jan" (f "Jan Kotas" 2)))
(check-synth)
"""
NANCY = '(str.++ "Dr." (str.++ " " (str.substr name 0 (str.indexof name " " 0))))'

BITS = """
(set-logic BV)
(define-fun shr1 ((x (BitVec 8))) (BitVec 8) (bvlshr x #x01))
(define-fun im ((x (BitVec 8)) (y (BitVec 8)) (z (BitVec 8))) (BitVec 8) (ite (= x #x01) y z))
(synth-fun f ((x (BitVec 8))) (BitVec 8)
    ((Start (BitVec 8) (#x00 #x01 x (bvnot Start) (shr1 Start) (bvand Start Start) (im Start Start Start)))))
(constraint (= (f #xf0) #x78))
(constraint (= (f #x0f) #x07))
(check-synth)
"""

VERSION_2 = """
(set-logic LIA)
(synth-fun f ((x Int) (y Int)) Int
    ((I Int) (J Int) (B Bool))
    ((I Int ((Constant Int) J (+ I J) (ite B I I)))
     (J Int ((Variable Int)))
     (B Bool ((< I I)))))
(synth-fun p ((x Int)) Bool)
(constraint (and (= (f 1 2) 12) (p 3)))
(constraint (not (p 4)))
(constraint (= (f (+ 1 1) 0) 10))
(check-synth)
"""

CONDITIONS = """
(set-logic LIA)
(synth-fun m ((x Int) (y Int)) Int)
(declare-var x Int)
(declare-var y Int)
(constraint (>= (m x y) x))
(constraint (>= (m x y) y))
(constraint (or (= (m x y) x) (= (m x y) y)))
(check-synth)
"""

LISTS = {
    "tasks": [
        {
            "name": "double",
            "inputs": {"x": [[1, 2], [3]], "n": [2, 2]},
            "outputs": [[2, 4], [6]],
            "size": 4,
            "held_out": {"inputs": {"x": [[5]], "n": [3]}, "outputs": [[15]]},
        },
        {"name": "larger", "inputs": {"x": [1, 4], "y": [3, 2]}, "outputs": [3, 4]},
        {"name": "a#b", "inputs": {"x": [[1, 2]], "n": [0]}, "outputs": [3]},
    ]
}
DREAMCODER = {
    "primitives": [],
    "tasks": [
        {"name": "tails", "type": "list(int) -> bool", "examples": [{"inputs": [[1, 2]], "output": False}]},
        {"name": "up", "type": "int -> list(int)", "examples": [{"inputs": [3], "output": [1, 2, 3]}]},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {"strings": STRINGS, "bits": BITS, "version2": VERSION_2, "conditions": CONDITIONS}
    for name, text in texts.items():
        (tmp_path / f"{name}.sl").write_text(text, encoding="utf-8")
    (tmp_path / "long-strings.sl").write_text(
        STRINGS.replace("Jan Kotas", "Mariya Sergienko Kotas").replace("Dr. Jan", "Dr. Mariya"), encoding="utf-8"
    )
    (tmp_path / "contradictory.sl").write_text(
        STRINGS.replace("(check-synth)", '(constraint (= (f "Jan Kotas" (+ 1 1)) "x"))'), encoding="utf-8"
    )
    (tmp_path / "lists.json").write_text(json.dumps(LISTS), encoding="utf-8")
    (tmp_path / "dreamcoder.json").write_text(json.dumps(DREAMCODER), encoding="utf-8")
    return tmp_path


def wrong(folder: Path, spec: str, answer: str | None, **row: object) -> str | None:
    """Why an answer is found wrong."""
    finding = judge({"spec": spec, "status": "solved", "answer": answer, **row}, folder).finding
    assert finding is not None
    return finding.wrong


def string_function(
    body: str, signature: str = "(name String) (n Int)", name: str = "f", result: str = "String"
) -> str:
    return f"(define-fun {name} ({signature}) {result} {body})"


def bit_function(body: str) -> str:
    return f"(define-fun f ((x (_ BitVec 8))) (_ BitVec 8) {body})"


@pytest.mark.parametrize(
    "answer",
    [
        string_function(NANCY),
        f"({string_function(NANCY)})",
        string_function(NANCY.replace("name", "s"), "(s String) (i Int)"),
        string_function('(let ((let0 (str.indexof name " " 0))) (str.++ "Dr." (str.++ " " (str.substr name 0 let0))))'),
        string_function(NANCY.replace(" 0)", " (+ 1 (- 1)))")),
        string_function(NANCY.replace('(str.++ " "', '(str.++ (str.at name (str.indexof name " " 0))')),
    ],
)
def test_right_answers_are_accepted(folder: Path, answer: str) -> None:
    assert wrong(folder, "strings.sl", answer) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no answer"),
        ("", "no answer"),
        (string_function('(str.++ "Dr." name)'), "constraint 1 does not hold"),
        (string_function('(str.++ (str.++ "Dr." " ") (str.substr name 0 5))'), "outside its grammar"),
        (string_function('(str.++ (str.++ "Dr." " ") (str.substr name 0 (+ 1 (+ 1 (+ 1 (+ 1 1))))))'), "constraint 2"),
        (string_function('(str.replace name " " "Dr.")'), "outside its grammar"),
        (string_function('(str.++ "Dr. " name)'), "outside its grammar"),
        (string_function('(str.++ "Dr." " " name)'), "outside its grammar"),
        (string_function(NANCY, "(n Int) (name String)"), "signature"),
        (string_function(NANCY, "(name String)"), "signature"),
        (string_function("n", result="Int"), "signature"),
        (string_function("n"), "of sort Int"),
        (string_function(NANCY, name="g"), "does not define f"),
        (string_function(NANCY) + string_function(NANCY, name="g"), "does not ask for"),
        (string_function(NANCY) + string_function(NANCY), "sequence of define-fun"),
        (string_function("nobody"), "no operator"),
        (string_function("(f name n)"), "no operator"),
        ("(define-fun f", "never closed"),
        ("fail", "sequence of define-fun"),
    ],
)
def test_wrong_answers_are_rejected(folder: Path, answer: str | None, reason: str) -> None:
    found = wrong(folder, "strings.sl", answer)
    assert found is not None
    assert reason in found


def test_macros_of_the_file_are_part_of_its_grammar(folder: Path) -> None:
    assert wrong(folder, "bits.sl", bit_function("(shr1 x)")) is None
    assert wrong(folder, "bits.sl", bit_function("(im #x01 (shr1 x) x)"), size=5) is None
    assert "outside" in str(wrong(folder, "bits.sl", bit_function("(bvlshr x #x01)")))
    assert "constraint 1" in str(wrong(folder, "bits.sl", bit_function("(bvnot x)")))
    assert "outside" in str(wrong(folder, "bits.sl", bit_function("(bvand (shr1 x) #x7f)")))


def test_claimed_sizes_are_compared(folder: Path) -> None:
    assert wrong(folder, "bits.sl", bit_function("(shr1 x)"), size=2) is None
    assert wrong(folder, "bits.sl", bit_function("(shr1 x)"), size=3) == "the size is 2, not 3"


PREDICATE = "(define-fun p ((x Int)) Bool (< x 4))"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("(ite (< x 2) 12 10)", None),
        ("(ite (< 1 x) (+ 10 y) (+ 11 x))", None),
        ("(ite (< 1 x) (+ (- 10) x) (+ 11 x))", "constraint 3"),
        ("(ite (< x 2) 12 (+ x 8))", "outside"),
        ("(ite (<= 2 x) 10 12)", "outside"),
    ],
)
def test_version_2_with_constants_and_variables_of_a_sort(folder: Path, body: str, reason: str | None) -> None:
    found = wrong(folder, "version2.sl", f"(define-fun f ((x Int) (y Int)) Int {body})\n{PREDICATE}")
    assert found is None if reason is None else reason in str(found)


def test_every_function_of_a_file_needs_an_answer(folder: Path) -> None:
    assert wrong(folder, "version2.sl", PREDICATE) == "the answer does not define f"


def test_without_a_grammar_a_linear_logic_has_no_products(folder: Path) -> None:
    function = "(define-fun f ((x Int) (y Int)) Int (ite (< x 2) 12 10))"
    assert wrong(folder, "version2.sl", f"{function}(define-fun p ((x Int)) Bool (= (* 2 x) 6))") is None
    assert "linear" in str(wrong(folder, "version2.sl", f"{function}(define-fun p ((x Int)) Bool (= (* x x) 9))"))
    assert "linear" in str(wrong(folder, "version2.sl", f"{function}(define-fun p ((x Int)) Bool (= (div x 3) 1))"))


def test_conditions_on_variables_are_tried_at_points(folder: Path) -> None:
    assert wrong(folder, "conditions.sl", "(define-fun m ((x Int) (y Int)) Int (ite (<= x y) y x))") is None
    assert "constraint" in str(wrong(folder, "conditions.sl", "(define-fun m ((x Int) (y Int)) Int (+ x y))"))


def test_held_out_constraints_of_a_sibling_are_scored_apart(folder: Path) -> None:
    rewriting = (r"strings\.sl$", "long-strings.sl")
    for answer, right in (
        (string_function(NANCY), True),
        (string_function(NANCY.replace("0 (", "0 (- 0 (-", 1)), None),
    ):
        finding = judge({"spec": "strings.sl", "status": "solved", "answer": answer}, folder, rewriting).finding
        assert finding is not None
        assert finding.held_out is right


@pytest.mark.parametrize(
    ("task", "answer", "reason"),
    [
        ("double", "(lambda (lambda (map (lambda (* $0 $1)) $1)))", None),
        ("larger", "(define-fun f ((x Int) (y Int)) Int (max x y))", None),
        ("larger", "(define-fun f ((x Int) (y Int)) Bool (gt? x y))", "signature"),
        ("double", "(lambda (lambda (map (lambda (* $0 2)) $1)))", "held-out"),
        ("double", "(lambda (lambda $1))", "example 1"),
        ("double", "(lambda (lambda $0))", "do not fit"),
        ("double", "(lambda (map (lambda (* $0 2)) $0))", "2 parameters"),
        ("double", "(lambda (lambda (map (lambda (* $0 5)) $1)))", "constant 5"),
        ("double", "(lambda (lambda (cons 2 (cdr $1))))", "outside the language"),
        ("double", "(lambda (lambda (map $1)))", "2 arguments"),
        ("double", "(lambda (lambda $7))", "not bound"),
        ("double", "(lambda (lambda (nonsense $1)))", "no primitive"),
        ("a#b", "(lambda (lambda (sum $1)))", None),
        ("a#b", "(lambda (lambda (index 4 $1)))", "no value"),
    ],
)
def test_list_programs_are_typed_and_run(folder: Path, task: str, answer: str, reason: str | None) -> None:
    finding = judge({"spec": f"lists.json#{task}", "status": "solved", "answer": answer}, folder).finding
    assert finding is not None
    if reason == "held-out":
        assert (finding.wrong, finding.held_out) == (None, False)
    else:
        assert finding.wrong is None if reason is None else reason in str(finding.wrong)


def test_truth_values_are_no_numbers_and_loops_end(folder: Path) -> None:
    assert wrong(folder, "dreamcoder.json#tails", "(lambda (empty? $0))") is None
    assert "do not fit" in str(wrong(folder, "dreamcoder.json#tails", "(lambda 0)"))
    unfold = "(lambda (unfold $0 (lambda (eq? $0 0)) (lambda (+ 1 (- $1 $0))) (lambda (- $0 1))))"
    assert wrong(folder, "dreamcoder.json#up", unfold) is None
    endless = "(lambda (unfold $0 (lambda (gt? 0 1)) (lambda $0) (lambda $0)))"
    assert "steps" in str(wrong(folder, "dreamcoder.json#up", endless))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("(define-fun Order_total ((price Int) (amount Int)) Int (+ price amount))", None),
        ("(define-fun Order_total ((price Int) (amount Int)) Int (+ price price))", "example 1"),
        ("(define-fun price ((price Int) (amount Int)) Int amount)", "signature"),
        ("(define-fun nothing ((price Int) (amount Int)) Int amount)", "no column"),
    ],
)
def test_the_column_of_a_table_is_known_by_the_name_of_the_function(
    tmp_path: Path, answer: str, reason: str | None
) -> None:
    (tmp_path / "orders.csv").write_text("price,amount,Order total\n2,3,5\n10,4,14\n7,1,\n", encoding="utf-8")
    found = wrong(tmp_path, "orders.csv", answer)
    assert found is None if reason is None else reason in str(found)


def test_of_what_the_checker_does_not_know_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "law.json").write_text('{"type": "int -> int", "domain": "laws", "examples": [[[1], 2]]}')
    finding = judge({"spec": "law.json", "status": "solved", "answer": "(lambda $0)"}, tmp_path).finding
    assert finding is not None
    assert (finding.wrong, finding.unchecked) == (None, "the domain laws is not checked")


def test_infeasible_is_confirmed_by_two_examples(folder: Path) -> None:
    notes = {
        spec: judge({"spec": spec, "status": "infeasible", "answer": None}, folder).note
        for spec in ("contradictory.sl", "strings.sl")
    }
    assert notes == {"contradictory.sl": "two examples conflict", "strings.sl": "not confirmed"}


def test_an_answer_beside_another_status_is_wrong(folder: Path) -> None:
    finding = judge({"spec": "bits.sl", "status": "unknown", "answer": bit_function("(shr1 x)")}, folder).finding
    assert finding is not None
    assert finding.wrong == "there is an answer although the status is unknown"


@pytest.mark.parametrize(("body", "code"), [("(shr1 x)", 0), ("(bvnot x)", 1)])
def test_the_exit_code_says_whether_anything_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str], body: str, code: int
) -> None:
    rows: list[Mapping[str, object]] = [
        {"spec": "bits.sl", "status": "solved", "answer": bit_function(body)},
        {"spec": "strings.sl", "status": "unknown", "answer": None},
    ]
    results = folder / "results.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main([str(results), "--base", str(folder)]) == code
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].startswith(f"2 specs, 1 answers, {code} wrong")


def test_the_checker_shares_nothing_with_what_it_checks() -> None:
    for module in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not PACKAGES & {name.partition(".")[0] for name in names}, module
