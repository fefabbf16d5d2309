"""Own kernels as operators of PyTorch: schemas, gradients, transforms, tracing, changes in place, wrong use."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from hologram import Program
from hologram.language import (
    DeviceArray,
    atomic_add,
    cos,
    exp,
    f32,
    f64,
    get_global_id,
    i32,
    i64,
    kernel,
    sin,
    u32,
)
from hologram_torch import op

F64 = torch.float64
Close = torch.testing.assert_close


@kernel
def swing(t: DeviceArray[f64], rate: DeviceArray[f64], out: DeviceArray[f64], size: f64 = 2.0):
    i = get_global_id()
    if i < t.shape[0]:
        out[i] = size * exp(-rate[i] * t[i]) * cos(t[i])


@kernel
def swing_gradient(
    t: DeviceArray[f64],
    rate: DeviceArray[f64],
    grad_out: DeviceArray[f64],
    grad_t: DeviceArray[f64],
    grad_rate: DeviceArray[f64],
    size: f64,
):
    i = get_global_id()
    if i < t.shape[0]:
        e = size * exp(-rate[i] * t[i]) * grad_out[i]
        grad_t[i] = -e * (rate[i] * cos(t[i]) + sin(t[i]))
        grad_rate[i] = -e * t[i] * cos(t[i])


@kernel
def square(x: DeviceArray[f64], out: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        out[i] = x[i] * x[i]


@kernel
def square_gradient(x: DeviceArray[f64], grad_out: DeviceArray[f64], grad_x: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        grad_x[i] = 2.0 * x[i] * grad_out[i]


@kernel
def weigh(m: DeviceArray[f64, 2], v: DeviceArray[f64], out: DeviceArray[f64]):
    """Rows of m times v."""
    i = get_global_id()
    if i < m.shape[0]:
        total = 0.0
        for k in range(m.shape[1]):
            total += m[i, k] * v[k]
        out[i] = total


@kernel
def weigh_gradient(
    m: DeviceArray[f64, 2],
    v: DeviceArray[f64],
    grad_out: DeviceArray[f64],
    grad_m: DeviceArray[f64, 2],
    grad_v: DeviceArray[f64],
):
    i = get_global_id()
    if i < m.shape[0]:
        for k in range(m.shape[1]):
            grad_m[i, k] = grad_out[i] * v[k]
            atomic_add(grad_v, k, grad_out[i] * m[i, k])


@kernel
def pick(x: DeviceArray[f64], places: DeviceArray[i64], out: DeviceArray[f64], n: u32):
    i = get_global_id()
    if i < n:
        out[i] = x[places[i]]


@kernel
def pick_gradient(places: DeviceArray[i64], grad_out: DeviceArray[f64], grad_x: DeviceArray[f64], n: u32):
    i = get_global_id()
    if i < n:
        atomic_add(grad_x, places[i], grad_out[i])


@kernel
def add_to(y: DeviceArray[f32], x: DeviceArray[f32], factor: f32):
    i = get_global_id()
    if i < y.shape[0]:
        y[i] += factor * x[i]


@kernel
def split(x: DeviceArray[f32], whole: DeviceArray[i32], part: DeviceArray[f32]):
    i = get_global_id()
    if i < x.shape[0]:
        whole[i] = i32(x[i])
        part[i] = x[i] - f32(i32(x[i]))


@kernel
def split_gradient(grad_part: DeviceArray[f32], grad_x: DeviceArray[f32]):
    i = get_global_id()
    if i < grad_part.shape[0]:
        grad_x[i] = grad_part[i]


@kernel
def count(x: DeviceArray[i64], counts: DeviceArray[i64]):
    i = get_global_id()
    if i < x.shape[0]:
        atomic_add(counts, x[i], 1)


@kernel
def ramp(out: DeviceArray[f32], step: f32, n: u32):
    i = get_global_id()
    if i < n:
        out[i] = step * f32(i)


swinging = op(swing, swing_gradient, elementwise=True)
squared = op(
    square,
    op(square_gradient, lambda x, grad_out, grad_grad_x: (2 * grad_out * grad_grad_x, 2 * x * grad_grad_x)),
)
weighed = op(weigh, weigh_gradient, shapes={"out": lambda m: m.shape[0]})
picked = op(
    pick, pick_gradient, shapes={"out": lambda places: places.shape}, sizes={"n": lambda places: places.numel()}
)
added = op(add_to)
added_anywhere = op(add_to, elementwise=True)
parted = op(split, split_gradient)
counted = op(count, shapes={"counts": 4})
ramped = op(ramp, shapes={"out": lambda n: n})


def drawn(*shape: int, dtype: torch.dtype = F64, grad: bool = True) -> Tensor:
    torch.manual_seed(sum(shape))
    return torch.rand(*shape, dtype=dtype, requires_grad=grad)


def swing_by_torch(t: Tensor, rate: Tensor, size: float = 2.0) -> Tensor:
    return size * torch.exp(-rate * t) * torch.cos(t)


PLACES = torch.tensor([2, 0, 2, 1])
CASES: dict[str, tuple[Any, Callable[..., Any], tuple[Any, ...]]] = {
    "elementwise": (swinging, swing_by_torch, (drawn(4, 1), drawn(3), 1.5)),
    "own shapes": (weighed, lambda m, v: m @ v, (drawn(3, 4), drawn(4))),
    "strided": (weighed, lambda m, v: m @ v, (drawn(4, 3).detach().T.requires_grad_(), drawn(8).detach()[::2])),
    "sizes": (picked, lambda x, places: x[places], (drawn(3), PLACES)),
    "second order": (squared, lambda x: x * x, (drawn(5),)),
}


@pytest.mark.parametrize("case", CASES)
def test_an_operator_is_complete_and_gives_what_torch_gives(case: str) -> None:
    made, wanted, args = CASES[case]
    Close(made(*args), wanted(*args))
    plain = [a.detach() if isinstance(a, Tensor) else a for a in args]
    Close(made(*plain), wanted(*plain))
    assert not made(*plain).requires_grad
    assert set(torch.library.opcheck(made.operator, args).values()) == {"SUCCESS"}
    assert torch.autograd.gradcheck(lambda *a: made(*a), args)


@pytest.mark.parametrize("case", CASES)
def test_a_traced_operator_breaks_no_graph_and_has_its_gradients(case: str) -> None:
    made, wanted, args = CASES[case]
    traced = torch.compile(lambda *a: 2 * made(*a), backend="aot_eager", fullgraph=True)
    along = [a for a in args if isinstance(a, Tensor) and a.requires_grad]
    Close(torch.autograd.grad(traced(*args).sum(), along), torch.autograd.grad(2 * wanted(*args).sum(), along))


@pytest.mark.parametrize("traced", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["eager", "traced"])
def test_transforms_compose(traced: bool) -> None:
    def made(function: Callable[..., Any]) -> Any:
        transformed = torch.func.vmap(torch.func.grad(lambda *a: function(*a).sum(), argnums=(0, 1)), (0, None))
        return torch.compile(transformed, backend="aot_eager", fullgraph=True) if traced else transformed

    t, rate = drawn(4, 3, grad=False), drawn(3, grad=False)
    Close(made(swinging)(t, rate), made(swing_by_torch)(t, rate))
    m, v = drawn(2, 3, 4, grad=False), drawn(4, grad=False)
    Close(made(weighed)(m, v), made(lambda m, v: m @ v)(m, v))
    Close(torch.func.jacrev(squared)(v), torch.diag(2 * v))
    Close(torch.func.jacrev(torch.func.jacrev(squared))(v).sum(), torch.tensor(8.0, dtype=F64))


def test_a_batch_of_nothing_and_of_several_outputs() -> None:
    whole, part = torch.func.vmap(parted)(torch.tensor([[1.5, 2.25], [0.5, 3.0]]))
    assert whole.tolist() == [[1, 2], [0, 3]]
    assert part.tolist() == [[0.5, 0.25], [0.5, 0.0]]
    whole, part = torch.func.vmap(parted)(torch.zeros(0, 2))
    assert whole.shape == part.shape == (0, 2) and whole.dtype is torch.int32
    t, rate = drawn(2, 3), drawn(2)
    Close(torch.func.vmap(swinging, (1, None))(t, rate), torch.stack([swinging(column, rate) for column in t.T]))


def test_gradients_of_gradients() -> None:
    assert torch.autograd.gradgradcheck(squared, (drawn(5),))
    x = drawn(3)
    (once,) = torch.autograd.grad(squared(x).sum(), x, create_graph=True)
    Close(torch.autograd.grad(once.sum(), x)[0], torch.full((3,), 2.0, dtype=F64))
    t = drawn(2)
    (once,) = torch.autograd.grad(swinging(t, t.detach()).sum(), t, create_graph=True)
    with pytest.raises(RuntimeError, match=r"swing_gradient\(\) has no gradient; cure: .*backward=…"):
        torch.autograd.grad(once.sum(), t)


def test_a_backward_is_a_function_too() -> None:
    def backward(grad_out: Tensor, x: Tensor, out: Tensor) -> dict[str, Tensor]:
        assert torch.equal(out, x * x)
        return {"x": 2 * x * grad_out}

    by_name = op(square, backward)
    assert torch.autograd.gradcheck(by_name, (drawn(3),))
    assert torch.autograd.gradgradcheck(by_name, (drawn(3),))
    unknown = op(square, lambda grad_out: {"y": grad_out})
    with pytest.raises(RuntimeError, match="gave a gradient along 'y', which is none of x"):
        unknown(drawn(3)).sum().backward()
    flat = op(square, lambda x, grad_out: None)
    x = drawn(3)
    assert torch.autograd.grad(flat(x).sum(), x, allow_unused=True) == (None,)
    wrong = op(square, lambda x, grad_out: (x, x))
    with pytest.raises(RuntimeError, match="gave 2 gradients for 1 inputs: x"):
        wrong(x).sum().backward()


def test_outputs_of_integers_have_no_gradient() -> None:
    x = drawn(3, dtype=torch.float32)
    whole, part = parted(x)
    assert part.requires_grad and not whole.requires_grad
    Close(torch.autograd.grad((part * 3).sum(), x)[0], torch.full((3,), 3.0))


def test_outputs_begin_as_zeros_and_sizes_are_numbers_of_the_call() -> None:
    assert counted(torch.tensor([1, 3, 3])).tolist() == [0, 1, 0, 2]
    assert counted(torch.zeros(0, dtype=torch.int64)).tolist() == [0, 0, 0, 0]
    assert ramped(0.5, 3).tolist() == [0.0, 0.5, 1.0]
    assert ramped(step=2.0, n=2).tolist() == [0.0, 2.0]
    traced = torch.compile(lambda n: ramped(1.0, n), backend="aot_eager", fullgraph=True)
    assert traced(2).tolist() == [0.0, 1.0] and traced(3).tolist() == [0.0, 1.0, 2.0]


def test_one_trace_serves_all_sizes() -> None:
    sizes = []

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Any:
        sizes.append(len(inputs))
        return graph.forward

    traced = torch.compile(picked, backend=backend, fullgraph=True, dynamic=True)
    for n in (2, 3, 5):
        Close(traced(drawn(7, grad=False), PLACES[:n]), drawn(7, grad=False)[PLACES[:n]])
    assert len(sizes) == 1


# Derived gradients.


@kernel
def two(x: DeviceArray[f64], y: DeviceArray[f64], a: DeviceArray[f64], b: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        t = exp(x[i] * y[i])
        a[i] = t / (1.0 + t)
        b[i] = y[i] - 3.0


def test_gradients_of_elementwise_kernels_are_derived_to_any_order() -> None:
    made = op(swing, "derived", elementwise=True)
    args = (drawn(4, 1), drawn(3), 1.5)
    assert torch.autograd.gradcheck(made, args)
    assert torch.autograd.gradgradcheck(made, args)
    both = op(two, "derived", elementwise=True)
    assert torch.autograd.gradcheck(both, (drawn(3), drawn(2, 3)))
    x = drawn(3)
    traced = torch.compile(lambda v: made(v, v), backend="aot_eager", fullgraph=True)
    Close(torch.autograd.grad(traced(x).sum(), x), torch.autograd.grad(swing_by_torch(x, x).sum(), x))
    Close(torch.func.vmap(torch.func.grad(made))(x, x), torch.func.vmap(torch.func.grad(swing_by_torch))(x, x))


@kernel
def up_to(x: DeviceArray[f64], out: DeviceArray[f64], n: u32):
    i = get_global_id()
    if i < n:
        out[i] = 2.0 * x[i]


@pytest.mark.parametrize(
    ("make", "trouble"),
    [
        (
            lambda: op(square, "derived"),
            r"square\(\) has no derived gradient: it is not elementwise; cure: elementwise",
        ),
        (lambda: op(up_to, "derived", elementwise=True), "its guard is not the length of an array; cure: a kernel or"),
        (lambda: op(pick, "derived", elementwise=True), "lane i touches something else than element i"),
        (lambda: op(split, "derived", elementwise=True), "split.. has no derived gradient: "),
    ],
)
def test_what_has_no_derived_gradient_says_why(make: Callable[[], Any], trouble: str) -> None:
    with pytest.raises(ValueError, match=trouble):
        make()


# Changes in place.


@pytest.mark.parametrize("made", [added, added_anywhere], ids=["as arrays", "elementwise"])
def test_a_change_in_place_is_seen_and_counted(made: Any) -> None:
    x = torch.arange(3.0)
    for y in (torch.ones(3), torch.ones(6)[::2]):
        before = y._version
        assert made(y, x, 2.0) is None
        assert y.tolist() == [1.0, 3.0, 5.0] and y._version > before
    torch.library.opcheck(made.operator, (torch.ones(6)[::2], x, 2.0))
    saved = torch.ones(3, requires_grad=True)
    used = saved.exp()
    with torch.no_grad():
        made(used, x, 1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        used.sum().backward()
    batch = torch.ones(2, 3)
    torch.func.vmap(lambda y: made(y, x, 1.0), out_dims=None)(batch)
    assert batch.tolist() == [[1.0, 2.0, 3.0]] * 2


def test_a_change_in_place_within_a_traced_function() -> None:
    def step(y: Tensor, x: Tensor) -> Tensor:
        z = y * 1
        added(z, x, 2.0)
        added(y, x, 1.0)
        return z

    x, y = torch.arange(3.0), torch.ones(3)
    assert torch.compile(step, backend="aot_eager", fullgraph=True)(y, x).tolist() == [1.0, 3.0, 5.0]
    assert y.tolist() == [1.0, 2.0, 3.0]


def test_what_cannot_be_changed_in_place_says_so() -> None:
    x, leaf = torch.arange(3.0), torch.ones(3, requires_grad=True)
    for wrong, trouble in {
        "a leaf Variable that requires grad is being used in an in-place operation": (leaf, x),
        r"changes 'y' in place and has no gradient, but 'y' requires one; cure: y.detach\(\)": (leaf * 1, x),
        r"changes 'y' in place and has no gradient, but 'x' requires one": (torch.ones(3), leaf),
        r"more than one element of the written-to tensor 'y'.*clone\(\)": (torch.ones(1).expand(3), x),
    }.items():
        with pytest.raises(RuntimeError, match=wrong):
            added(*trouble, 1.0)
    with pytest.raises(RuntimeError, match=r"output with shape \[1\] doesn't match the broadcast shape \[3\]"):
        added_anywhere(torch.ones(1), x, 1.0)
    with pytest.raises(RuntimeError, match="changes 'y' in place, which has no batch axis"):
        torch.func.vmap(lambda a: added(torch.ones(3), a, 1.0), out_dims=None)(torch.ones(2, 3))
    with pytest.raises(ValueError, match="changes 'y' in place and cannot have a gradient"):
        op(add_to, lambda grad_y: grad_y)


# Wrong use.


@pytest.mark.parametrize(
    ("call", "trouble"),
    [
        (lambda: weighed(drawn(3, 4).float(), drawn(4)), r"'m' to be a tensor of float64 but got float32; cure: m.to"),
        (lambda: weighed(drawn(4), drawn(4)), r"'m' to have 2 dimensions but got a tensor of shape \[4\]"),
        (lambda: weighed(drawn(3, 4), drawn(2)), r"weigh\(\): array 'v' is too short"),
        (lambda: weighed(drawn(3, 4, grad=False), drawn(2, grad=False)), r"weigh\(\): array 'v' is too short"),
        (lambda: weighed(drawn(3, 4)), "missing value for argument 'v'"),
        (lambda: weighed(drawn(3, 4), 1.0), "Expected a value of type 'Tensor' for argument 'v'"),
        (lambda: weighed(drawn(3, 4), w=drawn(4)), "missing value for argument 'v'|Unknown keyword argument 'w'"),
        (lambda: weighed(drawn(3, 4), drawn(4), 1), "expected at most 2 argument"),
        (lambda: swinging(drawn(3), drawn(2)), "must match|broadcast"),
        (lambda: ramped(1.0, -1), "negative|must be from"),
        (lambda: picked(drawn(3), PLACES.int()), "'places' to be a tensor of int64 but got int32"),
    ],
)
def test_wrong_arguments_are_refused_in_the_words_of_torch(call: Callable[[], Any], trouble: str) -> None:
    with pytest.raises(RuntimeError, match=trouble):
        call()


def test_what_has_no_gradient_says_so_when_one_is_asked_for() -> None:
    without, along_one = op(square), op(swing, lambda t, grad_out: {"t": grad_out})
    x = drawn(3)
    made = without(x)
    with pytest.raises(RuntimeError, match=r"square\(\) has no gradient; cure: give op\(\) one"):
        made.sum().backward()
    with pytest.raises(RuntimeError, match=r"no gradient along 'rate'; cure: .*grad_rate, or pass rate.detach"):
        torch.autograd.grad(along_one(x, x).sum(), x)
    Close(torch.autograd.grad(along_one(x, x.detach()).sum(), x)[0], torch.ones(3, dtype=F64))
    with pytest.raises((RuntimeError, NotImplementedError), match="jvp"):
        torch.func.jvp(squared, (x.detach(),), (x.detach(),))


@kernel
def gives_nothing(x: DeviceArray[f64], grad_out: DeviceArray[f64], other: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        other[i] = grad_out[i]


@kernel
def of_f32(x: DeviceArray[f32], grad_out: DeviceArray[f64], grad_x: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        grad_x[i] = x[i] * grad_out[i]


@kernel
def of_two_axes(grad_out: DeviceArray[f64], grad_x: DeviceArray[f64, 2]):
    i = get_global_id()
    if i < grad_out.shape[0]:
        grad_x[i, 0] = grad_out[i]


@kernel
def no_result(x: DeviceArray[f64]):
    i = get_global_id()
    if i < x.shape[0]:
        assert x[i] > 0.0


@pytest.mark.parametrize(
    ("make", "kind", "trouble"),
    [
        (lambda: op(len), TypeError, "of a kernel, not of builtin_function_or_method"),
        (lambda: op(square, 3), TypeError, "backward is a kernel, an op, a function or 'derived', not 3"),
        (lambda: op(square, swing_gradient), ValueError, "asks for 't', which is none of x, out, grad_out"),
        (lambda: op(square, lambda y: y), ValueError, "asks for 'y', which is none of x, out, grad_out"),
        (
            lambda: op(square, gives_nothing),
            ValueError,
            r"gives_nothing\(\) gives 'other', where square\(\) wants grad_x",
        ),
        (lambda: op(square, of_f32), ValueError, r"has 'x: DeviceArray\[f32\]', where square\(\) has"),
        (lambda: op(square, of_two_axes), ValueError, r"has 'grad_x: DeviceArray\[f64, 2\]'"),
        (lambda: op(square, squared, elementwise=True), ValueError, "asks for|either both are elementwise"),
        (lambda: op(square, op(square_gradient), elementwise=True), ValueError, "either both are elementwise or none"),
        (lambda: op(ramp), ValueError, r"no input has the 1 dimensions of 'out'.*cure: shapes=\{'out'"),
        (lambda: op(no_result), ValueError, "writes no array"),
        (lambda: op(weigh, elementwise=True), ValueError, "arrays of an elementwise kernel have one dimension"),
        (lambda: op(pick, sizes={"m": lambda x: 1}), ValueError, "sizes names 'm', which is none of n"),
        (
            lambda: op(pick, sizes={"n": lambda y: 1}),
            ValueError,
            "the size 'n' asks for 'y', which is none of x, places",
        ),
        (lambda: op(pick, shapes={"y": 1}), ValueError, "shapes names 'y', which is none of x, places, out"),
        (lambda: op(square, name="swing"), ValueError, "there is an operator hologram_user::swing already"),
    ],
)
def test_what_does_not_fit_is_refused_when_the_operator_is_made(make: Any, kind: Any, trouble: str) -> None:
    with pytest.raises(kind, match=trouble):
        make()


# Names, files, copies, autocast.


def test_names_are_unique_and_operators_keep_their_kernels() -> None:
    again = op(weigh, shapes={"out": lambda m: m.shape[0]})
    assert weighed.name == "hologram_user::weigh" and again.name != weighed.name
    assert str(again.operator._schema).endswith("(Tensor m, Tensor v) -> Tensor")
    assert str(swinging.operator._schema) == "hologram_user::swing(Tensor t, Tensor rate, float size=2.) -> Tensor"
    assert str(added.operator._schema) == "hologram_user::add_to(Tensor(a!) y, Tensor x, float factor) -> ()"
    assert torch.ops.hologram_user.weigh.default is weighed.operator


def test_modules_that_hold_operators_are_copied_pickled_and_exported() -> None:
    class Layer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.op = weighed

        def forward(self, m: Tensor, v: Tensor) -> Tensor:
            return self.op(m, v)

    assert copy.deepcopy(Layer()).op is weighed
    m, v = drawn(3, 4, grad=False), drawn(4, grad=False)
    exported = torch.export.export(Layer(), (m, v))
    assert "hologram_user.weigh.default" in str(exported.graph)
    Close(exported.module()(m, v), m @ v)
    assert pickle.loads(pickle.dumps(weighed)) is weighed
    with pytest.raises(RuntimeError, match="there is no operator hologram_user::gone here; cure: import"):
        weighed.__reduce__()[0]("hologram_user::gone")


def test_a_program_from_a_file_becomes_an_operator(tmp_path: Path) -> None:
    square.save(tmp_path / "square.atlas")
    square_gradient.save(tmp_path / "gradient.atlas")
    loaded = op(Program.load(tmp_path / "square.atlas"), Program.load(tmp_path / "gradient.atlas"))
    assert torch.autograd.gradcheck(loaded, (drawn(4),))


def test_autocast_gives_the_kernel_its_own_types() -> None:
    x = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        _, part = parted(x * 1.5)
        part.sum().backward()
    assert part.dtype is torch.float32 and x.grad is not None and x.grad.dtype is torch.bfloat16
    assert x.grad.tolist() == [1.5] * 3
    with pytest.raises(RuntimeError, match="float32 but got bfloat16"):
        parted(x)
