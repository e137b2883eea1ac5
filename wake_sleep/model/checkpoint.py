"""Checkpoints of the network: its weights as safetensors, its shape as JSON beside them; nothing is unpickled."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from wake_sleep.model.backbones import BackboneSettings
from wake_sleep.model.network import Network, NetworkSettings
from wake_sleep.model.network_file import METADATA, VERSION, CheckpointError, read_header


def network_to_bytes(network: Network, *, half: bool = True) -> bytes:
    """The content of a file.

    Args:
        network: whose weights and shape.
        half: whether weights are kept in half precision; a million then take 2 MB.
    """
    header = {"version": VERSION, "settings": dataclasses.asdict(network.settings)}
    kind = torch.float16 if half else torch.float32
    tensors = {name: tensor.detach().cpu().to(kind).contiguous() for name, tensor in network.state_dict().items()}
    return bytes(save(tensors, {METADATA: json.dumps(header, sort_keys=True)}))


def network_from_bytes(content: bytes) -> Network:
    """The network in a file, ready to be asked.

    Raises:
        CheckpointError: if the file is damaged, something else, or of another version.
    """
    try:
        tensors = load(content)
    except (SafetensorError, ValueError) as error:
        raise CheckpointError(f"this is no checkpoint of the diffusion network: {error}") from error
    network = Network(_settings(read_header(content)["settings"]))
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise CheckpointError(f"the weights do not fit the shape that the checkpoint states: {error}") from error
    return network.eval()


def _settings(stated: dict[str, Any]) -> NetworkSettings:
    shape: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in stated["backbone"].items()
    }
    return NetworkSettings(**{**stated, "backbone": BackboneSettings(**shape)})
