"""Domains: a named set of primitives, constants and training tasks.

A primitive is defined once, by a Python function that *is* its meaning; an SMT meaning and a batched meaning may
stand beside it, and the conformance suite checks that all agree. Domains of other distributions are found
through the entry-point group ``reverie.domains``.
"""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, overload
from typing import Literal as OneOf

from dsl.errors import DomainError, TypeMismatch, nearest
from dsl.terms import Literal, Operator
from dsl.types import (
    Type,
    arrow,
    assign,
    bit_vector,
    from_annotation,
    match,
    mentions,
    parse_type,
    signature_type,
    type_variables,
)
from dsl.values import Bottom, Value, from_data

if TYPE_CHECKING:
    from dsl.grammar import Grammar
    from dsl.languages import LanguageSettings
    from dsl.spec import Task
    from dsl.terms import Term

ENTRY_POINTS = "reverie.domains"
Variadic = OneOf["left", "right", "chain", "pairwise"]
Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Primitive:
    """One primitive with its meanings.

    Attributes:
        name: canonical name: SMT-LIB's where there is one.
        type: type scheme.
        function: the meaning in Python: values to a value or ⊥ (`BOTTOM`). A parameter of function type gets a
            Python callable of as many arguments as its type has parameters. If it has a keyword-only parameter
            ``widths``, that gets the widths assigned to the type variables of a bit-vector scheme, in order of
            first occurrence.
        smt: the meaning as SMT-LIB text over ``{0}``, ``{1}`` …, or None.
        batched: the meaning over numpy columns (see `dsl.batched`), or None.
        variadic: how SMT-LIB reads more arguments than the type has: ``left``/``right`` associative,
            ``chain`` (conjunction over neighbours), ``pairwise`` (conjunction over all pairs), or None.
        lazy: whether this is a conditional (``ite``, ``and``, ``or``, ``=>``), not strict in every argument.
        searchable: whether the grammar of the domain offers it; others are only understood in specifications.
        aliases: other names that are read as this one.
        description: one line for people.
    """

    name: str
    type: Type
    function: Callable[..., Any]
    smt: str | None = None
    batched: Callable[..., Any] | None = None
    variadic: Variadic | None = None
    lazy: bool = False
    searchable: bool = True
    aliases: tuple[str, ...] = ()
    description: str = ""

    @functools.cached_property
    def arity(self) -> int:
        """Number of parameters."""
        return len(self.type.parameters)

    @functools.cached_property
    def operator(self) -> Operator:
        """The symbol that terms use, with the type scheme."""
        return Operator(self.name, self.type)

    @functools.cached_property
    def is_width_dependent(self) -> bool:
        """Whether terms use it only at a concrete bit-vector width."""
        return self.type.is_polymorphic and mentions(self.type, "bv")

    @functools.cached_property
    def takes_widths(self) -> bool:
        """Whether the Python and batched meanings ask for the widths of the instance."""
        return "widths" in inspect.signature(self.function).parameters

    def widths(self, instance: Type) -> tuple[int, ...]:
        """Widths that the monomorphic type `instance` assigns to the variables of the scheme."""
        assigned = match(self.type, instance)
        if assigned is None:
            raise TypeMismatch(f"{instance} is no instance of {self.name} : {self.type}")
        return tuple(int(assigned[variable].name) for variable in type_variables(self.type))

    def at_arity(self, count: int) -> Primitive | None:
        """This primitive taking `count` arguments, or None if it cannot."""
        if count == self.arity:
            return self
        if self.variadic is None or count < 2:
            return None
        return _widened(self, count)


@functools.lru_cache(maxsize=4096)
def _widened(primitive: Primitive, count: int) -> Primitive:
    """An associative, chainable or pairwise binary primitive over `count` arguments (SMT-LIB 2.6, section 3.7)."""
    first, second = primitive.type.parameters
    meaning, pattern = primitive.function, primitive.variadic
    # The odd one out stands first for left-associative operators and last for right-associative ones.
    parameters = [second] * (count - 1) + [second] if pattern == "right" else [first] + [second] * (count - 1)

    def with_widths(*arguments: Any, widths: tuple[int, ...]) -> Any:
        return _fold(pattern, functools.partial(meaning, widths=widths), arguments)

    def without_widths(*arguments: Any) -> Any:
        return _fold(pattern, meaning, arguments)

    return replace(
        primitive,
        type=arrow(*parameters, primitive.type.result),
        function=with_widths if primitive.takes_widths else without_widths,
        smt=None if primitive.smt is None else _widened_smt(primitive, count),
        batched=None,
        variadic=None,
    )


