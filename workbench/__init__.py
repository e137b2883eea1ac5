"""What a person does with specifications, domains and programs.

The names below are the public surface; they are loaded on first use (PEP 562), so that importing this package costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.exports import loaded_on_first_use

if TYPE_CHECKING:
    from workbench.solving import Answer, solve

_HOME = {"Answer": "workbench.solving", "solve": "workbench.solving"}

__all__ = ["Answer", "solve"]

__getattr__, __dir__ = loaded_on_first_use(__name__, _HOME)
