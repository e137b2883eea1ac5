"""What runs leave behind in a store, and how an interrupted one is continued."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import parse_term
from dsl.probability import Weights
from dsl.source import Source
from dsl.spec import Budget, Spec, Task, task_from_examples
from dsl.sygus.reader import read_sygus
from dsl.terms import Term
from dsl.types import INT, arrow
from store.errors import StoreError
from store.records import NewSolution, RunStatus
from store.repository import Store
from wake_sleep.wake.outcome import FoundBy, Judgement, Outcome, Status, Verdict
from wake_sleep.wake.solve import SolveSettings, Strategy
from workbench.recording import BENCH, HEARTBEAT_SECONDS, Recorder, settings_data, settings_hash, weights_identity

ROOT = Path(__file__).parents[2]
SETTINGS = SolveSettings(Budget(candidates=1_000))
NOON = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)


def adding(number: int, split: str | None = None) -> Task:
    examples = [((n,), n + number) for n in (1, 5)]
    return task_from_examples(f"add {number}", examples, type_=arrow(INT, INT), domain="integers", split=split)


def program(text: str) -> Term:
    return parse_term(text, load_domain("integers").operator)


def solved(number: int, cost: float = 2.0) -> Outcome:
    return Outcome(
        Status.SOLVED,
        {"f": program(f"(lambda (+ $0 {number}))")},
        Verdict(Judgement.EXAMPLES),
        size=3,
        cost=cost,
        candidates=12,
        cpu_seconds=0.5,
        found_by=FoundBy.ENUMERATION,
        domain="integers",
        seed=3,
    )


def row_of(name: str, outcome: Outcome) -> dict[str, object]:
    return {"spec": name, "status": outcome.status.value, "answer": "(define-fun f …)" if outcome.programs else None}


@pytest.fixture
def location(tmp_path: Path) -> Path:
    return tmp_path / "reverie.db"


@pytest.fixture
def recorder(location: Path) -> Iterator[Recorder]:
    with Recorder.open(location) as opened:
        yield opened


def test_an_outcome_is_recorded_with_its_solution(recorder: Recorder) -> None:
    run = recorder.begin("batch", SETTINGS, ["a.sl"])
    outcome = solved(1)
    saved = recorder.record("a.sl", adding(1), outcome, row_of("a.sl", outcome), held_out_right=True)
    assert saved is not None
    assert recorder.store.results(run.id) == (saved,)
    assert (saved.status, saved.verdict, saved.size, saved.cost) == ("solved", "examples", 3, 2.0)
    assert (saved.candidates, saved.cpu_seconds, saved.found_by) == (12, 0.5, "enumeration")
    assert (saved.answer, saved.held_out_right, saved.evaluation) == ("(define-fun f …)", True, False)
    assert json.loads(saved.row) == row_of("a.sl", outcome)
    (solution,) = recorder.store.solutions(adding(1).spec.identity)
    assert (solution.seed, solution.generation, solution.run) == (3, "none", run.id)


def test_what_is_not_solved_is_recorded_without_a_solution(recorder: Recorder) -> None:
    run = recorder.begin("batch", SETTINGS, ["a.sl", "b.sl"])
    unknown = Outcome(Status.UNKNOWN, reason="candidates: 1000 of 1000 are spent")
    recorder.record("a.sl", adding(1), unknown, row_of("a.sl", unknown))
    unreadable = Outcome(Status.ERROR, reason="line 1: …")
    recorder.record("b.sl", None, unreadable, row_of("b.sl", unreadable))
    results = recorder.store.results(run.id)
    assert [(r.status, r.reason, r.solution) for r in results] == [
        ("unknown", "candidates: 1000 of 1000 are spent", None),
        ("error", "line 1: …", None),
    ]


def test_an_interrupted_outcome_is_not_recorded(recorder: Recorder) -> None:
    run = recorder.begin("batch", SETTINGS, ["a.sl"])
    outcome = dataclasses.replace(solved(1), status=Status.INTERRUPTED)
    assert recorder.record("a.sl", adding(1), outcome, row_of("a.sl", outcome)) is None
    assert recorder.store.results(run.id) == ()
    assert recorder.store.solutions(adding(1).spec.identity) == ()


def test_results_are_in_the_order_of_the_list_even_if_they_come_otherwise(recorder: Recorder) -> None:
    run = recorder.begin("batch", SETTINGS, ["a.sl", "b.sl", "c.sl"])
    for position, name in ((2, "c.sl"), (0, "a.sl")):
        recorder.record(name, adding(position), solved(position), {}, position=position)
    assert [r.name for r in recorder.store.results(run.id)] == ["a.sl", "c.sl"]
    recorder.record("d.sl", adding(4), solved(4), {})
    assert [r.position for r in recorder.store.results(run.id)] == [0, 2, 3]


def test_a_batch_that_was_left_continues_with_what_it_has(location: Path) -> None:
    names = ["a.sl", "b.sl"]
    with Recorder.open(location) as recorder:
        first = recorder.begin("batch", SETTINGS, names)
        saved = recorder.record("a.sl", adding(1), solved(1), {"spec": "a.sl"})
    assert recorder.run is not None
    assert recorder.run.status is RunStatus.INTERRUPTED
    with Recorder.open(location) as recorder:
        again = recorder.begin("batch", SETTINGS, names)
        assert (again.id, again.results) == (first.id, 1)
        assert recorder.finished("a.sl", adding(1).spec) == saved
        assert recorder.finished("b.sl", adding(2).spec) is None
        recorder.record("b.sl", adding(2), solved(2), {"spec": "b.sl"})
        assert recorder.finish().status is RunStatus.FINISHED
    with Recorder.open(location) as recorder:
        assert recorder.begin("batch", SETTINGS, names).id != first.id
        assert recorder.finished("a.sl", adding(1).spec) is None


def begin_and_be_interrupted(location: Path) -> None:
    with Recorder.open(location) as recorder:
        recorder.begin("batch", SETTINGS, ["a.sl"])
        raise KeyboardInterrupt


def test_a_batch_that_an_error_ended_can_be_continued_at_once(location: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        begin_and_be_interrupted(location)
    with Recorder.open(location) as recorder:
        (first,) = recorder.store.runs()
        assert recorder.begin("batch", SETTINGS, ["a.sl"]).id == first.id


def test_a_store_that_fails_at_the_end_does_not_hide_what_ended_the_run(
    location: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "end_run", fail)
    with pytest.raises(KeyboardInterrupt):
        begin_and_be_interrupted(location)
    with pytest.raises(StoreError, match="the disk is full"), Recorder.open(location) as recorder:
        recorder.begin("batch", SETTINGS, ["a.sl"])


def test_a_specification_that_was_edited_since_is_done_again(location: Path) -> None:
    with Recorder.open(location) as recorder:
        recorder.begin("batch", SETTINGS, ["a.sl"])
        recorder.record("a.sl", adding(1), solved(1), {})
        broken = Outcome(Status.ERROR, reason="line 1: …")
        recorder.record("b.sl", None, broken, {})
    with Recorder.open(location) as recorder:
        run = recorder.begin("batch", SETTINGS, ["a.sl"])
        assert recorder.finished("a.sl", adding(2).spec) is None
        assert recorder.finished("b.sl", None) is None
        recorder.record("a.sl", adding(2), solved(2), {}, position=0)
        recorder.record("b.sl", adding(3), solved(3), {}, position=1)
        wanted = [("a.sl", adding(2).spec.identity), ("b.sl", adding(3).spec.identity)]
        assert [(r.name, r.spec) for r in recorder.store.results(run.id)] == wanted


@pytest.mark.parametrize("changed", ["kind", "settings", "names", "order", "options"])
def test_a_run_that_asks_something_else_is_another_one(changed: str, location: Path) -> None:
    names = ["a.sl", "b.sl"]
    with Recorder.open(location) as recorder:
        first = recorder.begin("batch", SETTINGS, names, options={"column": "area"})
    with Recorder.open(location) as recorder:
        again = recorder.begin(
            "solve" if changed == "kind" else "batch",
            dataclasses.replace(SETTINGS, seed=1) if changed == "settings" else SETTINGS,
            {"names": names[:1], "order": names[::-1]}.get(changed, names),
            options={"column": "volume" if changed == "options" else "area"},
        )
    assert again.id != first.id


def test_what_a_benchmark_finds_is_marked_and_not_replayed(recorder: Recorder) -> None:
    recorder.begin(BENCH, SETTINGS, ["a"])
    measured = recorder.record("a", adding(1, "train"), solved(1), {})
    recorder.finish()
    recorder.begin("batch", SETTINGS, ["b"])
    tested = recorder.record("b", adding(2, "test"), solved(2), {})
    assert measured is not None
    assert tested is not None
    assert (measured.evaluation, measured.split, tested.evaluation, tested.split) == (True, "train", True, "test")
    for number in (1, 2):
        assert recorder.replay(adding(number).spec) is None
        assert len(recorder.store.solutions(adding(number).spec.identity, evaluation=True)) == 1


def test_the_cheapest_solution_is_replayed(recorder: Recorder) -> None:
    spec = adding(1).spec
    assert recorder.replay(spec) is None
    recorder.begin("solve", SETTINGS, ["a"])
    recorder.record("a", adding(1), solved(1, cost=5.0), {})
    shorter = dataclasses.replace(solved(1, cost=1.0), programs={"f": program("(lambda (+ 1 $0))")})
    recorder.store.save_solution(spec, NewSolution(shorter.programs, "examples", 3, 1.0))
    assert recorder.replay(spec) == {"f": program("(lambda (+ 1 $0))")}


def test_a_solution_that_can_no_longer_be_read_is_passed_over(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = adding(1).spec
    recorder.store.save_solution(spec, NewSolution({"f": program("(lambda (- $0 -1))")}, "examples", 3, 1.0))
    recorder.store.save_solution(spec, NewSolution({"f": program("(lambda (+ $0 1))")}, "examples", 3, 2.0))
    domain = load_domain("integers")
    known = domain.operator
    monkeypatch.setattr(domain, "operator", lambda name, arity: None if name == "-" else known(name, arity))
    assert recorder.replay(spec) == {"f": program("(lambda (+ $0 1))")}


def with_macro(name: str) -> Spec:
    text = (
        f"(set-logic LIA)(define-fun {name} ((n Int)) Int (+ n n))"
        f"(synth-fun f ((x Int)) Int ((I Int)) ((I Int (x ({name} I)))))"
        f"(constraint (= (f 1) 2))(check-synth)"
    )
    return read_sygus(Source(text))


def test_a_program_is_replayed_with_the_macros_of_the_file_that_asks(recorder: Recorder) -> None:
    first, second = with_macro("double"), with_macro("twice")
    assert first.identity == second.identity

    def answer(spec: Spec) -> Term:
        grammar = spec.functions[0].grammar
        assert grammar is not None
        return parse_term(f"(lambda ({spec.macros[0].operator.name} $0))", lambda name, arity: spec.macros[0].operator)

    recorder.store.save_solution(first, NewSolution({"f": answer(first)}, "examples", 2))
    assert recorder.replay(first) == {"f": answer(first)}
    assert recorder.replay(second) == {"f": answer(second)}
    assert answer(first) is not answer(second)


def test_a_heartbeat_is_written_now_and_then_only(location: Path) -> None:
    times = {"now": NOON}
    clock: Callable[[], datetime] = lambda: times["now"]  # noqa: E731
    with Recorder.open(location, clock=clock) as recorder:
        run = recorder.begin("batch", SETTINGS, ["a.sl"])
        times["now"] = NOON + timedelta(seconds=HEARTBEAT_SECONDS / 2)
        recorder.heartbeat()
        assert recorder.store.run(run.id).heartbeat == NOON
        times["now"] = NOON + timedelta(seconds=HEARTBEAT_SECONDS)
        recorder.heartbeat()
        assert recorder.store.run(run.id).heartbeat == times["now"]


# Settings.


def test_settings_are_stored_as_plain_data(recorder: Recorder) -> None:
    run = recorder.begin("bench", SETTINGS, ["a"], options={"suite": "lists", "sample": 40})
    assert json.loads(json.dumps(settings_data(SETTINGS))) == settings_data(SETTINGS)
    stored = recorder.store.run(run.id).settings
    assert stored["budget"]["candidates"] == 1_000
    assert (stored["strategy"], stored["weights"], stored["suite"]) == ("hybrid", "uniform", "lists")


def test_every_setting_counts() -> None:
    changed = [
        SETTINGS,
        dataclasses.replace(SETTINGS, budget=Budget(candidates=1_001)),
        dataclasses.replace(SETTINGS, budget=Budget(size=1_000)),
        dataclasses.replace(SETTINGS, strategy=Strategy.SYMBOLIC),
        dataclasses.replace(SETTINGS, library=False),
        dataclasses.replace(SETTINGS, seed=1),
        dataclasses.replace(SETTINGS, weights=Weights(unigram={"+": 2.0})),
        dataclasses.replace(SETTINGS, generation="3"),
    ]
    assert len({settings_hash(settings) for settings in changed}) == len(changed)
    assert settings_hash(SETTINGS) == settings_hash(SolveSettings(Budget(candidates=1_000)))


def test_weights_are_told_apart_by_content_not_by_order() -> None:
    one = Weights({("+", 0): {"a": 1.0, "b": 2.0}, ("", 0): {}}, {"a": 1.0, "b": 2.0})
    same = Weights({("", 0): {}, ("+", 0): {"b": 2.0, "a": 1.0}}, {"b": 2.0, "a": 1.0})
    other = Weights({("+", 1): {"a": 1.0, "b": 2.0}, ("", 0): {}}, {"a": 1.0, "b": 2.0})
    assert weights_identity(one) == weights_identity(same) != weights_identity(other)
    assert weights_identity(Weights()) == "uniform"


def test_the_hash_of_settings_is_the_same_in_every_process() -> None:
    code = (
        "from dsl.spec import Budget\n"
        "from wake_sleep.wake.solve import SolveSettings\n"
        "from workbench.recording import settings_hash\n"
        "print(settings_hash(SolveSettings(Budget(candidates=1_000))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == settings_hash(SETTINGS)
