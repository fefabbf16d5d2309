"""Webs: the values of a program, found by joining the definitions that reach a common use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hologram.isa.cfg import EXIT, Cfg
from hologram.isa.operands import Pred, Reg, RegisterIndirect, RegisterIndirectComputed
from hologram.isa.program import Instruction
from hologram.types import Type

Place = tuple[str, int]
Key = tuple[int, str]
ENTRY = -1
SPECIAL_REGISTERS = {252: Type.U32, 253: Type.U32, 254: Type.U32, 255: Type.U64}
PHASE: Place = ("phase", 0)
"""The phase of a lane is a register of its own, 0 at the start."""


def reads(ins: Instruction) -> Iterator[tuple[str, Place, Type | None]]:
    """(operand part, register, type) of everything an instruction reads."""
    if ins.op in ("PhaseGet", "PhaseAdv"):
        yield "phase", PHASE, Type.U32
    for position, (spec, arg) in enumerate(zip(ins.spec.operands, ins.args, strict=True)):
        if spec.written and ins.op != "LOOP":
            continue
        if isinstance(arg, Pred):
            yield spec.name, ("p", arg.index), None
        elif isinstance(arg, Reg) and ins.op.startswith("Reduce"):
            count = ins.args[2]
            assert isinstance(count, int)
            for k in range(count):
                yield f"{spec.name}{k}", ("r", arg.index + k), ins.type
        elif isinstance(arg, Reg):
            yield spec.name, ("r", arg.index), ins.operand_type(position)
        elif isinstance(arg, RegisterIndirect | RegisterIndirectComputed):
            yield "handle", ("r", arg.handle.index), Type.U64
            if isinstance(arg, RegisterIndirectComputed):
                yield "offset", ("r", arg.offset.index), Type.I64


def write(ins: Instruction) -> tuple[Place, Type | None] | None:
    """The register or predicate an instruction writes; no instruction writes two."""
    if ins.op == "PhaseAdv":
        return PHASE, Type.U32
    for position, (spec, arg) in enumerate(zip(ins.spec.operands, ins.args, strict=True)):
        if spec.written and isinstance(arg, Pred):
            return ("p", arg.index), None
        if spec.written and isinstance(arg, Reg):
            return ("r", arg.index), ins.operand_type(position)
    return None


@dataclass(slots=True)
class Web:
    """One value: its definitions and uses by instruction index; ENTRY defines the special registers."""

    id: int
    place: Place
    type: Type | None
    defs: list[int] = field(default_factory=list)
    uses: list[int] = field(default_factory=list)
    local: bool = False


@dataclass(frozen=True)
class Flow:
    """Which web each operand reads and each instruction writes, and the webs alive at block entries."""

    webs: tuple[Web, ...]
    read: Mapping[Key, Web]
    written: Mapping[int, Web]
    live_in: Mapping[int, frozenset[int]]
    block_of: Mapping[int, int]


Live = Mapping[Place, Type | None]
_FLOW = "_flow"


def analyse(cfg: Cfg, entry: Live | None = None, kept: Mapping[int, Live] | None = None) -> Flow:
    """Find the webs of a verified program.

    `entry` are registers that hold something when it starts, `kept` what must be there at a barrier (by its index).
    """
    if entry is None and kept is None:
        return _plain(cfg)
    return _analysed(cfg, entry or {}, kept or {})


def _plain(cfg: Cfg) -> Flow:
    """The webs of a whole program, found once for all who ask."""
    if _FLOW not in vars(cfg):
        vars(cfg)[_FLOW] = _analysed(cfg, {}, {})
    found: Flow = vars(cfg)[_FLOW]
    return found


def _analysed(cfg: Cfg, entry: Live, kept: Mapping[int, Live]) -> Flow:
    block_of = {i: b.id for b in cfg.blocks.values() for i in range(b.start, b.end)}
    defs: list[tuple[int, Place, Type | None]] = [(ENTRY, ("r", r), t) for r, t in SPECIAL_REGISTERS.items()]
    defs.append((ENTRY, PHASE, Type.U32))
    defs += [(ENTRY, place, ty) for place, ty in entry.items()]
    for block in cfg.order:
        for i, ins in cfg.code(block):
            if found := write(ins):
                defs.append((i, *found))
    reach = _reaching(cfg, defs)
    root = list(range(len(defs)))

    def find(d: int) -> int:
        while root[d] != d:
            root[d] = root[root[d]]
            d = root[d]
        return d

    def_at = {d[0]: k for k, d in enumerate(defs) if d[0] != ENTRY}
    parts = {i: [(part, place) for part, place, _ in reads(ins)] for b in cfg.order for i, ins in cfg.code(b)}
    for i, places in kept.items():
        if i in parts:
            parts[i] += [(kept_part(place), place) for place in places]
    use_root: dict[Key, int] = {}
    for block in cfg.order:
        state = dict(reach[block])
        for i, ins in cfg.code(block):
            for part, place in parts[i]:
                first, *others = sorted(state[place]) if len(state[place]) > 1 else state[place]
                for d in others:
                    root[find(d)] = find(first)
                use_root[i, part] = first
            if i in def_at:
                state[defs[def_at[i]][1]] = frozenset({def_at[i]})
                if ins.op == "LOOP":
                    # The counter keeps its register: reading and writing it is one value.
                    root[find(def_at[i])] = find(use_root[i, "count"])
    webs: dict[int, Web] = {}
    for k, (index, place, ty) in enumerate(defs):
        webs.setdefault(find(k), Web(len(webs), place, ty)).defs.append(index)
    read = {key: webs[find(d)] for key, d in use_root.items()}
    for (index, _), web in read.items():
        web.uses.append(index)
    written = {index: webs[find(k)] for index, k in def_at.items()}
    for web in webs.values():
        first = web.defs[0]
        web.local = (
            len(web.defs) == 1
            and first != ENTRY
            and all(block_of[u] == block_of[first] and u > first for u in web.uses)
        )
    by_def = {k: webs[find(k)].id for k in range(len(defs))}
    live = _live_places(cfg, {i: [place for _, place in read] for i, read in parts.items()})
    live_in = {
        b: frozenset(by_def[d] for place, ds in reach[b].items() if place in live[b] for d in ds) for b in cfg.order
    }
    return Flow(tuple(webs.values()), read, written, live_in, block_of)


def kept_part(place: Place) -> str:
    """The operand part by which a barrier reads a register that is needed after it."""
    return f"kept {place[0]}{place[1]}"


def live_after(cfg: Cfg, flow: Flow, block: int) -> dict[Place, Web]:
    """The values alive where the only successor of a block begins."""
    (succ,) = cfg.blocks[block].succs
    if succ == EXIT:
        return {}
    live = flow.live_in[succ]
    return {w.place: w for w in flow.webs if w.id in live and (ENTRY not in w.defs or len(w.defs) > 1)}


def _reaching(cfg: Cfg, defs: list[tuple[int, Place, Type | None]]) -> dict[int, dict[Place, frozenset[int]]]:
    """Definitions reaching each block's entry, by register."""
    last: dict[int, dict[Place, frozenset[int]]] = {b: {} for b in cfg.order}
    owner = {i: b.id for b in cfg.blocks.values() for i in range(b.start, b.end)}
    for k, (index, place, _) in enumerate(defs):
        if index != ENTRY:
            last[owner[index]][place] = frozenset({k})
    entry = {place: frozenset({k}) for k, (index, place, _) in enumerate(defs) if index == ENTRY}
    state: dict[int, dict[Place, frozenset[int]]] = {b: {} for b in cfg.order}
    if cfg.order:
        state[cfg.order[0]] = dict(entry)
    pending = set(cfg.order)
    while pending:
        for b in cfg.order:
            if b not in pending:
                continue
            pending.discard(b)
            out = {**state[b], **last[b]}
            for s in cfg.blocks[b].succs:
                if s != EXIT and _flows_into(state[s], out):
                    pending.add(s)
    return state


