"""Hostile command lines: files that are missing, empty, noise, folders or endless, arrays that lie, odd options."""

from __future__ import annotations

import atexit
import io
import os
import random
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np

from hologram.errors import HologramError

KERNEL = """\
from hologram.language import *


@kernel
def scale(x: DeviceArray[f32], y: DeviceArray[f32], n: u32, f: f32 = 2.0):
    i = get_global_id()
    if i < n:
        y[i] = f * x[i]
"""
SUFFIXES = (".py", ".json", ".atlasm", ".atlas")
Command = tuple[str, ...]
READERS: list[Command] = [
    ("check",),
    ("check", "--json"),
    ("disasm",),
    ("inspect", "--form", "tree"),
    ("inspect", "--form", "llvm"),
    ("compile", "-o", "out.any"),
    ("compile", "--emit", "object", "-o", "out.o"),
    ("assemble", "-o", "out.atlas"),
    ("kernels",),
    ("run", "--in", "x=good.npy", "--in", "n=4", "--out", "y=y.npy"),
    ("run", "--checked", "--in", "x=good.npy", "--in", "n=4", "--out", "y=y.npy"),
    ("atlas-compile",),
]


def place(folder: Path) -> None:
    """Make all files that the command lines name."""
    rng = random.Random(0)
    from hologram.cli.app import run_app

    (folder / "good.py").write_text(KERNEL)
    with redirect_stdout(io.StringIO()):
        for suffix, form in ((".json", "json"), (".atlasm", "atlasm"), (".atlas", "atlas")):
            assert run_app(["compile", "good.py", "--emit", form, "-o", f"good{suffix}"]) == 0
    for suffix in (*SUFFIXES, ".npy", ".npz", ".png", ".txt"):
        (folder / f"empty{suffix}").write_bytes(b"")
        (folder / f"noise{suffix}").write_bytes(rng.randbytes(5_000))
        (folder / f"folder{suffix}").mkdir()
        (folder / f"loop{suffix}").symlink_to(f"loop{suffix}")
        (folder / f"endless{suffix}").symlink_to("/dev/zero")
    for suffix in SUFFIXES:
        data = (folder / f"good{suffix}").read_bytes()
        (folder / f"half{suffix}").write_bytes(data[: len(data) // 2])
        (folder / f"twice{suffix}").write_bytes(data * 2)
    _arrays(folder)
    (folder / "deep.json").write_text('[{"a":' * 200_000)
    (folder / "huge.json").write_text('{"version":"1.1","kernel":[' + "1," * 4_000_000 + "1]}")
    for name in ("tree", "deep", "dots"):
        (folder / name).mkdir()
    (folder / "tree" / "a.py").write_bytes(b"import hologram.language\x00" + rng.randbytes(100))
    (folder / "tree" / "b.py").symlink_to("/dev/zero")
    (folder / "tree" / "c.atlasm").write_bytes(rng.randbytes(100))
    (folder / "tree" / "e.py").mkdir()
    head = "from hologram.language import *\n"
    (folder / "deep" / "a.py").write_text(f"{head}def k(a: DeviceArray[f32] = {'-' * 900}1): pass\n")
    (folder / "deep" / "b.py").write_text(f"{head}def k(a: {'DeviceArray[' * 90}f32{']' * 90}): pass\n")
    (folder / "dots" / "a.py").write_text(f"{head}x{'.a' * 100_000}\n")


def _npy(header: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def _arrays(folder: Path) -> None:
    x = np.arange(4, dtype=np.float32)
    np.save(folder / "good.npy", x)
    np.savez(folder / "two.npz", a=x, b=x)
    np.save(folder / "objects.npy", np.array([{}, []], object), allow_pickle=True)
    np.save(folder / "doubles.npy", x.astype(np.float64))
    np.save(folder / "matrix.npy", np.zeros((2, 2), np.float32))
    np.save(folder / "point.npy", np.float32(1))
    np.save(folder / "swapped.npy", x.astype(">f4"))
    np.save(folder / "nothing.npy", x[:0])
    whole = (folder / "good.npy").read_bytes()
    (folder / "half.npy").write_bytes(whole[:-6])
    headers = {
        "vast": b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }",
        "vaster": b"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 1000), }",
        "wide": b"{'descr': '<f4', 'fortran_order': False, 'shape': (200000000000,), }",
        "negative": b"{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }",
        "words": b"{'descr': '<f4', 'fortran_order': False, 'shape': ('a',), }",
        "nested": b"{'descr': '<f4', 'fortran_order': False, 'shape': " + b"(" * 5_000 + b")" * 5_000 + b"}",
        "signs": b"{'descr': '<f4', 'fortran_order': False, 'shape': " + b"-" * 5_000 + b"1}",
        "kind": b"{'descr': 'zz', 'fortran_order': False, 'shape': (4,), }",
        "fields": b"{'descr': [('a', 3)], 'fortran_order': False, 'shape': (4,), }",
        "tuple": b"{'descr': ('a', (1, 2, 3)), 'fortran_order': False, 'shape': (4,), }",
        "object": b"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }",
        "long": b"{'descr': '<f4', 'fortran_order': False, 'shape': (4L, }",
        "open": b"{'descr': '''<f4",
        "nul": b"\0" * 50,
        "list": b"[1]",
        "none": b"",
    }
    for name, header in headers.items():
        (folder / f"{name}.npy").write_bytes(_npy(header, b"\0" * 16))
        with zipfile.ZipFile(folder / f"{name}.npz", "w") as archive:
            archive.writestr("x.npy", _npy(header, b"\0" * 16))
    _archives(folder, whole)


def _archives(folder: Path, whole: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", whole * 50)
    data = packed.getvalue()
    (folder / "half.npz").write_bytes(data[: len(data) // 2])
    for name, at, value in (("method", 8, 99), ("flag", 6, 1), ("body", 40, 255), ("name", 30, 200)):
        damaged = bytearray(data)
        damaged[at] = value
        directory = data.rindex(b"PK\x01\x02")
        if name in ("method", "flag"):
            damaged[directory + at + 2] = value
        (folder / f"{name}.npz").write_bytes(bytes(damaged))
    with zipfile.ZipFile(folder / "text.npz", "w") as archive:
        archive.writestr("x.npy", b"no array")
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as member,
    ):
        count = 1 << 28
        member.write(_npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (%d,), }" % count))
        for _ in range(64):
            member.write(b"\0" * (1 << 20))
    for name, size, check in (("vast", 2_000_000_000, 0), ("small", 1, 0), ("wide", 1, 1)):
        head = b"IHDR" + struct.pack(">II5B", size, size, 8, 2, 0, 0, 0)
        checked = struct.pack(">I", zlib.crc32(head) ^ check)
        (folder / f"{name}.png").write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d") + head + checked)


RUN = ("run", "good.py", "--in", "n=4", "--in", "x=good.npy", "--out", "y=y.npy")
ODD: list[Command] = [
    (),
    ("nonsense",),
    ("check",),
    ("check", ""),
    ("check", "."),
    ("check", "/"),
    ("check", "good.py:"),
    ("check", "x" * 300 + ".py"),
    ("check", "\udcff.py"),
    ("check", "a\nb.py"),
    ("check", *["good.py"] * 50),
    ("disasm", "good.py:nothing"),
    ("disasm", "good.py:scale:scale"),
    ("disasm", ":scale"),
    ("inspect", "good.py", "--form", "x" * 10_000),
    ("compile", "good.py", "--emit", "x" * 10_000),
    ("compile", "good.py", "--emit", "json", "--target", "\udcff"),
    ("compile", "good.py", "--target", "host"),
    ("compile", "good.py", "-o", "\udcff"),
    ("atlas-compile", "-o", "\udcff", "good.py"),
    ("compile", "good.py", "-o", "folder.atlas"),
    ("compile", "good.py", "-o", "good.py/inside.atlas"),
    ("compile", "good.py", "-o", "/proc/nothing.atlas"),
    ("compile", "good.py", "-o", "y" * 300),
    ("compile", "good.atlas", "--emit", "json", "-o", "again.json"),
    ("assemble", "good.py"),
    ("build", "missing"),
    ("build", "good.py"),
    ("build", "tree", "-o", "built", "-j", "1"),
    ("build", "deep", "-o", "built2", "-j", "1"),
    ("build", "dots", "-o", "built3", "-j", "1"),
    ("build", "tree", "-o", "good.py"),
    ("build", "tree", "-j", "-1"),
    ("build", "folder.py"),
    ("kernels", "deep.json"),
    ("check", "deep.json"),
    ("check", "huge.json"),
    ("schema", "more"),
    ("info", "--nonsense"),
    RUN[:-2],
    (*RUN, "--out", "y"),
    (*RUN, "--out", "=y.npy"),
    (*RUN, "--out", "z=y.npy"),
    (*RUN, "--out", "x=y.npy"),
    (*RUN, "--out", "y=y.txt"),
    (*RUN, "--out", "y=folder.npy"),
    (*RUN, "--out", "y=good.py/y.npy"),
    (*RUN, "--out", "y=y.npy:f32:99999999999999999999"),
    (*RUN, "--out", "y=y.npy:f32:4611686018427387904"),
    (*RUN, "--out", "y=y.npy:f32:900000000000"),
    (*RUN, "--out", "y=y.npy:f32:" + "9" * 5_000),
    (*RUN, "--out", "y=y.npy:f32:" + "x".join(["1"] * 100)),
    (*RUN, "--out", "y=y.npy:f32:x"),
    (*RUN, "--out", "y=y.npy:f99:4"),
    (*RUN, "--in", "n=" + "9" * 5_000),
    (*RUN, "--in", "n=-1"),
    (*RUN, "--in", "n=1e3"),
    (*RUN, "--in", "n=4294967296"),
    (*RUN, "--in", "n=4294967295"),
    (*RUN, "--in", "f=1e999"),
    (*RUN, "--in", "f=nan"),
    (*RUN, "--in", "f=good.npy"),
    (*RUN, "--in", "x=1"),
    (*RUN, "--grid", "9" * 5_000),
    (*RUN, "--grid", "٣"),
    (*RUN, "--grid", "0"),
    (*RUN, "--grid", "4294967295x4294967295x4294967295", "--block", "1"),
    (*RUN, "--block", "99999"),
    (*RUN, "--block", "x"),
    (*RUN, "--backend", "nonsense"),
    (*RUN, "--max-steps", "-1"),
    (*RUN, "--checked", "--max-steps", "0"),
    (*RUN, "--checked", "--max-steps", "9" * 30),
    (*RUN, "--nan"),
]


def commands(count: int) -> Iterator[tuple[str, Command]]:
    """So many of every reader with every kind of file, all arrays that lie, all odd lines, in files made anew."""
    enter()
    every = [(reader[0], f"{kind}{suffix}", *reader[1:]) for reader in READERS for kind in KINDS for suffix in SUFFIXES]
    for arguments in random.Random(count).sample(every, min(count, len(every))):
        yield " ".join(arguments), arguments
    for suffix in (".npy", ".npz", ".png"):
        for stem in ARRAYS:
            given = f"x={stem}{suffix}" if stem != "two" else "x=two.npz:c"
            yield given, ("run", "good.py", "--in", "n=4", "--in", given, "--out", "y=y.npy:f32:4")
    for arguments in ODD:
        yield " ".join(arguments)[:100], arguments


KINDS = ("missing", "empty", "noise", "folder", "loop", "endless", "half", "twice")
ARRAYS = (
    "missing", "empty", "noise", "folder", "loop", "endless", "half", "two", "objects", "doubles", "matrix", "point",
    "swapped", "nothing", "vast", "vaster", "wide", "negative", "words", "nested", "signs", "kind", "fields", "tuple",
    "object", "long", "open", "nul", "list", "none", "method", "flag", "body", "name", "text", "bomb", "small",
)  # fmt: skip


def random_commands(count: int) -> Iterator[tuple[str, Command]]:
    """Words of the other lines in any order."""
    enter()
    words = sorted({word for arguments in (*ODD, *READERS) for word in arguments if len(word) < 100} - {"/", ".", "-j"})
    for number in range(count):
        rng = random.Random(5_000_000 + number)
        arguments = (rng.choice(READERS)[0], *(rng.choice(words) for _ in range(rng.randint(1, 5))))
        yield f"seed {number}: {' '.join(arguments)}", arguments


def enter() -> None:
    """Make the files in a folder of their own, and go there."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    os.chdir(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place(folder)


class Refused(HologramError):
    """A command ended with a status of its own; the text is what it said."""


def execute(arguments: Command) -> None:
    """Run a command line as a user would; raises `Refused` for status 1 and 2, and what else comes out as it is."""
    from hologram.cli.app import run_app
    from hologram.cli.atlas_compile import main

    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace", write_through=True)
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict", write_through=True)
    with redirect_stdout(printed), redirect_stderr(said):
        try:
            status = main(arguments[1:]) if arguments[:1] == ("atlas-compile",) else run_app(arguments)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
    text = said.buffer.getvalue().decode()  # type: ignore[attr-defined]
    assert "Traceback" not in text, text
    assert status in (0, 1, 2), status
    if status:
        assert text or printed.buffer.getvalue(), "a refusal says why"  # type: ignore[attr-defined]
        raise Refused(text)
