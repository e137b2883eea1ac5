"""What a person does with specifications, domains and programs.

The names below are the public surface; they are loaded on first use (PEP 562), so that importing this package costs
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.exports import loaded_on_first_use

if TYPE_CHECKING:
    from workbench.session import Session
    from workbench.solving import Answer, solve
    from workbench.training import Training, train

_HOME = {
    "Answer": "workbench.solving",
    "Session": "workbench.session",
    "Training": "workbench.training",
    "solve": "workbench.solving",
    "train": "workbench.training",
}

__all__ = ["Answer", "Session", "Training", "solve", "train"]

__getattr__, __dir__ = loaded_on_first_use(__name__, _HOME)
