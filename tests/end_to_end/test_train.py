"""``reverie train`` and what belongs to it: killed, interrupted, gone on with, looked at."""

import json
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from store.repository import Store

Run = Callable[..., subprocess.CompletedProcess[str]]

NAMES = ["Ada Lovelace", "Grace Hopper", "Alan Turing", "Emmy Noether"]
STEPS = ("--cycles", "2", "--wake-candidates", "2500", "--dreams", "60")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tasks most of which wrap something in brackets, and one that is not solved."""
    wanted: dict[str, Callable[[str], str]] = {
        "whole in brackets": lambda s: f"({s})",
        "first in brackets in capitals": lambda s: f"({s.split()[0].upper()})",
        "end in brackets": lambda s: f"({s[-2:]})",
        "longer end in brackets": lambda s: f"({s[-3:]})",
        "nonsense": lambda s: str(sum(map(ord, s)) % 97),
    }
    tasks = [
        {"name": name, "type": "str -> str", "examples": [{"inputs": [s], "output": make(s)} for s in NAMES]}
        for name, make in wanted.items()
    ]
    path = tmp_path_factory.mktemp("course") / "course.json"
    path.write_text(json.dumps({"domain": "strings", "tasks": tasks}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def whole(reverie: Path, course: Path) -> subprocess.CompletedProcess[str]:
    """A run that nothing disturbed, in ``whole.db`` beside the course; nobody may change it."""
    place = ("--store", "sqlite:///whole.db", "--format", "json")
    command = [str(reverie), "train", "course.json", *STEPS, *place]
    done = subprocess.run(command, cwd=course.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def learned(database: Path) -> object:
    """What the only run of a store has learned and solved."""
    with Store.open(database, read_only=True) as store:
        (run,) = store.runs("train")
        assert run.status == "finished"
        generations = [
            (g.cycle, g.name, [a.key for a in g.abstractions], g.weights_text, g.checkpoint, g.network)
            for g in store.generations()
        ]
        results = [(r.cycle, r.name, r.status, r.answer, r.candidates) for r in store.results(run.id)]
        return generations, sorted(results)


def begun(reverie: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [reverie, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def until_begun(database: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run is in the store."""
    while process.poll() is None:
        if database.exists():
            try:
                with Store.open(database, read_only=True) as store:
                    if store.runs("train"):
                        return
            except Exception:  # noqa: BLE001 - the schema may be half made at this moment
                pass
        time.sleep(0.05)


def kill_and_resume(reverie: Path, folder: Path, course: Path, delays: list[float]) -> None:
    """Begin a run, kill it after each delay and go on with it, and let it come to its end."""
    place = ("--store", "sqlite:///killed.db")
    process = begun(reverie, folder, "train", str(course), *STEPS, *place)
    until_begun(folder / "killed.db", process)
    for delay in delays:
        try:
            process.wait(delay)
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        process = begun(reverie, folder, "resume", *place)
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def test_a_killed_run_comes_to_what_it_would_have_come_to(
    whole: subprocess.CompletedProcess[str], reverie: Path, course: Path, tmp_path: Path
) -> None:
    kill_and_resume(reverie, tmp_path, course, [0.7, 3.5])
    assert learned(tmp_path / "killed.db") == learned(course.parent / "whole.db")


@pytest.mark.slow
def test_a_run_that_is_killed_at_twenty_moments_comes_to_the_same(
    whole: subprocess.CompletedProcess[str], reverie: Path, course: Path, tmp_path: Path
) -> None:
    moments = random.Random(0)
    for _ in range(5):
        kill_and_resume(reverie, tmp_path, course, [moments.uniform(0.0, 6.0) for _ in range(4)])
        assert learned(tmp_path / "killed.db") == learned(course.parent / "whole.db")
        for file in tmp_path.glob("killed.db*"):
            if file.is_file():
                file.unlink()


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_from_the_state_that_was_kept(
    reverie: Path, course: Path, tmp_path: Path, run: Run
) -> None:
    bounds = {"cycles": 1, "wake-candidates": 2500, "dreams": 300, "train-steps": 40, "network-steps": 100}
    steps = [f"--{name}={bound}" for name, bound in bounds.items()]
    assert run("train", str(course), *steps, "--store", "sqlite:///whole.db").returncode == 0
    process = begun(reverie, tmp_path, "train", str(course), *steps, "--store", "sqlite:///killed.db")
    state = tmp_path / "killed.db.artifacts" / "drafts" / "1-1-strings" / "network"
    while not state.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    resumed = run("resume", "--store", "sqlite:///killed.db")
    assert resumed.returncode == 0, resumed.stderr
    assert learned(tmp_path / "killed.db") == learned(tmp_path / "whole.db")
    assert not state.parent.exists()
    with Store.open(tmp_path / "killed.db", read_only=True) as store:
        gone_on = {event.kind: event.data["resumed"] for event in store.events(1) if "resumed" in event.data}
    assert gone_on["costs"] == 40
    assert gone_on["network"] > 0


