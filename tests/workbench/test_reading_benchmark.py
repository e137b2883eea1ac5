"""The benchmark of reading runs on whatever files lie in the folder that it is given."""

import shutil
from pathlib import Path

import pytest

from workbench.benchmarks.reading import TRACKS, VARIABLE, bench_folder, main, report, time_track

SPECS = Path(__file__).parents[2] / "workbench" / "specs"


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A folder laid out as the public data, with one good and one bad file."""
    folder = tmp_path / "sygus" / "pbe_slia_2019"
    folder.mkdir(parents=True)
    shutil.copy(SPECS / "swap_names.sl", folder)
    (folder / "wrong.sl").write_text("(synth-fun f)", encoding="utf-8")
    return tmp_path


def test_a_track_is_read_and_counted(bench: Path) -> None:
    reading = time_track(bench, TRACKS[0], rounds=2)
    assert (reading.files, reading.classes, len(reading.unreadable)) == (2, (("examples", 1),), 1)
    assert 0 < reading.cpu < float("inf")


def test_the_report_names_files_that_are_refused(bench: Path) -> None:
    text = report([time_track(bench, TRACKS[0])])
    assert "1 examples" in text
    assert "wrong.sl:1:1: this `synth-fun` is incomplete" in text


def test_the_folder_may_be_named_by_the_environment(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(bench))
    assert bench_folder() == bench
    assert bench_folder(bench / "sygus") is None


def test_the_table_has_a_line_for_each_track(bench: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--bench", str(bench)])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")][1:] == [track.name for track in TRACKS]


def test_without_files_there_is_nothing_to_measure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    main([])
    assert VARIABLE in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--bench", str(tmp_path)])
