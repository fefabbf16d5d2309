"""What machine code must know about PyTorch's tensors: how to read one, and how to tell a plain one from others.

A tensor is read through the C table of DLPack (`torch.Tensor.__dlpack_c_exchange_api__`), which says address, type,
lengths and strides. It does not say whether a tensor shows its memory as it is, belongs to a transformation, or was
made in another mode; PyTorch keeps that in one word of every tensor, its dispatch keys. Nor does it count writes. Where
in a tensor these words are no specification promises, so they are looked for in sample tensors, of which PyTorch says
what must be found; where one is not found at exactly one place, tensors go the way through Python.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from types import GetSetDescriptorType
from typing import Any

from hologram.runtime.locks import fork_safe_lock

TENSOR_FIELDS = {
    "type": "the type torch.Tensor; 0 while none has been seen, and where tensors are not known",
    "read": "address of `int read(PyObject *tensor, DLTensor *out)`, not 0 with an exception where it cannot be",
    "implementation": "offset, in the object, of the address of what the other offsets are of",
    "keys": "offset of the dispatch keys, 64 bits",
    "plain": "the dispatch keys of a plain tensor in host memory",
    "inference": "the same of one that was made in inference mode",
    "autograd": "offset of the address of what autograd knows of it, null where nothing",
    "counter": "offset of the address of its counter of writes, null for tensors made in inference mode",
    "version": "offset of the count there, 32 bits",
    "get": "address of `PyObject *get(PyObject *descriptor, PyObject *tensor, PyObject *type)`",
    "requires_grad": "the descriptor that this gets",
    "false": "the object False",
}

_SPAN = range(8, 192, 8)
"""Where in a tensor's implementation is looked."""
_DESCR_GET = 54  # Py_tp_descr_get, from typeslots.h of the stable ABI
_MAJOR = 1

_record = (ctypes.c_uint64 * len(TENSOR_FIELDS))()
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
            found = known(torch)
        except (_Unknown, AttributeError, RuntimeError, TypeError, ValueError):
            return
        _kept.append((torch.Tensor, torch.Tensor.requires_grad))
        for position, name in reversed(list(enumerate(TENSOR_FIELDS))):  # the type comes last
            _record[position] = found[name]


def known(torch: Any) -> dict[str, int]:
    """The fields of the record; raises where they are not to be found."""
    descriptor = torch.Tensor.requires_grad
    if not isinstance(descriptor, GetSetDescriptorType):
        raise _Unknown("requires_grad is no field")
    slot = ctypes.pythonapi["PyType_GetSlot"]
    slot.restype, slot.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_int]
    with torch.inference_mode(False), torch.enable_grad():
        found = _offsets(torch)
    return {
        **found,
        "type": id(torch.Tensor),
        "read": reader(torch),
        "get": slot(GetSetDescriptorType, _DESCR_GET),
        "requires_grad": id(descriptor),
        "false": id(False),
    }


def reader(torch: Any) -> int:
    """Address of the function that reads a tensor, tried on one."""
    pointer = ctypes.pythonapi["PyCapsule_GetPointer"]
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = pointer(torch.Tensor.__dlpack_c_exchange_api__, b"dlpack_exchange_api")
    while table and ctypes.c_uint32.from_address(table).value != _MAJOR:
        table = _word(table + 8)  # the table of the version before
    function = _word(table + 40) if table else 0
    if not function:
        raise _Unknown(f"no table of version {_MAJOR}")
    sample, seen = _fresh(torch, 20).reshape(4, 5)[1:, ::2], DLTensor()
    if ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object, ctypes.c_void_p)(function)(sample, ctypes.addressof(seen)):
        raise _Unknown("a plain tensor cannot be read")
    told = seen.data + seen.byte_offset, seen.device_type, seen.element, seen.shape[: seen.ndim], seen.strides[:2]
    if told != (sample.data_ptr(), 1, 0x00012002, [3, 3], [5, 2]):
        raise _Unknown("a tensor is described otherwise")
    return function


def _offsets(torch: Any) -> dict[str, int]:
    """The offsets, each the only place at which all samples have what PyTorch says they have."""
    plain, other, wants = _fresh(torch), _fresh(torch), _fresh(torch).requires_grad_()
    with torch.inference_mode():
        inference = _fresh(torch)
    special = [torch._neg_view(plain), torch.zeros(2, dtype=torch.complex64, device="cpu").conj()]
    special += [plain.to("meta"), torch.eye(2, device="cpu").to_sparse(), inference, wants]
    if any(type(t) is not torch.Tensor for t in (plain, other, wants, *special)):
        raise _Unknown("new tensors are not plain ones")
    keys = _only(o for o in _SPAN if all(_at(t, o) == _keys(torch, t) for t in (plain, other, *special)))
    alike, apart = [plain.detach(), plain[1:]], [plain.data, other]
    counter = _only(
        o
        for o in _SPAN
        if all(_at(t, o) == _at(plain, o) for t in alike) and all(_at(t, o) != _at(plain, o) for t in apart)
    )
    if _at(inference, counter):
        raise _Unknown("tensors of inference mode count writes")
    return {
        "implementation": _only(
            o
            for o in range(object.__basicsize__, object.__basicsize__ + 24, 8)
            if all(_word(id(t) + o) == t._cdata for t in (plain, other, *special))
        ),
        "keys": keys,
        "plain": _keys(torch, plain),
        "inference": _keys(torch, inference),
        "autograd": _only(o for o in _SPAN if _at(plain, o) == _at(other, o) == 0 != _at(wants, o)),
        "counter": counter,
        "version": _version(plain, _at(plain, counter)),
    }


def _version(tensor: Any, counter: int) -> int:
    """The offset at which a counter has the tensor's version, after several numbers of writes."""
    places = set(range(8, 24, 4))
    for writes in (0, 5, 11, 300):
        for _ in range(writes):
            tensor.zero_()
        places = {o for o in places if ctypes.c_uint32.from_address(counter + o).value == tensor._version}
    return _only(places)


def _fresh(torch: Any, count: int = 7) -> Any:
    return torch.zeros(count, dtype=torch.float32, device="cpu")


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
