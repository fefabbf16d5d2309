"""How many threads a process gets: the variable, affinity, the quotas of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hologram.backends.cpu import cores
from hologram.backends.cpu.cores import cgroup_quota, checked_number, threads_of_process
from hologram.errors import ArgumentValueError


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight CPUs, no quota, no variable."""
    monkeypatch.delenv(cores.VARIABLE, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(cores, "cgroup_quota", lambda: None)


def write(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root, root / "self"


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"self": "0::/\n", "cpu.max": "max 100000\n"}, None),
        ({"self": "0::/\n", "cpu.max": "150000 100000\n"}, 1.5),
        ({"self": "0::/a/b\n", "a/b/cpu.max": "max 100000\n", "a/cpu.max": "300000 100000\n"}, 3.0),
        ({"self": "0::/hidden/here\n", "cpu.max": "50000 100000\n"}, 0.5),
        (
            {"self": "4:memory:/x\n1:cpu:/x\n", "cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"},
            None,
        ),
        (
            {
                "self": "1:cpu,cpuacct:/x\n0::/\n",
                "cpu,cpuacct/x/cpu.cfs_quota_us": "250000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            2.5,
        ),
        ({"self": "1:cpu:/x\n", "cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "0"}, None),
        ({"self": "nonsense\n0::/../up\n", "cpu.max": "garbage"}, None),
        ({}, None),
    ],
)
def test_quotas_of_both_versions(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    assert cgroup_quota(*write(tmp_path, files)) == quota


def test_one_thread_a_cpu() -> None:
    assert threads_of_process() == cores.Threads(8, "one a CPU", 8)


def test_affinity_and_quota_leave_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5})
    assert threads_of_process() == cores.Threads(2, "affinity: 2 of 8 CPUs", 2)
    monkeypatch.setattr(cores, "cgroup_quota", lambda: 0.5)
    assert threads_of_process() == cores.Threads(1, "cgroup quota of 0.5 CPUs", 1)


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cores.VARIABLE, "20")
    assert threads_of_process() == cores.Threads(20, "set by HOLOGRAM_NUM_THREADS", 8)
    for wrong in ("0", "-1", "many", "2.5", "257", "1e3"):
        monkeypatch.setenv(cores.VARIABLE, wrong)
        with pytest.raises(ArgumentValueError, match="HOLOGRAM_NUM_THREADS must be a whole number of threads"):
            threads_of_process()


@pytest.mark.parametrize("wrong", [0, -3, 257, True, 2.0, None, "two"])
def test_numbers_that_are_none(wrong: object) -> None:
    with pytest.raises(ArgumentValueError, match="from 1 to 256"):
        checked_number(wrong, "n")
