"""The checker's own reading of the standards, on values worked out by hand and on the reference programs."""

import json
from pathlib import Path

import pytest

from tests.checker.first_order import NoValue, compile_term
from tests.checker.syntax import Malformed, Value, expand_lets, literal, read, show, size
from tests.checker.task_files import check_task_answer, read_questions

ROOT = Path(__file__).parents[2]
REFERENCE = sorted((ROOT / "tests" / "dsl" / "domains").glob("reference_programs_*.json"))


def value(text: str) -> object:
    _, code = compile_term(read(text)[0], {}, {})
    return code(())


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ('(str.substr "abcdef" 2 3)', "cde"),
        ('(str.substr "abc" 3 1)', ""),
        ('(str.substr "abc" (- 1) 2)', ""),
        ('(str.substr "abc" 1 0)', ""),
        ('(str.at "abc" 2)', "c"),
        ('(str.at "abc" (- 1))', ""),
        ('(str.indexof "banana" "an" 2)', 3),
        ('(str.indexof "abc" "" 3)', 3),
        ('(str.indexof "abc" "" 4)', -1),
        ('(str.indexof "abc" "a" (- 1))', -1),
        ('(str.replace "banana" "an" "X")', "bXana"),
        ('(str.replace "abc" "" "X")', "Xabc"),
        ('(str.replace_all "banana" "an" "")', "ba"),
        ('(str.replace_all "abc" "" "X")', "abc"),
        ('(str.to.int "007")', 7),
        ('(str.to_int "")', -1),
        ('(str.to_int "-1")', -1),
        ('(str.to_int "\\u{661}")', -1),
        ("(int.to.str (- 5))", ""),
        ("(str.from_int 12)", "12"),
        ('(str.prefixof "" "a")', True),
        ('(str.suffixof "bc" "abc")', True),
        ('(str.suffixof "abc" "bc")', False),
        ('(str.contains "abc" "")', True),
        ('(str.len "a""\\u{e9}")', 3),
        ('(str.is_digit "12")', False),
        ("(div (- 7) 2)", -4),
        ("(div (- 7) (- 2))", 4),
        ("(mod (- 7) (- 2))", 1),
        ("(- 10 3 2)", 5),
        ("(< 1 2 2)", False),
        ("(distinct 1 2 1)", False),
        ("(ite (= 1 1) 5 (div 1 0))", 5),
        ("(and false (= (div 1 0) 1))", False),
        ("(=> true false true)", True),
        ("(xor true true true)", True),
        ("(let ((x 2)) (let ((x (+ x 1)) (y x)) (* x y)))", 6),
        ("(bvudiv #x05 #x00)", 255),
        ("(bvurem #x05 #x00)", 5),
        ("(bvsdiv #xf9 #x02)", 0xFD),
        ("(bvsdiv #x80 #xff)", 0x80),
        ("(bvsdiv #x85 #x00)", 1),
        ("(bvsrem #xf9 #x02)", 0xFF),
        ("(bvsmod #xf9 #x02)", 1),
        ("(bvsmod #xf9 #x00)", 0xF9),
        ("(bvshl #x81 #x01)", 2),
        ("(bvshl #x81 #x08)", 0),
        ("(bvashr #x81 #x01)", 0xC0),
        ("(bvashr #x81 #xff)", 0xFF),
        ("(bvneg #x00)", 0),
        ("(bvslt #x80 #x7f)", True),
        ("(concat #xa #b01)", 0b101001),
        ("((_ extract 5 2) #xa5)", 0b1001),
        ("((_ sign_extend 4) #x8)", 0xF8),
        ("((_ rotate_left 9) #x81)", 0x03),
        ("(bvadd #xff #x01 #x01)", 1),
        ("(_ bv5 8)", 5),
        ('(strings.title "o\'neil and mary-ann")', "O'neil And Mary-Ann"),
        ('(strings.after "abc" "x")', ""),
        ('(strings.before "abc" "")', ""),
        ('(strings.after "abc" "")', "abc"),
        ('(strings.field "a,b" "," -1)', "b"),
        ('(strings.pad_left "7" 4 "ab")', "aba7"),
    ],
)
def test_terms_mean_what_the_standard_says(term: str, expected: Value) -> None:
    found = value(term)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("term", ["(div 1 0)", "(mod 1 0)", "(+ 1 (div 1 0))", "(let ((x (div 1 0))) (+ x 1))"])
def test_division_by_zero_has_no_value(term: str) -> None:
    with pytest.raises(NoValue):
        value(term)


@pytest.mark.parametrize("term", ["(+ 1 true)", "(bvadd #x01 #x001)", "(str.len 1)", "(f 1)", "x", "()", "(ite 1 2 3)"])
def test_terms_that_are_not_well_sorted_are_refused(term: str) -> None:
    with pytest.raises(Malformed):
        value(term)


def test_a_let_is_expanded_and_leaves_its_size() -> None:
    (term,) = read("(let ((a (+ x 1))) (let ((b (* a a))) (+ b (- 3))))")
    expanded = expand_lets(term)
    assert show(expanded) == "(+ (* (+ x 1) (+ x 1)) (- 3))"
    assert size(expanded) == 9
    assert literal(read("(- 3)")[0]) == ("Int", -3)


@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_reference_programs_are_right_on_shown_and_held_out_examples(path: Path) -> None:
    programs = json.loads(path.read_text(encoding="utf-8"))
    domain = path.stem.removeprefix("reference_programs_")
    questions = {question.name: question for question in read_questions(ROOT / "dsl" / "domains" / f"{domain}.json")}
    assert len(programs) > 100
    wrong = {}
    for name, program in programs.items():
        found = check_task_answer(questions[name], program)
        if found.wrong is not None or found.held_out is not True:
            wrong[name] = found
    assert wrong == {}
