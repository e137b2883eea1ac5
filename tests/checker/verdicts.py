"""What the checker says of one answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was found of one answer.

    Attributes:
        wrong: why the answer is wrong, or None if it is right.
        held_out: whether it is right on the held-out examples; None if there are none.
        size: AST nodes of all bodies, or None if the answer cannot be read.
        unchecked: what was not checked, or None.
    """

    wrong: str | None = None
    held_out: bool | None = None
    size: int | None = None
    unchecked: str | None = None
