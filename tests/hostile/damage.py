"""Damaged inputs, numbered by their seeds: bytes, words and values deleted, doubled, exchanged or replaced."""

from __future__ import annotations

import hashlib
import json
import random
import re
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
    for _ in range(rng.randint(1, 3)):
        at, other = rng.randrange(len(parts)), rng.randrange(len(parts))
        change = rng.randrange(15)
        if change == 0:
            del parts[at : at + rng.randint(1, 3)]
        elif change == 1:
            parts[at:at] = parts[other : other + rng.randint(1, 20)]
        elif change == 2:
            parts[at], parts[other] = parts[other], parts[at]
        elif change == 3:
            parts[at] = rng.choice(pool)
        elif change == 4:
            parts[at] = "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0x3000)])) for _ in range(4))
        else:  # another word, number or sign of the text: what comes out may well be a kernel
            alike = [k for k, part in enumerate(parts) if _class(part) == _class(parts[at])]
            parts[at] = parts[rng.choice(alike)]
        parts = parts or [" "]
    return "".join(parts)


def _class(part: str) -> str:
    return (
        "a" if part[:1].isalpha() else "0" if part[:1].isdecimal() else "\n" if part[:1].isspace() else part[:1] and "+"
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\n *|[ \t]+|\w+|[^\w\s]", text)


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


_WORD = re.compile(r"[rp]\d+|#[-\w.]+|\+ \d+")
NUMBERS = ["#0", "#1", "#-1", "#127", "#2147483647", "#-9223372036854775808", "#4096", "#0.0", "#-0.0", "#nan", "#1e30"]


def listings(count: int) -> Iterator[tuple[str, str]]:
    """Listings with another register, number or offset somewhere, or a line moved or missing; many are still valid."""
    units = [unit for text in kernels() for unit in compile_source(text, "kernel.py")]
    texts = [disassemble(unit.program) for unit in units]
    for number in range(count):
        rng = random.Random(6_000_000 + number)
        lines = rng.choice(texts).split("\n")
        first = next(k for k, line in enumerate(lines) if not line.startswith(".")) if len(lines) > 3 else 0
        for _ in range(rng.randint(1, 3)):
            at, other = rng.randrange(first, len(lines)), rng.randrange(first, len(lines))
            words = [word for line in lines[first:] for word in _WORD.findall(line)]
            change = rng.randrange(6)
            if change == 0:
                lines[at] = ""
            elif change == 1:
                lines[at], lines[other] = lines[other], lines[at]
            elif found := list(_WORD.finditer(lines[at])):
                spot = rng.choice(found)
                alike = [w for w in (*words, *NUMBERS, "+ 4096", "+ 3") if w[0] == spot[0][0]]
                lines[at] = lines[at][: spot.start()] + rng.choice(alike) + lines[at][spot.end() :]
        yield f"seed {number}", "\n".join(lines)


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
            if not node:
                break
            key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
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
