"""Specifications: what a program is asked to do, in one form for every kind of file.

A `Spec` holds one or more functions to find, examples, ∀-constraints over declared variables with assumptions,
optional grammars and hints. Constraints are terms whose free variables are the declared variables of the spec: the
*last* declared one is ``$0``, as for the parameters of a function. Unknown functions occur as operators of kind
``function``, the file's own definitions as operators of kind ``macro``.

Held-out examples are kept beside a spec in a `Task`; a `Spec` has no place for them, so that nothing that is given
a `Spec` can see them.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dsl.errors import TypeMismatch
from dsl.printing import to_sexpr
from dsl.source import Location
from dsl.terms import (
    FUNCTION,
    Application,
    Operator,
    Term,
    free_variables,
    occurrences,
    operators,
    postorder,
    rebuild,
    rename,
    shift,
    strip_lambdas,
    substitute,
)
from dsl.types import Type, arrow
from dsl.values import LITERAL_BITS, Value, from_data, infer_type, shown, typed_key

if TYPE_CHECKING:
    from dsl.grammar import Grammar


class Classification(StrEnum):
    """What kind of question a spec is; it decides which engines apply."""

    EXAMPLES = "examples"
    """Every constraint states one output of one call."""
    SINGLE_INVOCATION = "single-invocation"
    """Within each constraint, all calls of unknown functions have one and the same tuple of arguments."""
    MULTI_INVOCATION = "multi-invocation"
    """Some constraint calls unknown functions with different arguments, or within arguments of one another."""
    INVARIANT = "invariant"
    """An inductive invariant between pre-condition, transition and post-condition is wanted."""


@dataclass(frozen=True)
class Function:
    """A function to synthesize.

    Attributes:
        name: what the answer will define.
        parameters: names and types of its parameters.
        result: result type.
        grammar: the programs allowed, or None for the whole language of the spec's domain.
        location: where it is declared.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    result: Type
    grammar: Grammar | None = field(default=None, repr=False)
    location: Location | None = field(default=None, compare=False)

    @property
    def type(self) -> Type:
        """The function type."""
        return arrow(*(t for _, t in self.parameters), self.result)

    @property
    def signature(self) -> str:
        """``f(x: int, y: int) -> int``, for people."""
        return f"{self.name}({', '.join(f'{n}: {t}' for n, t in self.parameters)}) -> {self.result}"

    @property
    def operator(self) -> Operator:
        """The symbol by which constraints call this function."""
        return Operator(self.name, self.type, FUNCTION)


@dataclass(frozen=True)
class Example:
    """One wanted output: ``function(*inputs) == output``."""

    function: str
    inputs: tuple[Value, ...]
    output: Value
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Constraint:
    """A Boolean term that must hold for all values of the declared variables."""

    term: Term
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Invariant:
    """An invariant problem: ``pre ⇒ inv``, ``inv ∧ trans ⇒ inv'``, ``inv ⇒ post``.

    The implications hold for all values. A macro may have parameters behind those of the state (for `trans`, behind
    the state and the next state): they stand for declared variables that its definition mentions, and range over all
    values too.

    Attributes:
        function: name of the invariant to find.
        pre: macro over the state.
        trans: macro over the state and the next state.
        post: macro over the state.
        location: where it is stated.
    """

    function: str
    pre: Operator
    trans: Operator
    post: Operator
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Macro:
    """A ``define-fun`` of the file; its operator carries the definition."""

    operator: Operator
    parameters: tuple[str, ...]
    location: Location | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Problem:
    """Something about a well-formed spec that its author should know.

    Attributes:
        kind: ``contradictory-examples``, ``empty-grammar``, ``unreachable-nonterminal``, ``no-constraints``,
            ``no-check-synth``, ``no-domain``, ``rows-without-output`` or ``renamed-columns``.
        message: one sentence.
        locations: the places that it is about.
    """

    kind: str
    message: str
    locations: tuple[Location, ...] = ()


