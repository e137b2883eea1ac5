"""Type inference for terms (Hindley–Milner; a shared sub-term is inferred once, like what `let` binds)."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.errors import TypeMismatch
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable, postorder
from dsl.types import Substitution, Type, TypeVariable, arrow, assign, canonical


def infer(term: Term, environment: Sequence[Type] = ()) -> Type:
    """The most general type of `term`.

    Args:
        term: any term.
        environment: types of the free variables; ``environment[0]`` is that of ``$0``.

    Returns:
        the type, its variables numbered in order of occurrence.

    Raises:
        TypeMismatch: if the term has no type or a free variable is not in the environment.
    """
    return canonical(_Inference(environment).run(term))


class _Scope:
    """The type of the innermost variable and the scope around it; compared by identity."""

    __slots__ = ("outer", "type")

    def __init__(self, type_: Type, outer: _Scope | None) -> None:
        self.type, self.outer = type_, outer


_Node = tuple[Term, _Scope | None]


class _Inference:
    """One inference with an explicit stack, so that deep terms need no recursion and shared ones no time."""

    def __init__(self, environment: Sequence[Type]) -> None:
        used = [variable.index for type_ in environment for variable in type_.variables()]
        self.substitution = Substitution(max(used, default=-1) + 1)
        self.scope: _Scope | None = None
        for type_ in reversed(environment):
            self.scope = _Scope(type_, self.scope)
        self.types: dict[_Node, Type] = {}
        self.uses: dict[Term, int] = {}

    def run(self, term: Term) -> Type:
        self.uses = _occurrences_in_tree(term)
        root = _node(term, self.scope)
        todo: list[tuple[_Node, _Scope | None]] = [(root, None)]
        while todo:
            here, inner = todo.pop()
            node, scope = here
            if here in self.types:
                continue
            if isinstance(node, Variable):
                self.types[here] = self.variable(node, scope)
            elif isinstance(node, Literal):
                self.types[here] = node.type
            elif isinstance(node, Lambda):
                if inner is None:
                    inner = _Scope(self.substitution.fresh(), scope)
                    todo += [(here, inner), (_node(node.body, inner), None)]
                else:
                    self.types[here] = arrow(inner.type, self.use(node.body, inner))
            else:
                assert isinstance(node, Application)
                waiting = [_node(child, scope) for child in node.children]
                waiting = [child for child in waiting if child not in self.types]
                if waiting:
                    todo.append((here, None))
                    todo.extend((child, None) for child in reversed(waiting))
                else:
                    self.types[here] = self.application(node, scope)
        return self.substitution.apply(self.types[root])

    def use(self, term: Term, scope: _Scope | None) -> Type:
        """The type of one occurrence of `term`: what its type leaves open may differ from the other ones'."""
        here = _node(term, scope)
        if self.uses[term] == 1 or isinstance(term, Variable):
            return self.types[here]
        type_ = self.substitution.apply(self.types[here])
        if not type_.is_polymorphic:
            return type_
        fixed = self.fixed(here[1])
        return assign(type_, {v: self.substitution.fresh() for v in dict.fromkeys(type_.variables()) if v not in fixed})

    def fixed(self, scope: _Scope | None) -> set[TypeVariable]:
        """The type variables that the types of the variables in scope mention."""
        found: set[TypeVariable] = set()
        while scope is not None:
            found.update(self.substitution.apply(scope.type).variables())
            scope = scope.outer
        return found

    def variable(self, node: Variable, scope: _Scope | None) -> Type:
        for _ in range(node.index):
            scope = None if scope is None else scope.outer
        if scope is None:
            raise TypeMismatch(f"variable ${node.index} is not bound")
        return scope.type

    def application(self, node: Application, scope: _Scope | None) -> Type:
        arguments = [self.use(argument, scope) for argument in node.arguments]
        head = node.head
        wanted = self.substitution.instantiate(head.type) if isinstance(head, Operator) else self.use(head, scope)
        result = self.substitution.fresh()
        if not self.substitution.unify(wanted, arrow(*arguments, result)):
            found = head.type if isinstance(head, Operator) else self.substitution.apply(wanted)
            shown = ", ".join(str(canonical(self.substitution.apply(a))) for a in arguments)
            raise TypeMismatch(f"{head!r} of type {canonical(found)} is applied to {shown}"[:500])
        return result


def _occurrences_in_tree(root: Term) -> dict[Term, int]:
    """How often each sub-term occurs if nothing is shared; 2 stands for more as well."""
    order = list(postorder([root]))
    found = dict.fromkeys(order, 0)
    found[root] = 1
    for term in reversed(order):
        for child in term.children:
            found[child] = min(2, found[child] + found[term])
    return found


def _node(term: Term, scope: _Scope | None) -> _Node:
    """A term in its scope; a closed one is the same in every scope."""
    return (term, scope if term.free else None)


def has_instance(scheme: Type, wanted: Type) -> bool:
    """Whether the polymorphic type `scheme` can be used at type `wanted`."""
    substitution = Substitution(1 + max((v.index for v in wanted.variables()), default=-1))
    return substitution.unify(substitution.instantiate(scheme), wanted)
