"""Types: monomorphic and polymorphic type terms with unification.

A type is a constructor applied to types (``int``, ``list(t0)``, ``t0 -> t1``) or a type variable. Bit-vectors
are ``bv64``: the constructor ``bv`` applied to a width, which is itself a nullary constructor, so that
``bv(t0)`` is a type polymorphic in its width and unification needs no special case. Types are interned: equal
types are the same object.
"""

from __future__ import annotations

import collections.abc
import functools
import re
import types as python_types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar

from dsl.errors import TypeMismatch

MAXIMUM_NESTING = 64
"""Deepest nesting of a type that is read; deeper ones are refused."""


class Type:
    """A type constructor applied to argument types; compare with ``is`` or ``==``."""

    __slots__ = ("_text", "arguments", "is_polymorphic", "name")
    _interned: ClassVar[dict[tuple[str, tuple[Type, ...]], Type]] = {}
    name: str
    arguments: tuple[Type, ...]
    is_polymorphic: bool
    _text: str | None

    def __new__(cls, name: str, arguments: Iterable[Type] = ()) -> Type:
        """Return the one type with this constructor and these arguments."""
        key = (name, tuple(arguments))
        found = cls._interned.get(key)
        if found is None:
            found = object.__new__(Type)
            found.name, found.arguments = key
            found.is_polymorphic = any(a.is_polymorphic for a in key[1])
            found._text = None
            found = cls._interned.setdefault(key, found)
        return found

    def __reduce__(self) -> tuple[object, ...]:
        """Re-intern on unpickling; a function type flat, so that many parameters need no recursion."""
        if self.is_function:
            return (arrow, (*self.parameters, self.result))
        return (Type, (self.name, self.arguments))

    def __repr__(self) -> str:
        """The text that `parse_type` reads back."""
        if self._text is None:
            self._text = _print(self)
        return self._text

    def __lt__(self, other: Type) -> bool:
        """Order types by their text, so that collections of types can be sorted."""
        return repr(self) < repr(other)

    @property
    def is_function(self) -> bool:
        """Whether this is a function type."""
        return self.name == "->"

    @property
    def parameters(self) -> tuple[Type, ...]:
        """Parameter types of the fully uncurried function type; empty for other types."""
        found = []
        here = self
        while here.name == "->":
            found.append(here.arguments[0])
            here = here.arguments[1]
        return tuple(found)

    @property
    def result(self) -> Type:
        """Result type of the fully uncurried function type; the type itself for other types."""
        here = self
        while here.name == "->":
            here = here.arguments[1]
        return here

    @property
    def depth(self) -> int:
        """Nesting depth: 0 for ``int``, 1 for ``list(int)``, and one more than the deepest argument."""
        if self.name == "bv" or not self.arguments:
            return 0
        return 1 + max(a.depth for a in self.arguments)

    @property
    def width(self) -> int:
        """Width of a bit-vector type, in bits.

        Raises:
            TypeMismatch: if this is not a bit-vector type of known width.
        """
        if self.name == "bv" and not self.is_polymorphic:
            return int(self.arguments[0].name)
        raise TypeMismatch(f"{self} is not a bit-vector type of known width; such a type is written bv8 or bv64")

    def variables(self) -> Iterator[TypeVariable]:
        """The type variables, from left to right, with repetitions."""
        waiting = [self] if self.is_polymorphic else []
        while waiting:
            here = waiting.pop()
            if isinstance(here, TypeVariable):
                yield here
            waiting.extend(a for a in reversed(here.arguments) if a.is_polymorphic)


class TypeVariable(Type):
    """A type variable ``t0``, ``t1``, …, standing for any type."""

    __slots__ = ("index",)
    _variables: ClassVar[dict[int, TypeVariable]] = {}
    index: int

    def __new__(cls, index: int) -> TypeVariable:
        """Return the one type variable with this index."""
        found = cls._variables.get(index)
        if found is None:
            found = object.__new__(TypeVariable)
            found.name, found.arguments, found.is_polymorphic, found.index = f"t{index}", (), True, index
            found._text = found.name
            found = cls._variables.setdefault(index, found)
        return found

    def __reduce__(self) -> tuple[object, ...]:
        """Re-intern on unpickling."""
        return (TypeVariable, (self.index,))


