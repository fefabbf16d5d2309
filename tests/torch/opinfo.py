"""PyTorch's own samples for its operators (OpInfo), run through the functions of `hologram_torch.functional`.

Every name of `functional` that PyTorch has an OpInfo for (by that name, an alias of it, or as `nn.functional.<name>`)
is covered by itself: a new function needs no line here. `RENAMED` has the functions whose name says nothing about their
OpInfo; `CALLS` those whose OpInfo hands its samples over in another order; `EXCLUDED` is the list of what is left out,
with the reason that the page of counts states.

A sample is called in PyTorch and in ours: types, shapes and values have to agree, by the tolerances of
`torch.testing.assert_close` (`TOLERANCES` has wider ones with their reasons). Where PyTorch rounds after each step we
may round once: a sample that disagrees is excluded if PyTorch's own result in f64, rounded to the type, is ours by the
same tolerances, and has failed if not. The kinds of samples are `KINDS`. `run(case, …)` gives a `Tally`.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_map_only

from hologram_torch import functional

KINDS = (
    "forward", "reference", "strided", "out", "in place", "gradient", "forward gradient", "second gradient", "error",
)  # fmt: skip
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)
DTYPES = (*FLOATS, *INTEGERS, torch.bool)
SKIPPED_NAMES = frozenset({"FUNCTIONS"})

RENAMED: Mapping[str, str] = {"linalg.vector_norm": "vector_norm", "linalg.vecdot": "vecdot"}
"""Functions by the name of their OpInfo, where neither the name nor an alias is the same."""

CALLS: Mapping[str, Callable[..., Any]] = {
    "where": lambda function, input, condition, other, **named: function(condition, input, other, **named),
}
"""How our function takes the samples of an OpInfo whose `op` is no function of PyTorch itself."""


@dataclass(frozen=True)
class Exclusion:
    """Samples that are left out, by patterns of the OpInfo's name, the kind and the type, and why."""

    reason: str
    names: str = ".*"
    kinds: str = ".*"
    dtypes: str = ".*"
    when: Callable[[Any], bool] = lambda sample: True

    def holds(self, name: str, kind: str, dtype: torch.dtype | None, sample: Any) -> bool:
        """True for a sample that is left out."""
        pairs = ((self.names, name), (self.kinds, kind), (self.dtypes, str(dtype).removeprefix("torch.")))
        return all(re.fullmatch(pattern, text) for pattern, text in pairs) and self.when(sample)


EXCLUDED: tuple[Exclusion, ...] = (
    Exclusion("complex numbers are no element type", when=lambda sample: _has_complex(sample)),
    Exclusion("PyTorch has no forward-mode gradient", names="nn.functional.soft_margin_loss", kinds="forward gradient"),
    Exclusion(
        "PyTorch's forward mode takes the limit's tangent where the input is at its only limit; its gradient does not",
        names="clamp",
        kinds="forward gradient",
        when=lambda sample: _is_at_only_limit(sample),
    ),
    Exclusion(
        "PyTorch's forward mode takes the second's tangent where both are equal, its gradient the first's",
        names="fmax",
        kinds="forward gradient",
        when=lambda sample: bool((sample.input == sample.args[0]).any()),
    ),
    Exclusion(
        "PyTorch's gradient along a target of 0 is NaN: it goes through 0 · ln 0, which its result leaves out",
        names="nn.functional.poisson_nll_loss",
        kinds="gradient|second gradient|forward gradient",
        when=lambda sample: sample.kwargs.get("full") and bool((sample.args[0] == 0).any()),
    ),
    Exclusion(
        "PyTorch negates bytes as bytes, modulo 256, before it makes them real",
        names="nn.functional.softmin.with_dtype",
        dtypes="uint8",
    ),
    Exclusion(
        "PyTorch adds 1 to the size of a byte in a byte, which makes −128 of 128",
        names="nn.functional.softsign",
        dtypes="int8",
        when=lambda sample: bool((sample.input.short().abs() > 126).any()),
    ),
    Exclusion(
        "rows of one element: what cancels but for its rounding is scaled by 1 / √eps, and ours is 4e-5 off",
        names="nn.functional.layer_norm",
        kinds="forward gradient",
        dtypes="float32",
        when=lambda sample: sample.args[0] == (1,),
    ),
    Exclusion("PyTorch itself takes it", kinds="error", when=lambda sample: sample.is_taken),
)
LEFT_OUT: Mapping[str, str] = {
    "norm.nuc": "the sum of singular values is no fold of elements",
    "nn.functional.dropout": "its random numbers are those of Philox programs, not of PyTorch's generator",
}
"""OpInfos of our functions' names that are about something else, and why they are left out."""
TOLERANCES: Mapping[tuple[str, torch.dtype], tuple[float, float]] = {
    # PyTorch rounds scale and shift of each channel to bf16 first: it is twice as far from the exact result as ours
    ("nn.functional.instance_norm", torch.bfloat16): (5e-2, 3e-2),
    # tangents are sums of two products of large numbers that nearly cancel: both are off the result of f64
    ("pow: gradient", torch.float32): (4e-6, 1e-5),
}
"""rtol and atol by OpInfo (": gradient" for those alone) and type, where those of `torch.testing` are too narrow."""
HALVES = {torch.float16: (1e-2, 1e-3), torch.bfloat16: (5e-2, 1e-2)}
"""rtol and atol for gradients in types that PyTorch rounds to after each step of a gradient, and we once at the end."""


