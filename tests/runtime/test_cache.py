"""The store on disk: what it gives back is exactly what was put, or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from hologram.backends.base import Domain
from hologram.backends.cpu import CpuBackend
from hologram.isa.program import Program
from hologram.runtime.cache import VARIABLE, DiskStore, default_directory, pack, unpack


@pytest.fixture
def store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "objects")


def test_round_trip(store: DiskStore) -> None:
    assert store.get("key") is None
    store.put("key", b"data")
    store.put("empty", b"")
    assert (store.get("key"), store.get("empty"), DiskStore(store.directory).get("key")) == (b"data", b"", b"data")
    store.put("key", b"other")
    assert store.get("key") == b"other"


def test_every_flipped_byte_and_every_cut_is_noticed() -> None:
    whole = pack("key", b"the object")
    assert unpack("key", whole) == b"the object"
    assert unpack("other key", whole) is None
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        assert unpack("key", bytes(damaged)) is None, position
        assert unpack("key", whole[:position]) is None, position
    assert unpack("key", whole + b"\0") is None


def test_an_entry_under_another_key_is_foreign(store: DiskStore) -> None:
    store.put("one", b"1")
    os.replace(store.path("one"), store.path("two"))
    assert store.get("two") is None


def test_damaged_objects_are_compiled_anew(store: DiskStore, program: Callable[[str], Program]) -> None:
    saxpy = program("saxpy")

    def run() -> int:
        made = CpuBackend(store).compile(saxpy)
        x, y = np.ones(8, np.float32), np.zeros(8, np.float32)
        made.launch((2.0, x, y, 8), Domain((8, 1, 1), (1, 1, 1), (256, 1, 1)))
        assert (y == 2).all()
        return made.compiled

    assert run() == 1
    assert run() == 0
    (entry,) = store.directory.iterdir()
    whole = entry.read_bytes()
    for damaged in (b"", whole[:50], whole[:-1], whole[:200] + b"\xff" + whole[201:], b"\0" * len(whole)):
        entry.write_bytes(damaged)
        assert run() == 1
        assert entry.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="POSIX modes")
@pytest.mark.parametrize("mode", [0o755, 0o770, 0o707])
def test_directory_open_to_others_is_not_used(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    store = DiskStore(tmp_path)
    with pytest.warns(UserWarning, match="0700"):
        store.put("key", b"data")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.get("key") is None
    assert not list(tmp_path.iterdir())


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="cannot be made"):
        assert DiskStore(tmp_path / "file" / "objects").get("key") is None


def test_new_directory_is_private(store: DiskStore) -> None:
    store.put("key", b"data")
    assert store.directory.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in store.directory.iterdir()] == [store.path("key").name]


def test_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert default_directory() == tmp_path / "objects"
    monkeypatch.delenv(VARIABLE)
    assert "hologram" in str(default_directory())


def test_many_writers_never_show_half_an_entry(store: DiskStore) -> None:
    values = [bytes([i]) * 50_000 for i in range(8)]
    store.put("key", values[0])

    def work(i: int) -> bool:
        store.put("key", values[i % 8])
        return store.get("key") in values

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(work, range(200)))


def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\n"
        "from hologram.language import kernel, DeviceArray, f32, get_global_id, u32\n"
        "from hologram import default_executor\n"
        "@kernel\n"
        "def twice(x: DeviceArray[f32], n: u32):\n"
        "    i = get_global_id()\n"
        "    if i < n:\n"
        "        x[i] = x[i] * 2.0\n"
        "x = np.ones(4, np.float32)\n"
        "twice(x, 4)\n"
        "assert (x == 2).all()\n"
        "print(default_executor().compile(twice.program).compiled)\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, script],
            env={**os.environ, VARIABLE: str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert runs == ["1", "0"]
