"""Refusals by position: kernels in which «…» marks what the caret has to point at, and what is said of it."""

from __future__ import annotations

PARAMETERS = (
    "a: DeviceArray[f32], m: DeviceArray[f32, 2], h: DeviceArray[f16], c: DeviceArray[i32], "
    "n: u32, x: f32, big: u64, i: i64, flag: bool"
)

LINES: list[tuple[str, str]] = [
    # Numbers and truth values
    ("y = «flag ** 2»", "'**' needs numbers, not truth values"),
    ("y = «flag + flag»", "'+' needs numbers, not truth values"),
    ("y = «flag / flag»", "'/' needs numbers, not truth values"),
    ("y = «flag < flag»", "'<' needs numbers, not truth values"),
    ("y = «-flag»", "'-' needs a number, not a truth value"),
    ("y = «flag + 1»", "'+' cannot mix bool and integer literal"),
    ("y = «sqrt(flag)»", "sqrt needs numbers, not truth values"),
    ("y: bool = «n»", "u32 where a truth value is needed"),
    ("a[0] = «flag»", "a truth value where f32 is needed"),
    ("y: bool = «1»", "integer literal where a truth value is needed"),
    ("y: i32 = «x»", "f32 does not become i32 by itself"),
    ("y = «big + i»", "'+' on u64 and i64 needs a cast"),
    ("y = «x & n»", "'&' needs integers, not f32"),
    ("y = «n << x»", "'<<' needs integers, not f32"),
    ("y = «~x»", "'~' needs an integer, not f32"),
    ("y = «1.5 & 2»", "bitwise operators need integers"),
    ("y = «1 // 0»", "division by zero"),
    ("y = «10.0 ** 400»", "the constant does not fit in 64 bits"),
    ("y = «1 << 100»", "the constant does not fit in 64 bits"),
    ("y = «(-8.0) ** 0.5»", "the constant is no real number"),
    ("y = «1 << -1»", "a shift by a negative number"),
    ("y = «n // 0»", "an integer '//' by the constant zero"),
    ("y = «n ** 65»", "a literal exponent must lie within ±64"),
    ("y = «n ** -1»", "an integer to a negative power"),
    ("y = «n ** i»", "an integer to a power that is no literal integer"),
    ("y = «n» and flag", "a condition must be a truth value, not u32"),
    # Variables
    ("while flag:\n        y = «z»; z = y", "'z' may be read before it has a value"),
    ("«a = 1.0»", "the array 'a' cannot be assigned"),
    ("«for a in range(3): pass»", "'a' is an array; it cannot be i64 too"),
    # Arrays
    ("y = a[«-1»]", "a negative index is out of bounds"),
    ("y = a[«x»]", "an index must be an integer, not f32"),
    ("y = «a[0, 0]»", "'a' has 1 dimension(s), the index has 2"),
    ("y = «m[0]»", "'m' has 2 dimension(s), the index has 1"),
    ("y = «a[()]»", "an index is missing"),
    ("y = «n[0]»", "'n' is a number, not an array"),
    ("y = «z»[0]", "'z' is not defined"),
    ("y = «(n + 1)[0]»", "only arrays have elements and shapes"),
    ("y = «a.shape[1]»", "'a' has 1 dimension(s), there is no axis 1"),
    ("s = shared(f32, 4); s[«4»] = 1.0", "'s' has 4 elements, from 0 to 3; there is no element 4"),
    ("s = «shared(f32)»", "shared takes a type and a number of elements"),
    ("s = shared(f32, 4); s = «shared(f32, 4)»", "'s' has another meaning already"),
    # Calls
    ("y = «get_global_id(n)»", "the axis of get_global_id must be the literal 0, 1 or 2"),
    ("y = «grid_sum(x, a, 0)»", "grid_sum has no value"),
    ("«sqrt(x)»", "the value of sqrt(…) is not used"),
    ("grid_sum(x, «m», 0)", "grid_sum stores into a 1-D array, 'm' has 2 axes"),
    ("grid_sum(«n», a, 0)", "grid_sum of u32 into 'a' of f32"),
    ("y = atomic_add_i32(«a», 1)", "atomic_add_i32 needs an array of i32, 'a' has f32"),
    ("y = atomic_add(«h», 0, 1.0)", "atomic_add works on integers, f32 and f64, 'h' has f16"),
    ("y = atomic_xor(«a», 0, 1)", "atomic_xor works on integers, 'a' has f32"),
    ("y = True if «atomic_add(c, 0, 1) > 0» else False", "an atomic in the condition of a truth value"),
    ("«c[atomic_add(c, 0, 1)]» += 1", "would run twice in the index of an augmented assignment"),
    # The Atlas instructions
    ("y = «atlas.pool_free(big)»", "atlas.pool_free has no value"),
    ("atlas.pool_store(big, 0, «flag»)", "atlas.pool_store stores numbers, not truth values"),
    ("y = atlas.pool_load_f32(big, «x»)", "a byte offset must be an integer, not f32"),
    ("y = atlas.pool_load_f32(big, «-4»)", "a negative byte offset is out of bounds"),
    ("y = atlas.mirror(«96»)", "there is no class 96"),
    ("y = atlas.unity_test(«x»)", "the bound of atlas.unity_test must be a constant number from 0 on"),
    ("atlas.phase_adv(«n»)", "the step of atlas.phase_adv must be a constant integer"),
    ("atlas.phase_adv(«70000»)", "atlas.phase_adv takes a step from 0 to 65535, not 70000"),
    ("y = «0 < atomic_add(c, 0, 1) < 3»", "would run twice in the middle of a chained comparison"),
]
"""A line of a kernel with the parameters above, and a part of the message."""

