"""The benchmark of compression runs on whatever corpora lie in the folder that it is given."""

import gzip
import json
from pathlib import Path

import pytest

from wake_sleep.sleep.abstraction.corpus import read_corpora
from wake_sleep.sleep.abstraction.metrics import BABBLE, STITCH
from workbench.benchmarks.compression import first_size, main, size_of, stitch_alone

PROGRAMS = [f"(lambda (map (lambda (+ (* $0 $0) {n})) (filter {n} $0)))" for n in "abcdef"]


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A folder laid out as the public data, with one corpus of each kind."""
    (tmp_path / "sygus").mkdir()
    folder = tmp_path / "compression"
    folder.mkdir()
    frontiers = [{"task": program, "programs": [program]} for program in PROGRAMS]
    line = json.dumps({"bench": "run/bench.json", "frontiers": frontiers})
    (folder / "dreamcoder_list.jsonl.gz").write_bytes(gzip.compress(line.encode()))
    published = "benchmark,initial,all none,all dsrs\nrun/bench.json,115,100,50\n"
    (folder / "babble_list-beam-400-lps-1-rounds-20.csv").write_text(published, encoding="utf-8")
    (folder / "cogsci_nuts-bolts.json").write_text(json.dumps(PROGRAMS), encoding="utf-8")
    return tmp_path


def test_sizes_are_those_of_the_publications(bench: Path) -> None:
    (corpus,) = read_corpora(bench / "compression" / "dreamcoder_list.jsonl.gz")
    program = corpus.programs[0]
    assert size_of(program, STITCH) == 10 * 100 + 2 + 8 - 100
    assert first_size(corpus, BABBLE) == 6 * size_of(program, BABBLE) + 1


def test_stitch_by_itself_is_measured_by_its_own_programs(bench: Path) -> None:
    (corpus,) = read_corpora(bench / "compression" / "dreamcoder_list.jsonl.gz")
    (sizes,), (library,) = stitch_alone(corpus, [2])
    found = sizes(STITCH)
    assert found.original == sum(size_of(program, STITCH) for program in corpus.programs)
    assert found.rewritten == 6 * 201
    assert found.library == size_of(corpus.programs[0], STITCH)
    assert found.ratio > 1
    assert len(library.proposals) == 1


def test_both_stand_side_by_side(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--bench", str(bench), "--domain", "list", "--domain", "cogsci", "--metric", "babble", "--sample", "1"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["list", "babble", "1"]
    assert lines[1].split()[-1] == "0"
    assert lines[2].startswith("list: 1 files (1 of equal initial cost): ours ")
    assert lines[4].split()[0] == "nuts-bolts"


def test_without_data_it_says_where_to_name_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--bench", str(tmp_path)])
    assert "name their folder by --bench" in capsys.readouterr().err
