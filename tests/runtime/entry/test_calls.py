"""Tables of remembered calls: growing, forgetting, and keys that only they themselves are equal to."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
import torch

from hologram.backends.llvm.layout import header
from hologram.errors import UnsupportedError
from hologram.runtime import native, remembered
from hologram.runtime.entry import making
from hologram.runtime.entry.calls import MAX_RANK, MOST, Array, Call, Calls, Recipe, Result, hash_of
from hologram.runtime.entry.context import bound_context
from hologram.runtime.remembered import Remembering

NOTHING = Recipe((), (), (), (), (0,), True)


@pytest.fixture(scope="module")
def key() -> Callable[..., bytes | None]:
    function = native.callable_type(Remembering, f"{__name__}.Remembering")(lambda *args, **named: "slow")
    if function.key(torch.zeros(1)) is None:
        pytest.skip("calls are not remembered with this PyTorch")
    found: Callable[..., bytes | None] = function.key
    return found


def call_of(key: bytes) -> Call:
    launch = bound_context(0, header(), slow=print, fault=print)
    return Call(key, launch, len(header()), NOTHING, None)


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
    many = Recipe((), (Array(0, 0, 0, 4, 4),) * 25, (), (), (0,), True)
    with pytest.raises(UnsupportedError, match="25 arrays"):
        Call(b"\0" * 8, launch, 96, many, None)
    with pytest.raises(UnsupportedError, match="9000 bytes"):
        Call(b"\0" * 8, launch, 9000, NOTHING, None)
    with pytest.raises(UnsupportedError):
        Call(b"\0" * 8, launch, 96, Recipe((Result(6, (), (), 4),) * 9, (), (), (), (0,), True), None)


def test_everything_that_decides_a_call_is_in_its_key(key: Callable[..., Any]) -> None:
    x, y = torch.zeros(3, 4), torch.zeros(3, 4)
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        *(((x, v), {}) for v in (None, True, False, 0, 1, 0.0, -0.0, 1.0, math.nan, math.inf, 2**62, torch.float32)),
        *(((x, v), {}) for v in (torch.float64, "mean", "sum", (), (1,), [1], (1, 1), (2, 1), torch.Size((1,)))),
        *(((v,), {}) for v in (x, x.T, x[:, ::2], x[:2], x.double(), x.int(), x.reshape(12), x[None], x[0], x.bool())),
        *(((x, v), {}) for v in (x, y, y[:, :1])),
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


class Tensor(torch.Tensor):
    """A subclass."""


def test_what_is_more_than_its_words_has_no_key(key: Callable[..., Any]) -> None:
    x = torch.zeros(3)
    others = [
        *(torch.nn.Parameter(x), x.clone().requires_grad_(), x.to("meta"), x.as_subclass(Tensor), torch._neg_view(x)),
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
