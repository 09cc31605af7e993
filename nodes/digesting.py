"""Digest and size of any value of this package, read off its fields."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from torch import Tensor


_SINGLE: Final = (bool, int, float, str, bytes)
"""Most of what a configuration is made of; asking each whether it is a mapping takes ten times as long."""


def value_digest(value: object) -> str:
    """SHA-256 over type, shape and bits of everything in `value`: equal for equal values."""
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def value_size(value: object) -> int:
    """Bytes that the tensors and arrays in `value` keep in memory.

    What several share counts once, and a view counts with all of the memory that it keeps.
    """
    return sum(dict(_held(one) for one in _arrays(value)).values())


def _held(array: Any) -> tuple[int, int]:
    """What stands for the memory that a tensor or an array keeps, and its bytes."""
    if hasattr(array, "untyped_storage"):
        storage = array.untyped_storage()
        return storage.data_ptr(), storage.nbytes()
    return id(array), int(array.nbytes)


def tensor_bytes(tensor: Tensor) -> bytes:
    """The bits of a tensor of any dtype, row by row."""
    import torch

    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def contents(value: object) -> list[tuple[str, Any]] | None:
    """Names and values of what `value` is made of; None where it is one thing."""
    if is_dataclass(value) and not isinstance(value, type):
        return [(one.name, getattr(value, one.name)) for one in fields(value)]
    if isinstance(value, Mapping):
        return sorted((str(key), item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [(str(index), item) for index, item in enumerate(value)]
    if type(value).__module__.startswith("diffusers.schedulers"):
        return sorted(vars(value).items())
    return None


def _parts(value: object) -> Iterator[bytes]:
    inner = contents(value)
    if inner is not None:
        yield f"{type(value).__name__}:{len(inner)}".encode()
        for name, item in inner:
            yield name.encode()
            yield from _parts(item)
    elif hasattr(value, "untyped_storage"):
        yield f"{value.dtype}:{tuple(value.shape)}".encode()  # type: ignore[attr-defined]
        yield tensor_bytes(value)  # type: ignore[arg-type]
    elif hasattr(value, "nbytes") and hasattr(value, "tobytes"):
        yield f"{value.dtype}:{value.shape}".encode()  # type: ignore[attr-defined]
        yield value.tobytes()
    else:
        yield f"{type(value).__name__}:{value!r}".encode()


def _arrays(value: object) -> Iterator[Any]:
    if value is None or isinstance(value, _SINGLE):
        return
    inner = contents(value)
    if inner is not None:
        for _, item in inner:
            yield from _arrays(item)
    elif hasattr(value, "nbytes"):
        yield value
