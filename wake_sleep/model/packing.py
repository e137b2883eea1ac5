"""Packed graphs: many states with their targets as a few arrays, from which batches are cut.

Whatever takes time (parsing, evaluating, expanding nonterminals) has been done when a pack is made; training only
slices and puts side by side. A pack is one file of NumPy arrays, without pickle; equal graphs give equal arrays.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dsl.errors import ReverieError
from wake_sleep.model.graph import Batch, Graph, Table, collate
from wake_sleep.model.symbols import Vocabulary

VERSION: Final = 1
_NODES: Final = ("kinds", "symbols", "features", "parents", "depth")
_HOLES: Final = ("holes", "menus", "targets", "hole_weights")


class PackError(ReverieError):
    """A file is no pack of graphs, or one of another version: make it again from the dreams."""


@dataclass(frozen=True, eq=False)
class Pack:
    """Graphs and the symbols and menus that they refer to, as arrays.

    Letters of shapes: G graphs, N nodes, E edges, H holes of all graphs together.

    Attributes:
        arrays: the fields of `Graph`, one graph after the other (``kinds`` has shape (N,), ``edges`` (2, E), ``holes``
            (H,) …), and where each graph begins in them (``node_starts``, ``edge_starts``, ``hole_starts``, each of
            shape (G + 1,)).
        table: what their numbers refer to.
    """

    arrays: dict[str, NDArray[Any]]
    table: Table

    @classmethod
    def of(cls, graphs: Sequence[Graph], table: Table | Vocabulary) -> Pack:
        """Pack at least one graph; features are kept to three decimals (half precision)."""
        arrays: dict[str, NDArray[Any]] = {
            name: np.concatenate([getattr(g, name) for g in graphs]) for name in (*_NODES, *_HOLES, "relations")
        }
        arrays["features"] = arrays["features"].astype(np.float16)
        arrays["edges"] = np.concatenate([g.edges for g in graphs], axis=1)
        arrays["task"] = np.stack([g.task for g in graphs])
        arrays["edit"] = np.array([g.edit for g in graphs], np.int64)
        arrays["value"] = np.stack([g.value for g in graphs])
        arrays["node_starts"] = _starts([len(g) for g in graphs])
        arrays["edge_starts"] = _starts([len(g.relations) for g in graphs])
        arrays["hole_starts"] = _starts([len(g.holes) for g in graphs])
        return cls(arrays, Table(tuple(table.bags), tuple(table.menus), tuple(table.log_base)))

    def __len__(self) -> int:
        """Number of graphs."""
        return len(self.arrays["edit"])

    def graph(self, number: int) -> Graph:
        """One of the graphs, as views."""
        arrays = self.arrays
        node, edge, hole = (
            slice(arrays[f"{kind}_starts"][number], arrays[f"{kind}_starts"][number + 1])
            for kind in ("node", "edge", "hole")
        )
        found = {name: arrays[name][node] for name in _NODES} | {name: arrays[name][hole] for name in _HOLES}
        found["features"] = found["features"].astype(np.float32)
        found |= {"relations": arrays["relations"][edge], "edges": arrays["edges"][:, edge]}
        found |= {"task": arrays["task"][number], "value": arrays["value"][number]}
        return Graph(edit=int(arrays["edit"][number]), **found)

    def batch(self, numbers: Sequence[int]) -> Batch:
        """Some of the graphs side by side."""
        return collate([self.graph(number) for number in numbers], self.table)

    def to_bytes(self) -> bytes:
        """The content of a file."""
        table: dict[str, NDArray[Any]] = {
            "version": np.array(VERSION),
            "bags": np.concatenate(self.table.bags),
            "bag_starts": _starts([len(bag) for bag in self.table.bags]),
            "menu_entries": np.concatenate(self.table.menus),
            "menu_starts": _starts([len(menu) for menu in self.table.menus]),
            "menu_logs": np.concatenate(self.table.log_base),
        }
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **self.arrays, **table)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Pack:
        """The pack in a file.

        Raises:
            PackError: if it is none, or one of another version.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
        except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise PackError(f"this is no pack of graphs: {error}") from error
        version = arrays.pop("version", None)
        if version is None or int(version) != VERSION:
            raise PackError(f"a pack of graphs of version {version}; this program reads version {VERSION}")
        bags = np.split(arrays.pop("bags"), arrays.pop("bag_starts")[1:-1])
        ends = arrays.pop("menu_starts")[1:-1]
        menus, logs = np.split(arrays.pop("menu_entries"), ends), np.split(arrays.pop("menu_logs"), ends)
        return cls(arrays, Table(tuple(bags), tuple(menus), tuple(logs)))


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
