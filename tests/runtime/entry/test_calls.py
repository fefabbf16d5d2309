"""Tables of remembered calls: growing, forgetting, and keys that only they themselves are equal to."""

from __future__ import annotations

import ctypes
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
import torch

from hologram.backends.llvm.layout import HEADER_BYTES, SLOT, header
from hologram.errors import UnsupportedError
from hologram.runtime import native, remembered
from hologram.runtime.entry import making, tensors
from hologram.runtime.entry.calls import MAX_RANK, MOST, Call, Calls, hash_of
from hologram.runtime.entry.context import bound_context, remembering_context
from hologram.runtime.entry.recipe import SCRATCH, Array, Expectation, Meeting, Recipe, Result, Step
from hologram.runtime.entry.types import set_entry
from hologram.runtime.remembered import Remembering

NOTHING = Recipe((), (Step(()),), (), (0,))


@pytest.fixture(scope="module")
def key() -> Callable[..., bytes | None]:
    function = native.callable_type(Remembering, f"{__name__}.Remembering")(lambda *args, **named: "slow")
    if function.key(torch.zeros(1)) is None:
        pytest.skip("calls are not remembered with this PyTorch")
    found: Callable[..., bytes | None] = function.key
    return found


def call_of(key: bytes) -> Call:
    launch = bound_context(0, header(), slow=print, fault=print)
    return Call(key, [(launch, header())], NOTHING, None)


def test_a_table_grows_and_forgets_its_older_half() -> None:
    calls = Calls()
    keys = [struct.pack("<2q", 1, k) for k in range(MOST + 1)]
    for count, key in enumerate(keys[:MOST], 1):
        calls.add(key, call_of(key))
        assert len(calls) == count
    assert all(key in calls for key in keys[:MOST])
    calls.add(keys[MOST], call_of(keys[MOST]))
    assert len(calls) == MOST // 2 + 1
    assert keys[0] not in calls
    assert keys[MOST] in calls
    calls.add(keys[MOST], call_of(keys[MOST]))
    assert len(calls) == MOST // 2 + 1
    calls.clear()
    assert len(calls) == 0


def test_hashes_tell_neighbours_apart() -> None:
    hashes = {hash_of(struct.pack("<3q", 7, a, b)) & 511 for a in range(16) for b in range(16)}
    assert len(hashes) > 150


def test_calls_too_large_for_the_stack_are_refused() -> None:
    launch = bound_context(0, header(), slow=print, fault=print)
    many = Recipe((), (Step((Array(0, 0, 0, 4, 4),) * 5),) * 5, (), (0,))
    with pytest.raises(UnsupportedError, match="25 arrays"):
        Call(b"\0" * 8, [(launch, bytes(96))] * 5, many, None)
    with pytest.raises(UnsupportedError, match="9008 bytes"):
        Call(b"\0" * 8, [(launch, bytes(9000))], NOTHING, None)
    with pytest.raises(UnsupportedError):
        Call(b"\0" * 8, [(launch, bytes(96))], Recipe((Result(6, (), (), 4),) * 9, (Step(()),), (), (0,)), None)


def test_everything_that_decides_a_call_is_in_its_key(key: Callable[..., Any]) -> None:
    x, y = torch.zeros(3, 4), torch.zeros(3, 4)
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        *(((x, v), {}) for v in (None, True, False, 0, 1, 0.0, -0.0, 1.0, math.nan, math.inf, 2**62, torch.float32)),
        *(((x, v), {}) for v in (torch.float64, "mean", "sum", (), (1,), [1], (1, 1), (2, 1), torch.Size((1,)))),
        *(((v,), {}) for v in (x, x.T, x[:, ::2], x[:2], x.double(), x.int(), x.reshape(12), x[None], x[0], x.bool())),
        *(((x, v), {}) for v in (x, y, y[:, :1])),
        *(((v,), {}) for v in (torch.zeros(4, 3).T, torch.zeros(3, 8)[:, ::2], torch.zeros(1, 4).expand(3, 4))),
        *(((x,), {"dim": v}) for v in (0, 1, None)),
        *(((x,), named) for named in ({"out": y}, {"dim": 0, "out": y}, {"out": y, "dim": 0})),
        *(((v, x), {}) for v in (0, 1)),
    ]
    keys = [key(*args, **named) for args, named in calls]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert keys == [key(*args, **named) for args, named in calls]
    assert key(x, y) == key(torch.ones(3, 4), torch.ones(3, 4))
    with_default = key(x)
    torch.set_default_dtype(torch.float64)
    try:
        assert key(x) != with_default
    finally:
        torch.set_default_dtype(torch.float32)


class Caller:
    """Base of a type that calls are made on."""

    __slots__ = ("context",)


def addition(number: int) -> Any:
    """The "kernel" of launches: the second of its two i64 is the first and a number; 7 is a fault."""

    def run(block: int) -> int:
        first, second = (ctypes.c_uint64.from_address(block + HEADER_BYTES + SLOT * k).value for k in range(2))
        value = ctypes.c_int64.from_address(first).value
        ctypes.c_int64.from_address(second).value = value + number
        return int(value == 7)

    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(run)


