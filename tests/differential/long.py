"""The long run: ``python -m tests.differential.long [programs|kernels COUNT | again]``; it may be stopped and resumed.

Each batch is added to `long.json` beside this file: how many cases of each kind have been run, up to which seed, and
what differed. The next run goes on behind the last seed; programs and kernels take turns.
``again`` runs what differed once more: cases that agree now are on record as fixed.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _changed() -> Iterator[dict[str, Any]]:
    """The record, written after the block; several runs may go on side by side, each with a kind of its own."""
    lock = os.open(RECORD.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        record = load()
        yield record
        record["date"] = datetime.now(UTC).date().isoformat()
        new = RECORD.with_suffix(".new")
        new.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        new.replace(RECORD)
    finally:
        os.close(lock)


def run_batch(kind: str, count: int) -> int:
    """Run so many more cases of a kind and write the record; the number of those that differ."""
    before = _cpu_seconds()
    seen = list(outcomes(kind, load()[kind]["next_seed"], count))
    different = [{"seed": seed, "what": outcome[:300]} for seed, outcome in seen if outcome not in (OK, REFUSED)]
    for finding in different:
        sys.stdout.write(f"{kind} {finding['seed']}: {finding['what']}\n")
    refused = sum(outcome == REFUSED for _, outcome in seen)
    with _changed() as record:
        entry = record[kind]
        entry["run"] += len(seen) - refused
        entry["refused"] += refused
        entry["next_seed"] = seen[-1][0] + 1
        entry["different"] += different
        entry["cpu_seconds"] += round(_cpu_seconds() - before)
    return len(different)


def again() -> int:
    """Run what differed once more; how many cases still do."""
    still = 0
    for kind in WANTED:
        for finding in load()[kind]["different"]:
            ((_, outcome),) = outcomes(kind, finding["seed"], 1)
            if outcome not in (OK, REFUSED):
                still += 1
                continue
            with _changed() as record:
                record[kind]["different"].remove(finding)
                record[kind]["fixed"].append(finding)
    return still


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
