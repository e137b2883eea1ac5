"""The halves of a target are found in a bank."""

import numpy as np
import pytest

from dsl.grammar import Nonterminal
from dsl.types import bit_vector
from wake_sleep.wake.columns.bank import Bank
from wake_sleep.wake.columns.deduce import Pair, case_splits, is_deduced, splits
from wake_sleep.wake.columns.hashing import hash_columns


def bank_of(values: np.ndarray, width: int) -> Bank:
    bank = Bank(Nonterminal(bit_vector(width)), len(values), 0)
    bank.add(0, [], values, hash_columns(values), 1, 1)
    return bank


def found(name: str, target: np.ndarray, bank: Bank, width: int) -> list[Pair]:
    return [pair for _, pairs in splits(name, width, target[:, None], bank, bank) for pair in pairs]


@pytest.mark.parametrize("width", [8, 64])
@pytest.mark.parametrize("name", ["bvadd", "bvsub", "bvxor", "bvand", "bvor"])
def test_every_pair_that_makes_the_target_is_found_and_no_other(name: str, width: int) -> None:
    mask = np.uint64((1 << width) - 1)
    values = np.random.default_rng(1).integers(0, 1 << 64, (3, 40), np.uint64) & mask
    operators = {"bvadd": np.add, "bvsub": np.subtract, "bvxor": np.bitwise_xor}
    combine = {**operators, "bvand": np.bitwise_and, "bvor": np.bitwise_or}[name]
    target = combine(values[:, 7], values[:, 30]) & mask
    wanted = {
        (i, j) for i in range(40) for j in range(40) if ((combine(values[:, i], values[:, j]) & mask) == target).all()
    }
    pairs = found(name, target, bank_of(values, width), width)
    assert (7, 30) in pairs
    assert set(pairs) == wanted
    assert len(pairs) == len(wanted)


def test_nothing_is_found_where_there_is_no_pair() -> None:
    values = np.random.default_rng(2).integers(0, 1 << 64, (3, 40), np.uint64)
    bank, target = bank_of(values, 64), np.array([1, 2, 3], np.uint64)
    assert [found(name, target, bank, 64) for name in ("bvadd", "bvxor", "bvand", "bvor")] == [[], [], [], []]


def test_operators_without_an_inverse_are_not_split() -> None:
    assert not any(map(is_deduced, ("bvmul", "bvshl", "bvudiv", "ite", "")))


@pytest.mark.parametrize("name", ["bvadd", "bvsub", "bvxor", "bvand", "bvor"])
def test_on_one_case_the_pairs_found_make_its_value(name: str) -> None:
    operators = {"bvadd": np.add, "bvsub": np.subtract, "bvxor": np.bitwise_xor}
    combine = {**operators, "bvand": np.bitwise_and, "bvor": np.bitwise_or}[name]
    values = np.random.default_rng(3).integers(0, 1 << 64, 50, np.uint64)
    target = combine(values[4:5], values[40:41])[0]
    pairs = case_splits(name, 64, target, values, values)
    assert (4, 40) in pairs
    assert all(combine(values[i : i + 1], values[j : j + 1])[0] == target for i, j in pairs)
