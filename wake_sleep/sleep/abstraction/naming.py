"""Names of abstractions: one for each identity for ever, and a hint at what the body does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dsl.terms import Application, Operator, strip_lambdas

_WORDS: Final = {
    "+": "plus", "-": "minus", "*": "times", "<": "less", "<=": "at_most", ">": "more", ">=": "at_least",
    "=": "equal", "=>": "implies", "str.++": "join", "str.<": "before", "str.<=": "not_after",
}  # fmt: skip
_LONGEST: Final = 28


class Names:
    """Gives out names: ``filter_is_even_3`` for the third abstraction of a domain, which filters by ``is-even``.

    An abstraction that had a name before, known by the key of its definition, keeps it; a number is used once.
    """

    def __init__(self, taken: Mapping[str, str] | None = None, next_number: int = 1) -> None:
        """Start from the names that a domain has had.

        Args:
            taken: name by key, of all abstractions that there have ever been.
            next_number: the number of the next new one.
        """
        self._taken = dict(taken or {})
        self._used = set(self._taken.values())
        self._next = next_number

    def __call__(self, abstraction: Operator) -> str:
        """The name of an abstraction."""
        found = self._taken.get(abstraction.key)
        while found is None or (abstraction.key not in self._taken and found in self._used):
            found = f"{stem(abstraction)}_{self._next}"
            self._next += 1
        self._taken[abstraction.key] = found
        self._used.add(found)
        return found


def stem(abstraction: Operator) -> str:
    """The first operators of a body, outermost first, as one word."""
    assert abstraction.definition is not None
    _, body = strip_lambdas(abstraction.definition, abstraction.arity)
    words: dict[str, None] = {}
    stack = [body]
    while stack:
        node = stack.pop()
        if isinstance(node, Application) and isinstance(node.head, Operator):
            word = _word(node.head.name)
            if word and len("_".join((*words, word))) <= _LONGEST:
                words[word] = None
        stack.extend(reversed(node.children))
    return "_".join(words) or "f"


def _word(name: str) -> str:
    """An operator's name in small letters: without its theory, indices and widths."""
    plain = _WORDS.get(name) or name.strip("()_ ").split(" ")[0].split("@")[0].rsplit(".", 1)[-1]
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
