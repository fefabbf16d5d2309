"""`hologram build`: compiles what changed and nothing else, reports everything, survives failures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.sources_text import ONE, SOURCE, WRONG

if TYPE_CHECKING:
    from tests.cli.conftest import Command


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory `src` with kernel files at two levels and files that are not kernels."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    source = tmp_path / "src"
    for folder in ("deep", ".hidden", "__pycache__"):
        (source / folder).mkdir(parents=True)
    (source / "pair.py").write_text(SOURCE)
    (source / "deep/one.py").write_text(ONE)
    (source / ".hidden/one.py").write_text(ONE)
    (source / "plain.py").write_text("def f(x: int) -> int:\n    return x\n")
    (source / "broken.py").write_text("def (:\n")
    (source / "script.py").write_text("from hologram.language import f32\nprint(f32)\n")
    return source


def rows(hologram: Command, *arguments: str) -> dict[str, dict[str, Any]]:
    said = hologram("build", "src", "-j", "1", "--json", *arguments)
    return {row["kernel"] + "@" + row["source"]: row for row in json.loads(said.out)}


def test_finds_kernel_files_and_only_those(tree: Path, hologram: Command) -> None:
    assert sorted(rows(hologram)) == ["scale@deep/one.py", "scale@pair.py", "shift@pair.py"]
    assert (tree / "build/deep/one.atlas").is_file()
    assert (tree / "build/pair.atlas").is_file()


def test_second_build_compiles_nothing(tree: Path, hologram: Command) -> None:
    first, second = rows(hologram), rows(hologram)
    assert not any(row["cached"] for row in first.values())
    assert all(row["cached"] for row in second.values())
    assert {key: row["instructions"] for key, row in first.items()} == {
        key: row["instructions"] for key, row in second.items()
    }


def test_kernels_with_a_circuit_show_its_calls(tree: Path, hologram: Command) -> None:
    (tree / "sums.py").write_text(
        "from hologram.language import DeviceArray, f32, get_global_id, kernel\n"
        "@kernel\ndef shifted(x: DeviceArray[f32], y: DeviceArray[f32]):\n"
        "    i = get_global_id()\n    if i < y.shape[0]:\n        y[i] = x[i] * 2.0 + 1.0\n"
        "@kernel\ndef turned(x: DeviceArray[f32], y: DeviceArray[f32]):\n"
        "    i = get_global_id()\n    if i < y.shape[0]:\n        y[i] = x[y.shape[0] - 1 - i]\n"
    )
    for _ in range(2):
        found = rows(hologram)
        assert found["shifted@sums.py"]["calls"] == [2, 2]
        assert found["turned@sums.py"]["calls"] is None


def test_only_what_changed_is_compiled(tree: Path, hologram: Command) -> None:
    rows(hologram)
    (tree / "pair.py").write_text(SOURCE.replace("factor * x[i]", "factor - x[i]"))
    again = rows(hologram)
    assert [key for key, row in again.items() if not row["cached"]] == ["scale@pair.py", "shift@pair.py"]


@pytest.mark.parametrize("damage", ["delete", "corrupt", "manifest"])
def test_damaged_outputs_are_rebuilt(tree: Path, hologram: Command, damage: str) -> None:
    rows(hologram)
    output = tree / "build/deep/one.atlas"
    good = output.read_bytes()
    if damage == "delete":
        output.unlink()
    elif damage == "corrupt":
        output.write_bytes(good[:-1])
    else:
        (tree / "build/build-manifest.json").write_text('{"records": 3}')
    assert not rows(hologram)["scale@deep/one.py"]["cached"]
    assert output.read_bytes() == good


def test_a_changed_import_is_a_change(tree: Path, hologram: Command) -> None:
    helper = "from hologram.language import device, f32\n\n\n@device\ndef factor(x: f32) -> f32:\n    return x * {}\n"
    (tree / "helper.py").write_text(helper.format("2.0"))
    (tree / "uses.py").write_text(
        "from helper import factor\nfrom hologram.language import DeviceArray, f32, get_global_id, kernel, u32\n\n\n"
        "@kernel\ndef grow(a: DeviceArray[f32], n: u32):\n    i = get_global_id()\n    if i < n:\n"
        "        a[i] = factor(a[i])\n"
    )
    cached = [rows(hologram)["grow@uses.py"]["cached"] for _ in range(2)]
    (tree / "helper.py").write_text(helper.format("3.0"))
    assert [*cached, rows(hologram)["grow@uses.py"]["cached"]] == [False, True, False]


def test_touching_a_file_is_no_change(tree: Path, hologram: Command) -> None:
    rows(hologram)
    (tree / "pair.py").touch()
    assert rows(hologram)["scale@pair.py"]["cached"]


def test_other_targets_are_another_build(tree: Path, hologram: Command) -> None:
    rows(hologram)
    assert not rows(hologram, "--target", "x86-64-v3")["scale@pair.py"]["cached"]


def test_failures_are_shown_and_the_rest_is_built(tree: Path, hologram: Command) -> None:
    (tree / "wrong.py").write_text(WRONG)
    said = hologram("build", "src", "-o", "out", "-j", "1")
    assert said.status == 1
    assert "wrong.py:" in said.err
    assert "^" in said.err
    assert "scale" in said.out
    assert (Path("out") / "pair.atlas").is_file()
    assert not (Path("out") / "wrong.atlas").exists()


def test_parallel_build_gives_the_same_files(tree: Path, hologram: Command) -> None:
    assert hologram("build", "src", "-o", "serial", "-j", "1").status == 0
    assert hologram("build", "src", "-o", "parallel", "-j", "2").status == 0
    for name in ("pair.atlas", "deep/one.atlas"):
        assert Path("serial", name).read_bytes() == Path("parallel", name).read_bytes()


def test_nothing_to_build(tmp_path: Path, hologram: Command) -> None:
    said = hologram("build", str(tmp_path))
    assert said.status == 1
    assert "no kernel file under" in said.err
    assert "is not a directory" in hologram("build", str(tmp_path / "absent")).err
