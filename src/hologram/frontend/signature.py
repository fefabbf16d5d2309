"""Parameters of a kernel as slots."""

from __future__ import annotations

from hologram.frontend import tree
from hologram.frontend.expressions import Signature
from hologram.frontend.promote import BOOL, SCALARS, fits, spelled
from hologram.frontend.source import Source
from hologram.isa.program import Param
from hologram.types import Type

MAX_PARAMETERS = 128


def signature_of(kernel: tree.Kernel, source: Source) -> tuple[Signature, tuple[Param, ...]]:
    """The parameters by name and in order; refuses types and defaults that do not exist."""
    if not kernel.name.isidentifier():
        source.type(kernel, f"'{kernel.name}' is no name for a kernel")
    if len(kernel.params) > MAX_PARAMETERS:
        source.type(kernel, f"a kernel has at most {MAX_PARAMETERS} parameters, this one has {len(kernel.params)}")
    params: list[Param] = []
    bools: set[str] = set()
    for parameter in kernel.params:
        if not parameter.name.isidentifier():
            source.type(parameter, f"'{parameter.name}' is no name for a parameter")
        if any(p.name == parameter.name for p in params):
            source.type(parameter, f"two parameters are called '{parameter.name}'")
        params.append(_param(parameter, source))
        if isinstance(parameter.type, tree.Scalar) and SCALARS[parameter.type.type] is BOOL:
            bools.add(parameter.name)
    return Signature({p.name: (i, p) for i, p in enumerate(params)}, frozenset(bools)), tuple(params)


def _param(parameter: tree.Parameter, source: Source) -> Param:
    node = parameter.type
    if isinstance(node, tree.DevicePtr):
        source.type(parameter, f"'{parameter.name}' is an opaque pointer", "give it a type: DeviceArray[f32]")
    if isinstance(node, tree.Array):
        element = _known(node.element_type, parameter, source)
        if element is BOOL:
            source.type(parameter, "arrays of bool are not part of the kernel language", "use DeviceArray[u8]")
        if not 1 <= node.ndim <= 3:
            source.type(parameter, f"an array has 1 to 3 dimensions, '{parameter.name}' has {node.ndim}")
        if parameter.default is not None:
            source.type(parameter, "only scalar parameters can have defaults")
        assert isinstance(element, Type)
        return Param(parameter.name, "array", element, node.ndim)
    kind = _known(node, parameter, source)
    return Param(parameter.name, "scalar", Type.U8 if kind is BOOL else kind, default=_default(parameter, kind, source))  # type: ignore[arg-type]


def _known(node: tree.Scalar, parameter: tree.Parameter, source: Source) -> object:
    if node.type not in SCALARS:
        source.type(parameter, f"there is no type '{node.type}'")
    return SCALARS[node.type]


def _default(parameter: tree.Parameter, kind: object, source: Source) -> int | float | None:
    value = parameter.default
    if value is None:
        return None
    if kind is BOOL:
        if not isinstance(value, bool):
            source.type(parameter, f"the default of '{parameter.name}' must be True or False")
        return int(value)
    assert isinstance(kind, Type)
    if isinstance(value, bool) or not fits(value, kind):
        source.type(parameter, f"the default {value!r} of '{parameter.name}' does not fit in {spelled(kind)}")
    return float(value) if kind.is_float else int(value)
