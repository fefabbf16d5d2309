"""The unbound entry on PyTorch's tensors: plain ones go to the kernel, all others to the slow path, unchanged."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.isa.program import Param
from hologram.runtime.entry import tensors
from hologram.runtime.entry.context import unbound_context
from hologram.runtime.entry.stubs import Stubs
from hologram.runtime.entry.tensors import TENSOR_FIELDS, fill, known
from hologram.types import Type

DTYPES = {t: getattr(torch, t.dtype.name) for t in Type}


@pytest.fixture(scope="module", params=["C functions", "DLPack's table"], autouse=True)
def record(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tensors are read in each of the two ways."""
    before = dict(zip(TENSOR_FIELDS, tensors._record, strict=True))
    found = known(torch, through_table=request.param != "C functions")
    assert bool(found["exchange"]) == (request.param != "C functions")
    fill(found)
    yield
    fill(before)


def array(name: str, type: Type = Type.F32, ndim: int = 1, access: str = "r") -> Param:
    return Param(name, "array", type, ndim, access)


@pytest.fixture(scope="module")
def make(make_call: Any) -> Callable[..., Any]:
    return lambda *params, **options: make_call(*params, **options)


@pytest.mark.parametrize("type", list(Type))
def test_every_element_type_is_known(make: Any, type: Type) -> None:
    call, span = make(array("x", type)), make(array("x", type), spans=True)
    for dtype in {*DTYPES.values(), torch.bool, torch.complex64, torch.float8_e4m3fn, torch.complex128}:
        x = torch.zeros(3, dtype=dtype)
        assert call.taken(x) == (dtype is DTYPES[type])
        assert span.taken(x) == (dtype is DTYPES[type] or (dtype is torch.bool and type is Type.U8))


def test_truth_values_of_numpy_are_spans_of_bytes(make: Any) -> None:
    x = np.zeros((2, 2), bool)
    assert make(array("x", Type.U8), spans=True).taken(x)
    assert not make(array("x", Type.U8, 2)).taken(x)
    assert not make(array("x", Type.I8), spans=True).taken(x)


cut = st.builds(slice, st.integers(0, 3), st.integers(0, 9), st.sampled_from([1, 2, 3]))


@settings(max_examples=200, deadline=None)
@given(
    ndim=st.sampled_from([1, 2, 3]), cuts=st.tuples(cut, cut, cut), order=st.permutations(range(3)), wide=st.booleans()
)
def test_tensors_are_described_as_arrays_are(make: Any, ndim: int, cuts: Any, order: Any, wide: bool) -> None:
    """The very same memory as tensor and as NumPy array gives the very same block, or both are refused."""
    whole = torch.arange(8 * 9 * 7, dtype=torch.int16).reshape(8, 9, 7).permute(*order)
    x = whole[(*[0] * (3 - ndim), *cuts[3 - ndim :])]
    x = x.expand(*x.shape[:-1], 4) if wide and x.shape[-1] == 1 else x
    for access in ("r", "w"):
        for spans in (False, True):
            call = make(array("x", Type.I16, 1 if spans else ndim, access), spans=spans)
            taken = call.taken(x)
            slots = call.slots(0) if taken else None
            if x.numel():  # else NumPy has other strides
                assert call.taken(x.numpy()) == taken
                assert not taken or call.slots(0) == slots


@settings(max_examples=100, deadline=None)
@given(cuts=st.lists(cut, min_size=0, max_size=4), element=st.sampled_from([torch.int8, torch.float64]))
def test_spans_reach_from_the_first_element_to_the_last(make: Any, cuts: Any, element: Any) -> None:
    x = torch.zeros(5, 4, 3, 6, dtype=element)[tuple(cuts)]
    call = make(array("x", Type.I8 if element is torch.int8 else Type.F64), spans=True)
    assert call.taken(x)
    places = [
        (x.data_ptr() + x.itemsize * sum(i * s for i, s in zip(at, x.stride(), strict=True)))
        for at in np.ndindex(*x.shape)
    ]
    count = (max(places) - min(places)) // x.itemsize + 1 if places else 0
    assert call.slots(0)[1:] == (count, x.itemsize)
    assert not places or call.slots(0)[0] == min(places) == x.data_ptr()


def test_no_axes_and_many_axes(make: Any) -> None:
    scalar, deep = torch.tensor(3.0), torch.zeros([2] * 12)
    assert make(array("x"), spans=True).taken(scalar)
    call = make(array("x"), spans=True)
    assert call.taken(deep) and call.slots(0) == (deep.data_ptr(), 4096, 4)
    assert not make(array("x")).taken(scalar)


