"""SyGuS-IF files, of version 1 and 2, as the checker reads them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.checker.first_order import ABSENT, Definition, NoValue, compile_term
from tests.checker.grammars import Grammar, read_grammar
from tests.checker.syntax import (
    BOOL,
    INT,
    STRING,
    Malformed,
    SExpr,
    expand_lets,
    literal,
    read,
    read_sort,
    size,
    width_of,
)
from tests.checker.verdicts import Finding

SAMPLES = 300
"""Points at which a condition on declared variables is tried."""

_LINEAR = ("LIA", "SLIA")


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


@dataclass
class Problem:
    """What a file asks.

    Attributes:
        logic: the logic that it names.
        wanted: the functions to find.
        macros: the functions that it defines, in order: parameters, result and body.
        variables: the declared variables and their sorts.
        constraints: conditions, in order.
        unsupported: commands that the checker does not know.
    """

    logic: str = ""
    wanted: dict[str, Signature] = field(default_factory=dict)
    macros: dict[str, tuple[dict[str, str], str, SExpr]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    constraints: list[SExpr] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)


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
        case ["synth-fun", str(name), list(parameters), result, *_]:
            typed = _parameters(parameters)
            problem.wanted[name] = Signature(typed, read_sort(result), read_grammar(command, typed))
        case ["define-fun", str(name), list(parameters), result, body]:
            problem.macros[name] = _parameters(parameters), read_sort(result), body
        case ["declare-var", str(name), sort]:
            problem.variables[name] = read_sort(sort)
        case ["constraint", condition]:
            problem.constraints.append(condition)
        case ["check-synth"] | ["set-option" | "set-options" | "set-info" | "set-feature", *_]:
            pass
        case [str(name), *_]:
            problem.unsupported.append(name)
        case _:
            raise Malformed("what stands at the top level is a command")


def _parameters(listed: Sequence[SExpr]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in listed:
        match entry:
            case [str(name), sort]:
                found[name] = read_sort(sort)
            case _:
                raise Malformed("this is no parameter")
    return found


def define(
    parameters: Mapping[str, str], result: str, body: SExpr, definitions: Mapping[str, Definition]
) -> Definition:
    """A function of the file or of an answer.

    Raises:
        Malformed: if the body is not of the stated sort.
    """
    places = {name: (sort, place) for place, (name, sort) in enumerate(parameters.items())}
    found, code = compile_term(body, places, definitions)
    if found != result:
        raise Malformed(f"the body is of sort {found}, not {result}")
    return Definition(tuple(parameters.values()), result, code)


def read_answers(text: str) -> dict[str, tuple[dict[str, str], str, SExpr]]:
    """The functions that an answer defines: a sequence of ``define-fun``, in parentheses or not.

    Raises:
        Malformed: if it is anything else.
    """
    forms = read(text)
    if len(forms) == 1 and isinstance(forms[0], list) and forms[0] and isinstance(forms[0][0], list):
        forms = forms[0]
    found: dict[str, tuple[dict[str, str], str, SExpr]] = {}
    for form in forms:
        match form:
            case ["define-fun", str(name), list(parameters), result, body] if name not in found:
                found[name] = _parameters(parameters), read_sort(result), body
            case _:
                raise Malformed("an answer is a sequence of define-fun, one for each function")
    return found


def check_answer(problem: Problem, answer: str, held_out: Problem | None = None) -> Finding:
    """Judge an answer: its functions, their signatures and grammars, and every constraint.

    Args:
        problem: what was asked.
        answer: the text of the answer.
        held_out: a problem with the same function whose constraints are tried, too.
    """
    try:
        answers = read_answers(answer)
        _check_signatures(problem, answers)
        definitions = _definitions(problem, {})
        for name, (parameters, result, body) in answers.items():
            definitions[name] = define(parameters, result, body, _definitions(problem, {}))
        for name, (parameters, _, body) in answers.items():
            _check_grammar(problem, name, parameters, expand_lets(body))
    except Malformed as error:
        return Finding(wrong=str(error))
    total = sum(size(expand_lets(body)) for _, _, body in answers.values())
    wrong = _violated(problem, definitions)
    further = None if held_out is None else _violated(held_out, definitions) is None
    unchecked = f"{problem.unsupported[0]} is not checked" if problem.unsupported else None
    return Finding(wrong=wrong, held_out=further, size=total, unchecked=unchecked)


def _definitions(problem: Problem, known: Mapping[str, Definition]) -> dict[str, Definition]:
    """The macros of a file that need neither its unknown functions nor its variables."""
    found = dict(known)
    for name, (parameters, result, body) in problem.macros.items():
        try:
            found[name] = define(parameters, result, body, found)
        except Malformed:
            continue
    return found


def _check_signatures(problem: Problem, answers: Mapping[str, tuple[dict[str, str], str, SExpr]]) -> None:
    missing = [name for name in problem.wanted if name not in answers]
    if missing:
        raise Malformed(f"the answer does not define {missing[0]}")
    for name, (parameters, result, _) in answers.items():
        wanted = problem.wanted.get(name)
        if wanted is None:
            raise Malformed(f"the answer defines {name}, which the file does not ask for")
        if list(wanted.parameters.values()) != list(parameters.values()) or wanted.result != result:
            raise Malformed(f"{name} has another signature in the file")


def _check_grammar(problem: Problem, name: str, parameters: Mapping[str, str], body: SExpr) -> None:
    """Raises `Malformed` if the body of a function is not among the allowed ones."""
    wanted = problem.wanted[name]
    if wanted.grammar is None:
        if problem.logic in _LINEAR:
            _check_linear(body)
        return
    renaming = dict(zip(parameters, wanted.parameters, strict=True))
    if not wanted.grammar.derives(_renamed(body, renaming)):
        raise Malformed(f"the body of {name} is outside its grammar")


def _renamed(node: SExpr, names: Mapping[str, str]) -> SExpr:
    if all(old == new for old, new in names.items()):
        return node
    if isinstance(node, str):
        return names.get(node, node)
    return [node[0], *(_renamed(child, names) for child in node[1:])] if node else node


def _check_linear(node: SExpr) -> None:
    """Raises `Malformed` for a product without a constant factor, and for a division."""
    if isinstance(node, str):
        return
    if node and node[0] in ("div", "mod"):
        raise Malformed(f"{node[0]} is not linear")
    if node and node[0] == "*" and sum(literal(factor) is None for factor in node[1:]) > 1:
        raise Malformed("a product without a constant factor is not linear")
    for child in node[1:]:
        _check_linear(child)


def _violated(problem: Problem, definitions: Mapping[str, Definition]) -> str | None:
    """Why some constraint does not hold, or None."""
    known = _definitions(problem, definitions)
    places = {name: (sort, place) for place, (name, sort) in enumerate(problem.variables.items())}
    points = list(_points(list(problem.variables.values())))
    for number, condition in enumerate(problem.constraints, start=1):
        try:
            sort, code = compile_term(condition, places, known)
        except Malformed as error:
            return f"constraint {number} cannot be evaluated: {error}"
        assert sort == BOOL
        ground = not places or not _mentions(condition, places)
        try:
            holds = code(points[0]) if ground else all(code(point) for point in points)
        except NoValue:
            return f"constraint {number} has no value"
        if not holds:
            return f"constraint {number} does not hold"
    return None


def _mentions(node: SExpr, names: Mapping[str, object]) -> bool:
    return node in names if isinstance(node, str) else any(_mentions(child, names) for child in node)


def _points(sorts: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Values of the declared variables; the first point has none, for conditions that mention no variable."""
    if not sorts:
        yield ()
        return
    drawn = random.Random(0)
    for number in range(SAMPLES):
        yield tuple(_value(sort, drawn, 4 if number < SAMPLES // 2 else 100) for sort in sorts)


def _value(sort: str, drawn: random.Random, spread: int) -> Any:
    if sort == INT:
        return drawn.randint(-spread, spread)
    if sort == BOOL:
        return drawn.random() < 0.5
    if sort == STRING:
        return "".join(drawn.choices("ab 1-", k=drawn.randrange(5)))
    width = width_of(sort)
    return ABSENT if width is None else drawn.getrandbits(width) >> drawn.randrange(width)


def conflicts(problem: Problem) -> bool:
    """Whether two constraints state different outputs of one call, so that no answer exists."""
    known = _definitions(problem, {})
    outputs: dict[str, object] = {}
    for condition in problem.constraints:
        if not isinstance(condition, list) or len(condition) != 3 or condition[0] != "=":
            continue
        for call, output in (condition[1:], condition[:0:-1]):
            if isinstance(call, list) and call and call[0] in problem.wanted:
                key = repr((call[0], [_ground(argument, known) for argument in call[1:]]))
                value = _ground(output, known)
                if outputs.setdefault(key, value) != value:
                    return True
    return False


def _ground(node: SExpr, known: Mapping[str, Definition]) -> object:
    sort, code = compile_term(node, {}, known)
    return sort, code(())
