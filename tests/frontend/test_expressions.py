"""Every expression means what NumPy (and the promotion lattice) says it means."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hologram.errors import DivisionByZeroError, KernelTypeError
from hologram.types import Type
from tests.frontend import oracle
from tests.frontend.launching import HEADER, body, launch, program

VALUES = {
    **{
        n: [0, 1, 2, 3, 7, np.iinfo(oracle.DTYPES[n]).max, np.iinfo(oracle.DTYPES[n]).max // 3] for n in oracle.INTEGERS
    },
    "f32": [0.0, 1.0, -1.5, 3.25, 1e10, -0.0, float("nan"), float("inf")],
    "f64": [0.0, 1.0, -2.5, 1e-3, 1e200, -0.0, float("nan"), float("-inf")],
}
for _name in ("i8", "i16", "i32", "i64"):
    VALUES[_name] += [-1, -2, -7, np.iinfo(oracle.DTYPES[_name]).min]


def both(text: str, scalars: dict[str, tuple[str, object]], result: str) -> tuple[np.ndarray, np.ndarray]:
    """One cell computed by the compiled kernel and by the oracle."""
    got, want = np.zeros(1, oracle.DTYPES[result]), np.zeros(1, oracle.DTYPES[result])
    with suppress(DivisionByZeroError):  # the quotient is 0, as NumPy's
        launch(text, [got, *(v for _, v in scalars.values())])
    oracle.run(HEADER + text, "k", [want, *(oracle.Num(t, v) for t, v in scalars.values())], [1])
    return got, want


def same(got: np.ndarray, want: np.ndarray) -> bool:
    return bool(np.array_equal(got, want, equal_nan=want.dtype.kind == "f")) and bool(
        want.dtype.kind != "f" or (np.signbit(got) == np.signbit(want))[~np.isnan(want)].all()
    )


OPERATORS = ["+", "-", "*", "/", "//", "%", "<", "<=", ">", ">=", "==", "!="]
TYPES = list(oracle.DTYPES)


@pytest.mark.parametrize("left", TYPES)
@pytest.mark.parametrize("op", [*OPERATORS, "&", "|", "^", "<<", ">>"])
def test_binary_operators_on_every_pair_of_types(left: str, op: str) -> None:
    for right in TYPES:
        compares = op in OPERATORS[6:]
        if op in ("&", "|", "^", "<<", ">>") and "f" in left + right:
            continue
        try:
            kind = oracle.promote(left, right)
        except oracle.Refused:
            if not compares:
                with pytest.raises(KernelTypeError, match="needs a cast"):
                    program(body(f"o: DeviceArray[f64], a: {left}, b: {right}", f"o[0] = f64(a {op} b)"))
                continue
            kind = "u64"
        result = "u8" if compares else kind if op != "/" or kind[0] == "f" else "f32"
        text = body(
            f"o: DeviceArray[{result}], a: DeviceArray[{left}], b: DeviceArray[{right}]",
            "i = get_global_id()",
            f"o[i] = 1 if a[i] {op} b[i] else 0" if compares else f"o[i] = a[i] {op} b[i]",
        )
        pairs = [(a, b) for a in VALUES[left][::2] for b in VALUES[right][::3]]
        a, b = (
            np.array([p[0] for p in pairs], oracle.DTYPES[left]),
            np.array([p[1] for p in pairs], oracle.DTYPES[right]),
        )
        got, want = np.zeros(len(a), oracle.DTYPES[result]), np.zeros(len(a), oracle.DTYPES[result])
        with suppress(DivisionByZeroError):  # raised when all lanes are done; their quotient is 0
            launch(text, [got, a, b], len(a))
        oracle.run(HEADER + text, "k", [want, a, b], [len(a)])
        assert same(got, want), f"{left} {a} {op} {right} {b}: {got} is not {want}"


@st.composite
def expressions(draw: st.DrawFn, depth: int = 4) -> str:
    if depth == 0 or draw(st.integers(0, 5)) == 0:
        literal = st.sampled_from(["0", "1", "3", "100", "0.5", "2.0", "-1"])
        return draw(st.one_of(st.sampled_from(["a", "b", "c", "d"]), literal))
    inner = expressions(depth - 1)
    shape = draw(st.integers(0, 9))
    if shape < 5:
        return f"({draw(inner)} {draw(st.sampled_from(['+', '-', '*', '/', '//', '%']))} {draw(inner)})"
    if shape == 5:
        kind = draw(st.sampled_from(["i8", "u32", "i64", "f32"]))  # Python's arms need not have one type
        return f"({kind}({draw(inner)}) if {draw(conditions(depth - 1))} else {kind}({draw(inner)}))"
    if shape == 6:
        return f"{draw(st.sampled_from(['min', 'max']))}({draw(inner)}, {draw(inner)})"
    if shape == 7:
        return f"{draw(st.sampled_from(['i8', 'u8', 'i32', 'u32', 'i64', 'f32', 'f64']))}({draw(inner)})"
    return f"{draw(st.sampled_from(['-', 'abs', '+']))}({draw(inner)})"


@st.composite
def conditions(draw: st.DrawFn, depth: int) -> str:
    inner = expressions(max(depth - 1, 0))
    simple = f"({draw(inner)} {draw(st.sampled_from(OPERATORS[6:]))} {draw(inner)})"
    if depth <= 0:
        return simple
    again = conditions(depth - 1)
    return draw(
        st.one_of(
            st.just(simple),
            again.map(lambda c: f"(not {c})"),
            st.tuples(again, st.sampled_from(["and", "or"]), again).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        )
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), expressions())
def test_random_expressions(data: st.DataObject, expression: str) -> None:
    kinds = {n: data.draw(st.sampled_from(["i8", "u8", "i32", "u32", "i64", "u64", "f32", "f64"])) for n in "abcd"}
    values = {n: (t, data.draw(st.sampled_from(VALUES[t]))) for n, t in kinds.items()}
    parameters = ", ".join(f"{n}: {t}" for n, t in kinds.items())
    text = body(f"o: DeviceArray[f64], {parameters}", f"o[0] = f64({expression})")
    try:
        got, want = both(text, values, "f64")
    except (KernelTypeError, oracle.Refused, ZeroDivisionError, TypeError, AttributeError):
        assume(False)
    assert same(got, want), f"{got} is not {want} for\n{text}{values}"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("x ** 2", np.float32(1.7) * np.float32(1.7)),
        ("x ** 0", np.float32(1)),
        ("x ** -1", np.float32(1) / np.float32(1.7)),
        ("x ** 5", None),
        ("+x", np.float32(1.7)),
        ("math.pi * x", np.float32(np.pi) * np.float32(1.7)),
        ("2 * math.pi * x", np.float32(2 * np.pi) * np.float32(1.7)),
        ("min(x, 2, 1.5)", np.float32(1.5)),
        ("max(x, math.nan)", np.float32("nan")),
        ("fma(x, x, x)", np.float32(np.float64(np.float32(1.7)) ** 2 + np.float64(np.float32(1.7)))),
        ("floor(-x)", np.float32(-2)),
        ("ceil(x)", np.float32(2)),
        ("round(2.5 * x / x)", np.float32(2)),
        ("trunc(-x)", np.float32(-1)),
        ("sqrtf(x)", np.sqrt(np.float32(1.7))),
        ("math.sqrt(x)", np.sqrt(np.float32(1.7))),
        ("math.fabs(-x)", np.float32(1.7)),
        ("f32(7) / 2", np.float32(3.5)),
        ("x if True else 2.0", np.float32(1.7)),
        ("(3 if x > 1 else 4) / 2", np.float32(1.5)),
        ("f32(x > 1)", np.float32(1)),
        ("f32(bool(x))", np.float32(1)),
    ],
)
def test_particular_values(expression: str, value: np.float32 | None) -> None:
    out, x = np.zeros(1, np.float32), np.float32(1.7)
    launch(body("o: DeviceArray[f32], x: f32", f"o[0] = {expression}"), [out, 1.7])
    want = (x * ((x * x) * (x * x))) if value is None else value
    np.testing.assert_array_equal(out[0], want)


@pytest.mark.parametrize(
    "name", ["exp", "log", "sin", "cos", "tanh", "sigmoid", "rsqrt", "exp2", "expm1", "log1p", "erf"]
)
def test_functions_are_close_to_the_truth(name: str) -> None:
    import math

    truth = {
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "rsqrt": lambda v: 1 / math.sqrt(v),
    }.get(name) or getattr(math, name)
    out = np.zeros(1, np.float64)
    launch(body("o: DeviceArray[f64], x: f64", f"o[0] = {name}(x)"), [out, 0.75])
    assert abs(out[0] - truth(0.75)) <= 4 * np.spacing(abs(truth(0.75)))


@pytest.mark.parametrize("call", ["atan2(x, 2.0)", "log2(x)", "log10(x)", "tan(x)", "asin(x)", "acos(x)", "atan(x)",
                                  "sinh(x)", "cosh(x)"])  # fmt: skip
def test_more_functions(call: str) -> None:
    import math

    out = np.zeros(1, np.float64)
    launch(body("o: DeviceArray[f64], x: f64", f"o[0] = {call}"), [out, 0.75])
    names = {n: getattr(math, n) for n in ("atan2", "log2", "log10", "tan", "asin", "acos", "atan", "sinh", "cosh")}
    want = eval(call, {**names, "pow": pow, "x": 0.75})
    assert abs(out[0] - want) <= 4 * np.spacing(abs(want))


@pytest.mark.parametrize("expression", ["pow(x, 0.5)", "x ** 0.5", "x ** x", "math.pow(x, 2.5)", "n ** x"])
def test_other_powers_are_one_instruction(expression: str) -> None:
    made = program(body("o: DeviceArray[f64], x: f64, n: i32", f"o[0] = {expression}"))
    assert [i.type for i in made.instructions if i.op == "POW"] == [Type.F64]


def test_integers_compare_by_value_whatever_their_types() -> None:
    text = body("o: DeviceArray[u8], a: i8, b: u64", "o[0] = u8(a < b)", "o[1] = u8(b <= a)", "o[2] = u8(a != b)",
                "o[3] = u8(b > 300)", "o[4] = u8(a < 300)", "o[5] = u8(a == b)", "o[6] = u8(b >= -1)")  # fmt: skip
    out = np.zeros(7, np.uint8)
    launch(text, [out, -1, 2**64 - 1])
    assert out.tolist() == [1, 0, 1, 1, 1, 0, 1]


def test_short_circuit_keeps_loads_inside_bounds() -> None:
    text = body("a: DeviceArray[f32], o: DeviceArray[u8], n: u32", "i = get_global_id()",
                "o[i] = 1 if i < n and a[i] > 0 else 0", "f = i >= n or a[i] > 0", "o[i] += u8(f)")  # fmt: skip
    out = np.zeros(4, np.uint8)
    launch(text, [np.ones(2, np.float32), out, 2], 4)
    assert out.tolist() == [2, 2, 1, 1]


def test_a_conditional_only_evaluates_the_arm_it_takes() -> None:
    text = body("a: DeviceArray[i32], o: DeviceArray[i32], n: i32", "i = get_global_id()",
                "o[i] = a[i] // n if n != 0 and i < a.shape[0] else -1")  # fmt: skip
    out = np.zeros(3, np.int32)
    launch(text, [np.arange(2, dtype=np.int32), out, 0], 3)  # a division by zero would raise
    assert out.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("expression", "result", "value"),
    [
        ("u64(i32(-100))", "u64", 2**64 - 100),
        ("i8(i32(200))", "i8", -56),
        ("u32(i64(-5)) + n", "u32", 2),
        ("u8(f32(300))", "u8", 255),
        ("i32(f32(-1e30))", "i32", -(2**31)),
        ("i64(f32(math.nan))", "i64", 0),
        ("i16(f64(math.inf))", "i16", 2**15 - 1),
        ("f32(f64(1e300))", "f32", np.inf),
        ("f64(f32(0.1))", "f64", float(np.float32(0.1))),
        ("i64(f32(16777217))", "i64", 16777216),
        ("f32(i64(1152921573326323713))", "f32", float(np.float32(np.int64(1152921573326323713)))),
        ("i32(u8(3)) - 4", "i32", -1),
        ("u8(bool(2))", "u8", 1),
    ],
)
def test_casts_of_casts_do_what_they_do_to_a_variable(expression: str, result: str, value: float) -> None:
    out = np.zeros(1, oracle.DTYPES[result])
    launch(body(f"o: DeviceArray[{result}], n: u32", f"o[0] = {expression}"), [out, 7])
    assert out[0] == value
