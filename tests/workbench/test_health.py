"""What ``reverie doctor`` looks at."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from workbench import health
from workbench.health import Finding, examine, installed_root


class Installed(importlib.metadata.Distribution):
    """A distribution with given metadata files in a given folder."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        self.files_by_name = files

    def read_text(self, filename: str) -> str | None:
        return self.files_by_name.get(filename.partition(".")[0])

    def locate_file(self, path: object) -> Path:
        return self.folder / str(path)


def install(monkeypatch: pytest.MonkeyPatch, distribution: importlib.metadata.Distribution) -> None:
    """Make Python believe that this is the distribution called reverie."""
    found = importlib.metadata.distribution
    monkeypatch.setattr(
        importlib.metadata, "distribution", lambda name: distribution if name == "reverie" else found(name)
    )


def finding(check: str) -> Finding:
    (found,) = [finding for finding in examine() if finding.check == check]
    return found


def test_this_installation_is_whole() -> None:
    assert [finding for finding in examine() if not finding.ok] == []


def test_a_distribution_that_is_missing_is_the_last_thing_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "DISTRIBUTION", "no-such-distribution")
    last = list(examine())[-1]
    assert (last.check, last.ok, last.advice) == ("distribution", False, "install `no-such-distribution`")


def test_a_package_that_lies_elsewhere_is_not_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install(monkeypatch, Installed(tmp_path, METADATA="Name: reverie\nVersion: 1\n"))
    found = finding("package store")
    assert not found.ok
    assert "another `store` hides ours" in found.advice


@pytest.mark.parametrize(
    ("requirement", "ok", "advice"),
    [
        ("typer>=0.1", True, ""),
        ("typer>=0.1,<99", True, ""),
        ("typer>=99", False, "install `typer>=99`"),
        ("typer<0.1,>=0.0.1", False, "install `typer<0.1,>=0.0.1`"),
        ("no-such-distribution>=1", False, "install `no-such-distribution>=1`"),
    ],
)
def test_a_dependency_must_lie_within_its_bounds(
    requirement: str, ok: bool, advice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    metadata = f"Name: reverie\nVersion: 1\nRequires-Dist: {requirement}\n"
    install(monkeypatch, Installed(tmp_path, METADATA=metadata))
    name = requirement.partition(">")[0].partition("<")[0]
    found = finding(f"dependency {name}")
    assert (found.ok, found.advice) == (ok, advice)


def test_requirements_of_extras_are_not_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metadata = 'Name: reverie\nVersion: 1\nRequires-Dist: no-such-distribution>=1; extra == "tests"\n'
    install(monkeypatch, Installed(tmp_path, METADATA=metadata))
    assert not any(finding.check.startswith("dependency") for finding in examine())


def test_an_editable_installation_lies_where_its_sources_lie(tmp_path: Path) -> None:
    sources = tmp_path / "my sources"
    sources.mkdir()
    origin = json.dumps({"url": sources.as_uri(), "dir_info": {"editable": True}})
    assert installed_root(Installed(tmp_path, direct_url=origin)) == sources.resolve()


def test_an_installation_from_a_wheel_lies_beside_its_metadata(tmp_path: Path) -> None:
    assert installed_root(Installed(tmp_path)) == tmp_path.resolve()
