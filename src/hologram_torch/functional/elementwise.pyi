"""Element-wise functions by PyTorch's names and with PyTorch's arguments.

Written by `python -m tests.house.pytorch_stubs`.
"""

from torch import Tensor

from hologram_torch.functional.plans import Function, Plan

Number = bool | int | float

PLANS: dict[str, Plan]
FUNCTIONS: dict[str, Function]

def add(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1, out: Tensor | None = None) -> Tensor:
    """Input + alpha · other, element by element."""

def add_(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Input + alpha · other, element by element. The result takes the place of `input`."""

def sub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1, out: Tensor | None = None) -> Tensor:
    """Input − alpha · other, element by element."""

def sub_(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Input − alpha · other, element by element. The result takes the place of `input`."""

def rsub(input: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """Other − alpha · input, element by element."""

def div(
    input: Tensor | Number,
    other: Tensor | Number,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Input / other, as it is or rounded to zero or down, element by element."""

def div_(input: Tensor, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """Input / other, as it is or rounded to zero or down, element by element. The result takes the place of `input`."""

def mul(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X · y, element by element."""

def mul_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X · y, element by element. The result takes the place of `input`."""

def floor_divide(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X / y rounded down, element by element."""

def floor_divide_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X / y rounded down, element by element. The result takes the place of `input`."""

def pow(input: Tensor | Number, exponent: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X to the power y; integers to a negative power are rounded to zero, element by element."""

def pow_(input: Tensor, exponent: Tensor | Number) -> Tensor:
    """X to the power y; integers to a negative power are rounded to zero, element by element. The result takes the
    place of `input`."""

def lerp(input: Tensor, end: Tensor, weight: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Input + weight · (end − input), element by element."""

def lerp_(input: Tensor, end: Tensor, weight: Tensor | Number) -> Tensor:
    """Input + weight · (end − input), element by element. The result takes the place of `input`."""

def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1, out: Tensor | None = None) -> Tensor:
    """Input + value · tensor1 · tensor2, element by element."""

def addcmul_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """Input + value · tensor1 · tensor2, element by element. The result takes the place of `input`."""

def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1, out: Tensor | None = None) -> Tensor:
    """Input + value · tensor1 / tensor2, element by element."""

def addcdiv_(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Number = 1) -> Tensor:
    """Input + value · tensor1 / tensor2, element by element. The result takes the place of `input`."""

def where(condition: Tensor, input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Input where the condition holds, else other, element by element."""

def clamp(
    input: Tensor,
    min: Tensor | Number | None = None,
    max: Tensor | Number | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Input, at least min and at most max, element by element."""

def clamp_(input: Tensor, min: Tensor | Number | None = None, max: Tensor | Number | None = None) -> Tensor:
    """Input, at least min and at most max, element by element. The result takes the place of `input`."""

def clamp_min(input: Tensor, min: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Input, at least min, element by element."""

def clamp_min_(input: Tensor, min: Tensor | Number) -> Tensor:
    """Input, at least min, element by element. The result takes the place of `input`."""

def clamp_max(input: Tensor, max: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """Input, at most max, element by element."""

def clamp_max_(input: Tensor, max: Tensor | Number) -> Tensor:
    """Input, at most max, element by element. The result takes the place of `input`."""

def nan_to_num(
    input: Tensor,
    nan: Number | None = None,
    posinf: Number | None = None,
    neginf: Number | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Input, with numbers for NaN and the infinities, element by element."""

def nan_to_num_(
    input: Tensor,
    nan: Number | None = None,
    posinf: Number | None = None,
    neginf: Number | None = None,
) -> Tensor:
    """Input, with numbers for NaN and the infinities, element by element. The result takes the place of `input`."""

def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """Input rounded to so many decimals, ties to even, element by element."""

def round_(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Input rounded to so many decimals, ties to even, element by element. The result takes the place of `input`."""

def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """Ln (x / (1 − x)) of input between eps and 1 − eps, element by element."""

def logit_(input: Tensor, eps: float | None = None) -> Tensor:
    """Ln (x / (1 − x)) of input between eps and 1 − eps, element by element. The result takes the place of `input`."""

def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """−x, element by element."""

def neg_(input: Tensor) -> Tensor:
    """−x, element by element. The result takes the place of `input`."""

def positive(input: Tensor) -> Tensor:
    """Input as it is: the tensor itself."""

def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X², element by element."""

def square_(input: Tensor) -> Tensor:
    """X², element by element. The result takes the place of `input`."""

def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """0 below 0, 1 above, values at 0, element by element."""

def heaviside_(input: Tensor, values: Tensor) -> Tensor:
    """0 below 0, 1 above, values at 0, element by element. The result takes the place of `input`."""

def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """|x|, element by element."""

def abs_(input: Tensor) -> Tensor:
    """|x|, element by element. The result takes the place of `input`."""

def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Arccos x, element by element."""

def acos_(input: Tensor) -> Tensor:
    """Arccos x, element by element. The result takes the place of `input`."""

def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of cosh, element by element."""

def acosh_(input: Tensor) -> Tensor:
    """The inverse of cosh, element by element. The result takes the place of `input`."""

def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Arcsin x, element by element."""

def asin_(input: Tensor) -> Tensor:
    """Arcsin x, element by element. The result takes the place of `input`."""

def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of sinh, element by element."""

def asinh_(input: Tensor) -> Tensor:
    """The inverse of sinh, element by element. The result takes the place of `input`."""

def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Arctan x, element by element."""

def atan_(input: Tensor) -> Tensor:
    """Arctan x, element by element. The result takes the place of `input`."""

def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverse of tanh, element by element."""

def atanh_(input: Tensor) -> Tensor:
    """The inverse of tanh, element by element. The result takes the place of `input`."""

def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """⌈x⌉, element by element."""

def ceil_(input: Tensor) -> Tensor:
    """⌈x⌉, element by element. The result takes the place of `input`."""

def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Cos x, element by element."""

def cos_(input: Tensor) -> Tensor:
    """Cos x, element by element. The result takes the place of `input`."""

def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Cosh x, element by element."""

def cosh_(input: Tensor) -> Tensor:
    """Cosh x, element by element. The result takes the place of `input`."""

def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Degrees as radians, element by element."""

def deg2rad_(input: Tensor) -> Tensor:
    """Degrees as radians, element by element. The result takes the place of `input`."""

def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The error function of x, element by element."""

def erf_(input: Tensor) -> Tensor:
    """The error function of x, element by element. The result takes the place of `input`."""

def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """E^x, element by element."""

def exp_(input: Tensor) -> Tensor:
    """E^x, element by element. The result takes the place of `input`."""

def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """2^x, element by element."""

def exp2_(input: Tensor) -> Tensor:
    """2^x, element by element. The result takes the place of `input`."""

def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """E^x − 1, element by element."""

def expm1_(input: Tensor) -> Tensor:
    """E^x − 1, element by element. The result takes the place of `input`."""

def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """⌊x⌋, element by element."""

def floor_(input: Tensor) -> Tensor:
    """⌊x⌋, element by element. The result takes the place of `input`."""

def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X without what is before the point, element by element."""

def frac_(input: Tensor) -> Tensor:
    """X without what is before the point, element by element. The result takes the place of `input`."""

def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Ln x, element by element."""

def log_(input: Tensor) -> Tensor:
    """Ln x, element by element. The result takes the place of `input`."""

def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Log₁₀ x, element by element."""

def log10_(input: Tensor) -> Tensor:
    """Log₁₀ x, element by element. The result takes the place of `input`."""

def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Ln (1 + x), element by element."""

def log1p_(input: Tensor) -> Tensor:
    """Ln (1 + x), element by element. The result takes the place of `input`."""

def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Log₂ x, element by element."""

def log2_(input: Tensor) -> Tensor:
    """Log₂ x, element by element. The result takes the place of `input`."""

def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Radians as degrees, element by element."""

def rad2deg_(input: Tensor) -> Tensor:
    """Radians as degrees, element by element. The result takes the place of `input`."""

def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / x, element by element."""

def reciprocal_(input: Tensor) -> Tensor:
    """1 / x, element by element. The result takes the place of `input`."""

def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / √x, element by element."""

def rsqrt_(input: Tensor) -> Tensor:
    """1 / √x, element by element. The result takes the place of `input`."""

def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """1 / (1 + e^−x), element by element."""

def sigmoid_(input: Tensor) -> Tensor:
    """1 / (1 + e^−x), element by element. The result takes the place of `input`."""

def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """−1, 0 or 1 as x is below, at or above 0, element by element."""

def sign_(input: Tensor) -> Tensor:
    """−1, 0 or 1 as x is below, at or above 0, element by element. The result takes the place of `input`."""

def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sin x, element by element."""

def sin_(input: Tensor) -> Tensor:
    """Sin x, element by element. The result takes the place of `input`."""

def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sin πx / πx, element by element."""

def sinc_(input: Tensor) -> Tensor:
    """Sin πx / πx, element by element. The result takes the place of `input`."""

def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Sinh x, element by element."""

def sinh_(input: Tensor) -> Tensor:
    """Sinh x, element by element. The result takes the place of `input`."""

def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """√x, element by element."""

def sqrt_(input: Tensor) -> Tensor:
    """√x, element by element. The result takes the place of `input`."""

def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Tan x, element by element."""

def tan_(input: Tensor) -> Tensor:
    """Tan x, element by element. The result takes the place of `input`."""

def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Tanh x, element by element."""

def tanh_(input: Tensor) -> Tensor:
    """Tanh x, element by element. The result takes the place of `input`."""

def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X without its fraction, element by element."""

def trunc_(input: Tensor) -> Tensor:
    """X without its fraction, element by element. The result takes the place of `input`."""

def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Not x, element by element."""

def logical_not_(input: Tensor) -> Tensor:
    """Not x, element by element. The result takes the place of `input`."""

def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The other bits, element by element."""

def bitwise_not_(input: Tensor) -> Tensor:
    """The other bits, element by element. The result takes the place of `input`."""

def isnan(input: Tensor) -> Tensor:
    """Is x NaN, element by element."""

def isinf(input: Tensor) -> Tensor:
    """Is x infinite, element by element."""

def isfinite(input: Tensor) -> Tensor:
    """Is x neither infinite nor NaN, element by element."""

def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Is x +∞, element by element."""

def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Is x −∞, element by element."""

def remainder(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """What is left of x after x / y rounded down; it has the sign of y, element by element."""

def remainder_(input: Tensor, other: Tensor | Number) -> Tensor:
    """What is left of x after x / y rounded down; it has the sign of y, element by element. The result takes the
    place of `input`."""

def fmod(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """What is left of x after x / y rounded to zero; it has the sign of x, element by element."""

def fmod_(input: Tensor, other: Tensor | Number) -> Tensor:
    """What is left of x after x / y rounded to zero; it has the sign of x, element by element. The result takes the
    place of `input`."""

def bitwise_and(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X and y, bit by bit, element by element."""

def bitwise_and_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X and y, bit by bit, element by element. The result takes the place of `input`."""

def bitwise_or(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X or y, bit by bit, element by element."""

def bitwise_or_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X or y, bit by bit, element by element. The result takes the place of `input`."""

def bitwise_xor(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X or y, not both, bit by bit, element by element."""

def bitwise_xor_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X or y, not both, bit by bit, element by element. The result takes the place of `input`."""

def bitwise_left_shift(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X · 2^y; 0 where y is no place in x, element by element."""

def bitwise_left_shift_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X · 2^y; 0 where y is no place in x, element by element. The result takes the place of `input`."""

def bitwise_right_shift(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X / 2^y rounded down, element by element."""

def bitwise_right_shift_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X / 2^y rounded down, element by element. The result takes the place of `input`."""

def xlogy(input: Tensor | Number, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X · ln y; 0 where x is 0, element by element."""

def xlogy_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X · ln y; 0 where x is 0, element by element. The result takes the place of `input`."""

def lt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X < y, element by element."""

def lt_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X < y, element by element. The result takes the place of `input`."""

def le(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X <= y, element by element."""

def le_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X <= y, element by element. The result takes the place of `input`."""

def gt(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X > y, element by element."""

def gt_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X > y, element by element. The result takes the place of `input`."""

def ge(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X >= y, element by element."""

def ge_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X >= y, element by element. The result takes the place of `input`."""

def eq(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X == y, element by element."""

def eq_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X == y, element by element. The result takes the place of `input`."""

def ne(input: Tensor, other: Tensor | Number, *, out: Tensor | None = None) -> Tensor:
    """X != y, element by element."""

def ne_(input: Tensor, other: Tensor | Number) -> Tensor:
    """X != y, element by element. The result takes the place of `input`."""

def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of the point (y, x), element by element."""

def atan2_(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (y, x), element by element. The result takes the place of `input`."""

def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The length of the vector (x, y), element by element."""

def hypot_(input: Tensor, other: Tensor) -> Tensor:
    """The length of the vector (x, y), element by element. The result takes the place of `input`."""

def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X and y, element by element."""

def logical_and_(input: Tensor, other: Tensor) -> Tensor:
    """X and y, element by element. The result takes the place of `input`."""

def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X or y, element by element."""

def logical_or_(input: Tensor, other: Tensor) -> Tensor:
    """X or y, element by element. The result takes the place of `input`."""

def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X or y, not both, element by element."""

def logical_xor_(input: Tensor, other: Tensor) -> Tensor:
    """X or y, not both, element by element. The result takes the place of `input`."""

def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger, NaN if either is, element by element."""

def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller, NaN if either is, element by element."""

def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger; a number rather than NaN, element by element."""

def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller; a number rather than NaN, element by element."""

def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Ln (e^x + e^y), element by element."""

def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Max(x, 0), element by element."""

def relu_(input: Tensor) -> Tensor:
    """Max(x, 0), element by element. The result takes the place of `input`."""

def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """X, at least 0 and at most 6, element by element."""

def hardtanh(input: Tensor, min_val: Number = -1.0, max_val: Number = 1.0, inplace: bool = False) -> Tensor:
    """Input, at least min_val and at most max_val, element by element."""

def hardtanh_(input: Tensor, min_val: Number = -1.0, max_val: Number = 1.0) -> Tensor:
    """Input, at least min_val and at most max_val, element by element. The result takes the place of `input`."""

def threshold(input: Tensor, threshold: Number, value: Number, inplace: bool = False) -> Tensor:
    """Input where it is above the threshold, else the value, element by element."""

def threshold_(input: Tensor, threshold: Number, value: Number) -> Tensor:
    """Input where it is above the threshold, else the value, element by element. The result takes the place of
    `input`."""

def leaky_relu(input: Tensor, negative_slope: Number = 0.01, inplace: bool = False) -> Tensor:
    """Input above 0, else negative_slope · input, element by element."""

def leaky_relu_(input: Tensor, negative_slope: Number = 0.01) -> Tensor:
    """Input above 0, else negative_slope · input, element by element. The result takes the place of `input`."""

def elu(input: Tensor, alpha: Number = 1.0, inplace: bool = False) -> Tensor:
    """Input above 0, else alpha · (e^input − 1), element by element."""

def elu_(input: Tensor, alpha: Number = 1.0) -> Tensor:
    """Input above 0, else alpha · (e^input − 1), element by element. The result takes the place of `input`."""

def celu(input: Tensor, alpha: Number = 1.0, inplace: bool = False) -> Tensor:
    """Input above 0, else alpha · (e^(input / alpha) − 1), element by element."""

def celu_(input: Tensor, alpha: Number = 1.0) -> Tensor:
    """Input above 0, else alpha · (e^(input / alpha) − 1), element by element. The result takes the place of
    `input`."""

def gelu(input: Tensor, *, approximate: str = "none", out: Tensor | None = None) -> Tensor:
    """Input · Φ(input), or its approximation by tanh, element by element."""

def softplus(input: Tensor, beta: Number = 1.0, threshold: Number = 20.0, *, out: Tensor | None = None) -> Tensor:
    """Ln (1 + e^(beta · input)) / beta; input above the threshold, element by element."""

def hardshrink(input: Tensor, lambd: Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """0 where |input| is at most lambd, else input, element by element."""

def softshrink(input: Tensor, lambd: Number = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Input brought nearer to 0 by lambd, element by element."""

def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Input above 0, else the channel's weight · input, element by element."""

def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Ln sigmoid(x), element by element."""

def softsign(input: Tensor) -> Tensor:
    """X / (1 + |x|), element by element."""

def tanhshrink(input: Tensor) -> Tensor:
    """X − tanh x, element by element."""

def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """X · sigmoid(x), element by element."""

def silu_(input: Tensor) -> Tensor:
    """X · sigmoid(x), element by element. The result takes the place of `input`."""

def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """X · tanh(softplus(x)), element by element."""

def mish_(input: Tensor) -> Tensor:
    """X · tanh(softplus(x)), element by element. The result takes the place of `input`."""

def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """1.0507 · elu(x, 1.6733), element by element."""

def selu_(input: Tensor) -> Tensor:
    """1.0507 · elu(x, 1.6733), element by element. The result takes the place of `input`."""

def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(x + 3, at least 0 and at most 6) / 6, element by element."""

def hardsigmoid_(input: Tensor) -> Tensor:
    """(x + 3, at least 0 and at most 6) / 6, element by element. The result takes the place of `input`."""

def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """X · hardsigmoid(x), element by element."""

def hardswish_(input: Tensor) -> Tensor:
    """X · hardsigmoid(x), element by element. The result takes the place of `input`."""

subtract = sub
subtract_ = sub_
divide = div
true_divide = div
divide_ = div_
true_divide_ = div_
multiply = mul
multiply_ = mul_
clip = clamp
clip_ = clamp_
negative = neg
negative_ = neg_
absolute = abs
absolute_ = abs_
arccos = acos
arccos_ = acos_
arccosh = acosh
arccosh_ = acosh_
arcsin = asin
arcsin_ = asin_
arcsinh = asinh
arcsinh_ = asinh_
arctan = atan
arctan_ = atan_
arctanh = atanh
arctanh_ = atanh_
expit = sigmoid
expit_ = sigmoid_
fix = trunc
fix_ = trunc_
less = lt
less_ = lt_
less_equal = le
less_equal_ = le_
greater = gt
greater_ = gt_
greater_equal = ge
greater_equal_ = ge_
not_equal = ne
not_equal_ = ne_
arctan2 = atan2
arctan2_ = atan2_

__all__ = [
    "FUNCTIONS",
    "add",
    "add_",
    "sub",
    "subtract",
    "sub_",
    "subtract_",
    "rsub",
    "div",
    "divide",
    "true_divide",
    "div_",
    "divide_",
    "true_divide_",
    "mul",
    "multiply",
    "mul_",
    "multiply_",
    "floor_divide",
    "floor_divide_",
    "pow",
    "pow_",
    "lerp",
    "lerp_",
    "addcmul",
    "addcmul_",
    "addcdiv",
    "addcdiv_",
    "where",
    "clamp",
    "clip",
    "clamp_",
    "clip_",
    "clamp_min",
    "clamp_min_",
    "clamp_max",
    "clamp_max_",
    "nan_to_num",
    "nan_to_num_",
    "round",
    "round_",
    "logit",
    "logit_",
    "neg",
    "negative",
    "neg_",
    "negative_",
    "positive",
    "square",
    "square_",
    "heaviside",
    "heaviside_",
    "abs",
    "absolute",
    "abs_",
    "absolute_",
    "acos",
    "arccos",
    "acos_",
    "arccos_",
    "acosh",
    "arccosh",
    "acosh_",
    "arccosh_",
    "asin",
    "arcsin",
    "asin_",
    "arcsin_",
    "asinh",
    "arcsinh",
    "asinh_",
    "arcsinh_",
    "atan",
    "arctan",
    "atan_",
    "arctan_",
    "atanh",
    "arctanh",
    "atanh_",
    "arctanh_",
    "ceil",
    "ceil_",
    "cos",
    "cos_",
    "cosh",
    "cosh_",
    "deg2rad",
    "deg2rad_",
    "erf",
    "erf_",
    "exp",
    "exp_",
    "exp2",
    "exp2_",
    "expm1",
    "expm1_",
    "floor",
    "floor_",
    "frac",
    "frac_",
    "log",
    "log_",
    "log10",
    "log10_",
    "log1p",
    "log1p_",
    "log2",
    "log2_",
    "rad2deg",
    "rad2deg_",
    "reciprocal",
    "reciprocal_",
    "rsqrt",
    "rsqrt_",
    "sigmoid",
    "expit",
    "sigmoid_",
    "expit_",
    "sign",
    "sign_",
    "sin",
    "sin_",
    "sinc",
    "sinc_",
    "sinh",
    "sinh_",
    "sqrt",
    "sqrt_",
    "tan",
    "tan_",
    "tanh",
    "tanh_",
    "trunc",
    "fix",
    "trunc_",
    "fix_",
    "logical_not",
    "logical_not_",
    "bitwise_not",
    "bitwise_not_",
    "isnan",
    "isinf",
    "isfinite",
    "isposinf",
    "isneginf",
    "remainder",
    "remainder_",
    "fmod",
    "fmod_",
    "bitwise_and",
    "bitwise_and_",
    "bitwise_or",
    "bitwise_or_",
    "bitwise_xor",
    "bitwise_xor_",
    "bitwise_left_shift",
    "bitwise_left_shift_",
    "bitwise_right_shift",
    "bitwise_right_shift_",
    "xlogy",
    "xlogy_",
    "lt",
    "less",
    "lt_",
    "less_",
    "le",
    "less_equal",
    "le_",
    "less_equal_",
    "gt",
    "greater",
    "gt_",
    "greater_",
    "ge",
    "greater_equal",
    "ge_",
    "greater_equal_",
    "eq",
    "eq_",
    "ne",
    "not_equal",
    "ne_",
    "not_equal_",
    "atan2",
    "arctan2",
    "atan2_",
    "arctan2_",
    "hypot",
    "hypot_",
    "logical_and",
    "logical_and_",
    "logical_or",
    "logical_or_",
    "logical_xor",
    "logical_xor_",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "logaddexp",
    "relu",
    "relu_",
    "relu6",
    "hardtanh",
    "hardtanh_",
    "threshold",
    "threshold_",
    "leaky_relu",
    "leaky_relu_",
    "elu",
    "elu_",
    "celu",
    "celu_",
    "gelu",
    "softplus",
    "hardshrink",
    "softshrink",
    "prelu",
    "logsigmoid",
    "softsign",
    "tanhshrink",
    "silu",
    "silu_",
    "mish",
    "mish_",
    "selu",
    "selu_",
    "hardsigmoid",
    "hardsigmoid_",
    "hardswish",
    "hardswish_",
]
