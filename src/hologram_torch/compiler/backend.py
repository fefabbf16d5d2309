"""The backend "hologram" of `torch.compile`: AOTAutograd's graphs become regions and calls of ATen."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Any

import torch
from torch._dynamo.backends.common import aot_autograd
from torch.fx import Graph, GraphModule

from hologram_torch.compiler import decompositions, programs
from hologram_torch.compiler.ahead import regions_in
from hologram_torch.compiler.channels import with_channels_last
from hologram_torch.compiler.joint import split
from hologram_torch.compiler.partition import Partition, is_given, looks_on, partition
from hologram_torch.compiler.received import with_comparison
from hologram_torch.compiler.report import CallReport, GraphReport, Report, region_report
from hologram_torch.compiler.rewriting import Rewriter
from hologram_torch.compiler.runner import Writer, function_of
from hologram_torch.compiler.upsampling import with_whole_upsampling


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the backend.

    check: run the nodes of each region, and each graph as it came, in ATen as well, and raise AssertionError where
        results differ.
    fuse: find regions; without it all stays in ATen.
    """

    check: bool = False
    fuse: bool = True


last_report = Report()
"""What was made of the graphs of the latest model; see `hologram_torch.explain`."""


def hologram(
    module: GraphModule,
    example_inputs: Sequence[Any],
    *,
    options: Mapping[str, Any] | None = None,
    mode: str | None = None,
) -> Callable[..., Any]:
    """Compile a graph of Dynamo; raises ValueError for options that do not exist and for modes.

    It is the backend of `torch.compile(model, backend="hologram", options={…})`.
    """
    if mode not in (None, "default"):
        raise ValueError(f"backend 'hologram' has no mode '{mode}'; leave mode out")
    chosen = options_of(options or {})
    ahead: list[Graph] = []
    compile = partial(_compiled, options=chosen, ahead=ahead)

    def cut(*arguments: Any, **keywords: Any) -> tuple[GraphModule, GraphModule]:
        forward, backward = split(*arguments, check=chosen.check, **keywords)
        ahead[:] = [backward.graph]
        return forward, backward

    with _without_collections():
        made: Callable[..., Any] = aot_autograd(
            fw_compiler=partial(compile, kind="forward"),
            bw_compiler=partial(compile, kind="backward"),
            inference_compiler=partial(compile, kind="inference"),
            decompositions=dict(decompositions.table()),
            partition_fn=cut,
            keep_inference_input_mutations=True,
        )(module, example_inputs)
    return made


@contextmanager
def _without_collections() -> Iterator[None]:
    """Nearly all that is made while compiling stays: looking through PyTorch's millions of objects again is in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def options_of(given: Mapping[str, Any]) -> Options:
    """Options by name; raises ValueError for a name or a value that does not exist."""
    known = {f.name for f in fields(Options)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"backend 'hologram' has no option '{name}'; it has {', '.join(sorted(known))}")
        if not isinstance(value, bool):
            raise ValueError(f"option '{name}' of backend 'hologram' is True or False, not {value!r}")
    return Options(**given)


def _compiled(
    module: GraphModule, example_inputs: Sequence[Any], *, options: Options, kind: str, ahead: list[Graph]
) -> Callable[..., Any]:
    """The function of one graph of AOTAutograd; it takes a list of arguments, which it empties."""
    begin = perf_counter()
    reason = _elsewhere(module)
    if kind == "inference" and not reason:
        if options.check:
            with_comparison(module)
        rewriter = Rewriter(module.graph, strict=options.check)
        with_whole_upsampling(rewriter)
        with_channels_last(rewriter)
        module.graph.eliminate_dead_code()  # places that images were taken from
    with _without_collections():
        fuses = options.fuse and not reason
        parts = partition(module.graph, fuses)
        writer = Writer(module, parts, check=options.check)
        source = writer.write()
        regions = {f"k{n}": launch.region for n, launch in enumerate(writer.launches)}
        programs.begin(regions.values())
        if kind == "forward" and fuses:
            programs.begin(chain.from_iterable(map(regions_in, ahead)))
        ahead.clear()
    awaited = programs.Awaited(regions, writer.values)
    writer.values.update({name: awaited.under(name) for name in regions})
    call = function_of(source, writer.values)
    call._boxed_call = True  # type: ignore[attr-defined]
    last_report.graphs.append(_report(kind, writer, parts, source, perf_counter() - begin, reason))
    return call


def _elsewhere(module: GraphModule) -> str:
    """Why a whole graph stays in ATen."""
    for node in module.graph.nodes:
        value = node.meta.get("val")
        if isinstance(value, torch.Tensor) and is_given(node) and value.device.type != "cpu":
            return f"a tensor is on {value.device}, regions run on the CPU"
    return ""


def _report(kind: str, writer: Writer, parts: Partition, source: str, seconds: float, reason: str) -> GraphReport:
    regions = tuple(region_report(launch, programs.name_of(launch.region)) for launch in writer.launches)
    counts = Counter(
        (str(u.nodes[0].target).removeprefix("aten."), reason or u.reason)
        for u in parts.units
        if u.group is None and not looks_on(u.nodes[0])
    )
    calls = tuple(CallReport(name, count, why) for (name, why), count in counts.items())
    return GraphReport(kind, regions, calls, source, seconds)
