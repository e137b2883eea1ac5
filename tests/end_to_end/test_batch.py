"""``reverie batch``: many files, several solvers, workers that die, interrupts, and going on."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
Rows = list[dict[str, object]]

SPECS = Path(__file__).parents[2] / "workbench" / "specs"
TIMES = ("cpu_seconds", "wall_seconds", "startup_seconds")

DOUBLE = """\
(set-logic LIA)
(synth-fun twice ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (twice 3) 6))
(constraint (= (twice 10) 20))
(check-synth)
"""

CONTRADICTORY = """\
(set-logic SLIA)
(synth-fun f ((s String)) String)
(constraint (= (f "a") "b"))
(constraint (= (f "a") "c"))
(check-synth)
"""

MISSPELT = CONTRADICTORY.replace('"c"', '(str.lem "a")')


def endless(number: int) -> str:
    """A file whose grammar has infinitely many programs and none that fits: no sum of these is negative."""
    return f"""\
(set-logic LIA)
(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))
(constraint (= (f 1) (- {number})))
(constraint (= (f 2) (- 7)))
(check-synth)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder ``specs`` with files of which some cannot be solved, and one cannot be read."""
    files = {
        "a/double.sl": DOUBLE,
        "a/endless.sl": endless(1),
        "b/contradictory.sl": CONTRADICTORY,
        "b/misspelt.sl": MISSPELT,
        "clear.sl": (SPECS / "clear_lowest_bit.sl").read_text(),
        "initials.toml": (SPECS / "initials.toml").read_text(),
        "notes.txt": "no specification",
    }
    return written(tmp_path / "specs", files)


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def rows_of(output: str) -> Rows:
    return [json.loads(line) for line in output.splitlines()]


def without_times(rows: Rows) -> list[str]:
    """The rows as they were written, but for the times."""
    return [json.dumps({key: value for key, value in row.items() if key not in TIMES}) for row in rows]


# What a batch is.


def test_a_folder_is_solved_with_all_folders_in_it(folder: Path, run: Run) -> None:
    done = run("batch", "specs", "--max-candidates", "5000", "--format", "json")
    assert done.returncode == 2
    assert {str(row["spec"]): row["status"] for row in rows_of(done.stdout)} == {
        "specs/a/double.sl": "solved",
        "specs/a/endless.sl": "unknown",
        "specs/b/contradictory.sl": "infeasible",
        "specs/b/misspelt.sl": "error",
        "specs/clear.sl": "solved",
        "specs/initials.toml": "solved",
    }
    assert "specs/b/misspelt.sl:4:25: unknown symbol `str.lem`" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("3 solved, 1 infeasible, 1 unknown, 1 error in ")


def test_a_pattern_is_solved(folder: Path, run: Run) -> None:
    done = run("batch", "specs/**/d*.sl", "--format", "value")
    assert (done.returncode, done.stdout) == (0, "(define-fun twice ((x Int)) Int (+ x x))\n")


def test_a_list_names_files_as_seen_from_its_folder(folder: Path, run: Run) -> None:
    (folder / "list.txt").write_text("\ufeff# twice\n\ninitials.toml\na/double.sl\ninitials.toml\nmissing.sl\n")
    done = run("batch", folder / "list.txt", "--format", "json")
    assert done.returncode == 2
    assert [Path(str(row["spec"])).name for row in rows_of(done.stdout)] == ["initials.toml", "double.sl", "missing.sl"]
    assert done.stderr.startswith(f"{folder}/missing.sl: no such file\n")


def test_a_person_gets_a_line_for_each_file(folder: Path, run: Run) -> None:
    done = run("batch", "specs/a", "--max-candidates", "5000")
    assert done.returncode == 1
    heading, _, double, never = done.stdout.splitlines()
    assert heading.split() == ["spec", "status", "size", "candidates", "cpu_seconds", "found_by", "reason"]
    assert double.split()[:3] == ["specs/a/double.sl", "solved", "3"]
    assert never.split()[:2] == ["specs/a/endless.sl", "unknown"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("empty", "empty: there is no specification here"),
        ("", "an empty text names no folder or file"),
        pytest.param("x" * 300, f"{'x' * 300}: this cannot be read: File name too long", id="long"),
        ("nowhere", "nowhere: no such folder or file"),
        ("specs/*.zz", "specs/*.zz: there is no specification here"),
        ("blank.txt", "blank.txt: there is no specification here"),
        ("picture.png", "picture.png: neither a specification nor a text that names one file a line"),
    ],
)
def test_a_place_without_specifications_is_bad_usage(place: str, message: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank.txt").write_text("\n# nothing\n")
    (tmp_path / "picture.png").write_bytes(bytes(range(128, 256)))
    done = run("batch", place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


def test_a_file_with_several_tasks_has_a_row_for_each(tmp_path: Path, run: Run) -> None:
    task = {"signature": "int -> int", "domain": "integers", "examples": [{"input": 1, "output": 1}]}
    (tmp_path / "two.json").write_text(json.dumps({"tasks": [{"name": "a", **task}, {"name": "b", **task}]}))
    done = run("batch", "two.json", "--format", "json", "--store")
    assert [row["spec"] for row in rows_of(done.stdout)] == ["two.json#a", "two.json#b"]
    assert done.returncode == 0


# Several solvers.


def processes_below(process: int) -> dict[int, str]:
    """The command lines of all processes that a process started, and that these started."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                names[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {process}
    while new := {child for child, parent in parents.items() if parent in found} - found:
        found |= new
    return {child: names[child] for child in found - {process}}


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in ("Z", "X")