INT = Type("int")
BOOL = Type("bool")
STRING = Type("str")
CHAR = Type("char")
REAL = Type("real")
BASE_TYPES = (INT, BOOL, STRING, CHAR, REAL)


def list_of(element: Type) -> Type:
    """The type of finite lists of `element`."""
    return Type("list", (element,))


def bit_vector(width: int) -> Type:
    """The type of bit-vectors of `width` bits.

    Raises:
        TypeMismatch: if `width` is not positive.
    """
    if width < 1:
        raise TypeMismatch(f"bit-vector width {width} is not positive; the smallest is bv1")
    return Type("bv", (Type(str(width)),))


def arrow(*types: Type) -> Type:
    """The curried function type ``a -> b -> … -> r``; `arrow(r)` is `r` itself."""
    result = types[-1]
    for parameter in reversed(types[:-1]):
        result = Type("->", (parameter, result))
    return result


class Substitution:
    """A growing assignment of types to type variables, with unification (Robinson 1965)."""

    __slots__ = ("_assigned", "_next")

    def __init__(self, first_fresh: int = 0) -> None:
        """Start empty; fresh variables are numbered from `first_fresh`."""
        self._assigned: dict[TypeVariable, Type] = {}
        self._next = first_fresh

    def fresh(self) -> TypeVariable:
        """A type variable that this substitution has not handed out before."""
        self._next += 1
        return TypeVariable(self._next - 1)

    def instantiate(self, scheme: Type) -> Type:
        """A copy of `scheme` whose variables are fresh."""
        if not scheme.is_polymorphic:
            return scheme
        renaming: dict[Type, Type] = {}

        def rename(variable: TypeVariable) -> Type:
            if variable not in renaming:
                renaming[variable] = self.fresh()
            return renaming[variable]

        return _map_variables(scheme, rename)

    def apply(self, type_: Type) -> Type:
        """`type_` with every assigned variable replaced, all the way down."""
        if not type_.is_polymorphic:
            return type_
        return _map_variables(type_, self._resolve)

    def _resolve(self, variable: TypeVariable) -> Type:
        found = self._assigned.get(variable)
        if found is None:
            return variable
        resolved = self.apply(found)
        self._assigned[variable] = resolved
        return resolved

    def _head(self, type_: Type) -> Type:
        while isinstance(type_, TypeVariable) and type_ in self._assigned:
            type_ = self._assigned[type_]
        return type_

    def unify(self, left: Type, right: Type) -> bool:
        """Make both types equal; False (with the substitution in an unusable state) if that is impossible."""
        while True:
            left, right = self._head(left), self._head(right)
            if left is right:
                return True
            if not isinstance(left, TypeVariable) and isinstance(right, TypeVariable):
                left, right = right, left
            if isinstance(left, TypeVariable):
                if right.is_polymorphic and left in self.apply(right).variables():
                    return False
                self._assigned[left] = right
                return True
            if left.name != right.name or len(left.arguments) != len(right.arguments):
                return False
            if not left.is_polymorphic and not right.is_polymorphic:
                return False
            # The last argument goes round the loop: the spine of a function type may be long.
            *others, (left, right) = zip(left.arguments, right.arguments, strict=True)
            if not all(self.unify(a, b) for a, b in others):
                return False


def _map_variables(type_: Type, replace: Callable[[TypeVariable], Type]) -> Type:
    if not type_.is_polymorphic:
        return type_
    if isinstance(type_, TypeVariable):
        return replace(type_)
    if type_.is_function:
        # Along the spine, so that functions of very many parameters need no recursion.
        return arrow(*(_map_variables(p, replace) for p in type_.parameters), _map_variables(type_.result, replace))
    return Type(type_.name, tuple(_map_variables(a, replace) for a in type_.arguments))


