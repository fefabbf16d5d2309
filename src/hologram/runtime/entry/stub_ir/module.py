"""What every module of entry functions has: declarations, the floating-point environment, launches, attributes."""

from __future__ import annotations

from hologram.errors import UnsupportedError
from hologram.runtime.entry.stub_ir.declarations import DECLARATIONS
from hologram.runtime.entry.stub_ir.environment import ENVIRONMENTS
from hologram.runtime.entry.stub_ir.launch import attend, launch, outcome

_ATTRIBUTES = "attributes #0 = { nounwind strictfp }\nattributes #1 = { nounwind strictfp cold noinline }"


def module(arch: str, *functions: str) -> str:
    """The module of some functions, which may call `launch` and `call_slow`, for an architecture (`x86_64`, `aarch64`).

    Raises UnsupportedError for an architecture whose floating-point environment is not known here.
    """
    if arch not in ENVIRONMENTS:
        raise UnsupportedError(f"no entry functions for {arch}: known are {', '.join(ENVIRONMENTS)}")
    return "\n".join((DECLARATIONS, ENVIRONMENTS[arch](), outcome(), attend(), launch(), *functions, _ATTRIBUTES))
