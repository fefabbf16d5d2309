"""Named buffers of a graph: bound to others, checked; saved and run in another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hologram import GraphProgram
from hologram.errors import (
    ArgumentTypeError,
    ArgumentValueError,
    BufferInUseError,
    OverlapError,
    ProgramFormatError,
    RecordingError,
)
from hologram.runtime.executor import Executor
from hologram.runtime.graph import Graph

N = 500


def values(seed: int, n: int = N) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n).astype(np.float32)


def named(executor: Executor) -> Graph:
    """y = relu(x + w)."""
    x, w, y = executor.array(values(1)), executor.array(values(2)), executor.allocate(N)
    with executor.record() as g:
        executor.ops.relu(executor.ops.vector_add(g.input("x", x), g.input("w", w)), out=g.output("y", y))
    return g


def test_named_buffers_are_bound_to_others(executor: Executor) -> None:
    g = named(executor)
    x, y = executor.array(values(5)), executor.allocate(N)
    g.bind(x=x, y=y).launch()
    assert np.array_equal(y.to_numpy(), np.maximum(values(5) + values(2), 0))
    array = values(6)
    g.bind(x=array)
    g.launch()
    assert np.array_equal(y.to_numpy(), np.maximum(array + values(2), 0))


def test_views_follow_the_buffer_they_are_part_of(executor: Executor) -> None:
    x = executor.array(values(1))
    with executor.record() as g:
        g.input("x", x)
        executor.ops.vector_add(x[: N // 2], x[N // 2 :], out=x[: N // 2])
    other = executor.array(values(3))
    g.bind(x=other).launch()
    assert np.array_equal(other.to_numpy()[: N // 2], values(3)[: N // 2] + values(3)[N // 2 :])
    assert np.array_equal(x.to_numpy(), values(1))


def test_buffers_are_held_until_others_take_their_place(executor: Executor) -> None:
    x, y, other = executor.array(values(1)), executor.allocate(N), executor.array(values(2))
    with executor.record() as g:
        executor.ops.relu(g.input("x", x), out=y)
    g.launch()
    with pytest.raises(BufferInUseError):
        x.free()
    g.bind(x=other)
    x.free()
    with pytest.raises(BufferInUseError):
        other.free()
    g.launch()
    assert np.array_equal(y.to_numpy(), np.maximum(values(2), 0))


def test_what_does_not_fit_is_refused_and_changes_nothing(executor: Executor) -> None:
    g = named(executor)
    y = executor.allocate(N)
    with pytest.raises(ArgumentTypeError, match="has no 'z'"):
        g.bind(z=y)
    with pytest.raises(ArgumentValueError, match="shape"):
        g.bind(x=executor.allocate(N + 1))
    with pytest.raises(ArgumentTypeError, match="float32"):
        g.bind(x=values(1).astype(np.float64))
    with pytest.raises(ArgumentTypeError, match="contiguous"):
        g.bind(x=values(1, 2 * N)[::2])
    with pytest.raises(ArgumentTypeError, match="Buffer or an array"):
        g.bind(x=3)
    frozen = values(1)
    frozen.flags.writeable = False
    g.bind(x=frozen)
    with pytest.raises(ArgumentValueError, match="read-only"):
        g.bind(y=frozen.copy().view() if frozen.flags.writeable else frozen)
    both = executor.allocate(N)
    with pytest.raises(OverlapError):
        g.bind(x=both, y=both)
    g.bind(y=y).launch()
    assert np.array_equal(y.to_numpy(), np.maximum(values(1) + values(2), 0))
    with Executor(executor.backend) as foreign, pytest.raises(ArgumentValueError, match="belongs to"):
        g.bind(x=foreign.allocate(N))


def test_names_are_checked(executor: Executor) -> None:
    x = executor.array(values(1))
    with executor.record() as g:
        g.input("x", x)
        with pytest.raises(ArgumentValueError, match="already"):
            g.input("x", x)
        with pytest.raises(ArgumentValueError, match="shares memory"):
            g.input("part", x[3:])
        with pytest.raises(ArgumentValueError, match="Python name"):
            g.input("not a name", executor.allocate(3))


def test_an_output_keeps_a_temporary(executor: Executor) -> None:
    x = executor.array(values(1))
    with executor.record() as g:
        t = executor.ops.relu(x)
        u = executor.ops.relu(executor.ops.vector_add(t, t))
        g.output("u", u)
    g.launch()
    assert np.array_equal(u.to_numpy(), np.maximum(values(1), 0) * 2)
    with pytest.raises(RecordingError, match="before the first launch"):
        g.output("t", t)


def test_a_program_is_saved_and_loaded(executor: Executor, tmp_path: Path) -> None:
    program = named(executor).program
    assert list(program.inputs) == ["x", "w", "y"] and program.inputs["y"].endswith("written")
    program.save(tmp_path / "g.atlas")
    loaded = GraphProgram.load(tmp_path / "g.atlas")
    y = executor.allocate(N)
    loaded(x=executor.array(values(3)), w=executor.array(values(4)), y=y)
    assert np.array_equal(y.to_numpy(), np.maximum(values(3) + values(4), 0))
    out = np.empty(N, np.float32)
    launch = loaded.bind(x=values(3), w=values(4), y=out)
    launch()
    assert np.array_equal(out, y.to_numpy())
    with pytest.raises(ArgumentTypeError, match="needs y"):
        loaded.bind(x=values(3), w=values(4))
    with pytest.raises(OverlapError):
        loaded.bind(x=out, w=values(4), y=out)


def test_another_process_runs_it(tmp_path: Path) -> None:
    with Executor("cpu") as executor:
        named(executor).program.save(tmp_path / "g.atlas")
    np.save(tmp_path / "x.npy", values(8))
    code = (
        "import numpy as np, hologram as hg\n"
        f"x = np.load({str(tmp_path / 'x.npy')!r}); y = np.empty_like(x)\n"
        f"hg.GraphProgram.load({str(tmp_path / 'g.atlas')!r})(x=x, w=x, y=y)\n"
        f"np.save({str(tmp_path / 'y.npy')!r}, y)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert np.array_equal(np.load(tmp_path / "y.npy"), np.maximum(values(8) * 2, 0))


def test_unnamed_buffers_cannot_be_saved(executor: Executor) -> None:
    x = executor.array(values(1))
    with executor.record() as g:
        executor.ops.relu(x, out=x)
    with pytest.raises(RecordingError, match="without a name"):
        _ = g.program


def test_a_file_without_a_graph_is_refused(executor: Executor, tmp_path: Path) -> None:
    from hologram.stdlib import bundled

    bundled("relu").save(tmp_path / "k.atlas")
    with pytest.raises(ProgramFormatError, match="no graph"):
        GraphProgram.load(tmp_path / "k.atlas")
