"""Whether a term derives from a grammar of SyGuS, by matching it against the productions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.checker.first_order import canonical
from tests.checker.syntax import INT, Malformed, SExpr, Value, literal, read_sort

PLACEHOLDERS = ("Constant", "Variable", "InputVariable")


@dataclass(frozen=True)
class Grammar:
    """The rules of a grammar.

    Attributes:
        start: the nonterminal of whole programs.
        sorts: sort of every nonterminal.
        productions: right-hand sides of every nonterminal.
        parameters: names and sorts of the parameters.
    """

    start: str
    sorts: Mapping[str, str]
    productions: Mapping[str, Sequence[SExpr]]
    parameters: Mapping[str, str]

    def derives(self, term: SExpr) -> bool:
        """Whether a term without ``let`` derives from the start."""
        return _Matcher(self).from_nonterminal(self.start, term)


def read_grammar(lists: Sequence[SExpr], parameters: Mapping[str, str]) -> Grammar | None:
    """The grammar that the lists at the end of a ``synth-fun`` state, in either version; None if there are none.

    Raises:
        Malformed: if it is no grammar.
    """
    if not lists:
        return None
    entries = lists[-1]
    if len(lists) > 2 or not isinstance(entries, list) or not entries:
        raise Malformed("this is no grammar")
    sorts: dict[str, str] = {}
    productions: dict[str, list[SExpr]] = {}
    for entry in entries:
        match entry:
            case [str(name), sort, list(listed)]:
                sorts[name], productions[name] = read_sort(sort), listed
            case _:
                raise Malformed("this is no rule")
    if len(lists) == 2:
        declared = lists[0]
        assert isinstance(declared, list)
        assert isinstance(declared[0], list)
        start = str(declared[0][0])
    else:
        start = "Start" if "Start" in sorts else next(iter(sorts))
    return Grammar(start, sorts, productions, parameters)


@dataclass
class _Matcher:
    """Matches terms against one grammar; terms are objects that stay alive, so that their identity is a key.

    What calls itself does so in loops: generators inside of any() and all() take space on the stack of C.
    """

    grammar: Grammar
    known: dict[tuple[str, int], bool] = field(default_factory=dict)
    proper: dict[str, list[SExpr]] = field(default_factory=dict)

    def from_nonterminal(self, name: str, term: SExpr) -> bool:
        if isinstance(term, str):
            return self.matches_any(self.productions(name), term)
        key = name, id(term)
        if key not in self.known:
            self.known[key] = self.matches_any(self.productions(name), term)
        return self.known[key]

    def matches_any(self, productions: Sequence[SExpr], term: SExpr) -> bool:
        for production in productions:  # noqa: SIM110
            if self.matches(production, term):
                return True
        return False

    def productions(self, name: str) -> list[SExpr]:
        """What a nonterminal rewrites to, with productions that are one nonterminal replaced by those of that one."""
        if name not in self.proper:
            reached = [name]
            found: list[SExpr] = []
            for nonterminal in reached:
                for production in self.grammar.productions[nonterminal]:
                    if isinstance(production, str) and production in self.grammar.productions:
                        reached += [production] if production not in reached else []
                    else:
                        found.append(production)
            self.proper[name] = found
        return self.proper[name]

    def matches(self, production: SExpr, term: SExpr) -> bool:
        """Whether a term is of the form of a production."""
        if isinstance(production, str):
            if production in self.grammar.productions:
                return self.from_nonterminal(production, term)
            if production in self.grammar.parameters:
                return term == production
        elif production and production[0] in PLACEHOLDERS and len(production) == 2:
            return self.fills(str(production[0]), read_sort(production[1]), term)
        constant = literal(production)
        if constant is not None and _equal(constant, literal(term)):
            return True
        for reading in _readings(term):  # noqa: SIM110
            if self.matches_call(production, reading):
                return True
        return False

    def fills(self, placeholder: str, sort: str, term: SExpr) -> bool:
        """Whether a term is a literal, or a parameter, of a sort."""
        if placeholder == "Constant":
            constant = literal(term)
            return constant is not None and constant[0] == sort
        return isinstance(term, str) and self.grammar.parameters.get(term) == sort

    def matches_call(self, production: SExpr, term: SExpr) -> bool:
        if isinstance(production, str) or isinstance(term, str):
            return isinstance(production, str) and isinstance(term, str) and canonical(production) == canonical(term)
        if len(production) != len(term) or not production or not _same_operator(production[0], term[0]):
            return False
        for inner, child in zip(production[1:], term[1:], strict=True):  # noqa: SIM110
            if not self.matches(inner, child):
                return False
        return True


def _readings(term: SExpr) -> Iterator[SExpr]:
    """A term, and if it is a negative number, also the minus before the natural number."""
    yield term
    constant = literal(term)
    if isinstance(term, str) and constant is not None and constant[0] == INT and term[0] == "-":
        yield ["-", term[1:]]


def _same_operator(left: SExpr, right: SExpr) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right or canonical(left) == canonical(right)
    return left == right


def _equal(left: tuple[str, Value], right: tuple[str, Value] | None) -> bool:
    return right is not None and left == right
