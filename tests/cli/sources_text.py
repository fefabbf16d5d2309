"""Kernel files the command-line tests work on."""

from __future__ import annotations

SOURCE = '''\
"""Two kernels; executing this file would leave a trace."""

from pathlib import Path

from hologram.language import DeviceArray, f32, get_global_id, kernel, u32

Path("executed").write_text("this file was executed")


@kernel
def scale(x: DeviceArray[f32], y: DeviceArray[f32], factor: f32, n: u32):
    """y = factor * x."""
    i = get_global_id()
    if i < n:
        y[i] = factor * x[i]


@kernel
def shift(x: DeviceArray[f32], y: DeviceArray[f32], by: f32 = 1.0):
    i = get_global_id()
    if i < y.shape[0]:
        y[i] = x[i] + by
'''
ONE = SOURCE[: SOURCE.index("\n\n@kernel\ndef shift")] + "\n"
WRONG = SOURCE.replace("factor * x[i]", "factor * x[")
