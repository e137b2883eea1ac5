"""What a person does with specifications, domains and programs.

The names below are the public surface; they are loaded on first use (PEP 562), so that importing this package costs
nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.solving import Answer, solve

_HOME = {"Answer": "workbench.solving", "solve": "workbench.solving"}

__all__ = ["Answer", "solve"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOME)
