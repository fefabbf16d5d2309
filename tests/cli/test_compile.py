"""`hologram compile` and `assemble`: every form is written, and nothing is written when anything is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hologram.isa.binary import decode

if TYPE_CHECKING:
    from tests.cli.conftest import Command


def test_program_file_holds_every_kernel_and_its_tree(kernels: Path, hologram: Command) -> None:
    said = hologram("compile", "pair.py")
    assert (said.status, said.out) == (0, "Compiled 2 kernels -> pair.atlas\n")
    programs = [entry.program for entry in decode((kernels / "pair.atlas").read_bytes())]
    assert [program.name for program in programs] == ["scale", "shift"]
    assert all("tree" in program.metadata for program in programs)


def test_source_is_never_executed(kernels: Path, hologram: Command) -> None:
    assert hologram("compile", "pair.py", "-o", "a.atlas").status == 0
    assert hologram("check", "pair.py").status == 0
    assert hologram("build", ".", "-j", "1").status == 1  # wrong.py is refused, the others are built
    assert not (kernels / "executed").exists()


@pytest.mark.parametrize("road", [("json",), ("atlasm",), ("json", "atlasm"), ("atlas", "json"), ("atlas", "atlasm")])
def test_all_roads_give_the_same_program(kernels: Path, hologram: Command, road: tuple[str, ...]) -> None:
    source = "one.py"
    for step, form in enumerate(road):
        target = f"step{step}.{form}"
        assert hologram("compile", source, "--emit", form, "-o", target).status == 0
        source = target
    assert hologram("compile", source, "-o", "there.atlas").status == 0
    assert hologram("compile", "one.py", "-o", "direct.atlas").status == 0
    there, direct = (decode((kernels / name).read_bytes())[0].program for name in ("there.atlas", "direct.atlas"))
    assert there.digest == direct.digest


def test_assemble_reads_text_only(kernels: Path, hologram: Command) -> None:
    hologram("compile", "one.py", "--emit", "atlasm")
    assert hologram("assemble", "one.atlasm", "-o", "again.atlas").status == 0
    said = hologram("assemble", "one.py")
    assert said.status == 1
    assert "use: hologram compile one.py" in said.err


def test_json_goes_to_stdout(kernels: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from hologram.cli import main

    assert main(["compile", "one.py", "--emit", "json", "-o", "-"]) == 0
    assert json.loads(capfdbinary.readouterr().out)


@pytest.mark.parametrize(
    ("form", "holds"), [("llvm", b"define"), ("asm", b"ret"), ("object", b"ELF"), ("header", b"_arguments;")]
)
def test_native_forms(kernels: Path, hologram: Command, form: str, holds: bytes) -> None:
    assert hologram("compile", "one.py", "--emit", form, "-o", "native").status == 0
    assert holds in (kernels / "native").read_bytes()


def test_targets_become_sections(kernels: Path, hologram: Command) -> None:
    said = hologram("compile", "one.py", "--target", "x86-64-v3", "--target", "aarch64")
    assert said.status == 0
    (entry,) = decode((kernels / "one.atlas").read_bytes())
    assert [section.target for section in entry.sections] == ["cpu:x86-64-v3", "cpu:aarch64"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("wrong.py",), "wrong.py:"),
        (("absent.py",), "cannot read absent.py"),
        (("pair.py:absent",), "has no kernel 'absent'; it has scale, shift"),
        (("pair.py", "--emit", "atlasm"), "name it as FILE:KERNEL"),
        (("one.py", "--emit", "elf"), "unknown form 'elf': choose one of atlas, json"),
        (("one.py", "--target", "z80"), "unknown target 'z80'"),
        (("one.py", "--target", "host"), "for other machines too"),
        (("one.py", "--emit", "asm", "--target", "aarch64"), "leave --target out"),
        (("one.py", "--emit", "header", "--target", "aarch64"), "the same for every target"),
        (("notes.txt",), "unknown kind of file '.txt'"),
    ],
)
def test_refusals_write_nothing(kernels: Path, hologram: Command, arguments: tuple[str, ...], message: str) -> None:
    before = sorted(kernels.iterdir())
    said = hologram("compile", *arguments)
    assert said.status == 1
    assert message in said.err
    assert "Traceback" not in said.err
    assert sorted(kernels.iterdir()) == before


def test_misuse_is_status_2(kernels: Path, hologram: Command) -> None:
    assert hologram("compile").status == 2
    assert hologram("no-such-command").status == 2


def test_debugging_raises(kernels: Path, hologram: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from hologram.errors import KernelSyntaxError

    monkeypatch.setenv("HOLOGRAM_DEBUG", "1")
    with pytest.raises(KernelSyntaxError):
        hologram("compile", "wrong.py")
