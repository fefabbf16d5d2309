"""The tables and messages in the manual are those that the compiler gives now."""

from __future__ import annotations

import re

import pytest

from hologram.frontend.builtins import FUNCTIONS
from tests.house import (
    errors_page,
    ffi_page,
    fuzzing_page,
    gallery_page,
    language_page,
    operations_page,
    pytorch_functions_page,
)
from tests.house.places import filled, shown

WRITTEN = (errors_page, ffi_page, fuzzing_page, operations_page, pytorch_functions_page)
PAGES = {**language_page.PAGES, **gallery_page.PAGES, **{page.PAGE.name: page.MAKERS for page in WRITTEN}}
PLACES = [(page, name) for page, makers in PAGES.items() for name in makers]


@pytest.mark.parametrize("page", PAGES)
def test_every_place_has_its_maker(page: str) -> None:
    assert shown((language_page.DOCS / page).read_text("utf-8")).keys() == PAGES[page].keys()


@pytest.mark.parametrize(("page", "name"), PLACES)
def test_place_is_current(page: str, name: str) -> None:
    text = (language_page.DOCS / page).read_text("utf-8")
    assert shown(text)[name] == PAGES[page][name](), f"docs/{page} is out of date: run make pages"


def test_filling_changes_places_only() -> None:
    page = "a\n<!-- made: x -->\nold\n<!-- /made -->\nb\n"
    assert filled(page, {"x": lambda: "new\n"}) == page.replace("old", "new")


def test_every_function_is_in_the_manual() -> None:
    named = set(re.findall(r"`([\w.]+)[(`]", language_page.functions()))
    assert named >= set(FUNCTIONS)


@pytest.mark.parametrize("mistake", errors_page.MISTAKES, ids=lambda m: m.name)
def test_the_cure_of_a_mistake_works(mistake: errors_page.Mistake) -> None:
    assert errors_page.result(mistake) == mistake.expected
    assert str(errors_page.refusal(mistake))


def test_there_are_ten_mistakes_of_ten_kinds() -> None:
    said = {
        re.sub(r"'.*?'|\d+", "", str(errors_page.refusal(mistake)).split("\n")[0]) for mistake in errors_page.MISTAKES
    }
    assert len(said) == len(errors_page.MISTAKES) == 10
