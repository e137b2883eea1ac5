"""Domains: how primitives are defined and found, and how a domain of another distribution is discovered."""

import functools
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from dsl.domain import Domain, Primitive, domain_names, load_domain, register
from dsl.errors import DomainError, TypeMismatch
from dsl.terms import ABSTRACTION, Application, Literal, Operator, abstract
from dsl.types import BOOL, INT, STRING, Type, arrow, bit_vector, list_of, parse_type
from dsl.values import BOTTOM, Bottom

ROOT = Path(__file__).parents[2]
Element = TypeVar("Element")
Other = TypeVar("Other")


@pytest.fixture
def domain() -> Domain:
    """A small domain of everything that a primitive can be."""
    made = Domain("toy", "for tests")

    @made.primitive
    def successor(number: int) -> int:
        """The next integer.

        Only the first line describes a primitive.
        """
        return number + 1

    @made.primitive(name="+", smt="(+ {0} {1})", variadic="left", aliases=["add", "plus"])
    def addition(left: int, right: int) -> int:
        return left + right

    @made.primitive("int -> int", name="+")
    def itself(number: int) -> int:
        return number

    @made.primitive(name="<", variadic="chain")
    def less(left: int, right: int) -> bool:
        return left < right

    @made.primitive("t0 -> t0 -> bool", name="distinct", variadic="pairwise", searchable=False)
    def distinct(left: object, right: object) -> bool:
        return left != right

    @made.primitive("bool -> bool -> bool", name="=>", variadic="right", lazy=True)
    def implies(left: bool, right: bool) -> bool:
        return not left or right

    @made.primitive("bv(t0) -> bv(t1) -> bv(t0)")
    def widths_of(left: int, right: int, *, widths: tuple[int, ...]) -> int:
        return widths[0] * 100 + widths[1]

    @made.primitive("bv(t0) -> bv(t0) -> bv(t0)", smt="(bvadd {0} {1})", variadic="left")
    def bvadd(left: int, right: int, *, widths: tuple[int, ...]) -> int:
        return (left + right) % (1 << widths[0])

    return made


def named(domain: Domain, name: str, arity: int) -> Primitive:
    found = domain.find(name, arity)
    assert found is not None
    return found


# Defining primitives


def test_annotations_give_the_type_and_the_docstring_the_description(domain: Domain) -> None:
    successor = named(domain, "successor", 1)
    assert successor.type is arrow(INT, INT)
    assert successor.description == "The next integer."
    assert successor.function(1) == 2
    assert successor.searchable


def test_type_variables_of_python_are_those_of_the_scheme(domain: Domain) -> None:
    @domain.primitive
    def apply_all(function: Callable[[Element], Other], xs: list[Element]) -> list[Other]:
        raise NotImplementedError

    assert named(domain, "apply_all", 2).type is parse_type("(t0 -> t1) -> list(t0) -> list(t1)")


def test_the_text_of_a_type_replaces_annotations(domain: Domain) -> None:
    domain.primitive("t0 -> list(t0)", name="single")(lambda x: (x,))
    assert named(domain, "single", 1).type is parse_type("t0 -> list(t0)")


def test_a_type_may_be_given_as_an_object_and_a_builtin_as_the_meaning(domain: Domain) -> None:
    domain.primitive(arrow(INT, INT), name="magnitude")(abs)
    assert named(domain, "magnitude", 1).function(-3) == 3


def test_a_definition_leaves_the_function_as_it_was(domain: Domain) -> None:
    def double(number: int) -> int:
        return 2 * number

    assert domain.primitive(double) is double
    assert domain.primitive("int -> int", name="twice")(double) is double


@pytest.mark.parametrize("name", ["+", "add", "plus"])
def test_a_name_is_taken_once_at_each_arity(domain: Domain, name: str) -> None:
    with pytest.raises(DomainError, match=rf"domain toy has a primitive {name[0]}.* of 2 arguments already"):
        domain.primitive("int -> int -> int", name=name)(lambda a, b: a)
    domain.primitive("int -> int -> int -> int", name=name)(lambda a, b, c: a)
    assert named(domain, name, 3).function(7, 8, 9) == 7


