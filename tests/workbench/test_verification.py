import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from dsl.errors import ReverieError
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.pool.verifiers import open_verifiers
from workbench.solving import Row
from workbench.verification import COLUMNS, Claim, Recheck, read_claims

MAXIMUM = """(set-logic LIA)
(synth-fun f ((x Int) (y Int)) Int ((S Int) (B Bool)) ((S Int (x y 0 (ite B S S))) (B Bool ((<= S S)))))
(declare-var x Int)
(declare-var y Int)
(constraint (>= (f x y) x))
(constraint (>= (f x y) y))
(constraint (or (= x (f x y)) (= y (f x y))))
(check-synth)
"""
RIGHT = "(define-fun f ((x Int) (y Int)) Int (ite (<= x y) y x))"


@pytest.fixture
def maximum(tmp_path: Path) -> str:
    path = tmp_path / "maximum.sl"
    path.write_text(MAXIMUM, encoding="utf-8")
    return str(path)


def recheck(claims: Sequence[Claim], workers: int = 1) -> list[Row]:
    backend = Backend.RAY if workers > 1 else Backend.AUTO
    with open_verifiers(workers, backend) as verifiers:
        return list(Recheck(verifiers, 10.0, column=None, domain=None).run(claims))


def test_each_answer_is_found_to_be_what_it_is(maximum: str) -> None:
    answers = {
        RIGHT: "proved",
        f"({RIGHT})": "proved",
        RIGHT.replace("y x)", "x y)"): "refuted",
        RIGHT.replace("y x)", "y 1)"): "outside",
        RIGHT.replace("ite", "when"): "unreadable",
        RIGHT.replace("define-fun f", "define-fun g"): "unreadable",
    }
    rows = recheck([Claim(maximum, answer, "proved") for answer in answers])
    assert [row["found"] for row in rows] == list(answers.values())
    assert all(tuple(row) == COLUMNS and row["claimed"] == "proved" for row in rows)
    assert [row["size"] for row in rows] == [6, 6, 6, 6, None, None]


def test_a_refutation_names_the_input_at_which_the_condition_fails(maximum: str) -> None:
    (row,) = recheck([Claim(maximum, RIGHT.replace("y x)", "x y)"))])
    witness = row["witness"]
    assert isinstance(witness, list)
    values = dict(line.split(" = ") for line in witness)
    x, y = int(values["x"]), int(values["y"])
    assert min(x, y) < max(x, y)


def test_an_answer_to_examples_is_run(tmp_path: Path) -> None:
    path = tmp_path / "double.json"
    task = {"name": "double", "type": "list(int) -> list(int)", "domain": "lists"}
    path.write_text(json.dumps({**task, "examples": [{"inputs": [[1, 2]], "output": [2, 4]}]}), encoding="utf-8")
    right, wrong = "(lambda (map (lambda (+ $0 $0)) $0))", "(lambda (map (lambda (+ $0 1)) $0))"
    rows = recheck([Claim(str(path), right), Claim(str(path), wrong), Claim(f"{path}#other", right)])
    assert [row["found"] for row in rows] == ["examples", "refuted", "unreadable"]
    assert "no task 'other'" in str(rows[2]["reason"])


def test_two_verifiers_say_what_one_says_in_the_same_order(maximum: str) -> None:
    wrong = RIGHT.replace("y x)", "x y)")
    claims = [Claim(maximum, RIGHT if number % 3 else wrong) for number in range(12)]
    found = [row["found"] for row in recheck(claims)]
    assert found == ["refuted" if number % 3 == 0 else "proved" for number in range(12)]
    assert [row["found"] for row in recheck(claims, workers=2)] == found


def test_rows_without_an_answer_are_left_out_and_what_is_no_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_text('{"spec": "a.sl", "answer": null}\n\n{"spec": "b.sl", "answer": "x", "verdict": "proved"}\n')
    assert read_claims(path) == [Claim("b.sl", "x", "proved")]
    for text, said in (("{", "no JSON"), ("[1]", "spec and answer"), ('{"spec": 1, "answer": "x"}', "spec and answer")):
        path.write_text(f"\n{text}\n")
        with pytest.raises(ReverieError, match=rf"results.jsonl:2: .*{said}"):
            read_claims(path)
    with pytest.raises(ReverieError, match="cannot be read"):
        read_claims(tmp_path / "missing.jsonl")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReverieError, match="no text"):
        read_claims(path)
