"""Compiled functions give what eager ones give, of every family, for training and inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hologram_torch import compiler
from hologram_torch.compiler import Report, backend
from tests.torch.compiler.against_eager import agreed

Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def wave(*shape: int, dtype: torch.dtype = torch.float32, grad: bool = True) -> Tensor:
    """Numbers of both signs."""
    return torch.randn(*shape).to(dtype).requires_grad_(grad)


def _mask(x: Tensor) -> Tensor:
    seen = torch.tril(torch.ones(x.shape[-1], x.shape[-1], dtype=torch.bool))
    return x.masked_fill(~seen, float("-inf")).softmax(-1)


FAMILIES: dict[str, tuple[Function, tuple[Any, ...]]] = {
    "broadcast": (lambda x, y: x * 2 + y.exp() - x / (y.abs() + 1), (wave(4, 5), wave(5))),
    "column and row": (lambda x, y: (x + y).tanh(), (wave(4, 1), wave(1, 5))),
    "softmax": (lambda x: F.softmax(x, -1), (wave(3, 4, 7),)),
    "softmax of columns": (lambda x: F.log_softmax(x, 0), (wave(5, 6),)),
    "layer norm": (lambda x, w, b: F.layer_norm(x, (6,), w, b), (wave(4, 6), wave(6), wave(6))),
    "rms norm": (lambda x, w: F.rms_norm(x, (6,), w), (wave(4, 6), wave(6))),
    "cross entropy": (F.cross_entropy, (wave(4, 5), torch.tensor([1, 2, -100, 0]))),
    "losses": (lambda x, y: (F.mse_loss(x, y), F.l1_loss(x, y), F.smooth_l1_loss(x, y)), (wave(4, 5), wave(4, 5))),
    "bce": (lambda x, y: F.binary_cross_entropy_with_logits(x, y), (wave(4, 5), torch.rand(4, 5))),
    "activations": (
        lambda x: (F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x), F.leaky_relu(x), F.elu(x), F.hardswish(x)),
        (wave(4, 5),),
    ),
    "moments": (lambda x: (x.var(), x.std(1), x.mean((0, 1)), x.norm(), torch.var_mean(x, 0)), (wave(3, 4),)),
    "extremes": (lambda x: (x.amax(1), x.amin((0, 1)), x.max(), x.prod(1)), (wave(3, 4),)),
    "truths": (
        lambda x: ((x > 0) & (x < 1), x.isnan().any(), (x > 0).sum(), (x > 0).all(0), x.any(1), ~(x > 0)),
        (wave(3, 4, grad=False),),
    ),
    "integers": (
        lambda x: (x * 3 + 1, x // 2, x.clamp(1, 4), x.float() / 2, x.sum(0), x.to(torch.int32) - 1, x.amax(1)),
        (torch.arange(12).view(3, 4),),
    ),
    "places": (lambda x: x + torch.arange(5) * 2.0 + torch.arange(4)[:, None], (wave(4, 5),)),
    "causal": (_mask, (wave(3, 5, 5),)),
    "where": (lambda x, y: torch.where(x > y, x, y * 2).clamp(-1, 1.5), (wave(4, 5), wave(4, 5))),
    "powers": (lambda x: (x**2, x**3, (x.abs() + 1) ** -0.5, (x.abs() + 1) ** 1.7, 2**x), (wave(4, 5),)),
    "f64": (lambda x: (x.sin() * x).sum(1), (wave(4, 5, dtype=torch.float64),)),
    "no axes": (lambda x: x.sum() * 2 + 1, (wave(3, 4),)),
    "number": (lambda x: x * 2 + x.exp(), (torch.tensor(0.5, requires_grad=True),)),
    "empty": (lambda x: (x * 2, x.sum(), x.sum(1), x.mean(0)), (torch.empty(0, 4),)),
    "nothing to fuse": (lambda x, y: x @ y, (wave(3, 4), wave(4, 2))),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_family(family: str) -> None:
    fn, inputs = FAMILIES[family]
    report = agreed(fn, *inputs)
    assert report.graphs
    assert (report.fused > 0) == (family != "nothing to fuse")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_compute_in_f32(dtype: torch.dtype) -> None:
    report = agreed(lambda x: F.layer_norm(x.exp(), (8,)) * 2, wave(3, 8, dtype=dtype), rtol=2e-2)
    assert report.share == 1


def test_autocast_regions() -> None:
    def step(x: Tensor, w: Tensor) -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return F.gelu(x @ w).softmax(-1)

    assert agreed(step, wave(4, 6), wave(6, 5), rtol=2e-2).fused > 0


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "mlp": (lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3)), (4, 5)),
    "norms": (lambda: nn.Sequential(nn.Linear(5, 6), nn.LayerNorm(6), nn.GELU(), nn.BatchNorm1d(6)), (4, 5)),
    "convolutions": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.GroupNorm(2, 4), nn.MaxPool2d(2)),
        (2, 3, 8, 8),
    ),
    "attention": (lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 3, 8)),
}


@pytest.mark.parametrize("name", MODELS)
def test_model_trains_as_in_eager_mode(name: str) -> None:
    make, shape = MODELS[name]
    report = agreed(make(), wave(*shape, grad=False))
    assert {g.kind for g in report.graphs} == {"forward", "backward"}
    assert report.fused > 4


def test_model_without_gradients() -> None:
    make, shape = MODELS["convolutions"]
    model = make().eval()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            assert {g.kind for g in agreed(model, wave(*shape, grad=False)).graphs} == {"inference"}


def test_channels_last_stays_so() -> None:
    images = torch.randn(2, 3, 6, 6).contiguous(memory_format=torch.channels_last)
    agreed(nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU()), images)


def _columns(x: Tensor, scale: Tensor) -> tuple[Tensor, ...]:
    """Folds down columns: of what is stored, of what is not, before what is stored, and of truths."""
    y = F.gelu(x) * scale
    centred = y - y.mean(0)
    spread = centred.square().mean(0, keepdim=True)
    far = (x > 1.5).any(0)
    return y, centred / (spread + 0.1).sqrt(), spread, torch.where(far, x, -x).softmax(0), (x > 0).sum(0)


@pytest.mark.parametrize("dynamic", [False, True])
def test_columns_are_folded_apart_from_what_is_stored(dynamic: bool) -> None:
    report = agreed(_columns, wave(9, 40, grad=True), wave(40, grad=True), dynamic=dynamic, rtol=1e-4)
    patterns = {r.axes for r in report.graphs[0].regions}
    assert "rk" in patterns and patterns & {"k", "kk"}
    agreed(nn.BatchNorm1d(20), wave(6, 20), dynamic=dynamic, rtol=1e-4)


class _Pyramid(nn.Module):
    """Convolutions between which images are pooled, joined, flattened, looked at in parts and given out."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(8, 4, 1)
        self.head = nn.Linear(4 * 9, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y = self.first(x)
        z = torch.cat([y.relu(), y * x[:, :1]], 1)
        pooled = nn.functional.avg_pool2d(self.second(z), 2)
        return (
            y,
            pooled.transpose(1, 2),
            self.head(pooled.flatten(1)),
            z[:, 1:3].softmax(1),
            y.view(2, 4, 36).cumsum(-1),
        )


def test_images_are_turned_for_convolutions_and_nobody_sees_it() -> None:
    report = agreed(_Pyramid(), wave(2, 3, 6, 6), rtol=1e-4)
    assert next(r.operators for r in report.graphs[0].regions if "w" in r.axes) == ("clone.default",)


def _joining(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
    a, b = x.exp(), x - y
    both = torch.cat([a, y[:, 1:], b * a, x[:, :0]], 1)
    last = torch.cat([x.sin()[:, 1:], y.cos()], -1).sum(1)
    return both, torch.cat([b, b]), torch.cat([a * 2, b * 3, y]), last, a.sum(1)


def test_parts_are_made_where_they_are_joined() -> None:
    report = agreed(_joining, wave(3, 4, grad=True), wave(3, 4, grad=True))
    assert ".copy_(" in report.graphs[0].source
    calls = sum(call.count for call in report.graphs[0].calls if call.operator == "cat.default")
    assert report.graphs[0].source.count("([") == calls - 2


@pytest.mark.parametrize("factor", [2, 3])
def test_nearest_upsampling_without_gradients_computes_no_places(factor: int) -> None:
    def larger(x: Tensor) -> Tensor:
        return F.interpolate(x.tanh(), scale_factor=factor, mode="nearest")

    (graph,) = agreed(larger, wave(2, 3, 4, 5, grad=False)).graphs
    assert (len(graph.regions) == 1) == (factor == 2)


@pytest.mark.parametrize("factor", [2, 3])
def test_nearest_upsampling_is_one_operator(factor: int) -> None:
    def larger(x: Tensor) -> Tensor:
        return F.interpolate(x.tanh(), scale_factor=factor, mode="nearest")

    kept = {call.operator for g in agreed(larger, wave(2, 3, 4, 5, grad=True)).graphs for call in g.calls}
    assert ("upsample_nearest2d.default" in kept) == ("upsample_nearest2d_backward.default" in kept) == (factor == 2)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(6, 5), (2, 5, 3, 4)])
