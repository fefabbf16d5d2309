"""What machine code must know about PyTorch's tensors: how to read one, and how to tell a plain one from others.

A tensor is read by C functions that PyTorch keeps stable for compiled code, or, where it has none, through the C table
of DLPack (`torch.Tensor.__dlpack_c_exchange_api__`); on a sample both must say the same. They say nothing of whether a
tensor shows its memory as it is, belongs to a transformation, or was made in another mode; PyTorch keeps that in one
word of every tensor, its dispatch keys. Nor do they count writes. Where in a tensor these words are no specification
promises, so they are looked for in sample tensors, of which PyTorch says what must be found; where one is not found at
exactly one place, tensors go the way through Python.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Mapping
from types import GetSetDescriptorType
from typing import Any, NamedTuple

import numpy as np

from hologram.runtime import dlpack
from hologram.runtime.locks import fork_safe_lock
from hologram.types import Type

READERS: Mapping[str, str] = {
    "ndim": "aoti_torch_get_dim",
    "dtype": "aoti_torch_get_dtype",
    "shape": "aoti_torch_get_sizes",
    "strides": "aoti_torch_get_strides",
    "data": "aoti_torch_get_data_ptr",
}
"""PyTorch's C functions `int read(handle, out)`, 0 where they succeed; the handle is the place in a Python object."""

TENSOR_FIELDS = {
    "type": "the type torch.Tensor; 0 while none has been seen, and where tensors are not known",
    **{name: f"address of {function}" for name, function in READERS.items()},
    "exchange": "address of DLPack's `int read(PyObject *tensor, DLTensor *out)`, where it is to be used; else 0",
    "elements": "address of a row of types as DLPack says them, by PyTorch's numbers; 0 for those not here",
    "implementation": "offset, in the object, of the address of what the other offsets are of",
    "keys": "offset of the dispatch keys, 64 bits",
    "plain": "the dispatch keys of a plain tensor in host memory",
    "inference": "the same of one that was made in inference mode",
    "storage": "offset of the address of its storage",
    "memory": "offset, in a storage, of the address of the memory, null where that was given up",
    "autograd": "offset of the address of what autograd knows of it, null where nothing",
    "counter": "offset of the address of its counter of writes, null for tensors made in inference mode",
    "version": "offset of the count there, 32 bits",
    "get": "address of `PyObject *get(PyObject *descriptor, PyObject *tensor, PyObject *type)`",
    "requires_grad": "the descriptor that this gets",
    "false": "the object False",
}

KNOWN_DTYPES = 64
"""Length of the row of types."""
_SPAN = range(8, 192, 8)
"""Where in a tensor's implementation is looked."""
_ROUNDS = 4
_DESCR_GET = 54  # Py_tp_descr_get, from typeslots.h of the stable ABI
_MAJOR = 1

_record = (ctypes.c_uint64 * len(TENSOR_FIELDS))()
_elements = (ctypes.c_uint32 * KNOWN_DTYPES)()
_kept: list[Any] = []
_trials = 20
_lock = fork_safe_lock()


class _Unknown(Exception):
    """PyTorch is not as it is known here."""


class DLTensor(ctypes.Structure):
    """`DLTensor` of dlpack.h."""

    _fields_ = (
        ("data", ctypes.c_uint64),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("element", ctypes.c_uint32),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    )


def address() -> int:
    """Address of the record that machine code reads: the fields above, all 0 until `meet` fills them."""
    return ctypes.addressof(_record)


def is_known() -> bool:
    """True once tensors go straight to machine code."""
    return bool(_record[0])


def has_functions() -> bool:
    """True where tensors are read by PyTorch's C functions."""
    return is_known() and not _record[list(TENSOR_FIELDS).index("exchange")]


def number_of(torch: Any, dtype: Any) -> int:
    """PyTorch's number of a type."""
    read = ctypes.CDLL(torch._C.__file__)[READERS["dtype"]]
    found, sample = ctypes.c_int32(), torch.empty(0, dtype=dtype, device="cpu")
    read(ctypes.c_void_p(id(sample) + _record[list(TENSOR_FIELDS).index("implementation")]), ctypes.byref(found))
    return found.value


