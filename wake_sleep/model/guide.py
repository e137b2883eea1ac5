"""The cost part of a guide: what was learned of a domain, as costs for one task; and the file that it is kept in.

A trained cost head is a few arrays. Here they are used without the library that trained them, whose import takes longer
than most searches: one task costs a look at its examples and two small products of matrices.

The file is one of safetensors: arrays, and metadata in JSON. It holds all that the head was trained with, the probes
and the base weights too, and the identity of the language, so that a guide is never used on a language that has
changed.

Letters of shapes: F features, S stated features, H units, R rank, C contexts, K keys, Q questions of a request type.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import safetensors
import safetensors.numpy

from dsl.domain import Domain, load_domain
from dsl.errors import DomainError, ReverieError, TermSyntaxError
from dsl.grammar import Production, content_hash
from dsl.probability import Context, Weights
from dsl.spec import Example, Function, Spec
from wake_sleep.model.choices import ChoiceSpace, key_tokens
from wake_sleep.model.features import FeatureSpace, Floats, stated_features
from wake_sleep.model.probes import ProbeSet
from wake_sleep.model.symbols import token_rows
from wake_sleep.wake.cegis import diverse

FORMAT: Final = 1
"""Version of the file."""
KIND: Final = "costs"
"""What the file is called among the artifacts of a store."""
ARRAYS: Final = (
    *("first", "stated", "bias", "second_weight", "second_bias", "out_weight", "out_bias"),
    *("key_table", "context_table"),
)
_METADATA: Final = "reverie"
LARGEST_CORRECTION: Final = 8.0
"""Nats that a weight is corrected by, at most."""


class GuideError(ReverieError):
    """The content of a file is no guide, or none for this version or this language: train again."""


class Embedding:
    """Embeddings of productions, by the tokens that describe them; those that were asked for are kept.

    Attributes:
        table: shape (rows, R).
    """

    def __init__(self, table: Floats) -> None:
        """Embed with a table."""
        self.table = table
        self._known: dict[str, Floats] = {}

    def of(self, tokens: Iterable[str]) -> Floats:
        """The embedding of what the tokens describe, shape (R,)."""
        rows = [row for token in tokens for row in token_rows(token)]
        return np.asarray(self.table[rows].mean(0))

    def of_production(self, production: Production) -> Floats:
        """The embedding of a production, shape (R,)."""
        found = self._known.get(production.key)
        if found is None:
            found = self._known[production.key] = self.of(key_tokens(production))
        return found


@dataclass(frozen=True, eq=False)
class GuidedWeights(Weights):
    """Base weights with the corrections for one task.

    Attributes:
        numbers: of the contexts, which `factors` and `asked` have.
        key_numbers: of the keys.
        factors: exp s(c, k), shape (C, K).
        asked: what the embedding of a further key is multiplied with, in each context, shape (C, R).
        embedding: of further keys.
    """

    numbers: Mapping[Context, int] = field(default_factory=dict)
    key_numbers: Mapping[str, int] = field(default_factory=dict)
    factors: Sequence[Sequence[float]] = ()
    asked: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    embedding: Embedding | None = None

    def of(self, context: Context, productions: Sequence[Production]) -> list[float]:
        """See `Weights.of`."""
        weights = super().of(context, productions)
        number = self.numbers.get(context, 0)
        factors = self.factors[number]
        known = [self.key_numbers.get(production.key) for production in productions]
        return [
            weight * (self._further(number, production) if k is None else factors[k])
            for weight, production, k in zip(weights, productions, known, strict=True)
        ]

    def _further(self, number: int, production: Production) -> float:
        """The factor of a production that was not there when the guide was trained: only an abstraction has one."""
        if not production.key.startswith("#") or self.embedding is None:
            return 1.0
        score = float(self.asked[number] @ self.embedding.of_production(production))
        return float(np.exp(np.clip(score, -LARGEST_CORRECTION, LARGEST_CORRECTION)))


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

    def weights(self, spec: Spec, function: Function | None = None) -> GuidedWeights:
        """The weights for one function of a spec, by its examples, hints and conditions.

        Args:
            spec: what is asked.
            function: one of its functions, the first by default.
        """
        wanted = spec.functions[0] if function is None else function
        examples = [example for example in spec.examples if example.function == wanted.name]
        return self.weights_of(wanted, examples, stated_features(spec, wanted))

    def weights_of(self, function: Function, examples: Sequence[Example], stated: Floats) -> GuidedWeights:
        """The weights for a function with these examples and what else is stated, shape (S,)."""
        cases = [(example.inputs, example.output) for example in examples]
        layout = self.features.layout(function.type)
        u, v = np.split(self.query(layout.columns, layout.answers([cases[i] for i in diverse(cases, 8)]), stated), 2)
        asked = self._contexts * u + v  # (C, R)
        scores = np.clip(asked @ self._keys.T, -LARGEST_CORRECTION, LARGEST_CORRECTION)  # (C, K)
        return GuidedWeights(
            self.base.contextual,
            self.base.unigram,
            self._context_numbers,
            self._key_numbers,
            np.exp(scores).tolist(),
            asked,
            self._embedding,
        )

    def query(self, columns: npt.NDArray[np.int64], answers: Floats, stated: Floats) -> Floats:
        """What the head says of a task, shape (2R,); see `wake_sleep.model.cost_head`.

        Args:
            columns: features of the questions, shape (Q,).
            answers: shares of the examples that say yes, shape (Q,).
            stated: shape (S,).
        """
        a = self.arrays
        x = np.stack([answers, answers >= 1.0, answers <= 0.0], axis=1).reshape(-1)  # (3Q,)
        first = a["first"][columns].reshape(len(x), -1)  # (3Q, H)
        h = np.maximum(x.astype(np.float32) @ first + stated @ a["stated"] + a["bias"], 0)  # (H,)
        h = np.maximum(h + a["second_weight"] @ h + a["second_bias"], 0)  # (H,)
        return np.asarray(a["out_weight"] @ h + a["out_bias"])

    @functools.cached_property
    def _embedding(self) -> Embedding:
        return Embedding(self.arrays["key_table"])

    @functools.cached_property
    def _keys(self) -> Floats:
        return _rows(self._embedding, self.choices.key_tokens)

    @functools.cached_property
    def _contexts(self) -> Floats:
        return _rows(Embedding(self.arrays["context_table"]), self.choices.context_tokens)

    @functools.cached_property
    def _context_numbers(self) -> dict[Context, int]:
        return {context: number for number, context in enumerate(self.choices.contexts)}

    @functools.cached_property
    def _key_numbers(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self.choices.keys)}

    # The file.

    def to_bytes(self) -> bytes:
        """The content of the file; equal guides give equal bytes."""
        half = {"first", "key_table", "context_table"}
        arrays = {
            name: np.ascontiguousarray(self.arrays[name], np.float16 if name in half else np.float32) for name in ARRAYS
        }
        base = [[list(context), dict(weights)] for context, weights in self.base.contextual.items()]
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
            "base": {"contextual": base, "unigram": dict(self.base.unigram)},
            "training": dict(self.training),
        }
        return safetensors.numpy.save(arrays, {_METADATA: json.dumps(data, ensure_ascii=True)})

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
        contexts, keys, base = data["contexts"], data["keys"], data["base"]
        space = ChoiceSpace(
            [(parent, argument) for parent, argument, _ in contexts],
            [key for key, _ in keys],
            [tokens for *_, tokens in contexts],
            [tokens for _, tokens in keys],
        )
        contextual = {(parent, argument): weights for (parent, argument), weights in base["contextual"]}
        return cls(name, features, space, Weights(contextual, base["unigram"]), arrays, data["training"])

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


def _rows(embedding: Embedding, tokens: Sequence[Sequence[str]]) -> Floats:
    return np.stack([embedding.of(each) for each in tokens]).astype(np.float32)


def language_identity(domain: Domain) -> str:
    """A hash of the names and types of a domain's primitives and of its constants."""
    return content_hash(
        domain.name,
        *sorted(f"{p.name}:{p.type}" for p in domain.primitives if p.searchable),
        *sorted(f"{literal!r}:{literal.type}" for literal in domain.constants),
    )


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, Floats]]:
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
    missing = [name for name in ARRAYS if name not in arrays]
    if missing or not isinstance(data, dict):
        raise GuideError(f"this is no guide of costs: it lacks {', '.join(missing) or 'its description'}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise GuideError("the guide is damaged: it has numbers that are not finite")
    return data, {name: arrays[name].astype(np.float32) for name in ARRAYS}
