"""Runs PyTorch's samples and writes docs/pytorch-opinfo.md: ``python -m tests.torch.opinfo_page [--most N] [TYPE …]``.

Each operator's counts are kept in opinfo.json beside this file as soon as it is done, so a run that was stopped goes on
where it was. `--most` bounds the samples of a kind and type, TYPEs (float32, int64, …) are those that are run; an
operator is run again where its record is of fewer samples or types. `--page` only writes the page.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tests.torch import checks, opinfo

RECORD = Path(__file__).with_name("opinfo.json")
PAGE = Path(__file__).parents[2] / "docs/pytorch-opinfo.md"
INTRODUCTION = """# PyTorch's own samples

Written by `python -m tests.torch.opinfo_page` from the record of its last runs.

PyTorch tests its operators with samples (`torch.testing._internal`, OpInfo): inputs of many shapes, strides, types and
arguments, wrong ones included. Every function of `hologram_torch.functional` that has an OpInfo is called with them,
and has to give the types, shapes and values that PyTorch gives, within the tolerances of `torch.testing.assert_close`.
Each exclusion is of the samples that it says, and no more.

Kinds of samples: {kinds}.
"""
Found = dict[str, Any]


def read() -> dict[str, Found]:
    """The record: counts by the OpInfo's name."""
    return json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}


def ran(case: opinfo.Case, most: int, dtypes: tuple[torch.dtype, ...]) -> Found:
    """Run an operator."""
    tally = opinfo.run(case, dtypes, most=most)
    return {
        "function": case.function,
        "passed": dict(tally.passed),
        "excluded": {f"{kind}: {reason}": count for (kind, reason), count in tally.excluded.items()},
        "failed": tally.failed,
        "most": most,
        "types": [str(d).removeprefix("torch.") for d in case.dtypes if d in dtypes],
    }


def page(record: Mapping[str, Found]) -> str:
    """The page of a record."""
    passed, excluded = Counter[str](), Counter[str]()
    lines = [
        "| operator | function | types | samples | passed | excluded | failed |",
        "| --- | --- | --- | --- | ---: | ---: | ---: |",
    ]
    for name, found in sorted(record.items()):
        passed.update(found["passed"])
        excluded.update(found["excluded"])
        scope = f"first {found['most']} of a kind and type" if found["most"] else "all"
        counts = (sum(found["passed"].values()), sum(found["excluded"].values()), len(found["failed"]))
        types = "all" if len(found["types"]) == _known().get(name) else " ".join(found["types"])
        lines.append(
            f"| `{name}` | `{found['function']}` | {types} | {scope} | {counts[0]} | {counts[1]} | {counts[2]} |"
        )
    failed = sum(len(found["failed"]) for found in record.values())
    text = INTRODUCTION.format(kinds=", ".join(opinfo.KINDS))
    total, left = f"{sum(passed.values()):,}", sum(excluded.values())
    text += f"\n{len(record)} operators: **{total} samples pass, {failed} fail, {left} are excluded.**\n"
    missing = sorted(set(_known()) - set(record))
    if missing:
        text += f"\nNo record of {len(missing)} more: {', '.join(f'`{name}`' for name in missing)}.\n"
    text += "\n| kind | passed |\n| --- | ---: |\n" + "".join(f"| {k} | {passed[k]:,} |\n" for k in opinfo.KINDS)
    text += "\n## Exclusions\n\n| samples | reason |\n| ---: | --- |\n"
    text += "".join(f"| {count} | {reason} |\n" for reason, count in sorted(excluded.items()))
    text += "".join(f"| all of `{name}` | {reason} |\n" for name, reason in opinfo.LEFT_OUT.items())
    return text + checks.section() + "\n## Operators\n\n" + "\n".join(lines) + "\n"


def _known() -> dict[str, int]:
    return {case.name: len(case.dtypes) for case in opinfo.cases()}


def _is_covered(found: Found | None, most: int, types: set[str]) -> bool:
    if found is None or not types <= set(found["types"]):
        return False
    return not found["failed"] and (found["most"] == 0 or 0 < most <= found["most"])


def main(arguments: list[str]) -> None:
    """Run what is not recorded, and write the page."""
    record = read()
    most = int(arguments[arguments.index("--most") + 1]) if "--most" in arguments else 0
    names = [a for a in arguments if hasattr(torch, a)]
    dtypes = tuple(getattr(torch, n) for n in names) or opinfo.DTYPES
    known = {case.name: case for case in opinfo.cases()}
    for name, case in known.items() if "--page" not in arguments else ():
        types = {str(d).removeprefix("torch.") for d in case.dtypes if d in dtypes}
        if not types or _is_covered(record.get(name), most, types):
            continue
        record[name] = ran(case, most, dtypes)
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
        sys.stdout.write(
            f"{name}: {sum(record[name]['passed'].values())} passed, {len(record[name]['failed'])} failed\n"
        )
        sys.stdout.flush()
    PAGE.write_text(page({name: found for name, found in record.items() if name in known}), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