class Wrapper(torch.Tensor):
    """What fake tensors and their like are: a tensor without memory, whose operations are somebody else's."""

    @staticmethod
    def __new__(cls, x: Any) -> Any:
        return torch.Tensor._make_wrapper_subclass(cls, x.shape, dtype=x.dtype)  # type: ignore[attr-defined]

    @classmethod
    def __torch_dispatch__(cls, *_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is computed")


def freed(begin: int = 0) -> Any:
    x = torch.zeros(begin + 4)[begin:]
    x.untyped_storage().resize_(0)
    return x


class Marked(torch.Tensor):
    pass


SLOW: dict[str, Callable[[], Any]] = {
    "requires grad": lambda: torch.zeros(4, requires_grad=True),
    "made of what does": lambda: torch.zeros(4, requires_grad=True) * 2,
    "a view of what does": lambda: torch.zeros(4, requires_grad=True)[:],
    "a view changed by what does": lambda: torch.zeros(2, 4)[0].mul_(torch.ones(4, requires_grad=True)),
    "parameter": lambda: torch.nn.Parameter(torch.zeros(4), requires_grad=False),
    "subclass": lambda: torch.zeros(4).as_subclass(Marked),
    "negated": lambda: torch._neg_view(torch.zeros(4)),
    "imaginary": lambda: torch.zeros(4, dtype=torch.complex64).conj().imag,
    "zero": lambda: torch._efficientzerotensor(4),
    "freed": freed,
    "freed, begun behind its first element": lambda: freed(4),
    "meta": lambda: torch.zeros(4, device="meta"),
    "sparse": lambda: torch.ones(4).to_sparse(),
    "wrapper": lambda: Wrapper(torch.zeros(4)),
    "functional": lambda: torch._to_functional_tensor(torch.zeros(4)),
    "every second": lambda: torch.zeros(8)[::2],
    "expanded": lambda: torch.zeros(1).expand(4),
    "two axes": lambda: torch.zeros(2, 2),
    "not a tensor": lambda: torch.Size([4]),
    "the type": lambda: torch.Tensor,
}


@pytest.mark.parametrize("name", SLOW)
def test_what_is_not_plainly_right_goes_to_the_slow_path(make: Any, name: str) -> None:
    value = SLOW[name]()
    for access in ("r", "w"):
        assert not make(array("x", access=access)).taken(value)
        assert make(array("x", access="r"), spans=True).taken(value) == (
            name in ("every second", "expanded", "two axes")
        )
    assert not make(array("x", access="w"), spans=True).taken(torch.zeros(1).expand(4))


def test_plain_ones_of_every_origin_are_taken(make: Any) -> None:
    call = make(array("x", access="rw"))
    with torch.inference_mode():
        inference = torch.zeros(4)
        assert call.taken(inference) and call.taken(torch.zeros(4)) and call.taken(inference[1:])
    with torch.no_grad():
        assert call.taken(torch.zeros(3, 4)[1])
    lazy = torch._lazy_clone(torch.ones(4))
    for x in (inference, torch.zeros(8)[2:5], torch.zeros(4, requires_grad=True).detach(), torch.empty(0), lazy):
        assert call.taken(x) and call.slots(0)[1:] == (len(x), 4)
    assert call.slots(0)[0] == lazy.data_ptr()


def test_transformations_are_left_to_python(make: Any) -> None:
    call = make(array("x"), spans=True)

    def use(x: Any) -> Any:
        assert not call.taken(x)
        return x.sum()

    torch.vmap(use)(torch.ones(3, 4))
    torch.func.grad(use)(torch.ones(4))
    torch.func.jvp(use, (torch.ones(4),), (torch.ones(4),))
    torch.func.functionalize(use)(torch.ones(4))


def test_overlap_between_tensors_and_arrays(make: Any) -> None:
    memory = torch.zeros(8)
    call = make(array("x"), array("y", access="w"), same_allowed={(0, 1)})
    assert call.taken(memory[:4], memory[4:]) and call.taken(memory[:4], memory[:4])
    assert call.taken(memory[:4].numpy(), memory[:4]) and call.taken(memory[:4], memory.numpy()[4:])
    assert not call.taken(memory[:4], memory[3:7]) and not call.taken(memory[:4].numpy(), memory[3:7])


def test_only_what_is_written_counts_and_only_when_it_is(make: Any) -> None:
    call = make(array("x"), array("y", access="w"), array("z", access="rw"))
    x, y, z = torch.zeros(4), torch.zeros(6)[1:5], torch.zeros(4)
    before = [t._version for t in (x, y, z)]
    assert call.taken(x, y, z)
    assert [t._version for t in (x, y, z)] == [before[0], before[1] + 1, before[2] + 1]
    call.recorder.trouble = 1
    assert not call.taken(x, y, z) and not call.taken(x, y, None) and not call.taken(x, y, y)
    assert [t._version for t in (x, y, z)] == [before[0], before[1] + 1, before[2] + 1]


def test_references_stay_balanced(make: Any) -> None:
    call = make(array("x"), array("y", access="w"), spans=True)
    x, y, view = torch.zeros(4), torch.zeros(4), torch.zeros(3, 4)[1]
    wants = torch.zeros(4, requires_grad=True)
    watched = (None, False, x, y, view, wants, torch.Tensor, torch.Tensor.requires_grad, call.call)
    before = [sys.getrefcount(w) for w in watched]
    for _ in range(2000):
        call.call(x, y)
        call.call(view, y)
        call.call(wants, y)
    call.recorder.calls.clear()
    after = [sys.getrefcount(w) for w in watched]
    assert all(abs(a - b) < 500 for a, b in zip(before, after, strict=True)), (before, after)
    assert x._use_count() == y._use_count() == 1


def test_threads_call_at_once(native: Any, stubs: Stubs, add: Any, add_params: Any, recorder: Any) -> None:
    context = unbound_context(add["run"], add["check"], add_params, release_lanes=0, **recorder.handlers)
    call, wrong = native(stubs.unbound, context), []

    def work(seed: int) -> None:
        a, b = torch.rand(2, 100 + seed, generator=torch.Generator().manual_seed(seed))
        c, expected = torch.zeros_like(a), a + b
        for _ in range(200):
            c.zero_()
            call(a, b, c)
            if not torch.equal(c, expected):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, recorder.calls) == ([], [])


