"""``reverie config``: which settings are in force, and where do they come from?"""

from __future__ import annotations

import os
from pathlib import Path

from cli.options import PresetOption
from cli.render import Format, FormatOption, write_rows
from workbench.settings import resolve

COLUMNS = ("setting", "value", "origin", "variable", "description")


def config(how: FormatOption = Format.TABLE, preset: PresetOption = None) -> None:
    """Show every setting, its value and where it came from.

    A value comes from an option, else from the environment, else from reverie.toml or pyproject.toml in
    the working directory, else from the preset, else it is the default.
    """
    settings = resolve({"preset": preset}, os.environ, Path.cwd())
    rows = [
        {
            "setting": name,
            "value": choice.value,
            "origin": choice.origin,
            "variable": choice.setting.variable,
            "description": choice.setting.about,
        }
        for name, choice in settings.choices.items()
    ]
    write_rows(rows, COLUMNS, how)
