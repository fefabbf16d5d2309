"""`hologram circuit`: every part it shows, the picture, running on the boundary pool, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hologram import GraphProgram
from hologram.cli.circuit_report import SECTIONS

if TYPE_CHECKING:
    from tests.cli.conftest import Command

TEXT = "R+1@ (merge:mul@c00[c01,c02]) . mark@c21 . mark@c21 . copy@c05->c06"


def test_all_parts_are_shown(kernels: Path, hologram: Command) -> None:
    said = hologram("circuit", TEXT)
    assert said.status == 0, said.err
    for part in (
        "merge:mul@c00[c01,c02]",  # the tree, as written
        "0x40",  # the byte of a class
        "40 6A 6A 4A",  # the bytes
        "→ρ[1]",  # a word
        "merge:mul@c24[c25,c26]",  # a call
        "marks cancel in pairs",
        ".program circuit",
        "4 → 2  (-50.0 %)",
    ):
        assert part in said.out


def test_only_the_parts_asked_for(kernels: Path, hologram: Command) -> None:
    said = hologram("circuit", TEXT, "--show", "bytes", "--show", "costs")
    assert "40 6A 6A 4A" in said.out
    assert "ISA instructions" in said.out
    assert ".program" not in said.out
    assert hologram("circuit", TEXT, "--show", "smell").status == 1


def test_json_has_every_part(kernels: Path, hologram: Command) -> None:
    facts = json.loads(hologram("circuit", TEXT, "--json").out)
    assert tuple(facts) == SECTIONS
    assert facts["costs"]["calls"] == [4, 2]
    assert facts["bytes"]["bytes"] == [0x40, 0x6A, 0x6A, 0x4A]
    assert facts["calls"][1] == {"number": 2, "written": "mark@c45", "optimized": "copy@c29->c30"}


def test_words_without_operands_are_shown_and_not_run(kernels: Path, hologram: Command) -> None:
    said = hologram("circuit", "copy@c05 . mark@c21 . copy@c05 . mark@c21")
    assert said.status == 0
    assert "75.0 %" in said.out
    assert "but no calls" in said.out
    said = hologram("circuit", "copy@c05 . mark@c21", "--run")
    assert said.status == 1
    assert "write copy@c05->c06" in said.err


def test_long_parts_are_cut_unless_asked_for(kernels: Path, hologram: Command) -> None:
    text = " . ".join(f"merge@c00[c{k:02},c{k + 1:02}]" for k in range(1, 81))
    assert "40 more: --show calls" in hologram("circuit", text).out
    assert "merge@c00[c80,c81]" in hologram("circuit", text, "--show", "calls").out


def test_the_picture(kernels: Path, hologram: Command) -> None:
    said = hologram("circuit", TEXT, "--svg", "circuit.svg", "--show", "costs")
    assert said.status == 0, said.err
    picture = (kernels / "circuit.svg").read_text("utf-8")
    assert "as written: 4 calls" in picture
    assert "optimised: 2 calls" in picture


@pytest.mark.parametrize("backend", ["cpu", "interpreter"])
def test_running_on_the_boundary_pool(kernels: Path, hologram: Command, backend: str) -> None:
    x = np.linspace(-1, 1, 100, dtype=np.float32)
    np.save("x.npy", x)
    said = hologram(
        *("circuit", "merge:mul@c05[c06,c07] . reduce:sum@c07->c08", "--run", "--backend", backend, "--show", "costs"),
        *("--in", "c05=x.npy", "--in", "c06=2", "--out", "c07=y.npy:f32:10x10", "--out", "c08=total.npy:f32:1"),
    )
    assert said.status == 0, said.err
    assert np.array_equal(np.load("y.npy"), (2 * x).reshape(10, 10))
    assert np.load("total.npy")[0] == pytest.approx((2 * x).sum(), abs=1e-5)
    assert "y.npy" in said.out


def test_circuit_text_compiles_to_one_program_file(kernels: Path, hologram: Command) -> None:
    (kernels / "double.sigil").write_text("merge@c00[c00,c01] . reduce:sum@c01->c02 . softmax@c01->c03", "utf-8")
    said = hologram("compile", "double.sigil")
    assert said.out == "Compiled double -> double.atlas\n", said.err
    program = GraphProgram.load("double.atlas", trust=True)
    classes = {f"c0{k}": np.full(3072, k == 0, np.float32) for k in range(4)}
    program(**classes)
    assert classes["c02"][0] == 2 * 3072
    assert np.allclose(classes["c03"], 1 / 3072)


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        ("mark@c00 .", (), "wrong.sigil:1:11: error: expected a generator"),
        ("mark@c00 . mark@c00", (), "does nothing"),
        ("mark@c00", ("--target", "x86-64-v3"), "leave --target out"),
        ("mark@c00", ("--emit", "json"), "carries no tree"),
    ],
)
def test_circuit_files_that_are_refused(
    kernels: Path, hologram: Command, text: str, arguments: tuple[str, ...], message: str
) -> None:
    (kernels / "wrong.sigil").write_text(text, "utf-8")
    said = hologram("compile", "wrong.sigil", *arguments)
    assert said.status == 1
    assert message in said.err


def test_what_ran_as_json(kernels: Path, hologram: Command) -> None:
    facts = json.loads(
        hologram("circuit", "merge@c01[#3,c02]", "--dtype", "i32", "--run", "--in", "c02=9", "--json").out
    )
    assert facts["ran"] == [{"class": "c02", "value": "[3, 3, 3, 3, 3, 3]", "output": ""}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("merge@c99[c1,c2]",), "class 99 is out of range"),
        (("mark@c0 || mark@c0",), "which branch 1 writes"),
        (("mark@c0", "--dtype", "f99"), "is no element type"),
        (("mark@c0", "--live", "c96"), "name a class, c00 to c95"),
        (("mark@c0", "--in", "c0=1"), "go with --run"),
        (("mark@c0", "--run", "--in", "x=1"), "name a class"),
        (("mark@c0", "--run", "--in", "c00"), "write --in NAME=VALUE"),
        (("mark@c0", "--run", "--in", "c00=gone.npy"), "cannot read gone.npy"),
        (("mark@c0", "--run", "--in", "c00=wide.npy"), "a class of float32 has 3072"),
        (("mark@c0", "--run", "--in", "c00=f64.npy"), "holds float64"),
        (("mark@c0", "--run", "--dtype", "i32", "--in", "c00=99999999999"), "does not fit"),
        (("mark@c0", "--run", "--dtype", "u8", "--in", "c00=-1"), "does not fit"),
        (("mark@c0", "--run", "--out", "c00=x.txt"), "write PATH"),
        (("mark@c0", "--run", "--out", "c00=x.npy:f64"), "the classes are float32"),
        (("mark@c0", "--run", "--out", "c00=x.npy:f32:99x99"), "not 9801"),
        (("mark@c0", "--svg", "nowhere/x.svg"), "cannot write"),
    ],
)
def test_refusals(kernels: Path, hologram: Command, arguments: tuple[str, ...], message: str) -> None:
    np.save("wide.npy", np.zeros(4000, np.float32))
    np.save("f64.npy", np.zeros(4))
    said = hologram("circuit", *arguments)
    assert said.status == 1
    assert message in said.err
    assert "Traceback" not in said.err