NARROW = (torch.float32, torch.float16, torch.bfloat16)
LESS_EXACT = "PyTorch's own result in f64, rounded to the type, is ours and not what PyTorch gives in the type"


class LessExactError(Exception):
    """PyTorch's result is further from its own in f64 than the tolerance, and ours is not."""


@dataclass(frozen=True)
class Case:
    """A function and an OpInfo of it."""

    function: str
    info: Any

    @property
    def name(self) -> str:
        """The OpInfo's name with that of its variant."""
        variant = self.info.variant_test_name
        return f"{self.info.name}.{variant}" if variant else str(self.info.name)

    def ours(self, *args: Any, **named: Any) -> Any:
        """Our function, called as the OpInfo calls PyTorch's."""
        function = getattr(functional, self.function)
        call = CALLS.get(self.info.name)
        return function(*args, **named) if call is None else call(function, *args, **named)

    @property
    def dtypes(self) -> list[torch.dtype]:
        """The types of the OpInfo that are element types of ours."""
        return [d for d in DTYPES if d in self.info.supported_dtypes("cpu")]


@dataclass
class Tally:
    """What became of the samples of an operator."""

    passed: Counter[str] = field(default_factory=Counter)
    excluded: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)


@cache
def cases() -> tuple[Case, ...]:
    """All functions with their OpInfos."""
    from torch.testing._internal.common_methods_invocations import op_db

    known = {name for name in functional.__all__ if callable(getattr(functional, name)) and name not in SKIPPED_NAMES}
    found = []
    for info in op_db:
        names = (info.name, info.name.removeprefix("nn.functional."), *(a.name for a in info.aliases or ()))
        function = RENAMED.get(info.name) or next((n for n in names if n in known), None)
        if function is not None:
            found.append(Case(function, info))
    return tuple(case for case in found if case.dtypes and case.name not in LEFT_OUT)


def run(case: Case, dtypes: tuple[torch.dtype, ...] = DTYPES, kinds: tuple[str, ...] = KINDS, most: int = 0) -> Tally:
    """Run the samples of an operator; `most` bounds how many of a type and kind (0: all)."""
    tally = Tally()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for dtype in (d for d in case.dtypes if d in dtypes):
            for kind in (k for k in kinds if k in RUNNERS):
                for place, sample in enumerate(islice(_samples(case, kind, dtype), most or None)):
                    _one(case, kind, dtype, place, sample, tally)
        if "error" in kinds:
            for place, wrong in enumerate(_wrong(case)):
                _one(case, "error", None, place, wrong, tally)
    return tally


def _one(case: Case, kind: str, dtype: torch.dtype | None, place: int, sample: Any, tally: Tally) -> None:
    reason = next((e.reason for e in EXCLUDED if e.holds(case.name, kind, dtype, sample)), None)
    if reason is not None:
        tally.excluded[kind, reason] += 1
        return
    try:
        checked = RUNNERS.get(kind, _errors)(case, dtype, sample)
    except LessExactError:
        tally.excluded[kind, LESS_EXACT] += 1
    except (Exception, pytest.fail.Exception) as error:  # whatever goes wrong is the sample's result
        about = str(error).strip().replace("\n", " ")[:300]
        tally.failed.append(f"{case.name} {kind} {dtype} #{place}: {type(error).__name__}: {about}")
    else:
        tally.passed[kind] += checked


def _samples(case: Case, kind: str, dtype: torch.dtype) -> Iterator[Any]:
    info = case.info
    if "gradient" in kind:
        wanted = {"gradient": True, "forward gradient": info.supports_forward_ad}.get(kind, info.supports_gradgrad)
        if not wanted or dtype not in info.supported_backward_dtypes("cpu") or not info.supports_autograd:
            return
        if kind == "second gradient" and dtype is not torch.float64:
            return
    if (kind == "out" and not info.supports_out) or (kind == "in place" and info.inplace_variant is None):
        return
    torch.manual_seed(0)
    if kind == "reference":
        yield from info.reference_inputs("cpu", dtype)
    else:
        yield from info.sample_inputs("cpu", dtype, requires_grad="gradient" in kind)


