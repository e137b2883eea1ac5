"""Patterns: the body of an abstraction, matched against sub-terms of programs.

A pattern is the definition of an abstraction without its leading λs; its free variables are the parameters. It
matches a term t if its parameters can be replaced so that its β-normal form is t. What a parameter stands for must
not mention variables that are bound inside the pattern, with one exception: a parameter that is applied to distinct
bound variables stands for a function of these (higher-order patterns: D. Miller, "A logic programming language with
lambda-abstraction, function variables, and simple unification", 1991). Where a parameter is applied to anything
else, it stands for the head of the term there with its first arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dsl.terms import (
    Application,
    Lambda,
    Literal,
    Operator,
    Term,
    Variable,
    abstract,
    free_variables,
    rebuild,
    rename,
    shift,
    strip_lambdas,
)


def unknown(term: Term, known: Mapping[Term, object]) -> Iterator[Term]:
    """The distinct sub-terms that have no entry in a table, children first.

    Each must get one before the next is asked for.

    What lies below a known term is not visited.
    """
    stack = [term]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        waiting = [child for child in node.children if child not in known]
        if waiting:
            stack += waiting
        else:
            stack.pop()
            yield node


class Contents:
    """What occurs in terms, as bit masks that are computed once: free variables and constants."""

    def __init__(self) -> None:
        self._free: dict[Term, int] = {}
        self._constants: dict[Term, int] = {}
        self._numbers: dict[Operator | Literal, int] = {}

    def free(self, term: Term) -> int:
        """The free variables: bit i for variable i."""
        if term.free == 0:
            return 0
        found = self._free.get(term)
        if found is None:
            for node in unknown(term, self._free):
                self._free[node] = self._free_of(node)
            found = self._free[term]
        return found

    def _free_of(self, node: Term) -> int:
        if isinstance(node, Variable):
            return 1 << node.index
        mask = 0
        for child in node.children:
            mask |= self._free[child]
        return mask >> 1 if isinstance(node, Lambda) else mask

    def constants(self, term: Term) -> int:
        """The operators and literals: a bit for each."""
        found = self._constants.get(term)
        if found is None:
            for node in unknown(term, self._constants):
                self._constants[node] = self._constants_of(node)
            found = self._constants[term]
        return found

    def _constants_of(self, node: Term) -> int:
        mask = 0
        head = node.head if isinstance(node, Application) else node
        if isinstance(head, Operator | Literal):
            mask = 1 << self._numbers.setdefault(head, len(self._numbers))
        for child in node.children:
            mask |= self._constants[child]
        return mask


@dataclass(frozen=True, slots=True)
class Binding:
    """What a parameter stands for, in terms of the place where it was found.

    Attributes:
        source: the term that was found.
        depth: the number of λs of the pattern around it.
        bound: the variables of these λs that the parameter is applied to, in the order of the arguments; no other
            one is free in `source`.
    """

    source: Term
    depth: int
    bound: tuple[int, ...] = ()

    def argument(self, source: Term) -> Term:
        """The argument of the abstraction, with `source` as found or in another form of the same meaning."""
        if self.depth == 0:
            return source
        if not self.bound:
            return shift(source, -self.depth)
        count = len(self.bound)
        place = {index: count - 1 - position for position, index in enumerate(self.bound)}
        numbering = {i: place[i] if i < self.depth else i - self.depth + count for i in free_variables(source)}
        return abstract(rename(source, numbering), count)


class Pattern:
    """An abstraction, applied to some number of arguments, as a pattern.

    Attributes:
        abstraction: the abstraction.
        arity: the number of arguments.
        body: its definition, in base-language β-normal form, without the λs of these.
    """

    def __init__(self, abstraction: Operator, contents: Contents, arity: int | None = None) -> None:
        """Make a pattern of an operator with a definition.

        Args:
            abstraction: an operator whose definition is in base-language β-normal form.
            contents: the shared table of what occurs in terms.
            arity: the number of arguments; by default all that its type names.
        """
        assert abstraction.definition is not None
        self.abstraction = abstraction
        self.arity, self.body = strip_lambdas(abstraction.definition, abstraction.arity if arity is None else arity)
        self._contents = contents

    @cached_property
    def is_usable(self) -> bool:
        """Whether it may be matched: every parameter occurs, and what they stand for is smaller than the whole.

        A body that is a parameter, or that applies one and has neither operator nor literal, would match everything.
        """
        if isinstance(self.body, Variable) or self._contents.free(self.body) != (1 << self.arity) - 1:
            return False
        applies_parameter, consumes = False, False
        stack: list[tuple[Term, int]] = [(self.body, 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, Literal):
                consumes = True
            elif isinstance(node, Application):
                if isinstance(node.head, Operator):
                    consumes = True
                elif isinstance(node.head, Variable) and node.head.index >= depth:
                    applies_parameter = True
            below = depth + isinstance(node, Lambda)
            stack.extend((child, below) for child in node.children)
        return consumes or not applies_parameter

    @cached_property
    def constants(self) -> int:
        """The constants of the body, as `Contents` numbers them: a term that lacks one is not matched."""
        return self._contents.constants(self.body)

    @property
    def root(self) -> object:
        """What `root_of` gives for the terms that this may match; None if the root may be any application."""
        if isinstance(self.body, Application) and isinstance(self.body.head, Variable):
            return None
        return root_of(self.body)

    def match(self, term: Term) -> tuple[Binding, ...] | None:
        """What each parameter stands for, first parameter first, if the pattern fits a β-normal term; or None."""
        if self.constants & ~self._contents.constants(term):
            return None
        found: list[Binding | None] = [None] * self.arity
        goals: list[tuple[Term, Term, int]] = [(self.body, term, 0)]
        while goals:
            pattern, here, depth = goals.pop()
            if pattern.free <= depth:
                if pattern is not here:
                    return None
            elif isinstance(pattern, Variable):
                if not self._bind(found, pattern, Binding(here, depth), depth):
                    return None
            elif isinstance(pattern, Lambda):
                if not isinstance(here, Lambda):
                    return None
                goals.append((pattern.body, here.body, depth + 1))
            else:
                assert isinstance(pattern, Application)
                if isinstance(pattern.head, Variable) and pattern.head.index >= depth:
                    if not self._match_applied(found, goals, pattern, here, depth):
                        return None
                elif not isinstance(here, Application) or len(here.arguments) != len(pattern.arguments):
                    return None
                elif isinstance(pattern.head, Operator):
                    if pattern.head is not here.head:
                        return None
                    goals.extend((p, t, depth) for p, t in zip(pattern.arguments, here.arguments, strict=True))
                elif isinstance(here.head, Operator):
                    return None
                else:
                    goals.extend((p, t, depth) for p, t in zip(pattern.children, here.children, strict=True))
        bindings = tuple(binding for binding in found if binding is not None)
        return bindings if len(bindings) == self.arity else None

    def _bind(self, found: list[Binding | None], parameter: Variable, binding: Binding, depth: int) -> bool:
        """Note what a parameter stands for; False if that mentions a bound variable, or differs from before."""
        captured = self._contents.free(binding.source) & ((1 << depth) - 1)
        for index in binding.bound:
            captured &= ~(1 << index)
        if captured:
            return False
        number = self.arity - 1 - (parameter.index - depth)
        before = found[number]
        if before is None:
            found[number] = binding
            return True
        return before.argument(before.source) is binding.argument(binding.source)

    def _match_applied(
        self,
        found: list[Binding | None],
        goals: list[tuple[Term, Term, int]],
        pattern: Application,
        here: Term,
        depth: int,
    ) -> bool:
        """Match a parameter that is applied to arguments."""
        parameter, arguments = pattern.head, pattern.arguments
        assert isinstance(parameter, Variable)
        bound = [a.index for a in arguments if isinstance(a, Variable) and a.index < depth]
        of_bound = len(set(bound)) == len(arguments)
        count = len(arguments)
        if isinstance(here, Application) and len(here.arguments) >= count:
            last = here.arguments[len(here.arguments) - count :]
            if not of_bound or last == arguments:
                function = _partial(here, count)
                if self._bind(found, parameter, Binding(function, depth), depth):
                    goals.extend((p, t, depth) for p, t in zip(arguments, last, strict=True))
                    return True
        return of_bound and self._bind(found, parameter, Binding(here, depth, tuple(bound)), depth)


def patterns_of(abstraction: Operator, contents: Contents) -> list[Pattern]:
    """The patterns of an abstraction that may be matched.

    One whose type names all its parameters has one pattern. One of the untyped λ-calculus is a constant whose
    definition begins with λs, and may be applied to any number of arguments up to that of the λs: there is a pattern
    for each.
    """
    assert abstraction.definition is not None
    most, _ = strip_lambdas(abstraction.definition)
    patterns = [Pattern(abstraction, contents, arity) for arity in range(abstraction.arity, most + 1)]
    return [pattern for pattern in patterns if pattern.is_usable]


def order_of(abstraction: Operator) -> tuple[int, str]:
    """Where an abstraction stands among those that may be defined by others: only by ones that stand before it.

    What a pattern leaves to its parameters has fewer constants than the whole, unless the pattern is the whole but for
    names and order of its parameters; then the keys decide which of the two is defined by the other.
    """
    assert abstraction.definition is not None
    count: dict[Term, int] = {}
    for node in unknown(abstraction.definition, count):
        head = node.head if isinstance(node, Application) else node
        count[node] = isinstance(head, Operator | Literal) + sum(count[child] for child in node.children)
    return count[abstraction.definition], abstraction.key


def applied(function: Operator | Term, arguments: tuple[Term, ...]) -> Term:
    """A function applied to arguments; an operator to at least as many as its type names."""
    if isinstance(function, Operator):
        head = Application(function, arguments[: function.arity])
        return applied(head, arguments[function.arity :])
    if not arguments:
        return function
    if isinstance(function, Application) and isinstance(function.head, Term):
        return Application(function.head, function.arguments + arguments)
    return Application(function, arguments)


LONGEST_SPINE = 256
"""Arguments beyond which the applications to the first few of them are not looked at one by one."""


def pieces(term: Term) -> tuple[Term, ...]:
    """What a term is made of: its children, or for a term applied to several arguments all but the last one, and that.

    So an abstraction may take the place of the application of a term to its first arguments.
    """
    if isinstance(term, Application) and isinstance(term.head, Term) and 1 < len(term.arguments) <= LONGEST_SPINE:
        return (Application(term.head, term.arguments[:-1]), term.arguments[-1])
    return term.children


def assembled(term: Term, parts: Sequence[Term]) -> Term:
    """A term like `term` made of other pieces."""
    if isinstance(term, Application) and isinstance(term.head, Term):
        return applied(parts[0], tuple(parts[1:]))
    return rebuild(term, parts)


def _partial(term: Application, missing: int) -> Term:
    """The function that `term` applies to its last arguments; of an operator's application as a λ."""
    first = term.arguments[: len(term.arguments) - missing]
    if isinstance(term.head, Operator):
        variables = tuple(Variable(i) for i in reversed(range(missing)))
        return abstract(Application(term.head, tuple(shift(a, missing) for a in first) + variables), missing)
    return Application(term.head, first) if first else term.head


def root_of(term: Term) -> object:
    """What tells terms with different roots apart: the head, the class of λs, or the leaf itself."""
    if isinstance(term, Application):
        return term.head
    return Lambda if isinstance(term, Lambda) else term
