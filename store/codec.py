r"""Terms and values as text, and back to the identical object.

A term is stored as its s-expression, which a person can read, the name of its domain, and *notes*: what the text
alone does not say. The notes hold the operators that the domain does not know by their text, such as the macros of a
file, and, for terms whose tree is much larger than their graph, the sub-terms that the text abbreviates:

    text    (lambda (twice (+ $0 1)))
    domain  integers
    notes   [{"as": "twice", "kind": "macro", "name": "twice", "type": "int; int", "definition": "(lambda (+ $0 $0))"}]

Programs that are written with a library name its abstractions, and are read back with the same library.

Values are JSON. JSON cannot say everything, so two kinds of values are wrapped in an object: ``{"escaped": "\\ud83d"}``
is a string with a lone surrogate, ``{"hex": "-0x1f"}`` an integer that is too long to be written in decimals.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dsl.domain import load_domain
from dsl.errors import TermSyntaxError, TypeMismatch
from dsl.printing import SHARING_THRESHOLD, Resolver, parse_term, to_sexpr
from dsl.probability import Weights
from dsl.spec import Example
from dsl.terms import (
    ABSTRACTION,
    FUNCTION,
    PRIMITIVE,
    Application,
    Operator,
    Term,
    Variable,
    operators,
    postorder,
    rebuild,
)
from dsl.types import Type, arrow, parse_type
from dsl.values import LITERAL_BITS, Value, from_data, shown
from store.errors import StoreError

_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_ESCAPED: Final = "escaped:"


def encode_text(text: str) -> str:
    r"""`text` as every database takes it: with NUL or lone surrogates it becomes ``escaped:`` and Python's escapes."""
    if _UNSTORABLE.search(text) or text.startswith(_ESCAPED):
        return _ESCAPED + text.encode("unicode_escape").decode("ascii")
    return text


def decode_text(stored: str) -> str:
    """The inverse of `encode_text`."""
    if stored.startswith(_ESCAPED):
        return stored.removeprefix(_ESCAPED).encode("ascii").decode("unicode_escape")
    return stored


