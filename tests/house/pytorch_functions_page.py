"""The tables of docs/pytorch-functions.md: `python -m tests.house.pytorch_functions_page` writes them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.house.places import code, table, write

PAGE = Path(__file__).parents[2] / "docs" / "pytorch-functions.md"
TITLES = {
    "reductions": "Reductions",
    "scans": "Scans and products of all elements",
    "normalisation": "Softmax and normalisations",
    "dropouts": "Dropout",
    "losses": "Losses",
    "matrices": "Matrices",
    "contractions": "Products along axes",
    "convolutions": "Convolutions",
    "elementwise": "Element-wise",
}
FOUND_ELSEWHERE = {"vector_norm": "torch.linalg.vector_norm", "vecdot": "torch.linalg.vecdot"}


def counterpart(name: str) -> str:
    """PyTorch's function of a name, as it is called there."""
    import torch

    if name in FOUND_ELSEWHERE:
        return FOUND_ELSEWHERE[name]
    for home, prefix in ((torch.nn.functional, "F"), (torch, "torch"), (torch.special, "torch.special")):
        if hasattr(home, name):
            return f"{prefix}.{name}"
    return f"Tensor.{name}" if hasattr(torch.Tensor, name) else ""


def first_line(thing: Any) -> str:
    """The first sentence of what a function says of itself."""
    lines = (inspect.getdoc(thing) or "").split("\n")
    return lines[0].replace("|", "\\|").rstrip(".")


def _functions() -> Iterator[tuple[str, list[list[str]]]]:
    from hologram_torch import functional

    for module, title in TITLES.items():
        home = getattr(functional, module)
        rows = []
        for name in sorted(n for n in home.__all__ if not n.endswith("_") and n != "FUNCTIONS"):
            function = getattr(functional, name)
            rows.append([code(name), first_line(function), code(counterpart(name))])
        yield title, rows


def functions() -> str:
    """A table for each module of functions."""
    parts = (f"\n### {title}\n\n{table(['function', 'gives', 'in PyTorch'], rows)}" for title, rows in _functions())
    return "".join(parts)


def modules() -> str:
    """A table of the modules and the functions that their `forward` is."""
    from hologram_torch.nn.made import MODULES
    from hologram_torch.nn.table import ROWS

    rows = []
    for name in MODULES:
        kind = name.rstrip("123d")
        function = ROWS[name].function if name in ROWS else f"{kind.removesuffix('Norm').lower()}_norm"
        function = name.lower() if kind == "Conv" else function
        rows.append([code(name), code(function), code(f"torch.nn.{name}")])
    return "\n" + table(["module", "its function", "in PyTorch"], rows)


MAKERS: dict[str, Callable[[], str]] = {"functions": functions, "modules": modules}


def main() -> int:
    """Write the page."""
    write(PAGE, MAKERS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
