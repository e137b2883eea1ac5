"""What a peer answered, read back: its size, its programs, and what is no answer."""

import pytest

from dsl.domain import load_domain
from dsl.source import Source
from dsl.spec import Spec
from dsl.sygus.reader import read_sygus
from wake_sleep.wake.outcome import Status
from workbench.evaluation.peer_answers import read_answer


@pytest.fixture
def spec() -> Spec:
    text = """\
(set-logic LIA)
(define-fun twice ((x Int)) Int (+ x x))
(synth-fun f ((x Int) (y Int)) Int)
(synth-fun |g h| () Int)
(define-fun asks ((x Int)) Bool (= (f x 1) |g h|))
(declare-var n Int)
(define-fun above () Bool (> n 1))
(constraint (=> above (asks n)))
(check-synth)
"""
    return read_sygus(Source(text))


def test_an_answer_is_its_definitions_as_they_are_written(spec: Spec) -> None:
    f, g = "(define-fun f ((a Int) (b Int)) Int\n  (+ a 1))", "(define-fun |g h| () Int (- 5))"
    answer = read_answer(f"(\n{f}\n{g}\n)\n", spec)
    assert (answer.status, answer.text, answer.reason) == (Status.SOLVED, f"{f}\n{g}", "")
    assert load_domain("integers").evaluate(answer.programs["f"], 3, 9) == 4
    assert load_domain("integers").evaluate(answer.programs["g h"]) == -5


@pytest.mark.parametrize(
    ("body", "size"),
    [("a", 1), ("(- 7)", 1), ("(twice (twice a))", 3), ("(let ((t (+ a b))) (ite (> t 0) t 1))", 10)],
    ids=["parameter", "negative literal", "macros", "let expanded"],
)
def test_sizes_are_counted_as_ours_are(spec: Spec, body: str, size: int) -> None:
    answer = read_answer(f"((define-fun f ((a Int) (b Int)) Int {body})(define-fun |g h| () Int 0))", spec)
    assert (answer.reason, answer.size) == ("", size + 1)


def test_an_answer_with_shared_parts_has_the_size_of_its_tree(spec: Spec) -> None:
    body = "a"
    for _ in range(60):
        body = f"(let ((a (+ a a))) {body})"
    answer = read_answer(f"((define-fun f ((a Int) (b Int)) Int {body})(define-fun |g h| () Int 0))", spec)
    assert answer.size == 2**61


def test_that_there_is_no_program_is_an_answer(spec: Spec) -> None:
    assert read_answer("infeasible\n", spec).status is Status.INFEASIBLE
    assert read_answer("fail\n", spec).status is Status.UNKNOWN
    assert "`fail`" in read_answer("fail\n", spec).reason


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ("(define-fun f ((a Int) (b Int)) Int (div_total a b))(define-fun |g h| () Int 0)", "div_total"),
        ("(define-fun f ((a Int) (b Int)) Int a)", "g h() -> int"),
        ("(define-fun f ((a Int)) Int a)(define-fun |g h| () Int 0)", "f(x: int, y: int) -> int"),
        ("(define-fun f ((a Int) (b Int)) Int (asks 3))(define-fun |g h| () Int 0)", "asks"),
    ],
    ids=["unknown operator", "missing function", "other signature", "what no program may call"],
)
def test_an_answer_that_cannot_be_read_has_no_size(spec: Spec, definitions: str, message: str) -> None:
    answer = read_answer(f"({definitions})", spec)
    assert (answer.status, answer.size, answer.programs) == (Status.SOLVED, None, {})
    assert answer.text == definitions.replace(")(define", ")\n(define")
    assert "its answer cannot be read" in answer.reason
    assert message in answer.reason


def test_an_answer_to_a_file_that_we_cannot_read_has_no_size() -> None:
    answer = read_answer("((define-fun f () Int 0))", None)
    assert (answer.status, answer.size) == (Status.SOLVED, None)
    assert "not known" in answer.reason


@pytest.mark.parametrize(
    "text", ["", "()", "(", "hello", '(error "x")', "(define-fun f () Int 0)", "((f 1))", "(a) (b)"]
)
def test_what_is_no_answer_is_an_error_that_quotes_it(spec: Spec, text: str) -> None:
    answer = read_answer(text, spec)
    assert (answer.status, answer.text) == (Status.ERROR, None)
    assert answer.reason == f"this is no answer: {text}"
