"""What a run comes to, what changed since an earlier one, and how it is drawn."""

from dataclasses import replace
from pathlib import Path

import pytest

from dsl.domain import load_domain
from dsl.printing import parse_term
from dsl.spec import Task, task_from_examples
from wake_sleep.scoring import right_on_held_out
from wake_sleep.wake.outcome import Outcome, Status
from workbench.evaluation.comparison import compare
from workbench.evaluation.plots import draw_cactus, solving_times
from workbench.evaluation.summary import Score, distribution, read_score, summarise


def score(name: str, status: Status = Status.SOLVED, cpu: float = 1.0, **known: object) -> Score:
    made = Score(name, status, size=5 if status is Status.SOLVED else None, candidates=100, cpu_seconds=cpu)
    return replace(made, **known)  # type: ignore[arg-type]


def test_quantiles_are_values_that_occur() -> None:
    found = distribution(range(1, 11))
    assert found.total == 55
    assert found.quantiles == {10: 1, 50: 5, 90: 9, 99: 10}


@pytest.mark.parametrize("values", [[7.0], [7.0, 7.0]])
def test_quantiles_of_equal_values_are_that_value(values: list[float]) -> None:
    assert set(distribution(values).quantiles.values()) == {7.0}


def test_nothing_has_no_quantiles() -> None:
    assert distribution([]).quantiles == {}


def test_a_summary_counts_each_way_of_ending_and_who_is_right() -> None:
    found = summarise(
        [
            score("a", held_out_right=True),
            score("b", cpu=3.0, held_out_right=False, startup_seconds=0.5),
            score("c", Status.UNKNOWN, cpu=10.0, held_out_right=False),
            score("d", Status.INFEASIBLE, cpu=0.5),
        ]
    )
    assert (found.tasks, found.solved) == (4, 2)
    assert found.statuses == {"solved": 2, "infeasible": 1, "unknown": 1}
    assert (found.held_out, found.held_out_right) == (3, 1)
    assert found.sizes.quantiles[50] == 5
    assert [d.total for d in found.cpu_seconds] == [14.5, 4.0]
    assert found.startup_seconds == 0.5
    assert found.data()["cpu_seconds_of_solved"] == {"p10": 1.0, "p50": 1.0, "p90": 3.0, "p99": 3.0, "total": 4.0}


def test_a_comparison_names_what_was_gained_and_lost() -> None:
    before = [score("a", held_out_right=False), score("b"), score("c", Status.UNKNOWN), score("gone")]
    after = [
        score("new"),
        score("c"),
        score("b", Status.UNKNOWN),
        score("a", cpu=0.5, candidates=25, size=10, held_out_right=True),
    ]
    found = compare(before, after)
    assert (found.common, found.both) == (3, 1)
    assert (found.gained, found.lost) == (("c",), ("b",))
    assert (found.right, found.wrong) == (("a",), ())
    assert found.cpu_seconds is not None
    assert found.cpu_seconds.data() == {"total": 0.5, "mean": 0.5, "median": 0.5}
    assert found.candidates is not None
    assert found.candidates.median == pytest.approx(0.25)
    assert found.sizes is not None
    assert found.sizes.total == 2.0


def test_ratios_are_averaged_as_ratios() -> None:
    before = [score(name) for name in "abcd"]
    after = [score(name, cpu=cpu) for name, cpu in zip("abcd", (0.25, 4.0, 2.0, 8.0), strict=True)]
    found = compare(before, after).cpu_seconds
    assert found is not None
    assert found.total == pytest.approx(14.25 / 4)
    assert found.mean == pytest.approx(2.0)
    assert found.median == pytest.approx(8**0.5)


def test_runs_without_a_common_solution_have_no_ratios() -> None:
    assert compare([score("a")], [score("a", Status.UNKNOWN)]).cpu_seconds is None


def test_a_score_is_read_from_a_row() -> None:
    row = {
        "spec": "a.sl", "status": "unknown", "size": None, "candidates": 3, "cpu_seconds": 0.5, "startup_seconds": 1.0,
        "held_out": False,
    }  # fmt: skip
    assert read_score(row) == Score("a.sl", Status.UNKNOWN, None, 3, 0.5, 1.0, held_out_right=False)


def test_a_cactus_plot_counts_solved_problems_by_time() -> None:
    scores = [score("a", cpu=3.0), score("b", Status.UNKNOWN), score("c", cpu=0.0), score("d", cpu=2.0)]
    assert solving_times(scores) == [0.001, 2.0, 3.0]


def test_plots_are_files_and_equal_for_equal_runs(tmp_path: Path) -> None:
    runs = {"this $run": [score("a"), score("b", cpu=2.0)], "none solved": [score("a", Status.UNKNOWN)]}
    svg, png = draw_cactus(runs, "a $suite", tmp_path / "first")
    again, _ = draw_cactus(runs, "a $suite", tmp_path / "second")
    assert svg.read_bytes() == again.read_bytes()
    assert "this $run: 2 of 2" in svg.read_text(encoding="utf-8")
    assert png.read_bytes().startswith(b"\x89PNG")


INCREMENT = task_from_examples("increment", [((1,), 2)], domain="integers", held_out=[((5,), 6), ((-1,), 0)])


@pytest.mark.parametrize(("program", "right"), [("(lambda (+ $0 1))", True), ("(lambda 2)", False)])
def test_an_answer_is_right_if_all_held_out_examples_hold(program: str, right: bool) -> None:
    term = parse_term(program, load_domain("integers").operator)
    assert right_on_held_out(INCREMENT, Outcome(Status.SOLVED, {"f": term})) is right


def test_without_an_answer_held_out_examples_fail_and_without_examples_nothing_is_said() -> None:
    assert right_on_held_out(INCREMENT, Outcome(Status.UNKNOWN)) is False
    assert right_on_held_out(Task("none", INCREMENT.spec), Outcome(Status.UNKNOWN)) is None