FILES: list[tuple[str, str]] = [
    (
        "@kernel(block=32)\ndef k(a: DeviceArray[f32]):\n    if lane_id() < 16:\n        «barrier()»\n"
        "    a[get_global_id()] = 1.0\n",
        "not all lanes of a block come to this barrier: lane 16 never passes the condition in line 5",
    ),
    ("from hologram.language.atlas import «nothing»\n", "'hologram.language.atlas' has no 'nothing'"),
    ("@kernel(fast=«1»)\ndef k(a: DeviceArray[f32]): pass\n", "fast must be True or False"),
    ("@kernel(block=«n»)\ndef k(a: DeviceArray[f32]): pass\n", "block must be one to three constant integers"),
    ("@kernel(«grid=3»)\ndef k(a: DeviceArray[f32]): pass\n", "@kernel has no option 'grid'"),
    ("@«kernel(256)»\ndef k(a: DeviceArray[f32]): pass\n", "@kernel takes keyword arguments only"),
    ("@kernel\n@«staticmethod»\ndef k(a: DeviceArray[f32]): pass\n", "decorator 'staticmethod' on a kernel"),
    ("@device\ndef f(): return 1\n@device\n«def f(): return 2»\n", "two device functions are called 'f'"),
    (
        "@device\n@«staticmethod»\ndef f(v: f32): return v\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0)\n",
        "a decorator on a device function",
    ),
    (
        "@device\ndef f(v: f32) -> «DeviceArray[f32]»: return v\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0)\n",
        "a device function returns one number",
    ),
    (
        "@device\ndef f(v: f32) -> «f32»: pass\n@kernel\ndef k(a: DeviceArray[f32]): f(1.0)\n",
        "'f' returns no value",
    ),
    (
        "@device\ndef f(v: f32) -> «None»: return v\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0)\n",
        "'f' is declared to return nothing and returns a value",
    ),
    (
        "@device\ndef f(v: f32):\n    if v > 0: «return»\n    return v\n"
        "@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0)\n",
        "'f' returns a value elsewhere",
    ),
    (
        "@device\ndef f(v: f32): return v\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(«*a»)\n",
        "'*' in a call",
    ),
    (
        "@device\ndef f(v: f32): return v\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0, «v=2.0»)\n",
        "f gets 'v' twice",
    ),
    (
        "@device\ndef f(v: f32):\n    w = «w» + v\n    return w\n@kernel\ndef k(a: DeviceArray[f32]): a[0] = f(1.0)\n",
        "'w' may be read before",
    ),
]
"""A file after its imports, and a part of the message."""
