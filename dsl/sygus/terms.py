"""Names, sorts and terms of SyGuS-IF files, of both versions of the language.

Terms are read with an explicit stack, so nesting costs no recursion. A ``let`` disappears: what it binds becomes a
shared sub-term. A ``define-fun`` whose body speaks of declared variables has no closed definition; such a macro is
expanded where it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from dsl.errors import SpecError, TypeMismatch, nearest
from dsl.printing import LITERAL_DIGITS, read_literal
from dsl.sexpr import SList, quoted, symbol_text
from dsl.sygus.messages import (
    counted,
    cut,
    is_operator,
    known_names,
    shown,
    sort_text,
    unknown_application,
    unknown_symbol,
    wrong_arguments,
)
from dsl.sygus.signature import LARGEST_WIDTH, RESERVED, Parameters, Signature, spellings
from dsl.terms import (
    FUNCTION,
    PRIMITIVE,
    Application,
    Literal,
    Operator,
    Term,
    Variable,
    postorder,
    rebuild,
    shift,
    substitute,
)
from dsl.types import BOOL, INT, STRING, Type, bit_vector
from dsl.values import LARGEST_CODE_POINT

LARGEST_EXPANSION: Final = 1_000_000
"""Most nodes that the macros of a file may expand to where they have to be expanded."""
_VERSION_1_OPERATORS: Final = ("int.to.str", "str.to.int", "iff", "implies")
_NEGATIVE = re.compile(r"-[0-9]+")

Typed: TypeAlias = tuple[Term, Type]
"""A term and its type."""
Placeholder: TypeAlias = Callable[[SList, SList, int], Typed | None]
"""Reads what only grammars have, as ``(Constant S)``; None for any other list."""


@dataclass
class Scope:
    """What the names in one command denote, beyond those of the file.

    Attributes:
        names: parameters, names bound by ``let`` and nonterminals, as they may be spelt; and atoms met already.
        parameters: number of parameters; declared variables stand beyond them.
        nonterminals: the spellings that are nonterminals; these hide no operator.
        placeholder: reads what only a grammar has; None outside of grammars.
    """

    names: dict[str, Typed] = field(default_factory=dict)
    parameters: int = 0
    nonterminals: frozenset[str] = frozenset()
    placeholder: Placeholder | None = None


def parameter_scope(parameters: Parameters) -> Scope:
    """The scope of a body over parameters; the last one is ``$0``."""
    count = len(parameters)
    names: dict[str, Typed] = {
        spelling: (Variable(count - 1 - i), type_)
        for i, (name, type_) in enumerate(parameters)
        for spelling in spellings(name)
    }
    return Scope(names, count)


_VISIT, _APPLY, _BIND, _UNBIND = range(4)


class TermReader:
    """Reads terms over the names of a signature.

    Attributes:
        calls: calls of functions to be synthesized in the expansion of the term read last.
        expansion: nodes of the expansion of the term read last.
        calling: nodes of the expansion of those macros in it that call functions to be synthesized.
    """

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.document = signature.document
        self.calls = self.expansion = self.calling = 0
        self._inlined_nodes = 0
        self._resolved: dict[tuple[str, tuple[Type, ...]], tuple[Operator, Type]] = {}

    def forget(self) -> None:
        """Resolve names anew; needed when one gets a meaning."""
        self._resolved.clear()

    def read(self, parent: SList, index: int, scope: Scope) -> Typed:
        """The term that stands there.

        Args:
            parent: the list that holds it.
            index: its place there.
            scope: what names denote.

        Raises:
            SpecError: if it is no term, names something unknown, or is ill-sorted.
        """
        self.calls = self.expansion = self.calling = 0
        done: list[Typed] = []
        hidden: list[list[tuple[str, Typed | None]]] = []
        todo: list[tuple[int, SList, int]] = [(_VISIT, parent, index)]
        names = scope.names
        while todo:
            step, where, at = todo.pop()
            if step == _VISIT:
                node = where[at]
                if isinstance(node, str):
                    done.append(names.get(node) or self._atom(node, where, at, scope))
                    continue
                special = self._special(node, where, at, scope)
                if special is not None:
                    done.append(special)
                elif node[0] == "let":
                    todo.append((_BIND, node, 0))
                    todo.extend([(_VISIT, binding, len(binding) - 1) for binding in reversed(_bindings(node))])
                else:
                    todo.append((_APPLY, node, len(node) - 1))
                    todo.extend([(_VISIT, node, i) for i in range(len(node) - 1, 0, -1)])
            elif step == _APPLY:
                first = len(done) - at
                done[first:] = [self._apply(where, done[first:], scope)]
            elif step == _BIND:
                hidden.append(self._bind(where, done, scope))
                todo += [(_UNBIND, where, 0), (_VISIT, where, 2)]
            else:
                _restore(names, hidden.pop())
        return done[0]

    # Atoms.

    def _atom(self, text: str, where: SList, at: int, scope: Scope) -> Typed:
        """A name or literal that the scope does not hold; then it does, unless it is a call."""
        name = symbol_text(text)
        found = None if text[0] == "|" else self.literal(text, where, at)
        if found is None:
            operator = self.signature.operators.get(name)
            if operator is not None and operator.arity == 0:
                return self._call(operator, (), where, at, scope), operator.type.result
            found = self._variable(name, where, at, scope) or self._constant(name)
        if found is None:
            message, hint = self._explain(name, scope)
            raise self.document.error(message, where, at, hint)
        scope.names[text] = found
        return found

    def _variable(self, name: str, where: SList, at: int, scope: Scope) -> Typed | None:
        declared = self.signature.variables.get(name)
        if declared is None:
            return None
        if scope.placeholder is not None:
            message = f"the declared variable `{cut(name)}` cannot stand in a grammar"
            raise self.document.error(message, where, at, "a program sees its parameters only")
        return Variable(declared[0] + scope.parameters), declared[1]

    def literal(self, text: str, where: SList, at: int) -> Typed | None:
        """The literal that a token denotes, or None if it is a name.

        Raises:
            SpecError: for literals that are malformed, too long, or of a sort that is not supported.
        """
        if text[0] == "-" and _NEGATIVE.fullmatch(text):
            self.signature.is_version_1 = True
        elif not (text[0] in '"#0123456789' or text in ("true", "false")):
            return None
        if text[0] == "#" and (len(text) - 2) * (4 if text[1:2] == "x" else 1) > LARGEST_WIDTH:
            raise self.document.error(f"a bit-vector literal has at most {LARGEST_WIDTH} bits", where, at)
        found = self._parsed(text, where, at)
        if found is None:
            hint = "bit-vectors are written #x0f or #b0101" if text[0] == "#" else "names do not begin with a digit"
            raise self.document.error(f"`{cut(text)}` is no literal", where, at, hint)
        if found.type.name == "real":
            message = f"`{cut(text)}` is of sort Real, which is not supported"
            raise self.document.error(message, where, at)
        self.signature.check_sort(found.type, where, at)
        return found, found.type

    def _parsed(self, text: str, where: SList, at: int) -> Literal | None:
        try:
            return read_literal(text)
        except TypeMismatch as error:
            raise self.document.error(str(error), where, at) from None

    def _constant(self, name: str) -> Typed | None:
        """A theory's operator without parameters."""
        try:
            found = self.signature.domain.overload(name, ())
        except TypeMismatch:
            return None
        return None if found is None else (Application(found.operator), found.result)

    def _explain(self, name: str, scope: Scope) -> tuple[str, str | None]:
        """Message and suggestion for an atom that is no term."""
        operator = self.signature.operators.get(name)
        if operator is not None:
            form = " ".join([quoted(name), *(f"a{i + 1}" for i in range(min(operator.arity, 9)))])
            return f"`{cut(name)}` takes {counted(operator.arity, 'argument')}, but has none", f"write ({form})"
        if name[:1] == ":":
            return f"the keyword `{cut(name)}` cannot stand in a term", None
        if is_operator(self.signature.domain, name):
            hint = f"write ({name} …)"
            if scope.placeholder is not None:
                hint += "; the productions of a nonterminal are a list of terms, as in (A Int ((+ A A) x))"
            return f"the operator `{name}` is applied to nothing", hint
        visible = map(symbol_text, scope.names)
        return self._unknown(name, [*visible, *self.signature.variables, *self.signature.operators])

    def _unknown(self, name: str, known: list[str]) -> tuple[str, str | None]:
        if name == self.signature.pending:
            return f"`{cut(name)}` occurs in its own definition; recursion is not supported", None
        return unknown_symbol(self.signature.domain, name, known)

    # Lists that are no applications.

    def _special(self, node: SList, where: SList, at: int, scope: Scope) -> Typed | None:
        """The term of such a list; None for applications and let, after a check of their form."""
        if not node:
            raise self.document.error("`()` is no term", where, at)
        head = node[0]
        if not isinstance(head, str):
            self._check_list_head(head, node)
            return None
        if scope.placeholder is not None:
            placed = scope.placeholder(node, where, at)
            if placed is not None:
                return placed
        if head[0] in '"#0123456789' or head in ("true", "false"):
            hint = "operators stand first, as in (+ x 1)" if len(node) > 1 else "take away the parentheses"
            raise self.document.error(f"the literal `{cut(head)}` cannot be applied", node, 0, hint)
        if head == "let":
            self._check_let(node, where, at, scope)
        elif head == "_":
            return self._indexed_literal(node, where, at)
        elif head in RESERVED:
            raise self.document.error(f"`{head}` terms are not supported", node, 0)
        elif len(node) == 1:
            hint = "what takes no arguments stands without parentheses"
            raise self.document.error(f"`{cut(head)}` is applied to nothing", where, at, hint)
        return None

    def _check_list_head(self, head: SList, node: SList) -> None:
        if len(head) > 2 and head[0] == "_" and isinstance(head[1], str) and len(node) > 1:
            return
        if head[:1] == ["_"]:
            message = f"`{shown(self.document, head)}` is no operator"
            raise self.document.error(message, node, 0, "one with numerals is applied as ((_ extract 3 0) x)")
        if head[:1] == ["as"]:
            raise self.document.error("qualified names `(as name Sort)` are not supported", node, 0)
        hint = "take away the extra pair of parentheses" if len(node) == 1 else None
        raise self.document.error("a term begins with an operator or a function, not with a list", node, 0, hint)

    def _indexed_literal(self, node: SList, where: SList, at: int) -> Typed:
        """``(_ bv5 8)`` and ``(_ char #x41)``."""
        name = node[1] if len(node) == 3 else None
        if isinstance(name, str) and re.fullmatch("bv[0-9]+", name):
            width = self.signature.width(node, 2)
            if len(name) > LITERAL_DIGITS or int(name[2:]) >= 1 << width:
                raise self.document.error(f"`{cut(name)}` does not fit into {counted(width, 'bit')}", node, 1)
            return Literal(int(name[2:]), bit_vector(width)), bit_vector(width)
        code = node[2] if name == "char" else None
        if isinstance(code, str) and re.fullmatch("#x[0-9a-fA-F]{1,5}", code):
            if int(code[2:], 16) > LARGEST_CODE_POINT:
                raise self.document.error(f"{code} is beyond the last character, #x2ffff", node, 2)
            return Literal(chr(int(code[2:], 16)), STRING), STRING
        hint = "literals are (_ bv5 8) and (_ char #x41); an indexed operator is applied as ((_ extract 3 0) x)"
        raise self.document.error(f"`{shown(self.document, node)}` is no term", where, at, hint)

    # Let.

    def _check_let(self, node: SList, where: SList, at: int, scope: Scope) -> None:
        if scope.placeholder is not None:
            hint = "write the production without it"
            raise self.document.error("`let` in a grammar is not supported", where, at, hint)
        bindings = node[1] if len(node) == 3 else None
        if not isinstance(bindings, SList) or not bindings:
            raise self.document.error("this is no let term", where, at, "it is written (let ((x term) …) term)")
        bound: set[str] = set()
        for i, binding in enumerate(bindings):
            if not isinstance(binding, SList) or len(binding) not in (2, 3):
                raise self.document.error("a let binds a name to a term", bindings, i, "it is written (x term)")
            name = self.signature.name(binding, 0, "term")
            if name in bound:
                raise self.document.error(f"this let binds `{cut(name)}` twice", binding, 0)
            bound.add(name)

    def _bind(self, node: SList, done: list[Typed], scope: Scope) -> list[tuple[str, Typed | None]]:
        """Let the names denote what is bound to them; returns what they denoted before."""
        bindings = _bindings(node)
        values = done[len(done) - len(bindings) :]
        del done[len(done) - len(bindings) :]
        before: list[tuple[str, Typed | None]] = []
        for binding, value in zip(bindings, values, strict=True):
            if len(binding) == 3:
                self._check_stated_sort(binding, value[1])
            for spelling in spellings(symbol_text(str(binding[0]))):
                before.append((spelling, scope.names.get(spelling)))
                scope.names[spelling] = value
        return before

    def _check_stated_sort(self, binding: SList, found: Type) -> None:
        self.signature.is_version_1 = True
        stated = self.signature.sort(binding, 1)
        if stated is not found:
            message = f"the let states sort {sort_text(stated)}, but the term is of sort {sort_text(found)}"
            raise self.document.error(message, binding, 2)

    # Applications.

    def _apply(self, node: SList, arguments: list[Typed], scope: Scope) -> Typed:
        head = node[0]
        types = tuple([type_ for _, type_ in arguments])
        if isinstance(head, str):
            if head in scope.names and self._hides(symbol_text(head), head in scope.nonterminals):
                raise self.document.error(f"`{cut(head)}` is no function here and cannot be applied", node, 0)
            key = (head, types)
            found = self._resolved.get(key)
            if found is None:
                found = self._resolved[key] = self._resolve(node, head, types, scope)
        else:
            found = self._resolve_indexed(node, head, types)
        operator, result = found
        terms = tuple([term for term, _ in arguments])
        self.expansion += 1
        if operator.kind != PRIMITIVE:
            return self._call(operator, terms, node, 0, scope), result
        if len(terms) < operator.arity:
            return arguments[0]
        return _folded(Application(operator, terms)), result

    def _hides(self, name: str, is_nonterminal: bool) -> bool:
        """Whether a name bound here hides what it means elsewhere: macros and functions, but no operator."""
        if is_nonterminal:
            return False
        return name in self.signature.operators or name not in self.signature.known

    def _resolve(self, node: SList, head: str, types: tuple[Type, ...], scope: Scope) -> tuple[Operator, Type]:
        """The operator that a name means at these argument types, and the type of the result."""
        name = symbol_text(head)
        operator = self.signature.operators.get(name)
        if operator is not None:
            if operator.type.parameters != types:
                raise wrong_arguments(self.document, node, name, operator.type.parameters, types)
            return operator, operator.type.result
        if name in self.signature.variables:
            raise self.document.error(f"`{cut(name)}` is a variable and cannot be applied", node, 0)
        if name in ("and", "or") and types == (BOOL,):
            # Solvers take a connective of one argument for that argument.
            types = (BOOL, BOOL)
        found = self._overload(node, name, types, ())
        if found is None:
            raise self._unknown_application(node, name, types, scope)
        self.signature.is_version_1 |= name in _VERSION_1_OPERATORS
        return found

    def _unknown_application(self, node: SList, name: str, types: tuple[Type, ...], scope: Scope) -> SpecError:
        domain = self.signature.domain
        if node[0] in scope.nonterminals:
            return self.document.error(f"the nonterminal `{cut(name)}` takes no arguments", node, 0)
        if is_operator(domain, name):
            return unknown_application(self.document, domain, node, name, types)
        message, hint = self._unknown(name, list(self.signature.operators))
        return self.document.error(message, node, 0, hint or nearest(name, known_names(domain)))

    def _resolve_indexed(self, node: SList, head: SList, types: tuple[Type, ...]) -> tuple[Operator, Type]:
        name = str(head[1])
        indices = tuple([self.signature.numeral(head, i, "an index") for i in range(2, len(head))])
        found = self._overload(node, name, types, indices)
        if found is None:
            hint = nearest(name, known_names(self.signature.domain))
            raise self.document.error(f"`{shown(self.document, head)}` is no operator", head, 1, hint)
        return found

    def _overload(
        self, node: SList, name: str, types: tuple[Type, ...], indices: tuple[int, ...]
    ) -> tuple[Operator, Type] | None:
        try:
            found = self.signature.domain.overload(name, types, indices)
        except TypeMismatch as error:
            raise self.document.error(str(error), node, 0) from None
        return None if found is None else (found.operator, found.result)

    def _call(self, operator: Operator, arguments: tuple[Term, ...], where: SList, at: int, scope: Scope) -> Term:
        """A call of a macro or a function of the file."""
        if scope.placeholder is not None:
            self._check_in_grammar(operator, where, at)
        calls, nodes = self.signature.calls[operator], self.signature.expansion[operator]
        self.calls += calls
        self.expansion += nodes
        self.calling += nodes if calls and operator.kind != FUNCTION else 0
        body = self.signature.inlined.get(operator)
        if body is None:
            return Application(operator, arguments)
        self._inlined_nodes += nodes
        self.check_expansion(self._inlined_nodes, where, at)
        return _fold(substitute(shift(body, scope.parameters, above=operator.arity), arguments[::-1]))

    def check_expansion(self, nodes: int, where: SList, at: int) -> None:
        """Refuse macros that expand to more than `LARGEST_EXPANSION` nodes.

        Raises:
            SpecError: if `nodes` is more.
        """
        if nodes > LARGEST_EXPANSION:
            raise self.document.error(f"the macros expand to more than {LARGEST_EXPANSION} nodes", where, at)

    def _check_in_grammar(self, operator: Operator, where: SList, at: int) -> None:
        if operator.kind == FUNCTION:
            what = "is to be synthesized"
        elif operator in self.signature.inlined:
            what = "speaks of declared variables"
        elif self.signature.calls[operator]:
            what = "calls a function to be synthesized"
        else:
            return
        raise self.document.error(f"`{cut(operator.name)}` {what} and cannot stand in a grammar", where, at)


def _folded(term: Application) -> Term:
    """`term`, but for a natural number with a minus the negative literal: both are written ``(- 5)``."""
    if len(term.arguments) == 1 and isinstance(term.head, Operator) and term.head.name == "-":
        (number,) = term.arguments
        if isinstance(number, Literal) and number.type is INT and isinstance(number.value, int) and number.value >= 0:
            return Literal(-number.value, INT)
    return term


def _fold(term: Term) -> Term:
    """`term` with every negated natural number a literal."""
    folded: dict[Term, Term] = {}
    for node in postorder([term]):
        made = rebuild(node, [folded[child] for child in node.children])
        folded[node] = _folded(made) if isinstance(made, Application) else made
    return folded[term]


def _bindings(node: SList) -> list[SList]:
    """The bindings of a let whose form was checked."""
    bindings = node[1]
    assert isinstance(bindings, SList)
    return [binding for binding in bindings if isinstance(binding, SList)]


def _restore(names: dict[str, Typed], before: list[tuple[str, Typed | None]]) -> None:
    for name, former in before:
        if former is None:
            names.pop(name, None)
        else:
            names[name] = former
