"""What we print in version 2.1 is accepted by cvc5, a solver of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsl.source import Source, read_source
from dsl.spec import Function, Spec
from dsl.sygus.logics import default_grammar
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus
from workbench.benchmarks.reading import bench_folder

cvc5 = pytest.importorskip("cvc5")

ROOT = Path(__file__).parents[2]
OWN = sorted([*(ROOT / "tests" / "dsl" / "fixtures").glob("*.sl"), *(ROOT / "workbench" / "specs").glob("*.sl")])
BENCH = bench_folder()
FOLDERS = [] if BENCH is None else sorted(path for path in (BENCH / "sygus").iterdir() if path.is_dir())
SAMPLE = 8
"""Public files of each folder that are tried by default, evenly spread."""


def refusal(text: str) -> str | None:
    """What cvc5 says against a file, solving aside; None if it accepts every command."""
    manager = cvc5.TermManager()
    solver = cvc5.Solver(manager)
    solver.setOption("sygus", "true")
    symbols = cvc5.SymbolManager(manager)
    parser = cvc5.InputParser(solver, symbols)
    parser.setStringInput(cvc5.InputLanguage.SYGUS_2_1, text, "printed")
    try:
        while not (command := parser.nextCommand()).isNull():
            said = "" if "check-synth" in str(command) else str(command.invoke(solver, symbols)).strip()
            if said not in ("", "success"):
                return said
    except RuntimeError as error:
        return str(error)
    return None


def printed(path: Path) -> str:
    return print_sygus(read_sygus(read_source(path)))


def test_cvc5_refuses_what_is_wrong() -> None:
    assert refusal("(set-logic LIA)(synth-fun f ((x Int)) Int)(check-synth)") is None
    assert refusal("(set-logic LIA)(constraint (= (f 1) 2))") is not None
    assert refusal("(set-logic LIA)(synth-fun f ((x Int)) Int ((A Int (x))))") is not None


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_our_own_files_are_accepted(path: Path) -> None:
    assert refusal(printed(path)) is None


@pytest.mark.parametrize(
    "text",
    [
        "(synth-fun f ((|a b| Int) (|let| Int) (|3| Int)) Int)(declare-var |;| Int)(constraint (> (f |;| 3 |;|) |;|))",
        "(synth-fun f ((x Int)) Int ((A Int (x (+ (Constant Int) A) (Variable Int) (- 1) (- A 1)))))",
        "(synth-fun f ((x Int)) Int)(declare-var y Int)(define-fun next () Int (+ y 1))(constraint (= (f next) y))",
        "(synth-inv i ((x Int)))(declare-var n Int)(define-fun p ((x Int)) Bool (> x n))"
        "(define-fun t ((x Int) (n Int)) Bool (> x n))(inv-constraint i p t p)",
        '(synth-fun f ((s String)) Bool)(constraint (f "\\u{0}\\u{a}""é\\\\u{41}|;"))(constraint (not (f "")))',
        "(set-logic BV)(synth-fun f ((x Bool)) Bool)(assume true)(constraint (=> (f true) (f false)))",
        "(synth-fun f ((- Int)) Int ((A Int (- (- A 1)))))(constraint (= (f -1) (- 2)))",
        "(synth-fun f ((x Int)) Int)(declare-var x Int)(constraint "
        + "(let ((x (+ x x))) " * 200
        + "(= (f x) x)"
        + ")" * 201,
    ],
)
def test_unusual_specs_are_accepted(text: str) -> None:
    assert refusal(print_sygus(read_sygus(Source(text)))) is None


@pytest.mark.parametrize(
    "text",
    [
        "(set-logic LIA)(synth-fun f ((x Int) (b Bool)) Int)",
        "(set-logic NIA)(synth-fun f ((x Int)) Bool)",
        "(set-logic SLIA)(synth-fun f ((s String)) Int)",
        "(set-logic BV)(synth-fun f ((x (_ BitVec 8)) (y (_ BitVec 4))) (_ BitVec 4))",
    ],
)
def test_the_default_grammars_are_legal_in_their_logic(text: str) -> None:
    spec = read_sygus(Source(text))
    (function,) = spec.functions
    stated = Function(function.name, function.parameters, function.result, default_grammar(spec, function))
    assert refusal(print_sygus(Spec((stated,), spec.domain, logic=spec.logic))) is None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_sample_of_the_public_files_is_accepted(folder: Path) -> None:
    paths = sorted(folder.glob("*.sl"))
    for path in paths[:: max(1, len(paths) // SAMPLE)]:
        assert refusal(printed(path)) is None, path


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_public_file_is_accepted(folder: Path) -> None:
    for path in sorted(folder.glob("*.sl")):
        assert refusal(printed(path)) is None, path
