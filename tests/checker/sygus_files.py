"""SyGuS-IF files, of version 1 and 2, as the checker reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.checker.grammars import Grammar, read_grammar
from tests.checker.syntax import BOOL, Malformed, SExpr, read, read_sort


@dataclass(frozen=True)
class Signature:
    """A function to find.

    Attributes:
        parameters: names and sorts.
        result: its sort.
        grammar: the programs that are allowed, or None if the file leaves it to the logic.
    """

    parameters: dict[str, str]
    result: str
    grammar: Grammar | None


class Function(NamedTuple):
    """A ``define-fun``: names and sorts of the parameters, sort of the result, and body."""

    parameters: dict[str, str]
    result: str
    body: SExpr


class Invariant(NamedTuple):
    """An ``inv-constraint``: the predicate to find, and the names of its three macros."""

    name: str
    pre: str
    trans: str
    post: str


@dataclass
class Problem:
    """What a file asks.

    Attributes:
        logic: the logic that it names.
        wanted: the functions to find.
        macros: the functions that it defines, in order.
        variables: the declared variables and their sorts.
        assumptions: what may be assumed of the variables.
        constraints: conditions, in order.
        invariants: what invariants are asked for.
        unsupported: commands that the checker does not know.
    """

    logic: str = ""
    wanted: dict[str, Signature] = field(default_factory=dict)
    macros: dict[str, Function] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    assumptions: list[SExpr] = field(default_factory=list)
    constraints: list[SExpr] = field(default_factory=list)
    invariants: list[Invariant] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)

    def open_names(self) -> set[str]:
        """The declared variables, and the macros that speak of them."""
        return self._reaching(set(self.variables))

    def late_names(self) -> set[str]:
        """The functions to find, and the macros that call them."""
        return self._reaching(set(self.wanted))

    def _reaching(self, names: set[str]) -> set[str]:
        for name, macro in self.macros.items():
            if mentions(macro.body, names - set(macro.parameters)):
                names.add(name)
        return names

    def only_examples(self) -> bool:
        """Whether all constraints are ground, so that they hold or not without any proof."""
        opened = self.open_names()
        is_ground = not any(mentions(condition, opened) for condition in self.constraints)
        return is_ground and not (self.assumptions or self.invariants or self.unsupported)


def mentions(node: SExpr, names: set[str]) -> bool:
    """Whether one of the names occurs in a term."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif item in names:
            return True
    return False


def read_problem(path: Path) -> Problem:
    """What a file asks.

    Raises:
        Malformed: if it cannot be read.
    """
    problem = Problem()
    for command in read(path.read_text(encoding="utf-8")):
        _read_command(problem, command)
    return problem


def _read_command(problem: Problem, command: SExpr) -> None:
    match command:
        case ["set-logic", str(logic)]:
            problem.logic = logic
        case ["synth-fun", str(name), list(parameters), result, *grammar]:
            problem.wanted[name] = _signature(parameters, result, grammar)
        case ["synth-inv", str(name), list(parameters), *grammar]:
            problem.wanted[name] = _signature(parameters, BOOL, grammar)
        case ["define-fun", str(name), list(parameters), result, body]:
            problem.macros[name] = Function(_parameters(parameters), read_sort(result), body)
        case ["declare-var", str(name), sort]:
            problem.variables[name] = read_sort(sort)
        case ["declare-primed-var", str(name), sort]:
            problem.variables[name] = problem.variables[f"{name}!"] = read_sort(sort)
        case ["constraint", condition]:
            problem.constraints.append(condition)
        case ["assume", assumption]:
            problem.assumptions.append(assumption)
        case ["inv-constraint", str(name), str(pre), str(trans), str(post)]:
            problem.invariants.append(Invariant(name, pre, trans, post))
        case ["check-synth"] | ["set-option" | "set-options" | "set-info" | "set-feature", *_]:
            pass
        case [str(name), *_]:
            problem.unsupported.append(name)
        case _:
            raise Malformed("what stands at the top level is a command")


def _signature(parameters: Sequence[SExpr], result: SExpr, grammar: Sequence[SExpr]) -> Signature:
    typed = _parameters(parameters)
    return Signature(typed, read_sort(result), read_grammar(grammar, typed))


def _parameters(listed: Sequence[SExpr]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in listed:
        match entry:
            case [str(name), sort] if name not in found:
                found[name] = read_sort(sort)
            case _:
                raise Malformed("this is no parameter")
    return found


def read_answers(text: str) -> dict[str, Function]:
    """The functions that an answer defines: a sequence of ``define-fun``, in parentheses or not.

    Raises:
        Malformed: if it is anything else.
    """
    forms = read(text)
    if len(forms) == 1 and isinstance(forms[0], list) and forms[0] and isinstance(forms[0][0], list):
        forms = forms[0]
    found: dict[str, Function] = {}
    for form in forms:
        match form:
            case ["define-fun", str(name), list(parameters), result, body] if name not in found:
                found[name] = Function(_parameters(parameters), read_sort(result), body)
            case _:
                raise Malformed("an answer is a sequence of define-fun, one for each function")
    return found
