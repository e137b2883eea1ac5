"""How options become settings, and which may stand without a value."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from cli.main import LazyCommand
from cli.options import OPTIONS, with_settings
from workbench.settings import SETTINGS, Settings


def given(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that a command gets for those that were typed."""
    seen: list[list[str]] = []

    class Command:
        def make_context(self, _: str | None, args: list[str]) -> None:
            seen.append(args)

    monkeypatch.setattr("cli.main.load_command", lambda _: Command())
    LazyCommand("solve").make_context("solve", arguments)
    return seen[0]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["a.sl", "--store"], ["a.sl", "--store=sqlite:///reverie.db"]),
        (["--store", "a.sl"], ["--store=sqlite:///reverie.db", "a.sl"]),
        (["--store", "sqlite:///x.db", "a.sl"], ["--store", "sqlite:///x.db", "a.sl"]),
        (["--store=sqlite:///x.db"], ["--store=sqlite:///x.db"]),
        (["--", "--store"], ["--", "--store"]),
    ],
)
def test_a_store_may_stand_without_its_place(
    typed: list[str], meant: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert given(typed, monkeypatch) == meant


def test_every_setting_is_an_option() -> None:
    assert set(OPTIONS) == {"preset", *(setting.name for setting in SETTINGS)}


def test_a_command_gets_its_own_arguments_and_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[tuple[int, Settings]] = []

    @with_settings
    def command(number: int, settings: Settings) -> None:
        """A command."""
        seen.append((number, settings))

    monkeypatch.chdir(tmp_path)
    parameters = inspect.signature(command).parameters
    assert list(parameters) == ["number", *(name.replace("-", "_") for name in OPTIONS)]
    arguments: dict[str, Any] = dict.fromkeys(parameters)
    command(**{**arguments, "number": 3, "max_size": 7})
    assert seen[0][0] == 3
    assert seen[0][1]["max-size"] == 7
    assert seen[0][1].choices["max-size"].origin == "--max-size"