def test_gradient_of_a_likelihood_is_one_region(shape: tuple[int, ...], reduction: str) -> None:
    target = torch.randint(5, (shape[0], *shape[2:]))
    target.view(-1)[1] = -100

    def loss(x: Tensor, weight: Tensor) -> Tensor:
        return F.cross_entropy(x, target, weight, reduction=reduction)

    report = agreed(loss, wave(*shape, grad=True), torch.rand(5))
    assert not report.graphs[1].calls


def test_dropout_takes_the_random_numbers_of_eager_mode() -> None:
    report = agreed(lambda x: F.dropout(x.exp(), 0.4) + F.dropout(x, 0.2), wave(40, 50))
    assert "bernoulli" in str(report)


VIEWS: dict[str, tuple[Function, tuple[Any, ...]]] = {
    "merged and split": (lambda x: (x.view(2, 2, 5).transpose(0, 1) + 1).reshape(2, 10).sin(), (wave(4, 5),)),
    "turned": (lambda x: x.permute(2, 0, 1).contiguous() * 2, (wave(3, 4, 5),)),
    "parts": (lambda x: (x[1:] * 2, x[:, 1], x[:, ::2].exp(), torch.cat([x[:1], x * 2])), (wave(3, 4),)),
    "expanded": (lambda x: (x[:, None].expand(3, 4, 2) * 2).sum(-1) + x.unsqueeze(0), (wave(3, 2)[:, :1] + 0.0,)),
    "same twice": (lambda x: ((y := x * 2), y.t(), y[1:] + 1, y), (wave(3, 4, grad=False),)),
    "of inputs": (lambda x: (x, x.t(), x[1:], x[:, 0] * 2), (wave(3, 4, grad=False),)),
    "chunks": (lambda x: [c.exp() for c in x.chunk(3, -1)], (wave(2, 6),)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    agreed(VIEWS[name][0], *VIEWS[name][1])


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(5, 4).t(),
        torch.randn(8, 10)[::2, ::2],
        torch.randn(1, 5).expand(4, 5),
        torch.randn(9, 5)[5:],
        torch.randn(4, 5).as_strided((4, 5), (1, 4)),
    ],
    ids=["turned", "gaps", "repeated", "begins later", "columns"],
)
def test_strides_of_inputs(x: Tensor) -> None:
    agreed(lambda x, y: (x * 2 + y, (x * y).sum(0), x.softmax(1)), x, torch.randn(4, 5))