@dataclass(frozen=True)
class Hints:
    """What a spec says about the program wanted, beyond its meaning: a closed vocabulary.

    Attributes:
        maximum_size: largest number of AST nodes.
        maximum_cost: largest description length, in nats.
        style: ``shortest``, ``readable`` or ``branch-free``.
        algorithm: ``direct``, ``conditional``, ``recursive``, ``fold`` or ``map-filter``.
    """

    maximum_size: int | None = None
    maximum_cost: float | None = None
    style: str | None = None
    algorithm: str | None = None


STYLES = ("shortest", "readable", "branch-free")
ALGORITHMS = ("direct", "conditional", "recursive", "fold", "map-filter")


@dataclass(frozen=True)
class Budget:
    """What may be spent on a problem; None bounds nothing.

    Attributes:
        cpu_seconds: CPU time.
        candidates: number of candidates.
        wall_seconds: time on the clock.
        size: AST nodes of the largest program to be tried; unlike the others, a bound of the space searched.
        memory: bytes that the search may keep.
    """

    cpu_seconds: float | None = None
    candidates: int | None = None
    wall_seconds: float | None = None
    size: int | None = None
    memory: int | None = None

    def __or__(self, other: Budget) -> Budget:
        """This budget, completed by `other` where it bounds nothing."""
        mine, theirs = dataclasses.asdict(self), dataclasses.asdict(other)
        return Budget(**{name: theirs[name] if value is None else value for name, value in mine.items()})


@dataclass(frozen=True)
class Spec:
    """A specification.

    Attributes:
        functions: the functions to find.
        domain: name of the domain whose primitives the spec speaks of, or None if no installed one fits.
        examples: wanted outputs, in file order, duplicates included.
        variables: names and types of the ∀-quantified variables; in constraints the last one is ``$0``.
        constraints: further conditions on the functions.
        assumptions: conditions on the variables under which the constraints must hold.
        invariant: an invariant problem, or None.
        macros: the file's own definitions, in order.
        constants: constants that the author offers for the program (literals).
        hints: what kind of program is wanted.
        budget: what may be spent.
        logic: the ``set-logic`` of a SyGuS file, or None.
        dialect: how the file is written (``sygus-1``, ``sygus-2.1``, ``native``, ``csv``, ``dreamcoder``,
            ``lambdabeam``).
        classification: what kind of question this is.
        problems: what its author should know.
        source: the file, as text, or None.
    """

    functions: tuple[Function, ...]
    domain: str | None
    examples: tuple[Example, ...] = ()
    variables: tuple[tuple[str, Type], ...] = ()
    constraints: tuple[Constraint, ...] = ()
    assumptions: tuple[Constraint, ...] = ()
    invariant: Invariant | None = None
    macros: tuple[Macro, ...] = ()
    constants: tuple[Term, ...] = ()
    hints: Hints = Hints()
    budget: Budget = field(default=Budget(), compare=False)
    logic: str | None = None
    dialect: str = field(default="native", compare=False)
    classification: Classification = Classification.EXAMPLES
    problems: tuple[Problem, ...] = field(default=(), compare=False)
    source: str | None = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """Canonical hash: equal for specs that ask the same of the same language.

        Names of variables, parameters and nonterminals, comments, the order of declarations, constraints and
        examples, and repetitions do not count; names of the functions do.
        """
        return spec_identity(self)

    def function(self, name: str) -> Function:
        """The function called `name`.

        Raises:
            KeyError: if there is none.
        """
        for function in self.functions:
            if function.name == name:
                return function
        raise KeyError(name)


@dataclass(frozen=True)
class HeldOut:
    """Examples for scoring only; no search is ever given this type."""

    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class Task:
    """A spec with its name, its held-out examples and the split it belongs to (``train`` or ``test``)."""

    name: str
    spec: Spec
    held_out: HeldOut = HeldOut()
    split: str | None = None


