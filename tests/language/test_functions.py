"""Every name of the kernel language can be imported, and works only inside a kernel."""

from __future__ import annotations

import pytest

import hologram.language as lang
from hologram.errors import UnsupportedError
from hologram.frontend.builtins import ATLAS, FUNCTIONS
from hologram.frontend.promote import SCALARS
from hologram.types import Type


@pytest.mark.parametrize("name", sorted(name for name in FUNCTIONS if not name.startswith(ATLAS)))
def test_functions(name: str) -> None:
    function = getattr(lang, name)
    assert name in dir(lang)
    if function is __builtins__.get(name):  # type: ignore[attr-defined]
        return
    assert function.__name__ == name
    assert function.__doc__
    with pytest.raises(UnsupportedError, match=f"'{name}'.*@kernel"):
        function(1)


@pytest.mark.parametrize("name", sorted(SCALARS.keys() - {"bool", "int", "float"}))
def test_scalars(name: str) -> None:
    scalar = getattr(lang, name)
    assert scalar.type is SCALARS[name]
    assert scalar.__name__ == name
    with pytest.raises(UnsupportedError, match=name):
        scalar(1)


def test_every_type_of_the_isa_has_a_name() -> None:
    assert all(getattr(lang, t.value).type is t for t in Type)


def test_arrays() -> None:
    assert "DeviceArray" in repr(lang.DeviceArray[lang.f32])
    assert "2" in repr(lang.DeviceArray[lang.f32, 2])
    with pytest.raises(UnsupportedError):
        lang.DeviceArray()


def test_what_this_version_lacks() -> None:
    with pytest.raises(AttributeError, match="no 'warp_shuffle'"):
        _ = lang.warp_shuffle
