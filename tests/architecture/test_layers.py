"""cli → workbench → wake_sleep → store → dsl: a package imports only itself and packages to its right."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("cli", "workbench", "wake_sleep", "store", "dsl")
MODULES = sorted(path for package in LAYERS for path in (ROOT / package).rglob("*.py"))

THIRD_PARTY = {
    "cli": {"typer", "rich"},
    "workbench": {"matplotlib", "numpy", "rich"},
    "wake_sleep": {"numpy"},
    "store": {"alembic", "psycopg", "sqlalchemy"},
    "dsl": {"numpy"},
}
"""What each package may import from outside, anywhere in it."""

CONFINED = {
    "z3": ("dsl/smt", "wake_sleep/wake/verify"),
    "ray": ("wake_sleep/wake/pool",),
    "stitch_core": ("wake_sleep/sleep/abstraction",),
    "torch": ("wake_sleep/model",),
    "torch_geometric": ("wake_sleep/model",),
    "safetensors": ("wake_sleep/model",),
}
"""What may be imported only where specifications are translated, programs verified, workers run, abstractions proposed
and networks asked."""


def name_of(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def imports_of(module: Path) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(module)}:{node.lineno}: a relative import hides its layer"
            assert node.module is not None
            yield node.lineno, node.module


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_only_its_own_layer_and_those_below(module: Path) -> None:
    layer = name_of(module).split("/")[0]
    above = LAYERS[: LAYERS.index(layer)]
    upward = [f"line {line}: {name}" for line, name in imports_of(module) if name.split(".")[0] in above]
    assert not upward


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_module_imports_from_outside_only_what_its_layer_may(module: Path) -> None:
    name = name_of(module)
    allowed = THIRD_PARTY[name.split("/")[0]] | {
        package for package, places in CONFINED.items() if name.startswith(places)
    }
    known = sys.stdlib_module_names | set(LAYERS) | allowed
    foreign = [f"line {line}: {name}" for line, name in imports_of(module) if name.split(".")[0] not in known]
    assert not foreign


def test_the_modules_were_found() -> None:
    assert {name_of(module).split("/")[0] for module in MODULES} == set(LAYERS)
