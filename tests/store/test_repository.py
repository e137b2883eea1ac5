"""What every store promises, whatever database it is in: the location comes from a fixture."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsl.source import read_source
from dsl.spec import Example, HeldOut, Spec, Task
from dsl.specfile import read_tasks
from dsl.sygus.reader import read_sygus
from dsl.terms import Term
from store.errors import StoreError
from store.records import NewResult, NewRun, NewSolution, ResultPair, RunStatus
from store.repository import Store

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "dsl" / "fixtures"
SPECS = ROOT / "workbench" / "specs"
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)

Read = Callable[[str], Term]
MakeSpec = Callable[..., Spec]
MakeResult = Callable[..., NewResult]


def solution(program: Term, **changed: object) -> NewSolution:
    return dataclasses.replace(NewSolution({"f": program}, "examples", program.size - 1), **changed)  # type: ignore[arg-type]


# Specifications.


def test_a_specification_is_remembered_with_its_examples(location: str, spec_of: MakeSpec) -> None:
    spec = spec_of(1)
    with Store.open(location) as store:
        saved = store.save_spec(spec)
    with Store.open(location, read_only=True) as store:
        assert store.spec(spec.identity) == saved
        assert store.examples(spec.identity) == spec.examples
    assert (saved.identity, saved.domain, saved.classification) == (spec.identity, "integers", "examples")
    assert [(f.name, f.signature, f.grammar) for f in saved.functions] == [("f", "f(x0: int) -> int", None)]


def test_what_was_never_stored_is_not_there(store: Store, spec_of: MakeSpec) -> None:
    identity = spec_of(1).identity
    assert store.spec(identity) is None
    assert store.examples(identity) == ()
    assert store.solutions(identity) == ()
    assert store.runs() == ()


@pytest.mark.parametrize("path", [*FIXTURES.glob("version_*.sl"), *SPECS.glob("*.sl")], ids=lambda path: path.name)
def test_specifications_of_sygus_are_remembered(path: Path, store: Store) -> None:
    spec = read_sygus(read_source(path))
    saved = store.save_spec(spec)
    assert saved.source == spec.source
    identities = [f.grammar.identity for f in spec.functions if f.grammar is not None]
    assert [f.grammar for f in saved.functions if f.grammar is not None] == identities
    assert store.examples(spec.identity) == tuple(dataclasses.replace(e, location=None) for e in spec.examples)


@pytest.mark.parametrize("name", ["tasks.toml", "tasks.json", "dreamcoder.json", "lambdabeam.json", "complete.toml"])
def test_specifications_of_other_files_are_remembered(name: str, store: Store) -> None:
    for task in read_tasks(FIXTURES / name):
        store.save_spec(task.spec)
        assert store.examples(task.spec.identity) == task.spec.examples


def test_conditions_are_readable_where_there_is_no_source(store: Store) -> None:
    spec = read_sygus(read_source(SPECS / "max_of_two.sl"))
    saved = store.save_spec(dataclasses.replace(spec, source=None))
    assert len(saved.conditions.splitlines()) == len(spec.constraints)
    assert saved.conditions.startswith("(constraint (>= (greater ")


def test_a_specification_is_stored_once(store: Store, spec_of: MakeSpec) -> None:
    first = store.save_spec(spec_of(1))
    assert store.save_spec(dataclasses.replace(spec_of(1), source="the same, otherwise written")) == first


def test_odd_values_and_names_come_back(
    store: Store, spec_of: MakeSpec, new_run: NewRun, new_result: MakeResult
) -> None:
    spec = spec_of(1)
    huge = (1 << 20_000) + 1
    odd = dataclasses.replace(spec, examples=(Example("f", (huge,), -huge),), source="\x00\ud800")
    saved = store.save_spec(odd)
    assert saved.source == "\x00\ud800"
    assert store.examples(odd.identity) == odd.examples
    run = store.begin_run(new_run)
    name = "naïve \udcff\x00.sl"
    store.save_result(run.id, new_result(name, reason="\ud83d\ude00"))
    (result,) = store.results(run.id)
    assert (result.name, result.reason, result.row_data()) == (name, "\ud83d\ude00", {"spec": name})


# Solutions.


def test_a_solution_gives_back_the_very_programs(location: str, spec_of: MakeSpec, integers: Read) -> None:
    program = integers("(lambda (+ $0 1))")
    new = NewSolution({"f": program}, "examples", 3, 2.5, "enumeration", "none", 1 << 70)
    with Store.open(location) as store:
        saved = store.save_solution(spec_of(1), new)
    with Store.open(location, read_only=True) as store:
        assert store.solutions(spec_of(1).identity) == (saved,)
    assert saved.programs[0].term() is program
    assert saved.programs[0].written.text == "(lambda (+ $0 1))"
    assert (saved.verdict, saved.cost, saved.size, saved.found_by, saved.generation, saved.seed) == (
        "examples", 2.5, 3, "enumeration", "none", 1 << 70,
    )  # fmt: skip


def test_the_cheapest_solution_comes_first(store: Store, spec_of: MakeSpec, integers: Read) -> None:
    texts = {"(lambda (+ 1 $0))": 3.0, "(lambda (+ $0 1))": 2.0, "(lambda (- $0 -1))": None, "(lambda (+ 2 -1))": 2.0}
    for text, cost in texts.items():
        store.save_solution(spec_of(1), solution(integers(text), cost=cost))
    found = [s.programs[0].written.text for s in store.solutions(spec_of(1).identity)]
    assert found == ["(lambda (+ $0 1))", "(lambda (+ 2 -1))", "(lambda (+ 1 $0))", "(lambda (- $0 -1))"]


def test_an_equal_solution_is_stored_once_but_a_proof_is_kept(store: Store, spec_of: MakeSpec, integers: Read) -> None:
    program = integers("(lambda (+ $0 1))")
    first = store.save_solution(spec_of(1), solution(program))
    assert store.save_solution(spec_of(1), solution(program, seed=5)) == first
    proved = store.save_solution(spec_of(1), solution(program, verdict="proved"))
    assert proved == dataclasses.replace(first, verdict="proved")
    assert store.save_solution(spec_of(1), solution(program)) == proved
    assert store.solutions(spec_of(1).identity) == (proved,)


def test_what_was_found_while_measuring_is_kept_apart(store: Store, spec_of: MakeSpec, integers: Read) -> None:
    program = integers("(lambda (+ $0 1))")
    measured = store.save_solution(spec_of(1), solution(program), evaluation=True)
    assert store.solutions(spec_of(1).identity) == ()
    assert store.solutions(spec_of(1).identity, evaluation=True) == (measured,)
    learnt = store.save_solution(spec_of(1), solution(program))
    assert store.solutions(spec_of(1).identity) == (learnt,)
    assert (measured.evaluation, learnt.evaluation) == (True, False)


def test_solutions_of_several_functions_keep_the_order_of_the_specification(store: Store, integers: Read) -> None:
    spec = read_sygus(read_source(SPECS / "max_of_two.sl"))
    function = spec.functions[0]
    both = dataclasses.replace(spec, functions=(function, dataclasses.replace(function, name="aside")))
    programs = {"aside": integers("(lambda (lambda $0))"), "greater": integers("(lambda (lambda $1))")}
    store.save_solution(both, NewSolution(programs, "proved", 2))
    (found,) = store.solutions(both.identity)
    assert [(p.function, p.term()) for p in found.programs] == [(n, programs[n]) for n in ("greater", "aside")]


# Runs.


def test_a_run_is_recorded_from_its_beginning_to_its_end(location: str, new_run: NewRun) -> None:
    times = iter(NOON + timedelta(minutes=i) for i in range(10))
    with Store.open(location, clock=lambda: next(times)) as store:
        begun = store.begin_run(new_run)
        store.heartbeat(begun.id)
        beaten = store.run(begun.id)
        ended = store.end_run(begun.id)
    assert (begun.kind, begun.status, begun.settings) == ("batch", RunStatus.RUNNING, new_run.settings)
    assert (begun.tasks, begun.results, begun.version, begun.finished) == (2, 0, "0.1.0", None)
    assert NOON <= begun.started <= begun.heartbeat < beaten.heartbeat < ended.heartbeat
    assert (ended.status, ended.finished) == (RunStatus.FINISHED, ended.heartbeat)


def test_times_are_stored_as_text_in_universal_time(location: str, new_run: NewRun) -> None:
    elsewhere = NOON.astimezone(datetime.now().astimezone().tzinfo)
    with Store.open(location, clock=lambda: elsewhere) as store:
        assert store.begin_run(new_run).started == NOON


def test_runs_are_listed_by_kind(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    first = store.begin_run(new_run)
    second = store.begin_run(dataclasses.replace(new_run, kind="bench"))
    store.save_result(second.id, new_result("a"))
    assert [(run.id, run.kind, run.results) for run in store.runs()] == [
        (first.id, "batch", 0),
        (second.id, "bench", 1),
    ]
    assert [run.id for run in store.runs("bench")] == [second.id]


def test_an_interrupted_run_is_continued_by_who_asks_the_same(
    store: Store, new_run: NewRun, new_result: MakeResult
) -> None:
    first = store.begin_run(new_run)
    store.save_result(first.id, new_result("a"))
    store.end_run(first.id, RunStatus.INTERRUPTED)
    for other in ("kind", "settings_hash", "tasks_hash"):
        assert store.begin_run(dataclasses.replace(new_run, **{other: "other"})).id != first.id  # type: ignore[arg-type]
    assert store.begin_run(new_run, resume=False).id != first.id
    again = store.begin_run(new_run)
    assert (again.id, again.status, again.results, again.started) == (first.id, RunStatus.RUNNING, 1, first.started)


def test_a_run_that_is_worked_on_or_finished_is_not_continued(store: Store, new_run: NewRun) -> None:
    first = store.begin_run(new_run)
    second = store.begin_run(new_run)
    store.end_run(second.id)
    assert first.id != second.id
    assert store.begin_run(new_run).id not in (first.id, second.id)


@pytest.mark.parametrize("call", ["run", "results", "heartbeat", "end_run"])
def test_a_run_that_is_not_there_is_named(call: str, store: Store, new_run: NewRun) -> None:
    with pytest.raises(StoreError, match=r"there is no run 7 in the store .*; it has none yet"):
        getattr(store, call)(7)
    store.begin_run(new_run)
    with pytest.raises(StoreError, match=r"there is no run 7 in the store .*; the last is 1"):
        getattr(store, call)(7)


@pytest.mark.parametrize("status", [RunStatus.INTERRUPTED, None])
def test_a_run_is_continued_by_its_number_or_as_the_latest(
    status: RunStatus | None, store: Store, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = store.begin_run(new_run), store.begin_run(new_run)
    for run in (first, second):
        if status is not None:
            store.end_run(run.id, status)
    if status is None:
        monkeypatch.setattr("store.runs.is_alive", lambda *_: False)
    assert store.continue_run("batch", first.id) == dataclasses.replace(
        first, heartbeat=store.run(first.id).heartbeat, status=RunStatus.RUNNING
    )
    assert store.continue_run("batch").id == second.id


def test_a_run_that_cannot_be_continued_says_why(store: Store, new_run: NewRun) -> None:
    with pytest.raises(StoreError, match="has no run of kind batch that was interrupted"):
        store.continue_run("batch")
    run = store.begin_run(new_run)
    with pytest.raises(StoreError, match=rf"run {run.id} .* be continued: process {os.getpid()} on .* works on it"):
        store.continue_run("batch", run.id)
    store.end_run(run.id)
    with pytest.raises(StoreError, match="cannot be continued: it has come to its end"):
        store.continue_run("batch", run.id)
    with pytest.raises(StoreError, match="it is of kind batch, not train"):
        store.continue_run("train", run.id)
    with pytest.raises(StoreError, match="there is no run 9"):
        store.continue_run("batch", 9)


# Results.


def test_a_result_is_remembered_with_its_solution(
    location: str, new_run: NewRun, new_result: MakeResult, spec_of: MakeSpec
) -> None:
    new = new_result("a", 2, candidates=1 << 40, cpu_seconds=0.25, held_out_right=True, split="train")
    with Store.open(location) as store:
        run = store.begin_run(new_run)
        saved = store.save_result(run.id, new)
    with Store.open(location, read_only=True) as store:
        assert store.results(run.id) == (saved,)
        (found,) = store.solutions(spec_of(2).identity)
    assert (saved.run, saved.name, saved.spec, saved.status) == (run.id, "a", spec_of(2).identity, "solved")
    assert (saved.verdict, saved.size, saved.cost, saved.found_by) == ("examples", 3, 2.5, "enumeration")
    assert (saved.candidates, saved.cpu_seconds, saved.held_out_right, saved.split) == (1 << 40, 0.25, True, "train")
    assert (saved.row, saved.answer, saved.solution) == ('{"spec": "a"}', "(define-fun …)", found.id)
    assert (found.run, found.seed, found.evaluation) == (run.id, 7, False)


def test_a_result_without_specification_or_solution_is_remembered(store: Store, new_run: NewRun) -> None:
    run = store.begin_run(new_run)
    saved = store.save_result(run.id, NewResult("broken.sl", None, "error", reason="line 3: …"))
    assert (saved.spec, saved.solution, saved.verdict, saved.size) == (None, None, None, None)
    assert store.results(run.id) == (saved,)


def test_a_report_is_kept_to_the_letter(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    row = {"z": 1.0, "a": None, "é": ["\x00", 1e-7, True], "nested": {"b": 1, "a": 2}}
    run = store.begin_run(new_run)
    saved = store.save_result(run.id, new_result("a", row=row))
    assert saved.row_data() == row
    assert list(saved.row_data()) == list(row)
    assert saved.row == json.dumps(row, ensure_ascii=False)


def test_results_come_in_the_order_of_the_tasks(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    run = store.begin_run(new_run)
    for position in (2, 0, 1):
        store.save_result(run.id, new_result(f"task {position}", position=position))
    assert [result.name for result in store.results(run.id)] == ["task 0", "task 1", "task 2"]


def test_a_result_is_not_recorded_twice(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    run = store.begin_run(new_run)
    first = store.save_result(run.id, new_result("a"))
    assert store.save_result(run.id, new_result("a", candidates=99)) == first
    assert store.results(run.id) == (first,)


def test_a_result_of_another_specification_takes_the_place_of_the_former(
    store: Store, new_run: NewRun, new_result: MakeResult, spec_of: MakeSpec
) -> None:
    run = store.begin_run(new_run)
    store.save_result(run.id, NewResult("a", None, "error"))
    store.save_result(run.id, new_result("a", 1))
    store.save_result(run.id, new_result("a", 2))
    assert [result.spec for result in store.results(run.id)] == [spec_of(2).identity]
    assert len(store.solutions(spec_of(1).identity)) == 1


def test_a_task_has_a_result_in_each_cycle(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    run = store.begin_run(new_run)
    for cycle in (2, 0, 1):
        store.save_result(run.id, new_result("a", cycle=cycle, position=cycle))
        store.save_result(run.id, new_result("a", cycle=cycle, candidates=99))
    assert [(r.cycle, r.candidates) for r in store.results(run.id)] == [(0, 0), (1, 0), (2, 0)]
    assert [r.position for r in store.results(run.id, 1)] == [1]
    assert store.results(run.id, 5) == ()


# Learning.


def test_all_programs_that_were_found_are_remembered(
    store: Store, new_run: NewRun, new_result: MakeResult, spec_of: MakeSpec, integers: Read
) -> None:
    run = store.begin_run(new_run)
    texts = {"(lambda (+ 1 $0))": 2.0, "(lambda (+ $0 1))": 9.0, "(lambda (- $0 -1))": None}
    others = tuple(solution(integers(text), cost=cost) for text, cost in texts.items())
    saved = store.save_result(run.id, new_result("a", 1, alternatives=others))
    found = store.solutions(spec_of(1).identity)
    written = [s.programs[0].written.text for s in found]
    assert written == ["(lambda (+ 1 $0))", "(lambda (+ $0 1))", "(lambda (- $0 -1))"]
    assert saved.solution == found[1].id
    assert found[1].cost == 2.5


def test_what_a_run_may_learn_from_is_in_the_order_of_tasks_and_costs(
    store: Store, new_run: NewRun, new_result: MakeResult, integers: Read
) -> None:
    run = store.begin_run(new_run)
    other = (solution(integers("(lambda (+ 1 $0))"), cost=1.0),)
    store.save_result(run.id, new_result("b", 2, position=1, cycle=1))
    store.save_result(run.id, new_result("a", 1, position=0, cycle=1, alternatives=other))
    store.save_result(run.id, new_result("c", 3, position=2, cycle=1, evaluation=True))
    store.save_result(run.id, new_result("d", 4, position=3, cycle=2))
    store.save_result(run.id, NewResult("e", None, "error", cycle=2))
    found = [(s.task, s.cycle, s.solution.programs[0].written.text) for s in store.training_solutions(run.id)]
    assert found == [
        ("a", 1, "(lambda (+ 1 $0))"),
        ("a", 1, "(lambda (+ $0 1))"),
        ("b", 1, "(lambda (+ $0 2))"),
        ("d", 2, "(lambda (+ $0 4))"),
    ]
    assert [s.task for s in store.training_solutions(run.id, 1)] == ["a", "a", "b"]
    with pytest.raises(StoreError, match="there is no run 7"):
        store.training_solutions(7)


def test_a_run_learns_from_what_another_found_first_with_its_own_costs(
    store: Store, new_run: NewRun, new_result: MakeResult
) -> None:
    first, second = store.begin_run(new_run), store.begin_run(new_run)
    store.save_result(first.id, new_result("a"))
    same = new_result("a", cycle=1)
    assert same.solution is not None
    store.save_result(second.id, dataclasses.replace(same, solution=dataclasses.replace(same.solution, cost=7.0)))
    again = dataclasses.replace(same, cycle=2, solution=dataclasses.replace(same.solution, cost=0.5))
    store.save_result(second.id, again)
    (found,) = store.training_solutions(second.id)
    assert (found.cycle, found.solution.cost, found.solution.run) == (1, 0.5, first.id)
    assert store.training_solutions(second.id, 1)[0].solution.cost == 7.0


# Tasks.


def test_tasks_are_remembered_with_their_split(store: Store, spec_of: MakeSpec) -> None:
    held_out = HeldOut((Example("f", (99,), 100),))
    hints = dataclasses.replace(spec_of(2).hints, algorithm="direct")
    tasks = [
        Task("b", spec_of(1), held_out, "test"),
        Task("a", dataclasses.replace(spec_of(2), hints=hints), split="train"),
    ]
    saved = store.save_tasks("integers", tasks, "suite")
    store.save_tasks("lists", tasks[:1], "suite")
    assert [(t.domain, t.source, t.position, t.name, t.split, t.algorithm) for t in saved] == [
        ("integers", "suite", 0, "b", "test", None),
        ("integers", "suite", 1, "a", "train", "direct"),
    ]
    assert store.tasks("integers") == saved
    assert store.tasks("integers", split="train") == saved[1:]
    assert [t.domain for t in store.tasks()] == ["integers", "integers", "lists"]
    assert store.tasks(source="elsewhere") == ()
    assert store.examples(saved[0].spec) == spec_of(1).examples


def test_a_task_that_is_stored_again_has_what_it_asks_now(store: Store, spec_of: MakeSpec) -> None:
    (first,) = store.save_tasks("integers", [Task("a", spec_of(1), split="train")], "suite")
    (second,) = store.save_tasks("integers", [Task("a", spec_of(2), split="test")], "suite")
    assert second == dataclasses.replace(first, spec=spec_of(2).identity, split="test")
    assert store.tasks() == (second,)


def test_runs_are_compared_by_name(store: Store, new_run: NewRun, new_result: MakeResult) -> None:
    before, after = store.begin_run(new_run), store.begin_run(new_run)
    for name in ("same", "gone", "edited"):
        store.save_result(before.id, new_result(name))
    for name, added in (("new", 1), ("same", 1), ("edited", 2)):
        store.save_result(after.id, new_result(name, added))
    old = {result.name: result for result in store.results(before.id)}
    new = {result.name: result for result in store.results(after.id)}
    pairs = store.compare(before.id, after.id)
    assert pairs == tuple(ResultPair(n, old.get(n), new.get(n)) for n in (*new, "gone"))
    assert [pair.name for pair in pairs if pair.is_comparable] == ["same"]


def test_a_transaction_that_fails_leaves_nothing(
    store: Store, new_run: NewRun, new_result: MakeResult, spec_of: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = store.begin_run(new_run)
    with pytest.raises(TypeError):
        store.save_result(run.id, new_result("a", row={"not": object()}))
    assert store.results(run.id) == ()
    assert store.spec(spec_of(1).identity) is None


def test_a_store_that_is_only_read_is_not_written(location: str, new_run: NewRun) -> None:
    Store.open(location).close()
    refused = "write-protected|opened for reading only"
    with Store.open(location, read_only=True) as store, pytest.raises(StoreError, match=refused):
        store.begin_run(new_run)


def test_readers_see_what_is_committed_while_a_writer_goes_on(
    store: Store, location: str, new_run: NewRun, new_result: MakeResult
) -> None:
    run = store.begin_run(new_run)
    with Store.open(location, read_only=True) as reader:
        for i in range(3):
            store.save_result(run.id, new_result(f"task {i}"))
            assert len(reader.results(run.id)) == i + 1


# Several processes.

WRITING = """
import os, sys
from dsl.domain import load_domain
from dsl.spec import task_from_examples
from dsl.types import INT, arrow
from store.records import NewResult, NewRun, NewSolution
from store.repository import Store

