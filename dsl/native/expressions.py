"""Conditions written as Python expressions, read into terms.

The text is parsed by `ast` and translated node by node; nothing is ever evaluated. Names are the variables of
the condition, the function to be found, and the primitives of a domain, whose names are written with
underscores where Python allows no other character (``str_len`` for ``str.len``). Python's own notation stands for
the primitive of the domain that fits the types: ``len(x)`` is ``str.len`` or ``length``, ``x + y`` is ``+``,
``str.++`` or ``bvadd``. Every sub-expression has a type, and an error points at the one that is wrong.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dsl.domain import Domain, Primitive
from dsl.errors import SpecError, TypeMismatch, nearest
from dsl.spec import Function
from dsl.terms import Application, Literal, Term, Variable
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, TypeVariable, list_of, match
from dsl.values import Value

MAXIMUM_LENGTH: Final = 20_000
"""Longest expression that is read, in characters."""
MAXIMUM_NESTING: Final = 100
"""Deepest nesting of an expression that is read."""

Typed = tuple[Term, Type]

RESULT: Final = "result"
"""The name by which a postcondition speaks of the result."""

_BINARY: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("+", "str.++", "bvadd")),
    ast.Sub: ("-", ("-", "bvsub")),
    ast.Mult: ("*", ("*", "bvmul")),
    ast.FloorDiv: ("//", ("div", "bvudiv")),
    ast.Mod: ("%", ("mod", "bvurem")),
    ast.BitAnd: ("&", ("bvand",)),
    ast.BitOr: ("|", ("bvor",)),
    ast.BitXor: ("^", ("bvxor",)),
    ast.LShift: ("<<", ("bvshl",)),
    ast.RShift: (">>", ("bvlshr",)),
}
_UNARY: dict[type[ast.unaryop], tuple[str, tuple[str, ...]]] = {
    ast.USub: ("-", ("-", "bvneg")),
    ast.Invert: ("~", ("bvnot",)),
    ast.Not: ("not", ("not",)),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Eq: ("==", ("=",)),
    ast.NotEq: ("!=", ("distinct",)),
    ast.Lt: ("<", ("<", "bvult", "str.<")),
    ast.LtE: ("<=", ("<=", "bvule", "str.<=")),
    ast.Gt: (">", (">", "bvugt")),
    ast.GtE: (">=", (">=", "bvuge")),
}
_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Gt: ast.Lt, ast.GtE: ast.LtE}
_CALLS: dict[str, tuple[str, ...]] = {
    "implies": ("=>",),
    "len": ("str.len", "length"),
    "abs": ("abs",),
    "min": ("min", "minimum"),
    "max": ("max", "maximum"),
    "sum": ("sum",),
    "sorted": ("sort",),
    "int": ("str.to_int",),
    "str": ("str.from_int",),
}
"""Python's functions, by the primitives that they may stand for."""
_METHODS: dict[str, tuple[str, tuple[int, ...]]] = {
    "startswith": ("str.prefixof", (1, 0)),
    "endswith": ("str.suffixof", (1, 0)),
    "replace": ("str.replace_all", (0, 1, 2)),
    "find": ("str.indexof", (0, 1)),
    "count": ("strings.count", (0, 1)),
    "upper": ("strings.upper", (0,)),
    "lower": ("strings.lower", (0,)),
    "strip": ("strings.trim", (0,)),
}
"""Methods of texts: the primitive, and the order in which it takes the text (0) and the arguments."""


@dataclass(frozen=True)
class Scope:
    """What the names of an expression mean.

    Attributes:
        variables: names and types of the variables; the last one is ``$0``.
        function: the function that may be called, or None.
        result: the term that ``result`` stands for, or None.
    """

    variables: tuple[tuple[str, Type], ...]
    function: Function | None = None
    result: Term | None = None


Fail = Callable[[str, int, str | None], SpecError]
"""Makes the error for a message, the index into the text that it is about, and a suggestion."""


