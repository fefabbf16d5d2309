"""The version, and the end of everything."""

from __future__ import annotations

import hologram
from hologram_ffi.arguments import String
from hologram_ffi.exported import exported
from hologram_ffi.handles import forget_everything


@exported
def get_version() -> String:
    """The version of Hologram."""
    return hologram.__version__


@exported
def clear_all_registries() -> None:
    """Forget all executors, buffers and tensors, and free them; later handles are still new ones."""
    forget_everything()