def test_launches_of_a_call_run_one_after_the_other(key: Callable[..., Any]) -> None:
    entries = native.remembering()
    assert entries is not None
    slow: list[Any] = []
    faults: list[int] = []

    def fault(code: int, information: int) -> None:
        faults.append(code)
        raise ValueError("a fault")

    kernels = [addition(number) for number in (1, 10, 100)]
    block = header((1, 1, 1)) + bytes(2 * SLOT)
    launches = []
    for kernel in kernels:
        run_at = ctypes.cast(kernel, ctypes.c_void_p).value or 0
        launches.append((bound_context(run_at, block, slow=slow.append, fault=fault), block))
    x, out = torch.zeros(1, dtype=torch.int64), torch.zeros(1, dtype=torch.int64)

    def array(source: int, k: int, offset: int = 0) -> Array:
        return Array(source, offset, HEADER_BYTES + SLOT * k, 8, 8)

    steps = (
        Step((array(0, 0), array(SCRATCH, 1)), (), (Expectation(1, 0, 0, 20),)),
        Step((array(SCRATCH, 0), array(2, 1)), (), (Expectation(3, 0, -5, 18), Expectation(1, 0, 0, 9))),
        Step((array(2, 0), array(1, 1)), (1,)),
    )
    result = Result(tensors.number_of(torch, torch.int64), (1,), (1,), 8)
    calls = Calls()
    context = remembering_context(calls.pointer, making.address(), slow=lambda *args: slow.append(args), keep=calls)
    function: Any = native.callable_type(Caller, f"{__name__}.Caller")()
    function.context = context
    set_entry(function, entries.remembered, context.address)
    meetings = (Meeting(0, 5, False),)
    found = key(x, out)
    calls.add(found, Call(found, launches, Recipe((result,), steps, meetings, (1, 2), torch.return_types.max), None))

    found_pair = function(x, out)
    assert type(found_pair) is torch.return_types.max
    given, made = found_pair
    assert given is out is found_pair.values
    assert (out.item(), made.item(), out._version, x._version, slow) == (111, 11, 1, 0, [])
    for value in (8, 9, 20, -2):  # the second launch, the first, or none of them goes otherwise than expected
        x.fill_(value)
        function(x, out)
        assert len(slow) == 1, value
        assert (slow.pop(), out._version, out.item()) == ((x, out), 1, 111)
    x.fill_(-1)
    function(x, out)
    assert (out.item(), out._version, slow) == (110, 2, [])
    function(x, x[:1])
    assert (slow.pop()[0] is x, x.item()) == (True, -1)
    steps = (steps[0], Step(steps[1].arrays), steps[2])
    launches[1] = (launches[1][0], block)
    calls.add(found, Call(found, launches, Recipe((result,), steps, meetings, (1,)), None))
    x.fill_(6)
    with pytest.raises(ValueError, match="a fault"):
        function(x, out)
    assert (faults, out._version, slow) == ([1], 2, [])


class Tensor(torch.Tensor):
    """A subclass."""


def test_what_is_more_than_its_words_has_no_key(key: Callable[..., Any]) -> None:
    x = torch.zeros(3)
    others = [
        *(
            torch.nn.Parameter(x),
            x.clone().requires_grad_(),
            x.clone().requires_grad_()[1:],
            x.to("meta"),
            x.as_subclass(Tensor),
            torch._neg_view(x),
        ),
        *(x.to_sparse(), x.numpy(), object(), {}, {1}, 2**70, 1j, (x,), (1.0,), [True], tuple(range(MAX_RANK + 1))),
        torch.zeros((1,) * (MAX_RANK + 1)),
    ]
    for other in others:
        assert key(other) is None, other
        assert key(x, other) is None
        assert key(x, dim=other) is None
    assert key(*[torch.zeros((1,) * MAX_RANK) for _ in range(20)]) is None
    assert key(*[1] * 200) is None


def test_no_call_is_found_while_others_look(key: Callable[..., Any]) -> None:
    from torch.autograd import forward_ad
    from torch.utils._python_dispatch import TorchDispatchMode

    x, view = torch.zeros(3), torch.zeros(3)[1:]
    assert key(view) is not None
    for mode in (TorchDispatchMode(), torch.autocast("cpu", dtype=torch.bfloat16), making.watching()):
        with mode:
            assert key(x) is None
    with forward_ad.dual_level():
        assert key(view) is None
        assert key(forward_ad.make_dual(x, x)) is None
        assert key(x) is not None
    wanted = torch.nn.Parameter(x), x.clone().requires_grad_(), x.clone().requires_grad_() * 2
    assert [key(t) for t in wanted] == [None] * 3
    with torch.no_grad():
        assert [key(t) for t in wanted] == [key(x)] * 3
        with forward_ad.dual_level():
            assert key(wanted[2]) is None
    with torch.inference_mode():
        assert key(x) is not None
        assert key(torch.zeros(3)) == key(x)
    assert key(x) is not None


def test_other_symbols_of_pytorch_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    if not making.is_met():
        pytest.skip("calls are not remembered with this PyTorch")
    for name in making.FUNCTIONS:
        monkeypatch.setattr(making, "FUNCTIONS", {**making.FUNCTIONS, name: "not_there"})
        with pytest.raises(AttributeError):
            making.known(torch)
        monkeypatch.undo()
    swapped = {**making.FUNCTIONS, "autocast": making.FUNCTIONS["modes"]}
    monkeypatch.setattr(making, "FUNCTIONS", swapped)
    with pytest.raises(AttributeError, match="modes are told otherwise"):
        making.known(torch)


def test_a_wrong_trial_keeps_calls_from_being_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    if not making.is_met():
        pytest.skip("calls are not remembered with this PyTorch")
    before = list(making._record)
    try:
        making.forget()
        monkeypatch.setattr(making, "_trials", 1)
        assert not making.meet(torch, lambda: False)
        assert not making.is_met()
        assert not remembered.meet(torch)
    finally:
        making._record[:] = before
