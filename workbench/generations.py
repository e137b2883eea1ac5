"""Generations by name: what `--generation` means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.errors import ReverieError
from wake_sleep.generation import NO_GENERATION, SHIPPED, UNTRAINED, Generation
from workbench.shipped import shipped_for_search, shipped_generation

if TYPE_CHECKING:
    from store.library_records import GenerationRecord
    from store.repository import Store

LATEST = "latest"
"""The generation that was published last, for each domain."""


def named_generation(store: Store | None, name: str) -> Generation:
    """The generation with a name: one that comes with Reverie, or one of a store.

    Raises:
        ReverieError: if there is none, or it can no longer be read.
    """
    prefix, _, domain = name.partition("-")
    shipped = shipped_generation(domain) if prefix == SHIPPED else None
    if shipped is not None:
        return shipped
    if store is None:
        raise ReverieError(
            f"--generation {name}: generations are in a store; name it with --store, or take `{SHIPPED}`, what comes "
            f"with Reverie"
        )
    record = store.generation(name)
    if record is None:
        known = [g.name for g in store.generations()][-5:]
        there = f"the latest are {', '.join(known)}" if known else "it has none; `reverie train` makes some"
        raise ReverieError(f"there is no generation {name!r} in the store {store.name}; {there}")
    return _stored(store, record)


def _stored(store: Store, record: GenerationRecord) -> Generation:
    # What comes with Reverie is used without loading what stores need.
    from wake_sleep.cycle import generation_of

    return generation_of(store, record)


class Generations:
    """The generation that each problem is solved with, by its domain."""

    def __init__(self, name: str = NO_GENERATION, store: Store | None = None) -> None:
        """Choose.

        Args:
            name: ``none``, ``shipped``, ``latest``, or the name of a generation, which is used for problems of its
                domain.
            store: where generations are; needed for those that are not shipped.

        Raises:
            ReverieError: if there is no such generation.
        """
        self._name, self._store = name, store
        self._known: dict[str | None, Generation] = {}
        if name in (NO_GENERATION, SHIPPED) or (name == LATEST and store is not None):
            return
        generation = named_generation(store, name)
        self._known[generation.domain] = generation

    @property
    def names(self) -> list[str]:
        """The generations that may be used, so that a run is gone on with only if they are the same."""
        if self._name == SHIPPED:
            return [SHIPPED]
        if self._name == LATEST and self._store is not None:
            return sorted({g.domain: g.name for g in self._store.generations()}.values())
        return sorted(g.name for g in self._known.values())

    def __call__(self, domain: str | None) -> Generation:
        """The generation for a domain; the untrained one if there is none for it."""
        if domain not in self._known:
            self._known[domain] = self._learned(domain) or UNTRAINED
        return self._known[domain]

    def _learned(self, domain: str | None) -> Generation | None:
        """What was learned of a domain; what was learned of a whole one holds for its sets of primitives as well."""
        for name in () if domain is None else dict.fromkeys((domain, domain.split("/")[0])):
            if self._name == SHIPPED and (found := shipped_for_search(name)) is not None:
                return found
            if self._name == LATEST and self._store is not None:
                record = self._store.latest_generation(name)
                if record is not None:
                    return _stored(self._store, record)
        return None
