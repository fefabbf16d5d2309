"""The walk over all f32 counts errors as the other tests do, finds a wrong result, and goes on where it was stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hologram.types import Type
from tests.isa.elementary import exhaustive
from tests.isa.elementary.references import REFERENCES, Array, bound, precise_ulps, ulps


@pytest.mark.parametrize("name", ["EXP", "TAN", "ERF", "FLOOR"])
def test_errors_are_counted_as_elsewhere_and_within_the_bound(name: str) -> None:
    bits = np.random.default_rng(1).integers(0, 1 << 32, 1 << 18, dtype=np.uint32)
    x = bits.view(np.float32)
    result = exhaustive.native(name)(x)
    with np.errstate(all="ignore"):
        exact = REFERENCES[name](x.astype(np.float64))
    np.testing.assert_array_equal(exhaustive.errors(result, exact.copy()), ulps(result, exact, Type.F32))
    assert exhaustive.worst_in(name, bits, exhaustive.native(name))[0] <= bound(name, Type.F32)


@pytest.mark.parametrize(("place", "value"), [(7, 1.0), (70_000, np.nan), (99_999, np.inf)])
def test_one_wrong_result_is_found(place: int, value: float) -> None:
    bits = np.arange(0x40000000, 0x40000000 + 100_000, dtype=np.uint32)
    right = exhaustive.native("LOG")

    def wrong(x: Array) -> Array:
        result = right(x)
        result[place] = value
        return result

    error, where = exhaustive.worst_in("LOG", bits, wrong)
    assert error > 1e6
    assert where == bits[place]


def test_many_digits_tell_a_half_from_less() -> None:
    assert precise_ulps("SQRT", Type.F32, 1.0, float(np.nextafter(np.float32(1), np.float32(2)))) < 0.5
    assert precise_ulps("EXP", Type.F64, float("inf"), 1000.0) == 0
    assert precise_ulps("EXP", Type.F32, 3.0, 1.0) == pytest.approx((3 - np.e) * 2**22, rel=1e-9)


def test_a_stopped_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(exhaustive, "BLOCK", 1 << 10)
    results, seen = tmp_path / "results.json", []

    def stop(name: str, bits: Array, call: object) -> tuple[float, int]:
        seen.append(int(bits[0]))
        if len(seen) == 40:
            raise KeyboardInterrupt
        return 0.25, int(bits[0])

    monkeypatch.setattr(exhaustive, "worst_in", stop)
    words = ["exp", "--part", "2/16", "--results", str(results)]
    with pytest.raises(KeyboardInterrupt):
        exhaustive.main(words)
    assert json.loads(results.read_text())["EXP 2/16"]["done"] == 32
    assert exhaustive.main(words) == 0
    assert seen[40] == (64 + 32) << 10
    assert len(seen) == 40 + 32
    assert "EXP      0.250000 ulp" in capsys.readouterr().out