def test_changes_of_inputs() -> None:
    def step(x: Tensor, y: Tensor) -> Tensor:
        x.add_(1)
        z = x * 2 + y
        x.mul_(z)
        y[1:] = 0
        return z

    agreed(step, torch.randn(3, 4), torch.randn(3, 4))


def test_running_means_change() -> None:
    agreed(nn.BatchNorm1d(4), wave(8, 4))


def test_dynamic_sizes_take_no_more_programs() -> None:
    torch._dynamo.reset()
    backend.last_report = Report()
    compiled = torch.compile(_several, backend="hologram", dynamic=True, options={"check": True})
    for rows, columns in ((3, 4), (5, 7), (2, 9), (64, 33)):
        x = torch.randn(rows, columns)
        for found, wanted in zip(compiled(x), _several(x), strict=True):
            torch.testing.assert_close(found, wanted)
    assert len(compiler.last_report().graphs) == 1


def _several(x: Tensor) -> tuple[Tensor, ...]:
    return x.mean(-1), x * x.shape[0], F.softmax(x.view(-1), 0), x.var(0), (x + torch.arange(x.shape[1])).sum()


def test_what_stands_for_a_number_keeps_nothing_alive() -> None:
    torch._dynamo.reset()
    backend.last_report = Report()
    x = wave(4, 5)

    def scaled(x: Tensor) -> tuple[Tensor, Tensor]:
        y = x * 1.5
        z = y * torch.ones_like(y) + torch.zeros(y.shape[-1])
        return z.mean(-1, keepdim=True) + z, torch.full_like(z, 2.0)

    found = torch.compile(scaled, backend="hologram", dynamic=True, options={"check": True})(x)
    for ours, eager in zip(found, scaled(x), strict=True):
        torch.testing.assert_close(ours, eager)
    (region,) = compiler.last_report().graphs[0].regions
    assert region.makes == 1


def test_quotients_of_sizes_are_numbers_of_launches() -> None:
    agreed(lambda x: x / (1 + x.var(-1, keepdim=True, unbiased=False)), wave(4, 3, 7), dynamic=True)


@pytest.mark.slow
def test_dynamic_model_trains() -> None:
    make, _ = MODELS["attention"]
    agreed(make(), wave(3, 5, 8, grad=False), dynamic=True)
