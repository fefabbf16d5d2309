"""Every loss, with all reductions and options, against PyTorch; the cases of the original library."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional

import hologram as hg
from hologram import ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.losses import LOSSES, Loss
from hologram.types import Type
from tests.ops.layouts import LAYOUTS

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")  # what kl_div of PyTorch has to say
ROWS = {row.name: row for row in LOSSES}
REDUCTIONS = ("none", "mean", "sum")
ROUGH = {Type.F16: 4e-3, Type.BF16: 3e-2, Type.F32: 2e-6, Type.F64: 1e-14}
"""Relative errors of a loss: a rounding of its inputs and a few of its terms."""
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "huber_loss": [{"delta": 0.4}],
    "smooth_l1_loss": [{"beta": 0.3}, {"beta": 0.0}],
    "kl_div": [{"log_target": True}, {"reduction": "batchmean"}],
    "poisson_nll": [{"log_input": False}],
    "hinge_embedding_loss": [{"margin": 0.5}],
}


def operands(row: Loss, shape: tuple[int, ...] = (6, 7)) -> tuple[Any, Any]:
    rng = np.random.default_rng(len(row.name))
    x, y = rng.uniform(*row.samples, shape), rng.uniform(*row.targets, shape)
    if row.name in ("hinge_embedding_loss", "soft_margin_loss"):
        y = np.sign(y)
    return x, y


def by_torch(row: Loss, x: Any, y: Any, reduction: str, **options: Any) -> Any:
    def reduce(values: Any) -> Any:
        return {"none": values, "mean": values.mean(), "sum": values.sum()}[reduction]

    names = {"torch": torch, "F": torch.nn.functional, "reduce": reduce, "reduction": reduction}
    given = {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in {**row.keywords, **options}.items()}
    return eval(row.torch, names, {"x": torch.from_numpy(x), "y": torch.from_numpy(y), **given}).numpy()


@pytest.mark.parametrize("row", LOSSES, ids=lambda r: r.name)
def test_every_type_and_reduction(row: Loss) -> None:
    for type in (Type.F32, Type.F64, Type.F16, Type.BF16):
        x, y = (v.astype(type.dtype) for v in operands(row))
        for reduction in REDUCTIONS:
            got = getattr(ops, row.name)(x, y, reduction=reduction)
            wanted = by_torch(row, x.astype(np.float64), y.astype(np.float64), reduction)
            assert got.dtype == type.dtype and np.shape(got) == wanted.shape
            scale = max(1.0, float(np.abs(wanted).max()))
            assert np.allclose(got.astype(np.float64), wanted, ROUGH[type], ROUGH[type] * scale), reduction


@pytest.mark.parametrize(("name", "options"), [(n, o) for n, given in OPTIONS.items() for o in given])
def test_options(name: str, options: dict[str, Any]) -> None:
    row = ROWS[name]
    x, y = operands(row)
    given = {"reduction": "mean", **options}
    y = np.log(y) if "log_target" in options else y
    assert np.allclose(getattr(ops, name)(x, y, **given), by_torch(row, x, y, **given), 1e-13)


@pytest.mark.parametrize("name", ["binary_cross_entropy_loss", "bce_with_logits"])
def test_weights(name: str) -> None:
    row = ROWS[name]
    x, y = operands(row)
    weights = np.random.default_rng(1).random(7)
    for options in ({"weight": weights}, {"pos_weight": weights}, {"weight": weights, "pos_weight": 2 * weights}):
        if "pos_weight" in options and not row.takes_positive:
            continue
        for reduction in REDUCTIONS:
            got = getattr(ops, name)(x, y, reduction=reduction, **options)
            assert np.allclose(got, by_torch(row, x, y, reduction, **options), 1e-13)


@pytest.mark.parametrize("row", LOSSES, ids=lambda r: r.name)
def test_slopes(row: Loss) -> None:
    """The derivatives of the table are those that PyTorch finds."""
    from hologram.isa.templates.terms import terms
    from hologram.language.program import Program

    x, y = operands(row)
    options = {k: True for k in row.choices if row.defaults.get(k)}
    leaf = torch.from_numpy(x.copy()).requires_grad_()
    names = {"torch": torch, "F": torch.nn.functional, "reduce": torch.sum, "reduction": "sum"}
    eval(row.torch, names, {"x": leaf, "y": torch.from_numpy(y), **row.keywords, **options}).backward()
    slope = next((s for k, (_, s) in row.choices.items() if options.get(k)), row.slope)
    numbers = {**row.parameters, **({"p": 1.0} if row.takes_positive else {})}
    program = terms("slope", slope, {"x": Type.F64, "y": Type.F64}, tuple(numbers), Type.F64, Type.F64)
    got = np.zeros(x.size)
    Program.of(program)(x.ravel(), y.ravel(), *numbers.values(), got, x.size)
    assert leaf.grad is not None
    assert np.allclose(got.reshape(x.shape), leaf.grad.numpy(), 1e-12, 1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout: str) -> None:
    lay = LAYOUTS[layout]
    x, y = operands(ROWS["mse_loss"])
    wanted = (x - y) ** 2
    assert np.allclose(ops.mse(lay(x), lay(y), reduction="none"), wanted)
    assert np.isclose(ops.mse(lay(x), lay(y)), wanted.mean())
    if layout != "read_only":
        out = lay(np.zeros((6, 7)))
        assert ops.mse(x, y, reduction="none", out=out) is out
        assert np.allclose(out, wanted)


def test_kinds_shapes_and_types() -> None:
    ex = hg.Executor("cpu")
    x, y = (v.astype(np.float32) for v in operands(ROWS["mse_loss"]))
    wanted = np.mean((x - y) ** 2)
    assert isinstance(ops.mse(x, y), np.float32)
    for make in (ex.array, torch.from_numpy, hg.tensor):
        got = ops.mse(make(x), make(y))
        assert type(got) is type(make(x)) and tuple(got.shape) == ()
        assert np.isclose(np.asarray(got), wanted)
    assert np.isclose(ops.mse(x, y[0]), np.mean((x - y[0]) ** 2))
    assert ops.mse(np.arange(3), np.arange(3) + 2) == 4.0
    assert ops.bce(np.array([0.7], np.float32), np.array([True])).dtype == np.float32
    assert np.isnan(ops.mse(x[:0], y[:0])) and ops.mse(x[:0], y[:0], reduction="sum") == 0


def test_in_a_recording() -> None:
    ex = hg.Executor("cpu")
    x, y, out = ex.array(np.array([1.0, 2.0])), ex.array(np.array([1.0, 4.0])), ex.allocate(1, "f64")
    with ex.record() as graph:
        ops.mse(x, y, out=out)
    graph.launch()
    assert out.to_numpy().tolist() == [2.0]


def test_perfect_predictions_are_finite() -> None:
    y = np.array([0.0, 1.0, 1.0, 0.0], np.float32)
    assert ops.binary_cross_entropy_loss(y, y) == 0 and ops.cross_entropy_loss(y, y) == 0
    assert ops.binary_cross_entropy_loss(1 - y, y) == 100
    assert ops.cross_entropy_loss(1 - y, y, reduction="none").tolist() == [0, 100, 100, 0]


def originals() -> list[Any]:
    ones = np.ones(1024)
    ramp = 1 + 0.01 * np.arange(1024)
    shares, last = np.tile([0.1, 0.2, 0.3, 0.4], 256), np.tile([0, 0, 0, 1], 256)
    return [
        ("mse_loss", [2.0], [1.0], 1.0),
        ("mse_loss", ramp, ones, 34.90135),
        ("cross_entropy_loss", [0.7], [1.0], 0.356675),
        ("binary_cross_entropy_loss", [0.7], [1.0], 0.356675),
        ("cross_entropy_loss", shares, last, 0.229073),
    ]


@pytest.mark.parametrize(("name", "x", "y", "wanted"), originals())
@pytest.mark.parametrize("cells", [1, 3])
def test_the_original_form(name: str, x: Any, y: Any, wanted: float, cells: int) -> None:
    ex = hg.Executor("cpu")
    given = [ex.array(np.asarray(v, np.float32)) for v in (x, y)]
    out = ex.allocate(cells)
    got = getattr(ops, name)(ex, *given, out)
    assert isinstance(got, float) and got == pytest.approx(wanted, rel=1e-5)
    assert out.to_numpy().tolist() == [np.float32(got), *[0.0] * (cells - 1)]
    first = getattr(ops, name)(ex, *given, out, 1)
    assert first == pytest.approx(float(getattr(ops, name)(*(np.asarray(v, np.float32)[:1] for v in (x, y)))))


def test_on_the_interpreter() -> None:
    on = hg.Executor("interpreter").ops
    for row in LOSSES:
        x, y = (v.astype(np.float32) for v in operands(row, (2, 3)))
        for reduction in ("none", "mean"):
            there = getattr(on, row.name)(x, y, reduction=reduction)
            assert np.array_equal(there, getattr(ops, row.name)(x, y, reduction=reduction)), row.name


X = np.ones((2, 3), np.float32)
REFUSED: list[tuple[str, Any, Any, type[Exception], str]] = [
    ("mse_loss", (X, X), {"reduction": "avg"}, ArgumentValueError, "reduction is one of none, mean, sum, not 'avg'"),
    ("mse_loss", (X, X[:, :2]), {}, ArgumentValueError, "do not broadcast"),
    ("mse_loss", (X, None), {}, ArgumentTypeError, "takes arrays here, not NoneType"),
    ("mse_loss", (X, X), {"out": np.zeros(0, np.float32)}, ArgumentValueError, "out has no elements"),
    ("mse_loss", (X, X), {"out": np.zeros(1, np.int32)}, ArgumentTypeError, "cannot hold"),
    ("mse_loss", (X, X), {"weight": X}, ArgumentTypeError, "unexpected keyword argument 'weight'"),
    ("huber_loss", (X, X), {"delta": 0}, ArgumentValueError, "delta is 0; it has to be above 0"),
    ("huber_loss", (X, X), {"delta": "1"}, ArgumentTypeError, "delta is a number, not str"),
    ("smooth_l1_loss", (X, X), {"beta": -1}, ArgumentValueError, "beta is -1"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "error", "message"), REFUSED)
def test_refused(name: str, args: Any, kwargs: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        getattr(ops, name)(*args, **kwargs)


def test_original_lengths() -> None:
    ex = hg.Executor("cpu")
    x, out = ex.array(np.ones(4, np.float32)), ex.allocate(1)
    with pytest.raises(ArgumentValueError, match="n is 5, an array has 4 elements"):
        ops.mse_loss(ex, x, x, out, 5)
