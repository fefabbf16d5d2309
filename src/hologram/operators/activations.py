"""Activation functions."""

from __future__ import annotations

import math

from hologram.operators.row import Domain, Form, Formula, Operator

X, Y, Z = "x", "y", "z"
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
GELU_CUBE = 0.044715
ABOVE, BELOW = (">", X, 0.0), ("<=", X, 0.0)


def _row(
    name: str,
    formula: Formula,
    meaning: str,
    *derivative: Formula | None,
    names: tuple[str, ...] = (),
    domain: Domain = Domain.REALS,
    parameters: dict[str, float] | None = None,
    required: tuple[str, ...] = (),
    numpy: str,
    torch: str = "",
    ulp: float = 0,
    samples: tuple[float, float] = (-4.0, 4.0),
) -> Operator:
    values = parameters or {}
    given = (*values, *required)
    return Operator(
        name,
        1 + len(given),
        formula,
        meaning,
        names or (name,),
        domain=domain,
        forms={Form.UNSIGNED: X} if name == "relu" else {},
        parameters=given,
        defaults=tuple(values.values()),
        derivative=derivative,
        numpy=numpy,
        torch=torch or f"F.{name}({', '.join(('x', 'y', 'z')[: 1 + len(given)])})",
        ulp=(ulp, ulp),
        samples=samples,
    )


def _softplus(x: Formula) -> Formula:
    return ("ADD", ("LOG1P", ("EXP", ("NEG", ("ABS", x)))), ("MAXP", x, 0.0))


def _six() -> Formula:
    return ("MINP", ("MAXP", ("ADD", X, 3.0), 0.0), 6.0)


def _between(low: float, high: float) -> Formula:
    return ("PAND", (">", X, low), ("<", X, high))


_SIGMOID: Formula = ("SIGMOID", X)
_SOFT: Formula = _softplus(X)
_HALF_ERF: Formula = ("ERF", ("MUL", X, math.sqrt(0.5)))
_PHI: Formula = ("MUL", ("ADD", _HALF_ERF, 1.0), 0.5)
_DENSITY: Formula = ("MUL", ("EXP", ("MUL", ("MUL", X, X), -0.5)), 1 / math.sqrt(2 * math.pi))
_INNER: Formula = ("MUL", ("FMA", ("MUL", ("MUL", X, X), GELU_CUBE), X, X), math.sqrt(2 / math.pi))
_BEND: Formula = ("TANH", _INNER)
_INNER_SLOPE: Formula = ("MUL", ("ADD", ("MUL", ("MUL", X, X), 3 * GELU_CUBE), 1.0), math.sqrt(2 / math.pi))

