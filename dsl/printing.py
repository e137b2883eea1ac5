"""How terms are written: as s-expressions, as SMT-LIB and SyGuS text, and as readable Python.

All printers are iterative. The s-expression is the exact notation: `parse_term` of it gives the same object. SMT-LIB
and SyGuS text names the variables; sub-terms that are shared so often that the tree would explode are bound by `let`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from keyword import iskeyword

from dsl.errors import SpecError, TermSyntaxError, TypeMismatch
from dsl.sexpr import Document, SExpr, SList, quoted, symbol_text
from dsl.source import Source
from dsl.terms import (
    PRIMITIVE,
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    operators,
    postorder,
    strip_lambdas,
)
from dsl.types import BOOL, CHAR, INT, REAL, STRING, Type, bit_vector
from dsl.values import LITERAL_BITS, literal_text, read_string_literal

SHARING_THRESHOLD = 2_000
"""A term is printed with `let` if its tree has this many more nodes than its graph."""


def operator_text(operator: Operator) -> str:
    """How SMT-LIB writes an operator in front of arguments; indexed ones such as ``(_ extract 3 0)`` as they are."""
    return operator.name if operator.name.startswith("(_ ") else quoted(operator.name)


def _exact_operator_text(operator: Operator) -> str:
    """How s-expressions write an operator: as SMT-LIB, with the widths of bit-vector arguments behind ``@``."""
    widths = [str(p.width) for p in operator.type.parameters if p.name == "bv" and not p.is_polymorphic]
    if operator.kind != PRIMITIVE or not widths:
        return operator_text(operator)
    suffix = "@" + (widths[0] if len(set(widths)) == 1 else ".".join(widths))
    if operator.name.startswith("(_ "):
        return f"{operator.name[:-1]} {suffix})"
    return quoted(operator.name + suffix)


def to_sexpr(term: Term) -> str:
    """The s-expression of `term`: ``(lambda (map (lambda (+ $0 1)) $0))``."""
    return _write(term, _index_text, _exact_literal_text, _exact_operator_text)


EXCERPT_PIECES = 50_000
"""Tokens and blanks of an s-expression after which `excerpt` stops."""


def excerpt(term: Term) -> str:
    """The s-expression of `term`, or its beginning and ``…`` if it is huge: the tree of a small graph may be."""
    return _write(term, _index_text, _exact_literal_text, _exact_operator_text, at_most=EXCERPT_PIECES)


def _index_text(variable: Variable, _: int) -> str:
    return f"${variable.index}"


def _exact_literal_text(literal: Literal) -> str:
    return literal_text(literal.value, literal.type)


def _write(
    term: Term,
    variable_text: Callable[[Variable, int], str],
    text_of_literal: Callable[[Literal], str],
    text_of_operator: Callable[[Operator], str] = operator_text,
    shared: dict[Term, str] | None = None,
    at_most: int | None = None,
) -> str:
    """Write the tree of `term`; terms in `shared` are written by their given name; `at_most` that many pieces."""
    out: list[str] = []
    todo: list[tuple[Term, int] | str] = [(term, 0)]
    while todo:
        if at_most is not None and len(out) >= at_most:
            return "".join([*out, "…"])
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
            head = node.head
            if isinstance(head, Operator):
                todo.append(text_of_operator(head))
            elif isinstance(head, Application) and not head.arguments:
                # In parentheses, since in front of arguments it would be an operator that takes them.
                todo += [")", (head, level), "("]
            else:
                todo.append((head, level))
            todo.append("(")
    return "".join(out)


def smt_literal(literal: Literal) -> str:
    """A literal as SMT-LIB 2.6 writes it: ``(- 1)`` instead of ``-1``, ``0.001`` instead of ``1e-3``."""
    text = literal_text(literal.value, literal.type)
    if literal.type is REAL:
        text = f"{Decimal(text):f}"
        text = text if "." in text else f"{text}.0"
    return f"(- {text[1:]})" if text.startswith("-") else text


def to_smt(term: Term, variables: Sequence[str]) -> str:
    """A first-order term as SMT-LIB text.

    Args:
        term: a term without λ.
        variables: names of the free variables, the *last* one being ``$0`` (as for parameters of a function).

    Raises:
        TypeMismatch: if there are fewer names than variables.
    """
    names = [quoted(name) for name in variables]
    if term.free > len(names):
        raise TypeMismatch(f"{len(names)} names for {term.free} free variables: {term!r}"[:300])

    def variable_text(variable: Variable, level: int) -> str:
        return names[len(names) - 1 - variable.index]

    shared = _repeated(term)
    if not shared:
        return _write(term, variable_text, smt_literal)
    taken = [*names, *(operator.name for operator in operators(term))]
    prefix = "let"
    while any(name.startswith(prefix) for name in taken):
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

    Raises:
        TypeMismatch: if it has fewer.
        TermSyntaxError: if a type has no sort in SMT-LIB.
    """
    count, body = strip_lambdas(program, len(parameters))
    if count != len(parameters):
        raise TypeMismatch(
            f"{name} has {len(parameters)} parameters, but its program only {count} λs: {program!r}"[:300]
        )
    signature = " ".join(f"({quoted(p)} {smt_sort(t)})" for p, t in parameters)
    text = to_smt(body, [p for p, _ in parameters])
    return f"(define-fun {quoted(name)} ({signature}) {smt_sort(result)} {text})"


