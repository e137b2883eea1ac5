"""Productions as an enumeration of open terms applies them: the λs of an argument taken off, its body left.

A λ stands for its body, which lives in a larger scope. Variables are known by their *position* in the scope, counted
from the outermost parameter, and not by de Bruijn indices: so a term keeps its meaning in every deeper scope.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final

from dsl.closures import Compiler, Undefined, bound_meaning, conditional
from dsl.domain import Domain
from dsl.errors import LimitExceeded
from dsl.grammar import Grammar, Nonterminal, Production
from dsl.limits import EXHAUSTED, Limits
from dsl.probability import Context
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, abstract, strip_lambdas
from dsl.types import BOOL, INT, Type
from dsl.values import BOTTOM

STEPS: Final = 10_000
"""Most steps within the λs of one application of a definition during a search."""


class Kind(Enum):
    """How the column of a form is computed."""

    VARIABLE = 0
    VALUE = 1
    STRICT = 2
    CHOICE = 3
    LAZY = 4
    HIGHER_ORDER = 5


class Slot:
    """An argument of a form.

    Attributes:
        nonterminal: of the argument, or of the body below its λs.
        binders: types of the variables that these λs bind, the outermost first.
        context: where the argument stands.
        scope: number of variables in scope outside of these λs.
        function: whether the argument is a function.
    """

    __slots__ = ("binders", "context", "function", "nonterminal", "scope")

    def __init__(self, nonterminal: Nonterminal, binders: tuple[Type, ...], context: Context) -> None:
        self.nonterminal, self.binders, self.context = nonterminal, binders, context
        self.function = bool(binders)
        self.scope = len(nonterminal.environment) - len(binders)


class Form:
    """A production with its λs taken off.

    Attributes:
        production: the production of the grammar.
        index: its number among the productions of its nonterminal.
        kind: how its column is computed.
        slots: its arguments.
        result: type of its values.
        function: Python meaning: cells to a cell; a conditional gets ⊥ as well. None for a variable.
        value: of a literal.
        position: of a variable in its scope, also of one that is applied; else -1.
        commutes: whether its two arguments can be exchanged, for all that a sample of values says.
    """

    __slots__ = ("commutes", "function", "index", "kind", "position", "production", "result", "slots", "value")

    def __init__(self, production: Production, index: int, scope: int, result: Type, meanings: Meanings) -> None:
        self.production, self.index, self.result = production, index, result
        self.function: Callable[..., Any] | None = None
        self.value: Any = None
        self.position = -1
        head = production.head
        self.slots = tuple(meanings.slot(child, (production.key, i)) for i, child in enumerate(production.children))
        if isinstance(head, Variable):
            self.position = scope - 1 - head.index
            self.kind = Kind.HIGHER_ORDER if self.slots else Kind.VARIABLE
        elif isinstance(head, Literal):
            self.kind, self.value = Kind.VALUE, head.value
        else:
            assert isinstance(head, Operator), head
            self.kind, self.function = meanings.of(head, self.slots)
        self.commutes = self.kind is Kind.STRICT and meanings.commutes(self)

    @property
    def is_defined(self) -> bool:
        """Whether it is a macro or an abstraction, whose arguments count only where its body uses them."""
        head = self.production.head
        return isinstance(head, Operator) and head.definition is not None

    @property
    def uses(self) -> int:
        """Bit set of the positions that the form itself uses."""
        return 0 if self.position < 0 else 1 << self.position

    def build(self, arguments: Sequence[Term], places: Sequence[int], scope: int) -> Term:
        """The term of this form in a scope of so many variables, each standing at its place there."""
        if self.position >= 0:
            variable = Variable(scope - 1 - places[self.position])
            return Application(variable, self._closed(arguments)) if arguments else variable
        head = self.production.head
        if isinstance(head, Operator):
            return Application(head, self._closed(arguments))
        assert isinstance(head, Literal)
        return head

    def _closed(self, arguments: Sequence[Term]) -> tuple[Term, ...]:
        return tuple(abstract(a, len(s.binders)) for a, s in zip(arguments, self.slots, strict=True))


_SAMPLES: Final[dict[Type, tuple[Any, ...]]] = {INT: (-7, -2, -1, 0, 1, 2, 3, 5, 10), BOOL: (False, True)}


def _commutes(function: Callable[..., Any], type_: Type) -> bool:
    """Whether exchanging two integers or truth values never makes a difference in a sample."""
    values = _SAMPLES.get(type_, ())
    try:
        return bool(values) and all(function(a, b) == function(b, a) for a, b in itertools.combinations(values, 2))
    except LimitExceeded:
        return False


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function for a definition, which passes on arguments that are ⊥ or exhausted, where a body expects values.

    A body that does not use such an argument has a value all the same, which is then passed by: that costs
    completeness where it matters at all, and spares every body of a λ the look at its variables.
    """

    def call(*cells: Any) -> Any:
        if BOTTOM in cells:
            raise Undefined
        if EXHAUSTED in cells:
            raise LimitExceeded("an argument was not computed")
        return function(*cells)

    return call