def test_an_alias_is_a_name_that_is_taken(domain: Domain) -> None:
    with pytest.raises(DomainError, match="has a primitive plus of 2 arguments already"):
        domain.primitive("int -> int -> int", name="sum", aliases=["plus"])(lambda a, b: a)


def test_a_primitive_without_annotations_is_refused_by_name(domain: Domain) -> None:
    with pytest.raises(
        DomainError, match=r"primitive half of domain toy: function half has no annotation for x, return"
    ):

        @domain.primitive
        def half(x):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            return x // 2


def test_an_annotation_without_a_type_is_refused(domain: Domain) -> None:
    with pytest.raises(DomainError, match=r"primitive size of domain toy: annotation .*dict.* has no type"):

        @domain.primitive
        def size(x: dict[str, int]) -> int:
            return len(x)


def test_a_misspelt_type_is_refused_with_its_place(domain: Domain) -> None:
    with pytest.raises(DomainError, match=r"primitive half of domain toy: 'itn -> int' is not a type: .* at column 1"):
        domain.primitive("itn -> int", name="half")(lambda x: x)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda a: a, "too many positional arguments"),
        (lambda a, b, c: a, "missing a required argument: 'c'"),
        (lambda a, b, *, mode: a, "missing a required.*argument: 'mode'"),
    ],
)
def test_a_meaning_takes_the_parameters_of_its_type(
    domain: Domain, function: Callable[..., Any], complaint: str
) -> None:
    with pytest.raises(DomainError, match=f"primitive pick: its type has 2 parameters, but .*{complaint}"):
        domain.primitive("int -> int -> int", name="pick")(function)
    assert domain.find("pick", 2) is None


def test_a_meaning_may_take_any_number_of_arguments(domain: Domain) -> None:
    domain.primitive("int -> int -> int", name="highest")(lambda *numbers: max(numbers))
    assert named(domain, "highest", 2).function(3, 5) == 5


# Finding primitives


def test_aliases_lead_to_one_primitive(domain: Domain) -> None:
    assert domain.find("add", 2) is domain.find("+", 2) is domain.find("plus", 2)
    assert [p.name for p in domain.primitives].count("+") == 2
    assert "add" not in [p.name for p in domain.primitives]
    assert {"add", "plus", "+"} <= set(domain.names())


def test_the_number_of_arguments_decides_between_primitives_of_one_name(domain: Domain) -> None:
    assert named(domain, "+", 1).type is arrow(INT, INT)
    assert named(domain, "+", 2).type is arrow(INT, INT, INT)
    assert domain.find("successor", 2) is None
    assert domain.find("unheard-of", 1) is None


def test_left_associative_primitives_take_more_arguments(domain: Domain) -> None:
    wide = named(domain, "+", 4)
    assert wide.type is arrow(INT, INT, INT, INT, INT)
    assert wide.function(1, 2, 3, 4) == 10
    assert wide.smt == "(+ {0} {1} {2} {3})"
    assert wide is domain.find("add", 4)


def test_right_associative_primitives_take_more_arguments(domain: Domain) -> None:
    wide = named(domain, "=>", 3)
    assert wide.function(True, False, False) is True
    assert wide.function(True, True, False) is False
    assert wide.lazy


def test_chainable_primitives_compare_neighbours(domain: Domain) -> None:
    wide = named(domain, "<", 3)
    assert wide.type is arrow(INT, INT, INT, BOOL)
    assert [wide.function(1, 2, 3), wide.function(1, 3, 2)] == [True, False]


def test_pairwise_primitives_compare_all(domain: Domain) -> None:
    wide = named(domain, "distinct", 3)
    assert [wide.function(1, 2, 3), wide.function(1, 2, 1)] == [True, False]
    assert not wide.searchable


def test_only_variadic_primitives_are_widened(domain: Domain) -> None:
    assert named(domain, "widths_of", 2).at_arity(3) is None
    assert named(domain, "+", 2).at_arity(1) is None
    assert domain.find("+", 0) is None


# Overloads and operators


def test_an_overload_is_chosen_by_the_types_of_the_arguments(domain: Domain) -> None:
    found = domain.overload("distinct", [STRING, STRING])
    assert found is not None
    assert (found.result, found.operator) == (BOOL, named(domain, "distinct", 2).operator)
    assert domain.overload("distinct", [STRING, INT]) is None
    assert domain.overload("+", [STRING, STRING]) is None
    assert domain.overload("unheard-of", [INT]) is None
    assert domain.overload("+", [INT, INT], (3,)) is None


