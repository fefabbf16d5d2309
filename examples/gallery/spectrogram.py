"""A spectrogram of two crossing chirps, a melody of pure tones and some noise.

python examples/gallery/spectrogram.py
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from program import Program, main

import hologram as hg
from hologram import ops

RATE, FRAME, HOP = 8000, 256, 64

# Hologram: frames overlap in memory, a strided view of the samples; the transform is two matrix products.


def waves():
    """A frame's window times cosines and sines: a column for each frequency."""
    t = hg.tensor(np.arange(FRAME, dtype=np.float32))
    angles = t[:, None] * t[: FRAME // 2 + 1] * (2 * np.pi / FRAME)
    window = (0.5 - 0.5 * ops.cos(t * (2 * np.pi / FRAME)))[:, None]
    return window * ops.cos(angles), window * ops.sin(angles)


def hologram(samples):
    """The power in decibels at each frequency and moment."""
    count = (len(samples) - FRAME) // HOP + 1
    whole = hg.tensor(samples)
    frames = hg.Tensor.from_buffer_with_strides(whole.buffer, (count, FRAME), (HOP, 1))
    cosines, sines = waves()
    loudness = ops.hypot(frames @ cosines, frames @ sines)
    return {"power": (20 * ops.log10(ops.maximum(loudness, 0.1))).T.numpy()}


# NumPy


def numpy(samples):
    """The same with a fast Fourier transform."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    window = 0.5 - 0.5 * np.cos(np.arange(FRAME) * (2 * np.pi / FRAME))
    loudness = np.abs(np.fft.rfft(frames * window))
    return {"power": (20 * np.log10(np.maximum(loudness, 0.1))).T}


# The sound and the picture


def data(seconds: int) -> Any:
    """Samples of the sound."""
    t = np.arange(seconds * RATE) / RATE
    share = t / seconds
    rising = np.sin(2 * np.pi * (300 * t + 1300 * t**2 / seconds))
    falling = 0.7 * np.sin(2 * np.pi * (3500 * t - 1400 * t**2 / seconds))
    notes = np.array([523, 659, 784, 1047, 784, 659, 523, 392])[np.minimum((share * 8).astype(int), 7)]
    melody = 0.5 * np.sin(2 * np.pi * np.cumsum(notes / RATE)) * np.sin(np.pi * (share * 8 % 1)) ** 0.5
    noise = np.random.default_rng(1).normal(0, 0.05, t.size)
    return (rising + falling + melody + noise).astype(np.float32)


def draw(samples: Any, made: dict[str, Any]) -> Any:
    """The sound above, its spectrogram below."""
    from matplotlib import pyplot as plt

    seconds = len(samples) / RATE
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(9, 5.4), layout="constrained", sharex=True, height_ratios=(1, 4)
    )
    top.plot(np.arange(len(samples)) / RATE, samples, linewidth=0.2, color="tab:purple")
    top.set(ylabel="samples")
    image = bottom.imshow(
        made["power"], origin="lower", aspect="auto", cmap="magma", vmin=-15, vmax=40,
        extent=(0, seconds, 0, RATE / 2000),
    )  # fmt: skip
    bottom.set(xlabel="seconds", ylabel="kHz")
    figure.colorbar(image, ax=bottom, label="dB", pad=0.01)
    return figure


def found(samples: Any, made: dict[str, Any]) -> str:
    """Where the chirps cross: while both are above the melody, their power is least spread there."""
    power = 10.0 ** (made["power"] / 10)
    rows, moments = power.shape
    kilohertz = np.arange(rows)[:, None] * RATE / FRAME / 1000
    weight = power * (kilohertz > 1.2)
    centre = (kilohertz * weight).sum(axis=0) / weight.sum(axis=0)
    first, last = moments * 2 // 5, moments * 4 // 5
    at = first + ((kilohertz - centre) ** 2 * weight).sum(axis=0)[first:last].argmin()
    return f"{moments} frames of {rows} frequencies, chirps cross at {centre[at]:.2f} kHz after {at * HOP / RATE:.2f} s"


PROGRAM = Program("spectrogram", data, hologram, numpy, draw, found, 4, 1, 1e-3)

if __name__ == "__main__":
    sys.exit(main(PROGRAM))
