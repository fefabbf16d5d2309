"""What the flat functions raise when something goes wrong."""

from __future__ import annotations

from hologram.errors import HologramError


class InternalError(HologramError, RuntimeError):
    """A call failed; the message says why. Arguments of a wrong type are a TypeError, out of range a ValueError."""
