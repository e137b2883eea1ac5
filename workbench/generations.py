"""Generations by name: what `--generation` means."""

from __future__ import annotations

from dsl.errors import ReverieError
from store.repository import Store
from wake_sleep.cycle import generation_of
from wake_sleep.generation import NO_GENERATION, UNTRAINED, Generation

LATEST = "latest"
"""The generation that was published last, for each domain."""


def stored_generation(store: Store, name: str) -> Generation:
    """The generation with a name.

    Raises:
        ReverieError: if there is none, or it can no longer be read.
    """
    record = store.generation(name)
    if record is None:
        known = [g.name for g in store.generations()][-5:]
        there = f"the latest are {', '.join(known)}" if known else "it has none; `reverie train` makes some"
        raise ReverieError(f"there is no generation {name!r} in the store {store.name}; {there}")
    return generation_of(record)


class Generations:
    """The generation that each problem is solved with, by its domain."""

    def __init__(self, name: str = NO_GENERATION, store: Store | None = None) -> None:
        """Choose.

        Args:
            name: ``none``, ``latest``, or the name of a generation, which is used for problems of its domain.
            store: where generations are; needed unless the name is ``none``.

        Raises:
            ReverieError: if there is no such generation.
        """
        self._name, self._store = name, store
        self._known: dict[str | None, Generation] = {}
        if name == NO_GENERATION:
            return
        if store is None:
            raise ReverieError(f"--generation {name}: generations are in a store; name it with --store")
        if name != LATEST:
            generation = stored_generation(store, name)
            self._known[generation.domain] = generation

    @property
    def names(self) -> list[str]:
        """The generations that may be used, so that a run is gone on with only if they are the same."""
        if self._name == LATEST and self._store is not None:
            return sorted({g.domain: g.name for g in self._store.generations()}.values())
        return sorted(g.name for g in self._known.values())

    def __call__(self, domain: str | None) -> Generation:
        """The generation for a domain; the untrained one if there is none for it."""
        if domain not in self._known:
            found = None
            if self._name == LATEST and self._store is not None and domain is not None:
                # What was learned of a whole domain holds for its sets of primitives as well.
                found = self._store.latest_generation(domain) or self._store.latest_generation(domain.split("/")[0])
            self._known[domain] = UNTRAINED if found is None else generation_of(found)
        return self._known[domain]
