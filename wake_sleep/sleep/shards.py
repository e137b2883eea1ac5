"""Shards: many dreams in one file, as arrays that a training loop reads without parsing or evaluating anything.

A shard is a zip of NumPy arrays (no pickle) and a header. Programs are sequences of numbers in preorder, each the
number of a *symbol*: an operator, a literal, a variable or a λ. What a person may want to read, such as symbols,
requests, counts and values, is JSON in the header. Equal dreams give equal bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.errors import ReverieError
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, without_abstractions
from dsl.types import Type, parse_type
from store.codec import decode_value, decode_values, encode_value, encode_values, to_json
from wake_sleep.sleep.dreams import Dream
from wake_sleep.sleep.requests import DreamRequest

VERSION: Final = 1
KIND: Final = "dreams"
"""What a shard is called among the artifacts of a store."""

Symbol: TypeAlias = Operator | Literal | Variable | type[Lambda] | int
"""What stands at a node; a number is the application of a term to so many arguments."""
_Numbers: TypeAlias = npt.NDArray[np.int32]


class ShardError(ReverieError):
    """The content of a file is no shard of dreams, or one of another version: dream again."""


@dataclass(frozen=True)
class Shard:
    """The content of a shard.

    Letters of shapes: N dreams, S symbols in all programs together.

    Attributes:
        domain: name of the domain.
        generation: name of the generation that dreamt.
        symbols: what the numbers in programs stand for.
        requests: types, inputs and constants that were dreamt for.
        request: shape (N,), the number of the request of each dream.
        sizes: shape (N,), AST nodes of the bodies in the base language.
        nats: shape (N,), description lengths under the weights of the generation.
        offsets: shape (N + 1,), where the symbols of each program begin.
        program: shape (S,), symbols of all programs in preorder, as they were found.
        behaviours: content hashes, one a dream.
        examples: for each dream its inputs (their numbers in the request) and outputs, as JSON text.
    """

    domain: str
    generation: str
    symbols: tuple[Symbol, ...]
    requests: tuple[DreamRequest, ...]
    request: _Numbers
    sizes: _Numbers
    nats: npt.NDArray[np.float64]
    offsets: npt.NDArray[np.int64]
    program: _Numbers
    behaviours: tuple[str, ...]
    examples: tuple[str, ...]

    def __len__(self) -> int:
        """Number of dreams."""
        return len(self.request)

    def counts(self) -> dict[tuple[Type, int], int]:
        """Number of dreams by type and size."""
        found: dict[tuple[Type, int], int] = {}
        for request, size in zip(self.request.tolist(), self.sizes.tolist(), strict=True):
            key = (self.requests[request].type, size)
            found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items(), key=lambda item: (str(item[0][0]), item[0][1])))

    def dream(self, number: int) -> Dream:
        """The dream with a number."""
        request = self.requests[self.request[number]]
        compressed = _term(self.symbols, self.program[self.offsets[number] : self.offsets[number + 1]].tolist())
        numbers, outputs = json.loads(self.examples[number])
        types = [request.type.result] * len(numbers)
        pairs = zip(numbers, decode_values(json.dumps(outputs), types), strict=True)
        return Dream(
            request,
            without_abstractions(compressed),
            compressed,
            tuple((request.inputs[given], output) for given, output in pairs),
            self.behaviours[number],
            float(self.nats[number]),
        )

    def __iter__(self) -> Iterator[Dream]:
        """All dreams."""
        return map(self.dream, range(len(self)))


def pack(dreams: Iterable[Dream], domain: str, generation: str) -> Shard:
    """Dreams as arrays.

    Args:
        dreams: in the order that they are to have.
        domain: name of their domain.
        generation: name of the generation that dreamt them.
    """
    symbols: dict[Symbol, int] = {}
    requests: dict[DreamRequest, int] = {}
    program: list[int] = []
    offsets, request, sizes, nats = [0], [], [], []
    behaviours, examples = [], []
    for dream in dreams:
        program += _preorder(dream.compressed, symbols)
        offsets.append(len(program))
        request.append(requests.setdefault(dream.request, len(requests)))
        sizes.append(dream.size)
        nats.append(dream.nats)
        behaviours.append(dream.behaviour)
        numbers = [dream.request.inputs.index(given) for given, _ in dream.examples]
        outputs = json.loads(encode_values([output for _, output in dream.examples]))
        examples.append(json.dumps([numbers, outputs]))
    return Shard(
        domain,
        generation,
        tuple(symbols),
        tuple(requests),
        np.array(request, np.int32),
        np.array(sizes, np.int32),
        np.array(nats, np.float64),
        np.array(offsets, np.int64),
        np.array(program, np.int32),
        tuple(behaviours),
        tuple(examples),
    )


def write_shard(shard: Shard) -> bytes:
    """The bytes of a shard, to be kept as an artifact of a store."""
    header = {
        "version": VERSION,
        "domain": shard.domain,
        "generation": shard.generation,
        "counts": [[str(type_), size, count] for (type_, size), count in shard.counts().items()],
        "symbols": _symbol_rows(shard.symbols),
        "requests": [
            [
                str(request.type),
                [json.loads(encode_values(given)) for given in request.inputs],
                [[str(c.type), json.loads(encode_value(c.value))] for c in request.constants],
            ]
            for request in shard.requests
        ],
        "behaviours": shard.behaviours,
        "examples": [json.loads(text) for text in shard.examples],
    }
    arrays = {name: getattr(shard, name) for name in _ARRAYS}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("header.json"), to_json(header).encode(), zipfile.ZIP_DEFLATED)
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            # A fixed time stamp, so that equal dreams are one artifact.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def read_shard(content: bytes) -> Shard:
    """The shard that `write_shard` wrote.

    Raises:
        ShardError: if the content is none.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            header = json.loads(archive.read("header.json"))
            if header.get("version") != VERSION:
                raise ShardError(f"a shard of version {header.get('version')!r}; this program reads {VERSION}")
            arrays = {
                name: np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
                for name in _ARRAYS
            }
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ShardError(f"no shard of dreams: {error}") from None
    requests = []
    for type_text, inputs, constants in header["requests"]:
        type_ = parse_type(type_text)
        requests.append(
            DreamRequest(
                type_,
                tuple(decode_values(json.dumps(given), type_.parameters) for given in inputs),
                tuple(_literal(name, value) for name, value in constants),
            )
        )
    return Shard(
        header["domain"],
        header["generation"],
        _symbols(header["symbols"]),
        tuple(requests),
        behaviours=tuple(header["behaviours"]),
        examples=tuple(json.dumps(example) for example in header["examples"]),
        **arrays,
    )


