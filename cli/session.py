"""``reverie session``: a program from examples that are given one after the other."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.main import EXIT_NOT_SOLVED, EXIT_USAGE
from cli.options import Column, DomainOption, ExitZero, with_settings
from cli.render import complain, write
from cli.session_lines import ARROW, INPUT, Given, Line, Reader, inputs_line, is_comment, value_line
from dsl.domain import domain_names
from dsl.errors import ReverieError, SpecError, nearest
from dsl.printing import to_python, to_sexpr
from dsl.spec import Example, Function
from dsl.values import BOTTOM, Value
from wake_sleep.wake.outcome import Judgement, Status
from workbench.session import Session
from workbench.session_tasks import SessionError, counted
from workbench.settings import Settings
from workbench.solving import Answer, python_texts

PROMPT: Final = "reverie> "
WELCOME: Final = """\
Type an example, such as "Ada Lovelace" => "AL", and then others; `help` lists what else can be done."""
CLAIMS: Final = {
    Judgement.PROVED: "proved for all inputs",
    Judgement.EXAMPLES: "all given examples hold",
}
"""What a verdict claims, for people."""
SHOWN_EXAMPLES: Final = 1_000
"""Examples that are listed at most."""


@with_settings
def session(
    settings: Settings,
    problem: Annotated[
        str | None, typer.Argument(metavar="[DOMAIN|SPEC]", help="The domain of the examples, or a file to begin with.")
    ] = None,
    column: Column = None,
    domain: DomainOption = None,
    exit_zero: ExitZero = False,
) -> None:
    """Find a program from examples given one after the other.

    Lines are read from the terminal or from a pipe: examples such as `"Ada Lovelace" => "AL"`, and commands, which
    `help` lists. From a pipe the exit code is 2 if a line is wrong, 1 if what is asked last is not solved, else 0.
    """
    is_domain = problem is not None and not Path(problem).exists() and problem.partition("/")[0] in domain_names()
    if is_domain and domain not in (None, problem):
        raise SessionError(f"--domain {domain}: the domain is {problem} already")
    with Session(domain=problem if is_domain else domain, settings=settings) as begun:
        console = Console(begun, is_live=sys.stdin is not None and sys.stdin.isatty())
        if problem is not None and not is_domain:
            begun.load(problem, column=column)
            console.attempt(console.solve_loaded)
        console.read()
        code = console.exit_code(exit_zero=exit_zero)
    raise typer.Exit(code)


class Done(Exception):
    """The person wants the session to end."""


class Console:
    """Reads lines, does what they say, and shows what came of it.

    Attributes:
        session: what the lines are about.
        is_live: whether a person sits at a terminal.
    """

    def __init__(self, session: Session, *, is_live: bool) -> None:
        """Read nothing yet."""
        self.session, self.is_live = session, is_live
        self._line = Line("", 0)
        self._is_wrong = False
        self._last: tuple[str | None, tuple[object, ...]] | None = None

    # Lines.

    def read(self) -> None:
        """Do what the lines say, up to the end of the input or ``quit``."""
        if self.is_live:
            _edit_lines()
            complain(WELCOME)
        for text in self._typed() if self.is_live else _piped():
            self._line = Line(text.rstrip("\r\n"), self._line.number + 1)
            try:
                self.attempt(self._do)
            except Done:
                return

    def exit_code(self, *, exit_zero: bool) -> int:
        """What the session comes to: 0 at a terminal; from a pipe, whether all lines were right and all is solved."""
        if self.is_live:
            return 0
        if self._is_wrong:
            return EXIT_USAGE
        is_open = self.session.task is not None and not self.session.is_solved
        return EXIT_NOT_SOLVED if is_open and not exit_zero else 0

    def _typed(self) -> Iterator[str]:
        """Lines from a terminal; Ctrl-C ends a line."""
        while True:
            try:
                if not sys.stdout.isatty():
                    # The prompt is no result.
                    sys.stderr.write(PROMPT)
                    sys.stderr.flush()
                yield input(PROMPT if sys.stdout.isatty() else "")
            except KeyboardInterrupt:
                complain("")
            except EOFError:
                complain("")
                return

    def attempt(self, action: Callable[[], None]) -> None:
        """Do something; what goes wrong is told, and the session goes on."""
        try:
            action()
        except KeyboardInterrupt:
            complain("interrupted")
        except SpecError as error:
            self._is_wrong = True
            complain(str(error))
        except ReverieError as error:
            self._is_wrong = True
            complain(str(error) if self.is_live or not self._line.number else f"{INPUT}:{self._line.number}: {error}")

    def _do(self) -> None:
        """Do what the line says."""
        text = self._line.text
        if is_comment(text):
            return
        if any(0xD800 <= ord(character) <= 0xDFFF for character in text):
            raise SessionError("this line is not UTF-8 text")
        word, *rest = text.split(None, 1)
        if word in COMMANDS:
            COMMANDS[word].do(self, rest[0].strip() if rest else "")
            return
        begins = word[:1].isalpha() and word not in ("true", "false", "true,", "false,") and "(" not in text
        if begins and ARROW not in text:
            hint = nearest(word, COMMANDS) or "`help` lists the commands; an example is written `INPUTS => OUTPUT`"
            raise SessionError(f"there is no command `{word}`; {hint}")
        self._example(Reader(self._line).example())

    def _arguments(self) -> Reader:
        """What stands behind the command."""
        text = self._line.text
        start = len(text) - len(text.lstrip())
        return Reader(self._line, start + len(text.split(None, 1)[0]))

    # Commands.

    def _example(self, given: Given) -> None:
        inputs, function = given.inputs, given.function
        if inputs is None:
            if self._last is None:
                raise SessionError("there is no input that this could be the output of; `run` or `ask` names one")
            function, inputs = self._last
        before, count = self.session.answer, len(self.session.examples)
        with _searching():
            found = self.session.example(inputs, given.output, function=function)
        self._last = None
        if found is before and len(self.session.examples) == count:
            complain("this example is there already")
        elif before is not None and before.programs and before.programs == found.programs:
            complain("the program fits this example as well")
        else:
            self._show(found)

    def run(self, rest: str) -> None:
        """Run the present program."""
        given = self._arguments().inputs()
        assert given.inputs is not None
        output = self.session.run(*given.inputs, function=given.function)
        assert self.session.spec is not None
        self._last = given.function, given.inputs
        function = self._function(given.function)
        if output is BOTTOM:
            write("undefined\n")
        else:
            write(f"{value_line(_value(output), function.result)}\n")

    def ask(self, rest: str) -> None:
        """Ask what the output should be where programs disagree."""
        with _searching():
            question = self.session.question()
        if question is None:
            complain("no input was found on which another program that fits all examples gives something else")
            return
        function = self._function(question.function)
        types = tuple(type_ for _, type_ in function.parameters)
        self._last = None, question.inputs
        write(f"{inputs_line(question.inputs, types)} {ARROW} ?\n")
        names = [name for name, _ in function.parameters]
        for output, program in zip(question.outputs, question.programs, strict=True):
            write(f"  {value_line(output, function.result)}  by {to_python(program, names)}\n")
        complain(f"answer with `{ARROW} OUTPUT`")

    def another(self, rest: str) -> None:
        """Take another program that fits."""
        found = self.session.another()
        if found is None:
            complain(
                "no other program is known that fits all examples; `solve` searches again, `ask` asks about guesses"
            )
        else:
            self._show(found)

    def alternatives(self, rest: str) -> None:
        """List other programs that fit."""
        known = self.session.alternatives
        for found in known:
            write(f"{found}\n")
        if not known:
            complain("no other program is known that fits all examples")

    def examples(self, rest: str) -> None:
        """List the examples."""
        spec = self.session.spec
        for number, example in enumerate(self.session.examples[:SHOWN_EXAMPLES], start=1):
            assert spec is not None
            write(f"{number}  {_example_line(spec.function(example.function), example, len(spec.functions))}\n")
        if spec is not None and (spec.constraints or spec.invariant):
            complain("the file states conditions besides")
        if not self.session.examples:
            complain("there are no examples yet")

    def undo(self, rest: str) -> None:
        """Take back the last change."""
        self.session.undo()
        self._last = None
        self._tell_state()

    def forget(self, rest: str) -> None:
        """Take back one example."""
        if not rest.isdecimal():
            raise SessionError(f"`forget {rest}`: this must be the number of an example, as `examples` lists them")
        spec = self.session.spec
        gone = self.session.forget(int(rest))
        assert spec is not None
        complain(f"forgotten: {_example_line(spec.function(gone.function), gone, len(spec.functions))}")
        if self.session.task is not None and self.session.examples and not self.session.is_solved:
            self.solve("")
        else:
            self._tell_state()

    def solve(self, rest: str) -> None:
        """Search again."""
        seconds: float | None = None
        if rest:
            try:
                seconds = float(rest)
            except ValueError:
                raise SessionError(f"`solve {rest}`: this must be a number of CPU-seconds") from None
        before = self.session.answer
        with _searching():
            found = self.session.solve(seconds)
        if before is not None and found is before and before.programs:
            complain("nothing else was found; the program stays as it is")
        self._show(found)

    def solve_loaded(self) -> None:
        """Search for what a file asks, and say what that is."""
        spec = self.session.spec
        assert spec is not None
        kinds = counted(len(spec.examples), "example") + (
            " and conditions" if spec.constraints or spec.invariant else ""
        )
        complain(f"{'; '.join(f.signature for f in spec.functions)}, by {kinds}, domain {spec.domain}")
        self.solve("")

    def program(self, rest: str) -> None:
        """Show the program in full."""
        found = self._solved()
        self._show(found)
        exact = [*found.define_funs.splitlines(), *map(to_sexpr, found.programs.values())]
        for text in dict.fromkeys(exact):
            write(f"{text}\n")

    def signature(self, rest: str) -> None:
        """State the types."""
        try:
            self.session.signature(rest)
        except SpecError as error:
            offset = self._line.text.rindex(rest) + (error.column or 1) - 1
            raise self._line.error(error.message, offset, error.suggestion) from None
        assert self.session.spec is not None
        complain(f"{self.session.spec.functions[0].signature}, domain {self.session.spec.domain}")
        if self.session.examples:
            self.solve("")

    def load(self, rest: str) -> None:
        """Ask what a file asks."""
        if not rest:
            raise SessionError("`load` needs a file, such as `load initials.toml`")
        path, _, column = rest.partition(" --column ")
        self.session.load(path.strip(), column=column.strip() or None)
        self.solve_loaded()

    def save(self, rest: str) -> None:
        """Write what is asked into a file."""
        if not rest:
            raise SessionError("`save` needs a file, such as `save initials.toml`")
        self.session.save(rest)
        complain(f"saved; `reverie solve {rest}` solves it")

    def generation(self, rest: str) -> None:
        """Say what was learned that is used."""
        used = self.session.generation
        parts = [f"{len(used.abstractions)} abstractions"]
        parts += ["a guide"] if used.guide is not None else []
        parts += ["a network that proposes programs"] if used.proposer is not None else []
        write(f"{used.name}" + (f": {', '.join(parts)}" if used.domain is not None else "") + "\n")

    def library(self, rest: str) -> None:
        """List the learned abstractions that are used."""
        used = self.session.generation
        for abstraction in used.abstractions:
            assert abstraction.definition is not None
            write(f"{abstraction.name}: {abstraction.type}  {to_python(abstraction.definition)}\n")
        if not used.abstractions:
            complain(f"the generation {used.name} has no abstractions")

    def help(self, rest: str) -> None:
        """List the commands."""
        if rest and rest not in COMMANDS:
            raise SessionError(f"there is no command `{rest}`; {nearest(rest, COMMANDS) or '`help` lists them'}")
        shown = {rest: COMMANDS[rest]} if rest else COMMANDS
        usages = [(command.usage, command.about) for command in shown.values() if command.about]
        for usage, about in usages if rest else [*EXAMPLES, *usages]:
            write(f"{usage:<20}  {about}\n")

    def quit(self, rest: str) -> None:
        """End the session."""
        raise Done

    # What is shown.

    def _show(self, found: Answer) -> None:
        """Show what came of the last search: the program, and what is known of it."""
        outcome = found.outcome
        if found.status is not Status.SOLVED:
            write(f"{found.status}: {self._why(found)}\n")
            return
        several = len(found.programs) > 1
        for name, text in python_texts(found.spec, outcome).items():
            write(f"{name} = {text}\n" if several else f"{text}\n")
        claim = CLAIMS[outcome.verdict.judgement] if outcome.verdict is not None else ""
        effort = f"found by {outcome.found_by}, {outcome.cpu_seconds:.2f} CPU-seconds"
        write(f"  {found.status}: {claim}; {outcome.size} nodes, {effort}\n")
        for note in outcome.notes:
            complain(note)
        if self.session.ignores_inputs and len(self.session.examples) == 1:
            complain("it is the same for all inputs; a second example says more")
        if self.session.held_out_right is not None:
            complain(f"on the held-out examples it is {'right' if self.session.held_out_right else 'wrong'}")

    def _why(self, found: Answer) -> str:
        """Why there is no program, and what may be done."""
        conflict = self.session.contradiction
        if found.status is Status.INFEASIBLE and conflict is not None:
            first, second = conflict
            return (
                f"the examples {first} and {second} contradict each other: {' and '.join(found.outcome.witness)}; "
                f"`forget {first}` or `forget {second}` takes one of them back"
            )
        if found.status is Status.UNKNOWN:
            return f"{found.reason}; `solve 60` searches for 60 CPU-seconds"
        if found.status is Status.INTERRUPTED:
            return "nothing was found so far; `solve` searches again"
        return "; ".join((found.reason, *found.outcome.witness))

    def _tell_state(self) -> None:
        """Say where the session is."""
        there = counted(len(self.session.examples), "example")
        complain(there if self.session.task is not None else "nothing is asked")
        if self.session.answer is not None:
            self._show(self.session.answer)

    def _solved(self) -> Answer:
        if self.session.answer is None or not self.session.answer.programs:
            raise SessionError("there is no program yet; give an example first")
        return self.session.answer

    def _function(self, name: str | None) -> Function:
        assert self.session.spec is not None
        return self.session.spec.functions[0] if name is None else self.session.spec.function(name)


def _value(output: Any) -> Value:
    """What `Answer.run` gives, as a value: lists are tuples there."""
    return tuple(map(_value, output)) if isinstance(output, list) else output


def _example_line(function: Function, example: Example, functions: int) -> str:
    types = tuple(type_ for _, type_ in function.parameters)
    inputs = inputs_line(example.inputs, types)
    shown = f"{function.name}({inputs})" if functions > 1 else inputs
    return f"{shown} {ARROW} {value_line(example.output, function.result)}"


class Command:
    """A word that a line may begin with.

    Attributes:
        do: what it does, given what stands behind the word.
        usage: how it is written.
        about: one line for people.
    """

    def __init__(self, do: Callable[[Console, str], None], usage: str, about: str = "") -> None:
        """Describe a command; one without a line for people is not listed."""
        self.do, self.usage, self.about = do, usage, about


EXAMPLES: Final = (
    ("INPUTS => OUTPUT", 'an example: "Ada Lovelace" => "AL", or 3, [1, 2] => [1, 2, 3]'),
    ("=> OUTPUT", "the right output for the input of the last `run` or `ask`"),
)
COMMANDS: Final = {
    "run": Command(Console.run, "run INPUTS", "run the program"),
    "ask": Command(Console.ask, "ask", "ask about an input on which programs that fit all examples disagree"),
    "another": Command(Console.another, "another", "take another program that fits all examples"),
    "alternatives": Command(Console.alternatives, "alternatives", "list the other programs that are known to fit"),
    "examples": Command(Console.examples, "examples", "list the examples"),
    "undo": Command(Console.undo, "undo", "take back the last change"),
    "forget": Command(Console.forget, "forget N", "take back example N"),
    "solve": Command(Console.solve, "solve [SECONDS]", "search again, for some CPU-seconds"),
    "program": Command(Console.program, "program", "show the program as Python, as define-fun and as s-expression"),
    "signature": Command(Console.signature, "signature TYPE", "state the types: bv64 -> bv64, or f(x: str) -> int"),
    "load": Command(Console.load, "load FILE", "ask what a file asks; FILE#TASK if it holds several"),
    "save": Command(Console.save, "save FILE", "write what is asked into a .toml file, or an .sl file"),
    "generation": Command(Console.generation, "generation", "say what was learned that is used"),
    "library": Command(Console.library, "library", "list the learned functions that are used"),
    "help": Command(Console.help, "help [COMMAND]", "list what can be typed"),
    "quit": Command(Console.quit, "quit", "end the session; so does Ctrl-D"),
    "exit": Command(Console.quit, "exit"),
}
"""The commands of a session."""


def _piped() -> Iterator[str]:
    """Lines from a pipe; a byte that is no UTF-8 shows as a surrogate."""
    if sys.stdin is None:
        return
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    yield from sys.stdin


def _edit_lines() -> None:
    """Let a terminal edit lines, go back in them, and complete commands, where Python has readline."""
    with contextlib.suppress(ImportError):
        import readline

        words = [*COMMANDS]
        readline.set_completer(lambda text, n: ([f"{w} " for w in words if w.startswith(text)] + [None])[n])
        readline.parse_and_bind("tab: complete")


@contextlib.contextmanager
def _searching() -> Iterator[None]:
    """Say on a terminal that a search is under way."""
    is_shown = sys.stderr.isatty()
    if is_shown:
        sys.stderr.write("searching …")
        sys.stderr.flush()
    try:
        yield
    finally:
        if is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
