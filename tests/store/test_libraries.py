"""What a store promises of generations, libraries and abstractions."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import parse_term, to_sexpr
from dsl.probability import UNIFORM, Weights
from dsl.spec import Spec
from dsl.terms import ABSTRACTION, Application, Lambda, Operator, Term, Variable, beta_normal
from dsl.types import parse_type
from store.errors import StoreError
from store.library_records import NewAbstraction, NewForm, NewGeneration
from store.records import NewRun, NewSolution
from store.repository import Store

Read = Callable[[str], Term]
MakeSpec = Callable[..., Spec]


def abstraction(name: str, type_: str, definition: str, domain: str = "integers") -> Operator:
    body = parse_term(definition, load_domain(domain).operator)
    return Operator(name, parse_type(type_), ABSTRACTION, body)


INCREMENT = abstraction("increment", "int -> int", "(lambda (+ $0 1))")
DOUBLE = abstraction("double", "int -> int", "(lambda (+ $0 $0))")
ADD_TWICE = abstraction("add_twice", "int -> int -> int", "(lambda (lambda (+ $1 (+ $0 $0))))")
WEIGHTS = Weights(
    {("+:int -> int -> int", 1): {"1": 0.1, "#ab:int -> int": 1 / 3}, ("", 0): {"\ud800\x00": 2.0}}, {"1": 1e-300}
)


@pytest.fixture
def run(store: Store, new_run: NewRun) -> int:
    """The number of a run that has begun."""
    return store.begin_run(dataclasses.replace(new_run, kind="train")).id


def members(*operators: Operator, **given: object) -> list[NewAbstraction]:
    return [NewAbstraction(operator, **given) for operator in operators]  # type: ignore[arg-type]


# Publication.


def test_a_generation_comes_back_as_it_was_published(location: str, new_run: NewRun) -> None:
    with Store.open(location) as store:
        run = store.begin_run(new_run).id
        saved = store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT, ADD_TWICE), WEIGHTS))
    assert (saved.name, saved.domain, saved.number, saved.run, saved.cycle) == ("integers-1", "integers", 1, run, 1)
    with Store.open(location, read_only=True) as store:
        read = store.generation("integers-1")
        assert store.generations() == store.generations("integers", run=run) == (saved,)
        assert store.latest_generation("integers") == saved
    assert read == saved
    assert read.abstractions == (INCREMENT, ADD_TWICE)
    assert all(ours is theirs for ours, theirs in zip(read.abstractions, (INCREMENT, ADD_TWICE), strict=True))
    assert read.weights == WEIGHTS
    assert (read.parent, read.checkpoint, read.library.version) == (None, None, 1)


def test_a_generation_without_library_and_weights_is_one_too(store: Store, run: int) -> None:
    saved = store.publish(NewGeneration("integers", run, 0))
    assert (saved.abstractions, saved.weights) == ((), UNIFORM)


def test_what_was_never_published_is_not_there(store: Store) -> None:
    assert store.generation("integers-1") is None
    assert store.latest_generation("integers") is None
    assert (store.generations(), store.abstractions("integers")) == ((), ())
    assert store.abstraction_names("integers") == {}
    assert store.next_abstraction_number("integers") == 1


def test_publishing_again_in_the_same_cycle_changes_nothing(store: Store, run: int) -> None:
    first = store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT), WEIGHTS))
    again = store.publish(NewGeneration("integers", run, 1, None, members(DOUBLE, ADD_TWICE)))
    assert again == first
    assert store.generations() == (first,)
    assert [a.name for a in store.abstractions("integers")] == ["increment"]


def test_generations_are_numbered_in_each_domain(store: Store, run: int, new_run: NewRun) -> None:
    other = store.begin_run(new_run).id
    first = store.publish(NewGeneration("integers", run, 1))
    elsewhere = store.publish(NewGeneration("lists", other, 1))
    second = store.publish(NewGeneration("integers", run, 2, first.name))
    assert [g.name for g in (first, elsewhere, second)] == ["integers-1", "lists-1", "integers-2"]
    assert second.parent == "integers-1"
    assert store.generations() == (first, elsewhere, second)
    assert store.generations("integers") == store.generations(run=run) == (first, second)
    assert store.latest_generation("integers") == second
    assert store.latest_generation("integers", run=other) is None


def test_a_library_that_stays_keeps_its_number(store: Store, run: int) -> None:
    first = store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT, DOUBLE, uses=2)))
    second = store.publish(NewGeneration("integers", run, 2, first.name, members(INCREMENT, DOUBLE, uses=5)))
    third = store.publish(NewGeneration("integers", run, 3, second.name, members(DOUBLE)))
    back = store.publish(NewGeneration("integers", run, 4, third.name, members(INCREMENT, DOUBLE, uses=7)))
    assert [g.library.version for g in (first, second, third, back)] == [1, 1, 2, 1]
    assert [m.uses for m in store.library("integers-1").members] == [2, 2]
    assert store.library_version("integers", 1) == back.library
    with pytest.raises(StoreError, match=r"no library 3 of domain integers .*; the last is 2"):
        store.library_version("integers", 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"run": 7}, "there is no run 7"),
        ({"parent": "integers-9"}, "there is no generation 'integers-9' .* it has none yet"),
        ({"checkpoint": "abc"}, "knows no checkpoint abc"),
        ({"forms": [NewForm(3, "f", Variable(0))]}, "the solution 3, which is not in the store"),
        (
            {"abstractions": members(DOUBLE, parents=["#no"])},
            "names the parent #no, which domain integers has never",
        ),
        ({"abstractions": members(DOUBLE, DOUBLE)}, "abstractions double and double are the same function"),
    ],
)
def test_a_publication_that_refers_to_nothing_is_refused_and_leaves_nothing(
    changed: dict[str, object], message: str, store: Store, run: int
) -> None:
    new = NewGeneration("integers", run, 1, None, members(INCREMENT))
    with pytest.raises(StoreError, match=message):
        store.publish(dataclasses.replace(new, **changed))  # type: ignore[arg-type]
    assert (store.generations(), store.abstractions("integers")) == ((), ())
    assert store.publish(new).number == 1


# Abstractions.


def test_an_abstraction_that_is_learned_again_keeps_its_number_and_name(store: Store, run: int) -> None:
    store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT, DOUBLE)))
    store.publish(NewGeneration("integers", run, 2, "integers-1", members(DOUBLE)))
    renamed = Operator("successor", INCREMENT.type, ABSTRACTION, INCREMENT.definition)
    again = store.publish(NewGeneration("integers", run, 3, "integers-2", members(renamed, ADD_TWICE)))
    assert again.abstractions == (INCREMENT, ADD_TWICE)
    assert [(a.number, a.name) for a in store.abstractions("integers")] == [
        (1, "increment"), (2, "double"), (3, "add_twice"),
    ]  # fmt: skip
    assert store.next_abstraction_number("integers") == 4
    assert store.abstraction_names("integers") == {
        INCREMENT.key: "increment", DOUBLE.key: "double", ADD_TWICE.key: "add_twice",
    }  # fmt: skip


@pytest.mark.parametrize("taken", ["increment", "+", "let", "$0", "", "two words", "é"])
def test_a_name_that_is_not_free_is_replaced(taken: str, store: Store, run: int) -> None:
    store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT)))
    named = Operator(taken, ADD_TWICE.type, ABSTRACTION, ADD_TWICE.definition)
    saved = store.publish(NewGeneration("integers", run, 2, "integers-1", members(named)))
    assert [operator.name for operator in saved.abstractions] == ["f2"]


def test_the_life_of_an_abstraction_is_known(store: Store, run: int) -> None:
    libraries = [(INCREMENT,), (INCREMENT, DOUBLE), (DOUBLE,), (DOUBLE, INCREMENT), (INCREMENT, ADD_TWICE)]
    parent = None
    for cycle, library in enumerate(libraries):
        parent = store.publish(NewGeneration("integers", run, cycle, parent, members(*library))).name
    assert [(a.name, a.born, a.retired) for a in store.abstractions("integers")] == [
        ("increment", "integers-1", None),
        ("double", "integers-2", "integers-5"),
        ("add_twice", "integers-5", None),
    ]


def test_a_run_that_begins_anew_retires_nothing(store: Store, run: int, new_run: NewRun) -> None:
    store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT)))
    store.publish(NewGeneration("integers", store.begin_run(new_run).id, 1, None, members(DOUBLE)))
    assert [a.retired for a in store.abstractions("integers")] == [None, None]


def test_uses_statistics_and_parents_are_kept(store: Store, run: int) -> None:
    first = NewAbstraction(DOUBLE, 3, statistics={"test uses": 1, "examples": ["f(2) = 4"]})
    second = NewAbstraction(ADD_TWICE, 2, [DOUBLE.key, DOUBLE.key, INCREMENT.key])
    store.publish(NewGeneration("integers", run, 1, None, members(INCREMENT)))
    store.publish(NewGeneration("integers", run, 2, "integers-1", [second, first]))
    library = store.library("integers-2")
    assert [(m.abstraction.name, m.uses, m.statistics) for m in library.members] == [
        ("add_twice", 2, {}),
        ("double", 3, {"test uses": 1, "examples": ["f(2) = 4"]}),
    ]
    assert library.members[0].abstraction.parents == ("increment", "double")


def test_a_retired_abstraction_still_expands(store: Store, run: int, integers: Read) -> None:
    store.publish(NewGeneration("integers", run, 1, None, members(DOUBLE)))
    store.publish(NewGeneration("integers", run, 2, "integers-1"))
    (retired,) = store.abstractions("integers")
    call = Lambda(Application(retired.operator, (Variable(0),)))
    assert beta_normal(call, expand=True) is integers("(lambda (+ $0 $0))")


def test_polymorphic_and_higher_order_abstractions_come_back(store: Store, run: int) -> None:
    twice = abstraction(
        "twice", "(t0 -> t0) -> list(t0) -> list(t0)", "(lambda (lambda (map $1 (map $1 $0))))", "lists"
    )
    nothing = abstraction("nothing", "list(t0)", "empty", "lists")
    saved = store.publish(NewGeneration("lists", run, 1, None, members(twice, nothing)))
    read = store.generation(saved.name)
    assert read is not None
    assert read.abstractions == (twice, nothing)


# Forms.


def test_programs_are_kept_as_they_are_written_with_the_library(
    store: Store, run: int, spec_of: MakeSpec, integers: Read
) -> None:
    solution = store.save_solution(spec_of(2), NewSolution({"f": integers("(lambda (+ (+ $0 1) 1))")}, "examples", 5))
    form = Lambda(Application(INCREMENT, (Application(INCREMENT, (Variable(0),)),)))
    new = NewGeneration("integers", run, 1, None, members(INCREMENT), forms=[NewForm(solution.id, "f", form, 1.5)])
    store.publish(new)
    (saved,) = store.forms("integers-1")
    assert (saved.solution, saved.function, saved.size, saved.cost) == (solution.id, "f", 4, 1.5)
    assert (saved.written.text, saved.written.notes) == ("(lambda (increment (increment $0)))", "")
    assert saved.term() is form
    with pytest.raises(StoreError, match=r"no generation 'integers-7' .*; the latest are integers-1"):
        store.forms("integers-7")


def test_a_form_names_abstractions_as_the_store_does(store: Store, run: int, spec_of: MakeSpec, integers: Read) -> None:
    store.publish(NewGeneration("integers", run, 1, None, members(DOUBLE)))
    solution = store.save_solution(spec_of(1), NewSolution({"f": integers("(lambda (+ $0 1))")}, "examples", 3))
    own = Operator("double", INCREMENT.type, ABSTRACTION, INCREMENT.definition)
    form = NewForm(solution.id, "f", Lambda(Application(own, (Variable(0),))))
    store.publish(NewGeneration("integers", run, 2, "integers-1", members(DOUBLE, own), forms=[form]))
    (saved,) = store.forms("integers-2")
    assert saved.written.text == "(lambda (f2 $0))"
    assert beta_normal(saved.term(), expand=True) is integers("(lambda (+ $0 1))")


def test_a_form_is_written_anew_by_a_later_generation_with_the_same_library(
    store: Store, run: int, spec_of: MakeSpec, integers: Read
) -> None:
    program = integers("(lambda (+ $0 1))")
    solution = store.save_solution(spec_of(1), NewSolution({"f": program}, "examples", 3))
    short = Lambda(Application(INCREMENT, (Variable(0),)))
    for cycle, form in ((1, program), (2, short)):
        new = NewGeneration("integers", run, cycle, None, members(INCREMENT), forms=[NewForm(solution.id, "f", form)])
        store.publish(new)
    assert [to_sexpr(form.term()) for form in store.forms("integers-2")] == ["(lambda (increment $0))"]
    assert store.forms("integers-1")[0].term() is short


# Checkpoints.


def test_a_generation_names_its_checkpoint(store: Store, run: int) -> None:
    digest = store.save_checkpoint("guide", b"weights").digest
    saved = store.publish(NewGeneration("integers", run, 1, checkpoint=digest))
    assert (saved.checkpoint, saved.network) == (digest, None)
    assert store.read_checkpoint(digest) == b"weights"


def test_a_generation_names_its_network(store: Store, run: int) -> None:
    guide, network = store.save_checkpoint("guide", b"weights"), store.save_checkpoint("network", b"more weights")
    store.publish(NewGeneration("integers", run, 1, checkpoint=guide.digest, network=network.digest))
    (found,) = store.generations("integers")
    assert (found.checkpoint, found.network) == (guide.digest, network.digest)


def test_a_network_that_was_not_saved_is_refused(store: Store, run: int) -> None:
    with pytest.raises(StoreError, match="knows no checkpoint 0123"):
        store.publish(NewGeneration("integers", run, 1, network="0123"))
    assert not store.generations("integers")


def test_weights_that_no_database_takes_are_refused_when_read(store: Store, run: int) -> None:
    saved = store.publish(NewGeneration("integers", run, 1, weights=Weights({}, {"a": math.inf})))
    assert saved.weights.unigram["a"] == math.inf
    with pytest.raises(StoreError, match="holds no weights"):
        _ = dataclasses.replace(saved, weights_text="{}").weights


def test_the_path_of_a_store_tells_where_its_artifacts_are(tmp_path: Path) -> None:
    with Store.open(tmp_path / "reverie.db") as store:
        assert store.artifacts.folder == tmp_path / "reverie.db.artifacts"
    with Store.open(tmp_path / "reverie.db", artifacts=tmp_path / "elsewhere") as store:
        assert store.artifacts.folder == tmp_path / "elsewhere"
