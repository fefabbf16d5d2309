"""Functions of one variable: powers and logarithms, angles, rounding."""

from __future__ import annotations

import math

from hologram.operators.row import Domain, Form, Formula, Operator

X = "x"
HUGE = 1e8
"""Beyond it, x² + 1 is x² in f32 and f64."""


def _real(
    name: str,
    formula: Formula,
    meaning: str,
    slope: Formula,
    ulp: float,
    *,
    names: tuple[str, ...] = (),
    samples: tuple[float, float] = (-4.0, 4.0),
    numpy: str | None = None,
    torch: str | None = None,
) -> Operator:
    """A row for a differentiable function of a real number; the libraries call it by the first and the last name."""
    names = names or (name,)
    return Operator(
        name,
        1,
        formula,
        meaning,
        names,
        domain=Domain.REALS,
        derivative=(slope,),
        numpy=f"np.{names[0]}(x)" if numpy is None else numpy,
        torch=f"torch.{name}(x)" if torch is None else torch,
        ulp=(ulp, ulp),
        samples=samples,
    )


def _rounding(name: str, word: str, meaning: str, names: tuple[str, ...]) -> Operator:
    return Operator(
        name,
        1,
        (word, X),
        meaning,
        names,
        forms={Form.INTEGER: X},
        derivative=(0.0,),
        numpy=f"np.{names[0]}(x)",
        torch=f"torch.{name}(x)",
    )


def _sign() -> Formula:
    return ("SEL", (">", X, 0.0), 1.0, ("SEL", ("<", X, 0.0), -1.0, 0.0))


def _signed(of_size: Formula) -> Formula:
    """An odd function by its values above 0; −0 stays −0."""
    return ("SEL", ("<", X, 0.0), ("NEG", of_size), ("SEL", ("==", X, 0.0), X, of_size))


def _asinh(size: Formula) -> Formula:
    square: Formula = ("MUL", size, size)
    root: Formula = ("ADD", ("SQRT", ("ADD", square, 1.0)), 1.0)
    return (
        "SEL",
        (">", size, HUGE),
        ("ADD", ("LOG", size), math.log(2)),
        ("LOG1P", ("ADD", size, ("DIV", square, root))),
    )


def _acosh() -> Formula:
    above: Formula = ("SUB", X, 1.0)
    root: Formula = ("SQRT", ("ADD", ("MUL", above, above), ("MUL", above, 2.0)))
    return ("SEL", (">", X, HUGE), ("ADD", ("LOG", X), math.log(2)), ("LOG1P", ("ADD", above, root)))


def _cube_root() -> Formula:
    """|x|^⅓ and a step of Newton's, with the sign of x."""
    near = _signed(("POW", ("ABS", X), 1 / 3))
    square: Formula = ("MUL", near, near)
    return ("SUB", near, ("DIV", ("SUB", ("MUL", square, near), X), ("MUL", square, 3.0)))


_SQUARE: Formula = ("MUL", X, X)
_SIZE: Formula = ("ABS", X)
_POSITIVE = (0.05, 8.0)

