"""Tasks written by people in TOML or JSON: the schema, checked value by value, and the tasks it describes.

The schema is documented in ``docs/reference/spec-files.md``. The JSON files of two other projects hold the same things
under other names; they are told apart by their shape and read by the same code: DreamCoder's tasks name further
constants, LambdaBeam's hold their examples by columns.

Held-out examples end in a `HeldOut`; of them only the types of their values can reach the spec.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from dsl.domain import Domain, load_domain
from dsl.errors import DomainError, SpecError, TypeMismatch, nearest
from dsl.native.examples import Row, TableExamples, infer, read_columns, read_row, read_table_examples, value_of
from dsl.native.expressions import RESULT, Scope, literal_term, read_condition
from dsl.native.fitting import missing_types, suitable_domain, type_names
from dsl.native.positions import Node
from dsl.native.signatures import (
    MAXIMUM_PARAMETERS,
    Signature,
    check_distinct,
    read_signature,
    read_symbol,
    read_type,
)
from dsl.native.tables import Table, open_table
from dsl.spec import (
    ALGORITHMS,
    STYLES,
    Budget,
    Constraint,
    Example,
    Function,
    HeldOut,
    Hints,
    Problem,
    Spec,
    Task,
    classify,
    contradictions,
)
from dsl.terms import FUNCTION, Application, Term, Variable, operators
from dsl.types import CHAR, INT, STRING, Type, list_of

FUNCTION_NAME: Final = "f"
"""What a function is called to which the file gives no name."""
SPLITS: Final = ("train", "test")
_LARGEST_NUMBER = 1e300

_TASK_KEYS = (
    "name", "description", "signature", "type", "parameters", "examples", "held_out", "table", "compute",
    "preconditions", "postconditions", "invariants", "forall", "domain", "constants", "budget", "hints", "split",
)  # fmt: skip
_SIGNATURE_KEYS = ("signature", "type", "parameters")
_DEFAULT_KEYS = (*_SIGNATURE_KEYS, "domain", "constants", "budget", "hints", "split")
"""Keys that stand beside ``tasks`` for every task that does not say otherwise."""
_CONDITION_KEYS = ("preconditions", "postconditions", "invariants")

Variables = tuple[tuple[str, Type], ...]


@dataclass(frozen=True)
class Dialect:
    """The way in which a project writes task files.

    Attributes:
        name: what `Spec.dialect` says.
        file_keys: keys beside ``tasks`` that only this project has.
        task_keys: keys of a task that only this project has.
        ignored: keys of a task that say nothing about what is wanted, or mean something else than ours.
        domain: the domain that its tasks are meant for.
    """

    name: str
    file_keys: tuple[str, ...] = ()
    task_keys: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    domain: str | None = None


NATIVE: Final = Dialect("native")
CSV: Final = Dialect("csv")
DREAMCODER: Final = Dialect(
    "dreamcoder",
    file_keys=("primitives", "count"),
    task_keys=("mustTrain", "stringConstants"),
    ignored=("mustTrain",),
    domain="lists/dreamcoder",
)
LAMBDABEAM: Final = Dialect(
    "lambdabeam",
    task_keys=("inputs", "outputs", "size"),
    ignored=("split", "size"),
    domain="lists/lambdabeam",
)


@dataclass(frozen=True)
class Setting:
    """What is known of a file beside its text.

    Attributes:
        name: name of the task if the file gives it none.
        domain: domain of the tasks if the file names none.
        split: split of the tasks if the file names none.
        is_shipped: whether the file belongs to a domain, which then vouches that it is the right one.
    """

    name: str
    domain: str | None = None
    split: str | None = None
    is_shipped: bool = False


def read_document(root: Node, setting: Setting) -> tuple[Task, ...]:
    """The tasks of a TOML or JSON document.

    Raises:
        SpecError: for everything that the schema does not allow.
    """
    members = root.table("a specification")
    if "tasks" in members:
        return _read_tasks(members, setting)
    task = _read_task(root, {}, _dialect(members, [root]), setting)
    # The text of a file with held-out examples would carry them into the spec.
    text = None if task.held_out.examples else root.source.text
    return (replace(task, spec=replace(task.spec, source=text)),)


def read_table_task(table: Table, column: str, setting: Setting) -> Task:
    """The task to compute one column of a table from the others.

    Raises:
        SpecError: if there is no such column, no other column, or no row with a value in it.
    """
    examples = read_table_examples(table, table.index(column))
    task = _TaskReader({}, Node(table.source, 0, {}), CSV, setting, examples).task()
    return replace(task, spec=replace(task.spec, source=table.source.text))


def _read_tasks(members: dict[str, Node], setting: Setting) -> tuple[Task, ...]:
    """The tasks of a file that holds several."""
    entries = members["tasks"].array("`tasks`")
    if not entries:
        raise members["tasks"].error("the file has no task")
    dialect = _dialect(members, entries)
    _check_keys(members, ("tasks", "description", *_DEFAULT_KEYS, *dialect.file_keys), "a file of tasks")
    defaults = {key: node for key, node in members.items() if key in _DEFAULT_KEYS}
    tasks: dict[str, tuple[Task, Node]] = {}
    for entry in entries:
        if "name" not in entry.table("a task"):
            raise entry.error("this task has no name", "in a file of several tasks each one has a `name`")
        task = _read_task(entry, defaults, dialect, setting)
        if task.name in tasks:
            line = tasks[task.name][1].location.line
            raise entry.value["name"].error(f"two tasks are called {task.name!r}; the first is in line {line}")
        tasks[task.name] = task, entry.value["name"]
    return tuple(task for task, _ in tasks.values())


def _dialect(members: Mapping[str, Node], entries: Sequence[Node]) -> Dialect:
    """The dialect, by keys that only one project has."""
    keys = {key for entry in entries if isinstance(entry.value, dict) for key in entry.value}
    if "outputs" in keys:
        return LAMBDABEAM
    if any(key in members for key in DREAMCODER.file_keys) or any(key in keys for key in DREAMCODER.task_keys):
        return DREAMCODER
    return NATIVE


def _read_task(entry: Node, defaults: Mapping[str, Node], dialect: Dialect, setting: Setting) -> Task:
    written = entry.table("a task")
    _check_keys(written, (*_TASK_KEYS, *dialect.task_keys), "a task")
    own = {key: node for key, node in written.items() if key not in dialect.ignored}
    if any(key in own for key in _SIGNATURE_KEYS[:2]):
        defaults = {key: node for key, node in defaults.items() if key not in _SIGNATURE_KEYS}
    return _TaskReader({**defaults, **own}, entry, dialect, setting).task()


def _check_keys(members: Mapping[str, Node], known: Sequence[str], what: str) -> None:
    for key, node in members.items():
        if key not in known:
            suggestion = nearest(key, known) or f"known are {', '.join(known)}"
            raise node.key_error(f"unknown key `{key}` in {what}", suggestion)


@dataclass(frozen=True)
class _TaskReader:
    """Reads one task.

    Attributes:
        members: its keys, those of the file that hold for it included.
        at: where it stands.
        dialect: how it is written.
        setting: what is known of the file.
        given: examples that come with the file itself, of a CSV table.
    """

    members: Mapping[str, Node]
    at: Node
    dialect: Dialect
    setting: Setting
    given: TableExamples | None = None

    def task(self) -> Task:
        """The task.

        Raises:
            SpecError: for everything that the schema does not allow.
        """
        table = self.given or self.table()
        shown, hidden = self.examples(table), self.held_out()
        function = self.function(table, shown, hidden)
        examples = tuple(_bind(row, function) for row in shown)
        domain, problems = self.domain(function)
        variables = self.variables(function)
        spec = Spec(
            (function,),
            domain,
            examples=examples,
            variables=variables,
            constraints=self.constraints(function, domain, variables),
            assumptions=self.assumptions(function, domain, variables),
            constants=self.constants(function, domain),
            hints=self.hints(),
            budget=self.budget(),
            dialect=self.dialect.name,
            problems=(*contradictions(examples), *problems, *(table.problems if table is not None else ())),
        )
        held_out = HeldOut(tuple(_bind(row, function) for row in hidden))
        split = self.choice("split", self.members, SPLITS) or self.setting.split
        return Task(self.name(), replace(spec, classification=classify(spec)), held_out, split)

    def name(self) -> str:
        self.text("description")
        name = self.text("name")
        if name is not None and not name.strip():
            raise self.members["name"].error("this name is empty")
        return self.setting.name if name is None else name

    # Values under a key.

    def text(self, key: str) -> str | None:
        return self.members[key].text(f"`{key}`") if key in self.members else None

    def array(self, key: str) -> list[Node]:
        return self.members[key].array(f"`{key}`") if key in self.members else []

    def inner_table(self, key: str) -> dict[str, Node]:
        return self.members[key].table(f"`{key}`") if key in self.members else {}

    @staticmethod
    def choice(key: str, members: Mapping[str, Node], allowed: Sequence[str]) -> str | None:
        if key not in members:
            return None
        text = members[key].text(f"`{key}`")
        if text not in allowed:
            raise members[key].error(f"{text!r} is no {key}; known are {', '.join(allowed)}", nearest(text, allowed))
        return text

    # Examples.

    def table(self) -> TableExamples | None:
        """The examples in the table that the task names."""
        if "table" not in self.members:
            if "compute" in self.members:
                raise self.members["compute"].key_error("`compute` names a column of a `table`, but there is none")
            return None
        node = self.members["table"]
        if node.source.path is None or self.setting.is_shipped:
            raise node.error("only a specification in a file of its own can name a table")
        table = _open_table(node, node.source.path.parent / node.text("`table`"))
        column = self.text("compute")
        if column is None:
            raise node.key_error(
                "which column of the table is to be computed?", f'write `compute = "{table.names[-1]}"`'
            )
        if column not in table.names:
            message = f"the table has no column {column!r}; its columns are {', '.join(table.names)}"
            raise self.members["compute"].error(message, nearest(column, table.names))
        return read_table_examples(table, table.index(column))

    def examples(self, table: TableExamples | None) -> list[Row]:
        rows = [read_row(node) for node in self.array("examples")]
        if self.dialect is LAMBDABEAM:
            rows = self.by_columns(rows)
        if table is not None:
            rows = [*table.rows, *rows]
        if not rows and not any(key in self.members for key in _CONDITION_KEYS[1:]):
            place = self.members.get("examples", self.at)
            raise place.error("nothing says what the function should do", "give `examples` or `postconditions`")
        return rows

    def by_columns(self, rows: list[Row]) -> list[Row]:
        """The examples of LambdaBeam: by columns, and perhaps by rows again."""
        columns = read_columns(self.members, self.at)
        if not rows:
            return columns
        if len(rows) != len(columns) or not all(a.agrees(b) for a, b in zip(rows, columns, strict=True)):
            raise self.members["examples"].key_error("`examples` differ from `inputs` and `outputs`")
        return rows

    def held_out(self) -> list[Row]:
        node = self.members.get("held_out")
        if node is not None and self.dialect is LAMBDABEAM and isinstance(node.value, dict):
            _check_keys(node.value, ("inputs", "outputs"), "held-out examples by columns")
            return read_columns(node.value, node)
        return [read_row(node) for node in self.array("held_out")]

    # The function.

    def function(self, table: TableExamples | None, shown: Sequence[Row], hidden: Sequence[Row]) -> Function:
        signature = self.stated_signature() or (table.signature if table is not None else None)
        signature = signature or self.inferred_signature([*shown, *hidden])
        if len(signature.types) > MAXIMUM_PARAMETERS:
            raise self.at.error(f"a function of more than {MAXIMUM_PARAMETERS} parameters")
        names = signature.names or self.parameter_names([*shown, *hidden], len(signature.types))
        name = signature.name or FUNCTION_NAME
        if name in names:
            raise self.at.error(
                f"a parameter is called `{name}`, like the function", "state a signature with other names"
            )
        place = self.members.get("signature") or self.members.get("type") or self.at
        parameters = tuple(zip(names, signature.types, strict=True))
        return Function(name, parameters, signature.result, location=place.location)

    def stated_signature(self) -> Signature | None:
        stated = [self.members[key] for key in ("signature", "type") if key in self.members]
        if len(stated) == 2:
            raise stated[1].key_error("`type` and `signature` say the same thing", "leave one of them out")
        signature = read_signature(stated[0]) if stated else None
        if signature is not None and signature.names is not None and "parameters" in self.members:
            raise self.members["parameters"].key_error("the signature names the parameters already", "leave this out")
        return signature

    def inferred_signature(self, rows: Sequence[Row]) -> Signature:
        if not rows:
            hint = 'write one: `signature = "f(x: int) -> int"`'
            raise self.at.error("without examples, the function needs a signature", hint)
        names = self.parameter_names(rows, len(rows[0].inputs))
        columns = zip(*(row.in_order(names) for row in rows), strict=True)
        types = tuple(infer(column, f"input {name}") for name, column in zip(names, columns, strict=False))
        return Signature(types, infer([row.output for row in rows], "the output"))

    def parameter_names(self, rows: Sequence[Row], count: int) -> tuple[str, ...]:
        """Names of the parameters: as stated, else those by which the first example gives its inputs."""
        if "parameters" in self.members:
            return self.stated_names(count)
        first = rows[0].inputs if rows else []
        if isinstance(first, dict) and len(first) == count:
            keys = (Node(node.source, node.key_offset, name) for name, node in first.items())
            return tuple(read_symbol(key, key.value, "a parameter") for key in keys)
        return ("x",) if count == 1 else tuple(f"x{index}" for index in range(count))

    def stated_names(self, count: int) -> tuple[str, ...]:
        names = tuple(read_symbol(node, node.text("a name"), "a parameter") for node in self.array("parameters"))
        if len(names) != count:
            raise self.members["parameters"].error(f"{len(names)} names for {count} parameters")
        check_distinct(self.members["parameters"], names)
        return names

    # The language.

    def domain(self, function: Function) -> tuple[str | None, list[Problem]]:
        """The domain, and the problem if it has not all the types of the function."""
        types = [*(type_ for _, type_ in function.parameters), function.result]
        name = self.text("domain") if "domain" in self.members else self.setting.domain
        if name is None:
            found = suitable_domain(types, self.dialect.domain)
            lacking = f"no installed domain has the types {', '.join(sorted(type_names(types)))}"
            return found, [] if found is not None else [self.no_domain(lacking)]
        if self.setting.is_shipped:
            return name, []
        try:
            missing = missing_types(name, types)
        except DomainError as error:
            if "domain" in self.members:
                raise self.members["domain"].error(str(error)) from None
            raise SpecError(str(error), path=self.at.source.path) from None
        lacking = f"the domain {name} has nothing of type {' or '.join(missing)}"
        return name, [self.no_domain(lacking)] if missing else []

    def no_domain(self, message: str) -> Problem:
        place = self.members.get("domain") or self.members.get("signature") or self.members.get("type") or self.at
        return Problem("no-domain", message, (place.location,))

    def constants(self, function: Function, domain: str | None) -> tuple[Term, ...]:
        types = list(dict.fromkeys([*(type_ for _, type_ in function.parameters), function.result]))
        found = [self.constant(node, types, domain) for node in self.array("constants")]
        for node in self.array("stringConstants"):
            node.text("a constant")
            type_ = list_of(CHAR) if list_of(CHAR) in types else STRING
            found.append(_literal(node, type_, domain))
        return tuple(dict.fromkeys(found))

    @staticmethod
    def constant(node: Node, types: Sequence[Type], domain: str | None) -> Term:
        """A constant: its type is stated, or that of its value, or the one type of bit-vectors of the function."""
        if isinstance(node.value, dict):
            _check_keys(node.value, ("value", "type"), "a constant")
            for key in ("value", "type"):
                if key not in node.value:
                    raise node.error(f"this constant has no `{key}`", 'write `{value = …, type = "…"}`')
            return _literal(node.value["value"], read_type(node.value["type"]), domain)
        type_ = infer([node], "a constant")
        vectors = [t for t in types if t.name == "bv"]
        is_vector = type_ is INT and INT not in types and len(vectors) == 1
        return _literal(node, vectors[0] if is_vector else type_, domain)

    # Conditions.

    def variables(self, function: Function) -> Variables:
        """What the conditions quantify over: the parameters if there is a condition, and the declared variables."""
        taken = [function.name, RESULT, *(name for name, _ in function.parameters)]
        declared = []
        for name, node in self.inner_table("forall").items():
            read_symbol(Node(node.source, node.key_offset, name), name, "a variable")
            if name in taken:
                raise node.key_error(f"`{name}` means something else already")
            declared.append((name, read_type(node)))
        has_conditions = any(key in self.members for key in _CONDITION_KEYS)
        return (*(function.parameters if has_conditions else ()), *declared)

    def assumptions(self, function: Function, domain: str | None, variables: Variables) -> tuple[Constraint, ...]:
        found = self.conditions("preconditions", domain, Scope(variables, function))
        for node, constraint in zip(self.texts("preconditions"), found, strict=True):
            if any(operator.kind == FUNCTION for operator in operators(constraint.term)):
                raise node.error("a precondition is about inputs alone; it cannot call the function")
        return found

    def constraints(self, function: Function, domain: str | None, variables: Variables) -> tuple[Constraint, ...]:
        after = self.postconditions(function, domain, variables) if "postconditions" in self.members else ()
        return (*after, *self.conditions("invariants", domain, Scope(variables, function)))

    def postconditions(self, function: Function, domain: str | None, variables: Variables) -> tuple[Constraint, ...]:
        names = [name for name, _ in function.parameters]
        if RESULT in names:
            message = f"`{RESULT}` is the result of the function, but a parameter is called so"
            raise self.members["postconditions"].key_error(message, "state a signature with other names")
        inputs = tuple(Variable(len(variables) - 1 - index) for index in range(len(names)))
        call = Application(function.operator, inputs)
        return self.conditions("postconditions", domain, Scope(variables, function, call))

    def conditions(self, key: str, domain: str | None, scope: Scope) -> tuple[Constraint, ...]:
        texts = self.texts(key)
        if texts and domain is None:
            message = "a condition needs a domain, but no installed one has the types of this task"
            raise self.members[key].key_error(message)
        return tuple(_read_constraint(text, scope, _language(domain)) for text in texts)

    def texts(self, key: str) -> list[Node]:
        """The conditions under a key: one text, or an array of texts."""
        if key not in self.members:
            return []
        node = self.members[key]
        texts = [node] if isinstance(node.value, str) else node.array(f"`{key}`")
        if not texts:
            raise node.error(f"`{key}` is empty")
        return texts

    # Advice.

    def hints(self) -> Hints:
        members = self.inner_table("hints")
        _check_keys(members, ("maximum_size", "maximum_cost", "style", "algorithm"), "`hints`")
        return Hints(
            maximum_size=_whole(members, "maximum_size"),
            maximum_cost=_number(members, "maximum_cost"),
            style=self.choice("style", members, STYLES),
            algorithm=self.choice("algorithm", members, ALGORITHMS),
        )

    def budget(self) -> Budget:
        members = self.inner_table("budget")
        _check_keys(members, ("cpu_seconds", "candidates"), "`budget`")
        return Budget(_number(members, "cpu_seconds"), _whole(members, "candidates"))


def _open_table(node: Node, path: Path) -> Table:
    """Open a table; an error about the whole file points at where the file is named."""
    try:
        return open_table(path)
    except SpecError as error:
        if error.line is not None:
            raise
        raise node.error(f"{path}: {error.message}") from None


def _bind(row: Row, function: Function) -> Example:
    """An example with its values, in the order of the parameters."""
    names = [name for name, _ in function.parameters]
    nodes = row.in_order(names)
    types = [type_ for _, type_ in function.parameters]
    if row.is_single and types[0].name != "list" and isinstance(nodes[0].value, list):
        raise nodes[0].error(f"an array is not of type {types[0]}", "an array of all inputs is written `inputs = […]`")
    inputs = tuple(value_of(node, type_) for node, type_ in zip(nodes, types, strict=True))
    return Example(function.name, inputs, value_of(row.output, function.result), row.at.location)


def _language(domain: str | None) -> Domain:
    """The domain that conditions and constants speak: the whole of it, not only the selection that is searched."""
    assert domain is not None
    return load_domain(domain.partition("/")[0])


def _literal(node: Node, type_: Type, domain: str | None) -> Term:
    value = value_of(node, type_)
    try:
        term = literal_term(None if domain is None else _language(domain), value, type_)
    except TypeMismatch as error:
        raise node.error(str(error)) from None
    if term is None:
        raise node.error(f"no primitive of the domain {domain} builds a constant of type {type_}")
    return term


def _read_constraint(node: Node, scope: Scope, domain: Domain) -> Constraint:
    def fail(message: str, index: int, suggestion: str | None) -> SpecError:
        return node.source.error(message, node.offset_in_text(index), suggestion)

    return Constraint(read_condition(node.text("a condition"), domain, scope, fail), node.location)


def _whole(members: Mapping[str, Node], key: str) -> int | None:
    if key not in members:
        return None
    value = members[key].value
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise members[key].error(f"`{key}` is a positive integer, not {members[key].shown}")
    return value


def _number(members: Mapping[str, Node], key: str) -> float | None:
    if key not in members:
        return None
    value = members[key].value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < value < _LARGEST_NUMBER:
        raise members[key].error(f"`{key}` is a positive number, not {members[key].shown}")
    return float(value)
