"""What the logic of a SyGuS-IF file means: the domain it speaks of, and the programs where no grammar is stated.

A file is mapped to a domain by the sorts and operators that occur in it, not by the logic it names: the
competition files name several that say nothing of their sorts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from dsl.domain import Domain, load_domain
from dsl.errors import SpecError, nearest
from dsl.grammar import Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.rules import from_rules
from dsl.sexpr import Document, SList
from dsl.spec import Function, Spec
from dsl.terms import Application, Term, Variable
from dsl.types import BOOL, INT, STRING, Type

KNOWN_LOGICS: Final = ("LIA", "NIA", "BV", "SLIA", "ALL")
"""The logics that files are normalised to; `SNIA` stands for strings with non-linear arithmetic."""
_LOGIC = re.compile(
    r"(?:QF_|PBE_|INV_|Inv_|CLIA_|Single_Inv_)?(?:ALL(?:_SUPPORTED)?|SAT|CORE|"
    r"(?=[A-Z])(?:AX?)?(?:UF)?C?(?:BV)?(?:FP)?(?:DT)?S?(?:[LN]I?R?A|IDL|RDL)?)(?:_SyGuS)?"
)
_STRING_HINT = re.compile(r"String|str\.|int\.to\.str")


def domain_of(document: Document, logic: str | None) -> str:
    """The name of the domain whose sorts and operators occur in a file.

    Where strings and bit-vectors both occur, the logic decides; what does not fit is then an error where it stands.
    """
    text = document.source.text
    has_strings = _STRING_HINT.search(text) is not None and any(map(_is_of_strings, _atoms(document)))
    has_bit_vectors = "BitVec" in text and "BitVec" in _atoms(document)
    if has_bit_vectors and has_strings:
        return "bitvectors" if logic == "BV" else "strings"
    if has_strings:
        return "strings"
    if has_bit_vectors or (logic == "BV" and "Int" not in _atoms(document)):
        return "bitvectors"
    return "integers"


def _atoms(document: Document) -> Iterator[str]:
    """The atoms of all commands except those that only annotate the file."""
    for form in document.forms:
        if isinstance(form, SList) and not (form and isinstance(form[0], str) and form[0].startswith("set-")):
            stack = [iter(form)]
            while stack:
                for node in stack[-1]:
                    if isinstance(node, SList):
                        stack.append(iter(node))
                        break
                    yield node
                else:
                    stack.pop()


def _is_of_strings(atom: str) -> bool:
    return atom in ("String", "int.to.str") or atom.startswith("str.")


def stated_logic(document: Document, command: SList) -> str:
    """The logic that a ``set-logic`` names, without what only says how the file is written.

    Raises:
        SpecError: if there is no such logic.
    """
    name = command[1]
    if not isinstance(name, str):
        raise document.error("the name of a logic is expected here", command, 1, f"as {', '.join(KNOWN_LOGICS)}")
    if not _LOGIC.fullmatch(name):
        hint = nearest(name, KNOWN_LOGICS) or f"the logics are {', '.join(KNOWN_LOGICS)}"
        raise document.error(f"there is no logic `{name[:40]}`", command, 1, hint)
    return re.sub("^(QF|PBE|INV|Inv|CLIA|Single_Inv)_|_SyGuS$|_SUPPORTED$", "", name)


def normal_logic(stated: str | None, domain: str) -> str | None:
    """The logic in which a file of `domain` is written in version 2.1, if a solver is to accept it."""
    if stated == "ALL" or domain not in ("integers", "strings", "bitvectors"):
        return stated
    is_nonlinear = stated is not None and "N" in stated
    if domain == "bitvectors":
        return "BV"
    if domain == "strings":
        return "SNIA" if is_nonlinear else "SLIA"
    return "NIA" if is_nonlinear else "LIA"


# The programs where no grammar is stated.

_BOOLEAN: Final = ("and", "or", "xor", "=>")
_INTEGER: Final = (("-", 1), ("+", 2), ("-", 2))
_NONLINEAR: Final = (("abs", 1), ("*", 2), ("div", 2), ("mod", 2))
_INTEGER_RELATIONS: Final = ("<=", "<", ">=", ">")
_STRING: Final[tuple[tuple[str, tuple[Type, ...]], ...]] = (
    ("str.++", (STRING, STRING)),
    ("str.at", (STRING, INT)),
    ("str.substr", (STRING, INT, INT)),
    ("str.replace", (STRING, STRING, STRING)),
    ("str.from_int", (INT,)),
    ("str.len", (STRING,)),
    ("str.indexof", (STRING, STRING, INT)),
    ("str.to_int", (STRING,)),
    ("str.prefixof", (STRING, STRING)),
    ("str.suffixof", (STRING, STRING)),
    ("str.contains", (STRING, STRING)),
    ("str.<", (STRING, STRING)),
)
_BIT_VECTOR: Final = (
    *(("bvnot", 1), ("bvneg", 1)),
    *((name, 2) for name in ("bvand", "bvor", "bvxor", "bvadd", "bvsub", "bvmul", "bvudiv", "bvurem")),
    *((name, 2) for name in ("bvsdiv", "bvsrem", "bvshl", "bvlshr", "bvashr")),
)
_BIT_VECTOR_RELATIONS: Final = ("bvult", "bvule", "bvslt", "bvsle")


def default_grammar(spec: Spec, function: Function) -> Grammar:
    """The grammar of a function for which the file states none: the terms that the file's logic allows.

    Any constant may be used. In a linear logic, products have a constant factor and there is no division. Bit-vectors
    have the widths of the signature; where these differ, they are extended and cut into one another.

    Raises:
        SpecError: if the spec is of no domain that a logic of SyGuS-IF speaks of.
    """
    if spec.domain not in ("integers", "strings", "bitvectors"):
        raise SpecError(f"domain {spec.domain} has no grammar by default; integers, strings and bitvectors have")
    return _DefaultGrammar(spec, function).build()


class _DefaultGrammar:
    """Builds the grammar of all terms over the sorts of one function."""

    def __init__(self, spec: Spec, function: Function) -> None:
        assert spec.domain is not None
        self.domain: Domain = load_domain(spec.domain)
        self.is_linear = spec.logic is None or not ("N" in spec.logic or spec.logic == "ALL")
        self.result = function.result
        self.environment = tuple(t for _, t in reversed(function.parameters))
        types: Iterable[Type] = (function.result, *(t for _, t in function.parameters), BOOL)
        if spec.domain == "strings":
            types = (*types, STRING, INT)
        self.nonterminals = {t: Nonterminal(t, self.environment, f"N_{t}") for t in dict.fromkeys(types)}
        self.symbols = {t: nonterminal_symbol(n) for t, n in self.nonterminals.items()}
        self.rules: dict[Type, list[Term]] = {}
        self.factors: dict[Nonterminal, tuple[Term, ...]] = {}

    def build(self) -> Grammar:
        for type_ in self.nonterminals:
            parameters = [Variable(i) for i, t in enumerate(self.environment) if t is type_]
            self.rules[type_] = [*reversed(parameters), any_constant(type_)]
        for type_ in self.nonterminals:
            self._add("ite", (BOOL, type_, type_))
            self._add("=", (type_, type_))
            if type_ is BOOL:
                self._add_boolean()
            elif type_ is INT:
                self._add_integers()
            elif type_.name == "bv":
                self._add_bit_vectors(type_)
        if STRING in self.nonterminals:
            for name, arguments in _STRING:
                self._add(name, arguments)
        rules = {self.nonterminals[t]: tuple(dict.fromkeys(terms)) for t, terms in self.rules.items()}
        return from_rules(self.nonterminals[self.result], rules | self.factors)

    def _add(self, name: str, arguments: tuple[Type, ...], indices: tuple[int, ...] = ()) -> None:
        """Let the nonterminals of the arguments be combined by an operator."""
        found = self.domain.overload(name, arguments, indices)
        assert found is not None, f"domain {self.domain.name} has no {name} on {arguments}"
        self.rules[found.result].append(Application(found.operator, tuple(self.symbols[t] for t in arguments)))

    def _add_boolean(self) -> None:
        self._add("not", (BOOL,))
        for name in _BOOLEAN:
            self._add(name, (BOOL, BOOL))

    def _add_integers(self) -> None:
        for name, arity in _INTEGER if self.is_linear else (*_INTEGER, *_NONLINEAR):
            self._add(name, (INT,) * arity)
        for name in _INTEGER_RELATIONS:
            self._add(name, (INT, INT))
        if self.is_linear:
            product = self.domain.overload("*", (INT, INT))
            assert product is not None
            factor = Nonterminal(INT, self.environment, "Factor")
            self.factors[factor] = (any_constant(INT),)
            arguments = (nonterminal_symbol(factor), self.symbols[INT])
            self.rules[INT].append(Application(product.operator, arguments))

    def _add_bit_vectors(self, type_: Type) -> None:
        for name, arity in _BIT_VECTOR:
            self._add(name, (type_,) * arity)
        for name in _BIT_VECTOR_RELATIONS:
            self._add(name, (type_, type_))
        for other in self.nonterminals:
            if other.name != "bv" or other is type_:
                continue
            if other.width < type_.width:
                self._add("extract", (type_,), (other.width - 1, 0))
                self._add("extract", (type_,), (type_.width - 1, type_.width - other.width))
            else:
                self._add("zero_extend", (type_,), (other.width - type_.width,))
                self._add("sign_extend", (type_,), (other.width - type_.width,))
