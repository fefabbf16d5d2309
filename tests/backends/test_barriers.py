"""Values on their way across a barrier."""

from __future__ import annotations

import numpy as np

from tests.backends.atlas_programs import agreed, shaped


def test_a_constant_set_by_some_lanes_crosses_a_barrier() -> None:
    body = """
        mov_imm.u8 r5, 9
        mov_imm.u8 r4, 0
        setgt.u8 p0, r3, r5
        bra.p0 @on
        mov_imm.u8 r4, 1
    on:
        bar.sync 0
    """
    x = np.arange(64, dtype=np.uint8)
    assert agreed(body, x, domain=shaped((64, 1, 1), (32, 1, 1))).tolist() == [int(k < 10) for k in range(64)]
