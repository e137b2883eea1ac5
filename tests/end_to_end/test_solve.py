"""``reverie solve`` as a person and as a script run it."""

import csv
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dsl.source import LARGEST_FILE

Run = Callable[..., subprocess.CompletedProcess[str]]

SPECS = Path(__file__).parents[2] / "workbench" / "specs"

KEYS = [
    "spec", "status", "verdict", "answer", "program", "size", "cost", "candidates", "cpu_seconds", "wall_seconds",
    "startup_seconds", "found_by", "reason", "witness", "domain", "generation", "seed", "versions",
]  # fmt: skip

DOUBLE = """\
(set-logic LIA)
(synth-fun twice ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (twice 3) 6))
(constraint (= (twice 10) 20))
(check-synth)
"""

TWO_FUNCTIONS = """\
(set-logic LIA)
(synth-fun same ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(synth-fun next ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))
(constraint (= (same 3) 3))
(constraint (= (next 3) 4))
(constraint (= (next 8) 9))
(check-synth)
"""

CONTRADICTORY = """\
(set-logic SLIA)
(synth-fun f ((s String)) String)
(constraint (= (f "a") "b"))
(constraint (= (f "a") "c"))
(check-synth)
"""

FINITE = """\
(set-logic LIA)
(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 0 1))))
(constraint (= (f 1) 5))
(check-synth)
"""

NEVER_NEGATIVE = """\
(set-logic LIA)
(synth-fun f ((x Int)) Int ((S Int)) ((S Int (x 1 (+ S S)))))
(constraint (= (f 1) (- 5)))
(constraint (= (f 2) (- 7)))
(check-synth)
"""
"""Its grammar has infinitely many programs, and none that fits."""

RECURSIVE = """\
(set-logic LIA)
(define-fun forever ((n Int)) Int (forever (+ n 1)))
(synth-fun f ((x Int)) Int)
(constraint (= (f 1) (forever 1)))
(check-synth)
"""

RECURSIVE_COMMAND = RECURSIVE.replace("define-fun", "define-fun-rec")

MISSPELT = """\
(set-logic SLIA)
(synth-fun f ((s String)) Int)
(constraint (= (f "ab") (str.lem "ab")))
(check-synth)
"""


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    assert list(report) == KEYS
    return dict(report)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


Write = Callable[[str, str | bytes], Path]


# What is written.


def test_a_sygus_file_is_answered_as_a_solver_answers(write: Write, run: Run) -> None:
    done = run("solve", write("double.sl", DOUBLE))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "(\n(define-fun twice ((x Int)) Int (+ x x))\n)\n"


def test_all_functions_of_a_file_are_answered_together(write: Write, run: Run) -> None:
    done = run("solve", write("two.sl", TWO_FUNCTIONS))
    opening, same, following, closing = done.stdout.splitlines()
    assert (opening, closing) == ("(", ")")
    assert same == "(define-fun same ((x Int)) Int x)"
    assert following.startswith("(define-fun next ((x Int)) Int (+ ")


def test_another_file_is_answered_with_a_card(run: Run) -> None:
    done = run("solve", SPECS / "initials.toml")
    assert (done.returncode, done.stderr) == (0, "")
    title, *lines = done.stdout.splitlines()
    assert title == str(SPECS / "initials.toml")
    fields = [line.split()[0] for line in lines]
    assert fields == ["status", "program", "exactly", "size", "effort"]
    assert "all given examples hold" in done.stdout


def test_several_files_are_told_apart(write: Write, run: Run) -> None:
    double, finite = write("double.sl", DOUBLE), write("finite.sl", FINITE)
    done = run("solve", double, finite, double)
    assert done.returncode == 1
    first, _, _, _, second, word = done.stdout.splitlines()[:6]
    assert (first, second, word) == (f"; {double}", f"; {finite}", "infeasible")
    assert done.stdout.count(str(double)) == 1
    assert done.stderr.startswith("1 solved, 1 infeasible in ")


def test_json_has_all_keys_in_their_order(write: Write, run: Run) -> None:
    path = write("double.sl", DOUBLE)
    done = run("solve", path, "--format", "json", "--seed", "7")
    assert (done.returncode, done.stderr) == (0, "")
    report = report_of(done)
    wanted = {
        "spec": str(path),
        "status": "solved",
        "verdict": "examples",
        "answer": "(define-fun twice ((x Int)) Int (+ x x))",
        "program": {"twice": "lambda x: x + x"},
        "size": 3,
        "reason": None,
        "witness": [],
        "domain": "integers",
        "generation": "none",
        "seed": 7,
    }
    assert {key: report[key] for key in wanted} == wanted
    assert isinstance(report["versions"], dict)
    assert {"reverie", "python", "z3-solver"} <= set(report["versions"])


def test_csv_has_the_same_columns(write: Write, run: Run) -> None:
    done = run("solve", write("double.sl", DOUBLE), "--format", "csv")
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert list(row) == KEYS
    assert json.loads(row["program"]) == {"twice": "lambda x: x + x"}


