"""Hostile inputs by name: what is wrong with each is its size, its depth, its numbers or its characters."""

from __future__ import annotations

from collections.abc import Callable

HEADER = "from hologram.language import *\nimport math\n"
ARRAY = '{"kind":"device_array","element_type":{"kind":"scalar","type":"f32"}}'


def kernel(*lines: str, before: str = "") -> str:
    """A kernel file with these lines as the body of a kernel."""
    body = "".join(f"    {line}\n" for line in lines)
    return f"{HEADER}{before}@kernel\ndef k(a: DeviceArray[f32], n: u32):\n{body}"


def document(body: str, **more: str) -> str:
    """A JSON document with these statements."""
    fields = "".join(f'"{key}":{value},' for key, value in more.items())
    parameters = "" if "params" in more else f'"params":[{{"name":"a","type":{ARRAY}}}],'
    return f'{{"version":"1.1","kernel":{{"name":"k",{fields}{parameters}"body":[{body}]}}}}'


def let(value: str, name: str = "q") -> str:
    return f'{{"type":"let","name":"{name}","value":{value}}}'


def literal(value: str) -> str:
    return f'{{"type":"literal","value":{value}}}'


def listing(*lines: str) -> str:
    """An assembly text."""
    return "\n".join([".program p", *lines, "exit\n"])


PYTHON: dict[str, Callable[[], str]] = {
    "parentheses 10^5 deep": lambda: kernel("x = " + "(" * 100_000 + "n" + ")" * 100_000),
    "ifs 10^4 deep": lambda: kernel(*(" " * min(k, 40) + "if n > 0:" for k in range(10_000))),
    "10^4 elifs": lambda: kernel("if n > 0: pass", *("elif n > 0: pass" for _ in range(10_000))),
    "casts 10^4 deep": lambda: kernel("x = " + "f32(" * 10_000 + "n" + ")" * 10_000),
    "indices 10^4 deep": lambda: kernel("x = a" + "[0]" * 10_000),
    "attributes 10^5 long": lambda: "x" + ".a" * 100_000,
    "an imported name of 50,000 parts": lambda: "from a" + ".b" * 50_000 + " import f\n" + kernel("x = f(1.0)"),
    "10^5 dots": lambda: "from " + "." * 100_000 + " import f\n" + kernel("x = f(1.0)"),
    "a module name of 5,000 letters": lambda: "from " + "m" * 5_000 + " import f\n" + kernel("x = f(1.0)"),
    "10**10000": lambda: kernel("x = 10**10000"),
    "10**10**10": lambda: kernel("x = 10**10**10"),
    "4,000 digits": lambda: kernel("x = " + "9" * 4_000),
    "500,000 digits": lambda: kernel("x = " + "9" * 500_000),
    "1e999999": lambda: kernel("x = u8(1e999999)"),
    "2.0 ** 5000": lambda: kernel("x = 2.0 ** 5000"),
    "(-1.0) ** 0.5": lambda: kernel("x = (-1.0) ** 0.5"),
    "1 << 10**9": lambda: kernel("x = 1 << 10**9"),
    "1.0 % 0.0": lambda: kernel("x = 1.0 % 0.0"),
    "a name of 300,000 letters": lambda: kernel("x = " + "v" * 300_000),
    "a kernel's name of 300,000 letters": lambda: kernel("x = y").replace("def k(", "def " + "k" * 300_000 + "("),
    "a block of 10**10000": lambda: kernel("pass").replace("@kernel", "@kernel(block=10**10000)"),
    "3,000 digits of axes": lambda: kernel("pass").replace("DeviceArray[f32]", f"DeviceArray[f32, {'9' * 3_000}]"),
    "a default of 10**400": lambda: kernel("pass").replace("n: u32", "n: u32 = 10**400"),
    "an axis of 3,000 digits": lambda: kernel("x = a.shape[" + "9" * 3_000 + "]"),
    "an index beyond 64 bits": lambda: kernel("a[18446744073709551616] = 1.0"),
    "2^60 shared elements": lambda: kernel("s = shared(f32, 1 << 60)"),
    "a power of 99999999999999": lambda: kernel("x = n ** 99999999999999"),
    "a surrogate in a string": lambda: kernel("assert n > 0, '\ud800'"),
    "a surrogate in a comment": lambda: kernel("x = n # \ud800"),
    "NUL": lambda: kernel("x = n\x00"),
    "NUL in a string": lambda: kernel("assert n > 0, 'a\x00b'"),
    "a line separator": lambda: kernel("x = n").replace("\n", "\u2028"),
    "an unknown character name": lambda: kernel("assert n > 0, '\\N{x}'"),
    "5,000 arguments": lambda: kernel("x = min(" + ", ".join(["n"] * 5_000) + ")"),
    "a message of 400,000 letters": lambda: kernel("assert n > 0, '" + "x" * 400_000 + "'"),
    "10^5 places to print": lambda: kernel("print('" + "{}" * 100_000 + "')"),
    "2^30 calls of device functions": lambda: kernel(
        "x = f0(1.0)",
        before="".join(f"@device\ndef f{k}(v: f32):\n    return f{k + 1}(v) + f{k + 1}(v)\n" for k in range(30))
        + "@device\ndef f30(v: f32):\n    return v\n",
    ),
    "only spaces": lambda: " " * 500_000 + "x",
    "a text of 600,000 bytes": lambda: "#" * 600_000,
    "brackets": lambda: "[" * 10_000,
    "f-strings in f-strings": lambda: "f'{" * 1_000,
}
"""Kernel files that are refused."""

