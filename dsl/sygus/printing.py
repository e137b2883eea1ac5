"""Specifications as SyGuS-IF text, version 2.1.

What is printed reads back as an equal spec. Only what SyGuS-IF can say is printed: functions, grammars, macros,
variables, examples, assumptions, constraints and an invariant; not constants offered, hints and budgets.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dsl.errors import SpecError, TermSyntaxError, TypeMismatch
from dsl.grammar import CONSTANT, NONTERMINAL, Grammar
from dsl.printing import operator_text, smt_literal, smt_sort, to_smt
from dsl.sexpr import quoted
from dsl.spec import Example, Function, Macro, Spec
from dsl.terms import (
    FUNCTION,
    MACRO,
    PRIMITIVE,
    Application,
    Literal,
    Operator,
    Term,
    Variable,
    operators,
    postorder,
    strip_lambdas,
    substitute,
)
from dsl.types import Type


def print_sygus(spec: Spec) -> str:
    """A spec as a SyGuS-IF file of version 2.1.

    Raises:
        SpecError: if a name, type, value or grammar of the spec cannot be written in SyGuS-IF.
    """
    try:
        return "\n".join(_Printer(spec).commands()) + "\n"
    except (TermSyntaxError, TypeMismatch) as error:
        raise SpecError(f"this spec cannot be written as SyGuS-IF: {error}") from None


class _Printer:
    """Prints one spec."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        names = [*(f.name for f in spec.functions), *(m.operator.name for m in spec.macros)]
        self.variables = _distinct([name for name, _ in spec.variables], taken=names)

    def commands(self) -> Iterator[str]:
        """The commands, in order."""
        spec = self.spec
        if spec.logic is not None:
            yield f"(set-logic {spec.logic})"
        for name, (_, type_) in zip(self.variables, spec.variables, strict=True):
            yield f"(declare-var {_name(name)} {smt_sort(type_)})"
        yield from self._definitions()
        for example in spec.examples:
            yield f"(constraint {self._example(example)})"
        for assumption in spec.assumptions:
            yield f"(assume {self._condition(assumption.term)})"
        for constraint in spec.constraints:
            yield f"(constraint {self._condition(constraint.term)})"
        if spec.invariant is not None:
            parts = (spec.invariant.pre, spec.invariant.trans, spec.invariant.post)
            names = [spec.invariant.function, *(operator.name for operator in parts)]
            yield f"(inv-constraint {' '.join(map(_name, names))})"
        yield "(check-synth)"

    def _definitions(self) -> Iterator[str]:
        """Macros and functions, each sequence in its order, a macro behind the functions that it calls."""
        position = {function.name: i for i, function in enumerate(self.spec.functions, start=1)}
        needed: dict[Operator, int] = {}
        printed = 0
        for macro in self.spec.macros:
            assert macro.operator.definition is not None
            called = operators(macro.operator.definition)
            last = max((position[o.name] if o.kind == FUNCTION else needed.get(o, 0) for o in called), default=0)
            needed[macro.operator] = last
            yield from map(self._synth_fun, self.spec.functions[printed:last])
            printed = max(printed, last)
            yield self._define_fun(macro)
        yield from map(self._synth_fun, self.spec.functions[printed:])

    def _define_fun(self, macro: Macro) -> str:
        operator = macro.operator
        assert operator.definition is not None
        _, body = strip_lambdas(operator.definition, operator.arity)
        used = [used.name for used in operators(body) if used.kind != PRIMITIVE]
        shown = self._shown_parameters(macro)
        parameters = [*_distinct(macro.parameters[:shown], taken=used), *macro.parameters[shown:]]
        typed = list(zip(parameters, operator.type.parameters, strict=True))
        signature = _signature(typed[:shown])
        text = to_smt(body, parameters)
        return f"(define-fun {_name(operator.name)} {signature} {smt_sort(operator.type.result)} {text})"

    def _shown_parameters(self, macro: Macro) -> int:
        """How many parameters a macro is written with: parts of an invariant get the state only.

        Their further parameters stand for declared variables, and are written as these.
        """
        invariant, count = self.spec.invariant, len(macro.parameters)
        if invariant is None or macro.operator not in (invariant.pre, invariant.trans, invariant.post):
            return count
        state = len(self.spec.function(invariant.function).parameters)
        return min(count, 2 * state if macro.operator is invariant.trans else state)

    def _synth_fun(self, function: Function) -> str:
        parameters = [name for name, _ in function.parameters]
        head = f"(synth-fun {_name(function.name)} {_signature(function.parameters)} {smt_sort(function.result)}"
        if function.grammar is None:
            return f"{head})"
        return f"{head}\n{_grammar(function.name, function.grammar, parameters)})"

    def _example(self, example: Example) -> str:
        function = self.spec.function(example.function)
        arguments = [
            smt_literal(Literal(value, type_))
            for value, (_, type_) in zip(example.inputs, function.parameters, strict=True)
        ]
        call = f"({_name(function.name)} {' '.join(arguments)})" if arguments else _name(function.name)
        return f"(= {call} {smt_literal(Literal(example.output, function.result))})"

    def _condition(self, term: Term) -> str:
        """A term over the declared variables; only the names of those that occur are looked at."""
        used = sorted({node.index for node in postorder([term]) if isinstance(node, Variable)}, reverse=True)
        renumbered: list[Term] = [Variable(0)] * term.free
        for i, index in enumerate(reversed(used)):
            renumbered[index] = Variable(i)
        last = len(self.variables) - 1
        return to_smt(substitute(term, renumbered), [self.variables[last - index] for index in used])