def to_json(data: object) -> str:
    """Plain data as JSON on one line that every database takes: readable, with lone surrogates escaped."""
    text = json.dumps(data, ensure_ascii=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def content_hash(*parts: str) -> str:
    """128 bits of the content of `parts`, hexadecimal."""
    content = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


# Values.


def encode_value(value: Value) -> str:
    """A value as JSON text; its type is needed to read it back."""
    return to_json(_value_data(value))


def encode_values(values: Sequence[Value]) -> str:
    """Several values, as the arguments of a call, as one JSON array."""
    return to_json([_value_data(value) for value in values])


def decode_value(text: str, type_: Type) -> Value:
    """The value of a type that `encode_value` wrote.

    Raises:
        StoreError: if `text` is no value of that type.
    """
    return _value_of(_read_json(text), type_)


def decode_values(text: str, types: Sequence[Type]) -> tuple[Value, ...]:
    """The values of some types that `encode_values` wrote.

    Raises:
        StoreError: if `text` holds no such values.
    """
    data = _read_json(text)
    if not isinstance(data, list) or len(data) != len(types):
        raise StoreError(f"the store holds {shown(text)} where {len(types)} values were expected; it is damaged")
    return tuple(_value_of(item, type_) for item, type_ in zip(data, types, strict=True))


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise StoreError(f"the store holds {shown(text)} where JSON was expected ({error}); it is damaged") from None


def _value_data(value: Value) -> object:
    if isinstance(value, tuple):
        return [_value_data(item) for item in value]
    if isinstance(value, str) and _SURROGATE.search(value):
        return {"escaped": value.encode("unicode_escape").decode("ascii")}
    if isinstance(value, int) and value.bit_length() > LITERAL_BITS:
        return {"hex": hex(value)}
    return value


def _value_of(data: Any, type_: Type) -> Value:
    try:
        return from_data(_unwrapped(data), type_)
    except (TypeMismatch, ValueError) as error:
        raise StoreError(f"the store holds no value of type {type_}: {error}; it is damaged") from None


def _unwrapped(data: Any) -> object:
    if isinstance(data, list):
        return [_unwrapped(item) for item in data]
    if isinstance(data, dict) and isinstance(data.get("hex"), str):
        return int(data["hex"], 16)
    if isinstance(data, dict) and isinstance(data.get("escaped"), str):
        return data["escaped"].encode("ascii").decode("unicode_escape")
    return data


# Terms.


@dataclass(frozen=True)
class TermText:
    """A term as it is stored.

    Attributes:
        text: its s-expression.
        domain: name of the domain whose operators the text names, or None if the notes hold all of them.
        notes: JSON list of the other operators and the abbreviations, each before its use; empty if there are none.
    """

    text: str
    domain: str | None
    notes: str = ""

    @property
    def digest(self) -> str:
        """Content hash (128 bits, hexadecimal): equal for equal terms over the same domain only."""
        return content_hash(self.domain or "", self.text, self.notes)


def encode_term(term: Term, domain: str | None, library: Sequence[Operator] = ()) -> TermText:
    """Write a term so that `decode_term` gives the identical object.

    Args:
        term: any term, macros and abstractions included.
        domain: name of the domain of its primitives, or None.
        library: operators that the text may name without a note; no two have the same name.

    Raises:
        DomainError: if the domain is not installed.
    """
    # Stand-ins without definitions, so that the writer does not write what the reader knows.
    stand_ins = {operator: Operator(operator.name, operator.type, FUNCTION) for operator in library}
    writer = _Writer(domain, exchange_operators(term, stand_ins) if library else term, tuple(stand_ins.values()))
    written = TermText(writer.text, domain, to_json(writer.notes) if writer.notes else "")
    assert decode_term(written, library) is term, written
    return written


def exchange_operators(term: Term, others: Mapping[Operator, Operator]) -> Term:
    """`term` with other operators of the same type in the place of some; definitions stay as they are."""
    made: dict[Term, Term] = {}
    for node in postorder([term]):
        children = tuple(made[child] for child in node.children)
        head = node.head if isinstance(node, Application) else None
        if isinstance(head, Operator) and head in others:
            made[node] = Application(others[head], children)
        else:
            made[node] = rebuild(node, children)
    return made[term]


def decode_term(stored: TermText, library: Sequence[Operator] = ()) -> Term:
    """Read a stored term.

    Args:
        stored: what `encode_term` wrote.
        library: the library that it was written with.

    Raises:
        DomainError: if its domain is not installed.
        StoreError: if it cannot be read, as when its domain has lost an operator since.
    """
    reader = _Reader(stored.domain, library)
    try:
        for note in _read_json(stored.notes) if stored.notes else ():
            reader.learn({key: decode_text(text) for key, text in note.items()})
        return reader.term(stored.text)
    except (TermSyntaxError, TypeMismatch, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"the stored program {shown(stored.text, 100)} of domain {stored.domain} cannot be read: {error}; "
            f"either the domain has changed since, or the store is damaged"
        ) from None


def _resolver(domain: str | None, library: Sequence[Operator] = ()) -> Resolver:
    """How the names of the operators of a library and of a domain are found; without a domain it has none."""
    own = {(operator.name, operator.arity): operator for operator in library}
    known = load_domain(domain).operator if domain is not None else lambda name, arity: None
    return (lambda name, arity: own.get((name, arity)) or known(name, arity)) if own else known


def _is_known(operator: Operator, resolve: Resolver) -> bool:
    """Whether the text of an operator is read back as that operator by the domain and the library alone."""
    if operator.kind != PRIMITIVE and resolve(operator.name, operator.arity) is not operator:
        return False
    call = Application(operator, tuple(map(Variable, range(operator.arity))))
    try:
        return parse_term(to_sexpr(call), resolve) is call
    except TermSyntaxError:
        return False


def decode_abstraction(name: str, type_: str, definition: TermText) -> Operator:
    """The library function with this name, type (as text) and definition.

    Raises:
        DomainError: if its domain is not installed.
        StoreError: if it cannot be read, as when its domain has lost an operator since.
    """
    body = decode_term(definition)
    try:
        return Operator(name, parse_type(type_), ABSTRACTION, body)
    except TypeMismatch as error:
        raise StoreError(f"the store holds no abstraction {name}: {error}; it is damaged") from None


def is_free_name(name: str, arity: int, domain: str) -> bool:
    """Whether an abstraction may be called `name`: a plain name that the domain and the notation leave free.

    Raises:
        DomainError: if the domain is not installed.
    """
    is_plain = _PLAIN_NAME.fullmatch(name) is not None and name not in _RESERVED
    return is_plain and load_domain(domain).operator(name, arity) is None


_PLAIN_NAME = re.compile(r"[A-Za-z][\w.+*/<>=?-]*", re.ASCII)
_RESERVED = ("as", "char", "exists", "false", "forall", "lambda", "let", "match", "par", "true")
_ANY: Final = parse_type("t0")


class _Writer:
    """Writes a term with stand-ins for foreign operators and, where its tree would explode, for shared sub-terms.

    Attributes:
        text: the s-expression of the term.
        notes: what the stand-ins stand for, each before its use.
    """

    def __init__(self, domain: str | None, term: Term, library: Sequence[Operator]) -> None:
        self.resolve = _resolver(domain, library)
        self.notes: list[dict[str, str]] = []
        self._names: set[str] = set()
        self._stand_ins: dict[Operator, Operator] = {}
        self._written: dict[Term, Term] = {}
        shared = _repeated(term)
        for node in postorder([term], into_definitions=True):
            written = self._rewrite(node)
            self._written[node] = self._abbreviate(written) if node in shared else written
        self.text = to_sexpr(self._written[term])

    def _rewrite(self, node: Term) -> Term:
        children = [self._written[child] for child in node.children]
        if isinstance(node, Application) and isinstance(node.head, Operator):
            return Application(self._stand_in(node.head), tuple(children))
        return rebuild(node, children)

    def _stand_in(self, operator: Operator) -> Operator:
        """The operator that is written: itself if the domain knows it, else one whose name is free."""
        found = self._stand_ins.get(operator)
        if found is None and _is_known(operator, self.resolve):
            found = operator
        elif found is None:
            found = Operator(self._free_name(operator.name, operator.arity), operator.type, FUNCTION)
            self.notes.append(self._note(operator, found.name))
        self._stand_ins[operator] = found
        return found

    def _note(self, operator: Operator, alias: str) -> dict[str, str]:
        type_ = "; ".join(map(str, (*operator.type.parameters, operator.type.result)))
        note = {"as": alias, "kind": operator.kind, "name": encode_text(operator.name), "type": type_}
        if operator.definition is not None:
            note["definition"] = to_sexpr(self._written[operator.definition])
        return note

    def _abbreviate(self, written: Term) -> Term:
        name = self._free_name("shared", 0)
        self.notes.append({"as": name, "term": to_sexpr(written)})
        return Application(Operator(name, _ANY, FUNCTION))

    def _free_name(self, name: str, arity: int) -> str:
        """The name itself if it is plain and nothing else has it, else a numbered one."""
        base = name if _PLAIN_NAME.fullmatch(name) else "operator"
        chosen, number = base, 1
        while chosen in self._names or chosen in _RESERVED or self.resolve(chosen, arity) is not None:
            number += 1
            chosen = f"{base}~{number}"
        self._names.add(chosen)
        return chosen


def _repeated(term: Term) -> set[Term]:
    """Compound sub-terms with several parents, if the trees to be written are much larger than their graph."""
    order = list(postorder([term], into_definitions=True))
    definitions = {op.definition for op in operators(term, into_definitions=True) if op.definition is not None}
    if term.size + sum(root.size for root in definitions) < len(order) + SHARING_THRESHOLD:
        return set()
    parents: dict[Term, int] = {}
    for node in order:
        for child in node.children:
            parents[child] = parents.get(child, 0) + 1
    return {node for node, count in parents.items() if count > 1 and node.children}


class _Reader:
    """Reads terms with the operators and abbreviations that it has learnt."""

    def __init__(self, domain: str | None, library: Sequence[Operator]) -> None:
        self._known = _resolver(domain, library)
        self._foreign: dict[tuple[str, int], Operator] = {}
        self._shared: dict[Operator, Term] = {}

    def learn(self, note: Mapping[str, str]) -> None:
        """Take in one note; those on which it builds were taken in before."""
        if "term" in note:
            stand_in = Operator(note["as"], _ANY, FUNCTION)
            self._shared[stand_in] = self.term(note["term"])
            self._foreign[note["as"], 0] = stand_in
            return
        definition = self.term(note["definition"]) if "definition" in note else None
        type_ = arrow(*map(parse_type, note["type"].split("; ")))
        self._foreign[note["as"], len(type_.parameters)] = Operator(note["name"], type_, note["kind"], definition)

    def term(self, text: str) -> Term:
        """The term that a text denotes."""
        read = parse_term(text, self._resolve)
        if not self._shared:
            return read
        made: dict[Term, Term] = {}
        for node in postorder([read]):
            head = node.head if isinstance(node, Application) else None
            stands_for = self._shared.get(head) if isinstance(head, Operator) else None
            made[node] = rebuild(node, [made[child] for child in node.children]) if stands_for is None else stands_for
        return made[read]

    def _resolve(self, name: str, arity: int) -> Operator | None:
        return self._foreign.get((name, arity)) or self._known(name, arity)


# Weights.


def encode_weights(weights: Weights) -> str:
    """Learned weights as JSON that a person can read: those of each context under parent and argument."""
    contextual = [
        {"parent": encode_text(parent), "argument": argument, "weights": _encoded_keys(known)}
        for (parent, argument), known in weights.contextual.items()
    ]
    return to_json({"unigram": _encoded_keys(weights.unigram), "contextual": contextual})


def _encoded_keys(known: Mapping[str, float]) -> dict[str, float]:
    return {encode_text(key): weight for key, weight in known.items()}


def decode_weights(text: str) -> Weights:
    """The weights that `encode_weights` wrote, equal to the digit.

    Raises:
        StoreError: if `text` holds no weights.
    """
    data = _read_json(text)
    try:
        contextual = {
            (decode_text(entry["parent"]), int(entry["argument"])): _decoded_keys(entry["weights"])
            for entry in data["contextual"]
        }
        return Weights(contextual, _decoded_keys(data["unigram"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"the store holds no weights: {error!r} in {shown(text)}; it is damaged") from None


def _decoded_keys(known: Mapping[str, float]) -> dict[str, float]:
    return {decode_text(key): float(weight) for key, weight in known.items()}


# Examples of a spec.


def encode_example(example: Example) -> tuple[str, str]:
    """The inputs and the output of an example, as JSON texts."""
    return encode_values(example.inputs), encode_value(example.output)


def decode_example(inputs: str, output: str, function: str, type_: Type) -> Example:
    """The example of a function of some type that `encode_example` wrote.

    Raises:
        StoreError: if the texts hold no such example.
    """
    return Example(function, decode_values(inputs, type_.parameters), decode_value(output, type_.result))
