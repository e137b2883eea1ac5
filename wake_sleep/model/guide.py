"""The cost part of a guide: what was learned of a domain, as costs for one task; and the file that it is kept in.

A trained cost head is a few arrays. Here they are used without the library that trained them, whose import takes longer
than most searches: one task costs a look at its examples and two small products of matrices. These are left to
`einsum`, which has no threads of its own: those of a BLAS wait for one another, on a busy machine for tens of
milliseconds.

The file is one of safetensors: arrays, and metadata in JSON. It holds all that the head was trained with, the probes
and the base weights too, and the identity of the language, so that a guide is never used on a language that has
changed.

Letters of shapes: F features, S stated features, H units, R rank, C contexts, K keys, Q questions of a request type.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from dsl.domain import Domain, load_domain
from dsl.errors import DomainError, ReverieError, TermSyntaxError
from dsl.grammar import content_hash
from dsl.probability import Weights
from dsl.spec import Function, Spec
from dsl.types import Type
from wake_sleep.model.choices import ChoiceSpace
from wake_sleep.model.features import MOST_EXAMPLES, FeatureSpace, Floats, stated_features
from wake_sleep.model.probes import ProbeSet
from wake_sleep.model.symbols import token_rows
from wake_sleep.wake.cegis import diverse
from wake_sleep.wake.search import Case

FORMAT: Final = 1
"""Version of the file."""
KIND: Final = "costs"
"""What the file is called among the artifacts of a store."""
ARRAYS: Final = (
    *("first", "kinds", "stated", "bias", "second_weight", "second_bias", "out_weight", "out_bias"),
    *("key_table", "context_table"),
)
BASE_ARRAYS: Final = ("base_keys", "base_lengths", "base_weights")
_METADATA: Final = "reverie"
LARGEST_CORRECTION: Final = 8.0
"""Nats that a weight is corrected by, at most."""


def shown_of(cases: Sequence[Case]) -> list[Case]:
    """The examples of a task that are looked at: those that differ most."""
    return [cases[i] for i in diverse(cases, MOST_EXAMPLES)] if cases else []


class GuideError(ReverieError):
    """The content of a file is no guide, or none for this version or this language: train again."""


@dataclass(frozen=True, eq=False)
class Guide:
    """A trained cost head with all that it needs.

    Attributes:
        domain: name of the domain.
        features: what it looks at.
        choices: what it corrects.
        base: the weights that it corrects.
        arrays: of the head, by the names in `ARRAYS`, float32.
        training: what is to be known of how it was trained; for people.
    """

    domain: str
    features: FeatureSpace
    choices: ChoiceSpace
    base: Weights
    arrays: Mapping[str, Floats]
    training: Mapping[str, Any] = field(default_factory=dict)

    def weights(self, spec: Spec, function: Function | None = None) -> Weights:
        """The weights for one function of a spec, by its examples, hints and conditions.

        Args:
            spec: what is asked.
            function: one of its functions, the first by default.
        """
        wanted = spec.functions[0] if function is None else function
        cases = [(e.inputs, e.output) for e in spec.examples if e.function == wanted.name]
        return self.weights_of(wanted.type, cases, stated_features(spec, wanted))

    def weights_of(self, request: Type, cases: Sequence[Case], stated: Floats) -> Weights:
        """The weights for a request type with examples.

        Args:
            request: the type of the program wanted.
            cases: inputs and outputs, of which those that differ most are looked at.
            stated: what else is stated, shape (S,); see `wake_sleep.model.features.stated_features`.
        """
        corrected = self._base * np.exp(self.corrections(self.asked(request, shown_of(cases), stated)))
        keys = self.choices.keys
        rows = [
            {**rest, **dict(zip(keys, row, strict=True))}
            for rest, row in zip(self._rest, corrected.tolist(), strict=True)
        ]
        return Weights(dict(zip(self.choices.contexts[1:], rows[1:], strict=True)), rows[0])

    def asked(self, request: Type, shown: Sequence[Case], stated: Floats) -> Floats:
        """What the head says of a task, shape (2R,): `query` with the questions of its type answered.

        Args:
            request: the type of the program wanted.
            shown: inputs and outputs, all of which are looked at.
            stated: shape (S,).
        """
        layout = self.features.layout(request)
        return self.query(layout.columns, layout.answers(shown), stated)

    def corrections(self, query: Floats) -> Floats:
        """Nats by which each weight is corrected, shape (C, K), at most `LARGEST_CORRECTION`, for a query (2R,)."""
        u, v = np.split(query, 2)
        scores = np.einsum("cr,kr->ck", self._contexts * u + v, self._keys)
        return np.asarray(np.clip(scores, -LARGEST_CORRECTION, LARGEST_CORRECTION))

    def query(self, columns: npt.NDArray[np.int64], answers: Floats, stated: Floats) -> Floats:
        """What the head says of a task, shape (2R,); see `wake_sleep.model.cost_head`.

        Args:
            columns: features of the questions, shape (Q,).
            answers: shares of the examples that say yes, shape (Q,).
            stated: shape (S,).
        """
        a = self.arrays
        some, every, no = a["kinds"][columns].T  # (Q,) each
        x = answers * some + (answers >= 1.0) * every + (answers <= 0.0) * no  # (Q,)
        h = np.einsum("q,qh->h", x, a["first"][columns]) + np.einsum("s,sh->h", stated, a["stated"]) + a["bias"]
        h = np.maximum(h, 0)  # (H,)
        h = np.maximum(h + np.einsum("hi,i->h", a["second_weight"], h) + a["second_bias"], 0)  # (H,)
        return np.asarray(np.einsum("oh,h->o", a["out_weight"], h) + a["out_bias"])

    @functools.cached_property
    def _keys(self) -> Floats:
        return _embedded(self.arrays["key_table"], self.choices.key_tokens)

    @functools.cached_property
    def _contexts(self) -> Floats:
        return _embedded(self.arrays["context_table"], self.choices.context_tokens)

    @functools.cached_property
    def _base(self) -> npt.NDArray[np.float64]:
        """The base weights of all keys in all contexts, shape (C, K); the first context is any other."""
        unigram = self.base.unigram
        known = [unigram, *(self.base.contextual[context] for context in self.choices.contexts[1:])]
        return np.array([[row.get(key, unigram.get(key, 0.0)) for key in self.choices.keys] for row in known])

    @functools.cached_property
    def _rest(self) -> list[dict[str, float]]:
        """The base weights of further keys, by context."""
        known = [self.base.unigram, *(self.base.contextual[context] for context in self.choices.contexts[1:])]
        told_apart = frozenset(self.choices.keys)
        return [{key: weight for key, weight in row.items() if key not in told_apart} for row in known]

    # The file.

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """A guide travels as its file, and is read once in each process."""
        return read_guide, (self.content,)

    @functools.cached_property
    def content(self) -> bytes:
        """See `to_bytes`."""
        return self.to_bytes()

    @functools.cached_property
    def digest(self) -> str:
        """A hash of all of it, its weights too: what a network that was trained with it goes with."""
        return hashlib.sha256(self.content).hexdigest()[:16]

    def to_bytes(self) -> bytes:
        """The content of the file; equal guides give equal bytes."""
        half = {"first", "kinds", "second_weight", "out_weight", "key_table", "context_table"}
        arrays = {
            name: np.ascontiguousarray(self.arrays[name], np.float16 if name in half else np.float32) for name in ARRAYS
        }
        named, weights = _flattened(self.base)
        data = {
            "format": FORMAT,
            "domain": self.domain,
            "language": language_identity(load_domain(self.domain)),
            "probes": self.features.probes.data(),
            "features": list(self.features.names),
            "contexts": [
                [*c, list(t)] for c, t in zip(self.choices.contexts, self.choices.context_tokens, strict=True)
            ],
            "keys": [[k, list(t)] for k, t in zip(self.choices.keys, self.choices.key_tokens, strict=True)],
            "base": named,
            "training": dict(self.training),
        }
        return safetensors.numpy.save(arrays | weights, {_METADATA: json.dumps(data, ensure_ascii=True)})

    @classmethod
    def from_bytes(cls, content: bytes, domain: str | None = None) -> Guide:
        """Read the content of a file.

        Args:
            content: of the file.
            domain: the domain that a guide is wanted for, or None for any.

        Raises:
            GuideError: if it is no guide, has another version, or was trained for another domain or for a language
                that has changed since.
        """
        data, arrays = _read(content)
        version = data.get("format")
        if version != FORMAT:
            raise GuideError(f"the guide has format {version!r}; this version of Reverie reads format {FORMAT}")
        name = data["domain"]
        if domain is not None and name != domain:
            raise GuideError(f"the guide was trained for the domain {name}, not for {domain}")
        try:
            if data["language"] != language_identity(load_domain(name)):
                raise GuideError(f"the guide was trained for the domain {name} as it was; its primitives have changed")
            features = FeatureSpace(ProbeSet.from_data(data["probes"]), data["features"])
        except (DomainError, TermSyntaxError) as error:
            raise GuideError(f"the guide does not fit the installed domains: {error}") from error
        contexts, keys = data["contexts"], data["keys"]
        space = ChoiceSpace(
            [(parent, argument) for parent, argument, _ in contexts],
            [key for key, _ in keys],
            [tokens for *_, tokens in contexts],
            [tokens for _, tokens in keys],
        )
        base = _unflattened(data["base"], arrays)
        own = {name: arrays[name].astype(np.float32) for name in ARRAYS}
        return cls(name, features, space, base, own, data["training"])

    @property
    def identity(self) -> str:
        """A hash of the language, the probes and what is told apart."""
        return content_hash(
            language_identity(load_domain(self.domain)),
            json.dumps(self.features.probes.data()),
            *self.features.names,
            *map(str, self.choices.contexts),
            *self.choices.keys,
        )


@functools.lru_cache(4)
def read_guide(content: bytes) -> Guide:
    """The guide in a file, read once in each process; see `Guide.from_bytes`."""
    return Guide.from_bytes(content)


def _embedded(table: Floats, tokens: Sequence[Sequence[str]]) -> Floats:
    """The embeddings of what tokens describe, shape (things, R)."""
    rows = [[row for token in each for row in token_rows(token)] for each in tokens]
    return np.stack([table[each].mean(0) for each in rows])


def _flattened(weights: Weights) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Weights as names, contexts and keys, and as arrays: the unigram weights and then those of each context."""
    numbers: dict[str, int] = {}
    rows = [weights.unigram, *weights.contextual.values()]
    keys = [numbers.setdefault(key, len(numbers)) for row in rows for key in row]
    arrays = {
        "base_keys": np.array(keys, np.int32),
        "base_lengths": np.array([len(row) for row in rows], np.int32),
        "base_weights": np.array([weight for row in rows for weight in row.values()], np.float32),
    }
    return {"keys": list(numbers), "contexts": list(map(list, weights.contextual))}, arrays