_LAMBDA, _OR, _AND, _NOT, _COMPARISON, _BIT_OR, _BIT_XOR, _BIT_AND, _SUM, _PRODUCT, _UNARY, _CALL, _ATOM = range(13)
"""How closely the expressions of Python bind, loosest first."""
_INFIX = {
    "+": (_SUM, "+"), "-": (_SUM, "-"), "*": (_PRODUCT, "*"), "div": (_PRODUCT, "//"), "mod": (_PRODUCT, "%"),
    "<": (_COMPARISON, "<"), "<=": (_COMPARISON, "<="), ">": (_COMPARISON, ">"), ">=": (_COMPARISON, ">="),
    "gt?": (_COMPARISON, ">"), "=": (_COMPARISON, "=="), "eq?": (_COMPARISON, "=="), "distinct": (_COMPARISON, "!="),
    "and": (_AND, "and"), "or": (_OR, "or"), "str.++": (_SUM, "+"),
    "bvadd": (_SUM, "+"), "bvsub": (_SUM, "-"), "bvmul": (_PRODUCT, "*"),
    "bvand": (_BIT_AND, "&"), "bvor": (_BIT_OR, "|"), "bvxor": (_BIT_XOR, "^"),
}  # fmt: skip
_PREFIX = {"not": (_NOT, "not "), "-": (_UNARY, "-"), "bvneg": (_UNARY, "-"), "bvnot": (_UNARY, "~")}
_LETTERS = "xyzuvwabcdefghijklmnopqrst"


def to_python(term: Term, parameters: Sequence[str] = ()) -> str:
    """A program as Python a person can read, ``lambda xs: map(lambda x: x + 1, xs)``; display only.

    Args:
        term: a term; its leading λs take their names from `parameters`, further ones are invented.
        parameters: names of the parameters, first to last.
    """
    free = [f"free{i}" for i in range(term.free)]
    bound: list[str] = []
    names = _bound_names(parameters, free)
    # Results of sub-terms are kept on a stack as (precedence, text) so that deep terms need no recursion.
    results: list[tuple[int, str]] = []
    todo: list[tuple[Term, int, bool]] = [(term, 0, False)]
    while todo:
        node, depth, expanded = todo.pop()
        if isinstance(node, Variable):
            results.append((_ATOM, bound[depth - 1 - node.index] if node.index < depth else free[node.index - depth]))
        elif isinstance(node, Literal):
            results.append((_ATOM, hex(node.value) if node.type.name == "bv" else repr(node.value)))  # type: ignore[arg-type]
        elif not expanded:
            todo.append((node, depth, True))
            below = depth + isinstance(node, Lambda)
            if below > len(bound):
                bound.append(next(names))
            todo.extend((child, below, False) for child in reversed(node.children))
        elif isinstance(node, Lambda):
            _, body = results.pop()
            rest = f", {body.removeprefix('lambda ')}" if isinstance(node.body, Lambda) else f": {body}"
            results.append((_LAMBDA, f"lambda {bound[depth]}{rest}"))
        else:
            assert isinstance(node, Application)
            children = results[len(results) - len(node.children) :]
            del results[len(results) - len(node.children) :]
            results.append(_python_application(node, children))
    return results[-1][1]


