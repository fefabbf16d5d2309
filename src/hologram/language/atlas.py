"""The Atlas instructions and linear pools, as kernels call them.

```python
from hologram.language import DeviceArray, atlas, f64, get_global_id, kernel, u8

@kernel
def weigh(classes: DeviceArray[u8], weights: DeviceArray[f64]):
    i = get_global_id()
    atlas.res_accum(atlas.mirror(classes[i]), weights[i])
```

Classes are class indices from 0 to 95. One that is out of range is a fault; a constant one is refused when the kernel
is compiled. Every function works inside kernels only; outside of them it raises UnsupportedError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from hologram.frontend.builtins import ATLAS, FUNCTIONS
from hologram.language.annotations import outside_kernel


def cls_get() -> int:
    """The class of the lane (u8): that of its block, `block_id() % 96`, unless the launch names one."""
    _refuse("cls_get")


def mirror(of_class: int) -> int:
    """The class (u8) whose label differs in e7."""
    _refuse("mirror")


def unity_test(epsilon: float) -> bool:
    """True where the accumulators' sum is less than a constant away from 0; the launch's additions do not count yet."""
    _refuse("unity_test")


def nbr_count(of_class: int) -> int:
    """How many neighbours a class has: 5 or 6 (u32)."""
    _refuse("nbr_count")


def nbr_get(of_class: int, number: int) -> int:
    """A neighbour of a class (u8); neighbours ascend, `number` is a constant from 0 to 5."""
    _refuse("nbr_get")


def res_accum(of_class: int, value: float) -> None:
    """Add to the accumulator of a class (f64); `executor.resonance` shows it when the launch is over."""
    _refuse("res_accum")


def phase_get() -> int:
    """The phase of the lane (u32), 0 when it begins, always below 768."""
    _refuse("phase_get")


def phase_adv(step: int) -> None:
    """Advance the lane's phase by a constant, modulo 768."""
    _refuse("phase_adv")


def bound_map(of_class: int, page: int, byte: int) -> int:
    """Where a place of the boundary pool lies: `12288 * class + 256 * page + byte` (u64), an offset in pool 0."""
    _refuse("bound_map")


def pool_alloc(size: int) -> int:
    """The handle (u64) of a new linear pool of a constant number of zero bytes; each lane makes its own."""
    _refuse("pool_alloc")


def pool_free(handle: int) -> None:
    """Free a linear pool."""
    _refuse("pool_free")


def pool_store(handle: int, offset: int, value: float) -> None:
    """Store a number at a byte offset of a linear pool, in the number's own type."""
    _refuse("pool_store")


def _refuse(name: str) -> NoReturn:
    raise outside_kernel(ATLAS + name)


def _load(name: str) -> Callable[[int, int], Any]:
    def load(handle: int, offset: int) -> Any:
        _refuse(name)

    load.__name__ = load.__qualname__ = name
    load.__module__ = __name__
    load.__doc__ = f"A number ({name.removeprefix('pool_load_')}) at a byte offset of a linear pool."
    return load


_LOADS = {name: _load(name) for name in (f.removeprefix(ATLAS) for f in FUNCTIONS) if name.startswith("pool_load_")}
__all__ = sorted({name.removeprefix(ATLAS) for name in FUNCTIONS if name.startswith(ATLAS)})


def __getattr__(name: str) -> Any:
    """`pool_load_f32` and its like: one for each of the twelve types."""
    if name in _LOADS:
        return _LOADS[name]
    raise AttributeError(f"hologram.language.atlas has no '{name}'")


def __dir__() -> list[str]:
    return __all__