# Knowing PyTorch.


def test_tensors_unknown_go_to_the_slow_path(make: Any) -> None:
    before = dict(zip(TENSOR_FIELDS, tensors._record, strict=True))
    fill(dict.fromkeys(TENSOR_FIELDS, 0))
    try:
        assert not tensors.is_known()
        assert not make(array("x")).taken(torch.zeros(4))
        assert make(array("x")).taken(np.zeros(4, np.float32))
    finally:
        fill(before)


@pytest.mark.parametrize("missing", ["__dlpack_c_exchange_api__", "requires_grad"])
def test_another_pytorch_is_not_known(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attributes = {n: getattr(torch.Tensor, n) for n in ("__dlpack_c_exchange_api__", "requires_grad") if n != missing}
    other: Any = SimpleNamespace(**{**vars(torch), "Tensor": type("Tensor", (), attributes)})
    fields = dict(zip(TENSOR_FIELDS, tensors._record, strict=True))
    monkeypatch.setattr(tensors, "_trials", 1)
    fill(dict.fromkeys(TENSOR_FIELDS, 0))
    try:
        tensors.meet(other)
        assert not tensors.is_known()
        tensors.meet(torch)
        assert not tensors.is_known()  # no trial was left
        monkeypatch.setattr(tensors, "_trials", 1)
        tensors.meet(torch)
        assert tensors.is_known()
    finally:
        fill(fields)


def test_words_that_are_found_twice_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensors, "_keys", lambda torch, tensor: 0)
    with pytest.raises(tensors._Unknown, match="places instead of one"):
        known(torch)


def test_modes_do_not_mislead() -> None:
    """Whatever the caller is in the middle of, what is found is right, or nothing is."""
    right = known(torch)
    found: list[Any] = []

    def look(x: Any) -> Any:
        try:
            found.append(known(torch))
        except Exception as error:
            found.append(error)
        return x.sum()

    with torch.no_grad(), torch.device("meta"):
        look(torch.ones(1))
    with torch.inference_mode():
        look(torch.ones(1))
    assert found == [right, right]
    torch.vmap(look)(torch.ones(2, 3))
    torch.func.grad(look)(torch.ones(2))
    torch.func.functionalize(look)(torch.ones(2))
    assert all(f == right or isinstance(f, Exception) for f in found)
