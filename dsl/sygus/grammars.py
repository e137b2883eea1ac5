"""Grammars of SyGuS-IF files, in both forms in which files state them.

Version 1 lists nonterminals with their productions; version 2.1 declares the nonterminals first. In both, a
production is a term over nonterminals, parameters and literals, or one of ``(Constant S)`` and ``(Variable S)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dsl.errors import GrammarError, nearest
from dsl.grammar import NONTERMINAL, Grammar, Nonterminal, any_constant, nonterminal_symbol
from dsl.rules import from_rules
from dsl.sexpr import Document, SList
from dsl.source import Location
from dsl.spec import Problem
from dsl.sygus.messages import cut, shown, sort_text
from dsl.sygus.signature import Parameters, Signature, spellings
from dsl.sygus.terms import Scope, TermReader, Typed, parameter_scope
from dsl.terms import Application, Operator, Term, Variable, postorder
from dsl.types import Type

LARGEST_PRODUCTION: Final = 500
"""Most nodes of one production that is read."""
_PLACEHOLDERS: Final = ("Constant", "Variable", "InputVariable", "LocalVariable")
_VERSION_1: Final = ("InputVariable", "LocalVariable")


@dataclass(frozen=True)
class StatedGrammar:
    """A grammar as read, with what its author should know about it."""

    grammar: Grammar
    problems: tuple[Problem, ...]


@dataclass
class _Rule:
    """A nonterminal and where its productions stand."""

    nonterminal: Nonterminal
    entry: SList
    location: Location


def read_grammar(
    terms: TermReader, command: SList, first: int, name: str, parameters: Parameters, result: Type
) -> StatedGrammar:
    """The grammar at the end of a ``synth-fun`` or ``synth-inv``.

    Args:
        terms: reads the terms of the file.
        command: the command.
        first: where in it the grammar begins; in version 2.1 it is followed by a second list.
        name: the function to be synthesized.
        parameters: its parameters.
        result: its result sort.

    Raises:
        SpecError: if this is no grammar.
    """
    return _GrammarReader(terms, command, name, parameters).read(first, result)


class _GrammarReader:
    """Reads one grammar."""

    def __init__(self, terms: TermReader, command: SList, name: str, parameters: Parameters) -> None:
        self.terms, self.command, self.name = terms, command, name
        self.signature: Signature = terms.signature
        self.document: Document = terms.document
        self.parameters = parameters
        self.environment = tuple(t for _, t in reversed(parameters))
        self.rules: dict[str, _Rule] = {}
        self.scope: Scope = parameter_scope(parameters)
        self.auxiliary: dict[Nonterminal, list[Term]] = {}

    def read(self, first: int, result: Type) -> StatedGrammar:
        if len(self.command) > first + 1:
            self._predeclared(first)
            start = next(iter(self.rules.values()))
        else:
            self._version_1(first)
            start = self.rules.get("Start") or next(iter(self.rules.values()))
        if start.nonterminal.type is not result:
            found, wanted = sort_text(start.nonterminal.type), sort_text(result)
            message = f"the start `{start.nonterminal.name}` is of sort {found}, but `{self.name}` gives {wanted}"
            raise self.document.error(message, start.entry, 1)
        self._open_scope()
        ordered = [start, *(rule for rule in self.rules.values() if rule is not start)]
        productions = {rule.nonterminal: self._productions(rule) for rule in ordered} | self.auxiliary
        try:
            grammar = from_rules(start.nonterminal, productions)
        except GrammarError as error:
            raise self.document.error(str(error), self.command, first) from None
        return StatedGrammar(grammar, tuple(self._problems(start, productions)))

    # The two forms.

    def _version_1(self, first: int) -> None:
        self.signature.is_version_1 = True
        form = "a grammar is written ((Start Int (x 0 (+ Start Start))))"
        for entries, i in self._entries(first, form):
            entry = entries[i]
            if isinstance(entry, SList) and len(entry) == 2:
                hint = "after the declared nonterminals come their productions: ((A Int)) ((A Int (x 0)))"
                raise self.document.error("this nonterminal has no productions", entries, i, hint)
            self._check_entry(entries, i, 3, form)
            self._add_rule(entries, i)

    def _predeclared(self, first: int) -> None:
        declared: dict[str, tuple[SList, Type]] = {}
        for entries, i in self._entries(first, "nonterminals are declared as ((A Int) (B Bool))"):
            entry = self._check_entry(entries, i, 2, "a nonterminal is declared as (A Int)")
            name = self._nonterminal_name(entry, declared)
            declared[name] = (entry, self.signature.sort(entry, 1))
        given: dict[str, tuple[SList, int]] = {}
        for entries, i in self._entries(first + 1, "productions are written ((A Int (x 0 (+ A A))))"):
            entry = self._check_entry(entries, i, 3, "a rule is written (A Int (x 0 (+ A A)))")
            name = self._nonterminal_name(entry, given)
            if name not in declared:
                hint = nearest(name, declared)
                raise self.document.error(f"the nonterminal `{cut(name)}` is not declared", entry, 0, hint)
            given[name] = (entries, i)
        for name, (entry, type_) in declared.items():
            if name not in given:
                raise self.document.error(f"the nonterminal `{cut(name)}` has no productions", entry)
            self._add_rule(*given[name])
            if self.rules[name].nonterminal.type is not type_:
                message = f"the nonterminal `{cut(name)}` is declared of sort {sort_text(type_)}"
                raise self.document.error(message, self.rules[name].entry, 1)

    def _entries(self, index: int, form: str) -> Iterator[tuple[SList, int]]:
        entries = self.command[index]
        if not isinstance(entries, SList):
            raise self.document.error("a grammar is expected here", self.command, index, form)
        if not entries:
            raise self.document.error("the grammar has no nonterminals", self.command, index, form)
        return ((entries, i) for i in range(len(entries)))

    def _check_entry(self, entries: SList, index: int, length: int, form: str) -> SList:
        entry = entries[index]
        if not isinstance(entry, SList) or len(entry) != length:
            what = f"`{shown(self.document, entry)}`"
            if isinstance(entry, SList) and len(entry) > 3:
                raise self.document.error(f"{what} has more than three parts", entry, 3, form)
            raise self.document.error(f"{what} does not fit here", entries, index, form)
        if length == 3 and not isinstance(entry[2], SList):
            raise self.document.error("the productions are a list", entry, 2, form)
        return entry

    def _nonterminal_name(self, entry: SList, known: Mapping[str, object]) -> str:
        name = self.signature.name(entry, 0, "nonterminal")
        if name in known:
            raise self.document.error(f"there are two nonterminals `{cut(name)}`", entry, 0)
        if any(name == parameter for parameter, _ in self.parameters):
            raise self.document.error(f"`{cut(name)}` is a parameter and a nonterminal", entry, 0, "rename one")
        return name

    def _add_rule(self, entries: SList, index: int) -> None:
        entry = entries[index]
        assert isinstance(entry, SList)
        name = self._nonterminal_name(entry, self.rules)
        nonterminal = Nonterminal(self.signature.sort(entry, 1), self.environment, name)
        self.rules[name] = _Rule(nonterminal, entry, self.document.locate(entry, 0))

    # Productions.

    def _open_scope(self) -> None:
        nonterminals: dict[str, Typed] = {
            spelling: (nonterminal_symbol(rule.nonterminal), rule.nonterminal.type)
            for name, rule in self.rules.items()
            for spelling in spellings(name)
        }
        self.scope.names |= nonterminals
        self.scope.nonterminals = frozenset(nonterminals)
        self.scope.placeholder = self._nested_placeholder

    def _productions(self, rule: _Rule) -> list[Term]:
        listed = rule.entry[2]
        assert isinstance(listed, SList)
        found: dict[Term, None] = {}
        for i in range(len(listed)):
            node = listed[i]
            for term, type_ in self._placeholder(node, listed, i) or [self.terms.read(listed, i, self.scope)]:
                if type_ is not rule.nonterminal.type:
                    wanted = sort_text(rule.nonterminal.type)
                    message = (
                        f"this production is of sort {sort_text(type_)}, but `{rule.nonterminal.name}` is {wanted}"
                    )
                    raise self.document.error(message, listed, i)
                if term.size > LARGEST_PRODUCTION:
                    message = f"this production has {term.size} nodes; at most {LARGEST_PRODUCTION} are supported"
                    raise self.document.error(message, listed, i)
                found[term] = None
        return list(found)

    def _placeholder(self, node: object, where: SList, at: int) -> list[Typed] | None:
        """What ``(Constant S)`` and ``(Variable S)`` stand for; None for anything else."""
        if not isinstance(node, SList) or not node or not isinstance(node[0], str):
            return None
        head = node[0]
        if head not in _PLACEHOLDERS or head in self.signature.operators:
            return None
        if len(node) != 2:
            raise self.document.error(f"`{head}` stands before a sort", where, at, f"it is written ({head} Int)")
        type_ = self.signature.sort(node, 1)
        self.signature.is_version_1 |= head in _VERSION_1
        if head == "Constant":
            return [(any_constant(type_), type_)]
        if head == "LocalVariable":
            hint = "local variables come from let, which is not supported in grammars"
            raise self.document.error("`(LocalVariable S)` is not supported", where, at, hint)
        return [(Variable(i), t) for i, t in reversed(list(enumerate(self.environment))) if t is type_]

    def _nested_placeholder(self, node: SList, where: SList, at: int) -> Typed | None:
        """Inside a production a placeholder becomes a nonterminal of its own, as version 2.1 wants it."""
        found = self._placeholder(node, where, at)
        if found is None:
            return None
        type_ = self.signature.sort(node, 1)
        name = f"{'Constant' if node[0] == 'Constant' else 'Variable'}_{type_}"
        while name in self.rules or any(name == parameter for parameter, _ in self.parameters):
            name += "_"
        nonterminal = Nonterminal(type_, self.environment, name)
        self.auxiliary[nonterminal] = [term for term, _ in found]
        return nonterminal_symbol(nonterminal), type_

    # What the author should know.

    def _problems(self, start: _Rule, productions: dict[Nonterminal, list[Term]]) -> Iterator[Problem]:
        uses = {n.name: [_symbols(term) for term in listed] for n, listed in productions.items()}
        reachable = _reachable(start.nonterminal.name, uses)
        for name, rule in self.rules.items():
            if name not in reachable:
                message = f"the nonterminal {name} of {self.name} is never reached from {start.nonterminal.name}"
                yield Problem("unreachable-nonterminal", message, (rule.location,))
        if start.nonterminal.name not in _productive(uses):
            message = f"no program can be derived from the grammar of {self.name}"
            yield Problem("empty-grammar", message, (start.location,))


def _symbols(term: Term) -> tuple[str, ...]:
    """Names of the nonterminals in a production."""
    heads = [node.head for node in postorder([term]) if isinstance(node, Application)]
    return tuple(head.name for head in heads if isinstance(head, Operator) and head.kind == NONTERMINAL)


def _reachable(start: str, uses: dict[str, list[tuple[str, ...]]]) -> dict[str, None]:
    found: dict[str, None] = {start: None}
    queue = [start]
    for name in queue:
        new = [used for symbols in uses[name] for used in symbols if used not in found]
        found.update(dict.fromkeys(new))
        queue += dict.fromkeys(new)
    return found


def _productive(uses: dict[str, list[tuple[str, ...]]]) -> set[str]:
    """The nonterminals from which a term can be derived."""
    found: set[str] = set()
    while True:
        new = {
            name
            for name, productions in uses.items()
            if name not in found and any(found.issuperset(symbols) for symbols in productions)
        }
        if not new:
            return found
        found |= new