def _bound_names(parameters: Sequence[str], taken: Sequence[str]) -> Iterator[str]:
    """Distinct names for the variables of nested λs, outermost first."""
    used = set(taken)
    for i, name in enumerate(parameters):
        chosen = name if name.isidentifier() and not iskeyword(name) else f"p{i}"
        while chosen in used:
            chosen += "_"
        used.add(chosen)
        yield chosen
    for number in itertools.count():
        for letter in _LETTERS:
            name = f"{letter}{number or ''}"
            if name not in used:
                yield name


def _python_application(node: Application, children: list[tuple[int, str]]) -> tuple[int, str]:
    if not isinstance(node.head, Operator):
        return _CALL, f"{_within(children[0], _CALL)}({_listed(children[1:])})"
    name, count = node.head.name, len(children)
    if name in ("ite", "if") and count == 3:
        test, then, other = (_within(child, _OR) for child in children)
        return _LAMBDA, f"{then} if {test} else {other}"
    if name in _INFIX and count >= 2 and not (name == "distinct" and count > 2):
        level, symbol = _INFIX[name]
        # Operators of one level associate to the left, except that comparisons chain.
        first = _within(children[0], level + (level == _COMPARISON))
        return level, f" {symbol} ".join([first, *(_within(child, level + 1) for child in children[1:])])
    if name in _PREFIX and count == 1:
        level, symbol = _PREFIX[name]
        return level, symbol + _within(children[0], level)
    if not children:
        return _ATOM, _identifier(name)
    return _CALL, f"{_identifier(name)}({_listed(children)})"


def _listed(arguments: Sequence[tuple[int, str]]) -> str:
    return ", ".join(text for _, text in arguments)


def _within(child: tuple[int, str], level: int) -> str:
    return child[1] if child[0] >= level else f"({child[1]})"


def _identifier(name: str) -> str:
    """The nearest name that Python allows."""
    text = "".join(c if f"_{c}".isidentifier() else "_" for c in name.replace("=>", "implies")).strip("_") or "op"
    return text if text.isidentifier() and not iskeyword(text) else f"{text}_" if iskeyword(text) else f"_{text}"


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
            try:
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
            except TypeMismatch as error:
                raise self.error(str(error), where, at) from None
        return done[0]

    def first_argument(self, node: SList, where: SList, at: int) -> int:
        if not node:
            raise self.error("`()` is no term", where, at)
        head = node[0]
        if head == "lambda":
            if len(node) != 2:
                raise self.error("a λ is written `(lambda body)`", where, at)
            return 1
        return 0 if self.operator_name(head) is None else 1

    def operator_name(self, head: SExpr) -> str | None:
        """The name of the operator that stands in front of its arguments, or None if a term stands there."""
        if isinstance(head, str):
            return None if head[0] == "$" else symbol_text(head)
        words = [word for word in head if isinstance(word, str)]
        return f"({' '.join(words)})" if words[:1] == ["_"] and len(words) == len(head) else None

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
        name = self.operator_name(head)
        if name is not None:
            return Application(self.operator(name, count, node, 0), arguments)
        if count < 2:
            raise self.error("a term is applied to at least one argument", where, at)
        return Application(arguments[0], arguments[1:])


LITERAL_DIGITS = len(str(1 << LITERAL_BITS))
"""Digits of the longest integer literal."""
_DECIMAL = re.compile(r"\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+")


def read_literal(text: str) -> Literal | None:
    """The literal that one token denotes, or None if it is a symbol.

    Raises:
        TypeMismatch: if it is a literal that is too long or too large, or has an impossible escape.
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
        if len(digits) > LITERAL_DIGITS:
            raise TypeMismatch(f"an integer literal has at most {LITERAL_DIGITS} digits")
        return Literal(int(text), INT)
    return Literal(float(text), REAL) if _DECIMAL.fullmatch(digits) else None
