"""A pretended CUDA card, so that mistakes about devices are found on machines without one.

Inside `pretend_cuda()` PyTorch says that there is a card. Tensors made on it or moved to it say `cuda:0`, keep their
numbers in main memory and are computed with on the CPU:

    >>> with pretend_cuda():
    ...     x = torch.ones(2, device="cuda")
    ...     x.device, (2 * x).cpu()
    (device(type='cuda', index=0), tensor([2., 2.]))

What a card refuses is refused, with the error that a card raises:

- Operators that meet tensors of both devices raise RuntimeError ("Expected all tensors to be on the same device ..."),
  whatever the order. Operators with a check of their own in PyTorch's table (`native_functions.yaml`, part of every
  installation) refuse any mixture; those without one leave it to element-wise iteration, which takes one CPU tensor
  without dimensions beside tensors of the card, but never writes into it.
- `numpy()` and `np.asarray` raise TypeError; `torch.Generator()` of the CPU draws nothing on the card, nor the other
  way round.

What a card allows is allowed: `copy_`, `to` and `cpu` in both directions, CPU indices into tensors of the card, and
`item`, `float`, `bool` and `tolist`, which copy to the CPU by themselves.

What this cannot show: speed, memory, asynchronous errors, other digits than the CPU's (random draws included), a kernel
that CUDA lacks, a second card. It holds for the thread that entered it, not for other threads or processes, and ends
with it: operators refuse its tensors outside. `resize_`, an `out=` of another size, `pin_memory` and gradients are not
pretended, and fail.

A test file that imports the fixture has it by the name `card`; a test that asks for it runs under the pretence:

    from tests.pretend_cuda import pretended_card  # noqa: F401

    def test_it_runs_on_a_card(card):
        assert fit(spec, data, device=card).theta.device == card
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar
from unittest.mock import patch
from weakref import WeakValueDictionary

import pytest
import torch
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode

CARD = torch.device("cuda", 0)
_CPU = torch.device("cpu")
_FAKE = torch._C._TorchDispatchModeKey.FAKE
_RESIZE = torch.ops.aten.resize_.default
_MIXABLE = ("aten::copy_", "aten::copy")
_INDEXING = ("aten::index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index")


class PretendedTensor(torch.Tensor):
    """A tensor that says it is on the card; `held` is the CPU tensor that has its numbers."""

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> PretendedTensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            device=CARD,
        )
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError(
            f"{func}: a tensor of a pretended card was used outside pretend_cuda(), or in another thread."
        )

    def numpy(self, *, force: bool = False) -> Any:
        """As for a tensor of a card; PyTorch's own message would be about subclasses."""
        if force:
            return self.detach().cpu().numpy()
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. "
            "Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def tolist(self) -> Any:
        """Copied to the CPU first, as from a card."""
        return self.detach().cpu().tolist()

    # torch.tensor([x[0], x[1]]) asks each entry for its number without passing by the mode.
    def __float__(self) -> float:
        return float(self.held)

    def __int__(self) -> int:
        return int(self.held)

    def __index__(self) -> int:
        return self.held.__index__()

    def __bool__(self) -> bool:
        return bool(self.held)

    def __format__(self, spec: str) -> str:
        return format(str(self) if self.dim() else self.item(), spec)

    def __repr__(self, **_: Any) -> str:
        return f"{self.held!r}"[:-1] + f", device='{self.device}')"


class _Generator(torch.Generator):
    """A generator of the CPU that says which device it was made for.

    Operators get another object for the same generator, with the same `_cdata`.
    """

    on_card: ClassVar[WeakValueDictionary[int, _Generator]] = WeakValueDictionary()

    def __new__(cls, device: Any = "cpu") -> _Generator:
        device = _existing(torch.device(device))
        made = super().__new__(cls, _CPU if device == CARD else device)
        if device == CARD:
            cls.on_card[made._cdata] = made
        return made

    @property
    def device(self) -> torch.device:
        return _drawn_on(self)


class _Card(TorchDispatchMode):
    """Runs every operator on the CPU, and says afterwards where the result is.

    Because it has the key of fake tensors, PyTorch does not start CUDA when a device is named.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mode_key = _FAKE

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and wrapping every operator against it takes time

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = _tensors((args, kwargs))
        device = _where(func, args, kwargs, given)
        if kwargs.get("device") is not None:
            device = _existing(kwargs["device"])
            kwargs = kwargs | {"device": _CPU if device == CARD else device}
        _check_generator(kwargs.get("generator"), device)
        outer = {id(_held(tensor)): tensor for tensor in given}
        held_args, held_kwargs = _each((args, kwargs), _held)
        found = func(*held_args, **held_kwargs)
        if func._schema.is_mutable:
            _follow(func, args, kwargs, given)

        def placed(tensor: torch.Tensor) -> torch.Tensor:
            same = outer.get(id(tensor))  # what was written in place
            return same if same is not None else PretendedTensor(tensor) if device == CARD else tensor

        return _each(found, placed)


def _tensors(values: Any) -> list[torch.Tensor]:
    """The tensors among arguments, which may be lists of them."""
    found: list[torch.Tensor] = []
    _each(values, lambda tensor: found.append(tensor) or tensor)
    return found


def _each(values: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Arguments or results with every tensor changed; PyTorch's own functions for trees take five times as long."""
    if isinstance(values, torch.Tensor):
        return change(values)
    if type(values) in (list, tuple):
        return type(values)([_each(value, change) for value in values])
    if type(values) is dict:
        return {name: _each(value, change) for name, value in values.items()}
    return values


