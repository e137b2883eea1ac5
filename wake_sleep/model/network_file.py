"""The file of a network: what it says of itself, which is read without the library for networks.

It is a file of safetensors: arrays, and metadata in JSON with the version and the shape.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dsl.errors import ReverieError

if TYPE_CHECKING:
    from wake_sleep.model.guide import Guide

VERSION: Final = 1
KIND: Final = "network"
"""What the file is called among the artifacts of a store."""
METADATA: Final = "reverie"
"""Name of the metadata in the file."""


class CheckpointError(ReverieError):
    """A file is no checkpoint of the diffusion network, or one of another version: train it again."""


def read_header(content: bytes) -> dict[str, Any]:
    """The metadata of a file: ``settings``, what `wake_sleep.model.network.NetworkSettings` has.

    Raises:
        CheckpointError: if the file is damaged at its beginning, something else, or of another version.
    """
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][METADATA])
        version = header["version"]
        settings = header["settings"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"this is no checkpoint of the diffusion network: {error}") from None
    if version != VERSION:
        raise CheckpointError(f"a checkpoint of version {version}; this program reads version {VERSION}")
    if not isinstance(settings, dict):
        raise CheckpointError("this is no checkpoint of the diffusion network: its settings are no object")
    return {"version": version, "settings": settings}


def check_guide(content: bytes, guide: Guide) -> None:
    """Make sure that the network in a file goes with a guide.

    Raises:
        CheckpointError: if it was trained with another one, or the file cannot be read.
    """
    wanted, given = read_header(content)["settings"].get("guide"), guide.digest
    if wanted != given:
        raise CheckpointError(f"the network was trained with the guide {wanted or 'of no name'}, not with {given}")
