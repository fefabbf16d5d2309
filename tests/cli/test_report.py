"""Tables and JSON show the same rows."""

from __future__ import annotations

import json

import pytest

from hologram.cli.report import Column, duration, show

ROWS = [{"name": "add[f32]", "seconds": 0.0123}]
COLUMNS = (Column("name", "kernel"), Column("seconds", "time", duration, right=True))


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.0, "2 s"), (0.0123, "12.3 ms"), (4.56e-5, "45.6 µs"), (1.66e-8, "16.6 ns"), (0.0, "0 ns")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_table_keeps_brackets(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", COLUMNS, ROWS, as_json=False)
    said = capsys.readouterr().out
    assert "add[f32]" in said
    assert "12.3 ms" in said


def test_json_keeps_raw_values(capsys: pytest.CaptureFixture[str]) -> None:
    show("title", COLUMNS, ROWS, as_json=True)
    assert json.loads(capsys.readouterr().out) == ROWS
