"""Calls of which somebody wants gradients, remembered as what they came to: one node of the graph of gradients.

Such a call has the key that it would have without gradients. Where the way through Python was nothing but a node on
tensors of the call, the next call goes there at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from threading import get_ident
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hologram.runtime import notes

is_grad_enabled, set_grad_enabled = torch.is_grad_enabled, torch._C._set_grad_enabled
are_transforms_active = torch._C._are_functorch_transforms_active
MOST = 512
"""Calls that a function keeps account of."""


@dataclass(slots=True)
class Applied:
    """A node that was made: how, its plan and tensors, its results, and whether other launches came before."""

    apply: Callable[..., Any]
    plan: Any
    tensors: tuple[Tensor, ...]
    is_first: bool
    launches: int = 0
    result: Any = None


@dataclass(frozen=True, slots=True)
class Trained:
    """A call as a node: `apply` of the plan and of what `pick` takes of the arguments, one tensor or several.

    `finish` makes of the results what the call gives, where that is not all of them as they are.
    """

    apply: Callable[..., Any]
    plan: Any
    pick: Callable[[Sequence[Any]], Any]
    is_one: bool
    finish: Callable[[Any], Any] | None
    keep: Any
    """The objects whose addresses stand in the key."""


_noted: dict[int, list[Applied]] = {}


@contextmanager
def noted() -> Iterator[list[Applied]]:
    """Take notes of the nodes that this thread makes."""
    nodes: list[Applied] = []
    _noted[get_ident()] = nodes
    try:
        yield nodes
    finally:
        del _noted[get_ident()]


@contextmanager
def note_of(apply: Callable[..., Any], plan: Any, tensors: tuple[Tensor, ...]) -> Iterator[Applied]:
    """A note of a node that is made inside, taken where this thread takes any."""
    launches = notes.taking.get(get_ident(), ())
    note = Applied(apply, plan, tensors, not launches)
    yield note
    note.launches = len(launches)
    if get_ident() in _noted:
        _noted[get_ident()].append(note)


def key_of(key: Callable[..., bytes | None], args: Sequence[Any], named: dict[str, Any]) -> bytes | None:
    """The key of a call as it would be without gradients; None where it is not to be remembered."""
    if not is_grad_enabled() or are_transforms_active() or forward_ad._current_level >= 0:
        return None
    set_grad_enabled(False)
    try:
        return key(*args, **named)
    finally:
        set_grad_enabled(True)


def trained(given: Sequence[Any], result: Any, nodes: Sequence[Applied], launches: int) -> Trained | None:
    """A call on arguments as a node, if it was one and nothing else."""
    if len(nodes) != 1 or not nodes[0].is_first or nodes[0].launches != launches:
        return None
    (node,) = nodes
    places = [next((k for k, g in enumerate(given) if g is tensor), None) for tensor in node.tensors]
    finish = _finish(node.result, result)
    if None in places or not places or finish is None:
        return None
    keep = tuple(g for g in given if not isinstance(g, Tensor))
    return Trained(node.apply, node.plan, itemgetter(*places), len(places) == 1, *finish, keep)


def _finish(results: Any, given: Any) -> tuple[Callable[[Any], Any] | None] | None:
    """What makes of the results of a node what a call gave; None where they are not that."""
    alone = isinstance(results, Tensor)
    if given is results or (isinstance(given, tuple) and not alone and _are_same(given, results)):
        return (None,)
    if alone and isinstance(given, tuple) and _are_same(given, [results]):
        return (_in_tuple,)
    for place, made in enumerate([results] if alone else results):
        if given is made:
            return (itemgetter(place),)
        if isinstance(given, Tensor) and _is_reshaped(given, made):
            return (partial(_reshaped, None if alone else place, tuple(given.shape)),)
    return None


def _in_tuple(made: Tensor) -> tuple[Tensor]:
    return (made,)


def _reshaped(place: int | None, shape: tuple[int, ...], made: Any) -> Tensor:
    found: Tensor = made if place is None else made[place]
    return found.reshape(shape)


def _are_same(these: tuple[Any, ...], those: Sequence[Any]) -> bool:
    return len(these) == len(those) and all(a is b for a, b in zip(these, those, strict=True))


def _is_reshaped(given: Tensor, made: Tensor) -> bool:
    """True for all elements of a tensor, in order, in another shape."""
    if given._base is not made or given.dtype is not made.dtype or given.numel() != made.numel():
        return False
    return given.data_ptr() == made.data_ptr() and given.is_contiguous() and made.is_contiguous()