@dataclass(frozen=True)
class _Wrong:
    """A call that PyTorch should refuse, and whether it takes it nevertheless."""

    sample_input: Any
    error_type: type[Exception]
    error_regex: str
    is_taken: bool


def _wrong(case: Case) -> Iterator[_Wrong]:
    if case.info.error_inputs_func is None:
        return
    for wrong in case.info.error_inputs("cpu"):
        sample = wrong.sample_input
        try:
            case.info.op(sample.input, *sample.args, **sample.kwargs)
            is_taken = True
        except Exception:  # of whatever kind
            is_taken = False
        yield _Wrong(sample, wrong.error_type, wrong.error_regex, is_taken)


def _close(
    case: Case, dtype: torch.dtype, found: Any, wanted: Any, exact: Callable[[], Any], gradient: bool = False
) -> None:
    """Compare with PyTorch's; `exact` gives PyTorch's result in f64."""
    name = f"{case.name}: gradient" if gradient else case.name
    given = TOLERANCES.get((name, dtype)) or TOLERANCES.get((case.name, dtype))
    given = given or (HALVES.get(dtype) if gradient else None)
    named = dict(zip(("rtol", "atol"), given, strict=True)) if given else {}
    try:
        torch.testing.assert_close(found, wanted, equal_nan=True, **named)
    except AssertionError:
        if dtype not in NARROW:
            raise
        rounded = tree_map_only(torch.Tensor, lambda t: t.to(dtype) if t.dtype is torch.float64 else t, exact())
        torch.testing.assert_close(found, rounded, equal_nan=True, **named)
        raise LessExactError from None


def _widened(sample: Any) -> Any:
    """A sample in f64."""
    return sample.transform(_in_f64)


def _in_f64(value: Any) -> Any:
    if isinstance(value, torch.dtype):
        return torch.float64 if value in NARROW else value
    if isinstance(value, torch.Tensor) and value.dtype in NARROW:
        return value.detach().double().requires_grad_(value.requires_grad)
    return value


def _theirs(case: Case, sample: Any) -> Any:
    return case.info.op(sample.input, *sample.args, **sample.kwargs)


def _forward(case: Case, dtype: torch.dtype, sample: Any) -> int:
    found = case.ours(sample.input, *sample.args, **sample.kwargs)
    _close(case, dtype, found, _theirs(case, sample), lambda: _theirs(case, _widened(sample)))
    return 1


def _strided(case: Case, dtype: torch.dtype, sample: Any) -> int:
    return _forward(case, dtype, sample.noncontiguous())


def _out(case: Case, dtype: torch.dtype, sample: Any) -> int:
    """Into a tensor of the result's shape, into one with gaps, and into an empty one, which grows."""
    wanted = _theirs(case, sample)
    if not isinstance(wanted, torch.Tensor):
        return 0
    gaps = torch.empty((*wanted.shape, 2), dtype=wanted.dtype)[..., 0]
    for place in (torch.empty_like(wanted), gaps, wanted.new_empty(0)):
        found = case.ours(sample.input, *sample.args, **sample.kwargs, out=place)
        assert found is place, "the tensor that is given back is out"
        _close(case, dtype, place, wanted, lambda: _theirs(case, _widened(sample)))
    return 1


def _in_place(case: Case, dtype: torch.dtype, sample: Any) -> int:
    """By the name with an underscore, or by `inplace=True` where PyTorch has it so; both fail where one fails."""
    function = getattr(functional, f"{case.function}_", None)
    named = {} if function is not None else {"inplace": True}
    function = function or getattr(functional, case.function)
    target, ours = sample.input.clone(), sample.input.clone()
    try:
        wanted = case.info.inplace_variant(target, *sample.args, **sample.kwargs)
    except RuntimeError as error:
        try:
            function(ours, *sample.args, **sample.kwargs, **named)
        except type(error):
            return 1
        raise AssertionError(f"PyTorch refuses: {error}") from error
    found = function(ours, *sample.args, **sample.kwargs, **named)
    assert found is ours, "the tensor that is given back is the first"
    _close(case, dtype, found, wanted, lambda: _theirs(case, _widened(sample)))
    return 1


def _leaves(sample: Any) -> list[torch.Tensor]:
    found = (sample.input, *sample.args, *sample.kwargs.values())
    flat = [t for part in found for t in (part if isinstance(part, list | tuple) else (part,))]
    return [t for t in flat if isinstance(t, torch.Tensor) and t.requires_grad]


