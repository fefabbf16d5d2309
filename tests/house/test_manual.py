"""The manual is true: its examples run and print what it shows, its generated pages are current."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.house.doc_blocks import matches, run_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNNABLE = (
    "index.md",
    "install.md",
    "ffi.md",
    "first-kernel.md",
    "cli.md",
    "errors.md",
    "kernel-language.md",
    "debugging.md",
    "builder.md",
    "checked.md",
    "circuits.md",
    "graphs.md",
    "tracing.md",
    "from-numpy.md",
    "operations.md",
    "tensors.md",
    "moving-elements.md",
    "random.md",
    "losses.md",
    "threads.md",
    "pytorch.md",
    "pytorch-functions.md",
