"""Libraries as a person reads them."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.errors import ReverieError
from dsl.terms import Operator
from dsl.types import parse_type
from store.library_records import NewAbstraction, NewGeneration
from store.records import NewResult, NewRun, NewSolution
from store.repository import Store
from wake_sleep.sleep.abstraction.candidates import candidate, named
from workbench.library import AbstractionView, describe_library, difference, find_generation
from workbench.library_examples import SAMPLES, examples_of, parameter_names, sample_values
from workbench.library_graph import library_svg

LISTS = load_domain("lists")
KEEP = "(lambda (lambda (fold $1 empty (lambda (lambda (if ($2 $1) (cons $1 $0) $0))))))"
KEEP_PRIMES = "(fold $0 empty (lambda (lambda (if (is-prime $1) (cons $1 $0) $0))))"


def abstraction(text: str, name: str, domain: str = "lists") -> Operator:
    found = candidate(load_domain(domain).parse(text))
    assert isinstance(found, Operator)
    return named(found, name)


KEEP_1 = abstraction(KEEP, "keep_1")
PRIMES_2 = abstraction(f"(lambda (length {KEEP_PRIMES}))", "primes_2")
DOUBLE_3 = abstraction("(lambda (+ $0 $0))", "double_3")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two generations of the lists domain: the second has dropped `keep_1` and has `double_3` and a test task."""
    with Store.open(f"sqlite:///{tmp_path / 'library.db'}") as opened:
        run = opened.begin_run(NewRun("train", {}, "s", "t", 1, "0")).id
        first = [NewAbstraction(KEEP_1, 13), NewAbstraction(PRIMES_2, 3, [KEEP_1.key])]
        opened.publish(NewGeneration("lists", run, 1, abstractions=first))
        second = [NewAbstraction(PRIMES_2, 5), NewAbstraction(DOUBLE_3, 2)]
        opened.publish(NewGeneration("lists", run, 2, "lists-1", second))
        task = LISTS.tasks[0]
        program = LISTS.parse(f"(lambda (+ (length {KEEP_PRIMES}) (length {KEEP_PRIMES})))")
        solution = NewSolution({task.spec.functions[0].name: program}, "examples", program.size)
        opened.save_result(
            run, NewResult(task.name, task.spec, "solved", cycle=2, solution=solution, evaluation=True, split="test")
        )
        yield opened


def test_the_latest_generation_is_found_by_nothing_by_its_domain_and_by_its_name(store: Store) -> None:
    assert {find_generation(store, name).name for name in (None, "lists", "lists-2")} == {"lists-2"}
    with pytest.raises(ReverieError, match=r"no generation 'list-2'; the latest are lists-1, lists-2; .*lists-2"):
        find_generation(store, "list-2")


def test_a_store_without_generations_says_how_to_make_some(tmp_path: Path) -> None:
    with (
        Store.open(f"sqlite:///{tmp_path / 'empty.db'}") as opened,
        pytest.raises(ReverieError, match="has no generation; `reverie train` makes some"),
    ):
        find_generation(opened)


def test_a_function_is_described_with_its_use_its_origin_and_examples(store: Store) -> None:
    keep, primes = sorted(describe_library(store, find_generation(store, "lists-1")), key=lambda view: view.name)
    assert keep == AbstractionView(
        name="keep_1",
        type="list(t0) -> (t0 -> bool) -> list(t0)",
        parameters=("xs", "f"),
        body="fold(xs, empty, lambda x, y: cons(x, y) if f(x) else y)",
        expression=KEEP,
        uses=13,
        test_uses=None,
        born="lists-1",
        retired="lists-2",
        parents=(),
        examples=keep.examples,
    )
    assert primes.body == "length(keep_1(xs, lambda x: is_prime(x)))"
    assert primes.parents == ("keep_1",)
    assert len(keep.examples) == len(primes.examples) == 3
    assert all(example.startswith("keep_1(") and " = " in example for example in keep.examples)


def test_uses_on_test_tasks_are_counted_in_their_programs_as_rewritten(store: Store) -> None:
    views = {view.name: view for view in describe_library(store, find_generation(store))}
    assert views["primes_2"].test_uses == 1
    assert views["double_3"].test_uses == 1


def test_those_that_were_dropped_are_shown_on_request_and_still_mean_something(store: Store) -> None:
    views = {view.name: view for view in describe_library(store, find_generation(store), with_retired=True)}
    assert set(views) == {"keep_1", "primes_2", "double_3"}
    assert views["keep_1"].uses is None
    assert views["keep_1"].retired == "lists-2"
    assert views["keep_1"].examples


