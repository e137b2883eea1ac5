"""The store: what can be remembered, and what can be asked of it."""

from __future__ import annotations

from store.checkpoints import Checkpoints
from store.database import Clock, utc_now
from store.inventory import Inventory
from store.libraries import Libraries
from store.progress import Progress
from store.runs import Runs
from store.specifications import Specifications

__all__ = ["Clock", "Store", "utc_now"]


class Store(Specifications, Runs, Progress, Libraries, Checkpoints, Inventory):
    """Everything that is remembered, in one database and one folder of artifacts.

    Each method is one transaction: it is done wholly or, if the process dies or the disk is full, not at all. What is
    handed out are frozen records. All methods raise `StoreError` if the database cannot be used.
    """
