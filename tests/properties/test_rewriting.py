"""Laws of rewriting with abstractions."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.domain import load_domain
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
    shift,
)
from dsl.types import INT, arrow, parse_type
from wake_sleep.sleep.abstraction.rewriting import SIZE, Rewriter

PLUS = Operator("plus", arrow(INT, INT, INT))
APPLY = Operator("map", arrow(arrow(INT, INT), INT, INT))
BOTH = Operator("fold", arrow(arrow(INT, INT, INT), INT, INT))
ONE, TWO = (Application(Operator(name, INT)) for name in ("1", "2"))
NAMES = [Application(Operator(name, INT)) for name in "fgh"]


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
        body = Application(PLUS, (Application(APPLY, (Lambda(Application(Variable(arity + 1), (Variable(0),))), body)),
                                  shift(body, 0)))  # fmt: skip
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
        found.append(beta_normal(Application(abstraction, arguments), expand=True))
    return found, library


@settings(deadline=None, max_examples=300)
@given(corpora(), st.randoms(use_true_random=False))
def test_a_rewritten_program_expands_to_the_program(drawn: tuple[list[Term], list[Operator]], rng: random.Random) -> None:
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
    domain = load_domain("lists")
    rng = random.Random(seed)
    grammar = ProbabilisticGrammar(domain.grammar(parse_type("list(int) -> list(int)")))
    corpus = [grammar.sample(rng, budget) for _ in range(4)]
    library = []
    for program in corpus:
        parts = [t for t in postorder([program]) if isinstance(t, Application) and t.free <= 2 and t.size > 1]
        if parts:
            body = abstract(rng.choice(parts), 2)
            body = abstract(body.body.body, body.body.body.free) if isinstance(body, Lambda) and isinstance(body.body, Lambda) else body  # fmt: skip  # noqa: E501
            library.append(Operator(f"f{len(library)}", infer(body), ABSTRACTION, body))
    rewriter = Rewriter(library, SIZE)
    for program in corpus:
        form = rewriter.rewrite(program)
        assert beta_normal(form, expand=True) is program
        assert has_instance(infer(form), infer(program))
