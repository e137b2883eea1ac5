"""Terms, types and values in Z3: what a proof about a program is asked in.

The SMT meaning of a primitive is its text `Primitive.smt` over the places ``{0}``, ``{1}`` …; Z3's own SMT-LIB
reader turns it, once for each combination of sorts, into a template that arguments are put into. Macros and
abstractions are expanded through their definitions. Shared sub-terms become shared expressions, so that the size
of a translation is that of the term as a graph, never as a tree.

This is the only module of `dsl` that imports Z3.
"""

from __future__ import annotations

import ctypes
import functools
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import z3

from dsl.domain import Domain, Primitive
from dsl.errors import DomainError, LimitExceeded, TypeMismatch
from dsl.terms import (
    FUNCTION,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    beta_normal,
    operators,
    strip_lambdas,
)
from dsl.types import BOOL, INT, REAL, STRING, Type
from dsl.values import Value

Build = Callable[..., z3.ExprRef]
"""Makes an expression from the expressions of the arguments."""

LONGEST_NUMERAL = 4_200
"""Most digits of an integer that is read from Z3: about those of the longest literal."""


def sort_of(type_: Type, context: z3.Context | None = None) -> z3.SortRef:
    """The Z3 sort of a base type.

    Args:
        type_: ``int``, ``bool``, ``str``, ``real`` or a bit-vector type of known width.
        context: the Z3 context, the main one by default.

    Raises:
        DomainError: if the type has no sort, as lists and functions.
    """
    if type_ is INT:
        return z3.IntSort(context)
    if type_ is BOOL:
        return z3.BoolSort(context)
    if type_ is STRING:
        return z3.StringSort(context)
    if type_ is REAL:
        return z3.RealSort(context)
    if type_.name == "bv" and not type_.is_polymorphic:
        return z3.BitVecSort(type_.width, context)
    raise DomainError(f"type {type_} has no SMT sort; int, bool, str, real and bvN have one")


def value_to_z3(value: Value, type_: Type, context: z3.Context | None = None) -> z3.ExprRef:
    """The Z3 literal of a value.

    Raises:
        DomainError: if the type has no sort.
    """
    sort = sort_of(type_, context)
    if type_ is BOOL:
        return z3.BoolVal(value, context)
    if type_ is STRING:
        return _string_to_z3(str(value), sort.ctx)
    if type_ is REAL:
        return z3.RealVal(Fraction(float(value)), context)  # type: ignore[arg-type]
    return z3.IntVal(value, context) if type_ is INT else z3.BitVecVal(value, sort)


def _string_to_z3(value: str, context: z3.Context) -> z3.ExprRef:
    # By code points, because z3.StringVal would read an escape such as \u{41} where a backslash is meant.
    codes = (ctypes.c_uint * len(value))(*map(ord, value))
    return z3.SeqRef(z3.Z3_mk_u32string(context.ref(), len(value), codes), context)


def value_from_z3(expression: z3.ExprRef, type_: Type) -> Value:
    """The value of `type_` that a Z3 literal denotes.

    Raises:
        TypeMismatch: if the expression is no literal of that type.
        LimitExceeded: if it is an integer too long for a literal.
    """
    if type_ is BOOL and (z3.is_true(expression) or z3.is_false(expression)):
        return bool(z3.is_true(expression))
    if type_ is STRING and z3.is_string_value(expression):
        return _string_from_z3(expression)
    if type_ is INT and z3.is_int_value(expression):
        return _integer_from_z3(expression)
    if type_ is REAL and z3.is_rational_value(expression):
        return float(expression.as_fraction())
    if type_.name == "bv" and z3.is_bv_value(expression) and expression.size() == type_.width:
        return int(expression.as_long())
    raise TypeMismatch(f"the Z3 expression {str(expression)[:80]} is no literal of type {type_}")


def _string_from_z3(expression: z3.SeqRef) -> str:
    context = expression.ctx.ref()
    length = z3.Z3_get_string_length(context, expression.as_ast())
    codes = (ctypes.c_uint * length)()
    z3.Z3_get_string_contents(context, expression.as_ast(), length, codes)
    return "".join(map(chr, codes))


def _integer_from_z3(expression: z3.IntNumRef) -> int:
    digits = expression.as_string()
    if len(digits) > LONGEST_NUMERAL:
        raise LimitExceeded(f"an integer of {len(digits)} digits from Z3; at most {LONGEST_NUMERAL} are read")
    return int(digits)


