"""Generations that come with Reverie: what was learned of a domain, as two files of package data each.

``DOMAIN.json`` has the name of the generation and its library; ``DOMAIN.safetensors`` is the file of its guide, which
holds the weights too. docs/benchmarks/shipped.md says how the installed ones were made.

Run ``python -m workbench.shipped STORE GENERATION`` to make the files from a generation of a store.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dsl.errors import ReverieError
from store.codec import TermText, decode_abstraction, encode_term
from wake_sleep.generation import SHIPPED, Generation

if TYPE_CHECKING:
    from dsl.probability import Weights
    from dsl.spec import Function, Spec
    from wake_sleep.model.guide import Guide
    from wake_sleep.wake.solve import SolveSettings

MOST_BYTES: Final = 8_000_000
"""Of the files of one generation."""
HEAD_START: Final = 30_000
"""Candidates of the plain search of a problem before what a shipped generation has learned is used."""


@dataclass(frozen=True)
class ShippedGuide:
    """The guide that comes with Reverie for a domain; its file is read when it is needed, and never sent to workers.

    Attributes:
        domain: name of the domain.
    """

    domain: str

    def weights(self, spec: Spec, function: Function | None = None) -> Weights:
        """See `wake_sleep.model.guide.Guide.weights`."""
        return _guide(self.domain).weights(spec, function)


@dataclass(frozen=True)
class ShippedGeneration(Generation):
    """A generation that comes with Reverie; searches use its guide as a `ShippedGuide`.

    It was trained on other tasks than those of the person who asks, so it is for the hard ones: what the plain search
    solves within `HEAD_START` candidates takes no longer than without it.
    """

    head_start: int = HEAD_START

    def applied_to(self, settings: SolveSettings) -> SolveSettings:
        """See `Generation.applied_to`."""
        assert self.domain is not None
        return dataclasses.replace(super().applied_to(settings), guide=ShippedGuide(self.domain))


def shipped_for_search(domain: str) -> ShippedGeneration | None:
    """The generation that comes with Reverie for a domain, its guide and weights unread, or None if there is none."""
    folder = importlib.resources.files(__name__)
    description = folder / f"{domain}.json"
    if "/" in domain or not description.is_file():
        return None
    data = json.loads(description.read_text(encoding="utf-8"))
    abstractions = tuple(
        decode_abstraction(one["name"], one["type"], TermText(one["definition"], domain, one["notes"]))
        for one in data["abstractions"]
    )
    return ShippedGeneration(data["name"], domain, abstractions)


@functools.cache
def shipped_generation(domain: str) -> ShippedGeneration | None:
    """The generation that comes with Reverie for a domain, with all that a run can start from, or None.

    Raises:
        ReverieError: if its files do not fit the installed domain; they are part of the same installation.
    """
    generation = shipped_for_search(domain)
    if generation is None:
        return None
    guide = _guide(domain)
    return dataclasses.replace(generation, weights=guide.base, guide=guide)


def _guide(domain: str) -> Guide:
    from wake_sleep.model.guide import read_guide

    return read_guide((importlib.resources.files(__name__) / f"{domain}.safetensors").read_bytes())


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
