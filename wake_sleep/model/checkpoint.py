"""Checkpoints of the network: its weights as safetensors, its shape as JSON beside them; nothing is unpickled."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from dsl.errors import ReverieError
from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.guide import Guide
from wake_sleep.model.network import Network, NetworkSettings

VERSION: Final = 1
_HEADER: Final = "reverie"


class CheckpointError(ReverieError):
    """A file is no checkpoint of the diffusion network, or one of another version: train it again."""


def network_to_bytes(network: Network, *, half: bool = True) -> bytes:
    """The content of a file.

    Args:
        network: whose weights and shape.
        half: whether weights are kept in half precision; a million then take 2 MB.
    """
    header = {"version": VERSION, "settings": dataclasses.asdict(network.settings)}
    kind = torch.float16 if half else torch.float32
    tensors = {name: tensor.detach().cpu().to(kind).contiguous() for name, tensor in network.state_dict().items()}
    return bytes(save(tensors, {_HEADER: json.dumps(header, sort_keys=True)}))


def network_from_bytes(content: bytes) -> Network:
    """The network in a file, ready to be asked.

    Raises:
        CheckpointError: if the file is damaged, something else, or of another version.
    """
    try:
        tensors = load(content)
        header = _header(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"this is no checkpoint of the diffusion network: {error}") from error
    if header.get("version") != VERSION:
        raise CheckpointError(f"a checkpoint of version {header.get('version')}; this program reads version {VERSION}")
    network = Network(_settings(header["settings"]))
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise CheckpointError(f"the weights do not fit the shape that the checkpoint states: {error}") from error
    return network.eval()


def check_guide(network: Network, guide: Guide) -> None:
    """Make sure that a network goes with a guide.

    Raises:
        CheckpointError: if it was trained with another one.
    """
    wanted, given = network.settings.guide, guide.digest
    if wanted != given:
        raise CheckpointError(f"the network was trained with the guide {wanted or 'of no name'}, not with {given}")


def _header(content: bytes) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    found: dict[str, Any] = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][_HEADER])
    return found


def _settings(stated: dict[str, Any]) -> NetworkSettings:
    shape: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stated["backbone"].items()
    }
    return NetworkSettings(**{**stated, "backbone": BackboneSettings(**shape)})
