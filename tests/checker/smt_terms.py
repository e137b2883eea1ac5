"""Terms of SyGuS-IF files as terms of SMT-LIB 2.6.

Every name of a file or an answer gets a prefix, so that none is taken for something that a solver has built in.
Literals are written anew from their values, operators get their names of SMT-LIB, and integers that stand for real
numbers are converted. A ``let`` and the call of a function stay what they are, so no text grows beyond its origin.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from tests.checker.deep import Steps, run
from tests.checker.first_order import fits, operator_of, sort_of_call
from tests.checker.sygus_files import Function
from tests.checker.syntax import (
    BOOL,
    INT,
    REAL,
    STRING,
    Malformed,
    SExpr,
    Unsupported,
    Value,
    bindings_of,
    literal,
    shadowing,
    show,
    width_of,
)

Typed: TypeAlias = tuple[str, SExpr]
"""Sort and term."""

_SIMPLE = re.compile(r"[A-Za-z0-9~!@$%^&*_+=<>.?/-]+")
_PLAIN = frozenset(map(chr, range(0x20, 0x7F))) - {"\\"}
_ASSOCIATIVE = ("div", "/")
_CHAINED = ("str.<", "str.<=")


def symbol(prefix: str, name: str) -> str:
    """A name of a file behind a prefix, as SMT-LIB writes it.

    Raises:
        Unsupported: if it cannot be written.
    """
    bare = name[1:-1] if name[:1] == "|" else name
    if "\\" in bare:
        raise Unsupported(f"the name {name} cannot be written in SMT-LIB")
    whole = f"{prefix}.{bare}"
    return whole if _SIMPLE.fullmatch(whole) else f"|{whole}|"


def constants(prefix: str, variables: Mapping[str, str]) -> dict[str, Typed]:
    """Variables with their sorts as constants with a prefix."""
    return {name: (sort, symbol(prefix, name)) for name, sort in variables.items()}


def literal_text(sort: str, value: Value) -> str:
    """A literal of SMT-LIB 2.6."""
    if sort == STRING:
        return f'"{"".join(map(_character, str(value)))}"'
    if sort == BOOL:
        return "true" if value else "false"
    width = width_of(sort)
    assert isinstance(value, int | Fraction)
    if width is not None:
        bits = int(value) % (1 << width)
        return f"#x{bits:0{width // 4}x}" if width % 4 == 0 else f"#b{bits:0{width}b}"
    text = str(abs(value)) if sort == INT else _real_text(abs(Fraction(value)))
    return text if value >= 0 else f"(- {text})"


def _character(c: str) -> str:
    if c == '"':
        return '""'
    return c if c in _PLAIN else f"\\u{{{ord(c):x}}}"


def _real_text(value: Fraction) -> str:
    whole = f"{value.numerator}.0"
    return whole if value.denominator == 1 else f"(/ {whole} {value.denominator}.0)"


@dataclass
class Translator:
    """Translates the terms of one file and of the answer to it.

    Attributes:
        functions: sorts of the parameters and of the result of the functions that may be called.
        sorts: the sorts that were met.
        used: the variables that were met, as they are written.
    """

    functions: dict[str, tuple[Sequence[str], str]] = field(default_factory=dict)
    sorts: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)

    def term(self, node: SExpr, variables: Mapping[str, Typed], wanted: str) -> SExpr:
        """A term of SMT-LIB.

        Args:
            node: the term.
            variables: the variables that it may have.
            wanted: its sort.

        Raises:
            Malformed: if it is no term of that sort.
            Unsupported: if solvers do not know some operator.
        """
        sort, text = run(self._term(node, dict(variables)))
        if not fits(sort, wanted):
            raise Malformed(f"a term is of sort {sort}, not {wanted}")
        return _converted(sort, text, wanted)

    def define(self, name: str, function: Function, variables: Mapping[str, Typed]) -> str:
        """A ``define-fun``, after which the function may be called.

        Args:
            name: the name of the function.
            function: what it is.
            variables: variables beside its parameters, which hide those of their names.
        """
        parameters = constants("v", function.parameters)
        self.sorts.update((*function.parameters.values(), function.result))
        text = self.term(function.body, {**variables, **parameters}, function.result)
        self.functions[name] = (tuple(function.parameters.values()), function.result)
        signature: list[SExpr] = [[parameter, sort] for sort, parameter in parameters.values()]
        return show(["define-fun", symbol("f", name), signature, function.result, text])

    def call(self, name: str, arguments: Sequence[Typed]) -> Typed:
        """A call of a function.

        Raises:
            Malformed: if it does not fit.
        """
        wanted, result = self.functions[name]
        given = [sort for sort, _ in arguments]
        if len(given) != len(wanted) or not all(map(fits, given, wanted)):
            raise Malformed(f"wrong arguments of {name}")
        texts = [_converted(sort, text, want) for (sort, text), want in zip(arguments, wanted, strict=True)]
        return result, [symbol("f", name), *texts] if texts else symbol("f", name)

    def _term(self, node: SExpr, variables: dict[str, Typed]) -> Steps[Typed]:
        if isinstance(node, str) and node in variables:
            self.used.add(show(variables[node][1]))
            return variables[node]
        constant = literal(node)
        if constant is not None:
            self.sorts.add(constant[0])
            return constant[0], literal_text(*constant)
        if not node:
            raise Malformed("() is no term")
        if node[0] == "let" and isinstance(node, list):
            return (yield from self._let(node, variables))
        parts: list[Typed] = []
        for child in node[1:] if isinstance(node, list) else ():
            part = yield self._term(child, variables)
            parts.append(part)
        head = node if isinstance(node, str) else node[0]
        if isinstance(head, str) and head in self.functions:
            return self.call(head, parts)
        return self._apply(head, parts)

    def _let(self, node: list[SExpr], variables: dict[str, Typed]) -> Steps[Typed]:
        inner: dict[str, Typed] = {}
        bound: list[SExpr] = []
        for name, term in bindings_of(node):
            sort, text = yield self._term(term, variables)
            inner[name] = sort, symbol("v", name)
            bound.append([inner[name][1], text])
        with shadowing(variables, inner):
            result, body = yield self._term(node[2], variables)
        return result, ["let", bound, body]

    def _apply(self, head: SExpr, parts: Sequence[Typed]) -> Typed:
        """An application of an operator of the theory."""
        name, indices = operator_of(head)
        sorts = [sort for sort, _ in parts]
        result = sort_of_call(name, indices, sorts)
        if result is None:
            raise Malformed(f"{show(head)[:60]} is no operator of {', '.join(sorts) or 'no arguments'}")
        if name.startswith("strings."):
            raise Unsupported(f"no solver knows {name}")
        self.sorts.add(result)
        if name == "/" or (REAL in sorts and name != "ite") or (name == "ite" and result == REAL):
            parts = [(sort, _converted(sort, text, REAL)) for sort, text in parts]
        texts = [text for _, text in parts]
        if name in ("and", "or") and len(texts) == 1:
            return result, texts[0]
        if len(texts) > 2 and name in _ASSOCIATIVE:
            return result, reduce(lambda left, right: [name, left, right], texts)
        if len(texts) > 2 and name in _CHAINED:
            return result, _chain(name, texts)
        operator: SExpr = ["_", name, *map(str, indices)] if indices else {"if": "ite"}.get(name, name)
        return result, [operator, *texts]


def _converted(sort: str, text: SExpr, wanted: str) -> SExpr:
    """An integer where a real number is wanted; any other term as it is."""
    return ["to_real", text] if (sort, wanted) == (INT, REAL) else text


def _chain(name: str, texts: Sequence[SExpr]) -> SExpr:
    """A relation between all neighbours, each written once."""
    places = [f"n.{place}" for place in range(len(texts))]
    bound: list[SExpr] = [[place, text] for place, text in zip(places, texts, strict=True)]
    pairs: list[SExpr] = [[name, left, right] for left, right in itertools.pairwise(places)]
    return ["let", bound, ["and", *pairs]]
