"""What the lanes of a launch add to the resonance accumulators, put in order when the launch is complete."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from hologram.backends.interpreter.lanes import Array


@dataclass
class Resonance:
    """Additions in the order they were made, with what their own order depends on."""

    _notes: list[tuple[Array, Array, Array, Array, Array]] = field(default_factory=list)

    def note(self, block_size: int, lanes: Array, epoch: int, classes: Array, values: Array) -> None:
        """Take down one addition a lane; `lanes` are numbered block by block."""
        block, lane = np.divmod(lanes, np.uint64(block_size))
        self._notes.append((block, np.full(len(lanes), epoch), lane, classes.copy(), values))

    def add_to(self, accumulators: Array) -> None:
        """Add by block, then barriers passed, then lane of the block, then as the lane went."""
        if not self._notes:
            return
        blocks, epochs, lanes, classes, values = (np.concatenate(part) for part in zip(*self._notes, strict=True))
        order = np.lexsort((lanes, epochs, blocks))  # stable: a lane's own additions stay in their order
        with np.errstate(all="ignore"):
            np.add.at(accumulators, classes[order], values[order])
