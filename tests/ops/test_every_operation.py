"""What holds of every operation of the library: wrong input is refused by name, with a typed error."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import numpy as np
import pytest

from hologram import Executor, ops
from hologram.errors import ArgumentTypeError, ArgumentValueError
from hologram.ops.table import ALIASES, MAKERS

NAMES = pytest.mark.parametrize("name", MAKERS)
SQUARE = np.ones((3, 3), np.float32)


def arrays(name: str, value: Any) -> list[Any]:
    return [value] * max(1, len(getattr(ops, name).form.inputs))


@NAMES
def test_missing_surplus_and_unknown_arguments(name: str) -> None:
    operation = getattr(ops, name)
    with pytest.raises(ArgumentTypeError, match=rf"{name}\(\) is missing \w"):
        operation()
    with pytest.raises(ArgumentTypeError, match=rf"{name}\(\) takes at most .*got 20 arguments"):
        operation(*[SQUARE] * 20)
    with pytest.raises(ArgumentTypeError, match=rf"{name}\(\) got an unexpected keyword argument 'nonsense'"):
        operation(*arrays(name, SQUARE), nonsense=1)


@NAMES
@pytest.mark.parametrize("wrong", ["text", [1.0, 2.0], SQUARE.astype(complex)], ids=["str", "list", "complex"])
def test_what_is_no_array(name: str, wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError, match=rf"{name}\(\)"):
        getattr(ops, name)(*arrays(name, wrong))


@NAMES
def test_outputs_of_another_shape(name: str) -> None:
    with pytest.raises((ArgumentTypeError, ArgumentValueError), match=rf"{name}\(\)"):
        getattr(ops, name)(*arrays(name, SQUARE), out=np.empty((7, 5, 3), np.float32))


@NAMES
def test_how_it_presents_itself(name: str) -> None:
    operation = getattr(ops, name)
    assert operation.__name__ == name
    assert operation.__doc__ and not operation.__doc__[0].islower()
    assert "out" in inspect.signature(operation).parameters
    assert pickle.loads(pickle.dumps(operation)) is operation
    assert getattr(Executor("cpu").ops, name).executor is not None


def test_aliases_are_the_same_operations() -> None:
    for alias, name in ALIASES.items():
        assert getattr(ops, alias) is getattr(ops, name), alias
