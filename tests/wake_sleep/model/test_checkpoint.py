"""Checkpoints of the network."""

from __future__ import annotations

import pytest
import torch

from tests.wake_sleep.model.examples import condition, tiny
from wake_sleep.model.checkpoint import network_from_bytes, network_to_bytes
from wake_sleep.model.network import Network
from wake_sleep.model.network_file import CheckpointError
from wake_sleep.model.sampling import Sampler


def test_a_network_that_was_kept_says_the_same() -> None:
    network = tiny(passes=2, pooling="gpool")
    read = network_from_bytes(network_to_bytes(network, half=False))
    assert read.settings == network.settings
    assert Sampler(condition(), read).sample(10) == Sampler(condition(), network).sample(10)


def test_half_precision_keeps_the_default_network_below_two_megabytes() -> None:
    network = Network()
    content = network_to_bytes(network)
    assert len(content) < 2 << 20
    read = network_from_bytes(content)
    for mine, kept in zip(network.parameters(), read.parameters(), strict=True):
        assert torch.allclose(mine, kept, atol=2e-3)


def test_equal_networks_give_equal_bytes() -> None:
    assert network_to_bytes(tiny()) == network_to_bytes(tiny())


def test_a_damaged_or_strange_file_is_said_to_be_one() -> None:
    content = network_to_bytes(tiny())
    for wrong in (b"", b"anything at all", content[: len(content) // 2], content[:-1]):
        with pytest.raises(CheckpointError, match="no checkpoint"):
            network_from_bytes(wrong)


def test_a_checkpoint_of_another_version_is_refused() -> None:
    content = network_to_bytes(tiny())
    other = content.replace(rb"\"version\": 1", rb"\"version\": 7")
    assert other != content
    with pytest.raises(CheckpointError, match="version 7"):
        network_from_bytes(other)
