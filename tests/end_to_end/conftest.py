"""The installed command, run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def reverie() -> Path:
    """The console script beside the interpreter of the tests."""
    return Path(sys.executable).parent / "reverie"


@pytest.fixture
def run(reverie: Path, tmp_path: Path) -> Run:
    """Run ``reverie`` with some arguments in an empty folder; further environment by keyword."""

    def run_reverie(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [reverie, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return run_reverie
