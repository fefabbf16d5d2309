"""Remembered calls: they give what the slow way gives, and leave to that what is not for them."""

from __future__ import annotations

import copy
import ctypes
import gc
import inspect
import pickle
import sys
import weakref
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hologram.runtime import detour, notes
from hologram.runtime.executor import Executor
from hologram_torch import functional as H
from hologram_torch.remembered.calls import PATIENCE, TorchFunction, remembering
from hologram_torch.remembered.looks import looked_at

X, Y = torch.linspace(0.1, 4, 1000), torch.linspace(3, -1, 1000)
TIMES = PATIENCE + 4
"""After so many calls they are remembered."""


@pytest.mark.parametrize("name", ["exp", "neg", "isnan", "leaky_relu", "softplus"])
def test_vectors_alone(name: str) -> None:
    theirs = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    for _ in range(TIMES):
        torch.testing.assert_close(getattr(H, name)(X), theirs(X))


@pytest.mark.parametrize("name", ["add", "lt", "pow", "remainder"])
@pytest.mark.parametrize("second", [Y, 2.0, 3, Y[:1], Y[0], Y.double(), Y.reshape(10, 100)[:, :1]])
def test_pairs(name: str, second: torch.Tensor | float) -> None:
    for _ in range(TIMES):
        torch.testing.assert_close(getattr(H, name)(X, second), getattr(torch, name)(X, second), equal_nan=True)


def test_what_comes_after_a_vector_is_no_vector() -> None:
    for _ in range(TIMES):
        for x in (X, X.reshape(20, 50).T, X[::3], X[:0], X.double(), X.int()):
            torch.testing.assert_close(H.abs(x), torch.abs(x))
        x = X.clone().requires_grad_()
        assert H.exp(x).requires_grad
        torch.testing.assert_close(torch.func.vmap(H.exp)(X), torch.exp(X))
        assert H.exp(X.to("meta")).is_meta


def test_outputs_of_another_shape_or_type() -> None:
    for _ in range(TIMES):
        for out in (torch.empty(1000), torch.empty(0), torch.empty(2000)[::2], torch.empty(1000, dtype=torch.float64)):
            assert H.exp(X, out=out) is out
            torch.testing.assert_close(out.float(), torch.exp(X))


def test_what_was_written_is_told() -> None:
    out = torch.empty(1000)
    before = out._version
    for _ in range(TIMES):
        H.exp(X, out=out)
    assert out._version == before + TIMES


@pytest.fixture(autouse=True)
def fresh() -> None:
    """Functions that remember nothing yet."""
    for function in (H.add, H.sum, H.softmax, H.layer_norm, H.div, H.exp, H.floor_divide, H.cross_entropy):
        function.forget()
        function._slow.seen.clear()


def calls_of(function: Callable[..., Any], *args: Any, **named: Any) -> list[Any]:
    return [function(*args, **named) for _ in range(TIMES)]


FUNCTIONS: list[tuple[str, Callable[..., Any], Callable[..., Any]]] = [
    ("add", H.add, torch.add),
    ("lt", H.lt, torch.lt),
    ("mul", H.mul, torch.mul),
    ("sum", lambda x, y: H.sum(x, -1), lambda x, y: torch.sum(x, -1)),
    ("sums", lambda x, y: H.sum(y), lambda x, y: torch.sum(y)),
    ("softmax", lambda x, y: H.softmax(x, 0, dtype=torch.float32), lambda x, y: torch.softmax(x, 0, torch.float32)),
    ("clamp", lambda x, y: H.clamp(x, -1, 2), lambda x, y: torch.clamp(x, -1, 2)),
    ("where", lambda x, y: H.where(x > 0, x, y), lambda x, y: torch.where(x > 0, x, y)),
    ("amax", lambda x, y: H.amax(x, (0,), True), lambda x, y: torch.amax(x, (0,), True)),
]
DTYPES = (torch.float32, torch.float64, torch.int32, torch.int64, torch.bfloat16)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor]:
    """Two tensors that broadcast, with any strides, which may share memory."""
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    whole = torch.arange(2000).sub(1000).div(100)
    made = []
    for _ in range(2):
        dtype = draw(st.sampled_from(DTYPES))
        sizes = [draw(st.sampled_from((n, 1))) for n in shape]
        sizes[0] = shape[0]
        base = whole.to(dtype)[draw(st.integers(0, 8)) :]
        step, strides = 1, []
        for n in draw(st.permutations(range(len(sizes)))):
            strides.append((n, step))
            step *= sizes[n] * draw(st.integers(1, 2))
        made.append(base.as_strided(sizes, [s for _, s in sorted(strides)]))
    if draw(st.booleans()):
        made[1] = made[0].T if made[0].dim() == 2 and made[0].shape[0] == made[0].shape[1] else made[0]
    return made[0], made[1]