def canonical(type_: Type) -> Type:
    """`type_` with its variables renamed to t0, t1, … in order of first occurrence."""
    return Substitution().instantiate(type_)


def match(scheme: Type, concrete: Type) -> dict[TypeVariable, Type] | None:
    """The assignment that makes `scheme` equal to the monomorphic type `concrete`, or None."""
    assigned: dict[TypeVariable, Type] = {}
    todo = [(scheme, concrete)]
    while todo:
        pattern, type_ = todo.pop()
        if isinstance(pattern, TypeVariable):
            if assigned.setdefault(pattern, type_) is not type_:
                return None
        elif pattern is type_:
            continue
        elif pattern.name != type_.name or len(pattern.arguments) != len(type_.arguments):
            return None
        else:
            todo.extend(zip(pattern.arguments, type_.arguments, strict=True))
    return assigned


def assign(scheme: Type, assignment: Mapping[TypeVariable, Type]) -> Type:
    """`scheme` with its variables replaced as `assignment` says; other variables stay."""
    return _map_variables(scheme, lambda variable: assignment.get(variable, variable))


def mentions(type_: Type, constructor: str) -> bool:
    """Whether a constructor such as ``list`` occurs anywhere in a type."""
    waiting = [type_]
    while waiting:
        here = waiting.pop()
        if here.name == constructor:
            return True
        waiting.extend(here.arguments)
    return False


def _print(type_: Type) -> str:
    if type_.is_function:
        shown = (f"({p!r})" if p.is_function else repr(p) for p in type_.parameters)
        return " -> ".join((*shown, repr(type_.result)))
    if type_.name == "bv" and not type_.is_polymorphic:
        return f"bv{type_.arguments[0].name}"
    if type_.arguments:
        return f"{type_.name}({', '.join(map(repr, type_.arguments))})"
    return type_.name


_TOKEN = re.compile(r"\s*(->|[(),]|[A-Za-z_][A-Za-z_0-9]*|\S)")
_CONSTRUCTOR_ARITY = {"list": 1, "bv": 1}


def parse_type(text: str) -> Type:
    """Read a type such as ``(t0 -> bool) -> list(t0) -> int`` or ``bv64 -> bv64``.

    Raises:
        TypeMismatch: if `text` is not a type; the message says where.
    """
    tokens = [(m.group(1), m.start(1)) for m in _TOKEN.finditer(text)] + [("", len(text))]
    reader = _TypeReader(text, tokens)
    found = reader.function(0)
    if reader.peek() != "":
        raise reader.error("expected the end of the type")
    return found


class _TypeReader:
    """Recursive descent over the tokens of one type."""

    def __init__(self, text: str, tokens: list[tuple[str, int]]) -> None:
        self.text, self.tokens, self.position = text, tokens, 0

    def peek(self) -> str:
        return self.tokens[self.position][0]

    def take(self) -> str:
        self.position += 1
        return self.tokens[self.position - 1][0]

    def expect(self, token: str) -> None:
        if self.peek() != token:
            raise self.error(f"expected `{token}`")
        self.position += 1

    def error(self, what: str) -> TypeMismatch:
        token, offset = self.tokens[self.position]
        found = f"found `{token}`" if token else "the text ends"
        return TypeMismatch(
            f"{self.text!r} is not a type: {what} at column {offset + 1}, but {found}; "
            "types are written like `int`, `bv64`, `list(str)`, `list(t0) -> int`"
        )

    def function(self, nesting: int) -> Type:
        parts = [self.atom(nesting)]
        while self.peek() == "->":
            self.take()
            parts.append(self.atom(nesting))
        return arrow(*parts)

    def atom(self, nesting: int) -> Type:
        if nesting > MAXIMUM_NESTING:
            raise self.error(f"at most {MAXIMUM_NESTING} levels of nesting")
        token = self.peek()
        if token == "(":
            self.take()
            inner = self.function(nesting + 1)
            self.expect(")")
            return inner
        if not re.match(r"[A-Za-z_]", token):
            raise self.error("expected the name of a type")
        if variable := re.fullmatch(r"t(\d{1,6})", token):
            self.take()
            return TypeVariable(int(variable.group(1)))
        if width := re.fullmatch(r"bv(\d{1,6})", token):
            self.take()
            return bit_vector(int(width.group(1)))
        return self.constructor(nesting)

    def constructor(self, nesting: int) -> Type:
        token = self.peek()
        arity = _CONSTRUCTOR_ARITY.get(token, 0)
        known = {t.name for t in BASE_TYPES} | set(_CONSTRUCTOR_ARITY)
        if token not in known:
            raise self.error(f"expected one of {', '.join(sorted(known))}")
        self.take()
        if arity == 0:
            return Type(token)
        self.expect("(")
        argument = self.function(nesting + 1)
        self.expect(")")
        return Type(token, (argument,))


