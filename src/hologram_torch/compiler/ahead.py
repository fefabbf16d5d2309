"""A backward graph is compiled at the first backward pass; its regions are begun while PyTorch ends the forward one."""

from __future__ import annotations

from torch.fx import Graph

from hologram.isa.region import Region
from hologram_torch.compiler.columns import in_launches
from hologram_torch.compiler.joined import joined_parts
from hologram_torch.compiler.partition import partition
from hologram_torch.compiler.region_of import region_of


def regions_in(graph: Graph) -> list[Region]:
    """The regions that a graph will have as far as can be told: what PyTorch still does to it hardly changes them."""
    copied = Graph()
    copied.output(copied.graph_copy(graph, {}))
    parts = partition(copied)
    joined_parts(parts)
    groups = [unit.group for unit in parts.units if unit.group is not None]
    return [launch.region for group in groups for launch in in_launches(region_of(group))]
