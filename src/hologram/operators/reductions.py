"""Reductions, and what is made of a whole axis: one row each, read by the op library and by all who offer them.

Adding a reduction is adding a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from hologram.operators.fold import Fold, Gives, Reduction
from hologram.operators.row import Formula

X, N, FOLD, A, B = "x", "n", "fold", "a", "b"
_HOLDS: Formula = ("!=", X, 0.0)
_NUMBER: Formula = ("==", X, X)
_SIZE: Formula = ("ABS", X)
_MEAN: Formula = ("DIV", FOLD, N)
_AWAY: Formula = ("SUB", X, A)
_FREE: Formula = ("MAXP", ("SUB", N, "correction"), 0.0)
_SPREAD = (
    Fold("ADD", X, _MEAN),
    Fold("ADD", ("MUL", _AWAY, _AWAY), ("DIV", FOLD, _FREE)),
)
_LARGEST = Fold("MAXP")
_FINITE: Formula = ("SEL", ("<", ("ABS", FOLD), math.inf), FOLD, 0.0)
_RISEN: Formula = ("EXP", ("SUB", X, A))


def _numpy(call: str) -> str:
    return f"np.{call}(x, axis=axis, keepdims=keepdims)"


def _torch(call: str) -> str:
    return f"torch.{call}(x, dim, keepdim)"


def _of_numbers(op: str, start: float) -> tuple[Fold, ...]:
    """Folds of what is no NaN; NaN where nothing else is."""
    return (
        Fold("MAX", ("SEL", _NUMBER, 1.0, 0.0)),
        Fold(op, ("SEL", _NUMBER, X, start), ("SEL", ("!=", A, 0.0), FOLD, math.nan)),
    )


def _extreme(op: str, name: str, *more: str) -> Reduction:
    word = "smallest" if name == "min" else "largest"
    return Reduction(
        name,
        (Fold(op),),
        Gives.ELEMENT,
        f"the {word} x, NaN where there is one",
        (name, f"a{name}", f"reduce_{name}", *more),
        empty=False,
        derivative=("SEL", ("==", X, "out"), 1.0, 0.0),
        numpy=_numpy(name),
        torch=_torch(f"a{name}"),
        roundings=0,
    )


def _nan_extreme(op: str, name: str, start: float) -> Reduction:
    word = "smallest" if name == "nanmin" else "largest"
    return Reduction(
        name,
        _of_numbers(op, start),
        Gives.ELEMENT,
        f"the {word} x that is no NaN",
        (name,),
        integers=(Fold(op),),
        empty=False,
        numpy=_numpy(name),
        roundings=0,
    )


def _norm(name: str, fold: Fold, meaning: str, ord: str, derivative: Formula | None, empty: bool = True) -> Reduction:
    return Reduction(
        name,
        (fold,),
        Gives.REAL,
        meaning,
        (),
        empty=empty,
        parameters={"p": 2.0} if name == "norm_p" else {},
        derivative=derivative,
        numpy=f"np.linalg.vector_norm(x, ord={ord}, axis=axis, keepdims=keepdims)",
        torch=f"torch.linalg.vector_norm(x, {ord}, dim, keepdim)",
        roundings=6,
    )


_SIGN: Formula = ("SEL", (">", X, 0.0), 1.0, ("SEL", ("<", X, 0.0), -1.0, 0.0))
_AT_END: Formula = ("SEL", ("==", _SIZE, "out"), _SIGN, 0.0)

NORMS: Mapping[float | None, Reduction] = MappingProxyType(
    {
        2.0: _norm("norm", Fold("ADD", ("MUL", X, X), ("SQRT", FOLD)), "√ of the sum of x²", "2", ("DIV", X, "out")),
        1.0: _norm("norm_1", Fold("ADD", _SIZE), "the sum of |x|", "1", _SIGN),
        0.0: _norm("norm_0", Fold("ADD", ("SEL", _HOLDS, 1.0, 0.0)), "how many x are not 0", "0", None),
        math.inf: _norm("norm_inf", Fold("MAXP", _SIZE), "the largest |x|", "np.inf", _AT_END, False),
        -math.inf: _norm("norm_least", Fold("MINP", _SIZE), "the smallest |x|", "-np.inf", _AT_END, False),
        None: _norm(
            "norm_p",
            Fold("ADD", ("POW", _SIZE, "p"), ("POW", FOLD, ("DIV", 1.0, "p"))),
            "the sum of |x| to the power p, to the power 1/p",
            "p",
            ("MUL", _SIGN, ("POW", ("DIV", _SIZE, "out"), ("SUB", "p", 1.0))),
        ),
    }
)
"""Norms of vectors by their order; None stands for any other."""

_REDUCTIONS = (
    Reduction(
        "sum",
        (Fold("ADD"),),
        Gives.WIDE,
        "the sum of x",
        ("sum", "reduce_sum", "vector_sum"),
        derivative=1.0,
        numpy=_numpy("sum"),
        torch=_torch("sum"),
    ),
    Reduction(
        "prod",
        (Fold("MUL"),),
        Gives.WIDE,
        "the product of x",
        ("prod", "reduce_prod", "product"),
        derivative=("DIV", "out", X),
        numpy=_numpy("prod"),
        torch=_torch("prod"),
    ),
    _extreme("MINP", "min"),
    _extreme("MAXP", "max"),
    Reduction(
        "ptp",
        (_LARGEST, Fold("MINP", X, ("SUB", A, FOLD))),
        Gives.ELEMENT,
        "the largest x less the smallest",
        ("ptp",),
        empty=False,
        truths=False,
        numpy=_numpy("ptp"),
        roundings=1,
    ),
    Reduction(
        "mean",
        (Fold("ADD", X, _MEAN),),
        Gives.REAL,
        "the sum of x over their number",
        ("mean", "reduce_mean"),
        derivative=("DIV", 1.0, N),
        numpy=_numpy("mean"),
        torch=_torch("mean"),
    ),
    Reduction(
        "var",
        _SPREAD,
        Gives.REAL,
        "the sum of the squares of x − mean over n − correction",
        ("var", "reduce_var"),
        parameters={"correction": 0.0},
        derivative=("DIV", ("MUL", 2.0, _AWAY), _FREE),
        numpy="np.var(x, axis=axis, keepdims=keepdims, ddof=correction)",
        torch="torch.var(x, dim, correction=correction, keepdim=keepdim)",
        roundings=6,
    ),
    Reduction(
        "std",
        (_SPREAD[0], Fold("ADD", _SPREAD[1].of, ("SQRT", _SPREAD[1].result))),
        Gives.REAL,
        "√ of the variance",
        ("std", "reduce_std"),
        parameters={"correction": 0.0},
        derivative=("DIV", _AWAY, ("MUL", "out", _FREE)),
        numpy="np.std(x, axis=axis, keepdims=keepdims, ddof=correction)",
        torch="torch.std(x, dim, correction=correction, keepdim=keepdim)",
        roundings=6,
    ),
    Reduction(
        "any",
        (Fold("MAX", _HOLDS),),
        Gives.TRUTH,
        "whether any x is not 0",
        ("any",),
        numpy=_numpy("any"),
        torch=_torch("any"),
        roundings=0,
    ),
    Reduction(
        "all",
        (Fold("MIN", _HOLDS),),
        Gives.TRUTH,
        "whether every x is not 0",
        ("all",),
        numpy=_numpy("all"),
        torch=_torch("all"),
        roundings=0,
    ),
    Reduction(
        "count_nonzero",
        (Fold("ADD", _HOLDS),),
        Gives.COUNT,
        "how many x are not 0",
        ("count_nonzero",),
        numpy=_numpy("count_nonzero"),
        torch="torch.count_nonzero(x, dim)",
        roundings=0,
    ),
    Reduction(
        "nansum",
        (Fold("ADD", ("SEL", _NUMBER, X, 0.0)),),
        Gives.WIDE,
        "the sum of the x that are no NaN",
        ("nansum",),
        integers=(Fold("ADD"),),
        derivative=("SEL", _NUMBER, 1.0, 0.0),
        numpy=_numpy("nansum"),
        torch=_torch("nansum"),
    ),
    Reduction(
        "nanmean",
        (Fold("ADD", ("SEL", _NUMBER, 1.0, 0.0)), Fold("ADD", ("SEL", _NUMBER, X, 0.0), ("DIV", FOLD, A))),
        Gives.REAL,
        "the mean of the x that are no NaN",
        ("nanmean",),
        derivative=("SEL", _NUMBER, ("DIV", 1.0, A), 0.0),
        numpy=_numpy("nanmean"),
        torch=_torch("nanmean"),
    ),
    _nan_extreme("MINP", "nanmin", math.inf),
    _nan_extreme("MAXP", "nanmax", -math.inf),
    Reduction(
        "logsumexp",
        (Fold("MAXP", X, _FINITE), Fold("ADD", _RISEN, ("ADD", ("LOG", FOLD), A))),
        Gives.REAL,
        "ln of the sum of e^x",
        ("logsumexp",),
        derivative=("EXP", ("SUB", X, "out")),
        numpy="scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)",
        torch=_torch("logsumexp"),
        roundings=8,
    ),
    Reduction(
        "dot",
        (Fold("ADD", ("MUL", X, "y")),),
        Gives.ELEMENT,
        "the sum of x · y",
        ("vector_dot",),
        arity=2,
        truths=False,
        numpy="np.dot(x, y)",
        torch="torch.dot(x, y)",
        roundings=3,
    ),
)


def _softened(name: str, meaning: str, x: Formula, each: Formula, total: Formula, torch: str, numpy: str) -> Reduction:
    """Of e^x over all x of an axis; the largest x is subtracted first, so that nothing overflows."""
    risen: Formula = ("EXP", ("SUB", x, A))
    return Reduction(
        name,
        (Fold("MAXP", x), Fold("ADD", risen, total)),
        Gives.REAL,
        meaning,
        (name,),
        each=each,
        numpy=numpy,
        torch=torch,
        roundings=10,
    )


_BELOW: Formula = ("NEG", X)
_ALONG = (
    _softened(
        "softmax",
        "e^x over the sum of e^x",
        X,
        ("DIV", _RISEN, B),
        FOLD,
        "torch.softmax(x, dim)",
        "scipy.special.softmax(x, axis=axis)",
    ),
    _softened(
        "log_softmax",
        "ln of the softmax of x",
        X,
        ("SUB", ("SUB", X, A), B),
        ("LOG", FOLD),
        "torch.log_softmax(x, dim)",
        "scipy.special.log_softmax(x, axis=axis)",
    ),
    _softened(
        "softmin",
        "the softmax of −x",
        _BELOW,
        ("DIV", ("EXP", ("SUB", _BELOW, A)), B),
        FOLD,
        "F.softmin(x, dim)",
        "scipy.special.softmax(-x, axis=axis)",
    ),
)

_SCANS = (
    Reduction(
        "cumsum",
        (Fold("ADD"),),
        Gives.WIDE,
        "the sum of all x up to each",
        ("cumsum", "cumulative_sum"),
        numpy="np.cumsum(x, axis=axis)",
        torch="torch.cumsum(x, dim)",
    ),
    Reduction(
        "cumprod",
        (Fold("MUL"),),
        Gives.WIDE,
        "the product of all x up to each",
        ("cumprod", "cumulative_prod"),
        numpy="np.cumprod(x, axis=axis)",
        torch="torch.cumprod(x, dim)",
    ),
    Reduction(
        "cummax",
        (Fold("MAXP"),),
        Gives.ELEMENT,
        "the largest x up to each, NaN from the first NaN on",
        ("cummax", "cumulative_max"),
        numpy="np.maximum.accumulate(x.ravel() if axis is None else x, axis=axis or 0)",
        torch="torch.cummax(x, dim).values",
        roundings=0,
    ),
    Reduction(
        "cummin",
        (Fold("MINP"),),
        Gives.ELEMENT,
        "the smallest x up to each, NaN from the first NaN on",
        ("cummin", "cumulative_min"),
        numpy="np.minimum.accumulate(x.ravel() if axis is None else x, axis=axis or 0)",
        torch="torch.cummin(x, dim).values",
        roundings=0,
    ),
)

REDUCTIONS: Mapping[str, Reduction] = MappingProxyType({row.name: row for row in _REDUCTIONS})
"""What gives one value for all elements along axes."""
NORMALISATIONS: Mapping[str, Reduction] = MappingProxyType({row.name: row for row in _ALONG})
"""What gives a value an element, by folds along one axis."""
SCANS: Mapping[str, Reduction] = MappingProxyType({row.name: row for row in _SCANS})
"""What gives, for each element, the fold of all up to it."""
