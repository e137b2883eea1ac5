"""What the lines of ``reverie session`` do."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import load_command
from dsl.errors import ReverieError

Lines = Callable[..., subprocess.CompletedProcess[str]]
STEPS = ("--max-candidates", "12000")


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lines:
    """Run the command with the lines of a text and some arguments in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run_session(text: str | bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
        data = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = load_command("session").main([*STEPS, *arguments], standalone_mode=False)
        return subprocess.CompletedProcess(arguments, code, *capsys.readouterr())

    return run_session


def test_examples_come_to_a_program_that_is_run_shown_and_saved(lines: Lines, tmp_path: Path) -> None:
    done = lines('"ab" => "AB"\n# a remark\n\n"c" => "C"\nrun "xyz"\nprogram\nexamples\nsave up.toml\n')
    assert done.returncode == 0, done.stderr
    _, _, program, claim, output, *shown = done.stdout.splitlines()
    assert program.startswith("lambda x0: ")
    assert claim.startswith("  solved: all given examples hold; ")
    assert output == '"XYZ"'
    assert shown[0] == program
    assert shown[2].startswith("(define-fun f ((x0 String)) String (")
    assert shown[3].startswith("(lambda (")
    assert shown[4:] == ['1  "ab" => "AB"', '2  "c" => "C"']
    assert done.stderr.splitlines() == [
        "it is the same for all inputs; a second example says more",
        "saved; `reverie solve up.toml` solves it",
    ]
    assert (tmp_path / "up.toml").exists()


def test_a_wrong_line_is_told_with_its_place_and_the_others_are_done(lines: Lines) -> None:
    done = lines(
        "[1, 2 => 3\n1 => 2\n2 => 3\nsove 5\n'a' => 1\n\"a\" => 1\n5\nforget x\nload no.toml\nrun [1\nhelp nix\nrun 5\n"
    )
    assert done.returncode == 2
    assert done.stdout.splitlines()[-1] == "6"
    told = [line for line in done.stderr.splitlines() if line.startswith("<stdin>") or "no.toml" in line]
    assert [line.split(": ", 1) for line in told] == [
        ["<stdin>:1:7", "this is no value"],
        ["<stdin>:4", "there is no command `sove`; did you mean `solve`?"],
        ["<stdin>:5:1", "this is no value"],
        ["<stdin>:6", "this example does not fit the others: 'a' is a str, but earlier values are int"],
        ["<stdin>:7:2", "expected `=>` and the output"],
        ["<stdin>:8", "`forget x`: this must be the number of an example, as `examples` lists them"],
        ["no.toml", "no such file"],
        ["<stdin>:10:7", "this is no value"],
        ["<stdin>:11", "there is no command `nix`; `help` lists them"],
    ]


@pytest.mark.parametrize(
    ("text", "arguments", "code"),
    [
        ("", (), 0),
        ("quit\nthis is not read\n", (), 0),
        ("1 => 2\n1 => 3\n", (), 1),
        ("1 => 2\n1 => 3\n", ("--exit-zero",), 0),
        ("1 => 2\n1 => 3\nundo\n", (), 0),
        (b"\xff => 1\n", (), 2),
    ],
)
def test_the_exit_code_says_what_became_of_the_lines(
    lines: Lines, text: str, arguments: tuple[str, ...], code: int
) -> None:
    assert lines(text, *arguments).returncode == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no.toml",), "no.toml: no such file"),
        (("strings", "--domain", "lists"), "--domain lists: the domain is strings already"),
        (("--generation", "latest"), "name it with --store"),
        (("--domain", "list"), "did you mean `lists`?"),
    ],
)
def test_a_session_that_cannot_begin_says_why(lines: Lines, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(ReverieError) as raised:
        lines("", *arguments)
    assert message in str(raised.value)


def test_an_answer_to_a_question_is_an_example(lines: Lines) -> None:
    done = lines('"Ada Lovelace" => "AL"\nask\n=> "A "\nrun "Adaa Lovelace"\n=> "A "\nexamples\n')
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    asked = next(line for line in shown if line.endswith(" => ?"))
    assert sum(line.startswith('  "') and "  by lambda x0: " in line for line in shown) >= 2
    assert f'2  {asked.removesuffix("?")}"A "' in shown
    assert "answer with `=> OUTPUT`" in done.stderr


def test_a_file_is_gone_on_from_and_held_out_examples_are_only_told_of(lines: Lines, tmp_path: Path) -> None:
    (tmp_path / "up.toml").write_text('examples = [[["ab"], "AB"], [["q"], "Q"]]\nheld_out = [[["c"], "C"]]\n')
    done = lines('"xyz" => "XYZ"\n', "up.toml", "--store", "sqlite:///up.db")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "f(x: str) -> str, by 2 examples, domain strings",
        "on the held-out examples it is right",
        "the program fits this example as well",
    ]
    again = lines("generation\nlibrary\n", "up.toml", "--store", "sqlite:///up.db")
    assert "found by replay" in again.stdout
    assert "\nshipped-strings" in again.stdout
    assert " -> str  lambda " in again.stdout.splitlines()[-1]
    plain = lines("generation\nlibrary\n", "up.toml", "--generation", "none")
    assert plain.stdout.splitlines()[-1] == "none"
    assert "the generation none has no abstractions" in plain.stderr


def test_bit_vectors_several_inputs_and_several_functions_can_be_typed(lines: Lines, tmp_path: Path) -> None:
    done = lines("signature bv8 -> bv8\n#x0f => 0x0f\nrun #b00000101\nundo\nundo\n1, 2 => 3\n40, 4 => 44\nrun 5, 6\n")
    assert done.returncode == 0, done.stderr
    outputs = [line for line in done.stdout.splitlines() if line in ("#x05", "11")]
    assert outputs == ["#x05", "11"]
    (tmp_path / "two.sl").write_text(
        "(set-logic LIA)\n(synth-fun a ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))\n"
        "(synth-fun b ((x Int)) Int ((S Int)) ((S Int (x 0 1 (+ S S)))))\n"
        "(constraint (= (a 3) 3))\n(constraint (= (b 3) 4))\n(check-synth)\n"
    )
    done = lines("b(8) => 9\nrun b(1)\nrun a(1)\n1 => 1\n", "two.sl")
    assert done.returncode == 2
    assert done.stdout.splitlines()[-2:] == ["2", "1"]
    assert "there are several functions: a, b" in done.stderr
