"""What list programs mean: the primitives of the domain ``lists``, from their description in its reference.

A program is λs around a body with de Bruijn indices, ``(lambda (map (lambda (+ $0 1)) $0))``. Parameters of a
``define-fun`` may also be named. Functions are curried Python functions; what has no value raises `NoValue`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.checker.first_order import NoValue
from tests.checker.syntax import Malformed, SExpr, literal, show, text_of
from tests.checker.types import Type, Unifier, parse_type, parts

Code: TypeAlias = Callable[[tuple[Any, ...]], Any]

MOST_STEPS = 500_000
"""Primitive applications and elements after which the evaluation of one answer is given up."""


class TooLong(Exception):
    """The evaluation took more than `MOST_STEPS` steps."""


@dataclass
class Steps:
    """A count of the steps that were taken."""

    taken: int = 0

    def take(self, count: int = 1) -> None:
        """Count some steps.

        Raises:
            TooLong: if there are too many.
        """
        self.taken += count
        if self.taken > MOST_STEPS:
            raise TooLong


STEPS = Steps()


@dataclass(frozen=True)
class Primitive:
    """A primitive.

    Attributes:
        scheme: its type.
        function: its meaning.
        sets: ``D`` if DreamCoder has it, ``L`` if LambdaBeam has it.
    """

    scheme: Type
    function: Callable[..., Any]
    sets: str
    arity: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arity", len(parts(self.scheme)[0]))


def _needs(condition: bool) -> None:
    if not condition:
        raise NoValue


def _modulus(a: int, b: int) -> int:
    _needs(b != 0)
    return a % abs(b)


def _divide(a: int, b: int) -> int:
    _needs(b != 0)
    return (a - a % b) // b


def _is_prime(n: int) -> bool:
    if n < 2:
        return False
    STEPS.take(math.isqrt(n) // 2)
    return n == 2 or (n % 2 == 1 and all(n % k for k in range(3, math.isqrt(n) + 1, 2)))


def _is_square(n: int) -> bool:
    return n >= 0 and math.isqrt(n) * math.isqrt(n) == n


def _first(xs: tuple[Any, ...]) -> Any:
    _needs(len(xs) > 0)
    return xs[0]


def _rest(xs: tuple[Any, ...]) -> Any:
    _needs(len(xs) > 0)
    return xs[1:]


def _last(xs: tuple[Any, ...]) -> Any:
    _needs(len(xs) > 0)
    return xs[len(xs) - 1]


def _index(n: int, xs: tuple[Any, ...]) -> Any:
    place = n if n >= 0 else len(xs) + n
    _needs(0 <= place < len(xs))
    return xs[place]


def _split_place(n: int, xs: tuple[Any, ...]) -> int:
    """Where `take` and `drop` cut a list."""
    return min(n, len(xs)) if n >= 0 else max(len(xs) + n, 0)


def _least(xs: tuple[int, ...]) -> int:
    _needs(len(xs) > 0)
    return sorted(xs)[0]


def _greatest(xs: tuple[int, ...]) -> int:
    _needs(len(xs) > 0)
    return sorted(xs)[-1]


def _range(n: int) -> tuple[int, ...]:
    STEPS.take(max(n, 0))
    return tuple(range(n))


def _scan(function: Callable[[Any], Callable[[Any], Any]], xs: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(itertools.accumulate(xs, lambda total, x: function(total)(x)))


def _fold(xs: tuple[Any, ...], start: Any, function: Callable[[Any], Callable[[Any], Any]]) -> Any:
    total = start
    for x in xs[::-1]:
        total = function(x)(total)
    return total


def _unfold(
    state: Any, stop: Callable[[Any], bool], element: Callable[[Any], Any], successor: Callable[[Any], Any]
) -> tuple[Any, ...]:
    out = []
    while not stop(state):
        STEPS.take()
        out.append(element(state))
        state = successor(state)
    return tuple(out)


def _zip_with(
    function: Callable[[Any], Callable[[Any], Any]], xs: tuple[Any, ...], ys: tuple[Any, ...]
) -> tuple[Any, ...]:
    return tuple([function(x)(y) for x, y in zip(xs, ys, strict=False)])


_TABLE: Sequence[tuple[str, str, str, Callable[..., Any]]] = (
    ("+", "int -> int -> int", "DL", lambda a, b: a + b),
    ("-", "int -> int -> int", "DL", lambda a, b: a - b),
    ("*", "int -> int -> int", "DL", lambda a, b: a * b),
    ("mod", "int -> int -> int", "D", _modulus),
    ("<", "int -> int -> bool", "L", lambda a, b: a < b),
    ("gt?", "int -> int -> bool", "DL", lambda a, b: a > b),
    ("not", "bool -> bool", "", lambda a: not a),
    ("eq?", "int -> int -> bool", "DL", lambda a, b: a == b),
    ("int-divide", "int -> int -> int", "L", _divide),
    ("square", "int -> int", "L", lambda a: a * a),
    ("min", "int -> int -> int", "L", lambda a, b: a if a <= b else b),
    ("max", "int -> int -> int", "L", lambda a, b: a if a >= b else b),
    ("is-even", "int -> bool", "L", lambda a: a % 2 == 0),
    ("is-odd", "int -> bool", "L", lambda a: a % 2 == 1),
    ("is-prime", "int -> bool", "D", _is_prime),
    ("is-square", "int -> bool", "D", _is_square),
    ("empty", "list(t0)", "D", tuple),
    ("cons", "t0 -> list(t0) -> list(t0)", "D", lambda x, xs: (x, *xs)),
    ("car", "list(t0) -> t0", "DL", _first),
    ("cdr", "list(t0) -> list(t0)", "D", _rest),
    ("last", "list(t0) -> t0", "L", _last),
    ("empty?", "list(t0) -> bool", "D", lambda xs: len(xs) == 0),
    ("length", "list(t0) -> int", "D", len),
    ("index", "int -> list(t0) -> t0", "DL", _index),
    ("take", "int -> list(t0) -> list(t0)", "L", lambda n, xs: xs[: _split_place(n, xs)]),
    ("drop", "int -> list(t0) -> list(t0)", "L", lambda n, xs: xs[_split_place(n, xs) :]),
    ("reverse", "list(t0) -> list(t0)", "L", lambda xs: tuple(reversed(xs))),
    ("sort", "list(int) -> list(int)", "L", lambda xs: tuple(sorted(xs))),
    ("sum", "list(int) -> int", "L", sum),
    ("minimum", "list(int) -> int", "L", _least),
    ("maximum", "list(int) -> int", "L", _greatest),
    ("range", "int -> list(int)", "D", _range),
    ("map", "(t0 -> t1) -> list(t0) -> list(t1)", "DL", lambda f, xs: tuple([f(x) for x in xs])),
    ("filter", "(t0 -> bool) -> list(t0) -> list(t0)", "L", lambda f, xs: tuple([x for x in xs if f(x)])),
    ("count", "(t0 -> bool) -> list(t0) -> int", "L", lambda f, xs: len([x for x in xs if f(x)])),
    ("zip-with", "(t0 -> t1 -> t2) -> list(t0) -> list(t1) -> list(t2)", "L", _zip_with),
    ("scanl1", "(t0 -> t0 -> t0) -> list(t0) -> list(t0)", "L", _scan),
    ("fold", "list(t0) -> t1 -> (t0 -> t1 -> t1) -> t1", "D", _fold),
    ("unfold", "t0 -> (t0 -> bool) -> (t0 -> t1) -> (t0 -> t0) -> list(t1)", "D", _unfold),
)
_LAZY = {
    "if": (parse_type("bool -> t0 -> t0 -> t0"), "DL"),
    "and": (parse_type("bool -> bool -> bool"), ""),
    "or": (parse_type("bool -> bool -> bool"), ""),
}
ALIASES = {
    "add": "+", "subtract": "-", "multiply": "*", "less": "<", ">": "gt?", "greater": "gt?", "ite": "if",
    "equal": "eq?", "head": "car", "tail": "cdr", "access": "index",
}  # fmt: skip
PRIMITIVES = {name: Primitive(parse_type(scheme), function, sets) for name, scheme, sets, function in _TABLE}

LANGUAGES: Mapping[str, tuple[str, frozenset[int]]] = {
    "lists": ("", frozenset((-1, 0, 1, 2, 3, 4))),
    "lists/dreamcoder": ("D", frozenset((0, 1))),
    "lists/lambdabeam": ("L", frozenset((-1, 0, 1, 2, 3, 4))),
}
"""The languages: the set of primitives, and the constants."""


@dataclass
class Program:
    """Types a body and turns it into code.

    Attributes:
        names: names of parameters, outermost first; λs may leave them unnamed.
        language: name of the language that the body must be in.
        constants: further constants that the task offers.
    """

    names: Sequence[str]
    language: str
    constants: frozenset[tuple[str, Any]]
    types: Unifier = field(default_factory=Unifier)

    def compile(self, body: SExpr, parameters: Sequence[Type], result: Type) -> Code:
        """The code of a body; its environment has the parameters, first to last.

        Raises:
            Malformed: if the body is no program of the language and of this type.
        """
        found, code = self.term(body, list(parameters))
        self.types.unify(found, result)
        return code

    def term(self, node: SExpr, scope: list[Type]) -> tuple[Type, Code]:
        """Type and code of a term; `scope` has the types of the variables, outermost first."""
        if isinstance(node, str):
            return self.atom(node, scope)
        constant = literal(node)
        if constant is not None or (len(node) == 2 and node[0] == "char"):
            return self.constant(node)
        if not node:
            raise Malformed("() is no term")
        if node[0] == "lambda":
            return self.function(node, scope)
        if isinstance(node[0], str) and not node[0].startswith("$"):
            return self.application(node[0], node[1:], scope)
        return self.call(self.term(node[0], scope), node[1:], scope)

    def atom(self, text: str, scope: list[Type]) -> tuple[Type, Code]:
        if text[0] == "$" and text[1:].isdigit():
            place = len(scope) - 1 - int(text[1:])
            if place < 0:
                raise Malformed(f"{text} is not bound")
            return scope[place], lambda environment: environment[place]
        if text in self.names:
            place = list(self.names).index(text)
            return scope[place], lambda environment: environment[place]
        return self.constant(text) if literal(text) is not None else self.application(text, [], scope)

    def constant(self, node: SExpr) -> tuple[Type, Code]:
        type_, value = _typed_literal(node)
        allowed = type_ == "int" and value in LANGUAGES[self.language][1]
        if not allowed and (type_, value) not in self.constants:
            raise Malformed(f"the constant {show(node)} is outside the language {self.language}")
        return (type_,), lambda _: value

    def function(self, node: list[SExpr], scope: list[Type]) -> tuple[Type, Code]:
        if len(node) != 2:
            raise Malformed(f"{show(node)[:60]} is no λ")
        argument = self.types.fresh()
        result, body = self.term(node[1], [*scope, argument])
        return ("->", argument, result), lambda environment: lambda value: body((*environment, value))

    def call(self, head: tuple[Type, Code], arguments: Sequence[SExpr], scope: list[Type]) -> tuple[Type, Code]:
        """A function that is no primitive, applied to arguments one by one."""
        type_, code = head
        for argument in arguments:
            given, value = self.term(argument, scope)
            result = self.types.fresh()
            self.types.unify(type_, ("->", given, result))
            type_, code = result, _apply(code, value)
        return type_, code

    def application(self, name: str, arguments: Sequence[SExpr], scope: list[Type]) -> tuple[Type, Code]:
        name = ALIASES.get(name, name)
        primitive = PRIMITIVES.get(name)
        if primitive is None and name not in _LAZY:
            raise Malformed(f"there is no primitive {name}")
        scheme, sets = _LAZY[name] if primitive is None else (primitive.scheme, primitive.sets)
        if LANGUAGES[self.language][0] not in sets:
            raise Malformed(f"{name} is outside the language {self.language}")
        wanted, result = parts(self.types.instance(scheme))
        if len(arguments) < len(wanted):
            raise Malformed(f"{name} takes {len(wanted)} arguments, not {len(arguments)}")
        codes = []
        for argument, type_ in zip(arguments, wanted, strict=False):
            given, code = self.term(argument, scope)
            self.types.unify(type_, given)
            codes.append(code)
        here = _lazy_code(name, codes) if primitive is None else _strict_code(primitive.function, codes)
        return self.call((result, here), arguments[len(wanted) :], scope)


def _typed_literal(node: SExpr) -> tuple[str, Any]:
    """Name of the type and value of a literal, of ``(char "x")`` too."""
    if isinstance(node, list) and node[0] == "char":
        return "char", text_of(str(node[1]))
    found = literal(node)
    assert found is not None
    sort, value = found
    return {"Int": "int", "Bool": "bool", "String": "str"}.get(sort, sort), value


def _apply(function: Code, argument: Code) -> Code:
    return lambda environment: function(environment)(argument(environment))


def _lazy_code(name: str, codes: Sequence[Code]) -> Code:
    if name == "if":
        test, then, other = codes
        return lambda environment: then(environment) if test(environment) else other(environment)
    left, right = codes
    if name == "and":
        return lambda environment: left(environment) and right(environment)
    return lambda environment: left(environment) or right(environment)


def _strict_code(function: Callable[..., Any], codes: Sequence[Code]) -> Code:
    def code(environment: tuple[Any, ...]) -> Any:
        STEPS.take()
        return function(*[part(environment) for part in codes])

    return code