ROWS: tuple[Operator, ...] = (
    _real("exp", ("EXP", X), "e^x", "out", 2),
    _real("exp2", ("EXP2", X), "2^x", ("MUL", "out", math.log(2)), 2),
    _real("expm1", ("EXPM1", X), "e^x − 1", ("ADD", "out", 1.0), 3),
    _real("log", ("LOG", X), "ln x", ("DIV", 1.0, X), 1.5, samples=_POSITIVE),
    _real("log2", ("LOG2", X), "log₂ x", ("DIV", 1 / math.log(2), X), 2, samples=_POSITIVE),
    _real("log10", ("LOG10", X), "log₁₀ x", ("DIV", 1 / math.log(10), X), 3, samples=_POSITIVE),
    _real("log1p", ("LOG1P", X), "ln (1 + x)", ("DIV", 1.0, ("ADD", X, 1.0)), 2, samples=(-0.9, 8.0)),
    _real("sqrt", ("SQRT", X), "√x", ("DIV", 0.5, "out"), 0, samples=_POSITIVE),
    _real(
        "rsqrt",
        ("RSQRT", X),
        "1 / √x",
        ("MUL", ("DIV", "out", X), -0.5),
        2,
        samples=_POSITIVE,
        numpy="1 / np.sqrt(x)",
    ),
    _real(
        "cbrt",
        ("SEL", ("==", _cube_root(), _cube_root()), _cube_root(), X),
        "the cube root of x",
        ("DIV", 1 / 3, ("MUL", "out", "out")),
        2,
        torch="",
    ),
    _real("sin", ("SIN", X), "sin x", ("COS", X), 2),
    _real("cos", ("COS", X), "cos x", ("NEG", ("SIN", X)), 2),
    _real("tan", ("TAN", X), "tan x", ("ADD", ("MUL", "out", "out"), 1.0), 4, samples=(-1.4, 1.4)),
    _real(
        "asin",
        ("ASIN", X),
        "arcsin x",
        ("RSQRT", ("SUB", 1.0, _SQUARE)),
        3,
        names=("arcsin", "asin"),
        samples=(-0.95, 0.95),
    ),
    _real(
        "acos",
        ("ACOS", X),
        "arccos x",
        ("NEG", ("RSQRT", ("SUB", 1.0, _SQUARE))),
        2,
        names=("arccos", "acos"),
        samples=(-0.95, 0.95),
    ),
    _real("atan", ("ATAN", X), "arctan x", ("DIV", 1.0, ("ADD", _SQUARE, 1.0)), 2, names=("arctan", "atan")),
    _real("sinh", ("SINH", X), "sinh x", ("COSH", X), 4),
    _real("cosh", ("COSH", X), "cosh x", ("SINH", X), 2),
    _real("tanh", ("TANH", X), "tanh x", ("SUB", 1.0, ("MUL", "out", "out")), 3),
    _real(
        "asinh",
        _signed(_asinh(_SIZE)),
        "the inverse of sinh",
        ("RSQRT", ("ADD", _SQUARE, 1.0)),
        6,
        names=("arcsinh", "asinh"),
    ),
    _real(
        "acosh",
        _acosh(),
        "the inverse of cosh",
        ("RSQRT", ("SUB", _SQUARE, 1.0)),
        6,
        names=("arccosh", "acosh"),
        samples=(1.05, 8.0),
    ),
    _real(
        "atanh",
        _signed(("MUL", ("LOG1P", ("DIV", ("MUL", _SIZE, 2.0), ("SUB", 1.0, _SIZE))), 0.5)),
        "the inverse of tanh",
        ("DIV", 1.0, ("SUB", 1.0, _SQUARE)),
        6,
        names=("arctanh", "atanh"),
        samples=(-0.95, 0.95),
    ),
    _real(
        "erf",
        ("ERF", X),
        "the error function of x",
        ("MUL", ("EXP", ("NEG", _SQUARE)), 2 / math.sqrt(math.pi)),
        3,
        numpy="scipy.special.erf(x)",
        torch="torch.erf(x)",
    ),
    _real("deg2rad", ("MUL", X, math.pi / 180), "degrees as radians", math.pi / 180, 2, names=("deg2rad", "radians")),
    _real("rad2deg", ("MUL", X, 180 / math.pi), "radians as degrees", 180 / math.pi, 2, names=("rad2deg", "degrees")),
    _real("reciprocal", ("DIV", 1.0, X), "1 / x", ("NEG", ("MUL", "out", "out")), 0, samples=_POSITIVE),
    _real(
        "sinc",
        ("SEL", ("==", X, 0.0), 1.0, ("DIV", ("SIN", ("MUL", X, math.pi)), ("MUL", X, math.pi))),
        "sin πx / πx",
        ("SEL", ("==", X, 0.0), 0.0, ("DIV", ("SUB", ("COS", ("MUL", X, math.pi)), "out"), X)),
        64,
        samples=(-0.9, 0.9),
    ),
    *(
        _rounding(name, word, meaning, names)
        for name, word, meaning, names in (
            ("floor", "FLOOR", "⌊x⌋", ("floor",)),
            ("ceil", "CEIL", "⌈x⌉", ("ceil",)),
            ("round", "ROUND", "x rounded to an integer, ties to even", ("rint", "round")),
            ("trunc", "TRUNC", "x without its fraction", ("trunc", "fix")),
        )
    ),
    Operator(
        "neg",
        1,
        ("NEG", X),
        "−x",
        ("negative", "vector_neg", "neg"),
        forms={Form.UNSIGNED: ("SUB", 0.0, X)},
        derivative=(-1.0,),
        numpy="np.negative(x)",
        torch="torch.neg(x)",
    ),
    Operator(
        "positive",
        1,
        X,
        "x",
        ("positive",),
        derivative=(1.0,),
        numpy="np.positive(x)",
        torch="torch.positive(x)",
        in_circuits=False,
    ),
    Operator(
        "abs",
        1,
        _SIZE,
        "|x|",
        ("absolute", "abs", "vector_abs"),
        forms={Form.UNSIGNED: X, Form.BOOL: X},
        derivative=(_sign(),),
        numpy="np.absolute(x)",
        torch="torch.abs(x)",
    ),
    Operator(
        "square",
        1,
        _SQUARE,
        "x²",
        ("square",),
        derivative=(("MUL", X, 2.0),),
        numpy="np.square(x)",
        torch="torch.square(x)",
    ),
    Operator(
        "sign",
        1,
        ("SEL", ("==", X, X), _sign(), X),
        "−1, 0 or 1 as x is below, at or above 0",
        ("sign",),
        derivative=(0.0,),
        numpy="np.sign(x)",
        torch="torch.sign(x)",
    ),
)