def contradictions(examples: Iterable[Example]) -> tuple[Problem, ...]:
    """One problem for each pair of examples that want different outputs for the same inputs."""
    first: dict[object, Example] = {}
    found = []
    for example in examples:
        key = (example.function, *map(typed_key, example.inputs))
        known = first.setdefault(key, example)
        if typed_key(known.output) != typed_key(example.output):
            places = tuple(e.location for e in (known, example) if e.location is not None)
            found.append(
                Problem(
                    "contradictory-examples",
                    f"{_call(example)} should be {_short(known.output)} "
                    f"{_line(known.location)}and {_short(example.output)} {_line(example.location)}".strip(),
                    places,
                )
            )
    return tuple(found)


def _call(example: Example) -> str:
    return f"{example.function}({', '.join(map(_short, example.inputs))})"


def _line(location: Location | None) -> str:
    return "" if location is None else f"(line {location.line}) "


def _short(value: Value) -> str:
    return shown(list(value) if isinstance(value, tuple) else value, 80)


def task_from_examples(
    name: str,
    examples: Iterable[tuple[Sequence[Any], Any]],
    held_out: Iterable[tuple[Sequence[Any], Any]] = (),
    *,
    type_: Type | None = None,
    domain: str | None,
    split: str | None = "train",
) -> Task:
    """A task given by examples as Python values.

    Raises:
        TypeMismatch: if the examples do not fit `type_` or, without it, have no common type.
    """
    shown, hidden = list(examples), list(held_out)
    if not shown:
        raise TypeMismatch(f"task {name!r} has no example")
    wanted = type_ or _infer_signature(name, shown + hidden)
    function = Function("f", tuple((f"x{i}", t) for i, t in enumerate(wanted.parameters)), wanted.result)

    def convert(pair: tuple[Sequence[Any], Any]) -> Example:
        inputs, output = pair
        if len(inputs) != len(wanted.parameters):
            raise TypeMismatch(f"task {name!r}: {len(inputs)} inputs {inputs!r} do not fit {wanted}")
        given = tuple(from_data(v, t) for v, t in zip(inputs, wanted.parameters, strict=True))
        return Example("f", given, from_data(output, wanted.result))

    converted = tuple(map(convert, shown))
    spec = Spec((function,), domain, examples=converted, problems=contradictions(converted))
    return Task(name, spec, HeldOut(tuple(map(convert, hidden))), split)


def _infer_signature(name: str, pairs: Sequence[tuple[Sequence[Any], Any]]) -> Type:
    counts = {len(inputs) for inputs, _ in pairs}
    if len(counts) != 1:
        raise TypeMismatch(
            f"task {name!r}: examples have {', '.join(map(str, sorted(counts)))} inputs; one number is right"
        )
    columns = list(zip(*(inputs for inputs, _ in pairs), strict=True))
    return arrow(*map(infer_type, columns), infer_type([output for _, output in pairs]))


def classify(spec: Spec) -> Classification:
    """What kind of question the constraints of `spec` are."""
    if spec.invariant is not None:
        return Classification.INVARIANT
    if not spec.constraints:
        return Classification.EXAMPLES if spec.examples else Classification.SINGLE_INVOCATION
    single = all(_is_single_invocation(constraint.term) for constraint in spec.constraints)
    return Classification.SINGLE_INVOCATION if single else Classification.MULTI_INVOCATION


def _is_single_invocation(term: Term) -> bool:
    """Whether all calls of unknown functions in `term` have one tuple of arguments, none of them with such a call."""
    calls: dict[Operator, Term] = {}
    for node, level in occurrences(expand_calls(term)):
        if isinstance(node, Application) and isinstance(node.head, Operator) and node.head.kind == FUNCTION:
            if any(op.kind == FUNCTION for argument in node.arguments for op in operators(argument)):
                return False
            if any(index < level for index in free_variables(node)):
                return False
            outside = shift(node, -level)
            if calls.setdefault(node.head, outside) is not outside:
                return False
    return len({call.children for call in calls.values()}) <= 1


