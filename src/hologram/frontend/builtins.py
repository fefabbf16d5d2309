"""The functions of the kernel language: name, arity and what they become."""

from __future__ import annotations

from dataclasses import dataclass

from hologram.types import Type


@dataclass(frozen=True, slots=True)
class Function:
    """One built-in: `rule` names its typing rule, `ops` the mnemonics (integers first where they differ)."""

    rule: str
    arity: tuple[int, int]
    ops: tuple[str, ...] = ()


def _math(op: str, arity: int = 1) -> Function:
    return Function("real", (arity, arity), (op,))


_REAL = {
    **{n: n.upper() for n in ("exp", "log", "sqrt", "sin", "cos", "tanh")},
    **{n: n.upper() for n in ("log2", "log10", "tan", "sigmoid", "rsqrt", "exp2", "expm1", "log1p", "erf")},
    **{n: n.upper() for n in ("asin", "acos", "atan", "sinh", "cosh")},
    **{n: n.upper() for n in ("floor", "ceil", "round", "trunc")},
}
_SPELLINGS = {f"{n}f": n for n in ("exp", "log", "sin", "cos", "sqrt", "tanh")}
_COORDINATES = {
    "lane_id": "lane",
    "block_id": "block",
    "block_dim": "block_dim",
    "grid_dim": "grid_dim",
    "get_global_id": "global",
}
_ATOMICS = {
    **{n: n.upper() for n in ("add", "min", "max", "xor", "exch")},
    "and_": "AND",
    "or_": "OR",
}

ATLAS = "atlas."
"""What functions of `hologram.language.atlas` are called in the tree: this and their name."""
_ATLAS = {
    "cls_get": Function("atlas", (0, 0), ("ClsGet",)),
    "mirror": Function("atlas", (1, 1), ("MIRROR",)),
    "unity_test": Function("atlas", (1, 1), ("UnityTest",)),
    "nbr_count": Function("atlas", (1, 1), ("NbrCount",)),
    "nbr_get": Function("atlas", (2, 2), ("NbrGet",)),
    "res_accum": Function("atlas", (2, 2), ("ResAccum",)),
    "phase_get": Function("atlas", (0, 0), ("PhaseGet",)),
    "phase_adv": Function("atlas", (1, 1), ("PhaseAdv",)),
    "bound_map": Function("atlas", (3, 3), ("BoundMap",)),
    "pool_alloc": Function("atlas", (1, 1), ("PoolAlloc",)),
    "pool_free": Function("atlas", (1, 1), ("PoolFree",)),
    "pool_store": Function("atlas", (3, 3), ("PoolStore",)),
    **{f"pool_load_{t.value}": Function("atlas", (2, 2), ("PoolLoad", t.value)) for t in Type},
}

FUNCTIONS: dict[str, Function] = {
    **{name: _math(op) for name, op in _REAL.items()},
    **{spelling: _math(_REAL[name]) for spelling, name in _SPELLINGS.items()},
    **{name: Function("coordinate", (0, 1), (special,)) for name, special in _COORDINATES.items()},
    **{ATLAS + name: function for name, function in _ATLAS.items()},
    "atan2": _math("ATAN2", 2),
    "fma": _math("FMA", 3),
    "pow": Function("power", (2, 2)),
    "abs": Function("absolute", (1, 1), ("ABS",)),
    "min": Function("fold", (2, 16), ("MIN", "MINP")),
    "max": Function("fold", (2, 16), ("MAX", "MAXP")),
    **{f"atomic_{name}": Function("atomic", (3, 5), (f"ATOM_{op}",)) for name, op in _ATOMICS.items()},
    "shared": Function("declaration", (2, 2)),
    "barrier": Function("barrier", (0, 0), ("BarSync",)),
    "atomic_cas": Function("atomic", (4, 6), ("ATOM_CAS",)),
    **{f"atomic_add_{t}": Function("atomic", (2, 2), ("ATOM_ADD", t)) for t in ("f32", "u32", "i32")},
    **{
        f"grid_{name}": Function("reduction", (3, 3), (op,))
        for name, op in {"sum": "GRED_ADD", "min": "GRED_MIN", "max": "GRED_MAX", "prod": "GRED_MUL"}.items()
    },
    **{
        f"block_{name}": Function("together", (1, 1), (op,))
        for name, op in {"sum": "BRED_ADD", "min": "BRED_MIN", "max": "BRED_MAX", "prod": "BRED_MUL"}.items()
    },
}
"""What a kernel may call, by the name the tree uses."""

MATH_SPELLINGS = {
    **{name: name for name in _REAL if name not in ("sigmoid", "rsqrt", "round")},
    "fabs": "abs",
    "pow": "pow",
    "atan2": "atan2",
    "fma": "fma",
}
"""Names of Python's `math` module and what they are called here."""