def _name(name: str) -> str:
    """A name as it is written.

    Raises:
        SpecError: if it holds a bar or a backslash, which no symbol can.
    """
    if "|" in name or "\\" in name:
        raise SpecError(f"{name!r} is no name in SyGuS-IF, which knows no bars and backslashes in names")
    return quoted(name)


def _signature(parameters: Iterable[tuple[str, Type]]) -> str:
    return f"({' '.join(f'({_name(name)} {smt_sort(type_)})' for name, type_ in parameters)})"


def _distinct(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """The names, those that are taken or occur twice with something behind them."""
    used = set(taken)
    found = []
    for name in names:
        free = next(n for n in _variants(name) if n not in used)
        used.add(free)
        found.append(free)
    return found


def _variants(name: str) -> Iterator[str]:
    yield name
    for number in itertools.count(1):
        yield f"{name}_{number}"


def _grammar(function: str, grammar: Grammar, parameters: Sequence[str]) -> str:
    """Both lists of a grammar, the start nonterminal first.

    Raises:
        SpecError: if the grammar is the language of a domain, which no rules state.
    """
    if grammar.rules is None:
        raise SpecError(f"the grammar of {function} is not given by rules and cannot be written in SyGuS-IF")
    ordered = [grammar.start, *(n for n in grammar.rules if n is not grammar.start)]
    used = {o.name for terms in grammar.rules.values() for o in operators(*terms) if o.kind == MACRO}
    names = _distinct([n.name or "N" for n in ordered], taken=[*parameters, *sorted(used)])
    named = {n.name: name for n, name in zip(ordered, names, strict=True)}
    declared = [f"({_name(name)} {smt_sort(n.type)})" for n, name in zip(ordered, names, strict=True)]
    rules = [
        f"({_name(name)} {smt_sort(n.type)} ({' '.join(_production(t, named, parameters) for t in grammar.rules[n])}))"
        for n, name in zip(ordered, names, strict=True)
    ]
    return f"  ({' '.join(declared)})\n  ({f'{chr(10)}   '.join(rules)})"


def _production(term: Term, nonterminals: Mapping[str, str], parameters: Sequence[str]) -> str:
    """A right-hand side; no `let` can stand in it."""
    out: list[str] = []
    todo: list[Term | str] = [term]
    while todo:
        node = todo.pop()
        if isinstance(node, str):
            out.append(node)
        elif isinstance(node, Variable):
            out.append(_name(parameters[len(parameters) - 1 - node.index]))
        elif isinstance(node, Literal):
            out.append(smt_literal(node))
        else:
            assert isinstance(node, Application)
            assert isinstance(node.head, Operator)
            head = _head(node.head, nonterminals)
            if not node.arguments:
                out.append(head)
                continue
            todo.append(")")
            for argument in reversed(node.arguments):
                todo += [argument, " "]
            todo.append(f"({head}")
    return "".join(out)


def _head(operator: Operator, nonterminals: Mapping[str, str]) -> str:
    if operator.kind == NONTERMINAL:
        return _name(nonterminals[operator.name])
    return f"(Constant {smt_sort(operator.type)})" if operator.kind == CONSTANT else operator_text(operator)
