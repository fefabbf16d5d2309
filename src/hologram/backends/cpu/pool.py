"""The one pool of threads of this process: its memory, its machine code, and the Python threads that are its workers.

Nothing is loaded and no thread is started before a launch is long enough to profit. A forked child begins again without
workers. At exit the workers are asked to end; being daemon threads they hold up nothing.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import warnings
from collections.abc import Mapping
from functools import cache

from hologram.backends.base import ObjectStore
from hologram.backends.cpu.cores import Threads, checked_number, threads_of_process
from hologram.backends.cpu.environment import default_environment
from hologram.backends.llvm.threads.memory import (
    DRIVE,
    EXPORTS,
    IMPORTS,
    LINE,
    POOL,
    POOL_BYTES,
    SETTINGS,
    WAKE,
    WORK,
)
from hologram.backends.objects import object_of

SPIN_NANOSECONDS = 50_000
WARM_NANOSECONDS = 10_000
COLD_NANOSECONDS = 100_000
"""Looking for a worker that spins costs a fraction of a microsecond, waking one 25 to 55."""
SYSTEMS = ("linux",)
STACK_BYTES = 16 << 20
"""Of a worker; what strips keep at barriers lies there."""
EXIT_SECONDS = 1.0

_WORK_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)
_WAKE_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Pool:
    """State shared with machine code, and the workers."""

    def __init__(self, threads: Threads) -> None:
        self._memory = ctypes.create_string_buffer(POOL_BYTES + LINE)
        # Workers may still read it when this object dies at exit.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._memory))
        self.address = -(-ctypes.addressof(self._memory) // LINE) * LINE
        self._lock = threading.Lock()
        self._workers: list[threading.Thread] = []
        self._code: Mapping[str, int] = {}
        self.cpus = threads.cpus
        self.reason = threads.reason
        self._put("warm", WARM_NANOSECONDS)
        self._put("cold", COLD_NANOSECONDS)
        self._set_threads(threads.number)

    # Settings.

    @property
    def threads(self) -> int:
        """How many threads may work on a launch, the caller among them."""
        return self._get("threads")

    def set_threads(self, number: int) -> None:
        """Use so many threads from now on; surplus workers end when they have nothing to do."""
        with self._lock:
            self._set_threads(checked_number(number, "the number of threads"))
            self.reason = "set by set_num_threads"
            self._put("hired", min(self._get("hired"), self.threads - 1))
            self._wake()

    def _set_threads(self, number: int) -> None:
        self._put("spin", SPIN_NANOSECONDS if number <= self.cpus else 0)
        self._put("threads", number)

    @property
    def working(self) -> int:
        """Workers that are there, idle or not."""
        return self._get("workers")

    # Machine code.

    def drive_address(self, store: ObjectStore | None) -> int:
        """Address of the launch driver, which is loaded when first asked for."""
        if not self._get("drive"):
            with self._lock:
                if not self._code:
                    self._code = _load(store)
                self._put("drive", self._code[DRIVE])
        return self._get("drive")

    def attend(self, store: ObjectStore | None) -> None:
        """Load the driver, or start the workers that a launch has asked for."""
        self.drive_address(store)
        if self._get("wanted"):
            with self._lock:
                self._put("wanted", 0)
                self._hire()

    # Workers.

    def _hire(self) -> None:
        first, end = self._get("hired"), self.threads - 1
        if first >= end or self._get("stop") or sys.is_finalizing():
            return
        if not self._workers:
            atexit.register(self.stop)
        self._workers = [w for w in self._workers if w.is_alive()]
        self._put("hired", end)  # also where the system refuses: asking again at every launch would not help
        before = threading.stack_size(STACK_BYTES)
        try:
            for number in range(first, end):
                worker = threading.Thread(target=self._work, args=(number,), name=f"hologram-{number}", daemon=True)
                worker.start()
                self._workers.append(worker)
        except RuntimeError as error:
            warnings.warn(f"launches run with fewer threads: {error}", RuntimeWarning, stacklevel=2)
        finally:
            threading.stack_size(before)

    def _work(self, number: int) -> None:
        with default_environment():
            _WORK_TYPE(self._code[WORK])(self.address, number)

    def _wake(self) -> None:
        if self._code:
            _WAKE_TYPE(self._code[WAKE])(self.address)

    def stop(self) -> None:
        """End the workers, waiting a moment for them; launches go on without."""
        self._put("stop", 1)
        self._wake()
        for worker in self._workers:
            worker.join(EXIT_SECONDS / len(self._workers))

    def forget_workers(self) -> None:
        """In a forked child: there are none, and whatever they were doing is not being done here."""
        kept = {name: self._get(name) for name in SETTINGS}
        ctypes.memset(self.address, 0, POOL_BYTES)
        for name, value in kept.items():
            self._put(name, value)
        self._lock = threading.Lock()
        self._workers = []

    # Memory.

    def _get(self, field: str) -> int:
        return ctypes.c_int64.from_address(self.address + POOL[field][0]).value

    def _put(self, field: str, value: int) -> None:
        ctypes.c_int64.from_address(self.address + POOL[field][0]).value = value


@cache
def pool() -> Pool:
    """The pool of this process."""
    made = Pool(threads_of_process())
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=made.forget_workers)
    return made


def refusal() -> str:
    """Why launches run on the caller's thread alone on this system; empty where there is a pool."""
    if sys.platform in SYSTEMS:
        return ""
    return f"threads that sleep and wake in machine code are known on {', '.join(SYSTEMS)} only, not on {sys.platform}"


def _load(store: ObjectStore | None) -> Mapping[str, int]:
    from hologram.backends.llvm import jit
    from hologram.backends.llvm.threads import pool_ir

    target = jit.Target(jit.host_target().triple)
    text = pool_ir(sys.platform, target.arch)
    key = f"pool/{jit.llvm_version()}/{target.triple}/{text}"
    data = object_of(store, key, "launch driver", lambda: (jit.compile_object(text, target), {}))
    library = ctypes.CDLL(None)
    imports = {name: ctypes.cast(library[name], ctypes.c_void_p).value or 0 for name in IMPORTS}
    return jit.load_object(data, EXPORTS, imports).addresses
