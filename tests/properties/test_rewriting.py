"""Laws of rewriting with abstractions."""

import contextlib
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.domain import load_domain
from dsl.errors import TypeMismatch
from dsl.inference import has_instance, infer
from dsl.probability import ProbabilisticGrammar
from dsl.terms import (
    ABSTRACTION,
    Application,
    Lambda,
    Operator,
    Term,
    Variable,
    abstract,
    beta_normal,
    postorder,
    rebuild,
    strip_lambdas,
)
from dsl.types import INT, arrow, parse_type
from wake_sleep.sleep.abstraction.antiunify import AntiUnifier
from wake_sleep.sleep.abstraction.metrics import BABBLE, NODES, STITCH
from wake_sleep.sleep.abstraction.patterns import Contents, Pattern
from wake_sleep.sleep.abstraction.rewriting import SIZE, Rewriter
from wake_sleep.sleep.abstraction.selection import Graph
from wake_sleep.sleep.abstraction.untyped import untyped_abstraction

PLUS = Operator("plus", arrow(INT, INT, INT))
APPLY = Operator("map", arrow(arrow(INT, INT), INT, INT))
BOTH = Operator("fold", arrow(arrow(INT, INT, INT), INT, INT))
ONE, TWO = (Application(Operator(name, INT)) for name in ("1", "2"))
NAMES = [Application(Operator(name, INT)) for name in "fgh"]
LISTS = ProbabilisticGrammar(load_domain("lists").grammar(parse_type("list(int) -> list(int)")))
"""Made once: what it has found out about a type serves all draws."""


@st.composite
def applied(draw: st.DrawFn, inner: st.SearchStrategy[Term]) -> Term:
    """Applications of operators, and of the heads of untyped corpora."""
    kind = draw(st.sampled_from(["plus", "map", "fold", "spine"]))
    if kind == "plus":
        return Application(PLUS, (draw(inner), draw(inner)))
    if kind == "map":
        return Application(APPLY, (Lambda(draw(inner)), draw(inner)))
    if kind == "fold":
        return Application(BOTH, (Lambda(Lambda(draw(inner))), draw(inner)))
    head = draw(st.sampled_from([*NAMES, Variable(0), Variable(1)]))
    return Application(head, tuple(draw(st.lists(inner, min_size=1, max_size=3))))


bodies: st.SearchStrategy[Term] = st.recursive(
    st.sampled_from([ONE, TWO, *NAMES[:2], *(Variable(i) for i in range(4))]), applied, max_leaves=10
)
programs = bodies.map(lambda body: abstract(body, body.free))


@st.composite
def generalised(draw: st.DrawFn, program: Term) -> Operator:
    """An abstraction whose body is a sub-term of `program` with some of its parts made parameters."""
    body = draw(st.sampled_from(list(postorder([program]))))
    arity = body.free
    if draw(st.booleans()):
        hole = draw(st.sampled_from(list(postorder([body]))))
        if hole.free == 0 and hole is not body:
            body, arity = _replace(body, hole), arity + 1
    if draw(st.booleans()):
        # A parameter that is applied, as those of function type are.
        function = Lambda(Application(Variable(arity + 1), (Variable(0),)))
        body = Application(PLUS, (Application(APPLY, (function, body)), body))
        arity += 1
    type_ = arrow(*[INT] * arity, INT)
    name = draw(st.sampled_from(["a", "b", "c"]))
    return Operator(name, type_, ABSTRACTION, abstract(body, arity))


def _replace(body: Term, hole: Term) -> Term:
    """`body` with the closed term `hole` replaced by a new outermost parameter."""
    first = body.free
    done: dict[tuple[Term, int], Term] = {}

    def replaced(node: Term, depth: int) -> Term:
        if node is hole:
            return Variable(first + depth)
        if (node, depth) not in done:
            below = depth + isinstance(node, Lambda)
            done[node, depth] = rebuild(node, [replaced(child, below) for child in node.children])
        return done[node, depth]

    return replaced(body, 0)


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[Term], list[Operator]]:
    found = draw(st.lists(programs, min_size=1, max_size=4))
    library = [draw(generalised(draw(st.sampled_from(found)))) for _ in range(draw(st.integers(1, 5)))]
    # Programs that apply the abstractions to parts of others, so that higher-order parameters are met.
    parts = [node for program in found for node in postorder([program]) if node.free == 0]
    for abstraction in library:
        arguments = tuple(draw(st.sampled_from(parts)) for _ in range(abstraction.arity))
        # Without types there may be no normal form.
        with contextlib.suppress(TypeMismatch):
            found.append(beta_normal(Application(abstraction, arguments), expand=True, limit=5_000))
    return found, library


