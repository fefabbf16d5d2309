"""Recorded graphs: launches taken down as circuits, fused, and replayed by one native call."""

from hologram.runtime.graph.graph import Graph

__all__ = ["Graph"]