def expand_calls(term: Term) -> Term:
    """`term` with those macros expanded whose definitions call an unknown function, at any depth."""
    done: dict[Term, Term] = {}
    calling: set[Term] = set()
    for node in postorder([term], into_definitions=True):
        head = node.head if isinstance(node, Application) and isinstance(node.head, Operator) else None
        if (head is not None and (head.kind == FUNCTION or head.definition in calling)) or any(
            child in calling for child in node.children
        ):
            calling.add(node)
        rebuilt = rebuild(node, [done[child] for child in node.children])
        if head is not None and head.definition in calling:
            _, body = strip_lambdas(done[head.definition], len(rebuilt.children))
            rebuilt = substitute(body, rebuilt.children[::-1])
        done[node] = rebuilt
    return done[term]


def spec_identity(spec: Spec) -> str:
    """The canonical hash behind `Spec.identity` (128 bits, hexadecimal)."""
    parts: list[str] = []
    for function in spec.functions:
        language = function.grammar.identity if function.grammar is not None else f"{spec.domain}:{spec.logic}"
        parts.append(f"function {function.name} {function.type} {language}")
    parts += [f"example {e.function} {_exact_text(e.inputs)} {_exact_text(e.output)}" for e in spec.examples]
    assumptions = [assumption.term for assumption in spec.assumptions]
    parts += [f"assume {_canonical_condition(term, (), spec)}" for term in assumptions]
    parts += [f"constraint {_canonical_condition(c.term, assumptions, spec)}" for c in spec.constraints]
    if spec.invariant is not None:
        invariant = spec.invariant
        parts.append(f"invariant {invariant.function} {invariant.pre.key} {invariant.trans.key} {invariant.post.key}")
    parts += [f"constant {to_sexpr(constant)}" for constant in spec.constants]
    parts.append(f"hints {spec.hints}")
    return hashlib.blake2b("\n".join(sorted(set(parts))).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _exact_text(value: Value) -> str:
    """A text that tells a value from those of other types; what is too long for decimals is written in hexadecimal."""
    if isinstance(value, tuple):
        return f"[{','.join(map(_exact_text, value))}]"
    if isinstance(value, int) and value.bit_length() > LITERAL_BITS:
        return hex(value)
    return repr(value)


def _canonical_condition(constraint: Term, assumptions: Iterable[Term], spec: Spec) -> str:
    """A constraint under assumptions as text without names, the same for every order of the assumptions.

    Variables are numbered as they occur in the constraint, then in further assumptions, of which those come first that
    mention no variable without a number, and else the one whose text is the least.
    """
    text, numbers = _canonical_term(constraint, {}, spec)
    lines, waiting = [text], list(dict.fromkeys(assumptions))
    while waiting:
        texts = {term: _canonical_term(term, numbers, spec) for term in waiting}
        ready = [term for term in waiting if len(texts[term][1]) == len(numbers)]
        chosen = ready or [min(waiting, key=lambda term: texts[term][0])]
        lines += sorted(texts[term][0] for term in chosen)
        numbers = texts[chosen[-1]][1]
        waiting = [term for term in waiting if term not in chosen]
    return " under ".join(lines)


def _canonical_term(term: Term, numbers: Mapping[int, int], spec: Spec) -> tuple[str, Mapping[int, int]]:
    """Digest of a term over declared variables by `numbers`, with the types of the further ones, and all numbers."""
    further = [index for index in free_variables(term) if index not in numbers]
    extended = {**numbers, **{index: len(numbers) + i for i, index in enumerate(further)}}
    types = [str(spec.variables[len(spec.variables) - 1 - index][1]) for index in further]
    return f"{','.join(types)}:{rename(term, extended).digest}", extended