def test_value_is_the_answer_and_nothing_else(write: Write, run: Run) -> None:
    done = run("solve", write("double.sl", DOUBLE), write("finite.sl", FINITE), "--format", "value")
    assert done.stdout.splitlines() == ["(define-fun twice ((x Int)) Int (+ x x))", "infeasible"]


def test_a_table_is_solved_for_the_column_that_is_asked(tmp_path: Path, run: Run) -> None:
    (tmp_path / "double.csv").write_text("x,y\n1,2\n4,8\n10,20\n")
    done = run("solve", "double.csv", "--column", "y", "--domain", "integers", "--format", "json")
    assert report_of(done)["status"] == "solved"


# How it ends.


def test_contradictory_examples_are_infeasible_with_both(write: Write, run: Run) -> None:
    done = run("solve", write("contradictory.sl", CONTRADICTORY))
    assert (done.returncode, done.stderr) == (1, "")
    word, reason, first, second = done.stdout.splitlines()
    assert word == "infeasible"
    assert reason == "; two examples contradict each other"
    assert (first, second) == ('; f("a") = "b" (line 3)', '; f("a") = "c" (line 4)')


def test_a_finite_grammar_without_the_program_is_infeasible(write: Write, run: Run) -> None:
    done = run("solve", write("finite.sl", FINITE), "--format", "json")
    report = report_of(done)
    assert (done.returncode, report["status"]) == (1, "infeasible")
    assert "all programs of the grammar of f were tried" in str(report["reason"])


def test_an_infinite_grammar_without_the_program_is_unknown_for_the_budget(write: Write, run: Run) -> None:
    done = run("solve", write("never.sl", NEVER_NEGATIVE), "--max-candidates", "3000", "--format", "json")
    report = report_of(done)
    assert (done.returncode, report["status"]) == (1, "unknown")
    assert report["reason"] == "candidates: the budget of 3000 is spent"


def test_a_bound_on_size_that_is_searched_through_is_a_failure(write: Write, run: Run) -> None:
    done = run("solve", write("never.sl", NEVER_NEGATIVE), "--max-size", "3")
    assert done.returncode == 1
    assert done.stdout.splitlines() == ["fail", "; no program of at most 3 nodes fits"]


def test_a_condition_is_proved(run: Run) -> None:
    done = run("solve", SPECS / "max_of_two.sl", "--format", "json")
    assert done.returncode == 0
    row = json.loads(done.stdout)
    assert (row["verdict"], row["found_by"]) == ("proved", "linear")
    assert "ite" in row["answer"]


def test_a_condition_that_no_output_meets_is_infeasible_with_the_input(write: Write, run: Run) -> None:
    text = "(set-logic LIA)(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint (< x (f x) 3))(check-synth)"
    done = run("solve", write("none.sl", text))
    assert done.returncode == 1
    word, *comments = done.stdout.splitlines()
    assert word == "infeasible"
    assert any(line.startswith("; x = ") for line in comments)


def test_what_is_not_solved_may_be_well(write: Write, run: Run) -> None:
    assert run("solve", write("finite.sl", FINITE), "--exit-zero").returncode == 0
    assert run("solve", write("misspelt.sl", MISSPELT), "--exit-zero").returncode == 2


# What cannot be read, and what cannot be asked.


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "bad.sl:1:1: no synth-fun: the file asks for no function"),
        (bytes(range(128, 256)) * 20, "bad.sl:1:1: byte 0x80 is not UTF-8 text"),
        (RECURSIVE, "bad.sl:2:36: `forever` occurs in its own definition; recursion is not supported"),
        (RECURSIVE_COMMAND, "bad.sl:2:2: the command `define-fun-rec` is not supported"),
        (MISSPELT, "bad.sl:3:26: unknown symbol `str.lem`"),
    ],
    ids=["empty", "binary", "recursive macro", "recursive function", "unknown operator"],
)
def test_a_file_that_cannot_be_read_is_told_with_its_place(
    content: str | bytes, message: str, write: Write, run: Run
) -> None:
    path = write("bad.sl", content)
    done = run("solve", path, "--format", "json")
    report = report_of(done)
    assert done.returncode == 2
    assert (report["status"], report["domain"]) == ("error", None)
    assert done.stderr.startswith(f"{path.parent}/{message}\n")
    assert str(report["reason"]) in message
    if content is MISSPELT:
        assert "did you mean `str.len`?" in done.stderr


def test_a_file_that_is_not_there_is_told(run: Run) -> None:
    done = run("solve", "missing.sl")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "missing.sl: no such file\n")


def test_a_huge_file_is_refused_with_the_limit(tmp_path: Path, run: Run) -> None:
    with (tmp_path / "huge.sl").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    done = run("solve", "huge.sl")
    assert (done.returncode, done.stderr) == (2, "huge.sl: the file is larger than 64 MiB\n")


