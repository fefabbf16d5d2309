"""Types: promotion, literals, one type a variable, and where a cast is needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hologram.errors import KernelTypeError
from hologram.frontend.check import check
from hologram.frontend.promote import Weak, fits, join, widens
from hologram.frontend.source import Source
from hologram.types import Type
from tests.frontend import oracle
from tests.frontend.launching import body, unit

T = Type
KINDS = st.sampled_from([*Type, Weak.INT, Weak.FLOAT])


def variables(*lines: str, parameters: str = "o: DeviceArray[f64], n: u32, a: DeviceArray[f32]") -> dict[str, str]:
    typed = check(unit(body(parameters, *lines)).tree, Source("x"))
    return {name: repr(kind) for name, kind in typed.variables.items()}


@given(KINDS, KINDS)
def test_join_does_not_depend_on_order(a: Type, b: Type) -> None:
    assert join(a, b) == join(b, a)


@given(KINDS, KINDS)
def test_join_holds_both(a: Type, b: Type) -> None:
    met = join(a, b)
    if isinstance(met, Type):
        assert widens(a, met)
        assert widens(b, met)


FULL = KINDS.filter(lambda k: k not in (T.F16, T.BF16))


@given(FULL, FULL, FULL)
def test_join_does_not_depend_on_grouping(a: Type, b: Type, c: Type) -> None:
    """Where all pairs meet (an integer, a literal and f16 meet in f32 or f16, whichever pair comes first)."""
    if None in (join(a, b), join(b, c), join(a, c)):
        return
    ab, bc = join(a, b), join(b, c)
    assert ab is not None
    assert bc is not None
    if join(ab, c) is not None and join(a, bc) is not None:
        assert join(ab, c) == join(a, bc)


@pytest.mark.parametrize("a", oracle.DTYPES)
@pytest.mark.parametrize("b", oracle.DTYPES)
def test_join_is_the_oracles_table(a: str, b: str) -> None:
    try:
        want = oracle.promote(a, b)
    except oracle.Refused:
        assert join(Type(a), Type(b)) is None
    else:
        assert join(Type(a), Type(b)) is Type(want)


@pytest.mark.parametrize(
    ("a", "b", "met"),
    [
        (T.F16, T.BF16, T.F32),
        (T.F16, T.I64, T.F16),
        (T.BF16, T.F32, T.F32),
        (Weak.FLOAT, T.I64, T.F32),
        (Weak.FLOAT, T.F16, T.F16),
        (Weak.INT, T.U8, T.U8),
        (Weak.INT, Weak.FLOAT, Weak.FLOAT),
        (T.U64, T.I8, None),
    ],
)
def test_join_of(a: Type, b: Type, met: Type | None) -> None:
    assert join(a, b) == met


@pytest.mark.parametrize(
    ("value", "kind", "answer"),
    [
        (255, T.U8, True),
        (256, T.U8, False),
        (-1, T.U32, False),
        (1.5, T.I32, False),
        (10**400, T.F64, False),
        (1e39, T.F32, False),
        (float("inf"), T.F32, True),
        (65520.0, T.F16, False),
        (2**24 + 1, T.F32, True),
    ],
)
def test_fits(value: float, kind: Type, answer: bool) -> None:
    assert fits(value, kind) is answer


@pytest.mark.parametrize(
    ("lines", "want"),
    [
        (["acc = 0.0", "acc += a[0]"], {"acc": "f32"}),
        (["acc = 0", "acc += a[0]"], {"acc": "f32"}),
        (["acc = 0.0", "acc += o[0]"], {"acc": "f64"}),
        (["acc = 0.0", "acc += n"], {"acc": "f32"}),
        (["k = 0", "k += 1"], {"k": "i32"}),
        (["k = 3000000000"], {"k": "i64"}),
        (["x = 0", "x = 1.5"], {"x": "f32"}),
        (["k = 0", "k += n"], {"k": "u32"}),
        (["k = 0", "j = k + n"], {"k": "i32", "j": "i64"}),
        (["i = get_global_id()", "j = i + 1"], {"i": "i64", "j": "i64"}),
        (["m = a.shape[0]"], {"m": "i64"}),
        (["x = n / 2"], {"x": "f32"}),
        (["x = n // 2"], {"x": "u32"}),
        (["x = u8(n)", "y = x + 1"], {"x": "u8", "y": "u8"}),
        (["x = a[0]", "x = o[0]"], {"x": "f64"}),
        (["x: f64 = 0", "x = a[0]"], {"x": "f64"}),
        (["x: u8 = 7"], {"x": "u8"}),
        (["f = n > 1", "g = f and not f"], {"f": "bool", "g": "bool"}),
        (["x = 1.0 if n > 1 else 2"], {"x": "f32"}),
        (["x = a[0] if n > 1 else 2"], {"x": "f32"}),
        (["x = y = 2"], {"x": "i32", "y": "i32"}),
        (["x = sqrt(n)"], {"x": "f32"}),
        (["x = floor(n)"], {"x": "u32"}),
        (["x = min(n, 2)"], {"x": "u32"}),
        (["x = n << 2"], {"x": "u32"}),
        (["x = 1 << get_global_id()"], {"x": "i64"}),
        (["x = lane_id(1) + block_id() * block_dim(2) - grid_dim(axis=1)"], {"x": "i64"}),
        (["b = 0", "c = 0", "for k in range(3):", "    c = b", "    b = a[0]"], {"b": "f32", "c": "f32"}),
        (["p = q = r = s = 0", "for k in range(9):", "    p = q", "    q = r", "    r = s", "    s = o[0]"],
         {"p": "f64", "q": "f64", "r": "f64", "s": "f64"}),
        (["n = n + 1"], {"n": "u32"}),
        (["x = int(n)", "y = float(n)", "z = usize(n)"], {"x": "i32", "y": "f32", "z": "u64"}),
    ],
)  # fmt: skip
def test_variables_get_one_type(lines: list[str], want: dict[str, str]) -> None:
    found = variables(*lines)
    assert {k: v for k, v in found.items() if k in want} == want


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("x = u8(1); x = n", None, None),
        ("a[0] = o[0]", "f64 does not become f32", "f32(…)"),
        ("x: u8 = n", "u32 does not become u8", "u8(…)"),
        ("x = u8(1) + 300", "literal 300 does not fit in u8", "i16(x)"),
        ("x = n + (-1)", "literal -1 does not fit in u32", ""),
        ("x = a[0] + 1e300", "1e+300 does not fit in f32", "f64(x)"),
        ("x = u8(300)", "300 does not fit in u8", ""),
        ("x = u64(n) + i32(1)", "u64 and i32 needs a cast", "u64(x)"),
        ("x = (n > 1) + 1", "cannot mix bool", "i32(flag)"),
        ("x = n > 1; x = 2", "truth value", ""),
        ("x = -(n > 1)", "truth value", "i32(flag)"),
        ("x = a[0] & 1", "'&' needs integers, not f32", ""),
        ("x = ~a[0]", "'~' needs an integer", ""),
        ("x = n // 0", "by the constant zero", ""),
        ("x = 1 / 0", "division by zero", ""),
        ("x = 2 ** 5000", "64 bits", ""),
        ("x = n ** -1", "negative power", "f32(x)"),
        ("x = n ** n", "no literal integer", "f32(x)"),
        ("x = n ** 65", "±64", ""),
        ("x = a", "the array 'a' is not a number", "a[i]"),
        ("x = n[0]", "'n' is a number, not an array", ""),
        ("x = a[0, 1]", "1 dimension(s), the index has 2", ""),
        ("x = a[0.5]", "an index must be an integer", "i64(x)"),
        ("x = a[-1]", "does not wrap", "shape"),
        ("x = a.shape[1]", "no axis 1", ""),
        ("x = sqrt()", "sqrt takes 1 argument(s), got 0", ""),
        ("x = min(n)", "min takes 2 to 16", ""),
        ("x = get_global_id(3)", "literal 0, 1 or 2", ""),
        ("x = get_global_id(n)", "literal 0, 1 or 2", ""),
        ("x = i32(math.inf)", "the literal inf does not fit in i32", ""),
        ("a = 3", "the array 'a' cannot be assigned", "a[i]"),
        ("x = grid_sum(a[0], a, 0)", "has no value", "statement"),
        ("grid_sum(a[0], o, 0)", "grid_sum of f32 into 'o' of f64", "f64(…)"),
        ("sqrt(a[0])", "is not used", "assign it"),
        ("x = x + 1", "may be read before it has a value", "x = 0"),
    ],
)  # fmt: skip
def test_refusals(line: str, message: str | None, hint: str | None) -> None:
    if message is None:
        assert variables(line)["x"] == "u32"
        return
    with pytest.raises(KernelTypeError) as caught:
        variables(line)
    assert message in caught.value.message
    assert hint in caught.value.hint  # type: ignore[operator]
    assert caught.value.location.line == 5
    assert caught.value.source_line.strip() == line


def test_halves_move_and_convert() -> None:
    text = body("a: DeviceArray[f16], b: DeviceArray[bf16], o: DeviceArray[f32]", "i = get_global_id()",
                "o[i] = a[i] + f32(b[i])", "a[i] = a[i + 1]", "b[i] = bf16(o[i])",
                "o[i] = 1.0 if a[i] < a[i + 2] else 0.0", "x = a[i] * b[i]")  # fmt: skip
    assert {p.name: p.access for p in unit(text).program.params} == {"a": "rw", "b": "rw", "o": "rw"}


def test_a_parameter_of_type_bool_is_a_byte() -> None:
    made = unit(body("o: DeviceArray[u8], f: bool = True", "o[0] = 1 if f else 0")).program
    assert (made.params[1].type, made.params[1].default) == (Type.U8, 1)


@pytest.mark.parametrize(
    ("lines", "access"),
    [
        (["o[0] = a[0]"], {"o": "w", "a": "r"}),
        (["o[0] += a[0]"], {"o": "rw", "a": "r"}),
        (["o[i64(a[0])] = 1.0"], {"o": "w", "a": "r"}),
        (["grid_sum(f64(a[0]), o, 0)"], {"o": "w", "a": "r"}),
        (["m = o.shape[0]"], {"o": "r", "a": "r"}),
    ],
)
def test_access_comes_from_use(lines: list[str], access: dict[str, str]) -> None:
    made = unit(body("o: DeviceArray[f64], n: u32, a: DeviceArray[f32]", *lines)).program
    assert {p.name: p.access for p in made.params if p.is_array} == access


def test_a_value_that_has_a_type_only_when_those_it_is_made_of_have_theirs() -> None:
    """2**40 does not fit in i32, so the power has no type before z is i64."""
    found = variables("z = 3000000000", "y = 1 if (z + 1099511627776) ** 2 > 0 else 2", "o[0] = y")
    assert found == {"z": "i64", "y": "i32"}
