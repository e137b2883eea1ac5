"""The benchmark of start-up times."""

import subprocess
import sys

import pytest

from workbench.benchmarks.startup import LEAST_ROUNDS, Comparison, Cost, compare, main, measure, report


def test_a_process_costs_time() -> None:
    cost = measure([sys.executable, "-c", "sum(range(1_000_000))"])
    assert cost.cpu > 0
    assert cost.wall > 0


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        measure([sys.executable, "-c", "raise SystemExit(1)"])


def test_too_few_rounds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=f"rounds=1 must be at least {LEAST_ROUNDS}"):
        compare(1)
    with pytest.raises(SystemExit) as ended:
        main(["--rounds", "1"])
    assert ended.value.code == 2
    assert f"at least {LEAST_ROUNDS}" in capsys.readouterr().err


def test_the_report_shows_milliseconds_and_ratios() -> None:
    comparison = Comparison(
        bare=Cost(cpu=0.1, wall=0.2), plain=Cost(cpu=0.04, wall=0.1), reverie=Cost(cpu=0.05, wall=0.25), rounds=15
    )
    assert report(comparison).splitlines() == [
        "--help, median of 15 processes each, in turn",
        "                          CPU ms  wall ms",
        "bare Typer app             100.0    200.0",
        "bare Typer app, plain       40.0    100.0",
        "reverie                     50.0    250.0",
        "reverie / bare              0.50     1.25",
        "reverie / plain             1.25     2.50",
    ]


@pytest.mark.slow
def test_both_apps_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--rounds", str(LEAST_ROUNDS)])
    assert capsys.readouterr().out.startswith(f"--help, median of {LEAST_ROUNDS} processes")