def _fold(pattern: str | None, meaning: Callable[[Any, Any], Any], arguments: Sequence[Any]) -> Any:
    if pattern == "left":
        return functools.reduce(meaning, arguments)
    if pattern == "right":
        return functools.reduce(lambda b, a: meaning(a, b), reversed(arguments))
    return all(meaning(a, b) for a, b in _pairs(pattern, arguments))


def _pairs(pattern: str | None, arguments: Sequence[Any]) -> Iterable[tuple[Any, Any]]:
    """The pairs that a chainable or pairwise predicate relates."""
    return itertools.pairwise(arguments) if pattern == "chain" else itertools.combinations(arguments, 2)


def _widened_smt(primitive: Primitive, count: int) -> str:
    """The SMT text of a widened primitive: SMT-LIB's own n-ary form, or else made from that of the binary one."""
    template, pattern = primitive.smt or "", primitive.variadic
    places = [f"{{{i}}}" for i in range(count)]
    if template == f"({primitive.name} {{0}} {{1}})":
        return f"({primitive.name} {' '.join(places)})"
    if pattern == "left":
        return functools.reduce(lambda a, b: template.format(a, b), places)
    if pattern == "right":
        return functools.reduce(lambda b, a: template.format(a, b), reversed(places))
    return f"(and {' '.join(template.format(a, b) for a, b in _pairs(pattern, places))})"


Family = Callable[[tuple[int, ...], tuple[Type, ...]], Primitive]
"""Makes the primitive ``(_ name i …)`` (or plain ``name`` without indices) with a monomorphic type, for indices and
argument types; raises TypeMismatch if there is none. Calls with equal arguments return the same object."""


@dataclass(frozen=True)
class PrimitiveSet:
    """A selection of a domain's primitives and constants that is searched by itself.

    Specifications may still speak of all primitives of the domain.

    Attributes:
        name: name of the set; the domain is then called ``domain/set``.
        primitives: canonical names.
        constants: literals of the set.
        description: one line for people.
    """

    name: str
    primitives: tuple[str, ...]
    constants: tuple[Literal, ...]
    description: str = ""


@dataclass(frozen=True)
class Overload:
    """What a name means at given argument types: the operator to put into a term and its result type."""

    primitive: Primitive
    operator: Operator
    result: Type


