"""Templates: their places, their formats, and what they show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.isa.messages import Place, escaped, filled, is_format, pieces, places, split

TEXTS = st.text(max_size=20)
SPECS = st.sampled_from(["", "d", "08d", "+x", ".3f", "10.2e", "g", "5", " .1G"])


@given(TEXTS)
def test_an_escaped_text_shows_itself(text: str) -> None:
    assert "".join(p for p in pieces(escaped(text)) if isinstance(p, str)) == text
    assert places(escaped(text)) == ()
    assert filled(escaped(text), 3, "3") == text


@given(st.lists(st.tuples(TEXTS, SPECS), max_size=4), TEXTS)
def test_parts_of_a_split_template_have_one_place_each_and_show_the_same(
    words: list[tuple[str, str]], end: str
) -> None:
    template = "".join(escaped(t) + (f"{{:{s}}}" if s else "{}") for t, s in words) + escaped(end)
    assert [p.spec for p in places(template)] == [s for _, s in words]
    parts = split(template)
    assert [len(places(p)) for p in parts] == ([1] * len(words) or [0])
    assert "".join(filled(p, 7, "7") for p in parts) == filled(template, 7, "7")
    assert filled(template, 7, "7") == template.format(*[7] * len(words))


@given(st.text("0123456789.+- bdoxXeEfFgGs%<>{}", max_size=6))
def test_a_format_is_one_that_python_has(spec: str) -> None:
    if is_format(spec):
        assert format(3, "" if "." in spec and spec[-1].isdigit() else spec) is not None
        assert spec[-1:] in "bdoxX" or format(0.5, spec)
        assert len(format(3 if spec[-1:] in "bdoxX" else 1e300, spec)) < 500


@pytest.mark.parametrize("template", ["{", "}", "{0}", "{x}", "{:s}", "{:.3d}", "{:{}}", "{:>8}", "{:999f}", "{!r}"])
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(ValueError, match=r"stands alone|is no format"):
        pieces(template)


def test_truth_values_have_a_place_of_their_own() -> None:
    assert places("{?}") == (Place("?"),)
    assert filled("it is {?}", 1, "1") == "it is True"
    assert split("{?}{}") == ("{?}", "{}")
