"""What is never loaded before it is needed, read from ``sys.modules`` of a fresh process."""

import json
import os
import subprocess
import sys

import pytest

LEARNING = ("torch", "torch_geometric", "ray", "sqlalchemy", "alembic")
HEAVY = (*LEARNING, "numpy", "z3", "cvc5", "rich", "dsl.terms", "dsl.domain", "dsl.specfile", "dsl.smt")

LIST_MODULES = """
import atexit, json, sys
atexit.register(lambda: sys.stderr.write("\\n" + json.dumps(sorted(sys.modules))))
"""


def modules_after(code: str, **environment: str) -> set[str]:
    """The modules that a fresh interpreter has loaded when it ends, having run the code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{LIST_MODULES}\n{code}"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def loaded(modules: set[str], packages: tuple[str, ...]) -> list[str]:
    return sorted(name for name in modules if name.startswith(tuple(f"{p}." for p in packages)) or name in packages)


def command_line(*arguments: str) -> str:
    return f"sys.argv = {['reverie', *arguments]!r}\nfrom cli.main import main\nmain()"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []], ids=["help", "version", "bare"])
def test_the_first_screen_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"try:\n  {'; '.join(command_line(*arguments).splitlines())}\nexcept SystemExit: pass"
    assert loaded(modules_after(code), HEAVY) == []


@pytest.mark.parametrize("words", ["reverie ", "reverie ch", "reverie check --"], ids=["commands", "prefix", "options"])
def test_shell_completion_loads_nothing_heavy(words: str) -> None:
    modules = modules_after(
        command_line(),
        _REVERIE_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split(" ")) - 1),
    )
    assert loaded(modules, HEAVY) == []


def test_the_library_loads_nothing_of_learning_or_storing() -> None:
    assert loaded(modules_after("import wake_sleep, dsl"), (*LEARNING, "typer")) == []


def test_the_commands_load_nothing_of_learning_or_storing() -> None:
    code = "import cli.solve, cli.batch, cli.config, cli.check, cli.domains, cli.doctor, dsl.specfile, dsl.domain"
    assert loaded(modules_after(code), LEARNING) == []


def test_solving_loads_nothing_of_learning_or_storing() -> None:
    code = "from workbench import solve; solve(examples=[('ab', 'AB')], max_candidates=1000)"
    assert loaded(modules_after(code), (*LEARNING, "typer", "rich")) == []