def _drawn(like: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Random numbers that are the same whether a sample is in a type or, widened, in f64."""
    return torch.randn(like.shape, dtype=torch.float64).to(dtype).to(like.dtype)


def _summed(dtype: torch.dtype, sample: Any, result: Any) -> torch.Tensor:
    process = sample.output_process_fn_grad or (lambda r: r)
    parts = process(result)
    parts = parts if isinstance(parts, list | tuple) else (parts,)
    torch.manual_seed(1)
    return sum((p * _drawn(p, dtype)).sum() for p in parts if p.requires_grad)  # type: ignore[return-value]


def _gradients(call: Callable[..., Any], dtype: torch.dtype, sample: Any) -> tuple[Any, ...]:
    total = _summed(dtype, sample, call(sample.input, *sample.args, **sample.kwargs))
    if not isinstance(total, torch.Tensor):
        return ()
    return torch.autograd.grad(total, _leaves(sample), allow_unused=True)


def _gradient(case: Case, dtype: torch.dtype, sample: Any) -> int:
    if not _leaves(sample):
        return 0
    wanted, found = (_gradients(call, dtype, sample) for call in (case.info.op, case.ours))
    _same(case, dtype, wanted, found, lambda: _gradients(case.info.op, dtype, _widened(sample)))
    return 1


def _same(case: Case, dtype: torch.dtype, wanted: Any, found: Any, exact: Callable[[], Any]) -> None:
    assert len(wanted) == len(found), "as many gradients as PyTorch's"
    less_exact = False
    for place, (a, b) in enumerate(zip(wanted, found, strict=True)):
        if a is None or b is None:
            shown = a if b is None else b
            assert shown is None or not shown.any(), "no gradient, or one of zeros, in both"
            continue
        try:
            _close(case, dtype, b, a, lambda place=place: exact()[place], gradient=True)  # type: ignore[misc]
        except LessExactError:
            less_exact = True
    if less_exact:
        raise LessExactError


def _second_gradient(case: Case, dtype: torch.dtype, sample: Any) -> int:
    leaves = _leaves(sample)
    both = []
    for call in (case.info.op, case.ours):
        total = _summed(dtype, sample, call(sample.input, *sample.args, **sample.kwargs))
        if not isinstance(total, torch.Tensor):
            return 0
        first = torch.autograd.grad(total, leaves, create_graph=True, allow_unused=True)
        moving = [g for g in first if g is not None and g.requires_grad]
        both.append(
            torch.autograd.grad([(g * g).sum() for g in moving], leaves, allow_unused=True)
            if moving
            else [None] * len(leaves)
        )
    _same(case, dtype, *both, lambda: both[0])
    return 1


def _tangents(call: Callable[..., Any], dtype: torch.dtype, sample: Any) -> list[Any]:
    import torch.autograd.forward_ad as forward_ad

    torch.manual_seed(2)
    with forward_ad.dual_level():

        def moved(value: Any) -> Any:
            if isinstance(value, torch.Tensor) and value.requires_grad:
                return forward_ad.make_dual(value.detach(), _drawn(value, dtype))
            return value

        args = [moved(v) for v in (sample.input, *sample.args)]
        result = call(*args, **{k: moved(v) for k, v in sample.kwargs.items()})
        parts = result if isinstance(result, list | tuple) else (result,)
        return [forward_ad.unpack_dual(p).tangent for p in parts]


def _forward_gradient(case: Case, dtype: torch.dtype, sample: Any) -> int:
    wanted, found = (_tangents(call, dtype, sample) for call in (case.info.op, case.ours))
    _same(case, dtype, wanted, found, lambda: _tangents(case.info.op, dtype, _widened(sample)))
    return 1


def _errors(case: Case, dtype: Any, wrong: Any) -> int:
    sample = wrong.sample_input
    with pytest.raises(wrong.error_type, match=wrong.error_regex):
        case.ours(sample.input, *sample.args, **sample.kwargs)
    return 1


RUNNERS: Mapping[str, Callable[[Case, Any, Any], int]] = {
    "forward": _forward,
    "reference": _forward,
    "strided": _strided,
    "out": _out,
    "in place": _in_place,
    "gradient": _gradient,
    "forward gradient": _forward_gradient,
    "second gradient": _second_gradient,
}


def _has_complex(sample: Any) -> bool:
    sample = getattr(sample, "sample_input", sample)
    values = (sample.input, *sample.args, *sample.kwargs.values())
    return any(isinstance(v, complex) or (isinstance(v, torch.Tensor) and v.is_complex()) for v in values)


def _is_at_only_limit(sample: Any) -> bool:
    limits = [v for v in (*sample.args, *sample.kwargs.values()) if isinstance(v, torch.Tensor)]
    return len(limits) == 1 and bool((sample.input == limits[0]).any())
