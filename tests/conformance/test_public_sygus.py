"""Every public SyGuS-IF file is read, classified, and printed so that it reads back equal."""

from collections import Counter
from pathlib import Path

import pytest

from dsl.grammar import Grammar
from dsl.source import Source, read_source
from dsl.spec import Classification, Spec
from dsl.sygus.printing import print_sygus
from dsl.sygus.reader import read_sygus
from workbench.benchmarks.reading import bench_folder

BENCH = bench_folder()
FOLDERS = [] if BENCH is None else sorted(path for path in (BENCH / "sygus").iterdir() if path.is_dir())

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="the public benchmark data is not here; REVERIE_BENCH names its folder"
)


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def track(request: pytest.FixtureRequest) -> tuple[str, dict[Path, Spec]]:
    folder: Path = request.param
    return folder.name, {path: read_sygus(read_source(path)) for path in sorted(folder.glob("*.sl"))}


def test_every_file_is_of_the_class_of_its_track(track: tuple[str, dict[Path, Spec]]) -> None:
    name, specs = track
    classes = Counter(spec.classification for spec in specs.values())
    if name.startswith("pbe"):
        # One file of a string track is about integers, and no examples.
        assert classes[Classification.EXAMPLES] >= len(specs) - 1
    elif name.startswith("inv"):
        assert set(classes) == {Classification.INVARIANT}
    else:
        assert Classification.INVARIANT not in classes


def test_every_file_is_mapped_to_the_domain_of_its_sorts(track: tuple[str, dict[Path, Spec]]) -> None:
    _, specs = track
    logics = {"integers": "LIA", "bitvectors": "BV", "strings": "SLIA"}
    for path, spec in specs.items():
        sorts = {type_.name for function in spec.functions for type_ in (*function.type.parameters, function.result)}
        expected = {"str": "strings", "bv": "bitvectors"}
        assert {expected[sort] for sort in sorts if sort in expected} <= {spec.domain}, path
        assert spec.logic == logics[spec.domain or ""], path


def test_every_condition_is_kept(track: tuple[str, dict[Path, Spec]]) -> None:
    _, specs = track
    for path, spec in specs.items():
        stated = (spec.source or "").count("(constraint ")
        assert len(spec.examples) + len(spec.constraints) >= stated, path
        assert (spec.invariant is not None) == ("(inv-constraint " in (spec.source or "")), path


def test_no_file_has_another_problem_than_nonterminals_never_reached(track: tuple[str, dict[Path, Spec]]) -> None:
    _, specs = track
    assert {problem.kind for spec in specs.values() for problem in spec.problems} <= {"unreachable-nonterminal"}


def test_every_grammar_has_programs(track: tuple[str, dict[Path, Spec]]) -> None:
    _, specs = track
    grammars = [f.grammar for spec in specs.values() for f in spec.functions if isinstance(f.grammar, Grammar)]
    assert all(grammar.minimum_size(grammar.start) < 100 for grammar in grammars)


def test_what_is_printed_reads_back_equal(track: tuple[str, dict[Path, Spec]]) -> None:
    _, specs = track
    for path, spec in specs.items():
        again = read_sygus(Source(print_sygus(spec)))
        assert again == spec, path
        assert again.identity == spec.identity, path
        assert again.dialect == "sygus-2.1", path