ROWS: tuple[Operator, ...] = (
    _row(
        "relu",
        ("MAXP", X, 0.0),
        "max(x, 0)",
        ("SEL", ABOVE, 1.0, 0.0),
        names=("relu", "vector_relu"),
        numpy="np.maximum(x, 0)",
        domain=Domain.NUMBERS,
    ),
    _row(
        "sigmoid",
        _SIGMOID,
        "1 / (1 + e^−x)",
        ("MUL", "out", ("SUB", 1.0, "out")),
        names=("sigmoid", "expit"),
        numpy="1 / (1 + np.exp(-x))",
        ulp=3,
    ),
    _row(
        "silu",
        ("MUL", X, _SIGMOID),
        "x · sigmoid(x)",
        ("MUL", _SIGMOID, ("ADD", ("MUL", X, ("SUB", 1.0, _SIGMOID)), 1.0)),
        names=("silu", "swish"),
        numpy="x / (1 + np.exp(-x))",
        ulp=4,
    ),
    _row(
        "gelu",
        ("MUL", ("MUL", X, 0.5), ("ADD", _HALF_ERF, 1.0)),
        "x · Φ(x)",
        ("ADD", _PHI, ("MUL", X, _DENSITY)),
        numpy="x * scipy.special.ndtr(x)",
        ulp=64,
        samples=(-2.0, 4.0),
    ),
    _row(
        "gelu_tanh",
        ("MUL", ("MUL", X, 0.5), ("ADD", _BEND, 1.0)),
        "½ · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³)))",
        (
            "ADD",
            ("MUL", ("ADD", _BEND, 1.0), 0.5),
            ("MUL", ("MUL", ("MUL", X, 0.5), ("SUB", 1.0, ("MUL", _BEND, _BEND))), _INNER_SLOPE),
        ),
        numpy="0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))",
        torch="F.gelu(x, approximate='tanh')",
        ulp=64,
        samples=(-2.0, 4.0),
    ),
    _row(
        "leaky_relu",
        ("SEL", ABOVE, X, ("MUL", X, Y)),
        "x above 0, else y · x",
        ("SEL", ABOVE, 1.0, Y),
        ("SEL", ABOVE, 0.0, X),
        parameters={"negative_slope": 0.01},
        numpy="np.where(x > 0, x, x * y)",
    ),
    _row(
        "elu",
        ("SEL", ABOVE, X, ("MUL", ("EXPM1", X), Y)),
        "x above 0, else y · (e^x − 1)",
        ("SEL", ABOVE, 1.0, ("MUL", ("EXP", X), Y)),
        ("SEL", ABOVE, 0.0, ("EXPM1", X)),
        parameters={"alpha": 1.0},
        numpy="np.where(x > 0, x, y * np.expm1(x))",
        ulp=4,
    ),
    _row(
        "celu",
        ("SEL", ABOVE, X, ("MUL", ("EXPM1", ("DIV", X, Y)), Y)),
        "x above 0, else y · (e^(x/y) − 1)",
        ("SEL", ABOVE, 1.0, ("EXP", ("DIV", X, Y))),
        ("SEL", ABOVE, 0.0, ("SUB", ("EXPM1", ("DIV", X, Y)), ("MUL", ("DIV", X, Y), ("EXP", ("DIV", X, Y))))),
        parameters={"alpha": 1.0},
        numpy="np.where(x > 0, x, y * np.expm1(x / y))",
        ulp=6,
    ),
    _row(
        "selu",
        ("SEL", ABOVE, ("MUL", X, SELU_SCALE), ("MUL", ("EXPM1", X), SELU_SCALE * SELU_ALPHA)),
        "1.0507 · elu(x, 1.6733)",
        ("SEL", ABOVE, SELU_SCALE, ("MUL", ("EXP", X), SELU_SCALE * SELU_ALPHA)),
        numpy=f"{SELU_SCALE} * np.where(x > 0, x, {SELU_ALPHA} * np.expm1(x))",
        ulp=5,
    ),
    _row(
        "softplus",
        ("SEL", (">", ("MUL", X, Y), Z), X, ("DIV", _softplus(("MUL", X, Y)), Y)),
        "ln (1 + e^(y·x)) / y; x itself where y · x is above z",
        ("SEL", (">", ("MUL", X, Y), Z), 1.0, ("SIGMOID", ("MUL", X, Y))),
        None,
        None,
        parameters={"beta": 1.0, "threshold": 20.0},
        numpy="np.where(x * y > z, x, np.logaddexp(0, x * y) / y)",
        ulp=16,
    ),
    _row(
        "mish",
        ("MUL", X, ("TANH", _SOFT)),
        "x · tanh(softplus(x))",
        (
            "ADD",
            ("TANH", _SOFT),
            ("MUL", ("MUL", X, _SIGMOID), ("SUB", 1.0, ("MUL", ("TANH", _SOFT), ("TANH", _SOFT)))),
        ),
        numpy="x * np.tanh(np.logaddexp(0, x))",
        ulp=8,
    ),
    _row(
        "logsigmoid",
        ("NEG", _softplus(("NEG", X))),
        "ln sigmoid(x)",
        ("SIGMOID", ("NEG", X)),
        numpy="-np.logaddexp(0, -x)",
        ulp=4,
    ),
    _row(
        "logit",
        ("LOG", ("DIV", X, ("SUB", 1.0, X))),
        "ln (x / (1 − x))",
        ("DIV", 1.0, ("MUL", X, ("SUB", 1.0, X))),
        numpy="np.log(x / (1 - x))",
        torch="torch.logit(x)",
        ulp=16,
        samples=(0.05, 0.4),
    ),
    _row(
        "relu6",
        ("MINP", ("MAXP", X, 0.0), 6.0),
        "x, at least 0 and at most 6",
        ("SEL", ("PAND", ABOVE, ("<", X, 6.0)), 1.0, 0.0),
        numpy="np.clip(x, 0, 6)",
        samples=(-4.0, 8.0),
    ),
    _row(
        "hardtanh",
        ("MINP", ("MAXP", X, Y), Z),
        "x, at least y and at most z",
        ("SEL", ("PAND", (">", X, Y), ("<", X, Z)), 1.0, 0.0),
        None,
        None,
        parameters={"min_val": -1.0, "max_val": 1.0},
        numpy="np.clip(x, y, z)",
    ),
    _row(
        "hardsigmoid",
        ("DIV", _six(), 6.0),
        "(x + 3, at least 0 and at most 6) / 6",
        ("SEL", _between(-3.0, 3.0), 1 / 6, 0.0),
        numpy="np.clip(x + 3, 0, 6) / 6",
    ),
    _row(
        "hardswish",
        ("DIV", ("MUL", X, _six()), 6.0),
        "x · hardsigmoid(x)",
        ("SEL", _between(-3.0, 3.0), ("ADD", ("DIV", X, 3.0), 0.5), ("SEL", ABOVE, 1.0, 0.0)),
        numpy="x * np.clip(x + 3, 0, 6) / 6",
        ulp=2,
    ),
    _row(
        "softsign",
        ("DIV", X, ("ADD", ("ABS", X), 1.0)),
        "x / (1 + |x|)",
        ("DIV", 1.0, ("MUL", ("ADD", ("ABS", X), 1.0), ("ADD", ("ABS", X), 1.0))),
        numpy="x / (1 + np.abs(x))",
        ulp=1,
    ),
    _row(
        "tanhshrink",
        ("SUB", X, ("TANH", X)),
        "x − tanh x",
        ("MUL", ("TANH", X), ("TANH", X)),
        numpy="x - np.tanh(x)",
        ulp=16,
        samples=(1.0, 4.0),
    ),
    _row(
        "hardshrink",
        ("SEL", ("<=", ("ABS", X), Y), 0.0, X),
        "0 where |x| is at most y, else x",
        ("SEL", ("<=", ("ABS", X), Y), 0.0, 1.0),
        None,
        parameters={"lambd": 0.5},
        numpy="np.where(np.abs(x) <= y, 0, x)",
    ),
    _row(
        "softshrink",
        ("SEL", (">", X, Y), ("SUB", X, Y), ("SEL", ("<", X, ("NEG", Y)), ("ADD", X, Y), ("MUL", X, 0.0))),
        "x brought nearer to 0 by y",
        ("SEL", ("<=", ("ABS", X), Y), 0.0, 1.0),
        None,
        parameters={"lambd": 0.5},
        numpy="np.where(x > y, x - y, np.where(x < -y, x + y, x * 0))",
    ),
    _row(
        "threshold",
        ("SEL", (">", X, Y), X, Z),
        "x where it is above y, else z",
        ("SEL", (">", X, Y), 1.0, 0.0),
        None,
        None,
        required=("threshold", "value"),
        numpy="np.where(x > y, x, z)",
    ),
)
