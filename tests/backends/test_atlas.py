"""Classes, neighbours, phases and boundary offsets: both backends give what the tables say, and name what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.backends.base import Backend, Domain
from hologram.errors import OutOfBoundsError
from hologram.isa.classes import MIRRORS, NEIGHBOURS
from tests.backends.atlas_programs import BACKENDS, agreed, per_lane, shaped

CLASSES = np.arange(96, dtype=np.uint8)
both = pytest.mark.parametrize("make", BACKENDS.values(), ids=BACKENDS.keys())


def test_mirror_and_neighbour_count() -> None:
    assert agreed("mirror r4, r3", CLASSES).tolist() == list(MIRRORS)
    assert agreed("nbr.count r4, r3", CLASSES, "u32").tolist() == [len(found) for found in NEIGHBOURS]


@pytest.mark.parametrize("number", range(6))
def test_neighbours_ascend(number: int) -> None:
    having = np.array([c for c in CLASSES if len(NEIGHBOURS[c]) > number], np.uint8)
    found = agreed(f"nbr.get r4, r3, {number}", having)
    assert found.tolist() == [NEIGHBOURS[c][number] for c in having]


def test_boundary_offsets() -> None:
    rng = np.random.default_rng(1)
    pages = "mov_imm.u8 r5, 47\n shr.u8 r6, r3, 1\n"
    expected = [12_288 * int(c) + 256 * 47 + int(c) // 2 for c in CLASSES]
    assert agreed(f"{pages} bound.map r4, r3, r5, r6", CLASSES, "u64").tolist() == expected
    cells = rng.integers(0, 256, 300).astype(np.uint8)
    uniform = "mov_imm.u8 r5, 3\n mov_imm.u8 r6, 2\n"
    assert (agreed(f"{uniform} bound.map r4, r5, r6, r3", cells, "u64") == 3 * 12_288 + 512 + cells.astype(int)).all()


@pytest.mark.parametrize(
    ("body", "bad", "message"),
    [
        ("mirror r4, r3", 96, "class .*out of range: there are 96, from 0 to 95"),
        ("nbr.count r5, r3\n cvt.u8.u32 r4, r5", 255, "class .*out of range"),
        ("nbr.get r4, r3, 0", 128, "class .*out of range"),
        ("nbr.get r4, r3, 5", 8, "no neighbour"),
        ("mov_imm.u8 r5, 0\n bound.map r6, r3, r5, r5\n cvt.u8.u64 r4, r6", 96, "class .*out of range"),
        ("mov_imm.u8 r5, 0\n bound.map r6, r5, r3, r5\n cvt.u8.u64 r4, r6", 48, "page .*out of range"),
    ],
)
@both
def test_what_is_out_of_range_is_named(make: Callable[[], Backend], body: str, bad: int, message: str) -> None:
    x = np.zeros(50, np.uint8)
    x[20] = bad
    program = per_lane(body)
    executable = make().compile(program)
    with pytest.raises(OutOfBoundsError, match=message) as error:
        executable.launch([x, np.zeros(50, np.uint8)], shaped((50, 1, 1)))
    assert error.value.kernel == "lanes"
    assert program.instructions[error.value.index].op in ("MIRROR", "NbrCount", "NbrGet", "BoundMap")
    assert error.value.location is not None and error.value.location.line > 10
    x[20] = 0
    executable.launch([x, np.zeros(50, np.uint8)], shaped((50, 1, 1)))


@pytest.mark.parametrize("block", [(8, 1, 1), (3, 1, 1), (256, 1, 1)])
def test_class_of_a_lane_is_that_of_its_block(block: tuple[int, int, int]) -> None:
    lanes = np.arange(1000)
    found = agreed("cls.get r4", np.zeros(1000, np.uint8), domain=shaped((1000, 1, 1), block))
    assert (found == lanes // block[0] % 96).all()
    chosen = agreed("cls.get r4", np.zeros(1000, np.uint8), domain=shaped((1000, 1, 1), block, 77))
    assert (chosen == 77).all()


def test_class_depends_on_x_alone() -> None:
    found = agreed("cls.get r4", np.zeros(24 * 5, np.uint8), domain=Domain((24, 5, 1), (3, 2, 1), (8, 4, 1)))
    assert (found.reshape(5, 24) == np.arange(24) // 8).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 65_535), max_size=6), st.lists(st.integers(0, 65_535), max_size=4), st.integers(0, 40))
def test_phases_add_up_modulo_768(everyone: list[int], some: list[int], bound: int) -> None:
    def advances(deltas: list[int]) -> str:
        return "".join(f"phase.adv {d}\n" for d in deltas)

    x = np.arange(40, dtype=np.uint8)
    body = f"{advances(everyone)} mov_imm.u8 r5, {bound}\n setge.u8 p0, r3, r5\n bra.p0 @far\n{advances(some)}far:\n"
    found = agreed(f"{body} phase.get r4", x, "u32")
    assert found.tolist() == [(sum(everyone) + (sum(some) if k < bound else 0)) % 768 for k in x]


def test_phase_in_a_loop_that_lanes_leave_at_different_times() -> None:
    x = np.arange(70, dtype=np.uint8)
    body = "cvt.u32.u8 r5, r3\nround:\n phase.adv 100\n loop r5, @round\n phase.get r4\n"
    assert agreed(body, x, "u32").tolist() == [100 * (k + 1) % 768 for k in range(70)]


def test_phase_outlives_a_barrier_and_starts_at_0_each_time() -> None:
    x = np.arange(64, dtype=np.uint8)
    body = """
        mov_imm.u8 r5, 9
        setgt.u8 p0, r3, r5
        bra.p0 @on
        phase.adv 760
    on:
        bar.sync 0
        phase.adv 10
        bar.sync 1
        phase.get r4
    """
    for _ in range(2):
        found = agreed(body, x, "u32", shaped((64, 1, 1), (32, 1, 1)))
        assert found.tolist() == [2 if k < 10 else 10 for k in range(64)]