@contextmanager
def begun(reverie: Path, folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A batch as JSON Lines that has written its first result, killed at the end if it is still there."""
    with subprocess.Popen(
        [reverie, "batch", "specs", "--format", "json", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            process.first = first_line(process.stdout.fileno())  # type: ignore[attr-defined]
            yield process
        finally:
            process.kill()


def first_line(file: int) -> str:
    """The first line of a pipe, and no more: what a buffer took beyond it `communicate` would not see."""
    line = b""
    while not line.endswith(b"\n") and (character := os.read(file, 1)):
        line += character
    return line.decode()


def finished(process: subprocess.Popen[str]) -> tuple[Rows, str]:
    """All rows of a batch that was `begun`, and what it said."""
    output, said = process.communicate()
    return rows_of(process.first + output), said  # type: ignore[attr-defined]


needs_processes = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes cannot be listed here")


def test_solvers_at_the_same_time_write_what_one_writes(folder: Path, tmp_path: Path, run: Run) -> None:
    # Folders that are called as our packages do not get into the way of the workers.
    for name in ("dsl", "wake_sleep", "store"):
        written(tmp_path, {f"{name}/__init__.py": "raise ImportError('not ours')"})
    lists = (SPECS / "positive_doubled.toml").read_text()
    written(folder, {"again.sl": DOUBLE, "positive_doubled.toml": lists})
    options = ("batch", "specs", "--max-candidates", "10000", "--format", "json", "--store")
    serial = run(*options, "sqlite:///serial.db", PYTHONHASHSEED="1")
    parallel = run(*options, "sqlite:///parallel.db", "--jobs", "2", PYTHONHASHSEED="2")
    assert without_times(rows_of(parallel.stdout)) == without_times(rows_of(serial.stdout))
    assert parallel.returncode == serial.returncode == 2
    *told, _ = serial.stderr.splitlines()
    assert parallel.stderr.splitlines()[:-1] == told


@needs_processes
def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, reverie: Path, run: Run) -> None:
    files = {"0.sl": DOUBLE, **{f"{i}.sl": endless(i) for i in range(1, 6)}, "6.sl": DOUBLE}
    written(tmp_path / "specs", files)
    options = ("--max-candidates", "300000")
    with begun(reverie, tmp_path, *options, "--jobs", "2") as process:
        below = processes_below(process.pid)
        workers = [child for child, name in below.items() if name.startswith("ray::SolverActor")]
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        rows, said = finished(process)
    assert process.returncode == 1, said
    assert len(said.splitlines()) == 1
    assert [child for child in below if is_running(child)] == []
    serial = run("batch", "specs", "--format", "json", *options)
    assert without_times(rows) == without_times(rows_of(serial.stdout))


@pytest.mark.slow
@needs_processes
def test_a_worker_that_hangs_is_replaced(tmp_path: Path, reverie: Path) -> None:
    written(tmp_path / "specs", {"0.sl": DOUBLE, "1.sl": endless(1), "2.sl": DOUBLE})
    with begun(reverie, tmp_path, "--wall-seconds", "0.5", "--jobs", "1", "--backend", "ray") as process:
        below = processes_below(process.pid)
        (worker,) = [child for child, name in below.items() if name.startswith("ray::SolverActor")]
        os.kill(worker, signal.SIGSTOP)
        rows, _ = finished(process)
    assert [row["status"] for row in rows] == ["solved", "unknown", "solved"]
    assert rows[1]["reason"] in ("wall: the budget of 0.5 seconds is spent", "worker died")
    assert not is_running(worker)


# Interrupts, and going on.


@needs_processes
@pytest.mark.parametrize(
    ("jobs", "number"), [pytest.param("1", signal.SIGTERM, marks=pytest.mark.slow), ("2", signal.SIGINT)]
)
def test_an_interrupted_batch_goes_on_where_it_was(
    jobs: str, number: signal.Signals, tmp_path: Path, reverie: Path, run: Run
) -> None:
    written(tmp_path / "specs", {"0.sl": DOUBLE, **{f"{i}.sl": endless(i) for i in range(1, 4)}})
    options = ("--max-candidates", "200000", "--store", "--jobs", jobs)
    with begun(reverie, tmp_path, *options) as process:
        below = processes_below(process.pid)
        process.send_signal(number)
        rows, said = finished(process)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "the same command goes on from there" in said.splitlines()[-1]
    assert [child for child in below if is_running(child)] == []
    done = [row for row in rows if row["status"] != "interrupted"]
    assert len(done) < 4
    again = run("batch", "specs", "--format", "json", *options[:3])
    assert again.returncode == 1
    assert f"{len(done)} results are there already" in again.stderr
    complete = rows_of(again.stdout)
    # What was done before is told as it was, with its times.
    assert complete[: len(done)] == done
    fresh = run("batch", "specs", "--format", "json", *options[:2])
    assert without_times(complete) == without_times(rows_of(fresh.stdout))


def test_without_a_store_an_interrupt_says_what_a_store_would_do(tmp_path: Path, reverie: Path) -> None:
    written(tmp_path / "specs", {"0.sl": DOUBLE, "1.sl": endless(1)})
    with begun(reverie, tmp_path, "--cpu-seconds", "100") as process:
        process.send_signal(signal.SIGINT)
        rows, said = finished(process)
    assert process.returncode == 130
    assert [row["status"] for row in rows] in (["solved"], ["solved", "interrupted"])
    assert (
        said.splitlines()[-1]
        == "interrupted; with --store, what is done is kept and the same command goes on from there"
    )
