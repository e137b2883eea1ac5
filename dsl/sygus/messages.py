"""What is said about a wrong name, sort or application in a SyGuS-IF file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from dsl.domain import Domain, load_domain
from dsl.errors import DomainError, SpecError, nearest
from dsl.sexpr import Document, SExpr, SList
from dsl.types import Type, TypeVariable

THEORY_DOMAINS: Final = ("integers", "strings", "bitvectors")
"""The domains that files are mapped to."""
SORTS: Final = ("Int", "Bool", "String", "(_ BitVec n)")
"""The sorts that are supported."""
_FOREIGN_SORTS: Final = {
    "Real": "real numbers",
    "Array": "arrays",
    "Seq": "sequences",
    "Set": "sets",
    "Bag": "bags",
    "RegLan": "regular expressions",
    "RoundingMode": "floating-point numbers",
    "FloatingPoint": "floating-point numbers",
    "Float32": "floating-point numbers",
    "Float64": "floating-point numbers",
    "Tuple": "tuples",
    "Enum": "enumerations",
    "->": "functions as values",
}
_FOREIGN_OPERATORS: Final = {
    "re.": "regular expressions",
    "str.in_re": "regular expressions",
    "str.in.re": "regular expressions",
    "str.to_re": "regular expressions",
    "str.to.re": "regular expressions",
    "seq.": "sequences",
    "set.": "sets",
    "bag.": "bags",
    "fp.": "floating-point numbers",
    "select": "arrays",
    "store": "arrays",
    "to_real": "real numbers",
    "to_int": "real numbers",
    "is_int": "real numbers",
}
_LONGEST = 40


def shown(document: Document, node: SExpr) -> str:
    """The text of an s-expression, cut to fit into a message."""
    if isinstance(node, str):
        return cut(node)
    start = max(0, node.start)
    text = " ".join(document.source.text[start : start + 2 * _LONGEST].split())
    depth = 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return cut(text[: i + 1])
    return cut(text)


def cut(text: str) -> str:
    """`text`, or its beginning if it is too long for a message."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def sort_text(type_: Type) -> str:
    """A type as SyGuS-IF writes it; what is polymorphic is called S or (_ BitVec n)."""
    if isinstance(type_, TypeVariable):
        return "S" if type_.index == 0 else f"S{type_.index}"
    if type_.name == "bv":
        return "(_ BitVec n)" if type_.is_polymorphic else f"(_ BitVec {type_.width})"
    return {"int": "Int", "bool": "Bool", "str": "String", "real": "Real"}.get(type_.name, str(type_))


def sorts_text(types: Sequence[Type]) -> str:
    """Several sorts for people: ``Int and Bool``, ``Int, Int and Bool``."""
    texts = [sort_text(t) for t in types]
    if len(texts) > 8:
        texts = [*texts[:7], f"{len(texts) - 7} more"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts) or "nothing"


def counted(number: int, noun: str) -> str:
    """``1 argument``, ``2 arguments``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(noun: str, names: Sequence[str]) -> str | None:
    """``the macros are p and q``, cut after a few; None if there are none."""
    if not names:
        return None
    shown_names = [*map(cut, names[:6]), *(["…"] if len(names) > 6 else [])]
    return f"the {noun} is {shown_names[0]}" if len(names) == 1 else f"the {noun}s are {', '.join(shown_names)}"


def unsupported_sort(document: Document, parent: SList, index: int) -> SpecError:
    """The error for an s-expression that is none of the supported sorts."""
    node = parent[index]
    name = node
    if isinstance(node, SList):
        name = next((a for a in node if isinstance(a, str) and a != "_"), "")
    assert isinstance(name, str)
    supported = f"the sorts are {', '.join(SORTS)}"
    if name in _FOREIGN_SORTS:
        message = f"the sort `{shown(document, node)}` ({_FOREIGN_SORTS[name]}) is not supported"
        return document.error(message, parent, index, supported)
    if name == "BitVec":
        message = f"`{shown(document, node)}` is no bit-vector sort"
        return document.error(message, parent, index, "it is written (_ BitVec 64)")
    hint = nearest(name, ("Int", "Bool", "String", "BitVec")) if isinstance(node, str) else None
    return document.error(f"`{shown(document, node)}` is no sort", parent, index, hint or supported)


def wrong_arguments(
    document: Document, node: SList, name: str, wanted: Sequence[Type], given: Sequence[Type]
) -> SpecError:
    """The error for a macro or function of the file that is applied to the wrong arguments."""
    if len(wanted) != len(given):
        message = f"`{name}` takes {counted(len(wanted), 'argument')}, but is given {len(given)}"
        return document.error(message, node, min(len(wanted) + 1, len(node) - 1))
    first = next(i for i, (a, b) in enumerate(zip(wanted, given, strict=True)) if a is not b)
    message = f"`{name}` takes {sorts_text(wanted)}, but is given {sorts_text(given)}"
    return document.error(message, node, first + 1)


def unknown_application(document: Document, domain: Domain, node: SList, name: str, given: Sequence[Type]) -> SpecError:
    """The error for an operator of the domain that means nothing at the sorts of these arguments."""
    named = [p for p in domain.primitives if name == p.name or name in p.aliases]
    fitting = [p.type for p in (p.at_arity(len(given)) for p in named) if p is not None]
    if not fitting:
        takes = " or ".join(f"{p.arity} or more" if p.variadic else str(p.arity) for p in named)
        noun = "argument" if takes == "1" else "arguments"
        return document.error(f"`{name}` takes {takes} {noun}, but is given {len(given)}", node, 0)
    wanted = " or ".join(map(_requirement, fitting))
    return document.error(f"`{name}` takes {wanted}, but is given {sorts_text(given)}", node, 0)


def _requirement(scheme: Type) -> str:
    """The parameters of a scheme, for people."""
    text = sorts_text(scheme.parameters)
    variables = [v for parameter in scheme.parameters for v in parameter.variables()]
    if len(set(variables)) == len(variables):
        return text
    return f"{text} of one width n" if any(p.name == "bv" for p in scheme.parameters) else f"{text} for one sort S"


def known_names(domain: Domain) -> list[str]:
    """The names of a domain's operators."""
    return list(domain.names())


def is_operator(domain: Domain, name: str) -> bool:
    """Whether a domain has an operator of this name, at any sorts."""
    return name in known_names(domain)


def unknown_symbol(domain: Domain, name: str, known: Iterable[str]) -> tuple[str, str | None]:
    """Message and suggestion for a name that denotes nothing."""
    for prefix, theory in _FOREIGN_OPERATORS.items():
        if name == prefix or (prefix.endswith(".") and name.startswith(prefix)):
            return f"`{cut(name)}` is an operator of {theory}, which are not supported", None
    for other in THEORY_DOMAINS:
        if other != domain.name and name in _names_of(other):
            message = f"`{cut(name)}` is an operator of domain {other}, but this file is of domain {domain.name}"
            return message, "operators that no single domain has cannot be mixed in one file"
    return f"unknown symbol `{cut(name)}`", nearest(name, known)


def _names_of(domain: str) -> list[str]:
    try:
        return known_names(load_domain(domain))
    except DomainError:
        return []