@dataclass(eq=False)
class Domain:
    """A language: primitives, constants and training tasks under one name.

    A useful domain is a few lines of Python::

        from dsl import Domain
        domain = Domain("clock", "hours on a twelve-hour clock")
        domain.constant(1)
        @domain.primitive
        def later(hour: int, by: int) -> int:
            return (hour + by) % 12
        domain.task("in two hours", [((3,), 5), ((11,), 1)])

    Attributes:
        name: what users write.
        description: one line for people.
        include: domains whose primitives belong to this one too; own definitions come first.
        constants: literals of the language.
        width_constants: functions from a width to a bit-vector literal of the language.
        task_file: package resource with training tasks, as ``("dsl.domains", "lists.json")``.
    """

    name: str
    description: str = ""
    include: Sequence[Domain] = ()
    task_file: tuple[str, str] | None = None
    constants: list[Literal] = field(default_factory=list)
    _by_arity: dict[tuple[str, int], Primitive] = field(default_factory=dict, repr=False)
    _families: dict[str, Family] = field(default_factory=dict, repr=False)
    _sets: dict[str, PrimitiveSet] = field(default_factory=dict, repr=False)
    width_constants: list[Callable[[int], int]] = field(default_factory=list, repr=False)
    _own_tasks: list[Task] = field(default_factory=list, repr=False)
    _meanings: dict[Operator, Primitive] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Take over the included primitives and families."""
        for other in self.include:
            self._by_arity |= {key: p for key, p in other._by_arity.items() if key not in self._by_arity}
            self._families = {**other._families, **self._families}
            self.width_constants += other.width_constants

    def __reduce__(self) -> tuple[object, ...]:
        """Domains cross process boundaries by name."""
        return (load_domain, (self.name,))

    @overload
    def primitive(self, function: Function, /) -> Function: ...

    @overload
    def primitive(
        self,
        type_: str | Type | None = None,
        /,
        *,
        name: str | None = None,
        smt: str | None = None,
        batched: Callable[..., Any] | None = None,
        variadic: Variadic | None = None,
        lazy: bool = False,
        searchable: bool = True,
        aliases: Iterable[str] = (),
    ) -> Callable[[Function], Function]: ...

    def primitive(
        self,
        function_or_type: Any = None,
        /,
        *,
        name: str | None = None,
        smt: str | None = None,
        batched: Callable[..., Any] | None = None,
        variadic: Variadic | None = None,
        lazy: bool = False,
        searchable: bool = True,
        aliases: Iterable[str] = (),
    ) -> Any:
        """Define a primitive; a decorator, with or without arguments.

        The type is read from the annotations, or given as text such as ``"(t0 -> t1) -> list(t0) -> list(t1)"``.
        The further arguments are the attributes of `Primitive`. The function itself is returned unchanged.

        Raises:
            DomainError: if the name is taken at this arity, or the type and the function do not fit.
        """
        if inspect.isfunction(function_or_type):
            self._define(function_or_type, None, name=None)
            return function_or_type

        def decorate(function: Function) -> Function:
            self._define(
                function,
                function_or_type,
                name=name,
                smt=smt,
                batched=batched,
                variadic=variadic,
                lazy=lazy,
                searchable=searchable,
                aliases=tuple(aliases),
            )
            return function

        return decorate

    def _define(
        self, function: Callable[..., Any], type_: str | Type | None, *, name: str | None, **meanings: Any
    ) -> None:
        name = name or function.__name__
        try:
            scheme = signature_type(function) if type_ is None else from_annotation(type_)
        except TypeMismatch as error:
            raise DomainError(f"primitive {name} of domain {self.name}: {error}") from None
        _check_parameters(name, function, len(scheme.parameters))
        description = (inspect.getdoc(function) or "").split("\n", 1)[0]
        primitive = Primitive(name, scheme, function, description=description, **meanings)
        for alias in (name, *primitive.aliases):
            taken = self._by_arity.get((alias, primitive.arity))
            if taken is not None and taken in self.own_primitives():
                raise DomainError(f"domain {self.name} has a primitive {alias} of {primitive.arity} arguments already")
            self._by_arity[alias, primitive.arity] = primitive

    def own_primitives(self) -> tuple[Primitive, ...]:
        """The primitives that are not taken over from included domains."""
        taken_over = {id(p) for other in self.include for p in other._by_arity.values()}
        return tuple(p for p in self.primitives if id(p) not in taken_over)

    def family(self, name: str, family: Family) -> None:
        """Define operators whose type is computed from indices and argument types, as ``(_ extract i j)``."""
        self._families[name] = family

    def constant(self, value: Any, type_: str | Type | None = None) -> Literal:
        """Add a literal to the language; its type is that of the Python value unless stated.

        Raises:
            TypeMismatch: if the value is not of the type.
        """
        stated = from_annotation(type(value) if type_ is None else type_)
        literal = Literal(from_data(value, stated), stated)
        if literal not in self.constants:
            self.constants.append(literal)
        return literal

    def width_constant(self, value: Callable[[int], int]) -> None:
        """Add a bit-vector literal at every width that a request mentions: `value` gives it for a width."""
        self.width_constants.append(value)

    def constants_of_widths(self, types: Iterable[Type]) -> tuple[Literal, ...]:
        """The literals of `width_constant` at bit-vector types."""
        return tuple(Literal(value(t.width), t) for t in types for value in self.width_constants)

    def primitive_set(
        self, name: str, primitives: Iterable[str], constants: Iterable[Literal] = (), description: str = ""
    ) -> None:
        """Name a selection of primitives that can be searched by itself, as ``domain/name``.

        Raises:
            DomainError: if a primitive is not in the domain.
        """
        chosen = tuple(primitives)
        known = {p.name for p in self.primitives}
        for missing in (n for n in chosen if n not in known):
            raise DomainError(
                f"domain {self.name} has no primitive {missing}; {nearest(missing, known) or ''}".rstrip("; ")
            )
        self._sets[name] = PrimitiveSet(name, chosen, tuple(constants), description)

    def task(
        self,
        name: str,
        examples: Iterable[tuple[Sequence[Any], Any]],
        held_out: Iterable[tuple[Sequence[Any], Any]] = (),
        type_: str | Type | None = None,
    ) -> Task:
        """Add a training task given by examples.

        Args:
            name: what it is called.
            examples: pairs of a sequence of arguments and the wanted result.
            held_out: further such pairs that no search will see.
            type_: type of the wanted function; inferred from the examples if not given.

        Raises:
            TypeMismatch: if the examples do not fit the type or have no common one.
        """
        from dsl.spec import task_from_examples

        stated = None if type_ is None else from_annotation(type_)
        made = task_from_examples(name, examples, held_out, type_=stated, domain=self.name)
        self._own_tasks.append(made)
        return made

    @property
    def primitives(self) -> tuple[Primitive, ...]:
        """Every primitive once, in order of definition (included domains first)."""
        return tuple({id(p): p for p in self._by_arity.values()}.values())

    @property
    def primitive_sets(self) -> Mapping[str, PrimitiveSet]:
        """The named selections of primitives."""
        return self._sets

    @property
    def families(self) -> tuple[str, ...]:
        """Names of the operators whose type is computed from indices and argument types."""
        return tuple(self._families)

    @functools.cached_property
    def _file_tasks(self) -> tuple[Task, ...]:
        if self.task_file is None:
            return ()
        from dsl.specfile import read_packaged_tasks

        return read_packaged_tasks(*self.task_file)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The training tasks of the domain."""
        return (*self._file_tasks, *self._own_tasks)

    def find(self, name: str, arity: int) -> Primitive | None:
        """The primitive called `name` (or with that alias) that takes `arity` arguments, or None."""
        exact = self._by_arity.get((name, arity))
        if exact is not None:
            return exact
        binary = self._by_arity.get((name, 2))
        return None if binary is None else binary.at_arity(arity)

    def names(self) -> Iterator[str]:
        """All names and aliases, those of indexed families included."""
        yield from dict.fromkeys(name for name, _ in self._by_arity)
        yield from self._families

    def operator(self, name: str, arity: int) -> Operator | None:
        """The operator that the s-expression notation calls `name`, or None; the `Resolver` of `parse_term`.

        An instance at concrete widths has the widths of its bit-vector arguments behind an ``@``: ``bvadd@64``
        (all alike), ``concat@8.16``, ``(_ extract 3 0 @8)``.
        """
        base, at, widths = name.partition("@")
        indices: tuple[int, ...] = ()
        if base.startswith("(_ "):
            base, *numerals = base.strip("( )_").split() or [""]
            indices = tuple(int(n) for n in numerals if n.isdecimal() and len(n) < 7)
        primitive = self.find(base, arity)
        if not at:
            return None if primitive is None or primitive.is_width_dependent else primitive.operator
        if primitive is not None and not primitive.is_width_dependent:
            return None
        types = _argument_types(None if primitive is None else primitive.type, widths.rstrip(")"), arity)
        try:
            found = None if types is None else self.overload(base, types, indices)
        except TypeMismatch:
            return None
        return None if found is None else found.operator

    def overload(self, name: str, argument_types: Sequence[Type], indices: tuple[int, ...] = ()) -> Overload | None:
        """What `name` applied to arguments of these monomorphic types means, or None if nothing.

        Args:
            name: name or alias; for ``(_ extract 3 0)`` it is ``extract``.
            argument_types: types of the arguments.
            indices: numerals of an indexed operator.
        """
        types = tuple(argument_types)
        family = self._families.get(name)
        if family is not None:
            made = family(indices, types)
            return Overload(made, made.operator, made.type.result)
        return None if indices else _overload(self.find(name, len(types)), types)

    def meaning(self, operator: Operator) -> Primitive:
        """The primitive that gives `operator` its meaning.

        Raises:
            DomainError: if this domain has no such primitive.
        """
        found = self._meanings.get(operator)
        if found is None:
            found = self._meaning(operator)
            self._meanings[operator] = found
        return found

    def _meaning(self, operator: Operator) -> Primitive:
        if operator.kind == "primitive":
            words = operator.name.strip("( )_").split() if operator.name.startswith("(_ ") else [operator.name]
            if words[0] in self._families:
                made = self.overload(words[0], operator.type.parameters, tuple(map(int, words[1:])))
                assert made is not None
                return made.primitive
            found = self.find(operator.name, operator.arity)
            if found is not None:
                return found
        hint = nearest(operator.name, self.names())
        raise DomainError(
            f"domain {self.name} gives no meaning to {operator.kind} {operator.name} of {operator.arity} arguments"
            + (f"; {hint}" if hint else "")
        )

    def select(self, set_name: str) -> Domain:
        """The domain that searches one of its primitive sets only; the others are still understood.

        Raises:
            DomainError: if there is no such set.
        """
        if set_name not in self._sets:
            known = ", ".join(self._sets) or "none"
            raise DomainError(f"domain {self.name} has no primitive set {set_name}; it has {known}")
        chosen = self._sets[set_name]
        made = Domain(f"{self.name}/{set_name}", chosen.description or self.description, task_file=self.task_file)
        return self._restricted(made, lambda primitive: primitive.name in chosen.primitives, chosen.constants)

    def provable(self) -> Domain:
        """The domain that searches only primitives with an SMT meaning; the others are still understood."""
        made = Domain(self.name, self.description, task_file=self.task_file)
        return self._restricted(made, lambda primitive: primitive.smt is not None, self.constants)

    def _restricted(self, made: Domain, keeps: Callable[[Primitive], bool], constants: Iterable[Literal]) -> Domain:
        """A new domain with all that this one has, of which it searches less."""
        understood = {id(p): p if keeps(p) else replace(p, searchable=False) for p in self.primitives}
        made._by_arity = {key: understood[id(p)] for key, p in self._by_arity.items()}
        made._families = dict(self._families)
        made.constants = list(constants)
        made._own_tasks = self._own_tasks
        return made

    def parse(self, text: str) -> Term:
        """Read the s-expression of a term over this domain's primitives.

        Raises:
            TermSyntaxError: if `text` is no such term; the message says where.
        """
        from dsl.printing import parse_term

        return parse_term(text, self.operator)

    def evaluate(self, program: Term, *arguments: Value) -> Value | Bottom:
        """The value of a program on one input; see `dsl.evaluate.evaluate`.

        Raises:
            LimitExceeded: if the evaluation would take more than the default limits.
        """
        from dsl.evaluate import evaluate

        return evaluate(program, arguments, self)

    def grammar(self, request: Type | str, settings: LanguageSettings | None = None) -> Grammar:
        """The typed tree grammar of the programs of type `request` in this language."""
        from dsl.languages import language

        wanted = parse_type(request) if isinstance(request, str) else request
        return language(self, wanted, settings)