def read_condition(text: str, domain: Domain, scope: Scope, fail: Fail) -> Term:
    """Read a Boolean expression.

    Args:
        text: the expression.
        domain: whose primitives may be called.
        scope: what its names mean.
        fail: makes the error to raise.

    Raises:
        SpecError: if it is no expression of the subset, or not Boolean.
    """
    tree, place = _parse(text, fail)
    term, type_ = _Reader(domain, scope, lambda message, node, hint=None: fail(message, place(node), hint)).read(tree)
    if type_ is not BOOL:
        raise fail(f"a condition is true or false, but this is of type {type_}", place(tree), None)
    return term


def list_term(domain: Domain, items: Sequence[Term], element: Type) -> Term | None:
    """The list of these terms, built with ``cons`` and ``empty``; None if the domain has no such primitives."""
    cons = domain.overload("cons", (element, list_of(element)))
    empty = domain.find("empty", 0)
    if cons is None or empty is None:
        return None
    term: Term = Application(empty.operator)
    for item in reversed(items):
        term = Application(cons.operator, (item, term))
    return term


def literal_term(domain: Domain | None, value: Value, type_: Type) -> Term | None:
    """The term of a value; None for a list if there is no domain, or it cannot build lists.

    Raises:
        TypeMismatch: if `value` is not of `type_`, or too long for a literal.
    """
    if type_.name != "list" or not isinstance(value, tuple):
        return Literal(value, type_)
    if domain is None:
        return None
    items = [literal_term(domain, item, type_.arguments[0]) for item in value]
    built = [item for item in items if item is not None]
    return list_term(domain, built, type_.arguments[0]) if len(built) == len(items) else None


def _parse(text: str, fail: Fail) -> tuple[ast.expr, Callable[[ast.expr], int]]:
    """The tree of an expression, and a function from its nodes to indices into `text`."""
    if len(text) > MAXIMUM_LENGTH:
        raise fail(f"an expression of more than {MAXIMUM_LENGTH} characters", 0, None)
    indent = len(text) - len(text.lstrip())
    lines = text[indent:].rstrip().split("\n")
    starts = [indent]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    def place(node: ast.expr) -> int:
        before = lines[node.lineno - 1].encode()[: node.col_offset]
        return starts[node.lineno - 1] + len(before.decode())

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse("\n".join(lines), mode="eval").body
    except SyntaxError as error:
        number = min(max(error.lineno or 1, 1), len(lines))
        column = min(max(error.offset or 1, 1) - 1, len(lines[number - 1]))
        hint = "put an expression of several lines into parentheses" if len(lines) > 1 else None
        raise fail(f"no Python expression: {error.msg}", starts[number - 1] + column, hint) from None
    except ValueError as error:
        raise fail(f"no Python expression: {error}", indent, None) from None
    except (MemoryError, RecursionError):
        raise fail(f"more than {MAXIMUM_NESTING} levels of nesting", indent, None) from None
    if _is_deeper(tree, MAXIMUM_NESTING):
        raise fail(f"more than {MAXIMUM_NESTING} levels of nesting", indent, None)
    return tree, place


def _is_deeper(tree: ast.AST, limit: int) -> bool:
    level: list[ast.AST] = [tree]
    while level and limit:
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        limit -= 1
    return bool(level)


def python_name(name: str) -> str:
    """How an expression writes the name of a primitive: ``str_len`` for ``str.len``, ``is_even`` for ``is-even``."""
    return re.sub(r"\W+", "_", name).strip("_")


def _python_names(domain: Domain) -> Mapping[str, str]:
    """The primitives of a domain by the names that expressions use; the first with a name has it."""
    known: dict[str, str] = {}
    for name in domain.names():
        if python_name(name).isidentifier():
            known.setdefault(python_name(name), name)
    return known


