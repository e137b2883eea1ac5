"""What is a program, a language, a specification?

The names below are the public surface for people who define languages and write specifications; they are
loaded on first use (PEP 562), so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsl.exports import loaded_on_first_use

if TYPE_CHECKING:
    from dsl.domain import Domain, Primitive, domain_names, load_domain
    from dsl.errors import ReverieError, SpecError
    from dsl.evaluate import Evaluation
    from dsl.grammar import Grammar
    from dsl.limits import Limits
    from dsl.printing import parse_term, to_python, to_sexpr
    from dsl.spec import Spec, Task
    from dsl.specfile import read_tasks
    from dsl.terms import Term
    from dsl.types import Type, parse_type
    from dsl.values import BOTTOM

_HOME = {
    "BOTTOM": "dsl.values",
    "Domain": "dsl.domain",
    "Evaluation": "dsl.evaluate",
    "Grammar": "dsl.grammar",
    "Limits": "dsl.limits",
    "Primitive": "dsl.domain",
    "ReverieError": "dsl.errors",
    "Spec": "dsl.spec",
    "SpecError": "dsl.errors",
    "Task": "dsl.spec",
    "Term": "dsl.terms",
    "Type": "dsl.types",
    "domain_names": "dsl.domain",
    "load_domain": "dsl.domain",
    "parse_term": "dsl.printing",
    "parse_type": "dsl.types",
    "read_tasks": "dsl.specfile",
    "to_python": "dsl.printing",
    "to_sexpr": "dsl.printing",
}

__all__ = [
    "BOTTOM",
    "Domain",
    "Evaluation",
    "Grammar",
    "Limits",
    "Primitive",
    "ReverieError",
    "Spec",
    "SpecError",
    "Task",
    "Term",
    "Type",
    "domain_names",
    "load_domain",
    "parse_term",
    "parse_type",
    "read_tasks",
    "to_python",
    "to_sexpr",
]

__getattr__, __dir__ = loaded_on_first_use(__name__, _HOME)
