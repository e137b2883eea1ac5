"""How terms are written: as s-expressions, as SMT-LIB and SyGuS text, and as readable Python.

All printers are iterative. The s-expression is the exact notation: `parse_term` of it gives the same object. SMT-LIB
and SyGuS text names the variables; sub-terms that are shared so often that the tree would explode are bound by `let`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from dsl.errors import SpecError, TermSyntaxError, TypeMismatch
from dsl.sexpr import Document, SList, quoted, symbol_text
from dsl.source import Source
from dsl.terms import (
    PRIMITIVE,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    postorder,
    strip_lambdas,
)
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, bit_vector
from dsl.values import literal_text, read_string_literal

SHARING_THRESHOLD = 2_000
"""A term is printed with `let` if its tree has this many more nodes than its graph."""


def operator_text(operator: Operator) -> str:
    """How SMT-LIB writes an operator in front of its arguments; indexed ones such as ``(_ extract 3 0)`` as they are."""
    return operator.name if operator.name.startswith("(_ ") else quoted(operator.name)


def _exact_operator_text(operator: Operator) -> str:
    """How s-expressions write an operator: as SMT-LIB, with the widths of bit-vector arguments behind ``@``."""
    widths = [str(p.width) for p in operator.type.parameters if p.name == "bv" and not p.is_polymorphic]
    if operator.kind != PRIMITIVE or not widths:
        return operator_text(operator)
    suffix = "@" + (widths[0] if len(set(widths)) == 1 else ",".join(widths))
    if operator.name.startswith("(_ "):
        return f"{operator.name[:-1]} {suffix})"
    return quoted(operator.name + suffix)


def to_sexpr(term: Term) -> str:
    """The s-expression of `term`: ``(lambda (map (lambda (+ $0 1)) $0))``."""
    return _write(
        term,
        lambda variable, _: f"${variable.index}",
        lambda literal: literal_text(literal.value, literal.type),
        _exact_operator_text,
    )


def _write(
    term: Term,
    variable_text: Callable[[Variable, int], str],
    text_of_literal: Callable[[Literal], str],
    text_of_operator: Callable[[Operator], str] = operator_text,
    shared: dict[Term, str] | None = None,
) -> str:
    """Write the tree of `term`; terms in `shared` are written by their given name."""
    out: list[str] = []
    todo: list[tuple[Term, int] | str] = [(term, 0)]
    while todo:
        here = todo.pop()
        if isinstance(here, str):
            out.append(here)
            continue
        node, level = here
        if shared is not None and node in shared:
            out.append(shared[node])
        elif isinstance(node, Variable):
            out.append(variable_text(node, level))
        elif isinstance(node, Literal):
            out.append(text_of_literal(node))
        elif isinstance(node, Lambda):
            todo += [")", (node.body, level + 1), "(lambda "]
        else:
            assert isinstance(node, Application)
            if isinstance(node.head, Operator) and not node.arguments:
                out.append(text_of_operator(node.head))
                continue
            todo.append(")")
            for argument in reversed(node.arguments):
                todo += [(argument, level), " "]
            todo.append(text_of_operator(node.head) if isinstance(node.head, Operator) else (node.head, level))
            todo.append("(")
    return "".join(out)


def smt_literal(literal: Literal) -> str:
    """A literal as SMT-LIB 2.6 writes it: ``(- 1)`` instead of ``-1``."""
    if literal.type is INT and literal.value < 0:  # type: ignore[operator]
        return f"(- {-literal.value})"  # type: ignore[operator]
    return literal_text(literal.value, literal.type)


def to_smt(term: Term, variables: Sequence[str]) -> str:
    """A first-order term as SMT-LIB text.

    Args:
        term: a term without λ.
        variables: names of the free variables, the *last* one being ``$0`` (as for parameters of a function).
    """
    names = [quoted(name) for name in variables]

    def variable_text(variable: Variable, level: int) -> str:
        return names[len(names) - 1 - variable.index]

    shared = _repeated(term)
    if not shared:
        return _write(term, variable_text, smt_literal)
    prefix = "let"
    while any(name.startswith(prefix) for name in names):
        prefix += "_"
    bound: dict[Term, str] = {}
    opening = []
    for number, node in enumerate(shared):
        text = _write(node, variable_text, smt_literal, shared=bound)
        bound[node] = f"{prefix}{number}"
        opening.append(f"(let (({bound[node]} {text})) ")
    return "".join(opening) + _write(term, variable_text, smt_literal, shared=bound) + ")" * len(opening)


def _repeated(term: Term) -> list[Term]:
    """Compound sub-terms with several parents, children first, if sharing is worth a `let` at all."""
    if term.size < SHARING_THRESHOLD:
        return []
    parents: dict[Term, int] = {}
    order = list(postorder([term]))
    if term.size < len(order) + SHARING_THRESHOLD:
        return []
    for node in order:
        for child in node.children:
            parents[child] = parents.get(child, 0) + 1
    return [node for node in order if node.children and parents.get(node, 0) > 1]


_SMT_NAMES = {"int": "Int", "bool": "Bool", "str": "String", "real": "Real"}


def smt_sort(type_: Type) -> str:
    """The SMT-LIB sort of a base type: ``Int``, ``(_ BitVec 64)``.

    Raises:
        TermSyntaxError: if the type has none, as lists.
    """
    if type_.name == "bv":
        return f"(_ BitVec {type_.width})"
    if type_.name not in _SMT_NAMES:
        raise TermSyntaxError(f"type {type_} is no sort of SMT-LIB")
    return _SMT_NAMES[type_.name]


def to_define_fun(name: str, parameters: Sequence[tuple[str, Type]], result: Type, program: Term) -> str:
    """A program as a SyGuS or SMT-LIB ``define-fun``.

    Args:
        name: name of the function.
        parameters: its parameters' names and types.
        result: its result type.
        program: closed λ-term with one leading λ a parameter.
    """
    _, body = strip_lambdas(program, len(parameters))
    signature = " ".join(f"({quoted(p)} {smt_sort(t)})" for p, t in parameters)
    text = to_smt(body, [p for p, _ in parameters])
    return f"(define-fun {quoted(name)} ({signature}) {smt_sort(result)} {text})"


_INFIX = {
    "+": (6, " + "), "-": (6, " - "), "*": (7, " * "), "div": (7, " // "), "mod": (7, " % "),
    "<": (4, " < "), "<=": (4, " <= "), ">": (4, " > "), ">=": (4, " >= "), "=": (4, " == "),
    "distinct": (4, " != "), "gt?": (4, " > "), "eq?": (4, " == "), "and": (2, " and "), "or": (1, " or "),
    "str.++": (6, " + "), "bvadd": (6, " + "), "bvsub": (6, " - "), "bvmul": (7, " * "), "bvand": (5, " & "),
    "bvor": (5, " | "), "bvxor": (5, " ^ "),
}  # fmt: skip
_LETTERS = "xyzuvwabcdefghijklmnopqrst"


def to_python(term: Term, parameters: Sequence[str] = ()) -> str:
    """A program as Python a person can read, ``lambda xs: map(lambda x: x + 1, xs)``; display only.

    Args:
        term: a term; its leading λs take their names from `parameters`, further ones are invented.
        parameters: names of the parameters, first to last.
    """
    names = [name if name.isidentifier() else f"p{i}" for i, name in enumerate(parameters)]
    free = [f"free{i}" for i in range(term.free)]
    # Results of sub-terms are kept on a stack as (precedence, text) so that deep terms need no recursion.
    results: list[tuple[int, str]] = []
    todo: list[tuple[Term, tuple[str, ...], bool]] = [(term, tuple(reversed(free)), False)]
    while todo:
        node, scope, expanded = todo.pop()
        if isinstance(node, Variable):
            results.append((10, scope[-1 - node.index]))
        elif isinstance(node, Literal):
            shown = hex(node.value) if node.type.name == "bv" else repr(node.value)  # type: ignore[arg-type]
            results.append((10, shown))
        elif isinstance(node, Lambda):
            depth = len(scope) - len(free)
            name = names[depth] if depth < len(names) else _fresh(scope)
            if expanded:
                results.append((0, f"lambda {name}: {results.pop()[1]}".replace(": lambda ", ", ", 1)))
            else:
                todo += [(node, scope, True), (node.body, (*scope, name), False)]
        elif not expanded:
            todo.append((node, scope, True))
            todo.extend((child, scope, False) for child in reversed(node.children))
        else:
            assert isinstance(node, Application)
            children = results[len(results) - len(node.children) :]
            del results[len(results) - len(node.children) :]
            results.append(_python_application(node, children))
    return results[-1][1]


def _fresh(scope: Iterable[str]) -> str:
    used = set(scope)
    index = 0
    while True:
        name = _LETTERS[index % len(_LETTERS)] + (str(index // len(_LETTERS)) if index >= len(_LETTERS) else "")
        if name not in used:
            return name
        index += 1


def _python_application(node: Application, children: list[tuple[int, str]]) -> tuple[int, str]:
    if not isinstance(node.head, Operator):
        return 9, f"{_within(children[0], 9)}({', '.join(text for _, text in children[1:])})"
    name = node.head.name
    if name in ("ite", "if") and len(children) == 3:
        test, then, other = (_within(child, 1) for child in children)
        return 0, f"{then} if {test} else {other}"
    if name in _INFIX and len(children) >= 2:
        level, symbol = _INFIX[name]
        parts = [_within(children[0], level), *(_within(child, level + 1) for child in children[1:])]
        return level, symbol.join(parts)
    if name == "not":
        return 3, f"not {_within(children[0], 3)}"
    if name in ("-", "bvneg") and len(children) == 1:
        return 8, f"-{_within(children[0], 8)}"
    if not children:
        return 10, _identifier(name)
    return 9, f"{_identifier(name)}({', '.join(text for _, text in children)})"


def _within(child: tuple[int, str], level: int) -> str:
    return child[1] if child[0] >= level else f"({child[1]})"


def _identifier(name: str) -> str:
    return "".join(c if c.isalnum() or c == "_" else "_" for c in name).strip("_") or "op"


Resolver = Callable[[str, int], Operator | None]
"""Finds the operator with a name and a number of arguments."""


def parse_term(text: str, resolve: Resolver) -> Term:
    """Read the s-expression of a term.

    Args:
        text: what `to_sexpr` writes.
        resolve: how the names of operators are found, as `Domain.operator`.

    Raises:
        TermSyntaxError: if `text` is no term or names an unknown operator; the message says where.
    """
    try:
        document = Document(Source(text))
    except SpecError as error:
        raise TermSyntaxError(str(error)) from None
    if len(document.forms) != 1:
        raise TermSyntaxError(f"{len(document.forms)} expressions where one term is expected: {text[:60]!r}")
    return _TermReader(document, resolve).read(document.forms, 0)


class _TermReader:
    """Builds a term from an s-expression with an explicit stack."""

    def __init__(self, document: Document, resolve: Resolver) -> None:
        self.document, self.resolve = document, resolve

    def error(self, message: str, parent: SList, index: int) -> TermSyntaxError:
        return TermSyntaxError(str(self.document.error(message, parent, index)))

    def read(self, parent: SList, index: int) -> Term:
        done: list[Term] = []
        todo: list[tuple[SList, int, bool]] = [(parent, index, False)]
        while todo:
            where, at, expanded = todo.pop()
            node = where[at]
            if isinstance(node, str):
                done.append(self.atom(node, where, at))
            elif expanded:
                done.append(self.compound(node, done, where, at))
            elif (literal := self.literal_list(node)) is not None:
                done.append(literal)
            else:
                first = self.first_argument(node, where, at)
                todo.append((where, at, True))
                todo.extend((node, i, False) for i in reversed(range(first, len(node))))
        return done[0]

    def first_argument(self, node: SList, where: SList, at: int) -> int:
        if not node:
            raise self.error("`()` is no term", where, at)
        head = node[0]
        if head == "lambda":
            if len(node) != 2:
                raise self.error("a λ is written `(lambda body)`", where, at)
            return 1
        is_operator = isinstance(head, str) and head[0] != "$"
        is_indexed = isinstance(head, SList) and head[:1] == ["_"]
        return 1 if is_operator or is_indexed else 0

    def literal_list(self, node: SList) -> Literal | None:
        if len(node) == 2 and node[0] == "char" and isinstance(node[1], str) and node[1][0] == '"':
            return Literal(read_string_literal(node[1]), CHAR)
        return None

    def atom(self, text: str, where: SList, at: int) -> Term:
        if text[0] == "$" and text[1:].isascii() and text[1:].isdigit() and len(text) < 8:
            return Variable(int(text[1:]))
        literal = read_literal(text)
        if literal is not None:
            return literal
        return Application(self.operator(symbol_text(text), 0, where, at))

    def operator(self, name: str, arity: int, where: SList, at: int) -> Operator:
        found = self.resolve(name, arity)
        if found is None:
            raise self.error(f"`{name}` is no known operator of {arity} arguments", where, at)
        return found

    def compound(self, node: SList, done: list[Term], where: SList, at: int) -> Term:
        head = node[0]
        count = len(node) - self.first_argument(node, where, at)
        arguments = tuple(done[len(done) - count :])
        del done[len(done) - count :]
        if head == "lambda":
            return Lambda(arguments[0])
        if isinstance(head, str) and head[0] != "$":
            return Application(self.operator(symbol_text(head), count, node, 0), arguments)
        if isinstance(head, SList) and head[:1] == ["_"]:
            name = f"({' '.join(map(str, head))})"
            return Application(self.operator(name, count, node, 0), arguments)
        if count < 2:
            raise self.error("a term is applied to at least one argument", where, at)
        return Application(arguments[0], arguments[1:])


_DECIMAL = re.compile(r"\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+")


def read_literal(text: str) -> Literal | None:
    """The literal that one token denotes, or None if it is a symbol.

    Raises:
        TypeMismatch: if it is a literal that is too long or has an impossible escape.
    """
    first = text[0]
    if first == '"':
        return Literal(read_string_literal(text), STRING)
    if first == "#":
        return _bit_vector_literal(text)
    if text in ("true", "false"):
        return Literal(text == "true", BOOL)
    digits = text[1:] if first in "-+" and len(text) > 1 else text
    if digits.isascii() and digits[0].isdigit():
        return _number_literal(text, digits)
    return None


def _bit_vector_literal(text: str) -> Literal | None:
    base, bits = {"x": (16, 4), "b": (2, 1)}.get(text[1:2], (0, 0))
    digits = text[2:]
    if not base or not digits or not all(c in "0123456789abcdefABCDEF"[: 22 if base == 16 else 2] for c in digits):
        return None
    return Literal(int(digits, base), bit_vector(bits * len(digits)))


def _number_literal(text: str, digits: str) -> Literal | None:
    if digits.isdigit():
        if len(digits) > 4_200:
            raise TypeMismatch("an integer literal has at most 4200 digits")
        return Literal(int(text), INT)
    return Literal(float(text), REAL) if _DECIMAL.fullmatch(digits) else None
