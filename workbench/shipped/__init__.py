"""Generations that come with Reverie: what was learned of a domain, as two files of package data each.

``DOMAIN.json`` has the name of the generation and its library; ``DOMAIN.safetensors`` is the file of its guide, which
holds the weights too. docs/benchmarks/shipped.md says how the installed ones were made.

Run ``python -m workbench.shipped STORE GENERATION`` to make the files from a generation of a store.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from pathlib import Path
from typing import Final

from dsl.errors import ReverieError
from store.codec import TermText, decode_abstraction, encode_term
from wake_sleep.generation import SHIPPED, Generation

MOST_BYTES: Final = 8_000_000
"""Of the files of one generation."""


@functools.cache
def shipped_generation(domain: str) -> Generation | None:
    """The generation that comes with Reverie for a domain, or None if there is none for it.

    Raises:
        ReverieError: if its files do not fit the installed domain; they are part of the same installation.
    """
    folder = importlib.resources.files(__name__)
    description = folder / f"{domain}.json"
    if "/" in domain or not description.is_file():
        return None
    from wake_sleep.model.guide import read_guide

    data = json.loads(description.read_text(encoding="utf-8"))
    guide = read_guide((folder / f"{domain}.safetensors").read_bytes())
    abstractions = tuple(
        decode_abstraction(one["name"], one["type"], TermText(one["definition"], domain, one["notes"]))
        for one in data["abstractions"]
    )
    return Generation(data["name"], domain, abstractions, guide.base, guide)


def write_generation(generation: Generation, folder: Path) -> tuple[Path, Path]:
    """Write a generation as it is shipped.

    Args:
        generation: one with a guide.
        folder: where the two files go.

    Raises:
        ReverieError: if the generation has no guide, or takes more than `MOST_BYTES`.
    """
    if generation.guide is None or generation.domain is None:
        raise ReverieError(f"the generation {generation.name} has no guide; train it with --train-steps above 0")
    domain = generation.domain
    abstractions = []
    for one in generation.abstractions:
        assert one.definition is not None
        written = encode_term(one.definition, domain)
        abstractions.append(
            {"name": one.name, "type": str(one.type), "definition": written.text, "notes": written.notes}
        )
    data = {"name": f"{SHIPPED}-{domain}", "made_of": generation.name, "abstractions": abstractions}
    text, content = json.dumps(data, indent=1, ensure_ascii=True) + "\n", generation.guide.content
    if len(text) + len(content) > MOST_BYTES:
        raise ReverieError(f"the generation {generation.name} takes {len(text) + len(content):,} bytes")
    paths = folder / f"{domain}.json", folder / f"{domain}.safetensors"
    paths[0].write_text(text, encoding="utf-8")
    paths[1].write_bytes(content)
    return paths