@settings(max_examples=40, deadline=None)
@given(pairs(), st.sampled_from(FUNCTIONS))
def test_repeated_calls_give_what_the_first_gave(tensors: Any, function: Any) -> None:
    _, ours, theirs = function
    first, *others = calls_of(ours, *tensors)
    wanted = theirs(*tensors)
    for made in (first, *others):
        assert (made.shape, made.dtype, made.stride()) == (first.shape, first.dtype, first.stride())
        assert made.tolist() == first.tolist()
    torch.testing.assert_close(first, wanted, equal_nan=True, rtol=2e-2, atol=1e-2)


def test_repeated_calls_are_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [
        (H.add, (X, Y), {}),
        (H.add, (X, Y), {"out": torch.empty(1000)}),
        (H.softmax, (X,), {"dim": 0}),
        (H.sum, (X.reshape(10, 100), (1,)), {"keepdim": True}),
        (H.layer_norm, (X, (1000,), Y, Y * 2), {}),
        (H.layer_norm, (X, (1000,), Y, Y), {}),
    ]
    for function, args, named in cases:
        before = len(function)
        wanted = calls_of(function, *args, **named)[0].clone()
        assert len(function) == before + 1
        with monkeypatch.context() as patch:
            patch.setattr(type(function._slow), "__call__", lambda *args: pytest.fail("Python"))
            torch.testing.assert_close(function(*args, **named), wanted, rtol=0, atol=0)


def test_numbers_are_known_by_their_bits() -> None:
    x = torch.tensor([1.0, -1.0])
    for _ in range(TIMES):
        assert H.div(x, 0.0).tolist() == [torch.inf, -torch.inf]
        assert H.div(x, -0.0).tolist() == [-torch.inf, torch.inf]
        assert H.mul(x, torch.nan).isnan().all()
        assert H.mul(x, True).dtype is torch.float32
        assert H.add(torch.ones(2, dtype=torch.int32), 1.0).dtype is torch.float32
        assert H.add(torch.ones(2, dtype=torch.int32), 1).dtype is torch.int32


def test_the_usual_type_may_change() -> None:
    x = torch.ones(3, dtype=torch.int64)
    calls_of(H.exp, x)
    torch.set_default_dtype(torch.float64)
    try:
        assert {r.dtype for r in calls_of(H.exp, x)} == {torch.float64}
    finally:
        torch.set_default_dtype(torch.float32)
    assert H.exp(x).dtype is torch.float32


def test_nothing_is_held_and_nothing_leaks() -> None:
    x, out = torch.rand(50), torch.empty(50)
    calls_of(H.add, x, x)
    calls_of(H.add, x, Y[:50], out=out)
    counts = sys.getrefcount(x), sys.getrefcount(out), sys.getrefcount(None)
    for _ in range(500):
        H.add(x, x)
        H.add(x, Y[:50], out=out)
    assert (sys.getrefcount(x), sys.getrefcount(out)) == counts[:2]
    assert abs(sys.getrefcount(None) - counts[2]) < 100
    made = H.add(x, x)
    assert (sys.getrefcount(made), made._use_count()) == (2, 1)
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_writes_are_counted_and_arguments_may_share_memory() -> None:
    memory = torch.arange(40.0)
    for _ in range(TIMES):
        out = torch.empty(20)
        H.add(memory[:20], memory[20:], out=out)
        assert out._version == 1
        with pytest.raises(RuntimeError, match="single memory location"):
            H.add(memory[:20], memory[20:], out=memory[10:30])
        x = memory[:20].clone()
        assert H.add(x, x, out=x) is x
        assert x.tolist() == (2 * memory[:20]).tolist()
        x = memory[:20].clone()
        assert H.add(x, memory[20:], out=x) is x
        assert x.tolist() == (memory[:20] + memory[20:]).tolist()