def _check_parameters(name: str, function: Callable[..., Any], arity: int) -> None:
    """Refuse a function that cannot be called with `arity` positional arguments (and ``widths``)."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise DomainError(f"primitive {name}: {function!r} does not say what it takes; wrap it in a function") from None
    widths = {"widths": ()} if "widths" in signature.parameters else {}
    try:
        signature.bind(*range(arity), **widths)
    except TypeError as error:
        raise DomainError(
            f"primitive {name}: its type has {arity} parameters, but its Python function is {name}{signature}: {error}"
        ) from None


def _argument_types(scheme: Type | None, widths: str, arity: int) -> tuple[Type, ...] | None:
    """Argument types from the widths of the bit-vector arguments, as written behind ``@``; one stands for all."""
    numbers = widths.split(".")
    if not all(n.isdecimal() and len(n) < 7 and int(n) > 0 for n in numbers):
        return None
    places = [True] * arity if scheme is None else [mentions(p, "bv") for p in scheme.parameters]
    if len(numbers) == 1:
        numbers = numbers * sum(places)
    if len(numbers) != sum(places):
        return None
    remaining = iter(numbers)
    parameters = scheme.parameters if scheme is not None else ()
    return tuple(bit_vector(int(next(remaining))) if is_bv else parameters[i] for i, is_bv in enumerate(places))


@functools.lru_cache(maxsize=65536)
def _overload(primitive: Primitive | None, types: tuple[Type, ...]) -> Overload | None:
    if primitive is None:
        return None
    assigned = match(Type("tuple", primitive.type.parameters), Type("tuple", types))
    if assigned is None:
        return None
    instance = assign(primitive.type, assigned)
    operator = Operator(primitive.name, instance) if primitive.is_width_dependent else primitive.operator
    return Overload(primitive, operator, instance.result)


@functools.cache
def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    return {point.name: point for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}


def domain_names() -> tuple[str, ...]:
    """Names of all installed domains, sorted."""
    return tuple(sorted(_entry_points()))


_loaded: dict[str, Domain] = {}


def register(domain: Domain) -> Domain:
    """Make a domain that has no entry point known under its name in this process."""
    _loaded[domain.name] = domain
    return domain


def load_domain(name: str) -> Domain:
    """The domain called `name`, or ``domain/set`` for one of its primitive sets.

    Raises:
        DomainError: if there is none, or its distribution is broken.
    """
    if name in _loaded:
        return _loaded[name]
    base, slash, set_name = name.partition("/")
    if slash:
        return register(load_domain(base).select(set_name))
    points = _entry_points()
    if name not in points:
        known = ", ".join(sorted({*points, *_loaded}))
        hint = nearest(name, {*points, *_loaded})
        raise DomainError(f"there is no domain {name}; installed are {known}" + (f"; {hint}" if hint else ""))
    try:
        found = points[name].load()
    except Exception as error:
        raise DomainError(f"domain {name} ({points[name].value}) cannot be loaded: {error}") from error
    if not isinstance(found, Domain):
        raise DomainError(f"entry point {points[name].value} is a {type(found).__name__}, not a Domain")
    return register(found)
