"""Programs in files: saved, loaded, called, shown; nothing untrusted runs native code from the file."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import hologram
from hologram import Program, load_library
from hologram.errors import KernelFileError, KernelNotFoundError, ProgramFormatError, UnsupportedError
from hologram.isa import program as isa
from hologram.isa.binary import Entry, TargetSection, encode
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32


@kernel(block=64)
def scale(by: f32, x: DeviceArray[f32], n: u32):
    """x = by · x."""
    i = get_global_id()
    if i < n:
        x[i] = by * x[i]


@kernel
def shift(x: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        x[i] = x[i] + 1.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "scale.atlas"
    scale.save(path)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.atlas"
    path.write_bytes(encode([scale.program, shift.program]))
    return path


def code(text: str) -> list[str]:
    """The lines without the places they come from, whose folders a file does not keep."""
    return [line for line in text.splitlines() if not line.startswith(".loc")]


def test_a_loaded_program_behaves_like_its_kernel(file: Path) -> None:
    loaded = Program.load(file)
    assert isinstance(loaded, isa.Program)
    assert loaded == scale.program
    x = np.ones(4, np.float32)
    loaded(2.0, x, 4)
    loaded(2.0, x, n=4)
    launch = loaded.bind(2.0, x, 4)
    launch()
    assert (x == 8).all()
    assert code(loaded.disassemble()) == code(scale.disassemble())
    assert loaded.inspect("tree") == scale.inspect("tree")
    assert loaded.kernel.__doc__ == "x = by · x."
    assert loaded.kernel.name == "scale"
    assert loaded.launch_config(2.0, x, 4).block == (64, 1, 1)
    assert repr(loaded.kernel) == "<kernel scale(by, x, n)>"


def test_the_same_program_gives_the_same_bytes(file: Path, tmp_path: Path) -> None:
    Program.load(file).save(tmp_path / "again.atlas")
    assert (tmp_path / "again.atlas").read_bytes() == file.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["again.atlas", "scale.atlas"]


def test_libraries_are_mappings(library: Path) -> None:
    found = load_library(library)
    assert list(found) == ["scale", "shift"]
    x = np.ones(2, np.float32)
    found["shift"](x, 2)
    found.scale(3.0, x, 2)
    assert x.tolist() == [6, 6]
    with pytest.raises(KernelNotFoundError, match=r"no 'other'.*scale, shift"):
        found["other"]
    with pytest.raises(AttributeError, match="no 'other'"):
        _ = found.other


def test_names_choose_among_several(library: Path) -> None:
    assert Program.load(library, "shift").name == "shift"
    with pytest.raises(KernelNotFoundError, match="name one of scale, shift"):
        Program.load(library)


def test_files_that_are_not_there_or_not_programs(tmp_path: Path, file: Path) -> None:
    with pytest.raises(KernelFileError, match=r"none\.atlas"):
        Program.load(tmp_path / "none.atlas")
    with pytest.raises(OSError):
        scale.save(tmp_path / "no" / "such" / "folder.atlas")
    damaged = bytearray(file.read_bytes())
    damaged[40] ^= 1
    file.write_bytes(damaged)
    with pytest.raises(ProgramFormatError):
        Program.load(file)


def test_native_sections_need_trust(tmp_path: Path) -> None:
    targets = [TargetSection(f"cpu:{name}", b"no object at all") for name in ("x86-64-v3", "aarch64")]
    path = tmp_path / "hostile.atlas"
    path.write_bytes(encode([Entry(shift.program, tuple(targets))]))
    loaded = Program.load(path)
    assert loaded.kernel.launcher.sections == ()
    x = np.zeros(2, np.float32)
    loaded(x, 2)
    assert x.tolist() == [1, 1]
    assert Program.load(path, trust=True).kernel.launcher.sections == tuple(targets)


@pytest.mark.parametrize("block", ["x", "1,2,3,4", "-3", "9" * 20])
def test_a_hostile_block_is_refused(block: str) -> None:
    program = Program.of(shift.program, metadata={"block": block})
    with pytest.raises(ProgramFormatError):
        program.launch_config(np.zeros(2, np.float32), 2)


def test_a_program_without_tree_says_so() -> None:
    with pytest.raises(UnsupportedError, match="no tree"):
        Program.of(Program.of(shift.program)).inspect("tree")


def test_programs_pickle(file: Path) -> None:
    again = pickle.loads(pickle.dumps(scale.program))
    assert again == scale.program
    assert again.inspect("tree") == scale.inspect("tree")
    assert again.trusted
    assert not pickle.loads(pickle.dumps(Program.load(file))).trusted


def test_public_names_exist() -> None:
    assert all(getattr(hologram, name) is not None for name in hologram.__all__)
    assert set(hologram.__all__) <= set(dir(hologram))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = hologram.nothing
