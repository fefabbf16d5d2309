"""The kernel language: what a kernel file imports.

```python
from hologram.language import DeviceArray, f32, get_global_id, kernel, u32

@kernel
def saxpy(a: f32, x: DeviceArray[f32], y: DeviceArray[f32], n: u32):
    i = get_global_id()
    if i < n:
        y[i] = a * x[i] + y[i]
```
"""

from importlib import import_module
from typing import Any

from hologram.language.annotations import (
    DeviceArray,
    bf16,
    f16,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    usize,
)
from hologram.language.device import DeviceFunction, device
from hologram.language.kernel import Kernel, atlas_kernel, kernel

__all__ = [
    "DeviceArray",
    "DeviceFunction",
    "Kernel",
    "atlas",
    "atlas_kernel",
    "bf16",
    "device",
    "f16",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "kernel",
    "u8",
    "u16",
    "u32",
    "u64",
    "usize",
]


def __getattr__(name: str) -> Any:
    """`atlas`, and the functions of the kernel language (`get_global_id`, `exp` …) from the compiler's table."""
    if name == "atlas":
        return import_module("hologram.language.atlas")
    from hologram.language.functions import STAND_INS

    if name in STAND_INS:
        return STAND_INS[name]
    raise AttributeError(f"the kernel language has no '{name}'")


def __dir__() -> list[str]:
    from hologram.language.functions import STAND_INS

    return sorted({*__all__, *STAND_INS})
