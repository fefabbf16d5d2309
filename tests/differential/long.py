"""The long run: ``python -m tests.differential.long [programs|kernels COUNT]``; it may be stopped and resumed.

Each batch that agrees is added to `long.json` beside this file: how many cases of each kind have been run, up to which
seed, and what differed. The next run goes on behind the last seed.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.differential.batch import OK, REFUSED, outcomes

RECORD = Path(__file__).with_name("long.json")
FIRST_SEED = 1_000_000
WANTED = {"programs": 20_000, "kernels": 5_000}
BATCH = 50


def load() -> dict[str, Any]:
    """The record, a new one where there is none."""
    if RECORD.exists():
        found: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))
        return found
    return {kind: {"run": 0, "refused": 0, "next_seed": FIRST_SEED, "different": []} for kind in WANTED}


def go_on(kind: str, count: int) -> int:
    """Run so many more cases of a kind; the number of those that differ."""
    record, begun = load(), time.monotonic()
    entry = record[kind]
    last, different = entry["next_seed"] + count, 0
    while entry["next_seed"] < last:
        for seed, outcome in outcomes(kind, entry["next_seed"], min(BATCH, last - entry["next_seed"])):
            entry["run"] += outcome != REFUSED
            entry["refused"] += outcome == REFUSED
            entry["next_seed"] = seed + 1
            if outcome not in (OK, REFUSED):
                different += 1
                entry["different"].append({"seed": seed, "what": outcome[:300]})
                sys.stdout.write(f"\n{kind} {seed}: {outcome}\n")
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        left, spent = last - entry["next_seed"], time.monotonic() - begun
        pace = (count - left) / spent
        sys.stdout.write(f"\r{kind}: {entry['run']} run, {different} differ, {left / pace / 60:.0f} min left   ")
        sys.stdout.flush()
    sys.stdout.write("\n")
    return different


def main(words: list[str]) -> int:
    """What is asked for, or all that is missing of the record."""
    if words:
        return min(go_on(words[0], int(words[1])), 1)
    missing = {kind: wanted - load()[kind]["run"] for kind, wanted in WANTED.items()}
    return min(sum(go_on(kind, count) for kind, count in missing.items() if count > 0), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
