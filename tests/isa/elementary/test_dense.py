"""Dense measurements find one wrong result, agree with the interpreter's code, and stay within the bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hologram.backends.interpreter import InterpreterBackend
from hologram.types import Type
from tests.backends.cpu.columns import Column, launch, one_nan, program
from tests.isa.elementary import dense
from tests.isa.elementary.references import REFERENCES, Array, bound

EACH = pytest.mark.parametrize("ty", dense.TYPES, ids=lambda t: t.value)


@pytest.mark.slow
@EACH
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_ten_million_results_are_within_the_bound(name: str, ty: Type, record_property: Any) -> None:
    found = dense.measured(name, ty)
    record_property("largest error", dense.line(name, ty, found))
    assert found["ulp"] <= bound(name, ty)


@EACH
@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_the_interpreter_has_the_same_bits(name: str, ty: Type) -> None:
    pieces = list(dense.operands(name, ty, 1))
    given = [np.concatenate([x[:500] for x in operands]) for operands in zip(*pieces, strict=True)]
    made, call = InterpreterBackend().compile(program([Column(name, ty)])), dense.native(name, ty)
    _, (mine,) = launch(made, (given * 3)[:3])
    theirs = call(*given).view(mine.dtype)
    np.testing.assert_array_equal(one_nan(ty, mine), one_nan(ty, theirs))


@EACH
@pytest.mark.parametrize("name", ["EXP", "ATAN2", "FMA", "ADD", "REM"])
def test_one_result_that_is_wrong_by_a_little_is_found(name: str, ty: Type) -> None:
    given = tuple(x[:5000] for x in next(iter(dense.operands(name, ty, 1))))
    result = dense.native(name, ty)(*given)
    assert dense.errors(name, ty, given, result).max() <= bound(name, ty)
    k = int(np.flatnonzero(np.isfinite(result) & (np.abs(result) > 0))[17])
    for _ in range(6):
        result[k] = np.nextafter(result[k], ty.dtype.type(np.inf))
    assert dense.errors(name, ty, given, result).max() > bound(name, ty)


def test_what_is_found_is_printed_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "dense.json"
    monkeypatch.setattr(dense, "RECORD", record)
    monkeypatch.setattr(dense, "PART", 1 << 8)
    monkeypatch.setattr(dense, "SAMPLE", 20)
    assert dense.main(["tan", "--points", "1000", "--record"]) == 0
    assert dense.main(["pow", "--type", "f32", "--points", "1000", "--record"]) == 0
    kept = json.loads(record.read_text("utf-8"))
    assert list(kept) == ["POW f32", "TAN f32", "TAN f64"]
    assert kept["TAN f64"]["points"] >= 1000 and kept["TAN f64"]["sample"] == 20
    assert capsys.readouterr().out.count("within") == 3

    def wrong(name: str, ty: Type) -> Any:
        right = native(name, ty)
        return lambda *given: right(*given) * np.float32(1.00001)

    native = dense.native
    monkeypatch.setattr(dense, "native", wrong)
    assert dense.main(["tan", "--type", "f32", "--points", "1000"]) == 1
    assert "BEYOND 4.0" in capsys.readouterr().out


def test_the_same_operands_come_each_time() -> None:
    def first(name: str) -> list[Array]:
        return [x for operands in dense.operands(name, Type.F32, 1) for x in operands]

    for a, b in zip(first("POW"), first("POW"), strict=True):
        np.testing.assert_array_equal(a, b)
