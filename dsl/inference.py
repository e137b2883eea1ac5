"""Type inference for terms (Hindley–Milner without let-polymorphism: every variable has one type)."""

from __future__ import annotations

from collections.abc import Sequence

from dsl.errors import TypeMismatch
from dsl.terms import Application, Lambda, Literal, Operator, Term, Variable
from dsl.types import Substitution, Type, arrow, canonical


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


class _Inference:
    """One inference with an explicit stack, so that deep terms need no recursion."""

    def __init__(self, environment: Sequence[Type]) -> None:
        used = [variable.index for type_ in environment for variable in type_.variables()]
        self.substitution = Substitution(max(used, default=-1) + 1)
        self.environment = tuple(environment)

    def run(self, term: Term) -> Type:
        types: list[Type] = []
        # A scope is the types of the variables from the innermost outwards, as a linked list.
        scope: _Scope | None = None
        for type_ in reversed(self.environment):
            scope = (type_, scope)
        todo: list[tuple[Term, _Scope | None, bool]] = [(term, scope, False)]
        while todo:
            node, scope, done = todo.pop()
            if isinstance(node, Variable):
                types.append(self.variable(node, scope))
            elif isinstance(node, Literal):
                types.append(node.type)
            elif isinstance(node, Lambda) and not done:
                inner = (self.substitution.fresh(), scope)
                todo += [(node, inner, True), (node.body, inner, False)]
            elif isinstance(node, Lambda):
                assert scope is not None
                types.append(arrow(scope[0], types.pop()))
            elif not done:
                todo.append((node, scope, True))
                todo.extend((child, scope, False) for child in reversed(node.children))
            else:
                assert isinstance(node, Application)
                types.append(self.application(node, types))
        return self.substitution.apply(types[0])

    def variable(self, node: Variable, scope: _Scope | None) -> Type:
        for _ in range(node.index):
            scope = None if scope is None else scope[1]
        if scope is None:
            raise TypeMismatch(f"variable ${node.index} is not bound")
        return scope[0]

    def application(self, node: Application, types: list[Type]) -> Type:
        count = len(node.arguments)
        arguments = types[len(types) - count :]
        del types[len(types) - count :]
        head = self.substitution.instantiate(node.head.type) if isinstance(node.head, Operator) else types.pop()
        result = self.substitution.fresh()
        if not self.substitution.unify(head, arrow(*arguments, result)):
            shown = ", ".join(str(canonical(self.substitution.apply(a))) for a in arguments)
            raise TypeMismatch(f"{node.head!r} of type {canonical(head)} is applied to {shown}"[:500])
        return result


_Scope = tuple[Type, "_Scope | None"]


def has_instance(scheme: Type, wanted: Type) -> bool:
    """Whether the polymorphic type `scheme` can be used at type `wanted`."""
    substitution = Substitution(1 + max((v.index for v in wanted.variables()), default=-1))
    return substitution.unify(substitution.instantiate(scheme), wanted)
