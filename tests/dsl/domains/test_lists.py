"""The domain of lists: its primitives, its two primitive sets and its training tasks."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.domain import Primitive, load_domain
from dsl.domains.lists import lists
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.limits import LARGEST_SIZE, Limits
from dsl.printing import parse_term
from dsl.terms import Literal, operators, postorder
from dsl.types import parse_type
from dsl.values import BOTTOM, Value

ROOT = Path(__file__).parents[3]
REFERENCE = Path(__file__).with_name("reference_programs_lists.json")
PAGE = ROOT / "docs/reference/domains/lists.md"
integers = st.integers(-50, 50)
integer_lists = st.lists(integers, max_size=8).map(tuple)


def value(text: str, *arguments: Value) -> object:
    return evaluate(parse_term(text, lists.operator), arguments, lists)


def named(name: str, arity: int) -> Primitive:
    found = lists.find(name, arity)
    assert found is not None
    return found


def test_the_domain_is_installed() -> None:
    assert load_domain("lists") is lists


# Elements and parts


@pytest.mark.parametrize("text", ["(car $0)", "(last $0)", "(cdr $0)", "(minimum $0)", "(maximum $0)"])
def test_the_empty_list_has_no_element_to_take(text: str) -> None:
    assert value(f"(lambda {text})", ()) is BOTTOM


def test_the_empty_list_can_be_measured_and_rearranged() -> None:
    texts = ["(length $0)", "(sum $0)", "(reverse $0)", "(sort $0)", "(take 3 $0)", "(drop -1 $0)", "(empty? $0)"]
    assert [value(f"(lambda {text})", ()) for text in texts] == [0, 0, (), (), (), (), True]


@pytest.mark.parametrize(
    ("position", "element"),
    [(0, 5), (2, 7), (3, BOTTOM), (-1, 7), (-3, 5), (-4, BOTTOM), (10**30, BOTTOM), (-(10**30), BOTTOM)],
)
def test_positions_count_from_the_front_or_negative_from_the_end(position: int, element: object) -> None:
    assert value("(lambda (lambda (index $1 $0)))", position, (5, 6, 7)) == element


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 99, -1, -2, -3, -4, -99, 10**30, -(10**30)])
def test_take_and_drop_cut_a_list_in_two(count: int) -> None:
    xs = (5, 6, 7)
    taken = value("(lambda (lambda (take $1 $0)))", count, xs)
    dropped = value("(lambda (lambda (drop $1 $0)))", count, xs)
    assert isinstance(taken, tuple)
    assert isinstance(dropped, tuple)
    assert taken + dropped == xs
    kept = min(max(len(xs) + count if count < 0 else count, 0), len(xs))
    assert len(taken) == kept


@given(integer_lists)
def test_a_list_is_its_first_element_before_the_rest(xs: tuple[int, ...]) -> None:
    assert value("(lambda (if (empty? $0) $0 (cons (car $0) (cdr $0))))", xs) == xs


@given(integer_lists)
def test_sorting_keeps_every_element_and_orders_them(xs: tuple[int, ...]) -> None:
    assert value("(lambda (sort $0))", xs) == tuple(sorted(xs))
    assert value("(lambda (reverse (reverse $0)))", xs) == xs


@pytest.mark.parametrize(("end", "made"), [(3, (0, 1, 2)), (1, (0,)), (0, ()), (-5, ()), (-(10**30), ())])
def test_a_range_ends_before_its_bound(end: int, made: tuple[int, ...]) -> None:
    assert value("(lambda (range $0))", end) == made


# Functions of functions


def test_a_fold_goes_from_the_last_element_to_the_first() -> None:
    assert value("(lambda (fold $0 empty (lambda (lambda (cons $1 (cons 0 $0))))))", (1, 2)) == (1, 0, 2, 0)
    assert value("(lambda (fold $0 1 (lambda (lambda (- $1 $0)))))", (10, 4)) == 10 - (4 - 1)
    assert value("(lambda (fold $0 7 (lambda (lambda (car empty)))))", ()) == 7


def test_an_unfold_stops_before_the_first_state_that_stops() -> None:
    countdown = "(lambda (unfold $0 (lambda (eq? $0 0)) (lambda (square $0)) (lambda (- $0 1))))"
    assert value(countdown, 3) == (9, 4, 1)
    assert value(countdown, 0) == ()


def test_an_unfold_may_carry_lists() -> None:
    tails = "(lambda (unfold $0 (lambda (empty? $0)) (lambda $0) (lambda (cdr $0))))"
    assert value(tails, (1, 2)) == ((1, 2), (2,))


def test_a_zip_is_as_long_as_the_shorter_list() -> None:
    program = "(lambda (lambda (zip-with (lambda (lambda (- $1 $0))) $1 $0)))"
    assert value(program, (5, 6, 7), (1, 2)) == (4, 4)
    assert value(program, (), (1, 2)) == ()


def test_a_scan_starts_with_the_first_element() -> None:
    program = "(lambda (scanl1 (lambda (lambda (- $1 $0))) $0))"
    assert [value(program, xs) for xs in [(), (5,), (5, 1, 2)]] == [(), (5,), (5, 4, 2)]


def test_counting_and_filtering_agree() -> None:
    xs = (4, -1, 0, 7, -3)
    assert value("(lambda (count (lambda (gt? $0 0)) $0))", xs) == 2
    assert value("(lambda (filter (lambda (gt? $0 0)) $0))", xs) == (4, 7)


def test_a_function_without_a_value_leaves_the_whole_without_one() -> None:
    for text in (
        "(map (lambda (mod 1 $0)) $0)",
        "(filter (lambda (is-even (mod 1 $0))) $0)",
        "(count (lambda (is-even (mod 1 $0))) $0)",
        "(fold $0 0 (lambda (lambda (mod $0 $1))))",
        "(scanl1 (lambda (lambda (mod $1 $0))) $0)",
        "(zip-with (lambda (lambda (mod $1 $0))) $0 $0)",
        "(unfold 3 (lambda (eq? $0 0)) (lambda (index $0 $1)) (lambda (- $0 1)))",
    ):
        assert value(f"(lambda {text})", (1, 0)) is BOTTOM, text


def test_lists_may_hold_lists_and_truth_values() -> None:
    assert value("(lambda (map (lambda (reverse $0)) $0))", ((1, 2), ())) == ((2, 1), ())
    assert value("(lambda (filter (lambda $0) $0))", (True, False, True)) == (True, True)


# Numbers


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient", "remainder"),
    [(7, 2, 3, 1), (-7, 2, -4, 1), (7, -2, -4, 1), (-7, -2, 3, 1), (0, 5, 0, 0), (7, 0, BOTTOM, BOTTOM)],
)
def test_quotients_round_down_and_remainders_are_not_negative(
    dividend: int, divisor: int, quotient: object, remainder: object
) -> None:
    assert value("(lambda (lambda (int-divide $1 $0)))", dividend, divisor) == quotient
    assert value("(lambda (lambda (mod $1 $0)))", dividend, divisor) == remainder


def test_primes_are_those_of_the_sieve() -> None:
    def is_prime(n: int) -> bool:
        return n > 1 and all(n % d for d in range(2, math.isqrt(n) + 1))

    primes = value("(lambda (filter (lambda (is-prime $0)) (map (lambda (- $0 9)) (range $0))))", 2000)
    assert primes == tuple(n for n in range(-9, 1991) if is_prime(n))


@pytest.mark.parametrize("number", [3_215_031_751, 3_825_123_056_546_413_051, 318_665_857_834_031_151_167_461])
def test_strong_pseudoprimes_to_the_first_bases_are_no_primes(number: int) -> None:
    assert value("(lambda (is-prime $0))", number) is False


def test_whether_a_large_number_is_prime_is_decided_or_refused() -> None:
    assert value("(lambda (is-prime $0))", 2**61 - 1) is True
    assert value("(lambda (is-prime $0))", (2**31 - 1) * (2**37 - 25)) is False
    with pytest.raises(LimitExceeded, match="is-prime of an integer of 90 bits"):
        value("(lambda (is-prime $0))", 2**89 + 1)


@given(st.integers(-10, 10**40))
def test_squares_are_recognised_at_any_size(number: int) -> None:
    program = "(lambda (is-square $0))"
    assert value(program, number * number) is True
    assert value(program, number * number + 1) is (number == 0)
    assert value(program, -1 - number * number) is False


@given(integers, integers)
def test_the_numeric_primitives_are_those_of_python(a: int, b: int) -> None:
    expected = {"min": min(a, b), "max": max(a, b), "gt?": a > b, "<": a < b, "eq?": a == b, "*": a * b}
    assert {name: value(f"(lambda (lambda ({name} $1 $0)))", a, b) for name in expected} == expected
    assert (value("(lambda (square $0))", a), value("(lambda (is-even $0))", a)) == (a * a, a % 2 == 0)
    assert value("(lambda (is-odd $0))", a) is not value("(lambda (is-even $0))", a)


def test_only_the_branch_taken_needs_a_value() -> None:
    assert value("(lambda (if (empty? $0) 0 (car $0)))", ()) == 0
    assert value("(lambda (or (empty? $0) (is-even (car $0))))", ()) is True
    assert value("(lambda (and (empty? $0) (is-even (car $0))))", ()) is BOTTOM


# Bounds


@pytest.mark.parametrize(
    "text",
    [
        "(unfold 0 (lambda false) (lambda $0) (lambda $0))",
        "(unfold 0 (lambda false) (lambda $0) (lambda (+ $0 1)))",
        "(unfold empty (lambda false) (lambda (length $0)) (lambda (cons 0 $0)))",
        "(range (* 999999999 999999999))",
        "(map (lambda (map (lambda (map (lambda (+ $0 $1)) $2)) $1)) $0)",
        "(map (lambda (range 4000)) (range 4000))",
        "(fold $0 2 (lambda (lambda (* $0 $0))))",
        "(scanl1 (lambda (lambda (* $1 $1))) (map (lambda 2) $0))",
        "(is-prime (fold $0 2 (lambda (lambda (* 2 $0)))))",
    ],
)
def test_every_evaluation_ends(text: str) -> None:
    with pytest.raises(LimitExceeded):
        value(f"(lambda {text})", tuple(range(100)))


def test_a_list_is_not_built_beyond_the_largest_size() -> None:
    with pytest.raises(LimitExceeded, match=f"the most is {LARGEST_SIZE}"):
        named("range", 1).function(LARGEST_SIZE + 1)
    with pytest.raises(LimitExceeded, match=f"the most is {LARGEST_SIZE}"):
        named("unfold", 4).function(0, lambda s: False, lambda s: s, lambda s: s + 1)


def test_an_unfold_whose_state_repeats_is_given_up_at_once() -> None:
    program = parse_term(
        "(lambda (unfold $0 (lambda (gt? $0 9)) (lambda $0) (lambda (min 5 (+ $0 1)))))", lists.operator
    )
    with pytest.raises(LimitExceeded, match="unfold never stops: its state repeats"):
        evaluate(program, [0], lists)


def test_the_limits_of_an_evaluation_are_kept() -> None:
    program = parse_term("(lambda (range $0))", lists.operator)
    assert evaluate(program, [50], lists, Limits(size=50)) == tuple(range(50))
    with pytest.raises(LimitExceeded, match="more than 50 elements"):
        evaluate(program, [51], lists, Limits(size=50))


# Primitive sets

DREAMCODER = {
    "map": "(t0 -> t1) -> list(t0) -> list(t1)",
    "unfold": "t0 -> (t0 -> bool) -> (t0 -> t1) -> (t0 -> t0) -> list(t1)",
    "range": "int -> list(int)",
    "index": "int -> list(t0) -> t0",
    "fold": "list(t0) -> t1 -> (t0 -> t1 -> t1) -> t1",
    "length": "list(t0) -> int",
    "if": "bool -> t0 -> t0 -> t0",
    "+": "int -> int -> int",
    "-": "int -> int -> int",
    "empty": "list(t0)",
    "cons": "t0 -> list(t0) -> list(t0)",
    "car": "list(t0) -> t0",
    "cdr": "list(t0) -> list(t0)",
    "empty?": "list(t0) -> bool",
    "*": "int -> int -> int",
    "mod": "int -> int -> int",
    "gt?": "int -> int -> bool",
    "eq?": "int -> int -> bool",
    "is-prime": "int -> bool",
    "is-square": "int -> bool",
}
LAMBDABEAM = [
    "add", "subtract", "multiply", "int-divide", "square", "min", "max", "greater", "less", "equal",
    "is-even", "is-odd", "if", "head", "last", "take", "drop", "access", "minimum", "maximum",
    "reverse", "sort", "sum", "map", "filter", "count", "zip-with", "scanl1",
]  # fmt: skip


def searchable(set_name: str) -> list[Primitive]:
    return [p for p in lists.select(set_name).primitives if p.searchable]


def test_the_dreamcoder_set_has_its_primitives_and_no_other() -> None:
    assert {p.name: p.type for p in searchable("dreamcoder")} == {n: parse_type(t) for n, t in DREAMCODER.items()}
    assert [literal.value for literal in lists.select("dreamcoder").constants] == [0, 1]


def test_the_dreamcoder_set_is_that_of_the_public_file() -> None:
    folder = Path(os.environ.get("REVERIE_BENCH", ROOT.parent / "shared" / "bench"))
    file = folder / "lists" / "dreamcoder_train.json"
    if not file.exists():
        pytest.skip("the public benchmark data are not here")
    stated = {p["name"]: p["type"] for p in json.loads(file.read_text(encoding="utf-8"))["primitives"]}
    assert stated == {**DREAMCODER, "0": "int", "1": "int"}


def test_the_lambdabeam_set_has_its_operators_and_no_other() -> None:
    offered = searchable("lambdabeam")
    wanted = [next(p for p in offered if name in (p.name, *p.aliases)) for name in LAMBDABEAM]
    assert len(offered) == len({p.name for p in wanted}) == 28
    assert [literal.value for literal in lists.select("lambdabeam").constants] == [-1, 0, 1, 2, 3, 4]


def test_the_default_offers_both_sets_and_the_connectives() -> None:
    offered = {p.name for p in lists.primitives if p.searchable}
    both = {p.name for s in lists.primitive_sets for p in searchable(s)}
    assert offered == both | {"and", "or", "not"}


def test_two_names_of_one_function_are_one_primitive() -> None:
    pairs = [("car", "head", 1), ("index", "access", 2), ("if", "ite", 3), ("gt?", ">", 2), ("<", "less", 2)]
    assert all(lists.find(a, arity) is lists.find(b, arity) for a, b, arity in pairs)
    assert parse_term("(lambda (ite (> 1 0) (head $0) 2))", lists.operator) is parse_term(
        "(lambda (if (gt? 1 0) (car $0) 2))", lists.operator
    )


def test_specifications_may_compare_lists() -> None:
    program = "(lambda (lambda (= $0 $1)))"
    assert (value(program, (1, 2), (1, 2)), value(program, (), (1,))) == (True, False)
    assert not named("=", 2).searchable


# Training tasks


@pytest.fixture(scope="module")
def programs() -> dict[str, str]:
    found: dict[str, str] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def tasks() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((ROOT / "dsl/domains/lists.json").read_text(encoding="utf-8"))["tasks"]
    return found


def expressible(programs: dict[str, str], set_name: str) -> list[str]:
    """The tasks whose reference program uses primitives and constants of one set only."""
    domain = lists.select(set_name)
    offered = {p.operator for p in domain.primitives if p.searchable}
    found = []
    for name, text in programs.items():
        program = parse_term(text, lists.operator)
        literals = [term for term in postorder([program]) if isinstance(term, Literal)]
        if offered.issuperset(operators(program)) and all(literal in domain.constants for literal in literals):
            found.append(name)
    return found


@pytest.mark.parametrize("set_name", ["dreamcoder", "lambdabeam"])
def test_many_tasks_can_be_solved_in_each_primitive_set_alone(programs: dict[str, str], set_name: str) -> None:
    assert len(expressible(programs, set_name)) >= 70


def test_every_searchable_primitive_is_needed_by_some_task(programs: dict[str, str]) -> None:
    used = {op.name for text in programs.values() for op in operators(parse_term(text, lists.operator))}
    assert {p.name for p in lists.primitives if p.searchable} == used


def test_the_tasks_are_of_many_types_and_sizes(tasks: list[dict[str, Any]], programs: dict[str, str]) -> None:
    assert len({task["type"] for task in tasks}) >= 20
    sizes = sorted(parse_term(text, lists.operator).size for text in programs.values())
    assert sizes[0] <= 5
    assert sizes[-1] >= 30
    assert 8 <= sizes[len(sizes) // 2] <= 15


def test_a_task_is_shown_more_than_one_output(tasks: list[dict[str, Any]]) -> None:
    for task in tasks:
        assert len({json.dumps(example["output"]) for example in task["examples"]}) > 1, task["name"]


# Documentation


def test_the_reference_page_lists_what_is_searched() -> None:
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    for primitive in (p for p in lists.primitives if p.searchable):
        sets = [mark for mark, s in (("D", "dreamcoder"), ("L", "lambdabeam")) if primitive in searchable(s)]
        aliases = ", ".join(f"`{alias}`" for alias in primitive.aliases)
        row = f"| `{primitive.name}` | `{primitive.type}` | {' '.join(sets)} | {aliases} | {primitive.description} |"
        assert row in rows


def test_the_reference_page_counts_the_tasks(tasks: list[dict[str, Any]], programs: dict[str, str]) -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"{len(tasks)} tasks of {len({task['type'] for task in tasks})} types" in page
    in_sets = [len(expressible(programs, name)) for name in ("dreamcoder", "lambdabeam")]
    assert "{} can be written with DreamCoder's primitives alone and {} with LambdaBeam's".format(*in_sets) in page