def meet(torch: Any) -> None:
    """Fill the record for this PyTorch; does nothing where that has been done, or was tried often enough.

    It may fail for a while, inside of a mode in which new tensors are no plain ones.
    """
    global _trials
    if _record[0] or not _trials:
        return
    with _lock:
        _trials -= 1
        try:
            fill(known(torch))
        except (_Unknown, AttributeError, OSError, RuntimeError, TypeError, ValueError):
            return
        _kept.append((torch.Tensor, torch.Tensor.requires_grad))


def fill(values: Mapping[str, int]) -> None:
    """Write the record; machine code looks at the type first, which therefore comes last."""
    for position, name in reversed(list(enumerate(TENSOR_FIELDS))):
        _record[position] = values[name]


def known(torch: Any, through_table: bool = False) -> dict[str, int]:
    """The fields of the record; raises where they are not to be found. `through_table` leaves the C functions alone."""
    descriptor = torch.Tensor.requires_grad
    if not isinstance(descriptor, GetSetDescriptorType):
        raise _Unknown("requires_grad is no field")
    slot = ctypes.pythonapi["PyType_GetSlot"]
    slot.restype, slot.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    with torch.inference_mode(False), torch.enable_grad():
        offsets = _offsets(torch)
        table = _table(torch)
        functions = {} if through_table else _functions(torch, offsets["implementation"])
    return {
        **dict.fromkeys(TENSOR_FIELDS, 0),
        **offsets,
        **functions,
        "type": id(torch.Tensor),
        "exchange": 0 if functions else table,
        "elements": ctypes.addressof(_elements),
        "get": slot(GetSetDescriptorType, _DESCR_GET),
        "requires_grad": id(descriptor),
        "false": id(False),
    }


# Reading.


def _table(torch: Any) -> int:
    """Address of the function of DLPack's table, tried on a tensor."""
    pointer = ctypes.pythonapi["PyCapsule_GetPointer"]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = pointer(torch.Tensor.__dlpack_c_exchange_api__, b"dlpack_exchange_api")
    while table and ctypes.c_uint32.from_address(table).value != _MAJOR:
        table = _word(table + 8)  # the table of the version before
    function = _word(table + 40) if table else 0
    if not function:
        raise _Unknown(f"no table of version {_MAJOR}")
    sample, seen = _sample(torch), DLTensor()
    if ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)(function)(sample, ctypes.addressof(seen)):
        raise _Unknown("a plain tensor cannot be read")
    told = seen.data + seen.byte_offset, seen.device_type, seen.element, seen.shape[: seen.ndim], seen.strides[:2]
    if told != (sample.data_ptr(), dlpack.HOST, dlpack.element(Type.F32), [3, 3], [5, 2]):
        raise _Unknown("a tensor is described otherwise")
    return function


def _functions(torch: Any, implementation: int) -> dict[str, int]:
    """Addresses of PyTorch's C functions, tried on a tensor; none where one is missing or says something else."""
    library = ctypes.CDLL(torch._C.__file__)
    try:
        functions = {name: library[function] for name, function in READERS.items()}
    except AttributeError:
        return {}
    sample = _sample(torch)

    def read(name: str, tensor: Any, kind: Any) -> Any:
        out = kind()
        functions[name](ctypes.c_void_p(id(tensor) + implementation), ctypes.byref(out))
        return out

    lengths = ctypes.POINTER(ctypes.c_int64)
    told = (
        read("ndim", sample, ctypes.c_int64).value,
        read("shape", sample, lengths)[:2],
        read("strides", sample, lengths)[:2],
        read("data", sample, ctypes.c_uint64).value,
    )
    if told != (2, [3, 3], [5, 2], sample.data_ptr()):
        return {}
    for dtype, element in _types(torch).items():
        number = read("dtype", torch.empty(0, dtype=dtype, device="cpu"), ctypes.c_int32).value
        if not 0 <= number < KNOWN_DTYPES or _elements[number] not in (0, element):
            return {}
        _elements[number] = element
    return {name: ctypes.cast(function, ctypes.c_void_p).value or 0 for name, function in functions.items()}


def _types(torch: Any) -> dict[Any, int]:
    """PyTorch's types as DLPack says them."""
    found = {getattr(torch, type.dtype.name, None): dlpack.element(type) for type in Type}
    found[torch.bool] = dlpack.TRUTH
    return {dtype: element for dtype, element in found.items() if dtype is not None}


