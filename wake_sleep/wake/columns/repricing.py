"""Rows under other costs: each keeps its values and gets a new level, and the banks are sorted by level."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from wake_sleep.wake.columns.bank import Bank, Batch
from wake_sleep.wake.columns.hashing import Rows
from wake_sleep.wake.columns.rules import Rule
from wake_sleep.wake.costs import Costs


def reprice(
    log: Sequence[Batch], rules: Sequence[Rule], costs: Costs, price_of_seed: Callable[[Bank, int], tuple[int, int]]
) -> list[tuple[int, int, Batch]]:
    """Give all rows their levels under other costs and sort the banks by them.

    Args:
        log: all rows, arguments before what they are arguments of.
        rules: with the new costs; the rows have their numbers.
        costs: the new ones.
        price_of_seed: level and class of the root of the seed in a row.

    Returns:
        all rows in the order of their levels, which is such an order, too: level, class of shifts, and rows of one
        rule.
    """
    classes = _relevel(log, rules, costs, price_of_seed)
    places: dict[Bank, Rows] = {}
    for bank, own in classes.items():
        order = np.lexsort((bank.rules[: bank.count], own, bank.levels[: bank.count])).astype(np.int32)
        bank.permute(order)
        classes[bank] = own[order]
        places[bank] = np.empty_like(order)
        places[bank][order] = np.arange(bank.count, dtype=np.int32)
    for rule in rules:
        if rule.bank in classes:
            rows = np.flatnonzero(rule.bank.rules[: rule.bank.count] == rule.number)
            for i, child in enumerate(rule.children):
                if rows.size:
                    rule.bank.arguments[i, rows] = places[child][rule.bank.arguments[i, rows]]
    found = [piece for bank, own in classes.items() for piece in _pieces(bank, own)]
    return sorted(found, key=lambda piece: piece[0])


def _relevel(
    log: Sequence[Batch], rules: Sequence[Rule], costs: Costs, price_of_seed: Callable[[Bank, int], tuple[int, int]]
) -> dict[Bank, Rows]:
    """Set the levels of all rows; returns the classes of shifts of their roots, in the order of the rows."""
    classes = {batch.bank: np.zeros(batch.bank.count, np.int32) for batch in log}
    for batch in log:
        bank, here = batch.bank, slice(batch.start, batch.stop)
        if batch.rule < 0:
            bank.levels[here], classes[bank][here] = price_of_seed(bank, batch.start)
            continue
        rule = rules[batch.rule]
        total = np.full(batch.stop - batch.start, rule.cost, np.int32)
        for i, child in enumerate(rule.children):
            rows = bank.arguments[i, here]
            own = classes[child][rows]
            shifts = {int(c): costs.shift(int(c), (rule.production.key, i)) for c in np.unique(own)}
            total += child.levels[rows] + np.array([shifts.get(c, 0) for c in range(max(shifts) + 1)], np.int32)[own]
        bank.levels[here], classes[bank][here] = total, rule.class_
    return classes


def _pieces(bank: Bank, classes: Rows) -> list[tuple[int, int, Batch]]:
    """The rows of a sorted bank, cut where level, class or rule change."""
    levels, numbers = bank.levels[: bank.count], bank.rules[: bank.count]
    change = (np.diff(levels) != 0) | (np.diff(classes) != 0) | (np.diff(numbers) != 0)
    edges = [0, *(np.flatnonzero(change) + 1).tolist(), bank.count]
    return [
        (int(levels[start]), int(classes[start]), Batch(bank, int(numbers[start]), start, stop))
        for start, stop in itertools.pairwise(edges)
        if start < stop
    ]
