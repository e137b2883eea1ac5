"""Tree coarsening."""

from __future__ import annotations

import numpy as np

from wake_sleep.model.coarsening import LEVELS, coarsen
from wake_sleep.model.graph import Integers


def chain(length: int) -> tuple[Integers, Integers, Integers, Integers, Integers]:
    nodes = np.arange(length)
    edges = np.stack([np.concatenate([nodes[:-1], nodes[1:]]), np.concatenate([nodes[1:], nodes[:-1]])])
    relations = np.repeat([0, 1], length - 1)
    return edges, relations, nodes - 1, nodes, np.zeros(length, np.int64)


def test_a_chain_is_halved_at_each_step_and_stays_one() -> None:
    levels = coarsen(*chain(8), 2)
    assert [level.nodes for level in levels] == [8, 4, 2]
    assert levels[0].cluster.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert levels[0].heads.tolist() == [0, 2, 4, 6]
    assert levels[1].edges.T.tolist() == [[0, 1], [1, 0], [1, 2], [2, 1], [2, 3], [3, 2]]
    assert levels[1].relations.tolist() == [0, 1, 0, 1, 0, 1]


def test_a_graph_of_one_node_stays_one() -> None:
    levels = coarsen(*chain(1), 2)
    assert len(levels) == LEVELS
    assert [level.nodes for level in levels] == [1, 1, 1]
    assert all(level.edges.shape == (2, 0) for level in levels)


def test_no_node_is_cut_off() -> None:
    parents = np.array([-1, 0, 0, 1, 1, 2, 5, 6])
    depth = np.array([0, 1, 1, 2, 2, 2, 3, 4])
    below = np.arange(1, 8)
    edges = np.concatenate([np.stack([parents[1:], below]), np.stack([below, parents[1:]])], axis=1)
    levels = coarsen(edges, np.zeros(14, np.int64), parents, depth, np.zeros(8, np.int64), kinds=1)
    for level in levels[1:]:
        reached = {0}
        for _ in range(level.nodes):
            reached |= {b for a, b in level.edges.T.tolist() if a in reached}
        assert reached == set(range(level.nodes))