def _unflattened(named: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Weights:
    """What `_flattened` took apart."""
    names, ends = named["keys"], np.cumsum(arrays["base_lengths"])[:-1]
    rows = [
        {names[key]: weight for key, weight in zip(keys.tolist(), weights.tolist(), strict=True)}
        for keys, weights in zip(
            np.split(arrays["base_keys"], ends), np.split(arrays["base_weights"], ends), strict=True
        )
    ]
    contexts = [(parent, argument) for parent, argument in named["contexts"]]
    return Weights(dict(zip(contexts, rows[1:], strict=True)), rows[0])


def language_identity(domain: Domain) -> str:
    """A hash of the names and types of a domain's primitives and of its constants."""
    return content_hash(
        domain.name,
        *sorted(f"{p.name}:{p.type}" for p in domain.primitives if p.searchable),
        *sorted(f"{literal!r}:{literal.type}" for literal in domain.constants),
    )


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Metadata and arrays of a file.

    Raises:
        GuideError: if something is missing or damaged.
    """
    try:
        arrays = safetensors.numpy.load(content)
        length = int.from_bytes(content[:8], "little")
        text = json.loads(content[8 : 8 + length])["__metadata__"][_METADATA]
        data = json.loads(text)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise GuideError(f"this is no guide, or a damaged one: {error!r}"[:300]) from error
    missing = [name for name in (*ARRAYS, *BASE_ARRAYS) if name not in arrays]
    if missing or not isinstance(data, dict):
        raise GuideError(f"this is no guide of costs: it lacks {', '.join(missing) or 'its description'}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise GuideError("the guide is damaged: it has numbers that are not finite")
    return data, arrays