def _flows_into(target: dict[Place, frozenset[int]], out: Mapping[Place, frozenset[int]]) -> bool:
    """Add the definitions at a block's end to those at another's entry; True where some are new."""
    changed = False
    for place, ds in out.items():
        old = target.get(place)
        if old is None:
            target[place], changed = ds, True
        elif old is not ds and not ds <= old:
            target[place], changed = old | ds, True
    return changed


def _live_places(cfg: Cfg, reading: Mapping[int, Sequence[Place]]) -> dict[int, set[Place]]:
    """Registers read later on some path, or kept at a barrier, at each block's entry."""
    upward: dict[int, set[Place]] = {}
    killed: dict[int, set[Place]] = {}
    for b in cfg.order:
        up: set[Place] = set()
        kill: set[Place] = set()
        for i, ins in cfg.code(b):
            up.update(place for place in reading[i] if place not in kill)
            if found := write(ins):
                kill.add(found[0])
        upward[b], killed[b] = up, kill
    live = {b: set(upward[b]) for b in cfg.order}
    changed = True
    while changed:
        changed = False
        for b in reversed(cfg.order):
            for s in cfg.blocks[b].succs:
                if s != EXIT:
                    extra = live[s] - killed[b] - live[b]
                    if extra:
                        live[b] |= extra
                        changed = True
    return live
