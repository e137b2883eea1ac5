"""Every public SyGuS-IF file is read, classified, and printed so that it reads back equal.

By default it is a sample of the files of each folder; all of them take part with ``-m "slow or not slow"``.
"""

from collections import Counter
from collections.abc import Iterator
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
SAMPLE = 70
"""Files of each folder that are read by default, evenly spread; smaller folders are read whole."""

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="the public benchmark data is not here; REVERIE_BENCH names its folder"
)


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sl"))


def tracks() -> Iterator[object]:
    """The files of each folder: a sample, and if there are more, all of them as well."""
    for folder in FOLDERS:
        paths = files_of(folder)
        sample = paths[:: -(-len(paths) // SAMPLE) or 1]
        yield pytest.param((folder.name, sample), id=folder.name)
        if len(sample) < len(paths):
            yield pytest.param((folder.name, paths), id=f"{folder.name}-all", marks=pytest.mark.slow)


Track = tuple[str, dict[Path, Spec]]


@pytest.fixture(scope="module", params=tracks())
def track(request: pytest.FixtureRequest) -> Track:
    name, paths = request.param
    return name, {path: read_sygus(read_source(path)) for path in paths}


def test_every_file_is_of_the_class_of_its_track(track: Track) -> None:
    name, specs = track
    classes = Counter(spec.classification for spec in specs.values())
    if name.startswith("pbe"):
        # One file of a string track is about integers, and no examples.
        assert classes[Classification.EXAMPLES] >= len(specs) - 1
    elif name.startswith("inv"):
        assert set(classes) == {Classification.INVARIANT}
    else:
        assert Classification.INVARIANT not in classes


def test_every_file_is_mapped_to_the_domain_of_its_sorts(track: Track) -> None:
    _, specs = track
    logics = {"integers": "LIA", "bitvectors": "BV", "strings": "SLIA"}
    for path, spec in specs.items():
        sorts = {type_.name for function in spec.functions for type_ in (*function.type.parameters, function.result)}
        expected = {"str": "strings", "bv": "bitvectors"}
        assert {expected[sort] for sort in sorts if sort in expected} <= {spec.domain}, path
        assert spec.logic == logics[spec.domain or ""], path


def test_every_condition_is_kept(track: Track) -> None:
    _, specs = track
    for path, spec in specs.items():
        stated = (spec.source or "").count("(constraint ")
        assert len(spec.examples) + len(spec.constraints) >= stated, path
        assert (spec.invariant is not None) == ("(inv-constraint " in (spec.source or "")), path


def test_no_file_has_another_problem_than_nonterminals_never_reached(track: Track) -> None:
    _, specs = track
    assert {problem.kind for spec in specs.values() for problem in spec.problems} <= {"unreachable-nonterminal"}


def test_every_grammar_has_programs(track: Track) -> None:
    _, specs = track
    grammars = [f.grammar for spec in specs.values() for f in spec.functions if isinstance(f.grammar, Grammar)]
    assert all(grammar.minimum_size(grammar.start) < 100 for grammar in grammars)


def test_what_is_printed_reads_back_equal(track: Track) -> None:
    _, specs = track
    for path, spec in specs.items():
        again = read_sygus(Source(print_sygus(spec)))
        assert again == spec, path
        assert again.identity == spec.identity, path
        assert again.dialect == "sygus-2.1", path
