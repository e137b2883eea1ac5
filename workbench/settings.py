"""Settings: what a user may choose once for all commands, and where each value came from.

The first of these that gives a value decides: the command line, an environment variable ``REVERIE_*``, the file
``reverie.toml`` or the table ``[tool.reverie]`` of ``pyproject.toml`` in the working directory, the preset, the
built-in default.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from dsl.errors import ReverieError, nearest
from dsl.spec import Budget
from wake_sleep.config import DEFAULT_DREAMS, TrainSettings
from wake_sleep.generation import NO_GENERATION, SHIPPED
from wake_sleep.wake.pool import Backend
from wake_sleep.wake.solve import SolveSettings, Strategy

DEFAULT_STORE: Final = "sqlite:///reverie.db"
"""The database that a bare ``--store`` means."""


class SettingsError(ReverieError):
    """A setting has a value that it cannot have, or there is no such setting; the text says where it was read."""


PRESETS: Final = MappingProxyType(
    {
        "smoke": {"cpu-seconds": 1.0, "cycles": 1, "batch": 24, "wake-seconds": 12.0, "sleep-seconds": 12.0},
        "fast": {"cpu-seconds": 3.0, "cycles": 3, "wake-seconds": 60.0, "sleep-seconds": 40.0},
        "balanced": {"cpu-seconds": 10.0, "cycles": 4, "wake-seconds": 180.0, "sleep-seconds": 90.0},
        "quality": {"cpu-seconds": 60.0, "cycles": 10, "wake-seconds": 900.0, "sleep-seconds": 600.0},
    }
)
"""Values that go together, from a first look to a patient search."""


def _positive_number(value: object) -> float:
    number = float(_number_of(value))
    if not 0 < number < math.inf:
        raise ValueError("it must be greater than 0, and finite")
    return number


def _number_of(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("it must be a number")
    try:
        return float(value)
    except ValueError:
        raise ValueError("it must be a number") from None


def _whole_number(value: object) -> int:
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            raise ValueError("it must be a whole number") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("it must be a whole number")
    return value


def _positive_whole_number(value: object) -> int:
    number = _whole_number(value)
    if number < 1:
        raise ValueError("it must be at least 1")
    return number


def _whole_number_from_0(value: object) -> int:
    number = _whole_number(value)
    if number < 0:
        raise ValueError("it must be at least 0")
    return number


_TRUTHS: Final = {
    "1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False,
}  # fmt: skip


def _truth(value: object) -> bool:
    known = _TRUTHS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(known, bool):
        raise ValueError("it must be true or false")
    return known


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it must be a text that is not empty")
    return value


def _store(value: object) -> str:
    text = _text(value)
    if "://" not in text:
        raise ValueError(f"it must be the URL of a database, such as {DEFAULT_STORE}")
    return text


def _one_of(names: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in names:
            hint = nearest(str(value), names)
            raise ValueError(f"it must be one of {', '.join(names)}" + (f"; {hint}" if hint else ""))
        return str(value)

    return read


@dataclass(frozen=True)
class Setting:
    """Something that a user may choose.

    Attributes:
        name: what it is called in files and, after ``--``, on the command line.
        default: the built-in value.
        read: makes a value of what was written; a ValueError says what would be right.
        about: one line for people.
    """

    name: str
    default: object
    read: Callable[[object], Any]
    about: str

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper().replace("-", "_")


SETTINGS_FILES: Final = ("reverie.toml", "pyproject.toml")
"""The files that may hold settings, the first that is there deciding."""
PREFIX: Final = "REVERIE_"
DEFAULT: Final = "default"
"""The origin of a built-in value."""
OTHER_VARIABLES: Final = frozenset({"REVERIE_BENCH", "REVERIE_CONFORMANCE", "REVERIE_DEBUG"})
"""Variables of this prefix that are no settings."""

SETTINGS: Final = (
    Setting("cpu-seconds", None, _positive_number, "CPU time for a problem; 10 if nothing bounds the search"),
    Setting("wall-seconds", None, _positive_number, "time on the clock for a problem"),
    Setting("max-candidates", None, _positive_whole_number, "candidate programs for a problem"),
    Setting("max-size", None, _positive_whole_number, "largest program to try, in nodes"),
    Setting("strategy", str(Strategy.HYBRID), _one_of(tuple(Strategy)), "which halves of the engine search"),
    Setting("library", True, _truth, "use learned abstractions"),
    Setting("replay", True, _truth, "look for a stored solution first"),
    Setting("seed", 0, _whole_number, "of everything that is drawn at random"),
    Setting("jobs", 1, _positive_whole_number, "problems solved at a time"),
    Setting("backend", str(Backend.AUTO), _one_of(tuple(Backend)), "where problems are solved"),
    Setting("ray-address", None, _text, "the Ray cluster to use"),
    Setting("store", None, _store, "the database that remembers solutions"),
    Setting("artifacts", None, _text, "the folder of large files; beside the database if not given"),
    Setting("generation", SHIPPED, _text, "what was learned: none, shipped, latest, or the name of a generation"),
)
"""The settings of every command that solves; the preset, which gives values to others, is none of them."""

TRAINING: Final = (
    Setting("cycles", 4, _positive_whole_number, "wakes of a run, each followed by a sleep"),
    Setting("wake-seconds", None, _positive_number, "time on the clock of one wake"),
    Setting("wake-candidates", None, _positive_whole_number, "candidate programs for each task of a wake"),
    Setting("sleep-seconds", None, _positive_number, "time on the clock of one sleep"),
    Setting("dreams", None, _whole_number_from_0, "dreams of one sleep, for each domain"),
    Setting("train-steps", None, _whole_number_from_0, "steps of training the guide in one sleep"),
    Setting(
        "network-steps", None, _whole_number_from_0, "steps of training the network that proposes programs in one sleep"
    ),
    Setting("batch", None, _positive_whole_number, "tasks of one wake; all if not given"),
)
"""The further settings of `reverie train`."""

_BY_NAME: Final = {setting.name: setting for setting in (*SETTINGS, *TRAINING)}
_PRESET: Final = Setting("preset", None, _one_of(tuple(PRESETS)), "values that go together")


@dataclass(frozen=True)
class Choice:
    """The value of one setting and where it came from.

    Attributes:
        setting: what was chosen.
        value: the value.
        origin: for people: the option, the variable, the file, the preset, or ``default``.
    """

    setting: Setting
    value: Any
    origin: str


@dataclass(frozen=True)
class Settings:
    """The values of all settings.

    Attributes:
        choices: by name, in the order of `SETTINGS` and `TRAINING`, the preset first.
    """

    choices: Mapping[str, Choice]

    def __getitem__(self, name: str) -> Any:
        return self.choices[name].value

    @property
    def start(self) -> str:
        """The generation that learning and measuring begin with: nothing that was learned, unless it is said."""
        chosen = self.choices["generation"]
        return NO_GENERATION if chosen.origin == DEFAULT else str(chosen.value)

    @property
    def budget(self) -> Budget:
        """What may be spent on a problem."""
        return Budget(
            cpu_seconds=self["cpu-seconds"],
            candidates=self["max-candidates"],
            wall_seconds=self["wall-seconds"],
            size=self["max-size"],
        )

    @property
    def solving(self) -> SolveSettings:
        """How a problem is solved, as long as nothing was learned."""
        return SolveSettings(self.budget, Strategy(self["strategy"]), self["library"], self["seed"])

    @property
    def training(self) -> TrainSettings:
        """How a run learns. A time for the sleep takes the place of the default number of dreams."""
        dreams = self["dreams"]
        if dreams is None and self["sleep-seconds"] is None:
            dreams = DEFAULT_DREAMS
        return TrainSettings(
            cycles=self["cycles"],
            solving=self.solving,
            wake_seconds=self["wake-seconds"],
            wake_candidates=self["wake-candidates"],
            sleep_seconds=self["sleep-seconds"],
            dreams=dreams,
            train_steps=self["train-steps"],
            network_steps=self["network-steps"],
            batch=self["batch"],
            uses_library=self["library"],
        )


def artifacts_of(settings: Settings) -> Path | None:
    """The folder of large files, or None for the one beside the database."""
    return None if settings["artifacts"] is None else Path(settings["artifacts"])


def resolve(options: Mapping[str, object], environment: Mapping[str, str], folder: Path | None = None) -> Settings:
    """The settings in force.

    Args:
        options: what the command line or a caller gives, by name; None gives nothing.
        environment: the variables of the environment.
        folder: where ``reverie.toml`` or ``pyproject.toml`` may lie; None reads no file.

    Raises:
        SettingsError: if a value is wrong or a name is not known.
    """
    layers = [_options(options), _variables(environment)]
    if folder is not None:
        layers.append(_file(folder))
    preset = _choose(_PRESET, layers)
    if preset.value is not None:
        layers.append({n: Choice(_BY_NAME[n], v, f"preset {preset.value}") for n, v in PRESETS[preset.value].items()})
    return Settings({"preset": preset} | {s.name: _choose(s, layers) for s in _BY_NAME.values()})


def _choose(setting: Setting, layers: list[dict[str, Choice]]) -> Choice:
    """The choice of the first layer that has one."""
    found = (layer[setting.name] for layer in layers if setting.name in layer)
    return next(found, Choice(setting, setting.default, DEFAULT))


def _options(options: Mapping[str, object]) -> dict[str, Choice]:
    return {name: _choice(name, value, f"--{name}") for name, value in options.items() if value is not None}


def _variables(environment: Mapping[str, str]) -> dict[str, Choice]:
    found = {}
    by_variable = {s.variable: s.name for s in (_PRESET, *_BY_NAME.values())}
    for variable, value in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable in OTHER_VARIABLES or value == "":
            continue
        if variable not in by_variable:
            raise SettingsError(_unknown(f"the environment variable {variable}", variable, by_variable))
        name = by_variable[variable]
        found[name] = _choice(name, value, variable)
    return found


def _file(folder: Path) -> dict[str, Choice]:
    """What ``reverie.toml`` says, else ``pyproject.toml``."""
    own, project = (folder / name for name in SETTINGS_FILES)
    if own.exists():
        return _table(_toml(own), own, "")
    if not project.exists():
        return {}
    tools = _toml(project).get("tool", {})
    table = tools.get("reverie", {}) if isinstance(tools, dict) else {}
    return _table(table, project, " [tool.reverie]")


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name}: {error}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name}: this is not UTF-8 text") from None
    except OSError as error:
        raise SettingsError(f"{path.name}: the file cannot be read: {error.strerror}") from None


def _table(table: object, path: Path, part: str) -> dict[str, Choice]:
    where = f"{path.name}{part}"
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: this must be a table of settings")
    found = {}
    for name, value in table.items():
        if name != _PRESET.name and name not in _BY_NAME:
            raise SettingsError(_unknown(f"{where}: the key `{name}`", name, [_PRESET.name, *_BY_NAME]))
        found[name] = _choice(name, value, where, shown=f"{where}: {name}")
    return found


def _choice(name: str, value: object, origin: str, *, shown: str | None = None) -> Choice:
    setting = _BY_NAME.get(name, _PRESET)
    try:
        return Choice(setting, setting.read(value), origin)
    except ValueError as error:
        given = str(value) if isinstance(value, StrEnum) else value
        raise SettingsError(f"{shown or origin}: {given!r} is not possible: {error}") from None


def _unknown(what: str, name: str, known: Any) -> str:
    hint = nearest(name, known)
    return f"{what} is no setting; {hint or 'known are ' + ', '.join(known)}"
