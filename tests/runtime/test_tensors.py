"""PyTorch's tensors in launches: used in place where that is right, refused with the reason and a cure where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from hologram import Executor
from hologram.errors import ArgumentTypeError, OverlapError
from hologram.frontend import compile_source
from hologram.isa.program import Program
from hologram.language.kernel import Kernel, kernel_type
from hologram.language.program import Program as Callable_
from hologram.runtime.launcher import Launcher
from hologram.types import Type

HEAD = "from hologram.language import kernel, DeviceArray, get_global_id\n"
COPY = """
@kernel
def copy_{name}(x: DeviceArray[{name}], y: DeviceArray[{name}], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = x[i]
"""
SOURCE = HEAD + "".join(COPY.format(name=t.value) for t in Type)
PROGRAMS = {unit.program.name: unit.program for unit in compile_source(SOURCE, "tensors.py")}
DTYPES = {t: getattr(torch, t.dtype.name) for t in Type}


@pytest.fixture(params=["checked in Python", "native"])
def called(request: pytest.FixtureRequest) -> Callable[[Program], Callable[..., None]]:
    """A program as something that is called: first calls go through Python, later ones straight to machine code."""

    def make(program: Program) -> Callable[..., None]:
        if request.param != "native":
            return Launcher(program).call
        kernel = kernel_type()(program=Callable_.of(program))
        attach(kernel)
        return kernel

    return make


def attach(kernel: Kernel) -> None:
    """Call a kernel until its calls go straight to machine code."""
    blank = [np.zeros((1,) * p.ndim, p.type.dtype) if p.is_array else 1 for p in kernel.program.params]
    for _ in range(2):
        kernel(*[b.copy() if isinstance(b, np.ndarray) else b for b in blank])


@pytest.fixture
def saxpy(called: Any, program: Callable[[str], Program]) -> Callable[..., None]:
    found: Callable[..., None] = called(program("saxpy"))
    return found


@pytest.mark.parametrize("type", list(Type))
def test_every_type_is_read_and_written_in_place(called: Any, type: Type) -> None:
    copy = called(PROGRAMS[f"copy_{type.value}"])
    for n in (0, 1, 5, 100):
        x, y = torch.arange(n).to(DTYPES[type]), torch.zeros(n + 3, dtype=DTYPES[type])
        copy(x, y[2:-1], n)
        assert torch.equal(y[2 : n + 2], x) and not y[:2].any() and not y[n + 2 :].any()


def test_other_types_are_refused(called: Any) -> None:
    for type in Type:
        copy, y = called(PROGRAMS[f"copy_{type.value}"]), torch.zeros(2, dtype=DTYPES[type])
        others = {*DTYPES.values(), torch.bool, torch.complex64, torch.float8_e4m3fn} - {y.dtype}
        for other in others:
            with pytest.raises(ArgumentTypeError, match=rf"wants dtype {type.dtype.name}, got .*cure: x.*\(torch\."):
                copy(torch.zeros(2, dtype=other), y, 2)


def test_bytes_may_be_truth_values_seen_as_such(called: Any) -> None:
    x, y = torch.tensor([True, False]), torch.ones(2, dtype=torch.bool)
    with pytest.raises(ArgumentTypeError, match=r"cure: x.view\(torch.uint8\)"):
        called(PROGRAMS["copy_u8"])(x, y, 2)
    called(PROGRAMS["copy_u8"])(x.view(torch.uint8), y.view(torch.uint8), 2)
    assert y.tolist() == [True, False]


def _functional(x: Any) -> Any:
    return torch._to_functional_tensor(x)  # type: ignore[attr-defined]  # what torch.func.functionalize makes


class Wrapper(torch.Tensor):
    """What fake tensors and their like are: a tensor without memory, whose operations are somebody else's."""

    @staticmethod
    def __new__(cls, x: Any) -> Any:
        return torch.Tensor._make_wrapper_subclass(cls, x.shape, dtype=x.dtype)  # type: ignore[attr-defined]

    @classmethod
    def __torch_dispatch__(cls, *_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is computed")


def _gone(x: Any) -> Any:
    x.untyped_storage().resize_(0)
    return x


class Marked(torch.Tensor):
    """A subclass without a meaning of its own."""


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "requires grad": (lambda x: x.requires_grad_(), r"requires grad.* cure: x.detach\(\), or hologram_torch.op"),
    "made of what does": (lambda x: x.requires_grad_() * 1, "requires grad"),
    "a view of what does": (lambda x: x.requires_grad_()[:], "requires grad"),
    "parameter": (torch.nn.Parameter, "requires grad"),
    "negated view": (lambda x: torch._neg_view(x), r"other signs; cure: x.resolve_neg\(\)"),
    "imaginary part": (lambda x: torch.zeros(4, dtype=torch.complex64).conj().imag, "other signs"),
    "meta": (lambda x: x.to("meta"), r"is a tensor on meta, not in host memory; cure: x.cpu\(\)"),
    "sparse": (lambda x: x.to_sparse(), r"layout torch.sparse_coo; cure: x.to_dense\(\)"),
    "wrapper": (Wrapper, r"stands for others; cure: .*hologram_torch.op\(kernel\)"),
    "functional": (_functional, "stands for others"),
    "zeros without memory": (lambda x: torch._efficientzerotensor(4), "zeros without memory"),
    "a part of zeros without memory": (lambda x: torch._efficientzerotensor(5)[1:], "zeros without memory"),
    "freed": (_gone, "memory is gone"),
    "freed, begun behind its first element": (lambda x: _gone(x.repeat(2)[4:]), "memory is gone"),
    "several axes": (lambda x: x.reshape(2, 2), r"has 1 dimension, got .*\(2, 2\); cure: x.ravel"),
    "no axes": (lambda x: x[0], "has 1 dimension"),
    "every second element": (lambda x: x.repeat(2)[::2], r"must be contiguous.* cure: x.contiguous\(\)"),
    "expanded": (lambda x: x[:1].expand(4), "must be contiguous"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_must_not_be_used_is_refused(saxpy: Callable[..., None], name: str) -> None:
    make, message = WRONG[name]
    y = torch.zeros(4)
    with pytest.raises(ArgumentTypeError, match=message):
        saxpy(2.0, make(torch.ones(4)), y, 4)
    assert not y.any() and y._version == 0
    with pytest.raises(ArgumentTypeError, match=message.replace("x.", "y.").replace("tory.", "torx.")):
        saxpy(2.0, y, make(torch.ones(4)), 4)


def test_gradients_are_refused_where_none_are_recorded_either(saxpy: Callable[..., None]) -> None:
    x = torch.ones(4, requires_grad=True)
    with torch.no_grad(), pytest.raises(ArgumentTypeError, match="requires grad"):
        saxpy(2.0, x, torch.zeros(4), 4)


def test_what_is_plain_but_special_is_used(saxpy: Callable[..., None]) -> None:
    with torch.inference_mode():
        inference = torch.ones(4)
    given = [
        torch.ones(4, requires_grad=True).detach(),
        torch.nn.Parameter(torch.ones(4), requires_grad=False),
        torch.ones(4).as_subclass(Marked),
        inference,
        torch.ones(5, dtype=torch.complex64).real.contiguous()[1:],
        torch.from_numpy(np.ones(4, np.float32)),
        torch.ones(2, 4)[1],
        torch.ones(4, 4).diagonal().clone(),
        torch.ones(8)[3:7],
    ]
    for x in given:
        y = torch.zeros(4)
        saxpy(2.0, x, y, 4)
        assert y.tolist() == [2.0] * 4
        saxpy(1.0, y, x, 4)
        assert x.tolist() == [3.0] * 4
    shared = torch.ones(4)
    lazy = torch._lazy_clone(shared)
    saxpy(1.0, torch.ones(4), lazy, 4)
    assert (shared.tolist(), lazy.tolist()) == ([1.0] * 4, [2.0] * 4)


def test_transformed_tensors_are_refused(saxpy: Callable[..., None]) -> None:
    refused: list[str] = []

    def use(x: Any) -> Any:
        y = torch.zeros(4)
        for given in ((x, y), (y, x)):
            with pytest.raises(ArgumentTypeError) as found:
                saxpy(2.0, *given, 4)
            refused.append(str(found.value))
        return x.sum()

    torch.vmap(use)(torch.ones(3, 4))
    torch.func.grad(use)(torch.ones(4))
    torch.func.jvp(use, (torch.ones(4),), (torch.ones(4),))
    torch.func.functionalize(use)(torch.ones(4))
    assert len(refused) == 8 and all("stands for others" in text for text in refused)


def test_overlap_is_refused(saxpy: Callable[..., None]) -> None:
    memory = torch.zeros(10)
    with pytest.raises(OverlapError):
        saxpy(2.0, memory[:5], memory[4:9], 5)
    with pytest.raises(OverlapError):
        saxpy(2.0, memory[:5].numpy(), memory[4:9], 5)
    memory += 1
    saxpy(2.0, memory[:5], memory[5:], 5)
    saxpy(2.0, memory[:5], memory[:5], 5)
    assert memory.tolist() == [3.0] * 10


def test_pytorch_is_told_of_writes(saxpy: Callable[..., None]) -> None:
    x, y, w = torch.ones(4), torch.ones(4), torch.ones(4, requires_grad=True)
    product = (w * y).sum()
    before = x._version, y._version
    saxpy(2.0, x, y[1:], 3)
    assert x._version == before[0] and y._version > before[1]
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()
    with pytest.raises(ArgumentTypeError):
        saxpy(2.0, y, x, None)
    assert x._version == before[0]


def test_bound_and_recorded_launches_hold_tensors(program: Callable[[str], Program]) -> None:
    for make in (_bound, _recorded):
        x, y = torch.ones(4), torch.zeros(4)
        launch, held = make(Launcher(program("saxpy")), x, y), y[1:]
        launch()
        before = y._version
        assert before > 0
        del y
        launch()
        assert held.tolist() == [4.0] * 3
        with pytest.raises(RuntimeError, match="not resizable"):
            x.resize_(100)


def _bound(launcher: Launcher, x: Any, y: Any) -> Callable[[], None]:
    return launcher.bind(2.0, x, y, 4)


def _recorded(launcher: Launcher, x: Any, y: Any) -> Callable[[], None]:
    with Executor("cpu").record() as graph:
        launcher.call(2.0, x, y, 4)
    return graph.launch


def test_launches_leave_tensors_resizable(saxpy: Callable[..., None]) -> None:
    x, y = torch.ones(4), torch.zeros(4)
    saxpy(2.0, x, y, 4)
    assert x.resize_(100).shape == (100,)
