"""What the operators ``strings.…`` mean, from their description in the reference of the domain ``strings``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from tests.checker.syntax import INT, STRING


def _nth(parts: Sequence[str], n: int) -> str:
    if n < 0:
        n += len(parts)
    return parts[n] if 0 <= n < len(parts) else ""


def _one_character(change: Callable[[str], str], c: str) -> str:
    changed = change(c)
    return changed if len(changed) == 1 else c


def _upper(s: str) -> str:
    return "".join(_one_character(str.upper, c) for c in s)


def _lower(s: str) -> str:
    return "".join(_one_character(str.lower, c) for c in s)


def _title(s: str) -> str:
    """Words are runs of letters; an apostrophe between letters belongs to the word."""
    out, inside = [], False
    for place, c in enumerate(s):
        if c.isalpha():
            out.append(_lower(c) if inside else _upper(c))
            inside = True
        else:
            out.append(c)
            joins = c in "'’" and inside and s[place + 1 : place + 2].isalpha()
            inside = joins
    return "".join(out)


def _filling(count: int, fill: str) -> str:
    return (fill * count)[:count] if count > 0 else ""


_TABLE: dict[str, tuple[tuple[str, ...], str, Callable[..., Any]]] = {
    "take": ((STRING, INT), STRING, lambda s, n: s[:n] if n > 0 else ""),
    "take_last": ((STRING, INT), STRING, lambda s, n: s[max(len(s) - n, 0) :] if n > 0 else ""),
    "drop": ((STRING, INT), STRING, lambda s, n: s[n:] if n > 0 else s),
    "drop_last": ((STRING, INT), STRING, lambda s, n: s[: max(len(s) - n, 0)] if n > 0 else s),
    "before": ((STRING, STRING), STRING, lambda s, t: s.split(t, 1)[0] if t else ""),
    "after": ((STRING, STRING), STRING, lambda s, t: s.partition(t)[2] if t else s),
    "before_last": ((STRING, STRING), STRING, lambda s, t: s.rsplit(t, 1)[0] if t else s),
    "last_indexof": ((STRING, STRING), INT, lambda s, t: s.rfind(t)),
    "count": ((STRING, STRING), INT, lambda s, t: len(s.split(t)) - 1 if t else 0),
    "field": ((STRING, STRING, INT), STRING, lambda s, t, n: _nth(s.split(t) if t else [s], n)),
    "word": ((STRING, INT), STRING, lambda s, n: _nth(s.split(), n)),
    "number": ((STRING, INT), STRING, lambda s, n: _nth(re.findall("[0-9]+", s), n)),
    "digits": ((STRING,), STRING, lambda s: re.sub("[^0-9]", "", s)),
    "letters": ((STRING,), STRING, lambda s: "".join(c for c in s if c.isalpha())),
    "capitals": ((STRING,), STRING, lambda s: "".join(c for c in s if c.isupper())),
    "upper": ((STRING,), STRING, _upper),
    "lower": ((STRING,), STRING, _lower),
    "title": ((STRING,), STRING, _title),
    "trim": ((STRING,), STRING, lambda s: s.strip()),
    "squeeze": ((STRING,), STRING, lambda s: " ".join(s.split())),
    "reverse": ((STRING,), STRING, lambda s: "".join(reversed(s))),
    "repeat": ((STRING, INT), STRING, lambda s, n: s * n),
    "pad_left": ((STRING, INT, STRING), STRING, lambda s, n, t: _filling(n - len(s), t) + s),
    "pad_right": ((STRING, INT, STRING), STRING, lambda s, n, t: s + _filling(n - len(s), t)),
}
TEXT_EDITING = {f"strings.{name}": entry for name, entry in _TABLE.items()}
"""The operators: sorts of the arguments, sort of the result, function."""
