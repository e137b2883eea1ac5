"""What is installed: the listed packages are those on disk, and a wheel of them works anywhere."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "dsl", "store", "wake_sleep", "workbench")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the working tree, built from a copy of it without reaching for the network."""
    sources, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, sources / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, sources)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
    subprocess.run([*build, "--outdir", str(folder), str(sources)], check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment outside the checkout with the wheel and our dependencies in it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    site = Path(paths["purelib"])
    target = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
    python = Path(paths["scripts"], "python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", *target, str(wheel)]
    subprocess.run(pip, check=True, capture_output=True)
    # Our dependencies come from where the tests run, after what the wheel itself installed. The
    # folder is appended as a path only, so that its own .pth files (the editable install) do not run.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return python.parent


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A user's folder whose own packages have our names and must never be imported."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise SystemExit('shadowed')\n", encoding="utf-8")
    return tmp_path


def folders_with_modules() -> set[str]:
    return {
        ".".join(path.parent.relative_to(ROOT).parts) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
    }


def test_the_listed_packages_are_those_on_disk(project: dict[str, Any]) -> None:
    assert project["tool"]["setuptools"]["packages"] == sorted(folders_with_modules())


def test_every_package_on_disk_has_an_init() -> None:
    assert [
        name for name in folders_with_modules() if not (ROOT / name.replace(".", "/") / "__init__.py").exists()
    ] == []


def test_every_data_file_is_listed(project: dict[str, Any]) -> None:
    patterns: dict[str, list[str]] = project["tool"]["setuptools"]["package-data"]
    unlisted = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
        for listed in [patterns.get(".".join(path.parent.relative_to(ROOT).parts), [])]
        if not any(fnmatch(path.name, pattern) for pattern in listed)
    ]
    assert unlisted == []


def test_the_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    on_disk = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if not name.split("/")[0].endswith(".dist-info")}
    assert packed == on_disk


@pytest.mark.parametrize("arguments", [["--version"], ["domains"], ["doctor"]], ids=" ".join)
def test_a_users_own_folders_do_not_shadow_ours(installed: Path, hostile: Path, arguments: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [installed / "reverie", *arguments],
        cwd=hostile,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert str(ROOT) not in done.stdout


def test_doctor_names_what_hides_our_packages(installed: Path, hostile: Path) -> None:
    (hostile / "store" / "__init__.py").write_text("", encoding="utf-8")
    for package in set(PACKAGES) - {"store"}:
        (hostile / package / "__init__.py").unlink()
        (hostile / package).rmdir()
    done = subprocess.run(
        [installed / "reverie", "doctor", "--format", "value"],
        env={**os.environ, "PYTHONPATH": str(hostile)},
        capture_output=True,
        text=True,
        check=False,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("package store")]
    assert done.returncode == 1
    assert str(hostile) in line


def test_the_version_is_that_of_the_project_file(project: dict[str, Any]) -> None:
    assert version("reverie") == project["project"]["version"]