def test_an_operator_over_bit_vectors_has_a_concrete_type(domain: Domain) -> None:
    found = domain.overload("bvadd", [bit_vector(8)] * 3)
    assert found is not None
    assert found.operator.type is parse_type("bv8 -> bv8 -> bv8 -> bv8")
    assert found.result is bit_vector(8)
    assert found.primitive.function(200, 100, 1, widths=(8,)) == 45
    assert domain.overload("bvadd", [bit_vector(8), bit_vector(16)]) is None


def test_the_widths_of_an_instance_come_in_order_of_first_occurrence(domain: Domain) -> None:
    primitive = named(domain, "widths_of", 2)
    assert primitive.takes_widths
    assert primitive.is_width_dependent
    assert primitive.widths(parse_type("bv8 -> bv16 -> bv8")) == (8, 16)
    with pytest.raises(TypeMismatch, match=r"bv8 -> bv16 -> bv16 is no instance of widths_of"):
        primitive.widths(parse_type("bv8 -> bv16 -> bv16"))


def test_the_notation_of_terms_names_widths(domain: Domain) -> None:
    assert domain.operator("bvadd@8", 2) is Operator("bvadd", parse_type("bv8 -> bv8 -> bv8"))
    assert domain.operator("widths_of@8.16", 2) is Operator("widths_of", parse_type("bv8 -> bv16 -> bv8"))
    assert domain.operator("+", 2) is named(domain, "+", 2).operator


@pytest.mark.parametrize(
    "name",
    [
        "bvadd",
        "bvadd@",
        "bvadd@0",
        "bvadd@x",
        "bvadd@8.16",
        "bvadd@8.8.8",
        "bvadd@8,8",
        "bvadd@9999999",
        "@8",
        "(_ + 1 @8)",
    ],
)
def test_an_operator_without_a_meaning_is_none(domain: Domain, name: str) -> None:
    assert domain.operator(name, 2) is None


def test_a_family_makes_primitives_from_indices_and_types(domain: Domain) -> None:
    @functools.cache
    def shifted(indices: tuple[int, ...], types: tuple[Type, ...]) -> Primitive:
        if len(indices) != 1 or types != (INT,):
            raise TypeMismatch("`shifted` takes one index and one integer")
        return Primitive(f"(_ shifted {indices[0]})", arrow(INT, INT), lambda x: x + indices[0])

    domain.family("shifted", shifted)
    found = domain.overload("shifted", [INT], (3,))
    assert found is not None
    assert found.primitive.function(4) == 7
    assert domain.meaning(found.operator) is found.primitive
    assert "shifted" in domain.names()
    with pytest.raises(TypeMismatch, match="takes one index and one integer"):
        domain.overload("shifted", [BOOL], (3,))


def test_the_meaning_of_an_operator_is_its_primitive(domain: Domain) -> None:
    assert domain.meaning(named(domain, "+", 2).operator) is named(domain, "+", 2)
    assert domain.meaning(named(domain, "+", 3).operator) is named(domain, "+", 3)


def test_an_operator_that_nobody_defined_has_no_meaning(domain: Domain) -> None:
    with pytest.raises(
        DomainError, match=r"no meaning to primitive sucessor of 1 arguments; did you mean `successor`\?"
    ):
        domain.meaning(Operator("sucessor", arrow(INT, INT)))
    body = abstract(Application(named(domain, "successor", 1).operator, (Literal(1, INT),)), 1)
    with pytest.raises(DomainError, match="gives no meaning to abstraction successor"):
        domain.meaning(Operator("successor", arrow(INT, INT), ABSTRACTION, body))


# Constants, sets, tasks, inclusion


def test_constants_are_literals_and_kept_once(domain: Domain) -> None:
    assert domain.constant(1) is Literal(1, INT)
    domain.constant(True)
    domain.constant(255, "bv8")
    domain.constant(1)
    assert domain.constants == [Literal(1, INT), Literal(True, BOOL), Literal(255, bit_vector(8))]


