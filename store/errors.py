"""The error of the store, apart from everything that needs a database, so that catching it costs nothing."""

from __future__ import annotations

from dsl.errors import ReverieError


class StoreError(ReverieError):
    """A store cannot be opened, read or written; the text names it and says what would be right."""
