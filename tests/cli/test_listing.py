"""The commands that only show something: inspect, disasm, kernels, info."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hologram.isa.text import assemble

if TYPE_CHECKING:
    from tests.cli.conftest import Command


@pytest.mark.parametrize(
    ("form", "holds"),
    [("tree", '"scale"'), ("atlasm", "mul.f32"), ("optimised", "; was "), ("llvm", "define"), ("asm", "ret")],
)
def test_inspect_forms(kernels: Path, hologram: Command, form: str, holds: str) -> None:
    said = hologram("inspect", "one.py", "--form", form)
    assert said.status == 0
    assert holds in said.out


def test_inspect_refuses_other_forms(kernels: Path, hologram: Command) -> None:
    assert "choose one of tree, atlasm, optimised, llvm, asm" in hologram("inspect", "one.py", "--form", "ptx").err


def test_tree_of_a_program_without_source(kernels: Path, hologram: Command) -> None:
    hologram("compile", "one.py", "--emit", "atlasm")
    assert "carries no tree" in hologram("inspect", "one.atlasm", "--form", "tree").err


def test_disassembly_assembles_again(kernels: Path, hologram: Command) -> None:
    said = hologram("disasm", "pair.py:shift")
    assert assemble(said.out).name == "shift"


def test_disassembly_of_an_optimised_program_assembles_and_says_what_changed(kernels: Path, hologram: Command) -> None:
    plain = assemble(hologram("disasm", "pair.py:shift").out)
    said = hologram("disasm", "--optimised", "pair.py:shift")
    left = assemble(said.out)
    assert f"; {len(plain.instructions)} instructions, {len(left.instructions)} optimised\n" in said.out
    assert (left.name, left.params) == (plain.name, plain.params)
    hologram("compile", "one.py", "--emit", "optimised")
    assert assemble(Path("one.optimised.atlasm").read_text()).name == "scale"


def test_kernels_of_a_file(kernels: Path, hologram: Command) -> None:
    said = hologram("kernels", "pair.py", "--json")
    assert [row["kernel"] for row in json.loads(said.out)] == ["scale", "shift"]
    table = hologram("kernels", "pair.py").out
    assert "x: DeviceArray[f32], y: DeviceArray[f32], factor: f32, n: u32" in table


def test_kernels_of_the_standard_library(hologram: Command) -> None:
    names = {row["kernel"] for row in json.loads(hologram("kernels", "--json").out)}
    assert {"vector_add", "gemm_f32", "relu"} <= names


def test_info(hologram: Command) -> None:
    facts = json.loads(hologram("info", "--json").out)
    assert facts["backends"]["cpu"] == facts["backends"]["interpreter"] == "available"
    assert facts["threads"]["number"] >= 1
    assert facts["threads"]["reason"]
    assert facts["launch_path"]["native"] == (facts["launch_path"]["reason"] == "")
    assert facts["target"]["cpu"] in hologram("info").out


def test_schema_is_the_published_one(hologram: Command) -> None:
    from hologram.frontend import published

    assert hologram("schema").out == published.text()
