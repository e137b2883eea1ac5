"""Whether an answer is right for a SyGuS-IF file: signatures, grammar, constraints, and conditions for all values."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from tests.checker.conditions import prove
from tests.checker.deep import Steps, run
from tests.checker.first_order import ABSENT, Code, Definition, NoValue, compile_term, fits
from tests.checker.logics import OutsideGrammar, check_operators, logic_of
from tests.checker.sygus_files import Function, Problem, mentions, read_answers
from tests.checker.syntax import (
    BOOL,
    INT,
    REAL,
    STRING,
    Malformed,
    SExpr,
    Unsupported,
    expand_lets,
    literal,
    size,
    width_of,
)
from tests.checker.verdicts import BY_EXAMPLES, NOT_CONFIRMED, Finding

SAMPLES = 300
"""Points at which a condition on declared variables is tried."""


def define(function: Function, definitions: Mapping[str, Definition]) -> Definition:
    """A function of the file or of an answer.

    Raises:
        Malformed: if the body is not of the stated sort.
    """
    places = {name: (sort, place) for place, (name, sort) in enumerate(function.parameters.items())}
    found, code = compile_term(function.body, places, definitions)
    if not fits(found, function.result):
        raise Malformed(f"the body is of sort {found}, not {function.result}")
    return Definition(tuple(function.parameters.values()), function.result, code)


def check_answer(
    problem: Problem, answer: str, held_out: Problem | None = None, seconds: float | None = None
) -> Finding:
    """Judge an answer: its functions, their signatures and grammars, and every constraint.

    Args:
        problem: what was asked.
        answer: the text of the answer.
        held_out: a problem with the same function whose constraints are tried, too.
        seconds: time for each solver to confirm the answer; None if nobody says that it is proved.

    Raises:
        Unsupported: if a constraint cannot be evaluated.
    """
    try:
        answers = read_answers(answer)
        _check_signatures(problem, answers)
        macros = _definitions(problem, {})
        definitions = {name: define(function, macros) for name, function in answers.items()}
        for name, function in answers.items():
            _check_grammar(problem, name, function)
    except Malformed as error:
        return Finding(wrong=str(error), outside=isinstance(error, OutsideGrammar))
    total = sum(size(expand_lets(function.body)) for function in answers.values())
    wrong = _Trial(problem, definitions, is_proved=seconds is not None).violated()
    further = None if held_out is None else _holds(held_out, definitions)
    finding = Finding(wrong=wrong, held_out=further, size=total)
    if seconds is not None and wrong is None:
        return _confirmed(finding, problem, answers, seconds)
    skipped = [*problem.unsupported, *("inv-constraint" for _ in problem.invariants)]
    return replace(finding, unchecked=f"{skipped[0]} is not checked" if skipped else None)


def _holds(problem: Problem, definitions: Mapping[str, Definition]) -> bool:
    """Whether an answer is right for a further file."""
    try:
        return _Trial(problem, definitions).violated() is None
    except Unsupported:
        return False


def _confirmed(finding: Finding, problem: Problem, answers: Mapping[str, Function], seconds: float) -> Finding:
    """What is found of an answer that is said to be proved."""
    if problem.only_examples():
        return replace(finding, proof=BY_EXAMPLES)
    proof = prove(problem, answers, seconds)
    if proof.wrong is not None:
        return replace(finding, wrong=proof.wrong)
    if not proof.by:
        return replace(finding, proof=NOT_CONFIRMED, unchecked=proof.reason)
    return replace(finding, proof=" and ".join(proof.by))


def _definitions(problem: Problem, known: Mapping[str, Definition]) -> dict[str, Definition]:
    """The functions that are known, and those macros of a file that need no others."""
    found = dict(known)
    for name, macro in problem.macros.items():
        try:
            found[name] = define(macro, found)
        except Malformed:
            continue
    return found


def _check_signatures(problem: Problem, answers: Mapping[str, Function]) -> None:
    missing = [name for name in problem.wanted if name not in answers]
    if missing:
        raise Malformed(f"the answer does not define {missing[0]}")
    for name, (parameters, result, _) in answers.items():
        wanted = problem.wanted.get(name)
        if wanted is None:
            raise Malformed(f"the answer defines {name}, which the file does not ask for")
        if list(wanted.parameters.values()) != list(parameters.values()) or wanted.result != result:
            raise Malformed(f"{name} has another signature in the file")


def _check_grammar(problem: Problem, name: str, function: Function) -> None:
    """Raises `OutsideGrammar` if the body of a function is not among the allowed ones."""
    wanted = problem.wanted[name]
    body = expand_lets(function.body)
    if wanted.grammar is None:
        logic = logic_of(problem.logic, (*wanted.parameters.values(), wanted.result))
        check_operators(body, logic, {macro: expand_lets(problem.macros[macro].body) for macro in problem.macros})
        return
    renaming = dict(zip(function.parameters, wanted.parameters, strict=True))
    if not wanted.grammar.derives(_renamed(body, renaming)):
        raise OutsideGrammar(f"the body of {name} is outside its grammar")


def _renamed(node: SExpr, names: Mapping[str, str]) -> SExpr:
    """A term without ``let`` in which variables have other names; what was shared stays shared."""
    return node if all(old == new for old, new in names.items()) else run(_rename(node, names, {}))


def _rename(node: SExpr, names: Mapping[str, str], known: dict[int, SExpr]) -> Steps[SExpr]:
    if isinstance(node, str):
        return names.get(node, node)
    if literal(node) is not None:
        return node
    if id(node) not in known:
        children = node[:1]
        for child in node[1:]:
            children.append((yield _rename(child, names, known)))
        known[id(node)] = children
    return known[id(node)]


@dataclass
class _Trial:
    """Evaluates the constraints of a file: those on declared variables at drawn points.

    Attributes:
        problem: the file.
        answers: the functions of the answer.
        is_proved: whether somebody says that the answer is proved. Where a condition on variables has no value, by a
            division by 0, it is then left to the solvers, for which such a division has any value.
        point: the values of the declared variables.
    """

    problem: Problem
    answers: Mapping[str, Definition]
    is_proved: bool = False
    point: tuple[Any, ...] = ()
    known: Mapping[str, Definition] = field(default_factory=dict)

    def violated(self) -> str | None:
        """Why some constraint does not hold, or None."""
        variables = {
            name: Definition((), sort, self.value_at(place))
            for place, (name, sort) in enumerate(self.problem.variables.items())
        }
        self.known = _definitions(self.problem, {**self.answers, **variables})
        assumptions = [self.compiled(term, "an assumption") for term in self.problem.assumptions]
        drawn = _points(list(self.problem.variables.values()))
        points = [point for point in drawn if all(self.holds(assumed, point) for assumed in assumptions)]
        opened = self.problem.open_names()
        for number, condition in enumerate(self.problem.constraints, start=1):
            code = self.compiled(condition, f"constraint {number}")
            is_ground = not mentions(condition, opened)
            found = {self.holds(code, point) for point in (points[:1] if is_ground else points)}
            if False in found:
                return f"constraint {number} does not hold"
            if None in found and (is_ground or not self.is_proved):
                return f"constraint {number} has no value"
        return None

    def value_at(self, place: int) -> Code:
        return lambda _: self.point[place]

    def compiled(self, condition: SExpr, what: str) -> Code:
        try:
            sort, code = compile_term(condition, {}, self.known)
        except Malformed as error:
            raise Unsupported(f"{what} cannot be evaluated: {error}") from None
        if sort != BOOL:
            raise Unsupported(f"{what} is of sort {sort}")
        return code

    def holds(self, code: Code, point: tuple[Any, ...]) -> bool | None:
        """The truth value of a condition at a point; None if it has none."""
        self.point = point
        try:
            return bool(code(()))
        except NoValue:
            return None


def _points(sorts: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Values of the declared variables; one point if there are none."""
    drawn = random.Random(0)
    for number in range(SAMPLES if sorts else 1):
        yield tuple(_value(sort, drawn, 4 if number < SAMPLES // 2 else 100) for sort in sorts)


def _value(sort: str, drawn: random.Random, spread: int) -> Any:
    if sort == INT:
        return drawn.randint(-spread, spread)
    if sort == REAL:
        return Fraction(drawn.randint(-spread, spread), drawn.randint(1, 4))
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
                values = [_ground(part, known) for part in (*call[1:], output)]
                if None in values:
                    continue
                key = repr((call[0], values[:-1]))
                if outputs.setdefault(key, values[-1]) != values[-1]:
                    return True
    return False


def _ground(node: SExpr, known: Mapping[str, Definition]) -> object:
    """Sort and value of a term; None if it has none without variables and unknown functions."""
    try:
        sort, code = compile_term(node, {}, known)
        return sort, code(())
    except (Malformed, NoValue):
        return None
