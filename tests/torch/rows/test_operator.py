"""The operator `hologram::rows`: its registrations, gradients of any order, transforms, tracing; what it saves."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from hologram.types import Type
from hologram_torch import functional
from hologram_torch.rows.function import function_of, row_function
from hologram_torch.rows.normalisations import standardised
from hologram_torch.rows.operator import apply, read_by_derivatives, rows, sum_to
from hologram_torch.rows.reductions import reduction

SOFTMAX = reduction("softmax", Type.F64, torch.float64)
LAYER = standardised(torch.float64, True, True, False, False)


def drawn(*shape: int) -> torch.Tensor:
    torch.manual_seed(len(shape))
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def test_the_registrations_are_complete_and_agree() -> None:
    x, w, b = drawn(3, 4), drawn(4), drawn(4)
    torch.library.opcheck(rows, (SOFTMAX, [x], [], [3, 4], [1]))
    torch.library.opcheck(rows, (LAYER, [x, w, b], [1e-5], [3, 4], [1]))


def test_gradients_are_those_of_differences() -> None:
    x, w, b = drawn(2, 3), drawn(3), drawn(3)

    def layer(*tensors: torch.Tensor) -> torch.Tensor:
        return apply(LAYER, tensors, [1e-5], (2, 3), [1])[0]

    assert torch.autograd.gradcheck(layer, (x, w, b), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(layer, (x, w, b))


def test_transforms_of_torch_func_compose() -> None:
    x = drawn(3, 4).detach()
    found = torch.func.vmap(torch.func.grad(lambda r: functional.softmax(r, 0)[1]))(x)
    wanted = torch.func.vmap(torch.func.grad(lambda r: F.softmax(r, 0)[1]))(x)
    torch.testing.assert_close(found, wanted)
    hessian = torch.func.hessian(lambda r: functional.logsumexp(r, 0))(x[0])
    torch.testing.assert_close(hessian, torch.func.hessian(lambda r: torch.logsumexp(r, 0))(x[0]))


def test_a_traced_function_has_no_breaks_and_the_same_gradients() -> None:
    x, w = drawn(3, 4), drawn(4)

    def ours(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, (4,), w).square().sum()

    compiled = torch.compile(ours, backend="aot_eager", fullgraph=True)
    found = torch.autograd.grad(compiled(x, w), (x, w))
    wanted = torch.autograd.grad(F.layer_norm(x, (4,), w).square().sum(), (x, w))
    torch.testing.assert_close(found, wanted)


def test_derivatives_keep_results_rather_than_what_they_were_made_of() -> None:
    logsumexp = function_of(reduction("logsumexp", Type.F32, torch.float32))
    assert read_by_derivatives(logsumexp, (("x", "f32"),), True) == (("x", "out"), (0, 1))
    for name in ("softmax", "log_softmax", "softmin"):  # the elements are not kept
        soft = function_of(reduction(name, Type.F32, torch.float32))
        assert read_by_derivatives(soft, (("x", "f32"),), False) == (("out",), (1,))
    layer = (("x", "f64"), ("weight", "f64"), ("bias", "f64"))
    assert "spread" not in read_by_derivatives(function_of(LAYER), layer, True)[0]
    total = function_of(reduction("sum", Type.F32, torch.float32))
    assert read_by_derivatives(total, (("x", "f32"),), True) == ((), ())


def test_only_gradients_that_are_wanted_are_computed_and_only_what_they_read_is_kept() -> None:
    x, y = drawn(3, 4), drawn(3, 4).detach()
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        loss = functional.mse_loss(x, y)
    assert [t.shape for t in kept] == [x.shape, y.shape]
    node = loss.grad_fn
    while node is not None and not hasattr(node, "back"):
        node = node.next_functions[0][0]
    assert node is not None and node.back.asked == (False, True, False), "y's gradient is not wanted"
    loss.backward()
    torch.testing.assert_close(x.grad, (x - y).detach() * 2 / 12)


def test_a_function_is_one_object_whatever_it_is_made_from() -> None:
    softmax = function_of(SOFTMAX)
    same = row_function(softmax.wide, softmax.steps, softmax.outputs, still=softmax.still, slopes=softmax.slopes)
    assert same is softmax


@pytest.mark.parametrize("dims", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_any_axes_of_any_strides_are_folded(dims: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    for x in (torch.randn(2, 3, 4), torch.randn(4, 6, 8)[::2, 1::2, ::3].permute(2, 0, 1)):
        torch.testing.assert_close(functional.var(x, dims), torch.var(x, dims))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), ()])
def test_nothing_and_a_number_have_rows_too(shape: tuple[int, ...]) -> None:
    x = torch.ones(shape)
    torch.testing.assert_close(functional.sum(x), torch.sum(x))
    torch.testing.assert_close(functional.softmax(x, -1), torch.softmax(x, -1))


@pytest.mark.parametrize("shape", [(3, 4), (4,), (1, 4), ()])
def test_a_gradient_comes_in_the_type_that_is_asked_for(shape: tuple[int, ...]) -> None:
    found = sum_to(torch.ones(3, 4), shape, torch.float16)
    assert found.dtype is torch.float16 and found.shape == shape and found.sum() == 12


def test_views_that_show_their_memory_with_other_signs_are_read_as_they_show_it() -> None:
    x = torch.randn(3, 3, dtype=torch.complex64).conj().imag
    assert x.is_neg()
    torch.testing.assert_close(functional.softmax(x, -1), torch.softmax(x, -1))
    torch.testing.assert_close(functional.cumsum(x, 0), torch.cumsum(x, 0))
    torch.testing.assert_close(functional.mm(x, x), torch.mm(x, x))
    torch.testing.assert_close(functional.exp(x), torch.exp(x))


def test_tensors_that_do_not_broadcast_to_the_shape_are_refused() -> None:
    text = reduction("softmax", Type.F32, torch.float32)
    for x in (torch.ones(99), torch.ones(3, 50), torch.ones(1, 1, 100)):
        with pytest.raises(RuntimeError, match="does not broadcast to"):
            torch.ops.hologram.rows(text, [x], [], [3, 100], [1])
        with pytest.raises(RuntimeError, match="does not broadcast to"):
            apply(text, [x], [], [3, 100], [1])
    with pytest.raises(RuntimeError, match="has no place in"):
        apply(text, [torch.ones(3, 100)], [], [3, 100], [1], [torch.empty(3, 99)])


@pytest.mark.parametrize("count", [2, 33, 100, 5000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extremes_tell_zeros_apart_and_pass_nan_on(count: int, dtype: torch.dtype) -> None:
    for place in (0, count // 2, count - 1):
        x = torch.full((count,), -0.0, dtype=dtype)
        assert functional.amax(x).signbit()
        x[place] = 0.0
        assert not functional.amax(x).signbit()
        assert functional.amin(-x).signbit()
        x[place] = torch.nan
        assert functional.amax(x).isnan()
        assert functional.amin(x).isnan()
        x.fill_(-torch.inf)
        x[place] = -3.0
        assert functional.amax(x) == -3.0
        assert functional.amin(-x) == 3.0
