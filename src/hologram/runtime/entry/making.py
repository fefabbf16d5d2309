"""What machine code must know to make tensors of PyTorch, and to see that a call is what it seems to be.

PyTorch's functions are looked up by their names, which tell the types of their arguments, and tried: tensors that they
make are compared with what PyTorch says of them, and modes are entered and left. Where one is missing or does
otherwise, calls are not remembered.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import NoneType
from typing import Any

from hologram.runtime.entry import tensors
from hologram.runtime.locks import fork_safe_lock

FUNCTIONS: Mapping[str, str] = {
    "empty": "_ZN2at6detail17empty_strided_cpuEN3c108ArrayRefIlEES3_NS1_10ScalarTypeEb",
    "wrap": "_Z16THPVariable_WrapON2at10TensorBaseE",
    "empty_safely": "aoti_torch_empty_strided",
    "wrap_shared": "_Z16THPVariable_WrapRKN2at10TensorBaseE",
    "delete": "aoti_torch_delete_tensor_object",
    "modes": "_ZN3c104impl20TorchDispatchModeTLS9stack_lenEv",
    "autocast": "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE",
    "included": "_ZN3c104impl28tls_is_dispatch_key_includedENS_11DispatchKeyE",
    "default_dtype": "_ZN3c1031get_default_dtype_as_scalartypeEv",
}
"""PyTorch's functions: a tensor in host memory without looking for errors, and as a Python object that takes it over;
the same with errors as numbers, and as a Python object beside it; modes that see operators; casts; whether a dispatch
key is on; the usual type."""


_SINGLE = {"none_type": NoneType, "bool_type": bool, "str_type": str}

MAKING_FIELDS = {
    "is_met": "1 once the others are filled",
    "watching": "how many threads have every call go the slow way",
    **{name: f"address of {symbol}" for name, symbol in FUNCTIONS.items()},
    **{name: f"the type {type.__name__}" for name, type in _SINGLE.items()},
    "dtype_type": "the type torch.dtype; objects of these four types are known by their addresses",
    "tracer": "PyTorch's number of the dispatch key that is on while torch.jit traces",
    "tuple_type": "the type tuple",
    "size_type": "the type torch.Size",
    "list_type": "the type list",
    "levels": "the dictionary of torch.autograd.forward_ad",
    "level": "the name there of the level of forward-mode gradients",
    "no_level": "its value where there are none",
}

_record = (ctypes.c_uint64 * len(MAKING_FIELDS))()
_kept: list[Any] = []
_trials = 5
_lock = fork_safe_lock()


def address() -> int:
    """Address of the record that machine code reads: all 0 until `meet` fills it."""
    return ctypes.addressof(_record)


def is_met() -> bool:
    """True once calls can be remembered."""
    return bool(_record[0])


def forget() -> None:
    """Have no call found from now on."""
    _record[0] = 0


def meet(torch: Any, trial: Callable[[], bool]) -> bool:
    """Fill the record for this PyTorch, try it, and tell whether calls can be remembered.

    `trial` makes calls that machine code has to find, and says whether all is right.
    """
    global _trials
    with _lock:
        if _record[0] or not _trials or not _is_quiet(torch):
            return bool(_record[0])
        _trials -= 1
        try:
            fill(known(torch))
            works = trial()
        except (AttributeError, OSError, RuntimeError, TypeError, ValueError):
            works = False
        if not works:
            forget()
        return works


@contextmanager
def watching() -> Iterator[None]:
    """No call is found in here, by any thread, so that whoever looks on misses none."""
    _watch(1)
    try:
        yield
    finally:
        _watch(-1)


def _watch(change: int) -> None:
    with _lock:
        _record[1] += change


def _is_quiet(torch: Any) -> bool:
    """True outside of modes, transforms and traces, in which new tensors are not what they seem."""
    inside = torch._C._functorch.peek_interpreter_stack() is not None or torch._C._len_torch_dispatch_stack()
    return not (inside or torch.is_autocast_enabled("cpu") or torch._C._is_tracing() or _level() >= 0)


def _level() -> int:
    from torch.autograd import forward_ad

    return forward_ad._current_level


def fill(values: Mapping[str, int]) -> None:
    """Write the record, that it is met last."""
    for position, name in reversed(list(enumerate(MAKING_FIELDS))):
        if name != "watching":
            _record[position] = values[name]


def known(torch: Any) -> dict[str, int]:
    """The fields of the record; raises AttributeError where PyTorch has them otherwise."""
    from torch.autograd import forward_ad

    if not tensors.is_known() or not tensors.has_functions():
        raise AttributeError("tensors are not read by functions")
    library = ctypes.CDLL(torch._C.__file__)
    addresses = {name: ctypes.cast(library[symbol], ctypes.c_void_p).value or 0 for name, symbol in FUNCTIONS.items()}
    _check_modes(torch, addresses)
    name, levels = "_current_level", vars(forward_ad)
    if levels[name] != -1:
        raise AttributeError("forward-mode gradients count otherwise")
    _kept.append((name, levels, torch.Size, torch.dtype))
    return {
        **addresses,
        **{name: id(type) for name, type in _SINGLE.items()},
        "is_met": 1,
        "dtype_type": id(torch.dtype),
        "tracer": int(torch._C._dispatch_key_parse("Tracer")),
        "tuple_type": id(tuple),
        "size_type": id(torch.Size),
        "list_type": id(list),
        "levels": id(levels),
        "level": id(name),
        "no_level": id(levels[name]),
    }


def _check_modes(torch: Any, addresses: Mapping[str, int]) -> None:
    """Ask the functions that say what is on while it is, and while it is not."""
    from torch.utils._python_dispatch import TorchDispatchMode

    modes = ctypes.PYFUNCTYPE(ctypes.c_int64)(addresses["modes"])
    autocast = ctypes.PYFUNCTYPE(ctypes.c_bool, ctypes.c_int8)(addresses["autocast"])
    included = ctypes.PYFUNCTYPE(ctypes.c_bool, ctypes.c_uint16)(addresses["included"])
    default = ctypes.PYFUNCTYPE(ctypes.c_int8)(addresses["default_dtype"])
    tracer = int(torch._C._dispatch_key_parse("Tracer"))

    def now() -> tuple[int, bool, bool]:
        return modes(), autocast(0), included(tracer)

    seen = [now()]
    with TorchDispatchMode():  # type: ignore[no-untyped-call]  # of PyTorch
        seen.append(now())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen.append(now())
    torch._C._dispatch_tls_set_dispatch_key_included("Tracer", True)
    try:
        seen.append(now())
    finally:
        torch._C._dispatch_tls_set_dispatch_key_included("Tracer", False)
    wanted = [(0, False, False), (1, False, False), (0, True, False), (0, False, True)]
    if seen != wanted or default() != tensors.number_of(torch, torch.get_default_dtype()):
        raise AttributeError("modes are told otherwise")
