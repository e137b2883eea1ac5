"""Shards of dreams: exact round trips of bytes and of dreams."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO

import numpy as np
import pytest

from dsl.domain import load_domain
from dsl.terms import ABSTRACTION, Operator
from dsl.types import parse_type
from store.codec import content_hash
from wake_sleep.generation import Generation
from wake_sleep.sleep.dreaming import DreamSettings, dream
from wake_sleep.sleep.dreams import Dream, Dreams
from wake_sleep.sleep.requests import DreamRequest, requests_of
from wake_sleep.sleep.shards import ShardError, pack, read_shard, write_shard

FEW = DreamSettings(candidates=3_000, kept=40)


@pytest.mark.parametrize("name", ["lists", "strings", "bitvectors", "integers"])
def test_dreams_come_back_as_they_were(name: str) -> None:
    domain = load_domain(name)
    found = dream(domain, requests_of(domain.tasks), 60, settings=FEW)
    content = write_shard(pack(found, name, "g3"))
    shard = read_shard(content)
    assert list(shard) == list(found)
    assert all(a.program is b.program for a, b in zip(shard, found, strict=True))
    assert (shard.domain, shard.generation, len(shard)) == (name, "g3", len(found))
    assert shard.counts() == found.counts()


def test_equal_dreams_give_equal_bytes() -> None:
    domain = load_domain("integers")
    found = dream(domain, requests_of(domain.tasks), 30, settings=FEW)
    content = write_shard(pack(found, "integers", "g"))
    assert content == write_shard(pack(Dreams(read_shard(content)), "integers", "g"))


def test_abstractions_travel_with_their_definitions() -> None:
    domain = load_domain("integers")
    double = Operator("twice", parse_type("int -> int"), ABSTRACTION, domain.parse("(lambda (+ $0 $0))"))
    request = DreamRequest(parse_type("int -> int"), tuple((n,) for n in (0, 1, 5, -3)))
    found = dream(domain, [request], 20, Generation("g1", "integers", (double,)), settings=FEW)
    assert list(read_shard(write_shard(pack(found, "integers", "g1")))) == list(found)


def test_strange_texts_and_huge_numbers_are_kept() -> None:
    domain = load_domain("strings")
    program = domain.parse("(lambda (str.++ $0 $0))")
    inputs = (("\ud800",), ('"\n',), ("é",))
    request = DreamRequest(parse_type("str -> str"), inputs)
    made = Dream(request, program, program, tuple((g, 2 * g[0]) for g in inputs), content_hash("x"), 0.1 + 0.2)
    (back,) = read_shard(write_shard(pack([made], "strings", "g")))
    assert back == made
    number = load_domain("integers").parse("(lambda (+ $0 $0))")
    request = DreamRequest(parse_type("int -> int"), ((1 << 4000,), (3,)))
    made = Dream(request, number, number, tuple((g, 2 * g[0]) for g in request.inputs), content_hash("y"), 1.0)
    (back,) = read_shard(write_shard(pack([made], "integers", "g")))
    assert back == made


def test_what_is_no_shard_is_refused() -> None:
    with pytest.raises(ShardError, match="no shard"):
        read_shard(b"something else")
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header.json", json.dumps({"version": 99}))
    with pytest.raises(ShardError, match="version 99"):
        read_shard(file.getvalue())


def test_the_arrays_need_no_pickle() -> None:
    domain = load_domain("integers")
    content = write_shard(pack(dream(domain, requests_of(domain.tasks), 10, settings=FEW), "integers", "g"))
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        assert arrays["offsets"].shape == (len(arrays["request"]) + 1,)


def test_no_dreams_are_a_shard_too() -> None:
    assert list(read_shard(write_shard(pack([], "lists", "none")))) == []
