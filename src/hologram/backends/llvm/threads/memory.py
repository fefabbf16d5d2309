"""The memory that callers and workers share: the pool, one launch's job, a kernel's recipe.

Words that different threads write lie in different cache lines.
"""

from __future__ import annotations

LINE = 64
DRIVE, WORK, WAKE = "hologram_drive", "hologram_work", "hologram_wake"
"""`i64 drive(ptr pool, ptr recipe, ptr block)` runs a launch and returns its fault code;
`void work(ptr pool, i64 number)` is the life of a worker;
`void wake(ptr pool)` makes all workers look whether they are still wanted."""
EXPORTS = (DRIVE, WORK, WAKE)
IMPORTS = ("clock_gettime", "syscall")
"""What the module needs from the C library."""

POOL = {
    "drive": (0, "address of `drive`, 0 until the module is loaded"),
    "threads": (8, "how many threads may work on a launch, the caller among them"),
    "spin": (16, "nanoseconds a worker looks for work before it sleeps"),
    "warm": (24, "nanoseconds of work worth sharing with a worker that looks for it"),
    "cold": (32, "nanoseconds of work worth waking a worker for"),
    "hired": (40, "workers that were started or could not be"),
    "wanted": (48, "1 when a launch would have been worth more workers"),
    "stop": (56, "1 when workers are to end"),
    "ticket": (1 * LINE, "epoch << 16 | pieces << 8 | next piece"),
    "busy": (2 * LINE, "1 while a caller shares its launch"),
    "done": (3 * LINE, "pieces that workers have done (32 bits)"),
    "waiting": (3 * LINE + 4, "1 while the caller sleeps on `done` (32 bits)"),
    "signal": (4 * LINE, "counts launches; sleeping workers wait for it to change (32 bits)"),
    "sleepers": (4 * LINE + 8, "workers that sleep or are about to"),
    "awake": (5 * LINE, "workers that look for work or do some"),
    "workers": (5 * LINE + 8, "workers in `work`"),
    "job": (6 * LINE, "address of the job whose pieces the ticket counts"),
}
POOL_BYTES = 7 * LINE
SETTINGS = ("drive", "threads", "spin", "warm", "cold")
"""What a forked child keeps; it has no workers, so the rest becomes 0."""

RECIPE = {
    "run": (0, "address of the kernel's `run`"),
    "join": (8, "address of its `join`"),
    "cut": (16, "how its launches are cut, see `pieces.recipe`"),
}
RECIPE_BYTES = 24

JOB = {
    "run": (0, "address of `run`"),
    "block": (8, "the arguments block"),
    "axis": (16, "the axis that is cut"),
    "log": (24, "units of a piece, as a power of two"),
    "units": (32, "units of the launch"),
    "pieces": (40, "number of pieces"),
    "down": (48, "1 when the last piece is taken first"),
    "results": (56, "where pieces of a reduction leave what they found"),
    "fault": (64, "piece << 32 | fault code of the first piece with a fault, else -1"),
}
JOB_BYTES = 72


def at(name: str, base: str, table: dict[str, tuple[int, str]], field: str) -> str:
    """`%name` = address of a field."""
    return f"  %{name} = getelementptr i8, ptr %{base}, i64 {table[field][0]}\n"


def get(name: str, base: str, table: dict[str, tuple[int, str]], field: str, kind: str = "i64") -> str:
    """`%name` = a field that nobody changes meanwhile."""
    return at(f"{name}.at", base, table, field) + f"  %{name} = load {kind}, ptr %{name}.at, align 8\n"


def put(name: str, base: str, table: dict[str, tuple[int, str]], field: str, value: str) -> str:
    """Store a value (type and name) in a field; `name` is for the address."""
    return at(name, base, table, field) + f"  store {value}, ptr %{name}, align 8\n"


def look(name: str, base: str, field: str, order: str = "monotonic", kind: str = "i64") -> str:
    """`%name` = a field of the pool that others may be changing."""
    size = 4 if kind == "i32" else 8
    return (
        at(f"{name}.at", base, POOL, field) + f"  %{name} = load atomic {kind}, ptr %{name}.at {order}, align {size}\n"
    )