_FROM_PYTHON: dict[object, Type] = {int: INT, bool: BOOL, str: STRING, float: REAL}


def from_annotation(annotation: object, variables: dict[object, TypeVariable] | None = None) -> Type:
    """The type that a Python annotation means.

    ``int``, ``bool``, ``str``, ``float`` (the type real), ``list[...]``, ``Callable[[...], ...]`` and
    `typing.TypeVar` are understood; a string is read by `parse_type`.

    Args:
        annotation: the annotation.
        variables: where the `TypeVar`s met so far are kept; pass one dictionary for a whole signature.

    Raises:
        TypeMismatch: for any other annotation.
    """
    variables = {} if variables is None else variables
    if isinstance(annotation, Type):
        return annotation
    if isinstance(annotation, str):
        return parse_type(annotation)
    if isinstance(annotation, typing.TypeVar):
        return variables.setdefault(annotation, TypeVariable(len(variables)))
    base = _FROM_PYTHON.get(annotation)
    if base is not None:
        return base
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (list, tuple) and arguments and (origin is list or arguments[-1] is Ellipsis):
        return list_of(from_annotation(arguments[0], variables))
    if origin is collections.abc.Callable and len(arguments) == 2 and arguments[0] is not Ellipsis:
        return arrow(*(from_annotation(a, variables) for a in (*arguments[0], arguments[1])))
    raise TypeMismatch(
        f"annotation {annotation!r} has no type; use int, bool, str, float, list[...], Callable[[...], ...], "
        'a TypeVar, or the text of a type such as "bv64"'
    )


def signature_type(function: Callable[..., object]) -> Type:
    """The function type that the annotations of a Python function state.

    Raises:
        TypeMismatch: if an annotation is missing or means no type.
    """
    if not isinstance(function, python_types.FunctionType):
        raise TypeMismatch(f"{function!r} is not a Python function; state its type as text")
    hints = _annotations(function)
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    missing = [name for name in (*names, "return") if name not in hints]
    if missing:
        raise TypeMismatch(
            f"function {function.__name__} has no annotation for {', '.join(missing)}; every parameter and the "
            "result need one"
        )
    variables: dict[object, TypeVariable] = {}
    return arrow(*(from_annotation(hints[name], variables) for name in (*names, "return")))


def _annotations(function: python_types.FunctionType) -> dict[str, object]:
    """Resolved annotations, except that a text which is no Python expression is taken as the text of a type."""
    try:
        return dict(typing.get_type_hints(function))
    except (NameError, SyntaxError, TypeError):
        return {k: _unquote(v) for k, v in function.__annotations__.items()}


def _unquote(annotation: object) -> object:
    if isinstance(annotation, str):
        text = annotation.strip("\"'")
        return {"float": REAL, "str": STRING}.get(text, text)
    return annotation


@functools.cache
def type_variables(scheme: Type) -> tuple[TypeVariable, ...]:
    """The distinct type variables of `scheme` in order of first occurrence."""
    return tuple(dict.fromkeys(scheme.variables()))
