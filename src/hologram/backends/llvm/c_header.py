"""The C header of a compiled kernel: its arguments block as a struct, its functions, and a launch.

With it an object file is used without Python: link the object, fill the struct, call the function that has the
kernel's name.
"""

from __future__ import annotations

from collections.abc import Mapping

from hologram.backends.llvm.job import uses_blocks
from hologram.backends.llvm.layout import CHECK, RUN
from hologram.errors import UnsupportedError
from hologram.isa.affine import Poly
from hologram.isa.operands import Field, Slot
from hologram.isa.program import Param, Program
from hologram.types import Type

C_TYPES: Mapping[Type, str] = {
    **{t: f"{'u' if t.is_unsigned else ''}int{t.dtype.itemsize * 8}_t" for t in Type if t.is_integer},
    Type.F16: "uint16_t",
    Type.BF16: "uint16_t",
    Type.F32: "float",
    Type.F64: "double",
}
"""Elements in C; f16 and bf16 go as their bits."""
_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
"""

_HEAD = """\
/* {signature}: a kernel compiled by Hologram; link the object file made of the same program.

   Fill the arrays and numbers of {name}_arguments, then call {name}(&arguments). Arrays: address of the first element,
   lengths, and strides in bytes; where an array has several axes the elements of the last are next to each other.
   Arrays that are written may not overlap others. All functions return 0 when all went well. */
#ifndef HOLOGRAM_{guard}
#define HOLOGRAM_{guard}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

typedef struct {{
  int64_t lanes[3], grid[3], block[3];
  int64_t fault, total, direction;
{fields}
}} {name}_arguments;

int64_t {run}({name}_arguments *arguments, const void *piece);
int32_t {check}(const {name}_arguments *arguments);
"""

_LAUNCH = """
/* Run all lanes on this thread: -1 where an array is too short, else what the kernel gives, 1 + the number of the
   instruction that failed. */
static inline int64_t {name}({name}_arguments *a) {{
{lanes}
  for (int axis = 0; axis < 3; axis++) {{
    if (a->lanes[axis] < 0) a->lanes[axis] = 0;
    a->grid[axis] = a->lanes[axis];
    a->block[axis] = 1;
  }}
  a->total = a->lanes[0] * a->lanes[1] * a->lanes[2];
  a->fault = a->direction = 0;
  if ({check}(a)) return -1;
  return {run}(a, 0);
}}
"""

_TAIL = """
#ifdef __cplusplus
}
#endif
#endif
"""


def c_header(program: Program) -> str:
    """The header's text. Raises UnsupportedError for kernels that need an executor's memory or classes."""
    if program.demands:
        raise UnsupportedError(f"'{program.name}' uses an executor's pools or classes, which C programs do not have")
    name = c_name(program.name)
    names = {"name": name, "run": RUN, "check": CHECK}
    head = _HEAD.format(
        **names,
        signature=f"{program.name}({', '.join(map(str, program.params))})",
        guard=name.upper(),
        fields="\n".join(_field(p) for p in program.params),
    )
    return head + (_launch(program, names) if launches_plainly(program) else "") + _TAIL


def launches_plainly(program: Program) -> bool:
    """True where the arguments alone say how many lanes run, and lanes do not ask for their block."""
    return bool(program.extent) and not uses_blocks(program)


def c_name(name: str) -> str:
    """A name that C allows."""
    return f"{name}_" if name in _KEYWORDS.split() else name


def _field(param: Param) -> str:
    kind, name = C_TYPES[param.type], c_name(param.name)
    if param.is_array:
        const = "" if param.is_written else "const "
        return f"  {const}{kind} *{name};\n  int64_t {name}_shape[{param.ndim}], {name}_stride[{param.ndim}];"
    return f"  union {{ {kind} {name}; int64_t {name}_slot; }};"


def _launch(program: Program, names: Mapping[str, str]) -> str:
    wanted = [_expression(program, poly) for poly in program.extent]
    lanes = [f"  a->lanes[{axis}] = {text};" for axis, text in enumerate([*wanted, "1", "1", "1"][:3])]
    return _LAUNCH.format(**names, lanes="\n".join(lanes))


def _expression(program: Program, poly: Poly) -> str:
    terms = []
    for monomial, coefficient in poly.terms:
        factors = [f"(int64_t)({_slot(program, slot)})" for slot in monomial]
        terms.append(" * ".join([*factors, *([str(coefficient)] if coefficient != 1 or not factors else [])]))
    return " + ".join(terms) or "0"


def _slot(program: Program, slot: Slot) -> str:
    name = c_name(program.params[slot.index].name)
    if slot.field is Field.VALUE:
        return f"a->{name}"
    return f"a->{name}_{slot.field.value}[{slot.axis}]"
