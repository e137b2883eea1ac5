"""An independent recogniser of programs of a domain: it reads their text and knows nothing of grammars or masks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dsl.domain import Domain
from tests.checker.syntax import Malformed, SExpr, read
from tests.checker.types import Type, Unifier, parse_type, parts


def _scheme(text: str) -> Type:
    return parse_type(re.sub(r"bv\(t\d+\)", "bv64", text))


class Recogniser:
    """Whether a text is a program of a request type over the searchable primitives and the constants of a domain."""

    def __init__(self, domain: Domain, request: str) -> None:
        self.request = parse_type(request)
        self.schemes = {
            (p.name, len(p.type.parameters)): _scheme(str(p.type)) for p in domain.primitives if p.searchable
        }
        self.constants = {repr(c): parse_type(str(c.type)) for c in domain.constants}
        if "bv64" in request:
            self.constants |= {"#x" + "0" * 16: ("bv64",), "#x" + "0" * 15 + "1": ("bv64",)}

    def size(self, text: str) -> int:
        """AST nodes of the body; a `Malformed` is raised for a text that is no program."""
        (tree,) = read(text)
        unifier, scope = Unifier(), list[Type]()
        parameters, result = parts(self.request)
        for parameter in parameters:
            if not (isinstance(tree, list) and len(tree) == 2 and tree[0] == "lambda"):
                raise Malformed(f"too few parameters: {text}")
            scope.insert(0, parameter)
            tree = tree[1]
        return self._check(tree, result, scope, unifier)

    def _check(self, node: SExpr, wanted: Type, scope: Sequence[Type], unifier: Unifier) -> int:
        wanted = unifier.resolve(wanted)
        if isinstance(node, list) and node and node[0] == "lambda":
            if len(node) != 2 or wanted[0] != "->":
                raise Malformed(f"a λ where {wanted} is wanted")
            return 1 + self._check(node[1], wanted[2], [wanted[1], *scope], unifier)
        head, *arguments = node if isinstance(node, list) else [node]
        if not isinstance(head, str):
            raise Malformed(f"{head} is applied")
        if head.startswith("$"):
            type_ = scope[int(head[1:])]
        elif (head.split("@")[0], len(arguments)) in self.schemes:
            type_ = unifier.instance(self.schemes[head.split("@")[0], len(arguments)])
        elif not arguments and head in self.constants:
            type_ = self.constants[head]
        else:
            raise Malformed(f"{head} of {len(arguments)} arguments is unknown")
        parameters, result = parts(type_)
        if len(parameters) != len(arguments):
            raise Malformed(f"{head} takes {len(parameters)} arguments")
        unifier.unify(result, wanted)
        # Functions come last, when the other arguments have settled their types.
        order = sorted(range(len(arguments)), key=lambda i: parameters[i][0] == "->")
        return 1 + sum(self._check(arguments[i], parameters[i], scope, unifier) for i in order)
