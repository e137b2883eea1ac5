"""Terms: immutable, hash-consed expressions of a typed λ-calculus with de Bruijn indices.

A program is a term in β-normal, η-long form: operators are fully applied, and an argument of function type is
a λ. First-order SyGuS terms are the terms without λ. Because equal terms are one object, `let` needs no
node of its own: a shared sub-term is simply shared, and every traversal here visits it once. All traversals are
iterative, so terms may be 10 000 levels deep.

`$0` is the variable of the nearest enclosing λ. The parameters of a function of n arguments are the
variables of n λs around its body: the last parameter is `$0`.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import weakref
from _weakref import _remove_dead_weakref  # type: ignore[attr-defined]
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from dsl.errors import TypeMismatch
from dsl.types import Type
from dsl.values import LITERAL_BITS, Value, has_type, literal_text

PRIMITIVE: Final = "primitive"
MACRO: Final = "macro"
FUNCTION: Final = "function"
ABSTRACTION: Final = "abstraction"

_lock = threading.Lock()


class Operator:
    """A named symbol that terms apply: syntax only, its meaning is the business of a domain.

    Attributes:
        name: canonical name (SMT-LIB's name, or that of the primitive in its domain).
        type: type scheme; the number of its parameters is the number of arguments in a term.
        kind: ``primitive``, ``macro`` (define-fun of a spec), ``function`` (to be synthesized) or
            ``abstraction`` (library function).
        definition: for macros and abstractions the closed term that it stands for, with a λ for each parameter;
            else None.
    """

    __slots__ = ("__weakref__", "_content", "_key", "arity", "definition", "kind", "name", "type")
    _interned: ClassVar[weakref.WeakValueDictionary[tuple[object, ...], Operator]] = weakref.WeakValueDictionary()
    name: str
    type: Type
    kind: str
    definition: Term | None
    arity: int
    _key: str | None
    _content: str | None

    def __new__(cls, name: str, type_: Type, kind: str = PRIMITIVE, definition: Term | None = None) -> Operator:
        """Return the one operator with these properties.

        Raises:
            TypeMismatch: if `definition` does not begin with a λ for each parameter.
        """
        key = (name, type_, kind, definition)
        found = cls._interned.get(key)
        if found is None:
            found = object.__new__(cls)
            found.name, found.type, found.kind, found.definition = key
            found.arity = len(type_.parameters)
            count = found.arity if definition is None else strip_lambdas(definition, found.arity)[0]
            if count != found.arity:
                raise TypeMismatch(f"the definition of {name} : {type_} begins with {count} λs, not {found.arity}")
            found._key = found._content = None
            with _lock:
                found = cls._interned.setdefault(key, found)
        return found

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, ...]:
        """Re-intern on unpickling."""
        return (Operator, (self.name, self.type, self.kind, self.definition))

    @property
    def key(self) -> str:
        """Identity across files: the name, or for macros and abstractions the hash of their expanded body."""
        if self._key is None:
            self._key = self.name if self.definition is None else f"#{_expanded(self.definition).digest}"
        return self._key

    @property
    def content(self) -> str:
        """What tells it from other operators in every process: its definition, or else its kind, name and type."""
        if self._content is None:
            types = ",".join(map(str, (*self.type.parameters, self.type.result)))
            stated = f"{self.kind} {self.name} {types}"
            self._content = stated if self.definition is None else f"#{self.definition.digest}"
        return self._content


_EXPANSION_STEPS = 2_000


def _expanded(definition: Term) -> Term:
    """The base-language β-normal form of a definition, or the definition itself if that takes too many steps."""
    try:
        return beta_normal(definition, expand=True, limit=_EXPANSION_STEPS)
    except TypeMismatch:
        return definition


class Term:
    """Base class of the four kinds of terms; equality is identity.

    Attributes:
        children: direct sub-terms, left to right.
        size: number of AST nodes of the tree (sharing expanded); operators, literals, variables and λs count 1.
        depth: number of levels of the tree, those within the definitions of its operators included; 1 for a leaf.
        free: one more than the largest free de Bruijn index, 0 if the term is closed.
    """

    __slots__ = ("__weakref__", "_digest", "children", "depth", "free", "size")
    children: tuple[Term, ...]
    size: int
    depth: int
    free: int
    _digest: str | None

    def __repr__(self) -> str:
        """The s-expression, of a huge tree its beginning only."""
        from dsl.printing import excerpt

        return excerpt(self)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as a flat table of nodes, so that depth costs no recursion; unpickling re-interns."""
        return (_from_table, (_to_table(self),))

    @property
    def is_closed(self) -> bool:
        """Whether no variable is free."""
        return self.free == 0

    @property
    def digest(self) -> str:
        """Content hash (128 bits, hexadecimal): equal for equal terms in every process."""
        if self._digest is None:
            for node in postorder([self], into_definitions=True):
                if node._digest is None:
                    node._digest = _digest(node)
        assert self._digest is not None
        return self._digest


class _Entry(weakref.ref["Term"]):
    """A weak reference that knows its place in the table of terms."""

    __slots__ = ("key",)
    key: tuple[object, ...]


_entries: dict[tuple[object, ...], _Entry] = {}


def _forget(entry: _Entry) -> None:
    # One step of C, like the tables of `weakref` itself: another thread may have put a successor in its place.
    _remove_dead_weakref(_entries, entry.key)


def _find(key: tuple[object, ...]) -> Any:
    """The living term with this key, or None."""
    entry = _entries.get(key)
    return None if entry is None else entry()


def _intern(key: tuple[object, ...], made: Term) -> Any:
    """`made`, or the equal term that another thread interned first."""
    entry = _Entry(made, _forget)
    entry.key = key
    while True:
        kept = _entries.setdefault(key, entry)
        found = kept()
        if found is not None:
            return found
        # The entry of a dying term whose callback has not run yet makes room.
        _forget(kept)


class Variable(Term):
    """A variable by its de Bruijn index."""

    __slots__ = ("index",)
    index: int

    def __new__(cls, index: int) -> Variable:
        """Return the one variable with this index."""
        found: Variable | None = _find((cls, index))
        if found is None:
            if index < 0:
                raise TypeMismatch(f"index={index} is no de Bruijn index; the smallest is 0")
            found = object.__new__(cls)
            found.index, found.children, found.size, found.depth, found.free = index, (), 1, 1, index + 1
            found._digest = None
            found = _intern((cls, index), found)
        return found


_LITERAL_CLASSES = (bool, int, str, float)


class Literal(Term):
    """A constant of a base type."""

    __slots__ = ("type", "value")
    value: Value
    type: Type

    def __new__(cls, value: Value, type_: Type) -> Literal:
        """Return the one literal with this value and type.

        Raises:
            TypeMismatch: if `value` is not of `type_`, the type has no literals, or an integer is too long.
        """
        # In Python True == 1 == 1.0 and 0.0 == -0.0, but these are four literals.
        key = (cls, type(value), repr(value) if isinstance(value, float) else value, type_)
        found: Literal | None = _find(key)
        if found is None:
            if type(value) not in _LITERAL_CLASSES or not has_type(value, type_):
                raise TypeMismatch(f"{value!r} is no literal of type {type_}")
            if type_.name == "int" and int(value).bit_length() > LITERAL_BITS:  # type: ignore[arg-type]
                raise TypeMismatch(f"an integer literal has at most {LITERAL_BITS} bits")
            found = object.__new__(cls)
            found.value, found.type = value, type_
            found.children, found.size, found.depth, found.free, found._digest = (), 1, 1, 0, None
            found = _intern(key, found)
        return found


class Lambda(Term):
    """An anonymous function of one argument."""

    __slots__ = ("body",)
    body: Term

    def __new__(cls, body: Term) -> Lambda:
        """Return the one λ with this body."""
        found: Lambda | None = _find((cls, body))
        if found is None:
            found = object.__new__(cls)
            found.body, found.children = body, (body,)
            found.size, found.depth, found.free = body.size + 1, body.depth + 1, max(0, body.free - 1)
            found._digest = None
            found = _intern((cls, body), found)
        return found


class Application(Term):
    """An operator, a variable or (before β-reduction) a λ applied to all its arguments.

    Attributes:
        head: what is applied.
        arguments: the arguments; empty only for an operator without parameters.
    """

    __slots__ = ("arguments", "head")
    head: Operator | Term
    arguments: tuple[Term, ...]

    def __new__(cls, head: Operator | Term, arguments: tuple[Term, ...] = ()) -> Application:
        """Return the one application of `head` to `arguments`.

        Raises:
            TypeMismatch: if an operator gets another number of arguments than its type says.
        """
        found: Application | None = _find((head, arguments))
        if found is None:
            found = _make_application(cls, head, arguments)
        return found


def _make_application(cls: type[Application], head: Operator | Term, arguments: tuple[Term, ...]) -> Application:
    made = object.__new__(cls)
    made.head, made.arguments = head, arguments
    if isinstance(head, Operator):
        if len(arguments) != head.arity:
            raise TypeMismatch(
                f"{head.name} takes {head.arity} arguments, not {len(arguments)}; its type is {head.type}"
            )
        children, size = arguments, 1
        depth = 0 if head.definition is None else head.definition.depth
    else:
        if not arguments:
            raise TypeMismatch("a term is applied to at least one argument")
        children, size, depth = (head, *arguments), 0, 0
    free = 0
    for child in children:
        size += child.size
        if child.depth > depth:
            depth = child.depth
        if child.free > free:
            free = child.free
    made.children, made.size, made.depth, made.free, made._digest = children, size, depth + 1, free, None
    interned: Application = _intern((head, arguments), made)
    return interned


def abstract(body: Term, parameters: int) -> Term:
    """`body` under `parameters` λs."""
    for _ in range(parameters):
        body = Lambda(body)
    return body


def strip_lambdas(term: Term, at_most: int | None = None) -> tuple[int, Term]:
    """The number of leading λs (`at_most` of them) and the term under them."""
    count = 0
    while isinstance(term, Lambda) and (at_most is None or count < at_most):
        term, count = term.body, count + 1
    return count, term


def postorder(roots: Iterable[Term], *, into_definitions: bool = False) -> Iterator[Term]:
    """Every distinct sub-term once, children before parents, in a fixed order.

    Args:
        roots: where to start.
        into_definitions: also visit the definitions of macros and abstractions, before their uses.
    """
    seen: set[Term] = set()
    for root in roots:
        stack = [(root, False)]
        while stack:
            term, expanded = stack.pop()
            if term in seen:
                continue
            if expanded or not (term.children or into_definitions):
                seen.add(term)
                yield term
                continue
            stack.append((term, True))
            stack.extend((child, False) for child in reversed(term.children) if child not in seen)
            if into_definitions and isinstance(term, Application):
                definition = term.head.definition if isinstance(term.head, Operator) else None
                if definition is not None and definition not in seen:
                    stack.append((definition, False))


def occurrences(root: Term) -> Iterator[tuple[Term, int]]:
    """Every distinct pair of a sub-term and the number of λs around it, parents before children, left to right."""
    seen: set[tuple[Term, int]] = set()
    stack = [(root, 0)]
    while stack:
        term, level = stack.pop()
        if (term, level) not in seen:
            seen.add((term, level))
            yield term, level
            below = level + isinstance(term, Lambda)
            stack.extend((child, below) for child in reversed(term.children))


def free_variables(term: Term) -> list[int]:
    """The indices of the free variables in order of their first occurrence."""
    indices = (t.index - level for t, level in occurrences(term) if isinstance(t, Variable) and t.index >= level)
    return list(dict.fromkeys(indices))


def operators(*roots: Term, into_definitions: bool = False) -> list[Operator]:
    """The distinct operators applied in `roots`, in order of first use (post-order)."""
    found = (t.head for t in postorder(roots, into_definitions=into_definitions) if isinstance(t, Application))
    return list(dict.fromkeys(head for head in found if isinstance(head, Operator)))


def rebuild(term: Term, children: Sequence[Term]) -> Term:
    """A term like `term` with other children."""
    if isinstance(term, Lambda):
        return Lambda(children[0])
    if isinstance(term, Application):
        if isinstance(term.head, Operator):
            return Application(term.head, tuple(children))
        return Application(children[0], tuple(children[1:]))
    return term


def _map_open(term: Term, leaf: Callable[[Variable, int], Term], free_above: int = 0) -> Term:
    """Rebuild `term` with every free variable replaced by ``leaf(variable, number of λs crossed)``.

    Sub-terms without a free variable of index ≥ `free_above` are kept as they are.
    """
    done: dict[tuple[Term, int], Term] = {}
    stack: list[tuple[Term, int, bool]] = [(term, 0, False)]
    while stack:
        node, level, expanded = stack.pop()
        if (node, level) in done:
            continue
        if node.free <= level + free_above:
            done[node, level] = node
        elif isinstance(node, Variable):
            done[node, level] = leaf(node, level)
        elif expanded:
            below = level + isinstance(node, Lambda)
            done[node, level] = rebuild(node, [done[child, below] for child in node.children])
        else:
            below = level + isinstance(node, Lambda)
            stack.append((node, level, True))
            stack.extend((child, below, False) for child in node.children)
    return done[term, 0]


def shift(term: Term, by: int, above: int = 0) -> Term:
    """`term` with `by` added to every free variable of index ≥ `above`.

    Raises:
        TypeMismatch: if a variable would become negative.
    """
    if by == 0 or term.free <= above:
        return term
    return _map_open(term, lambda v, level: Variable(v.index + by), above)


def rename(term: Term, numbering: Mapping[int, int]) -> Term:
    """`term` with each free variable i replaced by free variable ``numbering[i]``."""
    return _map_open(term, lambda v, level: Variable(numbering[v.index - level] + level)) if term.free else term


def substitute(term: Term, replacement: Sequence[Term]) -> Term:
    """`term` with free variable i replaced by ``replacement[i]`` and the variables beyond lowered.

    The replacements are terms of the surrounding scope. The result may contain β-redexes where a λ
    replaces the head of an application; see `beta_normal`.
    """
    if term.free == 0:
        return term

    def leaf(variable: Variable, level: int) -> Term:
        index = variable.index - level
        if index < len(replacement):
            return shift(replacement[index], level)
        return Variable(variable.index - len(replacement))

    return _map_open(term, leaf)


def without_abstractions(term: Term) -> Term:
    """`term` with its abstractions replaced by their definitions, in β-normal form; the macros of a file stay.

    A term without abstractions is returned as it is.
    """
    if all(operator.kind != ABSTRACTION for operator in operators(term)):
        return term
    return beta_normal(term, expand=(ABSTRACTION,))


def beta_normal(term: Term, *, expand: bool | Collection[str] = False, limit: int = 1_000_000) -> Term:
    """The β-normal form of `term`.

    Args:
        term: a typable term (those always have a normal form).
        expand: also replace macros and abstractions by their definitions, or operators of the given kinds only.
        limit: largest number of reduction steps, and of arguments passed on in them.

    Raises:
        TypeMismatch: if more than `limit` steps were needed, as for a term without a type.
    """
    kinds = ((MACRO, ABSTRACTION) if expand else ()) if isinstance(expand, bool) else expand
    done: dict[Term, Term] = {}
    stack: list[tuple[Term, Term | None]] = [(term, None)]
    steps = 0
    while stack:
        node, reduct = stack[-1]
        if node in done:
            stack.pop()
            continue
        if reduct is not None:
            if reduct in done:
                done[node] = done[reduct]
                stack.pop()
            else:
                stack.append((reduct, None))
            continue
        waiting = [child for child in node.children if child not in done]
        if waiting:
            stack.extend((child, None) for child in waiting)
            continue
        rebuilt = rebuild(node, [done[child] for child in node.children])
        contracted = _contract(rebuilt, kinds)
        if contracted is None:
            done[node] = rebuilt
            done.setdefault(rebuilt, rebuilt)
            stack.pop()
            continue
        # A step is charged by its arguments too, lest those of a term without a type grow without bound.
        steps += 1 + len(contracted.children)
        if steps > limit:
            raise TypeMismatch(f"no β-normal form within {limit} steps; is the term well typed?")
        stack[-1] = (node, contracted)
    return done[term]


def _contract(term: Term, kinds: Collection[str]) -> Term | None:
    """`term` with the redex at its root contracted, or None if there is none; operators of some kinds are redexes."""
    if not isinstance(term, Application):
        return None
    head = term.head
    if isinstance(head, Application) and isinstance(head.head, Term):
        return Application(head.head, head.arguments + term.arguments)
    if isinstance(head, Operator):
        if head.definition is None or head.kind not in kinds:
            return None
        function: Term = head.definition
    else:
        function = head
    count, body = strip_lambdas(function, len(term.arguments))
    if count == 0:
        return None if function is head else function
    reduced = substitute(body, term.arguments[:count][::-1])
    rest = term.arguments[count:]
    return Application(reduced, rest) if rest else reduced


def _digest(term: Term) -> str:
    """Hash of one node over the digests of its children."""
    if isinstance(term, Variable):
        content = f"v{term.index}"
    elif isinstance(term, Literal):
        content = f"c{literal_text(term.value, term.type)}:{term.type}"
    elif isinstance(term, Lambda):
        content = f"l{term.body._digest}"
    else:
        assert isinstance(term, Application)
        head = term.head
        # Operators by name and type, those with a definition by its digest; term heads by their own digest.
        shown = f"o{head.content}/{head.arity}" if isinstance(head, Operator) else f"a{head._digest}"
        content = f"{shown}({','.join(str(argument._digest) for argument in term.arguments)})"
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_Row = tuple[object, ...]


def _to_table(root: Term) -> list[_Row]:
    """The nodes of a term, children first, as rows that refer to earlier rows by number."""
    rows: list[_Row] = []
    number: dict[Term, int] = {}
    operator_number: dict[Operator, int] = {}
    position = itertools.count()
    for term in postorder([root], into_definitions=True):
        if isinstance(term, Application) and isinstance(term.head, Operator):
            head = term.head
            if head not in operator_number:
                operator_number[head] = next(position)
                definition = None if head.definition is None else number[head.definition]
                rows.append(("o", head.name, head.type, head.kind, definition))
            rows.append(("a", operator_number[head], [number[a] for a in term.arguments]))
        elif isinstance(term, Application):
            rows.append(("a", number[term.children[0]], [number[a] for a in term.arguments]))
        elif isinstance(term, Lambda):
            rows.append(("l", number[term.body]))
        elif isinstance(term, Variable):
            rows.append(("v", term.index))
        else:
            assert isinstance(term, Literal)
            rows.append(("c", term.value, term.type))
        number[term] = next(position)
    return rows


def _from_table(rows: list[Any]) -> Term:
    """The inverse of `_to_table`."""
    made: list[Any] = []
    for kind, *row in rows:
        if kind == "o":
            name, type_, operator_kind, definition = row
            made.append(Operator(name, type_, operator_kind, None if definition is None else made[definition]))
        elif kind == "a":
            made.append(Application(made[row[0]], tuple(made[i] for i in row[1])))
        elif kind == "l":
            made.append(Lambda(made[row[0]]))
        elif kind == "v":
            made.append(Variable(row[0]))
        else:
            made.append(Literal(row[0], row[1]))
    result = made[-1]
    assert isinstance(result, Term)
    return result
