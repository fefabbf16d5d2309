"""What editors and type checkers read of names made from tables: `python -m tests.house.pytorch_stubs` writes it.

Functions of `hologram_torch.functional` that are made of plans, and the modules of `hologram_torch.nn`, have no line of
source. The arguments in their stubs are those of the plans; which may be tensors or numbers is found by trying.
"""

from __future__ import annotations

import inspect
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from hologram_torch.functional.elementwise import FUNCTIONS, PLANS
from hologram_torch.functional.plans import Plan
from hologram_torch.nn.made import MODULES

HOME = Path(__file__).parents[2] / "src" / "hologram_torch"
WIDTH = 120
NOTE = "Written by `python -m tests.house.pytorch_stubs`."
_FUNCTIONS = f'''"""Element-wise functions by PyTorch's names and with PyTorch's arguments.

{NOTE}
"""

from torch import Tensor

from hologram_torch.functional.plans import Function, Plan

Number = bool | int | float

PLANS: dict[str, Plan]
FUNCTIONS: dict[str, Function]

'''
_MODULES = f'''"""PyTorch's modules, computed by Hologram, with the arguments of PyTorch's own.

{NOTE}
"""

import torch

MODULES: dict[str, type[torch.nn.Module]]

'''
_CANDIDATES: dict[str, Any] = {"Tensor": torch.ones(3), "Number": 0.25}
_KNOWN = {
    "rounding_mode": "str | None",
    **dict.fromkeys(("eps", "nan", "posinf", "neginf"), "Number | None"),
}


def _given(plan: Plan) -> dict[str, Any]:
    """Arguments that a plan takes: tensors, but for numbers where it wants those."""
    given: dict[str, Any] = {}
    for p in inspect.signature(plan.planner).parameters.values():
        if p.default is not p.empty:
            continue
        given[p.name] = torch.ones(3, dtype=torch.bool) if p.name == "condition" else torch.ones(3)
        if str(p.annotation) == "float":
            given[p.name] = 0.25
    if plan.name == "clamp":
        given["min"] = 0.25
    return given


def _takes(plan: Plan, name: str, value: Any) -> bool:
    given = _given(plan)
    if plan.name == "prelu" and name != "weight":
        given["weight"] = torch.ones(1)
    if plan.name == "clamp" and name in ("min", "max"):
        given.pop("min")
    if name == "condition" and isinstance(value, torch.Tensor):
        value = value > 0
    try:
        plan.planner(**{**given, name: value})
    except TypeError:
        return False
    except RuntimeError:
        return True
    return True


def _type(plan: Plan, parameter: inspect.Parameter) -> str:
    """The type of an argument."""
    annotation = str(parameter.annotation)
    if annotation != "Any":
        return "Number" if annotation == "float" else annotation
    if parameter.name in _KNOWN:
        return _KNOWN[parameter.name]
    if parameter.name == "input" and plan.name != "where":  # of two operands the other one may be the number
        kinds = ["Tensor", *(["Number"] if len(_given(plan)) == 2 and _takes(plan, "input", 0.25) else [])]
    else:
        kinds = [kind for kind, value in _CANDIDATES.items() if _takes(plan, parameter.name, value)]
    if parameter.default is None:
        kinds.append("None")
    return " | ".join(kinds)


def _arguments(plan: Plan, signature: inspect.Signature, in_place: bool) -> Iterator[str]:
    starred = False
    for p in signature.parameters.values():
        if p.name == "out":
            continue
        if in_place and p.name == "inplace":
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        kind = "Tensor" if in_place and p.name == "input" else _type(plan, p)
        default = "" if p.default is p.empty else f" = {_literal(p.default)}"
        yield f"{p.name}: {kind}{default}"
    if "out" in signature.parameters:
        yield from (["out: Tensor | None = None"] if starred else ["*", "out: Tensor | None = None"])


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _definition(name: str, plan: Plan, in_place: bool) -> str:
    arguments = list(_arguments(plan, inspect.signature(FUNCTIONS[name]), in_place))
    head = f"def {name}({', '.join(arguments)}) -> Tensor:"
    if len(head) > WIDTH:
        head = "\n".join([f"def {name}(", *(f"    {a}," for a in arguments), ") -> Tensor:"])
    return f"{head}\n{_documented(FUNCTIONS[name].__doc__ or '')}"


def _documented(text: str) -> str:
    if len(text) + 10 <= WIDTH:
        return f'    """{text}"""\n'
    return textwrap.indent('"""' + "\n".join(textwrap.wrap(text, WIDTH - 10)) + '"""', "    ") + "\n"


def functions() -> str:
    """The stub of the element-wise functions."""
    parts, aliases = [], []
    for plan in PLANS.values():
        for name in (plan.name, f"{plan.name}_") if plan.underscore else (plan.name,):
            end = name[len(plan.name) :]
            parts.append(_definition(name, plan, bool(end)))
            aliases += [f"{alias}{end} = {name}" for alias in plan.aliases]
    names = "".join(f'    "{name}",\n' for name in ("FUNCTIONS", *FUNCTIONS))
    return _FUNCTIONS + "\n".join(parts) + "\n" + "\n".join(aliases) + f"\n\n__all__ = [\n{names}]\n"


def modules() -> str:
    """The stub of the modules."""
    parts = [f"class {name}(torch.nn.{name}):\n{_documented(kind.__doc__ or '')}" for name, kind in MODULES.items()]
    names = "".join(f'    "{name}",\n' for name in MODULES)
    return _MODULES + "\n".join(parts) + f"\n__all__ = [\n{names}]\n"


STUBS = {HOME / "functional" / "elementwise.pyi": functions, HOME / "nn" / "made.pyi": modules}


def main() -> int:
    """Write the stubs."""
    for path, text in STUBS.items():
        path.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