def test_the_difference_tells_what_was_added_removed_and_kept(store: Store) -> None:
    rows = difference(store, find_generation(store, "lists-1"), find_generation(store, "lists-2"))
    assert [(row["change"], row["name"], row["uses_before"], row["uses_after"]) for row in rows] == [
        ("added", "double_3", None, 2),
        ("removed", "keep_1", 13, None),
        ("kept", "primes_2", 3, 5),
    ]


def test_parameters_are_called_as_is_the_custom() -> None:
    wanted = parse_type("list(int) -> (int -> bool) -> int -> int -> list(list(t0)) -> str -> bv8 -> t0 -> bool")
    assert parameter_names(wanted) == ("xs", "f", "n", "m", "xss", "s", "a", "x")
    many = parse_type(" -> ".join(["int"] * 8))
    assert parameter_names(many) == ("n", "m", "k", "i", "j", "n1", "m1")


def test_examples_take_inputs_of_the_domains_tasks_and_what_is_in_them() -> None:
    inputs = [value for task in LISTS.tasks for e in task.spec.examples for value in e.inputs]
    lists, numbers = (sample_values(LISTS, parse_type(text)) for text in ("list(int)", "int"))
    assert len(lists) == len(numbers) == SAMPLES
    assert all(value in inputs for value in lists)
    assert any(isinstance(n, int) and n < 0 for n in numbers)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("(lambda (+ $0 (* $0 $0)))", "integers"),
        ('(lambda (str.++ $0 "!"))', "strings"),
        ("(lambda (bvand@8 $0 (bvneg@8 $0)))", "bitvectors"),
        ("(lambda (car (car $0)))", "lists"),
        ("(lambda (lambda (fold $0 0 (lambda (lambda ($3 $0 (+ $1 $1)))))))", "lists"),
    ],
)
def test_functions_of_every_domain_have_examples(text: str, domain: str) -> None:
    found = examples_of(load_domain(domain), abstraction(text, "f", domain))
    assert found
    assert all(example.startswith("f(") for example in found)


def test_what_an_example_says_is_true() -> None:
    examples = [example.split(" = ") for example in examples_of(LISTS, DOUBLE_3)]
    assert len(examples) == 3
    assert all(int(right) == 2 * int(left.removeprefix("double_3(").removesuffix(")")) for left, right in examples)


def test_a_function_without_a_value_is_called_undefined() -> None:
    (example,) = examples_of(LISTS, abstraction("(lambda (+ $0 (car (drop 9 empty))))", "never"), 1)
    assert example.endswith(" = undefined")


# The graph.


def view(name: str, *parents: str) -> AbstractionView:
    return AbstractionView(name, "int -> int", ("n",), "n < 1 & n", "(lambda $0)", 1, None, "g", None, parents, ())


def test_the_picture_is_well_formed_and_tells_the_graph_in_words(store: Store) -> None:
    views = describe_library(store, find_generation(store, "lists-1"))
    root = ElementTree.fromstring(library_svg("Library of generation lists-1", views))
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{space}title") == "Library of generation lists-1"
    told = root.findtext(f"{space}desc")
    assert told is not None
    assert "primes_2 of type list(int) -> int is built on keep_1." in told
    texts = [text.text for text in root.iter(f"{space}text")]
    assert "keep_1(xs, f)" in texts
    assert "13 uses" in texts


def boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    space = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{space}g"):
        rectangle = group.find(f"{space}rect")
        assert rectangle is not None
        name = str(group.get("aria-label")).split(":")[0]
        found[name] = tuple(float(str(rectangle.get(k))) for k in ("x", "y", "width", "height"))
    return found  # type: ignore[return-value]


def test_every_function_stands_below_all_that_it_is_built_on_and_none_overlap() -> None:
    views = [view("d", "b", "c"), view("c", "a"), view("b", "a", "gone"), view("a"), view("e", "d", "a"), view("lone")]
    placed = boxes(library_svg("x", views))
    for one in views:
        for parent in one.parents:
            if parent in placed:
                assert placed[one.name][1] >= placed[parent][1] + placed[parent][3]
    rectangles = list(placed.values())
    for i, (x, y, w, h) in enumerate(rectangles):
        for u, v, s, t in rectangles[:i]:
            assert x + w <= u or u + s <= x or y + h <= v or v + t <= y


def test_functions_built_on_each_other_are_drawn_too() -> None:
    assert set(boxes(library_svg("x", [view("a", "b"), view("b", "a")]))) == {"a", "b"}


def test_an_empty_library_is_said_to_be_empty() -> None:
    assert "The library is empty." in library_svg("x", [])
