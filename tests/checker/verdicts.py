"""What the checker says of one answer."""

from __future__ import annotations

from dataclasses import dataclass

BY_EXAMPLES = "examples"
NOT_CONFIRMED = "not confirmed"


@dataclass(frozen=True)
class Finding:
    """What was found of one answer.

    Attributes:
        wrong: why the answer is wrong, or None if it is right.
        outside: whether it is wrong because the grammar or the logic does not allow it.
        held_out: whether it is right on the held-out examples; None if there are none.
        size: AST nodes of all bodies, or None if the answer cannot be read.
        unchecked: what was not checked, or None.
        proof: what confirms a right answer of which the row says that it is proved: the names of solvers,
            `BY_EXAMPLES` or `NOT_CONFIRMED`; None if the row does not say so.
    """

    wrong: str | None = None
    outside: bool = False
    held_out: bool | None = None
    size: int | None = None
    unchecked: str | None = None
    proof: str | None = None
