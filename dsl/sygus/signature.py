"""What the names and sorts of a SyGuS-IF file denote: everything that it has declared so far."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

from dsl.domain import Domain
from dsl.sexpr import Document, SList
from dsl.source import Location
from dsl.sygus.messages import counted, cut, shown, sort_text, unsupported_sort
from dsl.terms import Operator, Term
from dsl.types import BOOL, INT, STRING, Type, bit_vector

LARGEST_WIDTH: Final = 1 << 16
"""Widest bit-vector that is read, in bits."""
RESERVED: Final = ("_", "!", "as", "let", "exists", "forall", "lambda", "match", "par", "true", "false")
"""Words that cannot name anything."""
Parameters: TypeAlias = tuple[tuple[str, Type], ...]
"""Names and types of parameters, in order."""
_SORTS: Final[Mapping[str, Type]] = {"Int": INT, "Bool": BOOL, "String": STRING}
_NUMERAL = re.compile(r"0|[1-9][0-9]*")
_SIMPLE = re.compile(r"(?![+\-][0-9])[A-Za-z~!@$%^&*_+=<>.?/\-][A-Za-z0-9~!@$%^&*_+=<>.?/\-]*")


def spellings(name: str) -> tuple[str, ...]:
    """How a name may stand in a file: between bars, and without them unless it would then be something else."""
    is_simple = _SIMPLE.fullmatch(name) is not None and name not in RESERVED
    return (name, f"|{name}|") if is_simple else (f"|{name}|",)


class Signature:
    """The names that a file has declared so far.

    Attributes:
        document: the file.
        domain: whose operators it speaks of.
        is_version_1: whether something was met that only version 1 of the language has.
        known: names of the domain's operators.
        operators: macros and functions to be synthesized, by name.
        variables: declared variables, by name: their de Bruijn index in constraints and their type.
        inlined: macros that speak of declared variables, with their bodies.
        pending: the name that is being defined; nothing can call it yet.
        calls: for each operator, how many calls of functions to be synthesized its expansion holds.
        expansion: for each operator, the nodes of its expansion.
    """

    def __init__(self, document: Document, domain: Domain) -> None:
        self.document = document
        self.domain = domain
        self.is_version_1 = False
        self.known = frozenset(domain.names())
        self.operators: dict[str, Operator] = {}
        self.variables: dict[str, tuple[int, Type]] = {}
        self.inlined: dict[Operator, Term] = {}
        self.pending: str | None = None
        self.calls: dict[Operator, int] = {}
        self.expansion: dict[Operator, int] = {}
        self._declared: dict[str, tuple[str, Location]] = {}
        self._sort_names = {"bool"} | {t.name for p in domain.primitives for t in (*p.type.parameters, p.type.result)}
        self._theory = {p.name for p in domain.primitives if (p.smt or "").startswith(f"({p.name} ")}

    def name(self, parent: SList, index: int, what: str) -> str:
        """The name that stands there.

        Raises:
            SpecError: if it is a list, a literal, or a reserved word.
        """
        atom = parent[index]
        if not isinstance(atom, str):
            raise self.document.error(f"the name of a {what} is expected here", parent, index)
        if atom[0] == "|":
            return atom[1:-1]
        if atom in RESERVED:
            raise self.document.error(f"`{atom}` is a reserved word and cannot name a {what}", parent, index)
        if not _SIMPLE.fullmatch(atom):
            hint = None if atom[0] in '":#' else f"anything can be a name between bars: |{cut(atom)}|"
            raise self.document.error(f"`{cut(atom)}` cannot name a {what}", parent, index, hint)
        return atom

    def declare(self, parent: SList, index: int, what: str, suffix: str = "") -> str:
        """The new name that stands there, with `suffix` behind it.

        Raises:
            SpecError: if it is no name, is taken already, or names an operator of the theory.
        """
        name = self.name(parent, index, what) + suffix
        if name in self._declared:
            former, where = self._declared[name]
            message = f"`{cut(name)}` is declared already, as a {former} in line {where.line}"
            raise self.document.error(message, parent, index, "choose another name")
        if name in self._theory:
            message = f"`{name}` is an operator of the theory and cannot be redefined"
            raise self.document.error(message, parent, index, "choose another name")
        self._declared[name] = (what, self.document.locate(parent, index))
        return name

    def parameters(self, parent: SList, index: int, what: str) -> Parameters:
        """Names with sorts, as ``((x Int) (y Bool))``.

        Raises:
            SpecError: if it is no such list, or a name occurs twice.
        """
        given = parent[index]
        if not isinstance(given, SList):
            message = f"the parameters of the {what} are expected here"
            raise self.document.error(message, parent, index, "they are written ((x Int) (y Int)), or () for none")
        found: dict[str, Type] = {}
        for i, pair in enumerate(given):
            if not isinstance(pair, SList) or len(pair) != 2:
                raise self.document.error("a parameter is a name with its sort", given, i, "it is written (x Int)")
            name = self.name(pair, 0, "parameter")
            if name in found:
                raise self.document.error(f"the {what} has two parameters `{cut(name)}`", pair, 0)
            found[name] = self.sort(pair, 1)
        return tuple(found.items())

    def sort(self, parent: SList, index: int) -> Type:
        """The sort that stands there.

        Raises:
            SpecError: if it is none, or none of the domain.
        """
        node = parent[index]
        found = _SORTS.get(node) if isinstance(node, str) else self._bit_vector(node)
        if found is None:
            raise unsupported_sort(self.document, parent, index)
        self.check_sort(found, parent, index)
        return found

    def check_sort(self, type_: Type, parent: SList, index: int) -> None:
        """Refuse a sort of which the domain has nothing.

        Raises:
            SpecError: if it is such a sort.
        """
        if type_.name not in self._sort_names:
            message = f"this file is read in domain {self.domain.name}, which has no sort {sort_text(type_)}"
            hint = "sorts that no single domain has cannot be mixed in one file"
            raise self.document.error(message, parent, index, hint)

    def _bit_vector(self, node: SList) -> Type | None:
        is_indexed = len(node) == 3 and node[0] == "_" and node[1] == "BitVec"
        if not is_indexed and not (len(node) == 2 and node[0] == "BitVec"):
            return None
        self.is_version_1 |= not is_indexed
        return bit_vector(self.width(node, len(node) - 1))

    def width(self, parent: SList, index: int) -> int:
        """The width that stands there.

        Raises:
            SpecError: if it is no numeral from 1 to `LARGEST_WIDTH`.
        """
        width = self.numeral(parent, index, "a width")
        if not 1 <= width <= LARGEST_WIDTH:
            message = f"bit-vectors of {counted(width, 'bit')} are not supported"
            raise self.document.error(message, parent, index, f"a width is from 1 to {LARGEST_WIDTH}")
        return width

    def numeral(self, parent: SList, index: int, what: str) -> int:
        """The small natural number that stands there.

        Raises:
            SpecError: if there is none, or it has more than six digits.
        """
        atom = parent[index]
        if not isinstance(atom, str) or not _NUMERAL.fullmatch(atom):
            raise self.document.error(f"{what} is a numeral, not `{shown(self.document, atom)}`", parent, index)
        if len(atom) > 6:
            raise self.document.error(f"{what} has at most six digits", parent, index)
        return int(atom)
