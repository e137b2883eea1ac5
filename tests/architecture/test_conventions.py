"""Rules that every module of the five packages keeps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("dsl", "store", "wake_sleep", "workbench", "cli")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TEXT_SUFFIXES = {".py", ".md", ".toml", ".yml", ".yaml", ".sl", ".json", ".csv", ".txt", ".cfg", ""}
UNTRACKED = {".git", ".venv", "site", "build", "demo", "dist", "htmlcov", "__pycache__", ".hypothesis"}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def public_definitions(module: Path) -> Iterator[Definition]:
    for node in tree_of(module).body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def project_texts() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        generated = any(part in UNTRACKED or part.endswith(("_cache", ".egg-info", ".artifacts")) for part in parts)
        if not generated and path.is_file() and path.suffix in TEXT_SUFFIXES:
            yield path


@pytest.mark.parametrize("module", MODULES, ids=dotted)
def test_a_module_says_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(tree_of(module))


@pytest.mark.parametrize("module", MODULES, ids=dotted)
def test_every_public_object_has_a_docstring(module: Path) -> None:
    assert [node.name for node in public_definitions(module) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", MODULES, ids=dotted)
def test_no_module_prints(module: Path) -> None:
    calls = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)]
    prints = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert prints == []


@pytest.mark.parametrize("module", MODULES, ids=dotted)
def test_a_module_is_named_for_what_it_holds(module: Path) -> None:
    assert module.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


def test_every_module_with_public_objects_is_in_the_reference() -> None:
    pages = [path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").rglob("*.md")]
    documented = {name for page in pages for name in re.findall(r"^::: (\S+)$", page, flags=re.MULTILINE)}
    public = {dotted(module) for module in MODULES if any(public_definitions(module))}
    assert sorted(public - documented) == []
    assert sorted(documented - {dotted(module) for module in MODULES}) == []


def test_no_text_names_a_folder_of_some_machine() -> None:
    places = tuple(f"/{place}/" for place in ("work", "root"))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in project_texts()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if any(re.search(rf"(?<![\w.~/-]){place}", line) for place in places)
    ]
    assert found == []


def test_the_tests_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_the_tests_run_in_importlib_mode(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.getoption("importmode") == "importlib"
