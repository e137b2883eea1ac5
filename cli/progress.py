"""How far long work is: a line on stderr that is written anew, and only on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Final

EVERY: Final = 0.1
"""Seconds between two lines at least."""


class Progress:
    """A line that says how many of a number of things are done."""

    def __init__(self, total: int) -> None:
        """Show nothing yet."""
        self.total = total
        self._is_shown = sys.stderr.isatty() and total > 1
        self._last = 0.0

    def show(self, done: int, text: str) -> None:
        """Say how far the work is."""
        now = time.monotonic()
        if not self._is_shown or now - self._last < EVERY:
            return
        self._last = now
        sys.stderr.write(f"\r\x1b[K{done} of {self.total}: {text}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, before something else is written to the terminal."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