location, count = sys.argv[1], int(sys.argv[2])
integers = load_domain("integers")

def write(writer):
    with Store.open(location) as store:
        run = store.begin_run(NewRun("batch", {}, writer, "tasks", count, "0"))
        for i in range(count):
            spec = task_from_examples("add", [((0,), i)], type_=arrow(INT, INT), domain="integers").spec
            solution = NewSolution({"f": integers.parse(f"(lambda (+ $0 {i}))")}, "examples", 3)
            store.save_result(run.id, NewResult(f"task {i}", spec, "solved", solution=solution))
            print(i, flush=True)
"""

EIGHT_WRITERS = (
    WRITING
    + """
import alembic.command, alembic.config  # loaded once, not in each child
import traceback

children = []
for i in range(8):
    child = os.fork()
    if child == 0:
        try:
            write(f"writer {i}")
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 8
"""
)


def start_writers(code: str, location: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-c", code, location, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("count", [4, pytest.param(1_000, marks=pytest.mark.slow)])
def test_eight_processes_that_write_at_once_lose_and_double_nothing(location: str, count: int) -> None:
    writers = start_writers(EIGHT_WRITERS, location, count)
    _, errors = writers.communicate()
    assert (writers.returncode, errors) == (0, "")
    with Store.open(location, read_only=True) as store:
        runs = store.runs()
        assert sorted(run.settings_hash for run in runs) == [f"writer {i}" for i in range(8)]
        solutions: dict[str | None, set[int | None]] = {}
        for run in runs:
            results = store.results(run.id)
            assert sorted(result.name for result in results) == sorted(f"task {i}" for i in range(count))
            for result in results:
                solutions.setdefault(result.spec, set()).add(result.solution)
        assert len(solutions) == count
        assert {len(found) for found in solutions.values()} == {1}
        assert all(len(store.solutions(spec)) == 1 for spec in solutions if spec is not None)


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_a_writer_that_is_killed_keeps_what_it_committed_and_its_run_is_continued(location: str) -> None:
    writer = start_writers(WRITING + 'write("killed")', location, 100_000)
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    # Not waited for yet: a process that has ended but that nobody has asked for how works on nothing either.
    said += [int(line) for line in writer.stdout]
    with Store.open(location, read_only=True) as store:
        (run,) = store.runs()
        assert run.status is RunStatus.RUNNING
    with Store.open(location) as store:
        names = [result.name for result in store.results(run.id)]
        assert names[: len(said)] == [f"task {i}" for i in said]
        assert len(names) - len(said) in (0, 1)
        again = store.begin_run(NewRun("batch", {}, "killed", "tasks", 100_000, "0"))
        assert (again.id, again.results) == (run.id, len(names))
    writer.communicate()
