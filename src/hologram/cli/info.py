"""`hologram info`: what this installation is and what it can do on this machine."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from hologram.cli.report import AsJson, Column, print_json, show

_COLUMNS = (Column("what", "what"), Column("value", "value"))


def info(as_json: AsJson = False) -> None:
    """Show versions, backends, the CPU code is made for, the cache, and whether launches take the fast path."""
    facts = collect()
    if as_json:
        print_json(facts)
        return
    show("hologram", _COLUMNS, [{"what": what, "value": value} for what, value in _lines(facts)], as_json=False)


def collect() -> dict[str, Any]:
    """The facts `hologram info` prints, as JSON values."""
    from hologram.backends.llvm.jit import host_target, llvm_version
    from hologram.runtime import threads
    from hologram.runtime.cache import DiskStore
    from hologram.runtime.entry.selfcheck import available
    from hologram.runtime.executor import backends, get_default_backend

    target, running = host_target(), threads.report()
    fast, reason = available()
    directory = DiskStore().directory
    return {
        "version": version("hologram-atlas"),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": version("numpy"),
        "llvm": llvm_version(),
        "target": {"triple": target.triple, "cpu": target.cpu, "features": _enabled(target.features)},
        "backends": backends(),
        "default_backend": get_default_backend(),
        "threads": {"number": running.number, "reason": running.reason},
        "launch_path": {"native": fast, "reason": reason},
        "cache": {"directory": str(directory), **_usage(directory)},
    }


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    target, path, cache = facts["target"], facts["launch_path"], facts["cache"]
    return [
        *((name, facts[name]) for name in ("version", "python", "numpy", "llvm")),
        ("CPU target", f"{target['cpu']} ({target['triple']}, {len(target['features'])} features)"),
        *((f"backend {name}", state) for name, state in sorted(facts["backends"].items())),
        ("default backend", facts["default_backend"]),
        ("threads", f"{facts['threads']['number']} ({facts['threads']['reason']})"),
        ("launch path", "native entry points" if path["native"] else f"through Python: {path['reason']}"),
        ("code cache", f"{cache['directory']} ({cache['entries']} entries, {cache['bytes'] / 1024:.0f} KiB)"),
    ]


def _enabled(features: str) -> list[str]:
    return [name[1:] for name in features.split(",") if name.startswith("+")]


def _usage(directory: Path) -> dict[str, int]:
    sizes = [path.stat().st_size for path in directory.glob("*.obj")] if directory.is_dir() else []
    return {"entries": len(sizes), "bytes": sum(sizes)}
