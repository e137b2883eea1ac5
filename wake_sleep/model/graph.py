"""Graphs: what the network sees of a state and its task, as arrays, and many of them as one batch.

Nodes are the productions and holes of a partial program, one node for the signature, and one for each example,
each constraint and the hints of the task. Edges run both ways between a node and its children (by number of the
argument), between siblings, between a binder (a λ; for parameters the signature) and the uses of its variables, and
between the nodes of the task, the signature and the root.

Letters: N nodes, E directed edges, H holes, G graphs, F feature slots, T features of a task, S symbols of a batch, M
menus of at most P productions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wake_sleep.model.coarsening import Level, coarsen
from wake_sleep.model.symbols import Vocabulary

PRODUCTION, HOLE, SIGNATURE, EXAMPLE, CONSTRAINT, METADATA = range(6)
KINDS: Final = 6
"""Kinds of nodes."""
MOST_ARGUMENTS: Final = 4
"""Arguments told apart by their edges; further ones are like the last of these."""
CHILD, PARENT = 0, MOST_ARGUMENTS
NEXT, PREVIOUS, BINDS, USES, TO_ROOT, FROM_ROOT, TO_SIGNATURE, FROM_SIGNATURE, TWO_STEPS = range(
    2 * MOST_ARGUMENTS, 2 * MOST_ARGUMENTS + 9
)
RELATIONS: Final = 2 * MOST_ARGUMENTS + 9
"""Kinds of edges; `TWO_STEPS` are made by pooling only."""

Integers = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Table:
    """What the numbers in graphs refer to; a `Vocabulary` is one that grows.

    Attributes:
        bags: for each symbol the rows of its tokens.
        menus: for each menu the symbols of its productions.
        log_base: for each menu the base log-probabilities of these.
    """

    bags: Sequence[Integers]
    menus: Sequence[Integers]
    log_base: Sequence[Floats]


@dataclass(frozen=True)
class Graph:
    """One state of one task.

    Attributes:
        kinds: of the nodes, shape (N,).
        symbols: numbers in a `Vocabulary`, shape (N,).
        features: shape (N, F).
        edges: source and target of each edge, shape (2, E).
        relations: kind of each edge, shape (E,).
        parents: of each node in its tree, -1 for the root and the signature, shape (N,).
        depth: of each node in its tree, shape (N,).
        holes: node numbers, shape (H,).
        menus: what each hole is filled from: numbers in the `Vocabulary`, shape (H,).
        task: features of the whole task, shape (T,); empty without.
        targets: for each hole the place in its menu of what stands there; -1 if unknown, shape (H,).
        hole_weights: weight of the loss of each hole, shape (H,).
        edit: number of the node whose subtree is to be exchanged, or -1.
        value: edits left (logarithm of 1 +) and share of the examples met, -1 if unknown, shape (2,).
    """

    kinds: Integers
    symbols: Integers
    features: Floats
    edges: Integers
    relations: Integers
    parents: Integers
    depth: Integers
    holes: Integers
    menus: Integers
    task: Floats
    targets: Integers
    hole_weights: Floats
    edit: int
    value: Floats

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self.kinds)


@dataclass(frozen=True)
class Batch:
    """Graphs side by side, with what of the vocabulary they need.

    Attributes:
        kinds: shape (N,).
        symbols: rows of `bags`, shape (N,).
        features: shape (N, F).
        levels: the batch at several resolutions.
        roots: node number of the root of each graph, shape (G,).
        signatures: node number of the signature of each graph, shape (G,).
        task: features of the whole tasks, shape (G, T).
        conditioned: whether a graph may see what its task says beyond the signature, shape (G,).
        bags: rows of the table of tokens, those of all symbols one after the other.
        bag_starts: where each symbol begins in `bags`, shape (S,).
        holes: node numbers, shape (H,).
        hole_menus: rows of `menu_symbols`, shape (H,).
        menu_symbols: rows of `bags` for the productions of each menu, filled up with 0, shape (M, P).
        menu_log_base: base log-probabilities of these; -∞ where a menu is filled up, shape (M, P).
        targets: shape (H,).
        hole_weights: shape (H,).
        edits: node numbers, -1 where there is none, shape (G,).
        values: shape (G, 2).
    """

    kinds: Tensor
    symbols: Tensor
    features: Tensor
    levels: tuple[Level, ...]
    roots: Tensor
    signatures: Tensor
    task: Tensor
    conditioned: Tensor
    bags: Tensor
    bag_starts: Tensor
    holes: Tensor
    hole_menus: Tensor
    menu_symbols: Tensor
    menu_log_base: Tensor
    targets: Tensor
    hole_weights: Tensor
    edits: Tensor
    values: Tensor

    @property
    def graphs(self) -> int:
        """Number of graphs."""
        return len(self.roots)

    @property
    def graph(self) -> Tensor:
        """The graph that each node belongs to, shape (N,)."""
        return self.levels[0].graph

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in moved.items():
            moved[name] = tuple(level.to(device) for level in value) if name == "levels" else value.to(device)
        return Batch(**moved)


def collate(
    graphs: Sequence[Graph], vocabulary: Table | Vocabulary, conditioned: Sequence[bool] | None = None
) -> Batch:
    """Put graphs side by side.

    Args:
        graphs: at least one.
        vocabulary: which their numbers refer to.
        conditioned: whether each may see what its task says; all by default.
    """
    starts = _starts([len(graph) for graph in graphs])
    used_menus, hole_menus = np.unique(np.concatenate([g.menus for g in graphs]), return_inverse=True)
    menus = [vocabulary.menus[menu] for menu in used_menus]
    symbols = np.concatenate([g.symbols for g in graphs])
    used, local = np.unique(np.concatenate([symbols, *menus]), return_inverse=True)
    bags = [vocabulary.bags[symbol] for symbol in used]
    edits = [-1 if g.edit < 0 else g.edit + at for g, at in zip(graphs, starts, strict=True)]
    kinds = np.concatenate([g.kinds for g in graphs])
    table, log_base = _padded(
        np.split(local[len(symbols) :], np.cumsum([len(m) for m in menus])[:-1]) if menus else [],
        [vocabulary.log_base[menu] for menu in used_menus],
    )
    arrays: dict[str, NDArray[np.generic]] = {
        "kinds": kinds,
        "symbols": local[: len(symbols)],
        "features": np.concatenate([g.features for g in graphs]),
        "roots": starts,
        "signatures": np.nonzero(kinds == SIGNATURE)[0],
        "task": np.stack([g.task for g in graphs]),
        "conditioned": np.ones(len(graphs), np.bool_) if conditioned is None else np.array(conditioned, np.bool_),
        "bags": np.concatenate(bags),
        "bag_starts": _starts([len(bag) for bag in bags]),
        "holes": np.concatenate([g.holes + at for g, at in zip(graphs, starts, strict=True)]),
        "hole_menus": hole_menus,
        "menu_symbols": table,
        "menu_log_base": log_base,
        "targets": np.concatenate([g.targets for g in graphs]),
        "hole_weights": np.concatenate([g.hole_weights for g in graphs]),
        "edits": np.array(edits, np.int64),
        "values": np.stack([g.value for g in graphs]),
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    levels = coarsen(
        np.concatenate([g.edges + at for g, at in zip(graphs, starts, strict=True)], axis=1),
        np.concatenate([g.relations for g in graphs]),
        np.concatenate([np.where(g.parents < 0, -1, g.parents + at) for g, at in zip(graphs, starts, strict=True)]),
        np.concatenate([g.depth for g in graphs]),
        np.repeat(np.arange(len(graphs)), [len(g) for g in graphs]),
        RELATIONS,
    )
    return Batch(levels=levels, **tensors)


def _padded(symbols: Sequence[Integers], log_base: Sequence[Floats]) -> tuple[Integers, Floats]:
    """Menus as a table, the shorter ones filled up."""
    longest = max(map(len, symbols), default=1)
    table = np.zeros((len(symbols), longest), np.int64)
    logs = np.full((len(symbols), longest), -np.inf, np.float32)
    for row, (own, base) in enumerate(zip(symbols, log_base, strict=True)):
        table[row, : len(own)], logs[row, : len(own)] = own, base
    return table, logs


def _starts(lengths: Sequence[int]) -> Integers:
    """Where each of several runs begins if they are put one after the other."""
    return np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