def test_a_constant_has_the_type_that_is_stated(domain: Domain) -> None:
    with pytest.raises(TypeMismatch, match="256 is not of type bv8"):
        domain.constant(256, "bv8")
    assert domain.constants == []


def test_a_primitive_set_is_a_domain_of_its_own(domain: Domain) -> None:
    one = domain.constant(1)
    domain.constant(2)
    domain.primitive_set("tiny", ["successor", "<"], [one], "counting")
    tiny = domain.select("tiny")
    assert tiny.name == "toy/tiny"
    assert tiny.description == "counting"
    assert [p.name for p in tiny.primitives if p.searchable] == ["successor", "<"]
    assert tiny.constants == [one]
    assert tiny.evaluate(tiny.parse("(+ 1 2)")) == 3


def test_a_set_of_unknown_primitives_is_refused(domain: Domain) -> None:
    with pytest.raises(DomainError, match=r"domain toy has no primitive sucessor; did you mean `successor`\?"):
        domain.primitive_set("tiny", ["sucessor"])
    with pytest.raises(DomainError, match=r"domain toy has no primitive zzz$"):
        domain.primitive_set("tiny", ["zzz"])


def test_an_unknown_set_names_the_known_ones(domain: Domain) -> None:
    with pytest.raises(DomainError, match="domain toy has no primitive set tiny; it has none"):
        domain.select("tiny")
    domain.primitive_set("small", ["successor"])
    with pytest.raises(DomainError, match="domain toy has no primitive set tiny; it has small"):
        domain.select("tiny")


def test_a_task_infers_its_type_from_the_examples(domain: Domain) -> None:
    made = domain.task("count up", [((1,), [1, 2]), ((5,), [])], held_out=[((7,), [7, 8])])
    (function,) = made.spec.functions
    assert function.type is arrow(INT, list_of(INT))
    assert [e.output for e in made.spec.examples] == [(1, 2), ()]
    assert [e.output for e in made.held_out.examples] == [(7, 8)]
    assert made.split == "train"
    assert domain.tasks == (made,)


def test_a_task_whose_examples_do_not_fit_is_refused(domain: Domain) -> None:
    with pytest.raises(TypeMismatch, match="'a' is not of type int"):
        domain.task("odd", [(("a",), 1)], type_="int -> int")
    with pytest.raises(TypeMismatch, match="task 'none' has no example"):
        domain.task("none", [])
    assert domain.tasks == ()


def test_an_including_domain_has_the_primitives_of_the_included_one(domain: Domain) -> None:
    larger = Domain("larger", include=[domain])
    larger.primitive("int -> int", name="predecessor")(lambda x: x - 1)
    assert larger.find("add", 2) is domain.find("add", 2)
    assert [p.name for p in larger.own_primitives()] == ["predecessor"]
    assert domain.find("predecessor", 1) is None


def test_an_own_definition_comes_before_an_included_one(domain: Domain) -> None:
    larger = Domain("larger", include=[domain])
    larger.primitive("int -> int", name="successor")(lambda x: x + 10)
    assert named(larger, "successor", 1).function(1) == 11
    assert named(domain, "successor", 1).function(1) == 2
    assert [p.name for p in larger.own_primitives()] == ["successor"]


def test_a_meaning_without_a_value_returns_bottom(domain: Domain) -> None:
    from dsl.evaluate import evaluate
    from dsl.printing import parse_term

    @domain.primitive("int -> int")
    def half(number: int) -> int | Bottom:
        return number // 2 if number % 2 == 0 else BOTTOM

    program = parse_term("(lambda (successor (half $0)))", domain.operator)
    assert evaluate(program, [4], domain) == 3
    assert evaluate(program, [5], domain) is BOTTOM


# Installed domains


def test_domains_cross_process_boundaries_by_name(domain: Domain) -> None:
    register(domain)
    assert pickle.loads(pickle.dumps(domain)) is domain
    assert load_domain("toy") is domain


def test_a_set_of_an_installed_domain_is_loaded_by_name() -> None:
    chosen = load_domain("lists/dreamcoder")
    assert chosen.name == "lists/dreamcoder"
    assert load_domain("lists/dreamcoder") is chosen
    assert pickle.loads(pickle.dumps(chosen)) is chosen