JSON: dict[str, Callable[[], str]] = {
    "arrays 10^6 deep": lambda: "[" * 1_000_000,
    "objects 10^6 deep": lambda: '{"a":' * 1_000_000,
    "nested negations": lambda: document(
        let('{"type":"unary_op","op":"neg","operand":' * 50_000 + literal("1") + "}" * 50_000)
    ),
    "10^5 documents and a number": lambda: f"[{(document('') + ',') * 100_000}1]",
    "10^6 digits": lambda: "9" * 1_000_000,
    "5,000 digits in a literal": lambda: document(let(literal("9" * 5_000))),
    "1e999999 in a literal": lambda: document(let(literal("1e999999"))),
    "30 digits in a literal": lambda: document(let(literal("9" * 30))),
    "half a surrogate pair": lambda: document(let(literal("1"), r"q\ud800")),
    "a surrogate": lambda: document(let(literal("1"), "q\ud800")),
    "NUL in a name": lambda: document("", params=r'[{"name":"a\u0000","type":{"kind":"scalar","type":"f32"}}]'),
    "a name of 10^6 letters": lambda: document("", params=f'[{{"name":"{"a" * 10**6} ","type":{ARRAY}}}]'),
    "a field of 10^6 letters": lambda: document("").replace('"name"', '"' + "f" * 10**6 + '"', 1),
    "a version of 10^6 letters": lambda: document("").replace("1.1", "1" * 10**6),
    "a block of 10^30": lambda: document("", block=f"[{10**30}]"),
    "an axis of 10^30": lambda: document(
        let(f'{{"type":"shape","array":{{"type":"var","name":"a"}},"axis":{10**30}}}')
    ),
    "a default of 400 digits": lambda: document(
        "", params=f'[{{"name":"n","type":{{"kind":"scalar","type":"u8"}},"default":{"9" * 400}}}]'
    ),
    "a place beyond all lines": lambda: document(f'{{"type":"break","at":[{2**40},1,1]}}'),
    "a break outside a loop at line 2^31 - 1": lambda: document(f'{{"type":"break","at":[{2**31 - 1},1,1,9]}}'),
    "17 MiB": lambda: " " * (17 << 20),
    "a format of a billion columns": lambda: document(
        f'{{"type":"print","template":"{{:999999999d}}","values":[{literal("1")}]}}'
    ),
    "3,000 variables": lambda: document(",".join(let(literal("1"), f"v{k}") for k in range(3_000))),
}
"""JSON documents that are refused."""

ASSEMBLY: dict[str, Callable[[], str]] = {
    "a word of 10^6 letters": lambda: listing("r" * 1_000_000),
    "50,000 exits": lambda: listing(*["exit"] * 50_000),
    "10,000 digits": lambda: listing("mov_imm.i64 r0, #" + "9" * 10_000),
    "an exponent of 10,000 digits": lambda: listing("mov_imm.f64 r0, #1e" + "9" * 10_000),
    "an array of 5,000 digits of axes": lambda: listing(".param a: f32[" + "9" * 5_000 + "] rw"),
    "a label of 10^6 letters": lambda: listing("bra @" + "l" * 1_000_000),
    "a web of 3,000 branches": lambda: listing(*(f"l{k}: bra.p0 @l{k * 7919 % 3000}" for k in range(3_000))),
    "a product of 5,000 factors": lambda: listing(".param n: i64", ".extent " + "*".join(["n"] * 5_000)),
    "brackets": lambda: listing("[" * 200_000),
    "a surrogate": lambda: "\ud800",
    "NUL": lambda: listing("\x00"),
    "40 subroutines that each call the next twice": lambda: listing(
        "call @f0", "exit", *(f"f{k}: call @f{k + 1}\ncall @f{k + 1}\nret" for k in range(40)), "f40: ret"
    ),
}
"""Assembly texts that are refused."""

LONG: dict[str, Callable[[], str]] = {
    "5,000 statements": lambda: kernel("x = n", *["x = x * x + n"] * 5_000),
    "5,000 atomics": lambda: kernel(*["atomic_add(a, n, 1.0)"] * 5_000),
    "20,000 variables": lambda: kernel(*(f"x{k} = {k}" for k in range(20_000))),
    "10^4 ifs": lambda: kernel(*["if n > 0: pass"] * 10_000),
    "5,000 kernels": lambda: (
        HEADER + "".join(f"@kernel\ndef k{k}(a: DeviceArray[f32]): a[0] = 1.0\n" for k in range(5_000))
    ),
    "15,000 constants": lambda: kernel(
        "x = C14999", before="C0 = 3\n" + "".join(f"C{k} = C{k - 1} * C{k - 1} % 1000003\n" for k in range(1, 15_000))
    ),
}
"""Kernel files that are merely long: compiled or refused, in bounded time."""