def _sample(torch: Any) -> Any:
    """A tensor of shape (3, 3) with strides 5 and 2 that does not start where its memory does."""
    return torch.zeros((4, 5), dtype=torch.float32, device="cpu")[1:, ::2]


# Finding.


def _offsets(torch: Any) -> dict[str, int]:
    """The offsets, each the only place at which all samples have what PyTorch says they have."""
    found = [_places(torch) for _ in range(_ROUNDS)]  # what lies somewhere by chance is not there each time
    places = {name: _only(set.intersection(*(r.places[name] for r in found))) for name in found[0].places}
    plain, inference = found[0].plain, found[0].inference
    if _at(inference, places["counter"]):
        raise _Unknown("tensors of inference mode count writes")
    version = _version(plain, _at(plain, places["counter"]))
    memory = _memory(torch, plain)
    return {
        **places,
        "version": version,
        "memory": memory,
        "plain": _keys(torch, plain),
        "inference": _keys(torch, inference),
    }


class _Round(NamedTuple):
    """Where each word may be, by some samples that live as long as the others."""

    plain: Any
    inference: Any
    samples: tuple[Any, ...]
    places: Mapping[str, set[int]]


def _places(torch: Any) -> _Round:
    plain, other, wants = _fresh(torch), _fresh(torch), _fresh(torch).requires_grad_()
    with torch.inference_mode():
        inference = _fresh(torch)
    alike, apart = (plain.detach(), plain[1:]), (plain.data, other)
    negated, conjugated = torch._neg_view(plain), torch.zeros(2, dtype=torch.complex64, device="cpu").conj()
    elsewhere = plain.to("meta"), torch.eye(2, device="cpu").to_sparse()
    samples = (plain, other, wants, inference, negated, conjugated, *elsewhere)
    if any(type(t) is not torch.Tensor for t in samples):
        raise _Unknown("new tensors are not plain ones")
    keys = {o for o in _SPAN if all(_at(t, o) == _keys(torch, t) for t in samples)}
    inside = range(8, min(keys, default=0), 8)  # the keys are the last of a tensor
    same = {o for o in inside if all(_at(t, o) == _at(plain, o) for t in alike)}
    start = object.__basicsize__
    places = {
        "implementation": {
            o for o in range(start, start + 24, 8) if all(_word(id(t) + o) == t._cdata for t in samples)
        },
        "keys": keys,
        "storage": {o for o in inside if all(_at(t, o) == t.untyped_storage()._cdata for t in (plain, *alike, *apart))},
        "autograd": {o for o in inside if _at(plain, o) == _at(other, o) == 0 != _at(wants, o)},
        "counter": {o for o in same if all(_at(t, o) != _at(plain, o) for t in apart)},
    }
    return _Round(plain, inference, (*samples, *alike, *apart), places)


def _memory(torch: Any, plain: Any) -> int:
    """The offset at which storages have their memory: PyTorch's own, and one that belongs to an array of NumPy."""
    storages = [t.untyped_storage() for t in (plain, torch.from_numpy(np.zeros(4)))]
    return _only(o for o in range(8, 48, 8) if all(_word(s._cdata + o) == s.data_ptr() for s in storages))


def _version(tensor: Any, counter: int) -> int:
    """The offset at which a counter has the tensor's version, after several numbers of writes."""
    places = set(range(8, 24, 4))
    for writes in (0, 5, 40):
        for _ in range(writes):
            tensor.zero_()
        places = {o for o in places if ctypes.c_uint32.from_address(counter + o).value == tensor._version}
    return _only(places)


def _fresh(torch: Any) -> Any:
    """A tensor of five axes: those are kept inside of it, so that no word there is left as it was."""
    return torch.zeros((7, 1, 1, 1, 1), dtype=torch.float32, device="cpu")


def _keys(torch: Any, tensor: Any) -> int:
    return int(torch._C._dispatch_keys(tensor).raw_repr())


def _at(tensor: Any, offset: int) -> int:
    return _word(tensor._cdata + offset)


def _word(address: int) -> int:
    return int(ctypes.c_uint64.from_address(address).value)


def _only(places: Iterable[int]) -> int:
    found = list(places)
    if len(found) != 1:
        raise _Unknown(f"{len(found)} places instead of one")
    return found[0]