def test_the_installed_domains_are_listed_in_order() -> None:
    assert list(domain_names()) == sorted(domain_names())
    assert {"bitvectors", "integers", "lists", "strings"} <= set(domain_names())


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("integer", r"there is no domain integer; installed are .*integers.*; did you mean `integers`\?"),
        ("zzz", r"there is no domain zzz; installed are bitvectors, .*strings"),
        ("zzz/dreamcoder", "there is no domain zzz"),
        ("lists/dreamcode", "domain lists has no primitive set dreamcode; it has dreamcoder, lambdabeam"),
    ],
)
def test_an_unknown_domain_names_the_installed_ones(name: str, complaint: str) -> None:
    with pytest.raises(DomainError, match=complaint):
        load_domain(name)


# Domains of other distributions


def distribute(site: Path, name: str, source: str, entry_points: str) -> None:
    """What installing a distribution leaves in a folder: one module and its metadata."""
    (site / f"{name}.py").write_text(source, encoding="utf-8")
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[reverie.domains]\n{entry_points}\n", encoding="utf-8")


def blocks_of_the_tutorial() -> dict[str, str]:
    """The files that the tutorial writes, by name, and what is seen in the end, under ``seen``."""
    text = (ROOT / "docs/tutorial/a-language-in-seven-lines.md").read_text(encoding="utf-8")
    files = dict(re.findall(r'^```\w+ title="([^"]+)"\n(.*?)^```$', text, flags=re.MULTILINE | re.DOTALL))
    (files["seen"],) = re.findall(r"^\$ reverie domains clock\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    return files


QUESTIONS = """
import json
from dsl.domain import domain_names, load_domain
from dsl.errors import DomainError
from dsl.evaluate import evaluate
from dsl.printing import parse_term

answers = {"names": domain_names()}
clock = load_domain("clock")
answers["value"] = evaluate(parse_term("(lambda (later $0 (later 1 1)))", clock.operator), [11], clock)
answers["errors"] = []
for name in ("broken", "absent", "other", "clok"):
    try:
        load_domain(name)
    except DomainError as error:
        answers["errors"].append(str(error))
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a fresh process says when four distributions with domains are installed."""
    site = tmp_path_factory.mktemp("site")
    distribute(site, "clock", blocks_of_the_tutorial()["clock.py"], "clock = clock:domain")
    distribute(site, "broken", "import a_module_that_nobody_has\n", "broken = broken:domain")
    distribute(site, "absent", "", "absent = absent:domain")
    distribute(site, "other", "domain = 7\n", "other = other:domain")
    done = subprocess.run(
        [sys.executable, "-c", QUESTIONS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_domain_of_another_distribution_is_discovered(answers: dict[str, Any]) -> None:
    assert {"clock", "integers", "lists"} <= set(answers["names"])
    assert answers["value"] == 1


def test_a_broken_distribution_is_named_and_harms_no_other(answers: dict[str, Any]) -> None:
    broken, absent, other, misspelt = answers["errors"]
    assert "domain broken (broken:domain) cannot be loaded: No module named 'a_module_that_nobody_has'" in broken
    assert "domain absent (absent:domain) cannot be loaded" in absent
    assert other == "entry point other:domain is a int, not a Domain"
    assert "did you mean `clock`?" in misspelt


def test_the_language_of_the_tutorial_has_seven_lines() -> None:
    assert len(blocks_of_the_tutorial()["clock.py"].splitlines()) == 7


def test_what_the_tutorial_publishes_is_installed_and_described(tmp_path: Path) -> None:
    sources, site = tmp_path / "sources", tmp_path / "site"
    sources.mkdir()
    files = blocks_of_the_tutorial()
    for name in ("clock.py", "pyproject.toml"):
        (sources / name).write_text(files[name], encoding="utf-8")
    offline = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    install = [sys.executable, "-m", "pip", "install", *offline, "--target", str(site), str(sources)]
    subprocess.run(install, check=True, capture_output=True)
    done = subprocess.run(
        [Path(sys.executable).parent / "reverie", "domains", "clock"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split() for line in done.stdout.splitlines()] == [line.split() for line in files["seen"].splitlines()]


def test_an_indexed_operator_without_a_name_is_none(domain: Domain) -> None:
    assert domain.operator("(_ @8)", 1) is None