class Meanings:
    """The arguments of productions, and the Python meanings of operators, definitions included."""

    def __init__(self, grammar: Grammar, domain: Domain, limits: Limits) -> None:
        """Prepare for the productions of a grammar whose operators mean what a domain says."""
        self._grammar, self._domain = grammar, domain
        self._compiler = Compiler(domain, limits, limits.depth)
        self._found: dict[Operator, tuple[Kind, Callable[..., Any]]] = {}
        self._commuting: dict[tuple[Callable[..., Any], Type], bool] = {}

    def slot(self, nonterminal: Nonterminal, context: Context) -> Slot:
        """The argument that a child nonterminal stands for: the body below its λs."""
        binders: list[Type] = []
        while nonterminal.type.is_function:
            (production,) = self._grammar.productions(nonterminal)
            assert production.head is Lambda, production
            binders.append(nonterminal.type.arguments[0])
            (nonterminal,) = production.children
        return Slot(nonterminal, tuple(binders), context)

    def of(self, head: Operator, slots: Sequence[Slot]) -> tuple[Kind, Callable[..., Any]]:
        """How an operator is applied, and to which effect."""
        found = self._found.get(head)
        if found is None:
            found = self._make(head, [slot.function for slot in slots])
            self._found[head] = found
        return found

    def commutes(self, form: Form) -> bool:
        """Whether the arguments of a strict form can be exchanged, for all that a sample of values says."""
        if len(form.slots) != 2 or form.slots[0].nonterminal is not form.slots[1].nonterminal:
            return False
        assert form.function is not None
        key = form.function, form.slots[0].nonterminal.type
        if key not in self._commuting:
            self._commuting[key] = _commutes(*key)
        return self._commuting[key]

    def _make(self, head: Operator, functions: Sequence[bool]) -> tuple[Kind, Callable[..., Any]]:
        higher_order = any(functions)
        if head.definition is not None:
            body = strip_lambdas(head.definition, head.arity)[1]
            # Parameters that may be ⊥ or exhausted are looked at whenever they are read; values need not be.
            on_values, on_cells = self._compiler.code(body), self._compiler.callee.code(body)
            steps, allowed = self._compiler.steps, min(STEPS, self._compiler.limits.steps)

            def run(*cells: Any) -> Any:
                steps.left = allowed
                if higher_order:
                    cells = tuple(
                        [_strict(c) if is_function else c for c, is_function in zip(cells, functions, strict=True)]
                    )
                try:
                    return on_cells(cells) if BOTTOM in cells or EXHAUSTED in cells else on_values(cells)
                except Undefined:
                    return BOTTOM
                except LimitExceeded:
                    return EXHAUSTED

            return (Kind.HIGHER_ORDER if higher_order else Kind.LAZY), run
        primitive = self._domain.meaning(head)
        if primitive.lazy:
            return (Kind.CHOICE if head.arity == 3 else Kind.LAZY), conditional(primitive)
        function = bound_meaning(primitive, head)
        return (Kind.HIGHER_ORDER if higher_order else Kind.STRICT), function


class Forms:
    """The forms of all nonterminals of a grammar; made once, shared by all searches in it."""

    def __init__(self, grammar: Grammar, domain: Domain, limits: Limits) -> None:
        """Prepare for a grammar whose operators mean what a domain says."""
        self.grammar = grammar
        self._meanings = Meanings(grammar, domain, limits)
        self._forms: dict[Nonterminal, tuple[Form, ...]] = {}

    def of(self, nonterminal: Nonterminal) -> tuple[Form, ...]:
        """The forms of a nonterminal from which a term can be completed, in the order of the grammar."""
        found = self._forms.get(nonterminal)
        if found is None:
            scope = len(nonterminal.environment)
            found = tuple(
                Form(production, index, scope, nonterminal.type, self._meanings)
                for index, production in enumerate(self.grammar.productions(nonterminal))
                if not production.is_constant_slot and self.grammar.completion_size(production) < _INFINITY
            )
            self._forms[nonterminal] = found
        return found


_INFINITY: Final = float("inf")
