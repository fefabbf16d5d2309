"""One trial, when calls are to be remembered for the first time, that machine code makes tensors as it is meant to."""

from __future__ import annotations

import ctypes
from typing import Any

from hologram.backends.llvm.layout import HEADER_BYTES, SLOT, header
from hologram.runtime.entry import making, tensors
from hologram.runtime.entry.calls import MAX_RANK, SMALL_BYTES, Call, Calls
from hologram.runtime.entry.context import EntryContext, bound_context, remembering_context
from hologram.runtime.entry.recipe import Array, Meeting, Recipe, Result, Step
from hologram.runtime.entry.stubs import Remembering
from hologram.runtime.entry.types import set_entry, vectorcall_type

_VALUE = 7


class _Trial:
    """Base of the type that trial calls are made on."""

    __slots__ = ("context",)

    def __init__(self, function: int, context: EntryContext) -> None:
        self.context = context
        set_entry(self, function, context.address)


def works(torch: Any, entries: Remembering) -> bool:
    """Whether calls are found, and make tensors as PyTorch makes them; with small results and with large ones."""
    large = SMALL_BYTES // 4 + 8
    with torch.inference_mode(False):
        return all(_one(torch, entries, shape) for shape in ((3, 4), (), (1,) * MAX_RANK, (2, large // 2)))


def _one(torch: Any, entries: Remembering, shape: tuple[int, ...]) -> bool:
    """One call with a tensor that gives a pair: a tensor of its own, written by the "kernel", and the first tensor."""
    seen: list[str] = []

    def run(block: int) -> int:
        first, second = (ctypes.c_uint64.from_address(block + HEADER_BYTES + SLOT * k).value for k in range(2))
        ctypes.c_int32.from_address(second).value = ctypes.c_int32.from_address(first).value + _VALUE
        return 0

    def slow(*args: Any) -> str:
        seen.append("slow")
        return "slow"

    function = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(run)
    run_at = ctypes.cast(function, ctypes.c_void_p).value or 0
    sample = torch.empty(shape, dtype=torch.int32, device="cpu").fill_(5)
    calls = Calls()
    context = remembering_context(calls.pointer, making.address(), slow=slow, keep=calls)
    kind = vectorcall_type(_Trial, f"{__name__}._Trial")
    call: Any = kind(entries.remembered, context)
    keys: Any = kind(entries.key, context)
    key = keys(sample, None)
    if key is None or call(sample, None) != "slow" or keys(sample, 1) in (key, None):
        return False
    number = tensors.number_of(torch, torch.int32)
    strides = sample.stride()
    result = Result(number, tuple(shape), tuple(strides), 4 * sample.numel())
    arrays = tuple(Array(2 * k, 0, HEADER_BYTES + SLOT * k, 4, 4 * sample.numel()) for k in range(2))
    recipe = Recipe((result,), (Step(arrays, (0,)),), (Meeting(0, 1, False),), (2, 0), tuple)
    block = header((1, 1, 1)) + bytes(2 * SLOT)
    launch = bound_context(run_at, block, slow=slow, fault=slow)
    calls.add(key, Call(key, [(launch, block)], recipe, None))
    version = sample._version
    made, back = call(sample, None)
    right = (
        back is sample
        and sample._version == version + 1
        and type(made) is torch.Tensor
        and (made.dtype, made.shape, made.stride()) == (sample.dtype, sample.shape, strides)
        and made.device == sample.device
        and made._use_count() == sample._use_count() == 1
        and not made.requires_grad
        and made.grad_fn is None
        and made._version == 0
        and made.reshape(-1)[0].item() == 5 + _VALUE
        and made.untyped_storage().nbytes() == 4 * sample.numel()
        and torch._C._dispatch_keys(made) == torch._C._dispatch_keys(sample)
    )
    return right and seen == ["slow"] and call(sample, 3) == "slow"
