"""The long run: ``python -m tests.differential.long [programs|kernels COUNT | again]``; it may be stopped and resumed.

Each batch is added to `long.json` beside this file: how many cases of each kind have been run, up to which seed, and
what differed. The next run goes on behind the last seed; programs and kernels take turns.
``again`` runs what differed once more: cases that agree now are on record as fixed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.differential.batch import OK, REFUSED, outcomes

RECORD = Path(__file__).with_name("long.json")
FIRST_SEED = 1_000_000
WANTED = {"programs": 20_000, "kernels": 5_000}
BATCH = 25


def load() -> dict[str, Any]:
    """The record, a new one where there is none."""
    if RECORD.exists():
        found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
        return found
    empty = {"run": 0, "refused": 0, "next_seed": FIRST_SEED, "cpu_seconds": 0}
    return {"date": "", **{kind: {**empty, "different": [], "fixed": []} for kind in WANTED}}


def run_batch(kind: str, count: int) -> int:
    """Run so many more cases of a kind and write the record; the number of those that differ."""
    record, before = load(), _cpu_seconds()
    entry, different = record[kind], 0
    for seed, outcome in outcomes(kind, entry["next_seed"], count):
        entry["run"] += outcome != REFUSED
        entry["refused"] += outcome == REFUSED
        entry["next_seed"] = seed + 1
        if outcome not in (OK, REFUSED):
            different += 1
            entry["different"].append({"seed": seed, "what": outcome[:300]})
            sys.stdout.write(f"{kind} {seed}: {outcome}\n")
    entry["cpu_seconds"] += round(_cpu_seconds() - before)
    _write(record)
    return different


def again() -> int:
    """Run what differed once more; how many cases still do."""
    record = load()
    for kind in WANTED:
        entry = record[kind]
        for finding in list(entry["different"]):
            ((_, outcome),) = outcomes(kind, finding["seed"], 1)
            if outcome in (OK, REFUSED):
                entry["different"].remove(finding)
                entry["fixed"].append(finding)
    _write(record)
    return sum(len(record[kind]["different"]) for kind in WANTED)


def _write(record: dict[str, Any]) -> None:
    record["date"] = datetime.now(UTC).date().isoformat()
    new = RECORD.with_suffix(".new")
    new.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    new.replace(RECORD)


def _cpu_seconds() -> float:
    """What the processes of all batches have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def go_on(wanted: dict[str, int]) -> int:
    """Run cases until so many of each kind are on record, the kinds in turn; the number of those that differ."""
    different, begun, at_first = 0, time.monotonic(), _still(wanted)
    while left := _still(wanted):
        for kind, count in left.items():
            different += run_batch(kind, min(BATCH, count))
        done = sum(at_first.values()) - sum(_still(wanted).values())
        minutes = sum(left.values()) / max(done, 1) * (time.monotonic() - begun) / 60
        sys.stdout.write(f"{_still(wanted)} to go, {different} differ, {minutes:.0f} min left\n")
        sys.stdout.flush()
    return different


def _still(wanted: dict[str, int]) -> dict[str, int]:
    """How many cases of each kind are missing."""
    record = load()
    return {kind: count - record[kind]["run"] for kind, count in wanted.items() if record[kind]["run"] < count}


def main(words: list[str]) -> int:
    """What is asked for, or all that is missing of the record."""
    if words == ["again"]:
        return min(again(), 1)
    wanted = {words[0]: load()[words[0]]["run"] + int(words[1])} if words else WANTED
    return min(go_on(wanted), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
