"""Circuit text: what it means, what is refused and where the caret stands, and that printing gives it back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.circuit import parse, to_text
from hologram.circuit.parse import MAX_DEPTH, SHAPES
from hologram.circuit.transforms import Turn
from hologram.circuit.tree import Group, Number, Operation, Parallel, Phrase, Sequence, Sigil, Turned, operations
from hologram.errors import CircuitError

amounts = st.integers(-20, 20)
turns = st.one_of(st.builds(Turn, st.sampled_from("RDT"), amounts), st.just(Turn("~")))
some_turns = st.lists(turns, max_size=3).map(tuple)
pages = st.none() | st.integers(0, 47)
sigils = st.builds(Sigil, st.integers(0, 95), st.none(), some_turns, pages)
ranges = st.tuples(st.integers(0, 95), st.integers(0, 95)).flatmap(
    lambda ends: st.builds(Sigil, st.just(min(ends)), st.just(max(ends)), some_turns, pages)
)
places = sigils | ranges
numbers = st.builds(Number, st.integers(-(10**9), 10**9) | st.floats(allow_nan=False))
sources = places | numbers
VARIANTS = ("add", "mul", "where", "gelu", "anything")


def _operation(generator: str) -> st.SearchStrategy[Operation]:
    shape = SHAPES[generator]
    if shape == "alone":
        return places.map(lambda p: Operation(generator, "", (p,), p))
    if shape == "<->":
        return st.tuples(places, places).map(lambda p: Operation(generator, "", p, p[1]))
    if shape == "->":
        variant = st.sampled_from(("sum", "min", "max")) if generator == "reduce" else st.just("")
        count = st.none() | st.integers(0, 99) if generator in ("reduce", "softmax") else st.none()
        return st.builds(Operation, st.just(generator), variant, st.tuples(places), places, count)
    several = st.lists(sources, min_size=1, max_size=3).map(tuple)
    return st.builds(Operation, st.just(generator), st.sampled_from(VARIANTS), several, places)


terms: st.SearchStrategy[object] = st.recursive(
    st.sampled_from(sorted(SHAPES)).flatmap(_operation),
    lambda inner: (
        st.builds(Turned, st.lists(turns, min_size=1, max_size=3).map(tuple), inner)
        | st.lists(st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=2).map(
            lambda b: Group(Parallel(tuple(Sequence(tuple(s)) for s in b)))
        )
    ),
    max_leaves=8,
)


@given(st.lists(st.lists(terms, min_size=1, max_size=3), min_size=1, max_size=3), st.lists(some_turns.filter(bool)))
def test_printing_and_parsing_give_the_tree_back(
    branches: list[list[object]], prefixes: list[tuple[Turn, ...]]
) -> None:
    tree = Phrase(Parallel(tuple(Sequence(tuple(b)) for b in branches)), tuple(prefixes))  # type: ignore[arg-type]
    first = tree.body.branches[0].terms[0]
    if isinstance(first, Turned):  # a prefix at the very start is the phrase's
        prefixes = [*prefixes, first.turns]
        tree = Phrase(tree.body, tuple(prefixes))
    text = to_text(tree)
    again = parse(text)
    assert to_text(again) == to_text(parse(to_text(again)))
    if not isinstance(first, Turned):
        assert again == tree


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 1, "expected a generator"),
        ("mark@c96", 6, "class 96 is out of range"),
        ("mark@c1@48", 9, "page 48 is out of range"),
        ("mark@c1 mark@c2", 9, "expected '.', '||' or the end, found 'mark'"),
        ("mark@c1 ; mark@c2", 9, "unexpected ';'"),
        ("mark@c1 | mark@c2", 9, "a single '|'"),
        ("mark@c[5..2]", 8, "runs backwards"),
        ("mark@c1^3", 9, "expected '+' or '-'"),
        ("R1@ mark@c1", 1, "there is no generator 'R1'"),
        ("R+1 mark@c1", 5, "expected '@' after a prefix"),
        ("(mark@c1", 9, "expected ')'"),
        ("mark@c1)", 8, "expected '.', '||' or the end"),
        ("copy@c5->#1", 10, "a number cannot be written to"),
        ("swap@#1<->c2", 6, "a number cannot be written to"),
        ("mark@#1", 6, "mark takes a class"),
        ("copy@c5[c6,c7]", 8, "'[' does not belong to copy"),
        ("merge@c5->c6", 9, "'->' does not belong to merge"),
        ("merge@c5[]", 10, "expected a class"),
        ("merge@c5[c6", 12, "expected ']'"),
        ("mark@c1@3@4", 10, "a second page"),
        ("mark@c99999999999", 6, "the number is too large"),
        ("mark@c1^+99999999999", 10, "the number is too large"),
        ("mark@c[1.5]", 9, "expected '..'"),
        ("reduce:sum@c1[x]->c2", 15, "expected how many elements"),
        ("# c1", 1, "'#' begins an immediate"),
        ("mark@c٣", 6, "expected a class, found 'c'"),
        ("merge:@c1[c2]", 7, "expected a variant"),
    ],
)
def test_refusals_point_at_the_place(text: str, at: int, message: str) -> None:
    with pytest.raises(CircuitError) as error:
        parse(text)
    assert message in error.value.message
    assert (error.value.location.line, error.value.location.column) == (1, at)


def test_errors_show_file_line_column_caret_and_hint() -> None:
    with pytest.raises(CircuitError) as error:
        parse("mark@c1 // first\n. mark@c97", "a.sigil")
    assert str(error.value).split("\n") == [
        "a.sigil:2:8: error: class 97 is out of range",
        "    . mark@c97",
        "           ^^^",
        "hint: classes are c0 to c95",
    ]


def test_a_prefix_at_the_start_covers_the_phrase_and_a_later_one_its_term() -> None:
    def classes(text: str) -> list[int]:
        return [op.sources[0].members(outer)[0] for op, outer in operations(parse(text))]  # type: ignore[union-attr]

    assert classes("R+1@ mark@c0 . mark@c1 || mark@c2") == [24, 25, 26]
    assert classes("mark@c0 . R+1@ mark@c1 || mark@c2") == [0, 25, 2]
    assert classes("(R+1@ mark@c0 . mark@c1) . mark@c2") == [24, 1, 2]
    assert classes("mark@c0 . R+1@ (mark@c1 || T+1@ mark@c2)") == [0, 25, 27]


def test_depth_and_size_are_bounded() -> None:
    deep = "(" * MAX_DEPTH + "mark@c1" + ")" * MAX_DEPTH
    assert len(list(operations(parse(deep)))) == 1
    with pytest.raises(CircuitError, match="nested more than"):
        parse("(" * 100_000)
    assert len(parse(" . ".join(["mark@c1"] * 50_000)).body.branches[0].terms) == 50_000
    assert len(list(operations(parse("R+1@ " * 20_000 + "mark@c1")))) == 1


@given(st.text(alphabet="cRDTmarkcopysge@.|()[]^~+-<>#0123456789,: \n/", max_size=60))
def test_random_text_parses_or_is_refused_by_name(text: str) -> None:
    _parses_or_is_refused(text)


@given(st.text(max_size=40))
def test_any_text_parses_or_is_refused_by_name(text: str) -> None:
    _parses_or_is_refused(text)


def _parses_or_is_refused(text: str) -> None:
    try:
        tree = parse(text)
    except CircuitError as error:
        place = error.location
    else:
        assert parse(to_text(tree)) is not None
        return
    assert place.line >= 1 and place.column >= 1