def to_z3(
    term: Term,
    variables: Sequence[z3.ExprRef],
    domain: Domain,
    functions: Mapping[Operator, Build] | None = None,
    *,
    context: z3.Context | None = None,
) -> z3.ExprRef:
    """The Z3 expression of a first-order term.

    Args:
        term: a term whose free variables are `variables`.
        variables: what stands for the free variables, the *last* one being ``$0``.
        domain: what the primitives mean.
        functions: how an application of an operator is made, in the place of its meaning or definition; for
            unknown functions there is no other way. Called once for each distinct application.
        context: the Z3 context of `variables`, the main one by default.

    Raises:
        DomainError: if a primitive, or the type of a literal, has no SMT meaning, or a function is not given.
        TypeMismatch: if there are fewer variables than the term has, or their sorts do not fit.
    """
    if any(_takes_functions(op) for op in operators(term, into_definitions=True)):
        term = beta_normal(term, expand=True)
    return _Translation(domain, functions or {}, context).run(term, tuple(reversed(variables)))


def _takes_functions(operator: Operator) -> bool:
    return operator.definition is not None and any(p.is_function for p in operator.type.parameters)


@dataclass(frozen=True, eq=False)
class _Scope:
    """What the variables of a body stand for, innermost first."""

    values: tuple[z3.ExprRef, ...]


_Node = tuple[Term, _Scope]


class _Translation:
    """One translation: remembers the expression of every sub-term in every scope."""

    def __init__(self, domain: Domain, functions: Mapping[Operator, Build], context: z3.Context | None) -> None:
        self.domain, self.functions, self.context = domain, functions, context
        self.done: dict[_Node, z3.ExprRef] = {}
        self.scopes: dict[tuple[int, ...], _Scope] = {}
        self.builds: dict[Operator, Build] = {}
        self.closed = self.scope(())

    def scope(self, values: tuple[z3.ExprRef, ...]) -> _Scope:
        """The one scope of these expressions, so that equal calls of a macro are translated once."""
        return self.scopes.setdefault(tuple(v.get_id() for v in values), _Scope(values))

    def node(self, term: Term, scope: _Scope) -> _Node:
        return (term, scope if term.free else self.closed)

    def run(self, term: Term, values: tuple[z3.ExprRef, ...]) -> z3.ExprRef:
        root = self.node(term, self.scope(values))
        stack = [root]
        while stack:
            here = stack[-1]
            waiting = [] if here in self.done else self.needed(*here)
            if waiting:
                stack.extend(reversed(waiting))
            else:
                stack.pop()
        return self.done[root]

    def needed(self, term: Term, scope: _Scope) -> list[_Node]:
        """The nodes to be done before this one; if there are none, does it."""
        if isinstance(term, Application):
            if isinstance(term.head, Operator) and term.head not in self.builds:
                self.check(term.head)
            nodes = [self.node(argument, scope) for argument in term.arguments]
            waiting = [node for node in nodes if node not in self.done]
            return waiting or self.apply(term, scope, [self.done[node] for node in nodes])
        if isinstance(term, Lambda):
            raise DomainError(f"a function as a value has no SMT meaning: {term!r}"[:300])
        self.done[self.node(term, scope)] = self.leaf(term, scope)
        return []

    def leaf(self, term: Term, scope: _Scope) -> z3.ExprRef:
        if isinstance(term, Literal):
            return value_to_z3(term.value, term.type, self.context)
        assert isinstance(term, Variable)
        if term.index >= len(scope.values):
            raise TypeMismatch(f"variable ${term.index} has no expression; {len(scope.values)} are given")
        return scope.values[term.index]

    def apply(self, term: Application, scope: _Scope, arguments: list[z3.ExprRef]) -> list[_Node]:
        """Do an application whose arguments are done, or name the body that it stands for."""
        head = term.head
        if not isinstance(head, Operator) or self.is_defined(head):
            inner = scope.values if isinstance(head, Term) else ()
            function = head if isinstance(head, Term) else head.definition
            assert function is not None
            count, body = strip_lambdas(function, len(arguments))
            if count < len(arguments):
                raise DomainError(f"a function as a value has no SMT meaning: {function!r}"[:300])
            stands_for = self.node(body, self.scope((*reversed(arguments), *inner)))
            if stands_for not in self.done:
                return [stands_for]
            made = self.done[stands_for]
        else:
            made = self.build(head, arguments)
        self.done[self.node(term, scope)] = made
        return []

    def is_defined(self, operator: Operator) -> bool:
        return operator.definition is not None and operator not in self.functions

    def check(self, operator: Operator) -> None:
        """Refuse an operator without SMT meaning before its arguments are translated."""
        if self.is_defined(operator) or operator in self.functions:
            return
        if operator.kind == FUNCTION:
            raise DomainError(f"no expression is given for the unknown function {operator.name}")
        if self.domain.meaning(operator).smt is None:
            raise DomainError(
                f"primitive {operator.name} of domain {self.domain.name} has no SMT meaning, "
                "so nothing can be proved about programs that use it"
            )

    def build(self, operator: Operator, arguments: list[z3.ExprRef]) -> z3.ExprRef:
        build = self.builds.get(operator) or self.functions.get(operator)
        try:
            if build is None:
                sorts = self.sorts(operator, arguments)
                build = _meaning(self.domain, self.domain.meaning(operator), sorts, self.context)
                if not operator.type.is_polymorphic:
                    self.builds[operator] = build
            return build(*arguments)
        except z3.Z3Exception as error:
            shown = ", ".join(str(argument.sort()) for argument in arguments)
            raise TypeMismatch(f"{operator.name} : {operator.type} applied to {shown}: {_told(error)}") from error

    def sorts(self, operator: Operator, arguments: list[z3.ExprRef]) -> tuple[z3.SortRef, ...]:
        if operator.type.is_polymorphic:
            return tuple(argument.sort() for argument in arguments)
        return tuple(sort_of(parameter, self.context) for parameter in operator.type.parameters)


