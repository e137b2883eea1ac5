"""Hashes of rows and the index over them."""

import numpy as np

from wake_sleep.wake.columns.hashing import HashIndex, first_of_each, hash_columns, mix


def random_words(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 1 << 64, shape, np.uint64)


def rows(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int32)


def test_a_hash_is_extended_case_by_case() -> None:
    columns = random_words(5, 100)
    hashes = hash_columns(columns[:3])
    for column in columns[3:]:
        mix(hashes, column, np.empty_like(hashes))
    assert (hashes == hash_columns(columns)).all()


def test_differences_in_the_highest_bit_alone_do_not_cancel() -> None:
    bits = (np.arange(1 << 10)[None, :] >> np.arange(10)[:, None]) & 1
    columns = bits.astype(np.uint64) << np.uint64(63)
    assert np.unique(hash_columns(columns)).size == 1 << 10


def test_booleans_are_hashed_too() -> None:
    columns = ((np.arange(64)[None, :] >> np.arange(6)[:, None]) & 1).astype(np.bool_)
    assert np.unique(hash_columns(columns)).size == 64


def test_rows_are_found_by_their_hashes_and_others_are_not() -> None:
    index, hashes = HashIndex(), random_words(100_000)
    for start in range(0, 50_000, 1000):
        index.add(hashes[start : start + 1000], rows(50_000)[start : start + 1000])
    assert (index.find(hashes[:50_000]) == rows(50_000)).all()
    assert (index.find(hashes[50_000:]) == -1).all()
    assert index.contains(hashes).tolist() == [True] * 50_000 + [False] * 50_000


def test_hashes_that_share_a_slot_are_kept_apart() -> None:
    index = HashIndex()
    hashes = np.arange(1, 200, dtype=np.uint64)
    index.add(hashes, rows(199))
    assert (index.find(hashes) == rows(199)).all()
    assert not index.contains(np.arange(200, 400, dtype=np.uint64)).any()


def test_of_equal_hashes_the_first_row_counts_and_a_later_call_replaces_it() -> None:
    index, hashes = HashIndex(), np.array([7, 7, 9], np.uint64)
    index.add(hashes, rows(3))
    assert index.find(hashes).tolist() == [0, 0, 2]
    index.add(hashes[:1], np.array([8], np.int32))
    assert index.find(hashes).tolist() == [8, 8, 2]


def test_the_first_of_each_hash_is_told() -> None:
    assert first_of_each(np.array([5, 3, 5, 3, 1], np.uint64)).tolist() == [0, 1, 4]
