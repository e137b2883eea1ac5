"""Files of corpora."""

import gzip
import json
from pathlib import Path

import pytest

from wake_sleep.sleep.abstraction.corpus import CorpusError, read_corpora
from wake_sleep.sleep.abstraction.untyped import read_program

FRONTIERS = {
    "bench": "b",
    "frontiers": [
        {"task": "one", "programs": ["(f x)", "(g x)"]},
        {"task": "two", "programs": [{"program": "((lambda (f $0)) x)"}]},
    ],
}


def test_a_list_of_programs_is_a_corpus_of_tasks_with_one_program(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('["(f x)", "(f x)"]', encoding="utf-8")
    (corpus,) = read_corpora(path)
    assert (corpus.name, corpus.tasks) == ("a", ("0", "1"))
    assert corpus.programs == (read_program("(f x)"),) * 2


def test_json_lines_of_frontiers_are_many_corpora(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join([json.dumps(FRONTIERS)] * 2).encode()))
    first, second = read_corpora(path)
    assert first == second
    assert first.positions_by_task == {"0 one": [0, 1], "1 two": [2]}
    assert first.programs[0] is first.programs[2]
    assert first.part([2]).tasks == ("1 two",)


@pytest.mark.parametrize("text", ["", "{", "[]", "[1]", "{}", '["(f"]', '{"frontiers": [1]}', '{"frontiers": []}'])
def test_what_is_no_corpus_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=r"a\.json"):
        read_corpora(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(b"no gzip")
    for name in ("a.json.gz", "none.json"):
        with pytest.raises(CorpusError, match=name):
            read_corpora(tmp_path / name)
