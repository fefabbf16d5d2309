"""Native objects kept on disk between processes.

One file an entry, named by a hash of its key. Before a byte is handed on, the file's header is checked against what
was asked for and its content against a SHA-256; anything else counts as absent. (LLVM aborts the process when it is
given a damaged object, so nothing unverified may reach it.)

| bytes   | field                                             |
|---------|---------------------------------------------------|
| 0 … 8   | magic                                             |
| 8 … 12  | format version, little-endian                     |
| 12 … 44 | SHA-256 of the key                                |
| 44 … 52 | length of the content                             |
| 52 … 84 | SHA-256 of the content                            |
| 84 …    | the content                                       |
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

MAGIC = b"HOLOOBJ\0"
FORMAT = 1
VARIABLE = "HOLOGRAM_CACHE_DIR"

_HEADER = struct.Struct("<8sI32sQ32s")


def pack(key: str, data: bytes) -> bytes:
    """An entry file's content."""
    return _HEADER.pack(MAGIC, FORMAT, sha256(key.encode()).digest(), len(data), sha256(data).digest()) + data


def unpack(key: str, raw: bytes) -> bytes | None:
    """The data of an entry file, or None unless every part of it is right for the key."""
    if len(raw) < _HEADER.size:
        return None
    magic, version, key_digest, length, data_digest = _HEADER.unpack_from(raw)
    data = raw[_HEADER.size :]
    genuine = (
        magic == MAGIC
        and version == FORMAT
        and key_digest == sha256(key.encode()).digest()
        and length == len(data)
        and data_digest == sha256(data).digest()
    )
    return data if genuine else None


def default_directory() -> Path:
    """The folder `objects` in `$HOLOGRAM_CACHE_DIR`, or in the user's cache directory of this platform."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        import platformdirs

        chosen = platformdirs.user_cache_dir("hologram", appauthor=False)
    return Path(chosen) / "objects"


class DiskStore:
    """An object store in a directory that only the user may enter (mode 0700).

    A directory that is someone else's or open to others is not used: there is one warning, and nothing is cached.
    Several processes may read and write at once: an entry is written under a temporary name and renamed.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = default_directory() if directory is None else directory
        self._usable: bool | None = None

    def get(self, key: str) -> bytes | None:
        """The data kept under a key, or None where there is none that passes every check."""
        if not self._is_usable():
            return None
        try:
            with self.path(key).open("rb") as file:
                if not _is_mine(os.fstat(file.fileno())):
                    return None
                raw = file.read()
        except OSError:
            return None
        return unpack(key, raw)

    def put(self, key: str, data: bytes) -> None:
        """Keep data under a key; a disk that is full or read-only is no error, there is just no entry."""
        if not self._is_usable():
            return
        with contextlib.suppress(OSError):
            handle, draft = tempfile.mkstemp(prefix=".draft-", dir=self.directory)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(pack(key, data))
                os.replace(draft, self.path(key))
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(draft)

    def path(self, key: str) -> Path:
        """The file of a key."""
        return self.directory / f"{sha256(key.encode()).hexdigest()}.obj"

    def _is_usable(self) -> bool:
        if self._usable is None:
            trouble = _trouble(self.directory)
            if trouble:
                warnings.warn(f"compiled code is not cached: {self.directory} {trouble}", stacklevel=4)
            self._usable = not trouble
        return self._usable


def _trouble(directory: Path) -> str:
    """Why a directory may not hold code this process will run; empty when it may."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
    except OSError as error:
        return f"cannot be made ({error.strerror})"
    if not stat.S_ISDIR(status.st_mode):
        return "is not a directory"
    if not _is_mine(status):
        return "belongs to another user"
    if hasattr(os, "getuid") and stat.S_IMODE(status.st_mode) & 0o077:
        return "is open to other users (its mode should be 0700)"
    return ""


def _is_mine(status: os.stat_result) -> bool:
    """Owned by this user; on Windows the profile's access list protects the user's directories instead."""
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()