def _is_literal(node: ast.expr) -> bool:
    """Whether the type of an expression depends on where it stands: a number, a text, an empty list."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | str) and not isinstance(node.value, bool)
    if isinstance(node, ast.UnaryOp):
        return not isinstance(node.op, ast.Not) and _is_literal(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_literal(node.left) and _is_literal(node.right)
    return isinstance(node, ast.List) and all(map(_is_literal, node.elts))


class _Reader:
    """Translates the nodes of one expression; `wanted` is the type that a literal takes if it can."""

    def __init__(self, domain: Domain, scope: Scope, fail: Callable[..., SpecError]) -> None:
        self.domain, self.scope, self.fail = domain, scope, fail
        count = len(scope.variables)
        self.variables = {
            name: (Variable(count - 1 - index), type_) for index, (name, type_) in enumerate(scope.variables)
        }
        self.primitives = _python_names(domain)

    def read(self, node: ast.expr, wanted: Type | None = None) -> Typed:
        """The term of a node and its type."""
        match node:
            case ast.Constant():
                return self.literal(node, node.value, wanted)
            case ast.Name():
                return self.name(node, wanted)
            case ast.UnaryOp():
                return self.unary(node, wanted)
            case ast.BinOp():
                return self.binary(node, wanted)
            case ast.BoolOp():
                return self.connective(node)
            case ast.Compare():
                return self.comparison(node)
            case ast.IfExp():
                return self.conditional(node, wanted)
            case ast.Call():
                return self.call(node, wanted)
            case ast.Subscript():
                return self.subscript(node)
            case ast.List():
                return self.list(node, wanted)
        what = _WHAT.get(type(node), type(node).__name__.lower())
        raise self.fail(f"{what} cannot be used in a condition", node)

    def literal(self, node: ast.expr, value: object, wanted: Type | None) -> Typed:
        types = {bool: BOOL, int: INT, str: STRING, float: REAL}
        type_ = types.get(type(value))
        if type_ is None:
            raise self.fail(f"{value!r:.60} is no value of a condition; numbers, texts, True and False are", node)
        if type_ is INT and wanted is not None and (wanted.name == "bv" or wanted is REAL):
            type_, value = wanted, float(value) if wanted is REAL else value  # type: ignore[arg-type]
        elif type_ is STRING and wanted is CHAR and len(str(value)) == 1:
            type_ = CHAR
        try:
            return Literal(value, type_), type_  # type: ignore[arg-type]
        except (TypeMismatch, OverflowError):
            is_long = isinstance(value, int) and value.bit_length() > 200
            shown = "an integer this long" if is_long else repr(value)
            raise self.fail(f"{shown[:60]} is no value of type {type_}", node) from None

    def name(self, node: ast.Name, wanted: Type | None) -> Typed:
        if node.id in self.variables:
            return self.variables[node.id]
        if node.id == RESULT and self.scope.result is not None and self.scope.function is not None:
            return self.scope.result, self.scope.function.result
        primitive = self.domain.find(self.primitives.get(node.id, ""), 0)
        if primitive is not None:
            scheme = primitive.type
            type_ = wanted if wanted is not None and match(scheme, wanted) is not None else scheme
            if not type_.is_polymorphic:
                return Application(primitive.operator), type_
        raise self.fail(f"unknown name `{node.id}`", node, self.name_suggestion(node.id))

    def name_suggestion(self, name: str) -> str | None:
        functions = {*self.primitives, *_CALLS}
        if self.scope.function is not None:
            functions.add(self.scope.function.name)
        if name in functions:
            return f"`{name}` is a function; call it with arguments: `{name}(…)`"
        if name == RESULT:
            return "`result` is the result that a postcondition speaks of"
        known = [n for n, _ in self.scope.variables] + [RESULT] * (self.scope.result is not None)
        return nearest(name, known) or (f"the names known here are {', '.join(known)}" if known else None)

    def operands(self, nodes: Sequence[ast.expr], wanted: Type | None = None) -> list[Typed]:
        """Operands of one type: literals take the type of the first that is none."""
        done: dict[int, Typed] = {}
        for index, node in enumerate(nodes):
            if not _is_literal(node):
                done[index] = self.read(node, wanted)
                wanted = done[min(done)][1]
        return [done.get(index) or self.read(node, wanted) for index, node in enumerate(nodes)]

    def apply(self, node: ast.expr, shown: str, names: Iterable[str], arguments: Sequence[Typed]) -> Typed:
        """The first primitive of these names that takes the arguments, applied to them."""
        types = [type_ for _, type_ in arguments]
        for name in names:
            found = self.domain.overload(name, types)
            if found is not None:
                return Application(found.operator, tuple(term for term, _ in arguments)), found.result
        listed = " and ".join(map(str, types)) or "no arguments"
        raise self.fail(f"`{shown}` does not take {listed} in the domain {self.domain.name}", node)

    def unary(self, node: ast.UnaryOp, wanted: Type | None) -> Typed:
        if isinstance(node.op, ast.UAdd):
            return self.read(node.operand, wanted)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            is_bits = wanted is not None and wanted.name == "bv"
            if isinstance(value, int | float) and not isinstance(value, bool) and not is_bits:
                return self.literal(node, -value, wanted)
        shown, names = _UNARY[type(node.op)]
        return self.apply(node, shown, names, [self.read(node.operand, wanted)])

    def binary(self, node: ast.BinOp, wanted: Type | None) -> Typed:
        if type(node.op) not in _BINARY:
            hint = "integers are divided by `//`" if isinstance(node.op, ast.Div) else None
            symbol = {ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}[type(node.op)]
            raise self.fail(f"`{symbol}` cannot be used in a condition", node, hint)
        shown, names = _BINARY[type(node.op)]
        return self.apply(node.right, shown, names, self.operands([node.left, node.right], wanted))

    def connective(self, node: ast.BoolOp) -> Typed:
        name = "and" if isinstance(node.op, ast.And) else "or"
        return self.apply(node, name, [name], [self.condition(value, f"`{name}`") for value in node.values])

    def condition(self, node: ast.expr, what: str) -> Typed:
        term, type_ = self.read(node)
        if type_ is not BOOL:
            raise self.fail(f"{what} takes truth values, but this is of type {type_}", node)
        return term, type_

    def comparison(self, node: ast.Compare) -> Typed:
        """Comparisons in a chain hold pairwise, as in Python; the terms between are shared."""
        nodes = [node.left, *node.comparators]
        if isinstance(node.ops[0], ast.In) and isinstance(nodes[1], ast.List | ast.Tuple) and len(nodes) == 2:
            return self.membership(node.left, nodes[1])
        if any(isinstance(operator, ast.In | ast.NotIn) for operator in node.ops):
            operands = [self.read(operand) for operand in nodes]
        else:
            operands = self.operands(nodes)
        links = [
            self.link(operator, left, right, place)
            for operator, left, right, place in zip(
                node.ops, operands[:-1], operands[1:], node.comparators, strict=True
            )
        ]
        return links[0] if len(links) == 1 else self.apply(node, "and", ["and"], links)

    def membership(self, node: ast.expr, among: ast.List | ast.Tuple) -> Typed:
        """``x in [a, b]`` is ``x == a or x == b``."""
        if not among.elts:
            raise self.fail("nothing is in an empty list", among)
        first, *others = self.operands([node, *among.elts])
        equal = [
            self.apply(place, "in", ["="], [first, other]) for place, other in zip(among.elts, others, strict=True)
        ]
        return equal[0] if len(equal) == 1 else self.apply(among, "or", ["or"], equal)

    def link(self, operator: ast.cmpop, left: Typed, right: Typed, place: ast.expr) -> Typed:
        if isinstance(operator, ast.In):
            return self.apply(place, "in", ["str.contains"], [right, left])
        if isinstance(operator, ast.NotIn):
            return self.apply(place, "not", ["not"], [self.link(ast.In(), left, right, place)])
        if type(operator) not in _COMPARISONS:
            raise self.fail("`is` cannot be used in a condition", place, "values are compared by `==`")
        shown, names = _COMPARISONS[type(operator)]
        flipped = _FLIPPED.get(type(operator))
        if flipped is not None and not any(self.domain.overload(n, (left[1], right[1])) for n in names):
            return self.apply(place, shown, _COMPARISONS[flipped][1], [right, left])
        return self.apply(place, shown, names, [left, right])

    def conditional(self, node: ast.IfExp, wanted: Type | None) -> Typed:
        test = self.condition(node.test, "`if`")
        branches = self.operands([node.body, node.orelse], wanted)
        if branches[0][1] is not branches[1][1]:
            types = f"{branches[0][1]} and {branches[1][1]}"
            raise self.fail(f"the branches of `if` are of different types, {types}", node.orelse)
        return self.apply(node, "if", ["ite"], [test, *branches])

    def call(self, node: ast.Call, wanted: Type | None) -> Typed:
        for keyword in node.keywords:
            raise self.fail("arguments are given by position", keyword.value)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                raise self.fail("`*` cannot be used in a condition", argument)
        if isinstance(node.func, ast.Attribute):
            return self.method(node, node.func)
        if not isinstance(node.func, ast.Name):
            raise self.fail("only functions that have a name can be called", node.func)
        name, function = node.func.id, self.scope.function
        if function is not None and name == function.name:
            return self.call_function(node, function)
        if name in _CALLS and not self.has_primitive(name, len(node.args)):
            return self.call_builtin(node, name)
        if name not in self.primitives:
            known = {*self.primitives, *_CALLS, *([function.name] if function is not None else [])}
            raise self.fail(f"unknown function `{name}`", node.func, nearest(name, known))
        return self.call_primitive(node, self.primitives[name], wanted)

    def has_primitive(self, name: str, arity: int) -> bool:
        return self.domain.find(self.primitives.get(name, ""), arity) is not None

    def call_function(self, node: ast.Call, function: Function) -> Typed:
        if len(node.args) != len(function.parameters):
            count = len(function.parameters)
            raise self.fail(
                f"`{function.name}` takes {count} arguments, not {len(node.args)}", node, function.signature
            )
        arguments = []
        for argument, (name, type_) in zip(node.args, function.parameters, strict=True):
            term, found = self.read(argument, type_)
            if found is not type_:
                raise self.fail(f"{name} is of type {type_}, but this is of type {found}", argument)
            arguments.append(term)
        return Application(function.operator, tuple(arguments)), function.result

    def call_builtin(self, node: ast.Call, name: str) -> Typed:
        arguments = self.operands(node.args)
        types = [type_ for _, type_ in arguments]
        is_known = any(self.domain.overload(n, types) for n in _CALLS[name])
        if name in ("min", "max") and len(arguments) > 1 and not is_known:
            return self.extreme(node, name, arguments)
        return self.apply(node, name, _CALLS[name], arguments)

    def extreme(self, node: ast.Call, name: str, arguments: Sequence[Typed]) -> Typed:
        """``min`` and ``max`` by comparison, from left to right."""
        best = arguments[0]
        for candidate in arguments[1:]:
            pair = [best, candidate] if name == "min" else [candidate, best]
            is_best = self.apply(node, name, _COMPARISONS[ast.LtE][1], pair)
            best = self.apply(node, name, ["ite"], [is_best, best, candidate])
        return best

    def call_primitive(self, node: ast.Call, name: str, wanted: Type | None) -> Typed:
        primitive = self.domain.find(name, len(node.args))
        if primitive is None:
            return self.apply(node, name, [name], self.operands(node.args))
        if any(parameter.is_function for parameter in primitive.type.parameters):
            raise self.fail(f"`{name}` takes a function, which a condition cannot give", node.func)
        shown = f"{name} : {primitive.type}"
        return self.apply(node, shown, [name], self.arguments(node.args, primitive, wanted))

    def arguments(self, nodes: Sequence[ast.expr], primitive: Primitive, wanted: Type | None) -> list[Typed]:
        """Arguments of a primitive: literals take the type that the others leave to them."""
        assigned: dict[TypeVariable, Type] = {}
        parameters = primitive.type.parameters
        done: dict[int, Typed] = {}
        for index, node in enumerate(nodes):
            if not _is_literal(node):
                done[index] = self.read(node)
                assigned |= match(parameters[index], done[index][1]) or {}
        if not done and wanted is not None:
            assigned |= match(primitive.type.result, wanted) or {}
        hints = [_assign(parameter, assigned) for parameter in parameters]
        return [done.get(index) or self.read(node, hints[index]) for index, node in enumerate(nodes)]

    def method(self, node: ast.Call, function: ast.Attribute) -> Typed:
        if function.attr not in _METHODS:
            raise self.fail(f"unknown method `{function.attr}`", function, nearest(function.attr, _METHODS))
        name, order = _METHODS[function.attr]
        arguments = [self.read(argument) for argument in (function.value, *node.args)]
        if len(arguments) != len(order):
            raise self.fail(f"`.{function.attr}` takes {len(order) - 1} arguments, not {len(node.args)}", node)
        ordered = [arguments[index] for index in order]
        if function.attr == "find":
            ordered.append((Literal(0, INT), INT))
        return self.apply(node, f".{function.attr}", [name], ordered)

    def subscript(self, node: ast.Subscript) -> Typed:
        if isinstance(node.slice, ast.Slice):
            raise self.fail("slices cannot be used in a condition", node, nearest("substr", self.primitives))
        sequence, index = self.read(node.value), self.read(node.slice)
        if isinstance(index[0], Literal) and index[1] is INT and int(index[0].value) < 0:  # type: ignore[arg-type]
            raise self.fail("positions count from 0 at the front; there is no negative one", node.slice)
        if sequence[1].name == "list":
            return self.apply(node, "[]", ["index"], [index, sequence])
        return self.apply(node, "[]", ["str.at"], [sequence, index])

    def list(self, node: ast.List, wanted: Type | None) -> Typed:
        element = wanted.arguments[0] if wanted is not None and wanted.name == "list" else None
        items = self.operands(node.elts, element)
        types = list(dict.fromkeys(type_ for _, type_ in items)) or [element or INT]
        if len(types) > 1:
            raise self.fail(f"the list mixes {types[0]} and {types[1]}", node)
        term = list_term(self.domain, [item for item, _ in items], types[0])
        if term is None:
            raise self.fail(f"the domain {self.domain.name} has no lists", node)
        return term, list_of(types[0])


def _assign(scheme: Type, assigned: Mapping[TypeVariable, Type]) -> Type | None:
    """`scheme` at the assigned variables, or None if one is left."""
    if isinstance(scheme, TypeVariable):
        return assigned.get(scheme)
    arguments = [_assign(argument, assigned) for argument in scheme.arguments]
    known = [argument for argument in arguments if argument is not None]
    return Type(scheme.name, known) if len(known) == len(arguments) else None


_WHAT: dict[type[ast.expr], str] = {
    ast.Lambda: "lambda",
    ast.ListComp: "a comprehension",
    ast.SetComp: "a comprehension",
    ast.DictComp: "a comprehension",
    ast.GeneratorExp: "a comprehension",
    ast.Attribute: "an attribute",
    ast.JoinedStr: "a formatted text",
    ast.NamedExpr: "an assignment",
    ast.Tuple: "a tuple",
    ast.Dict: "a dictionary",
    ast.Set: "a set",
    ast.Starred: "`*`",
    ast.Await: "await",
}
