"""Files read and written whole."""

from __future__ import annotations

import os
from pathlib import Path

from hologram.errors import KernelFileError


def read_file(path: Path) -> bytes:
    """A file's content; raises KernelFileError naming the file and the reason."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise KernelFileError(f"cannot read {path}: {error.strerror or error}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: under a temporary name first, then renamed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise KernelFileError(f"cannot write {path}: {error.strerror or error}") from error