_ARRAYS: Final = ("request", "sizes", "nats", "offsets", "program")


# Terms as numbers.


def _preorder(term: Term, symbols: dict[Symbol, int]) -> list[int]:
    """The symbols of a term, parents first, left to right; new ones are numbered."""
    found = []
    stack = [term]
    while stack:
        node = stack.pop()
        symbol, below = _parts(node)
        if isinstance(symbol, Operator) and symbol.definition is not None and symbol not in symbols:
            # What a definition is made of has smaller numbers.
            _preorder(symbol.definition, symbols)
        found.append(symbols.setdefault(symbol, len(symbols)))
        stack.extend(reversed(below))
    return found


def _parts(node: Term) -> tuple[Symbol, Sequence[Term]]:
    if isinstance(node, Lambda):
        return Lambda, node.children
    if isinstance(node, Application):
        return (node.head if isinstance(node.head, Operator) else len(node.arguments)), node.children
    assert isinstance(node, Literal | Variable)
    return node, ()


def _term(symbols: Sequence[Symbol], numbers: Sequence[int]) -> Term:
    """The term of symbols in preorder."""
    done: list[Term] = []
    for number in reversed(numbers):
        symbol = symbols[number]
        if isinstance(symbol, Literal | Variable):
            done.append(symbol)
        elif isinstance(symbol, int):
            head, *arguments = (done.pop() for _ in range(symbol + 1))
            done.append(Application(head, tuple(arguments)))
        elif isinstance(symbol, Operator):
            done.append(Application(symbol, tuple([done.pop() for _ in range(symbol.arity)])))
        else:
            done.append(Lambda(done.pop()))
    (term,) = done
    return term


def _symbol_rows(symbols: Sequence[Symbol]) -> list[list[Any]]:
    """The table of symbols as plain data."""
    numbers = {symbol: number for number, symbol in enumerate(symbols)}
    rows: list[list[Any]] = []
    for symbol in symbols:
        if isinstance(symbol, Literal):
            rows.append(["literal", str(symbol.type), json.loads(encode_value(symbol.value))])
        elif isinstance(symbol, Variable):
            rows.append(["variable", symbol.index])
        elif isinstance(symbol, int):
            rows.append(["apply", symbol])
        elif isinstance(symbol, Operator):
            definition = [] if symbol.definition is None else [_preorder(symbol.definition, numbers)]
            rows.append([symbol.kind, symbol.name, str(symbol.type), *definition])
        else:
            rows.append(["lambda"])
    return rows


def _symbols(rows: Iterable[Sequence[Any]]) -> tuple[Symbol, ...]:
    found: list[Symbol] = []
    for kind, *rest in rows:
        if kind == "literal":
            found.append(_literal(*rest))
        elif kind == "variable":
            found.append(Variable(rest[0]))
        elif kind == "apply":
            found.append(int(rest[0]))
        elif kind == "lambda":
            found.append(Lambda)
        else:
            name, type_text, *definition = rest
            body = _term(found, definition[0]) if definition else None
            found.append(Operator(name, parse_type(type_text), kind, body))
    return tuple(found)


def _literal(type_text: str, value: Any) -> Literal:
    type_ = parse_type(type_text)
    return Literal(decode_value(json.dumps(value), type_), type_)
