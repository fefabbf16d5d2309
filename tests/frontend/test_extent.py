"""The extent a kernel is launched over without grid and block."""

from __future__ import annotations

import pytest

from hologram.isa.affine import slot_name
from tests.frontend.launching import body, unit

PARAMETERS = "a: DeviceArray[f32], b: DeviceArray[f32], g: DeviceArray[f32, 2], n: u32, m: i64, u: usize, x: f32"


def extent(*lines: str) -> str:
    program = unit(body(PARAMETERS, *lines)).program
    names = [p.name for p in program.params]
    shown = ", ".join(p.render(lambda s: slot_name(names, s)) for p in program.extent)
    return shown or f"none: {program.metadata['extent']}"


ID, J = "i = get_global_id()", "j = get_global_id(1)"

CASES = [
    ([ID, "if i < n:", "    a[i] = x"], "n"),
    ([ID, "if n > i:", "    a[i] = x"], "n"),
    ([ID, "if i <= n - 1:", "    a[i] = x"], "n"),
    ([ID, "if not i >= n:", "    a[i] = x"], "n"),
    ([ID, "if i < u:", "    a[i] = x"], "u"),
    ([ID, "if u > i:", "    a[i] = x"], "u"),
    ([ID, "if i < 100:", "    a[i] = x"], "100"),
    ([ID, "if i < m * n - 2:", "    a[i] = x"], "n*m - 2"),
    ([ID, "w = m + 1", "if i < w * w:", "    a[i] = x"], "m*m + 2*m + 1"),
    ([ID, "if i < a.shape[0] - 1:", "    b[i] = a[i + 1]"], "a.shape[0] - 1"),
    (["if get_global_id() < n:", "    a[get_global_id()] = x"], "n"),
    ([ID, "k = i", "if k < n:", "    a[k] = x"], "n"),
    ([ID, "if i >= n:", "    return", "a[i] = x"], "n"),
    ([ID, "if i > n - 1:", "    return", "a[i] = x"], "n"),
    ([ID, "if n <= i:", "    return", "a[i] = x"], "n"),
    ([ID, "if i >= n or x == 0.0:", "    return", "a[i] = x"], "n"),
    ([ID, "if not i < n:", "    return", "a[i] = x"], "n"),
    ([ID, "y = x * 2.0", "for k in range(3):", "    y += 1.0", "if i < n:", "    a[i] = y"], "n"),
    ([ID, "if i < n and x > 0.0:", "    a[i] = x"], "n"),
    ([ID, "if i > 0 and i < n - 1:", "    a[i] = x"], "n - 1"),
    ([ID, "if 1 <= i < n:", "    a[i] = x"], "n"),
    ([ID, J, "if i < n and j < m:", "    g[j, i] = x"], "n, m"),
    ([ID, J, "if i < n:", "    if j < m:", "        g[j, i] = x"], "n, m"),
    ([ID, J, "if i >= n:", "    return", "if j < m:", "    g[j, i] = x"], "n, m"),
    ([ID, J, "if i >= n or j >= m:", "    return", "g[j, i] = x"], "n, m"),
    ([J, "if j < m:", "    g[j, 0] = x"], "1, m"),
    ([ID, "if i < n:", "    if x > 0.0:", "        a[i] = x", "    else:", "        a[i] = 0.0"], "n"),
    ([ID, "if i < n:", "    grid_sum(a[i], b, 0)"], "n"),
    # no guard: the shapes of the arrays
    ([ID, "a[i] = x"], "a.shape[0]"),
    ([ID, "b[i] = a[i]"], "a.shape[0]"),
    ([ID, J, "g[j, i] = x"], "g.shape[1], g.shape[0]"),
    ([ID, "grid_sum(b[i], a, 0)"], "b.shape[0]"),
    ([ID, "if x > 0.0:", "    a[i] = x"], "a.shape[0]"),
    # the guard does not cover everything, so it is none
    ([ID, "b[i] = 1.0", "if i < n:", "    a[i] = x"], "a.shape[0]"),
    ([ID, "if i < n:", "    a[i] = x", "b[0] = 1.0"], "a.shape[0]"),
    ([ID, "if i < n:", "    a[i] = x", "else:", "    b[0] = 1.0"], "a.shape[0]"),
    ([ID, "if i < n or x > 0.0:", "    a[i] = x"], "a.shape[0]"),
    ([ID, "if i != n:", "    a[i] = x"], "a.shape[0]"),
    ([ID, "if i >= n and x > 0.0:", "    return", "a[i] = x"], "a.shape[0]"),
    # bounds that are no polynomial of the parameters
    ([ID, "if i < n // 2:", "    a[i] = x"], "a.shape[0]"),
    ([ID, "w = m", "w += 1", "if i < w:", "    a[i] = x"], "a.shape[0]"),
    # nothing to go by
    ([ID, "if i < n // 2:", "    a[i * 2] = x"], "none: no guard and no array index"),
    (["for k in range(get_global_id(), n, grid_dim() * block_dim()):", "    a[k] = x"], "none: no guard and no array"),
    (["a[lane_id()] = x"], "none: no guard and no array index tells how many lanes axis 0 needs"),
    ([ID, "if i < n and i < m:", "    a[i] = x"], "none: get_global_id(0) is compared with both n and m"),
    ([ID, "i = i + 1", "if i < n:", "    a[i] = x"], "none: no guard and no array index"),
    # no lane asks who it is
    (["a[0] = x"], "1"),
]


@pytest.mark.parametrize(("lines", "want"), CASES, ids=[" / ".join(c[0][-3:]) for c in CASES])
def test_extent(lines: list[str], want: str) -> None:
    found = extent(*lines)
    assert found == want or (want.startswith("none") and found.startswith(want))


def test_shapes_that_must_agree_are_in_the_metadata() -> None:
    program = unit(body(PARAMETERS, ID, "b[i] = a[i]")).program
    assert program.metadata["agree"] == "b.shape[0] = a.shape[0]"


def test_block_and_docstring_are_in_the_metadata() -> None:
    text = '@kernel(block=(16, 2 * 8))\ndef k(a: DeviceArray[f32]):\n    """Fills."""\n    a[get_global_id()] = 1.0\n'
    made = unit(text)
    assert (made.program.metadata["block"], made.program.metadata["doc"], made.doc) == ("16,16", "Fills.", "Fills.")


def test_huge_bounds_are_no_extent() -> None:
    many = " * ".join(["(m + n + u64(1))" if k == 0 else "(m + n)" for k in range(1, 12)])
    assert extent(ID, f"if i < {many}:", "    a[i] = x") == "a.shape[0]"
