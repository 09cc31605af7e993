"""Any value of this package as bytes and back, bit for bit: a safetensors file whose metadata says how it is built.

Tensors and arrays go into the file as they are; what is around them is written down as JSON. Of classes only the value
types of this package and the schedulers of diffusers are known, by name: a file can name no other, and makes no call.
Handles cannot be stored: they know where their weights come from, and are made again from there in milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

from latentgraph.graph.storing import Storing, UnstorableError
from latentgraph.nodes import values

if TYPE_CHECKING:
    from torch import Tensor

SKELETON: Final = "values"
"""The key of the metadata under which the JSON stands."""
CLASSES: Final[Mapping[str, type]] = {
    name: one for name, one in vars(values).items() if isinstance(one, type) and is_dataclass(one)
}
_SCHEDULERS: Final = "diffusers.schedulers"


class _Writer:
    """Takes values apart; a tensor that is there twice is written once."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self._names: dict[int, str] = {}
        self._held: list[Any] = []

    def write(self, value: Any) -> Any:
        """What stands for `value` in the JSON: itself, or a list of its kind and of what it is made of."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if kind in (list, tuple) or kind.__name__ == "Size":
            return [kind.__name__, *[self.write(item) for item in value]]
        if kind is bytes:
            return ["bytes", self._tensor(value, lambda: _of_bytes(value))]
        if kind.__name__ == "FrozenDict" or isinstance(value, Mapping):
            name = "frozen" if kind.__name__ == "FrozenDict" else "dict"
            return [name, *[[self.write(key), self.write(item)] for key, item in value.items()]]
        if CLASSES.get(kind.__name__) is kind:
            return ["value", kind.__name__, *[self.write(getattr(value, one.name)) for one in fields(value)]]
        if kind.__module__.startswith(_SCHEDULERS):
            return ["scheduler", kind.__name__, self.write(vars(value))]
        return self._numbers(value)

    def _numbers(self, value: Any) -> Any:
        import numpy
        import torch

        if type(value) in (torch.Tensor, torch.nn.Parameter):
            order = _order(value)
            return ["tensor", self._tensor(value, lambda: value.detach().permute(order)), str(value.device), order]
        if type(value) is numpy.ndarray and value.dtype != object:
            # A copy, for torch warns of an array that may not be written.
            copied = numpy.array(value, order="C", ndmin=1)
            return ["array", self._tensor(value, lambda: torch.from_numpy(copied)), list(value.shape)]
        if isinstance(value, numpy.generic):
            return ["scalar", self._tensor(value, lambda: torch.from_numpy(numpy.array(value, ndmin=1)))]
        if isinstance(value, torch.dtype | torch.device):
            return [type(value).__name__, str(value).removeprefix("torch.")]
        raise UnstorableError(f"a {type(value).__name__} cannot be stored")

    def _tensor(self, value: Any, numbers: Callable[[], Tensor]) -> str:
        """The name under which the numbers of `value` are written, once however often it is there."""
        key = id(value)
        if key not in self._names:
            self._held.append(value)  # so that its id stays its own
            name = str(len(self._names))
            self.tensors[name] = numbers().cpu().contiguous().clone()
            self._names[key] = name
        return self._names[key]


def dump(outputs: tuple[Any, ...]) -> bytes:
    """The outputs of a node as the bytes of a safetensors file.

    Raises:
        UnstorableError: One of them is, or holds, what cannot be stored, such as a handle.
    """
    from safetensors.torch import save

    writer = _Writer()
    try:
        skeleton = json.dumps([writer.write(value) for value in outputs])
        return bytes(save(writer.tensors, {SKELETON: skeleton}))
    except UnstorableError:
        raise
    except Exception as error:
        # There are kinds of arrays and tensors that a library takes for its own and cannot write; a run needs no file.
        raise UnstorableError(f"{type(error).__name__}: {error}") from error


def load(content: bytes) -> tuple[Any, ...]:
    """The outputs that `dump` made bytes of.

    Raises:
        UnstorableError: It is something else, or names a device or class that is not here.
    """
    from safetensors.torch import load as read

    try:
        length = int.from_bytes(content[:8], "little")
        skeleton = json.loads(json.loads(content[8 : 8 + length])["__metadata__"][SKELETON])
        tensors = read(content)
        return tuple([_read(one, tensors) for one in skeleton])
    except UnstorableError:
        raise
    except Exception as error:
        # Whatever a library says of a broken file, it is the same for who asks: there is no value in it.
        raise UnstorableError(f"{type(error).__name__}: {error}") from error


def _read(written: Any, tensors: Mapping[str, Tensor]) -> Any:
    if not isinstance(written, list):
        return written
    kind, *parts = written
    reader = _READERS.get(kind)
    if reader is None:
        raise UnstorableError(f"there is no kind of value '{kind}'")
    return reader(parts, tensors)


def _dict(parts: list[Any], tensors: Mapping[str, Tensor]) -> dict[Any, Any]:
    return {_read(key, tensors): _read(item, tensors) for key, item in parts}


def _frozen(parts: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    from diffusers import configuration_utils

    library: Any = configuration_utils
    return library.FrozenDict(_dict(parts, tensors))


def _value(parts: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    name, *members = parts
    return CLASSES[name](*[_read(one, tensors) for one in members])


def _scheduler(parts: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    from diffusers import schedulers

    name, attributes = parts
    library: Any = schedulers
    kind = getattr(library, name)
    if not (isinstance(kind, type) and issubclass(kind, library.SchedulerMixin)):
        raise UnstorableError(f"{name} is no scheduler")
    scheduler: Any = object.__new__(kind)
    scheduler.__dict__.update(_read(attributes, tensors))
    return scheduler


def _tensor(parts: list[Any], tensors: Mapping[str, Tensor]) -> Tensor:
    name, device, order = parts
    back = sorted(range(len(order)), key=order.__getitem__)
    return tensors[name].permute(back).to(device)


def _array(parts: list[Any], tensors: Mapping[str, Tensor]) -> Any:
    name, shape = parts
    return tensors[name].numpy().reshape(shape)


def _size(parts: list[Any], _: Mapping[str, Tensor]) -> Any:
    import torch

    return torch.Size(parts)


def _torch_name(parts: list[Any], _: Mapping[str, Tensor]) -> Any:
    import torch

    found = getattr(torch, parts[0])
    if not isinstance(found, torch.dtype):
        raise UnstorableError(f"{parts[0]} is no dtype")
    return found


def _device(parts: list[Any], _: Mapping[str, Tensor]) -> Any:
    import torch

    return torch.device(parts[0])


_READERS: Final[Mapping[str, Callable[[list[Any], Mapping[str, Any]], Any]]] = {
    "list": lambda parts, tensors: [_read(one, tensors) for one in parts],
    "Size": _size,
    "tuple": lambda parts, tensors: tuple([_read(one, tensors) for one in parts]),
    "bytes": lambda parts, tensors: tensors[parts[0]].numpy().tobytes(),
    "dict": _dict,
    "frozen": _frozen,
    "value": _value,
    "scheduler": _scheduler,
    "tensor": _tensor,
    "array": _array,
    "scalar": lambda parts, tensors: tensors[parts[0]].numpy()[0],
    "dtype": _torch_name,
    "device": _device,
}


def _order(tensor: Tensor) -> list[int]:
    """The axes from the one with the longest stride to the one with the shortest: as they lie in memory.

    A kernel may be chosen by how numbers lie, so what is read back has to lie as it did.
    """
    strides = tensor.stride()
    if tensor.is_contiguous():
        return list(range(tensor.ndim))
    return sorted(range(tensor.ndim), key=lambda axis: (-strides[axis], axis))


def _of_bytes(value: bytes) -> Tensor:
    import torch

    return torch.frombuffer(bytearray(value), dtype=torch.uint8) if value else torch.empty(0, dtype=torch.uint8)


STORING = Storing(dump, load)