@settings(deadline=None, max_examples=300)
@given(corpora(), st.randoms(use_true_random=False))
def test_a_rewritten_program_expands_to_the_program(
    drawn: tuple[list[Term], list[Operator]], rng: random.Random
) -> None:
    corpus, library = drawn
    rewriter = Rewriter(library)
    rewritten = [rewriter.rewrite(program) for program in corpus]
    for program, form in zip(corpus, rewritten, strict=True):
        assert beta_normal(form, expand=True) is program
        assert form.size <= program.size
        assert rewriter.rewrite(form) is form
        assert rewriter.cost(form) == form.size
    rng.shuffle(library)
    again = Rewriter(library)
    for program, form in reversed(list(zip(corpus, rewritten, strict=True))):
        assert again.rewrite(program) is form


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.integers(8, 24))
def test_a_rewritten_program_has_the_type_of_the_program(seed: int, budget: int) -> None:
    rng = random.Random(seed)
    corpus = [LISTS.sample(rng, budget) for _ in range(4)]
    library: list[Operator] = []
    for program in corpus:
        parts = [t for t in postorder([program]) if isinstance(t, Application) and t.free <= 2 and t.size > 1]
        if parts:
            part = rng.choice(parts)
            definition = abstract(part, part.free)
            library.append(Operator(f"f{len(library)}", infer(definition), ABSTRACTION, definition))
    rewriter = Rewriter(library, SIZE)
    for program in corpus:
        form = rewriter.rewrite(program)
        assert beta_normal(form, expand=True) is program
        assert has_instance(infer(form), infer(program))


@settings(deadline=None, max_examples=100)
@given(st.lists(programs, min_size=1, max_size=5), st.data())
def test_an_untyped_abstraction_may_have_any_number_of_arguments(found: list[Term], data: st.DataObject) -> None:
    drawn = [data.draw(generalised(data.draw(st.sampled_from(found)))) for _ in range(3)]
    library = [untyped_abstraction(f"f{n}", each.definition) for n, each in enumerate(drawn) if each.definition]
    rewriter = Rewriter(library, STITCH)
    for program in found:
        form = rewriter.rewrite(program)
        assert beta_normal(form, expand=True) is program
        assert rewriter.cost(form) <= rewriter.cost(program)


@settings(deadline=None, max_examples=60)
@given(st.lists(programs, min_size=2, max_size=6), st.data())
def test_the_costs_of_selection_are_those_of_rewriting(found: list[Term], data: st.DataObject) -> None:
    drawn = [data.draw(generalised(data.draw(st.sampled_from(found)))) for _ in range(4)]
    library = [untyped_abstraction(f"f{n}", each.definition) for n, each in enumerate(drawn) if each.definition]
    tasks = [data.draw(st.integers(0, 2)) for _ in found]
    metric = data.draw(st.sampled_from([STITCH, BABBLE, NODES]))
    graph = Graph(found, tasks, [1.0] * len(found), metric)
    graph.add(library[:2])
    graph.add(library[2:])
    state = graph.state([])
    for number in range(len(graph.candidates)):
        after = state.toggled(number)
        assert state.gain(number) == state.total - after.total
        assert after.total == graph.state(after.library).total
        assert after.toggled(number).total == state.total
        state = after
    rewriter = Rewriter(graph.candidates, metric)
    costs = [rewriter.cost(rewriter.rewrite(program)) for program in found]
    assert state.corpus == sum(min(c for c, t in zip(costs, tasks, strict=True) if t == task) for task in set(tasks))


@settings(deadline=None, max_examples=200)
@given(programs, programs)
def test_both_terms_are_instances_of_their_generalisation(left: Term, right: Term) -> None:
    common = AntiUnifier(arity=6).generalise(left, right)
    if common is None:
        return
    assert common.is_closed
    most, _ = strip_lambdas(common)
    patterns = [Pattern(untyped_abstraction("f", common), Contents(), arity) for arity in range(most + 1)]
    for term in (left, right):
        assert any(pattern.match(term) is not None for pattern in patterns)