def test_results_follow_their_arguments() -> None:
    x = torch.ones(6)
    for n in (6, 4, 6, 12, 6):
        x.resize_(n).fill_(n)
        for _ in range(TIMES):
            assert H.sum(x).item() == n * n


@pytest.mark.parametrize("begin", [0, 4])
def test_memory_that_is_gone_is_not_read(begin: int) -> None:
    x = torch.ones(begin + 6)[begin:]
    calls_of(H.exp, x)
    x.untyped_storage().resize_(0)
    try:
        H.exp(x)
    except (RuntimeError, TypeError):
        return
    finally:
        del x  # PyTorch itself cannot show it
    pytest.fail("memory that is gone was read")


def test_faults_are_errors() -> None:
    ones, zeros = torch.ones(5, dtype=torch.int32), torch.zeros(5, dtype=torch.int32)
    calls_of(H.floor_divide, ones, ones)
    for _ in range(TIMES):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            H.floor_divide(ones, zeros)
    assert H.floor_divide(ones, ones).tolist() == [1] * 5


def test_calls_that_warn_or_write_more_are_not_remembered() -> None:
    with pytest.warns(UserWarning, match="target size"):
        calls_of(H.mse_loss, torch.ones(3, 1), torch.ones(3))
    with pytest.warns(UserWarning, match="target size"):
        H.mse_loss(torch.ones(3, 1), torch.ones(3))
    running = torch.zeros(3)
    for _ in range(TIMES):
        H.batch_norm(torch.rand(5, 3), running, torch.ones(3), training=True)
    assert running._version >= TIMES


