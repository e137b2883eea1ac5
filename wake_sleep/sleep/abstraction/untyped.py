"""Programs of other systems: s-expressions of the untyped λ-calculus, read into terms and written back.

Every token is a constant: an operator without parameters, whose type is a variable. What is applied is a term, so
that `f` in ``(f a b)`` is the same constant as in ``(map f a)``, and abstractions may take it as an argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from dsl.errors import ReverieError
from dsl.terms import ABSTRACTION, Application, Lambda, Literal, Operator, Term, Variable
from dsl.types import TypeVariable

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|#?\(|\)|[^\s()]+')
_INDEX: Final = re.compile(r"\$(\d+)")
_BINDERS: Final = ("lambda", "lam", "λ")


class ProgramSyntaxError(ReverieError):
    """A text is not a program of the untyped λ-calculus."""


def constant(name: str) -> Term:
    """The constant with this name."""
    return Application(Operator(name, TypeVariable(0)))


def untyped_abstraction(name: str, definition: Term) -> Operator:
    """An abstraction about whose types nothing is known: a constant that stands for a closed term."""
    return Operator(name, TypeVariable(0), ABSTRACTION, definition)


def read_program(text: str) -> Term:
    """Read one program.

    ``(lambda b)`` and ``(lam b)`` are λs, ``$i`` is a variable; DreamCoder's inventions ``#(…)`` are read as
    constants. Strings between double quotes are one token, and so is every other run of characters without
    space and parentheses.

    Raises:
        ProgramSyntaxError: if the text is not one well-formed, closed program.
    """
    tokens = _TOKEN.findall(text)
    top: list[Term] = []
    stack: list[tuple[list[Term], bool]] = [(top, False)]
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token == "#(":
            name, position = _invention(text, tokens, position)
            stack[-1][0].append(constant(name))
        elif token == "(":
            binds = position < len(tokens) and tokens[position] in _BINDERS
            position += binds
            stack.append(([], binds))
        elif token == ")":
            parts, binds = stack.pop()
            if not stack:
                raise _error(text, "a parenthesis closes nothing")
            stack[-1][0].append(_compound(text, parts, binds))
        else:
            index = _INDEX.fullmatch(token)
            stack[-1][0].append(Variable(int(index[1])) if index else constant(token))
    if len(stack) > 1:
        raise _error(text, "a parenthesis is never closed")
    if len(top) != 1:
        raise _error(text, f"one program is expected, not {len(top)}")
    if not top[0].is_closed:
        raise _error(text, f"the variable ${top[0].free - 1} of the outermost level is bound nowhere")
    return top[0]


def _invention(text: str, tokens: list[str], position: int) -> tuple[str, int]:
    """The normalised text of an invention whose opening is passed, and the position behind it."""
    level, parts = 1, ["#("]
    while level:
        if position == len(tokens):
            raise _error(text, "an invention `#(…` is never closed")
        token = tokens[position]
        position += 1
        level += (token in ("(", "#(")) - (token == ")")
        space = parts[-1] not in ("(", "#(") and token != ")"
        parts += [" ", token] if space else [token]
    return "".join(parts), position


def _compound(text: str, parts: list[Term], binds: bool) -> Term:
    if binds:
        if len(parts) != 1:
            raise _error(text, f"a λ has one body, not {len(parts)}")
        return Lambda(parts[0])
    if not parts:
        raise _error(text, "nothing is applied in `()`")
    head, *arguments = parts
    if not arguments:
        return head
    if isinstance(head, Application) and isinstance(head.head, Term):
        return Application(head.head, head.arguments + tuple(arguments))
    return Application(head, tuple(arguments))


def _error(text: str, what: str) -> ProgramSyntaxError:
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    return ProgramSyntaxError(f"{what}: {shown}")


def write_program(
    term: Term,
    parameters: int = 0,
    *,
    binder: str = "lambda",
    name: Callable[[Operator | Literal], str] = str,
) -> str:
    """Write a term as `read_program` reads it; abstractions are written as applied constants.

    Args:
        term: the term.
        parameters: how many of its free variables are parameters, written ``#i``, the first one ``#0``.
        binder: how a λ is written.
        name: how operators and literals are written.
    """
    return "".join(_pieces(term, parameters, binder, name))


def _pieces(term: Term, parameters: int, binder: str, name: Callable[[Operator | Literal], str]) -> Iterator[str]:
    stack: list[tuple[Operator | Term, int] | str] = [(term, 0)]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
            continue
        node, level = item
        if isinstance(node, Variable):
            free = node.index - level
            yield f"#{parameters - 1 - free}" if 0 <= free < parameters else f"${node.index}"
        elif isinstance(node, Lambda):
            yield f"({binder} "
            stack += [")", (node.body, level + 1)]
        elif isinstance(node, Application):
            head, arguments = spine(node)
            if arguments:
                yield "("
                stack.append(")")
            for argument in reversed(arguments):
                stack += [(argument, level), " "]
            stack.append((head, level))
        else:
            assert isinstance(node, Operator | Literal)
            yield name(node)


def spine(term: Application) -> tuple[Operator | Term, tuple[Term, ...]]:
    """What is applied in the end, and all its arguments, those of inner applications first."""
    arguments = term.arguments
    while isinstance(term.head, Application):
        term = term.head
        arguments = term.arguments + arguments
    return term.head, arguments
