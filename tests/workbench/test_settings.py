"""Where each setting comes from."""

from pathlib import Path

import pytest

from dsl.spec import Budget
from wake_sleep.wake.solve import SolveSettings, Strategy
from workbench.settings import PRESETS, SETTINGS, SettingsError, resolve


def test_without_anything_all_is_as_built_in() -> None:
    settings = resolve({}, {})
    assert settings.solving == SolveSettings()
    assert {choice.origin for choice in settings.choices.values()} == {"default"}


def test_each_source_goes_before_the_next(tmp_path: Path) -> None:
    (tmp_path / "reverie.toml").write_text('preset = "quality"\nseed = 3\nmax-size = 30\njobs = 3\n')
    environment = {"REVERIE_SEED": "2", "REVERIE_MAX_SIZE": "20", "HOME": "/nowhere"}
    settings = resolve({"seed": 1, "max-size": None}, environment, tmp_path)
    found = {name: (choice.value, choice.origin) for name, choice in settings.choices.items()}
    assert found["seed"] == (1, "--seed")
    assert found["max-size"] == (20, "REVERIE_MAX_SIZE")
    assert found["jobs"] == (3, "reverie.toml")
    assert found["cpu-seconds"] == (60.0, "preset quality")
    assert found["strategy"] == ("hybrid", "default")
    assert settings.budget == Budget(cpu_seconds=60.0, size=20)


def test_a_project_file_may_hold_the_settings(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.reverie]\nstrategy = "symbolic"\nlibrary = false\n')
    settings = resolve({}, {}, tmp_path)
    assert settings.choices["strategy"].origin == "pyproject.toml [tool.reverie]"
    assert settings.solving == SolveSettings(strategy=Strategy.SYMBOLIC, library=False)


def test_a_project_file_of_another_project_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nseed = 1\n")
    assert resolve({}, {}, tmp_path)["seed"] == 0


def test_the_file_of_reverie_goes_before_that_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.reverie]\nseed = 1\njobs = 2\n")
    (tmp_path / "reverie.toml").write_text("seed = 2\n")
    settings = resolve({}, {}, tmp_path)
    assert (settings["seed"], settings["jobs"]) == (2, 1)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_gives_values_that_are_possible(preset: str) -> None:
    settings = resolve({"preset": preset}, {})
    assert settings["cpu-seconds"] == PRESETS[preset]["cpu-seconds"]


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("0", False), ("off", False)])
def test_the_environment_says_yes_and_no_in_several_ways(text: str, value: bool) -> None:
    assert resolve({}, {"REVERIE_REPLAY": text})["replay"] is value


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        ({"cpu-seconds": -1.0}, {}, "--cpu-seconds: -1.0 is not possible: it must be greater than 0"),
        ({"cpu-seconds": float("nan")}, {}, "--cpu-seconds: nan is not possible"),
        ({"jobs": 0}, {}, "--jobs: 0 is not possible: it must be at least 1"),
        ({"strategy": "neurl"}, {}, "--strategy: 'neurl' is not possible: it must be one of symbolic, neural, hybrid"),
        ({"store": "results"}, {}, "it must be the URL of a database, such as sqlite:///reverie.db"),
        ({"preset": "balenced"}, {}, "did you mean `balanced`?"),
        ({}, {"REVERIE_SEED": "one"}, "REVERIE_SEED: 'one' is not possible: it must be a whole number"),
        ({}, {"REVERIE_LIBRARY": "maybe"}, "REVERIE_LIBRARY: 'maybe' is not possible: it must be true or false"),
        ({}, {"REVERIE_SEDE": "1"}, "REVERIE_SEDE is no setting; did you mean `REVERIE_SEED`?"),
        ({}, {"REVERIE_CPU_SECONDS": "soon"}, "REVERIE_CPU_SECONDS: 'soon' is not possible: it must be a number"),
    ],
)
def test_a_bad_value_names_where_it_stands(
    options: dict[str, object], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        resolve(options, environment)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jbos = 2", "reverie.toml: the key `jbos` is no setting; did you mean `jobs`?"),
        ('seed = "x"', "reverie.toml: seed: 'x' is not possible: it must be a whole number"),
        ("seed = true", "reverie.toml: seed: True is not possible: it must be a whole number"),
        ("cpu-seconds = [1]", "reverie.toml: cpu-seconds: [1] is not possible: it must be a number"),
        ("seed = ", "reverie.toml: "),
        ("é".encode("latin-1"), "reverie.toml: this is not UTF-8 text"),
    ],
)
def test_a_bad_file_is_named_with_its_key(text: str | bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "reverie.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as raised:
        resolve({}, {}, tmp_path)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["tool = 1", "[tool]\nreverie = 1"])
def test_a_project_file_must_hold_a_table(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    if text == "tool = 1":
        assert resolve({}, {}, tmp_path)["seed"] == 0
    else:
        with pytest.raises(SettingsError, match="must be a table"):
            resolve({}, {}, tmp_path)


def test_variables_of_the_tests_and_of_debugging_are_no_settings() -> None:
    assert resolve({}, {"REVERIE_DEBUG": "1", "REVERIE_BENCH": "somewhere"})["seed"] == 0


def test_the_defaults_are_values_that_may_be_chosen() -> None:
    for setting in SETTINGS:
        if setting.default is not None:
            assert setting.read(setting.default) == setting.default
