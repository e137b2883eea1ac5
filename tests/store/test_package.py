"""Importing the package costs nothing; its names are loaded when they are used."""

import subprocess
import sys
from pathlib import Path

import store

ROOT = Path(__file__).parents[2]


def test_every_name_is_there() -> None:
    assert sorted(store.__all__) == dir(store)
    assert all(getattr(store, name).__name__ == name for name in store.__all__)


def test_importing_the_package_loads_no_database() -> None:
    code = "import sys; from store import StoreError; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