def _held(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.held if isinstance(tensor, PretendedTensor) else tensor


def _where(func: Any, args: Any, kwargs: Any, given: list[torch.Tensor]) -> torch.device:
    """The device of the result.

    Raises:
        RuntimeError: as a card's, where tensors of two devices may not meet.
    """
    if not given:
        return _CPU
    devices = {tensor.device for tensor in given}
    if len(devices) == 1 or CARD not in devices:
        return given[0].device
    name = func._schema.name
    if name in _MIXABLE:
        return args[0].device
    if name in _INDEXING:
        return _indexed(func, args)
    if _full_name(func) not in _unchecked():
        raise _mixed(func, given)
    scalars = [tensor for tensor in given if tensor.device == _CPU and not tensor.dim()]
    beside = [tensor for tensor in given if not any(tensor is scalar for scalar in scalars)]
    if {tensor.device for tensor in beside} != {CARD} or (len(scalars) > 1 and name != "aten::where"):
        raise _mixed(func, given)
    if any(tensor is scalar for tensor in _written(func, args, kwargs) for scalar in scalars):
        raise _mixed(func, given)
    return CARD


def _indexed(func: Any, args: Any) -> torch.device:
    """Indices are on the CPU or where the indexed tensor is; what is put there has its device or no dimensions."""
    device = args[0].device
    indices = [index for index in args[1] if index is not None]
    if any(index.device not in (_CPU, device) for index in indices):
        raise RuntimeError(f"indices should be either on cpu or on the same device as the indexed tensor ({device})")
    values = args[2] if len(args) > 2 else args[0]
    if values.device != device and (values.dim() or values.device != _CPU):
        raise _mixed(func, [args[0], values])
    return device


def _written(func: Any, args: Any, kwargs: Any) -> list[torch.Tensor]:
    """The arguments that an operator writes into."""
    found = []
    for k, argument in enumerate(func._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            found.append(args[k] if k < len(args) else kwargs.get(argument.name))
    return _tensors(found)


def _mixed(func: Any, given: list[torch.Tensor]) -> RuntimeError:
    first, second = sorted({str(tensor.device) for tensor in given}, reverse=True)[:2]
    return RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices, "
        f"{first} and {second}! (in {_full_name(func)})"
    )


def _existing(device: torch.device) -> torch.device:
    """A device with the number of the card, where it is one."""
    if device.type != "cuda":
        return device
    if device.index not in (None, CARD.index):
        raise RuntimeError("CUDA error: invalid device ordinal")
    return CARD


def _drawn_on(generator: torch.Generator) -> torch.device:
    return CARD if generator._cdata in _Generator.on_card else _CPU


def _check_generator(generator: torch.Generator | None, device: torch.device) -> None:
    if generator is not None and _drawn_on(generator).type != device.type:
        raise RuntimeError(
            f"Expected a '{device.type}' device type for generator but found '{_drawn_on(generator).type}'"
        )


def _follow(func: Any, args: Any, kwargs: Any, given: list[torch.Tensor]) -> None:
    """Give pretended tensors the shape that theirs has taken in place, as in `squeeze_`.

    Raises:
        NotImplementedError: they cannot take it.
    """
    if torch.Tag.inplace_view in func.tags and isinstance(given[0], PretendedTensor) and func is not _RESIZE:
        with no_dispatch():  # which changes sizes and strides alone
            func(*args, **kwargs)
    for tensor in given:
        held = _held(tensor)
        if held.shape != tensor.shape or held.stride() != tensor.stride():
            raise NotImplementedError(f"{func}: a tensor of a pretended card cannot be resized.")


def _full_name(func: Any) -> str:
    """As in `native_functions.yaml`."""
    name, overload = func._schema.name.removeprefix("aten::"), func._schema.overload_name
    return f"{name}.{overload}" if overload else name


@functools.cache
def _unchecked() -> frozenset[str]:
    """Operators whose arguments are not all compared before they run on a card."""
    table = importlib.resources.files("torchgen") / "packaged/ATen/native/native_functions.yaml"
    entries = table.read_text(encoding="utf-8").split("\n- func: ")[1:]
    return frozenset(entry.split("(", 1)[0] for entry in entries if "\n  device_check: NoCheck" in entry)


@contextmanager
def pretend_cuda(memory: int = 8 * 2**30) -> Iterator[None]:
    """A card for as long as it lasts; afterwards everything is as before. Inside itself it changes nothing.

    Args:
        memory: bytes that the card says it has, all of them free.
    """
    if isinstance(torch._C._get_dispatch_mode(_FAKE), _Card):
        yield
        return
    cuda, lifted = torch.cuda, torch._C._only_lift_cpu_tensors()
    answers = {
        "is_available": True,
        "device_count": 1,
        "current_device": 0,
        "get_device_name": "a pretended card",
        "mem_get_info": (memory, memory),
        "synchronize": None,
        "empty_cache": None,
    }
    with ExitStack() as stack:
        for name, answer in answers.items():
            stack.enter_context(patch.object(cuda, name, lambda *_, _answer=answer, **__: _answer))
        stack.enter_context(patch.object(torch, "Generator", _Generator))
        torch._C._ensureCUDADeviceGuardSet()  # where there is no driver, devices can be compared and named without one
        stack.callback(torch._C._set_only_lift_cpu_tensors, lifted)
        torch._C._set_only_lift_cpu_tensors(True)  # torch.tensor(..., device=) is made on the CPU, then moved
        stack.enter_context(_Card())
        yield


@pytest.fixture(name="card")
def pretended_card() -> Iterator[torch.device]:
    """The pretended card, for the length of a test."""
    with pretend_cuda():
        yield CARD