def test_an_interrupted_run_says_how_to_go_on(run: Run, reverie: Path, course: Path, tmp_path: Path) -> None:
    place = ("--store", "sqlite:///stopped.db")
    process = begun(reverie, tmp_path, "train", str(course), "--cycles", "3", "--wake-candidates", "400000", *place)
    until_begun(tmp_path / "stopped.db", process)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "reverie resume" in errors
    assert "Traceback" not in errors
    listed = json.loads(run("runs", *place, "--format", "json").stdout)
    assert [row["status"] for row in listed] == ["interrupted"]


def test_what_a_run_came_to_can_be_looked_at(
    run: Run, whole: subprocess.CompletedProcess[str], course: Path, tmp_path: Path
) -> None:
    place = ("--store", "sqlite:///runs.db")
    shutil.copytree(course.parent / "whole.db.artifacts", tmp_path / "runs.db.artifacts")
    shutil.copy(course.parent / "whole.db", tmp_path / "runs.db")
    cycles = [json.loads(line) for line in whole.stdout.splitlines()]
    assert [cycle["cycle"] for cycle in cycles] == [1, 2]
    assert cycles[-1]["abstractions"] > 0
    page = tmp_path / "report.html"
    report = run("report", *place, "--html", str(page), "--expect-learning", "--format", "json")
    assert report.returncode == 0, report.stderr
    assert json.loads(report.stdout) == cycles
    text = page.read_text(encoding="utf-8")
    assert all(expected in text for expected in ("whole in brackets", "strings-2", "data:image/svg+xml", "</html>"))
    (listed,) = json.loads(run("runs", *place, "--format", "json").stdout)
    assert (listed["status"], listed["cycles"], listed["solved"]) == ("finished", 2, 4)
    compared = run("runs", "compare", "1", "1", *place)
    assert compared.returncode == 0, compared.stderr
    library = json.loads(run("library", "show", *place, "--format", "json").stdout)
    assert any("str.++" in row["expression"] for row in library)
    graph = tmp_path / "library.svg"
    assert run("library", "graph", *place, "--out", str(graph)).returncode == 0
    assert graph.read_text(encoding="utf-8").startswith("<svg")
    learned_by = ("--generation", "latest", "--no-replay", "--max-candidates", "3000")
    batch = run("batch", str(course), *place, *learned_by, "--format", "json")
    rows = [json.loads(line) for line in batch.stdout.splitlines()]
    assert {row["generation"] for row in rows} == {"strings-2"}
    assert sum(row["status"] == "solved" for row in rows) == 4


def test_a_run_that_learned_nothing_fails_the_expectation(run: Run, course: Path) -> None:
    place = ("--store", "sqlite:///runs.db")
    trained = run("train", str(course), "--cycles", "1", "--wake-candidates", "100", "--dreams", "0", *place)
    assert trained.returncode == 0, trained.stderr
    assert run("report", *place, "--expect-learning").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "nowhere"), "no such folder or file"),
        (("train", "course.json", "--test", "nowhere"), "no such folder or file"),
        (("train", "course.json", "--cycles", "0"), "at least 1"),
        (("train", "course.json", "--generation", "strings-9"), "no generation 'strings-9'"),
        (("resume",), "no run"),
        (("resume", "7"), "no run 7"),
        (("report",), "no run"),
        (("batch", "course.json", "--generation", "latest"), "--store"),
    ],
)
def test_bad_input_is_a_clear_error(
    run: Run, course: Path, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    place = () if arguments[0] == "batch" else ("--store", "sqlite:///empty.db")
    shutil.copy(course, tmp_path / "course.json")
    with Store.open(tmp_path / "empty.db"):
        pass
    ended = run(*arguments, *place)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_two_runs_share_a_database(run: Run, reverie: Path, course: Path, tmp_path: Path) -> None:
    place = ("--store", "sqlite:///shared.db")
    arguments = ("train", str(course), "--cycles", "1", *STEPS[2:], *place)
    both = [begun(reverie, tmp_path, *arguments) for _ in range(2)]
    ended = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    with Store.open(tmp_path / "shared.db", read_only=True) as store:
        first, second = (list(store.generations(run=n)) for n in (1, 2))
        assert [g.weights_text for g in first] == [g.weights_text for g in second]
        assert len({g.name for g in (*first, *second)}) == 2


@pytest.mark.slow
def test_the_smoke_preset_wakes_and_sleeps_once(run: Run) -> None:
    trained = run("train", "--preset", "smoke", "--store", "sqlite:///smoke.db", "--format", "json")
    assert trained.returncode == 0, trained.stderr
    (cycle,) = map(json.loads, trained.stdout.splitlines())
    assert cycle["tried"] == 24
