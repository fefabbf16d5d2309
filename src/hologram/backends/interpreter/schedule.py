"""The order in which pending blocks run: lanes that left a loop wait until the others have left it too."""

from __future__ import annotations

from collections.abc import Collection

from hologram.isa.cfg import EXIT, Cfg, reverse_postorder


def reconvergent_order(cfg: Cfg) -> list[int]:
    """Blocks in an order where predecessors come first and every loop is contiguous.

    Running the first pending block of this order brings lanes together again as early as possible. Any order gives
    the same results; a graph with irreducible loops gets its plain reverse post-order.
    """
    if cfg.irreducible or not cfg.order:
        return list(cfg.order)
    return _order(cfg, cfg.order[0], None, set(cfg.order))


def _order(cfg: Cfg, entry: int, inside: int | None, members: Collection[int]) -> list[int]:
    """Order the blocks of one loop body (or of the program), its loops collapsed to their headers."""
    inner = {loop.header: loop.body for loop in cfg.loops.values() if loop.parent == inside and loop.header in members}
    node = {block: header for header, body in inner.items() for block in body}
    succs: dict[int, list[int]] = {}
    for block in members:
        here = node.get(block, block)
        for succ in cfg.blocks[block].succs:
            there = node.get(succ, succ)
            if succ != EXIT and succ in members and there not in (here, entry):
                succs.setdefault(here, []).append(there)
    nodes = {node.get(block, block) for block in members}
    order = []
    for block in reverse_postorder(node.get(entry, entry), {n: succs.get(n, []) for n in nodes}):
        order += _order(cfg, block, block, inner[block]) if block in inner and block != inside else [block]
    return order
