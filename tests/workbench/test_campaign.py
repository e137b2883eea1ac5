"""Campaigns over a few small tasks, with budgets in steps."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from dsl.errors import ReverieError
from dsl.spec import Budget
from store.errors import StoreError
from store.records import RunStatus
from store.repository import Store
from wake_sleep.config import TrainSettings
from wake_sleep.cycle import BASELINE, Watch
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.solve import SolveSettings, Strategy
from workbench.campaign import Campaign, Order
from workbench.generations import Generations, named_generation

NAMES = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Emmy Noether"]
SETTINGS = TrainSettings(cycles=2, wake_candidates=2_500, dreams=60)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tasks of which four wrap something in brackets, and one that is not solved."""
    wanted: dict[str, Callable[[str], str]] = {
        "whole in brackets": lambda s: f"({s})",
        "first in brackets": lambda s: f"({s.split()[0]})",
        "end in brackets": lambda s: f"({s[-2:]})",
        "longer end in brackets": lambda s: f"({s[-3:]})",
        "first": lambda s: s.split()[0],
        "nonsense": lambda s: str(sum(map(ord, s)) % 97),
    }
    tasks = [
        {"name": name, "type": "str -> str", "examples": [{"inputs": [s], "output": make(s)} for s in NAMES]}
        for name, make in wanted.items()
    ]
    path = tmp_path_factory.mktemp("tasks") / "course.json"
    path.write_text(json.dumps({"domain": "strings", "tasks": tasks}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A task to test on."""
    path = tmp_path_factory.mktemp("tasks") / "test.json"
    examples = [{"inputs": [s], "output": f"{s.split()[1]}, {s.split()[0]}"} for s in NAMES]
    task = {"name": "last name first", "type": "str -> str", "examples": examples}
    path.write_text(json.dumps({"domain": "strings", "tasks": [task]}), encoding="utf-8")
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "runs.db") as opened:
        yield opened


def order(course: Path, held_out: Path | None = None) -> Order:
    return Order((str(course),), () if held_out is None else (str(held_out),), SETTINGS)


def finished(campaign: Campaign) -> list[Mapping[str, object]]:
    with campaign:
        rows = list(campaign.work())
    assert campaign.is_finished
    return rows


@dataclass(frozen=True)
class Whole:
    """A run that nobody stopped: its number, its rows, and the store that it is in."""

    run: int
    rows: tuple[Mapping[str, object], ...]
    path: Path


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, course: Path, held_out: Path) -> Whole:
    path = tmp_path_factory.mktemp("whole") / "runs.db"
    with Store.open(path) as store:
        campaign = Campaign.begin(store, order(course, held_out))
        rows = finished(campaign)
    return Whole(campaign.run.id, tuple(rows), path)


@pytest.fixture
def learned_store(whole: Whole, tmp_path: Path) -> Iterator[Store]:
    """A copy of the store in which the whole run is."""
    shutil.copytree(whole.path.parent, tmp_path / "whole")
    with Store.open(tmp_path / "whole" / whole.path.name) as opened:
        yield opened


def learned(store: Store, run: int) -> object:
    """What a run has learned and solved, names of generations aside."""
    generations = [(g.cycle, [a.key for a in g.abstractions], g.weights_text) for g in store.generations(run=run)]
    results = [(r.cycle, r.name, r.status, r.answer, r.candidates, r.split) for r in store.results(run)]
    return generations, sorted(results)


class StoppingWatch(Watch):
    """Stops the campaign after so many results of one phase."""

    def __init__(self, campaign: Campaign, cycle: int, phase: str, done: int) -> None:
        self.campaign, self.where, self.done = campaign, (cycle, phase), done
        self.here: tuple[int, str] = (-1, "")

    def begin(self, cycle: int, phase: str, total: int) -> None:
        self.here = (cycle, phase)
        if self.done == 0 and self.here == self.where:
            self.campaign.stop()

    def advance(self, done: int, solved: int, candidates: int) -> None:
        if self.here == self.where and done >= self.done:
            self.campaign.stop()


def test_a_run_learns_and_is_tested(whole: Whole, learned_store: Store) -> None:
    store, rows, run = learned_store, whole.rows, whole.run
    assert [row["cycle"] for row in rows] == [0, 1, 2]
    assert rows[BASELINE]["tried"] == 0
    assert rows[1]["tried"] == 6
    assert rows[2]["solved_so_far"] == 5
    assert [g.cycle for g in store.generations(run=run)] == [1, 2]
    assert any(row["abstractions"] for row in rows)
    saved = rows[2]["saved"]
    assert isinstance(saved, float)
    assert saved > 1
    tests = [result for result in store.results(run) if result.evaluation]
    assert {(result.cycle, result.split) for result in tests} == {(0, "test"), (1, "test"), (2, "test")}
    assert {one.task for one in store.training_solutions(run)}.isdisjoint(result.name for result in tests)
    assert {metric.name for metric in store.metrics(run)} >= {"solved", "wake_seconds", "sleep_seconds"}
    assert {event.kind for event in store.events(run)} >= {"library", "dreams"}
    unsolved = next(r for r in store.results(run, cycle=1) if r.name.endswith("nonsense"))
    assert 0 <= unsolved.row_data()["met"] < 1
    assert store.checkpoint(unsolved.row_data()["hindsight"]) is not None


def test_equal_seeds_give_equal_runs(whole: Whole, learned_store: Store, course: Path, held_out: Path) -> None:
    second = Campaign.begin(learned_store, order(course, held_out))
    finished(second)
    assert second.run.id != whole.run
    assert learned(learned_store, second.run.id) == learned(learned_store, whole.run)


@pytest.mark.parametrize(("cycle", "phase", "done"), [(1, "wake", 2), (2, "sleep", 0)])
def test_a_run_that_was_stopped_comes_to_the_same(
    whole: Whole, learned_store: Store, course: Path, held_out: Path, cycle: int, phase: str, done: int
) -> None:
    campaign = Campaign.begin(learned_store, order(course, held_out))
    with campaign:
        list(campaign.work(StoppingWatch(campaign, cycle, phase, done)))
    assert not campaign.is_finished
    assert learned_store.run(campaign.run.id).status is RunStatus.INTERRUPTED
    again = Campaign.resume(learned_store)
    assert again.run.id == campaign.run.id
    finished(again)
    assert learned(learned_store, again.run.id) == learned(learned_store, whole.run)


def test_a_finished_run_is_not_gone_on_with(store: Store, course: Path) -> None:
    campaign = Campaign.begin(store, dataclasses.replace(order(course), settings=_short()))
    finished(campaign)
    with pytest.raises(StoreError, match="come to its end"):
        Campaign.resume(store, campaign.run.id)
    with pytest.raises(StoreError, match="no run"):
        Campaign.resume(store)


def _short() -> TrainSettings:
    return TrainSettings(cycles=1, wake_candidates=500, dreams=0, batch=2)


def test_a_run_whose_tasks_have_changed_is_not_gone_on_with(store: Store, course: Path, tmp_path: Path) -> None:
    course = Path(shutil.copy(course, tmp_path))
    campaign = Campaign.begin(store, order(course))
    with campaign:
        pass
    course.write_text(course.read_text(encoding="utf-8").replace("(Ada)", "(Adam)"), encoding="utf-8")
    with pytest.raises(ReverieError, match="have changed"):
        Campaign.resume(store)
    assert store.run(campaign.run.id).status is RunStatus.INTERRUPTED


def test_an_order_is_the_same_after_it_was_stored(course: Path) -> None:
    asked = Order(
        (str(course),),
        ("lists",),
        TrainSettings(
            cycles=7,
            solving=SolveSettings(Budget(cpu_seconds=2.0), Strategy.SYMBOLIC, library=False, seed=9),
            wake_seconds=3.5,
            batch=4,
            dreams=None,
        ),
        jobs=2,
        backend=Backend.RAY,
    )
    assert Order.from_data(json.loads(json.dumps(asked.data()))) == asked
    with pytest.raises(ReverieError, match="another version"):
        Order.from_data({"places": ["lists"]})


def test_what_was_learned_is_used_by_name(whole: Whole, learned_store: Store) -> None:
    store = learned_store
    last = store.generations(run=whole.run)[-1]
    assert named_generation(store, last.name).abstractions == last.abstractions
    assert Generations("latest", store)("strings").name == last.name
    assert Generations("latest", store)("lists").name == "none"
    assert Generations(last.name, store)("strings").weights == last.weights
    assert Generations()("strings").name == "none"
    with pytest.raises(ReverieError, match=r"no generation 'other'.*strings-"):
        Generations("other", store)
    with pytest.raises(ReverieError, match="--store"):
        Generations("latest")


def test_a_run_can_start_from_what_another_one_learned(whole: Whole, learned_store: Store, course: Path) -> None:
    store = learned_store
    name = store.generations(run=whole.run)[-1].name
    second = Campaign.begin(store, dataclasses.replace(order(course), generations=(name,), settings=_short()))
    finished(second)
    assert store.generations(run=second.run.id)[0].parent == name
    assert {r.row_data()["generation"] for r in store.results(second.run.id, cycle=1)} == {name}
    latest = Campaign.begin(store, dataclasses.replace(order(course), generations=("latest",), settings=_short()))
    assert latest.order.generations == (store.generations(run=second.run.id)[-1].name,)
    with pytest.raises(ReverieError, match="no generation"):
        Campaign.begin(store, dataclasses.replace(order(course), generations=("strings-99",)))


@pytest.mark.slow
def test_a_guide_is_trained_stored_and_trained_again_after_a_stop(store: Store, course: Path) -> None:
    settings = TrainSettings(cycles=2, wake_candidates=2_500, dreams=200, train_steps=15)
    asked = dataclasses.replace(order(course), settings=settings)
    whole = Campaign.begin(store, asked)
    finished(whole)
    guides = [g.checkpoint for g in store.generations(run=whole.run.id)]
    assert None not in guides
    events = [event for event in store.events(whole.run.id) if event.kind == "costs"]
    assert len(events) == len(guides)
    assert all("is used" in event.message for event in events)
    last = store.generations(run=whole.run.id)[-1]
    assert named_generation(store, last.name).guide is not None

    broken = Campaign.begin(store, asked)
    with broken:
        list(broken.work(StoppingWatch(broken, 2, "wake", 3)))
    again = Campaign.resume(store)
    finished(again)
    assert [g.checkpoint for g in store.generations(run=again.run.id)] == guides
    assert learned(store, again.run.id) == learned(store, whole.run.id)