def test_a_file_without_permission_is_told(write: Write, run: Run) -> None:
    path = write("secret.sl", DOUBLE)
    path.chmod(0)
    try:
        path.read_bytes()
    except PermissionError:
        done = run("solve", path)
        assert (done.returncode, done.stderr) == (2, f"{path}: the file cannot be read: Permission denied\n")
    else:
        pytest.skip("this user may read everything")


def test_the_others_are_solved_although_one_cannot_be_read(write: Write, run: Run) -> None:
    done = run("solve", write("bad.sl", MISSPELT), write("double.sl", DOUBLE), "--format", "value")
    assert done.returncode == 2
    assert done.stdout.splitlines() == ["unknown", "(define-fun twice ((x Int)) Int (+ x x))"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--cpu-seconds", "0"], "--cpu-seconds: 0.0 is not possible: it must be greater than 0"),
        (["--cpu-seconds", "nan"], "--cpu-seconds: nan is not possible"),
        (["--cpu-seconds", "soon"], "Invalid value for '--cpu-seconds'"),
        (["--wall-seconds", "-1"], "--wall-seconds: -1.0 is not possible"),
        (["--max-candidates", "0"], "--max-candidates: 0 is not possible: it must be at least 1"),
        (["--jobs", "0"], "--jobs: 0 is not possible"),
        (["--jobs", "2", "--backend", "in-process"], "the backend in-process solves one problem at a time, not 2"),
        (["--strategy", "neurl"], "'neurl' is not one of 'symbolic', 'neural', 'hybrid'"),
        (["--preset", "quick"], "--preset: 'quick' is not possible: it must be one of smoke, fast, balanced, quality"),
        (["--store", "nosuch://place"], "nosuch"),
    ],
)
def test_an_option_that_cannot_be_is_bad_usage(options: list[str], message: str, write: Write, run: Run) -> None:
    done = run("solve", write("double.sl", DOUBLE), *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_no_file_is_bad_usage(run: Run) -> None:
    done = run("solve")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_one_line(write: Write, reverie: Path) -> None:
    path = write("double.sl", DOUBLE)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([reverie, "solve", path], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "cannot write the result: No space left on device\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_diagnostic_that_cannot_be_written_costs_no_result_and_changes_no_exit_code(
    write: Write, reverie: Path
) -> None:
    paths = [write("double.sl", DOUBLE), write("empty.sl", "")]
    with Path("/dev/full").open("w") as full:
        command: list[str | Path] = [reverie, "solve", *paths, "--format", "value"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=full, text=True, check=False)
        wrong = subprocess.run([reverie, "batch", "nowhere"], stderr=full, check=False)
    assert (done.returncode, len(done.stdout.splitlines())) == (2, 2)
    assert wrong.returncode == 2


# Settings.


def test_config_shows_each_value_and_its_source(tmp_path: Path, run: Run) -> None:
    (tmp_path / "reverie.toml").write_text("seed = 3\n")
    done = run("config", "--preset", "fast", "--format", "json", REVERIE_MAX_SIZE="9")
    assert (done.returncode, done.stderr) == (0, "")
    shown = {row["setting"]: (row["value"], row["origin"]) for row in json.loads(done.stdout)}
    assert shown["preset"] == ("fast", "--preset")
    assert shown["max-size"] == (9, "REVERIE_MAX_SIZE")
    assert shown["seed"] == (3, "reverie.toml")
    assert shown["cpu-seconds"] == (3.0, "preset fast")
    assert shown["jobs"] == (1, "default")


def test_settings_reach_the_search(write: Write, tmp_path: Path, run: Run) -> None:
    (tmp_path / "reverie.toml").write_text("seed = 3\n")
    done = run("solve", write("never.sl", NEVER_NEGATIVE), "--format", "json", REVERIE_MAX_CANDIDATES="1000")
    report = report_of(done)
    assert (report["seed"], report["reason"]) == (3, "candidates: the budget of 1000 is spent")


def test_a_setting_that_is_not_known_is_told_with_its_file(write: Write, tmp_path: Path, run: Run) -> None:
    (tmp_path / "reverie.toml").write_text("sede = 3\n")
    done = run("solve", write("double.sl", DOUBLE))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "reverie.toml: the key `sede` is no setting; did you mean `seed`?\n"


# The store.


def test_a_stored_solution_is_verified_and_replayed(write: Write, run: Run) -> None:
    path = write("double.sl", DOUBLE)
    found = [
        report_of(run("solve", path, *options, "--format", "json"))["found_by"]
        for options in (["--store"], ["--store", "sqlite:///reverie.db"], ["--store", "--no-replay"], [])
    ]
    assert found[1] == "replay"
    assert found[0] == found[2] == found[3] != "replay"


def test_a_stored_solution_that_is_larger_than_asked_is_not_replayed(write: Write, run: Run) -> None:
    path = write("double.sl", DOUBLE)
    run("solve", path, "--store")
    done = run("solve", path, "--store", "--max-size", "2", "--format", "json")
    assert report_of(done)["status"] == "exhausted"