def _meaning(domain: Domain, primitive: Primitive, sorts: tuple[z3.SortRef, ...], context: z3.Context | None) -> Build:
    """How an application of a primitive is made at these sorts of arguments."""
    assert primitive.smt is not None
    base = domain.find(primitive.name, 2)
    is_widened = base is not None and base is not primitive and base.at_arity(primitive.arity) is primitive
    if base is None or not is_widened:
        return _template(primitive.name, primitive.smt, sorts, context)
    assert base.smt is not None
    if base.smt == f"({base.name} {{0}} {{1}})":
        try:
            return _template(primitive.name, primitive.smt, sorts, context)
        except DomainError:
            # Z3 reads some operators of SMT-LIB with two arguments only, as str.<.
            pass
    return _folded(base, _template(base.name, base.smt, sorts[:2], context))


def _folded(base: Primitive, binary: Build) -> Build:
    """More than two arguments in terms of two (SMT-LIB 2.6, section 3.7)."""

    def build(*arguments: z3.ExprRef) -> z3.ExprRef:
        if base.variadic == "left":
            return functools.reduce(binary, arguments)
        if base.variadic == "right":
            return functools.reduce(lambda b, a: binary(a, b), reversed(arguments))
        pairs = itertools.pairwise(arguments) if base.variadic == "chain" else itertools.combinations(arguments, 2)
        return z3.And([binary(a, b) for a, b in pairs])

    return build


_PLACE = re.compile(r'"[^"]*"|\{(\d+)\}')


def _template(name: str, text: str, sorts: tuple[z3.SortRef, ...], context: z3.Context | None) -> Build:
    """The template that an SMT meaning is, for arguments of these sorts; kept as long as its context.

    Raises:
        DomainError: if Z3 cannot read it.
    """
    home = context or z3.main_ctx()
    # On the context itself, since whatever else holds a template would keep the context, too.
    templates: dict[object, Build] = home.__dict__.setdefault("_reverie_templates", {})
    key = (text, *(sort.get_id() for sort in sorts))
    if key not in templates:
        templates[key] = _read_template(name, text, sorts, context)
    return templates[key]


def forget_templates(context: z3.Context) -> None:
    """Let go of what translations into a context have kept there; the context then ends with its last expression."""
    context.__dict__.pop("_reverie_templates", None)


def _read_template(name: str, text: str, sorts: tuple[z3.SortRef, ...], context: z3.Context | None) -> Build:
    places = [z3.Const(f"place {i}", sort) for i, sort in enumerate(sorts)]
    names = {f"place{i}": place for i, place in enumerate(places)}
    readable = _PLACE.sub(lambda found: f"place{found[1]}" if found[1] else found[0], text)
    try:
        (equation,) = z3.parse_smt2_string(f"(assert (= {readable} {readable}))", decls=names, ctx=context)
    except z3.Z3Exception as error:
        raise DomainError(f"the SMT meaning {text} of primitive {name} cannot be read: {_told(error)}") from error
    return _filling(equation.arg(0), places)


def _told(error: z3.Z3Exception) -> str:
    """What Z3 says about an error, as text."""
    message = error.args[0]
    return message.decode(errors="replace").strip() if isinstance(message, bytes) else str(message)


def _filling(pattern: z3.ExprRef, places: list[z3.ExprRef]) -> Build:
    """A function that puts arguments into the places of a pattern."""
    count = len(places)
    is_plain = z3.is_app(pattern) and pattern.num_args() == count > 0
    if is_plain and all(child.eq(place) for child, place in zip(pattern.children(), places, strict=True)):
        declaration, context, make = pattern.decl(), pattern.ctx, type(pattern)

        def apply(*arguments: z3.ExprRef) -> z3.ExprRef:
            asts = (z3.Ast * count)(*[argument.as_ast() for argument in arguments])
            return make(z3.Z3_mk_app(context.ref(), declaration.ast, count, asts), context)

        return apply
    return lambda *arguments: z3.substitute(pattern, *zip(places, arguments, strict=True))
