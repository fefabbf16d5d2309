"""Hologram against its peers on this machine: `python -m benchmarks [--write]`."""
