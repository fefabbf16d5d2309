"""docs/how-it-works.md shows what the stages really give."""

from __future__ import annotations

import re

import pytest

from hologram.backends.llvm.jit import llvm_version
from tests.house.how_it_works import NATIVE, PAGE, STAGES, filled, shown

TEXT = PAGE.read_text("utf-8")
MADE_WITH = re.search(r"<!-- made with (\S+) -->", TEXT)


def test_every_stage_has_its_place() -> None:
    assert list(shown(TEXT)) == list(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_stage_is_current(stage: str) -> None:
    if stage in NATIVE and (MADE_WITH is None or MADE_WITH[1] != llvm_version()):
        pytest.skip("the page was made with another LLVM")
    place = f"<!-- stage: {stage} -->\n"
    now = filled(f"{place}<!-- /stage -->").removeprefix(place).removesuffix("<!-- /stage -->")
    assert shown(TEXT)[stage] == now, "docs/how-it-works.md is out of date: run make pages"
