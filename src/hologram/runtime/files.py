"""Files read and written whole."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hologram.errors import KernelFileError

MAX_FILE = 1 << 28
"""Most bytes of a file that are read."""


def read_file(path: Path, most: int = MAX_FILE) -> bytes:
    """A file's content; raises KernelFileError naming file and reason, also for more than `most` bytes."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            size = status.st_size if stat.S_ISREG(status.st_mode) else most
            data = file.read(min(size, most) + 1)
    except OSError as error:
        raise KernelFileError(f"cannot read {path}: {error.strerror or error}") from error
    if len(data) > most:
        raise KernelFileError(f"cannot read {path}: it has more than {most} bytes")
    return data


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: under a temporary name first, then renamed."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise KernelFileError(f"cannot write {path}: {error.strerror or error}") from error
