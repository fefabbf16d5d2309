"""Regions that everybody knows: softmax, normalisations and their gradients, losses, masks."""

from __future__ import annotations

from hologram.isa.region import Fold, Let, Operand, Output, Region
from hologram.types import Type

F32, U8, I64 = Type.F32, Type.U8, Type.I64

SOFTMAX = Region(
    "kr",
    (Operand("x", F32, ("sx", 1)),),
    (
        Fold("m", "MAXP", "x", F32),
        Let("e", ("EXP", ("SUB", "x", "m")), F32),
        Fold("s", "ADD", "e", F32),
        Let("y", ("DIV", "e", "s"), F32),
    ),
    (Output("y", Operand("out", F32, ("so", 1))),),
)
REUSED = Region(
    "kr",
    SOFTMAX.inputs,
    (
        *SOFTMAX.steps,
        Fold("t", "ADD", ("MUL", "y", "e"), F32),
        Let("z", ("SUB", ("MUL", "e", "t"), "y"), F32),
        Fold("u", "MAXP", "z", F32),
        Let("v", ("ADD", "e", "u"), F32),
    ),
    (*SOFTMAX.outputs, Output("z", Operand("z_out", F32, ("so", 1))), Output("v", Operand("v_out", F32, ("so", 1)))),
)
"""Exponentials are needed before and after the softmax made of them is stored."""
LOG_SOFTMAX = Region(
    "krk",
    (Operand("x", F32, ("a", "b", 1)),),
    (
        Fold("m", "MAXP", "x", F32),
        Let("d", ("SUB", "x", "m"), F32),
        Fold("s", "ADD", ("EXP", "d"), F32),
        Let("y", ("SUB", "d", ("LOG", "s")), F32),
    ),
    (Output("y", Operand("out", F32, ("a", "b", 1))),),
)
LAYER_NORM = Region(
    "kr",
    (Operand("x", F32, ("sx", 1)), Operand("w", F32, (0, 1)), Operand("bias", F32, (0, 1))),
    (
        Fold("s", "ADD", "x", F32),
        Let("mean", ("DIV", "s", "n1"), F32),
        Let("d", ("SUB", "x", "mean"), F32),
        Fold("v", "ADD", ("MUL", "d", "d"), F32),
        Let("r", ("DIV", 1.0, ("SQRT", ("ADD", ("DIV", "v", "n1"), "eps"))), F32),
        Let("y", ("ADD", ("MUL", ("MUL", "d", "r"), "w"), "bias"), F32),
    ),
    (
        Output("y", Operand("out", F32, ("sx", 1))),
        Output("mean", Operand("mean_out", F32, (1, 0))),
        Output("r", Operand("r_out", F32, (1, 0))),
    ),
    (("eps", F32),),
)
LAYER_NORM_BACKWARD = Region(
    "kr",
    (
        Operand("g", F32, ("sx", 1)),
        Operand("x", F32, ("sx", 1)),
        Operand("w", F32, (0, 1)),
        Operand("mean", F32, (1, 0)),
        Operand("r", F32, (1, 0)),
    ),
    (
        Let("h", ("MUL", ("SUB", "x", "mean"), "r"), F32),
        Let("gw", ("MUL", "g", "w"), F32),
        Fold("a", "ADD", "gw", F32),
        Fold("b", "ADD", ("MUL", "gw", "h"), F32),
        Let("inner", ("SUB", "gw", ("DIV", ("ADD", "a", ("MUL", "h", "b")), "n1")), F32),
        Let("gx", ("MUL", "inner", "r"), F32),
    ),
    (Output("gx", Operand("out", F32, ("sx", 1))),),
)
BATCH_NORM = Region(
    "rkr",
    (Operand("x", F32, ("a", "b", 1)), Operand("w", F32, (0, 1, 0))),
    (
        Let("count", ("MUL", "n0", "n2"), F32),
        Fold("s", "ADD", "x", F32),
        Let("mean", ("DIV", "s", "count"), F32),
        Fold("v", "ADD", ("MUL", ("SUB", "x", "mean"), ("SUB", "x", "mean")), F32),
        Let("r", ("DIV", 1.0, ("SQRT", ("ADD", ("DIV", "v", "count"), 1e-5))), F32),
        Let("y", ("MUL", ("MUL", ("SUB", "x", "mean"), "r"), "w"), F32),
    ),
    (Output("y", Operand("out", F32, ("a", "b", 1))), Output("r", Operand("r_out", F32, (0, 1, 0)))),
)
COLUMN_SUM = Region(
    "rk",
    (Operand("x", F32, ("sx", 1)),),
    (Fold("s", "ADD", "x", F32),),
    (Output("s", Operand("out", F32, (0, 1))),),
)
VARIANCE = Region(
    "krr",
    (Operand("x", F32, ("a", "b", 1)),),
    (
        Let("count", ("MUL", "n1", "n2"), F32),
        Fold("s", "ADD", "x", F32),
        Let("d", ("SUB", "x", ("DIV", "s", "count")), F32),
        Fold("v", "ADD", ("MUL", "d", "d"), F32),
        Let("y", ("DIV", "v", ("SUB", "count", 1.0)), F32),
    ),
    (Output("y", Operand("out", F32, (1, 0, 0))),),
)
CROSS_ENTROPY = Region(
    "kr",
    (Operand("x", F32, ("sx", 1)), Operand("target", I64, (1, 0))),
    (
        Fold("m", "MAXP", "x", F32),
        Fold("s", "ADD", ("EXP", ("SUB", "x", "m")), F32),
        Let("hit", ("==", "i1", "target"), I64),
        Fold("t", "ADD", ("SEL", "hit", "x", 0.0), F32),
        Let("y", ("SUB", ("ADD", "m", ("LOG", "s")), "t"), F32),
    ),
    (Output("y", Operand("out", F32, (1, 0))),),
)
DROPOUT = Region(
    "kk",
    (Operand("x", Type.F16, ("sx", 1)), Operand("mask", U8, ("sm", 1))),
    (Let("y", ("MUL", ("MUL", "x", "mask"), "scale"), F32),),
    (Output("y", Operand("out", Type.F16, ("sx", 1))),),
    (("scale", F32),),
)
MASKED_FILL = Region(
    "kkk",
    (Operand("x", Type.BF16, ("a", "b", 1)), Operand("mask", U8, (0, "sm", 1))),
    (Let("y", ("SEL", "mask", "value", "x"), F32), Let("kept", ("PNOT", "mask"), F32)),
    (Output("y", Operand("out", Type.BF16, ("a", "b", 1))), Output("kept", Operand("k", U8, ("a", "b", 1)))),
    (("value", F32),),
)
FULL_SUM = Region(
    "r",
    (Operand("x", F32, (1,)),),
    (Fold("s", "ADD", "x", F32),),
    (Output("s", Operand("out", F32, (0,))),),
)