def test_modes_transforms_and_tracing_are_seen() -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Mode(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(function)
            return function(*args, **(kwargs or {}))

    for _ in range(TIMES):
        H.exp(X)
        with Mode():
            H.exp(X)
    assert len([f for f in seen if "elementwise" in str(f)]) == TIMES
    assert torch.equal(torch.func.vmap(H.exp)(X), H.exp(X))
    gradient = torch.func.grad(lambda x: H.sum(H.exp(x)))(X)
    torch.testing.assert_close(gradient, torch.exp(X))
    torch.testing.assert_close(torch.func.jvp(H.exp, (X,), (Y,))[1], torch.exp(X) * Y)
    with torch.inference_mode():
        made = calls_of(H.exp, X)
        assert all(r.is_inference() for r in made)
    assert not H.exp(X).is_inference()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = H.matmul(torch.ones(2, 2), torch.ones(2, 2))
    assert low.dtype is torch.bfloat16
    x = X.clone().requires_grad_()
    for _ in range(TIMES):
        assert H.exp(x).requires_grad
        with torch.no_grad():
            assert not H.exp(x).requires_grad


def test_without_gradients_parameters_are_tensors() -> None:
    layer = torch.nn.Linear(30, 20)
    x = torch.rand(5, 30)
    with torch.no_grad():
        before = len(H.linear)
        for made in calls_of(H.linear, x, layer.weight, layer.bias):
            torch.testing.assert_close(made, layer(x))
            assert type(made) is torch.Tensor
        assert len(H.linear) == before + 1
    for _ in range(TIMES):
        made = H.linear(x, layer.weight, layer.bias)
        assert made.requires_grad
        torch.testing.assert_close(made, layer(x))


def test_another_executor_is_another_way() -> None:
    from hologram.runtime.executor import default_executor, set_default_executor

    calls_of(H.exp, X)
    assert len(H.exp) == 1
    before = default_executor()
    set_default_executor(Executor("interpreter"))
    try:
        assert len(H.exp) == 0
        torch.testing.assert_close(calls_of(H.exp, X[:5])[-1], torch.exp(X[:5]))
        assert len(H.exp) == 0
    finally:
        set_default_executor(before)
    torch.testing.assert_close(H.exp(Executor("cpu"), X), torch.exp(X))


def test_whoever_must_see_launches_sees_them() -> None:
    calls_of(H.exp, X)
    detour.begin("a test")
    try:
        H.exp._slow.seen.clear()
        H.exp(X)
        assert H.exp._slow.seen
    finally:
        detour.end("a test")


def test_many_threads_call_at_once() -> None:
    wrong: list[Any] = []

    def work(start: int) -> None:
        for k in range(60):
            x = torch.full((1 + (start + k) % 7,), float(k))
            if H.add(x, x).tolist() != [2.0 * k] * len(x) or H.sum(x).item() != k * len(x):
                wrong.append((start, k))

    threads = [Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_functions_look_like_functions() -> None:
    assert isinstance(H.add, TorchFunction)
    assert (H.add.__name__, H.add.__qualname__, H.add.__module__) == ("add", "add", "hologram_torch.functional")
    assert [*inspect.signature(H.softmax).parameters] == ["input", "dim", "_stacklevel", "dtype"]
    assert "along axes" in (H.sum.__doc__ or "")
    assert pickle.loads(pickle.dumps(H.add)) is H.add
    assert copy.deepcopy(H.sum) is H.sum
    with pytest.raises(AttributeError, match="add has no attribute 'nothing'"):
        _ = H.add.nothing
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'other'"):
        H.add(X)


def test_large_results_and_results_of_several() -> None:
    x = torch.rand(300, 400)
    for made in calls_of(H.add, x, x):
        assert torch.equal(made, x + x)
    for _ in range(TIMES):
        values, places = H.max(x, 1)
        assert torch.equal(values, x.max(1).values)
        assert torch.equal(places, x.max(1).indices)


@pytest.mark.parametrize("name", ["max", "min", "cummax", "cummin"])
def test_named_tuples_are_given_back_as_such(name: str) -> None:
    x = torch.stack([X, Y])
    before = len(getattr(H, name))
    results, wanted = calls_of(getattr(H, name), x, 1), getattr(torch, name)(x, 1)
    assert len(getattr(H, name)) == before + 1
    for made in results:
        assert type(made) is type(wanted)
        torch.testing.assert_close((made.values, made.indices), (wanted.values, wanted.indices), rtol=0, atol=0)
    del made
    seen = weakref.ref(results.pop().values)
    assert seen() is None


def test_without_machine_code_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hologram.runtime.native.remembering", lambda: None)
    plain = TorchFunction(H.exp.__wrapped__, inspect.signature(H.exp))
    for made in calls_of(plain, X):
        assert torch.equal(made, H.exp(X))
    assert len(plain) == 0


def test_outputs_that_are_resized_are_not_remembered() -> None:
    for _ in range(TIMES):
        small = torch.empty(0)
        H.exp(X, out=small)
        assert small.shape == X.shape
    assert len(H.exp) == 0
    inputs = torch.empty(5)
    with pytest.warns(UserWarning, match="resized"):
        calls_of(H.exp, X, out=inputs)
    with pytest.warns(UserWarning, match="resized"):
        H.exp(X, out=torch.empty(5))


EVERY = [name for name in H.__all__ if isinstance(getattr(H, name), TorchFunction) and not name.endswith("_")]
"""All functions that remember and change none of their arguments."""
GIVEN: tuple[Callable[[], tuple[Any, ...]], ...] = (
    lambda: (torch.rand(4),),
    lambda: (torch.rand(()),),
    lambda: (torch.rand(4), torch.rand(4)),
    lambda: (torch.rand(4), torch.rand(())),
    lambda: (torch.rand(2, 3), torch.rand(3)),
    lambda: (torch.rand(4, 4), 1),
    lambda: (torch.rand(4, 4), torch.rand(4, 4)),
    lambda: (torch.rand(4), torch.rand(4), torch.rand(())),
    lambda: (torch.rand(4, 4), torch.rand(4), torch.rand(4, 1)),
    lambda: (torch.randint(1, 9, (4,)), torch.randint(1, 9, ())),
    lambda: (torch.rand(3, 4) > 0.5, torch.rand(()), torch.rand(4)),
    lambda: (torch.rand(3, 4), torch.randint(0, 4, (3,))),
)


@pytest.mark.parametrize("name", EVERY)
def test_no_value_of_a_tensor_is_remembered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each function on tensors with other values each time gives what it gives without memory."""
    monkeypatch.setattr("hologram_torch.remembered.calls.PATIENCE", 0)
    function = getattr(H, name)
    function._slow.seen.clear()
    for make in GIVEN:
        for _ in range(3):
            args, state = make(), torch.get_rng_state()
            try:
                with notes.taken():  # nothing is found in here
                    wanted = function(*args)
            except (RuntimeError, TypeError, ValueError, IndexError, AttributeError):
                continue
            torch.set_rng_state(state)
            torch.testing.assert_close(function(*args), wanted, rtol=0, atol=0, equal_nan=True)


def remembered(whole: Callable[..., Any]) -> Any:
    """A function that remembers what `whole` does."""
    return remembering(whole)


def is_python(function: Any, monkeypatch: pytest.MonkeyPatch, *args: Any) -> bool:
    """Whether a call goes through Python."""
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(type(function._slow), "__call__", lambda *args, **named: seen.append("slow"))
        function(*args)
    return bool(seen)


def test_several_launches_are_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = torch.nn.functional.cross_entropy
    for rows, classes in ((10, 100), (1000, 7), (30_000, 3)):  # losses on the stack, in a tensor, and in a large one
        x, t = torch.randn(rows, classes), torch.arange(rows) % classes
        calls_of(H.cross_entropy, x, t)
        assert not is_python(H.cross_entropy, monkeypatch, x, t)
        other, classes_of_other = torch.randn(rows, classes), torch.randint(classes, (rows,))
        made = H.cross_entropy(other, classes_of_other)
        torch.testing.assert_close(made, theirs(other, classes_of_other), rtol=1e-5, atol=1e-5)
        assert (other._version, classes_of_other._version, made._use_count()) == (0, 0, 1)


def test_classes_that_there_are_not_are_found_again() -> None:
    x, t = torch.randn(6, 5), torch.arange(6) % 5
    wanted = calls_of(H.cross_entropy, x, t)[0]
    before = len(H.cross_entropy)
    for wrong in (5, -1, 2**40):
        other = t.clone()
        other[3] = wrong
        for _ in range(TIMES):
            with pytest.raises(IndexError, match=f"Target {wrong} is out of bounds"):
                H.cross_entropy(x, other)
            assert H.cross_entropy(x, t).item() == wanted.item()
    assert len(H.cross_entropy) == before
    ignored = t.clone()
    ignored[3] = -100
    torch.testing.assert_close(H.cross_entropy(x, ignored), torch.nn.functional.cross_entropy(x, ignored))


def test_the_first_calls_may_be_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    x, t = torch.randn(6, 4), torch.arange(6)
    for _ in range(PATIENCE + 1):
        with pytest.raises(IndexError, match="Target 5"):
            H.cross_entropy(x, t)
    calls_of(H.cross_entropy, x, t % 4)
    assert not is_python(H.cross_entropy, monkeypatch, x, t % 4)


def test_probabilities_are_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    p, y = torch.full((4,), 0.5), torch.ones(4)
    calls_of(H.binary_cross_entropy, p, y)
    assert not is_python(H.binary_cross_entropy, monkeypatch, p, y)
    for wrong in (1.5, -0.1, torch.nan):
        other = torch.tensor([0.5, 0.5, wrong, 0.5])
        for function in (torch.nn.functional.binary_cross_entropy, H.binary_cross_entropy):
            with pytest.raises(RuntimeError, match="between 0 and 1"):
                function(other, y)
    assert H.binary_cross_entropy(p, y).item() == torch.nn.functional.binary_cross_entropy(p, y).item()


def test_threads_share_calls_of_several_launches() -> None:
    wrong: list[Any] = []
    samples = [(torch.randn(5, 4), torch.randint(4, (5,))) for _ in range(6)]
    wanted = [torch.nn.functional.cross_entropy(*sample).item() for sample in samples]

    def work(k: int) -> None:
        for _ in range(100):
            found = H.cross_entropy(*samples[k]).item()
            if abs(found - wanted[k]) > 1e-5:
                wrong.append((k, found))

    threads = [Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _changed(x: torch.Tensor) -> torch.Tensor:
    return H.neg(H.exp(x).add_(1))


def _computed(x: torch.Tensor) -> torch.Tensor:
    return H.neg(torch.exp(x))


def _changed_after(x: torch.Tensor) -> torch.Tensor:
    return H.neg(H.exp(x)).mul_(2)


def _looked_at(x: torch.Tensor) -> torch.Tensor:
    return H.neg(x) if H.sum(x).item() > 0 else H.exp(x)


def _decided(x: torch.Tensor) -> torch.Tensor:
    return H.neg(x) if H.sum(x) > 0 else H.exp(x)


def _listed(x: torch.Tensor) -> torch.Tensor:
    return H.mul(x, H.exp(x).tolist()[0])


def _copied(x: torch.Tensor) -> torch.Tensor:
    return H.neg(H.exp(x).reshape(3, 1).expand(3, 2).reshape(6))


def _written_and_read(x: torch.Tensor) -> torch.Tensor:
    H.exp(x, out=x)
    return H.neg(x)


def _written_before_a_look(x: torch.Tensor) -> torch.Tensor:
    out = H.exp(x, out=x)
    assert looked_at(H.argmax(Y), 0, 1000) == 0
    return out


def _not_looked_at_by_a_launch(x: torch.Tensor) -> torch.Tensor:
    assert looked_at(torch.tensor(3), 0, 3) == 3
    return H.exp(x)


@pytest.mark.parametrize(
    "whole",
    [
        *(_changed, _computed, _changed_after, _looked_at, _decided, _listed, _copied),
        *(_written_and_read, _written_before_a_look, _not_looked_at_by_a_launch),
    ],
)
def test_what_is_more_than_launches_is_not_remembered(whole: Callable[..., Any]) -> None:
    function = remembered(whole)
    for k in range(TIMES):
        x = torch.tensor([0.5, 1.0, 1.5]) if k % 2 else torch.tensor([-0.5, -1.0, -1.5])
        torch.testing.assert_close(function(x.clone()), whole(x.clone()), rtol=0, atol=0, equal_nan=True)
    assert len(function) == 0


def test_a_tensor_that_no_launch_reads_is_not_remembered() -> None:
    def scaled(x: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
        return H.mul(x, ctypes.c_float.from_address(by.data_ptr()).value)

    function = remembered(scaled)
    for k in range(TIMES):
        assert function(torch.ones(3), torch.tensor(float(k))).tolist() == [k] * 3
    assert len(function) == 0


def test_a_fault_of_a_later_launch_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    function = remembered(lambda x, y: H.floor_divide(H.neg(x), y))
    six, two, zero = (torch.full((3,), n, dtype=torch.int32) for n in (6, 2, 0))
    calls_of(function, six, two)
    assert not is_python(function, monkeypatch, six, two)
    for _ in range(TIMES):
        with pytest.raises(RuntimeError, match="ZeroDivisionError"):
            function(six, zero)
        assert function(six, two).tolist() == [-3] * 3


def test_outputs_of_several_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(x: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return H.exp(x, out=first), H.neg(x, out=second)

    function = remembered(both)
    memory = torch.linspace(0, 1, 40)
    x, first, second = memory[:10], memory[10:20], memory[20:30]
    wanted = torch.exp(x), -x
    calls_of(function, X[:10], torch.empty(10), torch.empty(10))
    before = memory._version
    assert not is_python(function, monkeypatch, x, first, second)
    function(x, first, second)
    assert memory._version == before + 4  # two calls
    torch.testing.assert_close((first, second), wanted)
    assert is_python(function, monkeypatch, x, first, memory[15:25])
    assert is_python(function, monkeypatch, x, memory[5:15], second)
