"""What a store promises of the cycles, metrics and events of a run."""

import dataclasses
import math

import pytest

from store.errors import StoreError
from store.records import NewRun
from store.repository import Store


@pytest.fixture
def run(store: Store, new_run: NewRun) -> int:
    """The number of a run that has begun."""
    return store.begin_run(dataclasses.replace(new_run, kind="train")).id


def test_a_cycle_is_recorded_from_its_beginning_to_its_end(store: Store, run: int) -> None:
    begun = store.begin_cycle(run, 1, {"budget": 10, "é": [1.5, None]})
    assert (begun.run, begun.number, begun.phase, begun.data) == (run, 1, "wake", {"budget": 10, "é": [1.5, None]})
    assert not begun.is_finished
    assert store.begin_cycle(run, 1, {"other": 1}, phase="other") == begun
    slept = store.update_cycle(run, 1, phase="sleep")
    assert (slept.phase, slept.data) == ("sleep", begun.data)
    assert store.update_cycle(run, 1, {"solved": 3}).data == {"solved": 3}
    ended = store.finish_cycle(run, 1)
    assert (ended.phase, ended.data, ended.is_finished) == ("finished", {"solved": 3}, True)
    assert store.finish_cycle(run, 1, {"solved": 4}).finished == ended.finished
    assert store.begin_cycle(run, 1, {}).data == {"solved": 4}


def test_cycles_come_in_order(store: Store, run: int) -> None:
    for number in (2, 0, 1):
        store.begin_cycle(run, number, {})
    assert [cycle.number for cycle in store.cycles(run)] == [0, 1, 2]


def test_a_cycle_that_was_not_begun_is_named(store: Store, run: int) -> None:
    for call in (store.update_cycle, store.finish_cycle):
        with pytest.raises(StoreError, match=rf"cycle 3 of run {run} was never begun"):
            call(run, 3, {})


def test_a_run_that_is_not_there_is_named(store: Store) -> None:
    for call in (store.cycles, store.metrics, store.events):
        with pytest.raises(StoreError, match="there is no run 7"):
            call(7)
    with pytest.raises(StoreError, match="there is no run 7"):
        store.begin_cycle(7, 1, {})
    with pytest.raises(StoreError, match="there is no run 7"):
        store.add_metrics(7, 1, {"a": 1.0})
    with pytest.raises(StoreError, match="there is no run 7"):
        store.add_event(7, 1, "note", "nothing")


def test_metrics_come_by_cycle_and_step(store: Store, run: int) -> None:
    store.add_metrics(run, 2, {"solved": 5})
    store.add_metrics(run, 1, {"loss": 0.25, "rate": 1e300}, step=20)
    store.add_metrics(run, 1, {"loss": 0.5}, step=10)
    assert [(m.cycle, m.step, m.name, m.value) for m in store.metrics(run)] == [
        (1, 10, "loss", 0.5),
        (1, 20, "loss", 0.25),
        (1, 20, "rate", 1e300),
        (2, 0, "solved", 5.0),
    ]
    assert [m.value for m in store.metrics(run, "loss")] == [0.5, 0.25]


def test_a_metric_that_is_recorded_again_is_replaced(store: Store, run: int) -> None:
    store.add_metrics(run, 1, {"a": 1.0, "b": 2.0})
    store.add_metrics(run, 1, {"a": 3.0})
    assert [(m.name, m.value) for m in store.metrics(run)] == [("a", 3.0), ("b", 2.0)]


def test_numbers_that_are_none_come_back(store: Store, run: int) -> None:
    store.add_metrics(run, 1, {"nan": math.nan, "most": math.inf, "least": -math.inf})
    values = {m.name: m.value for m in store.metrics(run)}
    assert math.isnan(values["nan"])
    assert (values["most"], values["least"]) == (math.inf, -math.inf)


def test_events_come_as_they_happened(store: Store, run: int) -> None:
    first = store.add_event(run, 2, "library", "stitch ran out of time\x00", {"seconds": 30})
    second = store.add_event(run, 1, "note", "")
    assert store.events(run) == (first, second)
    assert (first.cycle, first.kind, first.data) == (2, "library", {"seconds": 30})
    assert first.message == "stitch ran out of time\x00"
    assert second.data == {}
