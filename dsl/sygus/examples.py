"""Which constraints of a SyGuS-IF file state an example: one output of one call on given arguments.

Output and call may stand on either side of ``=``, and a call of a predicate, or its negation, is an example too.
Arguments and outputs may be ground terms; these are evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from dsl.domain import Domain
from dsl.errors import LimitExceeded
from dsl.evaluate import evaluate
from dsl.sexpr import SExpr, SList
from dsl.source import Location
from dsl.spec import Example, Function
from dsl.sygus.signature import Signature
from dsl.terms import FUNCTION, PRIMITIVE, Application, Literal, Operator, Term, operators
from dsl.types import BOOL, INT, STRING, Type
from dsl.values import Bottom, Value, read_string_literal

_HEXADECIMAL: Final = re.compile("#x[0-9a-fA-F]+")
_INTEGER: Final = re.compile("-?[0-9]{1,4000}")


class ExampleReader:
    """Recognises the examples of one file."""

    def __init__(self, signature: Signature, functions: Mapping[str, Function]) -> None:
        """Read calls of `functions`, which may grow."""
        self.signature = signature
        self.functions = functions
        self.domain: Domain = signature.domain

    def plain(self, node: SExpr, location: Location) -> Example | None:
        """The example ``(= (f literal …) literal)``, read without building a term; None for anything else."""
        if not isinstance(node, SList) or len(node) != 3 or node[0] != "=":
            return None
        call = node[1]
        if not isinstance(call, SList) or not call or not isinstance(call[0], str):
            return None
        function = self.functions.get(call[0])
        if function is None or len(call) != len(function.parameters) + 1:
            return None
        output = self._plain_value(node[2], function.result)
        if output is None:
            return None
        inputs = []
        for i, (_, type_) in enumerate(function.parameters, start=1):
            value = self._plain_value(call[i], type_)
            if value is None:
                return None
            inputs.append(value)
        return Example(function.name, tuple(inputs), output, location)

    def _plain_value(self, node: SExpr, type_: Type) -> Value | None:
        """The value of a literal of this type; None for whatever needs a closer look."""
        if not isinstance(node, str):
            return None
        if type_.name == "bv":
            fits = (len(node) - 2) * 4 == type_.width and _HEXADECIMAL.fullmatch(node)
            return int(node[2:], 16) if fits else None
        if type_ is STRING:
            return read_string_literal(node) if node[0] == '"' and "\\u" not in node else None
        if type_ is INT and _INTEGER.fullmatch(node):
            self.signature.is_version_1 |= node[0] == "-"
            return int(node)
        return node == "true" if type_ is BOOL and node in ("true", "false") else None

    def of_term(self, term: Term, location: Location) -> Example | None:
        """The example that a Boolean term states, or None.

        None too if a ground term of it has no value, or evaluating it takes too much.
        """
        if term.free or not isinstance(term, Application) or not isinstance(term.head, Operator):
            return None
        call: Term = term
        output = _TRUE
        if term.head.kind == PRIMITIVE and term.head.name == "not":
            call, output = term.arguments[0], _FALSE
        elif term.head.kind == PRIMITIVE and term.head.name == "=" and len(term.arguments) == 2:
            call, output = term.arguments if _is_call(term.arguments[0]) else term.arguments[::-1]
        if not _is_call(call):
            return None
        values = []
        for part in (*call.children, output):
            value = self._value(part)
            if value is None:
                return None
            values.append(value)
        assert isinstance(call, Application)
        assert isinstance(call.head, Operator)
        return Example(call.head.name, tuple(values[:-1]), values[-1], location)

    def _value(self, term: Term) -> Value | None:
        """The value of a ground term without unknown functions, or None."""
        if isinstance(term, Literal):
            return term.value
        if any(operator.kind == FUNCTION for operator in operators(term, into_definitions=True)):
            return None
        try:
            value = evaluate(term, (), self.domain)
        except LimitExceeded:
            return None
        return None if isinstance(value, Bottom) else value


_TRUE: Final[Term] = Literal(True, BOOL)
_FALSE: Final[Term] = Literal(False, BOOL)


def _is_call(term: Term) -> bool:
    """Whether `term` calls a function to be synthesized."""
    return isinstance(term, Application) and isinstance(term.head, Operator) and term.head.kind == FUNCTION
