"""What a store says of itself as a whole."""

import json
import math
from collections.abc import Callable

import pytest

from dsl.domain import load_domain
from dsl.spec import Spec, Task
from dsl.terms import ABSTRACTION, Operator, Term
from dsl.types import INT, arrow
from store.library_records import NewAbstraction, NewForm, NewGeneration
from store.records import NewResult, NewRun
from store.repository import Store

MakeSpec = Callable[..., Spec]
MakeResult = Callable[..., NewResult]


@pytest.fixture
def full(store: Store, new_run: NewRun, new_result: MakeResult, spec_of: MakeSpec) -> Store:
    """A store with something of everything."""
    double = Operator("double", arrow(INT, INT), ABSTRACTION, load_domain("integers").parse("(lambda (+ $0 $0))"))
    run = store.begin_run(new_run).id
    store.save_tasks("integers", [Task("a", spec_of(1), split="train")], "suite")
    saved = store.save_result(run, new_result("a", 1, cycle=1, row={"share": math.nan, "name": "\ud800"}))
    store.save_result(run, NewResult("broken", None, "error"))
    store.begin_cycle(run, 1, {"budget": math.inf})
    store.add_metrics(run, 1, {"loss": math.nan})
    store.add_event(run, 1, "note", "something")
    digest = store.save_checkpoint("guide", b"weights").digest
    assert saved.solution is not None
    form: Term = load_domain("integers").parse("(lambda (+ $0 1))")
    forms = [NewForm(saved.solution, "f", form)]
    store.publish(NewGeneration("integers", run, 1, None, [NewAbstraction(double, 2)], checkpoint=digest, forms=forms))
    store.publish(NewGeneration("integers", run, 2, "integers-1", [NewAbstraction(double, 3)]))
    return store


def test_what_there_is_is_counted(full: Store) -> None:
    assert full.counts() == {
        "specifications": 1,
        "grammars": 0,
        "examples": 2,
        "tasks": 1,
        "programs": 1,
        "solutions": 1,
        "runs": 1,
        "results": 2,
        "cycles": 1,
        "metrics": 1,
        "events": 1,
        "generations": 2,
        "libraries": 1,
        "abstractions": 1,
        "rewritten programs": 1,
        "checkpoints": 1,
    }
    assert full.size() > 10_000


def test_everything_is_exported_as_plain_data(full: Store, spec_of: MakeSpec) -> None:
    lines = [json.loads(json.dumps(line, allow_nan=False)) for line in full.export()]
    assert [line["record"] for line in lines] == [
        "specification", "task", "solution", "run", "result", "result", "cycle", "metric", "event",
        "abstraction", "generation", "form", "generation", "checkpoint",
    ]  # fmt: skip
    by_record = {line["record"]: line for line in reversed(lines)}
    spec = by_record["specification"]
    assert (spec["identity"], spec["functions"][0]["name"]) == (spec_of(1).identity, "f")
    assert spec["examples"] == [
        {"function": "f", "inputs": [1], "output": 2},
        {"function": "f", "inputs": [5], "output": 6},
    ]
    assert by_record["solution"]["programs"][0]["written"]["text"] == "(lambda (+ $0 1))"
    assert by_record["result"]["row"] == {"share": "nan", "name": "\ud800"}
    assert (by_record["cycle"]["data"], by_record["metric"]["value"]) == ({"budget": "inf"}, "nan")
    generation = by_record["generation"]
    assert (generation["name"], generation["weights"]) == ("integers-1", {"unigram": {}, "contextual": []})
    assert generation["library"] == {"version": 1, "members": [{"name": "double", "uses": 2, "statistics": {}}]}
    assert by_record["abstraction"]["definition"]["text"] == "(lambda (+ $0 $0))"
    assert by_record["form"]["library"] == {"domain": "integers", "version": 1}


def test_an_export_is_of_one_moment(full: Store, new_result: MakeResult, location: str) -> None:
    before = list(full.export())
    lines = full.export()
    first = next(lines)
    with Store.open(location) as other:
        other.save_result(1, new_result("b", 2))
    assert [first, *lines] == before
    assert len(list(full.export())) == len(before) + 3
