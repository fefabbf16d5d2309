"""Damaged inputs, numbered by their seeds: bytes, words and values deleted, doubled, exchanged or replaced."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from hologram.frontend import compile_source, schema
from hologram.isa.binary import encode
from hologram.isa.text import disassemble

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src/hologram/stdlib").glob("[amv]*.py")) + sorted((ROOT / "tests/filetests").rglob("*.py"))
CHECKSUM = 32
TOKENS = [
    "(", ")", "[", "]", ":", ",", "\n", "\n    ", " ", "if", "else", "for", "in", "range", "while", "return", "def",
    "@", "kernel", "0", "-1", "1e999", "9" * 40, "x", "n", "f32", "u64", "DeviceArray", "lambda", "**", "//", "=", "==",
    "not", "\x00", "\ud800", "é", "'", '"', "#", "\\", "\t", "shared", "barrier()", "print", "assert", "import",
    "*", "...",
]  # fmt: skip


@cache
def kernels() -> tuple[str, ...]:
    texts = (path.read_text("utf-8") for path in SOURCES)
    return tuple(text for text in texts if "hologram.language" in text)


def _damaged(rng: random.Random, parts: list[str], pool: list[str]) -> str:
    for _ in range(rng.randint(1, 5)):
        at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        change = rng.randrange(5)
        if change == 0:
            del parts[at : at + rng.randint(1, 3)]
        elif change == 1:
            parts[at:at] = parts[other : other + rng.randint(1, 20)]
        elif change == 2:
            parts[at], parts[other] = parts[other], parts[at]
        elif change == 3:
            parts[at] = rng.choice(pool)
        else:
            parts[at] = "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x3000)])) for _ in range(4))
        parts = parts or [" "]
    return "".join(parts)


def _words(text: str) -> list[str]:
    out: list[str] = []
    for line in text.splitlines(keepends=True):
        for word in line.replace("(", " ( ").replace("[", " [ ").split(" "):
            out += [word, " "]
    return out


def _texts(seed: int, count: int, pool: Callable[[], list[str]]) -> Iterator[tuple[str, str]]:
    whole = pool()
    for number in range(count):
        rng = random.Random(seed + number)
        yield f"seed {number}", _damaged(rng, _words(rng.choice(whole)), TOKENS)


def python(count: int) -> Iterator[tuple[str, str]]:
    """Kernel files with damaged words."""
    return _texts(1_000_000, count, lambda: list(kernels()))


def assembly(count: int) -> Iterator[tuple[str, str]]:
    """Listings with damaged words."""
    units = [unit for text in kernels() for unit in compile_source(text, "kernel.py")]
    return _texts(2_000_000, count, lambda: [disassemble(unit.program) for unit in units])


def documents(count: int) -> Iterator[tuple[str, str]]:
    """JSON documents with damaged text."""
    texts = [schema.dumps([u.tree for u in compile_source(text, "kernel.py")], indent=0) for text in kernels()]
    for number in range(count):
        rng = random.Random(3_000_000 + number)
        text = rng.choice(texts)
        if number % 2:
            yield f"seed {number}", _damaged(rng, _words(text.replace(",", " , ").replace(":", " : ")), TOKENS)
        else:
            yield f"seed {number}", _replaced(rng, text)


def _replaced(rng: random.Random, text: str) -> str:
    document = json.loads(text)
    for _ in range(rng.randint(1, 3)):
        node = document
        while True:
            key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node)) if node else None
            if key is None:
                break
            inner = node[key]
            if rng.random() < 0.2 or not isinstance(inner, (dict, list)):
                node[key] = rng.choice([None, -1, 2**63, 1e308, "x", "return", "f.x", True, [], {}, [inner], inner])
                break
            node = inner
    return json.dumps(document)


def programs(count: int) -> Iterator[tuple[str, bytes]]:
    """Program files with damaged bytes: half of them under a checksum that is right again, some of noise alone."""
    files = [encode([unit.program for unit in compile_source(text, "kernel.py")]) for text in kernels()]
    for number in range(count):
        rng = random.Random(4_000_000 + number)
        data = bytearray(rng.choice(files) if number % 8 else rng.randbytes(rng.randrange(400)))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4)) if rng.random() < 0.7 else b"\xff" * 9
        if number % 2:
            data[-CHECKSUM:] = hashlib.sha256(data[:-CHECKSUM]).digest()
        yield f"seed {number}", bytes(data)
