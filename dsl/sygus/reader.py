"""SyGuS-IF files, versions 1 and 2.1: one reader for both.

The versions differ in how they write sorts, grammars and a few names; what occurs in a file decides what its dialect
is called. Commands are read in order, so a name is known from its declaration on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from dsl.domain import Domain, load_domain
from dsl.errors import nearest
from dsl.sexpr import Document, SExpr, SList
from dsl.source import Location, Source
from dsl.spec import Constraint, Example, Function, Invariant, Macro, Problem, Spec, classify, contradictions
from dsl.sygus.examples import ExampleReader
from dsl.sygus.grammars import read_grammar
from dsl.sygus.logics import domain_of, normal_logic, stated_logic
from dsl.sygus.messages import cut, listed, sort_text
from dsl.sygus.signature import Parameters, Signature
from dsl.sygus.terms import Scope, TermReader, parameter_scope
from dsl.terms import MACRO, PRIMITIVE, Application, Operator, Term, Variable, abstract, postorder, substitute
from dsl.types import BOOL, Type, arrow

LARGEST_EVALUATION: Final = 20_000
"""Most nodes, macros expanded, of a ground term that is evaluated while reading."""
_IGNORED: Final = ("set-info", "set-option", "set-options", "set-feature")
_UNSUPPORTED: Final = (
    "assert", "check-sat", "chc-constraint", "declare-const", "declare-correctness-cex-oracle",
    "declare-correctness-oracle", "declare-datatype", "declare-datatypes", "declare-fun", "declare-oracle-fun",
    "declare-sort", "declare-weight", "define-const", "define-fun-rec", "define-funs-rec", "define-sort", "exit",
    "get-model", "optimize-synth", "oracle-assume", "oracle-constraint", "oracle-constraint-cex",
    "oracle-constraint-io", "oracle-constraint-membership", "oracle-constraint-negwitness",
    "oracle-constraint-poswitness", "pop", "push",
)  # fmt: skip
_LARGEST_COUNT: Final = 10**9


def read_sygus(source: Source, domain: str | None = None) -> Spec:
    """The specification that a SyGuS-IF file states.

    Args:
        source: the text of the file.
        domain: name of the domain to read it in; None chooses one by the sorts and operators that occur.

    Raises:
        SpecError: if it is not well-formed, is ill-sorted, or uses what is not supported.
        DomainError: if there is no domain of that name.
    """
    return _Reader(Document(source), domain).read()


class _Reader:
    """Reads the commands of one file."""

    def __init__(self, document: Document, domain: str | None) -> None:
        self.document = document
        self.logic = _first_logic(document)
        self.domain: Domain = load_domain(domain or domain_of(document, self.logic))
        self.signature = Signature(document, self.domain)
        self.terms = TermReader(self.signature)
        self.scope = Scope()
        self.functions: dict[str, Function] = {}
        self.macros: dict[Operator, Macro] = {}
        self.open_macros: dict[Operator, Operator] = {}
        self.variables: list[tuple[str, Type]] = []
        self.example_reader = ExampleReader(self.signature, self.functions)
        self.examples: list[Example] = []
        self.constraints: list[Constraint] = []
        self.assumptions: list[Constraint] = []
        self.invariant: Invariant | None = None
        self.problems: list[Problem] = []
        self.logic_set: Location | None = None
        self.ended: Location | None = None
        self.variable_count = sum(map(_variables_declared, document.forms))
        self.must_expand = 0

    def read(self) -> Spec:
        for i in range(len(self.document.forms)):
            self._command(i)
        if not self.functions:
            hint = "a function is asked for by (synth-fun f ((x Int)) Int)"
            forms = self.document.forms
            last = len(forms) - 1 if forms else None
            raise self.document.error("no synth-fun: the file asks for no function", forms, last, hint)
        spec = Spec(
            functions=tuple(self.functions.values()),
            domain=self.domain.name,
            examples=tuple(self.examples),
            variables=tuple(self.variables),
            constraints=tuple(self.constraints),
            assumptions=tuple(self.assumptions),
            invariant=self.invariant,
            macros=tuple(self._kept_macros()),
            logic=normal_logic(self.logic, self.domain.name),
            dialect="sygus-1" if self.signature.is_version_1 else "sygus-2.1",
            problems=(*self.problems, *self._general_problems(), *contradictions(self.examples)),
            source=self.document.source.text,
        )
        return replace(spec, classification=classify(spec))

    def _kept_macros(self) -> Iterator[Macro]:
        """The macros, without those that were expanded wherever they are used."""
        invariant = self.invariant
        stated = () if invariant is None else (invariant.pre, invariant.trans, invariant.post)
        dropped = {operator for operator in self.open_macros.values() if operator not in stated}
        return (macro for operator, macro in self.macros.items() if operator not in dropped)

    def _general_problems(self) -> Iterator[Problem]:
        if not self.examples and not self.constraints and self.invariant is None:
            yield Problem("no-constraints", "there are no constraints: every program of the right sort is an answer")
        if self.ended is None:
            yield Problem("no-check-synth", "the file does not end with (check-synth)")

    def _command(self, index: int) -> None:
        forms = self.document.forms
        form = forms[index]
        if not isinstance(form, SList):
            hint = f"it is written {_COMMANDS[form][3]}" if form in _COMMANDS else "commands stand in parentheses"
            raise self.document.error(f"`{cut(form)}` stands outside of all commands", forms, index, hint)
        if not form or not isinstance(form[0], str):
            raise self.document.error("a command begins with its name", form, None, "as in (set-logic LIA)")
        name = form[0]
        if name in _IGNORED:
            return
        if name not in _COMMANDS:
            self._refuse_command(form, name)
        if self.ended is not None:
            message = f"`{name}` stands after check-synth (line {self.ended.line}), which ends the question"
            raise self.document.error(message, form, 0, "one file asks one question")
        handler, fewest, most, usage = _COMMANDS[name]
        if not fewest <= len(form) <= most:
            what = "is incomplete" if len(form) < fewest else "has too many parts"
            at = most if len(form) > most else None
            raise self.document.error(f"this `{name}` {what}", form, at, f"it is written {usage}")
        handler(self, form)

    def _refuse_command(self, form: SList, name: str) -> None:
        if name in _UNSUPPORTED:
            raise self.document.error(f"the command `{name}` is not supported", form, 0)
        hint = nearest(name, (*_COMMANDS, *_IGNORED))
        raise self.document.error(f"there is no command `{cut(name)}`", form, 0, hint)

    # Commands without a term.

    def _set_logic(self, form: SList) -> None:
        if self.logic_set is not None:
            raise self.document.error(f"the logic is set already in line {self.logic_set.line}", form)
        stated_logic(self.document, form)
        self.logic_set = self.document.locate(form)

    def _check_synth(self, form: SList) -> None:
        self.ended = self.document.locate(form)

    def _declare_var(self, form: SList) -> None:
        self._declare(form, "")

    def _declare_primed_var(self, form: SList) -> None:
        self.signature.is_version_1 = True
        self._declare(form, "")
        self._declare(form, "!")

    def _declare(self, form: SList, suffix: str) -> None:
        name = self.signature.declare(form, 1, "variable", suffix)
        type_ = self.signature.sort(form, 2)
        self.signature.variables[name] = (self.variable_count - 1 - len(self.variables), type_)
        self.variables.append((name, type_))

    def _synth_fun(self, form: SList) -> None:
        self._synthesize(form, 3)

    def _synth_inv(self, form: SList) -> None:
        self._synthesize(form, None)

    def _synthesize(self, form: SList, sort_at: int | None) -> None:
        """A function to find; its sort stands at `sort_at`, or it is a predicate."""
        name = self.signature.declare(form, 1, "function to be synthesized")
        parameters = self.signature.parameters(form, 2, "function")
        result = BOOL if sort_at is None else self.signature.sort(form, sort_at)
        self.signature.pending = name
        grammar, grammar_at = None, 3 if sort_at is None else sort_at + 1
        if len(form) > grammar_at:
            stated = read_grammar(self.terms, form, grammar_at, name, parameters, result)
            grammar = stated.grammar
            self.problems += stated.problems
        function = Function(name, parameters, result, grammar, self.document.locate(form))
        self.functions[name] = function
        self._add_operator(name, function.operator, calls=1, expansion=1)

    def _add_operator(self, name: str, operator: Operator, calls: int, expansion: int) -> None:
        self.signature.operators[name] = operator
        self.signature.calls[operator] = min(calls, _LARGEST_COUNT)
        self.signature.expansion[operator] = min(expansion, _LARGEST_COUNT)
        self.signature.pending = None
        self.terms.forget()

    # Commands with terms.

    def _define_fun(self, form: SList) -> None:
        name = self.signature.declare(form, 1, "macro")
        parameters = self.signature.parameters(form, 2, "macro")
        result = self.signature.sort(form, 3)
        self.signature.pending = name
        body, type_ = self.terms.read(form, 4, parameter_scope(parameters))
        if type_ is not result:
            message = f"`{cut(name)}` is declared of sort {sort_text(result)}, but its body is {sort_text(type_)}"
            raise self.document.error(message, form, 4)
        location = self.document.locate(form)
        if body.free <= len(parameters):
            operator = self._define(name, parameters, body, result, location)
        else:
            operator = Operator(name, arrow(*(t for _, t in parameters), result), MACRO)
            self.signature.inlined[operator] = body
            self.open_macros[operator] = self._define(name, *self._close(parameters, body), result, location)
        self._add_operator(name, operator, self.terms.calls, self.terms.expansion + 1)

    def _define(self, name: str, parameters: Parameters, body: Term, result: Type, location: Location) -> Operator:
        definition = abstract(body, len(parameters))
        operator = Operator(name, arrow(*(t for _, t in parameters), result), MACRO, definition)
        self.macros[operator] = Macro(operator, tuple(p for p, _ in parameters), location)
        return operator

    def _close(self, parameters: Parameters, body: Term) -> tuple[Parameters, Term]:
        """Let the declared variables of a body be further parameters, in the order of declaration."""
        count, last = len(parameters), self.variable_count - 1
        free = {node.index for node in postorder([body]) if isinstance(node, Variable) and node.index >= count}
        used = sorted(last - (index - count) for index in free)
        renumbered: list[Term] = [Variable(i + len(used)) for i in range(count)]
        renumbered += [Variable(0)] * (body.free - count)
        for i, position in enumerate(reversed(used)):
            renumbered[last - position + count] = Variable(i)
        extra = tuple(self.variables[position] for position in used)
        return (*parameters, *extra), substitute(body, renumbered)

    def _assume(self, form: SList) -> None:
        self.assumptions.append(Constraint(self._boolean(form, 1, "an assumption"), self.document.locate(form)))

    def _boolean(self, parent: SList, index: int, what: str) -> Term:
        term, type_ = self.terms.read(parent, index, self.scope)
        if type_ is not BOOL:
            message = f"{what} is of sort Bool, but this is {sort_text(type_)}"
            raise self.document.error(message, parent, index)
        self.must_expand += self.terms.calling
        self.terms.check_expansion(self.must_expand, parent, index)
        return term

    def _constraint(self, form: SList) -> None:
        """A condition; the parts of a conjunction are conditions of their own."""
        stack = [(form, 1)]
        while stack:
            where, at = stack.pop()
            node = where[at]
            if isinstance(node, SList) and len(node) > 2 and node[0] == "and":
                stack += [(node, i) for i in range(len(node) - 1, 0, -1)]
                continue
            is_part = where is not form and isinstance(node, SList)
            location = self.document.locate(node if isinstance(node, SList) and is_part else form)
            example = self.example_reader.plain(node, location)
            if example is not None:
                self.examples.append(example)
            else:
                self._state(self._boolean(where, at, "a constraint"), location)

    def _state(self, term: Term, location: Location) -> None:
        """Sort a condition, or the parts of a conjunction, into examples and constraints."""
        parts = [term]
        seen: set[Term] = set()
        while parts:
            part = parts.pop()
            if part in seen:
                continue
            seen.add(part)
            if _is_conjunction(part):
                parts += reversed(part.children)
                continue
            is_small = self.terms.expansion <= LARGEST_EVALUATION
            example = self.example_reader.of_term(part, location) if is_small else None
            if example is not None:
                self.examples.append(example)
            else:
                self.constraints.append(Constraint(part, location))

    def _inv_constraint(self, form: SList) -> None:
        if self.invariant is not None:
            message = "a second inv-constraint is not supported"
            raise self.document.error(message, form, None, "state further conditions with constraint")
        names = [self.signature.name(form, i, what) for i, what in enumerate(_INVARIANT_PARTS, start=1)]
        function = self.functions.get(names[0])
        if function is None:
            hint = nearest(names[0], self.functions) or listed("function", list(self.functions))
            raise self.document.error(f"`{cut(names[0])}` is no function to be synthesized", form, 1, hint)
        if function.result is not BOOL:
            message = f"an invariant is of sort Bool, but `{cut(names[0])}` is {sort_text(function.result)}"
            raise self.document.error(message, form, 1)
        state = tuple(t for _, t in function.parameters)
        pre = self._condition_macro(form, 2, state)
        trans = self._condition_macro(form, 3, state + state)
        post = self._condition_macro(form, 4, state)
        self.invariant = Invariant(names[0], pre, trans, post, self.document.locate(form))

    def _condition_macro(self, form: SList, index: int, parameters: tuple[Type, ...]) -> Operator:
        """The macro at `index` of an inv-constraint, which must take these parameters."""
        name = self.signature.name(form, index, _INVARIANT_PARTS[index - 1])
        operator = self.signature.operators.get(name)
        if operator is None or operator.kind != MACRO:
            defined = [macro.name for macro in self.macros]
            hint = nearest(name, defined) or listed("macro", defined)
            raise self.document.error(f"`{cut(name)}` is not defined by a define-fun", form, index, hint)
        if operator.type.parameters != parameters or operator.type.result is not BOOL:
            wanted = f"({' '.join(map(sort_text, parameters))}) Bool"
            found = f"({' '.join(map(sort_text, operator.type.parameters))}) {sort_text(operator.type.result)}"
            message = f"the {_INVARIANT_PARTS[index - 1]} `{cut(name)}` has the wrong signature {found[:200]}"
            raise self.document.error(message, form, index, f"for this invariant it is {wanted[:200]}")
        return self.open_macros.get(operator, operator)


_INVARIANT_PARTS: Final = ("invariant", "pre-condition", "transition", "post-condition")


def _is_conjunction(term: Term) -> bool:
    head = term.head if isinstance(term, Application) else None
    return isinstance(head, Operator) and head.name == "and" and head.kind == PRIMITIVE


def _first_logic(document: Document) -> str | None:
    for form in document.forms:
        if isinstance(form, SList) and len(form) == 2 and form[0] == "set-logic":
            return stated_logic(document, form)
    return None


def _variables_declared(form: SExpr) -> int:
    """How many variables a command declares."""
    name = form[0] if isinstance(form, SList) and len(form) == 3 else None
    return {"declare-var": 1, "declare-primed-var": 2}.get(name, 0) if isinstance(name, str) else 0


_Handler = Callable[[_Reader, SList], None]
_COMMANDS: Final[Mapping[str, tuple[_Handler, int, int, str]]] = {
    "set-logic": (_Reader._set_logic, 2, 2, "(set-logic LIA)"),
    "synth-fun": (_Reader._synth_fun, 4, 6, "(synth-fun f ((x Int)) Int), with a grammar at the end if you like"),
    "synth-inv": (_Reader._synth_inv, 3, 5, "(synth-inv inv ((x Int))), with a grammar at the end if you like"),
    "declare-var": (_Reader._declare_var, 3, 3, "(declare-var x Int)"),
    "declare-primed-var": (_Reader._declare_primed_var, 3, 3, "(declare-primed-var x Int)"),
    "define-fun": (_Reader._define_fun, 5, 5, "(define-fun f ((x Int)) Int (+ x 1))"),
    "constraint": (_Reader._constraint, 2, 2, "(constraint (= (f 1) 2))"),
    "assume": (_Reader._assume, 2, 2, "(assume (> x 0))"),
    "inv-constraint": (_Reader._inv_constraint, 5, 5, "(inv-constraint inv pre trans post)"),
    "check-synth": (_Reader._check_synth, 1, 1, "(check-synth)"),
}
"""The commands: what reads them, fewest and most elements, and how they are written."""
