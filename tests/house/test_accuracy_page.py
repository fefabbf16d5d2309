"""docs/accuracy.md shows what was measured, for every function and type."""

from __future__ import annotations

import json

import pytest

from hologram.types import Type
from tests.house import accuracy_page
from tests.isa.elementary import dense, exhaustive
from tests.isa.elementary.references import REFERENCES, bound

RECORD = json.loads(dense.RECORD.read_text("utf-8"))
EVERY = json.loads(exhaustive.RESULTS.read_text("utf-8"))


def test_page_is_current() -> None:
    assert accuracy_page.PAGE.read_text("utf-8") == accuracy_page.page(), (
        "docs/accuracy.md is out of date: run python -m tests.house.accuracy_page"
    )


def test_records_hold_every_function_within_its_bound() -> None:
    assert RECORD.keys() == {f"{name} {ty.value}" for name in REFERENCES for ty in dense.TYPES}
    assert EVERY.keys() == set(exhaustive.FUNCTIONS)
    for key, found in RECORD.items():
        name, ty = key.split()
        assert found["ulp"] <= bound(name, Type(ty))
        assert found["points"] >= dense.POINTS or (found["points"] == 0 and found["sample"] >= 19_000)
    for name, found in EVERY.items():
        assert found["done"] == exhaustive.BLOCKS
        assert found["ulp"] <= bound(name, Type.F32)


@pytest.mark.slow
def test_records_are_of_the_formulas_that_run() -> None:
    for found in (*RECORD.values(), *EVERY.values()):
        assert found["formulas"] == exhaustive.formulas(), "measure again with tests.isa.elementary.dense"


def test_a_measurement_of_other_formulas_is_marked() -> None:
    old = dict(RECORD["EXP f64"], formulas="")
    assert "(earlier formulas)" in "".join(accuracy_page.rows({"EXP f64": old}, Type.F64, unary=True))
